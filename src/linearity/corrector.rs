//! Corrections: from where a solid is expected to where it is at rest.
//!
//! One working solid, its forces and factors are used again and again. It stands nowhere in particular:
//! whoever uses it puts it to (γ, r) first ([`Corrector::place`]).

use crate::relax::RelaxError;
use crate::relax::forces::{FORCE_FLOOR, Forces, max_norm, stiffness};
use crate::relax::hessian::{Field, Hessian, HessianError};
use crate::relax::newton::{Equilibrium, accepted_force, bond_forces, polish, relax_by_fire};
use crate::relax::rattlers::settle_rattlers;
use crate::response::modes::lowest_eigenvalue;
use crate::solid::Solid;
use crate::solid::contacts::{
    Contacts, interacting_pairs, load_factor, rattlers, softening, virial_pressure,
};
use crate::solid::parameters::ParameterDirection;

use super::predictor::{Prediction, next_contact_change, predict};
use super::problem::SweepProblem;
use super::state::{Point, Refusal, distance, velocity};
use super::thresholds::Counters;

/// Newton corrections per step before it is refused.
const CORRECTIONS: usize = 8;

/// max|F| of an accepted state along the path, in units of the largest pair curvature; states whose
/// features are measured are polished further.
const WALK_TOLERANCE: f64 = 1e-11;

/// The old factor is kept for another correction while the forces fall at least by this factor.
const CHORD_RATE: f64 = 0.05;

/// Distance from the old state within which a step back has returned [smallest diameter].
pub const RETURNED: f64 = 1e-6;

/// Corrections allowed for the step back; they use the old state's factor.
const BACK_CORRECTIONS: usize = 6;

/// Pairs whose gap is below this share of their range enter the pattern of the Hessian, so that it
/// survives contact changes.
const PATTERN_MARGIN: f64 = 0.05;

/// The pair list is renewed after this much of γ, as diameters change with it.
const LIST_GAMMA: f64 = 0.03;

/// A working solid along a direction.
pub struct Corrector<'a, const D: usize> {
    problem: &'a SweepProblem<'a, D>,
    theta: Vec<f64>,
    along: ParameterDirection,
    solid: Solid<D>,
    forces: Forces<D>,
    list_gamma: f64,
    spare: Option<Hessian<D>>,
    unit: f64,
    /// The smallest diameter at γ = 0 [length].
    pub smallest_diameter: f64,
    pub counters: Counters,
}

impl<'a, const D: usize> Corrector<'a, D> {
    /// For this direction, at γ = 0; the forces belong to the solid there.
    pub fn new(problem: &'a SweepProblem<'a, D>, forces: Forces<D>) -> Self {
        let solid = problem.solid.clone();
        let bonds = interacting_pairs(&solid, forces.candidates());
        Self {
            problem,
            theta: problem.space.values(&problem.solid.interactions),
            along: ParameterDirection::new(problem.space, problem.direction),
            unit: stiffness(&solid) * softening(&solid, &bonds),
            smallest_diameter: solid.extreme_diameters().0,
            solid,
            forces,
            list_gamma: 0.0,
            spare: None,
            // That of the solid itself.
            counters: Counters { factorisations: 1, ..Counters::default() },
        }
    }

    /// Puts the working solid to γ and to these positions.
    pub fn place(&mut self, gamma: f64, positions: Field<D>) {
        let theta = self.problem.values(&self.theta, gamma);
        self.problem.space.apply(&mut self.solid.interactions, &theta);
        self.solid.positions = positions;
        if (gamma - self.list_gamma).abs() > LIST_GAMMA {
            self.forces.rebuild(&self.solid);
            self.list_gamma = gamma;
        }
    }

    /// Puts the working solid to a state of it.
    fn place_at(&mut self, point: &Point<D>) {
        self.place(point.gamma, point.positions.clone());
    }

    /// Whether rattlers hang on other particles, or lie free.
    pub fn attractive(&self) -> bool {
        self.solid.interactions.attractive()
    }

    /// Puts the working solid to γ and to these positions, its rattlers to where nothing pushes them;
    /// returns where all are then.
    pub fn settle(&mut self, gamma: f64, positions: Field<D>, rattler: &[bool]) -> &Field<D> {
        self.place(gamma, positions);
        self.forces.refresh(&self.solid);
        settle_rattlers(&mut self.solid, &mut self.forces, rattler);
        &self.solid.positions
    }

    /// The solid in a state of it.
    pub fn solid_at(&mut self, point: &Point<D>) -> &Solid<D> {
        self.place_at(point);
        &self.solid
    }

    /// Where the solid is expected at γ, seen from a state of it.
    pub fn predict(&mut self, from: &Point<D>, gamma: f64) -> Prediction<D> {
        self.place_at(from);
        self.forces.refresh(&self.solid);
        predict(&self.solid, self.forces.candidates(), &self.along, from, gamma)
    }

    /// The γ at which the next pair is predicted to make or break contact; infinite if none is.
    pub fn next_contact_change(&mut self, from: &Point<D>) -> f64 {
        self.place_at(from);
        self.forces.refresh(&self.solid);
        next_contact_change(&self.solid, self.forces.candidates(), &self.along, from)
    }

    /// The working solid, at rest where it stands, as a state at γ.
    pub fn point(&self, gamma: f64, equilibrium: Equilibrium<D>) -> Point<D> {
        let velocity = velocity(&self.solid, &self.along, &equilibrium);
        Point { gamma, positions: self.solid.positions.clone(), equilibrium, velocity }
    }

    /// Takes a factor that is not needed any more back for the next one.
    pub fn recycle(&mut self, hessian: Hessian<D>) {
        self.spare = Some(hessian);
    }

    /// The bonds between particles that do not rattle.
    ///
    /// A particle that loses what held it joins the rattlers. None leaves them here: forces that do not
    /// balance yet would seem to hold it. Rattlers that hang on the backbone pull at it, and are put to
    /// where nothing pushes them; others are not asked before the backbone is [at rest](Self::at_rest).
    fn contacts(&mut self, rattler: &mut [bool]) -> Contacts<D> {
        self.counters.force_evaluations += 1;
        let attractive = self.attractive();
        loop {
            self.forces.refresh(&self.solid);
            if attractive {
                settle_rattlers(&mut self.solid, &mut self.forces, rattler);
                self.forces.refresh(&self.solid);
            }
            let mut bonds = interacting_pairs(&self.solid, self.forces.candidates());
            if !attractive {
                bonds.retain(|bond| !rattler[bond.i] && !rattler[bond.j]);
            }
            let loose = rattlers(&self.solid, &bonds);
            let mut joins = false;
            for (flag, loose) in rattler.iter_mut().zip(loose) {
                joins |= loose && !*flag;
                *flag |= loose;
            }
            if !joins {
                return Contacts::between(bonds, rattler.to_vec());
            }
        }
    }

    /// With the backbone at rest, and its rattlers put to where nothing pushes them: who rattles, and
    /// max_i |F_i| over every particle and every interacting pair.
    fn at_rest(&mut self, rattler: &[bool]) -> (Vec<bool>, f64) {
        self.forces.refresh(&self.solid);
        settle_rattlers(&mut self.solid, &mut self.forces, rattler);
        self.forces.refresh(&self.solid);
        let bonds = interacting_pairs(&self.solid, self.forces.candidates());
        let mut force = Vec::new();
        bond_forces(&self.solid, &bonds, &mut force);
        (rattlers(&self.solid, &bonds), max_norm(&force))
    }

    /// max|F| that a state near this one may have on the way, on any particle.
    fn tolerance(&self, near: &Point<D>) -> f64 {
        let bonds = &near.equilibrium.contacts.bonds;
        let scale =
            if self.solid.springs.is_some() { 1.0 } else { load_factor(&self.solid, bonds) };
        (WALK_TOLERANCE * self.unit * scale).max(accepted_force(&self.solid, bonds))
    }

    /// A Hessian whose pattern covers these contacts, with their values factored: on the spare one's pattern,
    /// or on that of a state near it where they do.
    fn factored(
        &mut self,
        contacts: &Contacts<D>,
        near: &Hessian<D>,
    ) -> Result<Hessian<D>, Refusal> {
        let mut hessian = match self.spare.take() {
            Some(spare) if spare.covers(contacts) => spare,
            _ if near.covers(contacts) => near.sibling()?,
            _ => self.pattern(contacts)?,
        };
        self.counters.factorisations += 1;
        match hessian.factorise(&self.solid.interactions.potential, &contacts.bonds) {
            Ok(()) => Ok(hessian),
            Err(error) => {
                self.spare = Some(hessian);
                Err(error.into())
            }
        }
    }

    fn pattern(&self, contacts: &Contacts<D>) -> Result<Hessian<D>, HessianError> {
        let solid = &self.solid;
        let near = self.forces.candidates().iter().filter_map(|candidate| {
            let (i, j) = (candidate.i as usize, candidate.j as usize);
            let pair = solid.pair(i, j);
            let range = solid.interactions.potential.range(pair.sigma, pair.depth);
            let reach = range * (1.0 + PATTERN_MARGIN);
            let close =
                solid.springs.is_some() || solid.separation(i, j).norm_squared() < reach * reach;
            close.then_some((i, j))
        });
        Hessian::new(solid, &contacts.rattler, near)
    }

    /// Corrects the working solid to its minimum nearby, with the rattlers of a state near it; refuses to go
    /// further than `reach` from where it stands.
    ///
    /// # Errors
    /// [`Refusal`] where no such minimum is found.
    pub fn correct(&mut self, near: &Point<D>, reach: f64) -> Result<Equilibrium<D>, Refusal> {
        let start = self.solid.positions.clone();
        let tolerance = self.tolerance(near);
        let mut rattler = near.rattler().to_vec();
        let mut factor: Option<(Hessian<D>, Vec<(usize, usize)>)> = None;
        let mut force = Vec::new();
        let mut previous = f64::INFINITY;
        let mut refusal = Refusal::NotConverging;
        for _ in 0..CORRECTIONS {
            let contacts = self.contacts(&mut rattler);
            bond_forces(&self.solid, &contacts.bonds, &mut force);
            let max_force = max_norm(&force);
            if !max_force.is_finite() {
                break;
            }
            let pairs: Vec<(usize, usize)> =
                contacts.bonds.iter().map(|bond| (bond.i, bond.j)).collect();
            let current = factor.as_ref().is_some_and(|(_, factored)| *factored == pairs);
            if max_force <= tolerance && current {
                let (rattles, max_force) = self.at_rest(&rattler);
                if rattles != rattler {
                    (rattler, previous) = (rattles, f64::INFINITY);
                    continue;
                }
                let Some((hessian, _)) = factor.take_if(|_| max_force <= tolerance) else { break };
                return Ok(Equilibrium {
                    pressure: virial_pressure(&self.solid, &contacts.bonds),
                    contacts,
                    hessian,
                    max_force,
                });
            }
            if !current || max_force > CHORD_RATE * previous {
                if let Some((old, _)) = factor.take() {
                    self.spare = Some(old);
                }
                factor = Some((self.factored(&contacts, &near.equilibrium.hessian)?, pairs));
            }
            previous = max_force;
            let Some((hessian, _)) = &factor else { break };
            hessian.solve_one(&mut force);
            self.solid.positions.iter_mut().zip(&force).for_each(|(r, step)| *r += step);
            if !(distance(&self.solid.positions, &start, near.rattler(), &contacts.rattler)
                <= reach)
            {
                refusal = Refusal::TooFar;
                break;
            }
        }
        if let Some((hessian, _)) = factor {
            self.recycle(hessian);
        }
        Err(refusal)
    }

    /// Does correcting from where the solid is expected lead back to a state of it? With the factor of that
    /// state; where pairs stand on the other side of σ than they do there, with their own.
    pub fn returns(&mut self, to: &Point<D>, expected: Prediction<D>, moved: f64) -> bool {
        let reach = moved + RETURNED * self.smallest_diameter;
        self.place(to.gamma, expected.positions.clone());
        if self.returns_by_chord(to, reach) {
            return true;
        }
        self.place(to.gamma, expected.positions);
        let Ok(corrected) = self.correct(to, reach) else { return false };
        self.spare = Some(corrected.hessian);
        self.off(to) <= RETURNED * self.smallest_diameter
    }

    /// Corrections of the working solid with the factor of the state that it is to return to.
    fn returns_by_chord(&mut self, to: &Point<D>, reach: f64) -> bool {
        let mut force = Vec::new();
        let mut rattler = to.rattler().to_vec();
        for _ in 0..BACK_CORRECTIONS {
            if self.off(to) <= RETURNED * self.smallest_diameter {
                return true;
            }
            if !(self.off(to) <= reach) {
                return false;
            }
            let contacts = self.contacts(&mut rattler);
            bond_forces(&self.solid, &contacts.bonds, &mut force);
            to.equilibrium.hessian.solve_one(&mut force);
            self.solid.positions.iter_mut().zip(&force).for_each(|(r, step)| *r += step);
        }
        false
    }

    /// How far the backbone of the working solid is from a state of it [length].
    fn off(&self, state: &Point<D>) -> f64 {
        distance(&self.solid.positions, &state.positions, state.rattler(), state.rattler())
    }

    /// Relaxes at γ from these positions by FIRE.
    ///
    /// # Errors
    /// [`RelaxError`] where no minimum is found.
    pub fn relax_from(&mut self, positions: &Field<D>, gamma: f64) -> Result<Point<D>, RelaxError> {
        self.place(gamma, positions.clone());
        let before = self.forces.evaluations;
        let outcome = relax_by_fire(&mut self.solid, &mut self.forces, self.spare.take());
        self.counters.relaxations += 1;
        self.counters.force_evaluations += self.forces.evaluations - before;
        self.list_gamma = gamma;
        let equilibrium = outcome?;
        self.counters.factorisations += equilibrium.hessian.factorisations;
        Ok(self.point(gamma, equilibrium))
    }

    /// Polishes a point to the rounding floor of its forces, for its features to be measured, and
    /// factors its Hessian there.
    ///
    /// # Errors
    /// [`RelaxError`] where the polish fails.
    pub fn polished(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        self.place(point.gamma, point.positions.clone());
        let mut force = Vec::new();
        let mut previous = f64::INFINITY;
        let mut rattler = point.equilibrium.contacts.rattler.clone();
        let mut contacts = self.contacts(&mut rattler);
        for _ in 0..CORRECTIONS {
            bond_forces(&self.solid, &contacts.bonds, &mut force);
            let max_force = max_norm(&force);
            point.equilibrium.max_force = max_force;
            if max_force <= FORCE_FLOOR * self.unit || !(max_force < 0.5 * previous) {
                break;
            }
            previous = max_force;
            point.equilibrium.hessian.solve_one(&mut force);
            self.solid.positions.iter_mut().zip(&force).for_each(|(r, step)| *r += step);
            contacts = self.contacts(&mut rattler);
        }
        let (rattles, max_force) = self.at_rest(&rattler);
        point.equilibrium.max_force = max_force;
        let relaxed = max_force <= accepted_force(&self.solid, &contacts.bonds);
        if !relaxed || rattles != rattler {
            return self.polished_with_care(point);
        }
        let factor = self
            .factored(&contacts, &point.equilibrium.hessian)
            .map_err(|_| RelaxError::NotRigid)?;
        self.spare = Some(std::mem::replace(&mut point.equilibrium.hessian, factor));
        point.equilibrium.pressure = virial_pressure(&self.solid, &contacts.bonds);
        point.equilibrium.contacts = contacts;
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
        self.spare = Some(old.hessian);
        point.positions.clone_from(&self.solid.positions);
        Ok(&self.solid)
    }

    /// The lowest non-zero eigenvalue of H at a point.
    pub fn lowest_eigenvalue(&mut self, point: &Point<D>) -> f64 {
        self.place(point.gamma, point.positions.clone());
        lowest_eigenvalue(&self.solid, &point.equilibrium)
    }
}
