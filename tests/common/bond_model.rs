//! A solid as a fixed list of bonds in a homogeneously deformed cell, with dense linear algebra:
//! an independent reference for the response to strain and to the parameters of single bonds.
//!
//! Bonds keep their branch of the pair energy, so that energy and features are analytic functions
//! of strain and parameters, and those of the solid as long as its contacts do not change.

use amorph::relax::newton::Equilibrium;
use amorph::response::strain::components;
use amorph::solid::potential::Tail;
use amorph::solid::{Solid, Vector};
use nalgebra::{DMatrix, DVector, SMatrix};
use num_dual::second_derivative;

use super::pair_formula::{Branch, Parameters, energy};
use super::small::branch;

/// Newton steps before giving up.
const MAX_STEPS: usize = 30;

/// A Newton step [length] that may be the last one if the next is no smaller.
const LAST_STEP: f64 = 1e-11;

/// F = 1 + ε.
pub type Deformation<const D: usize> = SMatrix<f64, D, D>;

/// One bond of the list.
#[derive(Clone, Debug)]
pub struct ModelBond<const D: usize> {
    /// Rows of its particles.
    pub i: usize,
    pub j: usize,
    /// What the periodic image adds to x_i − x_j [length].
    pub image: Vector<D>,
    pub branch: Branch,
    /// (σ, k, B, a); of a spring σ is the rest length.
    pub parameters: Parameters<f64>,
}

/// A backbone as a list of bonds.
#[derive(Clone, Debug)]
pub struct BondModel<const D: usize> {
    /// Positions of the backbone in the undeformed cell [length].
    pub positions: Vec<Vector<D>>,
    pub bonds: Vec<ModelBond<D>>,
    /// Volume of the undeformed cell [length^d].
    pub volume: f64,
    tail: Tail,
}

impl<const D: usize> BondModel<D> {
    /// The bonds of a relaxed solid, in the same order.
    pub fn new(solid: &Solid<D>, equilibrium: &Equilibrium<D>) -> Self {
        let contacts = &equilibrium.contacts;
        let mut row = vec![usize::MAX; solid.len()];
        let mut positions = Vec::new();
        for i in (0..solid.len()).filter(|&i| !contacts.rattler[i]) {
            row[i] = positions.len();
            positions.push(solid.positions[i]);
        }
        let potential = &solid.interactions.potential;
        let bonds = contacts
            .bonds
            .iter()
            .map(|bond| ModelBond {
                i: row[bond.i],
                j: row[bond.j],
                image: bond.separation - (solid.positions[bond.i] - solid.positions[bond.j]),
                branch: branch(potential, bond),
                parameters: [bond.pair.sigma, bond.pair.k, bond.pair.depth, potential.a],
            })
            .collect();
        Self { positions, bonds, volume: solid.cell.volume(), tail: potential.tail }
    }

    /// X = x_i − x_j in the undeformed cell.
    fn reference(&self, bond: &ModelBond<D>) -> Vector<D> {
        self.positions[bond.i] - self.positions[bond.j] + bond.image
    }

    /// (u, u', u'') of a bond, by automatic differentiation.
    fn derivatives(&self, bond: &ModelBond<D>, r: f64) -> (f64, f64, f64) {
        second_derivative(|r| energy(bond.branch, self.tail, r, bond.parameters.map(Into::into)), r)
    }

    /// U(F) without minimisation [energy].
    pub fn energy(&self, deformation: &Deformation<D>) -> f64 {
        let energies = self.bonds.iter().map(|bond| {
            let r = (deformation * self.reference(bond)).norm();
            energy(bond.branch, self.tail, r, bond.parameters)
        });
        energies.sum()
    }

    /// ∂U/∂x and ∂²U/∂x∂x at this deformation.
    fn gradient_and_hessian(&self, deformation: &Deformation<D>) -> (DVector<f64>, DMatrix<f64>) {
        let n = self.positions.len() * D;
        let (mut gradient, mut hessian) = (DVector::zeros(n), DMatrix::zeros(n, n));
        for bond in &self.bonds {
            let (force, block) = self.bond_terms(bond, deformation);
            for (row, sign) in [(bond.i, 1.0), (bond.j, -1.0)] {
                let mut part = gradient.fixed_rows_mut::<D>(row * D);
                part += force * sign;
            }
            for (row, column, sign) in [
                (bond.i, bond.i, 1.0),
                (bond.j, bond.j, 1.0),
                (bond.i, bond.j, -1.0),
                (bond.j, bond.i, -1.0),
            ] {
                let mut part = hessian.fixed_view_mut::<D, D>(row * D, column * D);
                part += block * sign;
            }
        }
        (gradient, hessian)
    }

    /// ∂u/∂X and ∂²u/∂X∂X of a bond.
    fn bond_terms(
        &self,
        bond: &ModelBond<D>,
        deformation: &Deformation<D>,
    ) -> (Vector<D>, SMatrix<f64, D, D>) {
        let separation = deformation * self.reference(bond);
        let r = separation.norm();
        let (_, slope, second) = self.derivatives(bond, r);
        let along = separation / r;
        let spatial = along * along.transpose() * (second - slope / r)
            + SMatrix::<f64, D, D>::identity() * (slope / r);
        (deformation.transpose() * along * slope, deformation.transpose() * spatial * deformation)
    }

    /// Solves H x = b with the last particle pinned; `None` where H is not positive definite.
    fn solve(hessian: &DMatrix<f64>, b: &DMatrix<f64>) -> Option<DMatrix<f64>> {
        let free = b.nrows() - D;
        let factor = hessian.view((0, 0), (free, free)).into_owned().cholesky()?;
        let mut solution = DMatrix::zeros(b.nrows(), b.ncols());
        solution.rows_mut(0, free).copy_from(&factor.solve(&b.rows(0, free).into_owned()));
        Some(solution)
    }

    /// Minimises U over the positions at this deformation, by Newton's method alone; `None` where
    /// that leaves the basin.
    pub fn relax(&mut self, deformation: &Deformation<D>) -> Option<()> {
        let mut previous = f64::INFINITY;
        for _ in 0..MAX_STEPS {
            let (gradient, hessian) = self.gradient_and_hessian(deformation);
            let gradient = DMatrix::from_column_slice(gradient.len(), 1, gradient.as_slice());
            let step = Self::solve(&hessian, &gradient)?;
            let length = step.amax();
            if previous < LAST_STEP && length >= 0.5 * previous {
                return Some(());
            }
            previous = length;
            for (i, position) in self.positions.iter_mut().enumerate() {
                *position -= step.fixed_view::<D, 1>(i * D, 0);
            }
        }
        None
    }

    /// (1/V) ∂U/∂ε_a at fixed positions, V the undeformed volume: the stress where F = 1.
    pub fn strain_gradient(&self, deformation: &Deformation<D>) -> Vec<f64> {
        let forces: Vec<(Vector<D>, Vector<D>)> = self
            .bonds
            .iter()
            .map(|bond| {
                let reference = self.reference(bond);
                let separation = deformation * reference;
                let r = separation.norm();
                (separation * (self.derivatives(bond, r).1 / r), reference)
            })
            .collect();
        components(D)
            .iter()
            .map(|&component| {
                let generator = strain_generator::<D>(component);
                let sum: f64 = forces.iter().map(|(force, x)| force.dot(&(generator * x))).sum();
                sum / self.volume
            })
            .collect()
    }

    /// C_ab of the relaxed, undeformed model, shape (strains, strains):
    /// (∂²U/∂ε_a∂ε_b − Ξ_a H⁻¹ Ξ_b)/V.
    pub fn elastic_matrix(&self) -> DMatrix<f64> {
        let strains = components(D);
        let n = self.positions.len() * D;
        let unit = Deformation::<D>::identity();
        let mut affine = DMatrix::zeros(strains.len(), strains.len());
        let mut coupling = DMatrix::zeros(n, strains.len());
        for bond in &self.bonds {
            let (_, block) = self.bond_terms(bond, &unit);
            let x = self.reference(bond);
            for (a, &alpha) in strains.iter().enumerate() {
                let force = block * (strain_generator::<D>(alpha) * x);
                for (row, sign) in [(bond.i, 1.0), (bond.j, -1.0)] {
                    let mut part = coupling.fixed_view_mut::<D, 1>(row * D, a);
                    part += force * sign;
                }
                for (b, &beta) in strains.iter().enumerate() {
                    affine[(a, b)] += force.dot(&(strain_generator::<D>(beta) * x));
                }
            }
        }
        let (_, hessian) = self.gradient_and_hessian(&unit);
        let response = Self::solve(&hessian, &coupling).expect("a relaxed model is rigid");
        affine -= coupling.transpose() * response;
        affine / self.volume
    }

    /// The `count` lowest frequencies above the translations.
    pub fn frequencies(&self, count: usize) -> Vec<f64> {
        let (_, hessian) = self.gradient_and_hessian(&Deformation::<D>::identity());
        let mut values: Vec<f64> = hessian.symmetric_eigenvalues().iter().copied().collect();
        values.sort_by(f64::total_cmp);
        values[D..D + count].iter().map(|value| value.sqrt()).collect()
    }
}

/// E_a = (e_α⊗e_β + e_β⊗e_α)/2.
pub fn strain_generator<const D: usize>((alpha, beta): (usize, usize)) -> Deformation<D> {
    let mut generator = Deformation::<D>::zeros();
    generator[(alpha, beta)] += 0.5;
    generator[(beta, alpha)] += 0.5;
    generator
}

/// 1 + Σ_a γ_a E_a.
pub fn deformation<const D: usize>(strain: &[f64]) -> Deformation<D> {
    components(D)
        .iter()
        .zip(strain)
        .fold(Deformation::<D>::identity(), |sum, (&component, &gamma)| {
            sum + strain_generator::<D>(component) * gamma
        })
}
