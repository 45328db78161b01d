#!/usr/bin/env python3
"""Fig. 4: the end of the linear regime gamma* and the maximum linear tunability zeta = gamma* s
against the susceptibility s, one colour per scenario and parameterisation.

    figure4.py RESULTS.h5 [MORE.h5 ...] -o figure-4.png

Several files must belong to one study. A gamma* that the sweep did not reach is drawn as what is
known of it, a lower limit (open triangle).
"""

import argparse
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import amorph_file

# Beyond so many points of one kind, smaller and fainter ones.
CROWDED = 2000


def series(scenario, theta):
    """(s, gamma*, found): gamma* is the centre of its bracket, or the lower limit where not found."""
    home = f"{theta}/sweeps"
    s = scenario[f"{home}/susceptibility"]
    bracket = scenario[f"{home}/gamma_star"]
    lo, hi = bracket[..., 0], bracket[..., 1]
    found = np.isfinite(np.ma.filled(hi, np.nan))
    gamma = np.where(found, np.ma.filled(amorph_file.bracket_centre(bracket), np.nan), lo.filled(np.nan))
    drawn = ~np.ma.getmaskarray(s) & np.isfinite(gamma) & (gamma > 0) & (s.filled(0) > 0)
    return s.data[drawn], gamma[drawn], found[drawn]


def draw(results):
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), constrained_layout=True)
    limits = False
    drawn = 0
    for scenario in results:
        for theta in scenario.swept:
            s, gamma, found = series(scenario, theta)
            if len(s) == 0:
                continue
            colour = f"C{drawn % 10}"
            drawn += 1
            crowded = len(s) > CROWDED
            size, alpha = (6, 0.3) if crowded else (18, 0.7)
            for axes, y in [(left, gamma), (right, gamma * s)]:
                axes.scatter(
                    s[found], y[found], s=size, color=colour, alpha=alpha, linewidths=0,
                    label=f"{scenario.name}, {theta}",
                )
                axes.scatter(
                    s[~found], y[~found], s=1.4 * size, marker="^", facecolors="none",
                    edgecolors=colour, alpha=alpha,
                )
            limits = limits or not found.all()
    if not drawn:
        return None
    if limits:
        left.scatter([], [], marker="^", facecolors="none", edgecolors="grey", label="lower limit")
    for axes, title in [
        (left, r"end of the linear regime $\gamma^*$"),
        (right, r"maximum linear tunability $\zeta = \gamma^* s$"),
    ]:
        axes.set(xscale="log", yscale="log", xlabel="susceptibility $s$", ylabel=title)
        axes.grid(alpha=0.2)
    left.legend(fontsize="small")
    figure.suptitle(results.name)
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", help="results files of one study")
    parser.add_argument("-o", "--output", default="figure-4.png", help="the image to write")
    arguments = parser.parse_args()
    figure = draw(amorph_file.read(*arguments.files))
    if figure is None:
        raise amorph_file.FileError(f"{arguments.files[0]}: no finished sweep to draw")
    figure.savefig(arguments.output, dpi=150)


if __name__ == "__main__":
    try:
        main()
    except amorph_file.FileError as error:
        sys.exit(f"figure4: {error}")
