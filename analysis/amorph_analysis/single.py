"""The tree of one solid: an output of `amorph measure`, or a solid file."""

import xarray

from .rows import label_table, labelled_attributes, text


def is_solid(groups):
    """Whether a file holds solids."""
    return any("positions" in group and "box" in group for group in groups.values())


def tree(groups):
    """The groups as they are, with labels for codes and text for names."""
    made = xarray.DataTree.from_dict({path: _labelled(group) for path, group in groups.items()})
    made.set_close(lambda: [group.close() for group in groups.values()])
    return made


def _labelled(group):
    for name, variable in group.variables.items():
        table = label_table(variable.attrs)
        if table is not None:
            attributes = labelled_attributes(variable.attrs, table)
            group[name] = (variable.dims, table[variable.values], attributes)
        elif variable.dtype.kind in "SO":
            group[name] = (variable.dims, text(variable.values), variable.attrs)
    return group
