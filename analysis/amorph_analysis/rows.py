"""Rows of one or several files, read when they are used, with the unfinished ones masked."""

from dataclasses import dataclass

import numpy as np
import xarray
from xarray.backends import BackendArray
from xarray.core import indexing

# The label of a code in a row that is not done; in the file its code is 0.
NOT_COMPUTED = "not_computed"
# The label of a code that has none: the file is damaged.
UNKNOWN = "unknown"
# Yes or no is a number, as in the file: a masked one has to be neither.
YES_OR_NO = "no yes"
# Codes are bytes, but for the scenarios of /items.
CODES = 256


@dataclass
class Part:
    """The rows of one file."""

    variable: xarray.Variable
    # Which are done: (row,) or (row, direction).
    done: np.ndarray
    # The row of the whole at which these begin.
    start: int
    # Labels by code; None where the values are numbers or text.
    labels: np.ndarray | None

    def read(self, rows, rest):
        """(values, done) of some rows; `rest` indexes the other axes."""
        first, last = rows[0], rows[-1]
        contiguous = last - first + 1 == len(rows) and (np.diff(rows) == 1).all()
        values = self.variable[(slice(first, last + 1) if contiguous else rows, *rest)].values
        done = self.done[rows]
        if done.ndim == 2:
            done = done[:, rest[0]]
        done = done.reshape(done.shape + (1,) * (values.ndim - done.ndim))
        return (values if self.labels is None else self.labels[values]), done


class Rows(BackendArray):
    """The rows of a dataset over several files; those of replicas that a file does not hold are
    masked like unfinished ones."""

    def __init__(self, parts, rows):
        self.parts = parts
        self.shape = (rows, *parts[0].variable.shape[1:])
        kinds = [part.variable.dtype if part.labels is None else part.labels.dtype for part in parts]
        kind = np.result_type(*kinds)
        self.dtype = kind if kind.kind == "U" else np.dtype(float)
        self.fill = NOT_COMPUTED if kind.kind == "U" else np.nan

    def __getitem__(self, key):
        support = indexing.IndexingSupport.OUTER
        return indexing.explicit_indexing_adapter(key, self.shape, support, self._read)

    def _read(self, key):
        rows = np.arange(self.shape[0])[key[0]]
        wanted, rest = np.atleast_1d(rows), key[1:]
        inner = [np.arange(n)[k] for n, k in zip(self.shape[1:], rest)]
        shape = [len(k) for k in inner if k.ndim]
        result = np.full((len(wanted), *shape), self.fill, self.dtype)
        for part in self.parts:
            places = np.flatnonzero(
                (wanted >= part.start) & (wanted < part.start + part.variable.shape[0])
            )
            if len(places):
                values, done = part.read(wanted[places] - part.start, rest)
                result[places] = np.where(done, values, self.fill)
        return result if rows.ndim else result[0]

    def variable(self, attributes):
        """As a variable that reads when it is used, and then keeps what it has read."""
        lazy = indexing.LazilyIndexedArray(self)
        cached = indexing.MemoryCachedArray(indexing.CopyOnWriteArray(lazy))
        return xarray.Variable(self.parts[0].variable.dims, cached, attributes)


def label_table(attributes, changed=()):
    """The labels of codes by code, from CF attributes; None where the values are no codes.

    `changed` are (code, label) to take instead."""
    meanings = attributes.get("flag_meanings")
    if meanings is None or meanings == YES_OR_NO:
        return None
    labels = dict(zip(np.atleast_1d(attributes["flag_values"]).tolist(), meanings.split()))
    labels |= dict(changed)
    width = max(map(len, [UNKNOWN, NOT_COMPUTED, *labels.values()]))
    table = np.full(max(CODES, len(labels)), UNKNOWN, f"<U{width}")
    for code, label in labels.items():
        table[code] = label
    return table


def labelled_attributes(attributes, table):
    """The attributes of labels that were codes: `flag_meanings` are all that there may be."""
    kept = {name: value for name, value in attributes.items() if name != "flag_values"}
    labels = dict.fromkeys([NOT_COMPUTED, *table[table != UNKNOWN].tolist()])
    return kept | {"flag_meanings": " ".join(labels)}


def text(values):
    """Text as numpy's unicode, whatever the file holds."""
    values = np.asarray(values)
    if values.dtype.kind == "S":
        return np.char.decode(values, "utf-8")
    return values.astype(str) if values.dtype.kind == "O" else values
