//! `[parameters]`: with respect to what the features are differentiated.

use super::entry::Entry;
use super::error::ConfigError;
use super::key::{Form, Key, keys};
use super::lines::Lines;
use super::section::Section;
use super::solid::SolidConfig;
use crate::analysis::theta::Level;
use crate::response::labels;
use crate::solid::parameters::{ParameterKind, ParameterSpace, read_symbols, symbols};
use crate::system::words::Word;

keys! {
    /// kinds of parameters: non-empty, ordered combinations of D, k, B and a, such as "D" or "Dk"
    "kinds": Form::Schema(
        r#"{"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^D?k?B?a?$"}}"#
    ),
    /// numbers of species; each pair (kinds, n) is one parameterisation, named such as D_n40
    "species": Form::Schema(
        r#"{"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 1}}"#
    ),
    /// "species", or "particle" (every particle its own diameter)
    "level": Form::Words(|| LEVELS.map(Level::word).to_vec()),
}

const DEFAULT_SPECIES: [usize; 5] = [2, 5, 10, 20, 40];
const MAX_SPECIES: i64 = 100_000;
/// An ensemble has no level of bonds: these differ from solid to solid.
const LEVELS: [Level; 2] = [Level::Species, Level::Particle];

/// One θ: kinds of parameters for a number of species.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameterisation {
    /// The name in the file, such as `D_n40` or `D_particle`.
    pub name: String,
    /// What θ holds; at the particle level N species.
    pub space: ParameterSpace,
    /// Species or particles.
    pub level: Level,
}

impl Parameterisation {
    /// n_θ.
    pub fn parameters(&self) -> usize {
        self.space.len()
    }

    /// The labels of θ.
    pub fn labels(&self) -> Vec<String> {
        labels::parameters(self.space.kinds(), self.space.species())
    }
}

/// The resolved `[parameters]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersConfig {
    /// Kinds of parameters, each combination in the order of θ.
    pub kinds: Vec<Vec<ParameterKind>>,
    /// Numbers of species.
    pub species: Vec<usize>,
    /// What owns a parameter.
    pub level: Level,
}

impl ParametersConfig {
    /// Every θ, in the order kinds, then species.
    pub fn parameterisations(&self, particles: usize) -> Vec<Parameterisation> {
        let counts = match self.level {
            Level::Particle => std::slice::from_ref(&particles),
            _ => &self.species,
        };
        let theta = |kinds: &[ParameterKind], species: usize| Parameterisation {
            name: match self.level {
                Level::Particle => format!("{}_particle", symbols(kinds)),
                _ => format!("{}_n{species}", symbols(kinds)),
            },
            space: ParameterSpace::new(kinds, species),
            level: self.level,
        };
        let of_kinds = |kinds: &Vec<_>| counts.iter().map(|&n| theta(kinds, n)).collect::<Vec<_>>();
        self.kinds.iter().flat_map(of_kinds).collect()
    }

    pub(super) fn read(section: &Section<'_>, solid: &SolidConfig) -> Self {
        const SPECIES: &str = "a list of numbers of species, each once";
        let level =
            section.word("level", &LEVELS.map(|level| (level.word(), level)), Level::Species);
        let default = vec![vec![ParameterKind::Diameter]];
        let kinds = section.read("kinds", default, read_kinds);
        let species = section.read("species", DEFAULT_SPECIES.to_vec(), |entry| {
            entry.list(SPECIES, |item| Ok(item.integer(1..=MAX_SPECIES)? as usize))
        });
        if section.is_right() {
            section.keep(check_kinds(section, solid, level), ());
            if level == Level::Species && !solid.is_from_files() {
                section.keep(check_species(section, solid, &species), ());
            }
        }
        ParametersConfig { kinds, species, level }
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|kinds| symbols(kinds)).collect();
        Lines::default()
            .add("kinds", kinds)
            .add("species", &self.species)
            .add("level", self.level.word())
            .text()
    }
}

const KINDS: &str = "a list such as [\"D\", \"Dk\"]: D, k, B, a in this order, each once";

fn read_kinds(entry: &Entry<'_>) -> Result<Vec<Vec<ParameterKind>>, ConfigError> {
    entry.list(KINDS, |item| {
        let kinds = read_symbols(item.string(KINDS)?);
        let ordered = kinds.ok().filter(|kinds| kinds.is_sorted());
        ordered.ok_or_else(|| item.refuse(KINDS))
    })
}

/// Whether the solids have these parameters.
fn check_kinds(
    section: &Section<'_>,
    solid: &SolidConfig,
    level: Level,
) -> Result<(), ConfigError> {
    let Some(entry) = section.find("kinds") else { return Ok(()) };
    for item in entry.array(KINDS)? {
        let kinds = read_symbols(item.string(KINDS)?).unwrap_or_default();
        let any = |wanted: [ParameterKind; 2]| wanted.iter().any(|kind| kinds.contains(kind));
        let made = !solid.is_from_files();
        let of_attraction = any([ParameterKind::Depth, ParameterKind::InverseRange]);
        if of_attraction && made && !solid.is_attractive() {
            return Err(item.refuse("B and a only where solid.B is not 0"));
        }
        let without = solid.pair_without_attraction().filter(|_| made);
        if let (Some(pair), true) = (without, kinds.contains(&ParameterKind::Depth)) {
            return Err(item.refuse(format!(
                "B only where every pair attracts, but the pair {pair} has solid.B = 0"
            )));
        }
        if level == Level::Particle && any([ParameterKind::Stiffness, ParameterKind::Depth]) {
            return Err(item.refuse("D (or Da) at level = \"particle\": k and B belong to pairs"));
        }
    }
    Ok(())
}

/// Every species needs at least one particle of its class.
fn check_species(
    section: &Section<'_>,
    solid: &SolidConfig,
    all: &[usize],
) -> Result<(), ConfigError> {
    let (small, large) = solid.class_sizes();
    let allowed = |species: usize| {
        if large == 0 {
            (species > small).then(|| format!("at most {small} species, one per particle"))
        } else if species == 1 {
            Some("at least 2 species: 1 only where all particles are equal".to_owned())
        } else {
            (species / 2 > small || species.div_ceil(2) > large).then(|| {
                let most = 2 * large;
                format!(
                    "at most {most} species: there are {small} small and {large} large particles"
                )
            })
        }
    };
    match all.iter().find_map(|&species| Some((species, allowed(species)?))) {
        Some((species, allowed)) => Err(section.refuse("species", species, allowed)),
        None => Ok(()),
    }
}
