"""`amorph-figure`: draws one figure from results files."""

import argparse
import io
import os
import re
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from ..errors import FileError
from . import FIGURES, source, style

SUFFIXES = [".pdf", ".svg", ".png"]
BAD_INPUT = 2
# What some figures have; each names its own.
OPTIONS = {
    "--set": {"metavar": "NAME", "help": "the feature set, such as stress+elastic"},
    "--all": {"action": "store_true", "help": "every curve that the files hold"},
    "--replica": {
        "action": "append",
        "type": int,
        "default": [],
        "metavar": "N",
        "help": "the solid; again for another panel",
    },
    "--direction": {
        "action": "append",
        "type": int,
        "default": [],
        "metavar": "N",
        "help": "the direction; again for another panel",
    },
}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):
        self.exit(BAD_INPUT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def parser():
    parser = Parser(prog="amorph-figure", description="Draws a figure from results of amorph.")
    names = parser.add_subparsers(dest="figure", metavar="FIGURE", required=True)
    for name, figure in FIGURES.items():
        sub = names.add_parser(
            name,
            help=summary(figure),
            description=figure.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument(
            "files",
            nargs="+",
            metavar="FILE",
            help="results files of one study, or outputs of amorph measure; of design one of its own",
        )
        sub.add_argument(
            "-o",
            "--output",
            required=True,
            action="append",
            metavar="OUT",
            help="what to write: .pdf, .svg or .png; again for another form of it",
        )
        sub.add_argument(
            "--width",
            choices=style.WIDTHS,
            default="column",
            help="one column of a page, 3.4 inches (the default), or both, 7 inches",
        )
        sub.add_argument(
            "--scenario",
            action="append",
            default=[],
            metavar="NAME",
            help="draw this scenario; may be repeated",
        )
        sub.add_argument(
            "--theta",
            action="append",
            default=[],
            metavar="NAME",
            help="draw this parameterisation, such as D_n40; may be repeated",
        )
        for option in figure.OPTIONS:
            sub.add_argument(option, **OPTIONS[option])
    return parser


def summary(figure):
    """What a figure shows, from the beginning of its documentation."""
    sentences = " ".join(figure.__doc__.split()).partition(": ")[2]
    return re.split(r"[.:;] ", sentences)[0]


def main(arguments=None):
    """Draws, writes, and says what is wrong; the exit code is 0 or 2."""
    options = parser().parse_args(arguments)
    try:
        outputs = [_checked(Path(output)) for output in options.output]
        with style.page():
            matplotlib.use("Agg")
            figure = FIGURES[options.figure]
            opened = getattr(figure, "opened", source.opened)
            with opened(options.files, options.scenario, options.theta) as sources:
                drawn = figure.draw(sources, options)
            for output in outputs:
                _write(drawn, output)
            plt.close(drawn)
    except FileError as error:
        print(f"amorph-figure: {error}", file=sys.stderr)
        return BAD_INPUT
    return 0


def _checked(output):
    """The output, where it can be written."""
    if output.suffix.lower() not in SUFFIXES:
        raise FileError(
            f"{output}: a figure is written as {', '.join(SUFFIXES)}, by the file's suffix"
        )
    if not output.parent.is_dir():
        raise FileError(f"{output}: there is no folder {output.parent}")
    return output


def _write(figure, output):
    """The whole file or none."""
    kind = output.suffix.lower()[1:]
    # No date in it: the same data make the same file.
    metadata = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
    image = io.BytesIO()
    figure.savefig(image, format=kind, metadata=metadata)
    part = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        part.write_bytes(image.getvalue())
        part.replace(output)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise FileError(f"{output}: cannot be written ({error.strerror})") from None
