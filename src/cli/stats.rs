//! `amorph stats`: the statistics of one or several results files of one study.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::collect::{StatisticsError, collect, table};

/// Print the statistics of results files
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Results files of one study with disjoint replicas
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let archives = super::open_all(&arguments.files)?;
    let statistics = collect(&archives).map_err(|error| match error {
        StatisticsError::Archive(error) => CommandError::failure(error),
        error => CommandError::usage(error),
    })?;
    super::print(&statistics, arguments.json, |statistics, out| {
        write!(out, "{}", table(statistics))
    })?;
    Ok(Outcome::Done)
}
