//! Inverse design: the first order that its steps rest on against the solid itself, and designs of
//! small solids from the targets to the file.

mod common;
#[path = "common/independent.rs"]
mod independent;
#[path = "common/solid_file.rs"]
mod writer;

use std::path::Path;
use std::process::{Command, Output};

use amorph::analysis::pairs::{PairDraw, Sources, draw};
use amorph::design::feature::BASE;
use amorph::design::linearisation::Linearisation;
use amorph::design::outcome::Outcome;
use amorph::design::parameters::{Norm, Parameters};
use amorph::design::problem::Problem;
use amorph::design::run::{Design, design};
use amorph::design::search::Settings;
use amorph::design::state::State;
use amorph::design::target::{Target, TargetError, Wanted, Wish};
use amorph::design::walk::walk;
use amorph::format::solid_file::SolidData;
use amorph::relax::forces::Forces;
use amorph::relax::prepare::{Recipe, Structure, Target as PressureTarget};
use amorph::response::allosteric::AllostericPair;
use amorph::response::features::FeatureRequest;
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::contacts::Contacts;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;
use common::{largest, largest_difference, numbers};

fn recipe(structure: Structure, particles: usize) -> Recipe {
    Recipe {
        disorder: None,
        particles,
        structure,
        size_ratio: 1.4,
        target: PressureTarget::Pressure(0.1),
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { exponent: 2.0, a: 50.0, tail: Tail::DEFAULT },
        pressure_tolerance: 1e-6,
        max_attempts: 10,
    }
}

fn key(replica: u64) -> StreamKey {
    StreamKey { seed: 5, solid: 2, replica, attempt: 0 }
}

/// A packing with diameters of so many species.
fn packing(particles: usize, species: usize, replica: u64) -> (Solid<2>, Parameters) {
    let prepared = recipe(Structure::Disordered, particles).prepare::<2>(&key(replica)).unwrap();
    let assignment = Assignment::random(&prepared.solid, species, &key(replica)).unwrap();
    let solid = prepared.solid.reassigned(assignment.species, assignment.interactions);
    let space = ParameterSpace::new(&[ParameterKind::Diameter], species);
    let parameters = Parameters::new(&solid, space, None);
    (solid, parameters)
}

/// An unstressed network with a k for every bond.
fn network<const D: usize>(particles: usize, replica: u64) -> (Solid<D>, Parameters) {
    let prepared = recipe(Structure::Network, particles).prepare::<D>(&key(replica)).unwrap();
    let own = Assignment::particles(&prepared.solid);
    let solid = prepared.solid.reassigned(own.species, own.interactions);
    let space = ParameterSpace::new(&[ParameterKind::Stiffness], particles);
    let bonds = &prepared.equilibrium.contacts.bonds;
    let mut parameters = Parameters::of_bonds(&solid, space, bonds);
    parameters.norm = Norm::Relative;
    (solid, parameters)
}

/// So many pairs for allosteric features.
fn pairs<const D: usize>(solid: &Solid<D>, pairs: usize) -> Vec<AllostericPair> {
    let contacts = Contacts::find(solid, Forces::new(solid).candidates());
    draw(solid, &contacts, &PairDraw { pairs, sources: Sources::Own, distance: 0.25 }, &key(7))
        .unwrap()
}

fn wishes(text: &str) -> Vec<Wish> {
    Wish::list(text).unwrap()
}

fn designed<const D: usize>((solid, parameters): (Solid<D>, Parameters), text: &str) -> Design<D> {
    let pairs = pairs(&solid, 3);
    design(solid, parameters, &wishes(text), &pairs, &Settings::DEFAULT).unwrap()
}

/// A packing with the first order of everything that a step looks at.
fn first_order(replica: u64, modes: usize) -> (Problem<2>, State<2>, Linearisation) {
    let (solid, parameters) = packing(64, 12, replica);
    let request = FeatureRequest { modes, pairs: pairs(&solid, 3), ..BASE };
    let mut problem = Problem { parameters, targets: Vec::new(), request: request.clone() };
    let state = State::new(&problem, solid).unwrap();
    let wanted = wishes(
        "K=+5%,nu=0.4,C_xxxx=+1%,stress_xy=0.01,omega_0=+1%,volume=+1%,eta_0=+5%,eta_2+=0.1",
    );
    problem.targets = Target::all::<2>(&wanted, &request, &state.values, 60.0).unwrap();
    let state = State::new(&problem, state.solid).unwrap();
    let linear = Linearisation::new(&problem, &state, 0.1);
    (problem, state, linear)
}

#[test]
fn errors_and_gaps_follow_the_parameters_as_the_first_order_says() {
    let (problem, state, linear) = first_order(0, 4);
    let direction = key(3).directions(linear.theta.len(), 1).remove(0);
    let step = 1e-6;
    let moved = |sign: f64| {
        let change: Vec<f64> = direction.iter().map(|x| x * sign * step).collect();
        let arrival = walk(&problem, &state, &change, false).unwrap();
        assert_eq!((arrival.share, arrival.obstacle), (1.0, None));
        assert_eq!(state.contacts_changed(&arrival.state), 0);
        arrival.state
    };
    let (plus, minus) = (moved(1.0), moved(-1.0));
    let along = |row: &Vec<f64>| row.iter().zip(&direction).map(|(x, d)| x * d).sum::<f64>();
    let predicted: Vec<f64> = linear.jacobian.iter().map(along).collect();
    let errors = plus.errors.iter().zip(&minus.errors);
    let found: Vec<f64> = errors.map(|(a, b)| (a - b) / (2.0 * step)).collect();
    assert!(largest_difference(&predicted, &found) < 1e-5 * largest(&predicted));
    let gap = |state: &State<2>, (i, j): (usize, usize)| {
        state.solid.separation(i, j).norm() - state.solid.pair(i, j).sigma
    };
    assert!(linear.walls.all.len() > 60);
    for wall in &linear.walls.all {
        let found = (gap(&plus, wall.pair) - gap(&minus, wall.pair)) / (2.0 * step);
        assert!((along(&wall.slope) - found).abs() < 1e-5, "{:?}", wall.pair);
    }
}

/// Particles are brought together or apart by walking straight to the wall, and a little beyond.
#[test]
fn features_jump_at_a_contact_change_as_the_walls_say() {
    let mut looked_at = [0, 0];
    for replica in 0..16 {
        let (problem, state, linear) = first_order(replica, 2);
        let mut walls: Vec<usize> = (0..linear.walls.all.len()).collect();
        walls.sort_by(|&a, &b| {
            linear.walls.all[a].gap.abs().total_cmp(&linear.walls.all[b].gap.abs())
        });
        // The nearest two of each side.
        let (apart, touching): (Vec<usize>, Vec<usize>) =
            walls.into_iter().partition(|&wall| linear.walls.all[wall].gap > 0.0);
        for nearest in apart.into_iter().take(2).chain(touching.into_iter().take(2)) {
            let (pair, first) = (linear.walls.all[nearest].pair, linear.walls.all[nearest].gap);
            // The part of the remaining gap that is gone: near it first, then just before and just beyond.
            let close = |state: &State<2>, share: f64| -> Option<State<2>> {
                let linear = Linearisation::new(&problem, state, 0.1);
                let wall = linear.walls.all.iter().find(|wall| wall.pair == pair)?;
                let square: f64 = wall.slope.iter().map(|x| x * x).sum();
                let change = wall.slope.iter().map(|x| -share * wall.gap * x / square);
                let arrival = walk(&problem, state, &change.collect::<Vec<f64>>(), false).ok()?;
                arrival.obstacle.is_none().then_some(arrival.state)
            };
            let near = close(&state, 0.98).and_then(|near| close(&near, 0.98));
            let Some(near) = near else { continue };
            let (Some(before), Some(after)) = (close(&near, 0.9), close(&near, 1.1)) else {
                continue;
            };
            if state.contacts_changed(&before) != 0 || before.contacts_changed(&after) != 1 {
                continue;
            }
            let linear = Linearisation::new(&problem, &before, 0.05);
            let wall = linear.walls.all.iter().position(|wall| wall.pair == pair).unwrap();
            let Some(predicted) = linear.jump(&problem, &before, &[wall]) else { continue };
            let found: Vec<f64> =
                after.errors.iter().zip(&before.errors).map(|(a, b)| a - b).collect();
            // K, ν, C_xxxx; nearly nothing lies between the two states but the jump.
            assert!(largest(&predicted[..3]) > 0.0);
            let off = largest_difference(&predicted[..3], &found[..3]);
            let most = 0.01 * largest(&found[..3]) + 1e-6;
            assert!(off <= most, "{pair:?}: {predicted:?} but {found:?}");
            assert_eq!(predicted[5], 0.0, "the volume of the particles does not jump");
            // η of both pairs.
            let off = largest_difference(&predicted[6..], &found[6..]);
            let most = 0.01 * largest(&found[6..]) + 1e-6;
            assert!(off <= most, "{pair:?}: {predicted:?} but {found:?}");
            looked_at[usize::from(first > 0.0)] += 1;
        }
    }
    assert!(looked_at[0] > 1 && looked_at[1] > 1, "{looked_at:?} broken, made");
}

#[test]
fn networks_over_their_bonds_reach_every_target_in_a_few_steps() {
    for replica in 0..3 {
        for text in ["K=+20%", "K=-20%", "G=+20%", "G=-20%", "nu=-0.5"] {
            let result = designed(network::<2>(48, replica), text);
            let found = &result.found;
            assert_eq!(result.outcome, Outcome::Reached, "replica {replica}, {text}");
            let steps = found.path.len() - 1;
            assert!(steps <= if text.starts_with("nu") { 30 } else { 6 }, "{text}: {steps} steps");
            let fresh = result.fresh.unwrap();
            assert!(largest(&fresh.errors) < 1e-6, "{text}: unstressed networks do not move");
        }
    }
    let result = designed(network::<3>(30, 0), "K=+20%,G=-20%");
    assert_eq!(result.outcome, Outcome::Reached);
}

#[test]
fn networks_reach_targets_for_all_elastic_constants_at_once() {
    fn all<const D: usize>(particles: usize, share: f64) {
        for replica in 0..2 {
            let (solid, parameters) = network::<D>(particles, replica);
            let wanted = independent::elastic(&solid, &parameters, share, &key(replica));
            assert_eq!(wanted.len(), D * (D + 1) * (D * (D + 1) + 2) / 8);
            let result = design(solid, parameters, &wanted, &[], &Settings::DEFAULT).unwrap();
            assert_eq!(result.outcome, Outcome::Reached, "{D}d, replica {replica}");
        }
    }
    all::<2>(64, 0.2);
    all::<3>(48, 0.1);
}

#[test]
fn packings_reach_targets_without_rearranging() {
    let mut reached = [0; 2];
    for replica in 0..4 {
        for (place, text) in ["G=-5%", "K=+3%"].into_iter().enumerate() {
            let result = designed(packing(64, 20, replica), text);
            let found = &result.found;
            reached[place] += usize::from(result.outcome == Outcome::Reached);
            assert!(found.path.iter().all(|stop| stop.rearrangements == 0));
            assert!(found.relinearisations <= 100);
            let last = &found.path[found.path.len() - 1];
            assert_eq!(last.theta, result.problem.parameters.values(&found.state.solid));
            assert_eq!(result.outcome == Outcome::Reached, last.residual <= 1e-6);
        }
    }
    assert!(reached[0] >= 3 && reached[1] >= 2, "{reached:?} of 4 each");
}

#[test]
fn held_features_bounds_and_volume_are_kept() {
    let (solid, mut parameters) = packing(64, 20, 1);
    parameters.bound(ParameterKind::Diameter, &(0.97..=1.43));
    let mut wanted = wishes("G=-3%");
    wanted.extend(["pressure", "volume"].map(Wish::hold));
    let result = design(solid, parameters, &wanted, &[], &Settings::DEFAULT).unwrap();
    assert_eq!(result.outcome, Outcome::Reached);
    let stops = &result.found.path;
    for (first, last) in stops[0].values[1..].iter().zip(&stops[stops.len() - 1].values[1..]) {
        assert!((first - last).abs() <= 1e-6 * first.abs());
    }
    let within = |stop: &&amorph::design::outcome::Stop| {
        stop.theta.iter().all(|value| (0.97..=1.43).contains(value))
    };
    assert_eq!(stops.iter().filter(within).count(), stops.len());
    // Too narrow for the target: the bound is named as what holds the solid back.
    let (solid, mut parameters) = packing(64, 20, 1);
    let values = parameters.values(&solid).into_iter();
    parameters.bounds = values.map(|value| value - 1e-4..=value + 1e-4).collect();
    let result = design(solid, parameters, &wishes("G=-30%"), &[], &Settings::DEFAULT).unwrap();
    assert_eq!(result.outcome, Outcome::Bound);
}

/// The strain of a distant pair by that of another: in networks over their bonds, and in packings.
#[test]
fn strains_of_distant_pairs_are_designed() {
    let reached = |result: &Outcome| usize::from(*result == Outcome::Reached);
    for replica in 0..3 {
        let result = designed(network::<2>(64, replica), "eta_0=0.3,eta_1=-0.2,K=+0%");
        assert_eq!(result.outcome, Outcome::Reached, "2d, replica {replica}");
        assert!(largest(&result.fresh.unwrap().errors) < 1e-6, "unstressed networks do not move");
        let result = designed(network::<3>(40, replica), "eta_0=0.3,eta_2=-0.2");
        assert_eq!(result.outcome, Outcome::Reached, "3d, replica {replica}");
    }
    let mut packings = [0; 2];
    for replica in 0..4 {
        for (place, text) in ["eta_0=+5%", "eta_0+=0.02,eta_1-=0.02"].into_iter().enumerate() {
            let result = designed(packing(64, 20, replica), text);
            packings[place] += reached(&result.outcome);
            let start = result.problem.targets[0].start;
            let wanted = if place == 0 { 1.05 * start } else { start + 0.02 };
            assert_eq!(result.problem.targets[0].value, wanted);
        }
    }
    assert!(packings[0] >= 3 && packings[1] >= 3, "{packings:?} of 4 each");
}

#[test]
fn what_no_parameter_moves_is_infeasible_and_named() {
    let prepared = recipe(Structure::Crystal, 64).prepare::<2>(&key(0)).unwrap();
    let assignment = Assignment::random(&prepared.solid, 6, &key(0)).unwrap();
    let solid = prepared.solid.reassigned(assignment.species, assignment.interactions);
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 6);
    let parameters = Parameters::new(&solid, space, None);
    let result = designed((solid, parameters), "K=+5%,G=-20%");
    assert_eq!(result.outcome, Outcome::Infeasible);
    let incompatible = result.incompatible.unwrap();
    assert!(incompatible.combination.iter().all(|u| u.abs() > 0.05));
    assert!(incompatible.asked > 0.01 && incompatible.response < 1e-9);

    // The strain of a pair by its own, which is 1.
    let (solid, parameters) = packing(64, 20, 2);
    let mut own = pairs(&solid, 1);
    own[0].target = own[0].source;
    let wanted = wishes("eta_0=+5%");
    let result = design(solid, parameters, &wanted, &own, &Settings::DEFAULT).unwrap();
    assert_eq!(result.outcome, Outcome::Infeasible);

    // ν and η by one common k, and three features by two diameters.
    let prepared = recipe(Structure::Disordered, 64).prepare::<2>(&key(0)).unwrap();
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 2);
    let two = Parameters::new(&prepared.solid, space, None);
    let result = designed((prepared.solid, two), "K=+1%,G=+1%,pressure=-1%");
    assert_eq!(result.outcome, Outcome::Infeasible);
    let prepared = recipe(Structure::Crystal, 64).prepare::<2>(&key(1)).unwrap();
    let space = ParameterSpace::new(&[ParameterKind::Stiffness], 1);
    let parameters = Parameters::new(&prepared.solid, space, None);
    for text in ["nu=+5%", "eta_0=+5%"] {
        let result = designed((prepared.solid.clone(), parameters.clone()), text);
        assert_eq!(result.outcome, Outcome::Infeasible, "{text}");
    }
}

#[test]
fn targets_that_cannot_be_wished_for_are_refused() {
    let (solid, parameters) = packing(48, 6, 0);
    let refused = |text: &str| -> String {
        let wishes = match Wish::list(text) {
            Ok(wishes) => wishes,
            Err(error) => return error.to_string(),
        };
        let pairs = pairs(&solid, 3);
        let result = design(solid.clone(), parameters.clone(), &wishes, &pairs, &Settings::DEFAULT);
        match result {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{text} was accepted"),
        }
    };
    for (text, fragment) in [
        ("Q=1", "did you mean"),
        ("C_xxyx=1", "did you mean C_xx"),
        ("K=1,K=2", "K twice"),
        ("K=nan", "not finite"),
        ("K=5%", "no target"),
        ("K", "no target"),
        ("K=+x%", "no target"),
        ("omega_500=1", "omega_500: there are at most 94 modes"),
        ("omega_18446744073709551615=1", "there are at most 94 modes"),
        ("eta_3=1", "eta_3: there are 3 pairs of allosteric features"),
        ("eta_1=1,eta_1=+5%", "eta_1 twice"),
        ("eta=1", "unknown feature \"eta\""),
        ("K=0.5,G=0.3,nu=0.9", "contradict"),
        ("pressure=0.1,stress_xx=-0.1,stress_yy=-0.2", "contradict"),
        ("C_xxxx=1,C_yyyy=1,C_xxyy=0.5,K=0.6", "contradict"),
    ] {
        assert!(refused(text).contains(fragment), "{text}: {}", refused(text));
    }
    // What follows from the others is no contradiction.
    let wishes = wishes("pressure=0.15,stress_xx=-0.1,stress_yy=-0.2");
    let values = vec![-0.1, -0.1, 0.0, 1.0, 1.0, 0.3, 0.5, 0.0, 0.0, 0.1, 0.75, 0.3, 0.4];
    assert!(Target::all::<2>(&wishes, &BASE, &values, 1.0).is_ok());
    let zero = Wish { name: "stress_xy".to_owned(), wanted: Wanted::Share(0.1) };
    let error = Target::all::<2>(&[zero], &BASE, &values, 1.0).unwrap_err();
    assert_eq!(error, TargetError::ShareOfZero("stress_xy".to_owned()));
}

#[test]
fn small_features_share_the_unit_of_the_large_ones_but_keep_their_tolerance() {
    let (_, parameters) = packing(48, 6, 0);
    let values = vec![-0.1, -0.1, 0.0, 1.0, 1.0, 0.3, 0.5, 0.0, 0.0, 0.1, 0.75, 0.3, 0.4];
    let wanted = wishes("C_xxxx=+1%,C_xxxy+=0.005,nu=0.01");
    let targets = Target::all::<2>(&wanted, &BASE, &values, 1.0).unwrap();
    let problem: Problem<2> = Problem { parameters, targets, request: BASE };
    let [large, small, nu] = &problem.targets[..] else { panic!("three targets") };
    assert_eq!((large.scale, large.unit), (1.01, 1.01));
    assert_eq!((small.scale, small.unit), (0.005, 0.1));
    assert_eq!((nu.scale, nu.unit), (0.39, 0.39));
    let errors: Vec<f64> =
        problem.targets.iter().map(|target| target.error(target.start)).collect();
    assert!((errors[1] + 0.05).abs() < 1e-12);
    assert!((problem.residual(&errors) - 1.0).abs() < 1e-12);
}

fn amorph(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(arguments)
        .env_remove("HDF5_USE_FILE_LOCKING")
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Writes a packing of 64 particles with twenty diameters.
fn solid_file(path: &Path) {
    write_solid(path, &packing(64, 20, 1).0);
}

/// Adds pairs for allosteric features.
fn write_pairs(path: &Path, pairs: &[AllostericPair]) {
    let file = common::open_to_change(path);
    let particles: Vec<i32> =
        pairs.iter().flat_map(|pair| pair.particles()).map(|i| i as i32).collect();
    let shape = [pairs.len(), 2, 2];
    let dataset = file.new_dataset::<i32>().shape(shape).create("allosteric_pairs").unwrap();
    dataset.write_raw(&particles).unwrap();
}

fn write_solid(path: &Path, solid: &Solid<2>) {
    let interactions = &solid.interactions;
    let data = SolidData {
        positions: solid.positions.iter().flatten().copied().collect(),
        edges: solid.cell.edges().iter().copied().collect(),
        species: solid.species.clone(),
        diameters: interactions.diameters.clone(),
        k: interactions.k.to_vec(),
        depths: interactions.depths.to_vec(),
        a: 50.0,
        tail: None,
        springs: None,
        directions: None,
        exponent: 2.0,
        size_factors: None,
    };
    writer::write(path, "/", &data);
}

#[test]
fn a_design_is_a_solid_file_that_measure_and_check_agree_with() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (solid, out, measured) = (place("solid.h5"), place("design.h5"), place("measured.h5"));
    solid_file(Path::new(&solid));
    let ended = amorph(&["design", &solid, "-o", &out, "--target", "G=-5%", "--hold", "pressure"]);
    let (printed, message) = (text(&ended.stdout), text(&ended.stderr));
    assert_eq!(ended.status.code(), Some(0), "{printed}{message}");
    assert!(printed.contains("outcome: reached"), "{printed}");
    let ended = amorph(&["check", &out]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stdout));
    assert!(text(&ended.stdout).contains("nothing is wrong"));
    let ended = amorph(&["measure", &out, "-o", &measured, "--features", "stress,elastic,derived"]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let (design, measured) = (common::open(&out), common::open(&measured));
    let (ours, theirs) = (numbers(&design, "features"), numbers(&measured, "features"));
    assert_eq!(ours.len(), 13);
    assert!(largest_difference(&ours, &theirs) < 1e-9);
    let targets = numbers(&design, "targets");
    assert!((ours[11] / targets[0] - 1.0).abs() < 1e-6);
    drop(design);

    // A number that is not what the solid has is found.
    let file = common::open_to_change(&out);
    let features = file.dataset("features").unwrap();
    let mut wrong = features.read_raw::<f64>().unwrap();
    wrong[3] *= 1.0 + 1e-6;
    features.write_raw(&wrong).unwrap();
    drop((features, file));
    let ended = amorph(&["check", &out]);
    assert_eq!(ended.status.code(), Some(3));
    assert!(text(&ended.stdout).contains("C_xxxx is"), "{}", text(&ended.stdout));

    // An output that exists is refused.
    let ended = amorph(&["design", &solid, "-o", &out, "--target", "G=-5%"]);
    assert_eq!(ended.status.code(), Some(2));
}

#[test]
fn a_designed_strain_is_that_of_the_pair_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (solid, out, measured) = (place("solid.h5"), place("design.h5"), place("measured.h5"));
    solid_file(Path::new(&solid));
    let given = pairs(&packing(64, 20, 1).0, 3);
    let refused = |solid: &str, target: &str, said: &str| {
        let ended = amorph(&["design", solid, "-o", &out, "--target", target]);
        let message = text(&ended.stderr);
        assert_eq!(ended.status.code(), Some(2), "{target}: {message}");
        assert!(message.contains(said) && message.contains("solid.h5"), "{target}: {message}");
        assert!(!Path::new(&out).exists());
    };
    refused(&solid, "eta_0=+5%", "no dataset `allosteric_pairs`");
    write_pairs(Path::new(&solid), &given);
    refused(&solid, "eta_3=+5%", "eta_3: there are 3 pairs of allosteric features");

    // Softer solids have rattlers.
    let soft = |replica| {
        let target = PressureTarget::Pressure(1e-3);
        let recipe = Recipe { target, ..recipe(Structure::Disordered, 64) };
        let solid = recipe.prepare::<2>(&key(replica)).unwrap().solid;
        let contacts = Contacts::find(&solid, Forces::new(&solid).candidates());
        let rattler = contacts.rattler.iter().position(|&rattles| rattles)?;
        let [mut pair] = pairs(&solid, 1)[..] else { return None };
        pair.target[0] = rattler;
        Some((solid, pair))
    };
    let (packed, pair) = (0..20).find_map(soft).expect("a rattler in one of 20");
    let other = place("soft-solid.h5");
    write_solid(Path::new(&other), &packed);
    write_pairs(Path::new(&other), &[pair]);
    refused(
        &other,
        "eta_0=+5%",
        "eta_0: it has no value in this solid, a particle of its pair is a rattler",
    );

    let ended = amorph(&["design", &solid, "-o", &out, "--target", "eta_1=+5%,eta_2+=0.01"]);
    let printed = text(&ended.stdout);
    assert_eq!(ended.status.code(), Some(0), "{printed}{}", text(&ended.stderr));
    assert_eq!(amorph(&["check", &out]).status.code(), Some(0));
    let ended = amorph(&["measure", &out, "-o", &measured, "--features", "derived,allosteric"]);
    assert_eq!(ended.status.code(), Some(0), "{}", text(&ended.stderr));
    let (design, measured) = (common::open(&out), common::open(&measured));
    let (ours, theirs) = (numbers(&design, "features"), numbers(&measured, "features"));
    assert_eq!((ours.len(), theirs.len()), (16, 7));
    assert!(largest_difference(&ours[13..], &theirs[4..]) < 1e-9);
    let wanted = numbers(&design, "targets");
    let start = numbers(&design, "target_start");
    assert!((wanted[0] / start[0] - 1.05).abs() < 1e-12);
    assert!((wanted[1] - start[1] - 0.01).abs() < 1e-12);
    assert!((ours[14] / wanted[0] - 1.0).abs() < 1e-6 && (ours[15] - wanted[1]).abs() < 1e-6);
    drop((design, measured));

    // Another pair than the one that was designed is found.
    let file = common::open_to_change(&out);
    let dataset = file.dataset("allosteric_pairs").unwrap();
    let mut particles = dataset.read_raw::<i32>().unwrap();
    particles.swap(6, 10);
    dataset.write_raw(&particles).unwrap();
    drop((dataset, file));
    let ended = amorph(&["check", &out]);
    assert_eq!(ended.status.code(), Some(3));
    assert!(text(&ended.stdout).contains("eta_1 is"), "{}", text(&ended.stdout));
}

#[test]
fn impossible_targets_exit_with_3_and_name_the_combination_in_message_and_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let crystal = |species: usize| {
        let prepared = recipe(Structure::Crystal, 64).prepare::<2>(&key(0)).unwrap();
        let own = Assignment::random(&prepared.solid, species, &key(0)).unwrap();
        prepared.solid.reassigned(own.species, own.interactions)
    };
    let pair = recipe(Structure::Disordered, 64).prepare::<2>(&key(0)).unwrap().solid;
    for (name, solid, options, named) in [
        ("crystal", crystal(6), &["--target", "K=+5%,G=-20%"][..], &["K", "G"][..]),
        ("two", pair, &["--target", "K=+1%,G=+1%,p=-1%"], &["K", "G", "pressure"]),
        ("common", crystal(1), &["--target", "nu=+5%", "--parameters", "k"], &["nu"]),
    ] {
        let (file, out) = (place(name), place(&format!("{name}.design")));
        write_solid(Path::new(&file), &solid);
        let mut arguments = vec!["design", &file, "-o", &out];
        arguments.extend(options);
        let ended = amorph(&arguments);
        let printed = text(&ended.stdout);
        assert_eq!(ended.status.code(), Some(3), "{name}: {printed}{}", text(&ended.stderr));
        assert!(printed.contains("outcome: infeasible"), "{name}: {printed}");
        let message = printed.lines().find(|line| line.starts_with("no parameter moves")).unwrap();
        let file = common::open(&out);
        let stored = file.attr("incompatible").unwrap();
        let stored = stored.read_scalar::<hdf5::types::FixedUnicode<512>>().unwrap().to_string();
        assert!(message.ends_with(&stored), "{name}: {message} but {stored}");
        assert!(named.iter().all(|feature| stored.contains(feature)), "{name}: {stored}");
        let combination = numbers(&file, "incompatible");
        assert_eq!(combination.len(), named.len());
        assert!((combination.iter().map(|u| u * u).sum::<f64>() - 1.0).abs() < 1e-9);
        drop(file);
        assert_eq!(amorph(&["check", &out]).status.code(), Some(0), "{name}");
    }
}

#[test]
fn designs_that_do_not_reach_exit_with_3_and_bad_ones_with_2_and_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (solid, out) = (place("solid.h5"), place("out.h5"));
    solid_file(Path::new(&solid));
    for (options, fragment) in [
        (&["--target", "Q=+5%"][..], "unknown feature"),
        (&["--target", "K=nan"], "not finite"),
        (&["--target", "K=+5%", "--hold", "K"], "K twice"),
        (&["--target", "K=1,G=1,nu=0.7"], "contradict"),
        (&["--target", "K=+5%", "--bounds", "D=1.1:1.2"], "outside its bounds"),
        (&["--target", "K=+5%", "--bounds", "k=0.5:2"], "not among --parameters"),
        (&["--target", "K=+5%", "--parameters", "DB"], "B_0_0 = 0"),
        (&["--target", "K=+5%", "--level", "bond"], "allowed: k, B"),
    ] {
        let mut arguments = vec!["design", &solid, "-o", &out];
        arguments.extend(options);
        let ended = amorph(&arguments);
        assert_eq!(ended.status.code(), Some(2), "{options:?}: {}", text(&ended.stdout));
        assert!(text(&ended.stderr).contains(fragment), "{options:?}: {}", text(&ended.stderr));
        assert!(!Path::new(&out).exists(), "{options:?}");
    }
    let mut arguments = vec!["design", &solid, "-o", &out, "--target", "G=-40%", "--limit", "1"];
    let ended = amorph(&arguments);
    assert_eq!(ended.status.code(), Some(3), "{}", text(&ended.stdout));
    assert!(text(&ended.stdout).contains("outcome: limit"));
    assert_eq!(amorph(&["check", &out]).status.code(), Some(0));
    let twice = place("twice.h5");
    arguments[3] = &twice;
    assert_eq!(amorph(&arguments).status.code(), Some(3));
    let (one, other) = (common::open(&out), common::open(&twice));
    for name in ["positions", "path/theta", "fresh_features"] {
        assert_eq!(numbers(&one, name), numbers(&other, name), "{name}: the same bits again");
    }
}
