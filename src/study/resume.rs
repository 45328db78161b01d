//! What is still to be computed in an existing results file.

use std::ops::Range;
use std::path::Path;

use crate::format::archive::{Access, ArchiveError, Item, ItemLayout, State, Writer};
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
        Pending { units: runs, items: layout.len(), longest, ..Pending::default() }
    }

    fn add(&mut self, unit: u64) {
        match self.units.last_mut() {
            Some(run) if run.end == unit => run.end += 1,
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
        let parts = layout.parts(scenario);
        let step = archive.slots_at_once(scenario, VERIFY_BYTES);
        let mut first = 0;
        while first < layout.replicas() {
            let slots = first..(first + step).min(layout.replicas());
            let states = archive.states_of(scenario, &slots)?;
            let good = archive.verify(scenario, &slots)?;
            let rows = layout.rows(scenario, slots.start).start;
            let seconds = archive.item_times("seconds", &(rows..rows + states.len() as u64))?;
            for slot in slots.clone() {
                let offset = (slot - first) as usize * parts;
                let before = found.items;
                for part in 0..parts {
                    let state = states[offset + part];
                    if state == State::Done && good[offset + part] {
                        let seconds = seconds[offset + part];
                        let part = &archive.schemas()[scenario].parts[part];
                        forecast::observe(&mut found.longest[scenario], part, seconds);
                    }
                    if !good[offset + part] {
                        found.corrupt += 1;
                    } else if state == State::Failed && retry_failed {
                        found.retried += 1;
                    } else {
                        found.items += u64::from(state == State::Pending);
                        continue;
                    }
                    found.items += 1;
                    reset.push(layout.row(Item { scenario, slot, part }));
                }
                if found.items > before {
                    found.add(scenario as u64 * layout.replicas() + slot);
                }
            }
            first = slots.end;
        }
    }
    if !reset.is_empty() {
        let shape = shape(archive.study());
        drop(archive);
        let writer = Writer::open(path, Access::Serial, shape, "")?;
        writer.reset(&reset)?;
        writer.close()?;
    }
    Ok(found)
}
