//! Designs of plain models whose answer is known.

use super::plan::Plan;
use super::regression::{Fit, Observation, Sums};
use super::search::{AIM, Search, Stage};
use crate::design::outcome::Outcome;
use crate::design::target::Wanted;
use crate::solid::random::{Purpose, StreamKey, gaussian};

const KEY: StreamKey = StreamKey { seed: 5, solid: 7, replica: 0, attempt: 0 };

/// ȳ(x) = y₀ + B x + ½ (c·x)² per feature, and the noise of a single solid.
struct Model {
    start: Vec<f64>,
    slopes: Vec<Vec<f64>>,
    curvature: f64,
    noise: f64,
    /// Where the first feature is larger there are no solids.
    most: f64,
    /// Whether the curvature is negative where the features grow, and larger on the other side.
    dead_end: bool,
}

impl Model {
    fn mean(&self, x: &[f64]) -> Vec<f64> {
        let of = |(start, row): (&f64, &Vec<f64>)| {
            let along: f64 = row.iter().zip(x).map(|(b, x)| b * x).sum();
            let factor = match (self.dead_end, along > 0.0) {
                (true, true) => -1.0,
                (true, false) => 4.0,
                _ => 1.0,
            };
            start + along + factor * self.curvature * along * along
        };
        self.start.iter().zip(&self.slopes).map(of).collect()
    }

    fn solid(&self, x: &[f64], random: &mut rand::rngs::ChaCha8Rng) -> Vec<f64> {
        // Half of the noise is common to all features, as in a solid.
        let common = gaussian(random);
        let noisy = |mean: f64| mean + self.noise * (common + gaussian(random)) / 2.0_f64.sqrt();
        self.mean(x).into_iter().map(noisy).collect()
    }

    /// Runs a design to its end.
    fn design(&self, plan: &Plan, seed: u64) -> Search {
        let mut random = StreamKey { seed, ..KEY }.stream(Purpose::Positions);
        let plan = Plan { key: StreamKey { seed, ..plan.key }, ..plan.clone() };
        let mut search = Search::new(plan.clone());
        while let Some(next) = search.next().cloned() {
            let centre = next.centre;
            let values: Vec<_> = (0..plan.solids)
                .map(|slot| {
                    let offset = plan.offset(next.place, slot).filter(|_| next.scattered);
                    let offset = offset.unwrap_or_else(|| vec![0.0; centre.len()]);
                    let x: Vec<f64> = centre.iter().zip(&offset).map(|(c, o)| c + o).collect();
                    (self.mean(&x)[0] <= self.most).then(|| self.solid(&x, &mut random))
                })
                .collect();
            search.add(&values);
        }
        search
    }
}

fn plan(wanted: Vec<Wanted>, parameters: usize, solids: usize) -> Plan {
    Plan {
        wanted,
        bounds: vec![-50.0..=50.0; parameters],
        rounds: 24,
        solids,
        verification: 1,
        key: KEY,
    }
}

/// Two features of three parameters: one stiff, one soft.
fn two(curvature: f64) -> Model {
    let slopes = vec![vec![0.05, 0.04, 0.0], vec![0.002, -0.01, 0.02]];
    Model {
        start: vec![1.0, 2.0],
        slopes,
        curvature,
        noise: 0.05,
        most: f64::INFINITY,
        dead_end: false,
    }
}

/// The stiff one alone.
fn one() -> Model {
    let Model { mut start, mut slopes, .. } = two(0.0);
    start.truncate(1);
    slopes.truncate(1);
    Model { start, slopes, ..two(0.0) }
}

fn share_within(values: impl Iterator<Item = f64>, limit: f64) -> f64 {
    let values: Vec<f64> = values.collect();
    values.iter().filter(|value| value.abs() <= limit).count() as f64 / values.len() as f64
}

/// Errors of so many independent values of unit variance lie within 2 for 95.4% of them, give or take
/// three standard deviations of a share of 400.
fn is_two_sigma(share: f64) -> bool {
    (0.92..=0.985).contains(&share)
}

#[test]
fn the_errors_of_means_and_slopes_hold_in_95_percent_also_where_the_response_is_curved() {
    let model = two(1.0);
    let plan = plan(vec![Wanted::Change(0.0); 2], 3, 60);
    let centre = vec![0.5, -1.0, 2.0];
    let (mut means, mut slopes) = (Vec::new(), Vec::new());
    let truth = model.mean(&centre);
    for seed in 0..200 {
        let mut random = StreamKey { seed, ..KEY }.stream(Purpose::Positions);
        let plan = Plan { key: StreamKey { seed, ..KEY }, ..plan.clone() };
        let observations: Vec<Observation> = (0..plan.solids)
            .map(|slot| {
                let offset = plan.offset(1, slot);
                let apart = offset.clone().unwrap_or_else(|| vec![0.0; 3]);
                let x: Vec<f64> = centre.iter().zip(&apart).map(|(c, o)| c + o).collect();
                Observation { y: model.solid(&x, &mut random), x, scattered: offset.is_some() }
            })
            .collect();
        let fit = Fit::new(&Sums::new(&observations, &centre, &truth)).unwrap();
        for (i, truth) in truth.iter().enumerate() {
            means.push((fit.mean[i] - truth) / fit.mean_error(i));
            let along: f64 = model.slopes[i].iter().zip(&centre).map(|(b, x)| b * x).sum();
            let factor = 1.0 + 2.0 * model.curvature * along;
            for q in 0..3 {
                let slope = model.slopes[i][q] * factor;
                slopes.push((fit.slopes[(i, q)] - slope) / fit.slope_error(i, q));
            }
        }
    }
    let (means, slopes) =
        (share_within(means.into_iter(), 2.0), share_within(slopes.into_iter(), 2.0));
    assert!(is_two_sigma(means) && is_two_sigma(slopes), "{means} {slopes}");
}

#[test]
fn targets_are_reached_and_the_stated_errors_are_those_of_theta() {
    for curvature in [0.0, 1.0] {
        let model = two(curvature);
        let plan = plan(vec![Wanted::Value(1.2), Wanted::Value(2.0)], 3, 80);
        let (mut reached, mut verified, mut theta) = (0, Vec::new(), Vec::new());
        for seed in 0..100 {
            let search = model.design(&plan, seed);
            let ending = search.ending.unwrap();
            assert!(matches!(ending, Outcome::Reached | Outcome::StatisticalLimit), "{ending:?}");
            reached += usize::from(ending == Outcome::Reached);
            // The first verification: a later one is there only because of what this one was.
            let first = search.stages.iter().find(|it| it.place > plan.rounds).unwrap();
            let (mean, errors) = first.mean.as_ref().unwrap();
            for (i, truth) in model.mean(&first.centre).iter().enumerate() {
                verified.push((mean[i] - truth) / errors[i]);
                // Of θ itself, in errors of the verification.
                theta.push((truth - search.targets[i]) / errors[i]);
            }
        }
        let share = share_within(verified.into_iter(), AIM);
        assert!((0.91..=0.99).contains(&share), "{share}");
        let off = (theta.iter().map(|e| e * e).sum::<f64>() / theta.len() as f64).sqrt();
        assert!(off < 0.7, "{off}");
        assert!(reached >= 78, "{reached} of 100");
    }
}

#[test]
fn a_combination_that_no_parameter_moves_is_named() {
    // Two features with one response: their difference stays.
    let slopes = vec![vec![0.05, 0.03], vec![0.1, 0.06]];
    let model = Model { start: vec![1.0, 2.0], slopes, noise: 0.02, ..two(0.0) };
    for seed in 0..20 {
        let plan = plan(vec![Wanted::Share(0.1), Wanted::Change(0.0)], 2, 60);
        let search = model.design(&plan, seed);
        assert_eq!(search.ending, Some(Outcome::Infeasible));
        let combination = search.unmoved.unwrap();
        let [first, second] = combination[..] else { panic!("{combination:?}") };
        // Relative changes: both follow alike, and the first was to grow.
        assert!(first > 0.0 && (first + second).abs() < 0.3, "{combination:?}");
    }
    // Nothing moves a feature at all.
    let model = Model { start: vec![0.3], slopes: vec![vec![0.0]], ..two(0.0) };
    let endings =
        (0..20).map(|seed| model.design(&plan(vec![Wanted::Value(-0.5)], 1, 40), seed).ending);
    let endings: Vec<_> = endings.collect();
    assert!(endings.iter().all(|ending| *ending == Some(Outcome::Infeasible)), "{endings:?}");
}

#[test]
fn a_bound_holds_the_design_back_and_says_so() {
    let model = one();
    let mut plan = plan(vec![Wanted::Value(2.0)], 3, 60);
    plan.bounds = vec![-3.0..=3.0; 3];
    // It looks on the other side of the start, too.
    plan.rounds = 60;
    let search = model.design(&plan, 1);
    assert_eq!(search.ending, Some(Outcome::Bound));
    // Only the parameters that matter.
    assert_eq!(search.at_bound()[..2], [true, true]);
    let moved = search.stages.last().unwrap();
    assert!((moved.mean.as_ref().unwrap().0[0] - 1.27).abs() < 0.03, "{:?}", moved.mean);
}

#[test]
fn where_half_of_the_solids_cannot_be_made_the_design_returns_and_ends() {
    let model = Model { most: 1.6, ..one() };
    let search = model.design(&plan(vec![Wanted::Value(3.0)], 3, 60), 1);
    assert_eq!(search.ending, Some(Outcome::LostRigidity));
    let last = search.stages.last().unwrap();
    let mean = model.mean(&last.centre)[0];
    assert!(search.verifications == 1 && (1.2..=1.6).contains(&mean), "{mean}");
}

#[test]
fn a_dead_end_is_left_for_the_other_side_of_the_start() {
    // The mean grows by 0.02 at most on the side to which its slope leads.
    let slopes = vec![vec![0.03]];
    let model = Model { start: vec![1.0], slopes, curvature: 11.0, dead_end: true, ..two(0.0) };
    let model = Model { noise: 0.01, ..model };
    for seed in 0..10 {
        let mut plan = plan(vec![Wanted::Change(0.1)], 1, 80);
        plan.rounds = 60;
        let search = model.design(&plan, seed);
        let last = search.stages.last().unwrap();
        assert!(matches!(search.ending, Some(Outcome::Reached)), "{:?}", search.ending);
        assert!(last.centre[0] < -1.5, "{:?}", last.centre);
    }
}

#[test]
fn several_stages_verify_as_one_and_a_verification_that_disagrees_is_followed_by_another() {
    let model = two(1.0);
    let plan =
        Plan { verification: 2, ..plan(vec![Wanted::Value(1.2), Wanted::Value(2.0)], 3, 80) };
    let mut again = 0;
    for seed in 0..40 {
        let search = model.design(&plan, seed);
        let verifying: Vec<_> = search.stages.iter().filter(|it| it.place > plan.rounds).collect();
        assert_eq!(verifying.len(), 2 * search.verifications);
        let [first, second] = verifying[verifying.len() - 2..] else { panic!() };
        assert!(first.centre == second.centre && first.residual == second.residual);
        let (mean, _) = search.verified().unwrap();
        let half = |stage: &Stage| stage.mean.as_ref().unwrap().0[0];
        assert!((mean[0] - 0.5 * (half(first) + half(second))).abs() < 1e-12);
        again += usize::from(search.verifications > 1 && search.ending == Some(Outcome::Reached));
    }
    assert!(again > 1, "{again}");
}
