//! The derivatives of the pair energy, Eq. (1), against automatic differentiation of the energy
//! itself, written down once more in `common/pair_formula.rs`.

mod common;

use amorph::solid::potential::{Pair, PairTangent, Potential, Tail};
use common::pair_formula::{Branch, Parameters, energy, power};
use num_dual::{Dual2, Dual3};
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// Random points per branch.
const POINTS: usize = 2000;

/// Rounding, in units of the largest term of the derivative.
const ROUNDING: f64 = 1e-12;

/// A random pair on a branch: distance, parameters, and a direction of relative changes.
fn sample(
    branch: Branch,
    tail: Tail,
    random: &mut ChaCha8Rng,
) -> (f64, Parameters<f64>, Parameters<f64>) {
    let mut between = |low: f64, high: f64| low + (high - low) * random.random::<f64>();
    let sigma = between(0.5, 2.0);
    let k = between(0.2, 5.0);
    let depth = between(1e-3, 1.0);
    let a = between(5.0, 80.0);
    let end = tail.end();
    let on = if let Tail::Switched { from, .. } = tail { from } else { end };
    let r = match branch {
        Branch::Core => sigma * between(0.3, 1.0),
        Branch::Spring => sigma * between(0.3, 2.0),
        Branch::Morse => sigma + between(0.0, on) / a,
        Branch::Switch => sigma + between(on, end) / a,
        Branch::Beyond => sigma + between(end, 2.0 * end) / a,
    };
    let parameters = [sigma, k, depth, a];
    let mut tangent = parameters.map(|value| value * between(-1.0, 1.0));
    // Often a single parameter, so that no term hides behind another.
    let alone = (between(0.0, 6.0)) as usize;
    if alone < 4 {
        (0..4).filter(|&q| q != alone).for_each(|q| tangent[q] = 0.0);
    }
    (r, parameters, tangent)
}

/// The library's derivatives at a point against those of `energy`; the largest error in units of
/// the largest term.
fn compare(
    branch: Branch,
    tail: Tail,
    r: f64,
    parameters: Parameters<f64>,
    tangent: Parameters<f64>,
) -> f64 {
    let [sigma, k, depth, a] = parameters;
    let potential = Potential { a, tail, exponent: 2.0 };
    let pair = Pair { sigma, k, depth, spring: branch == Branch::Spring };
    let change = PairTangent { sigma: tangent[0], k: tangent[1], depth: tangent[2], a: tangent[3] };

    // Outer: derivatives in r. Inner: derivatives along the parameters.
    let zero = Dual2::from_re(0.0);
    let distance = Dual3::new(Dual2::from_re(r), Dual2::from_re(1.0), zero, zero);
    let moving: Parameters<_> =
        std::array::from_fn(|q| Dual3::from_re(Dual2::new(parameters[q], tangent[q], 0.0)));
    let u = energy(branch, tail, distance, moving);
    // Both in r: the fourth derivative.
    let twice = Dual2::new(Dual2::new(r, 1.0, 0.0), Dual2::new(1.0, 0.0, 0.0), zero);
    let fixed = parameters.map(|value| Dual2::from_re(Dual2::from_re(value)));
    let fourth = energy(branch, tail, twice, fixed).v2.v2;

    let (value, slope) = potential.energy_and_slope(&pair, r);
    let radial = potential.radial(&pair, r);
    let along = potential.radial_along(&pair, &change, r);
    let along_twice = potential.radial_along_twice(&pair, &change, r);
    let core = matches!(branch, Branch::Core | Branch::Spring);
    // The size of the m-th derivative in r, n-th along the parameters.
    let size = |m: i32, n: i32| {
        if core {
            10.0 * (k + depth) * (1.0 + r / sigma) / sigma.powi(m)
        } else {
            depth * a.powi(m) * (1.0 + a * sigma).powi(n)
        }
    };
    let checks = [
        (value, u.re.re, size(0, 0)),
        (slope, u.v1.re, size(1, 0)),
        (radial[0], u.v1.re, size(1, 0)),
        (radial[1], u.v2.re, size(2, 0)),
        (radial[2], u.v3.re, size(3, 0)),
        (radial[3], fourth, size(4, 0)),
        (along[0], u.v1.v1, size(1, 1)),
        (along[1], u.v2.v1, size(2, 1)),
        (along[2], u.v3.v1, size(3, 1)),
        (along_twice[0], u.v1.v2, size(1, 2)),
        (along_twice[1], u.v2.v2, size(2, 2)),
    ];
    let mut largest = 0.0;
    for (index, (ours, exact, size)) in checks.into_iter().enumerate() {
        let error = (ours - exact).abs() / size;
        assert!(
            error < ROUNDING,
            "{branch:?}, derivative {index} at r = {r}, (σ, k, B, a) = {parameters:?}, along \
             {tangent:?}: {ours:e}, by automatic differentiation {exact:e}"
        );
        largest = f64::max(largest, error);
    }
    largest
}

fn compare_on(branch: Branch, tail: Tail) {
    let mut random = ChaCha8Rng::seed_from_u64(11);
    let mut largest = 0.0;
    for _ in 0..POINTS {
        let (r, parameters, tangent) = sample(branch, tail, &mut random);
        largest = f64::max(largest, compare(branch, tail, r, parameters, tangent));
    }
    println!("{branch:?} {tail:?}: {largest:.1e}");
}

/// Another switch than the default one.
const LATE: Tail = Tail::Switched { from: 1.5, to: 12.0 };

#[test]
fn derivatives_of_the_core_agree_with_automatic_differentiation() {
    compare_on(Branch::Core, Tail::DEFAULT);
}

#[test]
fn derivatives_of_a_spring_agree_with_automatic_differentiation_on_both_sides_of_its_rest_length() {
    compare_on(Branch::Spring, Tail::DEFAULT);
}

#[test]
fn derivatives_of_the_morse_tail_agree_with_automatic_differentiation() {
    for tail in [Tail::DEFAULT, LATE, Tail::Truncated { cutoff: 7.0 }] {
        compare_on(Branch::Morse, tail);
    }
}

#[test]
fn derivatives_inside_the_switch_agree_with_automatic_differentiation() {
    for tail in [Tail::DEFAULT, LATE] {
        compare_on(Branch::Switch, tail);
    }
}

#[test]
fn energy_and_every_derivative_vanish_beyond_the_cutoff() {
    for tail in [Tail::DEFAULT, LATE, Tail::Truncated { cutoff: 7.0 }] {
        compare_on(Branch::Beyond, tail);
    }
}

/// The library's derivatives of a core with the exponent α at a point, against automatic differentiation
/// of its energy. Every derivative is a sum of powers of the overlap x; its size is that of the largest.
fn compare_power(
    exponent: f64,
    overlap: f64,
    parameters: Parameters<f64>,
    tangent: Parameters<f64>,
) {
    let [sigma, k, _, a] = parameters;
    let r = sigma * (1.0 - overlap);
    let potential = Potential { a, tail: Tail::DEFAULT, exponent };
    let pair = Pair { sigma, k, depth: 0.0, spring: false };
    let change = PairTangent { sigma: tangent[0], k: tangent[1], depth: 0.0, a: 0.0 };
    let zero = Dual2::from_re(0.0);
    let distance = Dual3::new(Dual2::from_re(r), Dual2::from_re(1.0), zero, zero);
    let moving: Parameters<_> =
        std::array::from_fn(|q| Dual3::from_re(Dual2::new(parameters[q], tangent[q], 0.0)));
    let u = power(exponent, distance, moving);
    let twice = Dual2::new(Dual2::new(r, 1.0, 0.0), Dual2::new(1.0, 0.0, 0.0), zero);
    let fixed = parameters.map(|value| Dual2::from_re(Dual2::from_re(value)));
    let fourth = power(exponent, twice, fixed).v2.v2;
    let (value, slope) = potential.energy_and_slope(&pair, r);
    let radial = potential.radial(&pair, r);
    let along = potential.radial_along(&pair, &change, r);
    let along_twice = potential.radial_along_twice(&pair, &change, r);
    // The m-th derivative in r, n-th along the parameters; of r and σ each is rounded by ε r, which
    // moves x by ε r/σ.
    let rounding = 1.0 + 1e-4 / overlap;
    let size = |m: i32, n: i32| {
        let order = exponent - f64::from(m + n);
        rounding * 20.0 * k * overlap.powf(order) / sigma.powi(m)
    };
    for (index, (ours, exact, size)) in [
        (value, u.re.re, size(0, 0)),
        (slope, u.v1.re, size(1, 0)),
        (radial[0], u.v1.re, size(1, 0)),
        (radial[1], u.v2.re, size(2, 0)),
        (radial[2], u.v3.re, size(3, 0)),
        (radial[3], fourth, size(4, 0)),
        (along[0], u.v1.v1, size(1, 1)),
        (along[1], u.v2.v1, size(2, 1)),
        (along[2], u.v3.v1, size(3, 1)),
        (along_twice[0], u.v1.v2, size(1, 2)),
        (along_twice[1], u.v2.v2, size(2, 2)),
    ]
    .into_iter()
    .enumerate()
    {
        let error = (ours - exact).abs() / size;
        assert!(
            error < ROUNDING,
            "α = {exponent}, derivative {index} at x = {overlap:e}, (σ, k) = ({sigma}, {k}), along \
             {tangent:?}: {ours:e}, by automatic differentiation {exact:e}"
        );
    }
}

#[test]
fn derivatives_of_a_core_of_any_exponent_agree_with_automatic_differentiation() {
    let mut random = ChaCha8Rng::seed_from_u64(12);
    for exponent in [2.25, 2.5, 3.0, 3.7, 4.0] {
        for _ in 0..POINTS {
            let (_, parameters, tangent) = sample(Branch::Core, Tail::DEFAULT, &mut random);
            let overlap = 10.0_f64.powf(-6.0 * random.random::<f64>()) * 0.9;
            compare_power(exponent, overlap, parameters, tangent);
        }
    }
}

#[test]
fn an_exponent_near_two_is_nearly_the_harmonic_core_and_beyond_contact_all_is_zero() {
    let pair = Pair { sigma: 1.2, k: 0.7, depth: 0.0, spring: false };
    let change = PairTangent { sigma: 0.3, k: -0.8, depth: 0.0, a: 0.0 };
    let of = |exponent| Potential { a: 50.0, tail: Tail::DEFAULT, exponent };
    let (near, harmonic) = (of(2.0 + 1e-9), of(2.0));
    for r in [0.3, 0.9, 1.1] {
        let all = |potential: &Potential| {
            let radial = potential.radial(&pair, r);
            let along = potential.radial_along(&pair, &change, r);
            let twice = potential.radial_along_twice(&pair, &change, r);
            [&radial[..], &along[..], &twice[..]].concat()
        };
        for (a, b) in all(&near).into_iter().zip(all(&harmonic)) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
    }
    for r in [1.2, 1.3] {
        let hertzian = of(2.5);
        assert_eq!(hertzian.energy_and_slope(&pair, r), (0.0, 0.0));
        assert_eq!(hertzian.radial(&pair, r), [0.0; 4]);
        assert_eq!(hertzian.radial_along(&pair, &change, r), [0.0; 4]);
    }
    // A spring stays a parabola on both sides.
    let spring = Pair { spring: true, ..pair };
    assert_eq!(of(2.5).radial(&spring, 1.3), of(2.0).radial(&spring, 1.3));
}

/// (u, u', u'', u''') at r.
fn up_to_third(potential: &Potential, pair: &Pair, r: f64) -> [f64; 4] {
    let radial = potential.radial(pair, r);
    [potential.energy_and_slope(pair, r).0, radial[0], radial[1], radial[2]]
}

/// The jumps of (u, u', u'', u''') across a distance.
fn jumps(potential: &Potential, pair: &Pair, at: f64) -> [f64; 4] {
    const ASIDE: f64 = 1e-13;
    let below = up_to_third(potential, pair, at * (1.0 - ASIDE));
    let above = up_to_third(potential, pair, at * (1.0 + ASIDE));
    std::array::from_fn(|m| above[m] - below[m])
}

const ATTRACTIVE: [(f64, f64, f64, f64); 3] =
    [(1.0, 1.0, 0.1, 50.0), (1.2, 2.0, 0.01, 50.0), (1.4, 0.7, 0.6, 12.0)];

#[test]
fn energy_force_and_second_derivative_are_continuous_at_both_ends_of_the_switch() {
    for (sigma, k, depth, a) in ATTRACTIVE {
        for tail in [Tail::DEFAULT, LATE] {
            let Tail::Switched { from, to } = tail else { unreachable!() };
            let potential = Potential { a, tail, exponent: 2.0 };
            let pair = Pair { sigma, k, depth, spring: false };
            for y in [from, to] {
                let jump = jumps(&potential, &pair, sigma + y / a);
                for (m, change) in jump.iter().enumerate().take(3) {
                    let unit = depth * a.powi(m as i32);
                    assert!(change.abs() < 1e-10 * unit, "u^({m}) jumps by {change:e} at y = {y}");
                }
            }
            // The third derivative does jump where the switch begins.
            let e = (-from).exp();
            let expected = -60.0 / (to - from).powi(3) * (e * e - 2.0 * e) * depth * a.powi(3);
            let third = jumps(&potential, &pair, sigma + from / a)[3];
            assert!((third / expected - 1.0).abs() < 1e-6, "{third:e} {expected:e}");
        }
    }
}

#[test]
fn at_contact_energy_and_force_are_continuous_and_the_second_derivative_jumps_to_2ba2() {
    for (sigma, k, depth, a) in ATTRACTIVE {
        let potential = Potential { a, tail: Tail::DEFAULT, exponent: 2.0 };
        let pair = Pair { sigma, k, depth, spring: false };
        let [energy, slope, second, _] = jumps(&potential, &pair, sigma);
        let unit = k + depth * a * a;
        assert!(energy.abs() < 1e-12 * unit, "{energy:e}");
        assert!(slope.abs() < 1e-10 * unit, "{slope:e}");
        let expected = 2.0 * depth * a * a - k / (sigma * sigma);
        assert!((second - expected).abs() < 1e-9 * unit, "{second:e} {expected:e}");
        let [at_contact, ..] = up_to_third(&potential, &pair, sigma);
        assert!((at_contact + depth).abs() < 1e-15, "u(σ) = {at_contact}, not −B");
    }
}
