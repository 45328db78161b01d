//! A list of arrays, each with its column and its bytes, and the axes that many of them have.

use super::distribution::{Distribution, PROBABILITIES, bins};
use crate::analysis::axis::{Axis, labelled, valued};
use crate::analysis::values::Kind;
use crate::format::row::Stage;
use crate::format::schema::Column;

/// Arrays with their bytes.
#[derive(Default)]
pub(super) struct Arrays {
    /// What stands before their names.
    pub group: String,
    pub arrays: Vec<(Column, Vec<u8>)>,
}

impl Arrays {
    pub fn add(
        &mut self,
        name: &str,
        kind: Kind,
        axes: &[&Axis],
        unit: &str,
        description: &str,
        bytes: Vec<u8>,
    ) {
        let column = Column {
            path: format!("{}{name}", self.group),
            kind,
            axes: axes.iter().map(|&axis| axis.clone()).collect(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            stage: Stage::Solid,
            replicas: 1,
            flags: Vec::new(),
        };
        self.arrays.push((column, bytes));
    }

    pub fn floats(&mut self, name: &str, axes: &[&Axis], unit: &str, text: &str, values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::F64, axes, unit, text, bytes);
    }

    /// Numbers of something, as floats.
    pub fn numbers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[u64]) {
        let values: Vec<f64> = values.iter().map(|&count| count as f64).collect();
        self.floats(name, axes, "1", text, &values);
    }

    pub fn integers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[i32]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::I32, axes, "1", text, bytes);
    }

    /// The confidence intervals of the quantiles of `name`.
    pub fn intervals(&mut self, (name, unit): (&str, &str), intervals: &[[f64; 2]]) {
        let text =
            "confidence intervals of the quantiles, by bootstrap over solids; of both bounds";
        let axes = [&quantile_axis(), &confidence_axis()];
        let name = format!("{name}_interval");
        self.floats(&name, &axes, unit, text, &interval_ends(intervals));
    }
}

/// An axis of fixed names.
pub(super) fn names(name: &str, labels: &[&str], description: &'static str) -> Axis {
    labelled(name, labels.iter().map(|&label| label.to_owned()).collect(), description)
}

pub(super) fn quantile_axis() -> Axis {
    let description = "probability of the quantile (inverse of the empirical distribution)";
    valued("quantile", PROBABILITIES.to_vec(), "1", description)
}

/// Both ends of an interval.
pub(super) fn confidence_axis() -> Axis {
    names("confidence", &["low", "high"], "end of the 95% confidence interval")
}

pub(super) fn bin_axis(unit: &str) -> Axis {
    let text = "lower end of a logarithmic bin; the first and the last also hold what lies outside";
    valued("bin", bins(), unit, text)
}

pub(super) fn quantiles(of: &Distribution) -> Vec<f64> {
    padded(&of.quantiles, PROBABILITIES.len())
}

/// The ends of the intervals of all quantiles.
pub(super) fn interval_ends(intervals: &[[f64; 2]]) -> Vec<f64> {
    padded(&intervals.concat(), 2 * PROBABILITIES.len())
}

/// With what is missing as not a number.
pub(super) fn padded(values: &[f64], length: usize) -> Vec<f64> {
    let missing = std::iter::repeat(f64::NAN);
    values.iter().copied().chain(missing).take(length).collect()
}
