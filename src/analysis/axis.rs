//! Axes of what is stored.

use super::quantity::Along;

/// What stands along an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Ticks {
    /// 0, 1, 2, …
    Index,
    /// first, first + 1, … (the replicas).
    From(u64),
    /// Names.
    Labels(Vec<String>),
    /// Values, such as the grid of γ.
    Values(Vec<f64>),
}

/// An axis; it becomes a dimension scale in the group of every column that has it, so that a
/// group can be opened alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// Name of the scale.
    pub name: String,
    /// Number of ticks.
    pub length: usize,
    /// The ticks.
    pub ticks: Ticks,
    /// Unit of the ticks; empty: none.
    pub unit: String,
    /// What it counts.
    pub description: &'static str,
}

/// An axis of names.
pub fn labelled(name: &str, labels: Vec<String>, description: &'static str) -> Axis {
    let (name, length) = (name.to_owned(), labels.len());
    Axis { name, length, ticks: Ticks::Labels(labels), unit: String::new(), description }
}

/// An axis of values.
pub fn valued(name: &str, values: Vec<f64>, unit: &str, description: &'static str) -> Axis {
    let (name, length) = (name.to_owned(), values.len());
    Axis { name, length, ticks: Ticks::Values(values), unit: unit.to_owned(), description }
}

/// An axis of fixed names.
fn named(along: Along, names: &[&str], description: &'static str) -> Axis {
    labelled(along.name(), names.iter().map(|&name| name.to_owned()).collect(), description)
}

/// The particles.
pub fn particles(length: usize) -> Axis {
    counted(Along::Particle.name(), length, "index of the particle")
}

/// The directions of space.
pub fn cartesian(dimension: usize) -> Axis {
    named(Along::Cartesian, &["x", "y", "z"][..dimension], "Cartesian axis")
}

/// The ends of a bracket.
pub fn bracket() -> Axis {
    named(Along::Bracket, &["lo", "hi"], "ends of a bracket")
}

/// The allosteric features.
pub fn pairs(length: usize) -> Axis {
    counted(Along::Pair.name(), length, "allosteric feature")
}

/// The two pairs of an allosteric feature.
pub fn role() -> Axis {
    named(Along::Role, &["source", "target"], "source or target")
}

/// The two particles of a pair.
pub fn end() -> Axis {
    named(Along::End, &["first", "second"], "particle of the pair")
}

/// An axis of 0, 1, 2, …
pub fn counted(name: &str, length: usize, description: &'static str) -> Axis {
    Axis { name: name.to_owned(), length, ticks: Ticks::Index, unit: "1".to_owned(), description }
}
