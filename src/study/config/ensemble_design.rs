//! `[ensemble_design]`: one θ for which the mean features of freshly prepared solids are what is asked
//! for. The study's scenario becomes several, one of each stage.

use std::ops::RangeInclusive;

use super::entry::Entry;
use super::error::ConfigError;
use super::key::{Form, Key, keys};
use super::lines::{Lines, Raw};
use super::section::Section;
use super::{Parameterisation, Scenario, Study};
use crate::analysis::theta::Level;
use crate::design::ensemble::plan::Plan;
use crate::design::feature::Feature;
use crate::design::target::Wish;
use crate::relax::prepare::Structure;
use crate::response::features::FeatureKind;
use crate::solid::interactions::Interactions;
use crate::solid::parameters::ParameterKind;

keys! {
    /// what the means shall become: "K=+5%" of what they are at the parameters of [solid], a change
    /// "K+=0.01" or a value "nu=0.2"; features as in `amorph design`, without volume
    "targets": Form::Schema(r#"{"type": "array", "minItems": 1, "items": {"type": "string"}}"#),
    /// features whose means must not change
    "hold": Form::Schema(r#"{"type": "array", "items": {"type": "string"}}"#),
    /// most rounds; each prepares study.replicas solids, as does the start
    "rounds": Form::Integer(1..=MAX_ROUNDS),
    /// solids of a verification over study.replicas
    "verification": Form::Integer(1..=MAX_VERIFICATION),
    /// standard deviations of ln D, ln k and ln B around the centre of a round
    "scatter": Form::Schema(
        r#"{"type": "object", "additionalProperties": false, "properties": {
            "D": {"type": "number"}, "k": {"type": "number"}, "B": {"type": "number"}}}"#
    ),
    /// smallest and largest value of D, k and B over that of [solid]
    "bounds": Form::Schema(
        r#"{"type": "object", "additionalProperties": false, "properties": {
            "D": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
            "k": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}},
            "B": {"type": "array", "minItems": 2, "maxItems": 2, "items": {"type": "number"}}}}"#
    ),
}

const MAX_ROUNDS: i64 = 500;
const MAX_VERIFICATION: i64 = 100;
const SCATTER: RangeInclusive<f64> = 1e-4..=1.0;
/// The kinds that can be designed, their scatter and their bounds. A pressure of 0.1 follows ln D about ten
/// times as strongly as ln k.
const KINDS: [(ParameterKind, f64, [f64; 2]); 3] = [
    (ParameterKind::Diameter, 0.01, [0.5, 2.0]),
    (ParameterKind::Stiffness, 0.25, [0.1, 10.0]),
    (ParameterKind::Depth, 0.25, [0.1, 10.0]),
];
/// A bound over what it bounds.
const SHARE: RangeInclusive<f64> = 1e-3..=1e3;

const TARGETS: &str = "a list of targets such as [\"pressure=+20%\", \"nu=0.2\"]";
const HOLD: &str = "a list of features such as [\"K\", \"G\"]";

/// The resolved `[ensemble_design]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct EnsembleDesign {
    /// Targets and held features, as the study says them.
    targets: Vec<String>,
    hold: Vec<String>,
    /// The same: what the means shall become.
    pub wishes: Vec<Wish>,
    /// The most rounds.
    pub rounds: usize,
    /// Solids of a verification over those of a stage.
    pub verification: usize,
    /// Standard deviations of ln D, ln k and ln B around the centre of a round.
    pub scatter: [f64; KINDS.len()],
    /// Bounds of D, k and B over θ₀.
    pub bounds: [[f64; 2]; KINDS.len()],
    /// The scenario that the study says.
    pub scenario: Box<Scenario>,
}

impl EnsembleDesign {
    /// θ.
    pub fn theta(&self) -> Parameterisation {
        let mut all = self.scenario.parameters.parameterisations(self.particles());
        all.remove(0)
    }

    fn particles(&self) -> usize {
        self.scenario.solid.recipe.particles
    }

    /// The labels of the targets.
    pub fn labels(&self) -> Vec<String> {
        let label = |wish: &Wish| feature(self.scenario.solid.dimension, &wish.name);
        self.wishes.iter().filter_map(|wish| label(wish).ok()).map(|(_, label)| label).collect()
    }

    /// θ₀, shape (n_θ,).
    pub fn start(&self) -> Vec<f64> {
        let (space, recipe) = (self.theta().space, &self.scenario.solid.recipe);
        let origin = self.origin(space.species());
        let diameter = |&class: &usize| if class == 0 { 1.0 } else { recipe.size_ratio };
        let interactions = Interactions {
            diameters: origin.iter().map(diameter).collect(),
            k: recipe.k.resplit(&origin),
            depths: recipe.depths.resplit(&origin),
            potential: recipe.potential,
        };
        space.values(&interactions)
    }

    /// The size, small (0) or large (1), of every species.
    fn origin(&self, species: usize) -> Vec<usize> {
        match self.scenario.solid.class_sizes() {
            (_, 0) => vec![0; species],
            _ => (0..species).map(|s| usize::from(s >= species / 2)).collect(),
        }
    }

    /// What one unit of the search is in ln θ, shape (n_θ,).
    pub fn scales(&self) -> Vec<f64> {
        let space = self.theta().space;
        (0..space.len())
            .filter_map(|q| space.kind_of(q))
            .map(|kind| self.scatter[place_of(kind)])
            .collect()
    }

    /// Smallest and largest value of every parameter over θ₀, shape (n_θ,).
    pub(super) fn bounds_of(&self) -> Vec<[f64; 2]> {
        let space = self.theta().space;
        (0..space.len())
            .filter_map(|q| space.kind_of(q))
            .map(|kind| self.bounds[place_of(kind)])
            .collect()
    }

    /// The kinds of features that are stored.
    pub(super) fn kinds(&self) -> Vec<FeatureKind> {
        let mut kinds = vec![FeatureKind::Stress, FeatureKind::Elastic, FeatureKind::Derived];
        let dimension = self.scenario.solid.dimension;
        let wished = self.wishes.iter().filter_map(|wish| feature(dimension, &wish.name).ok());
        kinds.extend(wished.filter_map(|(feature, _)| feature.kind()));
        kinds.sort();
        kinds.dedup();
        kinds
    }

    pub(super) fn read(section: &Section<'_>, study: &Study) -> Self {
        section.need("targets", TARGETS);
        let scenario = study.scenarios[0].clone();
        let dimension = scenario.solid.dimension;
        let read = |entry: &Entry<'_>| -> Result<_, ConfigError> {
            let text = entry.string(TARGETS)?;
            let wrong = |error: &dyn std::fmt::Display| entry.refuse(error.to_string());
            let wishes = Wish::list(text).map_err(|error| wrong(&error))?;
            let [wish] = &wishes[..] else { return Err(entry.refuse("one target in each text")) };
            check_wish(entry, wish, &scenario)?;
            Ok((text.to_owned(), wish.clone()))
        };
        let targets = section.read("targets", Vec::new(), |entry| entry.list(TARGETS, read));
        let held = |entry: &Entry<'_>| {
            let name = entry.string(HOLD)?;
            check_wish(entry, &Wish::hold(name), &scenario)?;
            Ok((name.to_owned(), Wish::hold(name)))
        };
        let hold = section.read("hold", Vec::new(), |entry| entry.all(HOLD, held));
        let (targets, mut wishes): (Vec<_>, Vec<_>) = targets.into_iter().unzip();
        let (hold, more): (Vec<_>, Vec<_>) = hold.into_iter().unzip();
        wishes.extend(more);
        let bounds = section.read("bounds", KINDS.map(|(_, _, bounds)| bounds), read_bounds);
        let design = EnsembleDesign {
            targets,
            hold,
            wishes,
            rounds: section.integer("rounds", 20) as usize,
            verification: section.integer("verification", 2) as usize,
            scatter: section.read("scatter", KINDS.map(|(_, scatter, _)| scatter), read_scatter),
            bounds,
            scenario: Box::new(scenario),
        };
        if section.is_right() {
            section.keep(check_twice(section, &design, dimension), ());
            section.keep(check_study(section, &design, study), ());
        }
        design
    }

    /// The table as canonical TOML.
    pub(super) fn canonical(&self) -> String {
        Lines::default()
            .add("targets", Raw(toml::Value::from(self.targets.clone()).to_string()))
            .add("hold", Raw(toml::Value::from(self.hold.clone()).to_string()))
            .add("rounds", self.rounds)
            .add("verification", self.verification)
            .add("scatter", Raw(of_kinds(self.scatter)))
            .add("bounds", Raw(of_kinds(self.bounds)))
            .text()
    }
}

/// The place of a kind that can be designed.
fn place_of(kind: ParameterKind) -> usize {
    KINDS.iter().position(|(known, ..)| *known == kind).unwrap_or(0)
}

/// A feature by its name, with its label.
fn feature(dimension: usize, name: &str) -> Result<(Feature, String), String> {
    let found = Feature::from_name(dimension, name).map_err(|unknown| unknown.to_string())?;
    let label = found.label(dimension);
    Ok((found, label))
}

fn check_wish(entry: &Entry<'_>, wish: &Wish, scenario: &Scenario) -> Result<(), ConfigError> {
    use crate::design::target::Wanted;
    let found = feature(scenario.solid.dimension, &wish.name);
    let (feature, _) = found.map_err(|error| entry.refuse(error))?;
    let (Wanted::Value(x) | Wanted::Share(x) | Wanted::Change(x)) = wish.wanted;
    if !x.is_finite() {
        return Err(entry.refuse("a finite number"));
    }
    if feature == Feature::Volume {
        return Err(entry.refuse("a feature that differs from solid to solid, not volume"));
    }
    let modes = scenario.features.modes;
    if feature.needs(FeatureKind::Modes) > modes {
        return Err(entry.refuse(format!("one of the features.modes = {modes} modes")));
    }
    let pairs = scenario.features.pairs();
    if feature.needs(FeatureKind::Allosteric) > pairs {
        return Err(entry.refuse(format!("one of the {pairs} pairs of features.allosteric")));
    }
    Ok(())
}

/// Every feature once.
fn check_twice(
    section: &Section<'_>,
    design: &EnsembleDesign,
    dimension: usize,
) -> Result<(), ConfigError> {
    let mut known = Vec::new();
    for (index, wish) in design.wishes.iter().enumerate() {
        let Ok((feature, label)) = feature(dimension, &wish.name) else { continue };
        if known.contains(&feature) {
            let key = if index < design.targets.len() { "targets" } else { "hold" };
            return Err(section.refuse(key, label, "every feature once"));
        }
        known.push(feature);
    }
    Ok(())
}

/// Whether this study can be designed.
fn check_study(
    section: &Section<'_>,
    design: &EnsembleDesign,
    study: &Study,
) -> Result<(), ConfigError> {
    let of_solid = &design.scenario.solid;
    let parameters = &design.scenario.parameters;
    let refuse = |key: &str, value: String, allowed: &str| {
        let allowed = format!("{allowed} with [ensemble_design]");
        Err(section.refuse_elsewhere(key, value, allowed))
    };
    if of_solid.is_from_files() || of_solid.recipe.structure != Structure::Disordered {
        let text = "\"disordered\", solids that are prepared from random positions,";
        return refuse("solid.structure", "another one".to_owned(), text);
    }
    if of_solid.recipe.disorder.is_some() {
        return refuse(
            "solid.polydispersity",
            "there".to_owned(),
            "without it: one box for all solids",
        );
    }
    if !design.scenario.designed().is_empty() {
        return refuse("design.targets", "there".to_owned(), "a study of its own, not one");
    }
    if parameters.kinds.len() != 1 || parameters.species.len() != 1 {
        let text =
            "one of kinds and one number of species, such as kinds = [\"Dk\"], species = [4],";
        let value =
            format!("{} of kinds, {} of species", parameters.kinds.len(), parameters.species.len());
        return refuse("parameters", value, text);
    }
    if parameters.level != Level::Species {
        return refuse("parameters.level", "\"particle\"".to_owned(), "\"species\"");
    }
    if parameters.kinds[0].iter().any(|kind| KINDS.iter().all(|(known, ..)| known != kind)) {
        return refuse("parameters.kinds", "a".to_owned(), "D, k and B");
    }
    if study.first_replica != 0 {
        return refuse("study.first_replica", study.first_replica.to_string(), "0");
    }
    let least = Plan::least_solids(design.theta().parameters());
    if (study.replicas as usize) < least {
        let allowed =
            format!("at least {least} solids for {} parameters", design.theta().parameters());
        return refuse("study.replicas", study.replicas.to_string(), &allowed);
    }
    Ok(())
}

/// One value for each kind, as TOML.
fn of_kinds<T: std::fmt::Debug>([d, k, b]: [T; KINDS.len()]) -> String {
    format!("{{ D = {d:?}, k = {k:?}, B = {b:?} }}")
}

fn read_scatter(entry: &Entry<'_>) -> Result<[f64; KINDS.len()], ConfigError> {
    const ALLOWED: &str = "{ D = number, k = number, B = number }, of the logarithms";
    let found = entry.members(["D", "k", "B"], ALLOWED)?;
    let mut scatter = KINDS.map(|(_, scatter, _)| scatter);
    for (value, entry) in scatter.iter_mut().zip(found) {
        if let Some(entry) = entry {
            *value = entry.f64(SCATTER)?;
        }
    }
    Ok(scatter)
}

fn read_bounds(entry: &Entry<'_>) -> Result<[[f64; 2]; KINDS.len()], ConfigError> {
    const ALLOWED: &str =
        "{ D = [low, high], k = [low, high], B = [low, high] }, over what they are";
    let found = entry.members(["D", "k", "B"], ALLOWED)?;
    let mut bounds = KINDS.map(|(_, _, bounds)| bounds);
    for (range, entry) in bounds.iter_mut().zip(found) {
        let Some(entry) = entry else { continue };
        let ends = entry.all(ALLOWED, |end| end.f64(SHARE))?;
        match ends[..] {
            [low, high] if low <= 1.0 && 1.0 <= high && low < high => *range = [low, high],
            _ => return Err(entry.refuse("[low, high] with low <= 1 <= high, not both 1")),
        }
    }
    Ok(bounds)
}
