"""Another interaction: what ends the linear regime for the exponent α of the repulsion, and how far it reaches.

Shares of directions by the cause of γ*; medians over all directions of all solids, with 95% intervals by a
bootstrap over solids; what was not reached counts with the end of its sweep."""

import numpy as np

from . import cells
from .rank import spectra
from ..figures.interaction import HARMONIC

OPTIONS = []
HEAD = ["p", "α", "n", "rank", "full", "smallest s_min/s_1", "curvature, contact, rearrangement"]
HEAD += ["γ*", "γ̃", "γ_c", "ζ"]
CAUSES = ["curvature", "contact_change", "rearrangement"]


def tables(sources, options):
    swept = [it for source in sources for it in source.thetas if it.sweeps is not None]
    yield "What ends the linear regime", HEAD, [row for theta in swept if (row := line(theta))]


def line(theta):
    """One line of the table; none without a finished sweep."""
    source, sweeps = theta.source, theta.sweeps
    gamma, contact = (reached(sweeps[name].values) for name in ("gamma_star", "gamma_contact"))
    s, tilde = (sweeps[name].values for name in ("susceptibility", "gamma_tilde"))
    usable = np.isfinite(gamma) & (gamma > 0)
    if not usable.any():
        return None
    causes = sweeps["gamma_star_cause"].values[usable]
    middle = lambda values: cells.estimated(
        lambda groups: np.nanmedian(np.concatenate(groups[0])),
        [[row[use] for row, use in zip(values, usable) if use.any()]],
    )
    singular, rank, full = spectra(theta, source.sets[0])
    return [
        source.solid.get("pressure", ""),
        source.solid.get("exponent", HARMONIC),
        int(usable.any(axis=1).sum()),
        cells.reach(rank),
        cells.share(full),
        cells.number(np.min(singular[:, -1] / singular[:, 0])),
        ", ".join(f"{100 * np.mean(causes == cause):.0f}" for cause in CAUSES) + " %",
        *map(middle, (gamma, tilde, contact, gamma * s)),
    ]


def reached(bracket):
    """The centres of brackets; the lower end where the upper one was not reached."""
    lo, hi = np.moveaxis(bracket, -1, 0)
    return np.where(np.isfinite(hi), np.sqrt(lo * hi), lo)
