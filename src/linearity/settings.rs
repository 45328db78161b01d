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
    /// The geometric grid from γ_min to γ_max.
    pub fn grid(&self) -> Vec<f64> {
        let last = self.points.saturating_sub(1).max(1) as f64;
        let ratio = self.gamma_max / self.gamma_min;
        (0..self.points).map(|i| self.gamma_min * ratio.powf(i as f64 / last)).collect()
    }
}
