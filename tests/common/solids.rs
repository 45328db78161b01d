//! Solids of Scenario 1 for tests and benchmarks: N = 256, p = 0.1, diameters of 40 species.
#![allow(dead_code)]

use amorph::linearity::settings::SweepSettings;
use amorph::relax::prepare::{Recipe, Structure, Target};
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::jacobian::BondJacobians;
use amorph::response::susceptibility::{RANK_TOLERANCE, Susceptibility, decompose};
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;

/// Stress and elastic constants.
pub const FEATURES: FeatureRequest =
    FeatureRequest { stress: true, elastic: true, modes: 0, derived: false, pairs: Vec::new() };

/// The sweep of Scenario 1.
pub const SETTINGS: SweepSettings = SweepSettings::DEFAULT;

/// The number of species.
pub const SPECIES: usize = 40;

/// A soft-sphere recipe at p = 0.1.
pub fn recipe(particles: usize) -> Recipe {
    Recipe {
        particles,
        structure: Structure::Disordered,
        size_ratio: 1.4,
        target: Target::Pressure(0.1),
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        disorder: None,
        pressure_tolerance: 1e-6,
        max_attempts: 10,
    }
}

/// The random stream of a replica.
pub fn key(replica: u64) -> StreamKey {
    StreamKey { seed: 1, solid: 2, replica, attempt: 0 }
}

/// A replica of Scenario 1, re-assigned to its species, with its parameters and singular vectors.
pub fn scenario_1<const D: usize>(replica: u64) -> (Solid<D>, ParameterSpace, Susceptibility) {
    let mut prepared = recipe(256).prepare::<D>(&key(replica)).unwrap();
    let features = compute(&prepared.solid, &mut prepared.equilibrium, &FEATURES, true);
    let assignment = Assignment::random(&prepared.solid, SPECIES, &key(replica)).unwrap();
    let space = ParameterSpace::new(&[ParameterKind::Diameter], SPECIES);
    let bonds = &prepared.equilibrium.contacts.bonds;
    let jacobian =
        BondJacobians::new(&prepared.solid, bonds, &features.sensitivities, space.kinds())
            .projected(bonds, &assignment.species, &space)
            .matrix;
    let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
    let solid = prepared.solid.reassigned(assignment.species, assignment.interactions);
    (solid, space, svd)
}

/// The i-th right singular vector.
pub fn direction(svd: &Susceptibility, i: usize) -> Vec<f64> {
    (0..svd.right.ncols()).map(|q| svd.right[(i, q)]).collect()
}
