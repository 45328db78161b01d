//! `amorph check`: whether a results file can be trusted.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::check::{Report, check};

/// Check a results file: checksums, forces, identities, J against finite differences, flags
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The results file
    file: PathBuf,
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
    let archive = super::open(&arguments.file)?;
    let report = check(&archive, arguments.items).map_err(CommandError::failure)?;
    super::print(&report, arguments.json, print)?;
    Ok(if report.is_clean() { Outcome::Done } else { Outcome::Failed })
}

fn print(report: &Report) {
    for section in &report.sections {
        let verdict = match (section.wrong, section.looked_at) {
            (0, 0) => "none ",
            (0, _) => "ok   ",
            _ => "WRONG",
        };
        print!("{verdict}  {}: {} looked at", section.name, section.looked_at);
        if section.wrong > 0 {
            print!(", {} wrong", section.wrong);
        }
        if section.looked_at > 0 && !section.note.is_empty() {
            print!("; {}", section.note);
        }
        println!();
        for finding in &section.findings {
            println!("         {finding}");
        }
        for reason in &section.undecided {
            println!("         {reason} (not wrong)");
        }
    }
    if !report.flags.is_empty() {
        println!("\nflags that are raised (not wrong, but to be known)");
    }
    for flag in &report.flags {
        println!("  {}/{}: {}", flag.scenario, flag.path.trim_start_matches('/'), flag.meaning);
        let counts: Vec<String> =
            flag.counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        println!("      {}", counts.join(", "));
    }
    println!();
    if report.pending + report.failed > 0 {
        println!("{} items are pending, {} have failed", report.pending, report.failed);
    }
    println!(
        "{}",
        if report.is_clean() { "nothing is wrong" } else { "something is wrong, see above" }
    );
}
