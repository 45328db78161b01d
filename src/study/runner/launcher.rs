//! A rank dies with its launcher: nobody would talk to it any more, and its slots may be given out
//! again by the next job.

/// Variables that the launchers of Open MPI, PMIx and PMI set.
const LAUNCHED: [&str; 3] = ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"];

/// Asks the kernel to end this process together with its parent, where that is a launcher: a
/// program started by hand must survive its shell (`nohup`).
pub fn die_with_launcher() {
    if LAUNCHED.iter().all(|name| std::env::var_os(name).is_none()) {
        return;
    }
    // SAFETY: plain system calls.
    unsafe {
        let parent = libc::getppid();
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        // It may have died before it was asked for.
        if libc::getppid() != parent {
            libc::_exit(i32::from(super::abort::FAILURE));
        }
    }
}
