//! Cores with an exponent above 2: prepared solids over five decades of pressure against plain dense
//! computation, the rank of their Jacobian, and what happens to C where a contact is made.

mod common;
#[path = "common/plain.rs"]
mod plain;

use amorph::linearity::cause::Cause;
use amorph::linearity::settings::SweepSettings;
use amorph::linearity::sweep::sweep;
use amorph::relax::RelaxError;
use amorph::relax::forces::{Forces, max_norm};
use amorph::relax::newton::{accepted_force, relax};
use amorph::relax::prepare::{Recipe, Structure};
use amorph::response::features::{FeatureRequest, compute};
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::Solid;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use common::largest_difference;
use common::protocols::{Case, Subject};
use common::small::{key, prepared, recipe, respond};

fn power(particles: usize, pressure: f64, exponent: f64) -> Recipe {
    let mut recipe = recipe(particles, Structure::Disordered, pressure, 0.0);
    recipe.potential.exponent = exponent;
    recipe
}

/// A prepared solid against the sums over all of its pairs and a dense Hessian.
fn check<const D: usize>(exponent: f64, pressure: f64) {
    let name = format!("α = {exponent}, {D}d, p = {pressure:e}");
    let request = FeatureRequest { stress: true, elastic: true, ..FeatureRequest::NONE };
    let particles = if D == 2 { 64 } else { 100 };
    let mut made = prepared::<D>(&power(particles, pressure, exponent), 0, 30);
    let plain = plain::plain(&made.solid);
    assert!((plain.pressure / pressure - 1.0).abs() < 1e-6, "{name}: p = {}", plain.pressure);
    let bonds = &made.equilibrium.contacts.bonds;
    let mut forces = Forces::new(&made.solid);
    forces.evaluate(&made.solid);
    let accepted = accepted_force(&made.solid, bonds);
    assert!(max_norm(&forces.values) <= accepted, "{name}: {:e}", max_norm(&forces.values));
    // What is accepted is small against the forces themselves, at every pressure.
    let mean = bonds.iter().map(|bond| -bond.slope).sum::<f64>() / bonds.len() as f64;
    assert!(accepted < 1e-7 * mean, "{name}: {accepted:e} of {mean:e}");
    let backbone = made.solid.len() - made.equilibrium.contacts.rattler_count();
    assert!(backbone * 10 > 7 * made.solid.len(), "{name}: {backbone} hold each other");
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 30);
    let response = respond(&made.solid, &mut made.equilibrium, &request, &space);
    let rows = D * (D + 1) / 2;
    for (what, ours, theirs) in [
        ("stress", &response.values[..rows], &plain.stress),
        ("C", &response.values[rows..], &plain.elastic),
    ] {
        let error = largest_difference(ours, theirs) / common::largest(theirs);
        println!("{name} {what}: {error:.1e}");
        assert!(error < 1e-8, "{name} {what}: {error:e}");
    }
    let svd = decompose(response.jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
    let (s, full) = (&svd.singular_values, request.len(D));
    println!("{name}: rank {} of {full}, s_min/s_max = {:.1e}", svd.rank, s[full - 1] / s[0]);
    assert_eq!(svd.rank, full, "{name}: {s:?}");
}

#[test]
fn solids_of_any_exponent_are_prepared_from_low_to_high_pressure_and_have_full_rank() {
    for exponent in [2.5, 3.0] {
        for pressure in [1.0, 1e-1, 1e-3, 1e-5] {
            check::<2>(exponent, pressure);
            check::<3>(exponent, pressure);
        }
    }
    check::<2>(4.0, 1e-3);
}

#[test]
fn pressure_and_bulk_modulus_scale_with_the_exponent() {
    // p ~ x^(α−1) and K ~ x^(α−2): K ~ p^((α−2)/(α−1)), up to what contacts that are made add.
    let bulk = |exponent: f64, pressure: f64| -> f64 {
        let values = (0..3).map(|replica| {
            let mut made = power(64, pressure, exponent).prepare::<2>(&key(replica)).unwrap();
            let request = common::small::EVERYTHING;
            let features = compute(&made.solid, &mut made.equilibrium, &request, false);
            features.values[request.len(2) - 3].ln()
        });
        values.sum::<f64>() / 3.0
    };
    for exponent in [2.0, 2.5, 3.0] {
        let slope = (bulk(exponent, 1e-3) - bulk(exponent, 1e-4)) / 10.0_f64.ln();
        let expected = (exponent - 2.0) / (exponent - 1.0);
        println!("α = {exponent}: K ~ p^{slope:.3}, expected {expected:.3}");
        assert!((slope - expected).abs() < 0.06, "α = {exponent}: {slope}");
    }
}

/// C along a direction, relaxed again at γ; with the number of contacts.
fn elastic_at(
    subject: &Subject<2>,
    from: &Solid<2>,
    gamma: f64,
) -> Result<(Solid<2>, Vec<f64>, usize), RelaxError> {
    let mut solid = from.clone();
    let theta = subject.space.values(&subject.solid.interactions);
    let moved: Vec<f64> =
        theta.iter().zip(&subject.direction).map(|(t, w)| t + gamma * w).collect();
    subject.space.apply(&mut solid.interactions, &moved);
    let mut forces = Forces::new(&solid);
    let mut equilibrium = relax(&mut solid, &mut forces)?;
    let contacts = equilibrium.contacts.contact_count();
    let request = FeatureRequest { stress: false, ..subject.request.clone() };
    let values = compute(&solid, &mut equilibrium, &request, false).values;
    Ok((solid, values, contacts))
}

/// Where C is compared with that at the change, relative to its γ, and at a hundred times that: a contact
/// stiffens the rest by less as it stiffens itself, ΔC ~ t/(1 + b t), t = x^(α−2), which lowers the exponent
/// further away (α = 2.25 is not there yet at any x above rounding).
const NEAR: f64 = 1e-10;

/// The same without the contact, where the change is smaller.
const BESIDE: f64 = 1e-7;

/// The exponents with which C changes on the two sides of the first contact change of a direction: where
/// the pair is in contact, and where it is not. None where something else comes first.
fn cusp(exponent: f64, replica: u64, direction: usize) -> Option<[f64; 2]> {
    let case = Case {
        dimension: 2,
        particles: 64,
        pressure: 1e-1,
        depth: 0.0,
        exponent,
        kinds: &[ParameterKind::Diameter],
        modes: 0,
        replica,
        direction,
    };
    let subject = Subject::<2>::new(&case);
    let settings = SweepSettings { bracket: 1e-3, gamma_max: 0.3, ..SweepSettings::DEFAULT };
    let result = sweep(&subject.problem(), &settings, false).unwrap();
    let found = result.gamma_contact;
    println!(
        "α = {exponent}, solid {replica}, direction {direction}: γ* {:?}, γ_c {found:?}",
        result.gamma_star
    );
    if !found.found() || found.cause != Cause::ContactChange {
        return None;
    }
    let (mut lo, mut hi) = (found.lo, found.hi);
    let mut below = subject.solid.clone();
    for step in 1..=20 {
        below = elastic_at(&subject, &below, lo * f64::from(step) / 20.0).ok()?.0;
    }
    let (_, _, before) = elastic_at(&subject, &below, lo).ok()?;
    let (mut above, _, after) = elastic_at(&subject, &below, hi).ok()?;
    if before.abs_diff(after) != 1 {
        return None;
    }
    // The place of the change to rounding.
    for _ in 0..60 {
        let middle = 0.5 * (lo + hi);
        let (solid, _, contacts) = elastic_at(&subject, &below, middle).ok()?;
        if contacts == before {
            (lo, below) = (middle, solid);
        } else {
            (hi, above) = (middle, solid);
        }
    }
    // C at the change, from the side where it is smooth.
    let made = after > before;
    let [with, without] =
        if made { [(&above, 1.0), (&below, -1.0)] } else { [(&below, -1.0), (&above, 1.0)] };
    let at = elastic_at(&subject, without.0, if made { lo } else { hi }).ok()?.1;
    let slope = |(start, sign): (&Solid<2>, f64), from: f64| -> Option<f64> {
        let change = |delta: f64| {
            let values = elastic_at(&subject, start, lo * (1.0 + sign * delta)).ok()?.1;
            Some(largest_difference(&values, &at).ln())
        };
        Some((change(100.0 * from)? - change(from)?) / 100.0_f64.ln())
    };
    Some([slope(with, NEAR)?, slope(without, BESIDE)?])
}

/// Solids whose directions are looked at, and their cusps, at least.
const SOLIDS: u64 = 2;
const CUSPS: usize = 3;

#[test]
fn c_is_continuous_at_a_contact_change_with_the_cusp_that_the_exponent_demands() {
    // Harmonic spheres jump: what is left of a change close by does not depend on how close.
    for exponent in [2.0, 2.5, 2.75, 3.0] {
        let directions = (0..9 * SOLIDS).map(|index| (index / 9, (index % 9) as usize));
        let cusps: Vec<[f64; 2]> = directions
            .filter_map(|(replica, direction)| cusp(exponent, replica, direction))
            .collect();
        println!("α = {exponent}: {cusps:.4?}");
        assert!(cusps.len() >= CUSPS, "α = {exponent}: {cusps:?}");
        for [with, without] in cusps {
            assert!((with - (exponent - 2.0)).abs() < 0.05, "α = {exponent}: {with}");
            assert!((without - 1.0).abs() < 0.05, "α = {exponent}: {without}");
        }
    }
}
