//! Two-sided messages that never block: sends are buffered here until MPI has taken them, and
//! receives happen only when a message is there.

use std::os::raw::{c_int, c_void};
use std::time::Duration;

use mpi::ffi;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{AsRaw as _, Communicator as _, MatchedReceiveVec as _, Source as _};

use super::World;

/// All messages share one tag: their content says what they are.
const TAG: c_int = 7;

/// How long is waited for MPI to take the last messages, again and again.
const WAIT: Duration = Duration::from_millis(1);

/// The messages of one rank.
pub struct Mailbox<'a> {
    world: &'a SimpleCommunicator,
    outgoing: Vec<(ffi::MPI_Request, Vec<u8>)>,
}

// MPI errors are fatal by the communicator's error handler (the default): they end the job with
// MPI's own message, so the return codes below carry no information.
impl<'a> Mailbox<'a> {
    /// Of this job.
    pub fn new(world: &'a World) -> Self {
        Mailbox { world: &world.all, outgoing: Vec::new() }
    }

    /// Hands a message to MPI.
    pub fn send(&mut self, rank: usize, bytes: Vec<u8>) {
        // A moved vector keeps its heap buffer, so the address stays valid in `outgoing`.
        let mut request = std::mem::MaybeUninit::uninit();
        // SAFETY: the buffer lives in `outgoing` until `MPI_Test` says that the send is complete.
        let request = unsafe {
            ffi::MPI_Isend(
                bytes.as_ptr().cast::<c_void>(),
                bytes.len() as c_int,
                ffi::RSMPI_UINT8_T,
                rank as c_int,
                TAG,
                self.world.as_raw(),
                request.as_mut_ptr(),
            );
            request.assume_init()
        };
        self.outgoing.push((request, bytes));
        self.progress();
    }

    /// Forgets the sends that MPI has completed.
    fn progress(&mut self) {
        self.outgoing.retain_mut(|(request, _)| {
            let mut complete: c_int = 0;
            // SAFETY: the request is ours and not complete yet.
            unsafe { ffi::MPI_Test(request, &raw mut complete, ffi::RSMPI_STATUS_IGNORE) };
            complete == 0
        });
    }

    /// The next message that has arrived, with its sender.
    pub fn receive(&mut self) -> Option<(usize, Vec<u8>)> {
        self.progress();
        let arrived = self.world.any_process().immediate_matched_probe_with_tag(TAG)?;
        let (bytes, status) = arrived.matched_receive_vec();
        Some((status.source_rank() as usize, bytes))
    }

    /// Waits until MPI has taken every message.
    pub fn flush(&mut self) {
        while !self.outgoing.is_empty() {
            self.progress();
            std::thread::sleep(WAIT);
        }
    }
}
