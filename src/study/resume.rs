//! What is still to be computed in an existing results file.

use std::ops::Range;
use std::path::Path;

use crate::format::archive::{Access, ArchiveError, ItemLayout, State, Writer};
use crate::study::forecast::{self, Longest};
use crate::study::results;
use crate::study::schema::shape;

/// Bytes of results that are verified at once.
const VERIFY_BYTES: usize = 1 << 20;

/// The units with pending items, and what was found on the way.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pending {
    /// Runs of units, ascending.
    pub units: Vec<Range<u64>>,
    /// Pending items.
    pub items: u64,
    /// Items whose checksum did not hold; they are pending now.
    pub corrupt: u64,
    /// Failed items that are pending again.
    pub retried: u64,
    /// The longest items, one entry per scenario.
    pub longest: Vec<Longest>,
}

impl Pending {
    /// Everything of a new file.
    pub fn all(layout: &ItemLayout) -> Self {
        let units = layout.units();
        let runs = (units > 0).then_some(0..units).into_iter().collect();
        let longest = vec![Longest::default(); layout.scenarios()];
        Pending { units: runs, items: layout.items(), longest, ..Pending::default() }
    }

    /// One more pending item, of this unit or a later one than before.
    fn add(&mut self, unit: u64) {
        self.items += 1;
        match self.units.last_mut() {
            Some(run) if run.end >= unit => run.end = unit + 1,
            _ => self.units.push(unit..unit + 1),
        }
    }
}

/// Verifies every item of the file and makes those pending whose checksum does not hold, and the
/// failed ones where `retry_failed` is set. The file must not be written by anyone else.
///
/// # Errors
/// Also where the file is of an earlier format: its rows have another shape.
pub fn pending(path: &Path, retry_failed: bool) -> Result<Pending, ArchiveError> {
    let archive = results::open(path)?;
    archive.continuable()?;
    let layout = archive.layout();
    let longest = vec![Longest::default(); layout.scenarios()];
    let mut found = Pending { longest, ..Pending::default() };
    let mut reset: Vec<u64> = Vec::new();
    for scenario in 0..layout.scenarios() {
        for slots in archive.blocks(scenario, VERIFY_BYTES) {
            let states = archive.states_of(scenario, &slots)?;
            let good = archive.verify(scenario, &slots)?;
            let seconds = archive.item_times("seconds", &layout.rows(scenario, &slots))?;
            for (index, (&state, good)) in states.iter().zip(good).enumerate() {
                let item = layout.item(scenario, slots.start, index);
                if state == State::Done && good {
                    let part = &archive.schemas()[scenario].parts[item.part];
                    forecast::observe(&mut found.longest[scenario], part, seconds[index]);
                }
                let corrupt = !good;
                let retried = good && state == State::Failed && retry_failed;
                found.corrupt += u64::from(corrupt);
                found.retried += u64::from(retried);
                if corrupt || retried {
                    reset.push(layout.row(item));
                } else if state != State::Pending {
                    continue;
                }
                found.add(scenario as u64 * layout.replicas() + item.slot);
            }
        }
    }
    archive.writable(found.items)?;
    if !reset.is_empty() {
        let shape = shape(archive.study());
        drop(archive);
        let writer = Writer::open(path, Access::Serial, shape, "")?;
        writer.reset(&reset)?;
        writer.close()?;
    }
    Ok(found)
}
