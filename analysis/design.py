#!/usr/bin/env python3
"""The way of a design: the targeted features from the start to their targets, and the contacts that
changed on each step.

    design.py DESIGN.h5 -o design.png
"""

import argparse

import h5py
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np


def draw(path):
    """The figure of a file of `amorph design`."""
    with h5py.File(path, "r", locking=False) as file:
        labels = file["target"].asstr()[()]
        wanted, scale = file["targets"][()], file["target_scale"][()]
        features, contacts = file["path/features"][()], file["path/contacts_changed"][()]
        outcome = file.attrs["outcome"]
    outcome = outcome.decode() if isinstance(outcome, bytes) else outcome
    steps = np.arange(len(features))
    figure, (upper, lower) = plt.subplots(
        2, 1, sharex=True, figsize=(6, 5), height_ratios=(3, 1), constrained_layout=True
    )
    for label, column in zip(labels, ((features - wanted) / scale).T):
        upper.plot(steps, column, "o-", label=label)
    upper.axhline(0, color="black", linewidth=0.8)
    upper.set_ylabel("distance from the target / target")
    upper.set_title(f"outcome: {outcome}")
    upper.legend()
    lower.bar(steps, contacts, color="tab:gray")
    lower.set_ylabel("contact changes")
    lower.set_xlabel("step")
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file")
    parser.add_argument("-o", "--output", default="design.png")
    arguments = parser.parse_args()
    draw(arguments.file).savefig(arguments.output, dpi=150)


if __name__ == "__main__":
    main()
