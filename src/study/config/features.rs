//! `[features]`: what is measured of every solid.

use super::entry::Entry;
use super::error::ConfigError;
use super::key::{Form, Key, keys};
use super::lines::{Lines, Raw};
use super::section::Section;
use super::solid::{MAX_PARTICLES, SolidConfig};
use crate::analysis::pairs::{PairDraw, Sources};
use crate::response::features::FeatureKind;
use crate::response::modes::most_modes;
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::system::words::Word;

keys! {
    /// number of lowest non-zero vibrational frequencies, at most d (N - 1), or "all": then those that the
    /// backbone of a solid lacks have no value
    "modes": Form::Schema(
        r#"{"anyOf": [{"enum": ["all"]}, {"type": "integer", "minimum": 0}]}"#
    ),
    /// feature sets of "stress", "elastic", "modes", "derived", "allosteric"; each gets its own singular
    /// values
    "sets": Form::Schema(
        r#"{"type": "array", "minItems": 1, "items": {"type": "array", "minItems": 1,
            "items": {"enum": ["stress", "elastic", "modes", "derived", "allosteric"]}}}"#
    ),
    /// allosteric features: strains of target pairs by those of source pairs, drawn from the contacts of
    /// each solid. `pairs` is their number, `sources` "own" (default) or "one" for all, `distance` the
    /// least one of the midpoints, in units of the shortest edge (default 0.25)
    "allosteric": Form::Schema(
        r#"{"type": "object", "additionalProperties": false, "required": ["pairs"],
            "properties": {"pairs": {"type": "integer", "minimum": 1, "maximum": 100000},
                           "sources": {"enum": ["own", "one"]},
                           "distance": {"type": "number", "minimum": 0, "maximum": 0.5}}}"#
    ),
    /// singular values above this fraction of the largest count towards the rank
    "rank_tolerance": Form::Number(TOLERANCE),
}

const DEFAULT_MODES: i64 = 10;
/// Those of the largest solid in 3d.
const MAX_MODES: i64 = 3 * (MAX_PARTICLES - 1);

/// Of allosteric features; the schema says the same.
const PAIRS: std::ops::RangeInclusive<i64> = 1..=100_000;
/// Of midpoints [shortest edge]: half of it is as far as two places along it can be apart.
const DISTANCE: std::ops::RangeInclusive<f64> = 0.0..=0.5;
const DEFAULT_DISTANCE: f64 = 0.25;

/// From rounding to a tenth.
const TOLERANCE: std::ops::RangeInclusive<f64> = 1e-15..=0.1;

/// The resolved `[features]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturesConfig {
    /// Number of lowest non-zero vibrational frequencies.
    pub modes: usize,
    /// Feature sets, each in the order of [`FeatureKind::ALL`] without repetition.
    pub sets: Vec<Vec<FeatureKind>>,
    /// How the pairs of the allosteric features are drawn, where there are some.
    pub allosteric: Option<PairDraw>,
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

    /// Does any set name this kind?
    pub fn has(&self, kind: FeatureKind) -> bool {
        self.sets.iter().any(|set| set.contains(&kind))
    }

    /// May some features have no value in a solid of so many particles?
    pub fn may_lack_some(&self, dimension: usize, particles: usize) -> bool {
        self.has(FeatureKind::Modes) && self.modes == most_modes(dimension, particles)
    }

    /// The labels of a set's rows.
    pub fn set_labels(&self, set: &[FeatureKind], dimension: usize) -> Vec<String> {
        let pairs = self.pairs();
        set.iter().flat_map(|kind| kind.labels(dimension, self.modes, pairs)).collect()
    }

    /// The number of allosteric features.
    pub fn pairs(&self) -> usize {
        self.allosteric.map_or(0, |draw| draw.pairs)
    }

    /// The number of pairs that are drawn: none where no set names their features.
    pub fn drawn_pairs(&self) -> usize {
        if self.has(FeatureKind::Allosteric) { self.pairs() } else { 0 }
    }

    /// The labels of all rows of J.
    pub fn labels(&self, dimension: usize) -> Vec<String> {
        self.set_labels(&self.families(), dimension)
    }

    pub(super) fn read(section: &Section<'_>, solid: &SolidConfig) -> Self {
        let most = match section.is_right() {
            true => most_modes(solid.dimension, solid.recipe.particles) as i64,
            false => MAX_MODES,
        };
        let modes =
            section.read("modes", DEFAULT_MODES.min(most), |entry| match entry.value.as_str() {
                Some("all") => Ok(most),
                Some(_) => Err(entry.refuse(format!("\"all\", or an integer from 0 to {most}"))),
                None => entry.integer(0..=most),
            });
        let modes = modes as usize;
        let default = vec![vec![FeatureKind::Stress, FeatureKind::Elastic]];
        let sets = section.read("sets", default, read_sets);
        let named = sets.iter().find(|set| set.contains(&FeatureKind::Modes));
        if let (0, Some(set)) = (modes, named) {
            let allowed = format!("at least 1, because the set \"{}\" names modes", set_name(set));
            section.keep(Err(section.refuse("modes", modes, allowed)), ());
        }
        let allosteric = section.read("allosteric", None, |entry| read_draw(entry).map(Some));
        let named = sets.iter().find(|set| set.contains(&FeatureKind::Allosteric));
        if let (None, None, Some(set)) = (allosteric, section.find("allosteric"), named) {
            let allowed =
                format!("{{ pairs = n }}, because the set \"{}\" names allosteric", set_name(set));
            section.keep(Err(section.missing("allosteric", &allowed)), ());
        }
        let rank_tolerance = section.f64("rank_tolerance", RANK_TOLERANCE);
        FeaturesConfig { modes, sets, allosteric, rank_tolerance }
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let sets: Vec<_> = self.sets.iter().map(|set| words(set)).collect();
        Lines::default()
            .add("modes", self.modes)
            .add("sets", sets)
            .add_some("allosteric", self.allosteric.map(canonical_draw))
            .add("rank_tolerance", self.rank_tolerance)
            .text()
    }
}

fn canonical_draw(draw: PairDraw) -> Raw {
    let PairDraw { pairs, sources, distance } = draw;
    let sources = sources.word();
    Raw(format!("{{ pairs = {pairs}, sources = {sources:?}, distance = {distance:?} }}"))
}

fn read_draw(entry: &Entry<'_>) -> Result<PairDraw, ConfigError> {
    const ALLOWED: &str = "{ pairs = n, sources = \"own\" or \"one\", distance = x }";
    let [pairs, sources, distance] = entry.members(["pairs", "sources", "distance"], ALLOWED)?;
    let pairs = pairs.ok_or_else(|| entry.refuse(ALLOWED))?.integer(PAIRS)? as usize;
    Ok(PairDraw {
        pairs,
        sources: sources.map_or(Ok(Sources::Own), |entry| entry.word(Sources::WORDS))?,
        distance: distance.map_or(Ok(DEFAULT_DISTANCE), |entry| entry.f64(DISTANCE))?,
    })
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
