//! The bonds of a solid, its rattlers, and its contact set.
//!
//! A bond **bears load** if it carries a force: |u'| σ/k above a small tolerance (in a harmonic core that
//! is the overlap 1 − r/σ). A **rattler** is a particle that nothing holds: recursively, it has fewer
//! than d + 1 load-bearing bonds and none of them is in tension. Bonds in tension hold a particle
//! however few they are; one that hangs on bonds without force (r = σ) is a rattler, and so is
//! whatever is not connected to the rest by load-bearing bonds. What is left is the backbone. The
//! **contact set** is the set of backbone pairs with r < σ.

use super::neighbors::Candidate;
use super::overlap::{self, HARMONIC, overlap};
use super::potential::Pair;
use super::{Solid, Vector};

/// |u'| σ/k (in a harmonic core: the relative overlap) above which a bond bears load, times
/// [`softening`]. The FIRE minimiser
/// leaves rattlers touching a neighbour by about 1e-12, which would put elements of order one into
/// the Hessian.
pub const LOAD_BEARING_OVERLAP: f64 = 1e-9;

/// Below this load [largest k/length^d] the tolerances for forces shrink in proportion to it.
pub const LOW_PRESSURE: f64 = 1e-3;

/// The least factor by which they shrink: beyond it rounding decides.
const LEAST_FACTOR: f64 = 1e-6;

/// An interacting pair of backbone particles.
#[derive(Clone, Copy, Debug)]
pub struct Bond<const D: usize> {
    pub i: usize,
    pub j: usize,
    /// R = r_i − r_j [length].
    pub separation: Vector<D>,
    /// r = |R| [length].
    pub distance: f64,
    /// u'(r) [energy/length].
    pub slope: f64,
    pub pair: Pair,
    /// λ_b of a spring, 1 otherwise.
    pub stretch: f64,
    /// The size factors of i and j.
    pub sizes: [f64; 2],
}

impl<const D: usize> Bond<D> {
    /// r < σ: the pair is a contact.
    pub fn in_contact(&self) -> bool {
        self.pair.spring || self.distance < self.pair.sigma
    }
}

/// The bonds between backbone particles, and who is a rattler.
#[derive(Clone, Debug, Default)]
pub struct Contacts<const D: usize> {
    /// Ordered as the candidates are.
    pub bonds: Vec<Bond<D>>,
    /// One flag per particle.
    pub rattler: Vec<bool>,
}

impl<const D: usize> Contacts<D> {
    /// Finds bonds and rattlers among the candidate pairs, which must hold every interacting pair.
    pub fn find(solid: &Solid<D>, candidates: &[Candidate]) -> Self {
        let bonds = interacting_pairs(solid, candidates);
        let rattler = rattlers(solid, &bonds);
        Self::between(bonds, rattler)
    }

    /// The bonds where it is known already who is a rattler.
    pub fn with_rattlers(solid: &Solid<D>, candidates: &[Candidate], rattler: Vec<bool>) -> Self {
        Self::between(interacting_pairs(solid, candidates), rattler)
    }

    /// Those of these bonds that end at no rattler.
    pub fn between(mut bonds: Vec<Bond<D>>, rattler: Vec<bool>) -> Self {
        bonds.retain(|bond| !rattler[bond.i] && !rattler[bond.j]);
        Self { bonds, rattler }
    }

    /// The contact set as (i, j), i < j, ascending.
    pub fn contact_set(&self) -> Vec<(usize, usize)> {
        let contacts = self.bonds.iter().filter(|bond| bond.in_contact());
        let mut set: Vec<(usize, usize)> =
            contacts.map(|bond| (bond.i.min(bond.j), bond.i.max(bond.j))).collect();
        // Springs come in the order of their file.
        set.sort_unstable();
        set
    }

    /// The number of contacts.
    pub fn contact_count(&self) -> usize {
        self.bonds.iter().filter(|bond| bond.in_contact()).count()
    }

    /// The number of rattlers.
    pub fn rattler_count(&self) -> usize {
        self.rattler.iter().filter(|&&rattles| rattles).count()
    }

    /// The number of backbone particles.
    pub fn backbone_count(&self) -> usize {
        self.rattler.len() - self.rattler_count()
    }
}

/// Every pair that interacts, in the order of the candidates.
pub fn interacting_pairs<const D: usize>(
    solid: &Solid<D>,
    candidates: &[Candidate],
) -> Vec<Bond<D>> {
    let mut bonds = Vec::with_capacity(candidates.len());
    find_interacting(solid, candidates, &mut bonds);
    bonds
}

/// The same into memory that is there.
pub fn find_interacting<const D: usize>(
    solid: &Solid<D>,
    candidates: &[Candidate],
    bonds: &mut Vec<Bond<D>>,
) {
    bonds.clear();
    let potential = &solid.interactions.potential;
    for (index, candidate) in candidates.iter().enumerate() {
        let (i, j) = (candidate.i as usize, candidate.j as usize);
        let separation = solid.separation(i, j);
        let distance = separation.norm();
        let (pair, stretch) = candidate.parameters(solid, index);
        if potential.interacts(&pair, distance) {
            let (_, slope) = potential.energy_and_slope(&pair, distance);
            let sizes = solid.sizes(i, j);
            bonds.push(Bond { i, j, separation, distance, slope, pair, stretch, sizes });
        }
    }
}

/// p = −(1/dV) Σ_b u' r [energy/length^d].
pub fn virial_pressure<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> f64 {
    -virial(solid, bonds, |slope| slope)
}

/// The factor by which force tolerances shrink where the overlaps are small: (1/dV) Σ_b |u'| r, of
/// harmonic spheres the pressure, in units of [`LOW_PRESSURE`] and at most 1. It does not vanish where
/// the pressure of attractive particles does.
pub fn load_factor<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> f64 {
    let load = virial(solid, bonds, f64::abs);
    // A load is about the overlap to the power of α − 1, and it is the overlap that is compared.
    let root = 1.0 / (solid.interactions.potential.exponent - 1.0);
    let relative = (load / (LOW_PRESSURE * solid.interactions.energy_unit())).powf(root);
    (relative * LOW_PRESSURE.powf(root - 1.0)).clamp(LEAST_FACTOR, 1.0)
}

/// How much the stiffest of these bonds differs from a harmonic one: its u'' σ²/k, 1 where α = 2. Forces
/// are measured in it wherever displacements are meant.
pub fn softening<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> f64 {
    let exponent = solid.interactions.potential.exponent;
    if exponent == HARMONIC || solid.springs.is_some() {
        return 1.0;
    }
    let overlaps = bonds.iter().map(|bond| overlap(bond.pair.sigma, bond.distance));
    overlap::softening(exponent, overlaps.fold(0.0, f64::max))
}

/// (1/dV) Σ_b f(u') r.
fn virial<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>], of: fn(f64) -> f64) -> f64 {
    let sum: f64 = bonds.iter().map(|bond| of(bond.slope) * bond.distance).sum();
    sum / (D as f64 * solid.cell.volume())
}

/// A bond that bears load.
#[derive(Clone, Copy)]
struct Strut {
    i: usize,
    j: usize,
    tension: bool,
}

impl Strut {
    /// Adds what it does for either end in d dimensions.
    fn hold<const D: usize>(&self, held: &mut [u32]) {
        let share = if self.tension { D as u32 + 1 } else { 1 };
        held[self.i] += share;
        held[self.j] += share;
    }
}

/// Who rattles, one flag per particle, of all interacting pairs of a solid.
pub fn rattlers<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> Vec<bool> {
    let mut classifier = Classifier::default();
    classifier.rattlers(solid, bonds);
    classifier.rattler
}

/// Says who rattles, in memory that is kept from one time to the next.
#[derive(Default)]
pub struct Classifier {
    struts: Vec<Strut>,
    /// How many of them hold a particle; one in tension does it alone.
    held: Vec<u32>,
    rattler: Vec<bool>,
}

impl Classifier {
    /// Who rattles, one flag per particle, of all interacting pairs of a solid.
    pub fn rattlers<const D: usize>(&mut self, solid: &Solid<D>, bonds: &[Bond<D>]) -> &[bool] {
        let Self { struts, held, rattler } = self;
        let tolerance = LOAD_BEARING_OVERLAP * load_factor(solid, bonds) * softening(solid, bonds);
        struts.clear();
        held.clear();
        held.resize(solid.len(), 0);
        for bond in bonds {
            let strain = bond.slope * bond.pair.sigma / bond.pair.k;
            let tension = !bond.pair.spring && strain > tolerance;
            if bond.pair.spring || strain.abs() > tolerance {
                let strut = Strut { i: bond.i, j: bond.j, tension };
                struts.push(strut);
                strut.hold::<D>(held);
            }
        }
        rattler.clear();
        rattler.resize(solid.len(), false);
        // Whom nothing holds takes its bonds away from its partners, of whom then nothing may hold one.
        loop {
            let mut more = false;
            for (flag, &holds) in rattler.iter_mut().zip(&*held) {
                let loose = (holds as usize) < D + 1;
                more |= loose && !*flag;
                *flag |= loose;
            }
            if !more {
                break;
            }
            struts.retain(|strut| !rattler[strut.i] && !rattler[strut.j]);
            held.fill(0);
            struts.iter().for_each(|strut| strut.hold::<D>(held));
        }
        if solid.interactions.attractive() {
            leave_the_largest_cluster(struts, rattler);
        }
        rattler
    }
}

/// Attraction holds clusters together that nothing holds in their place: all but the largest one
/// become rattlers.
fn leave_the_largest_cluster(struts: &[Strut], rattler: &mut [bool]) {
    // The root of a cluster is its first particle.
    let mut parent: Vec<usize> = (0..rattler.len()).collect();
    fn root(parent: &mut [usize], mut i: usize) -> usize {
        while parent[i] != i {
            parent[i] = parent[parent[i]];
            i = parent[i];
        }
        i
    }
    for strut in struts {
        let (a, b) = (root(&mut parent, strut.i), root(&mut parent, strut.j));
        parent[a.max(b)] = a.min(b);
    }
    let mut sizes = vec![0; rattler.len()];
    for i in (0..rattler.len()).filter(|&i| !rattler[i]) {
        sizes[root(&mut parent, i)] += 1;
    }
    let largest = (0..sizes.len()).rev().max_by_key(|&root| sizes[root]);
    for (i, flag) in rattler.iter_mut().enumerate() {
        *flag |= Some(root(&mut parent, i)) != largest;
    }
}
