//! What is stored of a design in the results of an ensemble, in the order of the columns. They stand in a
//! group for every design below that of its parameterisation: `D_n40/designs/K=+5%/`.

use super::outcome::Outcome;
use super::problem::length;
use super::run::Design;
use crate::analysis::quantity::{Along, Quantity, Value, quantities};
use crate::linearity::thresholds::Threshold;

/// The group of the designs below that of a parameterisation.
pub const DESIGNS: &str = "designs";

/// What is stored of a design.
#[derive(Clone, Debug)]
pub struct DesignResult {
    pub outcome: Outcome,
    pub relinearisations: usize,
    /// States on the way, without the start.
    pub steps: usize,
    /// |θ − θ₀|.
    pub distance: f64,
    pub residual: f64,
    pub contacts_changed: usize,
    pub rearrangements: usize,
    pub refused_rearrangements: usize,
    /// Shape (n_θ,).
    pub theta: Vec<f64>,
    /// Row-major (N, d) [length].
    pub positions: Vec<f64>,
    /// These have the shape (targets,).
    pub start: Vec<f64>,
    pub wanted: Vec<f64>,
    pub scales: Vec<f64>,
    pub units: Vec<f64>,
    pub features: Vec<f64>,
    pub fresh: Vec<f64>,
    pub incompatible: Vec<f64>,
    /// Singular values of J of the targets, shape (min(targets, n_θ),).
    pub susceptibilities: Vec<f64>,
    /// Components of the targets' errors along its left singular vectors.
    pub components: Vec<f64>,
    pub one_step: Step,
}

/// What is stored of the design in one step.
#[derive(Clone, Debug)]
pub struct Step {
    /// |J⁺ Δy|; 0 where there is nothing that a step could do.
    pub length: f64,
    pub gamma_star: Threshold,
    pub gamma_contact: Threshold,
    pub share: f64,
    /// Shape (targets,).
    pub features: Vec<f64>,
}

impl Step {
    /// |J⁺ Δy|/γ*; where γ* lies beyond the step the largest value that it may have.
    fn in_gamma_star(&self) -> f64 {
        match self.gamma_star.found() {
            true => self.length / self.gamma_star.centre(),
            false => self.length / self.gamma_star.lo,
        }
    }
}

impl DesignResult {
    /// Of a design.
    pub fn new<const D: usize>(design: &Design<D>) -> Self {
        let (problem, found) = (&design.problem, &design.found);
        let (start, end) = (&design.start, &found.state);
        let none = vec![f64::NAN; problem.targets.len()];
        let of_targets = |of: fn(&super::target::Target) -> f64| problem.targets.iter().map(of);
        let (before, after) =
            (problem.parameters.values(&start.solid), problem.parameters.values(&end.solid));
        let moved: Vec<f64> = after.iter().zip(&before).map(|(b, a)| b - a).collect();
        let svd = &design.feasibility.svd;
        let along = |i: usize| -> f64 {
            start.errors.iter().enumerate().map(|(r, e)| -e * svd.left[(r, i)]).sum()
        };
        Self {
            outcome: design.outcome,
            relinearisations: found.relinearisations,
            steps: found.path.len() - 1,
            distance: length(&moved),
            residual: found.path.last().map_or(f64::NAN, |stop| stop.residual),
            contacts_changed: found.path.iter().map(|stop| stop.contacts_changed).sum(),
            rearrangements: found.path.iter().map(|stop| stop.rearrangements).sum(),
            refused_rearrangements: found.refused_rearrangements,
            theta: after,
            positions: end.solid.positions.iter().flatten().copied().collect(),
            start: of_targets(|target| target.start).collect(),
            wanted: of_targets(|target| target.value).collect(),
            scales: of_targets(|target| target.scale).collect(),
            units: of_targets(|target| target.unit).collect(),
            features: problem.targeted(&end.values, &end.solid),
            fresh: match &design.fresh {
                Ok(state) => problem.targeted(&state.values, &state.solid),
                Err(_) => none.clone(),
            },
            incompatible: design
                .incompatible
                .as_ref()
                .map_or(none.clone(), |incompatible| incompatible.combination.clone()),
            susceptibilities: svd.singular_values.clone(),
            components: (0..svd.singular_values.len()).map(along).collect(),
            one_step: match &design.one_step {
                Some(step) => Step {
                    length: step.gamma,
                    gamma_star: step.gamma_star,
                    gamma_contact: step.gamma_contact,
                    share: step.share,
                    features: step.achieved.clone(),
                },
                None => Step {
                    length: 0.0,
                    gamma_star: Threshold::NOT_APPLICABLE,
                    gamma_contact: Threshold::NOT_APPLICABLE,
                    share: f64::NAN,
                    features: none,
                },
            },
        }
    }
}

quantities! {
    /// Of a design of one solid.
    DESIGN of DesignResult:
    OUTCOME = "outcome", Codes[], "1", "how the design ended": (|d| vec![d.outcome.code()], Outcome::CODES);
    RELINEARISATIONS = "linearisations", Counts[], "1", "linearisations that the design took": |d| vec![d.relinearisations];
    STEPS = "steps", Counts[], "1", "steps on the way to the designed solid": |d| vec![d.steps];
    DISTANCE = "distance", Floats[], "theta", "|theta - theta0| of the designed solid": |d| vec![d.distance];
    RESIDUAL = "residual", Floats[], "1", "largest error of a target in units of target_scale": |d| vec![d.residual];
    CONTACTS_CHANGED = "contacts_changed", Counts[], "1", "contacts made plus contacts broken on the way":
        |d| vec![d.contacts_changed];
    REARRANGEMENTS = "rearrangements", Counts[], "1", "rearrangements on the way": |d| vec![d.rearrangements];
    REFUSED_REARRANGEMENTS = "refused_rearrangements", Counts[], "1",
        "steps that ended before a rearrangement, those included that led nowhere": |d| vec![d.refused_rearrangements];
    FINAL_THETA = "theta", Floats[Parameter], "theta", "parameters of the designed solid": |d| d.theta.clone();
    FINAL_POSITIONS = "positions", Floats[Particle, Cartesian], "length", "positions of the designed solid":
        |d| d.positions.clone();
    TARGET_START = "target_start", Floats[FeatureOfSet], "y", "targeted features before the design": |d| d.start.clone();
    TARGETS = "targets", Floats[FeatureOfSet], "y", "their values that are wanted": |d| d.wanted.clone();
    TARGET_SCALE = "target_scale", Floats[FeatureOfSet], "y", "what their errors are measured in": |d| d.scales.clone();
    TARGET_UNIT = "target_unit", Floats[FeatureOfSet], "y", "what the search measures their errors in": |d| d.units.clone();
    FINAL_FEATURES = "features", Floats[FeatureOfSet], "y", "targeted features of the designed solid": |d| d.features.clone();
    FRESH_FEATURES = "fresh_features", Floats[FeatureOfSet], "y",
        "targeted features after a relaxation at the final parameters from where the solid was before; NaN where it has no minimum":
        |d| d.fresh.clone();
    INCOMPATIBLE = "incompatible", Floats[FeatureOfSet], "1",
        "outcome infeasible: unit combination of relative changes of the targets that no parameter moves to first order; else NaN":
        |d| d.incompatible.clone();
    SUSCEPTIBILITIES = "susceptibilities", Floats[Mode], "mixed",
        "singular values s of d(target/target_unit)/dtheta in the norm of the design": |d| d.susceptibilities.clone();
    COMPONENTS = "components", Floats[Mode], "1",
        "components of what is wanted, (targets - target_start)/target_unit, along its left singular vectors u":
        |d| d.components.clone();
    STEP_LENGTH = "step_length", Floats[], "theta", "|J^+ delta y|, the length of the design in one step (Eq. 4)":
        |d| vec![d.one_step.length];
    STEP_STAR = "gamma_star", Floats[Bracket], "theta",
        "end of the linear regime of the targets in the direction of that step, as a bracket of |delta theta|; hi is NaN where it lies beyond the step":
        |d| vec![d.one_step.gamma_star.lo, d.one_step.gamma_star.hi];
    STEP_STAR_CAUSE = "gamma_star_cause", Causes[], "1", "why gamma_star stands where it stands":
        |d| vec![d.one_step.gamma_star.cause];
    STEP_CONTACT = "gamma_contact", Floats[Bracket], "theta",
        "first change of the contact set in the direction of that step, likewise":
        |d| vec![d.one_step.gamma_contact.lo, d.one_step.gamma_contact.hi];
    STEP_CONTACT_CAUSE = "gamma_contact_cause", Causes[], "1", "why gamma_contact stands where it stands":
        |d| vec![d.one_step.gamma_contact.cause];
    STEP_IN_STAR = "step_over_gamma_star", Floats[], "1",
        "step_length/gamma_star, the targets in units of zeta; at most this where gamma_star lies beyond the step":
        |d| vec![d.one_step.in_gamma_star()];
    STEP_SHARE = "step_share", Floats[], "1", "share of that step that could be gone without a rearrangement":
        |d| vec![d.one_step.share];
    STEP_FEATURES = "step_features", Floats[FeatureOfSet], "y",
        "targeted features after it, or before what was in its way; NaN where it could not be gone":
        |d| d.one_step.features.clone();
}
