//! The kernels that a replica spends its time in, N = 256, p = 0.1, and the lowest modes: `cargo bench --bench kernels`.
//! Shortest of many repetitions.

#[path = "../tests/common/solids.rs"]
mod solids;

use std::time::Instant;

use amorph::relax::forces::Forces;
use amorph::relax::hessian::Hessian;
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::jacobian::BondJacobians;
use amorph::response::linear::LinearResponse;
use amorph::response::modes::lowest_modes;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};

/// Repetitions per kernel.
const REPEATS: usize = 40;

/// The species of Fig. 1.
const SPECIES: [usize; 5] = [2, 5, 10, 20, 40];

fn shortest(mut kernel: impl FnMut()) -> f64 {
    (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            kernel();
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min)
}

fn kernels<const D: usize>() {
    let prepared = solids::recipe(256).prepare::<D>(&solids::key(0)).expect("a solid");
    let (solid, mut equilibrium) = (prepared.solid, prepared.equilibrium);
    let mut forces = Forces::new(&solid);
    let n = solid.len() as f64;
    let seconds = shortest(|| (0..100).for_each(|_| forces.evaluate(&solid)));
    println!("{D}d forces: {:.1} ns per particle and evaluation", 1e9 * seconds / 100.0 / n);

    let bonds = equilibrium.contacts.bonds.clone();
    let pairs = || bonds.iter().map(|bond| (bond.i, bond.j));
    let potential = solid.interactions.potential;
    let symbolic = shortest(|| {
        Hessian::new(&solid, &equilibrium.contacts.rattler, pairs()).expect("a backbone");
    });
    let mut hessian =
        Hessian::new(&solid, &equilibrium.contacts.rattler, pairs()).expect("a backbone");
    let numeric = shortest(|| hessian.factorise(&potential, &bonds).expect("a rigid solid"));
    let field = forces.values.clone();
    let solve = shortest(|| hessian.solve_one(&mut field.clone()));
    println!(
        "{D}d factorisation: symbolic {:.3} ms, numeric {:.3} ms; solve {:.3} ms",
        1e3 * symbolic,
        1e3 * numeric,
        1e3 * solve
    );

    let response = shortest(|| {
        LinearResponse::new(&solid, &equilibrium).elastic_constants();
    });
    println!("{D}d stress and elastic constants: {:.3} ms", 1e3 * response);

    // Issue: J and SVD of stress, C and 10 modes for five parameterisations cost less than twice
    // the features alone.
    let request = FeatureRequest { modes: 10, ..solids::FEATURES };
    let alone = shortest(|| {
        let factored = equilibrium.hessian.factorise(&potential, &equilibrium.contacts.bonds);
        factored.expect("a rigid solid");
        compute(&solid, &mut equilibrium, &request, false);
    });
    let assignments: Vec<Assignment> = SPECIES
        .iter()
        .map(|&count| Assignment::random(&solid, count, &solids::key(0)).expect("enough particles"))
        .collect();
    let all = shortest(|| {
        let factored = equilibrium.hessian.factorise(&potential, &equilibrium.contacts.bonds);
        factored.expect("a rigid solid");
        let features = compute(&solid, &mut equilibrium, &request, true);
        let jacobians = BondJacobians::new(
            &solid,
            &equilibrium.contacts.bonds,
            &features.sensitivities,
            &[ParameterKind::Diameter],
        );
        for (assignment, &count) in assignments.iter().zip(&SPECIES) {
            let space = ParameterSpace::new(&[ParameterKind::Diameter], count);
            let bonds = &equilibrium.contacts.bonds;
            let jacobian = jacobians.projected(bonds, &assignment.species, &space).matrix;
            decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).expect("finite");
        }
    });
    println!(
        "{D}d features (stress, C, 10 modes): {:.2} ms; with J and SVD for five θ: {:.2} ms, ratio {:.2} (below 2)",
        1e3 * alone,
        1e3 * all,
        all / alone
    );
}

/// The lowest modes, with everything that they need but the factor.
fn modes<const D: usize>() {
    for particles in [256, 1024] {
        let prepared = solids::recipe(particles).prepare::<D>(&solids::key(0)).expect("a solid");
        let (solid, mut equilibrium) = (prepared.solid, prepared.equilibrium);
        let columns = [1, 4].map(|count| {
            let mut columns = vec![0.0; count * equilibrium.hessian.size()];
            shortest(|| equilibrium.hessian.solve_columns(&mut columns))
        });
        let times = [10, 50].map(|wanted| {
            shortest(|| {
                lowest_modes(&solid, &mut equilibrium, wanted);
            })
        });
        println!(
            "{D}d N = {particles}: 10 modes {:.1} ms, 50 modes {:.1} ms; a solve of one column {:.3} ms, of four {:.3} ms",
            1e3 * times[0],
            1e3 * times[1],
            1e3 * columns[0],
            1e3 * columns[1]
        );
    }
}

fn main() {
    kernels::<2>();
    kernels::<3>();
    modes::<2>();
    modes::<3>();
}
