//! Structural rearrangements: irreversible jumps to another minimum.
//!
//! Between γ and γ(1 + 1e-3) FIRE relaxes forward from the state at γ. Where the solid moves more
//! than ten times as far as the response predicts, FIRE relaxes back; where it then does not return
//! to within 1e-6 of the smallest diameter (modulo translation, rattlers excluded), the solid has
//! rearranged. A jump that returns is a reversible kink.
//!
//! Close to an instability w = dr/dγ grows without limit and would explain any jump, so what is
//! predicted is the smaller one of the responses on both sides of the step.

use crate::relax::RelaxError;
use crate::relax::forces::max_norm;

use super::cause::Cause;
use super::jump::{JUMP, NO_JUMP};
use super::path::{Path, RETURNED};
use super::state::Point;

/// What FIRE says about a small step.
pub enum Verdict<const D: usize> {
    /// The solid follows, perhaps with a reversible kink.
    Continuous(Point<D>),
    /// It jumped and does not return.
    Rearranged(Point<D>),
    /// There is no solid at the end of the step.
    Lost(Cause),
}

/// The cause that a failed relaxation stands for.
pub fn cause_of(error: &RelaxError) -> Cause {
    match error {
        RelaxError::Unjammed | RelaxError::NotRigid => Cause::LostRigidity,
        RelaxError::Solid(_) => Cause::ParameterOutOfRange,
        _ => Cause::NotConverged,
    }
}

impl<const D: usize> Path<'_, D> {
    /// Lets FIRE decide about the step from `here` to γ.
    pub fn judge(&mut self, gamma: f64) -> Verdict<D> {
        let start = self.here.positions.clone();
        let forward = match self.relax_from(&start, gamma) {
            Ok(point) => point,
            Err(error) => return Verdict::Lost(cause_of(&error)),
        };
        self.judged(forward)
    }

    /// Is a state further from `here` than ten predicted steps?
    fn jumps(&self, forward: &Point<D>) -> bool {
        let response = max_norm(&self.here.velocity).min(max_norm(&forward.velocity));
        let predicted = response * (forward.gamma - self.here.gamma);
        let rattler = &forward.equilibrium.contacts.rattler;
        let moved = self.distance(&forward.positions, &self.here.positions, rattler);
        !(moved <= JUMP * predicted + NO_JUMP * self.smallest_diameter())
    }

    /// Decides about a state that was relaxed forward from `here`.
    pub fn judged(&mut self, forward: Point<D>) -> Verdict<D> {
        let diameter = self.smallest_diameter();
        let rattler = forward.equilibrium.contacts.rattler.clone();
        if !self.jumps(&forward) {
            return Verdict::Continuous(forward);
        }
        match self.relax_from(&forward.positions, self.here.gamma) {
            Ok(back) => {
                let mut ignored = rattler;
                for (flag, &rattles) in ignored.iter_mut().zip(&back.equilibrium.contacts.rattler) {
                    *flag |= rattles;
                }
                let off = self.distance(&back.positions, &self.here.positions, &ignored);
                if off <= RETURNED * diameter {
                    Verdict::Continuous(forward)
                } else {
                    Verdict::Rearranged(forward)
                }
            }
            Err(_) => Verdict::Rearranged(forward),
        }
    }
}
