//! How a solid and its bonds follow the parameters along a direction q = Δθ̂: w = dr/dγ and the
//! explicit changes of φ₁, φ₂, φ₃, from which every derivative along the direction is built.

use crate::relax::hessian::Field;
use crate::solid::Vector;
use crate::solid::parameters::ParameterDirection;
use crate::solid::potential::PairTangent;

use super::bond::{Phi, fourth_with, phi, second_with, third_with};
use super::linear::{LinearResponse, PerBond, bond_changes, scatter};

/// The response of a solid to a parameter direction.
pub struct DirectionResponse<const D: usize> {
    /// w = dr/dγ [length], shape (N,).
    pub displacement: Field<D>,
    /// The change of every bond under w.
    pub changes: PerBond<Vector<D>>,
    /// dφ₁/dγ … dφ₃/dγ of every bond at fixed r.
    pub along: PerBond<Phi>,
    /// d²φ₁/dγ², d²φ₂/dγ² of every bond at fixed r.
    pub along_twice: PerBond<Phi>,
}

impl<const D: usize> DirectionResponse<D> {
    /// For particles assigned to the direction's species by `species`.
    pub fn new(
        response: &LinearResponse<D>,
        direction: &ParameterDirection,
        species: &[usize],
    ) -> Self {
        let tangents: PerBond<PairTangent> = response
            .bonds
            .iter()
            .map(|bond| {
                direction.pair([species[bond.i], species[bond.j]], bond.sizes, bond.stretch)
            })
            .collect();
        Self::from_tangents(response, &tangents)
    }

    /// For parameters of the bonds themselves: the change of each, shape (bonds,).
    pub fn from_tangents(response: &LinearResponse<D>, tangents: &[PairTangent]) -> Self {
        let potential = &response.solid.interactions.potential;
        let (along, along_twice): (PerBond<Phi>, PerBond<Phi>) = response
            .bonds
            .iter()
            .zip(tangents)
            .map(|(bond, tangent)| {
                let r = bond.distance;
                (
                    phi(&potential.radial_along(&bond.pair, tangent, r), r),
                    phi(&potential.radial_along_twice(&bond.pair, tangent, r), r),
                )
            })
            .unzip();
        let mut displacement = scatter(response.bonds, response.solid.len(), |index, bond| {
            bond.separation * -along[index][0]
        });
        response.hessian.solve_one(&mut displacement);
        let changes = bond_changes(response.bonds, &displacement);
        Self { displacement, changes, along, along_twice }
    }

    /// D³U[·, q, q] of one bond.
    pub(super) fn third_twice(&self, response: &LinearResponse<D>, index: usize) -> Vector<D> {
        let r = &response.bonds[index].separation;
        let w = &self.changes[index];
        third_with(&response.phi[index], r, w, w)
            + second_with(&self.along[index], r, w) * 2.0
            + r * self.along_twice[index][0]
    }

    /// D³U[·, a, q] of one bond.
    pub(super) fn third_once(
        &self,
        response: &LinearResponse<D>,
        index: usize,
        a: &Vector<D>,
    ) -> Vector<D> {
        let r = &response.bonds[index].separation;
        third_with(&response.phi[index], r, a, &self.changes[index])
            + second_with(&self.along[index], r, a)
    }

    /// D⁴U[·, a, q, q] of one bond.
    pub(super) fn fourth_twice(
        &self,
        response: &LinearResponse<D>,
        index: usize,
        a: &Vector<D>,
    ) -> Vector<D> {
        let r = &response.bonds[index].separation;
        let w = &self.changes[index];
        fourth_with(&response.phi[index], r, a, w)
            + third_with(&self.along[index], r, a, w) * 2.0
            + second_with(&self.along_twice[index], r, a)
    }

    /// D³U[·, e_a, q] of every bond for each strain component, shape (3 or 6, bonds).
    pub(super) fn strained(&self, response: &LinearResponse<D>) -> Vec<PerBond<Vector<D>>> {
        let of_strain = |strain: &PerBond<Vector<D>>| {
            strain
                .iter()
                .enumerate()
                .map(|(index, e)| self.third_once(response, index, e))
                .collect()
        };
        response.strains.iter().map(of_strain).collect()
    }
}
