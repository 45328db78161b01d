//! Why there is no such solid.

/// What makes a solid impossible.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SolidError {
    #[error("parameter {name} = {value} is out of range (allowed: {allowed})")]
    Parameter { name: String, value: f64, allowed: &'static str },
    #[error(
        "the box is too small: its shortest edge is {edge}, but must exceed twice the interaction range, 2 × {range} = {}",
        2.0 * range
    )]
    BoxTooSmall { edge: f64, range: f64 },
    #[error("{0}")]
    Invalid(String),
}
