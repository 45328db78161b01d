//! Eq. (1) once more, branch by branch, for any kind of number: what automatic differentiation
//! and the independent model of a solid differentiate.

use amorph::solid::potential::Tail;
use num_dual::DualNum;

/// Which formula of Eq. (1) holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Branch {
    /// r < σ.
    Core,
    /// A bond of a network: the core's parabola on both sides of σ.
    Spring,
    /// σ ≤ r < r_on.
    Morse,
    /// r_on ≤ r < r_cut.
    Switch,
    /// r ≥ r_cut.
    Beyond,
}

/// (σ, k, B, a).
pub type Parameters<T> = [T; 4];

/// u(r) of a core with the exponent α, where B = 0.
pub fn power<T: DualNum<Primitive = f64> + Copy>(
    exponent: f64,
    r: T,
    [sigma, k, ..]: Parameters<T>,
) -> T {
    k * (T::from(1.0) - r / sigma).powf(exponent) / exponent
}

/// u(r) on one branch.
pub fn energy<T: DualNum<Primitive = f64> + Copy>(
    branch: Branch,
    tail: Tail,
    r: T,
    [sigma, k, depth, a]: Parameters<T>,
) -> T {
    let one = T::from(1.0);
    let morse = || {
        let bracket = one - (-(a * (r - sigma))).exp();
        depth * (bracket * bracket - 1.0)
    };
    match branch {
        Branch::Core | Branch::Spring => {
            let overlap = one - r / sigma;
            k * overlap * overlap * 0.5 - depth
        }
        Branch::Morse => morse(),
        Branch::Switch => {
            let Tail::Switched { from, to } = tail else { unreachable!("no switch") };
            let (r_on, r_cut) = (sigma + a.recip() * from, sigma + a.recip() * to);
            let x = (r - r_on) / (r_cut - r_on);
            morse() * (one - x.powi(3) * 10.0 + x.powi(4) * 15.0 - x.powi(5) * 6.0)
        }
        Branch::Beyond => T::from(0.0),
    }
}
