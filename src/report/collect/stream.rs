//! Reads columns of all files block by block: what is done, and whose checksum holds.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use crate::analysis::values::Values;
use crate::format::archive::{ArchiveError, State};
use crate::study::results::Results;

/// Bytes of a column that are read at once.
const BLOCK_BYTES: usize = 1 << 20;

/// One scenario of several files.
pub(in crate::report) struct Stream<'a> {
    archives: &'a [Results],
    scenario: usize,
    /// Items whose checksum does not hold.
    pub corrupt: u64,
    /// The blocks that hold them, as (path, first slot): these are verified at every visit.
    corrupt_blocks: HashSet<(&'a Path, u64)>,
}

impl<'a> Stream<'a> {
    /// Verifies every item.
    pub fn new(archives: &'a [Results], scenario: usize) -> Result<Self, ArchiveError> {
        let (mut corrupt, mut corrupt_blocks) = (0, HashSet::new());
        for archive in archives {
            for slots in archive.blocks(scenario, BLOCK_BYTES) {
                let good = archive.verify(scenario, &slots)?;
                let wrong = good.iter().filter(|good| !**good).count() as u64;
                if wrong > 0 {
                    corrupt += wrong;
                    corrupt_blocks.insert((archive.path(), slots.start));
                }
            }
        }
        Ok(Stream { archives, scenario, corrupt, corrupt_blocks })
    }

    /// Calls `body` with every block of slots and the states of their parts; an item whose checksum
    /// does not hold is pending.
    pub fn blocks(
        &self,
        mut body: impl FnMut(&'a Results, &Range<u64>, &[State]) -> Result<(), ArchiveError>,
    ) -> Result<(), ArchiveError> {
        for archive in self.archives {
            for slots in archive.blocks(self.scenario, BLOCK_BYTES) {
                let mut states = archive.states_of(self.scenario, &slots)?;
                if self.corrupt_blocks.contains(&(archive.path(), slots.start)) {
                    let good = archive.verify(self.scenario, &slots)?;
                    let wrong = states.iter_mut().zip(good).filter(|(_, good)| !good);
                    wrong.for_each(|(state, _)| *state = State::Pending);
                }
                body(archive, &slots, &states)?;
            }
        }
        Ok(())
    }

    /// Calls `body` with the replica and the values of these columns for every done part that computes
    /// them; not at all where the study does not keep one of them.
    pub fn visit<const N: usize>(
        &self,
        paths: [&str; N],
        mut body: impl FnMut(u64, [Values; N]),
    ) -> Result<(), ArchiveError> {
        self.blocks(|archive, slots, states| {
            let schema = &archive.schemas()[self.scenario];
            let mut columns = Vec::with_capacity(N);
            for path in paths {
                let Some(index) = archive.column_index(self.scenario, path) else { return Ok(()) };
                let values = archive.column(self.scenario, index, slots)?;
                columns.push((&schema.columns[index], values));
            }
            for (slot, states) in states.chunks(schema.parts.len()).enumerate() {
                for (part, state) in schema.parts.iter().zip(states) {
                    let range = columns.first().and_then(|(column, _)| column.values_of(part));
                    if *state == State::Done && range.is_some() {
                        let values = std::array::from_fn(|n| {
                            let (column, values) = &columns[n];
                            let (row, own) = (column.row_length(), column.values_of(part));
                            let own = own.unwrap_or(0..0);
                            values.slice(slot * row + own.start..slot * row + own.end)
                        });
                        body(archive.replica(slots.start + slot as u64), values);
                    }
                }
            }
            Ok(())
        })
    }
}
