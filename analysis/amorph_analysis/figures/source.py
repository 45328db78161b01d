"""What figures are drawn from: the scenarios of an ensemble and the outputs of `amorph measure`,
under the same names."""

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray

import amorph_analysis

from ..errors import FileError

# The kinds of features by their labels.
FEATURE_KINDS = {
    "stress": r"stress_",
    "elastic": r"C_",
    "modes": r"omega_",
    "derived": r"(pressure|K|G|nu)$",
    "allosteric": r"eta_",
}
PARAMETER_KINDS = ["D", "k", "B", "a"]
SWEEPS = [
    "susceptibility",
    "sign",
    "gamma_tilde",
    "gamma_star",
    "gamma_contact",
    "gamma_rearrangement",
    "gamma_star_cause",
    "gamma_contact_cause",
    "gamma_rearrangement_cause",
]
CURVES = ["norm", "linear_norm", "difference", "quadratic", "valid"]


@dataclass
class Theta:
    """A parameterisation of the solids of a source."""

    source: "Source"
    name: str
    data: xarray.DataTree

    @property
    def parameters(self):
        """The labels of θ."""
        return [str(label) for label in self.data.coords["parameter"].values]

    @property
    def kinds(self):
        """The letters of the kinds of parameters, such as Dk."""
        letters = {label.partition("_")[0] for label in self.parameters}
        return "".join(kind for kind in PARAMETER_KINDS if kind in letters)

    def spectrum(self, features):
        """The susceptibilities of a feature set: `singular_values` (replica, mode), `rank` (replica)
        and, where the file has them, the singular vectors; finished solids only."""
        data = self.data[features].to_dataset()
        return data.isel(replica=np.flatnonzero(np.isfinite(data["rank"].values)))

    def jacobians(self, kind):
        """The rows of J of one kind of features, of every finished solid: of what has a value, by the
        parameters that are not inert."""
        if "jacobian" not in self.data:
            raise FileError(
                f"{self.source.name}/{self.name}: no Jacobian ([output] jacobian = false)"
            )
        of_kind = [bool(re.match(FEATURE_KINDS[kind], label)) for label in self.source.features]
        for jacobian, inert in zip(self.data["jacobian"].values, self.data["inert"].values):
            rows = jacobian[of_kind][:, inert == 0]
            rows = rows[np.isfinite(rows).all(axis=1)]
            if rows.size:
                yield rows

    @property
    def sweeps(self):
        """The γ-sweeps (replica, direction), None where there are none."""
        return self.data["sweeps"].to_dataset() if "sweeps" in self.data.children else None

    @property
    def curves(self):
        """The curves (replica, direction, gamma), None where there are none."""
        if "sweeps" not in self.data.children or "curve" not in self.data["sweeps"].children:
            return None
        return self.data["sweeps/curve"].to_dataset()


@dataclass
class Source:
    """The solids of a scenario, or the one that was measured."""

    name: str
    # The [solid] table of the configuration, or what is known of it.
    solid: dict
    # Names of feature sets; the first is the one to draw where nothing else is said.
    sets: list
    thetas: list
    # The labels of all features.
    features: list
    # What is stored of every solid (replica), None for the one that was measured.
    solids: xarray.Dataset | None = None

    def feature_count(self, features):
        """n_y of a feature set."""
        pattern = "|".join(FEATURE_KINDS[kind] for kind in features.split("+"))
        return sum(bool(re.match(pattern, label)) for label in self.features)

    def feature_set(self, wanted):
        """The feature set to draw: the wanted one, or the first."""
        if wanted is None:
            return self.sets[0]
        if wanted not in self.sets:
            has = ", ".join(self.sets)
            raise FileError(f"{self.name}: no feature set {wanted!r} (there are: {has})")
        return wanted


@contextlib.contextmanager
def opened(files, scenarios=(), thetas=()):
    """The sources in results files of one study, or in outputs of `amorph measure`; of them the
    scenarios and parameterisations with these names, all where none is given. The files are closed
    at the end.

    Raises `FileError`."""
    with contextlib.ExitStack() as stack:
        if all(amorph_analysis.is_measurement(file) for file in files):
            trees = [_closed(stack, amorph_analysis.open(file)) for file in files]
            sources = [_measured(tree, file) for tree, file in zip(trees, files)]
        else:
            tree = _closed(stack, amorph_analysis.open(*files))
            if "configuration" not in tree.attrs:
                raise FileError(
                    f"{files[0]}: neither results of `amorph run` nor of `amorph measure`"
                )
            sources = [_scenario(tree, *pair) for pair in amorph_analysis.scenarios(tree).items()]
        yield _of_thetas(_of_scenarios(sources, scenarios, files[0]), thetas, files[0])


def _closed(stack, tree):
    stack.callback(tree.close)
    return tree


def _of_scenarios(sources, names, file):
    """The sources with these names, in their order; all where none is given."""
    known = {source.name: source for source in sources}
    for name in names:
        if name not in known:
            raise FileError(f"{file}: no scenario {name!r} (there are: {', '.join(known)})")
    return [known[name] for name in names] if names else sources


def _of_thetas(sources, names, file):
    """The sources with these parameterisations only; all where none is given."""
    known = dict.fromkeys(theta.name for source in sources for theta in source.thetas)
    for name in names:
        if name not in known:
            raise FileError(f"{file}: no parameterisation {name!r} (there are: {', '.join(known)})")
    for source in sources:
        source.thetas = [theta for theta in source.thetas if not names or theta.name in names]
    return sources


def _scenario(tree, name, table):
    node = tree[name]
    features = [str(label) for label in node["features"].coords["feature"].values]
    solids = node["solids"].to_dataset()
    source = Source(name, table["solid"], amorph_analysis.sets(node), [], features, solids)
    source.thetas = [
        Theta(source, theta, node[theta]) for theta in amorph_analysis.parameterisations(node)
    ]
    return source


def _measured(tree, file):
    """The output of `amorph measure` as an ensemble of one."""
    root = tree.to_dataset()
    if "singular_values" not in root:
        raise FileError(f"{file}: no singular values")
    labels, features = _labels(root, "parameter"), _labels(root, "feature")
    name = tree.attrs["feature_set"]
    groups = {
        "/": _one(
            root, {"jacobian": ["feature", "parameter"], "inert": ["parameter"]}
        ).assign_coords(replica=[0], parameter=labels),
        f"/{name}": _one(
            root, {"singular_values": ["mode"], "right": ["mode", "parameter"], "rank": []}
        ),
    }
    if "susceptibility" in root and "gamma_star" in root:
        axes = {name: ["direction"] for name in SWEEPS}
        axes |= {name: ["direction", "bracket"] for name in SWEEPS[3:6]}
        groups["/sweeps"] = _one(root, axes).assign_coords(bracket=["lo", "hi"])
    if "curve" in tree.children:
        curve = tree["curve"].to_dataset()
        gamma = curve["gamma"].values
        axes = {name: ["direction", "gamma"] for name in CURVES}
        groups["/sweeps/curve"] = _one(curve, axes).assign_coords(gamma=gamma)
    solid = {
        "dimension": root["box"].size,
        "particles": root["species"].size,
        "structure": "network" if "springs" in root else "file",
        "pressure": float(root["pressure"]),
        "B": float(root["B"].max()),
        "k": float(root["k"].max()),
    }
    source = Source(Path(file).stem, solid, [name], [], features)
    theta = Theta(source, tree.attrs["level"], xarray.DataTree.from_dict(groups))
    source.thetas = [theta]
    return source


def _labels(root, axis):
    """The labels of an axis; earlier programs gave them no scale."""
    labels = root.variables[axis if axis in root.variables else f"{axis}_labels"]
    return [str(label) for label in labels.values]


def _one(data, axes):
    """Some variables of one solid, with these axes after that of the replica."""
    variables = {
        name: (["replica", *names], data[name].values[np.newaxis])
        for name, names in axes.items()
        if name in data.variables
    }
    return xarray.Dataset(variables)
