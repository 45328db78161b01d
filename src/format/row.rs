//! What a rank hands over to be stored: the row of a part, or why there is none.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// One part of a replica's work; the unit that is handed out, committed and checksummed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Part {
    /// Preparation, features, Jacobians, singular values of every parameterisation.
    Solid,
    /// The γ-sweeps of a block of directions of one parameterisation.
    Directions {
        /// Index of the parameterisation (θ) in the scenario.
        parameterisation: usize,
        /// The directions, as indices of the sweep axis.
        directions: Range<usize>,
    },
}

impl Part {
    /// The parameterisation of directions; none of a solid.
    pub fn parameterisation(&self) -> Option<usize> {
        match self {
            Part::Solid => None,
            Part::Directions { parameterisation, .. } => Some(*parameterisation),
        }
    }
}

/// Why an item failed; it is recorded and the ensemble goes on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    /// One line; what exceeds [`REASON_LENGTH`] bytes is stored with an ellipsis.
    pub reason: String,
}

/// Length of the stored reason in bytes: the longest that the program writes, with room for the
/// path of a file.
pub const REASON_LENGTH: usize = 320;
