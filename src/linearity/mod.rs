//! How far the linear prediction holds: γ-sweeps, thresholds, rearrangements.

mod bracket;
pub mod cause;
mod continuation;
pub mod correction;
pub mod corrector;
mod curve;
mod found;
pub mod judge;
pub mod jump;
pub mod origin;
pub mod path;
mod polishing;
pub mod predictor;
pub mod problem;
pub mod referee;
pub mod returning;
pub mod rolling;
mod run;
pub mod settings;
pub mod state;
mod stride;
pub mod sweep;
pub mod thresholds;
mod yardstick;
