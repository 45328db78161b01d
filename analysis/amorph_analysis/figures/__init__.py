"""The paper's figures from results of amorph, as they are printed.

    amorph-figure 4 results.h5 -o figure-4.pdf           # the same as python -m amorph_analysis.figures

Every figure is a module with `draw(sources, options)`, which gives matplotlib's figure."""

from . import rank

FIGURES = {"1": rank}
