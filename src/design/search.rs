//! The design beyond the linear regime: plan a step (`plan`), follow the solid (`walk`), look whether
//! the targets have come nearer, and linearise again.
//!
//! A step is kept where the errors fall by a fair share of what was predicted. Otherwise the walls that it
//! crossed are left alone, and the trust region shrinks. Where no step leads nearer, noise in the null
//! space of J moves the best state, which changes nothing to first order but where its walls stand, and
//! the search begins anew there.

use super::linearisation::Linearisation;
use super::outcome::{Outcome, Stop};
use super::plan::{Planner, Step};
use super::problem::{Problem, largest, length};
use super::state::State;
use super::walk::{Obstacle, walk};
use crate::linearity::cause::Cause;
use crate::solid::random::StreamKey;

/// The settings of a design.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Largest error of a target, in units of its scale, that counts as reached.
    pub tolerance: f64,
    /// Re-linearisations before the design ends.
    pub relinearisations: usize,
    /// May the solid rearrange on the way?
    pub rearrange: bool,
    /// Noise is tried so often before a state counts as stationary.
    pub restarts: usize,
    /// Of the noise.
    pub seed: u64,
}

impl Settings {
    /// Where nothing else is asked for.
    pub const DEFAULT: Settings = Settings {
        tolerance: 1e-6,
        relinearisations: 100,
        rearrange: false,
        restarts: 12,
        seed: 0,
    };
}

/// The trust region: the largest change of a parameter in one step, in units of the norm. Where contacts
/// may change it begins and ends small.
const RADIUS: f64 = 0.02;
const LARGEST_RADIUS: f64 = 0.06;
const LARGEST_RADIUS_OF_NETWORKS: f64 = 0.5;
const LEAST_RADIUS: f64 = 2e-4;

/// The trust region shrinks to this share of the step that failed, and grows by this factor where the
/// prediction was good.
const SHRINK: f64 = 0.4;
const GROWTH: f64 = 2.0;

/// A step is kept where the errors fall by this share of what was predicted; the prediction was good where
/// they fell by that.
const KEPT: f64 = 0.05;
const GOOD: f64 = 0.7;

const POOR: f64 = 0.3;

/// A plan that lowers the errors by less than this share leads nowhere.
const WORTH_GOING: f64 = 1e-2;

/// Most walls that are crossed in one step.
const CROSSINGS: usize = 4;

/// Pairs whose gaps are within this many radii are walls.
const REACH: f64 = 6.0;

/// So many steps must bring the errors down to this share, or noise is tried.
const PATIENCE: usize = 4;
const PROGRESS: f64 = 0.8;

/// Attempts from one linearisation.
const ATTEMPTS: usize = 8;

/// The sizes of noise [first trust radius]: one after the other.
const NOISE: [f64; 3] = [0.5, 1.0, 2.0];

/// A search under way.
struct Search<'a, const D: usize> {
    problem: &'a Problem<D>,
    settings: &'a Settings,
    here: State<D>,
    /// With the nearest state so far, and the way to where the search is.
    found: Found<D>,
    /// The length of the way to the nearest state.
    best: usize,
    radius: f64,
    largest_radius: f64,
    /// Walks that met a loss of rigidity.
    lost: usize,
    /// Did a bound hold back the last step that led nowhere?
    bounded: bool,
}

/// What a search has found.
pub struct Found<const D: usize> {
    /// The way to the final state, which is its last stop; the first one is the start.
    pub path: Vec<Stop>,
    /// The solid that came nearest to the targets.
    pub state: State<D>,
    pub relinearisations: usize,
    /// Walks, those included that led nowhere.
    pub walks: usize,
    /// Walks that would have met a rearrangement and ended before it.
    pub refused_rearrangements: usize,
    /// Factorisations of the Hessian, without those of walks that came to nothing.
    pub factorisations: u64,
}

impl<const D: usize> Found<D> {
    /// That nothing was looked for.
    pub fn nothing(problem: &Problem<D>, start: State<D>) -> Self {
        Self {
            path: vec![stop(problem, &start, 0.0, (0, 0), false)],
            state: start,
            relinearisations: 0,
            walks: 0,
            refused_rearrangements: 0,
            factorisations: 0,
        }
    }
}

/// Looks for a solid that meets the targets.
pub fn search<const D: usize>(
    problem: &Problem<D>,
    start: State<D>,
    settings: &Settings,
) -> (Outcome, Found<D>) {
    let network = start.solid.springs.is_some();
    let (radius, largest_radius) = match network {
        true => (LARGEST_RADIUS_OF_NETWORKS, LARGEST_RADIUS_OF_NETWORKS),
        false => (RADIUS, LARGEST_RADIUS),
    };
    let mut search = Search {
        problem,
        settings,
        here: start.clone(),
        best: 1,
        found: Found::nothing(problem, start),
        radius,
        largest_radius,
        lost: 0,
        bounded: false,
    };
    let outcome = search.run();
    search.found.path.truncate(search.best);
    (outcome, search.found)
}

impl<const D: usize> Search<'_, D> {
    fn run(&mut self) -> Outcome {
        let mut restarts = 0;
        let mut nearest_before = f64::INFINITY;
        let mut watched = Vec::new();
        loop {
            if self.problem.residual(&self.here.errors) <= self.settings.tolerance {
                self.best = self.found.path.len();
                self.found.state = self.here.clone();
                return Outcome::Reached;
            }
            if self.found.relinearisations >= self.settings.relinearisations {
                return Outcome::Limit;
            }
            let linear = Linearisation::new(self.problem, &self.here, REACH * self.radius);
            self.found.relinearisations += 1;
            watched.push(self.here.distance());
            let slow = watched.len() > PATIENCE
                && self.here.distance() > PROGRESS * watched[watched.len() - 1 - PATIENCE];
            if !slow && self.approach(&linear) {
                continue;
            }
            watched.clear();
            if self.found.state.distance() < 0.9 * nearest_before {
                nearest_before = self.found.state.distance();
                restarts = 0;
            }
            if restarts >= self.settings.restarts {
                return self.why();
            }
            self.shake(restarts);
            restarts += 1;
        }
    }

    fn why(&self) -> Outcome {
        if self.bounded {
            Outcome::Bound
        } else if 2 * self.lost > self.found.walks {
            Outcome::LostRigidity
        } else {
            Outcome::Stationary
        }
    }

    /// Takes a step that leads nearer; false where there is none.
    fn approach(&mut self, linear: &Linearisation) -> bool {
        let mut forbidden = Vec::new();
        for _ in 0..ATTEMPTS {
            let planner = Planner {
                problem: self.problem,
                state: &self.here,
                linear,
                radius: self.radius,
                forbidden: &forbidden,
                crossings: CROSSINGS,
            };
            let Some(step) = planner.best() else { return false };
            let before = self.here.distance();
            let expected = before - step.distance();
            if !(expected > WORTH_GOING * before) {
                self.bounded = step.bounded;
                return false;
            }
            let size = self.size(&step, linear);
            let mut gone = 1.0;
            if let Some((state, counts, share)) = self.go(&step.change) {
                let gained = before - state.distance();
                if share == 1.0 && gained >= KEPT * expected {
                    if gained >= GOOD * expected {
                        self.radius = (self.radius * GROWTH).min(self.largest_radius);
                    } else if gained < POOR * expected {
                        self.radius = (self.radius * SHRINK).max(LEAST_RADIUS);
                    }
                    self.arrive(state, counts, false);
                    return true;
                }
                gone = share;
            }
            forbidden.extend(step.crossed.iter().map(|&wall| linear.walls.all[wall].pair));
            let radius = SHRINK * gone.max(SHRINK) * self.radius.min(size);
            if radius < LEAST_RADIUS {
                return false;
            }
            self.radius = radius;
        }
        false
    }

    /// max |w Δθ|, in units of the trust region.
    fn size(&self, step: &Step, linear: &Linearisation) -> f64 {
        largest(&step.change.iter().zip(&linear.scales).map(|(x, w)| x * w).collect::<Vec<_>>())
    }

    /// Follows the solid: the state that is reached, contact changes and rearrangements on the way, and the
    /// share of the change that was gone; none where it comes to nothing.
    fn go(&mut self, change: &[f64]) -> Option<(State<D>, (usize, usize), f64)> {
        self.found.walks += 1;
        match walk(self.problem, &self.here, change, self.settings.rearrange) {
            Ok(arrival) => {
                match arrival.obstacle {
                    Some(Obstacle::Rearrangement) => self.found.refused_rearrangements += 1,
                    Some(Obstacle::Lost(Cause::LostRigidity)) => self.lost += 1,
                    _ => {}
                }
                self.found.factorisations += arrival.factorisations;
                let changed = self.here.contacts_changed(&arrival.state);
                Some((arrival.state, (changed, arrival.rearrangements), arrival.share))
            }
            Err(obstacle) => {
                self.lost += usize::from(obstacle == Obstacle::Lost(Cause::LostRigidity));
                None
            }
        }
    }

    fn arrive(&mut self, state: State<D>, counts: (usize, usize), noise: bool) {
        let old = self.problem.parameters.values(&self.here.solid);
        let new = self.problem.parameters.values(&state.solid);
        let scales = self.problem.parameters.scales(&old);
        let moved = new.iter().zip(&old).zip(&scales).map(|((new, old), w)| (new - old) * w);
        let moved = length(&moved.collect::<Vec<f64>>());
        self.found.path.push(stop(self.problem, &state, moved, counts, noise));
        if state.distance() < self.found.state.distance() {
            self.best = self.found.path.len();
            self.found.state = state.clone();
        }
        self.here = state;
    }

    /// Noise moves the best state within its contact set, and along the null space of J.
    fn shake(&mut self, restart: usize) {
        self.here = self.found.state.clone();
        self.found.path.truncate(self.best);
        let radius = NOISE[restart % NOISE.len()] * RADIUS.min(self.largest_radius);
        let linear = Linearisation::new(self.problem, &self.here, REACH * radius);
        let n = linear.theta.len();
        let key =
            StreamKey { seed: self.settings.seed, solid: 0, replica: 0, attempt: restart as u64 };
        let mut noise = key.directions(n, 1).remove(0);
        let part = radius / largest(&noise);
        noise.iter_mut().for_each(|x| *x *= part);
        let planner = Planner {
            problem: self.problem,
            state: &self.here,
            linear: &linear,
            radius,
            forbidden: &[],
            crossings: 0,
        };
        let Some(change) = planner.tamed(&noise) else { return };
        if let Some((state, counts, _)) = self.go(&change) {
            self.arrive(state, counts, true);
        }
        self.radius = RADIUS.min(self.largest_radius);
    }
}

fn stop<const D: usize>(
    problem: &Problem<D>,
    state: &State<D>,
    length: f64,
    (contacts_changed, rearrangements): (usize, usize),
    noise: bool,
) -> Stop {
    Stop {
        theta: problem.parameters.values(&state.solid),
        values: problem.targeted(&state.values, &state.solid),
        residual: problem.residual(&state.errors),
        length,
        contacts_changed,
        rearrangements,
        noise,
    }
}
