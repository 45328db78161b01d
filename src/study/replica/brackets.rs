//! Relaxes the solid at both ends of stored brackets, without the sweep's own machinery.
//!
//! The solid is relaxed from γ = 0 onwards at a few γ, each from the one before. As long as no
//! contact changes there is one branch, and a few large steps follow it. Beyond γ_c the state may
//! depend on the way, so the steps are small; where the outcome contradicts the file they are
//! repeated smaller, and where the way back does not end where it began nothing is decided. Beyond
//! a rearrangement nothing is looked at.
//!
//! Close before an instability any minimiser jumps as early as its own steps disturb the solid, so a
//! contradiction about a bracket of a rearrangement is believed only if it stands within the
//! [`INSTABILITY`] around it. And where rattlers hang on attractive particles, where they are caught
//! depends on the way of each of them: there nothing is decided beyond the first contact change.

use std::sync::Arc;

use super::analysis::Replicate;
use super::error::ReplicaError;
use super::stored_direction::{StoredDirection, StoredThreshold};
use super::walk::{Settled, Walk};
use super::{Analysed, Worker, in_either};
use crate::analysis::directions::SweepSet;
use crate::analysis::quantities::{self, GAMMA_CONTACT, GAMMA_STAR};
use crate::analysis::values::Row;
use crate::format::row::{Failure, Part};
use crate::linearity::cause::Cause;
use crate::relax::RelaxError;
use crate::response::features::compute;
use crate::study::config::Scenario;
use crate::study::work::Work as _;

/// Growth of γ per step beyond the first contact change, and in the second attempt.
const GROWTH: [f64; 2] = [1.05, 1.01];
/// Rounding of the deviation, relative to the threshold: it is measured at another residual force
/// than the sweep's.
const DEVIATION_SLACK: f64 = 1e-3;
/// Two ways of following a solid meet an instability within this share of its γ (docs/thresholds.md).
const INSTABILITY: f64 = 0.02;
/// A pair this close to r = σ [σ] has no certain side: positions are known to about 1e-12, and to
/// less in soft modes.
const UNCERTAIN_GAP: f64 = 1e-10;

/// What relaxing at the ends of a direction's brackets came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RelaxedBrackets {
    /// Ends that could be decided.
    pub looked_at: u64,
    /// What contradicts the file, one line each.
    pub wrong: Vec<String>,
    /// What could not be decided, and why.
    pub undecided: Vec<&'static str>,
}

impl RelaxedBrackets {
    /// An end is as the file says, or not, or nobody can tell.
    fn judge(&mut self, finding: Finding, wrong: impl FnOnce() -> String) {
        match finding {
            Finding::Right => self.looked_at += 1,
            Finding::Wrong => {
                self.looked_at += 1;
                self.wrong.push(wrong());
            }
            Finding::Undecided(reason) => self.undecided.push(reason),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    Right,
    Wrong,
    Undecided(&'static str),
}

impl Finding {
    fn of(right: bool) -> Self {
        if right { Finding::Right } else { Finding::Wrong }
    }
}

impl Worker {
    /// Relaxes the solid at both ends of the brackets of the first direction of a block.
    ///
    /// # Errors
    /// Where the stored rows are not of this study, or the solid is not at its minimum.
    pub fn relax_brackets(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &Row,
        part: &Part,
        row: &Row,
    ) -> Result<RelaxedBrackets, Failure> {
        let bytes = self.restore(scenario, solid)?;
        let study = Arc::clone(&self.study);
        let config = &study.scenarios[scenario];
        let analysed = self.analyse(scenario, replica, &bytes)?;
        Ok(in_either!(analysed, replicate => relax_direction(replicate, config, part, row)?))
    }
}

fn relax_direction<const D: usize>(
    replicate: &mut Replicate<D>,
    scenario: &Scenario,
    part: &Part,
    row: &Row,
) -> Result<RelaxedBrackets, ReplicaError> {
    let Part::Directions { parameterisation, directions } = part else {
        return Err(ReplicaError::WrongPart);
    };
    let name = &scenario.parameterisations()[*parameterisation].name;
    let home = format!("{name}/{}", quantities::SWEEPS);
    let direction = StoredDirection::first(row, &home, directions.len())?;
    let mut found = RelaxedBrackets::default();
    if direction.star.cause == Some(Cause::NotApplicable) {
        return Ok(found);
    }
    let (analysis, theta, _) = replicate.swept(scenario, *parameterisation)?;
    let Some((_, space)) = theta.space() else { return Err(ReplicaError::WrongPart) };
    let solid = theta.solid(analysis);
    let set = SweepSet::new(analysis, &scenario.sweep.set, &scenario.sweep.scale)?;
    let judge = Judge {
        walk: Walk {
            solid,
            space: space.clone(),
            theta: theta.values.clone(),
            vector: direction.vector,
            first_branch: direction.contact.lo,
        },
        start: analysis.values(&set.rows),
        set,
        contacts: analysis.origin.equilibrium.contacts.contact_set(),
        rattles: analysis.origin.equilibrium.contacts.rattler.contains(&true),
        threshold: scenario.sweep.settings.deviation,
        direction,
    };
    judge.contact(&mut found);
    judge.star(&mut found);
    judge.rearrangement(&mut found);
    Ok(found)
}

/// Judges the stored brackets of a direction.
struct Judge<'r, const D: usize> {
    walk: Walk<'r, D>,
    set: SweepSet,
    /// The features at γ = 0, of those that have a value there.
    start: Vec<f64>,
    /// The contact set at γ = 0.
    contacts: Vec<(usize, usize)>,
    /// Whether there are rattlers at γ = 0.
    rattles: bool,
    threshold: f64,
    direction: StoredDirection<'r>,
}

impl<const D: usize> Judge<'_, D> {
    /// Follows the path to `target` and judges the state there, or what comes of it up to `end`; a
    /// contradiction is believed only if smaller steps repeat it, and, beyond the first contact change,
    /// if no rattler hangs on the backbone and the way can be gone back.
    fn judged(
        &self,
        (target, end): (f64, f64),
        judge: impl Fn(&mut Settled<D>) -> Finding,
    ) -> Finding {
        let first_branch = target <= self.direction.contact.lo;
        let no_change = end <= self.direction.contact.lo;
        let mut last = Finding::Undecided("no minimum is found on the way");
        for growth in GROWTH {
            let finest = growth == GROWTH[GROWTH.len() - 1];
            let steps = self.walk.steps(target, growth, finest);
            let Ok((way, mut state)) = self.walk.walk(&steps) else { continue };
            last = judge(&mut state);
            if last != Finding::Wrong {
                return last;
            }
            if finest && !no_change && self.rattlers_hang(&state) {
                return Finding::Undecided("rattlers hang, and are caught by the way they take");
            }
            if finest && !first_branch && !self.walk.returns(&way, &state) {
                return Finding::Undecided("the way there is not the way back");
            }
        }
        last
    }

    /// Whether particles that attract are held by nothing, at γ = 0 or in this state.
    fn rattlers_hang(&self, state: &Settled<D>) -> bool {
        let rattles = &state.equilibrium.contacts.rattler;
        self.walk.solid.interactions.attractive() && (self.rattles || rattles.contains(&true))
    }

    /// Whether the contacts of a state differ from those at γ = 0, beyond doubt.
    fn contacts_differ(&self, state: &Settled<D>) -> Option<bool> {
        let (before, after) = (&self.contacts, &state.equilibrium.contacts.contact_set());
        let sure = |&(i, j): &(usize, usize)| {
            let sigma = state.solid.pair(i, j).sigma;
            (state.solid.separation(i, j).norm() / sigma - 1.0).abs() > UNCERTAIN_GAP
        };
        if before == after {
            let springs = state.solid.springs.is_some();
            return (springs || after.iter().all(sure)).then_some(false);
        }
        let one_sided = |a: &[(usize, usize)], b: &[(usize, usize)]| {
            a.iter().any(|pair| b.binary_search(pair).is_err() && sure(pair))
        };
        (one_sided(before, after) || one_sided(after, before)).then_some(true)
    }

    fn judge_contacts(&self, state: &Settled<D>, changed: bool) -> Finding {
        match self.contacts_differ(state) {
            Some(differ) => Finding::of(differ == changed),
            None => Finding::Undecided("a pair is within rounding of contact"),
        }
    }

    fn contact(&self, found: &mut RelaxedBrackets) {
        let threshold = (GAMMA_CONTACT.name, self.direction.contact);
        let judge = |state: &mut Settled<D>, changed| self.judge_contacts(state, changed);
        self.lower_end(found, threshold, "a contact has changed", judge);
        self.upper_end(found, threshold, "no contact has changed", judge);
    }

    /// Judges the state at the lower end of a bracket.
    fn lower_end(
        &self,
        found: &mut RelaxedBrackets,
        (name, StoredThreshold { lo, .. }): (&str, StoredThreshold),
        wrong: &str,
        judge: impl Fn(&mut Settled<D>, bool) -> Finding,
    ) {
        let at = |gamma| self.judged((gamma, gamma), |state| judge(state, false));
        let finding = self.around(lo, at(lo), || at(lo * (1.0 - INSTABILITY)));
        found.judge(finding, || format!("{name}: at lo = {lo:.6e} {wrong}"));
    }

    /// Judges the state at the upper end of a bracket, where there is one.
    fn upper_end(
        &self,
        found: &mut RelaxedBrackets,
        (name, StoredThreshold { lo, hi, cause }): (&str, StoredThreshold),
        wrong: &str,
        judge: impl Fn(&mut Settled<D>, bool) -> Finding,
    ) {
        if !hi.is_finite() {
            return;
        }
        let lost = cause == Some(Cause::LostRigidity);
        let to = |gamma| {
            self.step(lo, gamma, |_, after| match after {
                Ok(_) if lost => Finding::Undecided("a minimum is found where rigidity was lost"),
                Ok(mut after) => judge(&mut after, true),
                Err(_) => Finding::of(lost),
            })
        };
        let finding = self.around(lo, to(hi), || to(hi * (1.0 + INSTABILITY)));
        found.judge(finding, || format!("{name}: at hi = {hi:.6e} {wrong}"));
    }

    /// What is found of an end of the bracket that begins at `lo`; where that is the bracket of a
    /// rearrangement, a contradiction must stand further out, too.
    fn around(&self, lo: f64, finding: Finding, further: impl FnOnce() -> Finding) -> Finding {
        let StoredThreshold { lo: jump, cause, .. } = self.direction.rearrangement;
        let unstable = cause == Some(Cause::Rearrangement) && jump == lo;
        if finding == Finding::Wrong && unstable { further() } else { finding }
    }

    /// Judges the step from `lo`, which is reached as in [`Self::judged`], to `hi`.
    fn step(
        &self,
        lo: f64,
        hi: f64,
        judge: impl Fn(&Settled<D>, Result<Settled<D>, RelaxError>) -> Finding,
    ) -> Finding {
        self.judged((lo, hi), |state| {
            judge(state, self.walk.relax_from(&state.solid.positions, hi))
        })
    }

    /// |Δy − JΔθ| / |JΔθ|; infinite where a feature has lost its value.
    fn deviation(&self, state: &mut Settled<D>) -> f64 {
        let features = compute(&state.solid, &mut state.equilibrium, &self.set.request, false);
        if features.absent.iter().any(Option::is_some) {
            return f64::INFINITY;
        }
        let values = features.values;
        let norm = |of: &dyn Fn(usize) -> f64| {
            let weights = self.set.places().map(|place| self.direction.weights[place]);
            weights.enumerate().map(|(row, weight)| (of(row) * weight).powi(2)).sum::<f64>().sqrt()
        };
        let of_linear: Vec<f64> =
            self.set.places().map(|place| self.direction.linear[place] * state.gamma).collect();
        let linear = |row: usize| of_linear[row];
        norm(&|row| values[row] - self.start[row] - linear(row)) / norm(&linear)
    }

    fn star(&self, found: &mut RelaxedBrackets) {
        let threshold = (GAMMA_STAR.name, self.direction.star);
        let lo = self.direction.star.lo;
        if !(lo <= self.direction.rearrangement.lo) {
            found.undecided.push("gamma_star lies beyond a rearrangement");
            return;
        }
        let judge = |state: &mut Settled<D>, beyond| self.judge_deviation(state, beyond);
        if lo > 0.0 {
            self.lower_end(found, threshold, "the deviation is larger", judge);
        }
        self.upper_end(found, threshold, "the deviation is smaller", judge);
    }

    fn judge_deviation(&self, state: &mut Settled<D>, beyond: bool) -> Finding {
        let deviation = self.deviation(state);
        let slack = DEVIATION_SLACK * self.threshold;
        Finding::of(match beyond {
            true => deviation >= self.threshold - slack,
            false => deviation <= self.threshold + slack,
        })
    }

    fn rearrangement(&self, found: &mut RelaxedBrackets) {
        let StoredThreshold { lo, hi, cause } = self.direction.rearrangement;
        if !hi.is_finite() || cause != Some(Cause::Rearrangement) {
            return;
        }
        let across = |lo, hi| {
            self.step(lo, hi, |before, after| {
                // A solid that is lost has not come back either.
                Finding::of(!after.is_ok_and(|after| self.comes_back(before, &after)))
            })
        };
        let finding = match across(lo, hi) {
            Finding::Wrong => self.rearranges_around(lo, hi / lo),
            other => other,
        };
        found.judge(finding, || {
            format!("gamma_rearrangement: from hi = {hi:.6e} the solid returns to lo = {lo:.6e}")
        });
    }

    /// Whether going back to γ of the state `before` leads back to it.
    fn comes_back(&self, before: &Settled<D>, after: &Settled<D>) -> bool {
        let Ok(back) = self.walk.relax_from(&after.solid.positions, before.gamma) else {
            return false;
        };
        let rattles =
            |i| [before, after, &back].iter().any(|it| it.equilibrium.contacts.rattler[i]);
        let rattler: Vec<bool> = (0..self.walk.solid.len()).map(rattles).collect();
        self.walk.is_back(&back.solid.positions, &before.solid.positions, &rattler)
    }

    /// Whether the solid rearranges in a step of this growth within [`INSTABILITY`] of γ.
    fn rearranges_around(&self, gamma: f64, growth: f64) -> Finding {
        let (first, last) = (gamma * (1.0 - INSTABILITY), gamma * (1.0 + INSTABILITY));
        self.judged((first, last), |state| {
            let mut here = state.clone();
            while here.gamma < last {
                let next = self.walk.relax_from(&here.solid.positions, here.gamma * growth);
                match next {
                    Ok(next) if self.comes_back(&here, &next) => here = next,
                    _ => return Finding::Right,
                }
            }
            Finding::Wrong
        })
    }
}
