//! `amorph status`: how far a study is.

use std::io::{self, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::{CommandError, Outcome};
use crate::report::status::{Status, StatusError};
use crate::study::run::{belongs, part};
use crate::study::statistics::Counts;
use crate::system::text::human_time;

/// Reasons of failures that are shown.
const REASONS_SHOWN: usize = 5;

const CODES: &str = "\
Exit code:
  0 complete, 3 complete with failed items, 75 unfinished (with failed items or without)";

/// Print how far a study is; works while the job runs
#[derive(Debug, clap::Args)]
#[command(after_help = CODES)]
pub struct Arguments {
    /// The results file, or several of one study
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Refuse files (exit code 2) that are not those of this study
    #[arg(long)]
    study: Option<PathBuf>,
    /// With --study: of these replicas of it, as for `amorph run`
    #[arg(long, value_name = "A:B", value_parser = super::run::replicas, requires = "study")]
    replicas: Option<Range<u64>>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let archives = super::open_all(&arguments.files)?;
    if let Some(path) = &arguments.study {
        let study = part(path, arguments.replicas.as_ref()).map_err(CommandError::usage)?;
        for archive in &archives {
            belongs(archive, &study, path).map_err(CommandError::usage)?;
        }
    }
    let statuses: Result<Vec<Status>, StatusError> = archives.iter().map(Status::read).collect();
    let statuses = statuses.map_err(|error| match error {
        StatusError::Archive(error) if !error.is_usage() => CommandError::failure(error),
        error => CommandError::usage(error),
    })?;
    let items: Counts = statuses.iter().map(Status::items).sum();
    match &statuses[..] {
        [status] => super::print(status, arguments.json, print)?,
        several => super::print(several, arguments.json, |several, out| {
            for (file, status) in arguments.files.iter().zip(several) {
                writeln!(out, "{}: {}", file.display(), line(&status.study, status.items()))?;
            }
            writeln!(out, "all files: {}", line(&several[0].study, items))
        })?,
    }
    Ok(Outcome::of(items))
}

/// How far, in one line.
fn line(study: &str, items: Counts) -> String {
    let total = items.done + items.failed + items.pending;
    let share = 100.0 * (items.done + items.failed) as f64 / total.max(1) as f64;
    format!(
        "study {study}: {} of {total} items done, {} failed, {share:.1}%",
        items.done, items.failed
    )
}

fn print(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", line(&status.study, status.items()))?;
    let names = status.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let kinds = status.scenarios.iter().flat_map(|scenario| &scenario.kinds);
    let (names, widest) = (
        names.max("scenario".len()),
        kinds.map(|kind| kind.name.len()).max().unwrap_or(0).max("items".len()),
    );
    writeln!(
        out,
        "\n  {:names$}  {:widest$} {:>9} {:>9} {:>9} {:>12} {:>12} {:>14}",
        "scenario", "items", "done", "failed", "pending", "mean time", "longest", "rank-time left"
    )?;
    for scenario in &status.scenarios {
        for (index, kind) in scenario.kinds.iter().enumerate() {
            let time = |seconds: Option<f64>| seconds.map_or_else(|| "-".to_owned(), human_time);
            let left = match (index, kind.items.pending) {
                (0, _) if scenario.left.is_none() => "unknown".to_owned(),
                (0, _) => time(scenario.left),
                _ => String::new(),
            };
            writeln!(
                out,
                "  {:names$}  {:widest$} {:>9} {:>9} {:>9} {:>12} {:>12} {left:>14}",
                if index == 0 { scenario.name.as_str() } else { "" },
                kind.name,
                kind.items.done,
                kind.items.failed,
                kind.items.pending,
                time(kind.seconds),
                time(kind.longest),
            )?;
        }
        for kind in &scenario.kinds {
            if let Some(reached) = kind.reached {
                let (name, done) = (&kind.name, kind.items.done);
                writeln!(out, "  {:names$}  {name}: {reached} of {done} reached the targets", "")?;
            }
        }
        for reason in scenario.reasons.iter().take(REASONS_SHOWN) {
            writeln!(out, "  {:names$}  failed {} times: {reason}", "", reason.count)?;
        }
    }
    writeln!(out)?;
    print_job(status, out)
}

fn print_job(status: &Status, out: &mut dyn Write) -> io::Result<()> {
    let (left, more) = status.left();
    let bound = if more { "at least " } else { "" };
    let pending = status.items().pending;
    if let Some(finished) = status.last_finished {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        // The clocks of two hosts may differ.
        writeln!(out, "last item  {} ago", human_time((now - finished).max(0.0)))?;
    }
    match &status.job {
        Some(job) => {
            let running = match job.running {
                Some(true) => "running",
                Some(false) => "gone without a word: continue with `amorph run --resume`",
                None => "running or gone, which cannot be told from this host",
            };
            writeln!(out, "job        {}, {} ranks: {running}", job.holder, job.ranks)?;
            if pending > 0 && job.running != Some(false) {
                writeln!(out, "time left  {bound}{}", human_time(left / job.ranks.max(1) as f64))?;
            }
        }
        None if pending == 0 => writeln!(out, "job        none: the study is complete")?,
        None => writeln!(
            out,
            "job        none: {bound}{} of one rank's time is left; continue with `amorph run --resume`",
            human_time(left)
        )?,
    }
    Ok(())
}
