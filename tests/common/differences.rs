//! Central differences of what is smooth only as long as no contact changes.

use super::{largest, largest_difference};
use std::ops::Range;

/// Ratio of one step to the next smaller one.
const STEP_RATIO: f64 = 0.5;

/// Steps that are tried in all.
const TRIED: usize = 40;

/// A derivative by differences.
#[derive(Clone, Debug)]
pub struct Derivative {
    /// Shape (n_y,).
    pub values: Vec<f64>,
    /// The change of each block from one step to the next where that change is smallest, in units
    /// of the block's largest element.
    pub uncertainty: Vec<f64>,
}

/// dy/dt at t = 0 by 4-point central differences.
///
/// `y` gives `None` where the topology differs from that at t = 0: then the step is too large, and
/// a smaller one is taken, beginning with `first_step`. Smaller steps follow until rounding makes
/// the estimates of every block of elements worse again; each block takes the one that differs
/// least from the one before. What they are compared with later plays no part in this.
///
/// # Panics
/// Where no step leaves the topology unchanged on all sides.
pub fn derivative(
    mut y: impl FnMut(f64) -> Option<Vec<f64>>,
    first_step: f64,
    blocks: &[Range<usize>],
) -> Derivative {
    four_point(&mut y, first_step, blocks, |h, [m2, m1, p1, p2], _| {
        (8.0 * (p1 - m1) - (p2 - m2)) / (12.0 * h)
    })
}

/// d²y/dt² at t = 0 by 5-point central differences; otherwise as [`derivative`].
pub fn second_derivative(
    mut y: impl FnMut(f64) -> Option<Vec<f64>>,
    first_step: f64,
    blocks: &[Range<usize>],
) -> Derivative {
    four_point(&mut y, first_step, blocks, |h, [m2, m1, p1, p2], y0| {
        (16.0 * (p1 + m1) - (p2 + m2) - 30.0 * y0) / (12.0 * h * h)
    })
}

fn four_point(
    y: &mut impl FnMut(f64) -> Option<Vec<f64>>,
    first_step: f64,
    blocks: &[Range<usize>],
    formula: impl Fn(f64, [f64; 4], f64) -> f64,
) -> Derivative {
    let centre = y(0.0).expect("the topology at t = 0 is that at t = 0");
    let mut previous: Option<Vec<f64>> = None;
    let mut best = Derivative {
        values: vec![f64::NAN; centre.len()],
        uncertainty: vec![f64::INFINITY; blocks.len()],
    };
    let mut step = first_step;
    for _ in 0..TRIED {
        let sides: Option<Vec<Vec<f64>>> =
            [-2.0, 2.0, -1.0, 1.0].into_iter().map(|n| y(n * step)).collect();
        let estimate: Option<Vec<f64>> = sides.map(|sides| {
            let at = |row: usize| [0, 2, 3, 1].map(|side| sides[side][row]);
            (0..centre.len()).map(|row| formula(step, at(row), centre[row])).collect()
        });
        if let (Some(previous), Some(estimate)) = (&previous, &estimate) {
            let mut improved = false;
            for (block, uncertainty) in blocks.iter().zip(&mut best.uncertainty) {
                let (now, then) = (&estimate[block.clone()], &previous[block.clone()]);
                let change = largest_difference(now, then) / largest(now).max(f64::MIN_POSITIVE);
                if change < *uncertainty {
                    improved = true;
                    *uncertainty = change;
                    best.values[block.clone()].copy_from_slice(now);
                }
            }
            if !improved {
                return best;
            }
        }
        previous = estimate;
        step *= STEP_RATIO;
    }
    panic!("no step down to {step:e} gives a derivative: the topology changes, or {best:?}");
}
