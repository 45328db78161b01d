//! The derivative of every feature with respect to every bond's φ₁ and φ₂, through the
//! minimisation: the adjoint form of the Jacobian.
//!
//! A parameter q changes a bond's energy, hence its φ₁ and φ₂ at fixed r by φ₁', φ₂', and moves
//! the particles by w_q = −H⁻¹ Σ_b φ₁' R. By the 2n+1 theorem no second-order response is needed:
//!
//! ```text
//! V dC_ab/dθ_q = D³U[e_a, e_b, w_q] + Σ_b φ₁' (e_a·e_b) + φ₂' (R·e_a)(R·e_b)
//!              = Σ_b φ₁' (e_a·e_b + R·z_ab) + φ₂' (R·e_a)(R·e_b),   z_ab = −H⁻¹ D³U[·, e_a, e_b]
//! V ds_a/dθ_q  = Σ_b φ₁' (R·e_a)                                    (its adjoint is u_a)
//! dω_m/dθ_q    = the first with e_a = e_b = v_m, divided by 2 ω_m instead of V
//! ```
//!
//! So one solve per elastic constant and per mode, none for the stress, gives two numbers per
//! bond and feature; the Jacobian of any parameterisation is a sum over bonds of them.

use crate::relax::hessian::Field;
use crate::solid::Vector;

use super::bond::third_with;
use super::linear::{LinearResponse, PerBond, bond_changes, scatter};
use super::strain::{components, elastic_pairs};

/// dy/dφ₁ and dy/dφ₂ of every bond for one feature y.
#[derive(Clone, Debug, PartialEq)]
pub struct Sensitivity {
    pub phi1: PerBond<f64>,
    pub phi2: PerBond<f64>,
}

/// Modes whose sensitivities are computed at once: few enough for the memory, enough for the factor to be
/// read seldom.
const MODES_AT_ONCE: usize = 64;

impl Sensitivity {
    /// Of a feature that has no value: NaN.
    pub fn none(bonds: usize) -> Self {
        Sensitivity { phi1: vec![f64::NAN; bonds], phi2: vec![f64::NAN; bonds] }
    }

    /// Σ_i c_i S_i, for features that combine others.
    pub fn combined<'s>(terms: impl Iterator<Item = (f64, &'s Sensitivity)>, bonds: usize) -> Self {
        let mut sum = Sensitivity { phi1: vec![0.0; bonds], phi2: vec![0.0; bonds] };
        for (coefficient, term) in terms {
            for (total, value) in sum.phi1.iter_mut().zip(&term.phi1) {
                *total += coefficient * value;
            }
            for (total, value) in sum.phi2.iter_mut().zip(&term.phi2) {
                *total += coefficient * value;
            }
        }
        sum
    }
}

impl<const D: usize> LinearResponse<'_, D> {
    /// The sensitivities of the stress components.
    pub fn stress_sensitivities(&self) -> Vec<Sensitivity> {
        (0..components(D).len())
            .map(|a| Sensitivity {
                phi1: self
                    .bonds
                    .iter()
                    .zip(&self.strains[a])
                    .map(|(bond, strain)| bond.separation.dot(strain) / self.volume)
                    .collect(),
                phi2: vec![0.0; self.bonds.len()],
            })
            .collect()
    }

    /// The sensitivities of the elastic constants: one multiple solve.
    pub fn elastic_sensitivities(&self) -> Vec<Sensitivity> {
        let forms: Vec<_> = elastic_pairs(D)
            .iter()
            .map(|&(a, b)| (&self.strains[a], &self.strains[b], 1.0 / self.volume))
            .collect();
        self.quadratic_sensitivities(&forms)
    }

    /// The sensitivities of ω_m: one solve each; `modes` are orthonormal eigenvectors with
    /// frequencies `frequencies` > 0.
    pub fn mode_sensitivities(&self, modes: &[Field<D>], frequencies: &[f64]) -> Vec<Sensitivity> {
        let blocks = modes.chunks(MODES_AT_ONCE).zip(frequencies.chunks(MODES_AT_ONCE));
        let of_block = |(modes, frequencies): (&[Field<D>], &[f64])| {
            let changes: Vec<_> = modes.iter().map(|mode| bond_changes(self.bonds, mode)).collect();
            let forms: Vec<_> = changes
                .iter()
                .zip(frequencies)
                .map(|(change, frequency)| (change, change, 0.5 / frequency))
                .collect();
            self.quadratic_sensitivities(&forms)
        };
        blocks.flat_map(of_block).collect()
    }

    /// The sensitivities of scale · D²U[a, b] for bond changes (a, b) that are themselves
    /// stationary responses.
    fn quadratic_sensitivities(
        &self,
        forms: &[(&PerBond<Vector<D>>, &PerBond<Vector<D>>, f64)],
    ) -> Vec<Sensitivity> {
        let mut adjoints: Vec<Field<D>> = forms
            .iter()
            .map(|(a, b, _)| {
                scatter(self.bonds, self.solid.len(), |index, bond| {
                    -third_with(&self.phi[index], &bond.separation, &a[index], &b[index])
                })
            })
            .collect();
        self.hessian.solve(&mut adjoints);
        forms
            .iter()
            .zip(&adjoints)
            .map(|((a, b, scale), adjoint)| {
                let (phi1, phi2) = self
                    .bonds
                    .iter()
                    .enumerate()
                    .map(|(index, bond)| {
                        let r = &bond.separation;
                        let moved = adjoint[bond.i] - adjoint[bond.j];
                        (
                            scale * (a[index].dot(&b[index]) + r.dot(&moved)),
                            scale * r.dot(&a[index]) * r.dot(&b[index]),
                        )
                    })
                    .unzip();
                Sensitivity { phi1, phi2 }
            })
            .collect()
    }
}
