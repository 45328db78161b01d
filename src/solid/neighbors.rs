//! Pairs of particles that are, or may soon be, within their interaction range.

use std::ops::Range;

use pulp::{Arch, NullaryFnOnce};

use super::cell::nearest_integer;
use super::grouped::grouped;
use super::potential::Pair;
use super::{Solid, Vector};

/// Above this many particles a cell list beats the branch-free search over all pairs.
const CELL_LIST_PARTICLES: usize = 200;

/// Particles whose distances are computed side by side.
const BLOCK: usize = 8;

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

/// Collects every pair nearer than its range + `margin` [length], ordered by i, then j.
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

/// Is the pair nearer than its own range + margin?
#[inline(always)]
fn near<const D: usize>(solid: &Solid<D>, i: usize, j: usize, squared: f64, margin: f64) -> bool {
    let pair = solid.pair(i, j);
    let cutoff = solid.interactions.potential.range(pair.sigma, pair.depth) + margin;
    squared < cutoff * cutoff
}

/// Those of some places that are near one, in the order in which they were met.
#[derive(Default)]
struct Hits {
    places: Vec<u32>,
    squared: Vec<f64>,
    count: usize,
}

impl Hits {
    /// None, with room for so many.
    fn clear(&mut self, room: usize) {
        self.count = 0;
        if self.places.len() < room + BLOCK {
            self.places.resize(room + BLOCK, 0);
            self.squared.resize(room + BLOCK, 0.0);
        }
    }

    /// Adds those of the places from `first` to before `end`, [`BLOCK`] at most, whose squares are below a limit.
    #[inline(always)]
    fn add(&mut self, first: usize, end: usize, squared: &[f64; BLOCK], limit: f64) {
        let places = &mut self.places[self.count..][..BLOCK];
        let squares = &mut self.squared[self.count..][..BLOCK];
        let mut count = 0;
        for (n, &square) in squared.iter().enumerate() {
            // Written always and kept where it is near: no branch that nothing could foresee.
            (places[count], squares[count]) = ((first + n) as u32, square);
            count += usize::from((square < limit) & (first + n < end));
        }
        self.count += count;
    }

    fn iter(&self) -> impl Iterator<Item = (usize, f64)> {
        let squares = &self.squared[..self.count];
        self.places.iter().zip(squares).map(|(&place, &square)| (place as usize, square))
    }
}

/// Coordinates axis by axis, with room to read a whole block from every place.
fn by_axis<const D: usize>(positions: impl Iterator<Item = Vector<D>> + Clone) -> [Vec<f64>; D] {
    let padding = std::iter::repeat_n(0.0, BLOCK);
    std::array::from_fn(|axis| positions.clone().map(|r| r[axis]).chain(padding.clone()).collect())
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
        if self.by_cells { self.cell_list() } else { self.all_pairs() }
    }
}

impl<const D: usize> Search<'_, D> {
    #[inline(always)]
    fn all_pairs(self) {
        let Self { solid, cutoff, margin, pairs, .. } = self;
        let n = solid.len();
        let coordinates = by_axis(solid.positions.iter().copied());
        let edges = solid.cell.edges();
        let inverse = edges.map(|edge| 1.0 / edge);
        let mut hits = Hits::default();
        for i in 0..n {
            hits.clear(n);
            for first in (i + 1..n).step_by(BLOCK) {
                let mut squared = [0.0; BLOCK];
                for axis in 0..D {
                    let (row, edge) = (&coordinates[axis], edges[axis]);
                    let (x, inverse) = (row[i], inverse[axis]);
                    for (sum, y) in squared.iter_mut().zip(&row[first..][..BLOCK]) {
                        let separation = x - y;
                        let image = separation - edge * nearest_integer(separation * inverse);
                        *sum += image * image;
                    }
                }
                hits.add(first, n, &squared, cutoff * cutoff);
            }
            let near = hits.iter().filter(|&(j, squared)| near(solid, i, j, squared, margin));
            pairs.extend(near.map(|(j, _)| Candidate { i: i as u32, j: j as u32 }));
        }
    }
}

/// The particles in the order of cells that are at least as wide as the cutoff.
struct Grid<const D: usize> {
    edges: Vector<D>,
    /// Cells along each axis, three at least; the first axis is the fastest.
    counts: [usize; D],
    /// Where the members of each cell begin, and all of them end.
    starts: Vec<usize>,
    /// Particles cell by cell, and where they are in the box.
    members: Vec<usize>,
    coordinates: [Vec<f64>; D],
}

/// Members of neighbouring cells, and how far the periodic image of these cells is from them [length].
type Segment<const D: usize> = (Range<usize>, Vector<D>);

impl<const D: usize> Grid<D> {
    fn new(solid: &Solid<D>, cutoff: f64) -> Self {
        let edges = solid.cell.edges();
        let counts: [usize; D] = std::array::from_fn(|axis| (edges[axis] / cutoff) as usize);
        let folded: Vec<Vector<D>> = solid.positions.iter().map(|r| solid.cell.wrap(*r)).collect();
        let cell = |position: &Vector<D>| -> usize {
            (0..D).rev().fold(0, |flat, axis| {
                let along = (position[axis] / edges[axis] * counts[axis] as f64) as usize;
                flat * counts[axis] + along.min(counts[axis] - 1)
            })
        };
        let cells: Vec<usize> = folded.iter().map(cell).collect();
        let by_cell = cells.iter().enumerate().map(|(i, &cell)| (cell, i));
        let (starts, members) = grouped(counts.iter().product(), by_cell);
        let coordinates = by_axis(members.iter().map(|&i: &usize| folded[i]));
        Self { edges, counts, starts, members, coordinates }
    }

    /// Adds those of a range of places to the hits that are nearer to a place than the cutoff; `shift` is how far
    /// the periodic image of the range is from it [length].
    #[inline(always)]
    fn scan(
        &self,
        place: usize,
        range: Range<usize>,
        shift: &Vector<D>,
        cutoff: f64,
        hits: &mut Hits,
    ) {
        for first in range.clone().step_by(BLOCK) {
            let mut squared = [0.0; BLOCK];
            for axis in 0..D {
                let row = &self.coordinates[axis];
                let x = row[place] - shift[axis];
                for (sum, y) in squared.iter_mut().zip(&row[first..][..BLOCK]) {
                    *sum += (x - y) * (x - y);
                }
            }
            hits.add(first, range.end, &squared, cutoff * cutoff);
        }
    }

    /// The half of the cells around a cell that makes every two neighbours meet once.
    fn ahead(&self, cell: usize, segments: &mut Vec<Segment<D>>) {
        segments.clear();
        let mut rest = cell;
        let home: [usize; D] = std::array::from_fn(|axis| {
            let along = rest % self.counts[axis];
            rest /= self.counts[axis];
            along
        });
        let (at, last) = (home[0], self.counts[0] - 1);
        // Rows along the first axis, by their steps −1, 0, 1 along the others: this row and those behind it.
        let rows = 3_usize.pow(D as u32 - 1);
        for stencil in rows / 2..rows {
            let (mut code, mut row, mut stride) = (stencil, 0, self.counts[0]);
            let mut shift = Vector::zeros();
            for axis in 1..D {
                let count = self.counts[axis];
                let stepped = home[axis] + code % 3;
                row += (stepped + count - 1) % count * stride;
                if stepped == 0 {
                    shift[axis] = -self.edges[axis];
                } else if stepped > count {
                    shift[axis] = self.edges[axis];
                }
                (code, stride) = (code / 3, stride * count);
            }
            let mut add = |first: usize, end: usize, boxes: f64| {
                let mut shift = shift;
                shift[0] = boxes * self.edges[0];
                segments.push((self.starts[row + first]..self.starts[row + end], shift));
            };
            let own = stencil == rows / 2;
            let first = if own { at + 1 } else { at.saturating_sub(1) };
            let end = at.min(last - 1) + 2;
            if first < end {
                add(first, end, 0.0);
            }
            if at == 0 && !own {
                add(last, last + 1, -1.0);
            } else if at == last {
                add(0, 1, 1.0);
            }
        }
    }
}

impl<const D: usize> Search<'_, D> {
    #[inline(always)]
    fn cell_list(self) {
        let Self { solid, cutoff, margin, pairs, .. } = self;
        let grid = Grid::new(solid, cutoff);
        let mut found: Vec<(usize, usize)> = Vec::with_capacity(8 * D * solid.len());
        let (mut segments, mut hits) = (Vec::new(), Hits::default());
        for cell in 0..grid.starts.len() - 1 {
            grid.ahead(cell, &mut segments);
            let own = grid.starts[cell]..grid.starts[cell + 1];
            let met = segments.iter().map(|(range, _)| range.len()).sum::<usize>() + own.len();
            for place in own.clone() {
                let i = grid.members[place];
                hits.clear(met);
                grid.scan(place, place + 1..own.end, &Vector::zeros(), cutoff, &mut hits);
                for (range, shift) in &segments {
                    grid.scan(place, range.clone(), shift, cutoff, &mut hits);
                }
                let others = hits.iter().map(|(place, squared)| (grid.members[place], squared));
                let near = others.filter(|&(j, squared)| near(solid, i, j, squared, margin));
                found.extend(near.map(|(j, _)| (i.min(j), i.max(j))));
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
    use crate::solid::cell::Cell;
    use crate::solid::interactions::{Interactions, SymmetricTable};
    use crate::solid::potential::{Potential, Tail};
    use rand::{RngExt, SeedableRng};

    fn solid<const D: usize>(n: usize) -> Solid<D> {
        let mut random = rand::rngs::ChaCha8Rng::seed_from_u64(7);
        let cell = Cell::<D>::with_volume(n as f64);
        let edges = cell.edges();
        Solid {
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
        }
    }

    fn agree<const D: usize>(n: usize) {
        let solid = solid::<D>(n);
        let mut searched = Vec::new();
        let search = |cutoff: f64, by_cells: bool, pairs: &mut Vec<Candidate>| {
            Search { solid: &solid, cutoff, margin: 0.2, by_cells, pairs }.call();
        };
        search(1.6, false, &mut searched);
        assert!(searched.len() > n);
        for cutoff in [1.6, 2.3] {
            let mut listed = Vec::new();
            search(cutoff, true, &mut listed);
            assert_eq!(listed, searched, "{D}d, {n}, cells of {cutoff}");
        }
    }

    #[test]
    fn the_cell_list_finds_the_pairs_of_the_search_over_all_pairs() {
        agree::<2>(250);
        agree::<2>(1600);
        agree::<3>(350);
        agree::<3>(1600);
    }
}
