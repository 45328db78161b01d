//! Where the solid is expected at another γ: straight along w = dr/dγ from one predicted contact
//! change to the next.
//!
//! Between contact changes a packing follows its parameters almost linearly; at a contact change w
//! has a kink. A pair that makes or breaks contact at r = σ changes the Hessian by c b bᵀ, with
//! b = n on one particle and −n on the other, n = R/r, and c = ± the jump of u'' at σ. With
//! z = H⁻¹ b the response behind the kink is, by Sherman and Morrison's formula,
//!
//! ```text
//! w⁺ = w⁻ + c z (dσ/dγ − bᵀ w⁻) / (1 + c bᵀ z)
//! ```
//!
//! one solve with the factor that is there already. Where the denominator is not positive the solid
//! loses a contact that it needs: an instability is ahead.

use crate::relax::forces::max_norm;
use crate::relax::hessian::Field;
use crate::solid::neighbors::Candidate;
use crate::solid::parameters::ParameterDirection;
use crate::solid::potential::{Pair, Potential};
use crate::solid::{Solid, Vector};

use super::state::Point;

/// Contact changes that one prediction follows; beyond them it goes straight on. Each costs a
/// solve, a tenth of a factorisation.
const MAX_CHANGES: usize = 12;

/// How exact the response to a contact change is, where it is not solved for with the factor of the state itself.
const RESPONSE_ACCURACY: f64 = 1e-3;

/// A pair that has just changed is not asked again within this relative distance in γ: its gap is
/// rounding there.
const JUST_CHANGED: f64 = 1e-9;

/// A pair that is expected to make or break contact.
#[derive(Clone, Copy, Debug)]
struct Change<const D: usize> {
    candidate: usize,
    gamma: f64,
    /// R/r.
    normal: Vector<D>,
    /// dσ/dγ − bᵀ w: how fast the overlap grows.
    rate: f64,
}

/// A change that w has taken in.
struct Update<const D: usize> {
    i: usize,
    j: usize,
    normal: Vector<D>,
    /// c/(1 + c bᵀ z).
    factor: f64,
    /// z = H⁻¹ b, with the H before this change.
    response: Field<D>,
}

impl<const D: usize> Update<D> {
    /// bᵀ x.
    fn along(&self, x: &Field<D>) -> f64 {
        self.normal.dot(&(x[self.i] - x[self.j]))
    }
}

/// Where the solid is expected at some γ.
pub struct Prediction<const D: usize> {
    pub gamma: f64,
    pub positions: Field<D>,
    /// Sum of the largest displacements between contact changes [length].
    pub moved: f64,
    /// Contact changes that are met on the way, at most [`MAX_CHANGES`].
    pub changes: usize,
    /// The γ of the first contact change that leaves no stable solid, where one is met.
    pub unstable: Option<f64>,
}

/// A pair of the backbone on its way along a direction.
struct Moving {
    candidate: usize,
    i: usize,
    j: usize,
    /// σ at the point of the path [length].
    sigma: f64,
    /// dσ/dγ.
    growth: f64,
}

/// The solid's pairs on their way along a direction, seen from a point of the path.
struct Pairs<'a, const D: usize> {
    solid: &'a Solid<D>,
    pairs: Vec<Moving>,
    /// The γ at which the solid's parameters stand.
    base: f64,
}

impl<'a, const D: usize> Pairs<'a, D> {
    /// Those that may make or break contact: in a network, none.
    fn new(
        solid: &'a Solid<D>,
        candidates: &[Candidate],
        along: &ParameterDirection,
        point: &Point<D>,
    ) -> Self {
        let rattler = point.rattler();
        let candidates = if solid.springs.is_some() { &[] } else { candidates };
        let mut pairs = Vec::with_capacity(candidates.len());
        for (candidate, ends) in candidates.iter().enumerate() {
            let (i, j) = (ends.i as usize, ends.j as usize);
            if rattler[i] || rattler[j] {
                continue;
            }
            let sizes = solid.sizes(i, j);
            let growth = along.growth([solid.species[i], solid.species[j]], sizes);
            pairs.push(Moving { candidate, i, j, sigma: solid.pair(i, j).sigma, growth });
        }
        Self { solid, pairs, base: point.gamma }
    }

    /// The first contact change from γ on, towards larger γ (`sign` = 1) or smaller ones (−1).
    fn next_change(
        &self,
        gamma: f64,
        sign: f64,
        positions: &Field<D>,
        velocity: &Field<D>,
        recent: &[(usize, f64)],
    ) -> Option<Change<D>> {
        let mut soonest = f64::INFINITY;
        let mut found = None;
        for &Moving { candidate, i, j, sigma, growth } in &self.pairs {
            let sigma = sigma + growth * (gamma - self.base);
            let separation = self.solid.cell.minimum_image(positions[i] - positions[j]);
            let distance = separation.norm();
            let closing = separation.dot(&(velocity[i] - velocity[j])) / distance;
            let rate = growth - closing;
            let wait = sign * (distance - sigma) / rate;
            if !(wait < soonest && wait > 0.0) {
                continue;
            }
            let just_changed = |&(changed, at): &(usize, f64)| {
                changed == candidate && (gamma + sign * wait - at).abs() <= JUST_CHANGED * at.abs()
            };
            if recent.iter().any(just_changed) {
                continue;
            }
            soonest = wait;
            let gamma = gamma + sign * wait;
            found = Some(Change { candidate, gamma, normal: separation / distance, rate });
        }
        found
    }
}

/// The γ at which the next pair is predicted to make or break contact, from gaps and their rates;
/// infinite if none is. The parameters of the solid must stand at the point.
pub fn next_contact_change<const D: usize>(
    solid: &Solid<D>,
    candidates: &[Candidate],
    along: &ParameterDirection,
    point: &Point<D>,
) -> f64 {
    Pairs::new(solid, candidates, along, point)
        .next_change(point.gamma, 1.0, &point.positions, &point.velocity, &[])
        .map_or(f64::INFINITY, |change| change.gamma)
}

/// Predicts the solid at γ from a point of the path. The parameters of the solid must stand at the
/// point, and the candidates belong to them.
pub fn predict<const D: usize>(
    solid: &Solid<D>,
    candidates: &[Candidate],
    along: &ParameterDirection,
    point: &Point<D>,
    gamma: f64,
) -> Prediction<D> {
    let pairs = Pairs::new(solid, candidates, along, point);
    let sign = if gamma < point.gamma { -1.0 } else { 1.0 };
    let mut here = point.gamma;
    let mut prediction = Prediction {
        gamma,
        positions: point.positions.clone(),
        moved: 0.0,
        changes: 0,
        unstable: None,
    };
    let mut velocity = point.velocity.clone();
    let mut updates: Vec<Update<D>> = Vec::new();
    let mut recent = Vec::new();
    let advance = |prediction: &mut Prediction<D>, velocity: &Field<D>, step: f64| {
        prediction.moved += max_norm(velocity) * step.abs();
        prediction.positions.iter_mut().zip(velocity).for_each(|(r, w)| *r += w * step);
    };
    while recent.len() < MAX_CHANGES {
        let change = pairs
            .next_change(here, sign, &prediction.positions, &velocity, &recent)
            .filter(|change| sign * (gamma - change.gamma) > 0.0);
        let Some(change) = change else { break };
        advance(&mut prediction, &velocity, change.gamma - here);
        here = change.gamma;
        let candidate = candidates[change.candidate];
        let (i, j) = (candidate.i as usize, candidate.j as usize);
        // An overlap that grows in the direction of the way makes a contact.
        let sense = if sign * change.rate > 0.0 { 1.0 } else { -1.0 };
        let c = sense * stiffness_jump(&solid.interactions.potential, &solid.pair(i, j));
        let mut response = vec![Vector::zeros(); solid.len()];
        response[i] = change.normal;
        response[j] = -change.normal;
        point.solve(&mut response, RESPONSE_ACCURACY);
        for update in &updates {
            let share = update.factor * update.along(&response);
            response
                .iter_mut()
                .zip(&update.response)
                .for_each(|(z, earlier)| *z -= earlier * share);
        }
        let denominator = 1.0 + c * change.normal.dot(&(response[i] - response[j]));
        recent.push((change.candidate, here));
        prediction.changes += 1;
        if !(denominator > 0.0) {
            prediction.unstable = Some(here);
            break;
        }
        let factor = c / denominator;
        velocity.iter_mut().zip(&response).for_each(|(w, z)| *w += z * (factor * change.rate));
        updates.push(Update { i, j, normal: change.normal, factor, response });
    }
    advance(&mut prediction, &velocity, gamma - here);
    prediction
}

/// u''(σ⁻) − u''(σ⁺) of a pair [energy/length²].
pub fn stiffness_jump(potential: &Potential, pair: &Pair) -> f64 {
    potential.stiffness_at_contact(pair) - potential.radial(pair, pair.sigma)[1]
}
