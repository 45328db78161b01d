//! Bringing a relaxed solid to a target pressure by changing its box isotropically.
//!
//! With every edge multiplied by 1 + e, p changes as dp/de = −d K − (d − 1) p, where
//! K = Σ_αβ C_ααββ / d² is the bulk modulus with the non-affine response included. Newton's
//! method on the edge, with the affine and the non-affine displacement as predictor of the
//! positions, needs two or three steps to 1e-8.

use super::RelaxError;
use super::forces::Forces;
use super::hessian::{Field, bond_stiffness};
use super::newton::{Equilibrium, relax};
use crate::solid::{Solid, Vector};

/// The largest relative change of the edges in one step.
const MAX_STRAIN: f64 = 0.01;

/// The strain tried where the bulk modulus is unusable.
const FALLBACK_STRAIN: f64 = 0.002;

/// Changes of the box before giving up.
const MAX_STEPS: usize = 120;

/// u_e = −H⁻¹ ∂²U/∂r∂e and (1/V) d²U/de² under a uniform expansion e.
pub fn expansion_response<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &Equilibrium<D>,
) -> (Field<D>, f64) {
    let potential = &solid.interactions.potential;
    let bonds = &equilibrium.contacts.bonds;
    let mut response = vec![Vector::zeros(); solid.len()];
    let mut curvature = 0.0;
    for bond in bonds {
        let (phi1, phi2) = bond_stiffness(potential, bond);
        let r = bond.separation;
        let coupling = phi1 + phi2 * r.norm_squared();
        response[bond.i] -= r * coupling;
        response[bond.j] += r * coupling;
        curvature += coupling * r.norm_squared();
    }
    equilibrium.hessian.solve_one(&mut response);
    for bond in bonds {
        let (phi1, phi2) = bond_stiffness(potential, bond);
        let r = bond.separation;
        let coupling = phi1 + phi2 * r.norm_squared();
        curvature += coupling * r.dot(&(response[bond.i] - response[bond.j]));
    }
    (response, curvature / solid.cell.volume())
}

/// Changes the box until |p/p_target − 1| < `tolerance`.
///
/// # Errors
/// [`RelaxError::PressureNotReached`], or what ended a relaxation on the way.
pub fn reach<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    target: f64,
    tolerance: f64,
) -> Result<Equilibrium<D>, RelaxError> {
    let dimension = D as f64;
    let mut reached = f64::NAN;
    for _ in 0..MAX_STEPS {
        let equilibrium = relax(solid, forces)?;
        reached = equilibrium.pressure;
        if (reached / target - 1.0).abs() < tolerance {
            return Ok(equilibrium);
        }
        let (response, curvature) = expansion_response(solid, &equilibrium);
        let slope = -curvature / dimension - (dimension - 1.0) * reached;
        let strain = if slope < 0.0 {
            ((target - reached) / slope).clamp(-MAX_STRAIN, MAX_STRAIN)
        } else {
            FALLBACK_STRAIN * (reached - target).signum()
        };
        if !strain.is_finite() {
            return Err(RelaxError::NotFinite);
        }
        solid.cell = solid.cell.scaled(1.0 + strain);
        for (position, step) in solid.positions.iter_mut().zip(&response) {
            *position += (*position + step) * strain;
        }
        if solid.cell.shortest_edge() <= 2.0 * solid.longest_range() {
            break;
        }
    }
    Err(RelaxError::PressureNotReached { target, reached })
}
