//! Structural rearrangements: irreversible jumps to another minimum.
//!
//! Between γ and γ(1 + 1e-3) FIRE relaxes forward from the state at γ. A jump is where the solid moves
//! more than ten times as far as the response predicts. It is irreversible, and the solid has rearranged,
//! where it still does not come back (to within 1e-6 of the smallest diameter, modulo translation,
//! rattlers excluded) when γ has been taken back by as much as the step is wide: the hysteresis is wider
//! than that. Else it is a reversible kink. Where in the step the jump is found does not matter. On the
//! way back the solid is followed beyond the jump as anywhere on a path: by steps that are believed, and
//! by FIRE where one is not.
//!
//! Close to an instability w = dr/dγ grows without limit and would explain any jump, so what is
//! predicted is the smaller one of the responses on both sides of the step.

use crate::relax::RelaxError;

use super::cause::Cause;
use super::jump::{JUMP, NO_JUMP};
use super::path::Path;
use super::returning::RETURNED;
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
    let mut forward = match path.relax_to(gamma) {
        Ok(point) => point,
        Err(error) => return Verdict::Lost(cause_of(&error)),
    };
    if !jumps(path, &forward, width) || returns(path, &mut forward, width) {
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
fn returns<const D: usize>(path: &mut Path<'_, D>, forward: &mut Point<D>, width: f64) -> bool {
    let here = path.here.gamma;
    // The jump lies beyond `here`: what does not return so far below does not return within the width.
    if !leads_back(path, forward, here - width) {
        return false;
    }
    if leads_back(path, forward, here) {
        return true;
    }
    let mut nearest = locate(path, forward, width);
    let beyond = nearest.as_mut().unwrap_or(forward);
    let gamma = beyond.gamma - width;
    leads_back(path, beyond, gamma)
}

/// Does the way over this γ lead from a state beyond a jump back to where the path is?
fn leads_back<const D: usize>(path: &mut Path<'_, D>, beyond: &mut Point<D>, gamma: f64) -> bool {
    let here = path.here.gamma;
    let way = [gamma.max(0.0), here];
    let straight = usize::from(way[0] == here);
    std::mem::swap(&mut path.here, beyond);
    let reached = followed(path, &way[straight..]);
    std::mem::swap(&mut path.here, beyond);
    let Some(reached) = reached else { return false };
    let off = path.distance(&reached.positions, &path.here.positions, reached.rattler());
    path.discard(reached);
    off <= RETURNED * path.work.smallest_diameter
}

/// The solid at the last of these γ, followed from where the path is; the path stays there.
fn followed<const D: usize>(path: &mut Path<'_, D>, gammas: &[f64]) -> Option<Point<D>> {
    let (&gamma, further) = gammas.split_first()?;
    let mut point = match path.try_step(gamma) {
        Ok(trial) => trial.point,
        Err(_) => path.relax_to(gamma).ok()?,
    };
    if further.is_empty() {
        return Some(point);
    }
    std::mem::swap(&mut path.here, &mut point);
    let end = followed(path, further);
    std::mem::swap(&mut path.here, &mut point);
    path.discard(point);
    end
}

/// The state just beyond a jump on the way to a state, if it is another one.
fn locate<const D: usize>(
    path: &mut Path<'_, D>,
    forward: &Point<D>,
    width: f64,
) -> Option<Point<D>> {
    let (mut before, mut beyond) = (path.here.gamma, forward.gamma);
    let mut nearest = None;
    while beyond - before > LOCATED * width {
        let middle = 0.5 * (before + beyond);
        match path.relax_to(middle) {
            Ok(point) if jumps(path, &point, width) => {
                beyond = middle;
                nearest = Some(point);
            }
            Ok(point) => {
                before = middle;
                path.discard(point);
            }
            Err(_) => break,
        }
    }
    nearest
}
