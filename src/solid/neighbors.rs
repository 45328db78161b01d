//! Pairs of particles that are, or may soon be, within their interaction range.

use super::{Solid, Vector};

/// Above this many particles a cell list beats the branch-free search over all pairs.
const CELL_LIST_PARTICLES: usize = 1500;

/// A pair of particles, i < j.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub i: u32,
    pub j: u32,
}

/// Collects every pair nearer than its range + `margin` [length], ordered by i, then j.
pub fn pairs_within<const D: usize>(solid: &Solid<D>, margin: f64, pairs: &mut Vec<Candidate>) {
    pairs.clear();
    if let Some(springs) = &solid.springs {
        pairs.extend(springs.iter().map(|bond| Candidate { i: bond.i as u32, j: bond.j as u32 }));
        return;
    }
    let cutoff = solid.longest_range() + margin;
    if solid.len() > CELL_LIST_PARTICLES && solid.cell.shortest_edge() > 4.0 * cutoff {
        cell_list(solid, cutoff, margin, pairs);
        pairs.sort_unstable_by_key(|pair| (pair.i, pair.j));
    } else {
        all_pairs(solid, cutoff, margin, pairs);
    }
}

/// Is the pair nearer than its own range + margin?
#[inline(always)]
fn near<const D: usize>(solid: &Solid<D>, i: usize, j: usize, squared: f64, margin: f64) -> bool {
    let pair = solid.pair(i, j);
    let cutoff = solid.interactions.potential.range(pair.sigma, pair.depth) + margin;
    squared < cutoff * cutoff
}

fn all_pairs<const D: usize>(
    solid: &Solid<D>,
    cutoff: f64,
    margin: f64,
    pairs: &mut Vec<Candidate>,
) {
    let n = solid.len();
    let coordinates: [Vec<f64>; D] =
        std::array::from_fn(|axis| solid.positions.iter().map(|r| r[axis]).collect());
    let edges = solid.cell.edges();
    let mut squared = vec![0.0; n];
    for i in 0..n {
        let others = &mut squared[i + 1..n];
        others.fill(0.0);
        for axis in 0..D {
            let (edge, inverse, x) = (edges[axis], 1.0 / edges[axis], coordinates[axis][i]);
            for (sum, &y) in others.iter_mut().zip(&coordinates[axis][i + 1..n]) {
                let separation = x - y;
                let image = separation - edge * super::cell::nearest_integer(separation * inverse);
                *sum += image * image;
            }
        }
        for (offset, &distance2) in others.iter().enumerate() {
            let j = i + 1 + offset;
            if distance2 < cutoff * cutoff && near(solid, i, j, distance2, margin) {
                pairs.push(Candidate { i: i as u32, j: j as u32 });
            }
        }
    }
}

fn cell_list<const D: usize>(
    solid: &Solid<D>,
    cutoff: f64,
    margin: f64,
    pairs: &mut Vec<Candidate>,
) {
    let edges = solid.cell.edges();
    let counts: [usize; D] = std::array::from_fn(|axis| (edges[axis] / cutoff).floor() as usize);
    let place = |position: &Vector<D>| -> [usize; D] {
        let folded = solid.cell.wrap(*position);
        std::array::from_fn(|axis| {
            ((folded[axis] / edges[axis] * counts[axis] as f64) as usize).min(counts[axis] - 1)
        })
    };
    let flat =
        |place: &[usize; D]| (0..D).rev().fold(0, |sum, axis| sum * counts[axis] + place[axis]);
    let mut heads = vec![u32::MAX; counts.iter().product()];
    let mut next = vec![u32::MAX; solid.len()];
    for i in (0..solid.len()).rev() {
        let head = &mut heads[flat(&place(&solid.positions[i]))];
        next[i] = *head;
        *head = i as u32;
    }
    for i in 0..solid.len() {
        let home = place(&solid.positions[i]);
        for stencil in 0..3_usize.pow(D as u32) {
            let mut code = stencil;
            let around: [usize; D] = std::array::from_fn(|axis| {
                let step = code % 3;
                code /= 3;
                (home[axis] + counts[axis] + step - 1) % counts[axis]
            });
            let mut j = heads[flat(&around)];
            while j != u32::MAX {
                if (j as usize) > i {
                    let squared = solid.separation(i, j as usize).norm_squared();
                    if near(solid, i, j as usize, squared, margin) {
                        pairs.push(Candidate { i: i as u32, j });
                    }
                }
                j = next[j as usize];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::cell::Cell;
    use crate::solid::interactions::{Interactions, SymmetricTable};
    use crate::solid::potential::{Potential, Tail};
    use rand::{RngExt, SeedableRng};

    #[test]
    fn the_cell_list_finds_the_pairs_of_the_search_over_all_pairs() {
        let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(7);
        let n = CELL_LIST_PARTICLES + 100;
        let cell = Cell::<3>::with_volume(n as f64);
        let edges = cell.edges();
        let solid = Solid {
            cell,
            positions: (0..n)
                .map(|_| edges.map(|edge| edge * (3.0 * random.random::<f64>() - 1.0)))
                .collect(),
            species: (0..n).map(|i| i % 2).collect(),
            interactions: Interactions {
                diameters: vec![1.0, 1.4],
                k: SymmetricTable::uniform(2, 1.0),
                depths: SymmetricTable::uniform(2, 0.0),
                potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            },
            size_factors: None,
            springs: None,
        };
        let mut listed = Vec::new();
        pairs_within(&solid, 0.2, &mut listed);
        let mut searched = Vec::new();
        all_pairs(&solid, 1.6, 0.2, &mut searched);
        assert!(searched.len() > n);
        assert_eq!(listed, searched);
    }
}
