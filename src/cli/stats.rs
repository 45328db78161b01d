//! `amorph stats`: the statistics of one or several results files of one study.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::collect::{StatisticsError, collect, csv, summary, table};

/// Print the statistics of results files: distributions, ranks, correlations, power laws
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Results files of one study with disjoint replicas
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Every parameterisation by itself, and every singular value
    #[arg(long, conflicts_with_all = ["json", "csv"])]
    full: bool,
    /// All of it as JSON
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// All of it as a table for pandas: one number with its bounds and its interval a line
    #[arg(long)]
    csv: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let archives = super::open_all(&arguments.files)?;
    let statistics = collect(&archives).map_err(|error| match error {
        StatisticsError::Archive(error) => CommandError::failure(error),
        error => CommandError::usage(error),
    })?;
    let text = match (arguments.csv, arguments.full) {
        (true, _) => csv,
        (_, true) => table,
        _ => summary,
    };
    super::print(&statistics, arguments.json, |statistics, out| {
        write!(out, "{}", text(statistics))
    })?;
    Ok(Outcome::Done)
}
