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
    /// An inverse design over one parameterisation.
    Design {
        /// Index of the parameterisation in the scenario.
        parameterisation: usize,
        /// Index of the design in the scenario.
        design: usize,
    },
}

/// What computes a column. Parts of one stage are of one kind: blocks of one sweep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// [`Part::Solid`].
    Solid,
    /// [`Part::Directions`] of this parameterisation.
    Sweep(usize),
    /// [`Part::Design`] of this parameterisation and design.
    Design(usize, usize),
}

impl Part {
    /// Its stage.
    pub fn stage(&self) -> Stage {
        match *self {
            Part::Solid => Stage::Solid,
            Part::Directions { parameterisation, .. } => Stage::Sweep(parameterisation),
            Part::Design { parameterisation, design } => Stage::Design(parameterisation, design),
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
