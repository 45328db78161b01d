//! The rows of `/items`: which place each work item has, its state, and its checksum.

use std::ops::Range;

use xxhash_rust::xxh3::Xxh3;

use crate::format::row::REASON_LENGTH;
use crate::format::schema::ScenarioSchema;

/// The state of a work item, as `/items/state` holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Not computed yet: the row has no meaning.
    Pending = 0,
    /// Computed.
    Done = 1,
    /// Failed, with a reason: the row has no meaning.
    Failed = 2,
    /// Not computed, and not to be: an ensemble design had ended before. The row has no meaning.
    Unneeded = 3,
}

impl State {
    /// Every state, in the order of its code.
    pub const ALL: [State; 4] = [State::Pending, State::Done, State::Failed, State::Unneeded];
    /// Those that are counted.
    pub const COUNTED: [State; 3] = [State::Pending, State::Done, State::Failed];

    /// The state with this code.
    pub fn from_code(code: u8) -> Option<State> {
        State::ALL.get(usize::from(code)).copied()
    }

    /// The name in tables and in `flag_meanings`.
    pub fn name(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Done => "done",
            State::Failed => "failed",
            State::Unneeded => "unneeded",
        }
    }
}

/// A work item: a part of a replica of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Item {
    /// Index of the scenario.
    pub scenario: usize,
    /// Row of the replica; the file's first is 0.
    pub slot: u64,
    /// Index of the part in the scenario's schema.
    pub part: usize,
}

/// The order of the items: scenario, replica, part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemLayout {
    replicas: u64,
    parts: Vec<usize>,
    first: Vec<u64>,
    total: u64,
}

impl ItemLayout {
    /// The layout for these scenarios.
    pub fn new(replicas: u64, schemas: &[ScenarioSchema]) -> Self {
        let parts: Vec<usize> = schemas.iter().map(|schema| schema.parts.len()).collect();
        let mut total = 0;
        let first = parts
            .iter()
            .map(|&count| {
                let first = total;
                total += replicas * count as u64;
                first
            })
            .collect();
        ItemLayout { replicas, parts, first, total }
    }

    /// Number of items.
    pub fn items(&self) -> u64 {
        self.total
    }

    /// Replicas of every scenario.
    pub fn replicas(&self) -> u64 {
        self.replicas
    }

    /// Number of scenarios.
    pub fn scenarios(&self) -> usize {
        self.parts.len()
    }

    /// Parts of a replica of the scenario.
    pub fn parts(&self, scenario: usize) -> usize {
        self.parts[scenario]
    }

    /// Number of units: (scenario, replica) pairs.
    pub fn units(&self) -> u64 {
        self.replicas * self.parts.len() as u64
    }

    /// The (scenario, slot) of a unit; units are ordered by scenario, then replica.
    pub fn unit(&self, unit: u64) -> (usize, u64) {
        ((unit / self.replicas) as usize, unit % self.replicas)
    }

    /// The row of an item.
    pub fn row(&self, item: Item) -> u64 {
        self.first[item.scenario] + item.slot * self.parts[item.scenario] as u64 + item.part as u64
    }

    /// The item that stands so far behind the first one of a slot.
    pub fn item(&self, scenario: usize, slot: u64, offset: usize) -> Item {
        let parts = self.parts[scenario];
        Item { scenario, slot: slot + (offset / parts) as u64, part: offset % parts }
    }

    /// The rows of all parts of these slots.
    pub fn rows(&self, scenario: usize, slots: &Range<u64>) -> Range<u64> {
        let row = |slot| self.row(Item { scenario, slot, part: 0 });
        row(slots.start)..row(slots.end)
    }
}

/// The checksum of an item over its identity, its outcome and the bytes of its columns, which
/// follow in the schema's order.
pub struct Checksum(Xxh3);

impl Checksum {
    /// Begins with the identity and the outcome; `replica` is the index in the ensemble, `reason`
    /// the whole cell of the file.
    pub fn new(item: Item, replica: u64, state: State, reason: &[u8]) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&(item.scenario as u64).to_le_bytes());
        hash.update(&replica.to_le_bytes());
        hash.update(&(item.part as u64).to_le_bytes());
        hash.update(&[state as u8]);
        hash.update(reason);
        Checksum(hash)
    }

    /// Adds a column's bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The value that `/items/checksum` holds.
    pub fn finish(&self) -> u64 {
        self.0.digest()
    }
}

/// Ends a reason that is longer than its cell.
const ELLIPSIS: &[u8] = b"...";

/// A reason as it is stored: one line of printable ASCII, with an ellipsis where it had to be cut.
pub fn reason_cell(reason: &str) -> [u8; REASON_LENGTH] {
    let mut cell = [0; REASON_LENGTH];
    for (byte, c) in cell.iter_mut().zip(reason.chars()) {
        *byte = match c {
            ' '..='~' => c as u8,
            _ if c.is_whitespace() => b' ',
            _ => b'?',
        };
    }
    if reason.chars().nth(REASON_LENGTH).is_some() {
        cell[REASON_LENGTH - ELLIPSIS.len()..].copy_from_slice(ELLIPSIS);
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_stored_whole_or_says_that_it_is_cut() {
        let stored = |reason: &str| {
            let cell = reason_cell(reason);
            let end = cell.iter().position(|&byte| byte == 0).unwrap_or(cell.len());
            String::from_utf8_lossy(&cell[..end]).into_owned()
        };
        let fits = "x".repeat(REASON_LENGTH);
        assert_eq!(stored(&fits), fits);
        let cut = stored(&(fits.clone() + "y"));
        assert!(cut.len() == REASON_LENGTH && cut.ends_with("x..."), "{cut}");
    }
}
