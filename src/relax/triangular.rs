//! The solution of L Lᵀ x = b for one right side, by the supernodes of the factor.
//!
//! The blocks of these factors are a few columns wide, and a general kernel spends most of its time before its
//! loops begin. Here the d columns of a particle go together. As in `passes`, products and sums are contracted
//! where `mul_add` says so and taken in a fixed order: the bits do not depend on the processor.

use faer::sparse::linalg::cholesky::supernodal::{SupernodalLltRef, SymbolicSupernodalCholesky};
use pulp::{Arch, NullaryFnOnce};

/// Partial sums of a scalar product.
const LANES: usize = 4;

/// Replaces b, shape (size,), by x; `D` columns go together. `rows` is memory for the rows of a supernode.
pub(super) fn solve<const D: usize>(
    symbolic: &SymbolicSupernodalCholesky<usize>,
    factor: &[f64],
    x: &mut [f64],
    rows: &mut Vec<f64>,
) {
    let factor = SupernodalLltRef::new(symbolic, factor);
    Arch::new().dispatch(Solution::<D> { factor, x, rows });
}

struct Solution<'a, const D: usize> {
    factor: SupernodalLltRef<'a, usize, f64>,
    x: &'a mut [f64],
    rows: &'a mut Vec<f64>,
}

/// A supernode: its first row, its columns one after the other from the diagonal block on, and the rows below
/// that block.
struct Supernode<'a> {
    start: usize,
    columns: &'a [f64],
    height: usize,
    width: usize,
    below: &'a [usize],
}

impl<'a> Supernode<'a> {
    #[inline(always)]
    fn of(factor: SupernodalLltRef<'a, usize, f64>, s: usize) -> Self {
        let supernode = factor.supernode(s);
        let starts = factor.symbolic().col_ptr_for_val();
        let below = supernode.pattern();
        let width = supernode.val().ncols();
        Self {
            start: supernode.start(),
            columns: &factor.values()[starts[s]..starts[s + 1]],
            height: width + below.len(),
            width,
            below,
        }
    }

    /// `G` columns from column c on, from the diagonal on.
    #[inline(always)]
    fn columns<const G: usize>(&self, c: usize) -> [&'a [f64]; G] {
        let mut columns: [&[f64]; G] = [&[]; G];
        for (g, column) in columns.iter_mut().enumerate() {
            *column = &self.columns[(c + g) * self.height + c..(c + g + 1) * self.height];
        }
        columns
    }

    /// Solves L y = b in the rows of this supernode, and takes what y contributes from the rows below.
    #[inline(always)]
    fn forward<const D: usize>(&self, x: &mut [f64], rows: &mut Vec<f64>) {
        rows.clear();
        rows.resize(self.height, 0.0);
        let top = &mut x[self.start..self.start + self.width];
        rows[..self.width].copy_from_slice(top);
        let mut c = 0;
        while c + D <= self.width {
            forward(&mut rows[c..], self.columns::<D>(c));
            c += D;
        }
        while c < self.width {
            forward(&mut rows[c..], self.columns::<1>(c));
            c += 1;
        }
        top.copy_from_slice(&rows[..self.width]);
        for (&row, change) in self.below.iter().zip(&rows[self.width..]) {
            x[row] += change;
        }
    }

    /// Solves Lᵀ x = y in the rows of this supernode, those below being known.
    #[inline(always)]
    fn backward<const D: usize>(&self, x: &mut [f64], rows: &mut Vec<f64>) {
        rows.clear();
        rows.extend_from_slice(&x[self.start..self.start + self.width]);
        for &row in self.below {
            rows.push(x[row]);
        }
        let mut c = self.width;
        while c > self.width / D * D {
            c -= 1;
            backward(&mut rows[c..], self.columns::<1>(c));
        }
        while c > 0 {
            c -= D;
            backward(&mut rows[c..], self.columns::<D>(c));
        }
        x[self.start..self.start + self.width].copy_from_slice(&rows[..self.width]);
    }
}

impl<const D: usize> NullaryFnOnce for Solution<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { factor, x, rows } = self;
        let count = factor.symbolic().n_supernodes();
        for s in 0..count {
            Supernode::of(factor, s).forward::<D>(x, rows);
        }
        for s in (0..count).rev() {
            Supernode::of(factor, s).backward::<D>(x, rows);
        }
    }
}

/// Solves for the first `G` of these rows, and subtracts from the others what they contribute.
#[inline(always)]
fn forward<const G: usize>(rows: &mut [f64], columns: [&[f64]; G]) {
    let (top, rest) = rows.split_at_mut(G);
    let mut y = [0.0; G];
    for g in 0..G {
        let mut sum = top[g];
        for h in 0..g {
            sum = columns[h][g].mul_add(-y[h], sum);
        }
        y[g] = sum / columns[g][g];
        top[g] = y[g];
    }
    let mut below: [&[f64]; G] = [&[]; G];
    for g in 0..G {
        below[g] = &columns[g][G..G + rest.len()];
    }
    for r in 0..rest.len() {
        let mut sum = rest[r];
        for g in 0..G {
            sum = below[g][r].mul_add(-y[g], sum);
        }
        rest[r] = sum;
    }
}

/// Solves for the first `G` of these rows, the others being known.
#[inline(always)]
fn backward<const G: usize>(rows: &mut [f64], columns: [&[f64]; G]) {
    let (top, rest) = rows.split_at_mut(G);
    let (groups, last) = rest.as_chunks::<LANES>();
    let mut parts = [[0.0; LANES]; G];
    for g in 0..G {
        let (column, last_of_column) = columns[g][G..G + rest.len()].as_chunks::<LANES>();
        for (entries, known) in column.iter().zip(groups) {
            for lane in 0..LANES {
                parts[g][lane] = entries[lane].mul_add(known[lane], parts[g][lane]);
            }
        }
        for (lane, (entry, known)) in last_of_column.iter().zip(last).enumerate() {
            parts[g][lane] = entry.mul_add(*known, parts[g][lane]);
        }
    }
    for g in (0..G).rev() {
        let [a, b, c, d] = parts[g];
        let mut sum = top[g] - ((a + b) + (c + d));
        for h in g + 1..G {
            sum = columns[g][h].mul_add(-top[h], sum);
        }
        top[g] = sum / columns[g][g];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::processors::everywhere;
    use faer::dyn_stack::{MemBuffer, MemStack};
    use faer::linalg::cholesky::llt::factor::LltRegularization;
    use faer::sparse::linalg::SupernodalThreshold;
    use faer::sparse::linalg::cholesky::{
        CholeskySymbolicParams, SymbolicCholeskyRaw, SymmetricOrdering, factorize_symbolic_cholesky,
    };
    use faer::sparse::{SparseColMatRef, SymbolicSparseColMat};
    use faer::{Par, Side};

    /// A positive definite matrix of `size` rows with some far elements, dense.
    fn matrix(size: usize) -> Vec<Vec<f64>> {
        let element = |i: usize, j: usize| match i.abs_diff(j) {
            0 => 9.0 + (i as f64).sin(),
            1 | 2 | 7 => ((i + j) as f64).cos(),
            _ if (i * j) % 31 == 5 => 0.3,
            _ => 0.0,
        };
        (0..size).map(|i| (0..size).map(|j| element(i, j)).collect()).collect()
    }

    /// A x = b with the same bits on every processor, for matrices that end within a group of columns, too.
    fn solves<const D: usize>() {
        for size in [1, 2, 3, 4, 7, 40, 101] {
            let a = matrix(size);
            // The columns of a triangle: as in `pattern`, symbols are read above the diagonal, numbers below.
            let triangle = |rows: fn(usize, usize) -> std::ops::Range<usize>| {
                let (mut starts, mut indices) = (vec![0], Vec::new());
                for (column, elements) in a.iter().enumerate() {
                    indices.extend(rows(column, size).filter(|&row| elements[row] != 0.0));
                    starts.push(indices.len());
                }
                SymbolicSparseColMat::new_checked(size, size, starts, None, indices)
            };
            let lower = triangle(|column, size| column..size);
            let columns = (0..size).flat_map(|j| lower.row_idx_of_col(j).map(move |i| (i, j)));
            let values: Vec<f64> = columns.map(|(i, j)| a[i][j]).collect();
            let symbolic = factorize_symbolic_cholesky(
                triangle(|column, _| 0..column + 1).as_ref(),
                Side::Upper,
                SymmetricOrdering::Identity,
                CholeskySymbolicParams {
                    supernodal_flop_ratio_threshold: SupernodalThreshold::FORCE_SUPERNODAL,
                    ..Default::default()
                },
            )
            .expect("memory");
            let mut factor = vec![0.0; symbolic.len_val()];
            let scratch =
                symbolic.factorize_numeric_llt_scratch::<f64>(Par::Seq, Default::default());
            symbolic
                .factorize_numeric_llt::<f64>(
                    &mut factor,
                    SparseColMatRef::new(lower.as_ref(), &values),
                    Side::Lower,
                    LltRegularization::default(),
                    Par::Seq,
                    MemStack::new(&mut MemBuffer::new(scratch)),
                    Default::default(),
                )
                .expect("positive definite");
            let SymbolicCholeskyRaw::Supernodal(supernodes) = symbolic.raw() else {
                panic!("not supernodal");
            };
            let b: Vec<f64> = (0..size).map(|i| (1.7 * i as f64).sin()).collect();
            let found = everywhere(|| Solved::<D> {
                factor: SupernodalLltRef::new(supernodes, &factor),
                b: &b,
            });
            assert!(found.iter().all(|x| *x == found[0]), "{D} columns, {size} rows");
            for (row, b) in a.iter().zip(&b) {
                let sum: f64 = row.iter().zip(&found[0]).map(|(a, x)| a * x).sum();
                assert!((sum - b).abs() < 1e-14, "{D} columns, {size} rows: {sum} for {b}");
            }
        }
    }

    /// [`Solution`] of a copy.
    struct Solved<'a, const D: usize> {
        factor: SupernodalLltRef<'a, usize, f64>,
        b: &'a [f64],
    }

    impl<const D: usize> NullaryFnOnce for Solved<'_, D> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn call(self) -> Vec<f64> {
            let mut x = self.b.to_vec();
            let rows = &mut Vec::new();
            Solution::<D> { factor: self.factor, x: &mut x, rows }.call();
            x
        }
    }

    #[test]
    fn one_right_side_is_solved_for_with_the_same_bits_on_every_processor() {
        solves::<2>();
        solves::<3>();
    }
}
