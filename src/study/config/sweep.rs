//! `[sweep]`: how far the linear prediction is followed.

use std::ops::RangeInclusive;

use super::entry::Entry;
use super::error::ConfigError;
use super::features::{FeaturesConfig, set_name, words};
use super::key::{Key, keys};
use super::lines::{Lines, Raw};
use super::parameters::Parameterisation;
use super::section::Section;
use crate::analysis::directions::{Directions, Scale, Signs};
use crate::linearity::settings::{Protocol, Start, SweepSettings};
use crate::response::features::FeatureKind;
use crate::solid::parameters::unit_direction;
use crate::system::words::Word;

keys! {
    /// the feature set whose singular directions are swept; default: the first set
    "set",
    /// parameterisations that are swept, by name; default all, [] = none
    "parameters",
    /// "all" relevant singular directions, the first n, { random = n }, { rows = [[...], ...] }, or
    /// { file = "FILE[:/group]" } with a dataset `directions`, relative to this file
    "directions",
    /// "+" or "both": which orientations of a direction
    "signs",
    /// first step |delta theta| of the geometric grid
    "gamma_min",
    /// last step |delta theta|
    "gamma_max",
    /// points of the grid
    "points",
    /// gamma_star: |dy - J dtheta| over |J dtheta| that ends the linear regime
    "deviation",
    /// relative width to which thresholds are bracketed
    "bracket",
    /// weights of the features in |dy|: "none", "initial" (1/|y0|) or one number per feature of the
    /// set
    "scale",
    /// "continuation" (predictor and corrector) or "referee" (FIRE at every step of gamma/200)
    "protocol",
    /// "warm" (the previous gamma) or, with the referee, "zero": where each relaxation begins
    "start",
}

/// Allowed γ.
pub const GAMMA: RangeInclusive<f64> = 1e-12..=10.0;
/// Allowed `deviation`.
pub const DEVIATION: RangeInclusive<f64> = 1e-4..=1.0;
/// Allowed `bracket`.
pub const BRACKET: RangeInclusive<f64> = 1e-6..=0.5;
/// The most points of a grid.
pub const MAX_POINTS: i64 = 1000;
/// The most directions of a sweep.
pub const MAX_DIRECTIONS: i64 = 100_000;

/// The resolved `[sweep]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepConfig {
    /// The feature set of the sweeps.
    pub set: Vec<FeatureKind>,
    /// Names of the parameterisations that are swept.
    pub parameters: Vec<String>,
    /// Which directions; given ones are normalised, one row of n_θ components each.
    pub directions: Directions<Vec<Vec<f64>>>,
    /// Which orientations.
    pub signs: Signs,
    /// The weights of the features in |Δy|.
    pub scale: Scale,
    /// Grid, thresholds and protocol.
    pub settings: SweepSettings,
}

impl SweepConfig {
    /// Length of the sweep axis for n_y features and n_θ parameters.
    pub fn direction_count(&self, features: usize, parameters: usize) -> usize {
        let relevant = features.min(parameters);
        let directions = match &self.directions {
            Directions::All => relevant,
            Directions::First(n) => relevant.min(*n),
            Directions::Random(n) => *n,
            Directions::Given(rows) => rows.len(),
        };
        directions * self.signs.orientations().len()
    }

    pub(super) fn read(
        section: &Section<'_>,
        features: &FeaturesConfig,
        parameterisations: &[Parameterisation],
        dimension: usize,
    ) -> Result<Self, ConfigError> {
        let settings = read_settings(section)?;
        let default = features.sets[0].clone();
        let set = section.read("set", default, |entry| read_set(entry, features))?;
        let names: Vec<String> = parameterisations.iter().map(|theta| theta.name.clone()).collect();
        let parameters =
            section.read("parameters", names.clone(), |entry| read_parameters(entry, names))?;
        let swept: Vec<&Parameterisation> =
            parameterisations.iter().filter(|theta| parameters.contains(&theta.name)).collect();
        let rows = features.set_labels(&set, dimension).len();
        Ok(SweepConfig {
            directions: section
                .read("directions", Directions::All, |entry| read_directions(entry, &swept))?,
            scale: section.read("scale", Scale::None, |entry| read_scale(entry, rows))?,
            set,
            parameters,
            signs: section.word("signs", Signs::WORDS, Signs::Plus)?,
            settings,
        })
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let directions = match &self.directions {
            Directions::All => "\"all\"".to_owned(),
            Directions::First(n) => n.to_string(),
            Directions::Random(n) => format!("{{ random = {n} }}"),
            Directions::Given(rows) => format!("{{ rows = {rows:?} }}"),
        };
        let scale = match &self.scale {
            Scale::Table(weights) => format!("{weights:?}"),
            scale => format!("{:?}", scale.name()),
        };
        let settings = &self.settings;
        Lines::default()
            .add("set", words(&self.set))
            .add("parameters", &self.parameters)
            .add("directions", Raw(directions))
            .add("signs", self.signs.word())
            .add("gamma_min", settings.gamma_min)
            .add("gamma_max", settings.gamma_max)
            .add("points", settings.points)
            .add("deviation", settings.deviation)
            .add("bracket", settings.bracket)
            .add("scale", Raw(scale))
            .add("protocol", settings.protocol.word())
            .add("start", settings.start.word())
            .text()
    }
}

fn read_settings(section: &Section<'_>) -> Result<SweepSettings, ConfigError> {
    let default = SweepSettings::DEFAULT;
    let settings = SweepSettings {
        gamma_min: section.f64("gamma_min", GAMMA, default.gamma_min)?,
        gamma_max: section.f64("gamma_max", GAMMA, default.gamma_max)?,
        points: section.integer("points", 2..=MAX_POINTS, default.points as i64)? as usize,
        deviation: section.f64("deviation", DEVIATION, default.deviation)?,
        bracket: section.f64("bracket", BRACKET, default.bracket)?,
        protocol: section.word("protocol", Protocol::WORDS, default.protocol)?,
        start: section.word("start", Start::WORDS, default.start)?,
    };
    let (least, most) = (settings.gamma_min, settings.gamma_max);
    if least >= most {
        let allowed = format!("more than sweep.gamma_min ({least:?})");
        return Err(section.refuse("gamma_max", most, allowed));
    }
    if settings.start == Start::Zero && settings.protocol != Protocol::Referee {
        return Err(section.refuse(
            "start",
            "zero",
            "\"warm\"; \"zero\" goes with sweep.protocol = \"referee\"",
        ));
    }
    Ok(settings)
}

fn read_set(entry: &Entry<'_>, features: &FeaturesConfig) -> Result<Vec<FeatureKind>, ConfigError> {
    let sets: Vec<String> = features.sets.iter().map(|set| format!("{:?}", words(set))).collect();
    let allowed = format!("one of the feature sets: {}", sets.join(", "));
    let given = entry.all(&allowed, |item| item.string(&allowed))?;
    let matches = |set: &&Vec<FeatureKind>| {
        set.len() == given.len() && words(set).iter().all(|word| given.contains(word))
    };
    features.sets.iter().find(matches).cloned().ok_or_else(|| {
        let names: Vec<String> = features.sets.iter().map(|set| set_name(set)).collect();
        entry.refuse(format!("{allowed} (named {})", names.join(", ")))
    })
}

fn read_parameters(entry: &Entry<'_>, names: Vec<String>) -> Result<Vec<String>, ConfigError> {
    let allowed = format!("a list of parameterisations, each once, of: {}", names.join(", "));
    let mut given = Vec::new();
    for item in entry.array(&allowed)? {
        let name = item.string(&allowed)?.to_owned();
        if !names.contains(&name) || given.contains(&name) {
            return Err(item.refuse(&allowed));
        }
        given.push(name);
    }
    Ok(names.into_iter().filter(|name| given.contains(name)).collect())
}

fn read_directions(
    entry: &Entry<'_>,
    swept: &[&Parameterisation],
) -> Result<Directions<Vec<Vec<f64>>>, ConfigError> {
    const ALLOWED: &str = "\"all\", a number of directions, { random = n }, { rows = [[...], ...] }, \
                           or { file = \"FILE[:/group]\" }";
    const COUNT: RangeInclusive<i64> = 1..=MAX_DIRECTIONS;
    if entry.value.as_str() == Some("all") {
        return Ok(Directions::All);
    }
    if entry.value.is_integer() {
        return Ok(Directions::First(entry.integer(COUNT)? as usize));
    }
    match entry.members(["random", "rows", "file"], ALLOWED)? {
        [Some(random), None, None] => Ok(Directions::Random(random.integer(COUNT)? as usize)),
        [None, Some(rows), None] => read_rows(&rows, swept).map(Directions::Given),
        [None, None, Some(file)] => read_file(&file, swept).map(Directions::Given),
        _ => Err(entry.refuse(ALLOWED)),
    }
}

/// Given directions: each as long as θ of every swept parameterisation, and normalised here.
fn read_rows(entry: &Entry<'_>, swept: &[&Parameterisation]) -> Result<Vec<Vec<f64>>, ConfigError> {
    const ALLOWED: &str = "rows of numbers, one row per direction, not all zero";
    let rows = entry.all(ALLOWED, |row| {
        let components = row.all(ALLOWED, |item| item.f64(-f64::MAX..=f64::MAX))?;
        if let Some((length, of)) = other_length(&components, swept) {
            return Err(row.refuse(format!("{length} numbers, {of}")));
        }
        unit_direction(components).map_err(|_| row.refuse(ALLOWED))
    })?;
    if rows.is_empty() { Err(entry.refuse(ALLOWED)) } else { Ok(rows) }
}

/// The same from the dataset `directions` of an HDF5 file. The rows, not the file's name, become
/// part of the study.
fn read_file(entry: &Entry<'_>, swept: &[&Parameterisation]) -> Result<Vec<Vec<f64>>, ConfigError> {
    let name = entry.string("an HDF5 file with a dataset `directions`, \"FILE[:/group]\"")?;
    let (address, rows) = entry.read_rows(name)?;
    let unit = |(index, row): (usize, Vec<f64>)| {
        if let Some((length, of)) = other_length(&row, swept) {
            let found = row.len();
            return Err(entry.refuse(format!(
                "a dataset `directions` of {length} columns, {of} ({address} has {found})"
            )));
        }
        unit_direction(row).map_err(|_| {
            entry.refuse(format!(
                "a dataset `directions` of finite rows that are not zero (row {index} of {address})"
            ))
        })
    };
    rows.into_iter().enumerate().map(unit).collect()
}

/// Where a row is not as long as θ of a swept parameterisation: that length, and why.
fn other_length(row: &[f64], swept: &[&Parameterisation]) -> Option<(usize, String)> {
    let theta = swept.iter().find(|theta| theta.parameters() != row.len())?;
    Some((theta.parameters(), format!("one per parameter of {}", theta.name)))
}

fn read_scale(entry: &Entry<'_>, rows: usize) -> Result<Scale, ConfigError> {
    let allowed =
        format!("\"none\", \"initial\", or {rows} numbers >= 0, one per feature of the set");
    if let Some(scale) = entry.value.as_str().and_then(Scale::from_name) {
        return Ok(scale);
    }
    let weights = entry.all(&allowed, |weight| weight.f64(0.0..=f64::MAX))?;
    if weights.len() != rows || weights.iter().all(|&weight| weight == 0.0) {
        return Err(entry.refuse(allowed));
    }
    Ok(Scale::Table(weights))
}
