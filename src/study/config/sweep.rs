//! `[sweep]`: how far the linear prediction is followed.

use super::document::{Entry, Key, Section};
use super::error::ConfigError;
use super::features::{Feature, FeaturesConfig, set_name};
use super::parameters::Parameterisation;
pub use crate::analysis::directions::{Scale, Signs};
use crate::format::solid_file;
use crate::linearity::settings::{Protocol, Start, SweepSettings};
use crate::solid::parameters::unit_direction;

/// The keys of `[sweep]`.
pub const KEYS: &[Key] = &[
    Key {
        name: "set",
        doc: "the feature set whose singular directions are swept; default: the first set",
    },
    Key {
        name: "parameters",
        doc: "parameterisations that are swept, by name; default all, [] = none",
    },
    Key {
        name: "directions",
        doc: "\"all\" relevant singular directions, the first n, { random = n }, { rows = [[...], ...] }, or { file = \"FILE[:/group]\" } with a dataset `directions`, relative to this file",
    },
    Key { name: "signs", doc: "\"+\" or \"both\": which orientations of a direction" },
    Key { name: "gamma_min", doc: "first step |delta theta| of the geometric grid" },
    Key { name: "gamma_max", doc: "last step |delta theta|" },
    Key { name: "points", doc: "points of the grid" },
    Key {
        name: "deviation",
        doc: "gamma_star: |dy - J dtheta| over |J dtheta| that ends the linear regime",
    },
    Key { name: "bracket", doc: "relative width to which thresholds are bracketed" },
    Key {
        name: "scale",
        doc: "weights of the features in |dy|: \"none\", \"initial\" (1/|y0|) or one number per feature of the set",
    },
    Key {
        name: "protocol",
        doc: "\"continuation\" (predictor and corrector) or \"referee\" (FIRE at every step of gamma/200)",
    },
    Key {
        name: "start",
        doc: "\"warm\" (the previous gamma) or, with the referee, \"zero\": where each relaxation begins",
    },
];

/// Allowed γ.
pub const GAMMA: std::ops::RangeInclusive<f64> = 1e-12..=10.0;
/// Allowed `deviation`.
pub const DEVIATION: std::ops::RangeInclusive<f64> = 1e-4..=1.0;
/// Allowed `bracket`.
pub const BRACKET: std::ops::RangeInclusive<f64> = 1e-6..=0.5;
/// The most points of a grid.
pub const MAX_POINTS: i64 = 1000;
/// The most directions of a sweep.
pub const MAX_DIRECTIONS: i64 = 100_000;

/// Which directions are swept.
#[derive(Clone, Debug, PartialEq)]
pub enum Directions {
    /// All relevant right singular vectors.
    All,
    /// The first n of them.
    First(usize),
    /// n random unit vectors.
    Random(usize),
    /// Given ones, normalised, one row of n_θ components each.
    Given(Vec<Vec<f64>>),
}

const SIGNS: [(&str, Signs); 2] = [("+", Signs::Plus), ("both", Signs::Both)];
const PROTOCOLS: [(&str, Protocol); 2] =
    [("continuation", Protocol::Continuation), ("referee", Protocol::Referee)];
const STARTS: [(&str, Start); 2] = [("warm", Start::Warm), ("zero", Start::Zero)];

/// The resolved `[sweep]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepConfig {
    /// The feature set of the sweeps.
    pub set: Vec<Feature>,
    /// Names of the parameterisations that are swept.
    pub parameters: Vec<String>,
    /// Which directions.
    pub directions: Directions,
    /// Which orientations.
    pub signs: Signs,
    /// First γ of the grid.
    pub gamma_min: f64,
    /// Last γ of the grid.
    pub gamma_max: f64,
    /// Points of the grid.
    pub points: usize,
    /// |Δy − JΔθ| / |JΔθ| that ends the linear regime.
    pub deviation: f64,
    /// Relative width of the brackets.
    pub bracket: f64,
    /// The weights of the features in |Δy|.
    pub scale: Scale,
    /// How the solid follows the parameters.
    pub protocol: Protocol,
    /// Where each relaxation begins.
    pub start: Start,
}

impl SweepConfig {
    /// The geometric grid of γ.
    pub fn gammas(&self) -> Vec<f64> {
        self.settings().grid()
    }

    /// The settings of the sweeps.
    pub fn settings(&self) -> SweepSettings {
        SweepSettings {
            gamma_min: self.gamma_min,
            gamma_max: self.gamma_max,
            points: self.points,
            deviation: self.deviation,
            bracket: self.bracket,
            protocol: self.protocol,
            start: self.start,
        }
    }

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
        section: &Section<'_, '_>,
        features: &FeaturesConfig,
        parameterisations: &[Parameterisation],
        dimension: usize,
    ) -> Result<Self, ConfigError> {
        let gamma_min = section.f64("gamma_min", GAMMA, 1e-6)?;
        let gamma_max = section.f64("gamma_max", GAMMA, 1e-1)?;
        if gamma_min >= gamma_max {
            return Err(section.refuse(
                "gamma_max",
                gamma_max,
                format!("more than sweep.gamma_min ({gamma_min:?})"),
            ));
        }
        let set = read_set(section, features)?;
        let parameters = read_parameters(section, parameterisations)?;
        let swept: Vec<&Parameterisation> =
            parameterisations.iter().filter(|theta| parameters.contains(&theta.name)).collect();
        let protocol = section.word("protocol", &PROTOCOLS, Protocol::Continuation)?;
        let start = section.word("start", &STARTS, Start::Warm)?;
        if start == Start::Zero && protocol != Protocol::Referee {
            return Err(section.refuse(
                "start",
                "zero",
                "\"warm\"; \"zero\" goes with sweep.protocol = \"referee\"",
            ));
        }
        let rows = features.set_labels(&set, dimension).len();
        Ok(SweepConfig {
            directions: section
                .find("directions")
                .map_or(Ok(Directions::All), |entry| read_directions(&entry, &swept))?,
            scale: section
                .find("scale")
                .map_or(Ok(Scale::None), |entry| read_scale(&entry, rows))?,
            set,
            parameters,
            signs: section.word("signs", &SIGNS, Signs::Plus)?,
            gamma_min,
            gamma_max,
            points: section.integer("points", 2..=MAX_POINTS, 26)? as usize,
            deviation: section.f64("deviation", DEVIATION, 0.1)?,
            bracket: section.f64("bracket", BRACKET, 0.01)?,
            protocol,
            start,
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
            Scale::None => "\"none\"".to_owned(),
            Scale::Initial => "\"initial\"".to_owned(),
            Scale::Table(weights) => format!("{weights:?}"),
        };
        let set: Vec<String> = self.set.iter().map(|f| f.name().to_owned()).collect();
        format!(
            "set = {}\nparameters = {}\ndirections = {directions}\nsigns = \"{}\"\n\
             gamma_min = {:?}\ngamma_max = {:?}\npoints = {}\ndeviation = {:?}\nbracket = {:?}\n\
             scale = {scale}\nprotocol = \"{}\"\nstart = \"{}\"\n",
            super::string_array(&set),
            super::string_array(&self.parameters),
            word_of(&SIGNS, self.signs),
            self.gamma_min,
            self.gamma_max,
            self.points,
            self.deviation,
            self.bracket,
            word_of(&PROTOCOLS, self.protocol),
            word_of(&STARTS, self.start),
        )
    }
}

fn word_of<T: PartialEq + Copy>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, candidate)| *candidate == value).map_or("", |(word, _)| word)
}

fn read_set(
    section: &Section<'_, '_>,
    features: &FeaturesConfig,
) -> Result<Vec<Feature>, ConfigError> {
    let Some(entry) = section.find("set") else {
        return Ok(features.sets[0].clone());
    };
    let names: Vec<String> = features
        .sets
        .iter()
        .map(|set| {
            let names: Vec<String> = set.iter().map(|f| f.name().to_owned()).collect();
            super::string_array(&names)
        })
        .collect();
    let allowed = format!("one of the feature sets: {}", names.join(", "));
    let mut given: Vec<&str> = Vec::new();
    for item in entry.array(&allowed)? {
        given.push(item.string(&allowed)?);
    }
    let matches = |set: &&Vec<Feature>| {
        set.len() == given.len() && set.iter().all(|feature| given.contains(&feature.name()))
    };
    features.sets.iter().find(matches).cloned().ok_or_else(|| {
        entry.refuse(format!(
            "{allowed} (named {})",
            features.sets.iter().map(|s| set_name(s)).collect::<Vec<_>>().join(", ")
        ))
    })
}

fn read_parameters(
    section: &Section<'_, '_>,
    parameterisations: &[Parameterisation],
) -> Result<Vec<String>, ConfigError> {
    let names: Vec<String> = parameterisations.iter().map(|theta| theta.name.clone()).collect();
    let Some(entry) = section.find("parameters") else {
        return Ok(names);
    };
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
    entry: &Entry<'_, '_>,
    swept: &[&Parameterisation],
) -> Result<Directions, ConfigError> {
    const ALLOWED: &str = "\"all\", a number of directions, { random = n }, { rows = [[...], ...] }, \
                           or { file = \"FILE[:/group]\" }";
    const KEYS: [&str; 3] = ["random", "rows", "file"];
    let value = entry.value();
    if value.as_str() == Some("all") {
        return Ok(Directions::All);
    }
    if value.is_integer() {
        return Ok(Directions::First(entry.integer(1..=MAX_DIRECTIONS)? as usize));
    }
    let table = entry.table(ALLOWED)?;
    if table.len() > 1 && KEYS.iter().filter(|key| table.contains_key(**key)).count() > 1 {
        return Err(entry.refuse(ALLOWED));
    }
    if table.contains_key("rows") {
        return read_rows(&entry.member("rows", &KEYS, ALLOWED)?, swept).map(Directions::Given);
    }
    if table.contains_key("file") {
        return read_file(&entry.member("file", &KEYS, ALLOWED)?, swept).map(Directions::Given);
    }
    let random = entry.member("random", &KEYS, ALLOWED)?;
    Ok(Directions::Random(random.integer(1..=MAX_DIRECTIONS)? as usize))
}

/// Given directions: each as long as θ of every swept parameterisation, and normalised here.
fn read_rows(
    entry: &Entry<'_, '_>,
    swept: &[&Parameterisation],
) -> Result<Vec<Vec<f64>>, ConfigError> {
    const ALLOWED: &str = "rows of numbers, one row per direction, not all zero";
    let mut rows = Vec::new();
    for row in entry.array(ALLOWED)? {
        let mut components = Vec::new();
        for component in row.array(ALLOWED)? {
            components.push(component.f64(-f64::MAX..=f64::MAX)?);
        }
        if let Some(theta) = other_length(components.len(), swept) {
            return Err(row.refuse(format!(
                "{} numbers, one per parameter of {}",
                theta.parameters(),
                theta.name
            )));
        }
        rows.push(unit_direction(components).map_err(|_| row.refuse(ALLOWED))?);
    }
    if rows.is_empty() {
        return Err(entry.refuse(ALLOWED));
    }
    Ok(rows)
}

/// The same from the dataset `directions` of an HDF5 file. The rows, not the file's name, become
/// part of the study.
fn read_file(
    entry: &Entry<'_, '_>,
    swept: &[&Parameterisation],
) -> Result<Vec<Vec<f64>>, ConfigError> {
    let name = entry.string("an HDF5 file with a dataset `directions`, \"FILE[:/group]\"")?;
    let address = entry.beside(name);
    let (values, columns) =
        solid_file::read_directions(&address).map_err(|source| entry.unusable(source))?;
    if let Some(theta) = other_length(columns, swept) {
        return Err(entry.refuse(format!(
            "a dataset `directions` of {} columns, one per parameter of {} ({address} has {columns})",
            theta.parameters(),
            theta.name
        )));
    }
    let mut rows = Vec::new();
    for (index, row) in values.chunks_exact(columns).enumerate() {
        rows.push(unit_direction(row.to_vec()).map_err(|_| {
            entry.refuse(format!(
                "a dataset `directions` of finite rows that are not zero (row {index} of {address})"
            ))
        })?);
    }
    Ok(rows)
}

/// A swept parameterisation that has not this many parameters.
fn other_length<'p>(
    columns: usize,
    swept: &[&'p Parameterisation],
) -> Option<&'p Parameterisation> {
    swept.iter().copied().find(|theta| theta.parameters() != columns)
}

fn read_scale(entry: &Entry<'_, '_>, rows: usize) -> Result<Scale, ConfigError> {
    let allowed =
        format!("\"none\", \"initial\", or {rows} numbers >= 0, one per feature of the set");
    match entry.value().as_str() {
        Some("none") => return Ok(Scale::None),
        Some("initial") => return Ok(Scale::Initial),
        _ => {}
    }
    let mut weights = Vec::new();
    for weight in entry.array(&allowed)? {
        weights.push(weight.f64(0.0..=f64::MAX)?);
    }
    if weights.len() != rows || weights.iter().all(|&weight| weight == 0.0) {
        return Err(entry.refuse(allowed));
    }
    Ok(Scale::Table(weights))
}
