//! One solid's whole analysis, and every quantity that comes out of it. No HDF5, TOML, MPI or clock.

pub mod axis;
pub mod directions;
pub mod pairs;
pub mod quantities;
pub mod quantity;
pub mod solid;
pub mod theta;
pub mod unit;
pub mod values;
