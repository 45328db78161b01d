//! The rounds of an ensemble design: what is prepared next, and how it ends.
//!
//! First comes the start: solids at θ₀, whose means the targets refer to. Then come rounds: half of the solids
//! stand at the centre and half are scattered around it, or all stand at the centre where only its means are
//! to be known better. Last is the verification, solids at the final θ that nothing was decided from. One that
//! disagrees counts as a round. Parameters are x = ln(θ/θ₀) in units of the scatter.

use super::plan::{Plan, VERIFICATIONS};
use super::regression::{Fit, Observation, Sums, mean_of};
use super::step::{Question, SIGNIFICANT, Step};
use crate::design::outcome::Outcome;
use crate::design::target::Wanted;

/// A target is reached where the mean of the verification is within this many of its standard errors.
pub const AIM: f64 = 2.0;
/// What is verified is known to this share of the verification's errors: otherwise these would not be the
/// errors of θ.
const PRECISION: f64 = 0.5;
/// Residuals that are left [errors of the verification].
const CLOSE: f64 = 0.5;
/// Below this many of its own errors a residual says that the means should be known better, not that θ should
/// be another one.
const TELLING: f64 = 2.0;
/// A step is worth a round where less than this share of the squared residual is to be expected after it.
const WORTH: f64 = 0.8;
/// Rounds that come no nearer, and with no step worth one, after which there is none.
const SETTLED: usize = 5;
/// Where no step leads nearer, the search goes on from the other side of θ₀ so many times: what lies on one
/// side of it may be a dead end.
const RESTARTS: usize = 1;
/// The longest step in units of the scatter's length: slopes hold about as far as they were measured, and
/// the rounds before stay in the window.
const RADIUS: f64 = 0.5;
/// Earlier rounds nearer than this many of the scatter's lengths count for the slopes of a feature, where its
/// means agree.
const WINDOW: f64 = 1.5;
/// The means of rounds nearer than this are brought to a centre by the slopes.
const NEAR: f64 = 0.2;
/// Means agree within this many of their standard errors: a larger difference may be curvature, which would
/// shift the fit by much of it.
const AGREEMENT: f64 = 1.5;
/// Slopes are known well enough for a step where they add less than this share to the variance of the means.
const KNOWN: f64 = 0.25;
/// Below this share of solids that were made, there is no ensemble any more.
const LEAST_SHARE: f64 = 0.5;
/// Errors below this share of the target are rounding.
const ROUNDING: f64 = 1e-12;

/// A stage that was prepared.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Which one of the plan's.
    pub place: usize,
    /// Its centre, shape (n_x,).
    pub centre: Vec<f64>,
    /// Solids that could be made.
    pub observations: Vec<Observation>,
    /// Solids at the centre.
    pub central: usize,
    /// Their mean, shape (n_y,), and its standard errors.
    pub mean: Option<(Vec<f64>, Vec<f64>)>,
    /// What this round and those near it say about the centre; none of start and verification.
    pub fit: Option<Fit>,
    /// (y* − ȳ) of the fit, or of the mean of the verification, in units of the verification's errors (of
    /// the expected ones before it), shape (n_y,).
    pub residual: Option<Vec<f64>>,
}

/// The stage to be prepared next.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// Which one of the plan's.
    pub place: usize,
    /// Its centre, shape (n_x,).
    pub centre: Vec<f64>,
    /// Whether half of its solids are scattered.
    pub scattered: bool,
}

/// An ensemble design so far.
#[derive(Clone, Debug)]
pub struct Search {
    plan: Plan,
    /// Everything that was prepared, in time.
    pub stages: Vec<Stage>,
    /// y*, shape (n_y,); empty before the start.
    pub targets: Vec<f64>,
    /// Standard errors of y*, which the means of the start leave, shape (n_y,).
    pub target_errors: Vec<f64>,
    /// Verifications that were made.
    pub verifications: usize,
    /// How it ended; before the verification, how it will where that disagrees.
    pub ending: Option<Outcome>,
    /// Coefficients over the relative changes of the features of the combination that no parameter moves.
    pub unmoved: Option<Vec<f64>>,
    /// The squared residuals of the rounds since the last restart.
    squares: Vec<f64>,
    /// Centres at which no step led nearer, with their squared residuals.
    dead_ends: Vec<(Vec<f64>, f64)>,
    next: Option<Next>,
}

/// What is known about a centre.
struct Knowledge {
    fit: Fit,
    /// The expected errors of the verification, shape (n_y,).
    errors: Vec<f64>,
    /// y* − ȳ over these, shape (n_y,).
    residual: Vec<f64>,
}

/// A place that a step leads to.
struct Aim {
    centre: Vec<f64>,
    /// Whether its means are known well enough, and are what is wanted.
    is_final: bool,
    /// Whether more slopes would make its means known better.
    needs_slopes: bool,
}

impl Search {
    pub fn new(plan: Plan) -> Self {
        let centre = vec![0.0; plan.bounds.len()];
        Self {
            plan,
            stages: Vec::new(),
            targets: Vec::new(),
            target_errors: Vec::new(),
            verifications: 0,
            ending: None,
            unmoved: None,
            squares: Vec::new(),
            dead_ends: Vec::new(),
            next: Some(Next { place: 0, centre, scattered: false }),
        }
    }

    /// The stage to be prepared next; none where the design is over.
    pub fn next(&self) -> Option<&Next> {
        self.next.as_ref()
    }

    /// Takes the features of the solids of the next stage, by slot; none where a solid could not be made.
    pub fn add(&mut self, values: &[Option<Vec<f64>>]) {
        let Some(Next { place, centre, scattered }) = self.next.take() else { return };
        let observation = |(slot, y): (usize, &Option<Vec<f64>>)| {
            let offset = self.plan.offset(place, slot).filter(|_| scattered);
            let x = match &offset {
                Some(offset) => centre.iter().zip(offset).map(|(c, o)| c + o).collect(),
                None => centre.clone(),
            };
            Some(Observation { x, y: y.clone()?, scattered: offset.is_some() })
        };
        let observations: Vec<_> = values.iter().enumerate().filter_map(observation).collect();
        let lost = (observations.len() as f64) < LEAST_SHARE * self.plan.solids as f64;
        let central = observations.iter().filter(|it| !it.scattered);
        let central: Vec<&[f64]> = central.map(|it| &it.y[..]).collect();
        let (count, mean) = (central.len(), mean_of(&central));
        let stage =
            Stage { place, centre, observations, central: count, mean, fit: None, residual: None };
        self.stages.push(stage);
        match place {
            _ if lost => self.lose(),
            0 => self.start(),
            _ if place > self.plan.rounds => self.verify(),
            _ => self.decide(),
        }
    }

    /// Too few solids: what was known before counts.
    fn lose(&mut self) {
        self.ending = Some(Outcome::LostRigidity);
        let place = self.stages.last().map_or(0, |stage| stage.place);
        if place <= self.plan.rounds
            && let Some(centre) = self.centre_before()
        {
            self.next_verification(centre);
        }
    }

    /// The last centre before this one at which an ensemble was there, where it is another than θ₀.
    fn centre_before(&self) -> Option<Vec<f64>> {
        let (last, before) = self.stages.split_last()?;
        let other = before.iter().rev().find(|stage| stage.centre != last.centre)?;
        let centre = other.centre.clone();
        centre.iter().any(|&x| x != 0.0).then_some(centre)
    }

    /// The means at θ₀ say what the targets are.
    fn start(&mut self) {
        let Some((means, errors)) = self.stages[0].mean.clone() else { return self.lose() };
        for (wanted, (mean, error)) in self.plan.wanted.iter().zip(means.iter().zip(&errors)) {
            let (target, uncertain) = match wanted {
                Wanted::Value(value) => (*value, 0.0),
                Wanted::Share(share) => (mean * (1.0 + share), error * (1.0 + share).abs()),
                Wanted::Change(change) => (mean + change, *error),
            };
            self.targets.push(target);
            self.target_errors.push(uncertain);
        }
        self.next_round(vec![0.0; self.plan.bounds.len()], true);
    }

    fn next_round(&mut self, centre: Vec<f64>, scattered: bool) {
        let place = self.rounds() + 1;
        self.next = Some(Next { place, centre, scattered });
    }

    /// Rounds that were made.
    fn rounds(&self) -> usize {
        let rounds = 1..=self.plan.rounds;
        self.stages.iter().filter(|stage| rounds.contains(&stage.place)).count()
    }

    /// Stages of verifications that were made.
    fn verifying(&self) -> usize {
        self.stages.iter().filter(|stage| stage.place > self.plan.rounds).count()
    }

    fn next_verification(&mut self, centre: Vec<f64>) {
        let place = self.plan.verifications().start + self.verifying();
        self.next = self.plan.verifications().contains(&place).then_some(Next {
            place,
            centre,
            scattered: false,
        });
    }

    /// What the stages say of the last centre. Slopes of a feature are fitted to every stage near it whose
    /// means agree with those that are nearer: a feature that is known well is not of second order as far
    /// as one that is known badly. Its mean is that of the solids at the centre, and at centres very near.
    fn knowledge(&self) -> Option<Knowledge> {
        let last = self.stages.last()?;
        let origin = &last.mean.as_ref()?.0;
        let length = self.plan.length();
        let mut near: Vec<(f64, &Stage)> =
            self.stages.iter().rev().map(|it| (distance(&it.centre, &last.centre), it)).collect();
        near.retain(|(distance, _)| *distance <= WINDOW * length);
        near.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let all: Vec<Sums> = near
            .iter()
            .map(|(_, stage)| Sums::new(&stage.observations, &last.centre, origin))
            .collect();
        // The nearest that determine slopes at all.
        let (mut sums, mut first) = (all.first()?.clone(), 1);
        let mut fit = Fit::new(&sums);
        while fit.is_none() || near.get(first).is_some_and(|(distance, _)| *distance == 0.0) {
            sums.add(all.get(first)?);
            first += 1;
            fit = Fit::new(&sums);
        }
        let nearest = fit?;
        let mut pooled = nearest.clone();
        for feature in 0..self.targets.len() {
            let (mut sums, mut fit) = (sums.clone(), nearest.clone());
            for ((_, stage), more) in near.iter().zip(&all).skip(first) {
                if agrees(&fit, stage, &last.centre, feature) {
                    sums.add(more);
                    fit = Fit::new(&sums).unwrap_or(fit);
                }
            }
            pooled.take(feature, &fit);
        }
        let solids = self.plan.verified_solids() as f64;
        let zero = vec![0.0; last.centre.len()];
        for feature in 0..self.targets.len() {
            let (mean, variance) = self.mean_at(&pooled, feature, &zero)?;
            (pooled.mean[feature], pooled.mean_variance[feature]) = (mean, variance);
        }
        let errors: Vec<f64> = (0..self.targets.len())
            .map(|i| {
                let rounding = ROUNDING * self.targets[i].abs().max(f64::MIN_POSITIVE / ROUNDING);
                (pooled.deviation[i] / solids.sqrt()).max(rounding)
            })
            .collect();
        let residual = (0..errors.len()).map(|i| (self.targets[i] - pooled.mean[i]) / errors[i]);
        Some(Knowledge { residual: residual.collect(), fit: pooled, errors })
    }

    /// The mean of a feature so far from the last centre, and its variance over that of a single solid.
    fn mean_at(&self, fit: &Fit, feature: usize, offset: &[f64]) -> Option<(f64, f64)> {
        let centre = &self.stages.last()?.centre;
        let there: Vec<f64> = centre.iter().zip(offset).map(|(c, d)| c + d).collect();
        let length = self.plan.length();
        let mut means = Vec::new();
        for stage in &self.stages {
            if distance(&stage.centre, &there) <= NEAR * length || stage.centre == *centre {
                let Some((mean, _)) = &stage.mean else { continue };
                let beside = stage.centre.iter().zip(centre).map(|(x, c)| x - c).collect();
                means.push((beside, mean[feature], stage.central));
            }
        }
        Some(fit.gather(feature, &means, offset))
    }

    /// After a round: another one, or the end.
    fn decide(&mut self) {
        let last = self.stages.len() - 1;
        let centre = self.stages[last].centre.clone();
        let is_last = self.rounds() >= self.plan.rounds;
        let Some(known) = self.knowledge() else {
            // More solids at the same place may determine the slopes.
            if is_last {
                self.ending = Some(Outcome::Limit);
                return self.next_verification(centre);
            }
            return self.next_round(centre, true);
        };
        let Knowledge { fit, errors, residual } = &known;
        let step = Step::new(&Question {
            fit,
            residual,
            errors,
            solids: self.plan.verified_solids(),
            centre: &centre,
            bounds: &self.plan.bounds,
            radius: RADIUS * self.plan.length(),
            steps: self.plan.rounds,
        });
        let own = |i: usize| fit.mean_error(i) / errors[i];
        let beyond =
            |factor: f64| (0..errors.len()).any(|i| residual[i].abs() > AIM.max(factor * own(i)));
        let telling = (0..errors.len()).any(|i| residual[i].abs() > CLOSE.max(TELLING * own(i)));
        let stay = self.aim(&known, &vec![0.0; centre.len()]);
        let go = self.aim(&known, &step.change);
        let is_far = beyond(SIGNIFICANT);
        let squared = residual.iter().map(|r| r * r).sum();
        self.squares.push(squared);
        let stuck = is_far && step.left > WORTH && self.has_stalled();
        if stuck && step.unmoved.is_none() {
            self.dead_ends.push((centre.clone(), squared));
            self.squares.clear();
            if self.dead_ends.len() <= RESTARTS && !is_last {
                let other = centre.iter().zip(&self.plan.bounds);
                let other = other.map(|(x, range)| (-x).clamp(*range.start(), *range.end()));
                let other = other.collect();
                self.keep(known);
                return self.next_round(other, true);
            }
        }
        let gained = step.unmoved.as_ref().is_some_and(|it| self.has_gained(it, &known));
        let (next, ending) = match &step.unmoved {
            _ if stay.is_final => (stay, Some(Outcome::StatisticalLimit)),
            _ if go.is_final => (go, Some(Outcome::StatisticalLimit)),
            Some(_) if !gained => (stay, Some(Outcome::Infeasible)),
            _ if stuck && step.is_bounded() => (stay, Some(Outcome::Bound)),
            _ if stuck => (stay, Some(Outcome::Stationary)),
            _ if is_last && beyond(AIM) => (stay, Some(Outcome::Limit)),
            _ if is_last => (go, Some(Outcome::StatisticalLimit)),
            _ if !telling => (stay, None),
            _ => (go, None),
        };
        if matches!(ending, Some(Outcome::Infeasible | Outcome::Stationary | Outcome::Limit)) {
            self.unmoved = step.unmoved.map(|combination| self.relative(&combination, errors));
        }
        self.ending = ending;
        match ending {
            None => self.next_round(next.centre, next.needs_slopes || is_far),
            // What cannot be is not verified.
            Some(Outcome::Infeasible) => self.next = None,
            Some(Outcome::Bound | Outcome::Stationary) => {
                let best = self.dead_ends.iter().min_by(|(_, a), (_, b)| a.total_cmp(b));
                let centre = best.map_or(next.centre, |(centre, _)| centre.clone());
                self.next_verification(centre);
            }
            Some(_) => self.next_verification(next.centre),
        }
        self.keep(known);
    }

    /// Keeps what is known of the last stage with it.
    fn keep(&mut self, known: Knowledge) {
        let Some(stage) = self.stages.last_mut() else { return };
        if stage.residual.is_none() {
            (stage.fit, stage.residual) = (Some(known.fit), Some(known.residual));
        }
    }

    /// Whether the last rounds have not come nearer.
    fn has_stalled(&self) -> bool {
        let Some(before) = self.squares.len().checked_sub(SETTLED + 1) else { return false };
        let best = self.squares[before + 1..].iter().copied().fold(f64::INFINITY, f64::min);
        best > WORTH * self.squares[before]
    }

    /// What is known about the end of a step.
    fn aim(&self, known: &Knowledge, change: &[f64]) -> Aim {
        let Knowledge { fit, errors, .. } = known;
        let centre = &self.stages[self.stages.len() - 1].centre;
        let there: Vec<f64> = centre.iter().zip(change).map(|(x, d)| x + d).collect();
        let length = self.plan.length();
        let is_near = distance(centre, &there) <= NEAR * length;
        let (mut is_final, mut needs_slopes) = (is_near, !is_near);
        let solids: usize = self
            .stages
            .iter()
            .filter(|stage| distance(&stage.centre, &there) <= NEAR * length)
            .map(|stage| stage.central)
            .sum();
        for (i, error) in errors.iter().enumerate() {
            let Some((mean, variance)) = self.mean_at(fit, i, change) else { continue };
            let own = fit.deviation[i] * variance.sqrt() / error;
            let residual = (self.targets[i] - mean) / error;
            is_final &= own <= PRECISION && residual.abs() <= CLOSE;
            needs_slopes |= variance * solids as f64 > 1.0 + KNOWN;
        }
        Aim { centre: there, is_final, needs_slopes }
    }

    /// Whether a combination has come nearer to what is asked for since the start, beyond doubt.
    fn has_gained(&self, combination: &[f64], known: &Knowledge) -> bool {
        let Some((means, start_errors)) = &self.stages[0].mean else { return false };
        let Knowledge { fit, errors, residual } = known;
        let (mut gain, mut variance) = (0.0, 0.0);
        for (i, coefficient) in combination.iter().enumerate() {
            let before = (self.targets[i] - means[i]) / errors[i];
            gain += coefficient * (before - residual[i]);
            let uncertain = start_errors[i].hypot(fit.mean_error(i));
            variance += (coefficient * uncertain / errors[i]).powi(2);
        }
        gain > SIGNIFICANT * variance.sqrt()
    }

    /// Coefficients over y/SE as those over relative changes, of length one.
    fn relative(&self, combination: &[f64], errors: &[f64]) -> Vec<f64> {
        let scale = |i: usize| {
            let size = self.targets[i].abs();
            if size > 0.0 { size / errors[i] } else { 1.0 / errors[i] }
        };
        let all: Vec<f64> = combination.iter().enumerate().map(|(i, c)| c * scale(i)).collect();
        let length = all.iter().map(|c| c * c).sum::<f64>().sqrt();
        all.iter().map(|c| c / length).collect()
    }

    /// After a stage of a verification: the next one, or how it ends.
    fn verify(&mut self) {
        let stages = self.plan.verification;
        if !self.verifying().is_multiple_of(stages) {
            let centre = self.stages[self.stages.len() - 1].centre.clone();
            return self.next_verification(centre);
        }
        self.verifications += 1;
        let Some((means, errors)) = self.verified() else { return self.lose() };
        let missing = self.targets.iter().zip(&means).zip(&errors);
        let residual: Vec<f64> = missing.map(|((y, m), error)| (y - m) / error).collect();
        let agrees = residual.iter().all(|r| r.abs() <= AIM);
        let first = self.stages.len() - stages;
        self.stages[first..].iter_mut().for_each(|it| it.residual = Some(residual.clone()));
        if agrees {
            self.ending = Some(Outcome::Reached);
            self.unmoved = None;
        } else if self.ending == Some(Outcome::StatisticalLimit)
            && self.verifications < VERIFICATIONS
        {
            self.decide();
        }
    }

    /// Means of the last verification and their standard errors, shapes (n_y,); none before one.
    pub fn verified(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let first = self.stages.len().checked_sub(self.plan.verification)?;
        let last = &self.stages[first..];
        let all = last.iter().all(|stage| stage.place > self.plan.rounds);
        let solids: Vec<&[f64]> =
            last.iter().flat_map(|it| &it.observations).map(|it| &it.y[..]).collect();
        all.then(|| mean_of(&solids)).flatten()
    }

    /// Which parameters stand at a bound in the end, shape (n_x,).
    pub fn at_bound(&self) -> Vec<bool> {
        let centre = self.stages.last().map_or(&[][..], |stage| &stage.centre);
        let bounds = self.plan.bounds.iter();
        bounds.zip(centre).map(|(range, x)| x <= range.start() || x >= range.end()).collect()
    }
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// Whether the mean of a feature at an earlier centre is what the fit predicts there.
fn agrees(fit: &Fit, stage: &Stage, centre: &[f64], feature: usize) -> bool {
    let Some((mean, errors)) = &stage.mean else { return false };
    let offset: Vec<f64> = stage.centre.iter().zip(centre).map(|(x, c)| x - c).collect();
    let (predicted, uncertain) = fit.at(feature, &offset);
    let variance = fit.deviation[feature].powi(2) * uncertain + errors[feature].powi(2);
    (mean[feature] - predicted).powi(2) <= AGREEMENT * AGREEMENT * variance
}
