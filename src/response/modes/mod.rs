//! The lowest vibrational modes: eigenpairs (λ, v) of H on the backbone, ω = √λ, unit masses.
//!
//! Few of them by a Krylov space of the projected inverse H⁺ (`search`), whose factor is there already; where
//! more than a third of all is wanted, or the search fails, by the dense eigenvalue problem.

mod cluster;
mod krylov;
mod search;

use faer::{Mat, Side};

use crate::relax::forces::stiffness;
use crate::relax::hessian::{Field, Hessian, bond_stiffness, dot, multiply, stiffnesses};
use crate::relax::newton::Equilibrium;
use crate::solid::contacts::{Bond, softening};
use crate::solid::{Solid, Vector};

use cluster::{close, end_of_cluster};

pub use cluster::DEGENERATE;

/// Residual |H v − λ v| above which a mode of a Krylov space is not trusted, in units of the largest
/// curvature of the pair energies.
const RESIDUAL: f64 = 1e-10;

/// The dense solver is faster where more than this share of all modes is wanted.
const DENSE_SHARE: usize = 3;

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

/// Are so many modes of so many degrees of freedom left to the dense solver?
pub fn takes_dense_solver(degrees: usize, wanted: usize) -> bool {
    degrees <= DENSE_SIZE || wanted > degrees / DENSE_SHARE
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
    let Equilibrium { contacts, hessian, .. } = equilibrium;
    let potential = &solid.interactions.potential;
    let found = (!takes_dense_solver(size, wanted))
        .then(|| search::lowest(hessian, potential, &contacts.bonds, wanted))
        .flatten();
    if let Some(vectors) = found {
        let (eigenvalues, vectors, residual) = rayleigh(solid, &contacts.bonds, vectors);
        let limit = RESIDUAL * stiffness(solid) * softening(solid, &contacts.bonds);
        if residual <= limit {
            let kept = end_of_cluster(&eigenvalues, wanted).unwrap_or(eigenvalues.len());
            return assembled(eigenvalues, vectors, kept);
        }
    }
    let (eigenvalues, vectors) = dense(solid, &contacts.bonds, hessian);
    let kept = end_of_cluster(&eigenvalues, wanted).unwrap_or(eigenvalues.len());
    assembled(eigenvalues, vectors, kept)
}

/// The lowest eigenvalue above the d translations, however many modes share it [energy/length²]:
/// a third of the work of its modes, as no cluster has to be completed and counted.
pub fn lowest_eigenvalue<const D: usize>(solid: &Solid<D>, equilibrium: &Equilibrium<D>) -> f64 {
    let Equilibrium { contacts, hessian, .. } = equilibrium;
    let vector =
        (hessian.size() > DENSE_SIZE + D).then(|| search::lowest_vector(hessian)).flatten();
    let values = match vector {
        Some(vector) => rayleigh(solid, &contacts.bonds, vec![vector]).0,
        None => dense(solid, &contacts.bonds, hessian).0,
    };
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

/// Eigenvalues as Rayleigh quotients of H itself, ascending: more exact than those of the inverse. Also the
/// largest |H v − λ v|.
fn rayleigh<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    vectors: Vec<Field<D>>,
) -> (Vec<f64>, Vec<Field<D>>, f64) {
    let stiffness = stiffnesses(&solid.interactions.potential, bonds);
    let mut product = vec![Vector::zeros(); solid.len()];
    let mut largest = 0.0_f64;
    let mut pairs: Vec<(f64, Field<D>)> = vectors
        .into_iter()
        .map(|vector| {
            multiply(bonds, &stiffness, &vector, &mut product);
            let value = dot(&vector, &product);
            add(&mut product, -value, &vector);
            let rest = dot(&product, &product).sqrt();
            // NaN stays.
            largest = if rest > largest || rest.is_nan() { rest } else { largest };
            (value, vector)
        })
        .collect();
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (values, vectors) = pairs.into_iter().unzip();
    (values, vectors, largest)
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
    let (eigenvalues, vectors, _) = rayleigh(solid, bonds, vectors);
    (eigenvalues, vectors)
}
