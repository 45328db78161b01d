//! Rattlers: each is moved to the middle of the hole that it rattles in.

use crate::solid::{Solid, Vector};

/// Softness of the nearest-gap average that is climbed, in diameters: from the first to the last
/// value, each smaller than the one before by the factor. Holes can be as tight as 1e-9.
const SOFTNESS: (f64, f64, f64) = (0.1, 1e-10, 0.3);

/// Steps per softness; each is at most the softness times the diameter.
const STEPS: usize = 20;

/// Neighbours further than this many mean diameters do not shape a hole.
const REACH: f64 = 2.5;

/// Moves every rattler of a repulsive solid to where its smallest gap is (locally) largest; returns
/// whether one of them touches somebody even there.
pub fn centre_rattlers<const D: usize>(solid: &mut Solid<D>, rattler: &[bool]) -> bool {
    let mut touches = false;
    for i in (0..solid.len()).filter(|&i| rattler[i]) {
        let neighbours: Vec<(Vector<D>, f64)> = (0..solid.len())
            .filter(|&j| j != i)
            .filter_map(|j| {
                let (separation, sigma) = (solid.separation(i, j), solid.pair(i, j).sigma);
                (separation.norm() < REACH * sigma).then_some((separation, sigma))
            })
            .collect();
        let (shift, gap) = climb(&neighbours, solid.diameter(i));
        solid.positions[i] += shift;
        touches |= gap <= 0.0;
    }
    touches
}

/// The displacement to the top of the softly averaged smallest gap, and the gap there.
fn climb<const D: usize>(neighbours: &[(Vector<D>, f64)], diameter: f64) -> (Vector<D>, f64) {
    let gap = |shift: &Vector<D>, (separation, sigma): &(Vector<D>, f64)| {
        (separation + shift).norm() - sigma
    };
    let smallest = |shift: &Vector<D>| {
        neighbours.iter().map(|neighbour| gap(shift, neighbour)).fold(f64::INFINITY, f64::min)
    };
    let mut shift = Vector::<D>::zeros();
    let (mut best, mut best_gap) = (shift, smallest(&shift));
    let (mut softness, last, factor) = SOFTNESS;
    softness *= diameter;
    while softness > last * diameter {
        shift = best;
        for step in 0..STEPS {
            let floor = smallest(&shift);
            let (mut push, mut weights) = (Vector::<D>::zeros(), 0.0);
            for neighbour in neighbours {
                let weight = ((floor - gap(&shift, neighbour)) / softness).exp();
                let away = neighbour.0 + shift;
                push += away * (weight / away.norm().max(f64::MIN_POSITIVE));
                weights += weight;
            }
            if !(weights > 0.0) {
                break;
            }
            let fade = 1.0 - step as f64 / STEPS as f64;
            shift += push * (softness * fade / weights);
            let here = smallest(&shift);
            if here > best_gap {
                (best, best_gap) = (shift, here);
            }
        }
        softness *= factor;
    }
    (best, best_gap)
}
