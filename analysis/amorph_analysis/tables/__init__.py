"""The numbers of docs/beyond-the-paper.md from results of amorph, as Markdown.

    amorph-table allosteric allosteric.h5

Every table is a module with `tables(sources, options)`, which yields (title, head, rows), and OPTIONS, the
options of the command that it has beside those of all."""

from . import allosteric, choice, defects, disorder, error, interaction, rank

TABLES = {
    "rank": rank,
    "allosteric": allosteric,
    "choice": choice,
    "error": error,
    "disorder": disorder,
    "defects": defects,
    "interaction": interaction,
}
