//! Energy and forces with a Verlet list.

use crate::solid::neighbors::{Candidate, pairs_within};
use crate::solid::potential::Pair;
use crate::solid::{Solid, Vector};

/// Reach of the Verlet list beyond the interaction range, in units of the largest diameter.
const SKIN: f64 = 0.3;

/// The list is built anew once a particle has moved by this share of the skin. Two particles may
/// close in by twice that; the rest of the skin is for diameters that grow along a sweep.
const MOVED: f64 = 0.45;

/// max|F| at which the polish stops, in units of the largest pair curvature: a few roundings.
pub const FORCE_FLOOR: f64 = 3e-15;

/// The energy and the forces of a solid; owns the Verlet list and every buffer.
#[derive(Clone, Debug, Default)]
pub struct Forces<const D: usize> {
    candidates: Vec<Candidate>,
    pairs: Vec<Pair>,
    anchors: Vec<Vector<D>>,
    skin: f64,
    /// F_i = −∂U/∂r_i [energy/length], shape (N,).
    pub values: Vec<Vector<D>>,
    /// The number of force evaluations so far.
    pub evaluations: u64,
    /// Σ_b u' r [energy] of the last evaluation of attractive particles or springs.
    pub virial: f64,
    soft: bool,
}

impl<const D: usize> Forces<D> {
    /// Ready for this solid, with its list built.
    pub fn new(solid: &Solid<D>) -> Self {
        let mut forces = Self { values: vec![Vector::zeros(); solid.len()], ..Self::default() };
        forces.rebuild(solid);
        forces
    }

    /// Builds the list anew; needed after a change of the box, the parameters or the particles.
    pub fn rebuild(&mut self, solid: &Solid<D>) {
        let largest = solid.interactions.diameters.iter().fold(0.0_f64, |a, &b| a.max(b));
        let room = 0.5 * solid.cell.shortest_edge() - solid.longest_range();
        self.skin = (SKIN * largest).min(room.max(0.0));
        self.anchors.clone_from(&solid.positions);
        pairs_within(solid, self.skin, &mut self.candidates);
        self.pairs.clear();
        self.pairs.extend(self.candidates.iter().enumerate().map(|(index, candidate)| {
            let mut pair = solid.pair(candidate.i as usize, candidate.j as usize);
            if let Some(springs) = &solid.springs {
                pair.sigma *= springs[index].stretch;
                pair.spring = true;
            }
            pair
        }));
        self.soft = solid.springs.is_none() && !solid.interactions.attractive();
        self.values.resize(solid.len(), Vector::zeros());
    }

    /// Every pair that interacts, and some that nearly do.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Builds the list anew where a particle has moved too far since it was built.
    pub fn refresh(&mut self, solid: &Solid<D>) {
        let limit = MOVED * MOVED * self.skin * self.skin;
        let moved = solid
            .positions
            .iter()
            .zip(&self.anchors)
            .any(|(now, then)| !((now - then).norm_squared() <= limit));
        if moved && solid.springs.is_none() {
            self.rebuild(solid);
        }
    }

    /// Computes the forces.
    pub fn evaluate(&mut self, solid: &Solid<D>) {
        self.refresh(solid);
        self.evaluations += 1;
        self.values.fill(Vector::zeros());
        if self.soft {
            self.evaluate_soft(solid);
        } else {
            self.evaluate_general(solid);
        }
    }

    fn evaluate_soft(&mut self, solid: &Solid<D>) {
        for (candidate, pair) in self.candidates.iter().zip(&self.pairs) {
            let (i, j) = (candidate.i as usize, candidate.j as usize);
            let separation = solid.separation(i, j);
            let squared = separation.norm_squared();
            if squared < pair.sigma * pair.sigma {
                let r = squared.sqrt();
                let force =
                    separation * (pair.k * (pair.sigma - r) / (pair.sigma * pair.sigma * r));
                self.values[i] += force;
                self.values[j] -= force;
            }
        }
    }

    fn evaluate_general(&mut self, solid: &Solid<D>) {
        let potential = &solid.interactions.potential;
        self.virial = 0.0;
        for (candidate, pair) in self.candidates.iter().zip(&self.pairs) {
            let (i, j) = (candidate.i as usize, candidate.j as usize);
            let separation = solid.separation(i, j);
            let squared = separation.norm_squared();
            let range = potential.range(pair.sigma, pair.depth);
            if pair.spring || squared < range * range {
                let r = squared.sqrt();
                let (_, slope) = potential.energy_and_slope(pair, r);
                self.virial += slope * r;
                let force = separation * (-slope / r);
                self.values[i] += force;
                self.values[j] -= force;
            }
        }
    }

    /// The energy U of the solid.
    pub fn energy(&self, solid: &Solid<D>) -> f64 {
        let potential = &solid.interactions.potential;
        self.candidates
            .iter()
            .zip(&self.pairs)
            .map(|(candidate, pair)| {
                let separation = solid.separation(candidate.i as usize, candidate.j as usize);
                potential.energy_and_slope(pair, separation.norm()).0
            })
            .sum()
    }

    /// max_i |F_i| of the last evaluation; NaN if any force is.
    pub fn max_norm(&self) -> f64 {
        max_norm(&self.values)
    }
}

/// max_i |F_i|; NaN if any force is (`f64::max` would hide it).
pub fn max_norm<const D: usize>(forces: &[Vector<D>]) -> f64 {
    forces
        .iter()
        .map(|force| force.norm_squared())
        .fold(0.0_f64, |max, next| if max >= next { max } else { next })
        .sqrt()
}

/// The largest curvature of the pair energies [energy/length²]: it sets the time step of FIRE and
/// the rounding floor of the forces.
pub fn stiffness<const D: usize>(solid: &Solid<D>) -> f64 {
    let interactions = &solid.interactions;
    let smallest = interactions.diameters.iter().fold(f64::INFINITY, |a, &b| a.min(b));
    let a = interactions.potential.a;
    let core = interactions.k.largest() / (smallest * smallest);
    core.max(2.0 * interactions.depths.largest() * a * a)
}
