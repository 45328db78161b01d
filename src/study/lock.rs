//! The side file `OUT.h5.lock`: one job at a time writes a results file, while readers stay free.
//!
//! A lock on the HDF5 file itself would shut readers out. The side file says who writes; it is
//! made whole under a name of its own and then linked, so nobody ever reads half of it. A job
//! that was killed leaves it behind: it is taken over where its process is known to be gone.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::holder::{Holder, Life};
use crate::system::disk::with_suffix;
use crate::system::temporary::{sweep, temporary};

/// Tries to take a lock whose holder is gone; several jobs may try at once.
const ATTEMPTS: usize = 5;
/// Why the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another job writes the file.
    #[error("{}: is being written by {holder}; wait until it has ended, or end it{}", output.display(), with_job("scancel", holder))]
    Held {
        /// The results file.
        output: PathBuf,
        /// Who writes it.
        holder: Box<Holder>,
    },
    /// Another job may be writing the file.
    #[error("{}: {holder} may still be writing it, which cannot be told from this host; make sure that it has ended{}, then remove {}", output.display(), with_job("squeue -j", holder), lock.display())]
    Unclear {
        /// The results file.
        output: PathBuf,
        /// Its lock.
        lock: PathBuf,
        /// Who may be writing it.
        holder: Box<Holder>,
    },
    /// A lock that this program has not written.
    #[error("{}: cannot be read as a lock ({found}); make sure that no job writes the results, then remove it", lock.display())]
    Foreign {
        /// The lock.
        lock: PathBuf,
        /// What is wrong with it.
        found: String,
    },
    /// The file system refused something.
    #[error("{}: cannot {action}: {source}; choose a directory that you may write to", lock.display())]
    Io {
        /// The lock.
        lock: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
}

/// A command with the number of the holder's job, where it has one.
fn with_job(command: &str, holder: &Holder) -> String {
    if holder.job.is_empty() { String::new() } else { format!(" ({command} {})", holder.job) }
}

/// The name of a results file's lock.
pub fn lock_path(output: &Path) -> PathBuf {
    with_suffix(output, ".lock")
}

/// Who holds the lock of a results file; none where nobody does.
pub fn holder(output: &Path) -> Result<Option<Holder>, LockError> {
    read(&lock_path(output))
}

fn read(path: &Path) -> Result<Option<Holder>, LockError> {
    let lock = path.to_owned();
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(LockError::Io { lock, action: "read the lock", source }),
    };
    match serde_json::from_slice(&text) {
        Ok(holder) => Ok(Some(holder)),
        Err(error) => Err(LockError::Foreign { lock, found: error.to_string() }),
    }
}

/// The right to write a results file; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    own: Holder,
    output: PathBuf,
}

impl Lock {
    /// Takes the lock of a results file, which need not exist yet, for a job of `ranks` ranks.
    pub fn take(output: &Path, ranks: usize) -> Result<Self, LockError> {
        let own = Holder::this_process(ranks);
        let path = lock_path(output);
        sweep(&path);
        let draft = temporary(&path);
        let made = write_draft(&draft, &own)
            .map_err(|source| LockError::Io { lock: path.clone(), action: "make the lock", source })
            .and_then(|()| settle(output, &path, &draft));
        // It is either linked to the lock's name or of no use.
        let _ = std::fs::remove_file(&draft);
        made.map(|()| Lock { own, output: output.to_owned() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if holder(&self.output).is_ok_and(|holder| holder.as_ref() == Some(&self.own)) {
            // A lock that stays is recognised as stale.
            let _ = std::fs::remove_file(lock_path(&self.output));
        }
    }
}

fn write_draft(draft: &Path, own: &Holder) -> std::io::Result<()> {
    let mut file = std::fs::File::create(draft)?;
    file.write_all(&serde_json::to_vec_pretty(own)?)?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// Gives the draft the lock's name, unless a running job has it.
fn settle(output: &Path, path: &Path, draft: &Path) -> Result<(), LockError> {
    let io = |action| move |source| LockError::Io { lock: path.to_owned(), action, source };
    for _ in 0..ATTEMPTS {
        match std::fs::hard_link(draft, path) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(io("make the lock")(source)),
        }
        // It may have been given back in between.
        let Some(found) = holder(output)? else { continue };
        let holder = Box::new(found.clone());
        let output = output.to_owned();
        match found.life() {
            Life::Running => return Err(LockError::Held { output, holder }),
            Life::Unknown => {
                return Err(LockError::Unclear { output, lock: path.to_owned(), holder });
            }
            Life::Gone => remove_stale(path).map_err(io("remove the stale lock"))?,
        }
    }
    Err(io("make the lock")(std::io::ErrorKind::ResourceBusy.into()))
}

/// Removes a stale lock, unless another job has replaced it since it was read. Whoever removes one
/// holds the system's lock on the file that has the name, so that a new lock is never removed.
fn remove_stale(path: &Path) -> std::io::Result<()> {
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    match file.lock() {
        // Without such locks the moment between reading and removing is all that is not guarded.
        Err(error) if error.kind() != std::io::ErrorKind::Unsupported => return Err(error),
        _ => {}
    }
    let opened = file.metadata()?.ino();
    let named = std::fs::metadata(path).map(|metadata| metadata.ino());
    let gone = read(path).is_ok_and(|found| found.is_some_and(|it| it.life() == Life::Gone));
    if named.is_ok_and(|named| named == opened) && gone {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn output(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("out.h5")
    }

    fn leave(output: &Path, change: impl FnOnce(&mut Holder)) {
        let mut holder = Holder::this_process(3);
        change(&mut holder);
        let text = serde_json::to_vec(&holder).expect("serialises");
        std::fs::write(lock_path(output), text).expect("writable");
    }

    #[test]
    fn a_second_job_is_refused_and_told_who_holds_the_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        let lock = Lock::take(&output, 2).expect("free");
        let message = Lock::take(&output, 2).expect_err("held").to_string();
        let own = Holder::this_process(2);
        let pid = format!("process {} on {}", own.pid, own.host);
        assert!(message.contains(&pid) && message.contains("wait until"), "{message}");
        drop(lock);
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 0);
        drop(Lock::take(&output, 2).expect("free again"));
    }

    #[test]
    fn a_stale_lock_is_taken_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        let changes: [fn(&mut Holder); 3] = [
            |holder| holder.pid = u32::MAX,
            |holder| holder.process_start += 1,
            |holder| holder.boot = "an earlier one".to_owned(),
        ];
        for change in changes {
            leave(&output, change);
            drop(Lock::take(&output, 1).expect("stale"));
        }
    }

    #[test]
    fn a_lock_of_another_host_is_not_taken_over_without_knowing() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        leave(&output, |holder| holder.host = "elsewhere".to_owned());
        let message = Lock::take(&output, 1).expect_err("unknown").to_string();
        assert!(message.contains("elsewhere") && message.contains("out.h5.lock"), "{message}");
        assert!(lock_path(&output).exists());
    }

    #[test]
    fn a_lock_that_is_none_is_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        std::fs::write(lock_path(&output), "mine").expect("writable");
        let error = Lock::take(&output, 1).expect_err("foreign");
        assert!(matches!(error, LockError::Foreign { .. }), "{error}");
    }

    #[test]
    fn of_many_jobs_at_once_one_gets_a_stale_lock() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        leave(&output, |holder| holder.pid = u32::MAX);
        // Threads share a process, hence a draft: only the takeover itself is tried here.
        let winners: usize = std::thread::scope(|scope| {
            let try_one = |index: usize| {
                let output = output.clone();
                move || {
                    let path = lock_path(&output);
                    let draft = with_suffix(&path, &format!(".{index}"));
                    let mut own = Holder::this_process(1);
                    own.ranks = index;
                    write_draft(&draft, &own).expect("writable");
                    let _ = remove_stale(&path);
                    usize::from(settle(&output, &path, &draft).is_ok())
                }
            };
            let threads: Vec<_> = (0..8).map(|index| scope.spawn(try_one(index))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
        });
        assert_eq!(winners, 1);
    }
}
