//! The step back: whether a solid returns to the state that it came from.

use super::corrector::Corrector;
use super::predictor::Prediction;
use super::state::{Point, distance};

/// Distance from the old state within which a step back has returned [smallest diameter].
pub const RETURNED: f64 = 1e-6;

/// Corrections allowed for the step back; they use the old state's factor.
const BACK_CORRECTIONS: usize = 6;

impl<const D: usize> Corrector<'_, D> {
    /// Does correcting from where the solid is expected lead back to a state of it? With the factor of that
    /// state; where pairs stand on the other side of σ than they do there, with their own.
    pub fn returns(&mut self, to: &Point<D>, expected: Prediction<D>, moved: f64) -> bool {
        let reach = moved + RETURNED * self.smallest_diameter;
        self.place(to.gamma, expected.positions.clone());
        if self.returns_by_chord(to, reach) {
            return true;
        }
        self.place(to.gamma, expected.positions);
        let Ok(equilibrium) = self.correct_by_newton(to, reach) else { return false };
        self.recycle(equilibrium.hessian);
        self.off(to) <= RETURNED * self.smallest_diameter
    }

    /// Corrections of the working solid with the factor of the state that it is to return to.
    fn returns_by_chord(&mut self, to: &Point<D>, reach: f64) -> bool {
        let mut rattler = to.rattler().to_vec();
        for _ in 0..BACK_CORRECTIONS {
            if self.off(to) <= RETURNED * self.smallest_diameter {
                return true;
            }
            if !(self.off(to) <= reach) {
                return false;
            }
            self.look(&mut rattler);
            self.step(&to.equilibrium.hessian);
        }
        false
    }

    /// How far the backbone of the working solid is from a state of it [length].
    fn off(&self, state: &Point<D>) -> f64 {
        distance(&self.solid.positions, &state.positions, state.rattler(), state.rattler())
    }
}
