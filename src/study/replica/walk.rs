//! Follows a solid along a direction by the plain minimiser alone.

use super::examination::settle;
use crate::relax::RelaxError;
use crate::relax::newton::Equilibrium;
use crate::solid::parameters::ParameterSpace;
use crate::solid::{Solid, Vector};

/// Steps on the first branch: these shares of its length.
const ELASTIC: [f64; 4] = [0.125, 0.25, 0.5, 1.0];
/// Where those contradict the file, so many equal steps, the last of which is halved so many times: where a
/// solid is soft, and close before an instability, a long step of the minimiser can lead elsewhere.
const EQUAL: u32 = 64;
const HALVINGS: i32 = 5;
/// A solid within this distance [smallest diameter] has returned (docs/theory.md).
const RETURNED: f64 = 1e-6;

/// A relaxed solid at some γ.
#[derive(Clone)]
pub(super) struct Settled<const D: usize> {
    pub gamma: f64,
    pub solid: Solid<D>,
    pub equilibrium: Equilibrium<D>,
}

/// A state on the way to another one.
pub(super) struct Visited<const D: usize> {
    gamma: f64,
    positions: Vec<Vector<D>>,
    rattler: Vec<bool>,
}

/// The way of a solid from γ = 0.
pub(super) struct Walk<'r, const D: usize> {
    pub solid: Solid<D>,
    pub space: ParameterSpace,
    pub theta: Vec<f64>,
    pub vector: &'r [f64],
    /// The γ up to which no contact changes.
    pub first_branch: f64,
}

impl<const D: usize> Walk<'_, D> {
    /// Relaxes the solid at γ from these positions.
    pub fn relax_from(
        &self,
        positions: &[Vector<D>],
        gamma: f64,
    ) -> Result<Settled<D>, RelaxError> {
        let pairs = self.theta.iter().zip(self.vector);
        let moved: Vec<f64> = pairs.map(|(value, slope)| value + gamma * slope).collect();
        let mut solid = self.solid.clone();
        self.space.apply(&mut solid.interactions, &moved);
        solid.positions = positions.to_vec();
        let equilibrium = settle(&mut solid)?;
        Ok(Settled { gamma, solid, equilibrium })
    }

    /// The γ that are visited on the way to `target`: few up to the first contact change, or more
    /// where the way is `close`, then growing by `growth`.
    pub fn steps(&self, target: f64, growth: f64, close: bool) -> Vec<f64> {
        let elastic = target.min(self.first_branch);
        let mut steps: Vec<f64> = if close {
            let part = f64::from(EQUAL).recip();
            let equal = (1..EQUAL).map(|step| part * f64::from(step));
            let halved = (1..=HALVINGS).map(|halving| 1.0 - part * 0.5_f64.powi(halving));
            equal.chain(halved).chain([1.0]).map(|share| share * elastic).collect()
        } else {
            ELASTIC.iter().map(|share| share * elastic).collect()
        };
        let mut gamma = elastic;
        while gamma > 0.0 && gamma * growth < target {
            gamma *= growth;
            steps.push(gamma);
        }
        if target > elastic {
            steps.push(target);
        }
        steps
    }

    /// Visits these γ one after the other, from γ = 0: where it has been, and where it ends.
    pub fn walk(&self, steps: &[f64]) -> Result<(Vec<Visited<D>>, Settled<D>), RelaxError> {
        let mut here = self.relax_from(&self.solid.positions, 0.0)?;
        let mut way = Vec::with_capacity(steps.len());
        for &gamma in steps {
            let next = self.relax_from(&here.solid.positions, gamma)?;
            let rattler = here.equilibrium.contacts.rattler;
            way.push(Visited { gamma: here.gamma, positions: here.solid.positions, rattler });
            here = next;
        }
        Ok((way, here))
    }

    /// Whether walking back from the end of this way leads over the same states. Coming back to γ = 0 alone does
    /// not say so: a hysteresis that began and ended on the way would not be seen.
    pub fn returns(&self, way: &[Visited<D>], there: &Settled<D>) -> bool {
        let mut positions = there.solid.positions.clone();
        way.iter().rev().all(|before| {
            let Ok(state) = self.relax_from(&positions, before.gamma) else { return false };
            positions = state.solid.positions;
            let rattlers = before.rattler.iter().zip(&state.equilibrium.contacts.rattler);
            let rattler: Vec<bool> = rattlers.map(|(before, now)| *before || *now).collect();
            self.is_back(&positions, &before.positions, &rattler)
        })
    }

    /// Whether no particle of the backbone has moved, modulo translation.
    pub fn is_back(&self, a: &[Vector<D>], b: &[Vector<D>], rattler: &[bool]) -> bool {
        let held: Vec<usize> = (0..a.len()).filter(|&i| !rattler[i]).collect();
        let shift = |i: usize| self.solid.cell.minimum_image(a[i] - b[i]);
        let mean = held.iter().fold(Vector::<D>::zeros(), |sum, &i| sum + shift(i))
            / held.len().max(1) as f64;
        let distance = held.iter().map(|&i| (shift(i) - mean).norm()).fold(0.0, f64::max);
        distance <= RETURNED * self.solid.extreme_diameters().0
    }
}
