//! A working solid along a direction: put anywhere, relaxed, asked where it is expected elsewhere.
//!
//! Its forces and factors are used again and again. It stands nowhere in particular:
//! whoever uses it puts it to (γ, r) first ([`Corrector::place`]).

use crate::relax::RelaxError;
use crate::relax::forces::{Forces, max_norm, stiffness};
use crate::relax::hessian::{Field, Hessian, HessianError};
use crate::relax::newton::{Equilibrium, accepted_force, bond_forces, relax_by_fire};
use crate::relax::rattlers::{settle_rattlers, touching};
use crate::response::modes::lowest_eigenvalue;
use crate::solid::Solid;
use crate::solid::contacts::{
    Classifier, Contacts, find_interacting, interacting_pairs, load_factor, rattlers, softening,
};
use crate::solid::parameters::ParameterDirection;

use super::predictor::{Prediction, next_contact_change, predict};
use super::problem::SweepProblem;
use super::state::{Point, Refusal, driving_force};
use super::thresholds::Counters;

/// Newton corrections per step before it is refused.
pub(super) const CORRECTIONS: usize = 8;

/// max|F| of an accepted state along the path, in units of the largest pair curvature; states whose
/// features are measured are polished further.
const WALK_TOLERANCE: f64 = 1e-11;

/// Pairs whose gap is below this share of their range enter the pattern of the Hessian, so that it
/// survives contact changes.
const PATTERN_MARGIN: f64 = 0.05;

/// The pair list is renewed after this much of γ, as diameters change with it.
const LIST_GAMMA: f64 = 0.03;

/// A working solid along a direction.
pub struct Corrector<'a, const D: usize> {
    problem: &'a SweepProblem<'a, D>,
    theta: Vec<f64>,
    pub(super) along: ParameterDirection,
    pub(super) solid: Solid<D>,
    pub(super) forces: Forces<D>,
    pub(super) list_gamma: f64,
    pub(super) spare: Option<Hessian<D>>,
    pub(super) unit: f64,
    /// What was found where the working solid was looked at last.
    pub(super) found: Contacts<D>,
    classifier: Classifier,
    /// Memory for forces.
    pub(super) force: Field<D>,
    /// Memory for positions.
    pub(super) start: Field<D>,
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
            found: Contacts::default(),
            classifier: Classifier::default(),
            force: Vec::new(),
            start: Vec::new(),
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
        let mut velocity = driving_force(&self.solid, &self.along, &equilibrium.contacts);
        equilibrium.hessian.solve_one(&mut velocity);
        let positions = self.solid.positions.clone();
        Point { gamma, positions, equilibrium, velocity, refined_with: None }
    }

    /// Takes a factor that is not needed any more back for the next one. One that another state holds, too,
    /// saves no memory.
    pub fn recycle(&mut self, hessian: Hessian<D>) {
        if self.spare.is_none() || !hessian.is_shared() {
            self.spare = Some(hessian);
        }
    }

    /// Finds the bonds between particles that do not rattle, and the forces on these: `found` and `force`.
    /// Returns max|F|.
    ///
    /// A particle that loses what held it joins the rattlers. None leaves them here: forces that do not
    /// balance yet would seem to hold it. Rattlers that hang on the backbone pull at it, and are put to
    /// where nothing pushes them; others are not asked before the backbone is [at rest](Self::at_rest).
    pub(super) fn look(&mut self, rattler: &mut [bool]) -> f64 {
        self.counters.force_evaluations += 1;
        let attractive = self.attractive();
        let bonds = &mut self.found.bonds;
        loop {
            self.forces.refresh(&self.solid);
            if attractive {
                settle_rattlers(&mut self.solid, &mut self.forces, rattler);
                self.forces.refresh(&self.solid);
            }
            find_interacting(&self.solid, self.forces.candidates(), bonds);
            if !attractive {
                bonds.retain(|bond| !rattler[bond.i] && !rattler[bond.j]);
            }
            let loose = self.classifier.rattlers(&self.solid, bonds);
            let mut joins = false;
            for (flag, &loose) in rattler.iter_mut().zip(loose) {
                joins |= loose && !*flag;
                *flag |= loose;
            }
            if !joins {
                break;
            }
        }
        bonds.retain(|bond| !rattler[bond.i] && !rattler[bond.j]);
        self.found.rattler.clear();
        self.found.rattler.extend_from_slice(rattler);
        bond_forces(&self.solid, bonds, &mut self.force);
        max_norm(&self.force)
    }

    /// With the backbone at rest, and its rattlers put to where nothing pushes them: who rattles, and
    /// max_i |F_i| over every particle and every interacting pair. Rattlers that touch nobody stay where they
    /// are: then that is the backbone's.
    pub(super) fn at_rest(&mut self, rattler: &[bool], max_force: f64) -> (Vec<bool>, f64) {
        if !rattler.contains(&true) {
            return (rattler.to_vec(), max_force);
        }
        self.forces.refresh(&self.solid);
        let moved = match self.attractive() {
            true => rattler.to_vec(),
            false => touching(&self.solid, self.forces.candidates(), rattler),
        };
        if !moved.contains(&true) {
            return (rattler.to_vec(), max_force);
        }
        settle_rattlers(&mut self.solid, &mut self.forces, &moved);
        self.forces.refresh(&self.solid);
        let bonds = interacting_pairs(&self.solid, self.forces.candidates());
        bond_forces(&self.solid, &bonds, &mut self.force);
        (rattlers(&self.solid, &bonds), max_norm(&self.force))
    }

    /// max|F| that a state near this one may have on the way, on any particle.
    pub(super) fn tolerance(&self, near: &Point<D>) -> f64 {
        let bonds = &near.equilibrium.contacts.bonds;
        let scale =
            if self.solid.springs.is_some() { 1.0 } else { load_factor(&self.solid, bonds) };
        (WALK_TOLERANCE * self.unit * scale).max(accepted_force(&self.solid, bonds))
    }

    /// The Hessian of what was found where the working solid was looked at last, factored.
    pub(super) fn factored(&mut self, near: &Hessian<D>) -> Result<Hessian<D>, Refusal> {
        let found = std::mem::take(&mut self.found);
        let factored = self.factored_for(&found, near);
        self.found = found;
        factored
    }

    /// A Hessian whose pattern covers these contacts, with their values factored: on the spare one's pattern,
    /// or on that of a state near it where they do.
    pub(super) fn factored_for(
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

    /// Moves the working solid by H⁻¹ of the forces, with this factor.
    pub(super) fn step(&mut self, hessian: &Hessian<D>) {
        hessian.solve_one(&mut self.force);
        self.solid.positions.iter_mut().zip(&self.force).for_each(|(r, step)| *r += step);
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

    /// The lowest non-zero eigenvalue of H at a point.
    pub fn lowest_eigenvalue(&mut self, point: &Point<D>) -> f64 {
        self.place(point.gamma, point.positions.clone());
        lowest_eigenvalue(&self.solid, &point.equilibrium)
    }
}
