"""The command lines of the package: a word names what is wanted, a module that has options of its own."""

import argparse
import re

BAD_INPUT = 2
# An option that figures and tables have.
SET = {"metavar": "NAME", "help": "the feature set, such as stress+elastic"}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parsers(command, description, kind, modules, options, files, only):
    """The parser of a command, and those of its words.

    Each of the modules, by its word, has OPTIONS, names of `options`; `kind` is where the word ends up, `files`
    says which files are taken, and `only` what is done with those that are named."""
    whole = Parser(prog=command, description=description)
    names = whole.add_subparsers(dest=kind, metavar=kind.upper(), required=True)
    words = []
    for name, module in modules.items():
        word = names.add_parser(
            name,
            help=summary(module),
            description=module.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        word.add_argument("files", nargs="+", metavar="FILE", help=files)
        for option, what in (("--scenario", "scenario"), ("--theta", "parameterisation, such as D_n40")):
            word.add_argument(
                option,
                action="append",
                default=[],
                metavar="NAME",
                help=f"{only} this {what}; may be repeated",
            )
        for option in module.OPTIONS:
            word.add_argument(option, **options[option])
        words.append(word)
    return whole, words


def summary(module):
    """What it shows, from the beginning of its documentation."""
    sentences = " ".join(module.__doc__.split()).partition(": ")[2]
    return re.split(r"[.:;] ", sentences)[0]
