//! Preparation: what a recipe asks for is what the solid is, and a solid that cannot be made is an
//! error.

mod common;

use amorph::relax::RelaxError;
use amorph::relax::forces::{Forces, stiffness};
use amorph::relax::hessian::{apply, bond_stiffness};
use amorph::relax::newton::{Equilibrium, bond_forces, relax, relax_by_fire};
use amorph::relax::prepare::{Prepared, Recipe, Structure, Target};
use amorph::response::modes::{DEGENERATE, dense, lowest_eigenvalue, lowest_modes};
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::random::StreamKey;
use amorph::solid::{Solid, SolidError, Vector};
use common::small::{EVERYTHING, key, recipe, relaxed, respond};
use common::{largest, largest_difference};

/// Recipes of disordered solids: every pressure and depth of the tests.
fn disordered(particles: usize) -> Vec<Recipe> {
    [(1e-1, 0.0), (1e-2, 0.0), (1e-3, 0.0), (1e-1, 1e-2), (1e-1, 1e-1)]
        .into_iter()
        .map(|(pressure, depth)| recipe(particles, Structure::Disordered, pressure, depth))
        .collect()
}

/// p and max|F| from the pair energies alone, over all pairs.
fn pressure_and_force<const D: usize>(solid: &Solid<D>) -> (f64, f64) {
    let potential = &solid.interactions.potential;
    let mut forces = vec![Vector::<D>::zeros(); solid.len()];
    let mut virial = 0.0;
    for i in 0..solid.len() {
        for j in i + 1..solid.len() {
            let separation = solid.separation(i, j);
            let r = separation.norm();
            let (_, slope) = potential.energy_and_slope(&solid.pair(i, j), r);
            forces[i] -= separation * (slope / r);
            forces[j] += separation * (slope / r);
            virial += slope * r;
        }
    }
    let max_force = forces.iter().map(Vector::norm).fold(0.0, f64::max);
    (-virial / (D as f64 * solid.cell.volume()), max_force)
}

fn check_target<const D: usize>(particles: usize) {
    for recipe in disordered(particles) {
        let Target::Pressure(value) = recipe.target else { unreachable!() };
        let Prepared { solid, equilibrium, .. } = recipe.prepare::<D>(&key(1)).unwrap();
        let (pressure, max_force) = pressure_and_force(&solid);
        let depth = recipe.depths.get(0, 0);
        println!("{D}d p = {value}, B = {depth}: {:.1e}, {max_force:.1e}", pressure / value - 1.0);
        assert!(
            (pressure / value - 1.0).abs() < recipe.pressure_tolerance,
            "p = {pressure}, asked {value}"
        );
        assert!((pressure - equilibrium.pressure).abs() < 1e-12 * pressure.max(depth));
        // A few roundings of the coordinates, in units of the stiffest curvature.
        let stiffest = f64::max(1.1, 2.0 * 1.2 * depth * 2500.0);
        assert!(max_force < 5e-15 * stiffest, "max|F| = {max_force:e}");
        assert!(equilibrium.max_force < 5e-15 * stiffest, "max|F| = {:e}", equilibrium.max_force);
    }
}

#[test]
fn the_target_pressure_is_reached_to_1e_6_and_the_forces_vanish_to_rounding() {
    check_target::<2>(64);
    check_target::<3>(48);
}

/// The bits of everything that a solid is.
/// Large solids in three dimensions are polished by conjugate gradients: a step of Newton's method with the factor
/// hardly moves them any more.
#[test]
fn a_large_solid_is_at_its_minimum_without_a_factor_on_the_way() {
    for (pressure, depth) in [(1e-1, 0.0), (1e-2, 1e-2)] {
        let recipe = recipe(2048, Structure::Disordered, pressure, depth);
        let prepared = recipe.prepare::<3>(&key(1)).unwrap();
        let Prepared { solid, equilibrium, .. } = prepared;
        let (found, max_force) = pressure_and_force(&solid);
        assert!((found / pressure - 1.0).abs() < recipe.pressure_tolerance, "p = {found}");
        let mut forces = Vec::new();
        bond_forces(&solid, &equilibrium.contacts.bonds, &mut forces);
        let moved =
            equilibrium.hessian.solved(&forces).iter().map(Vector::norm).fold(0.0, f64::max);
        println!(
            "p = {pressure}, B = {depth}: max|F| = {max_force:.1e}, {moved:.1e} from the minimum"
        );
        assert!(moved < 1e-11, "{moved} from the minimum at max|F| = {max_force}");
    }
}

fn bits<const D: usize>(solid: &Solid<D>) -> Vec<u64> {
    let edges = solid.cell.edges();
    let coordinates = solid.positions.iter().flat_map(|x| x.iter().copied().collect::<Vec<_>>());
    edges.iter().copied().chain(coordinates).map(f64::to_bits).collect()
}

#[test]
fn the_same_key_gives_the_same_bits_and_another_key_another_solid() {
    for structure in [Structure::Disordered, Structure::Network] {
        let recipe = recipe(48, structure, 1e-1, 0.0);
        let at = |key: &StreamKey| bits(&recipe.prepare::<2>(key).unwrap().solid);
        let first = at(&key(4));
        assert_eq!(first, at(&key(4)));
        assert_ne!(first, at(&key(5)));
        assert_ne!(first, at(&StreamKey { seed: 21, ..key(4) }));
        assert_ne!(first, at(&StreamKey { solid: 25, ..key(4) }));
    }
    let recipe = recipe(40, Structure::Disordered, 1e-1, 1e-2);
    let at = |key: &StreamKey| bits(&recipe.prepare::<3>(key).unwrap().solid);
    assert_eq!(at(&key(4)), at(&key(4)));
}

/// FIRE to where Newton's method takes over, and FIRE all the way: from the same random start. Were both relaxed?
fn check_hand_over<const D: usize>(recipe: &Recipe, replica: u64) -> bool {
    let start = recipe.start::<D>(&key(replica)).unwrap();
    let ended = |by_fire: bool| {
        let mut solid = start.clone();
        let mut forces = Forces::new(&solid);
        let ended = match by_fire {
            true => relax_by_fire(&mut solid, &mut forces, None),
            false => relax(&mut solid, &mut forces),
        };
        (solid, ended.map(|equilibrium| equilibrium.contacts).ok(), forces.evaluations)
    };
    let ((solid, contacts, few), (other, others, many)) = (ended(false), ended(true));
    let (Some(contacts), Some(others)) = (contacts, others) else { return false };
    assert!(few < many, "{few} {many}");
    assert_eq!(contacts.contact_set(), others.contact_set());
    let held = |i: &usize| !contacts.rattler[*i];
    let moved = |i: usize| other.positions[i] - solid.positions[i];
    let first = (0..solid.len()).find(held).unwrap();
    let farthest = (0..solid.len()).filter(held).map(|i| (moved(i) - moved(first)).norm());
    let farthest = farthest.fold(0.0, f64::max);
    assert!(farthest < 1e-9, "{}: {farthest:e}", recipe.particles);
    true
}

#[test]
fn newton_takes_over_in_the_minimum_that_fire_finds() {
    let mut relaxed = 0;
    for (particles, pressure) in [(64, 0.3), (64, 1e-1), (64, 1e-2), (64, 1e-3), (300, 1e-1)] {
        let recipe = recipe(particles, Structure::Disordered, pressure, 0.0);
        for replica in 0..5 {
            relaxed += usize::from(check_hand_over::<2>(&recipe, replica));
            relaxed += usize::from(check_hand_over::<3>(&recipe, replica));
        }
    }
    // Some near p = 1e-3 have nothing that holds them.
    assert!(relaxed > 40, "{relaxed}");
}

#[test]
fn an_unjammed_start_is_retried_from_the_next_one_and_recorded() {
    // At this packing fraction some starts jam and some do not.
    let marginal = Recipe {
        target: Target::PackingFraction(0.835),
        ..recipe(32, Structure::Disordered, 1e-1, 0.0)
    };
    let (mut first, mut later) = (0, 0);
    for replica in 0..20 {
        let prepared = marginal.prepare::<2>(&key(replica)).unwrap();
        assert_eq!(prepared.discarded.len() as u64, prepared.attempts - 1);
        // The attempts one by one: the earlier ones fail for the reasons recorded, the last one
        // gives the solid.
        for attempt in 0..prepared.attempts {
            let mut solid = marginal.start::<2>(&StreamKey { attempt, ..key(replica) }).unwrap();
            let mut forces = Forces::new(&solid);
            match (relax(&mut solid, &mut forces), prepared.discarded.get(attempt as usize)) {
                (Err(reason), Some(recorded)) => {
                    assert_eq!(reason, RelaxError::Unjammed);
                    assert_eq!(&reason.to_string(), recorded);
                }
                (Ok(_), None) => assert_eq!(bits(&solid), bits(&prepared.solid)),
                (outcome, recorded) => {
                    panic!("attempt {attempt}: {:?}, recorded {recorded:?}", outcome.err())
                }
            }
        }
        assert!(prepared.equilibrium.pressure > 0.0);
        if prepared.attempts == 1 { first += 1 } else { later += 1 }
    }
    println!("{first} at the first attempt, {later} later");
    assert!(first > 0 && later > 0, "{first} at the first attempt, {later} later");
}

fn error_of(recipe: &Recipe) -> (u64, String) {
    match recipe.prepare::<2>(&key(0)) {
        Err(RelaxError::NoAttemptLeft { attempts, last }) => (attempts, last),
        Err(other) => panic!("{other}"),
        Ok(prepared) => panic!("made a solid with p = {}", prepared.equilibrium.pressure),
    }
}

#[test]
fn a_box_too_small_for_the_interaction_is_an_error_at_once() {
    let outcome = recipe(32, Structure::Disordered, 50.0, 0.0).prepare::<2>(&key(0));
    assert!(matches!(outcome, Err(RelaxError::Solid(SolidError::BoxTooSmall { .. }))));
}

#[test]
fn a_target_that_cannot_be_reached_is_an_error_after_the_last_attempt() {
    let three = |recipe: Recipe| Recipe { max_attempts: 3, ..recipe };
    // The box would have to become smaller than twice the interaction range.
    let compressed = Recipe {
        start_packing_fraction: Some(1.08),
        ..recipe(10, Structure::Disordered, 2.0, 0.0)
    };
    let (attempts, last) = error_of(&three(compressed));
    println!("{last}");
    assert_eq!(attempts, 3);
    assert!(last.contains("not reached"), "{last}");
    // Far below jamming.
    let dilute = Recipe {
        target: Target::PackingFraction(0.5),
        ..recipe(32, Structure::Disordered, 1e-1, 0.0)
    };
    let (attempts, last) = error_of(&three(dilute));
    println!("{last}");
    assert_eq!(attempts, 3);
    assert_eq!(last, RelaxError::Unjammed.to_string());
    // Repulsive particles cannot pull.
    let (attempts, last) = error_of(&three(recipe(32, Structure::Disordered, -1e-3, 0.0)));
    println!("{last}");
    assert_eq!(attempts, 3);
}

fn check_network<const D: usize>(particles: usize) {
    let packing = recipe(particles, Structure::Disordered, 1e-1, 0.0);
    let network = Recipe { structure: Structure::Network, ..packing.clone() };
    let packing = packing.prepare::<D>(&key(2)).unwrap();
    let Prepared { solid, mut equilibrium, .. } = network.prepare::<D>(&key(2)).unwrap();
    assert_eq!(bits(&solid), bits(&packing.solid), "the network stands where its packing stood");
    let springs = solid.springs.as_ref().unwrap();
    let pairs: Vec<_> = springs.iter().map(|spring| (spring.i, spring.j)).collect();
    assert_eq!(pairs, packing.equilibrium.contacts.contact_set(), "one spring for every contact");
    for spring in springs.iter() {
        let rest = spring.stretch * solid.pair(spring.i, spring.j).sigma;
        let length = solid.separation(spring.i, spring.j).norm();
        assert!((length / rest - 1.0).abs() < 1e-15, "{length} {rest}");
    }
    let forces = Forces::new(&solid);
    assert!(forces.energy(&solid).abs() < 1e-28, "U = {:e}", forces.energy(&solid));
    let space = ParameterSpace::new(&[ParameterKind::Diameter, ParameterKind::Stiffness], 2);
    let response = respond(&solid, &mut equilibrium, &EVERYTHING, &space);
    let strains = D * (D + 1) / 2;
    assert!(largest(&response.values[..strains]) < 1e-14, "{:?}", &response.values[..strains]);
    assert!(response.values[strains] > 0.1, "C_xxxx = {}", response.values[strains]);
    // k does not move the stress of what is unstressed.
    let offset = space.offset(ParameterKind::Stiffness).unwrap();
    for q in offset..space.len() {
        for row in 0..strains {
            assert!(response.jacobian[(row, q)].abs() < 1e-14);
        }
    }
}

#[test]
fn a_network_is_the_unstressed_spring_network_of_its_packings_contacts() {
    check_network::<2>(64);
    check_network::<3>(48);
}

/// A crystal dealt out to species, with J of stress and C by their diameters.
fn check_crystal<const D: usize>(particles: usize, neighbours: usize, pressure: f64, depth: f64) {
    let recipe = recipe(particles, Structure::Crystal, pressure, depth);
    let prepared = recipe.prepare::<D>(&key(0)).unwrap();
    let Prepared { solid, attempts, .. } = prepared;
    assert_eq!(attempts, 1);
    let (reached, max_force) = pressure_and_force(&solid);
    assert!((reached / pressure - 1.0).abs() < 1e-6, "p = {reached}, asked {pressure}");
    assert!(max_force < 1e-12, "max|F| = {max_force:e}");
    let assignment = Assignment::random(&solid, 6, &key(0)).unwrap();
    let mut solid = solid.reassigned(assignment.species, assignment.interactions);
    let mut equilibrium = relaxed(&mut solid);
    assert_eq!(equilibrium.contacts.contact_count(), particles * neighbours / 2);
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 6);
    let response = respond(&solid, &mut equilibrium, &EVERYTHING, &space);
    // Stress + C, as the crystal stands: every species changes the solid by its share alone.
    let rows = if D == 2 { 3 + 6 } else { 6 + 21 };
    let svd = decompose(response.jacobian.as_ref().subrows(0, rows), RANK_TOLERANCE, 0.0).unwrap();
    println!("{D}d crystal p = {pressure}, B = {depth}: gap {:.1e}", svd.gap);
    assert_eq!(svd.rank, 1, "{:?}", svd.singular_values);
    assert!(svd.gap > 1e10, "{:?}", svd.singular_values);
}

#[test]
fn crystals_have_the_pressure_asked_for_and_a_jacobian_of_rank_one() {
    check_crystal::<2>(80, 6, 1e-1, 0.0);
    check_crystal::<2>(80, 6, 1e-2, 0.0);
    check_crystal::<3>(108, 12, 1e-1, 0.0);
    check_crystal::<2>(80, 6, 1e-1, 1e-2);
    check_crystal::<3>(108, 12, 1e-1, 1e-2);
}

/// The lowest modes against all eigenvalues from elsewhere; how many complete the last cluster.
fn check_modes<const D: usize>(
    name: &str,
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    wanted: usize,
    all: &[f64],
) -> usize {
    let modes = lowest_modes(solid, equilibrium, wanted);
    let kept = modes.eigenvalues.len();
    assert!(kept >= wanted, "{name}: {kept} modes of {wanted}");
    let error = largest_difference(&modes.eigenvalues, &all[..kept]) / all[kept - 1];
    println!("{name} {D}d, {kept} modes for {wanted}: {error:.1e}");
    assert!(error < 1e-11, "{name} {D}d: {error:e}");
    let lowest = lowest_eigenvalue(solid, equilibrium);
    assert!((lowest - all[0]).abs() < 1e-11 * all[kept - 1], "{name} {D}d: {lowest:e}");
    // The last cluster is complete, and nothing comes after it.
    assert!(all[kept] - all[kept - 1] > DEGENERATE * all[kept], "{name} {D}d: a cluster is cut");
    assert_eq!(modes.clusters[wanted - 1].end, kept, "{name} {D}d: more than the last cluster");
    for (m, cluster) in modes.clusters.iter().enumerate() {
        let together: Vec<usize> = (0..all.len())
            .filter(|&n| (all[n] - all[m]).abs() <= 2.0 * DEGENERATE * all[m])
            .collect();
        assert_eq!(cluster.clone().collect::<Vec<_>>(), together, "{name} {D}d: mode {m}");
    }
    let mut product = vec![Vector::zeros(); solid.len()];
    let bonds = &equilibrium.contacts.bonds;
    for (m, vector) in modes.vectors.iter().enumerate() {
        for (n, other) in modes.vectors.iter().enumerate() {
            let overlap: f64 = vector.iter().zip(other).map(|(x, y)| x.dot(y)).sum();
            assert!((overlap - f64::from(m == n)).abs() < 1e-10, "{name}: {m} {n} {overlap}");
        }
        apply(&solid.interactions.potential, bonds, vector, &mut product);
        let rest = product.iter().zip(vector).map(|(x, v)| (x - v * all[m]).norm());
        assert!(rest.fold(0.0, f64::max) < 1e-10 * stiffness(solid), "{name} {D}d: mode {m}");
    }
    kept - wanted
}

fn check_disordered_modes<const D: usize>(recipe: &Recipe) {
    let Prepared { solid, mut equilibrium, .. } = recipe.prepare::<D>(&key(0)).unwrap();
    let (all, _) = dense(&solid, &equilibrium.contacts.bonds, &equilibrium.hessian);
    assert_eq!(all.len(), D * (equilibrium.contacts.backbone_count() - 1));
    check_modes("disordered", &solid, &mut equilibrium, 10, &all);
}

#[test]
fn modes_by_lanczos_are_those_of_the_dense_solver() {
    for recipe in disordered(128) {
        check_disordered_modes::<2>(&recipe);
    }
    check_disordered_modes::<3>(&recipe(128, Structure::Disordered, 1e-1, 0.0));
}

/// Every λ above the translations, ascending, of a Bravais crystal in a box of `repeats`
/// conventional cells, from its dynamical matrix Σ_R h(R) (1 − cos q·R).
fn phonons<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &Equilibrium<D>,
    repeats: [usize; D],
) -> Vec<f64> {
    let of_one: Vec<_> =
        equilibrium.contacts.bonds.iter().filter(|bond| bond.i == 0 || bond.j == 0).collect();
    let potential = &solid.interactions.potential;
    let mut values = Vec::new();
    // Two Brillouin zones: both conventional cells are centred.
    for index in 0..repeats.iter().map(|n| 2 * n).product() {
        let mut code: usize = index;
        let q = Vector::<D>::from_fn(|axis, _| {
            let place = code % (2 * repeats[axis]);
            code /= 2 * repeats[axis];
            std::f64::consts::TAU * place as f64 / solid.cell.edges()[axis]
        });
        let dynamical = of_one.iter().fold(nalgebra::DMatrix::zeros(D, D), |sum, bond| {
            let (phi1, phi2) = bond_stiffness(potential, bond);
            let r = bond.separation;
            let h = nalgebra::SMatrix::<f64, D, D>::identity() * phi1 + r * r.transpose() * phi2;
            sum + nalgebra::DMatrix::from_column_slice(D, D, h.as_slice()) * (1.0 - q.dot(&r).cos())
        });
        values.extend(dynamical.symmetric_eigenvalues().iter().copied());
    }
    values.sort_by(f64::total_cmp);
    values.into_iter().step_by(2).skip(D).collect()
}

#[test]
fn modes_of_crystals_are_their_phonons_in_complete_degenerate_clusters() {
    let mut completed = 0;
    let mut crystal = recipe(80, Structure::Crystal, 1e-1, 0.0).prepare::<2>(&key(0)).unwrap();
    let all = phonons(&crystal.solid, &crystal.equilibrium, [8, 5]);
    assert_eq!(all.len(), 2 * 79);
    for wanted in [1, 3, 10, 17] {
        completed += check_modes("crystal", &crystal.solid, &mut crystal.equilibrium, wanted, &all);
    }
    let mut crystal = recipe(108, Structure::Crystal, 1e-1, 0.0).prepare::<3>(&key(0)).unwrap();
    let all = phonons(&crystal.solid, &crystal.equilibrium, [3, 3, 3]);
    assert_eq!(all.len(), 3 * 107);
    for wanted in [1, 5, 10] {
        completed += check_modes("crystal", &crystal.solid, &mut crystal.equilibrium, wanted, &all);
    }
    assert!(completed > 0, "no cluster was cut by the number of modes asked for");
}
