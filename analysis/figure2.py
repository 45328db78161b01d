#!/usr/bin/env python3
"""Fig. 2: the susceptibilities (singular values of J) of every scenario, one column each.

    figure2.py RESULTS.h5 [MORE.h5 ...] [--set stress+elastic] -o figure-2.png

Several files must belong to one study. Every bar is one singular direction, averaged
(geometrically) over the solids in which it is relevant; directions beyond the rank of J, whose
susceptibility is zero but for rounding, are open circles on the bottom line, with their mean number
per solid. Crystals stand on grey.
"""

import argparse
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import amorph_file

CRYSTALS = ("triangular", "fcc")


def column(scenario, theta, features):
    """(mean susceptibility of every relevant direction, mean number of irrelevant ones)."""
    home = f"{theta}/{features}"
    s = scenario[f"{home}/singular_values"]
    rank = scenario[f"{home}/rank"]
    done = ~np.ma.getmaskarray(rank)
    s, rank = s.data[done], rank.data[done]
    if len(s) == 0:
        return None
    relevant = np.arange(s.shape[1]) < rank[:, np.newaxis]
    logs = np.where(relevant, np.log(np.where(relevant, s, 1.0)), 0.0)
    counts = relevant.sum(axis=0)
    means = np.exp(logs.sum(axis=0)[counts > 0] / counts[counts > 0])
    return means, (~relevant).sum(axis=1).mean()


def draw(results, wanted):
    columns = []
    for scenario in results:
        features = wanted or scenario.sets[0]
        if features not in scenario.sets:
            raise amorph_file.FileError(
                f"scenario {scenario.name} has no set {features!r} (it has: {', '.join(scenario.sets)})"
            )
        crystal = scenario.configuration["solid"]["structure"] in CRYSTALS
        for theta in scenario.parameterisations:
            values = column(scenario, theta, features)
            if values is not None:
                columns.append((f"{scenario.name}\n{theta}", crystal, *values))
    if not columns:
        return None
    figure, axes = plt.subplots(figsize=(1.5 + 0.36 * len(columns), 5), constrained_layout=True)
    smallest = min(means.min() for _, _, means, _ in columns if len(means))
    floor = smallest / 10
    for x, (_, crystal, means, irrelevant) in enumerate(columns):
        if crystal:
            axes.axvspan(x - 0.5, x + 0.5, color="0.88", linewidth=0)
        axes.hlines(means, x - 0.33, x + 0.33, color=f"C{x % 10}", linewidth=1.4)
        if irrelevant > 0:
            axes.plot([x], [floor], "o", markerfacecolor="none", color="0.3", markersize=5)
            axes.annotate(
                f"{irrelevant:.3g}", (x, floor), (0, 6), textcoords="offset points",
                ha="center", fontsize="x-small",
            )
    axes.set(yscale="log", ylabel="susceptibility $s$", xlim=(-0.6, len(columns) - 0.4))
    axes.set_xticks(range(len(columns)), [name for name, *_ in columns], rotation=90, fontsize="x-small")
    axes.grid(axis="y", alpha=0.2)
    axes.set_title(f"{results.name}: {wanted or 'first set of every scenario'}", fontsize="medium")
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", help="results files of one study")
    parser.add_argument("--set", help="the set of features; default: the first of every scenario")
    parser.add_argument("-o", "--output", default="figure-2.png", help="the image to write")
    arguments = parser.parse_args()
    figure = draw(amorph_file.read(*arguments.files), arguments.set)
    if figure is None:
        raise amorph_file.FileError(f"{arguments.files[0]}: no finished solid to draw")
    figure.savefig(arguments.output, dpi=150)


if __name__ == "__main__":
    try:
        main()
    except amorph_file.FileError as error:
        sys.exit(f"figure2: {error}")
