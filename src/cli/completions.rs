//! `amorph completions`: what a shell and `man` know of the commands.

use std::path::PathBuf;

use super::{CommandError, Outcome};

/// Print the completions of a shell, or write the manual pages
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The shell
    #[arg(required_unless_present = "man")]
    shell: Option<clap_complete::Shell>,
    /// Write the manual pages, one per command, into this folder instead
    #[arg(long, value_name = "FOLDER", conflicts_with = "shell")]
    man: Option<PathBuf>,
}

/// Runs the command for the whole program's arguments.
pub fn run(arguments: &Arguments, mut program: clap::Command) -> Result<Outcome, CommandError> {
    if let Some(shell) = arguments.shell {
        let mut text = Vec::new();
        clap_complete::generate(shell, &mut program, "amorph", &mut text);
        super::say(|out| out.write_all(&text))?;
    } else if let Some(folder) = &arguments.man {
        clap_mangen::generate_to(program, folder).map_err(|error| {
            CommandError::usage(format!("{}: {error}; give a folder that exists", folder.display()))
        })?;
    }
    Ok(Outcome::Done)
}
