//! The ensemble: configuration, plan, replicas, MPI runner, statistics, and the results file.

pub mod solid_file;
pub mod work;
pub mod config;
pub mod schema;
