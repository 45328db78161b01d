//! All frequencies of a solid: against dense matrices and differences, how many are independent, and how
//! those that a solid with rattlers lacks are stored.

mod common;

use amorph::relax::disorder::Disorder;
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::curvature::{DirectionResponse, curvature};
use amorph::response::features::{Absence, FeatureRequest};
use amorph::response::linear::LinearResponse;
use amorph::response::modes::{lowest_modes, most_modes};
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use common::bond_model::{BondModel, deformation};
use common::differences::derivative;
use common::engine::{contents, launch};
use common::small::{key, prepared, recipe, relaxed, respond, responses};
use common::{largest, largest_difference, numbers};

fn all<const D: usize>(particles: usize) -> FeatureRequest {
    FeatureRequest { modes: most_modes(D, particles), ..FeatureRequest::NONE }
}

/// ω, J and d²ω along one direction of all modes.
fn check<const D: usize>(particles: usize, pressure: f64, depth: f64, structure: Structure) {
    let name = format!("{D}d p = {pressure:e}, B = {depth}, {structure:?}");
    let made = recipe(particles, structure, pressure, depth);
    let mut solid = prepared::<D>(&made, 0, 3).solid;
    let mut equilibrium = relaxed(&mut solid);
    let request = all::<D>(particles);
    let kinds = [ParameterKind::Diameter, ParameterKind::Stiffness];
    let space = ParameterSpace::new(&kinds, 3);
    let response = respond(&solid, &mut equilibrium, &request, &space);
    let count = equilibrium.hessian.size() - D;
    let held = &response.values[..count];
    assert!(response.values[count..].iter().all(|omega| omega.is_nan()), "{name}");
    let mut model = BondModel::new(&solid, &equilibrium);
    model.relax(&deformation::<D>(&[])).unwrap();
    let error = largest_difference(held, &model.frequencies(count)) / largest(held);
    println!("{name}: {count} of {} modes, omega {error:.1e}", request.modes);
    assert!(error < 1e-9, "{name}: {error:e}");
    assert!(response.degenerate.iter().all(|&degenerate| !degenerate), "{name}");

    let theta = space.values(&solid.interactions);
    let at = responses(&solid, &equilibrium, &request, &space);
    let whole = std::iter::once(0..count).collect::<Vec<_>>();
    let (mut exact, mut differences) = (Vec::new(), Vec::new());
    for q in [0, 2, space.len() - 1] {
        let y = |t: f64| {
            let mut changed = theta.clone();
            changed[q] *= 1.0 + t;
            Some(at(&changed)?.values[..count].to_vec())
        };
        differences.extend(derivative(y, 3e-4, &whole).values);
        exact.extend((0..count).map(|row| theta[q] * response.jacobian[(row, q)]));
    }
    let error = largest_difference(&exact, &differences) / largest(&exact);
    println!("{name} J: {error:.1e}");
    assert!(error < 1e-6, "{name} J: {error:e}");

    // The reduced resolvent of a few modes has to say what the sum over all modes says.
    let hat: Vec<f64> = (0..space.len()).map(|q| theta[q] * ((q * q) as f64).cos()).collect();
    let length = hat.iter().map(|x| x * x).sum::<f64>().sqrt();
    let hat: Vec<f64> = hat.iter().map(|x| x / length).collect();
    let few = FeatureRequest { modes: 6, ..FeatureRequest::NONE };
    let modes = [&request, &few].map(|it| lowest_modes(&solid, &mut equilibrium, it.modes));
    let linear = LinearResponse::new(&solid, &equilibrium);
    let along =
        DirectionResponse::new(&linear, &ParameterDirection::new(&space, &hat), &solid.species);
    let of_all = curvature(&linear, &along, &modes[0], &request);
    let of_few = curvature(&linear, &along, &modes[1], &few);
    let error = largest_difference(&of_all[..6], &of_few) / largest(&of_few);
    println!("{name} d² of six: {error:.1e}");
    assert!(error < 1e-8, "{name} d² of six: {error:e}");
    let slope = |gamma: f64| {
        let changed: Vec<f64> = theta.iter().zip(&hat).map(|(t, w)| t + gamma * w).collect();
        let response = at(&changed)?;
        let row = |row: usize| (0..space.len()).map(|q| response.jacobian[(row, q)] * hat[q]).sum();
        Some((0..count).map(row).collect())
    };
    let unit = 1.0 / hat.iter().zip(&theta).fold(0.0, |max, (w, t)| f64::max(max, (w / t).abs()));
    let differences = derivative(slope, 1e-5 * unit, &whole).values;
    let error = largest_difference(&of_all[..count], &differences) / largest(&of_all[..count]);
    println!("{name} d²: {error:.1e}");
    assert!(error < 1e-5, "{name} d²: {error:e}");
}

#[test]
fn all_modes_agree_with_dense_matrices_and_differences() {
    check::<2>(48, 1e-1, 0.0, Structure::Disordered);
    check::<2>(48, 1e-3, 0.0, Structure::Disordered);
    check::<3>(40, 1e-1, 0.0, Structure::Disordered);
    check::<2>(48, 1e-1, 1e-2, Structure::Disordered);
    check::<2>(48, 1e-1, 0.0, Structure::Network);
}

#[test]
fn as_many_frequencies_are_independent_as_there_are_diameters() {
    for (pressure, replica) in [(1e-1, 0), (1e-1, 1), (1e-3, 0)] {
        let made = recipe(256, Structure::Disordered, pressure, 0.0);
        let mut solid = made.prepare::<2>(&key(replica)).unwrap().solid;
        let own = Assignment::particles(&solid);
        solid = solid.reassigned(own.species, own.interactions);
        let mut equilibrium = relaxed(&mut solid);
        let space = ParameterSpace::new(&[ParameterKind::Diameter], solid.len());
        let request = all::<2>(256);
        let response = respond(&solid, &mut equilibrium, &request, &space);
        let count = equilibrium.hessian.size() - 2;
        let parameters = response.inert.iter().filter(|&&inert| !inert).count();
        let svd =
            decompose(response.jacobian.as_ref().subrows(0, count), RANK_TOLERANCE, 0.0).unwrap();
        let ratio = svd.singular_values[parameters - 1] / svd.singular_values[0];
        println!("p = {pressure:e}: {count} modes, rank {} of {parameters}, {ratio:.1e}", svd.rank);
        assert_eq!(svd.rank, parameters, "{:?}", svd.singular_values);
        assert!(ratio > 1e-6, "{ratio:e}");
    }
}

#[test]
fn differences_of_close_frequencies_are_off_by_the_second_order_of_their_step() {
    let disorder = Some(Disorder { polydispersity: 1e-6, defects: 0.0 });
    let recipe = Recipe { disorder, ..recipe(108, Structure::Crystal, 1e-1, 0.0) };
    let request = FeatureRequest { stress: true, elastic: true, modes: 10, ..FeatureRequest::NONE };
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 20);
    let component = |q: usize| [1.0, -1.0][q % 2] / 20.0_f64.sqrt();
    for replica in 0..3 {
        let mut made = prepared::<3>(&recipe, replica, 20);
        let response = respond(&made.solid, &mut made.equilibrium, &request, &space);
        let theta = space.values(&made.solid.interactions);
        let at = responses(&made.solid, &made.equilibrium, &request, &space);
        let rows: Vec<usize> =
            (0..response.values.len()).filter(|&row| !response.degenerate[row]).collect();
        let element = |row: usize, q: usize| response.jacobian[(row, q)];
        let squares = rows.iter().flat_map(|&row| (0..20).map(move |q| element(row, q).powi(2)));
        let size = squares.sum::<f64>().sqrt();
        // Over |J|, of frequencies and of the others.
        let errors = |step: f64| {
            let side = |sign: f64| {
                let moved: Vec<f64> =
                    (0..20).map(|q| theta[q] + sign * step * component(q)).collect();
                at(&moved).unwrap().values
            };
            let (plus, minus) = (side(1.0), side(-1.0));
            let mut sums = [0.0; 2];
            for &row in &rows {
                let linear: f64 = (0..20).map(|q| element(row, q) * component(q)).sum();
                let slope = (plus[row] - minus[row]) / (2.0 * step);
                sums[usize::from(row < request.len(3) - 10)] += (slope - linear).powi(2);
            }
            sums.map(|sum: f64| sum.sqrt() / size)
        };
        let ([long, others], [short, _]) = (errors(1e-6), errors(1e-7));
        println!(
            "frequencies {long:.1e}, with a tenth of the step {short:.1e}; others {others:.1e}"
        );
        // Two orders of magnitude; more where the first step is too long for any order.
        assert!(long > 1e-4 && short < long / 50.0, "{long:e} {short:e}");
        assert!(others < 1e-7, "{others:e}");
    }
}

const STUDY: &str = r#"
version = 1
[study]
name = "spectra"
replicas = 3
[solid]
dimension = 2
particles = 48
pressure = 0.001
[features]
modes = "all"
sets = [["modes"], ["stress", "modes"]]
[parameters]
kinds = ["Dk"]
species = [16]
[sweep]
directions = 1
gamma_max = 1e-4
points = 3
"#;

#[test]
fn an_ensemble_stores_all_modes_and_says_which_a_solid_lacks() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("study.toml"), STUDY).unwrap();
    let run = |ranks: usize, arguments: &[&str]| {
        let ended =
            launch(ranks, "300").current_dir(place.path()).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert!(ended.status.success(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    };
    run(0, &["run", "study.toml", "-o", "0.h5"]);
    run(3, &["run", "study.toml", "-o", "3.h5"]);
    assert!(contents(&at("0.h5")) == contents(&at("3.h5")));
    run(0, &["check", "0.h5", "--items", "20"]);
    let file = common::open(at("0.h5"));
    let (solids, features) = (3, 94);
    let rattlers = file.dataset("main/solids/rattler_count").unwrap().read_raw::<i32>().unwrap();
    assert!(rattlers.iter().any(|&count| count > 0), "no rattlers: another seed");
    let values = numbers(&file, "main/features/values");
    let absent = file.dataset("main/features/absent").unwrap().read_raw::<u8>().unwrap();
    assert_eq!(values.len() % solids, 0);
    let rows = values.len() / solids;
    assert_eq!(rows, features + 3);
    let parameters = 16 + 136;
    let spectrum = numbers(&file, "main/Dk_n16/modes/singular_values");
    let rank = file.dataset("main/Dk_n16/modes/rank").unwrap().read_raw::<i32>().unwrap();
    for solid in 0..solids {
        let count = features - 2 * rattlers[solid] as usize;
        for row in 0..rows {
            let place = solid * rows + row;
            let lacking = row >= 3 + count;
            assert_eq!(values[place].is_nan(), lacking);
            assert_eq!(absent[place], u8::from(lacking) * Absence::NoMode as u8);
        }
        let known =
            spectrum[solid * features..(solid + 1) * features].iter().filter(|s| !s.is_nan());
        assert_eq!(known.count(), count.min(parameters));
        assert!(rank[solid] as usize <= count);
    }
    let star = numbers(&file, "main/Dk_n16/sweeps/gamma_star");
    assert!(star.chunks_exact(2).all(|bracket| bracket[0] >= 0.0), "{star:?}");
    run(
        0,
        &[
            "measure",
            "0.h5",
            "--scenario",
            "main",
            "--replica",
            "1",
            "--features",
            "modes:all",
            "--parameterisation",
            "Dk_n16",
            "--parameters",
            "Dk",
            "-o",
            "m.h5",
        ],
    );
    let measured = numbers(&common::open(at("m.h5")), "features");
    let stored = &values[rows + 3..2 * rows];
    for (ours, theirs) in measured.iter().zip(stored) {
        assert!((ours - theirs).abs() < 1e-9 || ours.is_nan() && theirs.is_nan());
    }
}
