//! Energy and forces with a Verlet list.

use super::lanes::Lanes;
use super::laws::{Power, Soft, Springs};
use super::pairs::Pairs;
use super::passes;
use crate::solid::neighbors::{Candidate, pairs_within};
use crate::solid::overlap::{HARMONIC, softening};
use crate::solid::{Solid, Vector};

/// Reach of the Verlet list beyond the interaction range, in units of the largest diameter.
const SKIN: f64 = 0.3;

/// The same for a relaxation that moves little over many steps, and along which no diameter grows.
const THIN_SKIN: f64 = 0.08;

/// The list is built anew once the two particles that have moved most may have closed in by twice this share of the
/// skin; the rest of the skin is for diameters that grow along a sweep.
const MOVED: f64 = 0.45;

/// max|F| at which the polish stops, in units of the largest pair curvature: a few roundings.
pub const FORCE_FLOOR: f64 = 3e-15;

/// The energy and the forces of a solid; owns the Verlet list and every buffer.
#[derive(Clone, Debug, Default)]
pub struct Forces<const D: usize> {
    candidates: Vec<Candidate>,
    pairs: Pairs<D>,
    lanes: Lanes<D>,
    anchors: Vec<Vector<D>>,
    /// The shortest edge when the list was built [length].
    edge: f64,
    /// The longest range of the particles [length].
    pub range: f64,
    skin: f64,
    thin: bool,
    /// F_i = −∂U/∂r_i [energy/length], shape (N,).
    pub values: Vec<Vector<D>>,
    /// The number of force evaluations so far.
    pub evaluations: u64,
    /// Σ_b u' r [energy] of the last evaluation.
    pub virial: f64,
    /// The largest u'' σ²/k of a pair at the last evaluation, 1 where the core is harmonic.
    pub softening: f64,
    kind: Kind,
}

/// What the pairs of a solid are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    Soft,
    /// Soft, not harmonic.
    Power,
    Springs,
    Attractive,
}

impl<const D: usize> Forces<D> {
    /// Ready for this solid, with its list built.
    pub fn new(solid: &Solid<D>) -> Self {
        let mut forces = Self { values: vec![Vector::zeros(); solid.len()], ..Self::default() };
        forces.rebuild(solid);
        forces
    }

    /// From now on with a list that reaches less far, or as usual; builds it anew.
    pub fn thin(&mut self, solid: &Solid<D>, thin: bool) {
        self.thin = thin;
        self.rebuild(solid);
    }

    /// Builds the list anew; needed after a change of the parameters or the particles.
    pub fn rebuild(&mut self, solid: &Solid<D>) {
        let (_, largest) = solid.extreme_diameters();
        self.edge = solid.cell.shortest_edge();
        self.range = solid.longest_range();
        let room = 0.5 * self.edge - self.range;
        let skin = if self.thin { THIN_SKIN } else { SKIN };
        self.skin = (skin * largest).min(room.max(0.0));
        self.anchors.clone_from(&solid.positions);
        pairs_within(solid, self.skin, &mut self.candidates);
        self.pairs.list(solid, &self.candidates);
        let potential = &solid.interactions.potential;
        self.kind = match solid.springs {
            Some(_) => Kind::Springs,
            None if solid.interactions.attractive() => Kind::Attractive,
            None if potential.exponent != HARMONIC => Kind::Power,
            None => Kind::Soft,
        };
        let places = self.candidates.iter().enumerate();
        let parameters = places.map(|(place, pair)| pair.parameters(solid, place).0);
        match self.kind {
            Kind::Attractive => {
                let first = self.candidates.iter().map(|pair| pair.i);
                self.lanes.list(potential, first.zip(parameters));
            }
            _ => self.pairs.take(parameters),
        }
        self.values.resize(solid.len(), Vector::zeros());
    }

    /// Every pair that interacts, and some that nearly do.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Builds the list anew where particles may have come into range of each other since it was built.
    ///
    /// With r = f (r₀ + d), f the growth of the box, a pair that was further apart than range + skin is now
    /// further apart than f (range + skin) less the two largest |f d|.
    pub fn refresh(&mut self, solid: &Solid<D>) {
        let growth = solid.cell.shortest_edge() / self.edge;
        let room = growth * self.skin - (1.0 - growth).max(0.0) * self.range;
        let [one, other] = passes::farthest_two(&solid.positions, &self.anchors, growth);
        if !(one + other <= 2.0 * MOVED * room) {
            self.rebuild(solid);
        }
    }

    /// Where every particle was when the list was built, shape (N,).
    pub(super) fn anchors(&self) -> &[Vector<D>] {
        &self.anchors
    }

    /// Computes the forces.
    pub fn evaluate(&mut self, solid: &Solid<D>) {
        self.refresh(solid);
        self.add_up(solid);
    }

    /// Computes the forces on particles none of which has a coordinate that differs from that of its anchor by
    /// more than `farthest` [length].
    pub(super) fn evaluate_within(&mut self, solid: &Solid<D>, farthest: f64) {
        let same_box = solid.cell.shortest_edge() == self.edge;
        if !(same_box && farthest * farthest * D as f64 <= (MOVED * self.skin).powi(2)) {
            self.refresh(solid);
        }
        self.add_up(solid);
    }

    fn add_up(&mut self, solid: &Solid<D>) {
        self.evaluations += 1;
        let Self { pairs, lanes, values, .. } = self;
        pairs.shift(solid);
        values.fill(Vector::zeros());
        let potential = &solid.interactions.potential;
        let mut power = Power::new(potential);
        self.virial = match self.kind {
            Kind::Soft => pairs.add_up(solid, &mut Soft, values),
            Kind::Power => pairs.add_up(solid, &mut power, values),
            Kind::Springs => pairs.add_up(solid, &mut Springs, values),
            Kind::Attractive => lanes.add_up(potential, &pairs.listed, pairs.places(solid), values),
        };
        self.softening = match self.kind {
            Kind::Power => softening(power.exponent, power.largest),
            _ => 1.0,
        };
    }

    /// The energy U of the solid.
    pub fn energy(&self, solid: &Solid<D>) -> f64 {
        let potential = &solid.interactions.potential;
        let energy = |(index, candidate): (usize, &Candidate)| {
            let separation = solid.separation(candidate.i as usize, candidate.j as usize);
            let (pair, _) = candidate.parameters(solid, index);
            potential.energy_and_slope(&pair, separation.norm()).0
        };
        self.candidates.iter().enumerate().map(energy).sum()
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

/// The largest curvature of the pair energies [energy/length²], of a core that is not harmonic in units
/// of its softening: it sets the time step of FIRE and the rounding floor of the forces.
pub fn stiffness<const D: usize>(solid: &Solid<D>) -> f64 {
    let interactions = &solid.interactions;
    let (smallest, _) = solid.extreme_diameters();
    let a = interactions.potential.a;
    let core = interactions.k.largest() / (smallest * smallest);
    core.max(2.0 * interactions.depths.largest() * a * a)
}
