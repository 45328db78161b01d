//! `amorph config`: the configuration with its defaults.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{CommandError, Outcome};
use crate::study::config::KEYS;
use crate::study::load::load;

/// Look at a study's configuration.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Print the resolved configuration: every key with its value and meaning
    Show {
        /// The study's TOML file
        study: PathBuf,
        /// Only the value of this key of the [study] table, for scripts
        #[arg(value_parser = PossibleValuesParser::new(KEYS.iter().map(|key| key.name)))]
        key: Option<String>,
    },
    /// Check the configuration and print its hash
    Check {
        /// The study's TOML file
        study: PathBuf,
    },
}

/// Runs the command.
pub fn run(command: &Command) -> Result<Outcome, CommandError> {
    match command {
        Command::Show { study, key } => {
            let study = load(study).map_err(CommandError::usage)?;
            match key.as_ref().and_then(|key| study.value(key)) {
                Some(value) => println!("{value}"),
                None => print!("{}", study.annotated()),
            }
        }
        Command::Check { study: path } => {
            let study = load(path).map_err(CommandError::usage)?;
            println!(
                "{}: valid; {} scenarios, {} replicas each, hash {}",
                path.display(),
                study.scenarios.len(),
                study.replicas,
                study.hash()
            );
        }
    }
    Ok(Outcome::Done)
}
