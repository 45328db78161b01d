"""The tree of one solid: an output of `amorph measure`, or a solid file."""

import xarray

from .rows import label_table, labelled_attributes, text


# The axes of what a solid file holds, which has no dimension scales.
AXES = {
    "positions": ["particle", "axis"],
    "box": ["axis"],
    "species": ["particle"],
    "diameters": ["kind"],
    "k": ["kind", "partner"],
    "B": ["kind", "partner"],
    "springs": ["spring", "end"],
    "spring_stretch": ["spring"],
}


def is_solid(groups):
    """Whether a file holds solids."""
    return any("positions" in group and "box" in group for group in groups.values())


def tree(groups):
    """The groups as they are, with labels for codes and text for names."""
    made = xarray.DataTree.from_dict({path: _labelled(group) for path, group in groups.items()})
    made.set_close(lambda: [group.close() for group in groups.values()])
    return made


def _labelled(group):
    variables = {}
    for name, variable in group.variables.items():
        dims, attributes = variable.dims, variable.attrs
        table = label_table(attributes)
        if table is not None:
            variable = (dims, table[variable.values], labelled_attributes(attributes, table))
        elif variable.dtype.kind in "SO":
            variable = (dims, text(variable.values), attributes)
        elif "positions" in group and len(AXES.get(name, [])) == len(dims) > 0:
            variable = (AXES[name], variable.values, attributes)
        variables[name] = variable
    return xarray.Dataset(variables, attrs=group.attrs)
