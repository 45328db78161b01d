//! The bonds of a solid, its rattlers, and its contact set.
//!
//! A bond **bears load** if its overlap 1 − r/σ exceeds a small tolerance, or if it lies on the
//! attractive tail. A **rattler** has, recursively, fewer than d + 1 load-bearing bonds; what is
//! left is the backbone. The **contact set** is the set of backbone pairs with r < σ.

use super::neighbors::Candidate;
use super::potential::Pair;
use super::{Solid, Vector};

/// Relative overlap above which a bond bears load. The FIRE minimiser leaves rattlers touching a
/// neighbour by about 1e-12, which would put elements of order one into the Hessian.
pub const LOAD_BEARING_OVERLAP: f64 = 1e-9;

/// Below this pressure [k/length^d] the overlap tolerance shrinks in proportion to the pressure.
pub const LOW_PRESSURE: f64 = 1e-3;

/// An interacting pair of backbone particles.
#[derive(Clone, Copy, Debug)]
pub struct Bond<const D: usize> {
    pub i: usize,
    pub j: usize,
    /// R = r_i − r_j [length].
    pub separation: Vector<D>,
    /// r = |R| [length].
    pub distance: f64,
    pub pair: Pair,
    /// λ_b of a spring, 1 otherwise.
    pub stretch: f64,
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
        let mut contacts =
            Self { bonds: interacting_pairs(solid, candidates), rattler: Vec::new() };
        contacts.rattler = rattlers(solid, &contacts.bonds);
        let rattler = &contacts.rattler;
        contacts.bonds.retain(|bond| !rattler[bond.i] && !rattler[bond.j]);
        contacts
    }

    /// The contact set as (i, j), i < j, ascending.
    pub fn contact_set(&self) -> Vec<(usize, usize)> {
        self.bonds.iter().filter(|bond| bond.in_contact()).map(|bond| (bond.i, bond.j)).collect()
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
    let stretch = |index: usize| solid.springs.as_ref().map(|springs| springs[index].stretch);
    let mut bonds = Vec::with_capacity(candidates.len());
    bonds.extend(candidates.iter().enumerate().filter_map(|(index, candidate)| {
        let (i, j) = (candidate.i as usize, candidate.j as usize);
        let separation = solid.separation(i, j);
        let distance = separation.norm();
        let mut pair = solid.pair(i, j);
        let stretch = stretch(index);
        if let Some(stretch) = stretch {
            pair.sigma *= stretch;
            pair.spring = true;
        }
        solid.interactions.potential.interacts(&pair, distance).then_some(Bond {
            i,
            j,
            separation,
            distance,
            pair,
            stretch: stretch.unwrap_or(1.0),
        })
    }));
    bonds
}

/// p = −(1/dV) Σ_b u' r [energy/length^d].
pub fn virial_pressure<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> f64 {
    let potential = &solid.interactions.potential;
    let virial: f64 = bonds
        .iter()
        .map(|bond| potential.energy_and_slope(&bond.pair, bond.distance).1 * bond.distance)
        .sum();
    -virial / (D as f64 * solid.cell.volume())
}

fn rattlers<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> Vec<bool> {
    let pressure = virial_pressure(solid, bonds).abs();
    let tolerance = LOAD_BEARING_OVERLAP * (pressure / LOW_PRESSURE).min(1.0);
    let bears_load = |bond: &Bond<D>| {
        bond.pair.spring
            || 1.0 - bond.distance / bond.pair.sigma > tolerance
            || (bond.pair.depth != 0.0 && bond.distance >= bond.pair.sigma)
    };
    let mut count = vec![0_usize; solid.len()];
    for bond in bonds.iter().filter(|bond| bears_load(bond)) {
        count[bond.i] += 1;
        count[bond.j] += 1;
    }
    let loose = |count: usize| count < D + 1;
    let mut rattler: Vec<bool> = count.iter().map(|&count| loose(count)).collect();
    if !rattler.contains(&true) {
        return rattler;
    }
    let mut partners = vec![Vec::new(); solid.len()];
    for bond in bonds.iter().filter(|bond| bears_load(bond)) {
        partners[bond.i].push(bond.j);
        partners[bond.j].push(bond.i);
    }
    let mut pending: Vec<usize> = (0..solid.len()).filter(|&i| rattler[i]).collect();
    while let Some(i) = pending.pop() {
        for &j in &partners[i] {
            count[j] -= 1;
            if !rattler[j] && loose(count[j]) {
                rattler[j] = true;
                pending.push(j);
            }
        }
    }
    rattler
}
