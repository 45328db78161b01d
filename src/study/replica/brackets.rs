//! Relaxes the solid at both ends of stored brackets, without the sweep's own machinery.
//!
//! The solid is relaxed from γ = 0 onwards at a few γ, each from the one before. As long as no
//! contact changes there is one branch, and a few large steps follow it. Beyond γ_c the state may
//! depend on the way, so the steps are small; where the outcome contradicts the file they are
//! repeated smaller, and where the way back does not end where it began nothing is decided. Beyond
//! a rearrangement nothing is looked at.

use std::sync::Arc;

use super::analysis::Replicate;
use super::error::ReplicaError;
use super::examination::{bonds, settle};
use super::{Analysed, Replica, in_either};
use crate::analysis::quantities::{self, THRESHOLDS};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::format::row::{Failure, Part};
use crate::linearity::cause::Cause;
use crate::relax::RelaxError;
use crate::relax::newton::Equilibrium;
use crate::response::features::{FeatureRequest, compute};
use crate::solid::parameters::ParameterSpace;
use crate::solid::{Solid, Vector};
use crate::study::config::Scenario;
use crate::study::work::Work as _;

/// Steps on the first branch: these shares of its length.
const ELASTIC: [f64; 4] = [0.125, 0.25, 0.5, 1.0];
/// Growth of γ per step beyond the first contact change, and in the second attempt.
const GROWTH: [f64; 2] = [1.05, 1.01];
/// Rounding of the deviation, relative to the threshold: it is measured at another residual force
/// than the sweep's.
const DEVIATION_SLACK: f64 = 1e-3;
/// A pair this close to r = σ [σ] has no certain side: positions are known to about 1e-12, and to
/// less in soft modes.
const UNCERTAIN_GAP: f64 = 1e-10;
/// A solid within this distance [smallest diameter] has returned (docs/theory.md).
const RETURNED: f64 = 1e-6;

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
    fn judge(&mut self, verdict: Verdict, wrong: impl FnOnce() -> String) {
        match verdict {
            Verdict::Right => self.looked_at += 1,
            Verdict::Wrong => {
                self.looked_at += 1;
                self.wrong.push(wrong());
            }
            Verdict::Undecided(reason) => self.undecided.push(reason),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Right,
    Wrong,
    Undecided(&'static str),
}

impl Verdict {
    fn of(right: bool) -> Self {
        if right { Verdict::Right } else { Verdict::Wrong }
    }
}

impl Replica {
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
    ) -> Result<RelaxedBrackets, String> {
        let mut relaxed = || -> Result<RelaxedBrackets, Failure> {
            let bytes = self.restore(scenario, solid)?;
            let study = Arc::clone(&self.study);
            let config = &study.scenarios[scenario];
            let analysed = self.analyse(scenario, replica, &bytes)?;
            Ok(in_either!(analysed, replicate => relax_direction(replicate, config, part, row)?))
        };
        relaxed().map_err(|failure| failure.reason)
    }
}

/// A threshold as it is stored.
#[derive(Clone, Copy)]
struct Stored {
    lo: f64,
    hi: f64,
    cause: Option<Cause>,
}

/// The stored columns of one direction.
struct Direction<'r> {
    vector: &'r [f64],
    linear: &'r [f64],
    weights: &'r [f64],
    star: Stored,
    contact: Stored,
    rearrangement: Stored,
}

impl<'r> Direction<'r> {
    /// The first direction of the block.
    fn first(row: &'r Row, home: &str, directions: usize) -> Result<Self, ReplicaError> {
        let of = |quantity: &Quantity<_>| -> Result<&'r [f64], ReplicaError> {
            let values = quantity.find(row, home).map_or(&[][..], Values::floats);
            let one = values.len() / directions.max(1);
            Ok(&quantity.floats(row, home, one * directions)?[..one])
        };
        let [star, contact, rearrangement] =
            THRESHOLDS.map(|(bracket, cause)| -> Result<Stored, ReplicaError> {
                let bracket = bracket.floats(row, home, 2 * directions)?;
                let code = cause.flags(row, home, directions)?.first().copied();
                let cause = code.and_then(Cause::from_code);
                Ok(Stored { lo: bracket[0], hi: bracket[1], cause })
            });
        Ok(Direction {
            vector: of(&quantities::DIRECTION_VECTOR)?,
            linear: of(&quantities::LINEAR)?,
            weights: of(&quantities::WEIGHTS)?,
            star: star?,
            contact: contact?,
            rearrangement: rearrangement?,
        })
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
    let direction = Direction::first(row, &home, directions.len())?;
    let mut found = RelaxedBrackets::default();
    if direction.star.cause == Some(Cause::NotApplicable) {
        return Ok(found);
    }
    let (analysis, theta, _) = replicate.swept(scenario, *parameterisation)?;
    let Some((_, space)) = theta.space() else { return Err(ReplicaError::WrongPart) };
    let solid = theta.solid(analysis);
    let set = &scenario.sweep.set;
    let walker = Walker {
        theta: theta.values.clone(),
        space: space.clone(),
        request: FeatureRequest::new(set, scenario.features.modes),
        start: analysis.values(&analysis.rows(set)),
        diameter: solid.interactions.diameters.iter().fold(f64::INFINITY, |a, &b| a.min(b)),
        contacts: bonds(&analysis.origin.equilibrium.contacts),
        threshold: scenario.sweep.settings.deviation,
        direction,
        solid,
    };
    walker.contact(&mut found);
    walker.star(&mut found);
    walker.rearrangement(&mut found);
    Ok(found)
}

/// A relaxed solid at some γ.
struct State<const D: usize> {
    gamma: f64,
    solid: Solid<D>,
    equilibrium: Equilibrium<D>,
}

/// Relaxes a solid along a direction, by the plain minimiser alone.
struct Walker<'r, const D: usize> {
    solid: Solid<D>,
    space: ParameterSpace,
    theta: Vec<f64>,
    request: FeatureRequest,
    /// The features at γ = 0.
    start: Vec<f64>,
    /// The smallest diameter.
    diameter: f64,
    /// The bonds at γ = 0.
    contacts: Vec<(usize, usize, bool)>,
    threshold: f64,
    direction: Direction<'r>,
}

impl<const D: usize> Walker<'_, D> {
    fn relax_from(&self, positions: &[Vector<D>], gamma: f64) -> Result<State<D>, RelaxError> {
        let moved: Vec<f64> = self
            .theta
            .iter()
            .zip(self.direction.vector)
            .map(|(value, slope)| value + gamma * slope)
            .collect();
        let mut solid = self.solid.clone();
        self.space.apply(&mut solid.interactions, &moved);
        solid.positions = positions.to_vec();
        let equilibrium = settle(&mut solid)?;
        Ok(State { gamma, solid, equilibrium })
    }

    /// The γ that are visited on the way to `target`: few up to the first contact change, then
    /// growing by `growth`.
    fn steps(&self, target: f64, growth: f64) -> Vec<f64> {
        let elastic = target.min(self.direction.contact.lo);
        let mut steps: Vec<f64> = ELASTIC.iter().map(|share| share * elastic).collect();
        let mut gamma = elastic;
        while gamma > 0.0 && gamma * growth < target {
            gamma *= growth;
            steps.push(gamma);
        }
        if target > elastic {
            steps.push(target);
        }
        steps
    }

    /// Visits these γ one after the other, from γ = 0.
    fn walk(&self, steps: &[f64]) -> Result<State<D>, RelaxError> {
        let mut here = self.relax_from(&self.solid.positions, 0.0)?;
        for &gamma in steps {
            here = self.relax_from(&here.solid.positions, gamma)?;
        }
        Ok(here)
    }

    /// Whether walking there and back ends where it began.
    fn returns(&self, there: &State<D>, steps: &[f64]) -> bool {
        let mut positions = there.solid.positions.clone();
        for &gamma in steps.iter().rev().skip(1).chain(&[0.0]) {
            match self.relax_from(&positions, gamma) {
                Ok(state) => positions = state.solid.positions,
                Err(_) => return false,
            }
        }
        let rattler = &there.equilibrium.contacts.rattler;
        self.distance(&positions, &self.solid.positions, rattler) <= RETURNED * self.diameter
    }

    /// Largest distance of a particle of the backbone, modulo translation.
    fn distance(&self, a: &[Vector<D>], b: &[Vector<D>], rattler: &[bool]) -> f64 {
        let held: Vec<usize> = (0..a.len()).filter(|&i| !rattler[i]).collect();
        let shift = |i: usize| self.solid.cell.minimum_image(a[i] - b[i]);
        let mean = held.iter().fold(Vector::<D>::zeros(), |sum, &i| sum + shift(i))
            / held.len().max(1) as f64;
        held.iter().map(|&i| (shift(i) - mean).norm()).fold(0.0, f64::max)
    }

    /// Follows the path to `target` and judges the state there; a contradiction beyond the first
    /// contact change is believed only if smaller steps repeat it and the way can be gone back.
    fn judged(&self, target: f64, judge: impl Fn(&mut State<D>) -> Verdict) -> Verdict {
        let first_branch = target <= self.direction.contact.lo;
        let mut last = Verdict::Undecided("no minimum is found on the way");
        for growth in GROWTH {
            let steps = self.steps(target, growth);
            let Ok(mut state) = self.walk(&steps) else { continue };
            last = judge(&mut state);
            if last != Verdict::Wrong || first_branch {
                return last;
            }
            let finest = growth == GROWTH[GROWTH.len() - 1];
            if finest && !self.returns(&state, &steps) {
                return Verdict::Undecided("the way there is not the way back");
            }
        }
        last
    }

    /// Whether the contacts of a state differ from those at γ = 0, beyond doubt.
    fn contacts_differ(&self, state: &State<D>) -> Option<bool> {
        let now = bonds(&state.equilibrium.contacts);
        let is_contact = |bond: &&(usize, usize, bool)| bond.2;
        let before: Vec<_> = self.contacts.iter().filter(is_contact).collect();
        let after: Vec<_> = now.iter().filter(is_contact).collect();
        let gap = |i: usize, j: usize| {
            let sigma = state.solid.pair(i, j).sigma;
            (state.solid.separation(i, j).norm() / sigma - 1.0).abs()
        };
        if before == after {
            let springs = state.solid.springs.is_some();
            let sure = springs || after.iter().all(|bond| gap(bond.0, bond.1) > UNCERTAIN_GAP);
            return sure.then_some(false);
        }
        let one_sided = |a: &[&(usize, usize, bool)], b: &[&(usize, usize, bool)]| {
            a.iter()
                .any(|bond| b.binary_search(bond).is_err() && gap(bond.0, bond.1) > UNCERTAIN_GAP)
        };
        (one_sided(&before, &after) || one_sided(&after, &before)).then_some(true)
    }

    fn judge_contacts(&self, state: &State<D>, changed: bool) -> Verdict {
        match self.contacts_differ(state) {
            Some(differ) => Verdict::of(differ == changed),
            None => Verdict::Undecided("a pair is within rounding of contact"),
        }
    }

    fn contact(&self, found: &mut RelaxedBrackets) {
        let Stored { lo, hi, cause } = self.direction.contact;
        let verdict = self.judged(lo, |state| self.judge_contacts(state, false));
        found.judge(verdict, || format!("gamma_contact: at lo = {lo:.6e} a contact has changed"));
        if !hi.is_finite() {
            return;
        }
        let verdict = self.step(lo, hi, |_, after| match after {
            Ok(_) if cause == Some(Cause::LostRigidity) => {
                Verdict::Undecided("a minimum is found where rigidity was lost")
            }
            Ok(after) => self.judge_contacts(&after, true),
            Err(_) => Verdict::of(cause == Some(Cause::LostRigidity)),
        });
        found.judge(verdict, || format!("gamma_contact: at hi = {hi:.6e} no contact has changed"));
    }

    /// Judges the step from `lo`, which is reached as in [`Self::judged`], to `hi`.
    fn step(
        &self,
        lo: f64,
        hi: f64,
        judge: impl Fn(&State<D>, Result<State<D>, RelaxError>) -> Verdict,
    ) -> Verdict {
        self.judged(lo, |state| judge(state, self.relax_from(&state.solid.positions, hi)))
    }

    /// |Δy − JΔθ| / |JΔθ|.
    fn deviation(&self, state: &mut State<D>) -> f64 {
        let values = compute(&state.solid, &mut state.equilibrium, &self.request, false).values;
        let norm = |of: &dyn Fn(usize) -> f64| {
            (0..self.start.len())
                .map(|row| (of(row) * self.direction.weights[row]).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        let linear = |row: usize| self.direction.linear[row] * state.gamma;
        norm(&|row| values[row] - self.start[row] - linear(row)) / norm(&linear)
    }

    fn star(&self, found: &mut RelaxedBrackets) {
        let Stored { lo, hi, cause } = self.direction.star;
        if !(lo <= self.direction.rearrangement.lo) {
            found.undecided.push("gamma_star lies beyond a rearrangement");
            return;
        }
        if lo > 0.0 {
            let verdict = self.judged(lo, |state| self.judge_deviation(state, false));
            found
                .judge(verdict, || format!("gamma_star: at lo = {lo:.6e} the deviation is larger"));
        }
        if !hi.is_finite() {
            return;
        }
        let verdict = self.step(lo, hi, |_, after| match after {
            Ok(_) if cause == Some(Cause::LostRigidity) => {
                Verdict::Undecided("a minimum is found where rigidity was lost")
            }
            Ok(mut after) => self.judge_deviation(&mut after, true),
            Err(_) => Verdict::of(cause == Some(Cause::LostRigidity)),
        });
        found.judge(verdict, || format!("gamma_star: at hi = {hi:.6e} the deviation is smaller"));
    }

    fn judge_deviation(&self, state: &mut State<D>, beyond: bool) -> Verdict {
        let deviation = self.deviation(state);
        let slack = DEVIATION_SLACK * self.threshold;
        Verdict::of(match beyond {
            true => deviation >= self.threshold - slack,
            false => deviation <= self.threshold + slack,
        })
    }

    fn rearrangement(&self, found: &mut RelaxedBrackets) {
        let Stored { lo, hi, cause } = self.direction.rearrangement;
        if !hi.is_finite() || cause != Some(Cause::Rearrangement) {
            return;
        }
        let verdict = self.step(lo, hi, |before, after| {
            // A solid that is lost has not come back either.
            let Ok(after) = after else { return Verdict::Right };
            let Ok(back) = self.relax_from(&after.solid.positions, lo) else {
                return Verdict::Right;
            };
            let rattler: Vec<bool> = before
                .equilibrium
                .contacts
                .rattler
                .iter()
                .zip(&after.equilibrium.contacts.rattler)
                .zip(&back.equilibrium.contacts.rattler)
                .map(|((a, b), c)| *a || *b || *c)
                .collect();
            let off = self.distance(&back.solid.positions, &before.solid.positions, &rattler);
            Verdict::of(off > RETURNED * self.diameter)
        });
        found.judge(verdict, || {
            format!("gamma_rearrangement: from hi = {hi:.6e} the solid returns to lo = {lo:.6e}")
        });
    }
}
