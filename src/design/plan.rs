//! The next step of a design, from what the state is to first order.
//!
//! Within one contact set the features follow θ smoothly, and J says how. Where a wall is crossed they
//! jump, and by how much is known beforehand (`walls`). So a step chooses *which* walls it crosses: for a
//! set of crossed walls S it is the shortest Δθ that
//!
//! * makes the errors e + ΔS + J Δθ vanish, as far as that is possible,
//! * keeps every other pair on its side of contact and puts those of S on the other,
//! * stays within the trust region and within the bounds of the parameters:
//!
//! a least-distance problem (`least_distance`) whose errors are elastic: min ½|x|² + ½ ρ|e|². S is empty
//! as long as the targets are met that way. Otherwise it is grown, by the wall whose crossing leaves the
//! least error, one after the other.

use super::least_distance::{Constraint, Constraints, Shortest, shortest};
use super::linearisation::Linearisation;
use super::problem::{Problem, length};
use super::state::State;
use super::walls::Wall;

/// ρ: an error of 1e-5 scales costs as much as a step of length 1. Where the targets can be met within the
/// constraints, what is left of the errors is far below any tolerance.
const STIFFNESS: f64 = 1e10;

/// Distance that pairs keep from contact changes that are not wanted [mean diameter], and by which those
/// that are wanted are exceeded; no pair is asked for more than [`ROOM`] of its present gap.
const MARGIN: f64 = 2e-4;
const CROSSING: f64 = 4e-4;
const ROOM: f64 = 0.3;

/// The targets are met to first order where a step leaves less than this share of the errors.
const MET: f64 = 1e-3;

/// Walls that are tried in full for each place in S: those whose jump leaves the least error, and those
/// that hold the step back most.
const TRIED_BY_JUMP: usize = 10;
const TRIED_BY_FORCE: usize = 6;

/// Another wall is crossed where the error falls by this share at least.
const WORTH_CROSSING: f64 = 0.03;

/// A step as it is planned.
#[derive(Clone, Debug)]
pub struct Step {
    /// Δθ, shape (n_θ,).
    pub change: Vec<f64>,
    /// The errors that are left to first order, jumps included, shape (targets,).
    pub left: Vec<f64>,
    /// The walls that it crosses, among those of the linearisation.
    pub crossed: Vec<usize>,
    /// Does a bound of a parameter hold it back?
    pub bounded: bool,
}

impl Step {
    /// |errors left|.
    pub fn distance(&self) -> f64 {
        length(&self.left)
    }
}

/// What a step is planned from.
pub struct Planner<'a, const D: usize> {
    pub problem: &'a Problem<D>,
    pub state: &'a State<D>,
    pub linear: &'a Linearisation,
    /// Largest change of a parameter, in units of the norm.
    pub radius: f64,
    /// Pairs that are not crossed deliberately.
    pub forbidden: &'a [(usize, usize)],
    /// Most walls that are crossed in one step.
    pub crossings: usize,
}

/// A step with what held it back.
struct Solved {
    step: Step,
    multipliers: Vec<f64>,
}

impl<const D: usize> Planner<'_, D> {
    /// The best step: within the contact set where that meets the targets.
    pub fn best(&self) -> Option<Step> {
        let mut best = self.solve(&[])?;
        let goal = MET * self.state.distance();
        while best.step.distance() > goal && best.step.crossed.len() < self.crossings {
            match self.one_more(&best) {
                Some(better)
                    if better.step.distance() < (1.0 - WORTH_CROSSING) * best.step.distance() =>
                {
                    best = better;
                }
                _ => break,
            }
        }
        Some(best.step)
    }

    /// The best step that crosses one wall more, even if it leaves more errors.
    fn one_more(&self, from: &Solved) -> Option<Solved> {
        let walls = &self.linear.walls.all;
        let with = |wall: usize| -> Vec<usize> {
            from.step.crossed.iter().copied().chain([wall]).collect()
        };
        let mut by_jump: Vec<(f64, usize)> = Vec::new();
        for (wall, Wall { pair, .. }) in walls.iter().enumerate() {
            if from.step.crossed.contains(&wall)
                || self.forbidden.contains(pair)
                || !self.reachable(wall)
            {
                continue;
            }
            let (Some(before), Some(after)) =
                (self.jump(&from.step.crossed), self.jump(&with(wall)))
            else {
                continue;
            };
            let left = from.step.left.iter().zip(before.iter().zip(&after));
            let left: Vec<f64> =
                left.map(|(left, (before, after))| left + after - before).collect();
            by_jump.push((length(&left), wall));
        }
        let mut by_force: Vec<(f64, usize)> = by_jump
            .iter()
            .map(|&(_, wall)| (-from.multipliers[wall], wall))
            .filter(|(force, _)| *force < 0.0)
            .collect();
        by_jump.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        by_force.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut tried: Vec<usize> = by_jump.iter().take(TRIED_BY_JUMP).map(|x| x.1).collect();
        tried.extend(by_force.iter().take(TRIED_BY_FORCE).map(|x| x.1));
        tried.sort_unstable();
        tried.dedup();
        tried
            .into_iter()
            .filter_map(|wall| self.solve(&with(wall)))
            .min_by(|a, b| self.cost(a).total_cmp(&self.cost(b)))
    }

    /// Errors first; of steps that leave as little, the shorter one.
    fn cost(&self, solved: &Solved) -> f64 {
        let scaled = solved.step.change.iter().zip(&self.linear.scales);
        let size = scaled.map(|(x, w)| (x * w).powi(2)).sum::<f64>().sqrt();
        solved.step.distance() + MET * self.state.distance() * size / self.radius
    }

    fn jump(&self, crossed: &[usize]) -> Option<Vec<f64>> {
        if crossed.is_empty() {
            return Some(vec![0.0; self.problem.targets.len()]);
        }
        self.linear.jump(self.problem, self.state, crossed)
    }

    /// Can the wall be crossed within the trust region?
    fn reachable(&self, wall: usize) -> bool {
        let wall = &self.linear.walls.all[wall];
        let slopes = wall.slope.iter().zip(&self.linear.scales);
        let most = slopes.map(|(slope, scale)| (slope / scale).abs()).sum::<f64>() * self.radius;
        wall.gap.abs() + CROSSING < most
    }

    /// The step that crosses these walls and no others; none where there is none.
    fn solve(&self, crossed: &[usize]) -> Option<Solved> {
        let jump = self.jump(crossed)?;
        let start: Vec<f64> = self.state.errors.iter().zip(&jump).map(|(e, j)| e + j).collect();
        self.nearest(crossed, &start, None)
    }

    /// The change nearest to some noise, in units of the norm, that leaves errors and contacts as they are.
    pub fn tamed(&self, noise: &[f64]) -> Option<Vec<f64>> {
        let none = vec![0.0; self.problem.targets.len()];
        Some(self.nearest(&[], &none, Some(noise))?.step.change)
    }

    /// The step nearest to a centre (or to nothing) that cancels these errors and crosses these walls.
    fn nearest(&self, crossed: &[usize], start: &[f64], centre: Option<&[f64]>) -> Option<Solved> {
        let linear = self.linear;
        let (targets, n) = (self.problem.targets.len(), linear.theta.len());
        let softness = 1.0 / STIFFNESS.sqrt();
        let scaled = |row: &[f64]| -> Vec<f64> {
            let mut normal: Vec<f64> = row.iter().zip(&linear.scales).map(|(x, w)| x / w).collect();
            normal.resize(n + targets, 0.0);
            normal
        };
        let equal = linear.jacobian.iter().zip(start).enumerate();
        let equal = equal.map(|(index, (row, error))| {
            let mut normal = scaled(row);
            normal[n + index] = softness;
            Constraint { normal, bound: -error }
        });
        let at_least = linear.walls.all.iter().enumerate().map(|(index, wall)| {
            let crosses = crossed.contains(&index);
            // The side of contact on which the pair shall be: 1 apart, −1 in contact.
            let side = if (wall.gap > 0.0) != crosses { 1.0 } else { -1.0 };
            let distance = match crosses {
                true => CROSSING,
                false => MARGIN.min(ROOM * wall.gap.abs()),
            };
            let mut normal = scaled(&wall.slope);
            normal.iter_mut().for_each(|x| *x *= side);
            Constraint { normal, bound: distance - side * wall.gap }
        });
        let mut constraints = Constraints {
            equal: equal.collect(),
            at_least: at_least.collect(),
            lower: vec![f64::NEG_INFINITY; n + targets],
            upper: vec![f64::INFINITY; n + targets],
        };
        let mut at_range = Vec::with_capacity(n);
        for (q, range) in self.problem.parameters.bounds.iter().enumerate() {
            let (theta, scale) = (linear.theta[q], linear.scales[q]);
            let (down, up) = ((range.start() - theta) * scale, (range.end() - theta) * scale);
            at_range.push(down > -self.radius || up < self.radius);
            constraints.lower[q] = down.max(-self.radius).min(0.0);
            constraints.upper[q] = up.min(self.radius).max(0.0);
        }
        if let Some(centre) = centre {
            constraints.shift(centre);
        }
        let Shortest { mut x, multipliers, at_bound } = shortest(n + targets, &constraints)?;
        if let Some(centre) = centre {
            x.iter_mut().zip(centre).for_each(|(x, centre)| *x += centre);
        }
        let change = x.iter().zip(&linear.scales).map(|(x, w)| x / w).collect::<Vec<f64>>();
        let left = (0..targets)
            .map(|index| {
                let row = linear.jacobian[index].iter().zip(&change);
                start[index] + row.map(|(j, x)| j * x).sum::<f64>()
            })
            .collect();
        let bounded = (0..n).any(|q| at_bound[q] && at_range[q]);
        let step = Step { change, left, crossed: crossed.to_vec(), bounded };
        Some(Solved { step, multipliers })
    }
}
