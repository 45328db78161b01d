//! The settings of a sweep.

/// How the solid follows the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Predictor and corrector, FIRE only where these fail.
    Continuation,
    /// FIRE at every step of γ/200: slow, plain, the judge of the other.
    Referee,
}

/// Where each relaxation starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the previous γ.
    Warm,
    /// From γ = 0 (with the referee's protocol).
    Zero,
}

/// The settings of a sweep.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SweepSettings {
    pub gamma_min: f64,
    pub gamma_max: f64,
    /// Points of the geometric grid of the curve.
    pub points: usize,
    /// The relative deviation that ends the linear regime.
    pub deviation: f64,
    /// Relative width of the brackets.
    pub bracket: f64,
    pub protocol: Protocol,
    pub start: Start,
}

impl SweepSettings {
    /// The grid of the curve.
    pub fn grid(&self) -> Vec<f64> {
        geometric_grid(self.gamma_min, self.gamma_max, self.points)
    }
}

/// `points` values from `first` to `last`, both exactly, each larger by the same factor.
pub fn geometric_grid(first: f64, last: f64, points: usize) -> Vec<f64> {
    let end = points.saturating_sub(1);
    let ratio = (last / first).ln() / end.max(1) as f64;
    (0..points)
        .map(|point| match point {
            0 => first,
            _ if point == end => last,
            _ => first * (ratio * point as f64).exp(),
        })
        .collect()
}
