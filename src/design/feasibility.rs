//! Can the targets be met to first order? Not where they ask for a combination of features that no
//! parameter moves: a left singular vector of J without a singular value.

use faer::Mat;

use super::feature::BASE;
use super::linearisation::Linearisation;
use super::outcome::Incompatible;
use super::problem::{Problem, length};
use super::state::State;
use crate::response::features::{FeatureKind, of_response};
use crate::response::jacobian::bond_jacobian;
use crate::response::modes::Modes;
use crate::response::susceptibility::{RANK_TOLERANCE, Susceptibility, SvdError, decompose};

/// The Jacobian of the errors in the norm of the design, decomposed, with its rank beside everything
/// that the parameters move in this solid.
pub struct Feasibility {
    pub svd: Susceptibility,
    /// The largest singular value of stress and elastic constants [1/norm].
    reference: f64,
    jacobian: Vec<Vec<f64>>,
    /// Scales of the targets in their units, shape (targets,).
    scales: Vec<f64>,
}

impl Feasibility {
    /// Of a state.
    ///
    /// # Errors
    /// [`SvdError`] where J is not finite.
    pub fn new<const D: usize>(
        problem: &Problem<D>,
        state: &State<D>,
        linear: &Linearisation,
    ) -> Result<Self, SvdError> {
        let scaled = |row: &Vec<f64>| -> Vec<f64> {
            row.iter().zip(&linear.scales).map(|(x, w)| x / w).collect()
        };
        let jacobian: Vec<Vec<f64>> = linear.jacobian.iter().map(scaled).collect();
        let everything: Vec<Vec<f64>> = everything(problem, state).iter().map(scaled).collect();
        let first = |svd: &Susceptibility| svd.singular_values.first().copied().unwrap_or(0.0);
        let all = decompose(matrix(&everything).as_ref(), RANK_TOLERANCE, 0.0)?;
        let rounding = RANK_TOLERANCE * first(&all);
        let svd = decompose(matrix(&jacobian).as_ref(), RANK_TOLERANCE, rounding)?;
        let reference = first(&all).max(first(&svd));
        let scales = problem.targets.iter().map(|target| target.scale / target.unit).collect();
        Ok(Self { svd, reference, jacobian, scales })
    }

    /// The shortest change that makes these errors vanish, as far as they can, in units of the norm:
    /// −J⁺ e, shape (n_θ,).
    pub fn shortest(&self, errors: &[f64]) -> Vec<f64> {
        let n = self.svd.right.ncols();
        let mut x = vec![0.0; n];
        for i in 0..self.svd.rank {
            let overlap: f64 =
                errors.iter().enumerate().map(|(r, e)| self.svd.left[(r, i)] * e).sum();
            let share = -overlap / self.svd.singular_values[i];
            (0..n).for_each(|q| x[q] += share * self.svd.right[(i, q)]);
        }
        x
    }

    /// The combination of targets that would have to change and cannot; none where its part of the errors
    /// is within the tolerance.
    pub fn incompatible(&self, errors: &[f64], tolerance: f64) -> Option<Incompatible> {
        let mut left = errors.to_vec();
        // Twice: what is left may be small beside the errors.
        for _ in 0..2 {
            for i in 0..self.svd.rank {
                let column = |r: usize| self.svd.left[(r, i)];
                let overlap: f64 = left.iter().enumerate().map(|(r, e)| column(r) * e).sum();
                left.iter_mut().enumerate().for_each(|(r, e)| *e -= overlap * column(r));
            }
        }
        // In units of the scales the same combination has other coefficients.
        let asked = length(&left);
        let mut combination: Vec<f64> = left.iter().map(|e| -e / asked).collect();
        let relative: Vec<f64> = combination.iter().zip(&self.scales).map(|(u, s)| u * s).collect();
        let norm = length(&relative);
        let asked = asked / norm;
        if !(asked > tolerance) {
            return None;
        }
        let n = self.svd.right.ncols();
        let moved = (0..n).map(|q| {
            self.jacobian.iter().zip(&combination).map(|(row, u)| u * row[q]).sum::<f64>()
        });
        let response = length(&moved.collect::<Vec<f64>>()) / (norm * self.reference);
        combination = relative.iter().map(|u| u / norm).collect();
        Some(Incompatible { combination, asked, response })
    }
}

fn matrix(rows: &[Vec<f64>]) -> Mat<f64> {
    Mat::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |r, q| rows[r][q])
}

/// J of stress and elastic constants in units of the largest one.
fn everything<const D: usize>(problem: &Problem<D>, state: &State<D>) -> Vec<Vec<f64>> {
    let parameters = &problem.parameters;
    let bonds = &state.equilibrium.contacts.bonds;
    let response = state.linear_response();
    let features = of_response(&response, Modes::none(), &BASE, true);
    let rows = BASE.rows(D, &[FeatureKind::Stress, FeatureKind::Elastic]);
    let wanted: Vec<_> = rows.iter().map(|&row| features.sensitivities[row].clone()).collect();
    let kinds = parameters.space.kinds().iter();
    let of_bonds: Vec<_> =
        kinds.map(|&kind| bond_jacobian(&state.solid, bonds, &wanted, kind)).collect();
    let mut jacobian = parameters.project(&of_bonds, bonds, &state.solid.species);
    // Stress vanishes in an unstressed network: elastic constants are the unit of both.
    let unit = rows.iter().fold(0.0, |max: f64, &row| max.max(state.values[row].abs()));
    jacobian.iter_mut().flatten().for_each(|x| *x /= unit);
    jacobian
}
