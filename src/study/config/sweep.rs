//! `[sweep]`: how far the linear prediction is followed.

use std::ops::RangeInclusive;

use super::entry::Entry;
use super::error::ConfigError;
use super::features::{FeaturesConfig, set_name, words};
use super::key::{Form, Key, keys, words as words_of};
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
    "set": Form::Schema(r#"{"type": "array", "items": {"type": "string"}}"#),
    /// parameterisations that are swept, by name; default all, [] = none
    "parameters": Form::Schema(r#"{"type": "array", "items": {"type": "string"}}"#),
    /// "all" relevant singular directions, the first n, "random:n" (or { random = n }),
    /// { rows = [[...], ...] }, or "file:FILE[:/group]" (or { file = "FILE[:/group]" }) with a dataset
    /// `directions`, relative to this file
    "directions": Form::Schema(
        r#"{"anyOf": [
            {"type": "string", "pattern": "^(all|random:[0-9]+|file:.+)$"},
            {"type": "integer", "minimum": 1},
            {"type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
             "properties": {"random": {"type": "integer", "minimum": 1},
                            "rows": {"type": "array"}, "file": {"type": "string"}}}]}"#
    ),
    /// "+" or "both": which orientations of a direction
    "signs": Form::Words(words_of::<Signs>),
    /// first step |delta theta| of the geometric grid
    "gamma_min": Form::Number(GAMMA),
    /// last step |delta theta|
    "gamma_max": Form::Number(GAMMA),
    /// points of the grid
    "points": Form::Integer(2..=MAX_POINTS),
    /// gamma_star: |dy - J dtheta| over |J dtheta| that ends the linear regime
    "deviation": Form::Number(DEVIATION),
    /// relative width to which thresholds are bracketed
    "bracket": Form::Number(BRACKET),
    /// weights of the features in |dy|: "none", "initial" (1/|y0|) or one number per feature of the
    /// set
    "scale": Form::Schema(
        r#"{"anyOf": [{"enum": ["none", "initial"]},
            {"type": "array", "items": {"type": "number", "minimum": 0}}]}"#
    ),
    /// "continuation" (predictor and corrector) or "referee" (FIRE at every step of gamma/200)
    "protocol": Form::Words(words_of::<Protocol>),
    /// "warm" (the previous gamma) or, with the referee, "zero": where each relaxation begins
    "start": Form::Words(words_of::<Start>),
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
    ) -> Self {
        let names: Vec<String> = parameterisations.iter().map(|theta| theta.name.clone()).collect();
        let default = features.sets[0].clone();
        // What these keys refer to is known only where it is right.
        let (set, parameters) = match section.is_right() {
            true => (
                section.read("set", default, |entry| read_set(entry, features)),
                section.read("parameters", names.clone(), |entry| read_parameters(entry, names)),
            ),
            false => (default, names),
        };
        let right = section.is_right();
        let is_swept = |theta: &&Parameterisation| right && parameters.contains(&theta.name);
        let swept: Vec<&Parameterisation> = parameterisations.iter().filter(is_swept).collect();
        let rows = right.then(|| features.set_labels(&set, dimension).len());
        SweepConfig {
            directions: section
                .read("directions", Directions::All, |entry| read_directions(entry, &swept)),
            scale: section.read("scale", Scale::None, |entry| read_scale(entry, rows)),
            set,
            parameters,
            signs: section.word("signs", Signs::WORDS, Signs::Plus),
            settings: read_settings(section),
        }
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

fn read_settings(section: &Section<'_>) -> SweepSettings {
    let default = SweepSettings::DEFAULT;
    let known = section.found();
    let settings = SweepSettings {
        gamma_min: section.f64("gamma_min", default.gamma_min),
        gamma_max: section.f64("gamma_max", default.gamma_max),
        points: section.integer("points", default.points as i64) as usize,
        deviation: section.f64("deviation", default.deviation),
        bracket: section.f64("bracket", default.bracket),
        protocol: section.word("protocol", Protocol::WORDS, default.protocol),
        start: section.word("start", Start::WORDS, default.start),
    };
    if section.found() == known {
        section.keep(check_settings(section, &settings), ());
    }
    settings
}

fn check_settings(section: &Section<'_>, settings: &SweepSettings) -> Result<(), ConfigError> {
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
    Ok(())
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

/// Some of the parameterisations, by name.
pub(super) fn read_parameters(
    entry: &Entry<'_>,
    names: Vec<String>,
) -> Result<Vec<String>, ConfigError> {
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
    const ALLOWED: &str = "\"all\", a number of directions, \"random:n\" or { random = n }, \
                           { rows = [[...], ...] }, \"file:FILE[:/group]\" or { file = \"FILE[:/group]\" }";
    const COUNT: RangeInclusive<i64> = 1..=MAX_DIRECTIONS;
    if let Some(text) = entry.value.as_str() {
        return match Directions::from_text(text, MAX_DIRECTIONS as usize) {
            Some(Directions::Given(name)) => read_file(entry, &name, swept).map(Directions::Given),
            Some(Directions::All) => Ok(Directions::All),
            Some(Directions::First(n)) => Ok(Directions::First(n)),
            Some(Directions::Random(n)) => Ok(Directions::Random(n)),
            None => Err(entry.refuse(ALLOWED)),
        };
    }
    if entry.value.is_integer() {
        return Ok(Directions::First(entry.integer(COUNT)? as usize));
    }
    match entry.members(["random", "rows", "file"], ALLOWED)? {
        [Some(random), None, None] => Ok(Directions::Random(random.integer(COUNT)? as usize)),
        [None, Some(rows), None] => read_rows(&rows, swept).map(Directions::Given),
        [None, None, Some(file)] => {
            let name =
                file.string("an HDF5 file with a dataset `directions`, \"FILE[:/group]\"")?;
            read_file(&file, name, swept).map(Directions::Given)
        }
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
fn read_file(
    entry: &Entry<'_>,
    name: &str,
    swept: &[&Parameterisation],
) -> Result<Vec<Vec<f64>>, ConfigError> {
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

fn read_scale(entry: &Entry<'_>, rows: Option<usize>) -> Result<Scale, ConfigError> {
    let count = rows.map(|rows| format!("{rows} ")).unwrap_or_default();
    let allowed =
        format!("\"none\", \"initial\", or {count}numbers >= 0, one per feature of the set");
    if let Some(scale) = entry.value.as_str().and_then(Scale::from_name) {
        return Ok(scale);
    }
    let weights = entry.all(&allowed, |weight| weight.f64(0.0..=f64::MAX))?;
    if rows.is_some_and(|rows| weights.len() != rows) || weights.iter().all(|&weight| weight == 0.0)
    {
        return Err(entry.refuse(allowed));
    }
    Ok(Scale::Table(weights))
}
