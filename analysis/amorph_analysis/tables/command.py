"""`amorph-table`: prints tables of results files as Markdown."""

import sys

from . import TABLES
from ..arguments import BAD_INPUT, SET, parsers
from ..errors import FileError
from ..figures import source

# What some tables have; each names its own.
OPTIONS = {
    "--set": SET,
    "--amorph": {"metavar": "PROGRAM", "default": "amorph", "help": "the program (default: amorph)"},
    "--solids": {
        "type": int,
        "default": 3,
        "metavar": "N",
        "help": "how many of every scenario, at most (default: 3)",
    },
}


def parser():
    whole, _ = parsers(
        "amorph-table",
        "Prints tables of results of amorph.",
        "table",
        TABLES,
        OPTIONS,
        files="results files of one study, or outputs of amorph measure",
        only="only",
    )
    return whole


def main(arguments=None):
    """Prints, and says what is wrong; the exit code is 0 or 2."""
    options = parser().parse_args(arguments)
    try:
        with source.opened(options.files, options.scenario, options.theta) as sources:
            found = [it for it in TABLES[options.table].tables(sources, options) if it[2]]
        if not found:
            raise FileError(f"{options.files[0]}: no finished solid for this table")
    except FileError as error:
        print(f"amorph-table: {error}", file=sys.stderr)
        return BAD_INPUT
    print("\n\n".join(markdown(*table) for table in found))
    return 0


def markdown(title, head, rows):
    """A table with its title."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join([f"{title}\n", *(f"| {' | '.join(map(str, line))} |" for line in lines)])
