//! `[design]`: which features every solid is designed for, and how.

use std::ops::RangeInclusive;

use super::entry::Entry;
use super::error::ConfigError;
use super::features::FeaturesConfig;
use super::key::{Form, Key, keys, words as words_of};
use super::lines::Lines;
use super::parameters::Parameterisation;
use super::section::Section;
use super::solid::SolidConfig;
use super::sweep::read_parameters;
use crate::design::parameters::Norm;
use crate::design::search::Settings;
use crate::design::target::{TargetError, Wish};
use crate::design::terms::{NotFree, Terms, bounds, check_wishes, weight};
use crate::response::modes::most_modes;
use crate::solid::parameters::{ParameterKind, symbols};
use crate::system::words::Word;

keys! {
    /// one text for each design, as of `amorph design --target`: ["G=-5%", "K=+5%,G=-20%"] are two
    /// designs, called so in the results; default [] = none
    "targets": Form::Schema(TEXTS),
    /// features that no design may change, such as ["G", "volume"]
    "hold": Form::Schema(TEXTS),
    /// parameterisations over which solids are designed, by name; default all
    "parameters": Form::Schema(TEXTS),
    /// smallest and largest value of a kind of parameters, such as ["D=0.8:1.6"]
    "bounds": Form::Schema(TEXTS),
    /// what a kind of parameters counts in the norm, such as ["k=0.1"]; 1 where it is not named
    "weights": Form::Schema(TEXTS),
    /// norm of the change of the parameters that is kept small: |dtheta|, or |d ln theta|
    "norm": Form::Words(words_of::<Norm>),
    /// largest error of a target that counts as reached, relative to the target
    "tolerance": Form::Number(TOLERANCE),
    /// re-linearisations before a design ends
    "limit": Form::Integer(0..=MAX_LIMIT),
    /// whether a solid may rearrange on the way
    "rearrange": Form::Boolean,
    /// seed of the noise that is tried where no step leads nearer
    "seed": Form::Integer(0..=i64::MAX),
}

const TEXTS: &str = r#"{"type": "array", "items": {"type": "string"}}"#;

/// From rounding to one half.
const TOLERANCE: RangeInclusive<f64> = 1e-12..=0.5;
const MAX_LIMIT: i64 = 100_000;
/// Letters of the name of a design, which is that of a group: every component of C in 3d has room.
const MAX_NAME: usize = 1000;

/// What one design asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// The text without spaces: its name in the results.
    pub name: String,
    /// With the features that are held.
    pub wishes: Vec<Wish>,
}

/// The resolved `[design]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignConfig {
    /// The designs.
    pub designs: Vec<Wanted>,
    /// Names of the features that are held.
    pub hold: Vec<String>,
    /// Names of the parameterisations.
    pub parameters: Vec<String>,
    /// Smallest and largest value of the parameters of a kind.
    pub bounds: Vec<(ParameterKind, RangeInclusive<f64>)>,
    /// What a kind counts in the norm.
    pub weights: Vec<(ParameterKind, f64)>,
    pub norm: Norm,
    pub settings: Settings,
}

impl DesignConfig {
    /// The terms of a design.
    pub fn terms(&self, design: usize) -> Terms {
        Terms {
            wishes: self.designs[design].wishes.clone(),
            bounds: self.bounds.clone(),
            norm: self.norm,
            weights: self.weights.clone(),
            settings: self.settings,
        }
    }

    /// The names of the designs.
    pub fn names(&self) -> Vec<String> {
        self.designs.iter().map(|design| design.name.clone()).collect()
    }

    /// `solid`: none where it is wrong itself.
    pub(super) fn read(
        section: &Section<'_>,
        solid: Option<&SolidConfig>,
        features: &FeaturesConfig,
        parameterisations: &[Parameterisation],
    ) -> Self {
        let names: Vec<String> = parameterisations.iter().map(|theta| theta.name.clone()).collect();
        // What these keys refer to is known only where it is right.
        let right = section.is_right();
        let parameters = match right {
            true => {
                section.read("parameters", names.clone(), |entry| read_parameters(entry, names))
            }
            false => names,
        };
        let granted = |wishes: &[Wish], entry: &Entry<'_>| match solid {
            Some(solid) => check(wishes, solid, features).map_err(|reason| entry.wrong(reason)),
            None => Ok(()),
        };
        let hold = texts(section, "hold", |name, entry| {
            granted(&[Wish::hold(name)], entry).map(|()| name.to_owned())
        });
        let mut designs: Vec<Wanted> = Vec::new();
        for wanted in texts(section, "targets", |text, entry| {
            let name = name(text);
            if name.len() > MAX_NAME {
                return Err(entry.refuse(format!("at most {MAX_NAME} letters")));
            }
            let mut wishes = Wish::list(&name).map_err(|error| entry.wrong(error.to_string()))?;
            wishes.extend(hold.iter().map(|name| Wish::hold(name)));
            granted(&wishes, entry)?;
            Ok((Wanted { name, wishes }, entry.refuse("a list of different designs")))
        }) {
            let (wanted, twice) = wanted;
            match designs.iter().any(|other| other.name == wanted.name) {
                true => section.keep(Err(twice), ()),
                false => designs.push(wanted),
            }
        }
        let default = Settings::DEFAULT;
        let config = DesignConfig {
            designs,
            hold,
            parameters,
            bounds: texts(section, "bounds", |text, entry| {
                bounds(text).map_err(|reason| entry.wrong(reason))
            }),
            weights: texts(section, "weights", |text, entry| {
                weight(text).map_err(|reason| entry.wrong(reason))
            }),
            norm: section.word("norm", Norm::WORDS, Norm::Absolute),
            settings: Settings {
                tolerance: section.f64("tolerance", default.tolerance),
                relinearisations: section.integer("limit", default.relinearisations as i64)
                    as usize,
                rearrange: section.boolean("rearrange", default.rearrange),
                seed: section.integer("seed", default.seed as i64) as u64,
                ..default
            },
        };
        if let (true, false, Some(solid)) = (right, config.designs.is_empty(), solid) {
            let named = |theta: &&Parameterisation| config.parameters.contains(&theta.name);
            let mut thetas = parameterisations.iter().filter(named);
            let wrong = thetas.find_map(|theta| config.check_kinds(section, theta).err());
            section.keep(wrong.map_or(Ok(()), Err), ());
            section.keep(config.check_bounds(section, solid), ());
        }
        config
    }

    /// Whether a parameterisation holds every kind that has bounds or a weight.
    fn check_kinds(
        &self,
        section: &Section<'_>,
        theta: &Parameterisation,
    ) -> Result<(), ConfigError> {
        let kinds = theta.space.kinds();
        self.terms(0).check_kinds(kinds).map_err(|NotFree(kind)| {
            let bounded = self.bounds.iter().any(|(bounded, _)| *bounded == kind);
            let key = if bounded { "bounds" } else { "weights" };
            let allowed = format!("{}, the kinds of {}", symbols(kinds), theta.name);
            section.refuse(key, kind.word(), allowed)
        })
    }

    /// Whether the solids that are made lie within the bounds before they are designed.
    fn check_bounds(&self, section: &Section<'_>, solid: &SolidConfig) -> Result<(), ConfigError> {
        if solid.is_from_files() {
            return Ok(());
        }
        let recipe = &solid.recipe;
        let classes = [(0, 0), (0, 1), (1, 1)];
        for (kind, range) in &self.bounds {
            let values = match kind {
                ParameterKind::Diameter => vec![1.0, recipe.size_ratio],
                ParameterKind::Stiffness => classes.map(|(s, t)| recipe.k.get(s, t)).to_vec(),
                ParameterKind::Depth => classes.map(|(s, t)| recipe.depths.get(s, t)).to_vec(),
                ParameterKind::InverseRange => vec![recipe.potential.a],
            };
            if let Some(value) = values.iter().find(|value| !range.contains(value)) {
                let kind = kind.word();
                let allowed =
                    format!("bounds that hold {kind} = {value:?}, as the solids are made");
                return Err(section.refuse("bounds", canonical_range(kind, range), allowed));
            }
        }
        Ok(())
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        let range = |(kind, range): &(ParameterKind, _)| canonical_range(kind.word(), range);
        let weight = |(kind, weight): &(ParameterKind, f64)| format!("{}={weight:?}", kind.word());
        let settings = &self.settings;
        Lines::default()
            .add("targets", self.names())
            .add("hold", &self.hold)
            .add("parameters", &self.parameters)
            .add("bounds", self.bounds.iter().map(range).collect::<Vec<_>>())
            .add("weights", self.weights.iter().map(weight).collect::<Vec<_>>())
            .add("norm", self.norm.word())
            .add("tolerance", settings.tolerance)
            .add("limit", settings.relinearisations)
            .add("rearrange", settings.rearrange)
            .add("seed", settings.seed)
            .text()
    }
}

fn canonical_range(kind: &str, range: &RangeInclusive<f64>) -> String {
    let high = match range.end() {
        end if end.is_finite() => format!("{end:?}"),
        _ => String::new(),
    };
    format!("{kind}={:?}:{high}", range.start())
}

/// The text of a design as the name of a group, which is ASCII.
fn name(text: &str) -> String {
    text.split_whitespace().collect::<String>().replace('ν', "nu")
}

/// What is read of every text of a list; each that is wrong is an error of its own.
fn texts<'d, T>(
    section: &Section<'d>,
    key: &str,
    read: impl Fn(&str, &Entry<'d>) -> Result<T, ConfigError>,
) -> Vec<T> {
    const ALLOWED: &str = "a list of texts";
    let Some(entry) = section.find(key) else { return Vec::new() };
    let items = section.keep(entry.array(ALLOWED), Vec::new());
    let item = |item: &Entry<'d>| {
        let read = item.string(ALLOWED).and_then(|text| read(text, item));
        section.keep(read.map(Some), None)
    };
    items.iter().filter_map(item).collect()
}

/// Whether some solid of the scenario could grant these wishes.
fn check(wishes: &[Wish], solid: &SolidConfig, features: &FeaturesConfig) -> Result<(), String> {
    let modes = most_modes(solid.dimension, solid.recipe.particles);
    let pairs = features.drawn_pairs();
    let checked = match solid.dimension {
        2 => check_wishes::<2>(wishes, modes, pairs),
        _ => check_wishes::<3>(wishes, modes, pairs),
    };
    checked.map_err(|error| match error {
        TargetError::TooFewPairs { .. } => {
            format!("{error} (allowed: as many as features.allosteric draws for features.sets)")
        }
        error => error.to_string(),
    })
}
