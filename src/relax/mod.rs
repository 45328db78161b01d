//! Finding the minimum: FIRE, Newton polish, pressure control.

mod conjugate;
pub mod disorder;
mod dissection;
pub mod fire;
pub mod forces;
pub mod hessian;
pub mod holes;
mod images;
mod lanes;
mod laws;
mod line_search;
pub mod newton;
mod ordering;
mod pairs;
mod passes;
mod pattern;
pub mod prepare;
pub mod pressure;
#[cfg(test)]
mod processors;
pub mod rattlers;
mod rest;
mod triangular;

use crate::solid::SolidError;
use hessian::HessianError;

/// Why no minimum was found.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum RelaxError {
    #[error("not converged: max|F| = {max_force:.2e}, accepted {accepted:.2e}")]
    NotConverged { max_force: f64, accepted: f64 },
    #[error("a force stopped being finite")]
    NotFinite,
    #[error("unjammed: no backbone carries the load")]
    Unjammed,
    #[error("lost rigidity: the Hessian is not positive definite")]
    NotRigid,
    #[error("pressure {target:.2e} not reached (last {reached:.2e})")]
    PressureNotReached { target: f64, reached: f64 },
    #[error("no solid after {attempts} attempts, the last one: {last}")]
    NoAttemptLeft { attempts: u64, last: String },
    #[error(transparent)]
    Solid(#[from] SolidError),
    #[error("not enough memory for the Hessian")]
    OutOfMemory,
}

impl From<HessianError> for RelaxError {
    fn from(error: HessianError) -> Self {
        match error {
            HessianError::NotPositiveDefinite => RelaxError::NotRigid,
            HessianError::NoBackbone => RelaxError::Unjammed,
            HessianError::OutOfMemory => RelaxError::OutOfMemory,
        }
    }
}
