//! Exponents of power laws y ∝ x^e through medians, which censoring may leave between two bounds.
//!
//! e is the slope of the straight line of least squares through (ln x, ln y), every point counting the
//! same: Σ c ln y with c = (ln x − mean)/Σ (ln x − mean)². It is linear in every ln y, so its bounds are exact: each
//! y at that end of its own bounds which moves e that way.

/// The bounds of the exponent, equal where all y are known; infinite where a y has no upper bound,
/// not a number with fewer than two x. Points whose y is not positive are left out.
pub fn exponent(x: &[f64], y: &[[f64; 2]]) -> [f64; 2] {
    let (x, y) = points(x, y);
    if x.len() < 2 {
        return [f64::NAN; 2];
    }
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let scatter: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
    let mut bounds = [0.0; 2];
    for (x, y) in x.iter().zip(y) {
        let share = (x - mean) / scatter;
        // A point in the middle does not move the slope, wherever it is.
        if share != 0.0 {
            let [low, high] = if share > 0.0 { y } else { [y[1], y[0]] };
            bounds[0] += share * low;
            bounds[1] += share * high;
        }
    }
    bounds
}

/// Number of points, and the root mean square of ln y about the line; not a number where two points or
/// bounds leave it open.
pub fn quality(x: &[f64], y: &[[f64; 2]]) -> (u64, f64) {
    let [low, high] = exponent(x, y);
    let (x, y) = points(x, y);
    let count = x.len() as f64;
    if x.len() < 3 || low != high {
        return (x.len() as u64, f64::NAN);
    }
    let mean = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / count;
    let (mean_x, mean_y) = (mean(&mut x.iter().copied()), mean(&mut y.iter().map(|y| y[0])));
    let deviation = |(x, y): (&f64, &[f64; 2])| y[0] - mean_y - low * (x - mean_x);
    let squares: f64 = x.iter().zip(&y).map(|point| deviation(point).powi(2)).sum();
    (x.len() as u64, (squares / count).sqrt())
}

/// The logarithms of the points that have some.
fn points(x: &[f64], y: &[[f64; 2]]) -> (Vec<f64>, Vec<[f64; 2]>) {
    let known = x.iter().zip(y).filter(|(_, y)| y[0] > 0.0 && y[1] > 0.0);
    known.map(|(x, y)| (x.ln(), y.map(f64::ln))).unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: [f64; 4] = [64.0, 128.0, 512.0, 4096.0];

    #[test]
    fn a_power_law_has_its_exponent() {
        let y = X.map(|x| [3.0 * x.powf(-0.7); 2]);
        let [low, high] = exponent(&X, &y);
        assert!((low + 0.7).abs() < 1e-12 && low == high);
        let (count, residual) = quality(&X, &y);
        assert!(count == 4 && residual < 1e-12);
        // By hand: the slope of (0, 0), (1, 1), (2, 1) is 1/2, and deviations are −1/6, 1/3, −1/6.
        let e = std::f64::consts::E;
        let (x, y) = ([1.0, e, e * e], [[1.0; 2], [e; 2], [e; 2]]);
        assert!((exponent(&x, &y)[0] - 0.5).abs() < 1e-12);
        assert!((quality(&x, &y).1 - (1.0_f64 / 18.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn bounds_of_the_points_are_bounds_of_the_exponent() {
        let y = X.map(|x| [x.powf(0.5), x.powf(0.5) * 1.5]);
        let [low, high] = exponent(&X, &y);
        let mut found = [f64::INFINITY, f64::NEG_INFINITY];
        for corner in 0..16 {
            let y: Vec<[f64; 2]> = (0..4).map(|n| [y[n][(corner >> n) & 1]; 2]).collect();
            let [e, _] = exponent(&X, &y);
            found = [found[0].min(e), found[1].max(e)];
        }
        assert!((low - found[0]).abs() < 1e-12 && (high - found[1]).abs() < 1e-12);
        assert!(low < 0.5 && 0.5 < high);
    }

    #[test]
    fn a_median_beyond_what_was_reached_leaves_one_side_open() {
        let mut y = X.map(|x| [x; 2]);
        y[3][1] = f64::INFINITY;
        let [low, high] = exponent(&X, &y);
        assert!((low - 1.0).abs() < 1e-12 && high == f64::INFINITY);
        assert!(quality(&X, &y).1.is_nan());
    }

    #[test]
    fn points_without_a_value_do_not_count() {
        let y = [[1.0; 2], [f64::NAN; 2], [0.0; 2], [64.0; 2]];
        assert!((exponent(&X, &y)[0] - 1.0).abs() < 1e-12);
        assert_eq!(quality(&X, &y).0, 2);
        assert!(exponent(&X, &[[f64::NAN; 2]; 4])[0].is_nan());
    }
}
