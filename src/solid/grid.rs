//! Particles in cells, whose neighbours are looked for cell by cell.

use std::ops::Range;

use super::Vector;
use super::cell::Cell;
use super::grouped::grouped;

/// The particles in the order of cells that are at least as wide as the cutoff.
pub struct Grid<const D: usize> {
    edges: Vector<D>,
    /// Cells along each axis, three at least; the first axis is the fastest.
    counts: [usize; D],
    /// Where the members of each cell begin, and all of them end.
    pub starts: Vec<usize>,
    /// Particles cell by cell.
    pub members: Vec<usize>,
}

/// Members of neighbouring cells, and how far the periodic image of these cells is from them [length].
pub type Segment<const D: usize> = (Range<usize>, Vector<D>);

impl<const D: usize> Grid<D> {
    /// Of particles at these places in the box.
    pub fn new(cell: &Cell<D>, places: &[Vector<D>], cutoff: f64) -> Self {
        let edges = cell.edges();
        let counts: [usize; D] = std::array::from_fn(|axis| (edges[axis] / cutoff) as usize);
        let per_length = Vector::<D>::from_fn(|axis, _| counts[axis] as f64 / edges[axis]);
        let cell_of = |place: &Vector<D>| -> usize {
            (0..D).rev().fold(0, |flat, axis| {
                let along = (place[axis] * per_length[axis]) as usize;
                flat * counts[axis] + along.min(counts[axis] - 1)
            })
        };
        let cells: Vec<usize> = places.iter().map(cell_of).collect();
        let by_cell = cells.iter().enumerate().map(|(i, &cell)| (cell, i));
        let (starts, members) = grouped(counts.iter().product(), by_cell);
        Self { edges, counts, starts, members }
    }

    /// The half of the cells around a cell that makes every two neighbours meet once, itself at the beginning of the
    /// first segment.
    pub fn ahead(&self, cell: usize, segments: &mut Vec<Segment<D>>) {
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
            let first = if own { at } else { at.saturating_sub(1) };
            add(first, at.min(last - 1) + 2, 0.0);
            if at == 0 && !own {
                add(last, last + 1, -1.0);
            } else if at == last {
                add(0, 1, 1.0);
            }
        }
    }
}
