//! The solids that the tests of the physics share: small, and without any accidental symmetry.

use amorph::relax::forces::Forces;
use amorph::relax::newton::{Equilibrium, relax};
use amorph::relax::prepare::{Prepared, Recipe, Structure, Target};
use amorph::response::features::{FeatureKind, FeatureRequest, compute};
use amorph::response::jacobian::BondJacobians;
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::contacts::Bond;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::ParameterSpace;
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;
use faer::Mat;
use std::ops::Range;

use super::pair_formula::Branch;

/// Every kind of feature, ten modes.
pub const EVERYTHING: FeatureRequest =
    FeatureRequest { stress: true, elastic: true, modes: 10, derived: true, pairs: Vec::new() };

/// The key of a test's solid.
pub fn key(replica: u64) -> StreamKey {
    StreamKey { seed: 20, solid: 24, replica, attempt: 0 }
}

/// A recipe whose k and B differ between the pairs of sizes.
pub fn recipe(particles: usize, structure: Structure, pressure: f64, depth: f64) -> Recipe {
    Recipe {
        particles,
        structure,
        size_ratio: 1.4,
        target: Target::Pressure(pressure),
        start_packing_fraction: None,
        k: SymmetricTable::from_fn(2, |s, t| [1.0, 1.1, 0.9][s + t]),
        depths: SymmetricTable::from_fn(2, |s, t| depth * [1.0, 0.8, 1.2][s + t]),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        disorder: None,
        pressure_tolerance: 1e-6,
        max_attempts: 10,
    }
}

/// A relaxed solid whose particles are dealt out to `species` species.
pub fn prepared<const D: usize>(recipe: &Recipe, replica: u64, species: usize) -> Prepared<D> {
    let mut prepared = recipe.prepare::<D>(&key(replica)).unwrap();
    let assignment = Assignment::random(&prepared.solid, species, &key(replica)).unwrap();
    prepared.solid = prepared.solid.reassigned(assignment.species, assignment.interactions);
    prepared
}

/// Relaxes from where the particles are.
pub fn relaxed<const D: usize>(solid: &mut Solid<D>) -> Equilibrium<D> {
    let mut forces = Forces::new(solid);
    relax(solid, &mut forces).unwrap()
}

/// Features and Jacobian of a relaxed solid.
pub struct Response {
    /// y, shape (n_y,).
    pub values: Vec<f64>,
    /// J = dy/dθ, shape (n_y, n_θ).
    pub jacobian: Mat<f64>,
    /// Parameters that no bond depends on.
    pub inert: Vec<bool>,
    /// Rows that belong to a degenerate cluster.
    pub degenerate: Vec<bool>,
}

/// The response of a relaxed solid to the parameters of its own species.
pub fn respond<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    request: &FeatureRequest,
    space: &ParameterSpace,
) -> Response {
    let features = compute(solid, equilibrium, request, true);
    let bonds = &equilibrium.contacts.bonds;
    let jacobian = BondJacobians::new(solid, bonds, &features.sensitivities, space.kinds())
        .projected(bonds, &solid.species, space);
    Response {
        values: features.values,
        jacobian: jacobian.matrix,
        inert: jacobian.inert,
        degenerate: features.degenerate,
    }
}

/// What must not change between the sides of a difference: rattlers and, of every bond, the branch
/// of the pair energy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topology {
    pub rattler: Vec<bool>,
    pub bonds: Vec<(usize, usize, Branch)>,
}

/// The topology of a relaxed solid.
pub fn topology<const D: usize>(solid: &Solid<D>, equilibrium: &Equilibrium<D>) -> Topology {
    Topology {
        rattler: equilibrium.contacts.rattler.clone(),
        bonds: equilibrium
            .contacts
            .bonds
            .iter()
            .map(|bond| (bond.i, bond.j, branch(&solid.interactions.potential, bond)))
            .collect(),
    }
}

/// The branch that a bond follows.
pub fn branch<const D: usize>(potential: &Potential, bond: &Bond<D>) -> Branch {
    let from = match potential.tail {
        Tail::Switched { from, .. } => from,
        Tail::Truncated { .. } => f64::INFINITY,
    };
    if bond.pair.spring {
        Branch::Spring
    } else if bond.in_contact() {
        Branch::Core
    } else if potential.a * (bond.distance - bond.pair.sigma) < from {
        Branch::Morse
    } else {
        Branch::Switch
    }
}

/// Rows of one kind and unit, with their name.
pub fn blocks<const D: usize>(request: &FeatureRequest) -> Vec<(&'static str, Range<usize>)> {
    let mut start = 0;
    let mut blocks = Vec::new();
    for (name, kind) in [
        ("stress", FeatureKind::Stress),
        ("C", FeatureKind::Elastic),
        ("omega", FeatureKind::Modes),
    ] {
        let count = request.count(D, kind);
        blocks.push((name, start..start + count));
        start += count;
    }
    if request.derived {
        for name in ["pressure", "K", "G", "nu"] {
            blocks.push((name, start..start + 1));
            start += 1;
        }
    }
    blocks
}

/// The response at other values of the parameters, relaxed again; none where the topology is another one.
pub fn responses<'a, const D: usize>(
    solid: &'a Solid<D>,
    equilibrium: &Equilibrium<D>,
    request: &'a FeatureRequest,
    space: &'a ParameterSpace,
) -> impl Fn(&[f64]) -> Option<Response> + use<'a, D> {
    let reference = topology(solid, equilibrium);
    move |changed| {
        let mut moved = solid.clone();
        space.apply(&mut moved.interactions, changed);
        let mut forces = Forces::new(&moved);
        let mut equilibrium = relax(&mut moved, &mut forces).ok()?;
        (topology(&moved, &equilibrium) == reference)
            .then(|| respond(&moved, &mut equilibrium, request, space))
    }
}
