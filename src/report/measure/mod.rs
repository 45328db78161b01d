//! `amorph measure`: features, Jacobian, curvature and γ-sweeps of one solid.

mod analysis;
mod axes;
mod directions;
mod error;
mod source;
mod sweeps;

use std::path::PathBuf;

pub(super) use analysis::{write_input, write_solid};
pub use error::MeasureError;
pub use source::Source;
pub(super) use source::{AnySolid, load, pairs};

use crate::analysis::directions::{DirectionResult, Directions, Scale, Signs};
use crate::analysis::quantities::SolidResult;
use crate::analysis::theta::{Level, SetResult};
use crate::format::measurement::{self, FORMAT};
use crate::linearity::settings::SweepSettings;
use crate::response::features::FeatureKind;
use crate::response::modes::most_modes;
use crate::solid::parameters::{ParameterKind, symbols};
use crate::study::config::set_name;
use crate::system::program::{COMMIT, PROGRAM_VERSION};
use crate::system::words::Word;
use source::Given;

/// How many modes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModeCount {
    /// All that the backbone has.
    All,
    Lowest(usize),
}

impl ModeCount {
    /// As it stands on the command line.
    pub fn text(self) -> String {
        match self {
            ModeCount::All => "all".to_owned(),
            ModeCount::Lowest(count) => count.to_string(),
        }
    }

    /// Of a solid.
    fn of(self, dimension: usize, particles: usize) -> usize {
        match self {
            ModeCount::All => most_modes(dimension, particles),
            ModeCount::Lowest(count) => count,
        }
    }
}

/// What is measured, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub source: Source,
    pub output: PathBuf,
    /// In the order of rows, without repetition.
    pub features: Vec<FeatureKind>,
    /// How many modes, where the features name them.
    pub modes: ModeCount,
    pub kinds: Vec<ParameterKind>,
    pub level: Level,
    /// Relax first, from the stored positions at fixed box.
    pub relax: bool,
    /// The features of γ̃ and of the sweeps; a subset of `features`.
    pub sweep_features: Vec<FeatureKind>,
    /// Which directions, with the address of a file of given ones. Where nothing is named: those
    /// beside the solid; where there are none, all with a sweep, and none without.
    pub directions: Option<Directions<String>>,
    /// Of random directions.
    pub seed: u64,
    pub signs: Signs,
    /// The weights of the features in |Δy|.
    pub scale: Scale,
    pub settings: SweepSettings,
    pub sweep: bool,
    /// Keep the positions just before and after γ_c and γ_r.
    pub snapshots: bool,
}

/// What was found, for a table.
#[derive(Debug)]
pub struct Summary {
    pub name: String,
    pub dimension: usize,
    pub solid: SolidResult,
    /// n_θ, and how many of them no bond depends on.
    pub parameters: usize,
    pub inert: usize,
    /// Of all features.
    pub set: SetResult,
    /// Rows of `directions` that were not of unit length.
    pub normalised: Vec<usize>,
    /// With their sweeps, where they were swept.
    pub directions: Vec<DirectionResult>,
}

/// Measures a solid and writes the output.
///
/// # Errors
/// [`MeasureError`], naming the file and the key or the option.
pub fn measure(options: &Options) -> Result<Summary, MeasureError> {
    measurement::refuse_existing(&options.output)?;
    check(options)?;
    let (name, solid, directions) = source::load(&options.source)?;
    let pairs = match options.features.contains(&FeatureKind::Allosteric) {
        true => source::pairs(&options.source, solid.particles())?,
        false => Vec::new(),
    };
    let given = Given { directions, pairs };
    let (summary, mut output, inverse_range) = match solid {
        AnySolid::Two(solid) => analysis::analyse(&name, solid, given, options)?,
        AnySolid::Three(solid) => analysis::analyse(&name, solid, given, options)?,
    };
    output.text("format", FORMAT);
    output.text("program_version", PROGRAM_VERSION);
    output.text("commit", COMMIT);
    output.text("source", name);
    output.text("level", options.level.word());
    output.text("feature_set", set_name(&options.features));
    output.text("sweep_set", set_name(&options.sweep_features));
    output.text("relaxed", if options.relax { "yes" } else { "no" });
    output.number("a", inverse_range);
    measurement::write(&options.output, &output)?;
    Ok(summary)
}

/// Options that exclude each other.
fn check(options: &Options) -> Result<(), MeasureError> {
    let of_pairs = |kind| matches!(kind, &ParameterKind::Stiffness | &ParameterKind::Depth);
    if options.level == Level::Particle && options.kinds.iter().any(of_pairs) {
        return Err(MeasureError::PairsOfParticles { found: symbols(&options.kinds) });
    }
    if options.level == Level::Bond && options.sweep {
        return Err(MeasureError::SweepOfBonds);
    }
    match options.sweep_features.iter().find(|feature| !options.features.contains(feature)) {
        Some(feature) => Err(MeasureError::SweepFeatures {
            found: feature.word().to_owned(),
            allowed: set_name(&options.features),
        }),
        None => Ok(()),
    }
}
