//! What the stored rows of some directions say without any physics.

use crate::analysis::directions::DirectionResult;
use crate::analysis::quantities::{
    DIRECTION_VECTOR, GAMMA_STAR, GAMMA_STAR_CAUSE, SUSCEPTIBILITY, THRESHOLDS, ZETA,
};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::linearity::cause::Cause;

/// Rounding of quantities that follow from stored ones.
const ROUNDING: f64 = 1e-9;

/// What is wrong with the stored rows of some directions.
pub(super) fn findings(row: &Row, group: &str, directions: usize) -> Vec<String> {
    let floats = |quantity: &Quantity<DirectionResult>| {
        quantity.find(row, group).map(Values::floats).unwrap_or_default()
    };
    let mut wrong = Vec::new();
    for (threshold, _) in THRESHOLDS {
        for bracket in floats(threshold).chunks_exact(2) {
            if bracket[0] > bracket[1] || bracket[0] < 0.0 {
                let name = threshold.name;
                wrong.push(format!("{name}: [{}, {}] is no bracket", bracket[0], bracket[1]));
            }
        }
    }
    let causes = GAMMA_STAR_CAUSE.find(row, group).map(Values::codes).unwrap_or_default();
    let vectors = floats(&DIRECTION_VECTOR);
    let parameters = vectors.len() / directions.max(1);
    for (place, vector) in vectors.chunks_exact(parameters.max(1)).enumerate() {
        // A solid that lacks some features has fewer singular directions.
        let none = causes.get(place) == Some(&Cause::NotApplicable.code());
        if none && vector.iter().all(|x| x.is_nan()) {
            continue;
        }
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if !((norm - 1.0).abs() <= ROUNDING) {
            wrong.push(format!("a direction has length {norm}"));
        }
    }
    let (zeta, strength, star) = (floats(&ZETA), floats(&SUSCEPTIBILITY), floats(&GAMMA_STAR));
    for ((&zeta, &strength), star) in zeta.iter().zip(strength).zip(star.chunks_exact(2)) {
        let expected = strength * (star[0] * star[1]).sqrt();
        let both_missing = zeta.is_nan() && expected.is_nan();
        if !both_missing && !((zeta - expected).abs() <= ROUNDING * expected.abs()) {
            wrong.push(format!("zeta = {zeta:e}, but s sqrt(lo hi) = {expected:e}"));
        }
    }
    wrong
}
