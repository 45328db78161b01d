"""The tree of an ensemble: results files of one study, with disjoint replicas."""

import re
import tomllib

import numpy as np
import pandas
import xarray

from .errors import FileError
from .rows import Part, Rows, label_table, labelled_attributes, text

NEWEST_FORMAT = 3
DONE = 1
# In format version 1 the code 0 of a cause was not_applicable; it has a code of its own now.
OLD_CAUSES = [(0, "not_applicable"), (8, "not_applicable")]
BLOCK = re.compile(r"(.*)\[(\d+):(\d+)\]")


class File:
    """One results file: its groups, which study it is of, and which of its items are done."""

    def __init__(self, path, groups):
        self.path, self.groups = str(path), groups
        attributes = groups["/"].attrs
        self.version = int(attributes["format_version"])
        if self.version > NEWEST_FORMAT:
            raise FileError(
                f"{path}: format version {self.version}, this package reads {NEWEST_FORMAT}"
            )
        self.configuration = tomllib.loads(attributes["configuration"])
        self.ensemble = attributes["ensemble_hash"]
        study = self.configuration["study"]
        first = study.get("first_replica", 0)
        self.replicas = range(first, first + study["replicas"])
        self.scenarios = [entry["name"] for entry in self.configuration["scenario"]]
        items = groups["/items"]
        place, self.parts = pandas.factorize(text(items["part"].values))
        # (scenario, part, replica)
        shape = (len(self.scenarios), len(self.parts), len(self.replicas))
        self.finished = np.zeros(shape, bool)
        at = items["scenario"].values, place, items["replica"].values - first
        self.finished[at] = items["state"].values == DONE

    def done(self, scenario, path):
        """Which rows of a group are done: (replica,), or (replica, direction) below sweeps."""
        finished = self.finished[self.scenarios.index(scenario)]
        theta, sweeps, _ = (path + "/").partition("/sweeps/")
        if not sweeps:
            return finished[list(self.parts).index("solid")]
        directions = self.groups[f"/{scenario}/{theta}/sweeps"].sizes["direction"]
        done = np.zeros((len(self.replicas), directions), bool)
        for name, rows in zip(self.parts, finished):
            block = BLOCK.fullmatch(name)
            if block and block[1] == theta:
                done[:, int(block[2]) : int(block[3])] |= rows[:, np.newaxis]
        return done

    def labels(self, path, attributes):
        """The labels of a dataset's codes by code; None where there are none."""
        old = self.version == 1 and path.endswith("_cause")
        return label_table(attributes, OLD_CAUSES if old else ())

    def close(self):
        for group in self.groups.values():
            group.close()


def tree(files):
    """The tree of some files; raises `FileError` where they do not belong together."""
    for index, second in enumerate(files):
        for first in files[:index]:
            if first.ensemble != second.ensemble:
                raise FileError(f"{second.path}: another study than {first.path}")
            start = max(first.replicas.start, second.replicas.start)
            if start < min(first.replicas.stop, second.replicas.stop):
                raise FileError(f"{second.path}: replica {start} is also in {first.path}")
    files = sorted(files, key=lambda file: file.replicas.start)
    replicas = np.concatenate([np.asarray(file.replicas) for file in files])
    first = files[0]
    attributes = first.groups["/"].attrs | {"files": "\n".join(file.path for file in files)}
    groups = {"/": xarray.Dataset(attrs=attributes), "/items": _items(files)}
    for scenario in first.scenarios:
        groups[f"/{scenario}"] = xarray.Dataset(coords={"replica": replicas})
        home = f"/{scenario}/"
        for path in (path for path in first.groups if path.startswith(home)):
            groups[path] = _group(files, scenario, path.removeprefix(home), replicas)
    whole = xarray.DataTree.from_dict(groups, name=first.configuration["study"]["name"])
    whole.set_close(lambda: [file.close() for file in files])
    return whole


def _group(files, scenario, path, replicas):
    """A group with the rows of every file, masked."""
    home = f"/{scenario}/{path}"
    done = [file.done(scenario, path) for file in files]
    starts = np.cumsum([0] + [len(file.replicas) for file in files])
    first = files[0].groups[home]
    variables = {}
    for name, variable in first.data_vars.items():
        parts = [
            Part(file.groups[home][name].variable, rows, start, file.labels(name, variable.attrs))
            for file, rows, start in zip(files, done, starts)
        ]
        table, attributes = parts[0].labels, variable.attrs
        if table is not None:
            attributes = labelled_attributes(attributes, table)
        variables[name] = Rows(parts, len(replicas)).variable(attributes)
    coordinates = {
        name: (scale.dims, text(scale.values), scale.attrs)
        for name, scale in first.coords.items()
        if name != "replica"
    }
    rows = np.concatenate([_of_group(file, home, rows) for file, rows in zip(files, done)])
    description = {"description": "the row was computed; where it was not, nothing has a meaning"}
    coordinates["replica"] = ("replica", replicas)
    coordinates["done"] = (("replica", "direction")[: rows.ndim], rows, description)
    return xarray.Dataset(variables, coordinates, first.attrs)


def _of_group(file, home, done):
    """The done rows that the group holds: some are kept for the first replicas only."""
    held = file.groups[home].sizes.get("replica", len(done))
    done = done.copy()
    done[held:] = False
    return done


def _items(files):
    """The work items, with labels for their codes."""
    parts = []
    for file in files:
        items = file.groups["/items"].load()
        for name, variable in items.data_vars.items():
            table = label_table(variable.attrs)
            values = text(variable.values) if table is None else table[variable.values]
            items[name] = (variable.dims, values, variable.attrs)
        parts.append(items.drop_vars("item", errors="ignore"))
    return xarray.concat(parts, "item", join="override", combine_attrs="override")
