//! `[solid]`: what the solids of a scenario are and how they are prepared.

use std::fmt::Write as _;

use crate::solid::potential::Tail;

use super::document::{Key, Section};
use super::error::ConfigError;
use super::table::Table;

/// The keys of `[solid]`.
pub const KEYS: &[Key] = &[
    Key { name: "dimension", doc: "2 or 3" },
    Key { name: "particles", doc: "number of particles N" },
    Key {
        name: "structure",
        doc: "\"disordered\", \"triangular\" (2d), \"fcc\" (3d), \"network\" or \"file\"",
    },
    Key {
        name: "files",
        doc: "structure = \"file\" only: solid files FILE[:/group], one per replica",
    },
    Key {
        name: "size_ratio",
        doc: "diameter of large over small particles; small = 1 is the unit of length",
    },
    Key { name: "pressure", doc: "target pressure [k / length^d]; this or packing_fraction" },
    Key { name: "packing_fraction", doc: "target packing fraction; this or pressure" },
    Key {
        name: "start_packing_fraction",
        doc: "packing fraction of the first quench; default: from the pressure",
    },
    Key { name: "k", doc: "repulsion [energy]: a number, or a symmetric 2x2 table of small/large" },
    Key {
        name: "B",
        doc: "attraction [energy]: a number, or a symmetric 2x2 table of small/large; 0 = soft spheres",
    },
    Key { name: "a", doc: "inverse range of the attraction [1/length]" },
    Key {
        name: "switch",
        doc: "switching off of the attraction from sigma + from/a to sigma + to/a, or \"none\" with `cutoff`",
    },
    Key { name: "cutoff", doc: "with switch = \"none\": the attraction ends at sigma + cutoff/a" },
    Key { name: "pressure_tolerance", doc: "largest accepted |p/p_target - 1|" },
    Key { name: "max_attempts", doc: "random starts before a replica is recorded as failed" },
];

const MAX_PARTICLES: i64 = 1_000_000;
const MAX_SIZE_RATIO: f64 = 10.0;
/// Harmonic spheres beyond this pressure [largest k/length^d] overlap almost completely.
const MAX_PRESSURE: f64 = 1.0;
/// Below this the overlaps approach rounding [largest k/length^d].
const MIN_PRESSURE: f64 = 1e-7;
const PACKING_FRACTION: std::ops::RangeInclusive<f64> = 0.1..=2.0;
const ENERGY_SCALE: std::ops::RangeInclusive<f64> = 1e-3..=1e3;
/// B in units of the largest k.
const DEPTH: std::ops::RangeInclusive<f64> = 0.0..=1e3;
const INVERSE_RANGE: std::ops::RangeInclusive<f64> = 1.0..=1e3;
/// Ends of the switch in units of 1/a.
pub const SWITCH: std::ops::RangeInclusive<f64> = 0.1..=50.0;
const PRESSURE_TOLERANCE: std::ops::RangeInclusive<f64> = 1e-12..=1e-2;
const MAX_ATTEMPTS: i64 = 1000;

/// How the particles are arranged before relaxation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Structure {
    /// Random start.
    Disordered,
    /// Triangular lattice (2d).
    Triangular,
    /// Face-centred cubic lattice (3d).
    Fcc,
    /// The unstressed spring network of a relaxed packing's contacts.
    Network,
    /// Solids from files.
    File,
}

const STRUCTURES: [(&str, Structure); 5] = [
    ("disordered", Structure::Disordered),
    ("triangular", Structure::Triangular),
    ("fcc", Structure::Fcc),
    ("network", Structure::Network),
    ("file", Structure::File),
];

/// What the preparation aims at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Pressure [energy / length^d].
    Pressure(f64),
    /// Packing fraction, box fixed.
    PackingFraction(f64),
}

/// The resolved `[solid]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct SolidConfig {
    /// Dimension d, 2 or 3.
    pub dimension: usize,
    /// Number of particles N.
    pub particles: usize,
    /// Arrangement before relaxation.
    pub structure: Structure,
    /// Solid files, only for [`Structure::File`].
    pub files: Vec<String>,
    /// Diameter of the large particles; the small ones are 1. Crystals: 1.
    pub size_ratio: f64,
    /// Target of the preparation; none for [`Structure::File`].
    pub target: Option<Target>,
    /// Packing fraction of the first quench.
    pub start_packing_fraction: Option<f64>,
    /// Repulsion k [energy].
    pub k: Table,
    /// Attraction B [energy].
    pub b: Table,
    /// Inverse range of the attraction a [1/length].
    pub a: f64,
    /// End of the attraction's tail.
    pub tail: Tail,
    /// Largest accepted |p/p_target − 1|.
    pub pressure_tolerance: f64,
    /// Random starts before a replica counts as failed.
    pub max_attempts: u32,
}

impl SolidConfig {
    /// Whether particles attract each other (some B ≠ 0).
    pub fn is_attractive(&self) -> bool {
        self.b.max() > 0.0
    }

    /// Whether the structure is a crystal.
    pub fn is_crystal(&self) -> bool {
        matches!(self.structure, Structure::Triangular | Structure::Fcc)
    }

    /// Whether all particles are equal before any parameterisation.
    pub fn is_monodisperse(&self) -> bool {
        self.is_crystal() || (self.size_ratio == 1.0 && self.k.is_uniform() && self.b.is_uniform())
    }

    /// Number of small and of large particles; N odd: one more small one. Monodisperse: all
    /// small.
    pub fn class_sizes(&self) -> (usize, usize) {
        if self.is_monodisperse() {
            (self.particles, 0)
        } else {
            (self.particles - self.particles / 2, self.particles / 2)
        }
    }

    pub(super) fn read(section: &Section<'_, '_>) -> Result<Self, ConfigError> {
        let dimension = section.require("dimension", "2 or 3")?.integer(2..=3)? as usize;
        let structure = section.word("structure", &STRUCTURES, Structure::Disordered)?;
        let particles = section
            .require("particles", "the number of particles of a solid")?
            .integer(2..=MAX_PARTICLES)? as usize;
        let crystal = matches!(structure, Structure::Triangular | Structure::Fcc);
        let size_ratio = match section.find("size_ratio") {
            Some(entry) => entry.f64(1.0..=MAX_SIZE_RATIO)?,
            None if crystal => 1.0,
            None => 1.4,
        };
        let k = Table::read(section, "k", ENERGY_SCALE, 1.0)?;
        let solid = SolidConfig {
            dimension,
            particles,
            structure,
            files: read_files(section, structure)?,
            size_ratio,
            target: read_target(section, structure, k.max())?,
            start_packing_fraction: section
                .find("start_packing_fraction")
                .map(|entry| entry.f64(PACKING_FRACTION))
                .transpose()?,
            b: Table::read(section, "B", 0.0..=*DEPTH.end() * k.max(), 0.0)?,
            k,
            a: section.f64("a", INVERSE_RANGE, 50.0)?,
            tail: read_tail(section)?,
            pressure_tolerance: section.f64("pressure_tolerance", PRESSURE_TOLERANCE, 1e-6)?,
            max_attempts: section.integer("max_attempts", 1..=MAX_ATTEMPTS, 10)? as u32,
        };
        solid.check_structure(section)?;
        Ok(solid)
    }

    fn check_structure(&self, section: &Section<'_, '_>) -> Result<(), ConfigError> {
        let (lattice, dimension, cell) = match self.structure {
            Structure::Triangular => ("triangular", 2, 2),
            Structure::Fcc => ("fcc", 3, 4),
            _ => return Ok(()),
        };
        if self.dimension != dimension {
            return Err(section.refuse(
                "structure",
                format!("\"{lattice}\""),
                format!(
                    "dimension = {dimension} with this lattice (dimension is {})",
                    self.dimension
                ),
            ));
        }
        if self.size_ratio != 1.0 {
            return Err(section.refuse("size_ratio", self.size_ratio, "1 for a crystal"));
        }
        for (key, table) in [("k", &self.k), ("B", &self.b)] {
            if !table.is_uniform() {
                return Err(section.refuse(key, table.canonical(), "one number for a crystal"));
            }
        }
        if !self.particles.is_multiple_of(cell) {
            return Err(section.refuse(
                "particles",
                self.particles,
                format!("a multiple of {cell}, the particles of a {lattice} unit cell"),
            ));
        }
        Ok(())
    }

    /// The unit of energy: the largest k.
    pub fn energy_unit(&self) -> f64 {
        self.k.max()
    }

    /// The text whose hash keys the random streams: the table in units of the largest k, so equal
    /// tables give equal solids, and so do tables that differ by the unit of energy alone.
    pub fn identity(&self) -> String {
        let unit = self.energy_unit();
        let target = self.target.map(|target| match target {
            Target::Pressure(pressure) => Target::Pressure(pressure / unit),
            fraction => fraction,
        });
        let (k, b) = (self.k.in_units_of(unit), self.b.in_units_of(unit));
        SolidConfig { k, b, target, ..self.clone() }.canonical()
    }

    /// The table as canonical TOML, every key in a fixed order.
    pub fn canonical(&self) -> String {
        let mut text = String::new();
        let mut line = |key: &str, value: String| {
            let _ = writeln!(text, "{key} = {value}");
        };
        line("dimension", self.dimension.to_string());
        line("particles", self.particles.to_string());
        let structure = STRUCTURES.iter().find(|(_, value)| *value == self.structure);
        line("structure", format!("{:?}", structure.map_or("", |(name, _)| name)));
        if self.structure == Structure::File {
            line("files", super::string_array(&self.files));
        }
        line("size_ratio", format!("{:?}", self.size_ratio));
        match self.target {
            Some(Target::Pressure(value)) => line("pressure", format!("{value:?}")),
            Some(Target::PackingFraction(value)) => line("packing_fraction", format!("{value:?}")),
            None => {}
        }
        if let Some(value) = self.start_packing_fraction {
            line("start_packing_fraction", format!("{value:?}"));
        }
        line("k", self.k.canonical());
        line("B", self.b.canonical());
        line("a", format!("{:?}", self.a));
        match self.tail {
            Tail::Switched { from, to } => {
                line("switch", format!("{{ from = {from:?}, to = {to:?} }}"));
            }
            Tail::Truncated { cutoff } => {
                line("switch", "\"none\"".to_owned());
                line("cutoff", format!("{cutoff:?}"));
            }
        }
        line("pressure_tolerance", format!("{:?}", self.pressure_tolerance));
        line("max_attempts", self.max_attempts.to_string());
        text
    }
}

fn read_files(section: &Section<'_, '_>, structure: Structure) -> Result<Vec<String>, ConfigError> {
    let allowed = "a list of solid files, \"FILE\" or \"FILE:/group\", one per replica";
    match (section.find("files"), structure) {
        (Some(entry), Structure::File) => {
            let files: Result<Vec<String>, ConfigError> = entry
                .array(allowed)?
                .iter()
                .map(|item| item.string(allowed).map(str::to_owned))
                .collect();
            let files = files?;
            if files.is_empty() { Err(entry.refuse(allowed)) } else { Ok(files) }
        }
        (None, Structure::File) => Err(section.missing("files", allowed)),
        (Some(entry), _) if entry.layer == 0 => {
            Err(entry.refuse("this key only with structure = \"file\""))
        }
        _ => Ok(Vec::new()),
    }
}

fn read_target(
    section: &Section<'_, '_>,
    structure: Structure,
    energy_unit: f64,
) -> Result<Option<Target>, ConfigError> {
    let found = section.either("pressure", "packing_fraction")?;
    if structure == Structure::File {
        return match found {
            Some((_, entry)) if entry.layer == 0 => {
                Err(entry
                    .refuse("no target with structure = \"file\": the files hold relaxed solids"))
            }
            _ => Ok(None),
        };
    }
    let (least, largest) = (MIN_PRESSURE * energy_unit, MAX_PRESSURE * energy_unit);
    match found {
        Some(("pressure", entry)) => {
            Ok(Some(Target::Pressure(entry.f64(least..=largest)?)))
        }
        Some((_, entry)) => Ok(Some(Target::PackingFraction(entry.f64(PACKING_FRACTION)?))),
        None => Err(section.missing(
            "pressure",
            &format!(
                "a target pressure from {least:?} to {largest:?} ({MIN_PRESSURE:?} to {MAX_PRESSURE:?} of the largest k), or `packing_fraction`"
            ),
        )),
    }
}

fn read_tail(section: &Section<'_, '_>) -> Result<Tail, ConfigError> {
    const ALLOWED: &str = "{ from = 5.0, to = 9.9 } with from < to, or \"none\"";
    let cutoff = section.find("cutoff");
    let Some(entry) = section.find("switch") else {
        return match cutoff {
            Some(cutoff) => Err(cutoff.refuse("this key only with switch = \"none\"")),
            None => Ok(Tail::DEFAULT),
        };
    };
    if entry.value().as_str() == Some("none") {
        let cutoff = section.require(
            "cutoff",
            "with switch = \"none\": the end of the attraction in units of 1/a",
        )?;
        return Ok(Tail::Truncated { cutoff: cutoff.f64(SWITCH)? });
    }
    if let Some(cutoff) = cutoff.filter(|cutoff| cutoff.layer <= entry.layer) {
        return Err(cutoff.refuse("this key only with switch = \"none\""));
    }
    let from = entry.member("from", &["from", "to"], ALLOWED)?.f64(SWITCH)?;
    let to = entry.member("to", &["from", "to"], ALLOWED)?.f64(SWITCH)?;
    if from >= to {
        return Err(entry.refuse(ALLOWED));
    }
    Ok(Tail::Switched { from, to })
}
