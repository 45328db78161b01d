//! A block Krylov space of the projected inverse H⁺, with thick restarts (K. Wu and H. Simon, SIAM J.
//! Matrix Anal. Appl. 22, 602 (2000); in blocks Y. Zhou and Y. Saad, Numer. Algorithms 47, 341 (2008)).
//!
//! With orthonormal columns V, the block Q that comes next, T = VᵀH⁺V and E the last columns of the
//! identity, H⁺V = V T + Q R Eᵀ. An eigenpair (θ, s) of T makes the Ritz pair (θ, V s), whose residual
//! is |R Eᵀs|. Every block is made orthogonal to all columns before it by classical Gram–Schmidt, twice.
//! Columns are displacements of the backbone in the order of elimination.

use faer::linalg::matmul::matmul;
use faer::prelude::Reborrow;
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};

use crate::relax::hessian::{Hessian, remove_mean};

/// What the Gram–Schmidt process leaves of a column, relative to it, where nothing but rounding is left.
const EXHAUSTED: f64 = 1e-12;

/// The space so far, and the block that comes next.
pub(super) struct Krylov<const D: usize> {
    /// Degrees of freedom of the backbone, translations included.
    n: usize,
    /// V and behind it Q, shape (columns, n).
    basis: Vec<f64>,
    /// The upper triangle of T.
    projected: Mat<f64>,
    /// R, shape (columns of Q, columns that H⁺ was applied to last).
    rest: Mat<f64>,
    /// Columns of V, and of Q.
    pub size: usize,
    pub block: usize,
    random: u64,
}

/// The Ritz pairs of a space.
pub(super) struct Ritz {
    /// 1/θ, ascending [energy/length²].
    pub eigenvalues: Vec<f64>,
    /// |H⁺v − θv| relative to θ.
    pub residuals: Vec<f64>,
    /// s of every pair, shape (size, pairs).
    weights: Mat<f64>,
}

impl<const D: usize> Krylov<D> {
    /// Nothing but the first block, of this many random columns of length n.
    pub fn new(n: usize, block: usize) -> Self {
        let mut krylov = Self {
            n,
            basis: Vec::new(),
            projected: Mat::new(),
            rest: Mat::new(),
            size: 0,
            block: 0,
            random: 0x9e37_79b9_7f4a_7c15,
        };
        krylov.draw(block);
        krylov
    }

    /// Takes Q into the space, and what H⁺ makes of it as the next block.
    pub fn grow(&mut self, hessian: &Hessian<D>) {
        let (n, block, end) = (self.n, self.block, self.size + self.block);
        self.basis.truncate(end * n);
        self.basis.extend_from_within(self.size * n..);
        let (space, next) = self.basis.split_at_mut(end * n);
        hessian.solve_columns(next);
        let lengths: Vec<f64> = next.chunks_exact(n).map(length).collect();

        let mut overlaps = deflate(space, next, n);
        let mut first = Mat::zeros(block, block);
        for (column, length_before) in lengths.into_iter().enumerate() {
            if !orthonormalise(next, n, column, EXHAUSTED * length_before, &mut first) {
                let (before, rest) = next.split_at_mut(column * n);
                let new = &mut rest[..n];
                fill_at_random::<D>(&mut self.random, new);
                for _ in 0..2 {
                    deflate(space, new, n);
                    deflate(before, new, n);
                }
                scale_to(new, 1.0 / length(new));
            }
        }
        // A translation that crept in would grow with every solve.
        next.chunks_exact_mut(n).for_each(remove_mean::<D>);
        let again = deflate(space, next, n);
        let mut second = Mat::zeros(block, block);
        (0..block).for_each(|column| {
            orthonormalise(next, n, column, 0.0, &mut second);
        });
        overlaps += &again * &first;
        self.rest = &second * &first;
        if self.projected.nrows() < end {
            let more = end + end / 2;
            self.projected.resize_with(more, more, |_, _| 0.0);
        }
        self.projected.submatrix_mut(0, self.size, end, block).copy_from(&overlaps);
        self.size = end;
    }

    /// The Ritz pairs; none where the small eigenvalue problem cannot be solved.
    pub fn ritz(&self) -> Option<Ritz> {
        let size = self.size;
        let projected = self.projected.submatrix(0, 0, size, size);
        let eigen = projected.transpose().self_adjoint_eigen(Side::Lower).ok()?;
        let values = eigen.S().column_vector();
        let last = self.rest.ncols();
        let rests = &self.rest * eigen.U().subrows(size - last, last);
        let places = (0..size).rev();
        Some(Ritz {
            eigenvalues: places.clone().map(|m| 1.0 / values[m]).collect(),
            residuals: places.map(|m| rests.col(m).norm_l2() / values[m].abs()).collect(),
            weights: eigen.U().reverse_cols().to_owned(),
        })
    }

    /// The vectors of the lowest Ritz pairs, shape (count, n).
    pub fn vectors(&self, ritz: &Ritz, count: usize) -> Vec<f64> {
        let mut vectors = vec![0.0; count * self.n];
        let space = MatRef::from_column_major_slice(&self.basis, self.n, self.size + self.block);
        matmul(
            MatMut::from_column_major_slice_mut(&mut vectors, self.n, count),
            Accum::Replace,
            space.subcols(0, self.size),
            ritz.weights.subcols(0, count),
            1.0,
            Par::Seq,
        );
        vectors
    }

    /// Keeps so many of the lowest Ritz pairs, and goes on from them: nothing that is known of them is lost.
    pub fn restart(&mut self, hessian: &Hessian<D>, ritz: &Ritz, count: usize) {
        let next = self.basis[self.size * self.n..].to_vec();
        self.keep(ritz, count);
        self.basis.extend_from_slice(&next);
        self.grow(hessian);
    }

    /// Keeps so many of the lowest Ritz pairs, which must have converged, and begins again with a block of
    /// random columns: a space has no more vectors of an eigenspace than its first block has columns.
    pub fn restart_at_random(
        &mut self,
        hessian: &Hessian<D>,
        ritz: &Ritz,
        count: usize,
        block: usize,
    ) {
        self.keep(ritz, count);
        self.draw(block);
        self.grow(hessian);
    }

    fn keep(&mut self, ritz: &Ritz, count: usize) {
        self.basis = self.vectors(ritz, count);
        for column in 0..count {
            for row in 0..column {
                self.projected[(row, column)] = 0.0;
            }
            self.projected[(column, column)] = 1.0 / ritz.eigenvalues[column];
        }
        self.size = count;
    }

    /// Appends random columns, orthonormal to all others, as the next block.
    fn draw(&mut self, block: usize) {
        self.block = block;
        for column in self.size..self.size + block {
            self.basis.resize((column + 1) * self.n, 0.0);
            let (before, new) = self.basis.split_at_mut(column * self.n);
            fill_at_random::<D>(&mut self.random, new);
            (0..2).for_each(|_| {
                deflate(before, new, self.n);
            });
            scale_to(new, 1.0 / length(new));
        }
    }
}

/// Numbers between −½ and ½, without any symmetry but for the translations, which are taken out.
fn fill_at_random<const D: usize>(state: &mut u64, column: &mut [f64]) {
    for entry in column.iter_mut() {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *entry = (*state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
    }
    remove_mean::<D>(column);
}

/// Takes out of columns what lies along orthonormal ones, and returns it, shape (orthonormal, columns).
fn deflate(orthonormal: &[f64], columns: &mut [f64], n: usize) -> Mat<f64> {
    let (count, width) = (orthonormal.len() / n, columns.len() / n);
    let mut overlaps = Mat::zeros(count, width);
    if count > 0 {
        let space = MatRef::from_column_major_slice(orthonormal, n, count);
        let mut columns = MatMut::from_column_major_slice_mut(columns, n, width);
        let par = Par::Seq;
        matmul(&mut overlaps, Accum::Replace, space.transpose(), columns.rb(), 1.0, par);
        matmul(&mut columns, Accum::Add, space, &overlaps, -1.0, par);
    }
    overlaps
}

/// Makes one of the columns orthonormal to those before it, and writes what it was in terms of them and itself
/// into the same column of `triangle`. Where no more than `least` is left of it, it becomes zero.
fn orthonormalise(
    columns: &mut [f64],
    n: usize,
    place: usize,
    least: f64,
    triangle: &mut Mat<f64>,
) -> bool {
    let (before, rest) = columns.split_at_mut(place * n);
    let column = &mut rest[..n];
    for (row, other) in before.chunks_exact(n).enumerate() {
        let overlap = dot(other, column);
        column.iter_mut().zip(other).for_each(|(x, y)| *x -= overlap * y);
        triangle[(row, place)] = overlap;
    }
    let left = length(column);
    let enough = left > least;
    triangle[(place, place)] = if enough { left } else { 0.0 };
    scale_to(column, if enough { 1.0 / left } else { 0.0 });
    enough
}

fn scale_to(column: &mut [f64], factor: f64) {
    column.iter_mut().for_each(|x| *x *= factor);
}

fn length(column: &[f64]) -> f64 {
    dot(column, column).sqrt()
}

/// In eight sums, for the vector units.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        (0..8).for_each(|lane| sums[lane] += a[lane] * b[lane]);
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::prepare::{Recipe, Structure, Target};
    use crate::response::modes::dense;
    use crate::solid::interactions::SymmetricTable;
    use crate::solid::potential::{Potential, Tail};
    use crate::solid::random::StreamKey;

    /// After either restart the Ritz pairs are those of H⁺ to the residuals that are said of them.
    #[test]
    fn restarts_lose_nothing_and_residuals_are_those_of_the_pairs() {
        let recipe = Recipe {
            particles: 64,
            structure: Structure::Disordered,
            size_ratio: 1.4,
            target: Target::Pressure(0.1),
            start_packing_fraction: None,
            k: SymmetricTable::uniform(2, 1.0),
            depths: SymmetricTable::uniform(2, 0.0),
            potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            disorder: None,
            pressure_tolerance: 1e-6,
            max_attempts: 10,
        };
        let key = StreamKey { seed: 1, solid: 2, replica: 0, attempt: 0 };
        let prepared = recipe.prepare::<2>(&key).expect("a solid");
        let hessian = &prepared.equilibrium.hessian;
        let bonds = &prepared.equilibrium.contacts.bonds;
        let (exact, _) = dense(&prepared.solid, bonds, hessian);
        let n = hessian.size();
        let check = |krylov: &Krylov<2>, converged: usize| {
            let ritz = krylov.ritz().expect("finite");
            let vectors = krylov.vectors(&ritz, 12);
            for m in 0..12 {
                let vector = &vectors[m * n..(m + 1) * n];
                let mut rest = vector.to_vec();
                hessian.solve_columns(&mut rest);
                let theta = 1.0 / ritz.eigenvalues[m];
                rest.iter_mut().zip(vector).for_each(|(x, v)| *x -= theta * v);
                let off = (length(&rest) / theta - ritz.residuals[m]).abs();
                assert!(off < 1e-10 * exact[m] / exact[0], "{m}: off by {off:e}");
                assert!((length(vector) - 1.0).abs() < 1e-13);
                if m < converged {
                    assert!(ritz.residuals[m] < 1e-10, "{m}: {:e}", ritz.residuals[m]);
                    let error = (ritz.eigenvalues[m] / exact[m] - 1.0).abs();
                    assert!(error < 1e-10, "{m}: {error:e}");
                }
            }
            ritz
        };
        let mut krylov = Krylov::new(n, 3);
        (0..8).for_each(|_| krylov.grow(hessian));
        for _ in 0..6 {
            let ritz = check(&krylov, 0);
            krylov.restart(hessian, &ritz, 13);
            (0..4).for_each(|_| krylov.grow(hessian));
        }
        let ritz = check(&krylov, 4);
        krylov.restart_at_random(hessian, &ritz, 4, 5);
        (0..16).for_each(|_| krylov.grow(hessian));
        check(&krylov, 12);
    }
}
