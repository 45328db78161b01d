//! amorph: ensembles of disordered solids, their mechanical features, and how these
//! respond to the interaction parameters through the energy minimisation.
//!
//! Floors: [`cli`] → [`report`] → [`study`] → [`format`] → [`design`] → [`analysis`] →
//! [`linearity`] → [`response`] → [`relax`] → [`solid`] → [`system`]. A module uses only what stands
//! below it; up to the design nobody uses MPI, HDF5 or the clock.

#[cfg(all(feature = "mpi", feature = "bundled-hdf5"))]
compile_error!(
    "the bundled HDF5 is built without MPI: build with --no-default-features --features bundled-hdf5"
);

pub mod analysis;
pub mod cli;
pub mod design;
pub mod format;
pub mod linearity;
pub mod relax;
pub mod report;
pub mod response;
pub mod solid;
pub mod study;
pub mod system;
