//! The ranks of this job: with MPI, or this process alone. Nobody else knows which.

#[cfg(not(feature = "mpi"))]
mod alone;
#[cfg(feature = "mpi")]
mod mailbox;
#[cfg(feature = "mpi")]
mod parallel;

#[cfg(not(feature = "mpi"))]
pub use alone::{LAUNCHED, Mailbox, World, end_all, host, library, rank_of_several};
#[cfg(feature = "mpi")]
pub use mailbox::Mailbox;
#[cfg(feature = "mpi")]
pub use parallel::{LAUNCHED, World, end_all, host, library, rank_of_several};

/// Whether the program is built with MPI.
pub const WITH_MPI: bool = cfg!(feature = "mpi");
