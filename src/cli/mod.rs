//! The command line: one file per subcommand, nothing but arguments and printing.

pub mod check;
pub mod completions;
pub mod config;
pub mod design;
pub mod export;
pub mod import;
pub mod init;
pub mod measure;
pub mod merge;
pub mod plan;
pub mod report;
pub mod run;
mod selection;
pub mod stats;
pub mod status;
pub mod version;

use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::report::collect::compatible;
use crate::study::results::{self, Results};
use crate::study::statistics::Counts;
use crate::system::text::tell;

/// How a command ended; its value is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Everything was done.
    Done = 0,
    /// Some items failed, a check found something, or a design did not reach its targets.
    Failed = 3,
    /// Unfinished, such as stopped by the clock or a signal; `run --resume` continues (EX_TEMPFAIL).
    Interrupted = 75,
}

impl Outcome {
    /// How far a results file with these items is: unfinished before failed.
    pub fn of(items: Counts) -> Self {
        match (items.pending, items.failed) {
            (0, 0) => Outcome::Done,
            (0, _) => Outcome::Failed,
            _ => Outcome::Interrupted,
        }
    }
}

/// What a command that cannot do its work returns: a message and the exit code that fits it.
#[derive(Debug)]
pub struct CommandError {
    /// None where it has been printed already.
    pub message: Option<String>,
    pub code: u8,
}

/// Exit code of a usage or configuration error.
pub const USAGE: u8 = 2;
/// Exit code of an I/O failure or a broken invariant.
pub const FAILURE: u8 = 1;

impl CommandError {
    /// A usage or configuration error, or else a failure.
    pub fn of(usage: bool, error: impl ToString) -> Self {
        let code = if usage { USAGE } else { FAILURE };
        CommandError { message: Some(error.to_string()), code }
    }

    /// A usage or configuration error.
    pub fn usage(error: impl ToString) -> Self {
        CommandError::of(true, error)
    }

    /// An I/O failure or a broken invariant.
    pub fn failure(error: impl ToString) -> Self {
        CommandError::of(false, error)
    }

    /// The same, printed at once.
    pub fn reported(usage: bool, error: impl ToString) -> Self {
        let error = CommandError::of(usage, error);
        error.print();
        CommandError { message: None, ..error }
    }

    /// Prints what has not been printed.
    pub fn print(&self) {
        if let Some(message) = &self.message {
            tell(&format!("amorph: {message}"));
        }
    }
}

/// Opens a results file for reading.
pub fn open(path: &Path) -> Result<Results, CommandError> {
    results::open(path).map_err(|error| CommandError::of(error.is_usage(), error))
}

/// Opens results files of one study with disjoint replicas.
fn open_all(paths: &[PathBuf]) -> Result<Vec<Results>, CommandError> {
    let archives: Vec<Results> = paths.iter().map(|path| open(path)).collect::<Result<_, _>>()?;
    compatible(&archives).map_err(CommandError::usage)?;
    Ok(archives)
}

/// Writes to standard output. A reader that has seen enough (`head`) is no failure.
fn say(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CommandError> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(CommandError::failure(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a report: as JSON, or as its command does.
fn print<T: serde::Serialize + ?Sized>(
    report: &T,
    json: bool,
    print: impl FnOnce(&T, &mut dyn Write) -> io::Result<()>,
) -> Result<(), CommandError> {
    if !json {
        return say(|out| print(report, out));
    }
    let text = serde_json::to_string_pretty(report).map_err(CommandError::failure)?;
    say(|out| writeln!(out, "{text}"))
}

/// Reads a duration: seconds, or `[[DD-]HH:]MM:SS` as SLURM writes it.
pub fn duration(text: &str) -> Result<Duration, String> {
    const ALLOWED: &str = "seconds (such as 90 or 0.5), or [[DD-]HH:]MM:SS";
    const SECONDS_PER_DAY: f64 = 86_400.0;
    const BASE: f64 = 60.0;
    let number =
        |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) if !days.is_empty() => (number(days), rest),
        _ => (Some(0.0), text),
    };
    let fields: Option<Vec<f64>> = rest.split(':').map(number).collect();
    match (days, fields) {
        (Some(days), Some(fields)) if fields.len() <= 3 => {
            let seconds = fields.iter().fold(0.0, |sum, field| sum * BASE + field);
            Duration::try_from_secs_f64(days * SECONDS_PER_DAY + seconds)
                .map_err(|_| format!("allowed: {ALLOWED}"))
        }
        _ => Err(format!("allowed: {ALLOWED}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_with_failed_items_is_unfinished() {
        let of = |pending, failed| Outcome::of(Counts { pending, failed, done: 1 }) as u8;
        assert_eq!([of(0, 0), of(0, 2), of(5, 0), of(5, 2)], [0, 3, 75, 75]);
    }

    #[test]
    fn durations_are_read_as_slurm_writes_them() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs_f64());
        assert_eq!(seconds("90"), Ok(90.0));
        assert_eq!(seconds("0.5"), Ok(0.5));
        assert_eq!(seconds("01:30"), Ok(90.0));
        assert_eq!(seconds("2:00:00"), Ok(7200.0));
        assert_eq!(seconds("1-00:00:10"), Ok(86_410.0));
        for bad in ["", "-5", "1:2:3:4", "x", "nan", "1e300"] {
            assert!(seconds(bad).is_err(), "{bad}");
        }
    }
}
