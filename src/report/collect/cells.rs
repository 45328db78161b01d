//! Numbers in the cells of a table.

use super::Estimate;
use crate::study::statistics::quantile;

/// Width of a number with its separator.
const CELL: usize = 10;

/// A number of order 1 with its bounds, and [its interval].
pub(super) fn estimate(of: &Estimate) -> String {
    let bounded = |value: f64| match value {
        value if value.is_infinite() => "open".to_owned(),
        value => format!("{value:.2}"),
    };
    if of.lower.is_nan() {
        return "-".to_owned();
    }
    let (lower, upper) = (bounded(of.lower), bounded(of.upper));
    let value = if lower == upper { lower } else { format!("{lower} to {upper}") };
    let [low, high] = of.interval;
    match low.is_nan() {
        true => value,
        false => format!("{value} [{}, {}]", bounded(low), bounded(high)),
    }
}

/// The quantiles of these probabilities.
pub(super) fn cells(quantiles: &[f64], probabilities: &[f64]) -> String {
    row(probabilities.iter().map(|&p| number(quantile(quantiles, p))))
}

/// Texts in cells beside each other.
pub(super) fn row(texts: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let cells: Vec<String> = texts.into_iter().map(|text| format!("{text:>CELL$}")).collect();
    cells.join(" ")
}

/// Three digits; infinity is "beyond" (what was reached), no value is "-".
pub(super) fn number(value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else if value.is_infinite() {
        "beyond".to_owned()
    } else {
        format!("{value:.2e}")
    }
}
