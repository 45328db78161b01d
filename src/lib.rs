//! amorph: ensembles of disordered solids, their mechanical features, and how these
//! respond to the interaction parameters through the energy minimisation.
//!
//! Floors, from the ground: [`solid`] ← [`relax`] ← [`response`] ← [`linearity`] ← [`study`] ← [`cli`].
//! A module uses only what stands below it; the physics knows neither MPI nor HDF5 nor the clock.

pub mod analysis;
pub mod cli;
pub mod format;
pub mod linearity;
pub mod relax;
pub mod response;
pub mod solid;
pub mod study;
pub mod system;
