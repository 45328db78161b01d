//! The two passes of a FIRE step over all coordinates, several at a time.
//!
//! They are compiled for AVX2, AVX-512 and for any processor, and chosen at run time. Sums are taken in
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
        let [power, speed2, force2] = &mut parts;
        for (force, velocity) in force.iter().zip(velocity) {
            for k in 0..GROUP {
                for alpha in 0..D {
                    let (f, v) = (force[k][alpha], velocity[k][alpha]);
                    power[k][alpha] = f.mul_add(v, power[k][alpha]);
                    speed2[k][alpha] = v.mul_add(v, speed2[k][alpha]);
                    force2[k][alpha] = f.mul_add(f, force2[k][alpha]);
                }
            }
        }
        for (k, (force, velocity)) in last_force.iter().zip(last_velocity).enumerate() {
            for alpha in 0..D {
                let (f, v) = (force[alpha], velocity[alpha]);
                power[k][alpha] = f.mul_add(v, power[k][alpha]);
                speed2[k][alpha] = v.mul_add(v, speed2[k][alpha]);
                force2[k][alpha] = f.mul_add(f, force2[k][alpha]);
            }
        }
        let [power, speed2, force2] = parts.map(|parts| parts.as_flattened().iter().sum());
        Sums { power, speed2, force2 }
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
        let one = |x: &mut f64, v: &mut f64, f: f64, anchor: f64| {
            *v = v.mul_add(kept, f * push);
            *x = v.mul_add(step, *x);
            (*x - anchor).abs()
        };
        let mut parts: Parts<D> = [[0.0; D]; GROUP];
        let (positions, last_positions) = positions.as_chunks_mut::<GROUP>();
        let (velocity, last_velocity) = velocity.as_chunks_mut::<GROUP>();
        let (force, last_force) = force.as_chunks::<GROUP>();
        let (anchors, last_anchors) = anchors.as_chunks::<GROUP>();
        for (((x, v), f), anchor) in positions.iter_mut().zip(velocity).zip(force).zip(anchors) {
            for k in 0..GROUP {
                for alpha in 0..D {
                    let off =
                        one(&mut x[k][alpha], &mut v[k][alpha], f[k][alpha], anchor[k][alpha]);
                    let part = &mut parts[k][alpha];
                    *part = if off > *part { off } else { *part };
                }
            }
        }
        let last = last_positions.iter_mut().zip(last_velocity).zip(last_force).zip(last_anchors);
        for (k, (((x, v), f), anchor)) in last.enumerate() {
            for alpha in 0..D {
                let off = one(&mut x[alpha], &mut v[alpha], f[alpha], anchor[alpha]);
                parts[k][alpha] = parts[k][alpha].max(off);
            }
        }
        parts.as_flattened().iter().copied().fold(0.0, f64::max)
    }
}
