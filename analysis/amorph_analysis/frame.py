"""Tidy tables for pandas."""

import pandas

from .study import bracket_centre, scenarios, swept

THRESHOLDS = ["gamma_star", "gamma_contact", "gamma_rearrangement"]
NUMBERS = ["sign", "susceptibility", "gamma_tilde", "zeta"]


def to_dataframe(tree):
    """A row per finished swept direction of an ensemble, `amorph_analysis.open(...)`.

    Columns: scenario, theta, replica, direction; sign, s (the susceptibility), gamma_tilde, zeta;
    for gamma_star, gamma_contact and gamma_rearrangement the centre of the bracket (NaN where it
    was not reached), its ends _lo and _hi and its _cause, a category."""
    frames = [
        _directions(tree[f"{scenario}/{theta}/sweeps"], scenario, theta)
        for scenario in scenarios(tree)
        for theta in swept(tree[scenario])
    ]
    columns = ["scenario", "theta", "replica", "direction"]
    if not frames:
        return pandas.DataFrame(columns=columns)
    frame = pandas.concat(frames, ignore_index=True)
    for name in ["scenario", "theta"]:
        frame[name] = pandas.Categorical(frame[name], list(dict.fromkeys(frame[name])))
    return frame[columns + [name for name in frame.columns if name not in columns]]


def _directions(sweeps, scenario, theta):
    data = sweeps.to_dataset()
    table = data[NUMBERS].rename(susceptibility="s")
    for name in THRESHOLDS:
        bracket = data[name]
        table[name] = bracket_centre(bracket)
        table[f"{name}_lo"] = bracket.sel(bracket="lo", drop=True)
        table[f"{name}_hi"] = bracket.sel(bracket="hi", drop=True)
        table[f"{name}_cause"] = data[f"{name}_cause"]
    frame = table.to_dataframe().reset_index()
    frame = frame[frame.pop("done")]
    for name in THRESHOLDS:
        categories = data[f"{name}_cause"].attrs["flag_meanings"].split()
        frame[f"{name}_cause"] = pandas.Categorical(frame[f"{name}_cause"], categories)
    frame["sign"] = frame["sign"].astype(int)
    return frame.assign(scenario=scenario, theta=theta)
