//! γ-sweeps against the reference sweeps, and against the plain protocol on small solids.

mod common;

use amorph::linearity::cause::Cause;
use amorph::linearity::path::Path;
use amorph::linearity::rearrangement::Verdict;
use amorph::linearity::sweep::{Protocol, Start, SweepProblem, SweepSettings, sweep};
use amorph::linearity::thresholds::{SweepResult, Threshold};
use amorph::relax::forces::Forces;
use amorph::relax::newton::relax;
use amorph::response::features::FeatureRequest;
use amorph::solid::Solid;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::Tail;
use amorph::study::solid_file;
use common::{largest, largest_difference, numbers};

const SETTINGS: SweepSettings = SweepSettings {
    gamma_min: 1e-6,
    gamma_max: 1e-1,
    points: 26,
    deviation: 0.1,
    bracket: 0.01,
    protocol: Protocol::Continuation,
    start: Start::Warm,
};

fn overlap(threshold: &Threshold, lo: f64, hi: f64) -> bool {
    threshold.lo <= hi && lo <= threshold.hi
}

fn check<const D: usize>(name: &str) {
    let path = format!("tests/data/{name}.h5");
    let file = hdf5::File::open(&path).unwrap();
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<D>(Tail::DEFAULT).unwrap();
    let columns = common::strings(&file, "jacobian/columns");
    let kinds: Vec<ParameterKind> = ParameterKind::ALL
        .into_iter()
        .filter(|kind| columns.iter().any(|column| column.starts_with(kind.symbol())))
        .collect();
    let space = ParameterSpace::new(&kinds, data.diameters.len());
    let request = FeatureRequest { stress: true, elastic: true, modes: 10, derived: false };
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
            request,
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
    let file = hdf5::File::open(&path).unwrap();
    let data = solid_file::read(&path).unwrap();
    let solid = data.solid::<2>(Tail::DEFAULT).unwrap();
    let space = ParameterSpace::new(&[ParameterKind::Diameter], data.diameters.len());
    let problem = SweepProblem {
        solid: &solid,
        space: &space,
        direction: &numbers(&file, &format!("directions/{direction}/w")),
        request: FeatureRequest { stress: true, elastic: true, modes: 0, derived: false },
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
            request: FeatureRequest { stress: true, elastic: true, modes: 0, derived: false },
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
    let rearranged = matches!(path.judge(threshold.hi), Verdict::Rearranged(_));
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
