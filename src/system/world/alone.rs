//! This process alone: what [`super`] is without MPI.

use std::marker::PhantomData;

pub use crate::system::temporary::host;

/// Variables by which a launcher says how many processes it has started.
pub const LAUNCHED: &[&str] =
    &["OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

/// The only rank of the job.
pub struct World;

impl World {
    /// Nothing has to be started.
    ///
    /// # Errors
    /// None.
    pub fn start() -> Result<Self, &'static str> {
        Ok(World)
    }

    /// This process's rank.
    pub fn rank(&self) -> usize {
        0
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        1
    }

    /// The bytes themselves.
    pub fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    /// The own cell.
    pub fn gather(&self, own: &[u8]) -> Vec<u8> {
        own.to_vec()
    }

    /// Nothing has to be ended.
    pub fn finish(self) {}
}

/// No messages.
pub struct Mailbox<'a>(PhantomData<&'a World>);

impl<'a> Mailbox<'a> {
    /// Empty, always.
    pub fn new(_: &'a World) -> Self {
        Mailbox(PhantomData)
    }

    /// There is nobody to send to.
    pub fn send(&mut self, _: usize, _: Vec<u8>) {}

    /// Nobody writes.
    pub fn receive(&mut self) -> Option<(usize, Vec<u8>)> {
        None
    }

    /// Nothing waits.
    pub fn flush(&mut self) {}
}

/// There are not several.
pub fn rank_of_several() -> Option<usize> {
    None
}

/// There are no others to end.
pub fn end_all(_: u8) {}

/// What stands in the place of an MPI library.
pub fn library() -> String {
    "none (built without MPI)".to_owned()
}
