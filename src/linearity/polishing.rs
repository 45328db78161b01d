//! The polish of states whose features are measured.

use crate::relax::RelaxError;
use crate::relax::forces::FORCE_FLOOR;
use crate::relax::newton::{accepted_force, polish};
use crate::solid::Solid;
use crate::solid::contacts::virial_pressure;

use super::corrector::{CORRECTIONS, Corrector};
use super::state::Point;

impl<const D: usize> Corrector<'_, D> {
    /// Polishes a point to the rounding floor of its forces, for its features to be measured, and
    /// factors its Hessian there.
    ///
    /// # Errors
    /// [`RelaxError`] where the polish fails.
    pub fn polished(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        self.place(point.gamma, point.positions.clone());
        let mut previous = f64::INFINITY;
        let mut rattler = point.rattler().to_vec();
        let mut max_force = self.look(&mut rattler);
        for _ in 0..CORRECTIONS {
            if max_force <= FORCE_FLOOR * self.unit || !(max_force < 0.5 * previous) {
                break;
            }
            previous = max_force;
            self.step(&point.equilibrium.hessian);
            max_force = self.look(&mut rattler);
        }
        let (rattles, max_force) = self.at_rest(&rattler, max_force);
        point.equilibrium.max_force = max_force;
        let relaxed = max_force <= accepted_force(&self.solid, &self.found.bonds);
        if !relaxed || rattles != rattler {
            return self.polished_with_care(point);
        }
        let factor = self.factored(&point.equilibrium.hessian).map_err(|_| RelaxError::NotRigid)?;
        let old = std::mem::replace(&mut point.equilibrium.hessian, factor);
        self.recycle(old);
        point.refined_with = None;
        point.equilibrium.pressure = virial_pressure(&self.solid, &self.found.bonds);
        point.equilibrium.contacts = std::mem::take(&mut self.found);
        point.positions.clone_from(&self.solid.positions);
        Ok(&self.solid)
    }

    /// The polish of a solid that the plain one does not bring to rest: with a line search, and an
    /// error where that does not do it either.
    fn polished_with_care(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        let equilibrium = polish(&mut self.solid, &mut self.forces, self.spare.take())?;
        self.list_gamma = point.gamma;
        self.counters.factorisations += equilibrium.hessian.factorisations;
        let old = std::mem::replace(&mut point.equilibrium, equilibrium);
        self.recycle(old.hessian);
        point.refined_with = None;
        point.positions.clone_from(&self.solid.positions);
        Ok(&self.solid)
    }
}
