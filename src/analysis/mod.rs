//! One solid's whole analysis, and every quantity that comes out of it. No HDF5, TOML, MPI or clock.

pub mod axis;
pub mod values;
