"""`amorph-figure`: draws one figure from results files."""

import io
import os
import sys
from pathlib import Path

import matplotlib
import matplotlib.pyplot as plt

from . import FIGURES, source, style
from ..arguments import BAD_INPUT, SET, parsers
from ..errors import FileError

SUFFIXES = [".pdf", ".svg", ".png"]
# What some figures have; each names its own.
OPTIONS = {
    "--set": SET,
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


def parser():
    whole, words = parsers(
        "amorph-figure",
        "Draws a figure from results of amorph.",
        "figure",
        FIGURES,
        OPTIONS,
        files="results files of one study, or outputs of amorph measure; of design one of its own",
        only="draw",
    )
    for word in words:
        word.add_argument(
            "-o",
            "--output",
            required=True,
            action="append",
            metavar="OUT",
            help="what to write: .pdf, .svg or .png; again for another form of it",
        )
        word.add_argument(
            "--width",
            choices=style.WIDTHS,
            default="column",
            help="one column of a page, 3.4 inches (the default), or both, 7 inches",
        )
    return whole


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
