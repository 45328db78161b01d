//! `[solid]`: what the solids of a scenario are and how they are prepared.

use std::cmp::Ordering;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::disorder;
use super::entry::Entry;
use super::error::ConfigError;
use super::key::{Form, Key, keys};
use super::lines::{Lines, Raw};
use super::section::Section;
use super::table;
use super::tail::{self, SWITCH};
use crate::relax::prepare::{Recipe, Structure, Target, Tuning};
use crate::solid::interactions::SymmetricTable;
use crate::solid::overlap::{EXPONENTS, HARMONIC};
use crate::solid::potential::{Potential, Tail};

keys! {
    /// 2 or 3
    "dimension" scan "{}d": Form::Integer(2..=3),
    /// number of particles N
    "particles" scan "N{}": Form::Integer(2..=MAX_PARTICLES),
    /// "disordered", "triangular" (2d), "fcc" (3d), "network" or "file"
    "structure" scan "{}": Form::Words(|| STRUCTURES.map(|(word, _)| word).to_vec()),
    /// structure = "file" only: solid files FILE[:/group], one per replica, relative to this file
    "files": Form::Schema(r#"{"type": "array", "minItems": 1, "items": {"type": "string"}}"#),
    /// diameter of large over small particles; small = 1 is the unit of length
    "size_ratio" scan "ratio{}": Form::Number(1.0..=MAX_SIZE_RATIO),
    /// standard deviation of the diameters of each size over their mean, delta: D_i = D (1 + delta xi_i),
    /// xi_i normal, cut at 3; with it (also 0) the solids' order is stored
    "polydispersity" scan "delta{}": Form::Number(POLYDISPERSITY),
    /// crystals: share of the particles that start at random places instead of their sites; with it
    /// (also 0) the solids' order is stored
    "defects" scan "f{}": Form::Number(0.0..=1.0),
    /// target pressure [k / length^d], 1e-7 to 1 of the largest k; this or packing_fraction
    "pressure" scan "p{}": Form::Schema(r#"{"type": "number", "exclusiveMinimum": 0}"#),
    /// target packing fraction; this or pressure
    "packing_fraction" scan "phi{}": Form::Number(PACKING_FRACTION),
    /// packing fraction of the first quench; default: from the pressure
    "start_packing_fraction": Form::Number(PACKING_FRACTION),
    /// repulsion [energy]: a number, or a symmetric 2x2 table of small/large
    "k" scan "k{}": Form::Table(ENERGY_SCALE),
    /// attraction [energy]: a number, or a symmetric 2x2 table of small/large; 0 = soft spheres; at
    /// most 1000 times the largest k
    "B" scan "B{}": Form::Table(DEPTH_AT_ALL),
    /// exponent alpha of the repulsion k/alpha (1 - r/sigma)^alpha, where B = 0: 2 (the default) is
    /// harmonic, 2.5 Hertzian; the springs of a network are harmonic
    "exponent" scan "alpha{}": Form::Number(EXPONENTS),
    /// inverse range of the attraction [1/length]
    "a" scan "a{}": Form::Number(INVERSE_RANGE),
    /// switching off of the attraction from sigma + from/a to sigma + to/a, or "none" with `cutoff`
    "switch": Form::Schema(
        r#"{"anyOf": [{"enum": ["none"]},
            {"type": "object", "required": ["from", "to"], "additionalProperties": false,
             "properties": {"from": {"type": "number"}, "to": {"type": "number"}}}]}"#
    ),
    /// with switch = "none": the attraction ends at sigma + cutoff/a
    "cutoff": Form::Number(SWITCH),
    /// largest accepted |p/p_target - 1|
    "pressure_tolerance": Form::Number(PRESSURE_TOLERANCE),
    /// random starts before a replica is recorded as failed
    "max_attempts": Form::Integer(1..=MAX_ATTEMPTS),
}

/// The most particles of a solid.
pub(super) const MAX_PARTICLES: i64 = 1_000_000;
const MAX_SIZE_RATIO: f64 = 10.0;
/// At 1/3 the smallest particles, three standard deviations below the mean, would vanish.
const POLYDISPERSITY: RangeInclusive<f64> = 0.0..=0.33;
/// Harmonic spheres beyond this pressure [largest k/length^d] overlap almost completely.
const MAX_PRESSURE: f64 = 1.0;
/// Below this the overlaps approach rounding [largest k/length^d].
const MIN_PRESSURE: f64 = 1e-7;
const PACKING_FRACTION: RangeInclusive<f64> = 0.1..=2.0;
const ENERGY_SCALE: RangeInclusive<f64> = 1e-3..=1e3;
/// B in units of the largest k.
const DEPTH: RangeInclusive<f64> = 0.0..=1e3;
/// The same for the largest k of all.
const DEPTH_AT_ALL: RangeInclusive<f64> = 0.0..=1e6;
const INVERSE_RANGE: RangeInclusive<f64> = 1.0..=1e3;
const PRESSURE_TOLERANCE: RangeInclusive<f64> = 1e-12..=1e-2;
const MAX_ATTEMPTS: i64 = 1000;

/// The words of `structure`; without a structure of their own: solids from files.
const STRUCTURES: [(&str, Option<Structure>); 5] = [
    ("disordered", Some(Structure::Disordered)),
    ("triangular", Some(Structure::Crystal)),
    ("fcc", Some(Structure::Crystal)),
    ("network", Some(Structure::Network)),
    ("file", None),
];

/// The crystal's name, and the particles of its unit cell.
fn lattice(dimension: usize) -> (&'static str, usize) {
    if dimension == 2 { ("triangular", 2) } else { ("fcc", 4) }
}

/// A solid file that a study names.
#[derive(Clone, Debug, PartialEq)]
pub struct SolidFile {
    /// As the study says it, `FILE[:/group]`; the same wherever the study's folder is.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// The resolved `[solid]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct SolidConfig {
    /// Dimension d, 2 or 3.
    pub dimension: usize,
    /// Solid files, one per replica; empty where the solids are made.
    pub files: Vec<SolidFile>,
    /// How the solids are made. Those from files have neither its structure nor its target.
    pub recipe: Recipe,
    /// The stage of an ensemble design whose solids these are: no two stages share their solids.
    pub stage: Option<usize>,
    /// What an ensemble design makes of the parameters.
    pub tuning: Option<Arc<Tuning>>,
}

impl SolidConfig {
    /// Whether the solids come from files.
    pub fn is_from_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether particles attract each other (some B ≠ 0).
    pub fn is_attractive(&self) -> bool {
        self.recipe.depths.largest() > 0.0
    }

    /// The first pair of classes with B = 0.
    pub(super) fn pair_without_attraction(&self) -> Option<&'static str> {
        let names = ["small-small", "small-large", "large-large"];
        let mut pairs = self.recipe.depths.upper().zip(names);
        pairs.find(|(depth, _)| *depth == 0.0).map(|(_, name)| name)
    }

    /// Number of small and of large particles; N odd: one more small one. Where all are equal
    /// before any parameterisation: all small.
    pub fn class_sizes(&self) -> (usize, usize) {
        let recipe = &self.recipe;
        let uniform = |table: &SymmetricTable| table.uniform_value().is_some();
        if recipe.size_ratio == 1.0 && uniform(&recipe.k) && uniform(&recipe.depths) {
            (recipe.particles, 0)
        } else {
            recipe.small_and_large()
        }
    }

    pub(super) fn read(section: &Section<'_>) -> Self {
        let structure = section.word("structure", &STRUCTURES, Some(Structure::Disordered));
        let k = table::read(section, "k", ENERGY_SCALE, 1.0);
        let unit = k.largest();
        // Which keys there must be, and their ranges, follow from these.
        let (files, target, depths, disorder) = match section.is_right() {
            true => (
                section.keep(read_files(section, structure), Vec::new()),
                section.keep(read_target(section, structure, unit), Target::PackingFraction(1.0)),
                table::read(section, "B", 0.0..=*DEPTH.end() * unit, 0.0),
                section.keep(disorder::read(section, structure), None),
            ),
            false => {
                (Vec::new(), Target::PackingFraction(1.0), SymmetricTable::uniform(2, 0.0), None)
            }
        };
        section.need("dimension", "2 or 3");
        section.need("particles", "the number of particles of a solid");
        let size_ratio = if structure == Some(Structure::Crystal) { 1.0 } else { 1.4 };
        let solid = SolidConfig {
            dimension: section.integer("dimension", 2) as usize,
            files,
            recipe: Recipe {
                particles: section.integer("particles", 2) as usize,
                structure: structure.unwrap_or(Structure::Disordered),
                size_ratio: section.f64("size_ratio", size_ratio),
                target,
                start_packing_fraction: section.read("start_packing_fraction", None, |entry| {
                    entry.f64(PACKING_FRACTION).map(Some)
                }),
                depths,
                k,
                potential: Potential {
                    a: section.f64("a", 50.0),
                    tail: section.keep(tail::read(section), Tail::DEFAULT),
                    exponent: section.f64("exponent", HARMONIC),
                },
                disorder,
                pressure_tolerance: section.f64("pressure_tolerance", 1e-6),
                max_attempts: section.integer("max_attempts", 10) as u64,
            },
            stage: None,
            tuning: None,
        };
        if section.is_right() {
            section.keep(solid.check_exponent(section), ());
        }
        let crystal = section.find("structure").filter(|_| structure == Some(Structure::Crystal));
        if let (Some(entry), true) = (crystal, section.is_right()) {
            section.keep(solid.check_crystal(section, &entry), ());
        }
        solid
    }

    /// The core is a power of the overlap only where nothing attracts; files say it themselves.
    fn check_exponent(&self, section: &Section<'_>) -> Result<(), ConfigError> {
        match section.find("exponent") {
            Some(entry) if self.is_from_files() && entry.layer == 0 => {
                Err(entry.refuse("this key only where the solids are made: files hold it"))
            }
            Some(entry) if self.recipe.potential.exponent != HARMONIC && self.is_attractive() => {
                Err(entry.refuse("2 where solid.B is not 0"))
            }
            _ => Ok(()),
        }
    }

    fn check_crystal(&self, section: &Section<'_>, entry: &Entry<'_>) -> Result<(), ConfigError> {
        let (dimension, recipe) = (self.dimension, &self.recipe);
        let (name, cell) = lattice(dimension);
        if entry.value.as_str() != Some(name) {
            let other = if dimension == 2 { 3 } else { 2 };
            return Err(entry.refuse(format!(
                "dimension = {other} with this lattice (dimension is {dimension})"
            )));
        }
        if recipe.size_ratio != 1.0 {
            return Err(section.refuse("size_ratio", recipe.size_ratio, "1 for a crystal"));
        }
        for (key, table) in [("k", &recipe.k), ("B", &recipe.depths)] {
            if table.uniform_value().is_none() {
                let table = table::canonical(table).0;
                return Err(section.refuse(key, table, "one number for a crystal"));
            }
        }
        if !recipe.particles.is_multiple_of(cell) {
            return Err(section.refuse(
                "particles",
                recipe.particles,
                format!("a multiple of {cell}, the particles of a {name} unit cell"),
            ));
        }
        Ok(())
    }

    /// The unit of energy: the largest k.
    pub fn energy_unit(&self) -> f64 {
        self.recipe.k.largest()
    }

    /// The text whose hash keys the random streams: the table in units of the largest k, so equal
    /// tables give equal solids, and so do tables that differ by the unit of energy alone. Polydispersity
    /// and defects are no part of it: one solid is followed as they grow.
    pub fn identity(&self) -> String {
        let unit = self.energy_unit();
        let scaled =
            |table: &SymmetricTable| SymmetricTable::from_fn(2, |s, t| table.get(s, t) / unit);
        let mut same = self.clone();
        same.recipe.k = scaled(&self.recipe.k);
        same.recipe.depths = scaled(&self.recipe.depths);
        same.recipe.disorder = None;
        if let Target::Pressure(pressure) = &mut same.recipe.target {
            *pressure /= unit;
        }
        let stage = self.stage.map(|stage| format!("stage = {stage}\n"));
        same.canonical() + &stage.unwrap_or_default()
    }

    /// The word of `structure`.
    fn structure(&self) -> &'static str {
        let structure = (!self.is_from_files()).then_some(self.recipe.structure);
        match structure {
            Some(Structure::Crystal) => lattice(self.dimension).0,
            other => STRUCTURES.iter().find(|(_, known)| *known == other).map_or("", |word| word.0),
        }
    }

    /// The table as canonical TOML, every key in a fixed order.
    pub fn canonical(&self) -> String {
        let recipe = &self.recipe;
        let names: Vec<&str> = self.files.iter().map(|file| file.name.as_str()).collect();
        let files = toml::Value::from(names).to_string();
        let (pressure, packing_fraction) = match recipe.target {
            _ if self.is_from_files() => (None, None),
            Target::Pressure(pressure) => (Some(pressure), None),
            Target::PackingFraction(fraction) => (None, Some(fraction)),
        };
        let crystal = recipe.structure == Structure::Crystal;
        let defects = recipe.disorder.filter(|_| crystal).map(|disorder| disorder.defects);
        let exponent = (!self.is_from_files()).then_some(recipe.potential.exponent);
        let (switch, cutoff) = match recipe.potential.tail {
            Tail::Switched { from, to } => (format!("{{ from = {from:?}, to = {to:?} }}"), None),
            Tail::Truncated { cutoff } => ("\"none\"".to_owned(), Some(cutoff)),
        };
        Lines::default()
            .add("dimension", self.dimension)
            .add("particles", recipe.particles)
            .add("structure", self.structure())
            .add_some("files", self.is_from_files().then_some(Raw(files)))
            .add("size_ratio", recipe.size_ratio)
            .add_some("polydispersity", recipe.disorder.map(|disorder| disorder.polydispersity))
            .add_some("defects", defects)
            .add_some("pressure", pressure)
            .add_some("packing_fraction", packing_fraction)
            .add_some("start_packing_fraction", recipe.start_packing_fraction)
            .add("k", table::canonical(&recipe.k))
            .add("B", table::canonical(&recipe.depths))
            .add_some("exponent", exponent.filter(|&exponent| exponent != HARMONIC))
            .add("a", recipe.potential.a)
            .add("switch", Raw(switch))
            .add_some("cutoff", cutoff)
            .add("pressure_tolerance", recipe.pressure_tolerance)
            .add("max_attempts", recipe.max_attempts)
            .text()
    }
}

fn read_files(
    section: &Section<'_>,
    structure: Option<Structure>,
) -> Result<Vec<SolidFile>, ConfigError> {
    const ALLOWED: &str = "a list of solid files, \"FILE\" or \"FILE:/group\", one per replica";
    match (section.find("files"), structure) {
        (Some(entry), None) => {
            let files = entry.all(ALLOWED, |entry| {
                let name = entry.string(ALLOWED)?.to_owned();
                Ok(SolidFile { address: entry.address(&name), name })
            })?;
            if files.is_empty() { Err(entry.refuse(ALLOWED)) } else { Ok(files) }
        }
        (None, None) => Err(section.missing("files", ALLOWED)),
        (Some(entry), _) if entry.layer == 0 => {
            Err(entry.refuse("this key only with structure = \"file\""))
        }
        _ => Ok(Vec::new()),
    }
}

/// The target: of two keys that exclude each other the nearer layer's counts. Solids from files
/// stay in their box, and the value means nothing.
fn read_target(
    section: &Section<'_>,
    structure: Option<Structure>,
    energy_unit: f64,
) -> Result<Target, ConfigError> {
    let mut pressure = section.find("pressure");
    let mut fraction = section.find("packing_fraction");
    if let (Some(first), Some(second)) = (&pressure, &fraction) {
        match first.layer.cmp(&second.layer) {
            Ordering::Less => fraction = None,
            Ordering::Equal => {
                return Err(second.refuse("only one of `pressure` and `packing_fraction`"));
            }
            Ordering::Greater => pressure = None,
        }
    }
    if structure.is_none() {
        return match pressure.or(fraction).filter(|entry| entry.layer == 0) {
            Some(entry) => {
                Err(entry
                    .refuse("no target with structure = \"file\": the files hold relaxed solids"))
            }
            None => Ok(Target::PackingFraction(1.0)),
        };
    }
    let (least, largest) = (MIN_PRESSURE * energy_unit, MAX_PRESSURE * energy_unit);
    match (pressure, fraction) {
        (Some(entry), _) => Ok(Target::Pressure(entry.f64(least..=largest)?)),
        (_, Some(entry)) => Ok(Target::PackingFraction(entry.f64(PACKING_FRACTION)?)),
        _ => Err(section.missing(
            "pressure",
            &format!(
                "a target pressure from {least:?} to {largest:?} ({MIN_PRESSURE:?} to {MAX_PRESSURE:?} of the largest k), or `packing_fraction`"
            ),
        )),
    }
}
