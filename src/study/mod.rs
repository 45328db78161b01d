//! The ensemble: configuration, plan, replicas, MPI runner, statistics, and the results file.

pub mod solid_file;
pub mod work;
pub mod archive;
pub mod config;
pub mod dispatcher;
pub mod runner;
pub mod schema;
#[cfg(test)]
mod synthetic;
