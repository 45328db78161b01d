//! Who writes a results file, and whether it still runs: from the host's processes, or from SLURM.

use std::process::Command;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::system::temporary::host;
use crate::system::time::timestamp;

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

impl std::fmt::Display for Holder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "process {} on {}", self.pid, self.host)?;
        if !self.job.is_empty() {
            write!(f, " (job {})", self.job)?;
        }
        write!(f, " since {}", self.since)
    }
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

    /// Whether this host's scheduler knows the job. Where the cluster was not known, nobody can
    /// tell: another one may have a job of the same number, or none.
    fn is_of_this_cluster(&self) -> bool {
        !self.cluster.is_empty() && self.cluster == cluster()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_of_another_cluster_is_unknown_whatever_this_scheduler_says() {
        let found = Holder {
            host: "elsewhere".to_owned(),
            job: "17".to_owned(),
            cluster: "another".to_owned(),
            ..Holder::this_process(3)
        };
        assert_eq!(found.life(), Life::Unknown);
        assert!(!found.is_of_this_cluster());
        let text = "AuthType                = auth/munge\nClusterName             = alpha\n";
        assert_eq!(cluster_in(text).as_deref(), Some("alpha"));
    }

    #[test]
    fn a_lock_of_an_earlier_program_has_no_cluster_and_is_unknown_elsewhere() {
        let mut holder = serde_json::to_value(Holder::this_process(1)).expect("serialises");
        holder.as_object_mut().expect("a table").remove("cluster");
        let found: Holder = serde_json::from_value(holder).expect("readable");
        let found = Holder { host: "elsewhere".to_owned(), job: "17".to_owned(), ..found };
        assert_eq!((found.cluster.as_str(), found.life()), ("", Life::Unknown));
    }
}
