//! The lowest vibrational modes: eigenpairs (λ, v) of H on the backbone, ω = √λ, unit masses.
//!
//! Lanczos with full reorthogonalisation on the projected inverse H⁺, whose factor is there
//! already. A single Krylov sequence finds one vector of a degenerate eigenspace, so the number of
//! eigenvalues below a threshold in the gap above the wanted ones is counted by inertia; where the
//! count disagrees, the dense eigenvalue problem is solved.

use faer::{Mat, Side};

use crate::relax::forces::stiffness;
use crate::relax::hessian::{Field, Hessian, apply, bond_stiffness};
use crate::relax::newton::Equilibrium;
use crate::solid::contacts::{Bond, softening};
use crate::solid::{Solid, Vector};

/// Eigenvalues nearer than this, relative to the larger one, are degenerate: the frequencies of
/// such a cluster have no derivatives of their own.
pub const DEGENERATE: f64 = 1e-7;

/// Residual |β s| of a Ritz pair of H⁺ at which it has converged, relative to the pair's value.
const RITZ_TOLERANCE: f64 = 1e-13;

/// Residual |H v − λ v| above which a mode from Lanczos is not trusted, in units of the largest
/// curvature of the pair energies. Exact degeneracies exhaust the Krylov space and leave such.
const RESIDUAL: f64 = 1e-10;

/// Largest Krylov space before the dense solver takes over.
const MAX_KRYLOV: usize = 320;

/// Ritz pairs are inspected every this many steps.
const INSPECT_EVERY: usize = 8;

/// Modes asked for beyond the wanted ones, to see the gap above them.
const SPARE: usize = 3;

/// Up to this many degrees of freedom the dense solver is as fast.
const DENSE_SIZE: usize = 120;

/// The lowest modes of a solid.
#[derive(Clone, Debug)]
pub struct Modes<const D: usize> {
    /// λ_m [energy/length²], ascending; the last cluster is complete, so there may be more than
    /// asked for.
    pub eigenvalues: Vec<f64>,
    /// v_m, orthonormal, shape (modes, N).
    pub vectors: Vec<Field<D>>,
    /// The half-open range of the degenerate cluster that each mode belongs to.
    pub clusters: Vec<std::ops::Range<usize>>,
}

impl<const D: usize> Modes<D> {
    /// No modes.
    pub fn none() -> Self {
        Modes { eigenvalues: Vec::new(), vectors: Vec::new(), clusters: Vec::new() }
    }

    /// ω_m = √λ_m.
    pub fn frequencies(&self) -> Vec<f64> {
        self.eigenvalues.iter().map(|value| value.max(0.0).sqrt()).collect()
    }

    /// Is mode m degenerate with another?
    pub fn degenerate(&self, m: usize) -> bool {
        self.clusters[m].len() > 1
    }
}

/// The number of modes that nobody has more of: those of N particles that are all held. Who asks for so
/// many asks for all that a solid has.
pub fn most_modes(dimension: usize, particles: usize) -> usize {
    dimension * particles.saturating_sub(1)
}

/// The `wanted` lowest modes above the d translations; fewer where the solid has fewer.
///
/// Leaves the factor of the equilibrium's Hessian as it found it.
pub fn lowest_modes<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    wanted: usize,
) -> Modes<D> {
    let size = equilibrium.hessian.size() - D;
    let wanted = wanted.min(size);
    if wanted == 0 {
        return Modes::none();
    }
    let lanczos = (size > DENSE_SIZE && wanted + SPARE <= MAX_KRYLOV)
        .then(|| lanczos(solid, equilibrium, (wanted + SPARE).min(size)))
        .flatten();
    if let Some((eigenvalues, vectors)) = lanczos
        && let Some(kept) = end_of_cluster(&eigenvalues, wanted)
    {
        let threshold = 0.5 * (eigenvalues[kept - 1] + eigenvalues[kept]);
        let potential = &solid.interactions.potential;
        let bonds = &equilibrium.contacts.bonds;
        let counted = equilibrium.hessian.eigenvalues_below(potential, bonds, threshold);
        let refactored = equilibrium.hessian.factorise(potential, bonds);
        debug_assert!(refactored.is_ok(), "the same values factored before");
        if counted == Some(kept + D) {
            return assembled(eigenvalues, vectors, kept);
        }
    }
    let (eigenvalues, vectors) = dense(solid, &equilibrium.contacts.bonds, &equilibrium.hessian);
    let kept = end_of_cluster(&eigenvalues, wanted).unwrap_or(eigenvalues.len());
    assembled(eigenvalues, vectors, kept)
}

/// The lowest eigenvalue above the d translations, however many modes share it [energy/length²]:
/// a third of the work of its modes, as no cluster has to be completed and counted.
pub fn lowest_eigenvalue<const D: usize>(solid: &Solid<D>, equilibrium: &Equilibrium<D>) -> f64 {
    let hessian = &equilibrium.hessian;
    let values = (hessian.size() > DENSE_SIZE + D)
        .then(|| lanczos(solid, equilibrium, 1))
        .flatten()
        .map_or_else(|| dense(solid, &equilibrium.contacts.bonds, hessian).0, |(values, _)| values);
    values.first().copied().unwrap_or(f64::NAN)
}

fn assembled<const D: usize>(
    mut eigenvalues: Vec<f64>,
    mut vectors: Vec<Field<D>>,
    kept: usize,
) -> Modes<D> {
    eigenvalues.truncate(kept);
    vectors.truncate(kept);
    let mut clusters = Vec::with_capacity(kept);
    let mut start = 0;
    for m in 0..kept {
        let last = m + 1 == kept || !close(eigenvalues[m], eigenvalues[m + 1]);
        if last {
            clusters.extend((start..=m).map(|_| start..m + 1));
            start = m + 1;
        }
    }
    Modes { eigenvalues, vectors, clusters }
}

fn close(low: f64, high: f64) -> bool {
    high - low <= DEGENERATE * high.abs()
}

/// The number of modes that completes the cluster which `wanted` cuts, if its end is in sight.
fn end_of_cluster(eigenvalues: &[f64], wanted: usize) -> Option<usize> {
    (wanted..eigenvalues.len()).find(|&m| !close(eigenvalues[m - 1], eigenvalues[m]))
}

/// A fixed start vector without any symmetry.
fn start_vector<const D: usize>(hessian: &Hessian<D>, particles: usize) -> Field<D> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5
    };
    let mut field: Field<D> = (0..particles).map(|_| Vector::from_fn(|_, _| next())).collect();
    hessian.remove_translation(&mut field);
    field
}

pub(super) fn dot<const D: usize>(a: &Field<D>, b: &Field<D>) -> f64 {
    a.iter().zip(b).map(|(x, y)| x.dot(y)).sum()
}

/// Adds a multiple of another field.
pub(super) fn add<const D: usize>(to: &mut Field<D>, scale: f64, field: &Field<D>) {
    for (x, y) in to.iter_mut().zip(field) {
        *x += y * scale;
    }
}

/// Takes out what lies along orthonormal vectors.
pub(super) fn deflate<const D: usize>(field: &mut Field<D>, vectors: &[Field<D>]) {
    for vector in vectors {
        let overlap = dot(field, vector);
        add(field, -overlap, vector);
    }
}

fn normalise<const D: usize>(field: &mut Field<D>) -> f64 {
    let norm = dot(field, field).sqrt();
    field.iter_mut().for_each(|x| *x /= norm);
    norm
}

/// The `wanted` lowest eigenpairs of H by Lanczos on H⁺; `None` if it does not converge.
fn lanczos<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &Equilibrium<D>,
    wanted: usize,
) -> Option<(Vec<f64>, Vec<Field<D>>)> {
    let hessian = &equilibrium.hessian;
    let limit = MAX_KRYLOV.min(hessian.size() - D);
    let mut basis: Vec<Field<D>> = Vec::with_capacity(limit + 1);
    let (mut alpha, mut beta): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut first = start_vector(hessian, solid.len());
    normalise(&mut first);
    basis.push(first);
    loop {
        let step = alpha.len();
        let mut next = basis[step].clone();
        hessian.solve_one(&mut next);
        alpha.push(dot(&next, &basis[step]));
        // Twice is enough.
        for _ in 0..2 {
            deflate(&mut next, &basis);
        }
        let norm = normalise(&mut next);
        let size = alpha.len();
        let exhausted = !(norm > RITZ_TOLERANCE * alpha[0].abs());
        if size >= wanted && (size.is_multiple_of(INSPECT_EVERY) || exhausted || size == limit) {
            let (values, ritz) = tridiagonal_eigen(&alpha, &beta)?;
            let converged = (0..wanted).all(|m| {
                let column = size - 1 - m;
                (norm * ritz[(size - 1, column)]).abs() <= RITZ_TOLERANCE * values[column].abs()
            });
            if converged || exhausted {
                let vectors =
                    (0..wanted).map(|m| combine(&basis, |row| ritz[(row, size - 1 - m)])).collect();
                let bonds = &equilibrium.contacts.bonds;
                let (eigenvalues, vectors) = rayleigh(solid, bonds, vectors);
                return exact(solid, bonds, &eigenvalues, &vectors)
                    .then_some((eigenvalues, vectors));
            }
        }
        if exhausted || size == limit {
            return None;
        }
        beta.push(norm);
        basis.push(next);
    }
}

fn combine<const D: usize>(basis: &[Field<D>], weight: impl Fn(usize) -> f64) -> Field<D> {
    let mut sum = vec![Vector::zeros(); basis[0].len()];
    for (row, vector) in basis.iter().enumerate() {
        add(&mut sum, weight(row), vector);
    }
    normalise(&mut sum);
    sum
}

/// Eigenvalues as Rayleigh quotients of H itself: more exact than those of the inverse.
fn rayleigh<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    vectors: Vec<Field<D>>,
) -> (Vec<f64>, Vec<Field<D>>) {
    let mut product = vec![Vector::zeros(); solid.len()];
    let mut pairs: Vec<(f64, Field<D>)> = vectors
        .into_iter()
        .map(|vector| {
            apply(&solid.interactions.potential, bonds, &vector, &mut product);
            (dot(&vector, &product), vector)
        })
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    pairs.into_iter().unzip()
}

/// Is every pair an eigenpair?
fn exact<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    eigenvalues: &[f64],
    vectors: &[Field<D>],
) -> bool {
    let limit = RESIDUAL * stiffness(solid) * softening(solid, bonds);
    let mut product = vec![Vector::zeros(); solid.len()];
    eigenvalues.iter().zip(vectors).all(|(&value, vector)| {
        apply(&solid.interactions.potential, bonds, vector, &mut product);
        add(&mut product, -value, vector);
        dot(&product, &product).sqrt() <= limit
    })
}

fn tridiagonal_eigen(alpha: &[f64], beta: &[f64]) -> Option<(Vec<f64>, Mat<f64>)> {
    let n = alpha.len();
    let matrix = Mat::from_fn(n, n, |row, column| match row.abs_diff(column) {
        0 => alpha[row],
        1 => beta[row.min(column)],
        _ => 0.0,
    });
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let values = (0..n).map(|m| eigen.S().column_vector()[m]).collect();
    Some((values, eigen.U().to_owned()))
}

/// Every eigenpair above the translations, ascending.
pub fn dense<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    hessian: &Hessian<D>,
) -> (Vec<f64>, Vec<Field<D>>) {
    let backbone = hessian.backbone();
    let mut row_of = vec![usize::MAX; solid.len()];
    for (row, &i) in backbone.iter().enumerate() {
        row_of[i] = row;
    }
    let n = backbone.len() * D;
    let mut matrix = Mat::<f64>::zeros(n, n);
    let mut largest = 0.0_f64;
    for bond in bonds {
        let (phi1, phi2) = bond_stiffness(&solid.interactions.potential, bond);
        let (a, b) = (row_of[bond.i] * D, row_of[bond.j] * D);
        for alpha in 0..D {
            for beta in 0..D {
                let r = &bond.separation;
                let h = phi2 * r[alpha] * r[beta] + if alpha == beta { phi1 } else { 0.0 };
                matrix[(a + alpha, a + beta)] += h;
                matrix[(b + alpha, b + beta)] += h;
                matrix[(a + alpha, b + beta)] -= h;
                matrix[(b + alpha, a + beta)] -= h;
                largest = largest.max(h.abs());
            }
        }
    }
    // Lift the translations to the top of the spectrum, where they are cut off.
    let top = largest * n as f64;
    for a in 0..backbone.len() {
        for b in 0..backbone.len() {
            for alpha in 0..D {
                matrix[(a * D + alpha, b * D + alpha)] += top / backbone.len() as f64;
            }
        }
    }
    let Ok(eigen) = matrix.self_adjoint_eigen(Side::Lower) else {
        return (Vec::new(), Vec::new());
    };
    let vectors = (0..n - D)
        .map(|m| {
            let mut field = vec![Vector::zeros(); solid.len()];
            for (row, &i) in backbone.iter().enumerate() {
                field[i] = Vector::from_fn(|alpha, _| eigen.U()[(row * D + alpha, m)]);
            }
            hessian.remove_translation(&mut field);
            normalise(&mut field);
            field
        })
        .collect();
    rayleigh(solid, bonds, vectors)
}
