//! Why a part of a replica could not be computed.

use crate::analysis::pairs::TooFewPairs;
use crate::analysis::quantity::StoredError;
use crate::analysis::solid::AnalysisError;
use crate::design::run::DesignError;
use crate::format::row::Failure;
use crate::format::solid_file::SolidFileError;
use crate::relax::RelaxError;
use crate::solid::SolidError;

/// What is wrong with one solid of the ensemble.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplicaError {
    #[error(transparent)]
    Relax(#[from] RelaxError),
    #[error(transparent)]
    Solid(#[from] SolidError),
    #[error(transparent)]
    File(#[from] SolidFileError),
    #[error(transparent)]
    Analysis(AnalysisError),
    /// A file of `solid.files` does not fit the configuration.
    #[error("{file}: {key} = {found}, but the configuration says {expected}")]
    Mismatch { file: String, key: &'static str, found: usize, expected: usize },
    /// A B column of a pair that does not attract.
    #[error("{theta}: {parameter} = 0 has no column in J; leave B out of the kinds")]
    NotAttractive { theta: String, parameter: String },
    #[error("sweep.scale = \"initial\": feature {0} is zero at gamma = 0 and has no scale")]
    NoScale(String),
    #[error("features.allosteric: {0}; ask for fewer, or for a smaller distance")]
    Pairs(#[from] TooFewPairs),
    #[error("design: {0}")]
    Design(#[from] DesignError),
    /// A stored row is not of this study.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The bytes of a solid are not of this study.
    #[error("the solid's {what} has {found} values, expected {expected}")]
    Shape { what: &'static str, found: usize, expected: usize },
    /// A broken invariant between the schema and the physics.
    #[error("internal error, please report it: column {0} was not computed")]
    MissingColumn(String),
    #[error("internal error, please report it: the solid was asked for as directions")]
    WrongPart,
}

impl From<AnalysisError> for ReplicaError {
    fn from(error: AnalysisError) -> Self {
        match error {
            AnalysisError::NoScale(feature) => ReplicaError::NoScale(feature),
            error => ReplicaError::Analysis(error),
        }
    }
}

impl From<ReplicaError> for Failure {
    fn from(error: ReplicaError) -> Self {
        let text = error.to_string();
        Failure { reason: text.lines().next().unwrap_or_default().to_owned() }
    }
}
