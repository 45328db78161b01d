//! `[features]`: what is measured of every solid.

use super::document::{Entry, Key, Section};
use super::error::ConfigError;
use super::solid::SolidConfig;
use crate::response::susceptibility::RANK_TOLERANCE;

/// The keys of `[features]`.
pub const KEYS: &[Key] = &[
    Key { name: "modes", doc: "number of lowest non-zero vibrational frequencies" },
    Key {
        name: "sets",
        doc: "feature sets of \"stress\", \"elastic\", \"modes\", \"derived\"; each gets its own singular values",
    },
    Key {
        name: "rank_tolerance",
        doc: "singular values above this fraction of the largest count towards the rank",
    },
];

const DEFAULT_MODES: i64 = 10;

pub use crate::response::features::FeatureKind as Feature;

/// From rounding to a tenth.
const TOLERANCE: std::ops::RangeInclusive<f64> = 1e-15..=0.1;

/// The resolved `[features]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturesConfig {
    /// Number of lowest non-zero vibrational frequencies.
    pub modes: usize,
    /// Feature sets, each in the order of [`Feature::ALL`] without repetition.
    pub sets: Vec<Vec<Feature>>,
    /// Singular values above this fraction of the largest count towards the rank.
    pub rank_tolerance: f64,
}

/// A set's name: its families joined by "+".
pub fn set_name(set: &[Feature]) -> String {
    set.iter().map(|feature| feature.name()).collect::<Vec<_>>().join("+")
}

impl FeaturesConfig {
    /// The families that any set needs, in row order: the rows of J.
    pub fn families(&self) -> Vec<Feature> {
        Feature::ALL
            .into_iter()
            .filter(|feature| self.sets.iter().any(|set| set.contains(feature)))
            .collect()
    }

    /// The labels of a set's rows.
    pub fn set_labels(&self, set: &[Feature], dimension: usize) -> Vec<String> {
        set.iter().flat_map(|feature| feature.labels(dimension, self.modes)).collect()
    }

    /// The labels of all rows of J.
    pub fn labels(&self, dimension: usize) -> Vec<String> {
        self.set_labels(&self.families(), dimension)
    }

    pub(super) fn read(
        section: &Section<'_, '_>,
        solid: &SolidConfig,
    ) -> Result<Self, ConfigError> {
        let most = (solid.dimension * (solid.particles - 1)) as i64;
        let modes = section.integer("modes", 0..=most, DEFAULT_MODES.min(most))? as usize;
        let sets = match section.find("sets") {
            None => vec![vec![Feature::Stress, Feature::Elastic]],
            Some(entry) => read_sets(&entry)?,
        };
        for set in &sets {
            if set.contains(&Feature::Modes) && modes == 0 {
                return Err(section.refuse(
                    "modes",
                    modes,
                    format!("at least 1, because the set \"{}\" names modes", set_name(set)),
                ));
            }
        }
        let rank_tolerance = section.f64("rank_tolerance", TOLERANCE, RANK_TOLERANCE)?;
        Ok(FeaturesConfig { modes, sets, rank_tolerance })
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let sets: Vec<String> = self
            .sets
            .iter()
            .map(|set| {
                let names: Vec<String> = set.iter().map(|f| f.name().to_owned()).collect();
                super::string_array(&names)
            })
            .collect();
        format!(
            "modes = {}\nsets = [{}]\nrank_tolerance = {:?}\n",
            self.modes,
            sets.join(", "),
            self.rank_tolerance
        )
    }
}

fn read_sets(entry: &Entry<'_, '_>) -> Result<Vec<Vec<Feature>>, ConfigError> {
    const ALLOWED: &str =
        "a list of sets such as [[\"stress\", \"elastic\"], [\"elastic\"]], each once";
    let mut sets: Vec<Vec<Feature>> = Vec::new();
    for item in entry.array(ALLOWED)? {
        let mut set = Vec::new();
        for word in item.array(ALLOWED)? {
            set.push(word.word(&Feature::ALL.map(|feature| (feature.name(), feature)))?);
        }
        set.sort();
        let length = set.len();
        set.dedup();
        if set.is_empty() || set.len() < length || sets.contains(&set) {
            return Err(item.refuse(ALLOWED));
        }
        sets.push(set);
    }
    if sets.is_empty() { Err(entry.refuse(ALLOWED)) } else { Ok(sets) }
}
