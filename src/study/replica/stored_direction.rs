//! What a row holds of one direction, as far as its brackets are judged by it.

use super::error::ReplicaError;
use crate::analysis::quantities::{self, THRESHOLDS};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::linearity::cause::Cause;

/// A threshold as it is stored.
#[derive(Clone, Copy)]
pub(super) struct StoredThreshold {
    pub lo: f64,
    pub hi: f64,
    pub cause: Option<Cause>,
}

/// The stored columns of one direction.
pub(super) struct StoredDirection<'r> {
    pub vector: &'r [f64],
    pub linear: &'r [f64],
    pub weights: &'r [f64],
    pub star: StoredThreshold,
    pub contact: StoredThreshold,
    pub rearrangement: StoredThreshold,
}

impl<'r> StoredDirection<'r> {
    /// The first direction of the block.
    ///
    /// # Errors
    /// Where the row does not hold so many.
    pub(super) fn first(row: &'r Row, home: &str, directions: usize) -> Result<Self, ReplicaError> {
        let of = |quantity: &Quantity<_>| -> Result<&'r [f64], ReplicaError> {
            let values = quantity.find(row, home).map_or(&[][..], Values::floats);
            let one = values.len() / directions.max(1);
            Ok(&quantity.floats(row, home, one * directions)?[..one])
        };
        let [star, contact, rearrangement] =
            THRESHOLDS.map(|(bracket, cause)| -> Result<StoredThreshold, ReplicaError> {
                let bracket = bracket.floats(row, home, 2 * directions)?;
                let code = cause.flags(row, home, directions)?.first().copied();
                let cause = code.and_then(Cause::from_code);
                Ok(StoredThreshold { lo: bracket[0], hi: bracket[1], cause })
            });
        Ok(StoredDirection {
            vector: of(&quantities::DIRECTION_VECTOR)?,
            linear: of(&quantities::LINEAR)?,
            weights: of(&quantities::WEIGHTS)?,
            star: star?,
            contact: contact?,
            rearrangement: rearrangement?,
        })
    }
}
