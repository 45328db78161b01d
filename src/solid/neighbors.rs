//! Pairs of particles that are, or may soon be, within their interaction range.

use super::grouped::grouped;
use super::{Solid, Vector};

/// Above this many particles a cell list beats the branch-free search over all pairs.
const CELL_LIST_PARTICLES: usize = 200;

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
type Segment<const D: usize> = (std::ops::Range<usize>, Vector<D>);

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
        let coordinate = |axis: usize| members.iter().map(|&i: &usize| folded[i][axis]).collect();
        let coordinates = std::array::from_fn(coordinate);
        Self { edges, counts, starts, members, coordinates }
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

fn cell_list<const D: usize>(
    solid: &Solid<D>,
    cutoff: f64,
    margin: f64,
    pairs: &mut Vec<Candidate>,
) {
    let grid = Grid::new(solid, cutoff);
    let mut found: Vec<(usize, usize)> = Vec::new();
    let (mut segments, mut squared) = (Vec::new(), Vec::new());
    for cell in 0..grid.starts.len() - 1 {
        grid.ahead(cell, &mut segments);
        let own = grid.starts[cell]..grid.starts[cell + 1];
        for place in own.clone() {
            let i = grid.members[place];
            let mut scan = |range: std::ops::Range<usize>, shift: &Vector<D>| {
                squared.clear();
                squared.resize(range.len(), 0.0);
                for axis in 0..D {
                    let row = &grid.coordinates[axis];
                    let x = row[place] - shift[axis];
                    for (sum, y) in squared.iter_mut().zip(&row[range.clone()]) {
                        *sum += (x - y) * (x - y);
                    }
                }
                for (&j, &distance2) in grid.members[range].iter().zip(&squared) {
                    if distance2 < cutoff * cutoff && near(solid, i, j, distance2, margin) {
                        found.push((i.min(j), i.max(j)));
                    }
                }
            };
            scan(place + 1..own.end, &Vector::zeros());
            segments.iter().for_each(|(range, shift)| scan(range.clone(), shift));
        }
    }
    let (starts, mut partners) = grouped(solid.len(), found.iter().copied());
    for (i, ends) in starts.windows(2).enumerate() {
        let partners = &mut partners[ends[0]..ends[1]];
        partners.sort_unstable();
        pairs.extend(partners.iter().map(|&j| Candidate { i: i as u32, j: j as u32 }));
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
        all_pairs(&solid, 1.6, 0.2, &mut searched);
        assert!(searched.len() > n);
        for cutoff in [1.6, 2.3] {
            let mut listed = Vec::new();
            cell_list(&solid, cutoff, 0.2, &mut listed);
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
