//! The settings of a sweep.

use crate::system::words::Word;

/// How the solid follows the parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// Predictor and corrector, FIRE only where these fail.
    Continuation,
    /// FIRE at every step of γ/200: slow, plain, the judge of the other.
    Referee,
}

impl Word for Protocol {
    const WORDS: &'static [(&'static str, Self)] =
        &[("continuation", Protocol::Continuation), ("referee", Protocol::Referee)];
}

/// Where each relaxation starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the previous γ.
    Warm,
    /// From γ = 0 (with the referee's protocol).
    Zero,
}

impl Word for Start {
    const WORDS: &'static [(&'static str, Self)] = &[("warm", Start::Warm), ("zero", Start::Zero)];
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
    /// Where nothing else is asked for.
    pub const DEFAULT: SweepSettings = SweepSettings {
        gamma_min: 1e-6,
        gamma_max: 1e-1,
        points: 26,
        deviation: 0.1,
        bracket: 0.01,
        protocol: Protocol::Continuation,
        start: Start::Warm,
    };

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
