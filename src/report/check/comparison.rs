//! Compares the stored row of an item with one that was computed again.
//!
//! The same program on the same kind of processor gives the same bits. Any other one rounds
//! differently, and then
//!
//! * floats agree within [`ROUNDING`] of the largest value of their column, what rests on second
//!   derivatives within [`SECOND_ORDER`];
//! * integers and codes are equal;
//! * brackets of thresholds overlap;
//! * some columns say nothing (`IMMATERIAL`): what work was done, rounding errors themselves, bases
//!   that are not unique, positions at a γ that may have moved within its bracket.

use crate::analysis::quantities as q;
use crate::analysis::values::{Row, Values};

/// Rounding of what is computed again from the same positions, relative to the largest value of
/// the column: the condition of H at low pressure costs some digits.
pub const ROUNDING: f64 = 1e-9;
/// The same for second derivatives.
pub const SECOND_ORDER: f64 = 1e-6;
/// Unit vectors that differ by more are other vectors: those of nearly equal singular values.
const SAME_DIRECTION: f64 = 1e-6;

const SECOND_DERIVATIVES: [&str; 3] = [q::CURVATURE.name, q::GAMMA_TILDE.name, q::QUADRATIC.name];
const BRACKETS: [&str; 3] =
    [q::GAMMA_STAR.name, q::GAMMA_CONTACT.name, q::GAMMA_REARRANGEMENT.name];
/// Columns that other rounding changes freely; vectors, gaps and ζ are checked as identities.
const IMMATERIAL: [&str; 10] = [
    q::STEPS.name,
    q::RELAXATIONS.name,
    q::FACTORISATIONS.name,
    q::FORCE_EVALUATIONS.name,
    q::MAX_FORCE.name,
    q::LEFT.name,
    q::RIGHT.name,
    q::GAP.name,
    q::ZETA.name,
    q::DIRECTION_VECTOR.name,
];

/// How exactly two rows have to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactness {
    /// In every bit.
    Bits,
    /// Within rounding.
    Rounding,
}

/// What a comparison came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The columns that differ, one line each.
    Differences(Vec<String>),
    /// They cannot be compared, for this reason.
    Impossible(&'static str),
}

/// Compares two rows of one item.
pub fn compare(stored: &Row, again: &Row, exactness: Exactness) -> Comparison {
    if exactness == Exactness::Rounding && other_directions(stored, again) {
        return Comparison::Impossible(
            "other singular vectors, which are not unique where singular values are nearly equal",
        );
    }
    let mut lines = Vec::new();
    for ((path, old), (name, new)) in stored.iter().zip(again) {
        let differing = match exactness {
            _ if path != name || old.len() != new.len() => old.len().max(1),
            Exactness::Bits => different_bits(old, new),
            Exactness::Rounding => different_values(path, old, new),
        };
        if differing > 0 {
            lines.push(format!("{path}: {differing} of {} values differ", old.len()));
        }
    }
    Comparison::Differences(lines)
}

fn different_bits(old: &Values, new: &Values) -> usize {
    fn count<T>(old: &[T], new: &[T], differ: fn(&T, &T) -> bool) -> usize {
        old.iter().zip(new).filter(|(a, b)| differ(a, b)).count()
    }
    match (old, new) {
        (Values::F64(old), Values::F64(new)) => count(old, new, |a, b| a.to_bits() != b.to_bits()),
        (Values::I32(old), Values::I32(new)) => count(old, new, |a, b| a != b),
        (Values::U8(old), Values::U8(new)) => count(old, new, |a, b| a != b),
        _ => old.len().max(1),
    }
}

fn different_values(path: &str, old: &Values, new: &Values) -> usize {
    let name = path.rsplit('/').next().unwrap_or_default();
    if IMMATERIAL.contains(&name) || path.split('/').any(|group| group == q::SNAPSHOTS_GROUP) {
        return 0;
    }
    let (Values::F64(old), Values::F64(new)) = (old, new) else { return different_bits(old, new) };
    if BRACKETS.contains(&name) {
        let pairs = old.chunks_exact(2).zip(new.chunks_exact(2));
        return pairs.filter(|(a, b)| !overlap(a, b)).count();
    }
    let tolerance = if SECOND_DERIVATIVES.contains(&name) { SECOND_ORDER } else { ROUNDING };
    let finite = old.iter().filter(|value| value.is_finite());
    let unit = finite.fold(0.0, |max: f64, value| max.max(value.abs()));
    let same =
        |a: f64, b: f64| (a - b).abs() <= tolerance * unit || a == b || (a.is_nan() && b.is_nan());
    old.iter().zip(new).filter(|(a, b)| !same(**a, **b)).count()
}

/// Two brackets of one threshold; an open end is NaN.
fn overlap(a: &[f64], b: &[f64]) -> bool {
    if a[0].is_nan() || b[0].is_nan() {
        return a[0].is_nan() && b[0].is_nan();
    }
    let end = |bracket: &[f64]| if bracket[1].is_nan() { f64::INFINITY } else { bracket[1] };
    a[1].is_nan() == b[1].is_nan() && a[0] <= end(b) && b[0] <= end(a)
}

fn other_directions(stored: &Row, again: &Row) -> bool {
    stored.iter().zip(again).any(|((path, old), (_, new))| match (old, new) {
        (Values::F64(old), Values::F64(new)) if path.ends_with(q::DIRECTION_VECTOR.name) => {
            let same =
                |a: &f64, b: &f64| (a - b).abs() <= SAME_DIRECTION || (a.is_nan() && b.is_nan());
            old.iter().zip(new).any(|(a, b)| !same(a, b))
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str, values: &[f64]) -> Row {
        vec![(format!("D_n2/{path}"), Values::F64(values.to_vec()))]
    }

    fn agree(path: &str, old: &[f64], new: &[f64], exactness: Exactness) -> bool {
        compare(&row(path, old), &row(path, new), exactness) == Comparison::Differences(Vec::new())
    }

    #[test]
    fn rounding_is_forgiven_only_where_the_origin_differs() {
        use Exactness::{Bits, Rounding};
        let (old, near, far) = ([1.0, 100.0], [1.0 + 1e-9, 100.0], [1.0 + 1e-6, 100.0]);
        assert!(agree("jacobian", &old, &old, Bits) && !agree("jacobian", &old, &near, Bits));
        assert!(agree("jacobian", &old, &near, Rounding));
        assert!(!agree("jacobian", &old, &far, Rounding));
        assert!(agree("sweeps/curvature", &old, &far, Rounding));
        assert!(!agree("jacobian", &old, &[f64::NAN, 100.0], Rounding));
        assert!(agree("gap", &[f64::INFINITY], &[1e12], Rounding));
        let codes = |code| vec![("rank".to_owned(), Values::I32(vec![code]))];
        let different = Comparison::Differences(vec!["rank: 1 of 1 values differ".to_owned()]);
        assert_eq!(compare(&codes(9), &codes(8), Rounding), different);
    }

    #[test]
    fn brackets_agree_where_they_overlap_and_end_alike() {
        let agrees = |old: &[f64; 2], new: &[f64; 2]| {
            agree("sweeps/gamma_star", old, new, Exactness::Rounding)
        };
        let nan = f64::NAN;
        assert!(agrees(&[1.0, 1.01], &[1.005, 1.015]));
        assert!(!agrees(&[1.0, 1.01], &[1.02, 1.03]));
        assert!(agrees(&[1.0, nan], &[1.001, nan]));
        assert!(!agrees(&[1.0, nan], &[1.0, 1.01]));
        assert!(agrees(&[nan, nan], &[nan, nan]) && !agrees(&[nan, nan], &[1.0, nan]));
    }

    #[test]
    fn other_singular_vectors_cannot_be_compared() {
        let one = row("sweeps/direction_vector", &[1.0, 0.0]);
        let other = row("sweeps/direction_vector", &[0.0, 1.0]);
        assert!(matches!(compare(&one, &other, Exactness::Rounding), Comparison::Impossible(_)));
        assert!(matches!(compare(&one, &other, Exactness::Bits), Comparison::Differences(_)));
    }
}
