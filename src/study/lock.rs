//! The side file `OUT.h5.lock`: one job at a time writes a results file, while readers stay free.
//!
//! A lock on the HDF5 file itself would shut readers out. The side file says who writes; it is
//! made whole under a name of its own and then linked, so nobody ever reads half of it. A job
//! that was killed leaves it behind: it is taken over where its process is known to be gone.

use std::io::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::system::time::timestamp;

/// Tries to take a lock whose holder is gone; several jobs may try at once.
const ATTEMPTS: usize = 5;
/// Longest wait for an answer of the scheduler [s].
const SCHEDULER_PATIENCE: &str = "20";
/// The job's number, and how often it was requeued: every round has the same number.
const JOB_ID: &str = "SLURM_JOB_ID";
const JOB_ROUND: &str = "SLURM_RESTART_COUNT";
/// The cluster of the job: another one may have a job of the same number.
const CLUSTER: &str = "SLURM_CLUSTER_NAME";

/// Who writes a results file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Host of rank 0.
    pub host: String,
    /// This boot of the host: process numbers begin anew with it.
    pub boot: String,
    /// Process of rank 0.
    pub pid: u32,
    /// When the process was started, in the host's clock ticks: process numbers are used again.
    pub process_start: u64,
    /// The scheduler's number of the job; empty without a scheduler.
    pub job: String,
    /// The cluster that the number belongs to; empty where it is not known.
    #[serde(default)]
    pub cluster: String,
    /// How often the job was requeued.
    pub round: u64,
    /// Ranks of the job.
    pub ranks: usize,
    /// When the lock was taken (UTC).
    pub since: String,
}

/// Whether a holder still runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It does.
    Running,
    /// It does not: its lock is stale.
    Gone,
    /// It cannot be told from here.
    Unknown,
}

/// Why the lock cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another job writes the file.
    #[error("{}: is being written by {holder}; wait until it has ended, or end it{}", output.display(), how_to_end(holder))]
    Held {
        /// The results file.
        output: PathBuf,
        /// Who writes it.
        holder: Box<Holder>,
    },
    /// Another job may be writing the file.
    #[error("{}: {holder} may still be writing it, which cannot be told from this host; make sure that it has ended{}, then remove {}", output.display(), how_to_look(holder), lock.display())]
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

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)?;
        if !self.job.is_empty() {
            write!(f, " (job {})", self.job)?;
        }
        write!(f, " since {}", self.since)
    }
}

fn how_to_end(holder: &Holder) -> String {
    if holder.job.is_empty() { String::new() } else { format!(" (scancel {})", holder.job) }
}

fn how_to_look(holder: &Holder) -> String {
    if holder.job.is_empty() { String::new() } else { format!(" (squeue -j {})", holder.job) }
}

impl Holder {
    /// This process, as rank 0 of a job of `ranks` ranks.
    pub fn this_process(ranks: usize) -> Self {
        let pid = std::process::id();
        Holder {
            host: host(),
            boot: boot(),
            pid,
            process_start: process_start(pid).unwrap_or_default(),
            job: std::env::var(JOB_ID).unwrap_or_default(),
            cluster: std::env::var(CLUSTER).unwrap_or_default(),
            round: round(),
            ranks,
            since: timestamp(SystemTime::now()),
        }
    }

    /// A lock of an earlier program has no cluster; it was this one's.
    fn is_of_this_cluster(&self) -> bool {
        self.cluster.is_empty() || self.cluster == cluster()
    }

    /// Whether it still runs, as far as it can be told from here.
    pub fn life(&self) -> Life {
        if self.host == host() {
            let same = self.boot == boot() && process_start(self.pid) == Some(self.process_start);
            return if same { Life::Running } else { Life::Gone };
        }
        if self.job.is_empty() || !self.is_of_this_cluster() {
            return Life::Unknown;
        }
        // A requeued job keeps its number; its earlier rounds have ended.
        if std::env::var(JOB_ID).is_ok_and(|job| job == self.job) && self.round < round() {
            return Life::Gone;
        }
        scheduler_says(&self.job)
    }
}

/// The cluster of this host's scheduler; empty where it cannot be told. Outside a job only the
/// scheduler knows it.
fn cluster() -> String {
    if let Ok(cluster) = std::env::var(CLUSTER) {
        return cluster;
    }
    let asked =
        Command::new("timeout").args([SCHEDULER_PATIENCE, "scontrol", "show", "config"]).output();
    let text = asked.map(|answer| answer.stdout).unwrap_or_default();
    cluster_in(&String::from_utf8_lossy(&text)).unwrap_or_default()
}

/// The cluster's name in SLURM's configuration, lines `KEY = value`.
fn cluster_in(configuration: &str) -> Option<String> {
    let pairs = configuration.lines().filter_map(|line| line.split_once('='));
    let mut named = pairs.filter(|(key, _)| key.trim() == "ClusterName");
    named.next().map(|(_, name)| name.trim().to_owned())
}

fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

fn boot() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

fn round() -> u64 {
    std::env::var(JOB_ROUND).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// When a process was started [clock ticks since the boot]; none where there is no such process.
fn process_start(pid: u32) -> Option<u64> {
    // Field 22; the name in field 2 may hold spaces and ends with the last parenthesis.
    const FIELDS_AFTER_NAME: usize = 19;
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace();
    // A zombie writes nothing any more.
    let state = fields.next()?;
    if state == "Z" || state == "X" {
        return None;
    }
    fields.nth(FIELDS_AFTER_NAME - 1)?.parse().ok()
}

fn scheduler_says(job: &str) -> Life {
    let answer = Command::new("timeout")
        .args([SCHEDULER_PATIENCE, "squeue", "--noheader", "--format=%T", "--jobs", job])
        .output();
    let Ok(answer) = answer else { return Life::Unknown };
    if answer.status.success() {
        let states = String::from_utf8_lossy(&answer.stdout);
        // A pending job is one that waits for its next round.
        let over = ["", "PENDING", "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL"];
        return if over.contains(&states.trim()) { Life::Gone } else { Life::Running };
    }
    // The scheduler forgets a job some minutes after its end.
    let forgotten = String::from_utf8_lossy(&answer.stderr).contains("Invalid job id");
    if forgotten { Life::Gone } else { Life::Unknown }
}

/// The name of a results file's lock.
pub fn lock_path(output: &Path) -> PathBuf {
    with_suffix(output, ".lock")
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
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
    path: PathBuf,
    own: Holder,
    output: PathBuf,
}

impl Lock {
    /// Takes the lock of a results file, which need not exist yet, for a job of `ranks` ranks.
    pub fn take(output: &Path, ranks: usize) -> Result<Self, LockError> {
        let own = Holder::this_process(ranks);
        let path = lock_path(output);
        let draft = with_suffix(&path, &format!(".{}.{}", own.host, own.pid));
        let made = write_draft(&draft, &own)
            .map_err(|source| LockError::Io { lock: path.clone(), action: "make the lock", source })
            .and_then(|()| settle(output, &path, &draft));
        // It is either linked to the lock's name or of no use.
        let _ = std::fs::remove_file(&draft);
        made.map(|()| Lock { path, own, output: output.to_owned() })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if holder(&self.output).is_ok_and(|holder| holder.as_ref() == Some(&self.own)) {
            // A lock that stays is recognised as stale.
            let _ = std::fs::remove_file(&self.path);
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
        let pid = format!("process {} on {}", std::process::id(), host());
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
    fn a_job_of_another_cluster_is_unknown_whatever_this_scheduler_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        leave(&output, |holder| {
            holder.host = "elsewhere".to_owned();
            holder.job = "17".to_owned();
            holder.cluster = "another".to_owned();
        });
        let found = holder(&output).expect("readable").expect("there");
        assert_eq!(found.life(), Life::Unknown);
        assert!(!found.is_of_this_cluster());
        let own = Holder { cluster: cluster(), ..found };
        assert!(own.is_of_this_cluster());
        let text = "AuthType                = auth/munge\nClusterName             = alpha\n";
        assert_eq!(cluster_in(text).as_deref(), Some("alpha"));
    }

    #[test]
    fn a_lock_of_an_earlier_program_has_no_cluster() {
        let folder = tempfile::tempdir().expect("a folder");
        let output = output(&folder);
        let mut holder = serde_json::to_value(Holder::this_process(1)).expect("serialises");
        holder.as_object_mut().expect("a table").remove("cluster");
        std::fs::write(lock_path(&output), holder.to_string()).expect("writable");
        let found = super::holder(&output).expect("readable").expect("there");
        assert!(found.cluster.is_empty() && found.is_of_this_cluster());
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
