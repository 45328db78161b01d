//! What the engine asks of the physics: to compute one work item.
//!
//! The engine (runner, archive) knows nothing of the physics beyond this page. An
//! implementation is a pure function of (configuration, seed, scenario, replica, part): two
//! calls on two ranks return the same bytes.

use crate::analysis::values::Row;
use crate::format::row::{Failure, Part};

/// Computes work items. Every rank owns one; it may keep the last solid's analysis between calls.
pub trait Work: Send {
    /// Prepares and analyses a solid. Also returns the solid itself, as bytes that
    /// [`Work::directions`] accepts on any rank.
    fn solid(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), Failure>;

    /// The bytes of a solid from its stored row (a resumed study).
    fn restore(&self, scenario: usize, row: &Row) -> Result<Vec<u8>, Failure>;

    /// Sweeps a block of directions of a prepared solid, or designs it.
    fn directions(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &[u8],
        part: &Part,
    ) -> Result<Row, Failure>;
}
