//! Rattlers of attractive solids on a predicted step: they hang on the backbone and follow it.
//!
//! One that hangs on a single particle rolls along it without a force, so where it meets its next partner
//! depends on the way: on that of the backbone, and on that of all particles' centre, which stays while
//! particles only push each other.

use crate::solid::Vector;

use super::corrector::Corrector;
use super::predictor::Prediction;
use super::state::Point;

/// The backbone is followed in steps of this length [smallest diameter], at most so many: the error is of
/// second order in them, and a rattler must not be caught by whom it only seems to come near.
const ROLLING: f64 = 2e-4;
const MOST_ROLLINGS: f64 = 64.0;

/// How often the backbone is shifted against the rattlers in each: what is left falls by their share.
const ROUNDS: usize = 2;

/// Puts the working solid to where it is expected, seen from a state of it.
pub fn place_predicted<const D: usize>(
    work: &mut Corrector<'_, D>,
    from: &Point<D>,
    predicted: &Prediction<D>,
) {
    let rattler = from.rattler();
    if !work.attractive() || !rattler.contains(&true) {
        return work.place(predicted.gamma, predicted.positions.clone());
    }
    let origin = &from.positions;
    let backbone = rattler.iter().filter(|&&rattles| !rattles).count() as f64;
    let steps = predicted.moved / (ROLLING * work.smallest_diameter);
    let steps = steps.ceil().clamp(1.0, MOST_ROLLINGS);
    let mut positions = origin.clone();
    for round in 0..ROUNDS * steps as usize {
        let share = (round / ROUNDS + 1) as f64 / steps;
        let drift = (0..positions.len())
            .filter(|&i| rattler[i])
            .fold(Vector::<D>::zeros(), |sum, i| sum + (positions[i] - origin[i]))
            / backbone;
        for i in (0..positions.len()).filter(|&i| !rattler[i]) {
            positions[i] = origin[i] + (predicted.positions[i] - origin[i]) * share - drift;
        }
        let gamma = from.gamma + share * (predicted.gamma - from.gamma);
        positions = work.settle(gamma, positions, rattler).clone();
    }
}
