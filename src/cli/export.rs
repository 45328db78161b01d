//! `amorph export`: solids as extended XYZ.

use std::io::{BufWriter, ErrorKind, Write};
use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::report::xyz::{self, ExportError};
use crate::study::results::Results;

/// Write solids or snapshots as extended XYZ for OVITO or ASE
///
/// A frame per solid; with --snapshots up to four per direction: just before and just after
/// gamma_contact and gamma_rearrangement, where these were reached.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// A results file of `amorph run`, or an output of `amorph measure`
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
    /// The stored positions around gamma_contact and gamma_rearrangement instead of the solids
    #[arg(long)]
    snapshots: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    if xyz::is_measurement(&arguments.file) {
        if arguments.scenario.is_some() || arguments.replica.is_some() {
            return Err(CommandError::usage(format!(
                "{}: an output of `amorph measure` holds one solid; leave out --scenario and --replica",
                arguments.file.display()
            )));
        }
        return write(arguments, |out| xyz::measured(&arguments.file, arguments.snapshots, out));
    }
    let archive = super::open(&arguments.file)?;
    let scenarios = chosen(&archive, arguments.scenario.as_deref())?;
    let slots = slots(&archive, arguments)?;
    if arguments.snapshots {
        let none = |&index: &usize| archive.study().scenarios[index].output.snapshots == 0;
        if scenarios.iter().all(none) {
            return Err(CommandError::usage(ExportError::NoSnapshots {
                file: arguments.file.clone(),
                advice: "[output] snapshots = n keeps those of the first n replicas",
            }));
        }
    }
    write(arguments, |out| {
        let mut frames = 0;
        for &scenario in &scenarios {
            frames += if arguments.snapshots {
                xyz::snapshots(&archive, scenario, slots.clone(), out)?
            } else {
                xyz::solids(&archive, scenario, slots.clone(), out)?
            };
        }
        Ok(frames)
    })
}

/// The slots of the chosen replicas.
fn slots(archive: &Results, arguments: &Arguments) -> Result<std::ops::Range<u64>, CommandError> {
    let study = archive.study();
    let (first, end) = (study.first_replica, study.first_replica + study.replicas);
    match arguments.replica {
        None => Ok(0..study.replicas),
        Some(replica) if (first..end).contains(&replica) => {
            Ok(replica - first..replica - first + 1)
        }
        Some(replica) => Err(CommandError::usage(format!(
            "{}: there is no replica {replica}; it holds {first} to {}",
            arguments.file.display(),
            end.saturating_sub(1)
        ))),
    }
}

/// Writes frames to the terminal, or to a file that is removed again where this fails.
fn write(
    arguments: &Arguments,
    frames: impl FnOnce(&mut BufWriter<Box<dyn Write>>) -> Result<u64, ExportError>,
) -> Result<Outcome, CommandError> {
    let target: Box<dyn Write> = match &arguments.output {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => {
            let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
            Box::new(file.map_err(|error| {
                CommandError::usage(format!("{}: cannot be made: {error}", path.display()))
            })?)
        }
    };
    let mut out = BufWriter::new(target);
    let written = frames(&mut out).and_then(|frames| {
        out.flush()?;
        Ok(frames)
    });
    match written {
        Ok(frames) => {
            eprintln!("{frames} frames; H is a small particle, He a large one");
            Ok(Outcome::Done)
        }
        // A reader that has seen enough (`head`) is no failure.
        Err(ExportError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Done),
        Err(error) => {
            if let Some(path) = &arguments.output {
                // The error to report is the first one.
                let _ = std::fs::remove_file(path);
            }
            Err(CommandError::of(error.is_usage(), error))
        }
    }
}

fn chosen(archive: &Results, name: Option<&str>) -> Result<Vec<usize>, CommandError> {
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
