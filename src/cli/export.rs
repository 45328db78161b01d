//! `amorph export`: solids as extended XYZ.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::{CommandError, Outcome};
use crate::report::xyz::{self, ExportError, Extras};
use crate::study::results::Results;
use crate::system::text::tell;

/// Write solids or snapshots as extended XYZ for OVITO or ASE
///
/// A frame per solid; with --snapshots up to four per direction: just before and just after
/// gamma_contact and gamma_rearrangement, where these were reached.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Results files of `amorph run`, or an output of `amorph measure`
    #[arg(required = true)]
    files: Vec<PathBuf>,
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
    /// The designed solids of a results file instead, those of this parameterisation and these targets,
    /// such as D_n40/G=-5%
    #[arg(long, value_name = "THETA/TARGETS", conflicts_with_all = ["snapshots", "vectors"])]
    design: Option<String>,
    /// Also the coordination and the pressure of every particle
    #[arg(long, conflicts_with = "snapshots")]
    fields: bool,
    /// Also so many of the lowest vibrational modes, as vectors mode_0, mode_1, ...
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "snapshots")]
    modes: usize,
    /// Also the right singular vectors at the particles, w_0, w_1, ...: those of a results file's
    /// THETA, such as D_particle or D_n40/stress; without a value its first one
    #[arg(
        long,
        value_name = "THETA[/SET]",
        num_args = 0..=1,
        default_missing_value = "",
        require_equals = true,
        conflicts_with = "snapshots"
    )]
    vectors: Option<String>,
    /// Also the bonds with their forces into this file, a LAMMPS `dump local`: OVITO's
    /// modifier "Load trajectory" takes it
    #[arg(long, value_name = "FILE", conflicts_with = "snapshots")]
    bonds: Option<PathBuf>,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    if let [file] = &arguments.files[..]
        && xyz::is_measurement(file)
    {
        let selected = arguments.scenario.is_some() || arguments.replica.is_some();
        if selected || arguments.design.is_some() {
            return Err(CommandError::usage(format!(
                "{}: an output of `amorph measure` holds one solid; leave out --scenario, --replica and --design",
                file.display()
            )));
        }
        return write(arguments, |extras, out| {
            xyz::measured(file, arguments.snapshots, extras, out)
        });
    }
    let mut archives = super::open_all(&arguments.files)?;
    archives.sort_by_key(|archive| archive.study().first_replica);
    let mut chosen = Vec::new();
    for archive in &archives {
        let scenarios = scenarios(archive, arguments.scenario.as_deref())?;
        if arguments.snapshots {
            let mut outputs = archive.study().scenarios[scenarios.clone()].iter();
            if outputs.all(|scenario| scenario.output.snapshots == 0) {
                return Err(CommandError::usage(ExportError::NoSnapshots {
                    file: archive.path().to_owned(),
                    advice: "[output] snapshots = n keeps those of the first n replicas",
                }));
            }
        }
        if let Some(slots) = slots(archive, arguments.replica) {
            chosen.push((archive, scenarios, slots));
        }
    }
    if let (true, Some(replica)) = (chosen.is_empty(), arguments.replica) {
        let held = |archive: &Results| {
            let held = archive.study().slot(replica).err().unwrap_or_default();
            missing(archive, &format!("replica {replica}"), &held)
        };
        let messages: Vec<String> = archives.iter().map(held).collect();
        return Err(CommandError::usage(messages.join("; ")));
    }
    write(arguments, |extras, out| {
        let mut frames = 0;
        for (archive, scenarios, slots) in chosen {
            for scenario in scenarios {
                let slots = slots.clone();
                frames += match &arguments.design {
                    Some(wanted) => xyz::designed(archive, scenario, slots, wanted, extras, out)?,
                    None if arguments.snapshots => xyz::snapshots(archive, scenario, slots, out)?,
                    None => xyz::solids(archive, scenario, slots, extras, out)?,
                };
            }
        }
        Ok(frames)
    })
}

/// The slots of the chosen replicas; none where the file does not hold them.
fn slots(archive: &Results, replica: Option<u64>) -> Option<Range<u64>> {
    let Some(replica) = replica else { return Some(0..archive.study().replicas) };
    archive.study().slot(replica).ok().map(|slot| slot..slot + 1)
}

/// The chosen scenarios.
fn scenarios(archive: &Results, name: Option<&str>) -> Result<Range<usize>, CommandError> {
    let Some(name) = name else { return Ok(0..archive.study().scenarios.len()) };
    let place = archive.study().place(name);
    let place = place.map_err(|held| {
        CommandError::usage(missing(archive, &format!("scenario {name}"), &held))
    })?;
    Ok(place..place + 1)
}

fn missing(archive: &Results, what: &str, held: &str) -> String {
    format!("{}: there is no {what}; it holds {held}", archive.path().display())
}

/// Writes frames to the terminal, or to files that are removed again where this fails.
fn write(
    arguments: &Arguments,
    frames: impl FnOnce(&mut Extras, &mut BufWriter<Box<dyn Write>>) -> Result<u64, ExportError>,
) -> Result<Outcome, CommandError> {
    let Arguments { fields, modes, .. } = *arguments;
    let made: Vec<&PathBuf> =
        arguments.output.iter().chain(&arguments.bonds).filter(|path| !is_device(path)).collect();
    let target: Box<dyn Write> = match &arguments.output {
        None => Box::new(std::io::stdout().lock()),
        Some(path) => Box::new(create(path)?),
    };
    let bonds = arguments.bonds.as_ref().map(|path| create(path)).transpose();
    let bonds = bonds.inspect_err(|_| remove(&made[..made.len().saturating_sub(1)]))?;
    let bonds = bonds.map(|file| Box::new(BufWriter::new(file)) as Box<dyn Write>);
    let mut extras = Extras { fields, modes, vectors: arguments.vectors.clone(), bonds, frames: 0 };
    let mut out = BufWriter::new(target);
    let written = frames(&mut extras, &mut out).and_then(|frames| {
        out.flush()?;
        extras.bonds.iter_mut().try_for_each(Write::flush)?;
        Ok(frames)
    });
    match written {
        Ok(frames) => {
            tell(&format!("{frames} frames; H is a small particle, He a large one"));
            Ok(Outcome::Done)
        }
        // A reader that has seen enough (`head`) is no failure.
        Err(ExportError::Io(error)) if error.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Done),
        Err(error) => {
            remove(&made);
            Err(CommandError::of(error.is_usage(), error))
        }
    }
}

/// A new file; a device or a pipe, such as /dev/null, is there already.
fn create(path: &Path) -> Result<File, CommandError> {
    let file = OpenOptions::new().write(true).create_new(!is_device(path)).open(path);
    file.map_err(|error| {
        CommandError::usage(format!("{}: cannot be made: {error}", path.display()))
    })
}

fn remove(files: &[&PathBuf]) {
    for file in files {
        // The error to report is the first one.
        let _ = std::fs::remove_file(file);
    }
}

/// Whether something stands there that is written to and not replaced.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}
