//! Energy and forces with a Verlet list.

use super::lanes::Lanes;
use crate::solid::neighbors::{Candidate, pairs_within};
use crate::solid::overlap::{HARMONIC, overlap, softening};
use crate::solid::potential::Pair;
use crate::solid::{Solid, Vector};

/// Reach of the Verlet list beyond the interaction range, in units of the largest diameter.
const SKIN: f64 = 0.3;

/// The same for a relaxation that moves little over many steps, and along which no diameter grows.
const THIN_SKIN: f64 = 0.08;

/// The list is built anew once a particle has moved by this share of the skin. Two particles may
/// close in by twice that; the rest of the skin is for diameters that grow along a sweep.
const MOVED: f64 = 0.45;

/// max|F| at which the polish stops, in units of the largest pair curvature: a few roundings.
pub const FORCE_FLOOR: f64 = 3e-15;

/// The second particle of a pair of the list.
#[derive(Clone, Copy, Debug)]
struct Partner {
    j: u32,
    /// Place of its periodic image in `images`.
    image: u32,
}

/// The energy and the forces of a solid; owns the Verlet list and every buffer.
#[derive(Clone, Debug, Default)]
pub struct Forces<const D: usize> {
    candidates: Vec<Candidate>,
    partners: Vec<Partner>,
    /// The parameters of every pair, and the square of the distance at which it begins to interact.
    pairs: Vec<(Pair, f64)>,
    /// Particle i of the pairs, and where they end: one entry for each run of equal i.
    runs: Vec<(usize, usize)>,
    /// The periodic images that occur, in numbers of edges, and as lengths at the last evaluation.
    images: Vec<Vector<D>>,
    shifts: Vec<Vector<D>>,
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
    /// Σ_b u' r [energy] of the last evaluation of attractive particles or springs.
    pub virial: f64,
    /// The largest u'' σ²/k of a pair at the last evaluation, 1 where the core is harmonic.
    pub softening: f64,
    kind: Kind,
    lanes: Lanes<D>,
}

/// Periodic images that have places.
struct Images<const D: usize> {
    all: Vec<Vector<D>>,
    /// The places of those that are no more than two boxes away.
    near: [u32; 125],
}

impl<const D: usize> Images<D> {
    /// None yet, in memory that is there.
    fn new(mut all: Vec<Vector<D>>) -> Self {
        all.clear();
        Self { all, near: [u32::MAX; 125] }
    }

    fn code(image: &Vector<D>) -> Option<usize> {
        let near = image.iter().all(|x| x.abs() <= 2.0);
        near.then(|| image.iter().fold(0, |code, x| 5 * code + (x + 2.0) as usize))
    }

    /// The place of an image; it gets one where it has none.
    fn place(&mut self, image: Vector<D>) -> u32 {
        let code = Self::code(&image);
        let known = match code {
            Some(code) => Some(self.near[code]).filter(|&place| place != u32::MAX),
            None => self.all.iter().position(|known| *known == image).map(|place| place as u32),
        };
        known.unwrap_or_else(|| {
            let place = self.all.len() as u32;
            self.all.push(image);
            code.into_iter().for_each(|code| self.near[code] = place);
            place
        })
    }
}

/// What the pairs of a solid are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Kind {
    #[default]
    Soft,
    /// Soft with this exponent.
    Power(f64),
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
        self.list(solid);
        let exponent = solid.interactions.potential.exponent;
        self.kind = match solid.springs {
            Some(_) => Kind::Springs,
            None if solid.interactions.attractive() => Kind::Attractive,
            None if exponent != HARMONIC => Kind::Power(exponent),
            None => Kind::Soft,
        };
        if self.kind == Kind::Attractive {
            self.lanes.list(&solid.interactions.potential, &self.pairs);
        }
        self.values.resize(solid.len(), Vector::zeros());
    }

    /// What an evaluation needs of the candidates.
    fn list(&mut self, solid: &Solid<D>) {
        self.partners.clear();
        self.pairs.clear();
        self.runs.clear();
        let mut images = Images::new(std::mem::take(&mut self.images));
        for (index, &Candidate { i, j }) in self.candidates.iter().enumerate() {
            let mut pair = solid.pair(i as usize, j as usize);
            let mut reach = solid.interactions.potential.range(pair.sigma, pair.depth).powi(2);
            if let Some(springs) = &solid.springs {
                pair.sigma *= springs[index].stretch;
                pair.spring = true;
                reach = f64::INFINITY;
            }
            let image = images.place(solid.image(i as usize, j as usize));
            self.partners.push(Partner { j, image });
            self.pairs.push((pair, reach));
            match self.runs.last_mut() {
                Some((last, end)) if *last == i as usize => *end = index + 1,
                _ => self.runs.push((i as usize, index + 1)),
            }
        }
        self.images = images.all;
    }

    /// Every pair that interacts, and some that nearly do.
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// Builds the list anew where particles may have come into range of each other since it was built.
    ///
    /// With r = f (r₀ + d), f the growth of the box, a pair that was further apart than range + skin is now
    /// further apart than f (range + skin) − 2 max|f d|.
    pub fn refresh(&mut self, solid: &Solid<D>) {
        let growth = solid.cell.shortest_edge() / self.edge;
        let room = growth * self.skin - (1.0 - growth).max(0.0) * self.range;
        let limit = if room >= 0.0 { (MOVED * room).powi(2) } else { -1.0 };
        let moved = solid
            .positions
            .iter()
            .zip(&self.anchors)
            .any(|(now, then)| !((now - then * growth).norm_squared() <= limit));
        if moved {
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
        let edges = solid.cell.edges();
        self.shifts.clear();
        self.shifts.extend(self.images.iter().map(|image| image.component_mul(&edges)));
        self.values.fill(Vector::zeros());
        self.softening = 1.0;
        match self.kind {
            Kind::Soft => self.accumulate(solid, |&Pair { sigma, k, .. }, r| {
                k * (sigma - r) / (sigma * sigma * r)
            }),
            Kind::Power(exponent) => {
                let mut largest = 0.0_f64;
                self.accumulate(solid, |&Pair { sigma, k, .. }, r| {
                    let overlap = overlap(sigma, r);
                    largest = largest.max(overlap);
                    k / sigma * overlap.powf(exponent - 1.0) / r
                });
                self.softening = softening(exponent, largest);
            }
            Kind::Springs => {
                let mut virial = 0.0;
                self.accumulate(solid, |&Pair { sigma, k, .. }, r| {
                    let slope = -k / sigma * (1.0 - r / sigma);
                    virial += slope * r;
                    -slope / r
                });
                self.virial = virial;
            }
            Kind::Attractive => self.accumulate_lanes(solid),
        }
    }

    /// Adds up the forces of all pairs in range; `push` is −u'/r.
    #[inline(always)]
    fn accumulate(&mut self, solid: &Solid<D>, mut push: impl FnMut(&Pair, f64) -> f64) {
        let mut begin = 0;
        for &(i, end) in &self.runs {
            let position = solid.positions[i];
            let mut sum = self.values[i];
            let pairs = self.partners[begin..end].iter().zip(&self.pairs[begin..end]);
            for (Partner { j, image }, (pair, reach)) in pairs {
                let j = *j as usize;
                let separation = position - solid.positions[j] - self.shifts[*image as usize];
                let squared = separation.norm_squared();
                if squared < *reach {
                    let force = separation * push(pair, squared.sqrt());
                    sum += force;
                    self.values[j] -= force;
                }
            }
            self.values[i] = sum;
            begin = end;
        }
    }

    /// The same for attractive particles, and their virial: first all separations, then all slopes side by
    /// side, then all sums.
    fn accumulate_lanes(&mut self, solid: &Solid<D>) {
        let Self { lanes, partners, runs, shifts, values, .. } = self;
        let (positions, shifts) = (&solid.positions[..], &shifts[..]);
        let mut begin = 0;
        for &(i, end) in &*runs {
            let position = positions[i];
            let pairs = lanes.separation[begin..end].iter_mut().zip(&mut lanes.push[begin..end]);
            for (partner, (separation, squared)) in partners[begin..end].iter().zip(pairs) {
                let other = positions[partner.j as usize];
                *separation = position - other - shifts[partner.image as usize];
                *squared = separation.norm_squared();
            }
            begin = end;
        }
        lanes.evaluate(&solid.interactions.potential);
        let (values, mut virial) = (&mut values[..], 0.0);
        begin = 0;
        for &(i, end) in &*runs {
            let mut sum = values[i];
            let pairs = lanes.separation[begin..end].iter().zip(&lanes.push[begin..end]);
            for (partner, (separation, &push)) in partners[begin..end].iter().zip(pairs) {
                let force = separation * push;
                sum += force;
                virial -= force.dot(separation);
                values[partner.j as usize] -= force;
            }
            values[i] = sum;
            begin = end;
        }
        self.virial = virial;
    }

    /// The energy U of the solid.
    pub fn energy(&self, solid: &Solid<D>) -> f64 {
        let potential = &solid.interactions.potential;
        self.candidates
            .iter()
            .zip(&self.pairs)
            .map(|(candidate, (pair, _))| {
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

/// The largest curvature of the pair energies [energy/length²], of a core that is not harmonic in units
/// of its softening: it sets the time step of FIRE and the rounding floor of the forces.
pub fn stiffness<const D: usize>(solid: &Solid<D>) -> f64 {
    let interactions = &solid.interactions;
    let (smallest, _) = solid.extreme_diameters();
    let a = interactions.potential.a;
    let core = interactions.k.largest() / (smallest * smallest);
    core.max(2.0 * interactions.depths.largest() * a * a)
}
