//! What a solid is: cell, pair energy, species and parameters, neighbour list, lattices.
