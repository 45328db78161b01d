//! `amorph design`: one solid with the features that are asked for.

mod error;
mod output;

use std::path::PathBuf;

pub use error::DesignError;
pub use output::{FORMAT, PATH};

use super::measure::{self, AnySolid, Source};
use crate::analysis::theta::Level;
use crate::design::outcome::Outcome;
use crate::design::parameters::Parameters;
use crate::design::run::{Design, design};
use crate::design::target::Need;
use crate::design::terms::{NotFree, Terms};
use crate::format::measurement;
use crate::relax::forces::Forces;
use crate::relax::newton::relax;
use crate::solid::Solid;
use crate::solid::assignment::Assignment;
use crate::solid::parameters::{ParameterKind, ParameterSpace, symbols};

/// What is designed, and how.
#[derive(Clone, Debug)]
pub struct Options {
    pub source: Source,
    pub output: PathBuf,
    pub kinds: Vec<ParameterKind>,
    pub level: Level,
    pub terms: Terms,
}

/// What came out, for a table.
#[derive(Clone, Debug)]
pub struct Summary {
    pub name: String,
    pub outcome: Outcome,
    pub parameters: usize,
    /// Targets: label, before, wanted, after.
    pub targets: Vec<(String, f64, f64, f64)>,
    /// The features after a relaxation from where the solid was before, where there is one.
    pub fresh: Option<Vec<f64>>,
    /// Largest error of a target in units of its scale.
    pub residual: f64,
    /// |Δθ| of Eq. (4), and its γ* and γ_c, where they lie below it.
    pub one_step: Option<(f64, Option<f64>, Option<f64>)>,
    /// |θ − θ₀|.
    pub distance: f64,
    pub steps: usize,
    pub relinearisations: usize,
    pub contacts_changed: usize,
    pub rearrangements: usize,
    pub refused_rearrangements: usize,
    /// The combination of targets that no parameter moves.
    pub incompatible: Option<String>,
}

/// Designs a solid and writes the output.
///
/// # Errors
/// [`DesignError`], naming the file, the target or the option; nothing is written then.
pub fn run(options: &Options) -> Result<Summary, DesignError> {
    measurement::refuse_existing(&options.output)?;
    check(options)?;
    let (name, solid, _) = measure::load(&options.source)?;
    match solid {
        AnySolid::Two(solid) => run_one(name, solid, options),
        AnySolid::Three(solid) => run_one(name, solid, options),
    }
}

fn run_one<const D: usize>(
    name: String,
    solid: Solid<D>,
    options: &Options,
) -> Result<Summary, DesignError> {
    let of = |source| DesignError::Design { name: name.clone(), source };
    let Terms { wishes, settings, .. } = &options.terms;
    let pairs = match Need::of(D, wishes).map_err(|unknown| of(unknown.into()))?.pairs {
        0 => Vec::new(),
        _ => measure::pairs(&options.source, solid.len())?,
    };
    let (solid, parameters) = prepared(solid, options).map_err(of)?;
    let design = design(solid, parameters, wishes, &pairs, settings).map_err(of)?;
    let output = output::of(&name, &design, options)?;
    measurement::write(&options.output, &output)?;
    Ok(summary(name, &design))
}

/// The relaxed solid with the species of the level, and its parameters.
fn prepared<const D: usize>(
    mut solid: Solid<D>,
    options: &Options,
) -> Result<(Solid<D>, Parameters), crate::design::run::DesignError> {
    if options.level != Level::Species {
        let own = Assignment::particles(&solid);
        solid = solid.reassigned(own.species, own.interactions);
    }
    let mut forces = Forces::new(&solid);
    let equilibrium = relax(&mut solid, &mut forces)?;
    let space = ParameterSpace::new(&options.kinds, solid.interactions.species());
    let mut parameters = match options.level {
        Level::Bond => Parameters::of_bonds(&solid, space, &equilibrium.contacts.bonds),
        _ => Parameters::new(&solid, space, None),
    };
    options.terms.apply(&mut parameters);
    Ok((solid, parameters))
}

/// Options that exclude each other.
fn check(options: &Options) -> Result<(), DesignError> {
    let kinds = &options.kinds;
    let pairs =
        |kind: &ParameterKind| matches!(kind, ParameterKind::Stiffness | ParameterKind::Depth);
    let wrong = match options.level {
        Level::Particle => kinds.iter().any(pairs),
        Level::Bond => !kinds.iter().all(pairs),
        Level::Species => false,
    };
    if wrong {
        let found = symbols(kinds);
        return Err(DesignError::KindsOfLevel { level: options.level, found });
    }
    let not_free = |NotFree(kind)| DesignError::NotFree { kind, kinds: symbols(kinds) };
    options.terms.check_kinds(kinds).map_err(not_free)
}

fn summary<const D: usize>(name: String, design: &Design<D>) -> Summary {
    let (problem, found) = (&design.problem, &design.found);
    let after = problem.targeted(&found.state.values, &found.state.solid);
    let first = &found.path[0].theta;
    let last = &found.path[found.path.len() - 1];
    let moved = first.iter().zip(&last.theta).map(|(a, b)| (b - a) * (b - a));
    let reached = |threshold: crate::linearity::thresholds::Threshold| {
        threshold.found().then(|| threshold.centre())
    };
    Summary {
        name,
        outcome: design.outcome,
        parameters: problem.parameters.len(),
        targets: problem
            .targets
            .iter()
            .zip(after)
            .map(|(target, after)| (target.label.clone(), target.start, target.value, after))
            .collect(),
        fresh: design.fresh.as_ref().ok().map(|s| problem.targeted(&s.values, &s.solid)),
        residual: last.residual,
        one_step: design
            .one_step
            .as_ref()
            .map(|step| (step.gamma, reached(step.gamma_star), reached(step.gamma_contact))),
        distance: moved.sum::<f64>().sqrt(),
        steps: found.path.len() - 1,
        relinearisations: found.relinearisations,
        contacts_changed: found.path.iter().map(|stop| stop.contacts_changed).sum(),
        rearrangements: found.path.iter().map(|stop| stop.rearrangements).sum(),
        refused_rearrangements: found.refused_rearrangements,
        incompatible: output::combination(design),
    }
}
