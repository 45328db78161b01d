#!/usr/bin/env python3
"""Fig. 1: rank(J) against the number of parameters n_theta, one line per scenario and set of
features; the inset scales both by the number of features n_y.

    figure1.py RESULTS.h5 [MORE.h5 ...] -o figure-1.png

Several files must belong to one study. Points are medians over solids, bars reach from the smallest
to the largest rank.
"""

import argparse
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import amorph_file

# One marker per kind of solid, one colour per set of features.
MARKERS = {"triangular": "^", "fcc": "v", "network": "s"}


def series(scenario, features, kinds):
    """(n_theta, lowest, median, highest rank, n_y) over the parameterisations of some kinds."""
    rows = []
    rows_of_set = 0
    for theta in scenario.parameterisations:
        if theta.rpartition("_")[0] != kinds:
            continue
        path = f"{theta}/{features}/rank"
        rank = scenario[path].compressed()
        if len(rank):
            parameters = scenario[f"{theta}/theta0"].shape[1]
            rows.append((parameters, rank.min(), np.median(rank), rank.max()))
            rows_of_set = feature_count(scenario, features)
    return np.array(sorted(rows)).reshape(-1, 4), rows_of_set


def feature_count(scenario, features):
    dimension = scenario.configuration["solid"]["dimension"]
    counts = {
        "stress": dimension * (dimension + 1) // 2,
        "elastic": 6 if dimension == 2 else 21,
        "modes": scenario.configuration["features"]["modes"],
        "derived": 4,
    }
    return sum(counts[name] for name in features.split("+"))


def draw(results):
    figure, axes = plt.subplots(figsize=(8, 5.6), constrained_layout=True)
    inset = axes.inset_axes([0.13, 0.63, 0.33, 0.34])
    colours = {}
    for scenario in results:
        solid = scenario.configuration["solid"]
        disc = "D" if solid["dimension"] == 2 else "o"
        marker = MARKERS.get(solid["structure"], disc)
        for kinds in dict.fromkeys(name.rpartition("_")[0] for name in scenario.parameterisations):
            for features in scenario.sets:
                points, rows = series(scenario, features, kinds)
                if len(points) == 0:
                    continue
                colour = colours.setdefault(features, f"C{len(colours) % 10}")
                n, low, middle, high = points.T
                axes.errorbar(
                    n, middle, yerr=[middle - low, high - middle], color=colour, marker=marker,
                    markersize=4, linewidth=0.8, alpha=0.85,
                    label=f"{scenario.name}, {kinds}: {features} ($n_y$ = {rows})",
                )
                if n.min() <= rows <= n.max():
                    at = np.interp(rows, n, middle)
                    axes.annotate(
                        "", (rows, at), (0, 18), textcoords="offset points",
                        arrowprops={"arrowstyle": "->", "color": colour},
                    )
                inset.plot(n / rows, middle / rows, color=colour, marker=marker, markersize=2, linewidth=0.6)
    if not colours:
        return None
    axes.set(xlabel=r"number of parameters $n_\theta$", ylabel="rank$(J)$")
    axes.set_ylim(0, 1.45 * axes.get_ylim()[1])
    axes.grid(alpha=0.2)
    axes.legend(fontsize="x-small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    inset.set_xlabel(r"$n_\theta / n_y$", fontsize="x-small")
    inset.set_ylabel("rank$(J) / n_y$", fontsize="x-small")
    inset.tick_params(labelsize="x-small")
    inset.set_xlim(0, 3)
    figure.suptitle(results.name)
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", help="results files of one study")
    parser.add_argument("-o", "--output", default="figure-1.png", help="the image to write")
    arguments = parser.parse_args()
    figure = draw(amorph_file.read(*arguments.files))
    if figure is None:
        raise amorph_file.FileError(f"{arguments.files[0]}: no finished solid to draw")
    figure.savefig(arguments.output, dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    try:
        main()
    except amorph_file.FileError as error:
        sys.exit(f"figure1: {error}")
