//! How much of a crystal a solid is: coordination, and bond-orientational order.
//!
//! Neighbours are the 6 (2d) or 12 (3d) nearest particles: those of the triangular and the fcc lattice.
//! With θ_b, n_b the direction of the bond to a neighbour,
//!
//! ```text
//! 2d   ψ₆ = | ⟨ e^(6iθ_b) ⟩ |                                          1 in the triangular lattice
//! 3d   Q₆ = [ 4π/13 Σ_m |⟨ Y_6m(n_b) ⟩|² ]^½ = [ ⟨⟨ P₆(n_b·n_b') ⟩⟩ ]^½    0.5745 in fcc
//! ```
//!
//! averaged over all bonds of the solid, which says whether it is *one* crystal (about N^(−1/2) where it is
//! none); and averaged over the bonds of one particle, then over the particles, which grains of any
//! orientation have alike. (Steinhardt, Nelson and Ronchetti, Phys. Rev. B 28, 784 (1983). The second form
//! of Q₆ is the addition theorem.)

use super::{Solid, Vector};

/// Bond-orientational order of a solid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BondOrder {
    /// ψ₆ or Q₆ of all bonds together.
    pub global: f64,
    /// The mean over the particles of ψ₆ or Q₆ of their own bonds.
    pub local: f64,
}

/// The number of neighbours in the triangular and the fcc lattice.
pub const fn neighbours_in_crystal(dimension: usize) -> usize {
    if dimension == 2 { 6 } else { 12 }
}

/// ψ₆ or Q₆ of a solid; NaN where it has too few particles to have such neighbours.
pub fn bond_order<const D: usize>(solid: &Solid<D>) -> BondOrder {
    let count = neighbours_in_crystal(D);
    let mut all = Moments::new(D);
    let mut local = 0.0;
    for i in 0..solid.len() {
        let mut own = Moments::new(D);
        let others = nearest(solid, i, count);
        if others.len() < count {
            return BondOrder { global: f64::NAN, local: f64::NAN };
        }
        others.iter().for_each(|bond| own.add(bond.as_slice()));
        local += own.order();
        all.join(&own);
    }
    BondOrder { global: all.order(), local: local / solid.len() as f64 }
}

/// The separations to the nearest particles, the shortest first.
fn nearest<const D: usize>(solid: &Solid<D>, i: usize, count: usize) -> Vec<Vector<D>> {
    let others = (0..solid.len()).filter(|&j| j != i);
    let mut bonds: Vec<Vector<D>> = others.map(|j| solid.separation(j, i)).collect();
    let by_length = |a: &Vector<D>, b: &Vector<D>| a.norm_squared().total_cmp(&b.norm_squared());
    if bonds.len() > count {
        bonds.select_nth_unstable_by(count - 1, by_length);
        bonds.truncate(count);
    }
    // Sums do not depend on how the selection went.
    bonds.sort_by(by_length);
    bonds
}

/// The spherical harmonics of order 6 (2d: e^(6iθ)) summed over directions.
struct Moments {
    /// Real and imaginary parts of m = 0 … 6 (2d: of the only one).
    sums: Vec<[f64; 2]>,
    /// |sum|² counts so many times: m and −m.
    bonds: f64,
}

impl Moments {
    fn new(dimension: usize) -> Self {
        let terms = if dimension == 2 { 1 } else { 7 };
        Self { sums: vec![[0.0; 2]; terms], bonds: 0.0 }
    }

    /// Adds the direction of a bond.
    fn add(&mut self, bond: &[f64]) {
        let length = bond.iter().map(|x| x * x).sum::<f64>().sqrt();
        self.bonds += 1.0;
        match *bond {
            [x, y] => {
                let [re, im] = power([x / length, y / length], 6);
                self.sums[0][0] += re;
                self.sums[0][1] += im;
            }
            [x, y, z] => {
                // (x + iy)^m d^m P₆(z)/dz^m, normalised so that Σ_m |·|² = 1 for one direction.
                let (direction, z) = ([x / length, y / length], z / length);
                for (m, sum) in self.sums.iter_mut().enumerate() {
                    let [re, im] = power(direction, m);
                    let scale = NORMS[m].sqrt() * legendre_derivative(m, z);
                    sum[0] += scale * re;
                    sum[1] += scale * im;
                }
            }
            _ => {}
        }
    }

    fn join(&mut self, other: &Moments) {
        for (sum, more) in self.sums.iter_mut().zip(&other.sums) {
            sum[0] += more[0];
            sum[1] += more[1];
        }
        self.bonds += other.bonds;
    }

    /// ψ₆ or Q₆.
    fn order(&self) -> f64 {
        let squares = self.sums.iter().map(|[re, im]| re * re + im * im);
        squares.sum::<f64>().sqrt() / self.bonds
    }
}

/// (6 − m)!/(6 + m)!, twice that for m > 0, which stands for −m as well.
const NORMS: [f64; 7] = [
    1.0,
    2.0 / 42.0,
    2.0 / 1680.0,
    2.0 / 60_480.0,
    2.0 / 1_814_400.0,
    2.0 / 39_916_800.0,
    2.0 / 479_001_600.0,
];

/// (x + iy)ⁿ.
fn power([x, y]: [f64; 2], n: usize) -> [f64; 2] {
    (0..n).fold([1.0, 0.0], |[re, im], _| [re * x - im * y, re * y + im * x])
}

/// dᵐP₆/dzᵐ, P₆ = (231 z⁶ − 315 z⁴ + 105 z² − 5)/16.
fn legendre_derivative(m: usize, z: f64) -> f64 {
    let coefficients = [(231.0, 6), (-315.0, 4), (105.0, 2), (-5.0, 0)];
    let terms =
        coefficients.iter().filter(|(_, order)| *order >= m).map(|&(coefficient, order)| {
            let factor: f64 = (0..m).map(|step| (order - step) as f64).product();
            coefficient * factor * z.powi((order - m) as i32)
        });
    terms.sum::<f64>() / 16.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::lattice::random_positions;
    use crate::solid::perfect::perfect;
    use crate::solid::random::{Purpose, StreamKey};

    /// Q₆ by the addition theorem: the mean of P₆ over all pairs of bonds.
    fn by_pairs(bonds: &[Vector<3>]) -> f64 {
        let cosines =
            bonds.iter().flat_map(|a| bonds.iter().map(move |b| a.dot(b) / (a.norm() * b.norm())));
        let sum: f64 = cosines.map(|cosine| legendre_derivative(0, cosine)).sum();
        (sum / (bonds.len() * bonds.len()) as f64).sqrt()
    }

    #[test]
    fn perfect_crystals_have_the_known_order() {
        let triangular = bond_order(&perfect::<2>(80, 1.0));
        assert!((triangular.global - 1.0).abs() < 1e-12, "{triangular:?}");
        assert!((triangular.local - 1.0).abs() < 1e-12, "{triangular:?}");
        // 0.57452 in Steinhardt, Nelson and Ronchetti (1983).
        let fcc = bond_order(&perfect::<3>(108, 1.0));
        assert!((fcc.global - 0.574_524_3).abs() < 1e-7, "{fcc:?}");
        assert!((fcc.local - fcc.global).abs() < 1e-12, "{fcc:?}");
    }

    #[test]
    fn the_order_does_not_depend_on_the_orientation_and_obeys_the_addition_theorem() {
        let fcc = perfect::<3>(108, 1.0);
        let turn = nalgebra::Rotation3::from_euler_angles(0.3, 1.1, -0.7);
        let bonds: Vec<Vector<3>> =
            nearest(&fcc, 5, 12).iter().map(|bond| turn * bond * 1.7).collect();
        let mut moments = Moments::new(3);
        bonds.iter().for_each(|bond| moments.add(bond.as_slice()));
        assert!((moments.order() - 0.574_524_3).abs() < 1e-7);
        let some = &bonds[..5];
        let mut moments = Moments::new(3);
        some.iter().for_each(|bond| moments.add(bond.as_slice()));
        assert!((moments.order() - by_pairs(some)).abs() < 1e-12);
    }

    #[test]
    fn random_positions_have_no_common_order() {
        let mut gas = perfect::<2>(1024, 1.0);
        let key = StreamKey { seed: 1, solid: 1, replica: 0, attempt: 0 };
        gas.positions = random_positions(&gas.cell, 1024, &mut key.stream(Purpose::Positions));
        let order = bond_order(&gas);
        assert!(order.global < 0.05 && order.local > 0.2 && order.local < 0.6, "{order:?}");
        let mut three = perfect::<3>(500, 1.0);
        three.positions = random_positions(&three.cell, 500, &mut key.stream(Purpose::Positions));
        assert!(bond_order(&three).global < 0.08, "{:?}", bond_order(&three));
    }
}
