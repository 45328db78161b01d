//! Closing in on γ* and γ_c: brackets as narrow as they are wanted.

use super::cause::Cause;
use super::curve::Step;
use super::judge::cause_of;
use super::jump::JUDGED_WIDTH;
use super::run::{Next, Run, cause_of_deviation};
use super::state::Point;
use super::stride::STRIDE_SHRINK;
use super::thresholds::Threshold;

impl<const D: usize> Run<'_, '_, D> {
    /// Takes a believed step while γ* or γ_c is open.
    pub(super) fn resolve(&mut self, mut point: Point<D>) -> Next {
        let here = self.path.here.gamma;
        let gamma = point.gamma;
        let before = self.contact_set();
        let changed = point.equilibrium.contacts.contact_set() != before;
        if changed && gamma - here > self.settings.bracket * gamma {
            self.path.discard(point);
            self.ceiling = self.ceiling.min(gamma);
            return Next::Aim;
        }
        let deviation = match self.found.star {
            Some(_) => None,
            None => {
                let Some(deviation) = self.believed_deviation(&mut point) else {
                    self.path.discard(point);
                    return Next::ComeNearer { than: gamma };
                };
                Some(deviation)
            }
        };
        if changed && self.found.contact.is_none() {
            self.found.contact_snapshots = Some(self.snapshots(&point));
            self.found.contact =
                Some(Threshold { lo: here, hi: gamma, cause: Cause::ContactChange });
        }
        match deviation {
            Some(Err(error)) => {
                self.found.end(here, cause_of(&error));
                return Next::End;
            }
            Some(Ok(deviation)) if deviation > self.settings.deviation => {
                let width = gamma - here;
                if width > self.settings.bracket * gamma {
                    self.path.discard(point);
                    return self.close_in(gamma, deviation);
                }
                let cause = cause_of_deviation(deviation, changed);
                self.found.star = Some(Threshold { lo: here, hi: gamma, cause });
            }
            _ => {}
        }
        self.advance(point, Step::Believed);
        if gamma >= self.ceiling || changed {
            self.ceiling = f64::INFINITY;
        }
        Next::Aim
    }

    /// γ* lies between `here` and `hi` within one contact set, where the deviation grows smoothly:
    /// false position on it until the bracket is narrow. Both of its ends have been measured, always.
    fn close_in(&mut self, mut hi: f64, mut above: f64) -> Next {
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
                    return self.decide(smallest);
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
                self.ceiling = self.ceiling.min(gamma);
                return Next::Aim;
            }
            let Some(deviation) = self.believed_deviation(&mut trial.point) else {
                self.path.discard(trial.point);
                refused = Some(gamma);
                continue;
            };
            match deviation {
                Err(error) => {
                    self.found.end(lo, cause_of(&error));
                    return Next::End;
                }
                Ok(deviation) if deviation <= target => {
                    below = deviation;
                    stale = 0;
                    self.advance(trial.point, Step::Believed);
                }
                Ok(deviation) => {
                    self.path.discard(trial.point);
                    (hi, above) = (gamma, deviation);
                    stale += 1;
                }
            }
        }
        let cause = cause_of_deviation(above, false);
        self.found.star = Some(Threshold { lo: self.path.here.gamma, hi, cause });
        Next::Aim
    }
}
