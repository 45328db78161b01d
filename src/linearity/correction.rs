//! Corrections by Newton's method: with the factor of the state that the solid comes from as long as that serves,
//! else with factors of its own.

use crate::relax::hessian::{Hessian, stiffnesses};
use crate::relax::newton::Equilibrium;
use crate::solid::contacts::{Bond, Contacts, virial_pressure};

use super::corrector::{CORRECTIONS, Corrector};
use super::state::{Point, Refusal, distance, driving_force};

/// How exact dr/dγ is where it is not solved for with the factor of the state itself.
const VELOCITY_ACCURACY: f64 = 1e-6;

/// The old factor is kept for another correction while the forces fall at least by this factor.
const CHORD_RATE: f64 = 0.05;

/// The working solid at rest.
pub struct Corrected<const D: usize> {
    pub(super) equilibrium: Equilibrium<D>,
    /// Is the factor that of a state near it?
    borrowed: bool,
}

impl<const D: usize> Corrector<'_, D> {
    /// Corrects the working solid to its minimum nearby, with the rattlers of a state near it; refuses to go
    /// further than `reach` from where it stands.
    ///
    /// # Errors
    /// [`Refusal`] where no such minimum is found.
    pub fn correct(&mut self, near: &Point<D>, reach: f64) -> Result<Corrected<D>, Refusal> {
        // The tail of an attractive pair bends within a step, and a rattler that hangs on others is put anew at
        // every correction: the fewer, the better.
        if !self.attractive() {
            self.start.clone_from(&self.solid.positions);
            if let Some(equilibrium) = self.correct_by_chord(near, reach) {
                return Ok(Corrected { equilibrium, borrowed: true });
            }
            self.solid.positions.clone_from(&self.start);
        }
        let equilibrium = self.correct_by_newton(near, reach)?;
        Ok(Corrected { equilibrium, borrowed: false })
    }

    /// With the factor of the state near it, as long as the bonds are the same and it serves well.
    fn correct_by_chord(&mut self, near: &Point<D>, reach: f64) -> Option<Equilibrium<D>> {
        let tolerance = self.tolerance(near);
        let mut rattler = near.rattler().to_vec();
        let mut previous = f64::INFINITY;
        for _ in 0..CORRECTIONS {
            let max_force = self.look(&mut rattler);
            if !same_bonds(&self.found, &near.equilibrium.contacts) {
                return None;
            }
            if max_force <= tolerance {
                let (rattles, max_force) = self.at_rest(&rattler, max_force);
                let at_rest = rattles == rattler && max_force <= tolerance;
                return at_rest
                    .then(|| self.equilibrium(near.equilibrium.hessian.clone(), max_force));
            }
            if !(max_force <= CHORD_RATE * previous) {
                return None;
            }
            previous = max_force;
            self.step(&near.equilibrium.hessian);
            if !(distance(&self.solid.positions, &self.start, &rattler, &rattler) <= reach) {
                return None;
            }
        }
        None
    }

    /// By Newton's method, with factors of its own.
    pub(super) fn correct_by_newton(
        &mut self,
        near: &Point<D>,
        reach: f64,
    ) -> Result<Equilibrium<D>, Refusal> {
        self.start.clone_from(&self.solid.positions);
        let tolerance = self.tolerance(near);
        let mut rattler = near.rattler().to_vec();
        let mut factor: Option<(Hessian<D>, Vec<(usize, usize)>)> = None;
        let mut previous = f64::INFINITY;
        let mut refusal = Refusal::NotConverging;
        for _ in 0..CORRECTIONS {
            let max_force = self.look(&mut rattler);
            if !max_force.is_finite() {
                break;
            }
            let pairs = || self.found.bonds.iter().map(|bond| (bond.i, bond.j));
            let current =
                factor.as_ref().is_some_and(|(_, factored)| pairs().eq(factored.iter().copied()));
            if max_force <= tolerance && current {
                let (rattles, max_force) = self.at_rest(&rattler, max_force);
                if rattles != rattler {
                    (rattler, previous) = (rattles, f64::INFINITY);
                    continue;
                }
                let Some((hessian, _)) = factor.take_if(|_| max_force <= tolerance) else { break };
                return Ok(self.equilibrium(hessian, max_force));
            }
            if !current || max_force > CHORD_RATE * previous {
                let pairs = pairs().collect();
                if let Some((old, _)) = factor.take() {
                    self.recycle(old);
                }
                factor = Some((self.factored(&near.equilibrium.hessian)?, pairs));
            }
            previous = max_force;
            let Some((hessian, _)) = &factor else { break };
            self.step(hessian);
            let (here, there) = (&self.solid.positions, &self.start);
            if !(distance(here, there, near.rattler(), &self.found.rattler) <= reach) {
                refusal = Refusal::TooFar;
                break;
            }
        }
        if let Some((hessian, _)) = factor {
            self.recycle(hessian);
        }
        Err(refusal)
    }

    /// What was found where the working solid was looked at last, at rest.
    fn equilibrium(&mut self, hessian: Hessian<D>, max_force: f64) -> Equilibrium<D> {
        let contacts = std::mem::take(&mut self.found);
        let pressure = virial_pressure(&self.solid, &contacts.bonds);
        Equilibrium { contacts, hessian, pressure, max_force }
    }

    /// The working solid, where a correction has brought it, as a state at γ. Where the factor of the state
    /// nearby does not serve for the response, there is a new one.
    ///
    /// # Errors
    /// [`Refusal`] where that does not exist.
    pub fn corrected_point(
        &mut self,
        gamma: f64,
        corrected: Corrected<D>,
    ) -> Result<Point<D>, Refusal> {
        let Corrected { mut equilibrium, borrowed } = corrected;
        if borrowed {
            let contacts = &equilibrium.contacts;
            let mut velocity = driving_force(&self.solid, &self.along, contacts);
            let stiffness = stiffnesses(&self.solid.interactions.potential, &contacts.bonds);
            let positions = self.solid.positions.clone();
            let refined_with = Some(stiffness);
            let mut point =
                Point { gamma, positions, equilibrium, velocity: Vec::new(), refined_with };
            if point.solve(&mut velocity, VELOCITY_ACCURACY) {
                point.velocity = velocity;
                return Ok(point);
            }
            equilibrium = point.equilibrium;
            equilibrium.hessian = self.factored_for(&equilibrium.contacts, &equilibrium.hessian)?;
        }
        Ok(self.point(gamma, equilibrium))
    }
}

/// Are these the same bonds, in the same order, between the same backbone?
fn same_bonds<const D: usize>(a: &Contacts<D>, b: &Contacts<D>) -> bool {
    let ends = |bond: &Bond<D>| (bond.i, bond.j);
    a.rattler == b.rattler && a.bonds.iter().map(ends).eq(b.bonds.iter().map(ends))
}
