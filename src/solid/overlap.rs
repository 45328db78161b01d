//! The core of the pair energy with any exponent α ≥ 2: u = (k/α) xᵅ, x = 1 − r/σ being the overlap.
//!
//! ```text
//! ∂ᵐu/∂rᵐ = k g_m,   g_m = c_m (−1/σ)ᵐ xⁿ,   n = α − m,   c_m = (α − 1) … (α − m + 1)
//! ∂g_m/∂σ   = c_m (−1)ᵐ σ^(−m−1) [ n x^(n−1) − α xⁿ ]                       (∂x/∂σ = (1 − x)/σ)
//! ∂²g_m/∂σ² = c_m (−1)ᵐ σ^(−m−2) [ n (n − 1) x^(n−2) − 2 α n x^(n−1) + α (α + 1) xⁿ ]
//! ```
//!
//! With α > 2 the stiffness u'' vanishes at contact as x^(α−2), and what is linear in u''' grows without
//! limit there (α < 3). The harmonic core, α = 2, is `potential`'s own.

use std::ops::RangeInclusive;

/// The exponent of harmonic spheres.
pub const HARMONIC: f64 = 2.0;

/// Exponents that a solid may have: below 2 the stiffness of a contact would be infinite where it
/// begins, above 4 that of light contacts is rounding.
pub const EXPONENTS: RangeInclusive<f64> = HARMONIC..=4.0;

/// Overlaps are not taken to be smaller than this when the stiffness of a solid is estimated from the
/// largest one: where nothing overlaps there is still a unit.
const LEAST_OVERLAP: f64 = 1e-4;

/// x = 1 − r/σ, to a rounding of itself also near contact.
#[inline(always)]
pub fn overlap(sigma: f64, r: f64) -> f64 {
    (sigma - r) / sigma
}

/// The curvature of a pair at this overlap in units of k/σ²: (α − 1) x^(α−2), 1 where α = 2.
pub fn softening(exponent: f64, overlap: f64) -> f64 {
    (exponent - 1.0) * overlap.max(LEAST_OVERLAP).powf(exponent - HARMONIC)
}

/// Of harmonic spheres about as much compressed as those at this pressure [k/length^d]: a pressure grows
/// as x^(α−1).
pub fn harmonic_pressure(exponent: f64, pressure: f64) -> f64 {
    pressure.powf(1.0 / (exponent - 1.0))
}

/// (u, u')/k.
#[inline(always)]
pub fn energy_and_slope(exponent: f64, sigma: f64, r: f64) -> (f64, f64) {
    let overlap = overlap(sigma, r);
    let power = overlap.powf(exponent - 1.0);
    (power * overlap / exponent, -power / sigma)
}

/// g_m, ∂g_m/∂σ and ∂²g_m/∂σ². Zero at contact itself, where some have no limit.
pub fn shape(exponent: f64, m: u32, sigma: f64, r: f64) -> [f64; 3] {
    let overlap = overlap(sigma, r);
    if !(overlap > 0.0) {
        return [0.0; 3];
    }
    let n = exponent - f64::from(m);
    let coefficient: f64 = (1..m).map(|j| exponent - f64::from(j)).product();
    let scale = coefficient * (-1.0 / sigma).powi(m as i32);
    let power = overlap.powf(n);
    let (lower, lowest) = (power / overlap, power / (overlap * overlap));
    [
        scale * power,
        scale / sigma * (n * lower - exponent * power),
        scale / (sigma * sigma)
            * (n * (n - 1.0) * lowest - 2.0 * exponent * n * lower
                + exponent * (exponent + 1.0) * power),
    ]
}
