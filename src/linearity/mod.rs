//! How far the linear prediction holds: γ-sweeps, thresholds, rearrangements.

pub mod cause;
mod curve;
pub mod jump;
pub mod path;
pub mod predictor;
pub mod rearrangement;
pub mod referee;
pub mod sweep;
pub mod thresholds;
mod yardstick;
