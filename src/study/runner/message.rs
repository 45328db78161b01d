//! What ranks tell each other. All of it goes through rank 0.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::study::dispatcher::Task;

/// How far a run is, or what a rank adds to that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Items committed as done by this run.
    pub done: u64,
    /// Items committed as failed by this run.
    pub failed: u64,
    /// The failed ones that were tried: directions of a solid that failed are not.
    pub failures: u64,
    /// Time that all ranks have computed [s].
    pub busy: f64,
    /// Time that all ranks have spent in commits [s].
    pub commits: f64,
}

impl std::ops::AddAssign for Progress {
    fn add_assign(&mut self, more: Progress) {
        self.done += more.done;
        self.failed += more.failed;
        self.failures += more.failures;
        self.busy += more.busy;
        self.commits += more.commits;
    }
}

/// From a rank to rank 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Up {
    /// Give me a task.
    Request,
    /// A solid is prepared; its bytes follow. `parts` are the directions that it still needs.
    Solid { unit: u64, parts: Vec<usize> },
    /// So many items are safe on the disk.
    Committed(Progress),
    /// The next item would not be finished in time, or a signal has come.
    Stop,
    /// Everything I had is on the disk, and I was told that nothing comes. The rest of the times.
    Drained(Progress),
}

/// From rank 0 to a rank.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Down {
    /// Do this; for directions the solid's bytes follow.
    Task(Task),
    /// Nothing comes any more: finish what you have (or only what runs), commit, report.
    Drain { discard: bool },
    /// All ranks have drained: close the file.
    Close,
}

/// A message and the bytes of a solid behind it.
pub(super) fn encode<M: Serialize>(message: &M, payload: &[u8]) -> Vec<u8> {
    let header = serde_json::to_vec(message).unwrap_or_default();
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header);
    bytes.extend(payload);
    bytes
}

/// The inverse of [`encode`]; none where the bytes are not a message.
pub(super) fn decode<M: DeserializeOwned>(bytes: &[u8]) -> Option<(M, Vec<u8>)> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (header, payload) = rest.split_at_checked(u64::from_le_bytes(*length) as usize)?;
    Some((serde_json::from_slice(header).ok()?, payload.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_survive_the_journey() {
        let message = Down::Task(Task::Directions { unit: 7, part: 3 });
        let bytes = encode(&message, b"solid");
        assert_eq!(decode(&bytes), Some((message, b"solid".to_vec())));
        assert_eq!(decode::<Down>(&bytes[..5]), None);
        assert_eq!(decode::<Up>(&bytes), None);
    }
}
