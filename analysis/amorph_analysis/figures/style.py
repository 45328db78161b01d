"""How the figures look: sizes of a printed page, type, colours and markers."""

import matplotlib

# Widths in inches: one column of a journal's page, and both.
WIDTHS = {"column": 3.4, "wide": 7.0}

# The colours of Okabe and Ito, which people of any colour vision tell apart; yellow is left out,
# because thin lines of it do not show on paper.
BLACK = "#000000"
GREY = "#808080"
BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
SKY = "#56B4E9"
PURPLE = "#CC79A7"
COLOURS = [BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK]
# Never a colour alone: every series has a marker of its own, too.
MARKERS = ["o", "s", "D", "v", "P", "X", "^"]

CRYSTALS = "0.88"

SMALL = 7
NORMAL = 8
LETTER = 9
# A line of a legend, in inches.
LINE = 0.13

SETTINGS = {
    # Comes with matplotlib, so that a figure looks the same everywhere; narrow, like a journal's.
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": NORMAL,
    "axes.labelsize": NORMAL,
    "axes.titlesize": NORMAL,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "legend.fontsize": SMALL,
    "axes.linewidth": 0.6,
    "lines.linewidth": 0.9,
    "lines.markersize": 3.0,
    "patch.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "legend.frameon": False,
    "legend.handlelength": 1.6,
    "legend.handletextpad": 0.5,
    "legend.labelspacing": 0.3,
    "legend.columnspacing": 1.0,
    "legend.borderpad": 0.2,
    # Text stays text, in fonts that the file brings along.
    "pdf.fonttype": 42,
    # The same data make the same file.
    "svg.hashsalt": "amorph",
    "savefig.dpi": 300,
}


def page():
    """The settings, while a figure is made and written."""
    return matplotlib.rc_context(SETTINGS)


def series(index):
    """(colour, marker) of the series with this index."""
    return COLOURS[index % len(COLOURS)], MARKERS[index % len(MARKERS)]


def letter(axes, index):
    """Names a panel a, b, ..., left above it."""
    axes.annotate(
        "abcdefgh"[index],
        (0, 1),
        (-6, 3),
        xycoords="axes fraction",
        textcoords="offset points",
        ha="right",
        va="bottom",
        fontsize=LETTER,
        fontweight="bold",
    )


def panels(figure_of, width, count, height, **options):
    """`count` panels: one above the other on a column, side by side on a wide page.

    `height` is that of a panel, in inches; `figure_of` is matplotlib's `subplots`."""
    stacked = width == "column"
    shape = (count, 1) if stacked else (1, count)
    size = WIDTHS[width], height * count if stacked else height
    return figure_of(*shape, figsize=size, layout="constrained", squeeze=False, **options)


def grow(figure, lines):
    """Makes a figure higher by so many lines of a legend."""
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + lines * LINE)


def legend_above(figure, handles, columns=1):
    """A legend above all panels, for which the figure grows: it lies over no data."""
    grow(figure, sum(handle.get_label().count("\n") + 1 for handle in handles[::columns]))
    figure.legend(handles=handles, loc="outside upper center", ncols=columns)


def panel_legend(axes, handles, title):
    """A legend above its panel, headed by the panel's title."""
    legend = axes.legend(
        handles=handles,
        title=title,
        loc="lower left",
        bbox_to_anchor=(0, 1.0),
        borderaxespad=0.2,
        alignment="left",
    )
    legend.get_title().set_fontsize(NORMAL)


def lower_limit(axes, at, colour):
    """An arrow: what is known is a lower limit."""
    arrow = {
        "arrowstyle": "<-,head_width=0.1,head_length=0.15",
        "color": colour,
        "linewidth": 0.5,
        "shrinkA": 0,
        "shrinkB": 1.5,
    }
    axes.annotate("", at, (0, 9), textcoords="offset points", arrowprops=arrow)
