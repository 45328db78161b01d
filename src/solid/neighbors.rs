//! Pairs of particles that are, or may soon be, within their interaction range.

use pulp::{Arch, NullaryFnOnce};

use super::Solid;
use super::balls::{Balls, Hits, nearest_whole};
use super::grid::Grid;
use super::grouped::grouped;
use super::potential::Pair;

/// Above this many particles a cell list beats the branch-free search over all pairs.
const CELL_LIST_PARTICLES: usize = 200;

/// A pair of particles, i < j.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    pub i: u32,
    pub j: u32,
}

impl Candidate {
    /// The parameters of the pair and its λ_b: in a network those of the spring at this place of the list, of
    /// particles σ = (D_i + D_j)/2 and 1.
    #[inline(always)]
    pub fn parameters<const D: usize>(&self, solid: &Solid<D>, place: usize) -> (Pair, f64) {
        let mut pair = solid.pair(self.i as usize, self.j as usize);
        let Some(springs) = &solid.springs else { return (pair, 1.0) };
        let stretch = springs[place].stretch;
        pair.sigma *= stretch;
        pair.spring = true;
        (pair, stretch)
    }
}

/// Collects every pair nearer than its range + `margin` [length], ordered by i, then j; a pair beyond that by a
/// rounding of single precision may be among them, and every pair counts as attractive where one is.
pub fn pairs_within<const D: usize>(solid: &Solid<D>, margin: f64, pairs: &mut Vec<Candidate>) {
    pairs.clear();
    if let Some(springs) = &solid.springs {
        pairs.extend(springs.iter().map(|bond| Candidate { i: bond.i as u32, j: bond.j as u32 }));
        return;
    }
    let cutoff = solid.longest_range() + margin;
    let by_cells = solid.len() > CELL_LIST_PARTICLES && solid.cell.shortest_edge() > 4.0 * cutoff;
    Arch::new().dispatch(Search { solid, cutoff, margin, by_cells, pairs });
}

/// A search, over all pairs or those of neighbouring cells; compiled for AVX2 and for any processor.
struct Search<'a, const D: usize> {
    solid: &'a Solid<D>,
    cutoff: f64,
    margin: f64,
    by_cells: bool,
    pairs: &'a mut Vec<Candidate>,
}

impl<const D: usize> NullaryFnOnce for Search<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let balls = Balls::new(self.solid, self.margin);
        if self.by_cells { self.cell_list(&balls) } else { self.all_pairs(&balls) }
    }
}

impl<const D: usize> Search<'_, D> {
    #[inline(always)]
    fn all_pairs(self, balls: &Balls<D>) {
        let n = self.solid.len();
        let row = balls.row(0..n);
        let edges = self.solid.cell.edges().map(|edge| edge as f32);
        let inverse = edges.map(|edge| 1.0 / edge);
        let nearest = |axis: usize, x: f32| x - edges[axis] * nearest_whole(x * inverse[axis]);
        let mut hits = Hits::default();
        for i in 0..n {
            hits.clear(n);
            row.scan(row.center(i), row.radius(i), i + 1..n, nearest, &mut hits);
            self.pairs.extend(hits.places().iter().map(|&j| Candidate { i: i as u32, j }));
        }
    }

    #[inline(always)]
    fn cell_list(self, balls: &Balls<D>) {
        let Self { solid, cutoff, pairs, .. } = self;
        let grid = Grid::new(&solid.cell, &balls.centers, cutoff);
        let row = balls.row(grid.members.iter().copied());
        let mut found: Vec<(usize, usize)> = Vec::with_capacity(4 * D * solid.len());
        let (mut segments, mut hits) = (Vec::new(), Hits::default());
        for cell in 0..grid.starts.len() - 1 {
            grid.ahead(cell, &mut segments);
            let met = segments.iter().map(|(range, _)| range.len()).sum();
            for place in grid.starts[cell]..grid.starts[cell + 1] {
                let (center, radius) = (row.center(place), row.radius(place));
                hits.clear(met);
                segments[0].0.start = place + 1;
                for (range, shift) in &segments {
                    let center = center - shift.map(|x| x as f32);
                    row.scan(center, radius, range.clone(), |_, x| x, &mut hits);
                }
                let i = grid.members[place];
                let others = hits.places().iter().map(|&at| grid.members[at as usize]);
                found.extend(others.map(|j| (i.min(j), i.max(j))));
            }
        }
        let (starts, mut partners) = grouped(solid.len(), found.iter().copied());
        for (i, ends) in starts.windows(2).enumerate() {
            let partners = &mut partners[ends[0]..ends[1]];
            partners.sort_unstable();
            pairs.extend(partners.iter().map(|&j| Candidate { i: i as u32, j: j as u32 }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::Vector;
    use crate::solid::cell::Cell;
    use crate::solid::interactions::{Interactions, SymmetricTable};
    use crate::solid::potential::{Potential, Tail};
    use rand::{RngExt, SeedableRng};
    use std::sync::Arc;

    const MARGIN: f64 = 0.2;

    /// Particles of many sizes in and beyond a box of unequal edges.
    fn solid<const D: usize>(n: usize, depth: f64) -> Solid<D> {
        let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(7);
        let cube = Cell::<D>::with_volume(n as f64).edges();
        let cell = Cell::new(Vector::from_fn(|axis, _| cube[axis] * [0.8, 1.0, 1.25][axis]));
        let mut anywhere = |edge: f64| -> f64 { edge * (3.0 * random.random::<f64>() - 1.0) };
        let positions =
            (0..n).map(|_| Vector::from_fn(|axis, _| anywhere(cell.edges()[axis]))).collect();
        Solid {
            cell,
            positions,
            species: (0..n).map(|i| i % 2).collect(),
            interactions: Interactions {
                diameters: vec![1.0, 1.4],
                k: SymmetricTable::uniform(2, 1.0),
                depths: SymmetricTable::uniform(2, depth),
                potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            },
            size_factors: Some(Arc::new(
                (0..n).map(|i| 0.8 + 0.4 * (i % 7) as f64 / 6.0).collect(),
            )),
            springs: None,
        }
    }

    /// Every pair that is near by plain means is listed once and in order, and none that is further.
    fn lists_what_is_near<const D: usize>(solid: &Solid<D>, listed: &[Candidate]) {
        assert!(listed.is_sorted_by_key(|pair| (pair.i, pair.j)));
        let mut rest = listed.iter().peekable();
        let mut near = 0;
        for i in 0..solid.len() {
            for j in i + 1..solid.len() {
                let pair = solid.pair(i, j);
                let reach = solid.interactions.potential.range(pair.sigma, pair.depth) + MARGIN;
                let distance = solid.separation(i, j).norm();
                let met = rest.next_if(|pair| (pair.i as usize, pair.j as usize) == (i, j));
                assert!(met.is_some() || distance >= reach, "{i}, {j} at {distance}: {reach}");
                assert!(
                    met.is_none() || distance < reach + 1e-4,
                    "{i}, {j} at {distance}: {reach}"
                );
                near += usize::from(met.is_some());
            }
        }
        assert!(rest.next().is_none());
        assert!(near > solid.len());
    }

    fn finds_them<const D: usize>(n: usize, depth: f64, ways: &[bool]) {
        let solid = solid::<D>(n, depth);
        for cutoff in [1.0, 1.4].map(|factor| factor * (solid.longest_range() + MARGIN)) {
            for &by_cells in ways {
                let mut pairs = Vec::new();
                Search { solid: &solid, cutoff, margin: MARGIN, by_cells, pairs: &mut pairs }
                    .call();
                lists_what_is_near(&solid, &pairs);
                let mut on_this_processor = Vec::new();
                pairs_within(&solid, MARGIN, &mut on_this_processor);
                assert_eq!(pairs, on_this_processor);
            }
        }
    }

    #[test]
    fn lists_hold_every_pair_that_is_near() {
        finds_them::<2>(40, 0.0, &[false]);
        finds_them::<3>(90, 0.1, &[false]);
        finds_them::<2>(250, 0.1, &[false, true]);
        finds_them::<2>(1600, 0.0, &[false, true]);
        finds_them::<3>(900, 0.0, &[false, true]);
        finds_them::<3>(1600, 0.1, &[false, true]);
    }
}
