//! `amorph export`: solids as extended XYZ.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::study::archive::Archive;
use crate::study::xyz::{self, ExportError};

/// Write the solids as extended XYZ for OVITO or ASE: a frame per solid
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The results file
    file: PathBuf,
    /// The file to write; without it, the terminal
    #[arg(short, long)]
    output: Option<PathBuf>,
    /// Only this scenario
    #[arg(long)]
    scenario: Option<String>,
    /// Only this replica
    #[arg(long)]
    replica: Option<u64>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let archive = super::open(&arguments.file)?;
    let scenarios = chosen(&archive, arguments.scenario.as_deref())?;
    let study = archive.study();
    let (first, end) = (study.first_replica, study.first_replica + study.replicas);
    let slots = match arguments.replica {
        None => 0..study.replicas,
        Some(replica) if (first..end).contains(&replica) => replica - first..replica - first + 1,
        Some(replica) => {
            return Err(CommandError::usage(format!(
                "{}: there is no replica {replica}; it holds {first} to {}",
                arguments.file.display(),
                end.saturating_sub(1)
            )));
        }
    };
    let mut out: Box<dyn Write> = match &arguments.output {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => {
            let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
            Box::new(file.map_err(|error| {
                CommandError::usage(format!("{}: cannot be made: {error}", path.display()))
            })?)
        }
    };
    let mut out = BufWriter::new(&mut out);
    let mut frames = 0;
    for scenario in scenarios {
        frames += match xyz::write(&archive, scenario, slots.clone(), &mut out) {
            // A reader that has seen enough (`head`) is no failure.
            Err(ExportError::Io(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {
                return Ok(Outcome::Done);
            }
            result => result.map_err(CommandError::failure)?,
        };
    }
    out.flush().map_err(CommandError::failure)?;
    eprintln!("{frames} solids; H is a small particle, He a large one");
    Ok(Outcome::Done)
}

fn chosen(archive: &Archive, name: Option<&str>) -> Result<Vec<usize>, CommandError> {
    let scenarios = &archive.study().scenarios;
    let Some(name) = name else { return Ok((0..scenarios.len()).collect()) };
    let names: Vec<&str> = scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    match names.iter().position(|known| *known == name) {
        Some(index) => Ok(vec![index]),
        None => Err(CommandError::usage(format!(
            "{}: there is no scenario {name}; it holds {}",
            archive.path().display(),
            names.join(", ")
        ))),
    }
}
