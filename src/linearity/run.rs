//! A sweep under way: where the path is, what has been found, and what FIRE's verdicts change in it.

use crate::relax::RelaxError;

use super::cause::Cause;
use super::curve::{Curve, Step};
use super::found::Found;
use super::judge::{Verdict, cause_of, judge};
use super::path::Path;
use super::settings::SweepSettings;
use super::state::Point;
use super::stride::LARGEST_STRIDE;
use super::thresholds::{CurvePoint, Snapshots, Threshold};
use super::yardstick::Yardstick;

/// FIRE may not converge where a particle is held by next to nothing; then a step up to this many times
/// as long is tried (its end is still within the narrowest brackets that are usual).
const LONGEST_DECISION: f64 = 8.0;

/// What a sweep does next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Aims at the next contact change while γ* or γ_c is open, and a stride ahead after that.
    Aim,
    /// The step to this γ was not believed: takes a shorter one.
    ComeNearer { than: f64 },
    /// Everything is found, or nothing more can be.
    End,
}

/// Why a deviation is too large. A feature loses its value where a particle leaves the backbone, which
/// changes the contact set.
pub(super) fn cause_of_deviation(deviation: f64, contacts_changed: bool) -> Cause {
    match contacts_changed || deviation.is_infinite() {
        true => Cause::ContactChange,
        false => Cause::Curvature,
    }
}

/// A sweep under way.
pub(super) struct Run<'a, 'p, const D: usize> {
    pub(super) path: Path<'p, D>,
    pub(super) yardstick: Yardstick<'a>,
    pub(super) settings: &'a SweepSettings,
    pub(super) gamma_tilde: f64,
    pub(super) found: Found,
    pub(super) limit: f64,
    pub(super) limit_cause: Cause,
    /// Known to lie beyond a contact change that is being closed in.
    pub(super) ceiling: f64,
    /// The stride of the free run, in units of γ.
    pub(super) stride: f64,
    /// The curve, where one is wanted.
    pub(super) curve: Option<Curve<'p, D>>,
}

impl<'a, 'p, const D: usize> Run<'a, 'p, D> {
    /// At γ = 0, nothing found; no parameter leaves its range before `largest_gamma`. For a curve another path
    /// is needed.
    pub(super) fn new(
        path: Path<'p, D>,
        yardstick: Yardstick<'a>,
        settings: &'a SweepSettings,
        largest_gamma: f64,
        curve: Option<Path<'p, D>>,
    ) -> Self {
        let in_range = largest_gamma < settings.gamma_max;
        let limit = settings.gamma_max.min(largest_gamma);
        Self {
            gamma_tilde: yardstick.gamma_tilde(settings.deviation),
            path,
            yardstick,
            settings,
            found: Found::default(),
            limit,
            limit_cause: if in_range { Cause::ParameterOutOfRange } else { Cause::Censored },
            ceiling: f64::INFINITY,
            stride: LARGEST_STRIDE,
            curve: curve.map(|path| Curve::new(path, settings, limit)),
        }
    }

    /// Moves the path to a point.
    pub(super) fn advance(&mut self, point: Point<D>, step: Step) {
        if let Some(curve) = &mut self.curve {
            curve.pass(&self.path.here, point.gamma, step, &self.yardstick);
        }
        self.path.advance(point);
    }

    /// The curve, completed beyond where the sweep has ended; empty where none was wanted.
    pub(super) fn take_curve(&mut self) -> Vec<Option<CurvePoint>> {
        let curve = self.curve.take();
        curve.map_or_else(Vec::new, |curve| curve.finish(&self.path.here, &self.yardstick))
    }

    pub(super) fn contact_set(&self) -> Vec<(usize, usize)> {
        self.path.here.equilibrium.contacts.contact_set()
    }

    pub(super) fn snapshots(&self, after: &Point<D>) -> Snapshots {
        let flat = |point: &Point<D>| point.positions.iter().flatten().copied().collect();
        Snapshots { before: flat(&self.path.here), after: flat(after) }
    }

    /// The deviation from the linear prediction at a point that FIRE has found, which is polished for it.
    fn deviation(&mut self, point: &mut Point<D>) -> Result<f64, RelaxError> {
        let solid = self.path.polished(point)?;
        self.yardstick.deviation(solid, &mut point.equilibrium, point.gamma)
    }

    /// The same at a point that is believed; `None` where the polish leads elsewhere.
    pub(super) fn believed_deviation(
        &mut self,
        point: &mut Point<D>,
    ) -> Option<Result<f64, RelaxError>> {
        let solid = self.path.polished_as_believed(point)?;
        let (equilibrium, gamma) = (&mut point.equilibrium, point.gamma);
        Some(solid.and_then(|solid| self.yardstick.deviation(solid, equilibrium, gamma)))
    }

    /// Lets FIRE decide about a step of this length, or a longer one where it does not converge.
    pub(super) fn decide(&mut self, step: f64) -> Next {
        self.ceiling = f64::INFINITY;
        let here = self.path.here.gamma;
        let mut times = 1.0;
        loop {
            let gamma = (here + times * step).min(self.limit);
            let verdict = judge(&mut self.path, gamma, step);
            times *= 2.0;
            let again = times <= LONGEST_DECISION && gamma < self.limit;
            if !(again && matches!(verdict, Verdict::Lost(Cause::NotConverged))) {
                return self.settle(verdict, gamma);
            }
        }
    }

    /// Records what FIRE says about the step from `here` to `gamma`.
    pub(super) fn settle(&mut self, verdict: Verdict<D>, gamma: f64) -> Next {
        let lo = self.path.here.gamma;
        let (mut point, rearranged) = match verdict {
            Verdict::Lost(cause) => {
                self.found.lose(lo, gamma, cause);
                return Next::End;
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
            match self.deviation(&mut point) {
                Ok(deviation) if deviation > self.settings.deviation => {
                    self.found.star = Some(bracket(match rearranged {
                        true => Cause::Rearrangement,
                        false => cause_of_deviation(deviation, changed),
                    }));
                }
                Ok(_) => {}
                Err(error) => {
                    self.found.lose(lo, gamma, cause_of(&error));
                    return Next::End;
                }
            }
        }
        self.advance(point, Step::Judged);
        if self.found.complete() { Next::End } else { Next::Aim }
    }
}
