//! The rounds of an ensemble design: what is prepared next, and how it ends.
//!
//! Stage 0 is the start: solids at θ₀, whose means the targets refer to. Then come rounds, in which half of
//! the solids stand at the centre and half are scattered around it; the last stage is the verification, solids
//! at the final θ that nothing was decided from. Parameters are x = ln(θ/θ₀) in units of the scatter.

use std::ops::RangeInclusive;

use nalgebra::DVector;

use super::regression::{Fit, Observation, mean_of};
use super::step::{Question, SIGNIFICANT, Step};
use crate::design::target::Wanted;
use crate::solid::random::StreamKey;
use crate::system::words::Word;

/// A target is reached where the mean of the verification is within this many of its standard errors.
pub const AIM: f64 = 2.0;
/// The search ends where it knows the means to this share of the verification's errors, and they agree
/// with the targets: below it the errors of the verification would not be those of θ.
const PRECISION: f64 = 0.5;
/// Residuals that the search leaves to the last step [errors of the verification].
const CLOSE: f64 = 1.0;
/// A step is worth a round where it changes a feature by an error of the verification.
const WORTH: f64 = 1.0;
/// The longest step in units of the scatter's length: slopes hold about as far as they were measured, and
/// the rounds before stay in the window.
const RADIUS: f64 = 0.5;
/// Earlier rounds nearer than this many of the scatter's lengths count for a feature, where its means agree.
const WINDOW: f64 = 1.0;
/// Means agree within this many of their standard errors: a larger difference may be curvature, which would
/// shift the fit by much of it.
const AGREEMENT: f64 = 1.5;
/// Below this share of solids that were made, there is no ensemble any more.
const LEAST_SHARE: f64 = 0.5;
/// Errors below this share of the target are rounding.
const ROUNDING: f64 = 1e-12;
/// Solids of a pattern: two at the centre, one on either side of it.
const PATTERN: usize = 4;

/// How an ensemble design ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The verification agrees with every target.
    Reached,
    /// The rounds show nothing to correct, but the verification disagrees.
    StatisticalLimit,
    /// No step leads nearer.
    Stationary,
    /// To first order the targets exclude each other at θ₀.
    Infeasible,
    /// Bounds of parameters are in the way.
    Bound,
    /// Too few solids could be made.
    LostRigidity,
    /// The rounds are used up.
    Limit,
}

impl Word for Ending {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("reached", Ending::Reached),
        ("statistical_limit", Ending::StatisticalLimit),
        ("stationary", Ending::Stationary),
        ("infeasible", Ending::Infeasible),
        ("bound", Ending::Bound),
        ("lost_rigidity", Ending::LostRigidity),
        ("limit", Ending::Limit),
    ];
}

/// What is searched for, and with what.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What each feature shall become, shape (n_y,).
    pub wanted: Vec<Wanted>,
    /// Range of each x, shape (n_x,).
    pub bounds: Vec<RangeInclusive<f64>>,
    /// The most rounds.
    pub rounds: usize,
    /// Solids of every stage.
    pub solids: usize,
    /// The key of the scatter.
    pub key: StreamKey,
}

impl Plan {
    /// The fewest solids per stage that determine so many slopes.
    pub fn least_solids(parameters: usize) -> usize {
        PATTERN * (parameters + 1)
    }

    /// The stage of the verification.
    pub fn verification(&self) -> usize {
        self.rounds + 1
    }

    /// Where a solid of a stage stands beside the centre, shape (n_x,); none for those that stand there.
    pub fn offset(&self, stage: usize, slot: usize) -> Option<Vec<f64>> {
        let sign = match slot % PATTERN {
            2 => 1.0,
            3 => -1.0,
            _ => return None,
        };
        if stage == 0 || stage == self.verification() {
            return None;
        }
        let (parameters, place) = (self.bounds.len(), slot / PATTERN);
        let key = StreamKey { replica: stage as u64, ..self.key };
        let direction = key.directions(parameters, place + 1).pop().unwrap_or_default();
        let length = sign * (parameters as f64).sqrt();
        Some(direction.iter().map(|x| length * x).collect())
    }
}

/// A stage that was prepared.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its centre, shape (n_x,).
    pub centre: Vec<f64>,
    /// Solids that could be made.
    pub observations: Vec<Observation>,
    /// Mean of the solids at the centre, shape (n_y,), and its standard errors.
    pub mean: Option<(Vec<f64>, Vec<f64>)>,
    /// What this round and those near it say about the centre; none of start and verification.
    pub fit: Option<Fit>,
    /// (y* − ȳ) of the fit, or of the mean of the verification, in units of the verification's errors (of
    /// the expected ones before it), shape (n_y,).
    pub residual: Option<Vec<f64>>,
}

impl Stage {
    fn new(centre: Vec<f64>, observations: Vec<Observation>) -> Self {
        let central = observations.iter().filter(|it| !it.scattered);
        let mean = mean_of(&central.map(|it| &it.y[..]).collect::<Vec<_>>());
        Self { centre, observations, mean, fit: None, residual: None }
    }
}

/// An ensemble design so far.
#[derive(Clone, Debug)]
pub struct Search {
    plan: Plan,
    /// The start, the rounds, and the verification where it was made.
    pub stages: Vec<Stage>,
    /// y*, shape (n_y,); empty before the start.
    pub targets: Vec<f64>,
    /// Standard errors of y*, which the means of the start leave, shape (n_y,).
    pub target_errors: Vec<f64>,
    /// Whether the last stage is the verification.
    pub verified: bool,
    /// How it ended.
    pub ending: Option<Ending>,
    /// Coefficients over the relative changes of the features of the combination that no parameter moves.
    pub unmoved: Option<Vec<f64>>,
    /// What comes next, and whether that is the verification.
    next: Option<(Vec<f64>, bool)>,
}

impl Search {
    pub fn new(plan: Plan) -> Self {
        let next = Some((vec![0.0; plan.bounds.len()], false));
        Self {
            plan,
            stages: Vec::new(),
            targets: Vec::new(),
            target_errors: Vec::new(),
            verified: false,
            ending: None,
            unmoved: None,
            next,
        }
    }

    /// The stage to be prepared next with its centre; none where the design is over.
    pub fn next(&self) -> Option<(usize, &[f64])> {
        let (centre, last) = self.next.as_ref()?;
        let stage = if *last { self.plan.verification() } else { self.stages.len() };
        Some((stage, centre))
    }

    /// Takes the features of the solids of the next stage, by slot; none where a solid could not be made.
    pub fn add(&mut self, values: &[Option<Vec<f64>>]) {
        let Some((centre, last)) = self.next.take() else { return };
        let stage = if last { self.plan.verification() } else { self.stages.len() };
        let observation = |(slot, y): (usize, &Option<Vec<f64>>)| {
            let offset = self.plan.offset(stage, slot);
            let x = match &offset {
                Some(offset) => centre.iter().zip(offset).map(|(c, o)| c + o).collect(),
                None => centre.clone(),
            };
            Some(Observation { x, y: y.clone()?, scattered: offset.is_some() })
        };
        let observations: Vec<_> = values.iter().enumerate().filter_map(observation).collect();
        let lost = (observations.len() as f64) < LEAST_SHARE * self.plan.solids as f64;
        self.stages.push(Stage::new(centre, observations));
        self.verified = last;
        match (stage, last) {
            _ if lost => self.lose(),
            (0, _) => self.start(),
            (_, true) => self.verify(),
            _ => self.decide(),
        }
    }

    /// Too few solids: what was known before counts.
    fn lose(&mut self) {
        self.ending = Some(Ending::LostRigidity);
        if !self.verified {
            self.next = self.centre_before().map(|centre| (centre, true));
        }
    }

    /// The last centre before this one at which an ensemble was there, where it is another than θ₀.
    fn centre_before(&self) -> Option<Vec<f64>> {
        let last = self.stages.len().checked_sub(2)?;
        let centre = self.stages[last].centre.clone();
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
        self.next = Some((vec![0.0; self.plan.bounds.len()], false));
    }

    /// What the last round and those near it say, for every feature those whose means agree with it: a
    /// feature that is known well is not straight as far as one that is known badly.
    fn pooled(&self) -> Option<Fit> {
        let (last, earlier) = self.stages.split_last()?;
        let own: Vec<&Observation> = last.observations.iter().collect();
        let mut pooled = Fit::new(&own, &last.centre)?;
        for feature in 0..self.targets.len() {
            let (mut all, mut fit) = (own.clone(), pooled.clone());
            for stage in earlier.iter().rev() {
                if is_near(&last.centre, stage) && agrees(&fit, stage, &last.centre, feature) {
                    all.extend(&stage.observations);
                    fit = Fit::new(&all, &last.centre).unwrap_or(fit);
                }
            }
            pooled.take(feature, &fit);
        }
        Some(pooled)
    }

    /// After a round: another one, or the end.
    fn decide(&mut self) {
        let round = self.stages.len() - 1;
        let centre = self.stages[round].centre.clone();
        let is_last = round == self.plan.rounds;
        let Some(fit) = self.pooled() else {
            // More solids at the same place may determine the slopes.
            self.next = Some((centre, is_last));
            self.ending = is_last.then_some(Ending::Limit);
            return;
        };
        let solids = self.plan.solids as f64;
        let errors: Vec<f64> = (0..self.targets.len())
            .map(|i| {
                let rounding = ROUNDING * self.targets[i].abs().max(f64::MIN_POSITIVE / ROUNDING);
                (fit.deviation[i] / solids.sqrt()).max(rounding)
            })
            .collect();
        let missing: Vec<f64> = self.targets.iter().zip(&fit.mean).map(|(y, m)| y - m).collect();
        let residual: Vec<f64> = missing.iter().zip(&errors).map(|(r, e)| r / e).collect();
        let step = Step::new(&Question {
            fit: &fit,
            residual: &residual,
            errors: &errors,
            solids: self.plan.solids,
            centre: &centre,
            bounds: &self.plan.bounds,
            radius: RADIUS * (centre.len() as f64).sqrt(),
            steps: self.plan.rounds,
        });
        let known = fit.mean_variance.iter().fold(0.0, |most: f64, one| most.max(*one));
        let precise = known * solids <= PRECISION * PRECISION;
        let close = residual.iter().all(|r| r.abs() <= CLOSE);
        let beyond = |factor: f64| {
            let all = missing.iter().enumerate();
            let mut far = all.filter(|(i, r)| r.abs() > factor * fit.mean_error(*i));
            far.any(|(i, _)| residual[i].abs() > AIM)
        };
        let stuck = beyond(SIGNIFICANT) && step.gain < WORTH;
        let gained =
            step.unmoved.as_ref().is_some_and(|it| self.has_gained(it, &fit, &residual, &errors));
        let target: Vec<f64> = centre.iter().zip(&step.change).map(|(x, d)| x + d).collect();
        let (next, ending) = match &step.unmoved {
            _ if precise && close => (target, Some(Ending::StatisticalLimit)),
            Some(_) if !gained => (centre, Some(Ending::Infeasible)),
            _ if stuck && step.free_gain >= WORTH => (centre, Some(Ending::Bound)),
            Some(_) if stuck => (centre, Some(Ending::Stationary)),
            _ if is_last && beyond(AIM) => (centre, Some(Ending::Limit)),
            _ if is_last => (target, Some(Ending::StatisticalLimit)),
            _ => (target, None),
        };
        if matches!(ending, Some(Ending::Infeasible | Ending::Stationary | Ending::Limit)) {
            self.unmoved = step.unmoved.map(|combination| self.relative(&combination, &errors));
        }
        self.ending = ending;
        // What cannot be is not verified.
        self.next = (ending != Some(Ending::Infeasible)).then_some((next, ending.is_some()));
        let stage = &mut self.stages[round];
        (stage.fit, stage.residual) = (Some(fit), Some(residual));
    }

    /// Whether a combination has come nearer to what is asked for since the start, beyond doubt.
    fn has_gained(&self, combination: &[f64], fit: &Fit, residual: &[f64], errors: &[f64]) -> bool {
        let Some((means, start_errors)) = &self.stages[0].mean else { return false };
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

    fn verify(&mut self) {
        let Some(stage) = self.stages.last_mut() else { return };
        let Some((means, errors)) = &stage.mean else { return self.lose() };
        let missing = self.targets.iter().zip(means).zip(errors);
        let residual: Vec<f64> = missing.map(|((y, m), error)| (y - m) / error).collect();
        if residual.iter().all(|r| r.abs() <= AIM) {
            self.ending = Some(Ending::Reached);
            self.unmoved = None;
        }
        stage.residual = Some(residual);
    }

    /// Which parameters stand at a bound in the end, shape (n_x,).
    pub fn at_bound(&self) -> Vec<bool> {
        let centre = self.stages.last().map_or(&[][..], |stage| &stage.centre);
        let bounds = self.plan.bounds.iter();
        bounds.zip(centre).map(|(range, x)| x <= range.start() || x >= range.end()).collect()
    }
}

/// Whether a stage stands within the window of a centre.
fn is_near(centre: &[f64], stage: &Stage) -> bool {
    let distance = stage.centre.iter().zip(centre).map(|(x, c)| (x - c).powi(2)).sum::<f64>();
    distance <= WINDOW * WINDOW * centre.len() as f64
}

/// Whether the mean of a feature at an earlier centre is what the slopes predict there.
fn agrees(fit: &Fit, stage: &Stage, centre: &[f64], feature: usize) -> bool {
    let Some((mean, errors)) = &stage.mean else { return false };
    let offset: Vec<f64> = stage.centre.iter().zip(centre).map(|(x, c)| x - c).collect();
    let offset = DVector::from_vec(offset);
    let uncertain = (offset.transpose() * &fit.slope_covariance[feature] * &offset)[(0, 0)];
    let predicted = fit.mean[feature] + (fit.slopes.row(feature) * &offset)[(0, 0)];
    let of_fit = fit.deviation[feature].powi(2) * (fit.mean_variance[feature] + uncertain);
    let variance = of_fit + errors[feature].powi(2);
    (mean[feature] - predicted).powi(2) <= AGREEMENT * AGREEMENT * variance
}
