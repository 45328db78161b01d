"""Fig. 2: the susceptibilities (singular values of J) of every scenario, 2d and 3d side by side.

Every bar is one singular direction, averaged geometrically over the solids in which it is relevant.
Directions beyond the rank of J, whose susceptibility is zero but for rounding, are an open circle on
the line below, with their mean number per solid. Scenarios that differ in nothing but the dimension
(and the number of species, and the lattice) share a number; the table says what they are, where two
values differ as 2d (3d). They are grouped: soft spheres, other parameters, attraction, networks,
crystals on grey."""

from dataclasses import dataclass, field

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.lines import Line2D

from ..errors import FileError
from . import style, words

OPTIONS = ["--set"]
# By dimension: where in its scenario's column, in which colour, and with which line.
SIDES = {2: (-0.22, style.BLUE, "-"), 3: (0.22, style.VERMILLION, (0, (2, 0.6)))}
HALF_BAR = 0.18
# What belongs to the dimension; two scenarios may differ in it and still be the same.
OF_DIMENSION = {"dimension", "start_packing_fraction", "files"}
LATTICES = ("triangular", "fcc")
# Heights in inches: of the plot, of the line of zeros, of a line of the table, and of what is around.
PLOT, ZEROS, LINE, AROUND = 2.5, 0.26, 0.125, 0.75
# The table's columns: heading, and where it begins in parts of the width.
TABLE = [
    ("", 0.0),
    ("solids", 0.055),
    ("features", 0.40),
    (r"$\theta$", 0.60),
    (r"$n_\theta$", 0.70),
    ("$N$", 0.83),
    ("$p$", 0.92),
]
# What the columns take of the width; the rest parts two halves.
GUTTER = 0.94


@dataclass
class Column:
    theta: object
    features: str
    # The mean susceptibility of every direction that is relevant in some solid.
    means: np.ndarray
    # The mean number of irrelevant directions.
    zeros: float


@dataclass
class Scenario:
    """A row of the table: the same in 2d and 3d."""

    columns: dict = field(default_factory=dict)

    @property
    def family(self):
        return words.family(next(iter(self.columns.values())).theta)


def column(theta, features):
    """None where no solid is finished."""
    spectrum = theta.spectrum(features)
    s, rank = spectrum["singular_values"].values, spectrum["rank"].values
    if len(s) == 0:
        return None
    relevant = np.arange(s.shape[1]) < rank[:, np.newaxis]
    logs = np.where(relevant, np.log(np.where(relevant, s, 1.0)), 0.0)
    counts = relevant.sum(axis=0)
    some = counts > 0
    means = np.exp(logs.sum(axis=0)[some] / counts[some])
    return Column(theta, features, means, (~relevant).sum(axis=1).mean())


def scenarios(sources, wanted=None):
    """The scenarios by family, those of 2d and 3d together."""
    found = {}
    for source in sources:
        features = source.feature_set(wanted)
        for theta in source.thetas:
            made = column(theta, features)
            if made is None:
                continue
            twins = found.setdefault(_identity(theta, features), [])
            dimension = source.solid["dimension"]
            free = [twin for twin in twins if dimension not in twin.columns]
            if not free:
                free = [Scenario()]
                twins += free
            free[0].columns[dimension] = made
    every = [scenario for twins in found.values() for scenario in twins]
    return sorted(every, key=lambda scenario: words.FAMILIES.index(scenario.family))


def _identity(theta, features):
    """What two scenarios have in common that differ in the dimension alone."""
    solid = {key: value for key, value in theta.source.solid.items() if key not in OF_DIMENSION}
    if solid["structure"] in LATTICES:
        solid["structure"] = "lattice"
    if solid["structure"] == "file":
        solid["structure"] = theta.source.name
    return str((sorted(solid.items(), key=str), theta.kinds, features))


def draw(sources, options):
    rows = scenarios(sources, options.set)
    if not rows:
        raise FileError(f"{options.files[0]}: no finished solid to draw")
    wide = options.width == "wide"
    # On a wide page the table stands in two halves.
    lines = 1 + (-(-len(rows) // 2) if wide else len(rows))
    heights = [PLOT, ZEROS, lines * LINE]
    figure, (plot, zeros, table) = plt.subplots(
        3,
        figsize=(style.WIDTHS[options.width], sum(heights) + AROUND),
        height_ratios=heights,
        layout="constrained",
    )
    figure.get_layout_engine().set(hspace=0.0, h_pad=0.02)
    zeros.sharex(plot)
    for x, row in enumerate(rows, 1):
        for dimension, made in row.columns.items():
            side, colour, line = SIDES[dimension]
            plot.hlines(
                made.means,
                x + side - HALF_BAR,
                x + side + HALF_BAR,
                color=colour,
                linewidth=0.7,
                linestyle=line,
            )
            if made.zeros > 0:
                zeros.plot(
                    [x + side],
                    [0.78],
                    "o",
                    color=colour,
                    markerfacecolor="none",
                    markersize=2.6,
                    markeredgewidth=0.6,
                )
                count = f"{made.zeros:.3g}"
                zeros.text(
                    x + side,
                    0.6,
                    count,
                    rotation=90 if len(count) > 1 else 0,
                    ha="center",
                    va="top",
                    fontsize=6,
                    color=colour,
                )
    _families(rows, plot, zeros, stagger=not wide)
    _axes(rows, plot, zeros)
    columns = [made for row in rows for made in row.columns.values()]
    dimensions = sorted({dimension for row in rows for dimension in row.columns})
    handles = [
        Line2D(
            [], [], color=SIDES[dimension][1], linestyle=SIDES[dimension][2], label=f"{dimension}d"
        )
        for dimension in dimensions
    ]
    if any(made.zeros > 0 for made in columns):
        handles.append(
            Line2D(
                [],
                [],
                color="0.3",
                marker="o",
                markerfacecolor="none",
                linestyle="",
                label="zero, and how many",
            )
        )
    figure.legend(handles=handles, loc="outside upper center", ncols=3)
    _table(rows, table, 2 if wide else 1)
    return figure


def _families(rows, plot, zeros, stagger):
    """Names the families, parts them by lines, and puts the crystals on grey."""
    families = [row.family for row in rows]
    for family in dict.fromkeys(families):
        first = families.index(family) + 1
        last = first + families.count(family) - 1
        for axes in (plot, zeros):
            if family == "crystals":
                axes.axvspan(first - 0.5, last + 0.5, color=style.CRYSTALS, linewidth=0)
            if first > 1:
                axes.axvline(first - 0.5, color="0.6", linewidth=0.5)
        # On a column names are wider than few scenarios: neighbours stand on lines of their own.
        line = 7 * (list(dict.fromkeys(families)).index(family) % 2) if stagger else 0
        plot.annotate(
            family,
            ((first + last) / 2, 1),
            (0, 2 + line),
            xycoords=plot.get_xaxis_transform(),
            textcoords="offset points",
            ha="center",
            fontsize=6.5,
        )


def _axes(rows, plot, zeros):
    plot.set(yscale="log", ylabel="susceptibility $s$", xlim=(0.5, len(rows) + 0.5))
    plot.tick_params(axis="x", bottom=False, top=False, labelbottom=False)
    plot.grid(axis="y", color="0.9", linewidth=0.4)
    plot.set_axisbelow(True)
    zeros.set(ylim=(0, 1), yticks=[0.78], yticklabels=["0"], xlabel="scenario")
    zeros.xaxis.labelpad = 1
    zeros.set_xticks(range(1, len(rows) + 1))
    zeros.tick_params(axis="x", top=False, length=0)
    zeros.tick_params(axis="y", length=0)


def _table(rows, axes, halves):
    """What every number is."""
    axes.set_axis_off()
    lines = -(-len(rows) // halves)
    axes.set(xlim=(0, halves), ylim=(lines + 0.2, -0.8))
    write = lambda x, y, text: axes.text(x, y, text, fontsize=6.5, va="baseline")
    for half in range(halves):
        for heading, x in TABLE:
            write(half + GUTTER * x, 0, heading)
    axes.axhline(0.3, color="black", linewidth=0.4)
    for index, row in enumerate(rows):
        half, line = divmod(index, lines)
        for (_, x), text in zip(TABLE, [str(index + 1), *_description(row)]):
            write(half + GUTTER * x, line + 1, text)


def _description(row):
    columns = [row.columns[dimension] for dimension in sorted(row.columns)]

    def both(text):
        """One text, or 2d (3d)."""
        texts = list(dict.fromkeys(map(text, columns)))
        return texts[0] if len(texts) == 1 else f"{texts[0]} ({texts[1]})"

    return [
        both(lambda c: words.structure(c.theta.source)),
        both(lambda c: words.features(c.theta.source, c.features)),
        both(lambda c: words.kinds(c.theta)),
        both(lambda c: str(len(c.theta.parameters))),
        both(lambda c: str(c.theta.source.solid["particles"])),
        both(lambda c: words.pressure(c.theta.source)),
    ]
