//! A solid at rest: at a minimum of its energy, with or without the factor of its Hessian.

use super::RelaxError;
use super::conjugate::Conjugate;
use super::forces::{Forces, stiffness};
use super::hessian::{Field, Hessian};
use crate::solid::Solid;
use crate::solid::contacts::{Bond, Contacts, load_factor, softening, virial_pressure};

/// max|F| that counts as relaxed, in units of the largest pair curvature (and relative to the load where it is
/// small).
const FORCE_ACCEPTED: f64 = 2e-13;

/// The rounding of a force, in the same units and per unit of length of the longest edge: a
/// coordinate of that size is rounded by ε/2, a separation by twice that, and a force sums over some
/// ten bonds.
const FORCE_ROUNDING: f64 = 4.0 * f64::EPSILON;

/// A solid at its energy minimum: its bonds, its factorised Hessian and what is left of the forces.
#[derive(Clone)]
pub struct Equilibrium<const D: usize> {
    pub contacts: Contacts<D>,
    pub hessian: Hessian<D>,
    /// p = −tr s / d [energy/length^d].
    pub pressure: f64,
    /// max_i |F_i| [energy/length].
    pub max_force: f64,
}

/// A solid at its energy minimum, whose Hessian is factored only where that is cheap, or asked for.
pub struct Rest<const D: usize> {
    pub contacts: Contacts<D>,
    /// p = −tr s / d [energy/length^d].
    pub pressure: f64,
    max_force: f64,
    /// Of this minimum where it is `factored`, else one to be used again.
    hessian: Option<Hessian<D>>,
    factored: bool,
}

impl<const D: usize> Rest<D> {
    pub(super) fn new(
        solid: &Solid<D>,
        forces: &mut Forces<D>,
        contacts: Contacts<D>,
        hessian: Option<Hessian<D>>,
        factored: bool,
    ) -> Result<Self, RelaxError> {
        forces.evaluate(solid);
        let max_force = forces.max_norm();
        let pressure = virial_pressure(solid, &contacts.bonds);
        let accepted = accepted_force(solid, &contacts.bonds);
        if !(max_force <= accepted) {
            return Err(RelaxError::NotConverged { max_force, accepted });
        }
        Ok(Self { contacts, pressure, max_force, hessian, factored })
    }

    /// Solves H x = b in place: with the factor, or to a share of max|b|.
    ///
    /// # Errors
    /// [`RelaxError::NotRigid`].
    pub fn solve(
        &mut self,
        solid: &Solid<D>,
        field: &mut Field<D>,
        share: f64,
    ) -> Result<(), RelaxError> {
        if !self.factored {
            let gradients = Conjugate::new(&solid.interactions.potential, &self.contacts);
            if let Some(solution) = gradients.and_then(|way| way.solve(field, share)) {
                *field = solution;
                return Ok(());
            }
        }
        self.factor(solid)?.solve_one(field);
        Ok(())
    }

    fn factor(&mut self, solid: &Solid<D>) -> Result<&mut Hessian<D>, RelaxError> {
        if !self.factored {
            factor_for(&mut self.hessian, solid, &self.contacts)?;
            self.factored = true;
        }
        self.hessian.as_mut().ok_or(RelaxError::Unjammed)
    }

    /// With its factor.
    ///
    /// # Errors
    /// [`RelaxError::NotRigid`].
    pub fn rigid(mut self, solid: &Solid<D>) -> Result<Equilibrium<D>, RelaxError> {
        self.factor(solid)?;
        let Self { contacts, pressure, max_force, hessian, .. } = self;
        let hessian = hessian.ok_or(RelaxError::Unjammed)?;
        Ok(Equilibrium { contacts, hessian, pressure, max_force })
    }
}

/// max|F| that a relaxed solid may have [energy/length]: it covers every particle.
pub fn accepted_force<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> f64 {
    let scale = if solid.springs.is_some() { 1.0 } else { load_factor(solid, bonds) };
    let rounding = FORCE_ROUNDING * (1.0 + solid.cell.edges().max());
    (FORCE_ACCEPTED * scale).max(rounding) * stiffness(solid) * softening(solid, bonds)
}

/// A factor for these contacts, on the pattern that is there where that covers them.
pub(super) fn factor_for<'a, const D: usize>(
    hessian: &'a mut Option<Hessian<D>>,
    solid: &Solid<D>,
    contacts: &Contacts<D>,
) -> Result<&'a mut Hessian<D>, RelaxError> {
    match hessian.take_if(|old| old.covers(contacts)) {
        Some(mut old) => {
            old.factorise(&solid.interactions.potential, &contacts.bonds)?;
            Ok(hessian.insert(old))
        }
        None => Ok(hessian.insert(Hessian::factorised(solid, contacts)?)),
    }
}
