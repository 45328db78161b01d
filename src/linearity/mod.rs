//! How far the linear prediction holds: γ-sweeps, thresholds, rearrangements.

pub mod cause;
pub mod sweep;
pub mod thresholds;
