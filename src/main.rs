//! The program: arguments in, exit code out.

use std::process::ExitCode;

use amorph::cli::{self, CommandError, Outcome};
use clap::{CommandFactory as _, Parser};

/// Ensembles of disordered solids: which mechanical properties can be tuned independently, how
/// strongly they respond, and how far the linear prediction holds.
#[derive(Parser)]
#[command(version = cli::version::short(), long_version = cli::version::long(), after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0   done
  1   I/O failure or broken invariant
  2   usage or configuration error
  3   some items failed, a check found something wrong, or a design did not reach its targets
  75  unfinished: stopped by the clock or a signal; `run --resume` continues";

#[derive(clap::Subcommand)]
enum Command {
    Init(cli::init::Arguments),
    Import(cli::import::Arguments),
    Plan(cli::plan::Arguments),
    Run(cli::run::Arguments),
    Status(cli::status::Arguments),
    Measure(Box<cli::measure::Arguments>),
    Design(Box<cli::design::Arguments>),
    Stats(cli::stats::Arguments),
    Merge(cli::merge::Arguments),
    Check(cli::check::Arguments),
    Export(cli::export::Arguments),
    Report(cli::report::Arguments),
    /// Look at a study's configuration and its defaults
    #[command(subcommand)]
    Config(cli::config::Command),
    Completions(cli::completions::Arguments),
}

fn main() -> ExitCode {
    let result: Result<Outcome, CommandError> = match Arguments::parse().command {
        Command::Init(arguments) => cli::init::run(&arguments),
        Command::Import(arguments) => cli::import::run(&arguments),
        Command::Plan(arguments) => cli::plan::run(&arguments),
        Command::Run(arguments) => cli::run::run(&arguments),
        Command::Measure(arguments) => cli::measure::run(&arguments),
        Command::Design(arguments) => cli::design::run(&arguments),
        Command::Status(arguments) => cli::status::run(&arguments),
        Command::Stats(arguments) => cli::stats::run(&arguments),
        Command::Merge(arguments) => cli::merge::run(&arguments),
        Command::Check(arguments) => cli::check::run(&arguments),
        Command::Export(arguments) => cli::export::run(&arguments),
        Command::Report(arguments) => cli::report::run(&arguments),
        Command::Config(command) => cli::config::run(&command),
        Command::Completions(asked) => cli::completions::run(&asked, Arguments::command()),
    };
    match result {
        Ok(outcome) => ExitCode::from(outcome as u8),
        Err(error) => {
            error.print();
            ExitCode::from(error.code)
        }
    }
}
