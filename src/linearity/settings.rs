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
    /// `points` values from γ_min to γ_max, both exactly, each larger by the same factor.
    pub fn grid(&self) -> Vec<f64> {
        let end = self.points.saturating_sub(1);
        let ratio = (self.gamma_max / self.gamma_min).ln() / end.max(1) as f64;
        (0..self.points)
            .map(|point| match point {
                0 => self.gamma_min,
                _ if point == end => self.gamma_max,
                _ => self.gamma_min * (ratio * point as f64).exp(),
            })
            .collect()
    }
}
