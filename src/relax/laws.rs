//! What the force loop needs to know of pairs without attraction: −u'/r at a squared distance.
//!
//! Nothing is contracted: the bits do not depend on the processor for which it is compiled.

use crate::solid::overlap::overlap;
use crate::solid::potential::Potential;

/// A kind of pairs that differ in σ [length] and k [energy].
pub trait Law {
    /// −u'/r at a squared distance, 0 beyond the range [energy/length²].
    fn push(&mut self, sigma: f64, k: f64, squared: f64) -> f64;
}

/// Harmonic soft spheres.
pub struct Soft;

impl Law for Soft {
    #[inline(always)]
    fn push(&mut self, sigma: f64, k: f64, squared: f64) -> f64 {
        let r = squared.sqrt();
        let inside = k * (sigma - r) / (sigma * sigma * r);
        if squared < sigma * sigma { inside } else { 0.0 }
    }
}

/// Soft spheres of any exponent.
pub struct Power {
    pub exponent: f64,
    /// The largest overlap that was met.
    pub largest: f64,
}

impl Power {
    /// Of this potential; none has overlapped yet.
    pub fn new(potential: &Potential) -> Self {
        Self { exponent: potential.exponent, largest: 0.0 }
    }
}

impl Law for Power {
    #[inline(always)]
    fn push(&mut self, sigma: f64, k: f64, squared: f64) -> f64 {
        if !(squared < sigma * sigma) {
            return 0.0;
        }
        let r = squared.sqrt();
        let overlap = overlap(sigma, r);
        self.largest = self.largest.max(overlap);
        k / sigma * overlap.powf(self.exponent - 1.0) / r
    }
}

/// The bonds of a network; σ is the rest length.
pub struct Springs;

impl Law for Springs {
    #[inline(always)]
    fn push(&mut self, sigma: f64, k: f64, squared: f64) -> f64 {
        let r = squared.sqrt();
        k / sigma * (1.0 - r / sigma) / r
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::potential::{Pair, Tail};

    /// In units of the roundings of both sides, against the pair energy's own.
    #[test]
    fn laws_agree_with_the_pair_energy_over_the_whole_range() {
        let potential = |exponent| Potential { a: 20.0, tail: Tail::DEFAULT, exponent };
        agrees(&mut Soft, &potential(2.0), false);
        agrees(&mut Springs, &potential(2.0), true);
        let mut power = Power::new(&potential(2.5));
        agrees(&mut power, &potential(2.5), false);
        // Of the nearest that they came.
        assert!((power.largest - (1.0 - 2e-3)).abs() < 1e-15, "{}", power.largest);
    }

    fn agrees(law: &mut impl Law, potential: &Potential, spring: bool) {
        for (sigma, k) in [(0.8, 1.3), (1.2, 1e-3), (1.1, 7.0)] {
            let pair = Pair { sigma, k, depth: 0.0, spring };
            for step in 1..1000 {
                let r = 2e-3 * f64::from(step) * sigma;
                let push = law.push(sigma, k, r * r);
                let slope = potential.energy_and_slope(&pair, r).1;
                let error = (-push * r - slope).abs();
                assert!(error <= 8.0 * f64::EPSILON * k / sigma, "{pair:?} at {r}: {error:e}");
            }
        }
    }
}
