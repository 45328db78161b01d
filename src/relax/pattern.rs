//! Where the Hessian of a backbone has blocks, and in which order they are eliminated.
//!
//! The factorisation is supernodal always: for these matrices the automatic choice is 2 to 15 times slower
//! (benchmark `factorisation`).

use faer::dyn_stack::StackReq;
use faer::sparse::linalg::SupernodalThreshold;
use faer::sparse::linalg::cholesky::{
    CholeskySymbolicParams, SymbolicCholesky, SymbolicCholeskyRaw, SymmetricOrdering,
    factorize_symbolic_cholesky, supernodal::SymbolicSupernodalCholesky,
};
use faer::sparse::{SymbolicSparseColMat, SymbolicSparseColMatRef};
use faer::{Par, Side};

use super::ordering::elimination_order;
use crate::solid::Solid;
use crate::solid::grouped::grouped;

/// Why no factor exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HessianError {
    #[error("the Hessian is not positive definite: the solid has lost its rigidity")]
    NotPositiveDefinite,
    #[error("no backbone: every particle is a rattler (the solid is unjammed)")]
    NoBackbone,
    #[error("not enough memory for the Cholesky factor")]
    OutOfMemory,
}

/// The block row of a rattler.
pub(super) const NO_BLOCK: usize = usize::MAX;

/// Where H of one backbone has blocks, and how it is eliminated.
pub(super) struct Pattern {
    /// Block row of every particle, or `NO_BLOCK`.
    pub place: Vec<usize>,
    /// Particle of every block row.
    pub particles: Vec<usize>,
    /// Block rows below the diagonal of every block column, ascending.
    pub below: Vec<Vec<usize>>,
    /// Lower triangle, by columns.
    pub lower: SymbolicSparseColMat<usize>,
    pub symbolic: SymbolicCholesky<usize>,
    /// Memory for either factorisation.
    pub scratch: StackReq,
}

impl Pattern {
    /// For these pairs (i, j) of a solid, rattlers left out.
    ///
    /// # Errors
    /// [`HessianError::NoBackbone`] where every particle is a rattler.
    pub fn new<const D: usize>(
        solid: &Solid<D>,
        rattler: &[bool],
        pairs: impl Iterator<Item = (usize, usize)>,
    ) -> Result<Self, HessianError> {
        let backbone: Vec<usize> = (0..rattler.len()).filter(|&i| !rattler[i]).collect();
        if backbone.len() < 2 {
            return Err(HessianError::NoBackbone);
        }
        let mut index = vec![NO_BLOCK; rattler.len()];
        for (block, &i) in backbone.iter().enumerate() {
            index[i] = block;
        }
        let mut edges: Vec<(usize, usize)> = pairs
            .filter(|&(i, j)| !rattler[i] && !rattler[j])
            .map(|(i, j)| (index[i].min(index[j]), index[i].max(index[j])))
            .collect();
        edges.sort_unstable();
        edges.dedup();
        let places = || {
            let edges = solid.cell.edges();
            let place = |&i: &usize| {
                let folded = solid.cell.wrap(solid.positions[i]);
                std::array::from_fn(|axis| folded[axis] / edges[axis])
            };
            backbone.iter().map(place).collect()
        };
        let order = elimination_order::<D>(places, backbone.len(), &edges)
            .ok_or(HessianError::OutOfMemory)?;
        let mut position = vec![0; backbone.len()];
        for (row, &block) in order.iter().enumerate() {
            position[block] = row;
        }
        let mut below = vec![Vec::new(); backbone.len()];
        for &(a, b) in &edges {
            let (a, b) = (position[a], position[b]);
            below[a.min(b)].push(a.max(b));
        }
        let (mut column_starts, mut row_indices) = (vec![0], Vec::new());
        for (column, rows) in below.iter_mut().enumerate() {
            rows.sort_unstable();
            for alpha in 0..D {
                row_indices.extend((alpha..D).map(|beta| column * D + beta));
                for &row in rows.iter() {
                    row_indices.extend((0..D).map(|beta| row * D + beta));
                }
                column_starts.push(row_indices.len());
            }
        }
        let n = backbone.len() * D;
        // The symbolic analysis reads the upper triangle when the ordering is the identity, the
        // numeric one the lower, without a copy.
        let rows_of =
            |column: usize| &row_indices[column_starts[column]..column_starts[column + 1]];
        let entries =
            (0..n).flat_map(|column| rows_of(column).iter().map(move |&row| (row, column)));
        let (starts, indices) = grouped(n, entries);
        let symbolic = factorize_symbolic_cholesky(
            SymbolicSparseColMatRef::new_checked(n, n, &starts, None, &indices),
            Side::Upper,
            SymmetricOrdering::Identity,
            CholeskySymbolicParams {
                supernodal_flop_ratio_threshold: SupernodalThreshold::FORCE_SUPERNODAL,
                ..Default::default()
            },
        )
        .map_err(|_| HessianError::OutOfMemory)?;
        let mut place = vec![NO_BLOCK; rattler.len()];
        let particles: Vec<usize> = order.iter().map(|&block| backbone[block]).collect();
        for (row, &i) in particles.iter().enumerate() {
            place[i] = row;
        }
        let lower = SymbolicSparseColMat::new_checked(n, n, column_starts, None, row_indices);
        let scratch = symbolic
            .factorize_numeric_llt_scratch::<f64>(Par::Seq, Default::default())
            .or(symbolic.factorize_numeric_ldlt_scratch::<f64>(Par::Seq, Default::default()));
        Ok(Self { place, particles, below, lower, symbolic, scratch })
    }

    /// Does it hold the block of this pair?
    pub fn covers(&self, i: usize, j: usize) -> bool {
        let (a, b) = (self.place[i], self.place[j]);
        a != NO_BLOCK && b != NO_BLOCK && self.below[a.min(b)].binary_search(&a.max(b)).is_ok()
    }

    /// How the rows of the factor are grouped.
    pub fn supernodes(&self) -> &SymbolicSupernodalCholesky<usize> {
        let SymbolicCholeskyRaw::Supernodal(supernodes) = self.symbolic.raw() else {
            unreachable!("the supernodal path is forced");
        };
        supernodes
    }

    /// Memory for the solution of so many columns.
    pub fn solve_scratch(&self, columns: usize) -> StackReq {
        self.symbolic.solve_in_place_scratch::<f64>(columns, Par::Seq)
    }
}
