//! The FIRE 2.0 minimiser (Guénolé et al., Comput. Mater. Sci. 175, 109584 (2020)): molecular
//! dynamics whose velocity is turned towards the force and stopped, with half a step back,
//! whenever it runs uphill.

use super::forces::{Forces, stiffness};
use super::passes;
use crate::solid::{Solid, Vector};

/// Settings, in units where the largest curvature of the pair energies is 1 (time in units of its
/// inverse square root, mass 1).
#[derive(Clone, Copy, Debug)]
pub struct FireSettings {
    pub first_step: f64,
    pub largest_step: f64,
    pub smallest_step: f64,
    /// Steps downhill before the time step grows.
    pub delay: u32,
    pub grow: f64,
    pub shrink: f64,
    pub mixing: f64,
    pub mixing_decay: f64,
    /// Force evaluations before giving up.
    pub max_evaluations: u64,
}

impl FireSettings {
    /// Measured to be fast and safe at fixed box: from random starts to 1e-10 they take 0.6 to 0.95 times as many
    /// evaluations as [`Self::PISTON`] (N = 64 to 4096, p = 1e-3 to 1, B = 0 to 0.1, 2d and 3d; 650 and 720 at
    /// N = 256, p = 0.1). With a mixing of 0.25 such long steps run away at p = 1.
    pub const DEFAULT: FireSettings = FireSettings {
        first_step: 0.1,
        largest_step: 0.5,
        smallest_step: 0.002,
        delay: 5,
        grow: 1.1,
        shrink: 0.5,
        mixing: 0.15,
        mixing_decay: 0.99,
        max_evaluations: 400_000,
    };

    /// With a piston: slower, as its limit on the strain of a step was measured with these.
    pub const PISTON: FireSettings =
        FireSettings { largest_step: 0.35, delay: 20, mixing: 0.25, ..Self::DEFAULT };
}

/// How a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// max|F| is below the tolerance.
    Converged,
    /// The iteration limit came first.
    Exhausted,
    /// A force became NaN or infinite.
    NotFinite,
}

/// The largest strain of the box in one step: faster than the particles follow, attractive ones collapse.
/// (B = 0.1, 3d, p = 0.1: at N = 256 7 of 67 starts, at N = 1000 9 of 12; at N = 256 without a limit 1 in 5.)
const LARGEST_STRAIN: f64 = 3e-5;

/// The box as one more coordinate x = c ln(edge), pushed by a pressure: it moves isotropically, and the
/// positions with it. Of attractive particles or springs only.
pub struct Piston<const D: usize> {
    /// p outside [energy/length^d].
    pressure: f64,
    /// c = √(number of bonds) [length]: x is then about as stiff as the stiffest pair.
    scale: f64,
    /// The box is not made smaller than this [length].
    smallest_edge: f64,
    velocity: f64,
    force: f64,
}

impl<const D: usize> Piston<D> {
    /// At rest, for a solid of so many bonds.
    pub fn new(pressure: f64, bonds: usize, smallest_edge: f64) -> Self {
        let scale = (bonds as f64).sqrt();
        Self { pressure, scale, smallest_edge, velocity: 0.0, force: 0.0 }
    }

    /// −∂(U + pV)/∂x.
    fn feel(&mut self, solid: &Solid<D>, forces: &Forces<D>) {
        let outside = D as f64 * solid.cell.volume() * self.pressure;
        self.force = (-forces.virial - outside) / self.scale;
    }

    fn advance(&self, solid: &mut Solid<D>, time: f64) {
        let factor = 1.0 + self.velocity * time / self.scale;
        solid.cell = solid.cell.scaled(factor);
        solid.positions.iter_mut().for_each(|position| *position *= factor);
    }
}

/// Minimises the energy over the positions until max_i |F_i| < `tolerance` [energy/length]; with a piston
/// the enthalpy U + pV over positions and box, until the force on the piston is below it, too.
///
/// `forces` must belong to the solid; it holds the final forces on return, and with a piston its list may
/// not belong to the solid any more.
pub fn minimise<const D: usize>(
    solid: &mut Solid<D>,
    forces: &mut Forces<D>,
    tolerance: f64,
    settings: &FireSettings,
    mut piston: Option<Piston<D>>,
) -> Ending {
    forces.evaluate(solid);
    let stiffest = stiffness(solid);
    let unit = |softening: f64| 1.0 / (stiffest * softening).sqrt();
    let mut step = settings.first_step * unit(forces.softening);
    let mut mixing = settings.mixing;
    let mut downhill = 0_u32;
    let mut velocity = vec![Vector::<D>::zeros(); solid.len()];
    for _ in 0..settings.max_evaluations {
        // Pairs that are no parabolas soften on the way down.
        let unit = unit(forces.softening);
        let largest_step = settings.largest_step * unit;
        let smallest_step = settings.smallest_step * unit;
        step = step.min(largest_step);
        let mut sums = passes::sums(&forces.values, &velocity);
        let mut piston_force = 0.0;
        if let Some(piston) = &mut piston {
            piston.feel(solid, forces);
            piston_force = piston.force.abs();
            if solid.cell.shortest_edge() <= piston.smallest_edge.max(2.0 * forces.range) {
                return Ending::Exhausted;
            }
        }
        // The largest force is looked for only where the root of their mean square is small enough.
        let near = sums.force2 < tolerance * tolerance * solid.len() as f64;
        if near && piston_force < tolerance && forces.max_norm() < tolerance {
            return Ending::Converged;
        }
        if !(sums.force2 + piston_force).is_finite() {
            return Ending::NotFinite;
        }
        if let Some(piston) = &piston {
            sums.power += piston.force * piston.velocity;
            sums.speed2 += piston.velocity * piston.velocity;
            sums.force2 += piston.force * piston.force;
        }
        if sums.power > 0.0 {
            downhill += 1;
            if downhill > settings.delay {
                step = (step * settings.grow).min(largest_step);
                mixing *= settings.mixing_decay;
            }
        } else {
            if downhill > 0 {
                step = (step * settings.shrink).max(smallest_step);
            }
            downhill = 0;
            mixing = settings.mixing;
            for (position, v) in solid.positions.iter_mut().zip(&mut velocity) {
                *position -= *v * (0.5 * step);
                *v = Vector::zeros();
            }
            if let Some(piston) = &mut piston {
                piston.advance(solid, -0.5 * step);
                piston.velocity = 0.0;
            }
            (sums.power, sums.speed2) = (0.0, 0.0);
        }
        // |v + F Δt|², which the mixing keeps.
        let speed2 = sums.speed2 + step * (2.0 * sums.power + step * sums.force2);
        let turn = mixing * (speed2 / sums.force2).sqrt();
        let (kept, push) = (1.0 - mixing, (1.0 - mixing) * step + turn);
        let positions = &mut solid.positions[..];
        let (force, anchors) = (&forces.values[..], forces.anchors());
        let farthest =
            passes::advance(positions, &mut velocity, force, anchors, [kept, push, step]);
        if let Some(piston) = &mut piston {
            piston.velocity = piston.velocity * kept + piston.force * push;
            let fastest = LARGEST_STRAIN * piston.scale / step;
            piston.velocity = piston.velocity.clamp(-fastest, fastest);
            piston.advance(solid, step);
            forces.evaluate(solid);
        } else {
            forces.evaluate_within(solid, farthest);
        }
    }
    Ending::Exhausted
}
