//! `[features]`: what is measured of every solid.

use super::entry::Entry;
use super::error::ConfigError;
use super::key::{Form, Key, keys};
use super::lines::Lines;
use super::section::Section;
use super::solid::{MAX_PARTICLES, SolidConfig};
use crate::response::features::FeatureKind;
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::system::words::Word;

keys! {
    /// number of lowest non-zero vibrational frequencies, at most d (N - 1)
    "modes": Form::Integer(0..=MAX_MODES),
    /// feature sets of "stress", "elastic", "modes", "derived"; each gets its own singular values
    "sets": Form::Schema(
        r#"{"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1,
            "items": {"enum": ["stress", "elastic", "modes", "derived"]}}}"#
    ),
    /// singular values above this fraction of the largest count towards the rank
    "rank_tolerance": Form::Number(TOLERANCE),
}

const DEFAULT_MODES: i64 = 10;
/// Those of the largest solid in 3d.
const MAX_MODES: i64 = 3 * (MAX_PARTICLES - 1);

/// From rounding to a tenth.
const TOLERANCE: std::ops::RangeInclusive<f64> = 1e-15..=0.1;

/// The resolved `[features]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturesConfig {
    /// Number of lowest non-zero vibrational frequencies.
    pub modes: usize,
    /// Feature sets, each in the order of [`FeatureKind::ALL`] without repetition.
    pub sets: Vec<Vec<FeatureKind>>,
    /// Singular values above this fraction of the largest count towards the rank.
    pub rank_tolerance: f64,
}

/// The words of a set.
pub(super) fn words(set: &[FeatureKind]) -> Vec<&'static str> {
    set.iter().map(|kind| kind.word()).collect()
}

/// A set's name: its kinds joined by "+".
pub fn set_name(set: &[FeatureKind]) -> String {
    words(set).join("+")
}

impl FeaturesConfig {
    /// The kinds that any set needs, in row order: the rows of J.
    pub fn families(&self) -> Vec<FeatureKind> {
        FeatureKind::ALL
            .into_iter()
            .filter(|kind| self.sets.iter().any(|set| set.contains(kind)))
            .collect()
    }

    /// The labels of a set's rows.
    pub fn set_labels(&self, set: &[FeatureKind], dimension: usize) -> Vec<String> {
        set.iter().flat_map(|kind| kind.labels(dimension, self.modes)).collect()
    }

    /// The labels of all rows of J.
    pub fn labels(&self, dimension: usize) -> Vec<String> {
        self.set_labels(&self.families(), dimension)
    }

    pub(super) fn read(section: &Section<'_>, solid: &SolidConfig) -> Self {
        let most = match section.is_right() {
            true => (solid.dimension * (solid.recipe.particles - 1)) as i64,
            false => MAX_MODES,
        };
        let modes = section.read("modes", DEFAULT_MODES.min(most), |entry| entry.integer(0..=most));
        let modes = modes as usize;
        let default = vec![vec![FeatureKind::Stress, FeatureKind::Elastic]];
        let sets = section.read("sets", default, read_sets);
        let named = sets.iter().find(|set| set.contains(&FeatureKind::Modes));
        if let (0, Some(set)) = (modes, named) {
            let allowed = format!("at least 1, because the set \"{}\" names modes", set_name(set));
            section.keep(Err(section.refuse("modes", modes, allowed)), ());
        }
        let rank_tolerance = section.f64("rank_tolerance", RANK_TOLERANCE);
        FeaturesConfig { modes, sets, rank_tolerance }
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let sets: Vec<_> = self.sets.iter().map(|set| words(set)).collect();
        Lines::default()
            .add("modes", self.modes)
            .add("sets", sets)
            .add("rank_tolerance", self.rank_tolerance)
            .text()
    }
}

fn read_sets(entry: &Entry<'_>) -> Result<Vec<Vec<FeatureKind>>, ConfigError> {
    const ALLOWED: &str =
        "a list of sets such as [[\"stress\", \"elastic\"], [\"elastic\"]], each once";
    entry.list(ALLOWED, |entry| {
        let mut set = entry.all(ALLOWED, |word| word.word(FeatureKind::WORDS))?;
        let length = set.len();
        set.sort();
        set.dedup();
        if set.is_empty() || set.len() < length { Err(entry.refuse(ALLOWED)) } else { Ok(set) }
    })
}
