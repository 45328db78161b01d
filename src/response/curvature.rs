//! The response along a direction Δθ̂ to first and second order: J Δθ̂ and d²y/dγ² in closed form.
//!
//! With q = (w_q, the change of the bonds' parameters), w' = −H⁻¹ D³U[·, q, q] and
//! a' = −H⁻¹ D³U[·, e_a, q]:
//!
//! ```text
//! V d²C_ab = D⁴U[e_a,e_b,q,q] + D³U[e_a,e_b,w'] + D³U[a',e_b,q] + D³U[e_a,b',q]
//! V d²s_a  = D³U[e_a,q,q]
//! d²λ_m    = D⁴U[v,v,q,q] + D³U[v,v,w'] + 2 D³U[v',v,q],   v' = −(H − λ_m)⁺ D³U[·,v,q]
//! ```
//!
//! and d²ω = d²λ/2ω − (dλ)²/4ω³. Each costs one solve on the factor that exists; the reduced
//! resolvent of a mode is exact on the modes that are known and solved by conjugate gradients,
//! preconditioned by the factor, on the rest, where H − λ_m is positive definite.

use crate::relax::hessian::{Field, dot, multiply, stiffnesses};
use crate::solid::Vector;

use super::allosteric::second_order;
use super::bond::{second_with, third_with};
pub use super::direction::DirectionResponse;
use super::features::{FeatureRequest, combined, derived, derived_gradients, poisson_slopes};
use super::linear::{LinearResponse, PerBond, bond_changes, scatter};
use super::modes::{Modes, add, deflate};
use super::strain::{components, elastic_pairs, strained};

/// Relative residual at which the resolvent has converged.
const RESOLVENT_TOLERANCE: f64 = 1e-12;

/// Strain components in 3d.
const MOST_STRAINS: usize = 6;

/// Conjugate-gradient steps before the resolvent is given up.
const RESOLVENT_STEPS: usize = 2000;

/// J Δθ̂ of the requested features in the forward form, shape (n_y,); a degenerate mode gets its
/// cluster's mean.
pub fn directional_derivative<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    modes: &Modes<D>,
    request: &FeatureRequest,
) -> Vec<f64> {
    let (stress, elastic) = first_derivatives(response, direction);
    let single: Vec<f64> = modes
        .vectors
        .iter()
        .zip(&modes.eigenvalues)
        .map(|(vector, eigenvalue)| {
            let v = bond_changes(response.bonds, vector);
            let sum: f64 = (0..v.len())
                .map(|index| direction.third_once(response, index, &v[index]).dot(&v[index]))
                .sum();
            sum / (2.0 * eigenvalue.sqrt())
        })
        .collect();
    let mode = |m: usize| {
        modes.clusters.get(m).map_or(f64::NAN, |cluster| {
            single[cluster.clone()].iter().sum::<f64>() / cluster.len() as f64
        })
    };
    let combination = |(of_s, of_c): &(Vec<f64>, Vec<f64>)| {
        let terms = of_s.iter().zip(&stress).chain(of_c.iter().zip(&elastic));
        terms.map(|(x, y)| x * y).sum::<f64>()
    };
    let derived = || {
        let gradients = derived_gradients::<D>(&response.stress(), &response.elastic_constants());
        gradients.iter().map(combination).collect()
    };
    // The rate of η does not depend on the curvature of the path.
    let straight = vec![Vector::zeros(); response.solid.len()];
    request.assemble(&stress, &elastic, mode, derived, |pairs| {
        second_order::derivatives(response, direction, &straight, pairs).0
    })
}

/// d²y/dγ² of the requested features, shape (n_y,); NaN for a degenerate mode.
pub fn curvature<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    modes: &Modes<D>,
    request: &FeatureRequest,
) -> Vec<f64> {
    let bonds = response.bonds;
    let particles = response.solid.len();
    let strains = components(D).len();
    let mut solved: Vec<Field<D>> =
        vec![scatter(bonds, particles, |index, _| -direction.third_twice(response, index))];
    let strained = direction.strained(response);
    solved.extend(strained.iter().map(|once| scatter(bonds, particles, |index, _| -once[index])));
    response.hessian.solve(&mut solved);
    let path = &solved[0];
    let moved: Vec<_> = solved.iter().map(|field| bond_changes(bonds, field)).collect();
    let (bend, strain_changes) = (&moved[0], &moved[1..]);

    let mut stress = vec![0.0; strains];
    let mut elastic = vec![0.0; elastic_pairs(D).len()];
    for (index, bond) in bonds.iter().enumerate() {
        let twice = direction.third_twice(response, index);
        for (a, total) in stress.iter_mut().enumerate() {
            *total += twice.dot(&response.strains[a][index]) / response.volume;
        }
        // D⁴U[·, e_b, q, q] + D³U[·, e_b, w'].
        let mut with_strain = [Vector::<D>::zeros(); MOST_STRAINS];
        for (with, strain) in with_strain.iter_mut().zip(response.strains.iter()) {
            let (phi, r, e_b) = (&response.phi[index], &bond.separation, &strain[index]);
            *with = direction.fourth_twice(response, index, e_b)
                + third_with(phi, r, e_b, &bend[index]);
        }
        for (total, &(a, b)) in elastic.iter_mut().zip(elastic_pairs(D)) {
            let sum = with_strain[b].dot(&response.strains[a][index])
                + strained[b][index].dot(&strain_changes[a][index])
                + strained[a][index].dot(&strain_changes[b][index]);
            *total += sum / response.volume;
        }
    }

    let mode = |m: usize| match m < modes.vectors.len() && !modes.degenerate(m) {
        true => mode_curvature(response, direction, modes, m, bend),
        false => f64::NAN,
    };
    let derived = || derived_curvature(response, direction, &stress, &elastic);
    request.assemble(&stress, &elastic, mode, derived, |pairs| {
        second_order::derivatives(response, direction, path, pairs).1
    })
}

/// Second derivatives of pressure, K, G (linear in stress and C) and ν.
fn derived_curvature<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    stress: &[f64],
    elastic: &[f64],
) -> Vec<f64> {
    let (s0, c0) = (response.stress(), response.elastic_constants());
    let gradients = derived_gradients::<D>(&s0, &c0);
    let first = first_derivatives(response, direction);
    let rate = |index: usize| combined(&gradients[index], &first.0, &first.1);
    let (k1, g1) = (rate(1), rate(2));
    let [_, k, g, _] = derived::<D>(&s0, &c0);
    let mut values: Vec<f64> =
        gradients.iter().map(|gradient| combined(gradient, stress, elastic)).collect();
    // ν is not linear: add its Hessian in (K, G) along (K', G').
    let (x, y, n) = poisson_slopes::<D>();
    let (denominator, rate_of_denominator) = (x * k + y * g, x * k1 + y * g1);
    // ν' = n (g k' − k g')/denominator²; its explicit rate of change at fixed K'', G'' is
    // −2 n (g k' − k g') denominator'/denominator³.
    values[3] += -2.0 * n * (g * k1 - k * g1) * rate_of_denominator / denominator.powi(3);
    values
}

/// (ds/dγ, dC/dγ) along the direction, from the forward form.
pub fn first_derivatives<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
) -> (Vec<f64>, Vec<f64>) {
    let mut stress = vec![0.0; components(D).len()];
    let mut elastic = vec![0.0; elastic_pairs(D).len()];
    for (index, bond) in response.bonds.iter().enumerate() {
        let r = &bond.separation;
        let force = second_with(&response.phi[index], r, &direction.changes[index])
            + r * direction.along[index][0];
        for (total, &component) in stress.iter_mut().zip(components(D)) {
            *total += force.dot(&strained(component, r)) / response.volume;
        }
        let mut once = [Vector::<D>::zeros(); MOST_STRAINS];
        for (once, strain) in once.iter_mut().zip(response.strains.iter()) {
            *once = direction.third_once(response, index, &strain[index]);
        }
        for (total, &(a, b)) in elastic.iter_mut().zip(elastic_pairs(D)) {
            *total += once[a].dot(&response.strains[b][index]) / response.volume;
        }
    }
    (stress, elastic)
}

fn mode_curvature<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    modes: &Modes<D>,
    m: usize,
    bend: &PerBond<Vector<D>>,
) -> f64 {
    let bonds = response.bonds;
    let v = bond_changes(bonds, &modes.vectors[m]);
    let gradient = scatter(bonds, response.solid.len(), |index, _| {
        direction.third_once(response, index, &v[index])
    });
    let Some(turn) = turning(response, direction, modes, m, (&v, &gradient)) else {
        return f64::NAN;
    };
    let (mut first, mut twice) = (0.0, 2.0 * turn);
    for (index, bond) in bonds.iter().enumerate() {
        let once = direction.third_once(response, index, &v[index]);
        first += once.dot(&v[index]);
        let with = direction.fourth_twice(response, index, &v[index])
            + third_with(&response.phi[index], &bond.separation, &v[index], &bend[index]);
        twice += with.dot(&v[index]);
    }
    let omega = modes.eigenvalues[m].sqrt();
    twice / (2.0 * omega) - first * first / (4.0 * omega.powi(3))
}

/// D³U[v', v, q] of a mode that is not degenerate, from the changes of its bonds and H' v; none where the
/// resolvent does not converge.
///
/// Where all modes are known, it is −Σ_j (v_j·H' v)²/(λ_j − λ), without the resolvent.
fn turning<const D: usize>(
    response: &LinearResponse<D>,
    direction: &DirectionResponse<D>,
    modes: &Modes<D>,
    m: usize,
    (v, gradient): (&PerBond<Vector<D>>, &Field<D>),
) -> Option<f64> {
    if modes.vectors.len() + D == response.hessian.size() {
        let others = (0..modes.vectors.len()).filter(|&j| j != m);
        let terms = others.map(|j| {
            let overlap = dot(&modes.vectors[j], gradient);
            -overlap * overlap / (modes.eigenvalues[j] - modes.eigenvalues[m])
        });
        return Some(terms.sum());
    }
    let rotated = bond_changes(response.bonds, &resolvent(response, modes, m, gradient)?);
    let terms = v
        .iter()
        .zip(&rotated)
        .enumerate()
        .map(|(index, (v, rotated))| direction.third_once(response, index, v).dot(rotated));
    Some(terms.sum())
}

/// −(H − λ_m)⁺ b, off the eigenvector v_m and the translations.
fn resolvent<const D: usize>(
    response: &LinearResponse<D>,
    modes: &Modes<D>,
    m: usize,
    b: &Field<D>,
) -> Option<Field<D>> {
    let lambda = modes.eigenvalues[m];
    let mut solution = vec![Vector::zeros(); b.len()];
    let mut rest = b.clone();
    for (j, vector) in modes.vectors.iter().enumerate() {
        let overlap = dot(vector, &rest);
        add(&mut rest, -overlap, vector);
        if j != m {
            add(&mut solution, overlap / (modes.eigenvalues[j] - lambda), vector);
        }
    }
    let precondition = |x: &Field<D>| {
        let mut y = x.clone();
        response.hessian.solve_one(&mut y);
        deflate(&mut y, &modes.vectors);
        y
    };
    let stiffness = stiffnesses(&response.solid.interactions.potential, response.bonds);
    let limit = RESOLVENT_TOLERANCE * dot(b, b).sqrt();
    let mut residual = rest;
    let mut z = precondition(&residual);
    let mut search = z.clone();
    let mut rho = dot(&residual, &z);
    let mut product = vec![Vector::zeros(); b.len()];
    for _ in 0..RESOLVENT_STEPS {
        if dot(&residual, &residual).sqrt() <= limit {
            solution.iter_mut().for_each(|x| *x = -*x);
            return Some(solution);
        }
        multiply(response.bonds, &stiffness, &search, &mut product);
        add(&mut product, -lambda, &search);
        deflate(&mut product, &modes.vectors);
        let step = rho / dot(&search, &product);
        add(&mut solution, step, &search);
        add(&mut residual, -step, &product);
        z = precondition(&residual);
        let next = dot(&residual, &z);
        let ratio = next / rho;
        rho = next;
        search.iter_mut().zip(&z).for_each(|(s, z)| *s = *s * ratio + z);
    }
    None
}

/// γ̃: where the γ² term reaches `fraction` of the linear one, |½ y'' γ²| = fraction · |J Δθ̂ γ|.
///
/// Infinite where there is no curvature, NaN where one is missing.
pub fn gamma_tilde(linear: &[f64], curvature: &[f64], fraction: f64) -> f64 {
    let norm = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    2.0 * fraction * norm(linear) / norm(curvature)
}
