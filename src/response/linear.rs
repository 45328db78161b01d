//! The linear response of a relaxed solid to strain, and the features that follow from it:
//! stress and elastic constants.
//!
//! ```text
//! s_a  = (1/V) Σ_b φ₁ R·E_a R
//! u_a  = −H⁻¹ Ξ_a,   Ξ_a = ∂²U/∂r∂ε_a            (non-affine displacements)
//! e_a  = E_a R + u_a,i − u_a,j                     (change of a bond)
//! C_ab = (1/V) D²U[e_a, e_b]
//! ```
//!
//! C_ab has the symmetries of a second derivative of the energy, C_αβγδ = C_βαγδ = C_γδαβ, so 6
//! constants in 2d and 21 in 3d; they are raw tensor elements at fixed reference volume.

use std::borrow::Cow;

use crate::relax::hessian::{Field, Hessian};
use crate::relax::newton::Equilibrium;
use crate::solid::contacts::Bond;
use crate::solid::{Solid, Vector};

use super::bond::{Phi, phi, second, second_with};
use super::strain::{components, elastic_pairs, strained};

/// A value per bond, in the order of the contacts' bonds.
pub type PerBond<T> = Vec<T>;

/// A relaxed solid with its response to every strain component.
pub struct LinearResponse<'a, const D: usize> {
    pub solid: &'a Solid<D>,
    pub bonds: &'a [Bond<D>],
    pub hessian: &'a Hessian<D>,
    /// φ₁ … φ₄ of every bond.
    pub phi: Cow<'a, [Phi]>,
    /// e_a of every bond, shape (3 or 6, bonds).
    pub strains: Cow<'a, [PerBond<Vector<D>>]>,
    pub volume: f64,
}

/// What a [`LinearResponse`] has computed, to be kept beside its solid.
#[derive(Clone)]
pub struct StrainResponse<const D: usize> {
    phi: PerBond<Phi>,
    strains: Vec<PerBond<Vector<D>>>,
}

/// The change of every bond under a displacement field.
pub fn bond_changes<const D: usize>(bonds: &[Bond<D>], field: &Field<D>) -> PerBond<Vector<D>> {
    bonds.iter().map(|bond| field[bond.i] - field[bond.j]).collect()
}

/// Σ_b ± g_b: the field whose element at r_i is the sum of the bonds' gradients, shape (N,).
pub fn scatter<const D: usize>(
    bonds: &[Bond<D>],
    particles: usize,
    gradient: impl Fn(usize, &Bond<D>) -> Vector<D>,
) -> Field<D> {
    let mut field = vec![Vector::zeros(); particles];
    for (index, bond) in bonds.iter().enumerate() {
        let g = gradient(index, bond);
        field[bond.i] += g;
        field[bond.j] -= g;
    }
    field
}

impl<'a, const D: usize> LinearResponse<'a, D> {
    /// One multiple solve with the factor that the equilibrium holds.
    pub fn new(solid: &'a Solid<D>, equilibrium: &'a Equilibrium<D>) -> Self {
        let (bonds, hessian) = (&equilibrium.contacts.bonds[..], &equilibrium.hessian);
        let potential = &solid.interactions.potential;
        let phi: PerBond<Phi> = bonds
            .iter()
            .map(|bond| phi(&potential.radial(&bond.pair, bond.distance), bond.distance))
            .collect();
        let mut non_affine: Vec<Field<D>> = components(D)
            .iter()
            .map(|&component| {
                scatter(bonds, solid.len(), |index, bond| {
                    let affine = strained(component, &bond.separation);
                    -second_with(&phi[index], &bond.separation, &affine)
                })
            })
            .collect();
        hessian.solve(&mut non_affine);
        let strains: Vec<PerBond<Vector<D>>> = components(D)
            .iter()
            .zip(&non_affine)
            .map(|(&component, field)| {
                bonds
                    .iter()
                    .map(|bond| {
                        strained(component, &bond.separation) + field[bond.i] - field[bond.j]
                    })
                    .collect()
            })
            .collect();
        let (phi, strains) = (Cow::Owned(phi), Cow::Owned(strains));
        Self { solid, bonds, hessian, phi, strains, volume: solid.cell.volume() }
    }

    /// The response that was computed before for this solid.
    pub fn known(
        solid: &'a Solid<D>,
        equilibrium: &'a Equilibrium<D>,
        known: &'a StrainResponse<D>,
    ) -> Self {
        Self {
            solid,
            bonds: &equilibrium.contacts.bonds,
            hessian: &equilibrium.hessian,
            phi: Cow::Borrowed(&known.phi),
            strains: Cow::Borrowed(&known.strains),
            volume: solid.cell.volume(),
        }
    }

    /// What has been computed, without the solid.
    pub fn into_strain_response(self) -> StrainResponse<D> {
        StrainResponse { phi: self.phi.into_owned(), strains: self.strains.into_owned() }
    }

    /// s_a, tension positive [energy/length^d], shape (3,) or (6,).
    pub fn stress(&self) -> Vec<f64> {
        components(D)
            .iter()
            .map(|&(alpha, beta)| {
                let terms = self
                    .bonds
                    .iter()
                    .zip(self.phi.iter())
                    .map(|(bond, phi)| phi[0] * bond.separation[alpha] * bond.separation[beta]);
                terms.sum::<f64>() / self.volume
            })
            .collect()
    }

    /// C_ab [energy/length^d], shape (6,) or (21,).
    pub fn elastic_constants(&self) -> Vec<f64> {
        elastic_pairs(D)
            .iter()
            .map(|&(a, b)| {
                let (e_a, e_b) = (&self.strains[a], &self.strains[b]);
                let terms = self.bonds.iter().enumerate().map(|(index, bond)| {
                    second(&self.phi[index], &bond.separation, &e_a[index], &e_b[index])
                });
                terms.sum::<f64>() / self.volume
            })
            .collect()
    }
}
