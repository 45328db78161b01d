//! γ-sweeps against the reference sweeps, and against the plain protocol on small solids.

mod common;
#[path = "common/plain.rs"]
mod plain;

use std::sync::Arc;

use amorph::format::solid_file;
use amorph::linearity::cause::Cause;
use amorph::linearity::judge::{Verdict, judge};
use amorph::linearity::origin::Origin;
use amorph::linearity::path::Path;
use amorph::linearity::problem::SweepProblem;
use amorph::linearity::settings::{Protocol, SweepSettings};
use amorph::linearity::state::Refusal;
use amorph::linearity::sweep::{sweep, sweep_from};
use amorph::linearity::thresholds::{SweepResult, Threshold};
use amorph::relax::forces::Forces;
use amorph::relax::newton::{accepted_force, bond_forces, relax};
use amorph::relax::prepare::Structure;
use amorph::response::features::FeatureRequest;
use amorph::solid::assignment::classes;
use amorph::solid::contacts::interacting_pairs;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::neighbors::pairs_within;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::Tail;
use amorph::solid::{Solid, Vector};
use amorph::system::words::Word;
use common::protocols::{Case, Subject, outcome, thresholds};
use common::{largest, largest_difference, numbers};
use plain::{plain, relaxed};

const SETTINGS: SweepSettings = SweepSettings::DEFAULT;

fn overlap(threshold: &Threshold, lo: f64, hi: f64) -> bool {
    threshold.lo <= hi && lo <= threshold.hi
}

fn check<const D: usize>(name: &str) {
    let path = format!("tests/data/{name}.h5");
    let file = common::open(&path);
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<D>(Tail::DEFAULT).unwrap();
    let columns = common::strings(&file, "jacobian/columns");
    let kinds: Vec<ParameterKind> = ParameterKind::ALL
        .into_iter()
        .filter(|kind| columns.iter().any(|column| column.starts_with(kind.word())))
        .collect();
    let space = ParameterSpace::new(&kinds, data.diameters.len());
    let request = FeatureRequest { stress: true, elastic: true, modes: 10, ..FeatureRequest::NONE };
    let rows = request.len(D);
    let n_s = D * (D + 1) / 2;
    // The reference measures the deviation on stress and C alone.
    let weights: Vec<f64> = (0..rows).map(|row| if row < rows - 10 { 1.0 } else { 0.0 }).collect();
    for direction in ["w0", "w1"] {
        let group = file.group(&format!("directions/{direction}")).unwrap();
        let attribute = |what: &str| group.attr(what).unwrap().read_scalar::<f64>().unwrap();
        let at = |what: &str| numbers(&file, &format!("directions/{direction}/{what}"));
        let w = at("w");
        let problem = SweepProblem {
            solid: &solid,
            space: &space,
            direction: &w,
            request: request.clone(),
            weights: Some(&weights),
        };
        let result = sweep(&problem, &SETTINGS, true).unwrap();
        let (lo, hi) = (attribute("gamma_star_lo"), attribute("gamma_star_hi"));
        let star = result.gamma_star;
        println!("{name} {direction}: {star:?} [{lo:.5e}, {hi:.5e}]");
        let independent = group.attr("gamma_star_path_independent").unwrap();
        assert!(independent.read_scalar::<bool>().unwrap());
        assert!(overlap(&star, lo, hi), "{name} {direction}: {star:?} [{lo}, {hi}]");
        assert!(star.hi - star.lo <= 0.01 * star.hi * (1.0 + 1e-9));
        assert!((result.gamma_tilde / attribute("gamma_tilde") - 1.0).abs() < 1e-6);
        let first_seen = attribute("first_sweep_gamma_with_contact_change");
        if data.depths.iter().all(|&depth| depth == 0.0) {
            assert!(result.gamma_contact.lo < first_seen, "{:?}", result.gamma_contact);
        }
        let before = group
            .attr("n_gamma_before_first_contact_change")
            .unwrap()
            .read_scalar::<i64>()
            .unwrap();
        let (gammas, dy) = (at("gamma"), at("dy"));
        for index in 0..before as usize {
            let point = result.curve[index].as_ref().unwrap();
            assert!((point.gamma / gammas[index] - 1.0).abs() < 1e-12);
            let expected: Vec<f64> = dy[index * rows..(index + 1) * rows]
                .iter()
                .enumerate()
                .map(|(row, x)| if row < n_s { -x } else { *x })
                .collect();
            let error = largest_difference(&point.delta_y, &expected);
            // Differences of features that are exact to about 1e-14 (1e-13 with attraction).
            let rounding = if data.depths.iter().any(|&depth| depth > 0.0) { 1e-11 } else { 1e-13 };
            let allowed = 1e-7 * largest(&expected) + rounding;
            assert!(error < allowed, "{name} {direction} γ = {}: {error:e}", point.gamma);
            assert_eq!(point.contacts_changed, 0, "{name} {direction} γ = {}", point.gamma);
        }
    }
}

#[test]
fn soft_sphere_sweeps_agree_with_the_reference() {
    check::<2>("s2d_n064_p1e-1_D10");
    check::<2>("s2d_n064_p1e-1_Dk4");
    check::<2>("s2d_n064_p1e-3_D10");
    check::<3>("s3d_n064_p1e-1_D30");
}

#[test]
fn attractive_sweeps_agree_with_the_reference() {
    check::<2>("m2d_n064_p1e-1_B1e-2_D12");
    check::<2>("m2d_n032_p1e-1_B1e-1_DB3");
}

/// The sweep of a reference solid along a direction of its file.
fn reference_sweep(name: &str, direction: &str, settings: &SweepSettings) -> [Threshold; 3] {
    let path = format!("tests/data/{name}.h5");
    let file = common::open(&path);
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<2>(Tail::DEFAULT).unwrap();
    let space = ParameterSpace::new(&[ParameterKind::Diameter], data.diameters.len());
    let problem = SweepProblem {
        solid: &solid,
        space: &space,
        direction: &numbers(&file, &format!("directions/{direction}/w")),
        request: FeatureRequest { stress: true, elastic: true, ..FeatureRequest::NONE },
        weights: None,
    };
    let result = sweep(&problem, settings, false).unwrap();
    [result.gamma_star, result.gamma_contact, result.gamma_rearrangement]
}

#[test]
fn the_continuation_agrees_with_fire_at_every_step() {
    let referee = SweepSettings { protocol: Protocol::Referee, gamma_min: 1e-4, ..SETTINGS };
    for direction in ["w0", "w1"] {
        let ours = reference_sweep("s2d_n064_p1e-1_D10", direction, &SETTINGS);
        let theirs = reference_sweep("s2d_n064_p1e-1_D10", direction, &referee);
        println!("{direction}: {ours:?}\n    {theirs:?}");
        for (a, b) in ours.iter().zip(&theirs) {
            assert!(amorph::linearity::referee::agree(a, b, 0.02), "{direction}: {a:?} {b:?}");
        }
    }
}

#[test]
fn a_sweep_that_reaches_nothing_is_censored() {
    let short = SweepSettings { gamma_max: 1e-5, ..SETTINGS };
    for threshold in reference_sweep("s2d_n064_p1e-1_D10", "w0", &short) {
        assert_eq!(threshold.cause, Cause::Censored);
        assert!(threshold.hi.is_nan());
        assert!((threshold.lo / 1e-5 - 1.0).abs() < 1e-12);
    }
}

/// A stored solid of `sweeps_s2d_n256.h5` with its direction.
struct Stored {
    solid: Solid<2>,
    space: ParameterSpace,
    direction: Vec<f64>,
}

impl Stored {
    fn read(group: &str) -> Self {
        let data = solid_file::read(&format!("tests/data/sweeps_s2d_n256.h5:/{group}")).unwrap();
        let mut solid = data.solid::<2>(Tail::DEFAULT).unwrap();
        let mut forces = Forces::new(&solid);
        relax(&mut solid, &mut forces).unwrap();
        let (directions, columns) = data.directions.clone().unwrap();
        let space = ParameterSpace::new(&[ParameterKind::Diameter], columns);
        Stored { solid, space, direction: directions[..columns].to_vec() }
    }

    fn problem(&self) -> SweepProblem<'_, 2> {
        SweepProblem {
            solid: &self.solid,
            space: &self.space,
            direction: &self.direction,
            request: FeatureRequest { stress: true, elastic: true, ..FeatureRequest::NONE },
            weights: None,
        }
    }
}

/// Follows a path up to γ in equal steps.
fn follow(path: &mut Path<'_, 2>, gamma: f64, steps: u32) {
    for step in 1..=steps {
        let trial = path.try_step(gamma * f64::from(step) / f64::from(steps)).unwrap();
        path.advance(trial.point);
    }
}

/// A stored solid, judged by FIRE across the bracket of a threshold.
fn judged(group: &str, which: fn(&SweepResult) -> Threshold) -> (SweepResult, bool) {
    let stored = Stored::read(group);
    let problem = stored.problem();
    let result = sweep(&problem, &SETTINGS, false).unwrap();
    let threshold = which(&result);
    let mut path = Path::new(&problem).unwrap();
    follow(&mut path, threshold.lo, 40);
    let rearranged = matches!(
        judge(&mut path, threshold.hi, threshold.hi - threshold.lo),
        Verdict::Rearranged(_)
    );
    (result, rearranged)
}

#[test]
fn a_prediction_takes_the_kinks_of_contact_changes_in() {
    let stored = Stored::read("contact_change");
    let problem = stored.problem();
    let kink = sweep(&problem, &SETTINGS, false).unwrap().gamma_contact.hi;
    let gamma = 1.2 * kink;
    let mut path = Path::new(&problem).unwrap();
    follow(&mut path, 0.95 * kink, 20);
    let from = path.here.gamma;
    let predicted = path.predict(gamma);
    let no_rattlers = vec![false; stored.solid.len()];
    let straight: Vec<_> = path
        .here
        .positions
        .iter()
        .zip(&path.here.velocity)
        .map(|(r, w)| r + w * (gamma - from))
        .collect();
    while path.here.gamma < gamma {
        let next = (path.here.gamma + 0.01 * kink).min(gamma);
        let trial = path.try_step(next).unwrap();
        path.advance(trial.point);
    }
    let off = path.distance(&predicted.positions, &path.here.positions, &no_rattlers);
    let straight_off = path.distance(&straight, &path.here.positions, &no_rattlers);
    println!("{off:e} {straight_off:e} of {:e}", predicted.moved);
    assert!(off < 0.1 * straight_off && off > 0.0, "{off:e} {straight_off:e}");
}

#[test]
fn a_prediction_knows_the_contact_that_the_solid_cannot_lose() {
    let stored = Stored::read("rearranging");
    let problem = stored.problem();
    let mut path = Path::new(&problem).unwrap();
    follow(&mut path, 1.4e-3, 10);
    let unstable = path.predict(1.6e-3).unstable.unwrap();
    assert!((unstable / 1.4826e-3 - 1.0).abs() < 2e-3, "{unstable:e}");
    assert_eq!(path.predict(1.45e-3).unstable, None);
}

#[test]
fn a_solid_that_is_known_to_rearrange_gives_its_threshold() {
    let (result, rearranged) = judged("rearranging", |result| result.gamma_rearrangement);
    assert!(rearranged);
    assert!(overlap(&result.gamma_rearrangement, 1.4818e-3, 1.4834e-3), "{result:?}");
    assert_eq!(result.gamma_rearrangement.cause, Cause::Rearrangement);
    let snapshots = result.rearrangement_snapshots.unwrap();
    assert!(largest_difference(&snapshots.before, &snapshots.after) > 1e-3);
}

#[test]
fn a_reversible_kink_is_not_called_a_rearrangement() {
    let (result, rearranged) = judged("contact_change", |result| result.gamma_contact);
    assert!(!rearranged);
    assert_eq!(result.gamma_contact.cause, Cause::ContactChange);
    assert!(result.gamma_rearrangement.lo > 10.0 * result.gamma_contact.hi, "{result:?}");
    let snapshots = result.contact_snapshots.unwrap();
    assert!(largest_difference(&snapshots.before, &snapshots.after) < 1e-3);
}

const DIAMETERS: &[ParameterKind] = &[ParameterKind::Diameter];

/// A direction of a soft solid, N = 64.
const SOFT: Case = Case {
    dimension: 2,
    particles: 64,
    pressure: 1e-1,
    depth: 0.0,
    exponent: 2.0,
    kinds: DIAMETERS,
    modes: 0,
    replica: 0,
    direction: 0,
};

/// Two ways to look for the same thing, the second one only up to `limit`.
fn the_same_below(limit: f64, long: &Threshold, short: &Threshold) -> bool {
    if !short.found() {
        return !long.found() || long.hi > limit;
    }
    long.cause == short.cause && overlap(long, short.lo, short.hi)
}

/// A direction with a fold at 0.0504, within one stride of the default sweep.
fn folded_solid() -> Subject<3> {
    let kinds: &[ParameterKind] = &[ParameterKind::Diameter, ParameterKind::Stiffness];
    let case = Case { dimension: 3, kinds, modes: 4, replica: 1, direction: 3, ..SOFT };
    Subject::stored(&case, include_str!("solids/folded.txt"))
}

#[test]
fn no_threshold_depends_on_gamma_max() {
    let mut found = 0;
    let soft = (0..3).map(|direction| Case { direction, ..SOFT });
    let attractive =
        (0..3).map(|direction| Case { direction, depth: 0.01, pressure: 1e-2, ..SOFT });
    // None: the folded one.
    let all = soft.chain(attractive).map(Some).chain([None]);
    for case in all {
        let outcome = |settings: &SweepSettings| match case {
            Some(case) => outcome(&case, settings),
            None => sweep(&folded_solid().problem(), settings, false).unwrap(),
        };
        let long = thresholds(&outcome(&SETTINGS));
        for gamma_max in [0.02, 0.05, 0.0507, 0.06] {
            let settings = SweepSettings { gamma_max, ..SETTINGS };
            let short = thresholds(&outcome(&settings));
            for (a, b) in long.iter().zip(&short) {
                assert!(the_same_below(gamma_max, a, b), "{case:?} {gamma_max}: {a:?} {b:?}");
                found += usize::from(b.found());
            }
        }
    }
    assert!(found > 30, "{found}");
}

#[test]
fn no_rearrangement_is_stepped_over() {
    let found = sweep(&folded_solid().problem(), &SETTINGS, false).unwrap().gamma_rearrangement;
    println!("{found:?}");
    assert!(overlap(&found, 5.04e-2, 5.05e-2), "{found:?}");
}

/// The solid jumps at γ = 0.0258828 and back at 0.0258733.
#[test]
fn a_jump_with_a_hysteresis_narrower_than_the_step_is_a_kink_wherever_the_step_lies() {
    let case = Case { dimension: 3, depth: 0.1, modes: 4, replica: 3, direction: 3, ..SOFT };
    let subject = Subject::<3>::new(&case);
    let problem = subject.problem();
    for below in [0.9e-3, 0.5e-3, 0.2e-3, 0.1e-3] {
        let lo = 0.0258828 * (1.0 - below);
        let mut path = Path::new(&problem).unwrap();
        for gamma in (1..=52).map(|step| lo * f64::from(step) / 52.0) {
            let point = path.relax_to(gamma).unwrap();
            path.advance(point);
        }
        let width = 1e-3 * lo;
        let Verdict::Continuous(beyond) = judge(&mut path, lo + width, width) else {
            panic!("a rearrangement from {lo}");
        };
        let jump = path.distance(&beyond.positions, &path.here.positions, beyond.rattler());
        assert!(jump > 1e-3, "{jump:e} from {lo}");
    }
}

/// A rattler between three others finds the room above them, though they hardly push it there.
#[test]
fn a_wedged_rattler_ends_no_sweep() {
    let kinds: &[ParameterKind] = &[ParameterKind::Diameter, ParameterKind::Stiffness];
    let case = Case { dimension: 3, pressure: 1e-3, kinds, replica: 6, direction: 3, ..SOFT };
    let subject = Subject::<3>::stored(&case, include_str!("solids/wedged.txt"));
    let found = sweep(&subject.problem(), &SETTINGS, false).unwrap().gamma_rearrangement;
    assert!(overlap(&found, 8.56e-3, 8.58e-3), "{found:?}");
}

#[test]
fn a_curve_does_not_change_a_bit_of_the_thresholds() {
    let subject = Subject::<2>::new(&Case { depth: 0.01, ..SOFT });
    let problem = subject.problem();
    let without = sweep(&problem, &SETTINGS, false).unwrap();
    let with = sweep(&problem, &SETTINGS, true).unwrap();
    assert_eq!(with.curve.len(), SETTINGS.points);
    let with = SweepResult { curve: Vec::new(), ..with };
    assert_eq!(format!("{with:?}"), format!("{without:?}"));
}

/// Where nothing ends a sweep before γ_max, the last point of its curve is its last state.
#[test]
fn a_curve_ends_where_its_sweep_has_ended() {
    let settings = SweepSettings { gamma_max: 1e-4, ..SETTINGS };
    let mut ended = 0;
    for (depth, direction) in
        [0.0, 0.01].into_iter().flat_map(|depth| (0..5).map(move |d| (depth, d)))
    {
        let subject = Subject::<2>::new(&Case { depth, direction, ..SOFT });
        let problem = subject.problem();
        let result = sweep(&problem, &settings, true).unwrap();
        let point = result.curve.last().unwrap().as_ref().unwrap();
        assert_eq!(point.gamma, settings.gamma_max);
        if result.gamma_rearrangement.cause != Cause::Censored {
            continue;
        }
        ended += 1;
        // The plain way there: FIRE in small steps, then dense matrices.
        let mut path = Path::new(&problem).unwrap();
        for gamma in (1..=20).map(|step| point.gamma * f64::from(step) / 20.0) {
            let next = path.relax_to(gamma).unwrap();
            path.advance(next);
        }
        let mut solid = subject.solid.clone();
        let before = plain(&solid);
        solid.positions.clone_from(&path.here.positions);
        let mut theta = subject.space.values(&solid.interactions);
        theta.iter_mut().zip(&subject.direction).for_each(|(t, d)| *t += point.gamma * d);
        subject.space.apply(&mut solid.interactions, &theta);
        let (_, after) = relaxed(solid);
        let change: Vec<f64> = (after.stress.iter().zip(&before.stress))
            .chain(after.elastic.iter().zip(&before.elastic))
            .map(|(after, before)| after - before)
            .collect();
        let error = largest_difference(&point.delta_y, &change);
        assert!(error < 1e-9 * (1.0 + largest(&change)), "B = {depth}, w_{direction}: {error:e}");
    }
    assert!(ended > 5, "{ended}");
}

#[test]
fn a_direction_does_not_depend_on_the_directions_swept_before_it() {
    let subject = Subject::<2>::new(&SOFT);
    let other = Subject::<2>::new(&Case { direction: 4, ..SOFT });
    let alone = sweep(&subject.problem(), &SETTINGS, false).unwrap();
    sweep(&other.problem(), &SETTINGS, true).unwrap();
    let later = sweep(&subject.problem(), &SETTINGS, false).unwrap();
    assert_eq!(format!("{alone:?}"), format!("{later:?}"));
}

/// The crystal of the reference solids, whose frequencies are degenerate, swept with its modes in the
/// set but of these weights.
fn crystal_sweep(modes: usize, weight_of_modes: f64) -> SweepResult {
    let path = "tests/data/x2d_tri_n080_p1e-1_D16.h5";
    let data = solid_file::read(path).unwrap();
    let mut solid = data.solid::<2>(Tail::DEFAULT).unwrap();
    let mut forces = Forces::new(&solid);
    relax(&mut solid, &mut forces).unwrap();
    let space = ParameterSpace::new(DIAMETERS, data.diameters.len());
    let norm = (data.diameters.len() as f64).sqrt();
    let direction: Vec<f64> =
        (0..data.diameters.len()).map(|q| if q % 3 == 0 { 1.0 } else { -1.0 } / norm).collect();
    let weights = [vec![1.0; 9], vec![weight_of_modes; modes]].concat();
    let problem = SweepProblem {
        solid: &solid,
        space: &space,
        direction: &direction,
        request: FeatureRequest { stress: true, elastic: true, modes, ..FeatureRequest::NONE },
        weights: Some(&weights),
    };
    // A crystal stays linear to the end: a deviation of a thousandth is what it reaches.
    let settings = SweepSettings { deviation: 1e-3, ..SETTINGS };
    sweep(&problem, &settings, false).unwrap()
}

#[test]
fn a_missing_curvature_is_no_prediction() {
    let (without, with) = (crystal_sweep(0, 1.0), crystal_sweep(4, 0.0));
    println!("{:?} {:?}", without.gamma_star, with.gamma_star);
    assert!(with.gamma_tilde.is_nan() && without.gamma_tilde > 0.0);
    assert!(overlap(&with.gamma_star, without.gamma_star.lo, without.gamma_star.hi));
    assert!(with.gamma_star.found() && with.gamma_star.lo > 0.0);
    assert_eq!(with.gamma_star.cause, without.gamma_star.cause);
}

#[test]
fn a_state_that_is_shared_at_gamma_zero_changes_no_bit() {
    for modes in [0, 4] {
        let subject = Subject::<2>::new(&Case { modes, ..SOFT });
        let all = FeatureRequest {
            stress: true,
            elastic: true,
            modes: 4,
            derived: true,
            ..FeatureRequest::NONE
        };
        // Of other species, with more features, used twice.
        let origin = Origin::new(&classes(&subject.solid), &all).unwrap();
        let problem = subject.problem();
        let alone = format!("{:?}", sweep(&problem, &SETTINGS, true).unwrap());
        for _ in 0..2 {
            let shared = sweep_from(&origin, &problem, &SETTINGS, true);
            assert_eq!(format!("{shared:?}"), alone, "{modes} modes");
        }
    }
}

#[test]
fn a_deviation_that_is_not_a_number_is_not_linear() {
    let subject = Subject::<2>::new(&SOFT);
    let weights = vec![f64::NAN; 9];
    for protocol in [Protocol::Continuation, Protocol::Referee] {
        let problem = SweepProblem { weights: Some(&weights), ..subject.problem() };
        let settings = SweepSettings { protocol, ..SETTINGS };
        let star = sweep(&problem, &settings, false).unwrap().gamma_star;
        assert_eq!(star.cause, Cause::NotConverged, "{star:?}");
        assert!(star.hi.is_nan());
    }
}

/// max|F| over every particle and every pair, and what is accepted.
fn plain_force<const D: usize>(solid: &Solid<D>) -> (f64, f64) {
    let mut candidates = Vec::new();
    pairs_within(solid, 0.1, &mut candidates);
    let pairs = interacting_pairs(solid, &candidates);
    let mut force = Vec::new();
    bond_forces(solid, &pairs, &mut force);
    (amorph::relax::forces::max_norm(&force), accepted_force(solid, &pairs))
}

#[test]
fn what_is_measured_is_at_rest_or_refused() {
    for (depth, replica) in [(0.0, 0), (0.0, 1), (0.01, 0)] {
        let subject = Subject::<2>::new(&Case { depth, replica, pressure: 1e-2, ..SOFT });
        for size in [1e-6, 1e-3, 1e-2] {
            let problem = subject.problem();
            let mut path = Path::new(&problem).unwrap();
            let mut point = path.try_step(1e-7).unwrap().point;
            for (i, position) in point.positions.iter_mut().enumerate() {
                let phase = 2.4 * i as f64;
                *position += Vector::<2>::new(phase.sin(), phase.cos()) * size;
            }
            match path.polished(&mut point).map(plain_force) {
                Ok((force, accepted)) => {
                    assert!(force <= accepted, "{depth} {size}: {force:e} {accepted:e}");
                    assert!(point.equilibrium.max_force <= accepted);
                }
                Err(error) => println!("{depth} {size}: {error}"),
            }
        }
    }
}

#[test]
fn no_particle_of_an_accepted_step_feels_a_force() {
    for (depth, pressure) in [(0.0, 1e-3), (0.01, 1e-2), (0.1, 1e-2)] {
        let subject = Subject::<2>::new(&Case { depth, pressure, ..SOFT });
        let problem = subject.problem();
        let mut path = Path::new(&problem).unwrap();
        for step in 0..60 {
            let gamma = 1e-6 * 1.15_f64.powi(step);
            let Ok(trial) = path.try_step(gamma) else { break };
            path.advance(trial.point);
            let solid = path.work.solid_at(&path.here);
            let (force, _) = plain_force(solid);
            let unit = amorph::relax::forces::stiffness(solid);
            assert!(force <= 1e-11 * unit, "{depth} γ = {gamma:e}: {force:e}");
        }
    }
}

#[test]
fn rattlers_do_not_switch_the_limit_on_the_correction_off() {
    let (mut rattling, mut too_far) = (0, 0);
    for replica in 0..4 {
        let subject = Subject::<2>::new(&Case { pressure: 1e-3, replica, ..SOFT });
        if subject.rattlers == 0 {
            continue;
        }
        rattling += 1;
        let problem = subject.problem();
        for exponent in 0..30 {
            let mut path = Path::new(&problem).unwrap();
            match path.try_step(1e-5 * 1.4_f64.powi(exponent)) {
                Ok(trial) => assert!(trial.correction <= 0.35 + 1e-9, "{}", trial.correction),
                Err(refusal) => too_far += usize::from(refusal == Refusal::TooFar),
            }
        }
    }
    assert!(rattling > 0 && too_far > 0, "{rattling} {too_far}");
}

#[test]
fn a_polish_that_changes_the_rattlers_leads_to_a_state_that_nobody_has_believed() {
    let subject = (0..)
        .map(|replica| Subject::<2>::new(&Case { replica, pressure: 1e-2, ..SOFT }))
        .find(|subject| subject.rattlers > 0)
        .unwrap();
    let problem = subject.problem();
    let mut path = Path::new(&problem).unwrap();
    let mut believed = path.try_step(1e-6).unwrap().point;
    let mut other = believed.clone();
    assert!(path.polished_as_believed(&mut believed).unwrap().is_ok());
    // As if one of the rattlers had been held.
    let one = other.rattler().iter().position(|&rattles| rattles).unwrap();
    other.equilibrium.contacts.rattler[one] = false;
    assert!(path.polished_as_believed(&mut other).is_none());
    assert_eq!(other.rattler(), believed.rattler());
}

#[test]
fn springs_in_any_order_are_the_same_contacts() {
    let mut recipe = common::small::recipe(64, Structure::Network, 1e-1, 0.0);
    recipe.depths = SymmetricTable::uniform(2, 0.0);
    let mut solid = recipe.prepare::<2>(&common::small::key(0)).unwrap().solid;
    let space = ParameterSpace::new(DIAMETERS, 2);
    let curve = |solid: &Solid<2>| {
        let problem = SweepProblem {
            solid,
            space: &space,
            direction: &[0.6, 0.8],
            request: FeatureRequest { stress: true, elastic: true, ..FeatureRequest::NONE },
            weights: None,
        };
        sweep(&problem, &SETTINGS, true).unwrap().curve
    };
    let counts = |solid: &Solid<2>| -> Vec<usize> {
        curve(solid).iter().flatten().map(|point| point.contacts_changed).collect()
    };
    let sorted = counts(&solid);
    let mut springs = solid.springs.as_ref().unwrap().to_vec();
    springs.reverse();
    for spring in springs.iter_mut().step_by(2) {
        std::mem::swap(&mut spring.i, &mut spring.j);
    }
    solid.springs = Some(Arc::new(springs));
    assert_eq!(counts(&solid), sorted);
    assert!(sorted.iter().all(|&changed| changed == 0), "{sorted:?}");
}

#[test]
fn particles_that_hang_loosely_do_not_hold_up_a_sweep() {
    // Taken into the Hessian while a step is corrected, they cost hundreds of factorisations each.
    let cases = (0..2).flat_map(|replica| {
        (0..9).map(move |direction| Case {
            replica,
            direction,
            pressure: 1e-3,
            depth: 0.01,
            ..SOFT
        })
    });
    let counts: Vec<u64> =
        cases.map(|case| outcome(&case, &SETTINGS).counters.factorisations).collect();
    let mean = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
    assert!(mean < 120.0, "{counts:?}");
}
