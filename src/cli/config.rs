//! `amorph config`: the configuration with its defaults.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;

use super::{CommandError, Outcome};
use crate::study::config::{KEYS, page, schema};
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
    /// Print every key: its meaning, allowed values and default
    Keys {
        /// As a JSON schema, by which an editor completes and checks a study
        #[arg(long)]
        schema: bool,
    },
    /// Check the configuration and print its hash
    Check {
        /// The study's TOML file
        study: PathBuf,
    },
}

/// Runs the command.
pub fn run(command: &Command) -> Result<Outcome, CommandError> {
    let text = match command {
        Command::Show { study, key } => {
            let study = load(study).map_err(CommandError::usage)?;
            let value = key.as_ref().and_then(|key| study.value(key));
            value.map_or_else(|| study.annotated(), |value| format!("{value}\n"))
        }
        Command::Keys { schema: true } => format!("{:#}\n", schema()),
        Command::Keys { schema: false } => page(),
        Command::Check { study: path } => {
            let study = load(path).map_err(CommandError::usage)?;
            format!(
                "{}: valid; {} scenarios, {} replicas each, hash {}\n",
                path.display(),
                study.scenarios.len(),
                study.replicas,
                study.hash()
            )
        }
    };
    super::say(|out| out.write_all(text.as_bytes()))?;
    Ok(Outcome::Done)
}
