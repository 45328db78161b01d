//! `amorph check`: whether a results file can be trusted.

use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::check::{Report, check, check_design};

/// Check a results file: checksums, forces, identities, J against finite differences, flags
///
/// Of the file of a design: the solid, its features, the targets, and the fresh relaxation, computed again.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The results file, or several; or files of `amorph design`
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Compute this many items again and compare them: bit for bit, or to rounding where another
    /// program or kind of processor has computed them
    #[arg(long, default_value_t = 0)]
    items: u64,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let mut reports = Vec::new();
    for file in &arguments.files {
        let report = match check_design(file) {
            Some(report) => report.map_err(CommandError::failure)?,
            None => check(&super::open(file)?, arguments.items).map_err(CommandError::failure)?,
        };
        if !arguments.json {
            super::say(|out| {
                if arguments.files.len() > 1 {
                    writeln!(
                        out,
                        "{}{}:",
                        if reports.is_empty() { "" } else { "\n" },
                        file.display()
                    )?;
                }
                print(&report, out)
            })?;
        }
        reports.push(report);
    }
    if arguments.json {
        match &reports[..] {
            [report] => super::print(report, true, print)?,
            several => super::print(several, true, |_, _| Ok(()))?,
        }
    }
    let clean = reports.iter().all(Report::is_clean);
    Ok(if clean { Outcome::Done } else { Outcome::Failed })
}

fn print(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for section in &report.sections {
        let verdict = match (section.wrong, section.looked_at) {
            (0, 0) => "none ",
            (0, _) => "ok   ",
            _ => "WRONG",
        };
        write!(out, "{verdict}  {}: {} looked at", section.name, section.looked_at)?;
        if section.wrong > 0 {
            write!(out, ", {} wrong", section.wrong)?;
        }
        if section.looked_at > 0 && !section.note.is_empty() {
            write!(out, "; {}", section.note)?;
        }
        writeln!(out)?;
        for finding in &section.findings {
            writeln!(out, "         {finding}")?;
        }
        for reason in &section.undecided {
            writeln!(out, "         {reason} (not wrong)")?;
        }
    }
    if !report.flags.is_empty() {
        writeln!(out, "\nflags that are raised (not wrong, but to be known)")?;
    }
    for flag in &report.flags {
        writeln!(
            out,
            "  {}/{}: {}",
            flag.scenario,
            flag.path.trim_start_matches('/'),
            flag.meaning
        )?;
        let counts: Vec<String> =
            flag.counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        writeln!(out, "      {}", counts.join(", "))?;
    }
    writeln!(out)?;
    if report.pending + report.failed > 0 {
        writeln!(out, "{} items are pending, {} have failed", report.pending, report.failed)?;
    }
    let verdict =
        if report.is_clean() { "nothing is wrong" } else { "something is wrong, see above" };
    writeln!(out, "{verdict}")
}
