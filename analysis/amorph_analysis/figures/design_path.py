"""The way of a design: the targeted features from the start to their targets, and the contacts that
changed on each step.

    amorph-figure design design.h5 -o design.pdf

From one output of `amorph design`."""

import contextlib
from dataclasses import dataclass

import h5py
import matplotlib.pyplot as plt
import numpy as np

from ..errors import FileError
from . import style

OPTIONS = []


@dataclass
class Design:
    """What a file of `amorph design` says of its way."""

    outcome: str
    # The features with a target.
    labels: list
    # (step, feature): how far each is from its target, in units of the target's scale.
    distance: np.ndarray
    # (step,): contacts that changed.
    contacts_changed: np.ndarray


@contextlib.contextmanager
def opened(files, scenarios=(), thetas=()):
    """The design in a file. Raises `FileError`."""
    if len(files) > 1 or scenarios or thetas:
        raise FileError(f"{files[0]}: one design is drawn, without --scenario or --theta")
    try:
        file = h5py.File(files[0], "r", locking=False)
    except OSError as error:
        raise FileError(f"{files[0]}: cannot be read ({error})") from None
    with file:
        if "path/features" not in file or "target_scale" not in file:
            raise FileError(f"{files[0]}: no output of `amorph design`")
        outcome = file.attrs["outcome"]
        yield Design(
            outcome.decode() if isinstance(outcome, bytes) else str(outcome),
            [str(label) for label in file["target"].asstr()[()]],
            (file["path/features"][()] - file["targets"][()]) / file["target_scale"][()],
            file["path/contacts_changed"][()],
        )


def draw(design, options):
    """The figure of a design."""
    steps = np.arange(len(design.distance))
    width = style.WIDTHS[options.width]
    figure, (upper, lower) = plt.subplots(
        2, 1, sharex=True, figsize=(width, 2.6), height_ratios=(3, 1), layout="constrained"
    )
    for index, (label, column) in enumerate(zip(design.labels, design.distance.T)):
        colour, marker = style.series(index)
        upper.plot(steps, column, marker=marker, color=colour, label=label)
    upper.axhline(0, color=style.BLACK, linewidth=0.6)
    upper.set_ylabel("distance from the target / target")
    style.panel_legend(upper, upper.get_legend_handles_labels()[0], f"outcome: {design.outcome}")
    lower.bar(steps, design.contacts_changed, color=style.GREY)
    lower.set_ylabel("contact\nchanges")
    lower.set_xlabel("step")
    lower.xaxis.get_major_locator().set_params(integer=True)
    figure.align_ylabels()
    return figure
