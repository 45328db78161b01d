//! Directions of small solids over the corners of what is studied, swept by both protocols.

use amorph::linearity::problem::SweepProblem;
use amorph::linearity::settings::{Protocol, SweepSettings};
use amorph::linearity::sweep::sweep;
use amorph::linearity::thresholds::{SweepResult, Threshold};
use amorph::relax::newton::Equilibrium;
use amorph::relax::prepare::{Prepared, Recipe, Structure};
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::jacobian::BondJacobians;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::cell::Cell;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::{Solid, Vector};

use super::small::{key, recipe, relaxed};

/// What is asked of a solid.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub dimension: usize,
    pub particles: usize,
    pub pressure: f64,
    pub depth: f64,
    /// The exponent of the repulsion.
    pub exponent: f64,
    pub kinds: &'static [ParameterKind],
    /// Frequencies in the set.
    pub modes: usize,
    pub replica: u64,
    /// Which right singular vector.
    pub direction: usize,
}

impl Case {
    fn recipe(&self) -> Recipe {
        let mut recipe = recipe(self.particles, Structure::Disordered, self.pressure, self.depth);
        recipe.potential.exponent = self.exponent;
        recipe
    }
}

/// The pressures, depths and dimensions of the comparison.
pub const PRESSURES: [f64; 3] = [1e-1, 1e-2, 1e-3];
pub const DEPTHS: [f64; 3] = [0.0, 0.01, 0.1];

/// θ of the replicas of a cell, in turn; B only where there is attraction.
const THETA: [&[ParameterKind]; 4] = [
    &[ParameterKind::Diameter],
    &[ParameterKind::Diameter, ParameterKind::Stiffness],
    &[ParameterKind::Diameter, ParameterKind::Depth],
    &[ParameterKind::Diameter],
];

/// Directions per solid.
pub const DIRECTIONS: usize = 9;

/// Every direction of a cell's replicas; every other solid has frequencies in its set.
pub fn cases(dimension: usize, pressure: f64, depth: f64, replicas: u64) -> Vec<Case> {
    let soft =
        |kinds: &'static [ParameterKind]| kinds.contains(&ParameterKind::Depth) && depth == 0.0;
    (0..replicas)
        .flat_map(|replica| (0..DIRECTIONS).map(move |direction| (replica, direction)))
        .map(|(replica, direction)| {
            let kinds = THETA[replica as usize % THETA.len()];
            Case {
                dimension,
                particles: 64,
                pressure,
                depth,
                exponent: 2.0,
                kinds: if soft(kinds) { THETA[1] } else { kinds },
                modes: if replica % 2 == 1 { 4 } else { 0 },
                replica,
                direction,
            }
        })
        .collect()
}

/// A direction of a solid, ready to be swept.
pub struct Subject<const D: usize> {
    pub solid: Solid<D>,
    pub space: ParameterSpace,
    pub direction: Vec<f64>,
    pub request: FeatureRequest,
    pub rattlers: usize,
}

impl<const D: usize> Subject<D> {
    /// Prepares the solid; the sign of the directions alternates.
    pub fn new(case: &Case) -> Self {
        let Prepared { solid, equilibrium, .. } =
            case.recipe().prepare::<D>(&key(case.replica)).unwrap();
        Self::of(case, solid, equilibrium)
    }

    /// The same of a solid that the case's recipe has once led to: the edge of its box, then positions. A preparation
    /// that takes other steps finds another one, which need not have what a test is about.
    pub fn stored(case: &Case, text: &str) -> Self {
        let mut solid = case.recipe().start::<D>(&key(case.replica)).unwrap();
        let numbers: Vec<f64> =
            text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let (edge, positions) = numbers.split_first().unwrap();
        solid.cell = Cell::new(Vector::repeat(*edge));
        solid.positions = positions.chunks_exact(D).map(Vector::from_column_slice).collect();
        let before = solid.positions.clone();
        let equilibrium = relaxed(&mut solid);
        let moved = |i: usize| (before[i] - solid.positions[i]).norm();
        let backbone = (0..solid.len()).filter(|&i| !equilibrium.contacts.rattler[i]);
        assert!(backbone.map(moved).fold(0.0, f64::max) < 1e-9, "at rest");
        Self::of(case, solid, equilibrium)
    }

    fn of(case: &Case, solid: Solid<D>, mut equilibrium: Equilibrium<D>) -> Self {
        let request = FeatureRequest {
            stress: true,
            elastic: true,
            modes: case.modes,
            ..FeatureRequest::NONE
        };
        let features = compute(&solid, &mut equilibrium, &request, true);
        let species = if case.kinds.len() == 1 { 12 } else { 4 };
        let assignment = Assignment::random(&solid, species, &key(case.replica)).unwrap();
        let space = ParameterSpace::new(case.kinds, species);
        let bonds = &equilibrium.contacts.bonds;
        let jacobian = BondJacobians::new(&solid, bonds, &features.sensitivities, space.kinds())
            .projected(bonds, &assignment.species, &space)
            .matrix;
        let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
        let sign = if case.direction.is_multiple_of(2) { 1.0 } else { -1.0 };
        let direction =
            (0..svd.right.ncols()).map(|q| sign * svd.right[(case.direction, q)]).collect();
        Self {
            rattlers: equilibrium.contacts.rattler_count(),
            solid: solid.reassigned(assignment.species, assignment.interactions),
            space,
            direction,
            request,
        }
    }

    /// The direction as a sweep asks for it.
    pub fn problem(&self) -> SweepProblem<'_, D> {
        SweepProblem {
            solid: &self.solid,
            space: &self.space,
            direction: &self.direction,
            request: self.request.clone(),
            weights: None,
        }
    }
}

/// The sweep of the continuation.
pub const CONTINUATION: SweepSettings = SweepSettings::DEFAULT;

/// The referee's share of the continuation's first threshold at which it starts.
const EARLIER: f64 = 0.1;

/// The referee's sweep of a case. Its first step leads from γ = 0 to well below the first threshold that
/// the continuation found; where there is one before, the referee finds it in that step and differs.
pub fn referee(ours: &SweepResult) -> SweepSettings {
    let first = thresholds(ours).iter().map(|threshold| threshold.lo).fold(1e-2, f64::min);
    let gamma_min = (EARLIER * first).max(CONTINUATION.gamma_min);
    SweepSettings { protocol: Protocol::Referee, gamma_min, ..CONTINUATION }
}

/// The sweep of a case by these settings.
pub fn outcome(case: &Case, settings: &SweepSettings) -> SweepResult {
    match case.dimension {
        2 => sweep(&Subject::<2>::new(case).problem(), settings, false).unwrap(),
        _ => sweep(&Subject::<3>::new(case).problem(), settings, false).unwrap(),
    }
}

/// γ*, γ_c, γ_r.
pub fn thresholds(result: &SweepResult) -> [Threshold; 3] {
    [result.gamma_star, result.gamma_contact, result.gamma_rearrangement]
}
