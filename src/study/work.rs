//! What the engine asks of the physics: to compute one work item.
//!
//! The engine (runner, archive) knows nothing of the physics beyond this page. An
//! implementation is a pure function of (configuration, seed, scenario, replica, part): two
//! calls on two ranks return the same bytes.

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

/// The values of one column in one row (or in the part's block of a row).
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    F64(Vec<f64>),
    I32(Vec<i32>),
    U8(Vec<u8>),
}

impl Values {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Values::F64(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::U8(values) => values.len(),
        }
    }

    /// The floats; none where the values are of another type.
    pub fn floats(&self) -> &[f64] {
        match self {
            Values::F64(values) => values,
            _ => &[],
        }
    }

    /// The codes or flags; none where the values are of another type.
    pub fn codes(&self) -> &[u8] {
        match self {
            Values::U8(values) => values,
            _ => &[],
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a part computed: (path of the column below the scenario's group, values), one entry for
/// every column that the schema assigns to the part, in the schema's order.
pub type Row = Vec<(String, Values)>;

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

/// Computes work items. Every rank owns one; it may keep the last solid's analysis between calls.
pub trait Work: Send {
    /// Prepares and analyses a solid. Also returns the solid itself, as bytes that
    /// [`Work::directions`] accepts on any rank.
    fn solid(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), Failure>;

    /// The bytes of a solid from its stored row (a resumed study).
    fn restore(&self, scenario: usize, row: &Row) -> Result<Vec<u8>, Failure>;

    /// Sweeps a block of directions of a prepared solid.
    fn directions(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &[u8],
        part: &Part,
    ) -> Result<Row, Failure>;
}
