//! Why a solid could not be designed.

use crate::analysis::solid::AnalysisError;
use crate::analysis::theta::Level;
use crate::design::run;
use crate::format::measurement::MeasurementError;
use crate::report::measure::MeasureError;
use crate::solid::parameters::ParameterKind;
use crate::system::words::Word;

/// What is wrong with the input, the targets, the options or the output of `design`.
#[derive(Debug, thiserror::Error)]
pub enum DesignError {
    /// The solid cannot be read.
    #[error(transparent)]
    Source(#[from] MeasureError),
    #[error("{name}: {source}")]
    Design { name: String, source: run::DesignError },
    #[error("{name}: {source}")]
    Analysis { name: String, source: AnalysisError },
    #[error("{}", of_level(*level, found))]
    KindsOfLevel { level: Level, found: String },
    #[error("--bounds, --weights: {} is not among --parameters {kinds}", kind.word())]
    NotFree { kind: ParameterKind, kinds: String },
    #[error(transparent)]
    Output(#[from] MeasurementError),
}

impl DesignError {
    /// Can the user mend it by other options or another file?
    pub fn is_usage(&self) -> bool {
        match self {
            DesignError::Source(error) => error.is_usage(),
            DesignError::Output(error) => error.is_usage(),
            _ => true,
        }
    }
}

fn of_level(level: Level, found: &str) -> String {
    let reason = match level {
        Level::Bond => "a bond's own diameter ends with the bond (allowed: k, B)",
        _ => "k and B belong to pairs (allowed: D, a; or --level bond)",
    };
    format!("--level {} with --parameters {found}: {reason}", level.word())
}
