//! The continuation: from one predicted contact change to the next while γ* or γ_c is open, each closed
//! in to the wanted width, because the elastic constants jump there; after that freely, with steps as
//! long as they are believed, until the solid rearranges or γ_max is reached.

use super::cause::Cause;
use super::found::Found;
use super::jump::JUDGED_WIDTH;
use super::path::Path;
use super::predictor::Prediction;
use super::rearrangement::{Verdict, cause_of};
use super::settings::SweepSettings;
use super::state::Point;
use super::thresholds::{Snapshots, Threshold};
use super::yardstick::Yardstick;

/// Share of the way to a predicted contact change or instability that is gone in one step from afar.
const APPROACH: f64 = 0.9;

/// A contact change or instability is near once it is predicted within this share of its γ.
const NEAR: f64 = 0.05;

/// The largest stride of the free run, with which it begins, and the one after a step by FIRE, in
/// units of γ.
pub(super) const LARGEST_STRIDE: f64 = 0.25;
const STRIDE_AFTER_FIRE: f64 = 0.05;

/// The path stops this far before a predicted instability, in units of the smallest step, and FIRE
/// decides across it.
const BEFORE_INSTABILITY: f64 = 0.3;

/// Growth and shrinkage of the stride, and the correction below which it grows.
const STRIDE_GROWTH: f64 = 1.6;
const STRIDE_SHRINK: f64 = 0.4;
const SMALL_CORRECTION: f64 = 0.15;

/// Beyond γ̃ times this, smooth growth of the deviation is watched in steps of [`WATCHED_GROWTH`].
const WATCHED_FROM: f64 = 0.97;
const WATCHED_GROWTH: f64 = 1.25;

/// Where there is no γ̃, it is watched from γ_min on in steps of this factor.
const UNPREDICTED_GROWTH: f64 = 2.0;

/// Steps of any kind before a sweep gives up as not converged.
const MAX_ATTEMPTS: usize = 20_000;

/// A sweep under way.
pub(super) struct Run<'a, 'p, const D: usize> {
    pub(super) path: Path<'p, D>,
    pub(super) yardstick: Yardstick<'a>,
    pub(super) settings: &'a SweepSettings,
    pub(super) gamma_tilde: f64,
    pub(super) found: Found,
    pub(super) limit: f64,
    pub(super) limit_cause: Cause,
    pub(super) stride: f64,
}

impl<const D: usize> Run<'_, '_, D> {
    fn contact_set(&self) -> Vec<(usize, usize)> {
        self.path.here.equilibrium.contacts.contact_set()
    }

    pub(super) fn follow(&mut self) {
        // Known to lie beyond a contact change that is being closed in.
        let mut ceiling = f64::INFINITY;
        // The target from here that was not believed.
        let mut refused: Option<f64> = None;
        for _ in 0..MAX_ATTEMPTS {
            let here = self.path.here.gamma;
            if self.found.complete() {
                return;
            }
            if here >= self.limit {
                self.found.end(here, self.limit_cause);
                return;
            }
            let resolving = self.found.resolving();
            let target = match refused {
                Some(refused) => here + STRIDE_SHRINK * (refused - here),
                None if resolving => self.resolving_target(ceiling),
                None => self.stride_target(),
            };
            let target = target.min(self.limit);
            let smallest = JUDGED_WIDTH * here.max(self.settings.gamma_min);
            let prediction = if refused.is_some() && target - here <= smallest {
                None
            } else {
                self.predict_before_instability(target, smallest)
            };
            let Some(prediction) = prediction else {
                (refused, ceiling) = (None, f64::INFINITY);
                self.stride = STRIDE_AFTER_FIRE;
                if self.let_fire_decide((here + smallest).min(self.limit)) {
                    return;
                }
                continue;
            };
            let Ok(trial) = self.path.try_predicted(&prediction) else {
                refused = Some(prediction.gamma);
                continue;
            };
            if resolving {
                match self.resolve(trial.point, ceiling) {
                    Some(next) => ceiling = next,
                    None => return,
                }
            } else {
                if refused.is_some() {
                    self.stride = (prediction.gamma - here) / here.max(self.settings.gamma_min);
                }
                if trial.correction < SMALL_CORRECTION {
                    self.stride = (self.stride * STRIDE_GROWTH).min(LARGEST_STRIDE);
                }
                self.path.advance(trial.point);
            }
            refused = None;
        }
        let here = self.path.here.gamma;
        self.found.end(here, Cause::NotConverged);
    }

    /// Predicts the solid at `target`, or before the instability that is met on the way there;
    /// `None` where the instability is within the `smallest` step.
    fn predict_before_instability(&mut self, target: f64, smallest: f64) -> Option<Prediction<D>> {
        let prediction = self.path.predict(target);
        let Some(unstable) = prediction.unstable else { return Some(prediction) };
        let here = self.path.here.gamma;
        let ahead = unstable - here;
        let before = if ahead > NEAR * unstable {
            here + APPROACH * ahead
        } else {
            unstable - BEFORE_INSTABILITY * smallest
        };
        (before - here > BEFORE_INSTABILITY * smallest).then(|| self.path.predict(before))
    }

    fn snapshots(&self, after: &Point<D>) -> Snapshots {
        let flat = |point: &Point<D>| point.positions.iter().flatten().copied().collect();
        Snapshots { before: flat(&self.path.here), after: flat(after) }
    }

    fn stride_target(&self) -> f64 {
        let here = self.path.here.gamma;
        here + self.stride * here.max(self.settings.gamma_min)
    }

    /// The next γ to look at while γ* or γ_c is open.
    fn resolving_target(&mut self, ceiling: f64) -> f64 {
        let here = self.path.here.gamma;
        let margin = 0.25 * self.settings.bracket;
        let mut event = self.path.next_contact_change();
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

    /// Takes a believed step while γ* or γ_c is open. Returns the new ceiling, or `None` where the
    /// sweep has ended.
    fn resolve(&mut self, mut point: Point<D>, ceiling: f64) -> Option<f64> {
        let here = self.path.here.gamma;
        let gamma = point.gamma;
        let before = self.contact_set();
        let changed = point.equilibrium.contacts.contact_set() != before;
        if changed && gamma - here > self.settings.bracket * gamma {
            self.path.discard(point);
            return Some(gamma.min(ceiling));
        }
        if changed && self.found.contact.is_none() {
            self.found.contact_snapshots = Some(self.snapshots(&point));
            self.found.contact =
                Some(Threshold { lo: here, hi: gamma, cause: Cause::ContactChange });
        }
        if self.found.star.is_none() {
            match self.yardstick.deviation(&mut self.path, &mut point) {
                Err(error) => {
                    self.found.end(here, cause_of(&error));
                    return None;
                }
                Ok(deviation) if deviation > self.settings.deviation => {
                    let width = gamma - here;
                    if width <= self.settings.bracket * gamma {
                        let cause = if changed { Cause::ContactChange } else { Cause::Curvature };
                        self.found.star = Some(Threshold { lo: here, hi: gamma, cause });
                    } else {
                        self.path.discard(point);
                        return self.close_in(gamma, deviation, ceiling);
                    }
                }
                Ok(_) => {}
            }
        }
        self.path.advance(point);
        Some(if gamma >= ceiling || changed { f64::INFINITY } else { ceiling })
    }

    /// γ* lies between `here` and `hi` within one contact set, where the deviation grows smoothly:
    /// false position on it until the bracket is narrow. Both of its ends have been measured, always.
    /// Returns the new ceiling, or `None` where the sweep has ended.
    fn close_in(&mut self, mut hi: f64, mut above: f64, ceiling: f64) -> Option<f64> {
        let target = self.settings.deviation;
        // The deviation starts as γ, so its value at γ = 0 is 0.
        let mut below = if self.path.here.gamma > 0.0 { f64::NAN } else { 0.0 };
        let mut stale = 0;
        // The γ to which no step from here was believed.
        let mut refused: Option<f64> = None;
        while hi - self.path.here.gamma > self.settings.bracket * hi.max(self.settings.gamma_min) {
            let lo = self.path.here.gamma;
            let guess = if below.is_finite() && above.is_finite() && stale < 2 {
                lo + (hi - lo) * (target - below) / (above - below)
            } else {
                0.5 * (lo + hi)
            };
            // Aim beside the root, so that the bracket closes from both sides.
            let aside = 0.3 * self.settings.bracket * hi;
            let aim = if stale == 1 || guess + aside >= hi { guess - aside } else { guess + aside };
            let inside = (0.25 * self.settings.bracket * hi).min(0.5 * (hi - lo));
            let mut gamma = aim.clamp(lo + inside, hi - inside);
            if let Some(refused) = refused {
                // Come from nearer.
                gamma = gamma.min(lo + STRIDE_SHRINK * (refused - lo));
                let smallest = JUDGED_WIDTH * lo.max(self.settings.gamma_min);
                if gamma - lo <= smallest {
                    let ended = self.let_fire_decide((lo + smallest).min(self.limit));
                    return (!ended).then_some(f64::INFINITY);
                }
            }
            let Ok(mut trial) = self.path.try_step(gamma) else {
                refused = Some(gamma);
                continue;
            };
            refused = None;
            if trial.point.equilibrium.contacts.contact_set() != self.contact_set() {
                // Not one contact set after all.
                self.path.discard(trial.point);
                return Some(gamma.min(ceiling));
            }
            match self.yardstick.deviation(&mut self.path, &mut trial.point) {
                Err(error) => {
                    self.found.end(lo, cause_of(&error));
                    return None;
                }
                Ok(deviation) if deviation <= target => {
                    below = deviation;
                    stale = 0;
                    self.path.advance(trial.point);
                }
                Ok(deviation) => {
                    self.path.discard(trial.point);
                    (hi, above) = (gamma, deviation);
                    stale += 1;
                }
            }
        }
        self.found.star = Some(Threshold { lo: self.path.here.gamma, hi, cause: Cause::Curvature });
        Some(ceiling)
    }

    /// No smaller step is believed: FIRE goes to `gamma`. Returns whether the sweep has ended.
    fn let_fire_decide(&mut self, gamma: f64) -> bool {
        let verdict = self.path.judge(gamma);
        self.settle(verdict, gamma)
    }

    /// Records what FIRE says about the step from `here` to `gamma`. Returns whether the sweep has
    /// ended.
    pub(super) fn settle(&mut self, verdict: Verdict<D>, gamma: f64) -> bool {
        let lo = self.path.here.gamma;
        let (mut point, rearranged) = match verdict {
            Verdict::Lost(cause) => {
                self.found.lose(lo, gamma, cause);
                return true;
            }
            Verdict::Continuous(point) => (point, false),
            Verdict::Rearranged(point) => (point, true),
        };
        let bracket = |cause| Threshold { lo, hi: gamma, cause };
        let changed = point.equilibrium.contacts.contact_set() != self.contact_set();
        if rearranged && self.found.rearrangement.is_none() {
            self.found.rearrangement_snapshots = Some(self.snapshots(&point));
            self.found.rearrangement = Some(bracket(Cause::Rearrangement));
        }
        if changed && self.found.contact.is_none() {
            self.found.contact_snapshots = Some(self.snapshots(&point));
            self.found.contact = Some(bracket(Cause::ContactChange));
        }
        if self.found.star.is_none() {
            match self.yardstick.deviation(&mut self.path, &mut point) {
                Ok(deviation) if deviation > self.settings.deviation => {
                    self.found.star = Some(bracket(if rearranged {
                        Cause::Rearrangement
                    } else if changed {
                        Cause::ContactChange
                    } else {
                        Cause::Curvature
                    }));
                }
                Ok(_) => {}
                Err(error) => {
                    self.found.lose(lo, gamma, cause_of(&error));
                    return true;
                }
            }
        }
        self.path.advance(point);
        self.found.complete()
    }
}
