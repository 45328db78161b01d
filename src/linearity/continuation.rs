//! The continuation: from one predicted contact change to the next while γ* or γ_c is open, each closed
//! in to the wanted width, because the elastic constants jump there; after that freely, with steps as
//! long as they are believed, until the solid rearranges or γ_max is reached.

use super::cause::Cause;
use super::curve::Step;
use super::jump::JUDGED_WIDTH;
use super::path::{APPROACH, NEAR, Trial};
use super::run::{Next, Run};
use super::stride::{
    LARGEST_STRIDE, SMALL_CORRECTION, STRIDE_AFTER_FIRE, STRIDE_GROWTH, STRIDE_SHRINK,
};

/// Beyond γ̃ times this, smooth growth of the deviation is watched in steps of [`WATCHED_GROWTH`].
const WATCHED_FROM: f64 = 0.97;
const WATCHED_GROWTH: f64 = 1.25;

/// Where there is no γ̃, it is watched from γ_min on in steps of this factor.
const UNPREDICTED_GROWTH: f64 = 2.0;

/// Steps of any kind before a sweep gives up as not converged.
const MAX_ATTEMPTS: usize = 20_000;

impl<const D: usize> Run<'_, '_, D> {
    /// Follows the solid until every threshold is found.
    pub(super) fn follow(&mut self) {
        let mut next = Next::Aim;
        for _ in 0..MAX_ATTEMPTS {
            let here = self.path.here.gamma;
            if self.found.complete() {
                return;
            }
            if here >= self.limit {
                self.found.end(here, self.limit_cause);
                return;
            }
            let smallest = JUDGED_WIDTH * here.max(self.settings.gamma_min);
            let target = match next {
                Next::End => return,
                Next::Aim if self.found.resolving() => self.resolving_target(),
                Next::Aim => self.stride_target(),
                Next::ComeNearer { than } => here + STRIDE_SHRINK * (than - here),
            };
            let target = target.min(self.limit);
            let too_near = next != Next::Aim && target - here <= smallest;
            let prediction = match too_near {
                true => None,
                false => self.path.predict_stable(target, smallest),
            };
            next = match prediction {
                None => self.decide_by_fire(smallest),
                Some(prediction) => match self.path.try_predicted(&prediction) {
                    Err(_) => Next::ComeNearer { than: prediction.gamma },
                    Ok(trial) if self.found.resolving() => self.resolve(trial.point),
                    Ok(trial) => self.run_freely(trial, next != Next::Aim),
                },
            };
        }
        let here = self.path.here.gamma;
        self.found.end(here, Cause::NotConverged);
    }

    /// Takes a believed step when only γ_r is open; `shortened`: after one that was not believed.
    fn run_freely(&mut self, trial: Trial<D>, shortened: bool) -> Next {
        let here = self.path.here.gamma;
        if shortened {
            self.stride = (trial.point.gamma - here) / here.max(self.settings.gamma_min);
        }
        if trial.correction < SMALL_CORRECTION {
            self.stride = (self.stride * STRIDE_GROWTH).min(LARGEST_STRIDE);
        }
        self.advance(trial.point, Step::Believed);
        Next::Aim
    }

    /// No smaller step is believed: FIRE makes the smallest one.
    fn decide_by_fire(&mut self, smallest: f64) -> Next {
        self.stride = STRIDE_AFTER_FIRE;
        self.decide(smallest)
    }

    fn stride_target(&self) -> f64 {
        let here = self.path.here.gamma;
        here + self.stride * here.max(self.settings.gamma_min)
    }

    /// The next γ to look at while γ* or γ_c is open.
    fn resolving_target(&mut self) -> f64 {
        let (here, ceiling) = (self.path.here.gamma, self.ceiling);
        let margin = 0.25 * self.settings.bracket;
        let mut event = self.path.work.next_contact_change(&self.path.here);
        if event >= ceiling {
            event = f64::INFINITY;
        }
        let mut target = if event - here > NEAR * event {
            here + APPROACH * (event - here)
        } else if event * (1.0 - margin) > here * (1.0 + 0.5 * margin) {
            event * (1.0 - margin)
        } else {
            event * (1.0 + margin)
        };
        if !target.is_finite() && ceiling.is_finite() || target >= ceiling {
            target = 0.5 * (here + ceiling);
        }
        if self.found.star.is_none() {
            target = target.min(self.watched_target());
        }
        if !target.is_finite() {
            target = (here * (1.0 + LARGEST_STRIDE)).max(self.settings.gamma_min);
        }
        target.min(self.limit).max(here * (1.0 + f64::EPSILON))
    }

    /// How far to go at most while γ* is open and no contact changes.
    fn watched_target(&self) -> f64 {
        let here = self.path.here.gamma;
        // NaN where a curvature is missing (a degenerate mode): then nothing is predicted.
        let predicted = self.gamma_tilde.is_finite() && self.gamma_tilde > 0.0;
        if predicted && here < WATCHED_FROM * self.gamma_tilde {
            self.gamma_tilde
        } else if predicted {
            here * WATCHED_GROWTH
        } else {
            (here * UNPREDICTED_GROWTH).max(self.settings.gamma_min)
        }
    }
}
