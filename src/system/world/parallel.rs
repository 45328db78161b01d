//! The ranks of an MPI job.

use mpi::environment::Universe;
use mpi::ffi::MPI_Comm;
use mpi::raw::AsRaw;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Root};

/// Variables by which a launcher says how many processes it has started.
pub const LAUNCHED: &[&str] = &["OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PMI_SIZE"];

/// All ranks of the job.
pub struct World {
    universe: Universe,
    pub(super) all: SimpleCommunicator,
}

impl World {
    /// Starts MPI.
    ///
    /// # Errors
    /// Why it does not start.
    pub fn start() -> Result<Self, &'static str> {
        // MPI calls come from the main thread only, but there is a second thread.
        match mpi::initialize_with_threading(mpi::Threading::Funneled) {
            Some((universe, threading)) if threading >= mpi::Threading::Funneled => {
                let all = universe.world();
                Ok(World { universe, all })
            }
            Some(_) => Err(
                "this MPI library does not allow a second thread (MPI_THREAD_FUNNELED); use another one",
            ),
            None => Err("MPI does not start"),
        }
    }

    /// This process's rank.
    pub fn rank(&self) -> usize {
        self.all.rank() as usize
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.all.size() as usize
    }

    /// What MPI-IO opens files with.
    pub fn communicator(&self) -> MPI_Comm {
        self.all.as_raw()
    }

    /// Gives rank 0's bytes to all ranks.
    pub fn broadcast(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        let root = self.all.process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        bytes.resize(length as usize, 0);
        // MPI refuses the address of an empty buffer.
        if !bytes.is_empty() {
            root.broadcast_into(&mut bytes[..]);
        }
        bytes
    }

    /// The cells of all ranks, which have the same length, on rank 0; nothing elsewhere.
    pub fn gather(&self, own: &[u8]) -> Vec<u8> {
        let root = self.all.process_at_rank(0);
        if self.rank() != 0 {
            root.gather_into(own);
            return Vec::new();
        }
        let mut all = vec![0_u8; own.len() * self.size()];
        root.gather_into_root(own, &mut all[..]);
        all
    }

    /// Ends MPI; every rank must call it.
    pub fn finish(self) {
        drop(self.all);
        drop(self.universe);
    }
}

fn running() -> Option<SimpleCommunicator> {
    let running = mpi::environment::is_initialized() && !mpi::environment::is_finalized();
    running.then(SimpleCommunicator::world)
}

/// This process's rank, where there are several and MPI runs.
pub fn rank_of_several() -> Option<usize> {
    running().filter(|all| all.size() > 1).map(|all| all.rank() as usize)
}

/// Ends all ranks, where MPI runs.
pub fn end_all(code: u8) {
    if let Some(all) = running() {
        all.abort(i32::from(code));
    }
}

/// The name of this host.
pub fn host() -> String {
    mpi::environment::processor_name().unwrap_or_default()
}

/// The MPI library in one line.
pub fn library() -> String {
    let text = mpi::environment::library_version().unwrap_or_default();
    text.trim_end_matches('\0').lines().next().unwrap_or_default().to_owned()
}
