//! Why a solid could not be measured.

use std::path::PathBuf;

use crate::analysis::solid::AnalysisError;
use crate::format::archive::ArchiveError;
use crate::format::measurement::MeasurementError;
use crate::format::solid_file::SolidFileError;
use crate::relax::RelaxError;

/// What is wrong with the input, the options or the output of `measure`.
#[derive(Debug, thiserror::Error)]
pub enum MeasureError {
    #[error(transparent)]
    File(#[from] SolidFileError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// No such scenario, replica or parameterisation in a results file.
    #[error("{}: no {what} {found} (allowed: {allowed})", file.display())]
    NotInFile { file: PathBuf, what: &'static str, found: String, allowed: String },
    #[error(
        "{}: scenario {scenario} has no allosteric features, so no pairs to measure (allowed: a scenario with features.allosteric, or a solid file with a dataset allosteric_pairs)",
        file.display()
    )]
    NoPairs { file: PathBuf, scenario: String },
    /// The row of a results file has no meaning.
    #[error("{}: the {what} of scenario {scenario}, replica {replica} is {state}", file.display())]
    NotDone { file: PathBuf, what: String, scenario: String, replica: u64, state: String },
    #[error("{name}: {reason}")]
    Row { name: String, reason: String },
    #[error("{name}: the solid could not be relaxed: {source}")]
    Relax { name: String, source: RelaxError },
    #[error("{name}: {}", of_options(source))]
    Analysis { name: String, source: AnalysisError },
    /// `--no-relax` on a solid that is not at its minimum.
    #[error(
        "{name}: --no-relax, but max|F| = {max_force:e} exceeds {accepted:e}: the solid is not at its energy minimum, where the linear response is defined; leave out --no-relax"
    )]
    NotRelaxed { name: String, max_force: f64, accepted: f64 },
    #[error(
        "--level particle with --parameters {found}: k and B belong to pairs (allowed: D, a; or --level bond)"
    )]
    PairsOfParticles { found: String },
    #[error(
        "--sweep with --level bond: a bond's own parameters end with the bond, so its solid cannot be followed (allowed: --level species or particle)"
    )]
    SweepOfBonds,
    #[error("--sweep-features {found} is not among --features {allowed}")]
    SweepFeatures { found: String, allowed: String },
    #[error("--scale with {found} weights; expected {expected}, one per feature: {features}")]
    ScaleLength { found: usize, expected: usize, features: String },
    #[error(
        "{name}/directions: {found} columns; expected {expected}, one per parameter ({kinds}); --directions chooses others"
    )]
    DirectionsShape { name: String, found: usize, expected: usize, kinds: String },
    #[error("{name}/directions: row {row} {found}; expected a finite vector that is not zero")]
    Direction { name: String, row: usize, found: &'static str },
    #[error(transparent)]
    Output(#[from] MeasurementError),
}

impl MeasureError {
    /// Can the user mend it by other options or another file?
    pub fn is_usage(&self) -> bool {
        match self {
            MeasureError::Archive(error) => error.is_usage(),
            MeasureError::Output(error) => error.is_usage(),
            _ => true,
        }
    }
}

/// What is wrong with an analysis, by the options that asked for it.
fn of_options(error: &AnalysisError) -> String {
    match error {
        AnalysisError::Relax(_) | AnalysisError::Svd(_) => error.to_string(),
        AnalysisError::TooFewModes { wanted, found } => {
            format!("--features modes:{wanted}, but the backbone has only {found} modes")
        }
        AnalysisError::NotAttractive(parameter) => format!(
            "--parameters: {parameter} is 0, and B = 0 has no derivative here (allowed: B > 0 for every pair in --parameters B)"
        ),
        AnalysisError::NothingAttracts => {
            "--parameters a: every B is 0, so nothing depends on a (allowed: where some B > 0)"
                .to_owned()
        }
        AnalysisError::NoScale(feature) => format!(
            "--scale initial, but {feature} is 0 in this solid and cannot be its own scale (allowed: none, or one weight per feature)"
        ),
    }
}
