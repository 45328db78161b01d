//! Which particles reach others: in single precision, with room for its rounding, eight side by side.

use std::ops::Range;

use super::{Solid, Vector};

/// Particles whose distances are computed side by side.
const BLOCK: usize = 8;

/// What single precision may be wrong by in a distance, in units of the longest edge: four roundings of half an
/// epsilon along each axis, and as much again.
const ROUNDING: f64 = 8.0 * f32::EPSILON as f64;

/// The particles of a solid as balls that overlap where a pair is nearer than its range + a margin.
pub struct Balls<const D: usize> {
    /// In the box [length], shape (N,).
    pub centers: Vec<Vector<D>>,
    /// [length], shape (N,).
    radii: Vec<f64>,
}

impl<const D: usize> Balls<D> {
    #[inline(always)]
    pub fn new(solid: &Solid<D>, margin: f64) -> Self {
        let deepest = solid.interactions.depths.largest();
        let tail = solid.interactions.potential.range(0.0, deepest);
        let room = 0.5 * (tail + margin + ROUNDING * solid.cell.edges().max());
        Self {
            centers: solid.positions.iter().map(|r| solid.cell.wrap(*r)).collect(),
            radii: (0..solid.len()).map(|i| 0.5 * solid.diameter(i) + room).collect(),
        }
    }

    /// These in this order.
    #[inline(always)]
    pub fn row(&self, order: impl Iterator<Item = usize> + Clone) -> Row<D> {
        let padding = || std::iter::repeat_n(0.0, BLOCK);
        let along = |axis: usize| order.clone().map(move |i| self.centers[i][axis] as f32);
        Row {
            coordinates: std::array::from_fn(|axis| along(axis).chain(padding()).collect()),
            radii: order.clone().map(|i| self.radii[i] as f32).chain(padding()).collect(),
        }
    }
}

/// Balls in some order, axis by axis, with room to read a whole block from every place.
pub struct Row<const D: usize> {
    coordinates: [Vec<f32>; D],
    radii: Vec<f32>,
}

/// A place in the box in single precision [length].
type Center<const D: usize> = nalgebra::SVector<f32, D>;

impl<const D: usize> Row<D> {
    /// Where the ball at a place of the row is.
    #[inline(always)]
    pub fn center(&self, place: usize) -> Center<D> {
        Center::from_fn(|axis, _| self.coordinates[axis][place])
    }

    #[inline(always)]
    pub fn radius(&self, place: usize) -> f32 {
        self.radii[place]
    }

    /// Adds those of a range of places to the hits that overlap a ball; `image` makes a separation along an axis the
    /// shortest one.
    #[inline(always)]
    pub fn scan(
        &self,
        center: Center<D>,
        radius: f32,
        range: Range<usize>,
        image: impl Fn(usize, f32) -> f32,
        hits: &mut Hits,
    ) {
        for first in range.clone().step_by(BLOCK) {
            let mut squared = [0.0; BLOCK];
            for axis in 0..D {
                let x = center[axis];
                for (sum, y) in squared.iter_mut().zip(&self.coordinates[axis][first..][..BLOCK]) {
                    let separation = image(axis, x - y);
                    *sum += separation * separation;
                }
            }
            let mut near = 0;
            for (n, other) in self.radii[first..][..BLOCK].iter().enumerate() {
                let reach = radius + other;
                near |= u32::from(squared[n] < reach * reach) << n;
            }
            let left = (range.end - first).min(BLOCK);
            hits.add(first as u32, near & ((1 << left) - 1));
        }
    }
}

/// Places that are near one, in the order in which they were met.
#[derive(Default)]
pub struct Hits {
    places: Vec<u32>,
    count: usize,
}

impl Hits {
    /// None, with room for so many.
    #[inline(always)]
    pub fn clear(&mut self, room: usize) {
        self.count = 0;
        if self.places.len() < room + BLOCK {
            self.places.resize(room + BLOCK, 0);
        }
    }

    /// Adds those of the places from `first` on whose bits are set, without a branch that nothing could foresee.
    #[inline(always)]
    fn add(&mut self, first: u32, near: u32) {
        let steps = &STEPS[near as usize];
        for (place, &step) in self.places[self.count..][..BLOCK].iter_mut().zip(steps) {
            *place = first + u32::from(step);
        }
        self.count += near.count_ones() as usize;
    }

    #[inline(always)]
    pub fn places(&self) -> &[u32] {
        &self.places[..self.count]
    }
}

/// The set bits of every byte, lowest first.
static STEPS: [[u8; BLOCK]; 256] = {
    let mut all = [[0; BLOCK]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < BLOCK {
            if byte >> bit & 1 == 1 {
                all[byte][count] = bit as u8;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    all
};

/// The nearest whole number, |x| < 2^22, by letting the addition round.
#[inline(always)]
pub fn nearest_whole(x: f32) -> f32 {
    /// 1.5 · 2^23: adding it leaves no bit for a fraction.
    const SHIFT: f32 = 12_582_912.0;
    (x + SHIFT) - SHIFT
}
