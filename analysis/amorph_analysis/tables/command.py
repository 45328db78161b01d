"""`amorph-table`: prints tables of results files as Markdown."""

import argparse
import sys

from ..errors import FileError
from ..figures import source
from ..figures.command import BAD_INPUT, Parser, summary
from . import TABLES

# What some tables have; each names its own.
OPTIONS = {
    "--set": {"metavar": "NAME", "help": "the feature set, such as stress+elastic"},
    "--amorph": {"metavar": "PROGRAM", "default": "amorph", "help": "the program (default: amorph)"},
    "--solids": {
        "type": int,
        "default": 3,
        "metavar": "N",
        "help": "how many of every scenario, at most (default: 3)",
    },
}


def parser():
    parser = Parser(prog="amorph-table", description="Prints tables of results of amorph.")
    names = parser.add_subparsers(dest="table", metavar="TABLE", required=True)
    for name, table in TABLES.items():
        sub = names.add_parser(
            name,
            help=summary(table),
            description=table.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="results files of one study, or outputs of amorph measure",
        )
        for option, what in (("--scenario", "scenario"), ("--theta", "parameterisation")):
            sub.add_argument(
                option,
                action="append",
                default=[],
                metavar="NAME",
                help=f"only this {what}; may be repeated",
            )
        for option in table.OPTIONS:
            sub.add_argument(option, **OPTIONS[option])
    return parser


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
