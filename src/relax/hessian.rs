//! The Hessian H = ∂²U/∂r∂r of the backbone and its sparse Cholesky factorisation.
//!
//! One bond with separation R contributes h = φ₁ 1 + φ₂ R Rᵀ to both diagonal blocks and −h to
//! the off-diagonal one. Rattlers have no row. The d translations are removed by pinning one
//! backbone particle, solving, and projecting; no artificial spring is added.

use std::cell::RefCell;
use std::sync::Arc;

use faer::dyn_stack::{MemBuffer, MemStack, StackReq};
use faer::linalg::cholesky::ldlt::factor::LdltRegularization;
use faer::linalg::cholesky::llt::factor::LltRegularization;
use faer::sparse::SparseColMatRef;
use faer::sparse::linalg::cholesky::{LltRef, supernodal::SupernodalLdltRef};
use faer::{Conj, MatMut, Par, Side};

use super::pattern::{NO_BLOCK, Pattern};
use super::triangular;
use crate::solid::contacts::{Bond, Contacts};
use crate::solid::potential::Potential;
use crate::solid::{Solid, Vector};

pub use super::pattern::HessianError;

/// One vector per particle, shape (N,) of d-vectors: displacements, forces, modes.
pub type Field<const D: usize> = Vec<Vector<D>>;

/// φ₁ = u'/r and φ₂ = (u'' − φ₁)/r² of a bond: h = φ₁ 1 + φ₂ R Rᵀ.
#[inline(always)]
pub fn bond_stiffness<const D: usize>(potential: &Potential, bond: &Bond<D>) -> (f64, f64) {
    let [slope, curvature, ..] = potential.radial(&bond.pair, bond.distance);
    let phi1 = slope / bond.distance;
    (phi1, (curvature - phi1) / (bond.distance * bond.distance))
}

/// The sparsity pattern and factor of H for one backbone. A clone shares both, until either is factored anew.
pub struct Hessian<const D: usize> {
    pattern: Arc<Pattern>,
    factor: Arc<[f64]>,
    workspace: RefCell<Workspace>,
    /// The number of numeric factorisations so far.
    pub factorisations: u64,
}

/// What factorisations and solves need, kept from one to the next.
struct Workspace {
    stack: MemBuffer,
    values: Vec<f64>,
    columns: Vec<f64>,
    rows: Vec<f64>,
}

impl Workspace {
    fn new(stack: MemBuffer) -> RefCell<Self> {
        let (values, columns, rows) = (Vec::new(), Vec::new(), Vec::new());
        RefCell::new(Self { stack, values, columns, rows })
    }
}

fn zeros(length: usize) -> Arc<[f64]> {
    std::iter::repeat_n(0.0, length).collect()
}

/// Memory for a request, that which is there where it is enough.
fn reserved(stack: &mut MemBuffer, request: StackReq) -> &mut MemStack {
    if stack.len() < request.unaligned_bytes_required() {
        *stack = MemBuffer::new(request);
    }
    MemStack::new(stack)
}

impl<const D: usize> Clone for Hessian<D> {
    fn clone(&self) -> Self {
        Self {
            pattern: Arc::clone(&self.pattern),
            factor: Arc::clone(&self.factor),
            workspace: Workspace::new(MemBuffer::new(StackReq::EMPTY)),
            factorisations: self.factorisations,
        }
    }
}

impl<const D: usize> Hessian<D> {
    /// The pattern for these bonds or candidate pairs (i, j) of a solid, between particles that do not rattle.
    ///
    /// # Errors
    /// [`HessianError::NoBackbone`] where every particle is a rattler.
    pub fn new(
        solid: &Solid<D>,
        rattler: &[bool],
        pairs: impl Iterator<Item = (usize, usize)>,
    ) -> Result<Self, HessianError> {
        Self::on(Arc::new(Pattern::new(solid, rattler, pairs)?))
    }

    /// Another one with the same pattern, without values.
    ///
    /// # Errors
    /// [`HessianError::OutOfMemory`].
    pub fn sibling(&self) -> Result<Self, HessianError> {
        Self::on(Arc::clone(&self.pattern))
    }

    fn on(pattern: Arc<Pattern>) -> Result<Self, HessianError> {
        let stack = MemBuffer::try_new(pattern.scratch).map_err(|_| HessianError::OutOfMemory)?;
        Ok(Self {
            factor: zeros(pattern.symbolic.len_val()),
            workspace: Workspace::new(stack),
            pattern,
            factorisations: 0,
        })
    }

    /// Pattern, values and factor for the bonds of a solid.
    ///
    /// # Errors
    /// [`HessianError`] where the solid has no backbone or is not rigid.
    pub fn factorised(solid: &Solid<D>, contacts: &Contacts<D>) -> Result<Self, HessianError> {
        let pairs = contacts.bonds.iter().map(|bond| (bond.i, bond.j));
        let mut hessian = Self::new(solid, &contacts.rattler, pairs)?;
        hessian.factorise(&solid.interactions.potential, &contacts.bonds)?;
        Ok(hessian)
    }

    /// Has the pattern the rows of this backbone, and blocks for all of its bonds?
    pub fn covers(&self, contacts: &Contacts<D>) -> bool {
        self.pattern.particles.len() == contacts.backbone_count()
            && contacts.bonds.iter().all(|bond| self.pattern.covers(bond.i, bond.j))
    }

    /// The number of degrees of freedom of the backbone, translations included.
    pub fn size(&self) -> usize {
        self.pattern.particles.len() * D
    }

    /// Is the factor that of another one, too?
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.factor) > 1
    }

    /// Fills in the values of H, minus `shift` on the diagonal; every bond must be covered.
    fn assemble(
        &self,
        values: &mut Vec<f64>,
        potential: &Potential,
        bonds: &[Bond<D>],
        pinned: bool,
        shift: f64,
    ) {
        values.clear();
        values.resize(self.pattern.lower.row_idx().len(), 0.0);
        let column_starts = self.pattern.lower.col_ptr();
        let pin = if pinned { self.pattern.particles.len() - 1 } else { NO_BLOCK };
        for column in 0..self.pattern.particles.len() {
            for alpha in 0..D {
                values[column_starts[column * D + alpha]] =
                    if column == pin { 1.0 } else { -shift };
            }
        }
        for bond in bonds {
            let (phi1, phi2) = bond_stiffness(potential, bond);
            let r = &bond.separation;
            let (a, b) = (self.pattern.place[bond.i], self.pattern.place[bond.j]);
            for block in [a, b] {
                if block == pin {
                    continue;
                }
                for alpha in 0..D {
                    let start = column_starts[block * D + alpha];
                    for beta in alpha..D {
                        let h = phi2 * r[alpha] * r[beta] + if alpha == beta { phi1 } else { 0.0 };
                        values[start + beta - alpha] += h;
                    }
                }
            }
            let (column, row) = (a.min(b), a.max(b));
            if row == pin {
                continue;
            }
            let Ok(slot) = self.pattern.below[column].binary_search(&row) else {
                unreachable!("every bond lies in the pattern");
            };
            for alpha in 0..D {
                let start = column_starts[column * D + alpha] + (D - alpha) + D * slot;
                for beta in 0..D {
                    let h = phi2 * r[alpha] * r[beta] + if alpha == beta { phi1 } else { 0.0 };
                    values[start + beta] -= h;
                }
            }
        }
    }

    /// Computes values and factor anew for bonds that the pattern covers.
    ///
    /// # Errors
    /// [`HessianError::NotPositiveDefinite`]; the factor is then unusable.
    pub fn factorise(
        &mut self,
        potential: &Potential,
        bonds: &[Bond<D>],
    ) -> Result<(), HessianError> {
        let Workspace { stack, values, .. } = &mut *self.workspace.borrow_mut();
        self.assemble(values, potential, bonds, true, 0.0);
        self.factorisations += 1;
        if self.is_shared() {
            self.factor = zeros(self.factor.len());
        }
        self.pattern
            .symbolic
            .factorize_numeric_llt::<f64>(
                Arc::make_mut(&mut self.factor),
                SparseColMatRef::new(self.pattern.lower.as_ref(), &values[..]),
                Side::Lower,
                LltRegularization::default(),
                Par::Seq,
                reserved(stack, self.pattern.scratch),
                Default::default(),
            )
            .map(|_| ())
            .map_err(|_| HessianError::NotPositiveDefinite)
    }

    /// The number of eigenvalues of H (translations included) below `threshold`, by the inertia
    /// of H − threshold. The factor of H stays.
    pub fn eigenvalues_below(
        &self,
        potential: &Potential,
        bonds: &[Bond<D>],
        threshold: f64,
    ) -> Option<usize> {
        let Workspace { stack, values, .. } = &mut *self.workspace.borrow_mut();
        self.assemble(values, potential, bonds, false, threshold);
        let mut shifted = vec![0.0; self.factor.len()];
        self.pattern
            .symbolic
            .factorize_numeric_ldlt::<f64>(
                &mut shifted,
                SparseColMatRef::new(self.pattern.lower.as_ref(), &values[..]),
                Side::Lower,
                LdltRegularization::default(),
                Par::Seq,
                reserved(stack, self.pattern.scratch),
                Default::default(),
            )
            .ok()?;
        let symbolic = self.pattern.supernodes();
        let factor = SupernodalLdltRef::new(symbolic, &shifted);
        let mut negative = 0;
        for s in 0..symbolic.n_supernodes() {
            let block = factor.supernode(s).val();
            negative += (0..block.ncols()).filter(|&c| block[(c, c)] < 0.0).count();
        }
        Some(negative)
    }

    /// Solves H x = b for every field in place, in the space without translations.
    ///
    /// Each b must sum to zero over the backbone (forces do); entries of rattlers are ignored and
    /// come back as zero; each x comes back with zero mean.
    pub fn solve(&self, fields: &mut [Field<D>]) {
        let n = self.size();
        let mut workspace = self.workspace.borrow_mut();
        let Workspace { stack, columns, rows, .. } = &mut *workspace;
        columns.resize(n * fields.len(), 0.0);
        for (field, column) in fields.iter().zip(columns.chunks_exact_mut(n)) {
            self.gather(field, column);
        }
        self.solve_pinned(columns, stack, rows);
        for (field, column) in fields.iter_mut().zip(columns.chunks_exact(n)) {
            self.scatter(column, field);
        }
    }

    /// As [`Hessian::solve`], for columns over the backbone in the order of elimination, shape
    /// (any, size): from one solve to the next they stay as they are.
    pub fn solve_columns(&self, columns: &mut [f64]) {
        let mut workspace = self.workspace.borrow_mut();
        let Workspace { stack, rows, .. } = &mut *workspace;
        self.solve_pinned(columns, stack, rows);
        columns.chunks_exact_mut(self.size()).for_each(remove_mean::<D>);
    }

    /// Solves with the last particle pinned.
    fn solve_pinned(&self, columns: &mut [f64], stack: &mut MemBuffer, rows: &mut Vec<f64>) {
        let n = self.size();
        let count = columns.len() / n;
        columns.chunks_exact_mut(n).for_each(|column| column[n - D..].fill(0.0));
        // More go faster together (N = 256, 2d: 0.020 ms for one, 0.011 each of nine).
        if count == 1 {
            triangular::solve::<D>(self.pattern.supernodes(), &self.factor, columns, rows);
            return;
        }
        LltRef::new(&self.pattern.symbolic, &self.factor).solve_in_place_with_conj(
            Conj::No,
            MatMut::from_column_major_slice_mut(columns, n, count),
            Par::Seq,
            reserved(stack, self.pattern.solve_scratch(count)),
        );
    }

    /// A column over the backbone as a field of all particles.
    pub fn field(&self, column: &[f64]) -> Field<D> {
        let mut field = vec![Vector::zeros(); self.pattern.place.len()];
        self.scatter(column, &mut field);
        field
    }

    /// Solves for one field.
    pub fn solve_one(&self, field: &mut Field<D>) {
        self.solve(std::slice::from_mut(field));
    }

    /// x of H x = b.
    pub fn solved(&self, field: &Field<D>) -> Field<D> {
        let mut solution = field.clone();
        self.solve_one(&mut solution);
        solution
    }

    fn gather(&self, field: &Field<D>, column: &mut [f64]) {
        for (&i, entries) in self.pattern.particles.iter().zip(column.chunks_exact_mut(D)) {
            entries.copy_from_slice(field[i].as_slice());
        }
    }

    fn scatter(&self, column: &[f64], field: &mut Field<D>) {
        field.fill(Vector::zeros());
        for (&i, entries) in self.pattern.particles.iter().zip(column.chunks_exact(D)) {
            field[i] = Vector::from_column_slice(entries);
        }
        self.remove_translation(field);
    }

    /// Subtracts the backbone's mean displacement; rattlers are set to zero.
    pub fn remove_translation(&self, field: &mut Field<D>) {
        let mut mean = Vector::<D>::zeros();
        for &i in &self.pattern.particles {
            mean += field[i];
        }
        mean /= self.pattern.particles.len() as f64;
        for (entry, &place) in field.iter_mut().zip(&self.pattern.place) {
            *entry = if place == NO_BLOCK { Vector::zeros() } else { *entry - mean };
        }
    }

    /// Is this particle of the backbone?
    pub fn holds(&self, particle: usize) -> bool {
        self.pattern.place[particle] != NO_BLOCK
    }

    /// The backbone's particles.
    pub fn backbone(&self) -> &[usize] {
        &self.pattern.particles
    }
}

/// Takes the translations out of a column over the backbone, in any order of its particles.
pub fn remove_mean<const D: usize>(column: &mut [f64]) {
    let (blocks, _) = column.as_chunks_mut::<D>();
    let mut mean = Vector::<D>::zeros();
    blocks.iter().for_each(|block| mean += Vector::from(*block));
    mean /= blocks.len() as f64;
    blocks.iter_mut().for_each(|block| *block = (Vector::from(*block) - mean).into());
}

/// Σ_i a_i · b_i.
pub fn dot<const D: usize>(a: &Field<D>, b: &Field<D>) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.dot(b)).sum()
}

/// H x by a sum over bonds, shape (N,).
pub fn apply<const D: usize>(
    potential: &Potential,
    bonds: &[Bond<D>],
    x: &Field<D>,
    out: &mut Field<D>,
) {
    multiply(bonds, &stiffnesses(potential, bonds), x, out);
}

/// φ₁ and φ₂ of every bond, for [`multiply`].
pub fn stiffnesses<const D: usize>(potential: &Potential, bonds: &[Bond<D>]) -> Vec<(f64, f64)> {
    bonds.iter().map(|bond| bond_stiffness(potential, bond)).collect()
}

/// H x, shape (N,), from φ₁ and φ₂ of every bond.
pub fn multiply<const D: usize>(
    bonds: &[Bond<D>],
    stiffnesses: &[(f64, f64)],
    x: &Field<D>,
    out: &mut Field<D>,
) {
    out.fill(Vector::zeros());
    for (bond, &(phi1, phi2)) in bonds.iter().zip(stiffnesses) {
        let change = x[bond.i] - x[bond.j];
        let force = change * phi1 + bond.separation * (phi2 * bond.separation.dot(&change));
        out[bond.i] += force;
        out[bond.j] -= force;
    }
}
