"""The paper's figures from results of amorph, as they are printed.

    amorph-figure 4 results.h5 -o figure-4.pdf           # the same as python -m amorph_analysis.figures

Every figure is a module with `draw(sources, options)`, which gives matplotlib's figure, and OPTIONS,
the options of the command that it has beside those of all. Its sources are those of `source.opened`, or
of its own `opened`."""

from . import (
    allosteric,
    design_path,
    disorder,
    interaction,
    linear_regime,
    low_band,
    rank,
    spectrum,
    susceptibility,
    system_size,
    tunability,
)

FIGURES = {
    "1": rank,
    "2": susceptibility,
    "3": linear_regime,
    "4": tunability,
    "s3": low_band,
    "limit": system_size,
    "design": design_path,
    "allosteric": allosteric,
    "spectrum": spectrum,
    "disorder": disorder,
    "interaction": interaction,
}
