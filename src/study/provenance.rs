//! Where a results file comes from.

use std::time::{SystemTime, UNIX_EPOCH};

use super::archive::{PROCESSOR_LENGTH, Provenance};

/// The version of this program.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");
/// The commit that it was built from.
pub const COMMIT: &str = env!("AMORPH_COMMIT");

/// What it was built with: compiler, target, profile.
const COMPILER: &str = env!("AMORPH_COMPILER");

const SECONDS_PER_DAY: u64 = 86_400;

/// The provenance of a file that is made now by a job of `ranks` ranks.
pub fn provenance(ranks: usize) -> Provenance {
    let directory = std::env::current_dir();
    let entries = [
        ("program_version", PROGRAM_VERSION.to_owned()),
        ("commit", COMMIT.to_owned()),
        ("mpi_version", mpi_version()),
        ("hdf5_version", hdf5_version()),
        ("compiler", COMPILER.to_owned()),
        ("created", timestamp(SystemTime::now())),
        ("ranks", ranks.to_string()),
        ("command", std::env::args().collect::<Vec<_>>().join(" ")),
        ("directory", directory.unwrap_or_default().display().to_string()),
        ("host", mpi::environment::processor_name().unwrap_or_default()),
        ("processor", processor()),
    ];
    Provenance {
        entries: entries.into_iter().map(|(name, text)| (name.to_owned(), text)).collect(),
    }
}

/// Version and commit: results of equal programs are equal.
pub fn program() -> String {
    program_of(PROGRAM_VERSION, COMMIT)
}

/// The same of another program. A commit whose tracked files were changed ends in `-dirty` and a
/// hash of the changes.
pub fn program_of(version: &str, commit: &str) -> String {
    const SHORT: usize = 12;
    let (commit, changes) = commit.split_at(commit.find('-').unwrap_or(commit.len()));
    format!("{version} ({}{changes})", commit.get(..SHORT).unwrap_or(commit))
}

/// What decides about the last bits of a result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// Version and commit.
    pub program: String,
    /// The kind of processor.
    pub processor: String,
}

impl Origin {
    /// This program on this processor.
    pub fn here() -> Self {
        Origin { program: program(), processor: processor() }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let processor =
            if self.processor.is_empty() { "an unknown processor" } else { &self.processor };
        write!(f, "amorph {} on {processor}", self.program)
    }
}

/// The version of the HDF5 library.
pub fn hdf5_version() -> String {
    let (major, minor, release) = hdf5::library_version();
    format!("{major}.{minor}.{release}")
}

/// The kind of processor: results are equal on equal ones.
pub fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("model name"));
    line.and_then(|line| line.split_once(':'))
        .map(|(_, name)| {
            name.trim().chars().filter(char::is_ascii).take(PROCESSOR_LENGTH).collect()
        })
        .unwrap_or_default()
}

/// The MPI library in one line.
pub fn mpi_version() -> String {
    let text = mpi::environment::library_version().unwrap_or_default();
    text.trim_end_matches('\0').lines().next().unwrap_or_default().to_owned()
}

/// A time as `2025-01-31T12:00:00Z`.
pub fn timestamp(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        second / 3600,
        second / 60 % 60,
        second % 60
    )
}

/// Year, month and day of a day since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
/// algorithms": eras of 400 years that begin on 1 March).
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_changed_build_is_another_program_than_its_commit() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(program_of("1.2.3", commit), "1.2.3 (0123456789ab)");
        let changed = program_of("1.2.3", &format!("{commit}-dirty.01234567"));
        assert_eq!(changed, "1.2.3 (0123456789ab-dirty.01234567)");
        assert!(changed.len() <= super::super::archive::PROGRAM_LENGTH);
    }

    #[test]
    fn timestamps_are_utc() {
        let at = |seconds| timestamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "1970-01-01T00:00:00Z");
        assert_eq!(at(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(at(1_735_689_599), "2024-12-31T23:59:59Z");
    }
}
