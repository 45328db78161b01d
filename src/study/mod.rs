//! The ensemble: configuration, plan, replicas, MPI runner, statistics, and the results file.

pub mod check;
pub mod config;
pub mod dispatcher;
pub mod forecast;
pub mod lock;
pub mod measure;
pub mod pilot;
pub mod plan;
pub mod preflight;
pub mod progress;
pub mod provenance;
pub mod quantile;
pub mod reasons;
pub mod replica;
pub mod results;
pub mod resume;
pub mod run;
pub mod runner;
pub mod schema;
pub mod statistics;
pub mod status;
#[cfg(test)]
mod synthetic;
pub mod work;
pub mod xyz;
