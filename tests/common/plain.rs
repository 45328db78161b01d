//! A solid's mechanics from the pair energies alone: all pairs, no list, no rattlers, dense matrices.
//! Slow, short, and independent of everything that the program does.
#![allow(dead_code)]

use amorph::solid::{Solid, Vector};
use nalgebra::{DMatrix, DVector};

/// What plain computation says about a solid.
pub struct Plain<const D: usize> {
    /// max|F| over all particles and pairs, in units of the stiffest bond's curvature.
    pub stiff: f64,
    /// The same in units of the mean contact force.
    pub relative: f64,
    pub pressure: f64,
    /// Tension positive, in the order of the strain components.
    pub stress: Vec<f64>,
    pub elastic: Vec<f64>,
    pub zero_modes: usize,
    pub negative: usize,
    /// H⁺ F: the step to the minimum.
    pub step: Vec<Vector<D>>,
    /// The pairs that interact, and whether they overlap.
    pub pairs: Vec<(usize, usize, bool)>,
}

/// The strain components in the order of the elastic constants.
fn components<const D: usize>() -> Vec<(usize, usize)> {
    if D == 2 {
        vec![(0, 0), (1, 1), (0, 1)]
    } else {
        vec![(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)]
    }
}

const ELASTIC_2D: [(usize, usize); 6] = [(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)];
/// xxxx yyyy zzzz yzyz xzxz xyxy yyzz xxzz xxyy xxyz xxxz xxxy yyyz yyxz yyxy zzyz zzxz zzxy yzxz
/// yzxy xzxy over (xx, yy, zz, yz, xz, xy).
const ELASTIC_3D: [(usize, usize); 21] = [
    (0, 0),
    (1, 1),
    (2, 2),
    (3, 3),
    (4, 4),
    (5, 5),
    (1, 2),
    (0, 2),
    (0, 1),
    (0, 3),
    (0, 4),
    (0, 5),
    (1, 3),
    (1, 4),
    (1, 5),
    (2, 3),
    (2, 4),
    (2, 5),
    (3, 4),
    (3, 5),
    (4, 5),
];

/// Everything from the pair energies alone: all pairs, no list, no rattlers, dense matrices.
pub fn plain<const D: usize>(solid: &Solid<D>) -> Plain<D> {
    let n = solid.len();
    let potential = &solid.interactions.potential;
    let strains: Vec<DMatrix<f64>> = components::<D>()
        .into_iter()
        .map(|(a, b)| {
            let mut e = DMatrix::zeros(D, D);
            e[(a, b)] += 0.5;
            e[(b, a)] += 0.5;
            e
        })
        .collect();
    let mut hessian = DMatrix::<f64>::zeros(n * D, n * D);
    let mut coupling = vec![DVector::<f64>::zeros(n * D); strains.len()];
    let mut affine = DMatrix::<f64>::zeros(strains.len(), strains.len());
    let mut forces = vec![Vector::<D>::zeros(); n];
    let mut stress = vec![0.0; strains.len()];
    let mut pairs = Vec::new();
    let (mut virial, mut total, mut bonds, mut stiffest) = (0.0, 0.0, 0_usize, 0.0_f64);
    for i in 0..n {
        for j in i + 1..n {
            let r = solid.separation(i, j);
            let distance = r.norm();
            let pair = solid.pair(i, j);
            if !potential.interacts(&pair, distance) {
                continue;
            }
            let [slope, curvature, ..] = potential.radial(&pair, distance);
            forces[i] -= r * (slope / distance);
            forces[j] += r * (slope / distance);
            virial += slope * distance;
            total += slope.abs();
            bonds += 1;
            pairs.push((i, j, distance < pair.sigma));
            for (sum, (a, b)) in stress.iter_mut().zip(components::<D>()) {
                *sum += slope / distance * r[a] * r[b] / solid.cell.volume();
            }
            let core = pair.k / (pair.sigma * pair.sigma);
            stiffest = stiffest.max(core).max(2.0 * pair.depth * potential.a * potential.a);
            // A pair that only touches (r = σ within rounding) has no certain u''; what hangs on such
            // pairs is a rattler, and no load-bearing pair carries so little.
            if slope.abs() * pair.sigma / pair.k < 1e-12 * (1.0 + total / bonds as f64) {
                continue;
            }
            let normal = r / distance;
            let phi1 = slope / distance;
            let h = nalgebra::SMatrix::<f64, D, D>::identity() * phi1
                + normal * normal.transpose() * (curvature - phi1);
            for (row, column, sign) in [(i, i, 1.0), (j, j, 1.0), (i, j, -1.0), (j, i, -1.0)] {
                let mut view = hessian.view_mut((row * D, column * D), (D, D));
                view += h * sign;
            }
            let r = DVector::from_iterator(D, r.iter().copied());
            let h = DMatrix::from_iterator(D, D, h.iter().copied());
            for (a, strain) in strains.iter().enumerate() {
                let moved = strain * &r;
                let pull = &h * &moved;
                for axis in 0..D {
                    coupling[a][i * D + axis] += pull[axis];
                    coupling[a][j * D + axis] -= pull[axis];
                }
                for (b, other) in strains.iter().enumerate() {
                    affine[(a, b)] += (other * &r).dot(&pull);
                }
            }
        }
    }
    let volume = solid.cell.volume();
    let eigen = hessian.symmetric_eigen();
    let limit = 1e-11 * stiffest;
    let mut relaxed = affine;
    let (mut zero_modes, mut negative) = (0, 0);
    let force = DVector::from_iterator(n * D, forces.iter().flatten().copied());
    let mut step = DVector::<f64>::zeros(n * D);
    for (mode, &value) in eigen.eigenvalues.iter().enumerate() {
        if value.abs() <= limit {
            zero_modes += 1;
            continue;
        }
        negative += usize::from(value < 0.0);
        let v = eigen.eigenvectors.column(mode);
        step.axpy(force.dot(&v) / value, &v, 1.0);
        let share: Vec<f64> = coupling.iter().map(|xi| xi.dot(&v)).collect();
        for a in 0..strains.len() {
            for b in 0..strains.len() {
                relaxed[(a, b)] -= share[a] * share[b] / value;
            }
        }
    }
    let order: &[(usize, usize)] = if D == 2 { &ELASTIC_2D } else { &ELASTIC_3D };
    let max_force = forces.iter().map(Vector::norm).fold(0.0, f64::max);
    Plain {
        stiff: max_force / stiffest,
        relative: max_force / (total / bonds as f64),
        pressure: -virial / (D as f64 * volume),
        stress,
        elastic: order.iter().map(|&(a, b)| relaxed[(a, b)] / volume).collect(),
        zero_modes,
        negative,
        step: (0..n).map(|i| Vector::from_fn(|axis, _| step[i * D + axis])).collect(),
        pairs,
    }
}

/// Newton steps of [`relaxed`]; four are usual.
const STEPS: usize = 12;

/// The solid at its minimum nearby, by Newton's method with H⁺ until the forces are rounding.
pub fn relaxed<const D: usize>(mut solid: Solid<D>) -> (Solid<D>, Plain<D>) {
    let mut state = plain(&solid);
    for _ in 0..STEPS {
        let mut next = solid.clone();
        next.positions.iter_mut().zip(&state.step).for_each(|(r, step)| *r += step);
        let found = plain(&next);
        if !(found.stiff < state.stiff) {
            break;
        }
        (solid, state) = (next, found);
    }
    (solid, state)
}
