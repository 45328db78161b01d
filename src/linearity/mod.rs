//! How far the linear prediction holds: γ-sweeps, thresholds, rearrangements.

pub mod cause;
mod continuation;
mod curve;
mod found;
pub mod jump;
pub mod origin;
pub mod path;
pub mod predictor;
pub mod problem;
pub mod rearrangement;
pub mod referee;
pub mod settings;
pub mod state;
pub mod sweep;
pub mod thresholds;
mod yardstick;
