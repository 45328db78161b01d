//! The forces of attractive pairs: first all separations, then all slopes side by side, without a branch, so that
//! the vector units take several at a time, then all sums.
//!
//! The second is compiled for AVX2 and for any processor, and chosen at run time. Every operation stands for
//! itself (no sum over lanes), products and sums are contracted where `mul_add` says so and nowhere else:
//! the bits do not depend on the processor.

use pulp::{Arch, NullaryFnOnce};

use super::pairs::{Listed, Places};
use crate::solid::Vector;
use crate::solid::potential::{Pair, Potential, Tail};

/// The pairs of a list, one array for each of their numbers.
#[derive(Clone, Debug, Default)]
pub struct Lanes<const D: usize> {
    /// Particle i of the pairs, and where they end: one entry for each run of equal i.
    runs: Vec<(usize, usize)>,
    /// The square of the distance at which a pair begins to interact [length²].
    reach: Vec<f64>,
    sigma: Vec<f64>,
    /// k/σ² [energy/length²].
    core: Vec<f64>,
    /// B a [energy/length].
    tail: Vec<f64>,
    /// r_i − r_j of the periodic image [length].
    separation: Vec<Vector<D>>,
    /// In: the square of its length. Out: −u'/r, 0 beyond the range [energy/length²].
    push: Vec<f64>,
}

impl<const D: usize> Lanes<D> {
    /// Takes pairs of these first particles.
    pub fn list(&mut self, potential: &Potential, pairs: impl Iterator<Item = (u32, Pair)>) {
        self.runs.clear();
        for array in [&mut self.reach, &mut self.sigma, &mut self.core, &mut self.tail] {
            array.clear();
        }
        for (index, (i, Pair { sigma, k, depth, .. })) in pairs.enumerate() {
            match self.runs.last_mut() {
                Some((last, end)) if *last == i as usize => *end = index + 1,
                _ => self.runs.push((i as usize, index + 1)),
            }
            self.reach.push(potential.range(sigma, depth).powi(2));
            self.sigma.push(sigma);
            self.core.push(k / (sigma * sigma));
            self.tail.push(depth * potential.a);
        }
        self.separation.resize(self.reach.len(), Vector::zeros());
        self.push.resize(self.reach.len(), 0.0);
    }

    /// Adds the forces of all pairs to `values` [energy/length]; returns Σ_b u' r [energy].
    pub fn add_up(
        &mut self,
        potential: &Potential,
        listed: &[Listed],
        places: Places<D>,
        values: &mut [Vector<D>],
    ) -> f64 {
        let pairs = listed.iter().zip(&mut self.separation).zip(&mut self.push);
        for ((pair, separation), squared) in pairs {
            *separation = places.separation(pair);
            *squared = separation.norm_squared();
        }
        self.evaluate(potential);
        let (mut virial, mut begin) = (0.0, 0);
        for &(i, end) in &self.runs {
            let mut sum = values[i];
            let pairs = self.separation[begin..end].iter().zip(&self.push[begin..end]);
            for (pair, (separation, &push)) in listed[begin..end].iter().zip(pairs) {
                let force = separation * push;
                sum += force;
                virial -= force.dot(separation);
                values[pair.j as usize] -= force;
            }
            values[i] = sum;
            begin = end;
        }
        virial
    }

    /// Computes `push` of all pairs from its squares of distances.
    fn evaluate(&mut self, potential: &Potential) {
        let shape = Shape::of(potential);
        Arch::new().dispatch(Evaluation { lanes: self, shape });
    }
}

/// What all pairs share: u'(y) of the tail with the switch of [`Potential`].
#[derive(Clone, Copy)]
struct Shape {
    a: f64,
    /// Where the switch begins; infinite where there is none.
    from: f64,
    inverse_width: f64,
}

struct Evaluation<'a, const D: usize> {
    lanes: &'a mut Lanes<D>,
    shape: Shape,
}

impl<const D: usize> NullaryFnOnce for Evaluation<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Lanes { reach, sigma, core, tail, push, .. } = self.lanes;
        let pairs = push.iter_mut().zip(reach).zip(sigma).zip(core).zip(tail);
        for ((((push, &mut reach), &mut sigma), &mut core), &mut tail) in pairs {
            let squared = *push;
            let r = squared.sqrt();
            let apart = r - sigma;
            let slope = if r < sigma { core * apart } else { tail * self.shape.slope(apart) };
            *push = if squared < reach { -slope / r } else { 0.0 };
        }
    }
}

impl Shape {
    fn of(potential: &Potential) -> Self {
        let (from, width) = match potential.tail {
            Tail::Switched { from, to } => (from, to - from),
            Tail::Truncated { .. } => (f64::INFINITY, 1.0),
        };
        Self { a: potential.a, from, inverse_width: 1.0 / width }
    }

    /// h'(y) at a distance of σ + `apart`, as in `Potential::tail_shape`.
    #[inline(always)]
    fn slope(&self, apart: f64) -> f64 {
        let y = self.a * apart;
        let e = exponential(-y);
        let square = e * e;
        let (morse, morse_slope) = (square - 2.0 * e, 2.0 * (e - square));
        let x = (y - self.from) * self.inverse_width;
        let x = if x > 0.0 { x } else { 0.0 };
        let polynomial = x.mul_add(15.0 - 6.0 * x, -10.0);
        let switch = (x * x * x).mul_add(polynomial, 1.0);
        let steep = x * (1.0 - x);
        let switch_slope = -30.0 * self.inverse_width * (steep * steep);
        morse.mul_add(switch_slope, morse_slope * switch)
    }
}

/// 1/n!, n = 0 … 12.
const INVERSE_FACTORIALS: [f64; 13] = {
    let mut inverse = [1.0; 13];
    let mut factorial = 1.0;
    let mut n = 1;
    while n < 13 {
        factorial *= n as f64;
        inverse[n] = 1.0 / factorial;
        n += 1;
    }
    inverse
};

/// eˣ to two roundings for |x| < 700: x = n ln 2 + r, and the Taylor series of eʳ to r¹² for
/// |r| ≤ ½ ln 2 (the next term is 2·10⁻¹⁶ at most). The standard library's is a call for each number.
#[inline(always)]
fn exponential(x: f64) -> f64 {
    /// A sum with it is rounded to an integer, which stands in the last bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// ln 2 in two parts; the product of the first with n is exact.
    const LN_2: [f64; 2] = [6.931_471_803_691_238e-1, 1.908_214_929_270_587_7e-10];
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2[1], n.mul_add(-LN_2[0], x));
    let two = |n: usize| INVERSE_FACTORIALS[n + 1].mul_add(r, INVERSE_FACTORIALS[n]);
    let r2 = r * r;
    let four = |n: usize| two(n + 2).mul_add(r2, two(n));
    let r4 = r2 * r2;
    let series =
        INVERSE_FACTORIALS[12].mul_add(r4, four(8)).mul_add(r4, four(4)).mul_add(r4, four(0));
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::processors::everywhere;

    #[test]
    fn the_lanes_give_the_same_bits_on_every_processor() {
        let potential = Potential { a: 20.0, tail: Tail::DEFAULT, exponent: 2.0 };
        let pair = |n: usize| Pair {
            sigma: 0.8 + 0.013 * n as f64,
            k: 1.3,
            depth: [0.1, 1e-3][n % 2],
            spring: false,
        };
        let listed: Vec<Pair> = (0..29).map(pair).collect();
        let found = everywhere(|| Pushes { potential, listed: &listed });
        assert!(found.iter().all(|push| *push == found[0]), "{found:?}");
        assert!(found[0].iter().filter(|push| **push < 0.0).count() > 3, "{found:?}");
    }

    /// [`Evaluation`] of a list that is made for it.
    struct Pushes<'a> {
        potential: Potential,
        listed: &'a [Pair],
    }

    impl NullaryFnOnce for Pushes<'_> {
        type Output = Vec<f64>;

        #[inline(always)]
        fn call(self) -> Vec<f64> {
            let mut lanes = Lanes::<2>::default();
            lanes.list(&self.potential, self.listed.iter().map(|&pair| (0, pair)));
            for (n, (push, pair)) in lanes.push.iter_mut().zip(self.listed).enumerate() {
                *push = (pair.sigma * (0.9 + 0.01 * n as f64)).powi(2);
            }
            let shape = Shape::of(&self.potential);
            Evaluation { lanes: &mut lanes, shape }.call();
            lanes.push
        }
    }

    /// In units of the roundings of both sides, against the standard library's and the pair energy's own.
    #[test]
    fn the_lanes_agree_with_the_pair_energy_over_the_whole_range() {
        let within = 8.0 * f64::EPSILON;
        for step in -7000..7000 {
            let x = f64::from(step) * 1e-2;
            assert!((exponential(x) / x.exp() - 1.0).abs() <= within, "e^{x}");
        }
        for tail in [Tail::DEFAULT, Tail::Truncated { cutoff: 6.0 }] {
            let potential = Potential { a: 20.0, tail, exponent: 2.0 };
            let pairs = [(0.8, 1.3, 0.1), (1.2, 1.0, 1e-3), (1.1, 0.7, 0.0)]
                .map(|(sigma, k, depth)| Pair { sigma, k, depth, spring: false });
            for step in 1..1000 {
                let distances = pairs.map(|pair| 2e-3 * f64::from(step) * pair.sigma);
                let mut lanes = Lanes::<2>::default();
                lanes.list(&potential, pairs.into_iter().map(|pair| (0, pair)));
                lanes.push.iter_mut().zip(distances).for_each(|(push, r)| *push = r * r);
                lanes.evaluate(&potential);
                for ((pair, r), push) in pairs.iter().zip(distances).zip(&lanes.push) {
                    let slope = potential.energy_and_slope(pair, r).1;
                    // y = a (r − σ) is rounded to a ε σ, r = √r² too.
                    let scale = pair.k / pair.sigma + 20.0 * pair.depth * (1.0 + 20.0 * r);
                    let error = (-push * r - slope).abs();
                    assert!(error <= within * scale, "{pair:?} at {r}: {error:e}");
                }
            }
        }
    }
}
