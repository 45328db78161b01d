//! The curve of Fig. 3: what the features do on the geometric grid, against the predictions.

use crate::relax::hessian::Field;

use super::path::Path;
use super::settings::SweepSettings;
use super::state::Point;
use super::thresholds::CurvePoint;
use super::yardstick::Yardstick;

/// The curve of a sweep under way.
///
/// Its points are taken aside of the sweep's steps, from the last state before each of them, by a working solid
/// of its own: the sweep's steps stay as they are without it. Where the sweep does not say that the solid follows
/// smoothly, a point is relaxed by FIRE from the state or point before it.
pub(super) struct Curve<'p, const D: usize> {
    path: Path<'p, D>,
    grid: Vec<f64>,
    limit: f64,
    origin: Field<D>,
    initial: Vec<(usize, usize)>,
    /// `None` from the first point on at which no solid is found, or a feature has no value any more.
    entries: Vec<Option<CurvePoint>>,
}

/// How a step of the sweep was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By prediction and correction: the solid follows smoothly, or over kinks, and does not jump.
    Believed,
    /// By FIRE.
    Judged,
}

impl<'p, const D: usize> Curve<'p, D> {
    /// Of a path at γ = 0, on the grid of these settings up to `limit`.
    pub(super) fn new(path: Path<'p, D>, settings: &SweepSettings, limit: f64) -> Self {
        Self {
            origin: path.here.positions.clone(),
            initial: path.here.equilibrium.contacts.contact_set(),
            path,
            grid: settings.grid(),
            limit,
            entries: Vec::new(),
        }
    }

    /// The sweep steps from a state to γ: takes the points between them.
    pub(super) fn pass(&mut self, from: &Point<D>, gamma: f64, step: Step, yardstick: &Yardstick) {
        while let Some(&next) = self.grid.get(self.entries.len())
            && next < gamma
        {
            self.take(next, from, step, yardstick);
        }
    }

    /// The sweep has ended at a state: takes the points beyond it. One entry per point of the grid.
    pub(super) fn finish(
        mut self,
        last: &Point<D>,
        yardstick: &Yardstick,
    ) -> Vec<Option<CurvePoint>> {
        while let Some(&next) = self.grid.get(self.entries.len()) {
            self.take(next, last, Step::Judged, yardstick);
        }
        self.entries
    }

    fn take(&mut self, gamma: f64, from: &Point<D>, step: Step, yardstick: &Yardstick) {
        let lost = matches!(self.entries.last(), Some(None));
        let beyond = gamma > self.limit * (1.0 + 1e-12);
        let entry = if lost || beyond { None } else { self.measured(gamma, from, step, yardstick) };
        self.entries.push(entry);
    }

    fn measured(
        &mut self,
        gamma: f64,
        from: &Point<D>,
        step: Step,
        yardstick: &Yardstick,
    ) -> Option<CurvePoint> {
        let path = &mut self.path;
        if from.gamma > path.here.gamma {
            let old = std::mem::replace(&mut path.here, from.clone());
            path.discard(old);
        }
        let gamma = gamma.min(self.limit);
        let aside = if step == Step::Believed { path.step_aside(gamma).ok() } else { None };
        let mut point = match aside.and_then(|point| polished_aside(path, point)) {
            Some(point) => point,
            None => {
                let mut point = path.relax_to(gamma).ok()?;
                path.polished(&mut point).ok()?;
                point
            }
        };
        let solid = path.work.solid_at(&point);
        let change = yardstick.change(solid, &mut point.equilibrium).ok()??;
        let entry = entry(path, &point, change, yardstick, &self.origin, &self.initial);
        path.advance(point);
        Some(entry)
    }
}

/// A point inside a step that is believed, polished; `None` where the polish fails or leads elsewhere, to other
/// rattlers.
fn polished_aside<const D: usize>(path: &mut Path<'_, D>, mut point: Point<D>) -> Option<Point<D>> {
    let polished = path.polished_as_believed(&mut point).is_some_and(|solid| solid.is_ok());
    polished.then_some(point)
}

fn entry<const D: usize>(
    path: &mut Path<'_, D>,
    point: &Point<D>,
    delta_y: Vec<f64>,
    yardstick: &Yardstick,
    origin: &Field<D>,
    initial: &[(usize, usize)],
) -> CurvePoint {
    let gamma = point.gamma;
    let now = point.equilibrium.contacts.contact_set();
    let common = now.iter().filter(|pair| initial.binary_search(pair).is_ok()).count();
    CurvePoint {
        gamma,
        norm: yardstick.norm(delta_y.iter().copied()),
        linear_norm: yardstick.norm(yardstick.linear.iter().map(|j| j * gamma)),
        difference: yardstick
            .norm(delta_y.iter().zip(&yardstick.linear).map(|(dy, j)| dy - j * gamma)),
        quadratic: yardstick.norm(yardstick.curvature.iter().map(|c| 0.5 * c * gamma * gamma)),
        contacts_changed: now.len() + initial.len() - 2 * common,
        largest_displacement: path.distance(&point.positions, origin, point.rattler()),
        lowest_eigenvalue: path.work.lowest_eigenvalue(point),
        delta_y,
    }
}
