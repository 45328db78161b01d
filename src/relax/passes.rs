//! The two passes of a FIRE step over all coordinates, several at a time.
//!
//! They are compiled for AVX2 and for any processor, and chosen at run time. Sums are taken in
//! [`GROUP`] × d parts in a fixed order, products and sums are contracted where `mul_add` says so and nowhere
//! else: the bits do not depend on the processor.

use pulp::{Arch, NullaryFnOnce};

use crate::solid::Vector;

/// Particles that go side by side: with two or three coordinates each they fill the vector units.
const GROUP: usize = 4;

/// Sums over all particles.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sums {
    /// Σ F·v.
    pub power: f64,
    /// Σ v².
    pub speed2: f64,
    /// Σ F².
    pub force2: f64,
}

/// Σ F·v, Σ v² and Σ F².
pub(super) fn sums<const D: usize>(force: &[Vector<D>], velocity: &[Vector<D>]) -> Sums {
    Arch::new().dispatch(Summation { force, velocity })
}

/// v ← `kept` v + `push` F and r ← r + `step` v; returns max|r_α − a_α| over all particles and coordinates,
/// a where each particle was when the list was built.
pub(super) fn advance<const D: usize>(
    positions: &mut [Vector<D>],
    velocity: &mut [Vector<D>],
    force: &[Vector<D>],
    anchors: &[Vector<D>],
    [kept, push, step]: [f64; 3],
) -> f64 {
    Arch::new().dispatch(Advance { positions, velocity, force, anchors, kept, push, step })
}

/// The two largest |r − f a| [length]; NaN if any position is.
pub(super) fn farthest_two<const D: usize>(
    positions: &[Vector<D>],
    anchors: &[Vector<D>],
    growth: f64,
) -> [f64; 2] {
    Arch::new().dispatch(Farthest { positions, anchors, growth })
}

struct Farthest<'a, const D: usize> {
    positions: &'a [Vector<D>],
    anchors: &'a [Vector<D>],
    growth: f64,
}

impl<const D: usize> NullaryFnOnce for Farthest<'_, D> {
    type Output = [f64; 2];

    #[inline(always)]
    fn call(self) -> [f64; 2] {
        // Of every fourth particle: the largest square, the second, and the sum.
        let (mut largest, mut second, mut sum) = ([0.0; GROUP], [0.0; GROUP], [0.0; GROUP]);
        let mut take = |k: usize, now: &Vector<D>, then: &Vector<D>| {
            let moved = (now - then * self.growth).norm_squared();
            let lesser = if moved < largest[k] { moved } else { largest[k] };
            largest[k] = if moved > largest[k] { moved } else { largest[k] };
            second[k] = if lesser > second[k] { lesser } else { second[k] };
            sum[k] += moved;
        };
        let (positions, last_positions) = self.positions.as_chunks::<GROUP>();
        let (anchors, last_anchors) = self.anchors.as_chunks::<GROUP>();
        for (now, then) in positions.iter().zip(anchors) {
            for k in 0..GROUP {
                take(k, &now[k], &then[k]);
            }
        }
        for (k, (now, then)) in last_positions.iter().zip(last_anchors).enumerate() {
            take(k, now, then);
        }
        if sum.iter().sum::<f64>().is_nan() {
            return [f64::NAN; 2];
        }
        let [mut one, mut other] = [0.0_f64; 2];
        for moved in largest.into_iter().chain(second) {
            other = other.max(one.min(moved));
            one = one.max(moved);
        }
        [one.sqrt(), other.sqrt()]
    }
}

struct Summation<'a, const D: usize> {
    force: &'a [Vector<D>],
    velocity: &'a [Vector<D>],
}

/// One sum for each coordinate of a group.
type Parts<const D: usize> = [[f64; D]; GROUP];

impl<const D: usize> NullaryFnOnce for Summation<'_, D> {
    type Output = Sums;

    #[inline(always)]
    fn call(self) -> Sums {
        let mut parts: [Parts<D>; 3] = [[[0.0; D]; GROUP]; 3];
        let (force, last_force) = self.force.as_chunks::<GROUP>();
        let (velocity, last_velocity) = self.velocity.as_chunks::<GROUP>();
        for (force, velocity) in force.iter().zip(velocity) {
            for k in 0..GROUP {
                add_products(&mut parts, k, &force[k], &velocity[k]);
            }
        }
        for (k, (force, velocity)) in last_force.iter().zip(last_velocity).enumerate() {
            add_products(&mut parts, k, force, velocity);
        }
        let [power, speed2, force2] = parts.map(|parts| parts.as_flattened().iter().sum());
        Sums { power, speed2, force2 }
    }
}

/// Adds F·v, v² and F² of the k-th particle of a group.
#[inline(always)]
fn add_products<const D: usize>(
    [power, speed2, force2]: &mut [Parts<D>; 3],
    k: usize,
    force: &Vector<D>,
    velocity: &Vector<D>,
) {
    for alpha in 0..D {
        let (f, v) = (force[alpha], velocity[alpha]);
        power[k][alpha] = f.mul_add(v, power[k][alpha]);
        speed2[k][alpha] = v.mul_add(v, speed2[k][alpha]);
        force2[k][alpha] = f.mul_add(f, force2[k][alpha]);
    }
}

struct Advance<'a, const D: usize> {
    positions: &'a mut [Vector<D>],
    velocity: &'a mut [Vector<D>],
    force: &'a [Vector<D>],
    anchors: &'a [Vector<D>],
    kept: f64,
    push: f64,
    step: f64,
}

impl<const D: usize> NullaryFnOnce for Advance<'_, D> {
    type Output = f64;

    #[inline(always)]
    fn call(self) -> f64 {
        let Self { positions, velocity, force, anchors, kept, push, step } = self;
        let one = |part: &mut f64, x: &mut f64, v: &mut f64, f: f64, anchor: f64| {
            *v = v.mul_add(kept, f * push);
            *x = v.mul_add(step, *x);
            let off = (*x - anchor).abs();
            *part = if off > *part { off } else { *part };
        };
        let mut parts: Parts<D> = [[0.0; D]; GROUP];
        let (positions, last_positions) = positions.as_chunks_mut::<GROUP>();
        let (velocity, last_velocity) = velocity.as_chunks_mut::<GROUP>();
        let (force, last_force) = force.as_chunks::<GROUP>();
        let (anchors, last_anchors) = anchors.as_chunks::<GROUP>();
        for (((x, v), f), anchor) in positions.iter_mut().zip(velocity).zip(force).zip(anchors) {
            for k in 0..GROUP {
                for alpha in 0..D {
                    let (x, v) = (&mut x[k][alpha], &mut v[k][alpha]);
                    one(&mut parts[k][alpha], x, v, f[k][alpha], anchor[k][alpha]);
                }
            }
        }
        let last = last_positions.iter_mut().zip(last_velocity).zip(last_force).zip(last_anchors);
        for (k, (((x, v), f), anchor)) in last.enumerate() {
            for alpha in 0..D {
                let (x, v) = (&mut x[alpha], &mut v[alpha]);
                one(&mut parts[k][alpha], x, v, f[alpha], anchor[alpha]);
            }
        }
        parts.as_flattened().iter().copied().fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::processors::everywhere;

    /// Numbers of both signs and many sizes, so that rounding shows.
    fn field<const D: usize>(particles: usize, seed: f64) -> Vec<Vector<D>> {
        let number = |n: usize| (seed * (n + 1) as f64).sin() * 10_f64.powi(n as i32 % 7 - 3);
        (0..particles).map(|i| Vector::from_fn(|alpha, _| number(D * i + alpha))).collect()
    }

    /// The same bits on all processors, and the sums and steps that are meant; also where the particles do
    /// not fill a group.
    fn agree<const D: usize>() {
        for particles in 1..=9 {
            let [force, velocity, positions, anchors] =
                [1.1, 2.3, 3.7, 4.9].map(|seed| field::<D>(particles, seed));
            let found = everywhere(|| Summation { force: &force, velocity: &velocity });
            assert!(found.iter().all(|sums| *sums == found[0]), "{D}d, {particles}: {found:?}");
            let plain = |a: &[Vector<D>], b: &[Vector<D>]| -> f64 {
                a.iter().zip(b).map(|(a, b)| a.dot(b)).sum()
            };
            let Sums { power, speed2, force2 } = found[0];
            assert!((power - plain(&force, &velocity)).abs() <= 1e-13 * (speed2 + force2));
            assert!((speed2 / plain(&velocity, &velocity) - 1.0).abs() < 1e-13);
            assert!((force2 / plain(&force, &force) - 1.0).abs() < 1e-13);

            let [kept, push, step] = [0.7, 0.3, 0.1];
            let moved = everywhere(|| Moved {
                start: [&positions, &velocity, &force, &anchors],
                mix: [kept, push, step],
            });
            assert!(moved.iter().all(|state| *state == moved[0]), "{D}d, {particles}");
            let (x, v, farthest) = &moved[0];
            let mut off = 0.0_f64;
            for i in 0..particles {
                let new = velocity[i] * kept + force[i] * push;
                let there = positions[i] + new * step;
                let scale = 1e-15 * (new.norm() + there.norm() + positions[i].norm());
                assert!((v[i] - new).norm() <= 4.0 * scale && (x[i] - there).norm() <= 4.0 * scale);
                off = off.max((x[i] - anchors[i]).amax());
            }
            assert_eq!(*farthest, off);

            let growth = 0.9;
            let farthest = || Farthest { positions: &positions, anchors: &anchors, growth };
            let found = everywhere(farthest);
            assert!(found.iter().all(|two| *two == found[0]), "{D}d, {particles}");
            let moved = |i: usize| (positions[i] - anchors[i] * growth).norm();
            let mut all: Vec<f64> = (0..particles).map(moved).chain([0.0]).collect();
            all.sort_by(|a, b| b.total_cmp(a));
            assert_eq!(found[0], [all[0], all[1]], "{D}d, {particles}");
        }
    }

    /// [`Advance`] of copies.
    struct Moved<'a, const D: usize> {
        start: [&'a [Vector<D>]; 4],
        mix: [f64; 3],
    }

    impl<const D: usize> NullaryFnOnce for Moved<'_, D> {
        type Output = (Vec<Vector<D>>, Vec<Vector<D>>, f64);

        #[inline(always)]
        fn call(self) -> Self::Output {
            let [positions, velocity, force, anchors] = self.start;
            let (mut x, mut v) = (positions.to_vec(), velocity.to_vec());
            let [kept, push, step] = self.mix;
            let (positions, velocity) = (&mut x[..], &mut v[..]);
            let advance = Advance { positions, velocity, force, anchors, kept, push, step };
            let farthest = advance.call();
            (x, v, farthest)
        }
    }

    #[test]
    fn passes_give_the_same_bits_on_every_processor() {
        agree::<2>();
        agree::<3>();
    }
}
