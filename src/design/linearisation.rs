//! A state to first order: how the errors of the targets and the gaps of the walls follow θ.

use super::problem::Problem;
use super::state::State;
use super::walls::Walls;
use crate::response::features::{FeatureKind, derived, of_response};
use crate::response::jacobian::bond_jacobian;
use crate::solid::parameters::ParameterKind;
use crate::solid::sphere_volume;

/// A state to first order.
pub struct Linearisation {
    /// d(errors)/dθ, shape (targets, n_θ).
    pub jacobian: Vec<Vec<f64>>,
    pub walls: Walls,
    /// θ, shape (n_θ,).
    pub theta: Vec<f64>,
    /// What each parameter counts in the norm, shape (n_θ,).
    pub scales: Vec<f64>,
}

impl Linearisation {
    /// Of a state, with the walls whose gaps are within `reach` [length].
    pub fn new<const D: usize>(problem: &Problem<D>, state: &State<D>, reach: f64) -> Self {
        let (parameters, solid) = (&problem.parameters, &state.solid);
        let bonds = &state.equilibrium.contacts.bonds;
        let response = state.linear_response();
        let features = of_response(&response, state.modes.clone(), &problem.request, true);
        let (walls, of_walls) = Walls::new(state, reach, &problem.request.pairs);
        let rows: Vec<Option<usize>> = problem
            .targets
            .iter()
            .map(|target| target.feature.row::<D>(&problem.request))
            .collect();
        let wanted = rows.iter().flatten().map(|&row| features.sensitivities[row].clone());
        let sensitivities: Vec<_> = wanted.chain(of_walls).collect();
        let kinds = parameters.space.kinds().iter();
        let of_bonds: Vec<_> =
            kinds.map(|&kind| bond_jacobian(solid, bonds, &sensitivities, kind)).collect();
        let mut projected = parameters.project(&of_bonds, bonds, &solid.species);
        let moved = projected.split_off(rows.iter().flatten().count());
        let mut of_features = projected.into_iter();
        let mut jacobian = Vec::with_capacity(rows.len());
        for (target, row) in problem.targets.iter().zip(&rows) {
            let mut gradient = match row {
                Some(_) => of_features.next().unwrap_or_default(),
                None => volume_gradient(problem, state),
            };
            gradient.iter_mut().for_each(|x| *x /= target.unit);
            jacobian.push(gradient);
        }
        let theta = parameters.values(solid);
        let scales = parameters.scales(&theta);
        let walls = walls.with_slopes(moved, solid, parameters);
        Self { jacobian, walls, theta, scales }
    }

    /// How the errors of the targets jump where these walls are crossed together; none where no stable
    /// solid is behind them.
    pub fn jump<const D: usize>(
        &self,
        problem: &Problem<D>,
        state: &State<D>,
        crossed: &[usize],
    ) -> Option<Vec<f64>> {
        let jump = self.walls.jump::<D>(crossed)?;
        let request = &problem.request;
        let mut values = state.values.clone();
        for (row, change) in request.rows(D, &[FeatureKind::Elastic]).into_iter().zip(&jump.elastic)
        {
            values[row] += change;
        }
        for (row, change) in
            request.rows(D, &[FeatureKind::Modes]).into_iter().zip(&jump.eigenvalues)
        {
            values[row] = (values[row] * values[row] + change).max(0.0).sqrt();
        }
        for (row, eta) in request.rows(D, &[FeatureKind::Allosteric]).into_iter().zip(jump.strains)
        {
            values[row] = eta;
        }
        let part = |kind| -> Vec<f64> {
            request.rows(D, &[kind]).into_iter().map(|row| values[row]).collect()
        };
        let new = derived::<D>(&part(FeatureKind::Stress), &part(FeatureKind::Elastic));
        for (row, value) in request.rows(D, &[FeatureKind::Derived]).into_iter().zip(new) {
            values[row] = value;
        }
        let errors = problem.errors(&values, &state.solid);
        Some(errors.iter().zip(&state.errors).map(|(after, before)| after - before).collect())
    }
}

/// d(volume of the particles)/dθ.
fn volume_gradient<const D: usize>(problem: &Problem<D>, state: &State<D>) -> Vec<f64> {
    let (parameters, solid) = (&problem.parameters, &state.solid);
    let mut gradient = vec![0.0; parameters.len()];
    let Some(offset) = parameters.space.offset(ParameterKind::Diameter) else { return gradient };
    for i in 0..solid.len() {
        if let Some(q) = parameters.place(offset + solid.species[i]) {
            let diameter = solid.diameter(i);
            gradient[q] += D as f64 * sphere_volume::<D>(diameter) / diameter;
        }
    }
    gradient
}
