//! Following a solid along θ₀ + γ Δθ̂ at fixed box: predictor from the exact response (`predictor`),
//! corrector by Newton's method (`corrector`), and the conditions under which a step is believed.
//!
//! A step from γ to γ' is accepted only if
//! * the corrected state is stable (its Hessian factors) and no particle feels a force,
//! * the correction is small against the predicted displacement w dγ,
//! * the responses at both ends explain how far the solid has moved, and
//! * predicting back from the new state and correcting there returns to the old one.
//!
//! How far they explain it: let P be the state that is predicted for γ' from the state r at γ, and
//! P' the one that is predicted back for γ from the state r' at γ', both through contact changes.
//! Where the path is smooth, r' − P and r − P' are both ½ r'' (γ' − γ)² to leading order; where a
//! solid has jumped by Δ on the way, they are Δ and −Δ. So
//!
//! ```text
//! ½ |(r' − P) − (r − P')|
//! ```
//!
//! is of third order on a smooth path (without contact changes it is the error of the trapezoid rule,
//! |r' − r − ½ (γ' − γ)(w + w')|), and the jump where there is one, even one that returns.
//!
//! Whoever is refused takes a smaller step; at the smallest step FIRE decides (`judge`).

use crate::relax::RelaxError;
use crate::relax::forces::{Forces, max_norm};
use crate::relax::hessian::Field;
use crate::relax::newton::{Equilibrium, finish};
use crate::solid::Solid;

use super::corrector::Corrector;
use super::jump;
use super::predictor::Prediction;
use super::problem::SweepProblem;
use super::rolling::place_predicted;
use super::state::{Point, Refusal, distance};

/// Largest correction that is accepted, in units of the largest predicted displacement.
const CORRECTION: f64 = 0.35;

/// Displacements below this [length] are never refused: rounding, or directions that move nothing.
const DISPLACEMENT_FLOOR: f64 = 1e-9;

/// Share of the way to a predicted contact change or instability that is gone in one step from afar.
pub(super) const APPROACH: f64 = 0.9;

/// A contact change or instability is near once it is predicted within this share of its γ.
pub(super) const NEAR: f64 = 0.05;

/// The path stops this far before a predicted instability, in units of the smallest step, and FIRE
/// decides across it.
const BEFORE_INSTABILITY: f64 = 0.3;

/// A solid on its way along a direction.
pub struct Path<'a, const D: usize> {
    pub work: Corrector<'a, D>,
    /// The state that the path has reached.
    pub here: Point<D>,
}

/// A step that is believed.
pub struct Trial<const D: usize> {
    pub point: Point<D>,
    /// The correction in units of the predicted displacement.
    pub correction: f64,
}

impl<'a, const D: usize> Path<'a, D> {
    /// Starts at γ = 0.
    ///
    /// # Errors
    /// [`RelaxError`] where the solid is not at its minimum.
    pub fn new(problem: &'a SweepProblem<'a, D>) -> Result<Self, RelaxError> {
        let mut forces = Forces::new(problem.solid);
        let equilibrium = finish(problem.solid, &mut forces, None)?;
        Ok(Self::at_minimum(problem, forces, equilibrium))
    }

    /// Starts at γ = 0 with what is known of the solid there.
    pub fn at_minimum(
        problem: &'a SweepProblem<'a, D>,
        forces: Forces<D>,
        equilibrium: Equilibrium<D>,
    ) -> Self {
        let work = Corrector::new(problem, forces);
        let here = work.point(0.0, equilibrium);
        Self { work, here }
    }

    /// Where the solid is expected at γ.
    pub fn predict(&mut self, gamma: f64) -> Prediction<D> {
        self.work.predict(&self.here, gamma)
    }

    /// Where the solid is expected at γ, or before the instability that is met on the way there; `None`
    /// where the instability is within the `smallest` step.
    pub fn predict_stable(&mut self, gamma: f64, smallest: f64) -> Option<Prediction<D>> {
        let prediction = self.predict(gamma);
        let Some(unstable) = prediction.unstable else { return Some(prediction) };
        let here = self.here.gamma;
        let ahead = unstable - here;
        let before = if ahead > NEAR * unstable {
            here + APPROACH * ahead
        } else {
            unstable - BEFORE_INSTABILITY * smallest
        };
        (before - here > BEFORE_INSTABILITY * smallest).then(|| self.predict(before))
    }

    /// Tries to step to γ. The path stays where it is: pass the point to [`Path::advance`].
    ///
    /// # Errors
    /// [`Refusal`] where the step is not believed.
    pub fn try_step(&mut self, gamma: f64) -> Result<Trial<D>, Refusal> {
        let predicted = self.predict(gamma);
        self.try_predicted(&predicted)
    }

    /// Tries to step to where the solid is expected.
    ///
    /// # Errors
    /// [`Refusal`] where the step is not believed.
    pub fn try_predicted(&mut self, predicted: &Prediction<D>) -> Result<Trial<D>, Refusal> {
        let moved = predicted.moved;
        let point = self.corrected(predicted)?;
        let correction = self.distance(&predicted.positions, &point.positions, point.rattler());
        let back = self.work.predict(&point, self.here.gamma);
        let refusal = if !(self.unexplained(predicted, &point, &back) <= self.allowed(&point)) {
            Some(Refusal::Jumped)
        } else if !self.work.returns(&self.here, back, moved) {
            Some(Refusal::NoReturn)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.discard(point);
            return Err(refusal);
        }
        Ok(Trial { point, correction: if moved > 0.0 { correction / moved } else { 0.0 } })
    }

    /// The solid at γ, within a step from here that is believed: nothing jumps there, so the minimum that lies
    /// near where the solid is expected is the solid's.
    ///
    /// # Errors
    /// [`Refusal`] where there is none.
    pub fn step_aside(&mut self, gamma: f64) -> Result<Point<D>, Refusal> {
        let predicted = self.predict(gamma);
        if predicted.unstable.is_some() {
            return Err(Refusal::Unstable);
        }
        self.corrected(&predicted)
    }

    /// The minimum near where the solid is expected.
    fn corrected(&mut self, predicted: &Prediction<D>) -> Result<Point<D>, Refusal> {
        place_predicted(&mut self.work, &self.here, predicted);
        let reach = CORRECTION * predicted.moved + DISPLACEMENT_FLOOR;
        let corrected = self.work.correct(&self.here, reach)?;
        self.work.corrected_point(predicted.gamma, corrected)
    }

    /// ½ max|(r' − P) − (r − P')|, see the head of this file.
    fn unexplained(&self, there: &Prediction<D>, point: &Point<D>, back: &Prediction<D>) -> f64 {
        let sum = |a: &Field<D>, b: &Field<D>| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let found: Field<D> = sum(&point.positions, &back.positions);
        let expected: Field<D> = sum(&there.positions, &self.here.positions);
        0.5 * self.distance(&found, &expected, point.rattler())
    }

    /// The smaller one of max|dr/dγ| where the path is and at a point.
    pub(super) fn response(&self, point: &Point<D>) -> f64 {
        max_norm(&self.here.velocity).min(max_norm(&point.velocity))
    }

    /// How much of a step to a point may stay unexplained.
    fn allowed(&self, point: &Point<D>) -> f64 {
        let diameter = self.work.smallest_diameter;
        jump::allowed(self.here.gamma, point.gamma, self.response(point), diameter)
    }

    /// Moves the path to a point.
    pub fn advance(&mut self, point: Point<D>) {
        self.work.counters.steps += 1;
        let old = std::mem::replace(&mut self.here, point);
        self.discard(old);
    }

    /// Gives a point that is not wanted back for reuse.
    pub fn discard(&mut self, point: Point<D>) {
        self.work.recycle(point.equilibrium.hessian);
    }

    /// Relaxes at γ by FIRE from where the path is.
    ///
    /// # Errors
    /// [`RelaxError`] where no minimum is found.
    pub fn relax_to(&mut self, gamma: f64) -> Result<Point<D>, RelaxError> {
        self.work.relax_from(&self.here.positions, gamma)
    }

    /// Polishes a point to the rounding floor of its forces, for its features to be measured, and
    /// factors its Hessian there.
    ///
    /// # Errors
    /// [`RelaxError`] where the polish fails.
    pub fn polished(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        self.work.polished(point)
    }

    /// The same of a point that is believed; `None` where the polish leads to one with other rattlers: that has not
    /// been believed.
    pub fn polished_as_believed(
        &mut self,
        point: &mut Point<D>,
    ) -> Option<Result<&Solid<D>, RelaxError>> {
        let rattler = point.rattler().to_vec();
        let polished = self.work.polished(point);
        (point.rattler() == rattler).then_some(polished)
    }

    /// max_i |a_i − b_i| modulo translation, without the rattlers of `here` and of `rattler` [length].
    pub fn distance(&self, a: &Field<D>, b: &Field<D>, rattler: &[bool]) -> f64 {
        distance(a, b, rattler, self.here.rattler())
    }
}
