//! Stress and elastic constants against finite strain with re-relaxation.
//!
//! A strain F = 1 + ε is applied to the bond vectors of a relaxed solid, R = F R₀ + u_i − u_j, and
//! the displacements u are relaxed again with forces computed here; only the iteration borrows the
//! factor of the unstrained Hessian. The contact set is checked at every strain.

#[path = "common/solids.rs"]
mod solids;

use amorph::relax::forces::max_norm;
use amorph::relax::hessian::{Field, Hessian};
use amorph::relax::prepare::{Recipe, Target};
use amorph::response::linear::LinearResponse;
use amorph::response::strain::{components, elastic_pairs};
use amorph::solid::contacts::Contacts;
use amorph::solid::neighbors::{Candidate, pairs_within};
use amorph::solid::{Solid, Vector};
use nalgebra::SMatrix;

/// Pairs nearer than their range plus this are watched for contact changes.
const WATCHED: f64 = 0.05;

struct Strained<'a, const D: usize> {
    solid: &'a Solid<D>,
    hessian: &'a Hessian<D>,
    rattler: &'a [bool],
    pairs: Vec<Candidate>,
}

impl<const D: usize> Strained<'_, D> {
    /// The relaxed energy at F = 1 + ε; `None` where the contact set has changed.
    fn energy(&self, strain: &SMatrix<f64, D, D>) -> Option<f64> {
        let potential = &self.solid.interactions.potential;
        let deformation = SMatrix::<f64, D, D>::identity() + strain;
        let mut u: Field<D> = vec![Vector::zeros(); self.solid.len()];
        let mut last = f64::NAN;
        for _ in 0..60 {
            let mut force: Field<D> = vec![Vector::zeros(); self.solid.len()];
            let mut energy = 0.0;
            let mut same = true;
            for pair in &self.pairs {
                let (i, j) = (pair.i as usize, pair.j as usize);
                if self.rattler[i] || self.rattler[j] {
                    continue;
                }
                let before = self.solid.separation(i, j);
                let now = deformation * before + u[i] - u[j];
                let parameters = self.solid.pair(i, j);
                let (slope, r) = {
                    let r = now.norm();
                    let (value, slope) = potential.energy_and_slope(&parameters, r);
                    energy += value;
                    (slope, r)
                };
                same &= (r < parameters.sigma) == (before.norm() < parameters.sigma);
                force[i] -= now * (slope / r);
                force[j] += now * (slope / r);
            }
            last = max_norm(&force);
            if last < 1e-13 {
                return same.then_some(energy);
            }
            self.hessian.solve_one(&mut force);
            u.iter_mut().zip(&force).for_each(|(u, step)| *u += step);
        }
        panic!("the strained solid did not relax: {last:e}");
    }
}

fn basis<const D: usize>(component: usize) -> SMatrix<f64, D, D> {
    let (alpha, beta) = components(D)[component];
    let mut matrix = SMatrix::zeros();
    matrix[(alpha, beta)] += 0.5;
    matrix[(beta, alpha)] += 0.5;
    matrix
}

fn check<const D: usize>(particles: usize, pressure: f64, replica: u64, step: f64) {
    let recipe = Recipe { target: Target::Pressure(pressure), ..solids::recipe(particles) };
    let prepared = recipe.prepare::<D>(&solids::key(replica)).unwrap();
    let solid = &prepared.solid;
    let contacts: &Contacts<D> = &prepared.equilibrium.contacts;
    let response = LinearResponse::new(solid, &prepared.equilibrium);
    let mut pairs = Vec::new();
    pairs_within(solid, WATCHED, &mut pairs);
    let strained = Strained {
        solid,
        hessian: &prepared.equilibrium.hessian,
        rattler: &contacts.rattler,
        pairs,
    };
    let volume = solid.cell.volume();
    let energy = |strain: SMatrix<f64, D, D>| {
        strained.energy(&strain).expect("the same contacts at every strain: choose a smaller step")
    };
    let stress = response.stress();
    let largest = stress.iter().fold(0.0_f64, |max, s| max.max(s.abs()));
    for (a, expected) in stress.iter().enumerate() {
        let e = basis::<D>(a);
        let first = (8.0 * (energy(e * step) - energy(-e * step))
            - (energy(e * (2.0 * step)) - energy(-e * (2.0 * step))))
            / (12.0 * step * volume);
        assert!((first - expected).abs() < 1e-8 * largest, "s_{a}: {first} {expected}");
    }
    let elastic = response.elastic_constants();
    let largest = elastic.iter().fold(0.0_f64, |max, c| max.max(c.abs()));
    for (&(a, b), expected) in elastic_pairs(D).iter().zip(&elastic) {
        let (x, y) = (basis::<D>(a), basis::<D>(b));
        // Mixed second difference, with the step and its double extrapolated to fourth order.
        let mixed = |h: f64| {
            (energy((x + y) * h) - energy((x - y) * h) - energy((y - x) * h) + energy(-(x + y) * h))
                / (4.0 * h * h * volume)
        };
        let second = (4.0 * mixed(step) - mixed(2.0 * step)) / 3.0;
        let error = (second - expected).abs() / largest;
        assert!(error < 1e-6, "C {a} {b}: {second} {expected} ({error:e})");
    }
}

#[test]
fn stress_and_elastic_constants_in_2d_match_finite_strain() {
    check::<2>(64, 1e-1, 3, 1e-4);
}

#[test]
fn stress_and_elastic_constants_in_3d_match_finite_strain() {
    check::<3>(64, 1e-1, 5, 3e-5);
}

#[test]
fn stress_and_elastic_constants_with_rattlers_match_finite_strain() {
    check::<2>(64, 1e-3, 3, 1e-6);
}
