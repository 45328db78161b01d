//! A solid on the way of a design: at its minimum, with its features.

use std::collections::BTreeSet;

use super::problem::{Problem, length};
use crate::linearity::path::Path;
use crate::linearity::problem::SweepProblem;
use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::{Equilibrium, polish};
use crate::response::features::of_response;
use crate::response::linear::{LinearResponse, StrainResponse};
use crate::response::modes::{Modes, lowest_modes};
use crate::solid::Solid;

/// A solid at its minimum.
#[derive(Clone)]
pub struct State<const D: usize> {
    pub solid: Solid<D>,
    pub forces: Forces<D>,
    pub equilibrium: Equilibrium<D>,
    pub response: StrainResponse<D>,
    pub modes: Modes<D>,
    /// Every requested feature, shape (n_y,).
    pub values: Vec<f64>,
    /// The errors of the targets in units of the search, shape (targets,).
    pub errors: Vec<f64>,
}

impl<const D: usize> State<D> {
    /// A solid that is nearly at its minimum, taken there.
    ///
    /// # Errors
    /// [`RelaxError`] where it has none nearby, or a target is not finite.
    pub fn new(problem: &Problem<D>, mut solid: Solid<D>) -> Result<Self, RelaxError> {
        let mut forces = Forces::new(&solid);
        let mut equilibrium = polish(&mut solid, &mut forces, None)?;
        let modes = lowest_modes(&solid, &mut equilibrium, problem.request.modes);
        let response = LinearResponse::new(&solid, &equilibrium);
        let values = of_response(&response, modes.clone(), &problem.request, false).values;
        let response = response.into_strain_response();
        let errors = problem.errors(&values, &solid);
        match errors.iter().all(|x| x.is_finite()) {
            true => Ok(Self { solid, forces, equilibrium, response, modes, values, errors }),
            false => Err(RelaxError::NotFinite),
        }
    }

    /// |errors|: what a design makes small.
    pub fn distance(&self) -> f64 {
        length(&self.errors)
    }

    /// The response of this solid.
    pub fn linear_response(&self) -> LinearResponse<'_, D> {
        LinearResponse::known(&self.solid, &self.equilibrium, &self.response)
    }

    /// A path that starts here.
    pub fn path<'a>(&self, along: &'a SweepProblem<'a, D>) -> Path<'a, D> {
        Path::at_minimum(along, self.forces.clone(), self.equilibrium.clone())
    }

    /// The contacts that are made or broken between this state and another one.
    pub fn contacts_changed(&self, other: &Self) -> usize {
        let set = |state: &Self| -> BTreeSet<(usize, usize)> {
            state.equilibrium.contacts.contact_set().into_iter().collect()
        };
        set(self).symmetric_difference(&set(other)).count()
    }
}
