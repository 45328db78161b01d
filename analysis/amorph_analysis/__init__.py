"""Results of amorph as labelled xarray data.

    import amorph_analysis

    tree = amorph_analysis.open("demo.h5")                 # or several files of one study
    sweeps = tree["main/D_n40/sweeps"]
    sweeps["zeta"].sel(replica=3)                          # (direction,)
    sweeps["zeta"].where(sweeps["gamma_star_cause"] == "curvature")
    tree["main/features"]["values"].sel(feature="C_xxxx")  # (replica,)
    amorph_analysis.to_dataframe(tree)                     # a row per swept direction

A row whose work item is not done has no meaning, whatever stands in the file. Here it is NaN in
numbers and "not_computed" in labels, and the coordinate `done` of every group says which rows are
done. In done rows NaN stands where amorph wrote it, with its cause beside it.

Nothing is read before it is used, so that a file larger than the memory can be opened.
"""

from .errors import FileError
from .frame import to_dataframe
from .opening import is_measurement, open
from .study import (
    bracket_centre,
    configuration,
    parameterisations,
    scenarios,
    sets,
    swept,
)

__all__ = [
    "FileError",
    "bracket_centre",
    "configuration",
    "is_measurement",
    "open",
    "parameterisations",
    "scenarios",
    "sets",
    "swept",
    "to_dataframe",
]
