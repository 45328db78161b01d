//! Following a solid along θ₀ + γ Δθ̂ at fixed box: predictor from the exact response (`predictor`),
//! corrector by Newton's method, and the conditions under which a step is believed.
//!
//! A step from γ to γ' is accepted only if
//! * the corrected state is stable (its Hessian factors) and no particle feels a force,
//! * the correction is small against the predicted displacement w dγ,
//! * the responses at both ends explain how far the solid has moved, and
//! * predicting back from the new state and correcting there returns to the old one.
//!
//! How far they explain it: let P be the state that is predicted for γ' from the state r at γ, and
//! P' the one that is predicted back for γ from the state r' at γ', both through contact changes.
//! Where the path is smooth, r' − P and r − P' are both ½ r'' (γ' − γ)² to leading order; where a
//! solid has jumped by Δ on the way, they are Δ and −Δ. So
//!
//! ```text
//! ½ |(r' − P) − (r − P')|
//! ```
//!
//! is of third order on a smooth path (without contact changes it is the error of the trapezoid rule,
//! |r' − r − ½ (γ' − γ)(w + w')|), and the jump where there is one, even one that returns.
//!
//! Whoever is refused takes a smaller step; at the smallest step FIRE decides (`rearrangement`).

use crate::relax::RelaxError;
use crate::relax::forces::{FORCE_FLOOR, Forces, max_norm, stiffness};
use crate::relax::hessian::{Field, Hessian, HessianError};
use crate::relax::newton::{
    Equilibrium, accepted_force, bond_forces, finish, polish, relax_by_fire,
};
use crate::relax::rattlers::settle_rattlers;
use crate::response::bond::phi;
use crate::response::linear::scatter;
use crate::response::modes::lowest_eigenvalue;
use crate::solid::contacts::{Contacts, interacting_pairs, load_factor, virial_pressure};
use crate::solid::parameters::ParameterDirection;
use crate::solid::{Solid, Vector};

use super::jump;
use super::predictor::{Prediction, next_contact_change, predict};
use super::problem::SweepProblem;
use super::state::Point;
use super::thresholds::Counters;

/// Largest correction that is accepted, in units of the largest predicted displacement.
const CORRECTION: f64 = 0.35;

/// Displacements below this [length] are never refused: rounding, or directions that move nothing.
const DISPLACEMENT_FLOOR: f64 = 1e-9;

/// Newton corrections per step before it is refused.
const CORRECTIONS: usize = 8;

/// max|F| of an accepted state along the path, in units of the largest pair curvature; states whose
/// features are measured are polished further.
const WALK_TOLERANCE: f64 = 1e-11;

/// The old factor is kept for another correction while the forces fall at least by this factor.
const CHORD_RATE: f64 = 0.05;

/// Distance from the old state within which a step back has returned [smallest diameter].
pub const RETURNED: f64 = 1e-6;

/// Rattlers that hang on the backbone follow it in steps of this length [smallest diameter], at most so
/// many: where one rolls along its partner, the way matters.
const ROLLING: f64 = 2e-4;
const MOST_ROLLINGS: f64 = 64.0;

/// How often the backbone is shifted against them in each: what is left falls by the share of rattlers.
const ROUNDS: usize = 2;

/// Corrections allowed for the step back; they use the old state's factor.
const BACK_CORRECTIONS: usize = 6;

/// Pairs whose gap is below this share of their range enter the pattern of the Hessian, so that it
/// survives contact changes.
const PATTERN_MARGIN: f64 = 0.05;

/// The pair list is renewed after this much of γ, as diameters change with it.
const LIST_GAMMA: f64 = 0.03;

/// Why a step is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Unstable,
    TooFar,
    NotConverging,
    Jumped,
    NoReturn,
}

impl From<HessianError> for Refusal {
    fn from(_: HessianError) -> Self {
        Refusal::Unstable
    }
}

/// A solid on its way along a direction.
pub struct Path<'a, const D: usize> {
    problem: &'a SweepProblem<'a, D>,
    theta: Vec<f64>,
    along: ParameterDirection,
    solid: Solid<D>,
    forces: Forces<D>,
    list_gamma: f64,
    /// The state that the path has reached.
    pub here: Point<D>,
    spare: Option<Hessian<D>>,
    unit: f64,
    smallest_diameter: f64,
    pub counters: Counters,
}

impl<'a, const D: usize> Path<'a, D> {
    /// Starts at γ = 0.
    ///
    /// # Errors
    /// [`RelaxError`] where the solid is not at its minimum.
    pub fn new(problem: &'a SweepProblem<'a, D>) -> Result<Self, RelaxError> {
        let mut forces = Forces::new(problem.solid);
        let equilibrium = finish(problem.solid, &mut forces, None)?;
        Ok(Self::at_minimum(problem, forces, equilibrium))
    }

    /// Starts at γ = 0 with what is known of the solid there.
    pub(super) fn at_minimum(
        problem: &'a SweepProblem<'a, D>,
        forces: Forces<D>,
        equilibrium: Equilibrium<D>,
    ) -> Self {
        let solid = problem.solid.clone();
        let along = ParameterDirection::new(problem.space, problem.direction);
        let velocity = velocity(&solid, &along, &equilibrium);
        let smallest_diameter =
            solid.interactions.diameters.iter().fold(f64::INFINITY, |a, &b| a.min(b));
        let positions = solid.positions.clone();
        Self {
            problem,
            theta: problem.space.values(&problem.solid.interactions),
            along,
            unit: stiffness(&solid),
            solid,
            forces,
            list_gamma: 0.0,
            here: Point { gamma: 0.0, positions, equilibrium, velocity },
            spare: None,
            smallest_diameter,
            // That of the solid itself.
            counters: Counters { factorisations: 1, ..Counters::default() },
        }
    }

    /// The largest γ at which every parameter is in its range.
    pub fn largest_gamma(&self) -> f64 {
        self.problem.largest_gamma(&self.theta)
    }

    /// The solid at `here`.
    pub fn solid_here(&mut self) -> &Solid<D> {
        self.place(self.here.gamma, None);
        &self.solid
    }

    /// Puts parameters and positions of the working solid to γ; `None`: those of `here`.
    fn place(&mut self, gamma: f64, positions: Option<Field<D>>) {
        let theta = self.problem.values(&self.theta, gamma);
        self.problem.space.apply(&mut self.solid.interactions, &theta);
        match positions {
            Some(positions) => self.solid.positions = positions,
            None => self.solid.positions.clone_from(&self.here.positions),
        }
        if (gamma - self.list_gamma).abs() > LIST_GAMMA {
            self.forces.rebuild(&self.solid);
            self.list_gamma = gamma;
        }
    }

    /// The bonds between particles that do not rattle, with the rattlers where nothing pushes them.
    ///
    /// A particle that loses what held it joins the rattlers. None leaves them here: forces that do not
    /// balance yet would seem to hold it.
    fn contacts(&mut self, rattler: &mut [bool]) -> Contacts<D> {
        self.counters.force_evaluations += 1;
        loop {
            self.forces.refresh(&self.solid);
            settle_rattlers(&mut self.solid, &mut self.forces, rattler);
            let contacts = self.held();
            let joins = |(&now, &before): (&bool, &bool)| now && !before;
            if !contacts.rattler.iter().zip(&*rattler).any(joins) {
                return contacts.without(rattler);
            }
            for (flag, rattles) in rattler.iter_mut().zip(&contacts.rattler) {
                *flag |= rattles;
            }
        }
    }

    /// The bonds between particles that do not rattle where they are.
    fn held(&mut self) -> Contacts<D> {
        self.forces.refresh(&self.solid);
        Contacts::find(&self.solid, self.forces.candidates())
    }

    /// max|F| that a state along the path may have, on any particle.
    fn tolerance(&self) -> f64 {
        let bonds = &self.here.equilibrium.contacts.bonds;
        let scale =
            if self.solid.springs.is_some() { 1.0 } else { load_factor(&self.solid, bonds) };
        (WALK_TOLERANCE * self.unit * scale).max(accepted_force(&self.solid, bonds))
    }

    /// max_i |F_i| of the working solid over every particle and every interacting pair.
    fn force_on_any(&self) -> f64 {
        let mut force = Vec::new();
        let pairs = interacting_pairs(&self.solid, self.forces.candidates());
        bond_forces(&self.solid, &pairs, &mut force);
        max_norm(&force)
    }

    /// A Hessian whose pattern covers these contacts, with their values factored.
    fn factored(&mut self, contacts: &Contacts<D>) -> Result<Hessian<D>, Refusal> {
        let reusable = self.spare.take().filter(|old| {
            old.backbone().len() == contacts.backbone_count() && old.covers(&contacts.bonds)
        });
        let mut hessian = match reusable {
            Some(old) => old,
            None => self.pattern(contacts)?,
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
        Hessian::new(&contacts.rattler, near)
    }

    /// Corrects the working solid to its minimum nearby; refuses to go further than `reach` from
    /// where it starts.
    fn correct(&mut self, reach: f64) -> Result<Equilibrium<D>, Refusal> {
        let start = self.solid.positions.clone();
        let tolerance = self.tolerance();
        let mut rattler = self.here.equilibrium.contacts.rattler.clone();
        let mut factor: Option<(Hessian<D>, Vec<(usize, usize)>)> = None;
        let mut force = Vec::new();
        let mut previous = f64::INFINITY;
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
                let held = self.held().rattler;
                if held != rattler {
                    (rattler, previous) = (held, f64::INFINITY);
                    continue;
                }
                let max_force = self.force_on_any();
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
                factor = Some((self.factored(&contacts)?, pairs));
            }
            previous = max_force;
            let Some((hessian, _)) = &factor else { break };
            hessian.solve_one(&mut force);
            self.solid.positions.iter_mut().zip(&force).for_each(|(r, step)| *r += step);
            if !(self.distance(&self.solid.positions, &start, &contacts.rattler) <= reach) {
                self.recycle(factor.map(|(hessian, _)| hessian));
                return Err(Refusal::TooFar);
            }
        }
        self.recycle(factor.map(|(hessian, _)| hessian));
        Err(Refusal::NotConverging)
    }

    fn recycle(&mut self, hessian: Option<Hessian<D>>) {
        if hessian.is_some() {
            self.spare = hessian;
        }
    }

    /// Where the solid is expected at γ.
    pub fn predict(&mut self, gamma: f64) -> Prediction<D> {
        self.place(self.here.gamma, None);
        self.forces.refresh(&self.solid);
        predict(&self.solid, self.forces.candidates(), &self.along, &self.here, gamma)
    }

    /// Tries to step to γ. The path stays where it is: pass the point to [`Path::advance`].
    ///
    /// # Errors
    /// [`Refusal`] where the step is not believed.
    pub fn try_step(&mut self, gamma: f64) -> Result<Trial<D>, Refusal> {
        let predicted = self.predict(gamma);
        self.try_predicted(&predicted)
    }

    /// Tries to step to where the solid is expected.
    ///
    /// # Errors
    /// [`Refusal`] where the step is not believed.
    pub fn try_predicted(&mut self, predicted: &Prediction<D>) -> Result<Trial<D>, Refusal> {
        let (gamma, moved) = (predicted.gamma, predicted.moved);
        let reach = CORRECTION * moved + DISPLACEMENT_FLOOR;
        self.carry_rattlers(predicted);
        let equilibrium = self.correct(reach)?;
        let velocity = velocity(&self.solid, &self.along, &equilibrium);
        let positions = self.solid.positions.clone();
        let rattler = &equilibrium.contacts.rattler;
        let correction = self.distance(&predicted.positions, &positions, rattler);
        let point = Point { gamma, positions, equilibrium, velocity };
        let back = self.predict_back(&point);
        let refusal = if !(self.unexplained(predicted, &point, &back) <= self.allowed(&point)) {
            Some(Refusal::Jumped)
        } else if !self.returns(back, moved) {
            Some(Refusal::NoReturn)
        } else {
            None
        };
        if let Some(refusal) = refusal {
            self.recycle(Some(point.equilibrium.hessian));
            return Err(refusal);
        }
        Ok(Trial { point, correction: if moved > 0.0 { correction / moved } else { 0.0 } })
    }

    /// Puts the working solid to where it is expected. Rattlers that hang on the backbone follow it on its
    /// way, and the backbone is shifted against them so that the centre of all particles stays, as it does
    /// while particles only push each other: both decide where a rattler meets its next partner.
    fn carry_rattlers(&mut self, predicted: &Prediction<D>) {
        let rattler = self.here.equilibrium.contacts.rattler.clone();
        if !self.solid.interactions.attractive() || !rattler.contains(&true) {
            return self.place(predicted.gamma, Some(predicted.positions.clone()));
        }
        let backbone = rattler.iter().filter(|&&rattles| !rattles).count() as f64;
        let origin = self.here.positions.clone();
        let steps = predicted.moved / (ROLLING * self.smallest_diameter);
        let steps = steps.ceil().clamp(1.0, MOST_ROLLINGS);
        let mut positions = origin.clone();
        for round in 0..ROUNDS * steps as usize {
            let share = (round / ROUNDS + 1) as f64 / steps;
            let drift = (0..positions.len())
                .filter(|&i| rattler[i])
                .fold(Vector::<D>::zeros(), |sum, i| sum + (positions[i] - origin[i]))
                / backbone;
            for i in (0..positions.len()).filter(|&i| !rattler[i]) {
                positions[i] = origin[i] + (predicted.positions[i] - origin[i]) * share - drift;
            }
            let gamma = self.here.gamma + share * (predicted.gamma - self.here.gamma);
            self.place(gamma, Some(positions.clone()));
            self.forces.refresh(&self.solid);
            settle_rattlers(&mut self.solid, &mut self.forces, &rattler);
            positions.clone_from(&self.solid.positions);
        }
    }

    /// Where the solid is expected at `here`, seen from a new state.
    fn predict_back(&mut self, point: &Point<D>) -> Prediction<D> {
        self.place(point.gamma, Some(point.positions.clone()));
        self.forces.refresh(&self.solid);
        predict(&self.solid, self.forces.candidates(), &self.along, point, self.here.gamma)
    }

    /// ½ max|(r' − P) − (r − P')|, see the head of this file.
    fn unexplained(&self, there: &Prediction<D>, point: &Point<D>, back: &Prediction<D>) -> f64 {
        let sum = |a: &Field<D>, b: &Field<D>| a.iter().zip(b).map(|(a, b)| a + b).collect();
        let found: Field<D> = sum(&point.positions, &back.positions);
        let expected: Field<D> = sum(&there.positions, &self.here.positions);
        0.5 * self.distance(&found, &expected, &point.equilibrium.contacts.rattler)
    }

    /// How much of a step to a point may stay unexplained.
    fn allowed(&self, point: &Point<D>) -> f64 {
        let response = max_norm(&self.here.velocity).min(max_norm(&point.velocity));
        jump::allowed(self.here.gamma, point.gamma, response, self.smallest_diameter)
    }

    /// Does correcting from where the solid is expected at `here` return to `here`? With the factor of
    /// `here`; where pairs stand on the other side of σ than they do there, with their own.
    fn returns(&mut self, back: Prediction<D>, moved: f64) -> bool {
        let reach = moved + RETURNED * self.smallest_diameter;
        self.place(self.here.gamma, Some(back.positions.clone()));
        if self.returns_by_chord(reach) {
            return true;
        }
        self.place(self.here.gamma, Some(back.positions));
        let Ok(corrected) = self.correct(reach) else { return false };
        self.spare = Some(corrected.hessian);
        self.is_here()
    }

    /// Corrections of the working solid with the factor of `here`.
    fn returns_by_chord(&mut self, reach: f64) -> bool {
        let mut force = Vec::new();
        let mut rattler = self.here.equilibrium.contacts.rattler.clone();
        for _ in 0..BACK_CORRECTIONS {
            if self.is_here() {
                return true;
            }
            if !(self.off_here() <= reach) {
                return false;
            }
            let contacts = self.contacts(&mut rattler);
            bond_forces(&self.solid, &contacts.bonds, &mut force);
            self.here.equilibrium.hessian.solve_one(&mut force);
            self.solid.positions.iter_mut().zip(&force).for_each(|(r, step)| *r += step);
        }
        false
    }

    /// How far the backbone of the working solid is from `here` [length].
    fn off_here(&self) -> f64 {
        let rattler = &self.here.equilibrium.contacts.rattler;
        self.distance(&self.solid.positions, &self.here.positions, rattler)
    }

    fn is_here(&self) -> bool {
        self.off_here() <= RETURNED * self.smallest_diameter
    }

    /// Moves the path to a point.
    pub fn advance(&mut self, point: Point<D>) {
        self.counters.steps += 1;
        let old = std::mem::replace(&mut self.here, point);
        self.spare = Some(old.equilibrium.hessian);
    }

    /// Gives a point that is not wanted back for reuse.
    pub fn discard(&mut self, point: Point<D>) {
        self.spare = Some(point.equilibrium.hessian);
    }

    /// Relaxes at γ from these positions by FIRE.
    ///
    /// # Errors
    /// [`RelaxError`] where no minimum is found.
    pub fn relax_from(&mut self, positions: &Field<D>, gamma: f64) -> Result<Point<D>, RelaxError> {
        self.place(gamma, Some(positions.clone()));
        let before = self.forces.evaluations;
        let outcome = relax_by_fire(&mut self.solid, &mut self.forces);
        self.counters.relaxations += 1;
        self.counters.force_evaluations += self.forces.evaluations - before;
        self.list_gamma = gamma;
        let equilibrium = outcome?;
        self.counters.factorisations += equilibrium.hessian.factorisations;
        Ok(Point {
            gamma,
            positions: self.solid.positions.clone(),
            velocity: velocity(&self.solid, &self.along, &equilibrium),
            equilibrium,
        })
    }

    /// Polishes a point to the rounding floor of its forces, for its features to be measured, and
    /// factors its Hessian there.
    ///
    /// # Errors
    /// [`RelaxError`] where the polish fails.
    pub fn polished(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        self.place(point.gamma, Some(point.positions.clone()));
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
        point.equilibrium.max_force = self.force_on_any();
        let relaxed = point.equilibrium.max_force <= accepted_force(&self.solid, &contacts.bonds);
        if !relaxed || self.held().rattler != contacts.rattler {
            return self.polished_with_care(point);
        }
        let factor = self.factored(&contacts).map_err(|_| RelaxError::NotRigid)?;
        self.spare = Some(std::mem::replace(&mut point.equilibrium.hessian, factor));
        point.equilibrium.pressure = virial_pressure(&self.solid, &contacts.bonds);
        point.equilibrium.contacts = contacts;
        point.positions.clone_from(&self.solid.positions);
        Ok(&self.solid)
    }

    /// The polish of a solid that the plain one does not bring to rest: with a line search, and an
    /// error where that does not do it either.
    fn polished_with_care(&mut self, point: &mut Point<D>) -> Result<&Solid<D>, RelaxError> {
        let equilibrium = polish(&mut self.solid, &mut self.forces)?;
        self.list_gamma = point.gamma;
        self.counters.factorisations += equilibrium.hessian.factorisations;
        let old = std::mem::replace(&mut point.equilibrium, equilibrium);
        self.spare = Some(old.hessian);
        point.positions.clone_from(&self.solid.positions);
        Ok(&self.solid)
    }

    /// max_i |a_i − b_i| modulo translation, without the rattlers of `here` and of `rattler`.
    pub fn distance(&self, a: &Field<D>, b: &Field<D>, rattler: &[bool]) -> f64 {
        let here = &self.here.equilibrium.contacts.rattler;
        let counted = |i: usize| !rattler[i] && !here[i];
        let mut mean = Vector::<D>::zeros();
        let mut count = 0.0;
        for i in (0..a.len()).filter(|&i| counted(i)) {
            mean += a[i] - b[i];
            count += 1.0;
        }
        mean /= f64::max(count, 1.0);
        (0..a.len())
            .filter(|&i| counted(i))
            .map(|i| (a[i] - b[i] - mean).norm_squared())
            .fold(0.0_f64, |max, next| if next <= max { max } else { next })
            .sqrt()
    }

    /// The γ at which the next pair is predicted to make or break contact; infinite if none is.
    pub fn next_contact_change(&mut self) -> f64 {
        self.place(self.here.gamma, None);
        self.forces.refresh(&self.solid);
        next_contact_change(&self.solid, self.forces.candidates(), &self.along, &self.here)
    }

    /// The lowest non-zero eigenvalue of H at a point whose parameters are in place.
    pub fn lowest_eigenvalue(&mut self, point: &Point<D>) -> f64 {
        self.place(point.gamma, Some(point.positions.clone()));
        lowest_eigenvalue(&self.solid, &point.equilibrium)
    }

    /// The smallest diameter at γ = 0 [length].
    pub fn smallest_diameter(&self) -> f64 {
        self.smallest_diameter
    }
}

/// A step that is believed.
pub struct Trial<const D: usize> {
    pub point: Point<D>,
    /// The correction in units of the predicted displacement.
    pub correction: f64,
}

/// w = −H⁻¹ Σ_b φ₁' R.
fn velocity<const D: usize>(
    solid: &Solid<D>,
    along: &ParameterDirection,
    equilibrium: &Equilibrium<D>,
) -> Field<D> {
    let potential = &solid.interactions.potential;
    let mut field = scatter(&equilibrium.contacts.bonds, solid.len(), |_, bond| {
        let tangent = along.pair(solid.species[bond.i], solid.species[bond.j], bond.stretch);
        let radial = potential.radial_along(&bond.pair, &tangent, bond.distance);
        bond.separation * -phi(&radial, bond.distance)[0]
    });
    equilibrium.hessian.solve_one(&mut field);
    field
}
