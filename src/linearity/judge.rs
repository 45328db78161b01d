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

use super::cause::Cause;
use super::corrector::RETURNED;
use super::jump::{JUMP, NO_JUMP};
use super::path::Path;
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

/// Lets FIRE decide about the step from where the path is to γ; jumps are measured by the step that is
/// predicted for `width` of γ.
pub fn judge<const D: usize>(path: &mut Path<'_, D>, gamma: f64, width: f64) -> Verdict<D> {
    let forward = match path.relax_to(gamma) {
        Ok(point) => point,
        Err(error) => return Verdict::Lost(cause_of(&error)),
    };
    if !jumps(path, &forward, width) || returns(path, &forward) {
        return Verdict::Continuous(forward);
    }
    Verdict::Rearranged(forward)
}

/// Has the solid moved by nine predicted steps of this width more than its response explains? (Ten times
/// as far as predicted, where the step is as long.)
fn jumps<const D: usize>(path: &Path<'_, D>, forward: &Point<D>, width: f64) -> bool {
    let explained =
        path.response(forward) * (forward.gamma - path.here.gamma + (JUMP - 1.0) * width);
    let moved = path.distance(&forward.positions, &path.here.positions, forward.rattler());
    !(moved <= explained + NO_JUMP * path.work.smallest_diameter)
}

/// Does FIRE lead back from a state to where the path is?
fn returns<const D: usize>(path: &mut Path<'_, D>, forward: &Point<D>) -> bool {
    let Ok(back) = path.work.relax_from(&forward.positions, path.here.gamma) else { return false };
    let rattler: Vec<bool> =
        forward.rattler().iter().zip(back.rattler()).map(|(&a, &b)| a || b).collect();
    let off = path.distance(&back.positions, &path.here.positions, &rattler);
    off <= RETURNED * path.work.smallest_diameter
}
