//! `amorph report`: one page about results.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::html::{Checks, report};
use crate::system::text::tell;

const CODES: &str = "\
Exit code:
  0 the report is written (of unfinished results, too: it says so), 3 it is written, and the check has
  found something wrong";

/// Write one self-contained HTML page about results: tables, figures, checks, configuration
///
/// It needs no network and no other file: the figures are in it. Of results of `amorph run`, also while
/// they are unfinished; of an output of `amorph measure`; or of a solid file.
#[derive(Debug, clap::Args)]
#[command(after_help = CODES)]
pub struct Arguments {
    /// Results files of one study with disjoint replicas; or an output of `amorph measure`, or a solid,
    /// FILE[:/group], alone
    #[arg(required = true)]
    files: Vec<String>,
    /// The page to write, such as report.html; it is never overwritten
    #[arg(short, long)]
    output: PathBuf,
    /// Compute this many items of every file again, as `amorph check --items` does
    #[arg(long, default_value_t = 0, conflicts_with = "no_check")]
    items: u64,
    /// Leave out what `amorph check` does
    #[arg(long)]
    no_check: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let checks = if arguments.no_check { Checks::None } else { Checks::Items(arguments.items) };
    let sound = report(&arguments.files, checks, &arguments.output)
        .map_err(|error| CommandError::of(error.is_usage(), error))?;
    tell(&format!("report   {}", arguments.output.display()));
    if !sound {
        tell("warning  something is wrong in the files: the report says what");
    }
    Ok(if sound { Outcome::Done } else { Outcome::Failed })
}
