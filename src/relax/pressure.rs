//! Bringing a relaxed solid to a target pressure by changing its box isotropically.
//!
//! With every edge multiplied by 1 + e, p changes as dp/de = −d K − (d − 1) p, where
//! K = Σ_αβ C_ααββ / d² is the bulk modulus with the non-affine response included. Newton's
//! method on the edge, with the affine and the non-affine displacement as predictor of the
//! positions, needs two or three steps to 1e-8.
//!
//! Attractive particles would yield again and again on that way (B = 0.1, 3d: 20 to 50 relaxations), and
//! their pressure after a quench at any packing fraction is near zero or negative. They are brought near
//! the target by one descent in the enthalpy U + pV, the box being one more coordinate
//! (`fire::minimise`).
//!
//! A box too large holds no solid at all: one that is lost is taken up again where it last was, and
//! strained by less. A step across the target is not held against the next one: the solid may have
//! rearranged, and then the target lies elsewhere.

use super::RelaxError;
use super::fire::{self, Ending, FireSettings, Piston};
use super::forces::Forces;
use super::hessian::{Field, bond_stiffness};
use super::newton::{Equilibrium, Rest, relax_to_rest};
use crate::solid::cell::Cell;
use crate::solid::contacts::{interacting_pairs, load_factor};
use crate::solid::{Solid, Vector};

/// The largest relative change of the edges in one step.
const MAX_STRAIN: f64 = 0.01;

/// How exact the response to a strain is where it is solved for without a factor.
const RESPONSE_ACCURACY: f64 = 1e-6;

/// The strain tried where the bulk modulus is unusable.
const FALLBACK_STRAIN: f64 = 0.002;

/// Attractive particles overlap from their random start until max|F| is below this [largest k/length].
const OVERLAPPING: f64 = 0.1;

/// Forces at which the enthalpy's minimum is left to Newton's method [largest k/length], less where the
/// load is small.
const ENTHALPY_TOLERANCE: f64 = 1e-5;

/// Attractive particles that are denser than a soft-sphere packing at their pressure by more than this
/// factor collapse: Ba/2 exceeds the largest force of a core. (B = 0.1, 3d, p = 0.1: solids at 1.9 times
/// the density, and one start in ten that goes beyond 3 and does not stop.)
const COLLAPSED: f64 = 3.0;

/// Relaxations before giving up.
const MAX_RELAXATIONS: u64 = 120;

/// After a step into a box that holds no solid the next one is at most this share of it.
const LESS_FAR: f64 = 0.5;

/// Steps below this mean that there is no solid at the target.
const SMALLEST_STRAIN: f64 = 1e-13;

/// (p, packing fraction) of relaxed packings of soft spheres, 1:1.4, in 2d and 3d.
const PACKING_2D: [(f64, f64); 3] = [(1e-3, 0.843), (1e-2, 0.872), (1e-1, 1.08)];
const PACKING_3D: [(f64, f64); 3] = [(1e-3, 0.648), (1e-2, 0.685), (1e-1, 0.912)];

/// The packing fraction at which a soft-sphere packing has about the pressure p [k/length^d];
/// interpolated in log p, linear in p above the table, constant below (the box then expands towards
/// the target).
pub fn start_packing_fraction<const D: usize>(pressure: f64) -> f64 {
    let table = if D == 2 { PACKING_2D } else { PACKING_3D };
    let [low, middle, high] = table;
    let between =
        |a: (f64, f64), b: (f64, f64)| a.1 + (b.1 - a.1) * (pressure / a.0).ln() / (b.0 / a.0).ln();
    if pressure <= low.0 {
        low.1
    } else if pressure <= middle.0 {
        between(low, middle)
    } else if pressure <= high.0 {
        between(middle, high)
    } else {
        high.1 + (high.1 - middle.1) * (pressure - high.0) / (high.0 - middle.0)
    }
}

/// u_e = −H⁻¹ ∂²U/∂r∂e and (1/V) d²U/de² under a uniform expansion e.
///
/// # Errors
/// [`RelaxError::NotRigid`].
fn expansion_response<const D: usize>(
    solid: &Solid<D>,
    rest: &mut Rest<D>,
) -> Result<(Field<D>, f64), RelaxError> {
    let potential = &solid.interactions.potential;
    let mut response = vec![Vector::zeros(); solid.len()];
    let mut curvature = 0.0;
    for bond in &rest.contacts.bonds {
        let (phi1, phi2) = bond_stiffness(potential, bond);
        let r = bond.separation;
        let coupling = phi1 + phi2 * r.norm_squared();
        response[bond.i] -= r * coupling;
        response[bond.j] += r * coupling;
        curvature += coupling * r.norm_squared();
    }
    rest.solve(solid, &mut response, RESPONSE_ACCURACY)?;
    for bond in &rest.contacts.bonds {
        let (phi1, phi2) = bond_stiffness(potential, bond);
        let r = bond.separation;
        let coupling = phi1 + phi2 * r.norm_squared();
        curvature += coupling * r.dot(&(response[bond.i] - response[bond.j]));
    }
    Ok((response, curvature / solid.cell.volume()))
}

/// A solid at the target pressure.
pub struct Reached<const D: usize> {
    pub equilibrium: Equilibrium<D>,
    /// Relaxations that it took, the descent in the enthalpy among them.
    pub relaxations: u64,
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
) -> Result<Reached<D>, RelaxError> {
    let attractive = solid.interactions.attractive();
    if attractive {
        forces.thin(solid, true);
        let compressed = compress(solid, forces, target);
        forces.thin(solid, false);
        compressed?;
    }
    let mut last: Option<Relaxed<D>> = None;
    let mut limit = MAX_STRAIN;
    let mut reached = f64::NAN;
    for relaxations in 1..=MAX_RELAXATIONS {
        match relax_to_rest(solid, forces) {
            Ok(mut rest) => {
                reached = rest.pressure;
                if (reached / target - 1.0).abs() < tolerance {
                    let equilibrium = rest.rigid(solid)?;
                    let relaxations = relaxations + u64::from(attractive);
                    return Ok(Reached { equilibrium, relaxations });
                }
                limit = MAX_STRAIN;
                last = Some(Relaxed::new(solid, &mut rest, target)?);
            }
            // The box is too large: back to the last solid, and less far.
            Err(RelaxError::Unjammed) if last.is_some() => {
                let tried = last.as_ref().map_or(limit, |last| last.strain.abs());
                limit = LESS_FAR * limit.min(tried);
            }
            // The start is unjammed: it is compressed until it jams.
            Err(RelaxError::Unjammed) => {}
            Err(error) => return Err(error),
        }
        match &mut last {
            Some(from) => {
                from.strain = from.strain.clamp(-limit, limit);
                from.strained(solid);
            }
            None => {
                solid.cell = solid.cell.scaled(1.0 - MAX_STRAIN);
                solid.positions.iter_mut().for_each(|position| *position *= 1.0 - MAX_STRAIN);
            }
        }
        if solid.cell.shortest_edge() <= 2.0 * solid.longest_range() || limit < SMALLEST_STRAIN {
            break;
        }
    }
    Err(RelaxError::PressureNotReached { target, reached })
}

/// Takes attractive particles from anywhere to near the target pressure: at fixed box until they hardly
/// overlap any more, then downhill in their enthalpy.
fn compress<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    target: f64,
) -> Result<(), RelaxError> {
    let unit = solid.interactions.energy_unit();
    let settings = FireSettings::PISTON;
    if fire::minimise(solid, forces, OVERLAPPING * unit, &settings, None) == Ending::NotFinite {
        return Err(RelaxError::NotFinite);
    }
    let bonds = interacting_pairs(solid, forces.candidates());
    let tolerance = ENTHALPY_TOLERANCE * load_factor(solid, &bonds) * unit;
    let densest = COLLAPSED * start_packing_fraction::<D>(target / unit);
    let shrunk = (solid.packing_fraction() / densest).powf(1.0 / D as f64);
    let smallest_edge = solid.cell.shortest_edge() * shrunk;
    let piston = Piston::new(target, bonds.len(), smallest_edge);
    match fire::minimise(solid, forces, tolerance, &settings, Some(piston)) {
        Ending::Converged => Ok(()),
        Ending::NotFinite => Err(RelaxError::NotFinite),
        Ending::Exhausted => {
            let reached = -forces.virial / (D as f64 * solid.cell.volume());
            Err(RelaxError::PressureNotReached { target, reached })
        }
    }
}

/// A relaxed solid on the way, and how to go on from it.
struct Relaxed<const D: usize> {
    cell: Cell<D>,
    positions: Field<D>,
    response: Field<D>,
    /// The strain at which the target is expected.
    strain: f64,
}

impl<const D: usize> Relaxed<D> {
    fn new(solid: &Solid<D>, rest: &mut Rest<D>, target: f64) -> Result<Self, RelaxError> {
        let dimension = D as f64;
        let (response, curvature) = expansion_response(solid, rest)?;
        let pressure = rest.pressure;
        let slope = -curvature / dimension - (dimension - 1.0) * pressure;
        let newton = (target - pressure) / slope;
        let strain = if slope < 0.0 && newton.is_finite() {
            newton
        } else {
            FALLBACK_STRAIN * (pressure - target).signum()
        };
        Ok(Self { cell: solid.cell, positions: solid.positions.clone(), response, strain })
    }

    /// Puts the solid where it is expected after the strain.
    fn strained(&self, solid: &mut Solid<D>) {
        solid.cell = self.cell.scaled(1.0 + self.strain);
        let moved = self.positions.iter().zip(&self.response);
        for (position, (from, response)) in solid.positions.iter_mut().zip(moved) {
            *position = from + (from + response) * self.strain;
        }
    }
}
