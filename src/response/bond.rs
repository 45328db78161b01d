//! Directional derivatives of one bond's energy.
//!
//! With R = r_i − r_j, r = |R| and φ₁ = u'/r, φ_{n+1} = φ_n'/r:
//!
//! ```text
//! D φ[a]       = φ₁ (R·a)
//! D²φ[a,b]     = φ₁ (a·b) + φ₂ (R·a)(R·b)
//! D³φ[a,b,c]   = φ₂ [(a·b)(R·c) + (a·c)(R·b) + (b·c)(R·a)] + φ₃ (R·a)(R·b)(R·c)
//! D⁴φ[a,b,c,c] = φ₂ [(a·b)(c·c) + 2 (a·c)(b·c)]
//!              + φ₃ [(a·b)(R·c)² + (c·c)(R·a)(R·b) + 2 (a·c)(R·b)(R·c) + 2 (b·c)(R·a)(R·c)]
//!              + φ₄ (R·a)(R·b)(R·c)²
//! ```
//!
//! Every feature, its Jacobian and its curvature are sums of these over bonds.

use crate::solid::Vector;
use crate::solid::potential::Radial;

/// φ₁ … φ₄ of a bond.
pub type Phi = [f64; 4];

/// φ₁ … φ₄ from u' … u''''; linear, so it also maps their parameter derivatives.
#[inline]
pub fn phi(radial: &Radial, r: f64) -> Phi {
    let [u1, u2, u3, u4] = *radial;
    let s = 1.0 / r;
    let s2 = s * s;
    let phi1 = u1 * s;
    let phi2 = (u2 - phi1) * s2;
    // φ₃ = (u''' − 3 r φ₂)/r³ and φ₄ = (u'''' − 6 r² φ₃ − 3 φ₂)/r⁴, by differentiating φ_n.
    let phi3 = (u3 * s - 3.0 * phi2) * s2;
    let phi4 = (u4 * s2 - 6.0 * phi3 - 3.0 * phi2 * s2) * s2;
    [phi1, phi2, phi3, phi4]
}

/// D²φ[·, a] as a vector.
#[inline(always)]
pub fn second_with<const D: usize>(phi: &Phi, separation: &Vector<D>, a: &Vector<D>) -> Vector<D> {
    a * phi[0] + separation * (phi[1] * separation.dot(a))
}

/// D²φ[a, b].
#[inline(always)]
pub fn second<const D: usize>(
    phi: &Phi,
    separation: &Vector<D>,
    a: &Vector<D>,
    b: &Vector<D>,
) -> f64 {
    phi[0] * a.dot(b) + phi[1] * separation.dot(a) * separation.dot(b)
}

/// D³φ[·, a, b] as a vector.
#[inline(always)]
pub fn third_with<const D: usize>(
    phi: &Phi,
    separation: &Vector<D>,
    a: &Vector<D>,
    b: &Vector<D>,
) -> Vector<D> {
    let (ra, rb) = (separation.dot(a), separation.dot(b));
    separation * (phi[1] * a.dot(b) + phi[2] * ra * rb) + a * (phi[1] * rb) + b * (phi[1] * ra)
}

/// D³φ[a, b, c].
#[inline(always)]
pub fn third<const D: usize>(
    phi: &Phi,
    separation: &Vector<D>,
    a: &Vector<D>,
    b: &Vector<D>,
    c: &Vector<D>,
) -> f64 {
    third_with(phi, separation, a, b).dot(c)
}

/// D⁴φ[·, b, c, c] as a vector.
#[inline(always)]
pub fn fourth_with<const D: usize>(
    phi: &Phi,
    separation: &Vector<D>,
    b: &Vector<D>,
    c: &Vector<D>,
) -> Vector<D> {
    let (rb, rc) = (separation.dot(b), separation.dot(c));
    let (bc, cc) = (b.dot(c), c.norm_squared());
    b * (phi[1] * cc + phi[2] * rc * rc)
        + c * (2.0 * (phi[1] * bc + phi[2] * rc * rb))
        + separation * (phi[2] * (cc * rb + 2.0 * rc * bc) + phi[3] * rb * rc * rc)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::Vector3;

    /// u = r⁶ + r³: a potential with every derivative at hand.
    fn radial(r: f64) -> Radial {
        [
            6.0 * r.powi(5) + 3.0 * r.powi(2),
            30.0 * r.powi(4) + 6.0 * r,
            120.0 * r.powi(3) + 6.0,
            360.0 * r.powi(2),
        ]
    }

    #[test]
    fn each_derivative_is_the_difference_of_the_one_below() {
        let r0 = Vector3::new(0.3, -0.8, 0.5);
        let (a, b, c) = (
            Vector3::new(0.1, 0.7, -0.4),
            Vector3::new(-0.9, 0.2, 0.3),
            Vector3::new(0.5, 0.4, 0.8),
        );
        let at = |r: Vector3<f64>| (phi(&radial(r.norm()), r.norm()), r);
        let h = 1e-4;
        let difference = |f: &dyn Fn(Vector3<f64>) -> f64, direction: Vector3<f64>| {
            (8.0 * (f(r0 + direction * h) - f(r0 - direction * h))
                - (f(r0 + direction * (2.0 * h)) - f(r0 - direction * (2.0 * h))))
                / (12.0 * h)
        };
        let (phi0, _) = at(r0);
        let first = |r: Vector3<f64>| at(r).0[0] * r.dot(&a);
        assert!((difference(&first, b) - second(&phi0, &r0, &a, &b)).abs() < 1e-9);
        let second_ab = |r: Vector3<f64>| second(&at(r).0, &r, &a, &b);
        assert!((difference(&second_ab, c) - third(&phi0, &r0, &a, &b, &c)).abs() < 1e-9);
        let third_abc = |r: Vector3<f64>| third(&at(r).0, &r, &a, &b, &c);
        let fourth = fourth_with(&phi0, &r0, &b, &c).dot(&a);
        assert!((difference(&third_abc, c) - fourth).abs() < 1e-8);
        let with = second_with(&phi0, &r0, &a);
        assert!((with.dot(&b) - second(&phi0, &r0, &a, &b)).abs() < 1e-14);
    }
}
