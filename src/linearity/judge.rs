//! Structural rearrangements: irreversible jumps to another minimum.
//!
//! Between γ and γ(1 + 1e-3) FIRE relaxes forward from the state at γ. A jump is where the solid moves
//! more than ten times as far as the response predicts. It is irreversible, and the solid has rearranged,
//! where FIRE still does not lead back (to within 1e-6 of the smallest diameter, modulo translation,
//! rattlers excluded) when γ has been taken back by as much as the step is wide: the hysteresis is wider
//! than that. Else it is a reversible kink. Where in the step the jump is found does not matter.
//!
//! Close to an instability w = dr/dγ grows without limit and would explain any jump, so what is
//! predicted is the smaller one of the responses on both sides of the step.

use crate::relax::RelaxError;
use crate::relax::hessian::Field;

use super::cause::Cause;
use super::corrector::RETURNED;
use super::jump::{JUMP, NO_JUMP};
use super::path::Path;
use super::state::Point;

/// A jump is located to this share of the judged width where its hysteresis is about as wide.
const LOCATED: f64 = 1.0 / 64.0;

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
    if !jumps(path, &forward, width) || returns(path, &forward, width) {
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

/// Does a jump return within `width` of γ?
fn returns<const D: usize>(path: &mut Path<'_, D>, forward: &Point<D>, width: f64) -> bool {
    let here = path.here.gamma;
    // The jump lies beyond `here`: what does not return so far below does not return within the width.
    if !leads_back(path, &forward.positions, here - width) {
        return false;
    }
    leads_back(path, &forward.positions, here) || {
        let (gamma, positions) = locate(path, forward, width);
        leads_back(path, &positions, gamma - width)
    }
}

/// Does FIRE lead from these positions to where the path is, over this γ?
fn leads_back<const D: usize>(path: &mut Path<'_, D>, positions: &Field<D>, gamma: f64) -> bool {
    let (here, gamma) = (path.here.gamma, gamma.max(0.0));
    let mut back = path.work.relax_from(positions, gamma);
    if gamma != here {
        back = back.and_then(|over| path.work.relax_from(&over.positions, here));
    }
    let Ok(back) = back else { return false };
    let off = path.distance(&back.positions, &path.here.positions, back.rattler());
    off <= RETURNED * path.work.smallest_diameter
}

/// The γ just beyond a jump on the way to a state, and the positions there.
fn locate<const D: usize>(
    path: &mut Path<'_, D>,
    forward: &Point<D>,
    width: f64,
) -> (f64, Field<D>) {
    let mut before = path.here.gamma;
    let (mut beyond, mut positions) = (forward.gamma, forward.positions.clone());
    while beyond - before > LOCATED * width {
        let middle = 0.5 * (before + beyond);
        match path.relax_to(middle) {
            Ok(point) if jumps(path, &point, width) => {
                (beyond, positions) = (middle, point.positions.clone());
                path.discard(point);
            }
            Ok(point) => {
                before = middle;
                path.discard(point);
            }
            Err(_) => break,
        }
    }
    (beyond, positions)
}
