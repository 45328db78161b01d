//! The pair energy, Eq. (1), and its derivatives.
//!
//! With σ the mean diameter of a pair,
//!
//! ```text
//! u(r) = k/α (1 − r/σ)ᵅ − B                      r < σ   (core), α = 2 where B ≠ 0
//! u(r) = B [ (1 − e^{−y})² − 1 ] S(x),           r ≥ σ   (Morse tail), y = a (r − σ)
//! S(x) = 1 − 10x³ + 15x⁴ − 6x⁵,  x = (y − y_on)/(y_cut − y_on) in [0, 1]
//! ```
//!
//! The switch S takes the tail to zero between r_on = σ + y_on/a and r_cut = σ + y_cut/a with a
//! continuous energy, force and Hessian. Without it the tail is cut at r_cut (the force jumps).
//! For B = 0 only the core is left: the soft sphere of the study of jamming, harmonic with α = 2 and
//! Hertzian with α = 5/2 (`overlap`). A `Spring` is the harmonic core's parabola on both sides of its
//! rest length.

use super::overlap::{self, HARMONIC};

/// How the Morse tail ends; distances are measured from σ in units of 1/a.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tail {
    /// Multiplied by S between `from` and `to`.
    Switched { from: f64, to: f64 },
    /// Cut at `cutoff`.
    Truncated { cutoff: f64 },
}

impl Tail {
    /// The default switch: r_on = σ + 5/a, r_cut = σ + 9.9/a.
    pub const DEFAULT: Tail = Tail::Switched { from: 5.0, to: 9.9 };

    /// Where the tail ends, in units of 1/a from σ.
    pub fn end(&self) -> f64 {
        match *self {
            Tail::Switched { to, .. } => to,
            Tail::Truncated { cutoff } => cutoff,
        }
    }
}

/// What all pairs share: the inverse range a of the tail [1/length] and how it ends; and the exponent α
/// of the core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Potential {
    pub a: f64,
    pub tail: Tail,
    pub exponent: f64,
}

/// The parameters of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// σ, the mean diameter (of a spring: the rest length) [length].
    pub sigma: f64,
    /// k, the repulsive energy scale [energy].
    pub k: f64,
    /// B, the depth of the attraction [energy].
    pub depth: f64,
    /// Harmonic on both sides of σ: a bond of a spring network.
    pub spring: bool,
}

/// A direction in the space of a pair's parameters: (dσ, dk, dB, da).
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PairTangent {
    pub sigma: f64,
    pub k: f64,
    pub depth: f64,
    pub a: f64,
}

/// d^m u/dr^m, m = 1 … 4.
pub type Radial = [f64; 4];

impl Potential {
    /// The largest distance at which a pair interacts [length].
    #[inline(always)]
    pub fn range(&self, sigma: f64, depth: f64) -> f64 {
        if depth == 0.0 { sigma } else { sigma + self.tail.end() / self.a }
    }

    /// Does the pair interact at this distance?
    #[inline(always)]
    pub fn interacts(&self, pair: &Pair, r: f64) -> bool {
        pair.spring || r < self.range(pair.sigma, pair.depth)
    }

    /// Is the core of the pair a parabola?
    #[inline(always)]
    fn harmonic(&self, pair: &Pair) -> bool {
        pair.spring || self.exponent == HARMONIC
    }

    /// u''(σ⁻), the stiffness with which a contact begins [energy/length²].
    pub fn stiffness_at_contact(&self, pair: &Pair) -> f64 {
        if self.harmonic(pair) { pair.k / (pair.sigma * pair.sigma) } else { 0.0 }
    }

    /// The energy u and its first derivative u' of a pair at distance r.
    #[inline(always)]
    pub fn energy_and_slope(&self, pair: &Pair, r: f64) -> (f64, f64) {
        if !self.harmonic(pair) && r < pair.sigma {
            let (energy, slope) = overlap::energy_and_slope(self.exponent, pair.sigma, r);
            (pair.k * energy, pair.k * slope)
        } else if pair.spring || r < pair.sigma {
            let overlap = 1.0 - r / pair.sigma;
            (0.5 * pair.k * overlap * overlap - pair.depth, -pair.k / pair.sigma * overlap)
        } else if r < self.range(pair.sigma, pair.depth) {
            let [h0, h1, ..] = self.tail_shape(self.a * (r - pair.sigma));
            (pair.depth * h0, pair.depth * self.a * h1)
        } else {
            (0.0, 0.0)
        }
    }

    /// d^m u/dr^m for m = 1 … 4 (zero beyond the range).
    pub fn radial(&self, pair: &Pair, r: f64) -> Radial {
        if !self.harmonic(pair) && r < pair.sigma {
            std::array::from_fn(|m| pair.k * self.shape(pair, m, r)[0])
        } else if pair.spring || r < pair.sigma {
            let (k, sigma) = (pair.k, pair.sigma);
            [-k / sigma * (1.0 - r / sigma), k / (sigma * sigma), 0.0, 0.0]
        } else if r < self.range(pair.sigma, pair.depth) {
            let h = self.tail_shape(self.a * (r - pair.sigma));
            let mut scale = pair.depth;
            std::array::from_fn(|m| {
                scale *= self.a;
                scale * h[m + 1]
            })
        } else {
            [0.0; 4]
        }
    }

    /// The derivative of [`Potential::radial`] along a parameter direction, for m = 1 … 3
    /// (the fourth entry is zero).
    pub fn radial_along(&self, pair: &Pair, tangent: &PairTangent, r: f64) -> Radial {
        let mut along = [0.0; 4];
        if !self.harmonic(pair) && r < pair.sigma {
            for (m, along) in along.iter_mut().enumerate().take(3) {
                let [value, slope, _] = self.shape(pair, m, r);
                *along = tangent.k * value + pair.k * tangent.sigma * slope;
            }
        } else if pair.spring || r < pair.sigma {
            let [value, slope, _] = core_shape(pair.sigma, r);
            for m in 0..2 {
                along[m] = tangent.k * value[m] + pair.k * tangent.sigma * slope[m];
            }
        } else if r < self.range(pair.sigma, pair.depth) {
            let h = self.tail_shape(self.a * (r - pair.sigma));
            let y1 = tangent.a * (r - pair.sigma) - self.a * tangent.sigma;
            for (index, value) in along.iter_mut().enumerate().take(3) {
                let m = index + 1;
                let order = m as f64;
                let a_m1 = self.a.powi(m as i32 - 1);
                let a_m = a_m1 * self.a;
                *value = tangent.depth * a_m * h[m]
                    + pair.depth * (order * a_m1 * tangent.a * h[m] + a_m * h[m + 1] * y1);
            }
        }
        along
    }

    /// The second derivative of [`Potential::radial`] along a parameter direction, for m = 1, 2
    /// (the other entries are zero).
    pub fn radial_along_twice(&self, pair: &Pair, tangent: &PairTangent, r: f64) -> Radial {
        let mut along = [0.0; 4];
        if !self.harmonic(pair) && r < pair.sigma {
            for (m, along) in along.iter_mut().enumerate().take(2) {
                let [_, slope, bend] = self.shape(pair, m, r);
                *along = pair.k * tangent.sigma * tangent.sigma * bend
                    + 2.0 * tangent.k * tangent.sigma * slope;
            }
        } else if pair.spring || r < pair.sigma {
            let [_, slope, bend] = core_shape(pair.sigma, r);
            for m in 0..2 {
                along[m] = pair.k * tangent.sigma * tangent.sigma * bend[m]
                    + 2.0 * tangent.k * tangent.sigma * slope[m];
            }
        } else if r < self.range(pair.sigma, pair.depth) {
            let h = self.tail_shape(self.a * (r - pair.sigma));
            let y1 = tangent.a * (r - pair.sigma) - self.a * tangent.sigma;
            let y2 = -2.0 * tangent.a * tangent.sigma;
            for (index, value) in along.iter_mut().enumerate().take(2) {
                let m = index + 1;
                let order = m as f64;
                let a_m2 = self.a.powi(m as i32 - 2);
                let a_m1 = a_m2 * self.a;
                let a_m = a_m1 * self.a;
                let da = tangent.a;
                *value = 2.0 * tangent.depth * (order * a_m1 * da * h[m] + a_m * h[m + 1] * y1)
                    + pair.depth
                        * (order * (order - 1.0) * a_m2 * da * da * h[m]
                            + 2.0 * order * a_m1 * da * h[m + 1] * y1
                            + a_m * (h[m + 2] * y1 * y1 + h[m + 1] * y2));
            }
        }
        along
    }

    /// ∂ⁿ/∂σⁿ of (d^(m+1) u/dr^(m+1))/k in a core that is no parabola, n = 0, 1, 2.
    fn shape(&self, pair: &Pair, m: usize, r: f64) -> [f64; 3] {
        overlap::shape(self.exponent, m as u32 + 1, pair.sigma, r)
    }

    /// h(y) = [(1 − e^{−y})² − 1] S and its derivatives to fourth order.
    fn tail_shape(&self, y: f64) -> [f64; 5] {
        let e = (-y).exp();
        let e2 = e * e;
        let morse = [
            e2 - 2.0 * e,
            -2.0 * e2 + 2.0 * e,
            4.0 * e2 - 2.0 * e,
            -8.0 * e2 + 2.0 * e,
            16.0 * e2 - 2.0 * e,
        ];
        match self.tail {
            Tail::Switched { from, to } if y > from => {
                let width = to - from;
                let x = (y - from) / width;
                let switch = [
                    1.0 + x * x * x * (-10.0 + x * (15.0 - 6.0 * x)),
                    -30.0 * x * x * (1.0 - x) * (1.0 - x) / width,
                    (-60.0 * x + x * x * (180.0 - 120.0 * x)) / width.powi(2),
                    (-60.0 + x * (360.0 - 360.0 * x)) / width.powi(3),
                    (360.0 - 720.0 * x) / width.powi(4),
                ];
                std::array::from_fn(|n| {
                    (0..=n).map(|m| BINOMIALS[n][m] * morse[m] * switch[n - m]).sum()
                })
            }
            _ => morse,
        }
    }
}

/// Rows of Pascal's triangle, for the Leibniz rule to fourth order.
const BINOMIALS: [[f64; 5]; 5] = [
    [1.0, 0.0, 0.0, 0.0, 0.0],
    [1.0, 1.0, 0.0, 0.0, 0.0],
    [1.0, 2.0, 1.0, 0.0, 0.0],
    [1.0, 3.0, 3.0, 1.0, 0.0],
    [1.0, 4.0, 6.0, 4.0, 1.0],
];

/// ∂ⁿ/∂σⁿ of (u', u'')/k in the harmonic core, n = 0, 1, 2.
fn core_shape(sigma: f64, r: f64) -> [[f64; 2]; 3] {
    let s1 = 1.0 / sigma;
    let s2 = s1 * s1;
    let s3 = s2 * s1;
    let s4 = s2 * s2;
    [
        [-s1 * (1.0 - r * s1), s2],
        [s2 - 2.0 * r * s3, -2.0 * s3],
        [-2.0 * s3 + 6.0 * r * s4, 6.0 * s4],
    ]
}
