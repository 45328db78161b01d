//! The plain protocol: FIRE at every step of γ/200. Slow, and the judge of the continuation.

use crate::relax::hessian::Field;

use super::cause::Cause;
use super::judge::Verdict;
use super::jump::{self, JUDGED_WIDTH};
use super::run::{Next, Run};
use super::settings::Start;
use super::state::Point;
use super::thresholds::Threshold;

/// Steps per unit of ln γ.
const STEPS: f64 = 200.0;

/// A step that moves the solid beyond its response by more than this share of the smallest jump is looked
/// at in steps of the judged width.
const SUSPICIOUS: f64 = 0.5;

impl<const D: usize> Run<'_, '_, D> {
    /// Follows the path in small steps until every threshold is found.
    pub(super) fn referee(&mut self) {
        let origin = self.path.here.positions.clone();
        let mut gamma = self.settings.gamma_min.min(self.limit);
        while !self.found.complete() {
            let here = self.path.here.gamma;
            if here >= self.limit {
                self.found.end(here, self.limit_cause);
                return;
            }
            let start = match self.settings.start {
                Start::Warm => self.path.here.positions.clone(),
                Start::Zero => origin.clone(),
            };
            let relaxed = self.path.work.relax_from(&start, gamma);
            let next = match relaxed {
                Ok(point) if !self.suspicious(&point) => {
                    self.settle(Verdict::Continuous(point), gamma)
                }
                // Also where no solid is found: from nearer there may be one.
                suspicious => {
                    if let Ok(point) = suspicious {
                        self.path.discard(point);
                    }
                    self.look_closely(gamma)
                }
            };
            if next == Next::End {
                return;
            }
            gamma = (self.path.here.gamma * (1.0 + 1.0 / STEPS)).min(self.limit);
        }
    }

    /// Has the solid moved so differently from its response that it may have jumped?
    fn suspicious(&self, point: &Point<D>) -> bool {
        let here = &self.path.here;
        let half = 0.5 * (point.gamma - here.gamma);
        let responses = here.velocity.iter().zip(&point.velocity);
        let expected: Field<D> =
            here.positions.iter().zip(responses).map(|(r, (w, v))| r + (w + v) * half).collect();
        let off = self.path.distance(&point.positions, &expected, point.rattler());
        let response = self.path.response(point);
        let jump = jump::smallest(here.gamma, response, self.path.work.smallest_diameter);
        self.found.rearrangement.is_none() && !(off <= SUSPICIOUS * jump)
    }

    /// Repeats a suspicious step in steps of the judged width.
    fn look_closely(&mut self, target: f64) -> Next {
        while self.path.here.gamma < target {
            let here = self.path.here.gamma;
            let step = JUDGED_WIDTH * here.max(self.settings.gamma_min);
            if self.decide(step.min(target - here)) == Next::End {
                return Next::End;
            }
        }
        Next::Aim
    }
}

/// Where two outcomes of the same threshold agree: their brackets overlap or their centres lie
/// within `tolerance` of each other; thresholds that neither reached agree.
pub fn agree(a: &Threshold, b: &Threshold, tolerance: f64) -> bool {
    match (a.found(), b.found()) {
        (true, true) => {
            let overlap = a.lo <= b.hi && b.lo <= a.hi;
            overlap || (a.centre() / b.centre() - 1.0).abs() <= tolerance
        }
        (false, false) => true,
        // One was censored just before the other was reached.
        (true, false) => b.cause == Cause::Censored && a.hi > b.lo * (1.0 - tolerance),
        (false, true) => a.cause == Cause::Censored && b.hi > a.lo * (1.0 - tolerance),
    }
}
