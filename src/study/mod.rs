//! The ensemble: configuration, shape of the results, replicas, and the MPI runner.

pub mod config;
pub mod dispatcher;
pub mod forecast;
pub mod holder;
pub mod load;
pub mod lock;
pub mod preflight;
pub mod progress;
pub mod provenance;
pub mod reasons;
pub mod replica;
pub mod request;
pub mod results;
pub mod resume;
pub mod rounds;
pub mod run;
pub mod runner;
pub mod schema;
pub mod size;
mod stages;
pub mod statistics;
#[cfg(test)]
pub(crate) mod synthetic;
pub mod work;
