//! Allosteric features: against the reference, against differences of solids that are relaxed again, and
//! what must hold exactly.

mod common;

use std::collections::BTreeSet;
use std::process::Command;

use amorph::analysis::pairs::{PairDraw, Sources, draw};
use amorph::format::solid_file;
use amorph::linearity::cause::Cause;
use amorph::linearity::problem::SweepProblem;
use amorph::linearity::settings::SweepSettings;
use amorph::linearity::sweep::sweep;
use amorph::relax::forces::Forces;
use amorph::relax::newton::{Equilibrium, finish};
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::allosteric::AllostericPair;
use amorph::response::curvature::{DirectionResponse, curvature, directional_derivative};
use amorph::response::features::{Absence, FeatureRequest, Features, compute};
use amorph::response::jacobian::{BondJacobians, bond_jacobian};
use amorph::response::linear::LinearResponse;
use amorph::response::modes::Modes;
use amorph::response::susceptibility::{RANK_TOLERANCE, Susceptibility, decompose};
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use amorph::solid::potential::Tail;
use common::differences::{derivative, second_derivative};
use common::engine::{contents, launch};
use common::small::{key, prepared, recipe, relaxed, respond, responses};
use common::{largest, largest_difference, numbers};
use faer::Mat;
use nalgebra::{DMatrix, DVector};
use rand::RngExt;

fn of(pairs: &[AllostericPair]) -> FeatureRequest {
    FeatureRequest { pairs: pairs.to_vec(), ..FeatureRequest::NONE }
}

/// Rows of a dataset of whole numbers.
fn twos(file: &hdf5::File, name: &str) -> Vec<[usize; 2]> {
    let all = file.dataset(name).unwrap().read_raw::<i32>().unwrap();
    all.chunks_exact(2).map(|ends| [ends[0] as usize, ends[1] as usize]).collect()
}

fn elements(matrix: &Mat<f64>) -> Vec<f64> {
    (0..matrix.nrows())
        .flat_map(|row| (0..matrix.ncols()).map(move |column| matrix[(row, column)]))
        .collect()
}

fn check_reference(solid_of: &str, kinds: &[ParameterKind]) {
    let path = format!("tests/data/{solid_of}.h5");
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<2>(Tail::DEFAULT).unwrap();
    let file = common::open(format!("tests/data/allostery_{solid_of}.h5"));
    let pairs: Vec<AllostericPair> = (twos(&file, "source").into_iter())
        .zip(twos(&file, "target"))
        .map(|(source, target)| AllostericPair { source, target })
        .collect();
    let request = of(&pairs);
    let mut forces = Forces::new(&solid);
    let mut equilibrium = finish(&solid, &mut forces, None).unwrap();
    let features = compute(&solid, &mut equilibrium, &request, true);
    let close = |what: &str, ours: &[f64], theirs: &[f64], tolerance: f64| {
        let error = largest_difference(ours, theirs) / largest(theirs);
        println!("{solid_of} {what}: {error:.1e}");
        assert!(error < tolerance, "{solid_of} {what}: {error:e}");
    };
    close("eta", &features.values, &numbers(&file, "eta"), 1e-12);

    let space = ParameterSpace::new(kinds, data.diameters.len());
    let bonds = &equilibrium.contacts.bonds;
    let jacobian = BondJacobians::new(&solid, bonds, &features.sensitivities, space.kinds())
        .projected(bonds, &solid.species, &space)
        .matrix;
    close("J", &elements(&jacobian), &numbers(&file, "jacobian"), 1e-9);
    let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
    close("s", &svd.singular_values, &numbers(&file, "singular_values"), 1e-9);

    // The reference has its bonds in an order of its own.
    let theirs = twos(&file, "bonds");
    let place = |bond: &amorph::solid::contacts::Bond<2>| {
        let ends = [[bond.i, bond.j], [bond.j, bond.i]];
        theirs.iter().position(|pair| ends.contains(pair)).unwrap()
    };
    let order: Vec<usize> = bonds.iter().map(place).collect();
    let by_bond = |name: &str| -> Vec<f64> {
        let all = numbers(&file, name);
        let rows = all.chunks_exact(theirs.len());
        rows.flat_map(|row| order.iter().map(|&b| row[b]).collect::<Vec<_>>()).collect()
    };
    for (name, kind) in [
        ("deta_dsigma", ParameterKind::Diameter),
        ("deta_dk", ParameterKind::Stiffness),
        ("deta_dB", ParameterKind::Depth),
    ] {
        let ours = bond_jacobian(&solid, bonds, &features.sensitivities, kind);
        if largest(&by_bond(name)) > 0.0 {
            close(name, &elements(&ours), &by_bond(name), 1e-9);
        }
    }
    let phi = |of: fn(&amorph::response::sensitivity::Sensitivity) -> &Vec<f64>| -> Vec<f64> {
        features.sensitivities.iter().flat_map(|row| of(row).clone()).collect()
    };
    close("deta_dphi1", &phi(|row| &row.phi1), &by_bond("deta_dphi1"), 1e-9);
    close("deta_dphi2", &phi(|row| &row.phi2), &by_bond("deta_dphi2"), 1e-9);

    let response = LinearResponse::new(&solid, &equilibrium);
    let w = numbers(&file, "direction_w0");
    let along =
        DirectionResponse::new(&response, &ParameterDirection::new(&space, &w), &solid.species);
    let none = Modes::none();
    let rate = directional_derivative(&response, &along, &none, &request);
    close("J w", &rate, &numbers(&file, "Jw"), 1e-9);
    let twice = curvature(&response, &along, &none, &request);
    close("y2", &twice, &numbers(&file, "y2"), 1e-8);

    // The change along w0 within the contact set.
    let theta = space.values(&solid.interactions);
    let delta = numbers(&file, "delta_eta");
    for (index, gamma) in numbers(&file, "gamma").into_iter().enumerate() {
        let mut moved = solid.clone();
        let changed: Vec<f64> = theta.iter().zip(&w).map(|(t, w)| t + gamma * w).collect();
        space.apply(&mut moved.interactions, &changed);
        let mut equilibrium = relaxed(&mut moved);
        let values = compute(&moved, &mut equilibrium, &request, false).values;
        let ours: Vec<f64> = values.iter().zip(&features.values).map(|(y, y0)| y - y0).collect();
        let theirs = &delta[index * pairs.len()..(index + 1) * pairs.len()];
        if theirs.iter().all(|change| change.is_finite()) {
            let error = largest_difference(&ours, theirs);
            assert!(error < 1e-7 * largest(theirs) + 1e-11, "{solid_of} {gamma:e}: {error:e}");
        }
    }
}

#[test]
fn soft_disks_agree_with_the_reference() {
    let kinds = [ParameterKind::Diameter, ParameterKind::Stiffness];
    check_reference("s2d_n064_p1e-1_Dk4", &kinds);
}

#[test]
fn attractive_disks_agree_with_the_reference() {
    check_reference("m2d_n064_p1e-1_B1e-2_D12", &[ParameterKind::Diameter]);
}

fn own(pairs: usize) -> PairDraw {
    PairDraw { pairs, sources: Sources::Own, distance: 0.25 }
}

fn drawn<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &Equilibrium<D>,
    wanted: &PairDraw,
) -> Vec<AllostericPair> {
    draw(solid, &equilibrium.contacts, wanted, &key(3)).unwrap()
}

/// η of every pair by dense matrices over the pair energies: the plain second way.
fn plain_values<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &Equilibrium<D>,
    pairs: &[AllostericPair],
) -> Vec<f64> {
    let n = solid.len() * D;
    let potential = &solid.interactions.potential;
    let mut hessian = DMatrix::<f64>::zeros(n, n);
    for bond in &equilibrium.contacts.bonds {
        let [slope, second, ..] = potential.radial(&bond.pair, bond.distance);
        let (along, r) = (bond.separation / bond.distance, bond.distance);
        for a in 0..D {
            for b in 0..D {
                let identity = f64::from(u8::from(a == b));
                let h = along[a] * along[b] * (second - slope / r) + identity * slope / r;
                for (row, column, sign) in [
                    (bond.i, bond.i, 1.0),
                    (bond.j, bond.j, 1.0),
                    (bond.i, bond.j, -1.0),
                    (bond.j, bond.i, -1.0),
                ] {
                    hessian[(row * D + a, column * D + b)] += sign * h;
                }
            }
        }
    }
    let inverse = hessian.pseudo_inverse(1e-11).unwrap();
    let dipole = |[i, j]: [usize; 2]| {
        let separation = solid.separation(i, j);
        let mut force = DVector::<f64>::zeros(n);
        for axis in 0..D {
            force[i * D + axis] += separation[axis] / separation.norm();
            force[j * D + axis] -= separation[axis] / separation.norm();
        }
        (force, separation.norm())
    };
    let eta = |pair: &AllostericPair| {
        let ((source, r_s), (target, r_t)) = (dipole(pair.source), dipole(pair.target));
        let moved = &inverse * &source;
        (target.dot(&moved) / r_t) / (source.dot(&moved) / r_s)
    };
    pairs.iter().map(eta).collect()
}

/// η, J by species, the rate and the second derivative along a direction, against dense matrices and
/// differences.
fn check<const D: usize>(name: &str, recipe: &Recipe, replica: u64, kinds: &[ParameterKind]) {
    let mut solid = prepared::<D>(recipe, replica, 3).solid;
    let mut equilibrium = relaxed(&mut solid);
    let mut pairs = drawn(&solid, &equilibrium, &own(5));
    // Neither need be contacts, nor have four particles.
    let strange = AllostericPair {
        source: pairs[0].source,
        target: [pairs[1].source[0], pairs[2].target[1]],
    };
    let touching = AllostericPair {
        source: pairs[3].target,
        target: [pairs[3].target[0], pairs[0].source[1]],
    };
    let itself = AllostericPair { source: pairs[4].source, target: pairs[4].source };
    pairs.extend([strange, touching, itself]);
    let request = of(&pairs);
    let space = ParameterSpace::new(kinds, 3);
    let response = respond(&solid, &mut equilibrium, &request, &space);
    let plain = plain_values(&solid, &equilibrium, &pairs);
    let error = largest_difference(&response.values, &plain) / largest(&plain);
    println!("{name} eta: {error:.1e} of {:.1e}", largest(&plain));
    assert!(error < 1e-10, "{name} eta: {error:e}");
    let last = pairs.len() - 1;
    assert!((response.values[last] - 1.0).abs() < 1e-12);
    let scale = largest(&elements(&response.jacobian));
    assert!((0..space.len()).all(|q| response.jacobian[(last, q)].abs() < 1e-10 * scale));

    let theta = space.values(&solid.interactions);
    let at = responses(&solid, &equilibrium, &request, &space);
    let all = std::iter::once(0..pairs.len()).collect::<Vec<_>>();
    let (mut exact, mut differences) = (Vec::new(), Vec::new());
    for q in 0..space.len() {
        let y = |t: f64| {
            let mut changed = theta.clone();
            changed[q] *= 1.0 + t;
            Some(at(&changed)?.values)
        };
        differences.extend(derivative(y, 3e-4, &all).values);
        exact.extend((0..pairs.len()).map(|row| theta[q] * response.jacobian[(row, q)]));
    }
    let error = largest_difference(&exact, &differences) / largest(&exact);
    println!("{name} J: {error:.1e}");
    assert!(error < 1e-7, "{name} J: {error:e}");

    let mut random = key(7).stream(amorph::solid::random::Purpose::Directions(space.len()));
    let hat: Vec<f64> = theta.iter().map(|t| t * (2.0 * random.random::<f64>() - 1.0)).collect();
    let length = hat.iter().map(|x| x * x).sum::<f64>().sqrt();
    let hat: Vec<f64> = hat.iter().map(|x| x / length).collect();
    let linear = LinearResponse::new(&solid, &equilibrium);
    let along =
        DirectionResponse::new(&linear, &ParameterDirection::new(&space, &hat), &solid.species);
    let rate = directional_derivative(&linear, &along, &Modes::none(), &request);
    let by_jacobian = |response: &common::small::Response| -> Vec<f64> {
        let row = |row: usize| (0..space.len()).map(|q| response.jacobian[(row, q)] * hat[q]).sum();
        (0..pairs.len()).map(row).collect()
    };
    let adjoint = by_jacobian(&response);
    let error = largest_difference(&rate, &adjoint) / largest(&rate);
    assert!(error < 1e-9, "{name}: the forward and the adjoint form differ by {error:e}");
    let twice = curvature(&linear, &along, &Modes::none(), &request);
    let moved =
        |gamma: f64| at(&theta.iter().zip(&hat).map(|(t, w)| t + gamma * w).collect::<Vec<_>>());
    let unit = 1.0 / hat.iter().zip(&theta).fold(0.0, |max, (w, t)| f64::max(max, (w / t).abs()));
    let of_rates = derivative(|t| Some(by_jacobian(&moved(t)?)), 3e-4 * unit, &all).values;
    let of_values = second_derivative(|t| Some(moved(t)?.values), 3e-4 * unit, &all).values;
    let scale = largest(&twice);
    let first = largest_difference(&of_rates, &twice) / scale;
    let second = largest_difference(&of_values, &twice) / scale;
    println!("{name} d²: {first:.1e} from J, {second:.1e} from eta, of {scale:.1e}");
    assert!(first < 1e-7, "{name} d² from differences of J: {first:e}");
    assert!(second < 1e-3, "{name} d² from differences of eta: {second:e}");
}

const SPHERES: [ParameterKind; 2] = [ParameterKind::Diameter, ParameterKind::Stiffness];

#[test]
fn soft_spheres_agree_with_differences() {
    let soft = |n, p| recipe(n, Structure::Disordered, p, 0.0);
    check::<2>("soft 2d p = 0.1", &soft(64, 1e-1), 0, &SPHERES);
    check::<2>("soft 2d p = 0.001", &soft(64, 1e-3), 0, &SPHERES);
    check::<3>("soft 3d p = 0.1", &soft(64, 1e-1), 0, &SPHERES);
    check::<3>("soft 3d p = 0.001", &soft(64, 1e-3), 1, &SPHERES);
}

#[test]
fn attractive_spheres_agree_with_differences() {
    let attractive = |n, p| recipe(n, Structure::Disordered, p, 1e-2);
    check::<2>("attractive 2d p = 0.1", &attractive(48, 1e-1), 0, &ParameterKind::ALL);
    check::<2>("attractive 2d p = 0.001", &attractive(48, 1e-3), 0, &SPHERES);
    check::<3>("attractive 3d p = 0.1", &attractive(64, 1e-1), 0, &ParameterKind::ALL);
    check::<3>("attractive 3d p = 0.001", &attractive(64, 1e-3), 0, &SPHERES);
}

#[test]
fn cores_of_another_exponent_agree_with_differences() {
    let mut power = recipe(64, Structure::Disordered, 1e-1, 0.0);
    power.potential.exponent = 2.5;
    check::<2>("α = 2.5, 2d", &power, 0, &SPHERES);
    check::<3>("α = 2.5, 3d", &power, 0, &SPHERES);
}

#[test]
fn networks_agree_with_differences() {
    check::<2>("network 2d", &recipe(64, Structure::Network, 1e-1, 0.0), 0, &SPHERES);
    check::<3>("network 3d", &recipe(64, Structure::Network, 1e-1, 0.0), 0, &SPHERES);
}

/// The derivatives with respect to k_b of every bond times k_b, shape (pairs, bonds).
fn by_stiffness<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    pairs: &[AllostericPair],
) -> Mat<f64> {
    let features: Features<D> = compute(solid, equilibrium, &of(pairs), true);
    let bonds = &equilibrium.contacts.bonds;
    let jacobian = bond_jacobian(solid, bonds, &features.sensitivities, ParameterKind::Stiffness);
    Mat::from_fn(pairs.len(), bonds.len(), |row, b| jacobian[(row, b)] * bonds[b].pair.k)
}

fn check_scaling<const D: usize>(recipe: &Recipe, replica: u64) {
    let mut solid = prepared::<D>(recipe, replica, 2).solid;
    let mut equilibrium = relaxed(&mut solid);
    let pairs = drawn(&solid, &equilibrium, &own(20));
    let jacobian = by_stiffness(&solid, &mut equilibrium, &pairs);
    for row in 0..pairs.len() {
        let terms: Vec<f64> = (0..jacobian.ncols()).map(|b| jacobian[(row, b)]).collect();
        let size: f64 = terms.iter().map(|x| x.abs()).sum();
        let sum: f64 = terms.iter().sum();
        assert!(sum.abs() < 1e-10 * size, "row {row}: {sum:e} of {size:e}");
        assert!(size > 1e-3, "row {row}: {size:e}");
    }
}

#[test]
fn strains_do_not_change_when_all_k_grow_alike() {
    for pressure in [1e-1, 1e-3] {
        check_scaling::<2>(&recipe(64, Structure::Disordered, pressure, 0.0), 0);
        check_scaling::<3>(&recipe(64, Structure::Disordered, pressure, 0.0), 0);
    }
    check_scaling::<2>(&recipe(64, Structure::Network, 1e-1, 0.0), 0);
}

fn spectrum(jacobian: &Mat<f64>) -> Susceptibility {
    decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap()
}

/// An unstressed network: the rank of all strains under one source.
fn check_compatibility<const D: usize>(particles: usize) {
    let mut solid = prepared::<D>(&recipe(particles, Structure::Network, 1e-1, 0.0), 0, 2).solid;
    let mut equilibrium = relaxed(&mut solid);
    let contacts = equilibrium.contacts.contact_set();
    let source = [contacts[7].0, contacts[7].1];
    let to = |&(i, j): &(usize, usize)| AllostericPair { source, target: [i, j] };
    let pairs: Vec<AllostericPair> = contacts.iter().map(to).collect();
    let jacobian = by_stiffness(&solid, &mut equilibrium, &pairs);
    let bonds = &equilibrium.contacts.bonds;
    let own = bonds.iter().position(|b| [b.i.min(b.j), b.i.max(b.j)] == source).unwrap();
    let scale = largest(&elements(&jacobian));
    for row in 0..pairs.len() {
        assert!(jacobian[(row, own)].abs() < 1e-12 * scale, "{}", jacobian[(row, own)]);
    }
    let svd = spectrum(&jacobian);
    let most = D * equilibrium.contacts.backbone_count() - D - 1;
    println!(
        "{D}d: rank {} of {} bonds, at most {most}, gap {:.1e}",
        svd.rank,
        bonds.len(),
        svd.gap
    );
    assert!(pairs.len() > most && svd.rank <= most && svd.gap > 1e3, "{}, {most}", svd.rank);

    if D == 3 {
        return;
    }
    let wheels = wheels(&contacts, source);
    for wheel in &wheels {
        let pairs: Vec<AllostericPair> = wheel.iter().map(to).collect();
        let svd = spectrum(&by_stiffness(&solid, &mut equilibrium, &pairs));
        println!("wheel: rank {} of {}, gap {:.1e}", svd.rank, wheel.len(), svd.gap);
        assert_eq!(svd.rank, wheel.len() - 1, "{:?}", svd.singular_values);
    }
    assert!(!wheels.is_empty(), "no closed ring");
}

/// A particle's m contacts and the m of its neighbours, where these touch each other in a closed ring, for
/// every particle in the plane that does not touch the source.
fn wheels(contacts: &[(usize, usize)], source: [usize; 2]) -> Vec<Vec<(usize, usize)>> {
    let neighbours = |i: usize| -> BTreeSet<usize> {
        let other = |&(a, b): &(usize, usize)| (a == i).then_some(b).or((b == i).then_some(a));
        contacts.iter().filter_map(other).collect()
    };
    let hubs: BTreeSet<usize> = contacts.iter().flat_map(|&(a, b)| [a, b]).collect();
    let mut wheels = Vec::new();
    for hub in hubs {
        let around = neighbours(hub);
        let rim: Vec<(usize, usize)> = (contacts.iter().copied())
            .filter(|(a, b)| around.contains(a) && around.contains(b))
            .collect();
        let closed = around.iter().all(|&i| neighbours(i).intersection(&around).count() == 2);
        let apart = source.iter().all(|i| *i != hub && !around.contains(i));
        if closed && rim.len() == around.len() && apart {
            wheels.push(around.iter().map(|&i| (hub.min(i), hub.max(i))).chain(rim).collect());
        }
    }
    wheels
}

#[test]
fn strains_of_a_closed_ring_are_independent_in_packings() {
    let recipe = recipe(256, Structure::Disordered, 1e-1, 0.0);
    let (mut looked_at, mut least, mut most) = (0, f64::INFINITY, 0.0_f64);
    for replica in 0..5 {
        let mut solid = prepared::<2>(&recipe, replica, 2).solid;
        let mut equilibrium = relaxed(&mut solid);
        let contacts = equilibrium.contacts.contact_set();
        let source = [contacts[7].0, contacts[7].1];
        let middle = solid.positions[source[0]];
        let far = 0.25 * solid.cell.edges().min();
        for wheel in wheels(&contacts, source) {
            let apart =
                |&(i, _): &(usize, usize)| solid.cell.minimum_image(solid.positions[i] - middle);
            if wheel.iter().any(|bond| apart(bond).norm() < far) {
                continue;
            }
            let to = |&(i, j): &(usize, usize)| AllostericPair { source, target: [i, j] };
            let pairs: Vec<AllostericPair> = wheel.iter().map(to).collect();
            let svd = spectrum(&by_stiffness(&solid, &mut equilibrium, &pairs));
            assert_eq!(svd.rank, wheel.len(), "{:?}", svd.singular_values);
            let ratio = svd.singular_values[wheel.len() - 1] / svd.singular_values[0];
            (looked_at, least, most) = (looked_at + 1, least.min(ratio), most.max(ratio));
        }
    }
    println!("{looked_at} closed rings in 5 packings: s_min/s_max = {least:.1e} to {most:.1e}");
    assert!(looked_at >= 5 && least > 1e-4, "{looked_at}, {least:e}");
}

#[test]
fn strains_of_one_displacement_field_are_compatible_in_unstressed_networks() {
    check_compatibility::<2>(96);
    check_compatibility::<3>(64);
}

#[test]
fn a_pair_with_a_rattler_has_no_value() {
    let mut solid = prepared::<2>(&recipe(64, Structure::Disordered, 1e-3, 0.0), 0, 2).solid;
    let mut equilibrium = relaxed(&mut solid);
    let mut pairs = drawn(&solid, &equilibrium, &own(3));
    let whole = compute(&solid, &mut equilibrium, &of(&pairs), true);
    let loose = equilibrium.contacts.rattler.iter().position(|&rattles| rattles).unwrap();
    pairs[1].target[1] = loose;
    let features = compute(&solid, &mut equilibrium, &of(&pairs), true);
    assert_eq!(features.absent, [None, Some(Absence::Rattler), None]);
    assert!(features.values[1].is_nan());
    assert!(features.sensitivities[1].phi1.iter().all(|x| x.is_nan()));
    for row in [0, 2] {
        assert_eq!(features.values[row], whole.values[row]);
        assert_eq!(features.sensitivities[row], whole.sensitivities[row]);
    }
}

#[test]
fn pairs_are_far_apart_contacts_and_the_first_ones_of_more() {
    let mut solid = prepared::<2>(&recipe(128, Structure::Disordered, 1e-2, 0.0), 0, 2).solid;
    let equilibrium = relaxed(&mut solid);
    let contacts = equilibrium.contacts.contact_set();
    let edge = solid.cell.edges().min();
    let middle = |[i, j]: [usize; 2]| solid.positions[j] + solid.separation(i, j) * 0.5;
    for sources in [Sources::Own, Sources::One] {
        let wanted = PairDraw { pairs: 60, sources, distance: 0.3 };
        let pairs = drawn(&solid, &equilibrium, &wanted);
        for pair in &pairs {
            for [i, j] in [pair.source, pair.target] {
                assert!(contacts.contains(&(i, j)));
            }
            assert_eq!(pair.particles().iter().collect::<BTreeSet<_>>().len(), 4);
            let apart = solid.cell.minimum_image(middle(pair.source) - middle(pair.target)).norm();
            assert!(apart >= 0.3 * edge, "{apart}");
        }
        let own: BTreeSet<_> = pairs.iter().map(|pair| pair.source).collect();
        assert_eq!(own.len(), if sources == Sources::Own { 60 } else { 1 });
        let targets: BTreeSet<_> = pairs.iter().map(|pair| (pair.source, pair.target)).collect();
        assert_eq!(targets.len(), 60);
        let fewer = drawn(&solid, &equilibrium, &PairDraw { pairs: 7, ..wanted });
        assert_eq!(fewer, pairs[..7]);
    }
    // More than contacts: then every one has been a source.
    let many = drawn(&solid, &equilibrium, &own(2 * contacts.len()));
    let sources: BTreeSet<_> = many.iter().take(contacts.len()).map(|pair| pair.source).collect();
    assert_eq!(sources.len(), contacts.len());
    let all: BTreeSet<_> = many.iter().map(|pair| (pair.source, pair.target)).collect();
    assert_eq!(all.len(), many.len());
    let one = PairDraw { pairs: contacts.len(), sources: Sources::One, distance: 0.25 };
    let refusal = draw(&solid, &equilibrium.contacts, &one, &key(3)).unwrap_err();
    assert!(refusal.found < refusal.wanted, "{refusal}");
}

/// J of n own pairs with respect to the diameters of all particles.
fn of_diameters<const D: usize>(
    particles: usize,
    pressure: f64,
    replica: u64,
    pairs: usize,
) -> (Mat<f64>, usize) {
    let recipe = recipe(particles, Structure::Disordered, pressure, 0.0);
    let mut solid = recipe.prepare::<D>(&key(replica)).unwrap().solid;
    let own_species = Assignment::particles(&solid);
    solid = solid.reassigned(own_species.species, own_species.interactions);
    let mut equilibrium = relaxed(&mut solid);
    let pairs = drawn(&solid, &equilibrium, &own(pairs));
    let space = ParameterSpace::new(&[ParameterKind::Diameter], solid.len());
    let response = respond(&solid, &mut equilibrium, &of(&pairs), &space);
    let inert = response.inert.iter().filter(|&&inert| inert).count();
    (response.jacobian, solid.len() - inert)
}

#[test]
fn allosteric_features_of_packings_are_independent() {
    let mut worst = f64::INFINITY;
    let mut judge = |name: &str, (jacobian, parameters): (Mat<f64>, usize)| {
        let svd = spectrum(&jacobian);
        let expected = jacobian.nrows().min(parameters);
        let ratio = svd.singular_values[expected - 1] / svd.singular_values[0];
        println!("{name}: rank {} of {expected}, s_min/s_max = {ratio:.1e}", svd.rank);
        assert_eq!(svd.rank, expected, "{name}");
        worst = worst.min(ratio);
    };
    for replica in 0..4 {
        judge(&format!("2d {replica}, 254"), of_diameters::<2>(256, 1e-1, replica, 254));
    }
    judge("2d, 40", of_diameters::<2>(256, 1e-1, 0, 40));
    judge("2d, 300", of_diameters::<2>(256, 1e-1, 0, 300));
    judge("2d p = 1e-3, 300", of_diameters::<2>(256, 1e-3, 0, 300));
    judge("3d, 254", of_diameters::<3>(256, 1e-1, 0, 254));
    // J is exact to some 1e-10 of its largest element (the tests above).
    assert!(worst > 1e-7, "{worst:e}");
}

#[test]
fn a_feature_that_loses_its_value_ends_the_linear_regime_as_a_contact_change() {
    let recipe = recipe(64, Structure::Disordered, 1e-2, 0.0);
    let mut solid = recipe.prepare::<2>(&key(0)).unwrap().solid;
    let own_species = Assignment::particles(&solid);
    solid = solid.reassigned(own_species.species, own_species.interactions);
    let equilibrium = relaxed(&mut solid);
    let pair = drawn(&solid, &equilibrium, &own(1))[0];
    // One particle of the target shrinks until nothing holds it.
    let shrinking = pair.target[0];
    let space = ParameterSpace::new(&[ParameterKind::Diameter], solid.len());
    let mut direction = vec![0.0; solid.len()];
    direction[shrinking] = -1.0;
    let problem = SweepProblem {
        solid: &solid,
        space: &space,
        direction: &direction,
        request: of(&[pair]),
        weights: None,
    };
    // Nothing but the loss is a deviation as large.
    let settings = SweepSettings { deviation: 1e9, gamma_max: 0.5, ..SweepSettings::DEFAULT };
    let found = sweep(&problem, &settings, true).unwrap();
    let star = found.gamma_star;
    println!("{star:?}, first contact change {:?}", found.gamma_contact);
    assert!(star.found() && star.cause == Cause::ContactChange, "{star:?}");
    assert!(star.hi - star.lo <= 0.011 * star.hi, "{star:?}");

    let mut walking = solid.clone();
    let diameter = solid.interactions.diameters[shrinking];
    let mut rattles_at = |gamma: f64| {
        walking.interactions.diameters[shrinking] = diameter - gamma;
        relaxed(&mut walking).contacts.rattler[shrinking]
    };
    assert!((1..=20).all(|step| !rattles_at(star.lo * f64::from(step) / 20.0)));
    assert!(rattles_at(star.hi));
    for point in found.curve.iter().flatten() {
        assert!(point.gamma < star.hi && point.delta_y.iter().all(|dy| dy.is_finite()));
    }
    let last = found.curve.iter().flatten().last().unwrap().gamma;
    assert!(last > 0.4 * star.lo, "{last:e}");
}

const STUDY: &str = r#"
version = 1
[study]
name = "strains"
replicas = 3
[solid]
dimension = 2
particles = 48
pressure = 0.01
[features]
sets = [["allosteric"], ["stress", "allosteric"]]
allosteric = { pairs = 5 }
[parameters]
kinds = ["D", "Dk"]
species = [8]
[sweep]
parameters = ["D_n8"]
directions = 2
gamma_max = 1e-2
points = 6
[output]
curves = 2
[[scenario]]
name = "own"
[[scenario]]
name = "one"
features.allosteric = { pairs = 7, sources = "one", distance = 0.2 }
solid = { dimension = 3, particles = 48, pressure = 0.05 }
"#;

fn run(command: &mut Command) -> String {
    let ended = command.output().unwrap();
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success(), "{text}{}", String::from_utf8_lossy(&ended.stderr));
    text
}

#[test]
fn an_ensemble_stores_its_pairs_and_is_the_same_on_any_number_of_ranks() {
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    std::fs::write(at("study.toml"), STUDY).unwrap();
    let mut expected = Vec::new();
    for ranks in [0, 1, 2, 3, 4] {
        let output = at(&format!("{ranks}.h5"));
        run(launch(ranks, "300").arg("run").arg(at("study.toml")).arg("-o").arg(&output));
        let found = contents(&output);
        if ranks == 0 {
            expected = found;
        } else {
            assert!(found == expected, "{ranks} ranks");
        }
    }
    let checked = run(launch(0, "300").arg("check").arg(at("0.h5")).args(["--items", "20"]));
    println!("{checked}");

    let file = common::open(at("0.h5"));
    let pairs = file.dataset("own/features/allosteric_pairs").unwrap();
    assert_eq!(pairs.shape(), [3, 5, 2, 2]);
    let eta = numbers(&file, "own/features/values");
    let jacobian = numbers(&file, "own/D_n8/jacobian");
    let rank = file.dataset("own/D_n8/allosteric/rank").unwrap().read_raw::<i32>().unwrap();
    assert_eq!(rank, [5; 3]);
    let one = file.dataset("one/features/allosteric_pairs").unwrap().read_raw::<i32>().unwrap();
    assert!(one.chunks_exact(4).take(7).all(|pair| pair[..2] == one[..2]));

    // The same from the stored solid and its stored pairs, and from the output of that.
    let measured = at("measured.h5");
    run(launch(0, "300")
        .arg("measure")
        .arg(at("0.h5"))
        .args(["--scenario", "own", "--replica", "1", "--parameterisation", "D_n8"])
        .args(["--features", "stress,allosteric", "--no-relax", "-o"])
        .arg(&measured));
    let again = at("again.h5");
    run(launch(0, "300")
        .arg("measure")
        .arg(&measured)
        .args(["--features", "allosteric", "--parameters", "D", "--sweep", "--directions", "1"])
        .arg("-o")
        .arg(&again));
    let (first, second) = (common::open(&measured), common::open(&again));
    let close = |ours: &[f64], theirs: &[f64]| {
        let error = largest_difference(ours, theirs) / largest(theirs);
        assert!(error < 1e-10, "{error:e}");
    };
    close(&numbers(&first, "features"), &eta[8..16]);
    close(&numbers(&first, "jacobian"), &jacobian[64..128]);
    close(&numbers(&second, "features"), &eta[11..16]);
    close(&numbers(&second, "jacobian"), &jacobian[88..128]);
    let labels = second.dataset("feature").unwrap();
    let labels = labels.read_raw::<hdf5::types::VarLenUnicode>().unwrap();
    assert_eq!(labels[0].as_str(), "eta_0");
}

fn measured(input: &std::path::Path, more: &[&str]) -> std::process::Output {
    let output = input.with_extension("out");
    let _ = std::fs::remove_file(&output);
    launch(0, "300").arg("measure").arg(input).args(more).arg("-o").arg(output).output().unwrap()
}

#[test]
fn measure_needs_pairs_and_says_which_feature_has_no_value() {
    let place = tempfile::tempdir().unwrap();
    let input = place.path().join("solid.h5");
    std::fs::copy("tests/data/s2d_n064_p1e-3_D10.h5", &input).unwrap();
    let says = |ended: &std::process::Output, code: i32, fragments: &[&str]| {
        let text = [&ended.stdout[..], &ended.stderr[..]].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert_eq!(ended.status.code(), Some(code), "{text}");
        for fragment in fragments {
            assert!(text.contains(fragment), "no `{fragment}` in: {text}");
        }
    };
    let allosteric = ["--features", "stress,allosteric"];
    let missing = ["solid.h5", "no dataset `allosteric_pairs`", "(n, 2, 2)"];
    says(&measured(&input, &allosteric), 2, &missing);
    let rattlers = {
        let file = common::open(&input);
        file.dataset("rattler").unwrap().read_raw::<i8>().unwrap()
    };
    let loose = rattlers.iter().position(|&rattles| rattles != 0).unwrap() as i32;
    let held: Vec<i32> = (0..64).filter(|&i| rattlers[i as usize] == 0).collect();
    let write = |pairs: &[i32]| {
        let file = common::open_to_change(&input);
        let _ = file.unlink("allosteric_pairs");
        let shape = [pairs.len() / 4, 2, 2];
        let dataset = file.new_dataset::<i32>().shape(shape).create("allosteric_pairs").unwrap();
        dataset.write_raw(pairs).unwrap();
    };
    write(&[held[0], held[9], held[20], 64]);
    let wrong = ["allosteric_pairs: row 0 has [", "64]; expected two particles, 0 to 63"];
    says(&measured(&input, &allosteric), 2, &wrong);
    write(&[held[0], held[9], held[20], held[20]]);
    says(&measured(&input, &allosteric), 2, &["expected two particles"]);
    write(&[
        held[0], held[9], held[20], held[31], held[2], held[9], loose, held[31], held[3], held[9],
        held[21], held[40],
    ]);
    let note = format!("eta_1 has no value: particle {loose} is a rattler");
    let sweep = ["--features", "stress,allosteric", "--sweep", "--directions", "2"];
    says(&measured(&input, &sweep), 0, &[&note]);
    let file = common::open(input.with_extension("out"));
    assert_eq!(file.dataset("absent").unwrap().read_raw::<u8>().unwrap(), [0, 0, 0, 0, 1, 0]);
    let features = numbers(&file, "features");
    let nan: Vec<bool> = features.iter().map(|y| y.is_nan()).collect();
    assert_eq!(nan, [false, false, false, false, true, false]);
    let jacobian = numbers(&file, "jacobian");
    assert!(
        jacobian.chunks_exact(10).zip(nan).all(|(row, nan)| row.iter().all(|x| x.is_nan() == nan))
    );
    let values = numbers(&file, "singular_values");
    assert_eq!(
        values.iter().map(|s| s.is_nan()).collect::<Vec<_>>(),
        [false, false, false, false, false, true]
    );
    assert!(numbers(&file, "susceptibility").iter().all(|s| s.is_finite() && *s > 0.0));
    assert!(numbers(&file, "gamma_tilde").iter().all(|g| g.is_finite()));
    assert!(numbers(&file, "gamma_star").chunks_exact(2).all(|bracket| bracket[0] >= 0.0));
}
