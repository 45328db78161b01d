"""Reads results files of amorph: one study, one or several files, with unfinished rows masked.

A row whose work item is not *done* has no meaning, whatever numbers stand in it. Everything that
this module returns is a numpy masked array in which such rows are masked; NaN is left where amorph
wrote it on purpose, with a cause beside it.

    results = amorph_file.read("demo.h5")
    main = results["main"]
    rank = main["D_n40/stress+elastic/rank"]                 # (replica,)
    gamma_star = main["D_n40/sweeps/gamma_star"]             # (replica, direction, bracket)
    cause = main["D_n40/sweeps/gamma_star_cause"]            # (replica, direction), codes
    main.flags("D_n40/sweeps/gamma_star_cause")              # {0: "not_computed", 1: ...}

A single group can also be opened with xarray.open_dataset(file, group="main/D_n40/sweeps"); the
states of its rows then have to be looked up in /items.
"""

import re
import tomllib
from functools import cached_property

import h5py
import numpy as np

FORMAT = "amorph-ensemble"
NEWEST_FORMAT = 2
DONE = 1
# In format version 1 the code 0 of a cause was not_applicable; it has a code of its own now.
NOT_COMPUTED, NOT_APPLICABLE = (0, "not_computed"), (8, "not_applicable")


class FileError(Exception):
    """A file that is not what it should be; the message is meant for the user."""


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def read(*paths):
    """The results in these files, which must be parts of one study with disjoint replicas."""
    return Results([_File(path) for path in paths])


class _File:
    """One open file."""

    def __init__(self, path):
        self.path = str(path)
        try:
            # Without a lock, so that a running job is not disturbed.
            self.h5 = h5py.File(path, "r", locking=False)
        except OSError as error:
            raise FileError(f"{path}: not a readable HDF5 file ({error})") from None
        if _text(self.h5.attrs.get("format", "")) != FORMAT:
            raise FileError(f"{path}: not a results file of `amorph run` (attribute format)")
        self.version = int(self.h5.attrs["format_version"])
        if self.version > NEWEST_FORMAT:
            raise FileError(
                f"{path}: format version {self.version}, this script reads {NEWEST_FORMAT}"
            )
        self.configuration = tomllib.loads(_text(self.h5.attrs["configuration"]))
        self.ensemble = _text(self.h5.attrs["ensemble_hash"])
        study = self.configuration["study"]
        first = study.get("first_replica", 0)
        self.replicas = range(first, first + study["replicas"])


class Results:
    """A study: scenarios by name."""

    def __init__(self, files):
        if not files:
            raise FileError("no results file given")
        for index, second in enumerate(files):
            for first in files[:index]:
                if first.ensemble != second.ensemble:
                    raise FileError(f"{second.path}: another study than {first.path}")
                overlap = set(first.replicas) & set(second.replicas)
                if overlap:
                    raise FileError(
                        f"{second.path}: replica {min(overlap)} is also in {first.path}"
                    )
        self.files = sorted(files, key=lambda file: file.replicas.start)
        self.configuration = files[0].configuration
        self.name = self.configuration["study"]["name"]
        self.scenarios = {
            entry["name"]: Scenario(self.files, index, entry)
            for index, entry in enumerate(self.configuration["scenario"])
        }

    def __getitem__(self, name):
        if name not in self.scenarios:
            raise FileError(f"no scenario {name!r} (there are: {', '.join(self.scenarios)})")
        return self.scenarios[name]

    def __iter__(self):
        return iter(self.scenarios.values())


class Scenario:
    """One scenario: datasets by their path below the scenario's group."""

    def __init__(self, files, index, configuration):
        self.files = files
        self.index = index
        self.configuration = configuration
        self.name = configuration["name"]

    @cached_property
    def parameterisations(self):
        """Names of the parameterisations, by growing n_theta."""
        group = self.files[0].h5[self.name]
        names = [name for name, item in group.items() if "theta0" in item]
        return sorted(names, key=lambda name: (re.sub(r"\d+$", "", name), group[name]["theta0"].shape[1]))

    @property
    def swept(self):
        """Names of the parameterisations that were swept."""
        return [name for name in self.parameterisations if f"{name}/sweeps" in self]

    @property
    def sets(self):
        """Names of the feature sets."""
        order = ["stress", "elastic", "modes", "derived"]
        sets = self.configuration["features"]["sets"]
        return ["+".join(sorted(names, key=order.index)) for names in sets]

    def __contains__(self, path):
        return f"{self.name}/{path}" in self.files[0].h5

    def _dataset(self, file, path):
        try:
            return file.h5[f"{self.name}/{path}"]
        except KeyError:
            raise FileError(f"{file.path}: no dataset {self.name}/{path}") from None

    def __getitem__(self, path):
        """The values with their rows along the first axis, unfinished ones masked."""
        parts = []
        for file in self.files:
            values = self._dataset(file, path)[...]
            if self._old_causes(file, path):
                values[values == NOT_COMPUTED[0]] = NOT_APPLICABLE[0]
            done = self._done(file, path)[: len(values)]
            mask = np.broadcast_to(
                ~done.reshape(done.shape + (1,) * (values.ndim - done.ndim)), values.shape
            )
            parts.append(np.ma.MaskedArray(values, mask))
        return np.ma.concatenate(parts)

    def replicas(self, path):
        """The index in the ensemble of every row of a dataset."""
        counts = [(file.replicas.start, len(self._dataset(file, path))) for file in self.files]
        return np.concatenate([np.arange(start, start + count) for start, count in counts])

    def labels(self, path, axis):
        """The ticks of an axis of a dataset: a list of names, or an array of numbers."""
        ticks = self._dataset(self.files[0], path).dims[axis][0][...]
        return [_text(tick) for tick in ticks] if ticks.dtype.kind == "S" else ticks

    def flags(self, path):
        """The names of the codes of a dataset."""
        attributes = self._dataset(self.files[0], path).attrs
        codes = np.atleast_1d(attributes["flag_values"])
        names = dict(zip(map(int, codes), _text(attributes["flag_meanings"]).split()))
        if self._old_causes(self.files[0], path):
            names |= dict([NOT_COMPUTED, NOT_APPLICABLE])
        return names

    @staticmethod
    def _old_causes(file, path):
        """Whether a dataset holds causes in the codes of format version 1."""
        return file.version == 1 and path.endswith("_cause")

    def attribute(self, path, name):
        """A text attribute of a dataset, such as units or description."""
        return _text(self._dataset(self.files[0], path).attrs[name])

    def _done(self, file, path):
        """Which rows are done: (replica,), or (replica, direction) below sweeps."""
        items = file.h5["items"]
        here = items["scenario"][...] == self.index
        part = items["part"][...][here].astype(str)
        rows = items["replica"][...][here] - file.replicas.start
        finished = items["state"][...][here] == DONE
        theta, sweeps, _ = path.partition("/sweeps/")
        if not sweeps:
            done = np.zeros(len(file.replicas), bool)
            solid = part == "solid"
            done[rows[solid]] = finished[solid]
            return done
        directions = self._dataset(file, f"{theta}/sweeps/susceptibility").shape[1]
        done = np.zeros((len(file.replicas), directions), bool)
        for name in np.unique(part):
            block = re.fullmatch(rf"{re.escape(theta)}\[(\d+):(\d+)\]", name)
            if block:
                chosen = part == name
                start, end = map(int, block.groups())
                done[rows[chosen], start:end] = finished[chosen, np.newaxis]
        return done


def bracket_centre(bracket):
    """The geometric mean of the two ends of brackets, shape (..., 2) -> (...)."""
    return np.ma.sqrt(bracket[..., 0] * bracket[..., 1])
