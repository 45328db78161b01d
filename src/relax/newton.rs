//! Newton's polish of a nearly relaxed solid down to the rounding floor of its forces.

use super::RelaxError;
use super::fire::{self, FireSettings, Outcome};
use super::forces::{Forces, max_norm, stiffness};
use super::hessian::{Field, Hessian};
use super::holes::centre_rattlers;
use crate::solid::contacts::{Bond, Contacts, LOW_PRESSURE, virial_pressure};
use crate::solid::{Solid, Vector};

/// max|F| at which the polish stops, in units of the largest pair curvature: a few roundings.
pub const FORCE_FLOOR: f64 = 3e-15;

/// max|F| that counts as relaxed, in the same units (and relative to p below [`LOW_PRESSURE`]).
const FORCE_ACCEPTED: f64 = 2e-13;

/// The least max|F| that may be asked for, in the same units: the rounding of the coordinates.
const FORCE_ROUNDING: f64 = 1e-14;

/// Newton's method starts at max|F| below this [k/length]; it then ends in the minimum that FIRE
/// would find (200 of 200 solids; at ten times more 198).
const NEWTON_BASIN: f64 = 1e-5;

/// FIRE hands over to Newton at this max|F| [k/length] when it starts from afar.
pub const FIRE_TOLERANCE: f64 = 1e-10;

/// The forces must fall by this factor per step for the last factor to serve again.
const CHORD_RATE: f64 = 0.05;

/// Newton steps before giving up.
const MAX_STEPS: usize = 25;

/// A solid at its energy minimum: its bonds, its factorised Hessian and what is left of the forces.
pub struct Equilibrium<const D: usize> {
    pub contacts: Contacts<D>,
    pub hessian: Hessian<D>,
    /// p = −tr s / d [energy/length^d].
    pub pressure: f64,
    /// max_i |F_i| [energy/length].
    pub max_force: f64,
}

/// Forces on the backbone, −∂U/∂r, shape (N,).
pub fn bond_forces<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>], out: &mut Field<D>) {
    let potential = &solid.interactions.potential;
    out.clear();
    out.resize(solid.len(), Vector::zeros());
    for bond in bonds {
        let (_, slope) = potential.energy_and_slope(&bond.pair, bond.distance);
        let force = bond.separation * (-slope / bond.distance);
        out[bond.i] += force;
        out[bond.j] -= force;
    }
}

/// The factor by which force tolerances shrink at low pressure.
pub fn low_pressure_factor(pressure: f64) -> f64 {
    (pressure.abs() / LOW_PRESSURE).clamp(1e-6, 1.0)
}

/// Takes a solid that is close to its minimum down to the rounding floor.
///
/// # Errors
/// [`RelaxError::Unjammed`] without a backbone, [`RelaxError::NotRigid`] where H is not positive
/// definite, [`RelaxError::NotConverged`] where the forces stop decreasing too early.
pub fn polish<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
) -> Result<Equilibrium<D>, RelaxError> {
    let unit = stiffness(solid);
    forces.refresh(solid);
    let mut contacts = Contacts::find(solid, forces.candidates());
    if contacts.rattler_count() > 0 {
        centre_rattlers(solid, &contacts.rattler);
        forces.rebuild(solid);
        contacts = Contacts::find(solid, forces.candidates());
    }
    let mut force = Vec::new();
    let mut hessian: Option<Hessian<D>> = None;
    let mut factored: Vec<(usize, usize)> = Vec::new();
    let mut previous = f64::INFINITY;
    let mut best: Option<(f64, Vec<Vector<D>>)> = None;
    for _ in 0..MAX_STEPS {
        bond_forces(solid, &contacts.bonds, &mut force);
        let max_force = max_norm(&force);
        if !max_force.is_finite() {
            return Err(RelaxError::NotFinite);
        }
        if best.as_ref().is_none_or(|(least, _)| max_force < *least) {
            best = Some((max_force, solid.positions.clone()));
        }
        if max_force <= FORCE_FLOOR * unit || max_force > 0.5 * previous {
            break;
        }
        // The last factor serves again while it makes the forces fall and the bonds are the same.
        let pairs = contacts.bonds.iter().map(|bond| (bond.i, bond.j));
        let current =
            max_force < CHORD_RATE * previous && pairs.clone().eq(factored.iter().copied());
        previous = max_force;
        let factor = match &mut hessian {
            Some(factor) if current => factor,
            _ => {
                factored = pairs.collect();
                factor_for(&mut hessian, solid, &contacts)?
            }
        };
        factor.solve_one(&mut force);
        for (position, step) in solid.positions.iter_mut().zip(&force) {
            *position += step;
        }
        forces.refresh(solid);
        contacts = Contacts::find(solid, forces.candidates());
    }
    if let Some((_, positions)) = best {
        solid.positions = positions;
    }
    finish(solid, forces, hessian)
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
    forces.rebuild(solid);
    let contacts = Contacts::find(solid, forces.candidates());
    let mut hessian = hessian;
    factor_for(&mut hessian, solid, &contacts)?;
    let Some(hessian) = hessian else {
        return Err(RelaxError::Unjammed);
    };
    forces.evaluate(solid);
    let max_force = forces.max_norm();
    let pressure = virial_pressure(solid, &contacts.bonds);
    let unit = stiffness(solid);
    let scale = if solid.springs.is_some() { 1.0 } else { low_pressure_factor(pressure) };
    let accepted = (FORCE_ACCEPTED * scale).max(FORCE_ROUNDING) * unit;
    if !(max_force <= accepted) {
        return Err(RelaxError::NotConverged { max_force, accepted });
    }
    Ok(Equilibrium { contacts, hessian, pressure, max_force })
}

fn factor_for<'a, const D: usize>(
    hessian: &'a mut Option<Hessian<D>>,
    solid: &Solid<D>,
    contacts: &Contacts<D>,
) -> Result<&'a mut Hessian<D>, RelaxError> {
    let reusable = hessian.as_ref().is_some_and(|old| {
        old.covers(&contacts.bonds) && old.backbone().len() == contacts.backbone_count()
    });
    if !reusable {
        *hessian = None;
    }
    match hessian {
        Some(old) => {
            old.factorise(&solid.interactions.potential, &contacts.bonds)?;
            Ok(old)
        }
        empty => Ok(empty.insert(Hessian::factorised(solid, contacts)?)),
    }
}

/// Relaxes a solid from wherever it is: FIRE, then the polish.
///
/// # Errors
/// As [`polish`]; also where FIRE runs out of steps or the forces stop being finite.
pub fn relax<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
) -> Result<Equilibrium<D>, RelaxError> {
    forces.rebuild(solid);
    forces.evaluate(solid);
    let bonds = crate::solid::contacts::interacting_pairs(solid, forces.candidates());
    let scale = low_pressure_factor(virial_pressure(solid, &bonds));
    if forces.max_norm() <= NEWTON_BASIN * scale {
        let start = solid.positions.clone();
        match polish(solid, forces) {
            Ok(equilibrium) => return Ok(equilibrium),
            Err(_) => solid.positions = start,
        }
        forces.rebuild(solid);
    }
    descend(solid, forces, scale)
}

/// Relaxes a solid by FIRE from wherever it is, then polishes: the plain protocol.
///
/// # Errors
/// As [`relax`].
pub fn relax_by_fire<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
) -> Result<Equilibrium<D>, RelaxError> {
    forces.rebuild(solid);
    let bonds = crate::solid::contacts::interacting_pairs(solid, forces.candidates());
    let scale = low_pressure_factor(virial_pressure(solid, &bonds));
    descend(solid, forces, scale)
}

fn descend<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    scale: f64,
) -> Result<Equilibrium<D>, RelaxError> {
    for tolerance in [FIRE_TOLERANCE, FIRE_TOLERANCE * 1e-2] {
        let limit = tolerance * scale;
        match fire::minimise(solid, forces, limit, &FireSettings::DEFAULT) {
            Outcome::Converged => {}
            Outcome::Exhausted => {
                return Err(RelaxError::NotConverged {
                    max_force: forces.max_norm(),
                    accepted: limit,
                });
            }
            Outcome::NotFinite => return Err(RelaxError::NotFinite),
        }
        if let Ok(equilibrium) = polish(solid, forces) {
            return Ok(equilibrium);
        }
    }
    polish(solid, forces)
}
