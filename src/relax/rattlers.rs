//! Where rattlers are put: in a repulsive solid to the middle of their holes, and there, as in an
//! attractive one, to where no bond carries a force.
//!
//! A rattler that hangs on other particles has its minimum at r = σ, the kink of u'': Newton's
//! method on the rattlers alone, with the backbone held, a matrix that is positive definite always
//! (bonds along themselves, a small shift for what moves freely) and a line search.

use nalgebra::{DMatrix, DVector};

use super::forces::{FORCE_FLOOR, Forces, stiffness};
use super::hessian::bond_stiffness;
use super::holes::centre_rattlers;
use super::line_search::{SLOPE_REDUCTION, minimum_along};
use crate::solid::contacts::{Bond, interacting_pairs, softening};
use crate::solid::neighbors::Candidate;
use crate::solid::{Solid, Vector};

/// The shift of the matrix, in units of the largest pair curvature.
const SHIFT: f64 = 1e-8;

/// Newton steps; a rattler that is not at its minimum by then shows in the solid's forces.
const MAX_STEPS: usize = 300;

/// The largest step of a rattler [1/a]: one that is caught by a further particle rolls downhill to where
/// FIRE would bring it, and does not jump over it.
const LARGEST_STEP: f64 = 0.25;

/// Puts the rattlers of a solid where nothing pushes them; returns whether anything moved.
///
/// The candidate pairs must belong to the solid.
pub fn settle_rattlers<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    rattler: &[bool],
) -> bool {
    if solid.springs.is_some() || !rattler.contains(&true) {
        return false;
    }
    if !solid.interactions.attractive() {
        let touches = centre_rattlers(solid, rattler);
        forces.refresh(solid);
        // One that is wedged between d others, which push it hardly at all to where there is room.
        if touches {
            hang(solid, forces, rattler);
        }
        return true;
    }
    hang(solid, forces, rattler)
}

/// Which rattlers touch somebody, one flag per particle.
pub fn touching<const D: usize>(
    solid: &Solid<D>,
    candidates: &[Candidate],
    rattler: &[bool],
) -> Vec<bool> {
    let mut touching = vec![false; solid.len()];
    for (place, candidate) in candidates.iter().enumerate() {
        let (i, j) = (candidate.i as usize, candidate.j as usize);
        if rattler[i] || rattler[j] {
            let (pair, _) = candidate.parameters(solid, place);
            let distance = solid.separation(i, j).norm();
            let touch = solid.interactions.potential.interacts(&pair, distance);
            touching[i] |= touch && rattler[i];
            touching[j] |= touch && rattler[j];
        }
    }
    touching
}

/// Minimises the energy over the positions of the rattlers.
fn hang<const D: usize>(solid: &mut Solid<D>, forces: &mut Forces<D>, rattler: &[bool]) -> bool {
    let mut place = vec![None; solid.len()];
    let members: Vec<usize> = (0..solid.len()).filter(|&i| rattler[i]).collect();
    for (row, &i) in members.iter().enumerate() {
        place[i] = Some(row);
    }
    let rattlers = Rattlers { place, members };
    let mut moved = false;
    let mut bonds = rattlers.bonds(solid, forces);
    let floor = FORCE_FLOOR * stiffness(solid) * softening(solid, &bonds);
    for _ in 0..MAX_STEPS {
        let force = rattlers.force(&bonds);
        if !(force.amax() > floor) {
            break;
        }
        let Some(factor) = rattlers.matrix(solid, &bonds).cholesky() else { break };
        let mut step = factor.solve(&force);
        let farthest = LARGEST_STEP / solid.interactions.potential.a;
        let norms = (0..rattlers.members.len()).map(|row| step.fixed_rows::<D>(D * row).norm());
        let length = norms.fold(0.0, f64::max);
        if length > farthest {
            step *= farthest / length;
        }
        let start = solid.positions.clone();
        let mut at = |t: f64| {
            for (row, &i) in rattlers.members.iter().enumerate() {
                solid.positions[i] = start[i] + step.fixed_rows::<D>(D * row) * t;
            }
            bonds = rattlers.bonds(solid, forces);
            rattlers.force(&bonds).dot(&step)
        };
        let (slope, at_end) = (force.dot(&step), at(1.0));
        if at_end < -SLOPE_REDUCTION * slope {
            let best = minimum_along(slope, at_end, &mut at);
            at(best);
        }
        moved = true;
    }
    moved
}

/// The rattlers as unknowns.
struct Rattlers {
    /// The row of every particle among the unknowns.
    place: Vec<Option<usize>>,
    members: Vec<usize>,
}

impl Rattlers {
    /// The bonds that end at a rattler.
    fn bonds<const D: usize>(&self, solid: &Solid<D>, forces: &mut Forces<D>) -> Vec<Bond<D>> {
        forces.refresh(solid);
        let unknown = |index: u32| self.place[index as usize].is_some();
        let mut candidates = forces.candidates().to_vec();
        candidates.retain(|pair| unknown(pair.i) || unknown(pair.j));
        interacting_pairs(solid, &candidates)
    }

    /// −∂U/∂r, shape (d · rattlers,).
    fn force<const D: usize>(&self, bonds: &[Bond<D>]) -> DVector<f64> {
        let mut force = DVector::zeros(D * self.members.len());
        for bond in bonds {
            let pull: Vector<D> = bond.separation * (-bond.slope / bond.distance);
            for (end, sign) in [(bond.i, 1.0), (bond.j, -1.0)] {
                if let Some(row) = self.place[end] {
                    force.fixed_rows_mut::<D>(D * row).axpy(sign, &pull, 1.0);
                }
            }
        }
        force
    }

    /// ∂²U/∂r∂r along the bonds where it is positive, plus the shift. What bonds do across themselves is
    /// left out: it comes from loads that vanish at the minimum, and would decide how far a cluster moves
    /// along its free directions. So it moves as little as its bonds allow, as it does by FIRE.
    fn matrix<const D: usize>(&self, solid: &Solid<D>, bonds: &[Bond<D>]) -> DMatrix<f64> {
        let size = D * self.members.len();
        let mut matrix =
            DMatrix::identity(size, size) * (SHIFT * stiffness(solid) * softening(solid, bonds));
        for bond in bonds {
            let (phi1, phi2) = bond_stiffness(&solid.interactions.potential, bond);
            let along = (phi1 + phi2 * bond.distance * bond.distance).max(0.0);
            let normal = bond.separation / bond.distance;
            let block = normal * normal.transpose() * along;
            let ends = [self.place[bond.i], self.place[bond.j]];
            for a in ends.into_iter().flatten() {
                for b in ends.into_iter().flatten() {
                    let sign = if a == b { 1.0 } else { -1.0 };
                    let mut view = matrix.fixed_view_mut::<D, D>(D * a, D * b);
                    view += block * sign;
                }
            }
        }
        matrix
    }
}
