//! The ensemble: configuration, plan, replicas, MPI runner, statistics, and the results file.

pub mod archive;
pub mod config;
pub mod dispatcher;
pub mod runner;
pub mod schema;
pub mod solid_file;
#[cfg(test)]
mod synthetic;
pub mod work;
