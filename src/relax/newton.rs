//! Newton's polish of a nearly relaxed solid down to the rounding floor of its forces.
//!
//! The energy is C¹: u'' jumps at r = σ, with attraction by up to several hundred times. Where a
//! bond crosses σ the full step can overshoot; a line search on the slope of the energy (its values
//! are rounding here) then finds the set of bonds on either side of σ.

use super::RelaxError;
use super::conjugate::{Conjugate, cheaper};
use super::fire::{self, Ending, FireSettings};
use super::forces::{FORCE_FLOOR, Forces, max_norm, stiffness};
use super::hessian::{Field, Hessian, dot};
use super::line_search::{SLOPE_REDUCTION, minimum_along};
use super::rattlers::settle_rattlers;
use super::rest::factor_for;
pub use super::rest::{Equilibrium, Rest, accepted_force};
use crate::solid::contacts::{Bond, Contacts, interacting_pairs, load_factor, softening};
use crate::solid::{Solid, Vector};

/// Newton's method starts at max|F| below this [largest k/length]; it then ends in the minimum that
/// FIRE would find (200 of 200 solids; at ten times more 198).
const NEWTON_BASIN: f64 = 1e-5;

/// FIRE that starts from afar hands soft solids over to Newton at this max|F| [largest k/length], well within the
/// basin: it saves a tenth to a quarter of the steps and hardly costs a factor, as the first one serves again.
const HAND_OVER: f64 = 1e-7;

/// The same for attractive solids, in the plain protocol, and where Newton's method has failed from there.
pub const FIRE_TOLERANCE: f64 = 1e-10;

/// The forces must fall by this factor per step for the last factor to serve again.
const CHORD_RATE: f64 = 0.05;

/// The forces fall by this factor in a step that needs no line search.
const GOOD_STEP: f64 = 0.5;

/// Newton steps before giving up, and those among them that may pass without a good one.
const MAX_STEPS: usize = 60;
const MAX_POOR_STEPS: usize = 12;

/// How exact a step is where it is solved for without a factor.
const STEP_ACCURACY: f64 = 1e-5;

/// How often the polish begins again because other particles rattle than it began with.
const RECLASSIFICATIONS: usize = 4;

/// Forces on the backbone, −∂U/∂r, shape (N,).
pub fn bond_forces<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>], out: &mut Field<D>) {
    out.clear();
    out.resize(solid.len(), Vector::zeros());
    for bond in bonds {
        let force = bond.separation * (-bond.slope / bond.distance);
        out[bond.i] += force;
        out[bond.j] -= force;
    }
}

/// Takes a solid that is close to its minimum down to the rounding floor. A Hessian that is not needed any
/// more may be passed: it serves again where its pattern covers the contacts.
///
/// # Errors
/// [`RelaxError::Unjammed`] without a backbone, [`RelaxError::NotRigid`] where H is not positive
/// definite, [`RelaxError::NotConverged`] where the forces stop decreasing too early.
pub fn polish<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    hessian: Option<Hessian<D>>,
) -> Result<Equilibrium<D>, RelaxError> {
    polish_to_rest(solid, forces, hessian)?.rigid(solid)
}

fn polish_to_rest<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    mut hessian: Option<Hessian<D>>,
) -> Result<Rest<D>, RelaxError> {
    hessian.iter_mut().for_each(|old| old.factorisations = 0);
    for _ in 0..RECLASSIFICATIONS {
        forces.refresh(solid);
        let rattler = Contacts::find(solid, forces.candidates()).rattler;
        settle_rattlers(solid, forces, &rattler);
        descend_by_newton(solid, forces, &rattler, &mut hessian)?;
        if settle_rattlers(solid, forces, &rattler) {
            forces.refresh(solid);
        }
        if Contacts::find(solid, forces.candidates()).rattler == rattler {
            break;
        }
    }
    rest(solid, forces, hessian, !cheaper(solid))
}

/// Newton's method on the backbone; ends at the best positions that it has seen.
fn descend_by_newton<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    rattler: &[bool],
    hessian: &mut Option<Hessian<D>>,
) -> Result<(), RelaxError> {
    let mut state = Backbone::of(solid, forces, rattler);
    let floor = FORCE_FLOOR * stiffness(solid) * softening(solid, &state.contacts.bonds);
    let accepted = accepted_force(solid, &state.contacts.bonds);
    let mut factored: Vec<(usize, usize)> = Vec::new();
    let mut previous = f64::INFINITY;
    let mut best = (f64::INFINITY, Vec::new());
    let mut poor_steps = 0;
    let mut by_factor = !cheaper(solid);
    for _ in 0..MAX_STEPS {
        let max_force = state.max_force();
        if !max_force.is_finite() {
            return Err(RelaxError::NotFinite);
        }
        if max_force < best.0 {
            best = (max_force, solid.positions.clone());
        }
        let poor = max_force > GOOD_STEP * previous;
        poor_steps += usize::from(poor);
        if max_force <= floor || (poor && max_force <= accepted) || poor_steps > MAX_POOR_STEPS {
            break;
        }
        let potential = &solid.interactions.potential;
        let gradients = if by_factor { None } else { Conjugate::new(potential, &state.contacts) };
        let solution = gradients.and_then(|way| way.solve(&state.force, STEP_ACCURACY));
        by_factor = solution.is_none();
        // The last factor serves again while it makes the forces fall and the bonds are the same.
        let pairs = state.contacts.bonds.iter().map(|bond| (bond.i, bond.j));
        let current =
            max_force < CHORD_RATE * previous && pairs.clone().eq(factored.iter().copied());
        previous = max_force;
        let step = match (solution, hessian.as_mut()) {
            (Some(step), _) => step,
            (None, Some(factor)) if current => factor.solved(&state.force),
            _ => {
                factored = pairs.collect();
                factor_for(hessian, solid, &state.contacts)?.solved(&state.force)
            }
        };
        state = state.after_step(solid, forces, &step);
    }
    solid.positions = best.1;
    Ok(())
}

/// The bonds between particles that do not rattle, and the forces that they exert.
struct Backbone<const D: usize> {
    contacts: Contacts<D>,
    force: Field<D>,
}

impl<const D: usize> Backbone<D> {
    fn of(solid: &Solid<D>, forces: &mut Forces<D>, rattler: &[bool]) -> Self {
        forces.refresh(solid);
        let contacts = Contacts::with_rattlers(solid, forces.candidates(), rattler.to_vec());
        let mut force = Vec::new();
        bond_forces(solid, &contacts.bonds, &mut force);
        Self { contacts, force }
    }

    fn max_force(&self) -> f64 {
        max_norm(&self.force)
    }

    /// −dU/dt along a step.
    fn slope(&self, step: &Field<D>) -> f64 {
        dot(&self.force, step)
    }

    /// Takes the step where it makes the forces fall, else goes to the minimum along it.
    fn after_step(self, solid: &mut Solid<D>, forces: &mut Forces<D>, step: &Field<D>) -> Self {
        let start = solid.positions.clone();
        let rattler = &self.contacts.rattler;
        let mut at = |t: f64| {
            for ((position, origin), step) in solid.positions.iter_mut().zip(&start).zip(step) {
                *position = origin + step * t;
            }
            Self::of(solid, forces, rattler)
        };
        let full = at(1.0);
        let slope = self.slope(step);
        if full.max_force() <= GOOD_STEP * self.max_force()
            || full.slope(step) >= -SLOPE_REDUCTION * slope
        {
            return full;
        }
        let best = minimum_along(slope, full.slope(step), |t| at(t).slope(step));
        at(best)
    }
}

/// Bonds, factor and residual forces of a solid exactly where it is.
///
/// # Errors
/// As [`polish`].
pub fn finish<const D: usize>(
    solid: &Solid<D>,
    forces: &mut Forces<D>,
    hessian: Option<Hessian<D>>,
) -> Result<Equilibrium<D>, RelaxError> {
    rest(solid, forces, hessian, true)?.rigid(solid)
}

/// A solid exactly where it is, factored or not.
fn rest<const D: usize>(
    solid: &Solid<D>,
    forces: &mut Forces<D>,
    mut hessian: Option<Hessian<D>>,
    factored: bool,
) -> Result<Rest<D>, RelaxError> {
    forces.rebuild(solid);
    let contacts = Contacts::find(solid, forces.candidates());
    if factored {
        factor_for(&mut hessian, solid, &contacts)?;
    } else if contacts.backbone_count() < 2 {
        return Err(RelaxError::Unjammed);
    }
    Rest::new(solid, forces, contacts, hessian, factored)
}

/// Relaxes a solid from wherever it is: FIRE, then the polish.
///
/// # Errors
/// As [`polish`]; also where FIRE runs out of steps or the forces stop being finite.
pub fn relax<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
) -> Result<Equilibrium<D>, RelaxError> {
    relax_to_rest(solid, forces)?.rigid(solid)
}

/// The same without the factor where that is dear.
///
/// # Errors
/// As [`relax`]; that a large solid is not rigid may show only when it is factored.
pub fn relax_to_rest<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
) -> Result<Rest<D>, RelaxError> {
    forces.rebuild(solid);
    forces.evaluate(solid);
    let (scale, start) = (force_unit(solid, forces), forces.max_norm());
    if start <= NEWTON_BASIN * scale
        && let Some(rest) = polished(solid, forces)
    {
        return Ok(rest);
    }
    // Attractive pairs still move across σ then, and Newton's method stalls: at N = 256 in a third of the solids.
    let fails_there = start <= HAND_OVER * scale;
    if !solid.interactions.attractive() && !fails_there {
        go_downhill(solid, forces, HAND_OVER * scale)?;
        if let Some(rest) = polished(solid, forces) {
            return Ok(rest);
        }
    }
    descend(solid, forces, scale, None)
}

/// The polish; where it fails, the solid is as it was before.
fn polished<const D: usize>(solid: &mut Solid<D>, forces: &mut Forces<D>) -> Option<Rest<D>> {
    let start = solid.positions.clone();
    let polished = polish_to_rest(solid, forces, None).ok();
    if polished.is_none() {
        solid.positions = start;
        forces.rebuild(solid);
    }
    polished
}

/// Relaxes a solid by FIRE from wherever it is, then polishes: the plain protocol. As in [`polish`], a Hessian
/// may be passed for reuse.
///
/// # Errors
/// As [`relax`].
pub fn relax_by_fire<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    hessian: Option<Hessian<D>>,
) -> Result<Equilibrium<D>, RelaxError> {
    forces.rebuild(solid);
    let scale = force_unit(solid, forces);
    descend(solid, forces, scale, hessian)?.rigid(solid)
}

/// The unit of FIRE's tolerances [energy/length]: the largest k, less where the load is small or the
/// pairs are soft.
fn force_unit<const D: usize>(solid: &Solid<D>, forces: &Forces<D>) -> f64 {
    let bonds = interacting_pairs(solid, forces.candidates());
    load_factor(solid, &bonds) * softening(solid, &bonds) * solid.interactions.energy_unit()
}

fn descend<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    scale: f64,
    mut hessian: Option<Hessian<D>>,
) -> Result<Rest<D>, RelaxError> {
    for tolerance in [FIRE_TOLERANCE, FIRE_TOLERANCE * 1e-2] {
        go_downhill(solid, forces, tolerance * scale)?;
        if let Ok(rest) = polish_to_rest(solid, forces, hessian.take()) {
            return Ok(rest);
        }
    }
    polish_to_rest(solid, forces, None)
}

/// FIRE until max|F| is below a limit [energy/length].
fn go_downhill<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    limit: f64,
) -> Result<(), RelaxError> {
    match fire::minimise(solid, forces, limit, &FireSettings::DEFAULT, None) {
        Ending::Converged => Ok(()),
        Ending::Exhausted => {
            Err(RelaxError::NotConverged { max_force: forces.max_norm(), accepted: limit })
        }
        Ending::NotFinite => Err(RelaxError::NotFinite),
    }
}
