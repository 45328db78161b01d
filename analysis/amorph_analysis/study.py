"""What a tree of an ensemble holds."""

import re
import tomllib

import numpy as np

from .errors import FileError

SET_ORDER = ["stress", "elastic", "modes", "derived", "allosteric"]


def configuration(tree):
    """The study, as a dictionary of its TOML text with every key."""
    if "configuration" not in tree.root.attrs:
        raise FileError("not an ensemble: the data holds no configuration")
    return tomllib.loads(tree.root.attrs["configuration"])


def scenarios(tree):
    """The scenarios: their tables of the configuration by name."""
    return {entry["name"]: entry for entry in configuration(tree)["scenario"]}


def parameterisations(scenario):
    """The names of the parameterisations of a scenario, `tree["main"]`, by kind and then n_θ."""
    thetas = [name for name, node in scenario.children.items() if "theta0" in node.data_vars]
    key = lambda name: (re.sub(r"\d+$", "", name), scenario[name].sizes["parameter"])
    return sorted(thetas, key=key)


def swept(scenario):
    """The names of the parameterisations of a scenario that were swept."""
    return [name for name in parameterisations(scenario) if "sweeps" in scenario[name].children]


def sets(scenario):
    """The names of the feature sets of a scenario, as in its configuration."""
    table = scenarios(scenario)[scenario.name]
    return ["+".join(sorted(names, key=SET_ORDER.index)) for names in table["features"]["sets"]]


def bracket_centre(bracket):
    """The geometric mean of the ends of brackets; NaN where the upper end was not reached."""
    return np.sqrt(bracket.sel(bracket="lo", drop=True) * bracket.sel(bracket="hi", drop=True))
