#!/usr/bin/env python3
"""Fig. 3: the extent of the linear regime along one direction of one solid: |dy| (blue points), the
linear prediction (blue line), their difference (orange points), the second-order term (orange
line), and the thresholds.

    figure3.py RESULTS.h5 [--scenario main] [--theta D_n40] [--replica 0] [--direction 0] -o figure-3.png

The curve must be in the file: [output] curves says for how many replicas it is kept.
"""

import argparse
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import amorph_file

THRESHOLDS = [
    ("gamma_star", r"$\gamma^*$", "black"),
    ("gamma_contact", r"$\gamma_c$", "tab:green"),
    ("gamma_rearrangement", r"$\gamma_r$", "tab:red"),
]


def draw(results, arguments):
    names = list(results.scenarios)
    scenario = results[arguments.scenario or names[0]]
    if not scenario.swept:
        raise amorph_file.FileError(f"scenario {scenario.name} has no sweeps")
    theta = arguments.theta or scenario.swept[0]
    if theta not in scenario.swept:
        raise amorph_file.FileError(f"no sweeps of {theta!r} (there are: {', '.join(scenario.swept)})")
    home = f"{theta}/sweeps"
    if f"{home}/curve" not in scenario:
        raise amorph_file.FileError("the file holds no curves ([output] curves = 0)")
    rows = np.flatnonzero(scenario.replicas(f"{home}/curve/norm") == arguments.replica)
    if len(rows) == 0:
        raise amorph_file.FileError(f"no curve of replica {arguments.replica} in the file")
    # The curves belong to the first replicas of every file, so their rows are counted apart.
    row = rows[0]
    full = np.flatnonzero(scenario.replicas(f"{home}/susceptibility") == arguments.replica)[0]
    j = arguments.direction
    directions = scenario[f"{home}/susceptibility"].shape[1]
    if not 0 <= j < directions:
        raise amorph_file.FileError(f"no direction {j} (there are 0 to {directions - 1})")
    susceptibility = scenario[f"{home}/susceptibility"][full, j]
    if np.ma.is_masked(susceptibility):
        raise amorph_file.FileError(f"replica {arguments.replica}, direction {j} is not done")

    gamma = scenario.labels(f"{home}/curve/norm", axis=2)
    valid = scenario[f"{home}/curve/valid"][row, j] == 1
    curve = {
        name: scenario[f"{home}/curve/{name}"][row, j][valid]
        for name in ("norm", "linear_norm", "difference", "quadratic")
    }
    figure, axes = plt.subplots(figsize=(9, 4.8), constrained_layout=True)
    blue, orange, points = "tab:blue", "tab:orange", {"linestyle": "", "marker": "o", "markersize": 4}
    x = gamma[valid]
    axes.plot(x, curve["norm"], color=blue, label=r"$|\Delta y|$", **points)
    axes.plot(x, curve["linear_norm"], color=blue, label=r"linear $|J\Delta\theta|$")
    axes.plot(x, curve["difference"], color=orange, label=r"$|\Delta y - J\Delta\theta|$", **points)
    axes.plot(x, curve["quadratic"], color=orange, label=r"$\gamma^2$ term")
    for name, symbol, colour in THRESHOLDS:
        lo, hi = scenario[f"{home}/{name}"][full, j]
        code = int(scenario[f"{home}/{name}_cause"][full, j])
        cause = scenario.flags(f"{home}/{name}_cause")[code].replace("_", " ")
        if np.isfinite(hi):
            axes.axvspan(lo, hi, color=colour, alpha=0.25, linewidth=0)
            axes.axvline(
                np.sqrt(lo * hi), color=colour, linewidth=1,
                label=f"{symbol} = {np.sqrt(lo * hi):.3g} ({cause})",
            )
        elif np.isfinite(lo):
            axes.plot([], [], color=colour, linewidth=1, label=f"{symbol} > {lo:.3g} ({cause})")
    tilde = scenario[f"{home}/gamma_tilde"][full, j]
    if np.isfinite(tilde):
        label = rf"$\tilde\gamma$ = {tilde:.3g}"
        axes.axvline(tilde, color="grey", linestyle="--", linewidth=1, label=label)
    axes.set(
        xscale="log", yscale="log", xlabel=r"$\gamma = |\Delta\theta|$", ylabel="change of the features",
        xlim=(gamma[0] / 1.5, gamma[-1] * 1.5),
    )
    positive = curve["difference"][curve["difference"] > 0]
    if len(positive):
        axes.set_ylim(bottom=positive.min() / 3)
    axes.grid(alpha=0.2)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5))
    axes.set_title(
        f"{results.name}: {scenario.name}, {theta}, replica {arguments.replica}, direction {j}, "
        f"$s$ = {susceptibility:.3g}",
        fontsize="medium",
    )
    return figure


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs="+", help="results files of one study")
    parser.add_argument("--scenario", help="default: the first")
    parser.add_argument("--theta", help="the parameterisation; default: the first that was swept")
    parser.add_argument("--replica", type=int, default=0, help="index of the solid (default 0)")
    parser.add_argument("--direction", type=int, default=0, help="index of the direction (default 0)")
    parser.add_argument("-o", "--output", default="figure-3.png", help="the image to write")
    arguments = parser.parse_args()
    draw(amorph_file.read(*arguments.files), arguments).savefig(arguments.output, dpi=150)


if __name__ == "__main__":
    try:
        main()
    except amorph_file.FileError as error:
        sys.exit(f"figure3: {error}")
