//! The walls of a contact set: the pairs that may make or break contact, how their gaps follow θ, and
//! by how much the features jump where one is crossed.
//!
//! A pair with the gap g = r − σ is seen from the particles as b (n = R/r on one, −n on the other). With
//! z = H⁻¹ b the gap follows a parameter q by
//!
//! ```text
//! dg/dq = bᵀ dr/dq − dσ/dq = −Σ_b' φ₁' R·(z_i − z_j) − dσ/dq
//! ```
//!
//! in adjoint form: one solve per pair gives the derivative with respect to every parameter. At r = σ the
//! Hessian changes by c b bᵀ, with c = ± the jump of u'' (plus where contact is made), and so do the second
//! derivatives with respect to strain. For some pairs crossed together, with e_p,a = n·(change of the
//! pair's bond under strain a) and B_pq = b_pᵀ z_q, exactly
//!
//! ```text
//! V ΔC_ab = e_aᵀ (c⁻¹ + B)⁻¹ e_b
//! ```
//!
//! Stress does not jump. A frequency jumps by about the same form with its mode's change of the bond. For a
//! pair of particles with the force dipole b_P and t_p = b_Pᵀ z_p the stretches that η = (r_S g)/(r_T c) is
//! made of change exactly by
//!
//! ```text
//! Δc = −t_Sᵀ (c⁻¹ + B)⁻¹ t_S     Δg = −t_Tᵀ (c⁻¹ + B)⁻¹ t_S
//! ```

use super::state::State;
use crate::linearity::predictor::stiffness_jump;
use crate::relax::hessian::Field;
use crate::response::allosteric::{AllostericPair, Stretches, stretched, stretches};
use crate::response::bond::second_with;
use crate::response::linear::scatter;
use crate::response::sensitivity::Sensitivity;
use crate::response::strain::{components, elastic_pairs, strained};
use crate::solid::parameters::ParameterKind;
use crate::solid::{Solid, Vector};

use super::parameters::Parameters;

/// A pair that may make or break contact.
pub struct Wall {
    pub pair: (usize, usize),
    /// g = r − σ [length]: negative in contact.
    pub gap: f64,
    /// dg/dθ, shape (n_θ,).
    pub slope: Vec<f64>,
    /// The change of the Hessian along b where it is crossed [energy/length²].
    stiffness: f64,
    /// n·(change of the bond) under each strain component.
    strains: Vec<f64>,
    /// The same under each mode.
    modes: Vec<f64>,
    /// t of the source and of the target of each pair [length²/energy].
    pairs: Vec<[f64; 2]>,
}

/// The walls of a state.
pub struct Walls {
    pub all: Vec<Wall>,
    /// b_pᵀ z_q, row-major.
    compliance: Vec<f64>,
    volume: f64,
    /// What η is made of before.
    pairs: Vec<Stretches>,
}

/// How the features jump where some walls are crossed.
pub struct Jump {
    /// Of each elastic constant, shape (6,) or (21,).
    pub elastic: Vec<f64>,
    /// Of each squared frequency.
    pub eigenvalues: Vec<f64>,
    /// η of each pair behind the walls.
    pub strains: Vec<f64>,
}

/// A pair near contact, with its unit vector.
struct Near<const D: usize> {
    i: usize,
    j: usize,
    normal: Vector<D>,
    separation: Vector<D>,
    gap: f64,
    stiffness: f64,
}

impl Walls {
    /// The pairs of the backbone whose gap is within `reach` [length]; none of a network. `eta` are the
    /// pairs of the allosteric features.
    pub fn new<const D: usize>(
        state: &State<D>,
        reach: f64,
        eta: &[AllostericPair],
    ) -> (Self, Vec<Sensitivity>) {
        let near = near(state, reach);
        let solid = &state.solid;
        let mut responses: Vec<Field<D>> = near
            .iter()
            .map(|pair| {
                let mut field = vec![Vector::zeros(); solid.len()];
                field[pair.i] = pair.normal;
                field[pair.j] = -pair.normal;
                field
            })
            .collect();
        state.equilibrium.hessian.solve(&mut responses);
        let bonds = &state.equilibrium.contacts.bonds;
        let response = state.linear_response();
        let forcing: Vec<Field<D>> = components(D)
            .iter()
            .map(|&component| {
                scatter(bonds, solid.len(), |index, bond| {
                    let affine = strained(component, &bond.separation);
                    second_with(&response.phi[index], &bond.separation, &affine)
                })
            })
            .collect();
        let along = |pair: &Near<D>, field: &Field<D>| -> f64 {
            pair.normal.dot(&(field[pair.i] - field[pair.j]))
        };
        let compliance =
            responses.iter().flat_map(|z| near.iter().map(move |pair| along(pair, z))).collect();
        let all = near
            .iter()
            .zip(&responses)
            .map(|(pair, z)| {
                let non_affine = |field: &Field<D>| -> f64 {
                    z.iter().zip(field).map(|(z, force)| z.dot(force)).sum()
                };
                let strains = components(D).iter().zip(&forcing).map(|(&component, field)| {
                    pair.normal.dot(&strained(component, &pair.separation)) - non_affine(field)
                });
                Wall {
                    pair: (pair.i, pair.j),
                    gap: pair.gap,
                    slope: Vec::new(),
                    stiffness: pair.stiffness,
                    strains: strains.collect(),
                    modes: state.modes.vectors.iter().map(|mode| along(pair, mode)).collect(),
                    pairs: eta.iter().map(|eta| stretched(solid, eta, z)).collect(),
                }
            })
            .collect();
        let sensitivities = responses
            .iter()
            .map(|z| Sensitivity {
                phi1: bonds
                    .iter()
                    .map(|bond| -bond.separation.dot(&(z[bond.i] - z[bond.j])))
                    .collect(),
                phi2: vec![0.0; bonds.len()],
            })
            .collect();
        // Asked for only where a wall is crossed.
        let pairs = if near.is_empty() { Vec::new() } else { stretches(&response, eta) };
        (Self { all, compliance, volume: solid.cell.volume(), pairs }, sensitivities)
    }

    /// Completes the slopes: `moved` are the derivatives of the distances r, one row per wall.
    pub fn with_slopes<const D: usize>(
        mut self,
        moved: Vec<Vec<f64>>,
        solid: &Solid<D>,
        parameters: &Parameters,
    ) -> Self {
        for (wall, mut slope) in self.all.iter_mut().zip(moved) {
            if let Some(offset) = parameters.space.offset(ParameterKind::Diameter) {
                for particle in [wall.pair.0, wall.pair.1] {
                    let column = offset + solid.species[particle];
                    if let Some(q) = parameters.place(column) {
                        slope[q] -= 0.5;
                    }
                }
            }
            wall.slope = slope;
        }
        self
    }

    /// How elastic constants, frequencies and strains of pairs jump where these walls are crossed together; none where no
    /// stable solid is behind them.
    pub fn jump<const D: usize>(&self, crossed: &[usize]) -> Option<Jump> {
        let n = crossed.len();
        let count = self.all.len();
        // L D Lᵀ of 1/c + B without pivoting: a pivot of the other sign than c is an instability.
        let mut lower = vec![0.0; n * n];
        let mut pivots = vec![0.0; n];
        for row in 0..n {
            for column in 0..=row {
                let (p, q) = (crossed[row], crossed[column]);
                let mut value = self.compliance[p * count + q];
                if row == column {
                    value += 1.0 / self.all[p].stiffness;
                }
                for k in 0..column {
                    value -= lower[row * n + k] * lower[column * n + k] * pivots[k];
                }
                if row == column {
                    pivots[row] = value;
                    if !(value * self.all[p].stiffness > LEAST_PIVOT) {
                        return None;
                    }
                } else {
                    lower[row * n + column] = value / pivots[column];
                }
            }
        }
        let reduced = |of: &dyn Fn(&Wall) -> f64| -> Vec<f64> {
            let mut x: Vec<f64> = crossed.iter().map(|&p| of(&self.all[p])).collect();
            for row in 0..n {
                for k in 0..row {
                    x[row] -= lower[row * n + k] * x[k];
                }
            }
            x
        };
        let form = |x: &[f64], y: &[f64]| -> f64 {
            x.iter().zip(y).zip(&pivots).map(|((x, y), pivot)| x * y / pivot).sum()
        };
        let strains: Vec<Vec<f64>> =
            (0..components(D).len()).map(|a| reduced(&|wall| wall.strains[a])).collect();
        let pairs = elastic_pairs(D).iter();
        let elastic = pairs.map(|&(a, b)| form(&strains[a], &strains[b]) / self.volume).collect();
        let modes = self.all.first().map_or(0, |wall| wall.modes.len());
        let eigenvalues = (0..modes)
            .map(|m| {
                let x = reduced(&|wall| wall.modes[m]);
                form(&x, &x)
            })
            .collect();
        let behind = |(m, before): (usize, &Stretches)| {
            let [source, target] = [0, 1].map(|end| reduced(&|wall| wall.pairs[m][end]));
            let ([of_source, of_target], lengths) = (before.by_source, before.lengths);
            let changed = [of_source - form(&source, &source), of_target - form(&target, &source)];
            Stretches { by_source: changed, lengths }.eta()
        };
        let strains = self.pairs.iter().enumerate().map(behind).collect();
        Some(Jump { elastic, eigenvalues, strains })
    }
}

/// 1 + c bᵀz below this is an instability: what holds the solid there is about to be lost.
const LEAST_PIVOT: f64 = 1e-2;

fn near<const D: usize>(state: &State<D>, reach: f64) -> Vec<Near<D>> {
    let solid = &state.solid;
    if solid.springs.is_some() {
        return Vec::new();
    }
    let rattler = &state.equilibrium.contacts.rattler;
    let candidates = state.forces.candidates().iter();
    candidates
        .filter_map(|candidate| {
            let (i, j) = (candidate.i as usize, candidate.j as usize);
            let (separation, pair) = (solid.separation(i, j), solid.pair(i, j));
            let distance = separation.norm();
            let gap = distance - pair.sigma;
            let wanted = gap.abs() <= reach && !rattler[i] && !rattler[j];
            wanted.then(|| {
                let jump = stiffness_jump(&solid.interactions.potential, &pair);
                let stiffness = if gap > 0.0 { jump } else { -jump };
                Near { i, j, normal: separation / distance, separation, gap, stiffness }
            })
        })
        .collect()
}
