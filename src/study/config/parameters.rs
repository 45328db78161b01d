//! `[parameters]`: with respect to what the features are differentiated.

use super::document::{Entry, Key, Section};
use super::error::ConfigError;
use super::solid::{SolidConfig, Structure};
pub use crate::analysis::theta::Level;
use crate::response::labels;
use crate::solid::parameters::ParameterKind;

/// The keys of `[parameters]`.
pub const KEYS: &[Key] = &[
    Key {
        name: "kinds",
        doc: "kinds of parameters: non-empty, ordered combinations of D, k, B and a, such as \"D\" or \"Dk\"",
    },
    Key {
        name: "species",
        doc: "numbers of species; each pair (kinds, n) is one parameterisation, named such as D_n40",
    },
    Key { name: "level", doc: "\"species\", or \"particle\" (every particle its own diameter)" },
];

/// The order of the letters.
const LETTERS: &str = "DkBa";
const DEFAULT_SPECIES: [usize; 5] = [2, 5, 10, 20, 40];

/// Which kinds of parameters θ holds, in the order D, k, B, a.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Diameters D.
    pub diameters: bool,
    /// Repulsions k.
    pub repulsions: bool,
    /// Attractions B.
    pub attractions: bool,
    /// The inverse range a.
    pub inverse_range: bool,
}

impl Kinds {
    /// The kinds that `text` names, where it is a non-empty subset of D, k, B, a in this order.
    pub fn parse(text: &str) -> Option<Kinds> {
        let positions: Option<Vec<usize>> = text.chars().map(|c| LETTERS.find(c)).collect();
        let positions = positions?;
        let ordered = positions.windows(2).all(|pair| pair[0] < pair[1]);
        (ordered && !positions.is_empty()).then(|| Kinds {
            diameters: positions.contains(&0),
            repulsions: positions.contains(&1),
            attractions: positions.contains(&2),
            inverse_range: positions.contains(&3),
        })
    }

    /// The name, such as "Dk".
    pub fn name(&self) -> String {
        let flags = [self.diameters, self.repulsions, self.attractions, self.inverse_range];
        LETTERS.chars().zip(flags).filter(|(_, flag)| *flag).map(|(letter, _)| letter).collect()
    }

    /// The kinds, in the order of θ.
    pub fn list(&self) -> Vec<ParameterKind> {
        let wanted = [self.diameters, self.repulsions, self.attractions, self.inverse_range];
        ParameterKind::ALL.into_iter().zip(wanted).filter_map(|(k, w)| w.then_some(k)).collect()
    }
}

/// One θ: kinds of parameters for a number of species.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameterisation {
    /// The name in the file, such as `D_n40` or `D_particle`.
    pub name: String,
    /// What θ holds.
    pub kinds: Kinds,
    /// Number of species; N at the particle level.
    pub species: usize,
    /// Species or particles.
    pub level: Level,
}

impl Parameterisation {
    /// The labels of θ; their number is n_θ.
    pub fn labels(&self) -> Vec<String> {
        labels::parameters(&self.kinds.list(), self.species)
    }

    /// n_θ.
    pub fn parameters(&self) -> usize {
        self.kinds.list().iter().map(|kind| kind.count(self.species)).sum()
    }
}

/// The resolved `[parameters]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParametersConfig {
    /// Kinds of parameters.
    pub kinds: Vec<Kinds>,
    /// Numbers of species.
    pub species: Vec<usize>,
    /// What owns a parameter.
    pub level: Level,
}

impl ParametersConfig {
    /// Every θ, in the order kinds, then species.
    pub fn parameterisations(&self, particles: usize) -> Vec<Parameterisation> {
        let mut all = Vec::new();
        for kinds in &self.kinds {
            match self.level {
                Level::Particle => all.push(Parameterisation {
                    name: format!("{}_particle", kinds.name()),
                    kinds: *kinds,
                    species: particles,
                    level: Level::Particle,
                }),
                _ => all.extend(self.species.iter().map(|species| Parameterisation {
                    name: format!("{}_n{species}", kinds.name()),
                    kinds: *kinds,
                    species: *species,
                    level: Level::Species,
                })),
            }
        }
        all
    }

    pub(super) fn read(
        section: &Section<'_, '_>,
        solid: &SolidConfig,
    ) -> Result<Self, ConfigError> {
        let level = section.word(
            "level",
            &[Level::Species, Level::Particle].map(|level| (level.name(), level)),
            Level::Species,
        )?;
        let kinds = match section.find("kinds") {
            None => vec![Kinds { diameters: true, ..Kinds::default() }],
            Some(entry) => read_kinds(&entry, solid, level)?,
        };
        let species = match section.find("species") {
            None => DEFAULT_SPECIES.to_vec(),
            Some(entry) => read_species(&entry)?,
        };
        if level == Level::Species {
            check_species(section, solid, &species)?;
        }
        Ok(ParametersConfig { kinds, species, level })
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(Kinds::name).collect();
        format!(
            "kinds = {}\nspecies = {:?}\nlevel = {:?}\n",
            super::string_array(&kinds),
            self.species,
            self.level.name()
        )
    }
}

fn read_kinds(
    entry: &Entry<'_, '_>,
    solid: &SolidConfig,
    level: Level,
) -> Result<Vec<Kinds>, ConfigError> {
    const ALLOWED: &str = "a list such as [\"D\", \"Dk\"]: D, k, B, a in this order, each once";
    let mut all = Vec::new();
    for item in entry.array(ALLOWED)? {
        let kinds = Kinds::parse(item.string(ALLOWED)?).ok_or_else(|| item.refuse(ALLOWED))?;
        if all.contains(&kinds) {
            return Err(item.refuse(ALLOWED));
        }
        let attractive = solid.structure == Structure::File || solid.is_attractive();
        if (kinds.attractions || kinds.inverse_range) && !attractive {
            return Err(item.refuse("B and a only where solid.B is not 0"));
        }
        if kinds.attractions && solid.structure != Structure::File && solid.b.min() == 0.0 {
            return Err(item.refuse(format!(
                "B only where every pair attracts, but the pair {} has solid.B = 0",
                solid.b.zero_pair()
            )));
        }
        if level == Level::Particle && (kinds.repulsions || kinds.attractions) {
            return Err(item.refuse("D (or Da) at level = \"particle\": k and B belong to pairs"));
        }
        all.push(kinds);
    }
    if all.is_empty() { Err(entry.refuse(ALLOWED)) } else { Ok(all) }
}

fn read_species(entry: &Entry<'_, '_>) -> Result<Vec<usize>, ConfigError> {
    const ALLOWED: &str = "a list of numbers of species, each once";
    const MOST: i64 = 100_000;
    let mut all = Vec::new();
    for item in entry.array(ALLOWED)? {
        let species = item.integer(1..=MOST)? as usize;
        if all.contains(&species) {
            return Err(item.refuse(ALLOWED));
        }
        all.push(species);
    }
    if all.is_empty() { Err(entry.refuse(ALLOWED)) } else { Ok(all) }
}

/// Every species needs at least one particle of its class.
fn check_species(
    section: &Section<'_, '_>,
    solid: &SolidConfig,
    all: &[usize],
) -> Result<(), ConfigError> {
    if solid.structure == Structure::File {
        return Ok(());
    }
    let (small, large) = solid.class_sizes();
    for &species in all {
        let allowed = if large == 0 {
            (species > small).then(|| format!("at most {small} species, one per particle"))
        } else if species == 1 {
            Some("at least 2 species: 1 only where all particles are equal".to_owned())
        } else {
            (species / 2 > small || species.div_ceil(2) > large).then(|| {
                format!(
                    "at most {} species: there are {small} small and {large} large particles",
                    2 * large
                )
            })
        };
        if let Some(allowed) = allowed {
            return Err(section.refuse("species", species, allowed));
        }
    }
    Ok(())
}
