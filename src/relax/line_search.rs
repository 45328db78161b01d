//! The minimum of a C¹ energy along a step, from its slope alone: near a minimum the energies
//! themselves are equal within rounding.

/// A point at which the slope has fallen by this factor is good enough.
pub const SLOPE_REDUCTION: f64 = 0.5;

/// Slopes that are looked at before the best point so far is taken.
const MAX_SLOPES: usize = 12;

/// Where in (0, 1) the energy is minimal within [`SLOPE_REDUCTION`], given −dU/dt at 0 (positive)
/// and at 1 (negative); `slope` gives it in between. False position (Illinois), which passes the
/// kinks of the slope in a few steps.
pub fn minimum_along(at_start: f64, at_end: f64, mut slope: impl FnMut(f64) -> f64) -> f64 {
    let enough = SLOPE_REDUCTION * at_start;
    let (mut low, mut high) = ((0.0, at_start), (1.0, at_end));
    for _ in 0..MAX_SLOPES {
        let middle = low.0 + (high.0 - low.0) * low.1 / (low.1 - high.1);
        let here = slope(middle);
        if here.abs() <= enough {
            return middle;
        }
        if here > 0.0 {
            low = (middle, here);
            high.1 *= 0.5;
        } else {
            high = (middle, here);
            low.1 *= 0.5;
        }
    }
    low.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_beyond_a_kink_is_found() {
        // −dU/dt of a bond that becomes 500 times stiffer at t = 0.1.
        let slope = |t: f64| if t < 0.1 { 1.0 - t } else { 0.9 - 500.0 * (t - 0.1) };
        let found = minimum_along(slope(0.0), slope(1.0), slope);
        assert!(slope(found).abs() <= SLOPE_REDUCTION, "{found}: {}", slope(found));
    }
}
