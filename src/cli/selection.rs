//! Which solid a command of one solid takes.

use std::path::PathBuf;

use super::CommandError;
use crate::report::measure::Source;
use crate::solid::potential::Tail;

/// A solid of a results file.
#[derive(Debug, clap::Args)]
pub(super) struct Selection {
    /// Scenario of a results file
    #[arg(long, requires = "replica")]
    scenario: Option<String>,
    /// Index of the solid in the ensemble
    #[arg(long, requires = "scenario")]
    replica: Option<u64>,
    /// Use the species of this parameterisation of the results file, such as D_n40
    #[arg(long, requires = "scenario")]
    parameterisation: Option<String>,
    /// Take the solid of this design of that parameterisation, such as G=-5%
    #[arg(long, requires = "parameterisation")]
    design: Option<String>,
}

impl Selection {
    /// The solid of `file`, a results file where one is selected; else a solid file with this tail.
    pub fn source(
        &self,
        file: &str,
        tail: impl FnOnce() -> Result<Option<Tail>, CommandError>,
    ) -> Result<Source, CommandError> {
        match (&self.scenario, self.replica) {
            (Some(scenario), Some(replica)) => Ok(Source::Row {
                file: PathBuf::from(file),
                scenario: scenario.clone(),
                replica,
                parameterisation: self.parameterisation.clone(),
                design: self.design.clone(),
            }),
            _ => Ok(Source::File { address: file.to_owned(), tail: tail()? }),
        }
    }
}
