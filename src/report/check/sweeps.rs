//! What the stored rows of some directions say without any physics.

use crate::analysis::values::{Row, Values};

/// Rounding of quantities that follow from stored ones.
const ROUNDING: f64 = 1e-9;

/// What is wrong with the stored rows of some directions.
pub(super) fn findings(row: &Row, directions: usize) -> Vec<String> {
    let floats = |name: &str| -> Option<&[f64]> {
        row.iter().find(|(path, _)| path.ends_with(&format!("/sweeps/{name}"))).and_then(
            |(_, values)| match values {
                Values::F64(values) => Some(values.as_slice()),
                _ => None,
            },
        )
    };
    let mut wrong = Vec::new();
    for name in ["gamma_star", "gamma_contact", "gamma_rearrangement"] {
        for bracket in floats(name).unwrap_or_default().chunks_exact(2) {
            if bracket[0] > bracket[1] || bracket[0] < 0.0 {
                wrong.push(format!("{name}: [{}, {}] is no bracket", bracket[0], bracket[1]));
            }
        }
    }
    let vectors = floats("direction_vector").unwrap_or_default();
    let parameters = vectors.len() / directions.max(1);
    for vector in vectors.chunks_exact(parameters.max(1)) {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if !((norm - 1.0).abs() <= ROUNDING) {
            wrong.push(format!("a direction has length {norm}"));
        }
    }
    let (zeta, strength, star) = (
        floats("zeta").unwrap_or_default(),
        floats("susceptibility").unwrap_or_default(),
        floats("gamma_star").unwrap_or_default(),
    );
    for ((&zeta, &strength), star) in zeta.iter().zip(strength).zip(star.chunks_exact(2)) {
        let expected = strength * (star[0] * star[1]).sqrt();
        let both_missing = zeta.is_nan() && expected.is_nan();
        if !both_missing && !((zeta - expected).abs() <= ROUNDING * expected.abs()) {
            wrong.push(format!("zeta = {zeta:e}, but s sqrt(lo hi) = {expected:e}"));
        }
    }
    wrong
}
