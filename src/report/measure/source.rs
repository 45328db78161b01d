//! Where the solid comes from: a solid file, or a row of a results file.

use std::path::{Path, PathBuf};

use super::error::MeasureError;
use crate::analysis::values::Row;
use crate::format::archive::{Item, State};
use crate::format::row::Failure;
use crate::format::solid_file::{self, SolidFileError, split_address};
use crate::response::allosteric::AllostericPair;
use crate::response::features::FeatureKind;
use crate::solid::Solid;
use crate::solid::potential::Tail;
use crate::study::replica::{stored_pairs, stored_solid};
use crate::study::results::{self, Results};

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// `FILE[:/group]`, with the end of the attraction's tail where it is not the file's.
    File { address: String, tail: Option<Tail> },
    /// A solid of an ensemble.
    Row {
        file: PathBuf,
        scenario: String,
        /// Index of the solid in the ensemble.
        replica: u64,
        /// The parameterisation whose species are used; the classes small and large without.
        parameterisation: Option<String>,
    },
}

/// A solid of either dimension.
pub(in crate::report) enum AnySolid {
    Two(Solid<2>),
    Three(Solid<3>),
}

impl AnySolid {
    /// N.
    pub fn particles(&self) -> usize {
        match self {
            AnySolid::Two(solid) => solid.len(),
            AnySolid::Three(solid) => solid.len(),
        }
    }
}

/// What stands beside a solid.
pub(super) struct Given {
    /// Row-major (n_dir, n_θ) with their number of columns.
    pub directions: Option<(Vec<f64>, usize)>,
    /// Of the allosteric features; empty where these are not measured.
    pub pairs: Vec<AllostericPair>,
}

/// File and group, for messages; the solid; and the directions that stand beside it, row-major
/// (n_dir, n_θ) with their number of columns.
pub(in crate::report) type Loaded = (String, AnySolid, Option<(Vec<f64>, usize)>);

/// Reads the solid.
pub(in crate::report) fn load(source: &Source) -> Result<Loaded, MeasureError> {
    match source {
        Source::File { address, tail } => {
            let data = solid_file::read(address)?;
            let (file, group) = split_address(address);
            let wrong =
                |source| SolidFileError::Solid { file: file.clone(), group: group.clone(), source };
            let tail = tail.or(data.tail).unwrap_or(Tail::DEFAULT);
            let solid = match data.dimension() {
                2 => AnySolid::Two(data.solid(tail).map_err(wrong)?),
                _ => AnySolid::Three(data.solid(tail).map_err(wrong)?),
            };
            let name = if group == "/" { file.display().to_string() } else { address.clone() };
            Ok((name, solid, data.directions))
        }
        Source::Row { file, scenario, replica, parameterisation } => {
            row(file, scenario, *replica, parameterisation.as_deref())
        }
    }
}

/// The pairs of the solid's allosteric features.
pub(super) fn pairs(
    source: &Source,
    particles: usize,
) -> Result<Vec<AllostericPair>, MeasureError> {
    let (file, name, replica) = match source {
        Source::File { address, .. } => return Ok(solid_file::read_pairs(address, particles)?),
        Source::Row { file, scenario, replica, .. } => (file, scenario, *replica),
    };
    let (archive, place, stored) = stored_row(file, name, replica)?;
    let scenario = &archive.study().scenarios[place];
    if !scenario.features.has(FeatureKind::Allosteric) {
        return Err(MeasureError::NoPairs { file: file.clone(), scenario: name.clone() });
    }
    stored_pairs(scenario, &stored).map_err(|failure| MeasureError::Row {
        name: format!("{} (scenario {name}, replica {replica})", file.display()),
        reason: failure.reason,
    })
}

fn missing(file: &Path, what: &'static str, found: &str, allowed: String) -> MeasureError {
    MeasureError::NotInFile { file: file.to_owned(), what, found: found.to_owned(), allowed }
}

/// A results file, the place of a scenario in it, and the row of a solid that is done.
fn stored_row(
    file: &Path,
    name: &str,
    replica: u64,
) -> Result<(Results, usize, Row), MeasureError> {
    let archive = results::open(file)?;
    let study = archive.study();
    let place = study.place(name).map_err(|known| missing(file, "scenario", name, known))?;
    let slot =
        study.slot(replica).map_err(|held| missing(file, "replica", &replica.to_string(), held))?;
    let row = done_row(&archive, file, (place, slot), (name, replica))?;
    Ok((archive, place, row))
}

fn row(
    file: &Path,
    name: &str,
    replica: u64,
    parameterisation: Option<&str>,
) -> Result<Loaded, MeasureError> {
    let (archive, place, stored) = stored_row(file, name, replica)?;
    let study = archive.study();
    let scenario = &study.scenarios[place];
    let thetas = scenario.parameterisations();
    let theta = parameterisation.map(|wanted| {
        thetas.iter().find(|theta| theta.name == wanted).ok_or_else(|| {
            let names: Vec<&str> = thetas.iter().map(|theta| theta.name.as_str()).collect();
            missing(file, "parameterisation", wanted, names.join(", "))
        })
    });
    let theta = theta.transpose()?;
    let label = format!("{} (scenario {name}, replica {replica})", file.display());
    let wrong =
        |failure: Failure| MeasureError::Row { name: label.clone(), reason: failure.reason };
    let solid = match scenario.solid.dimension {
        2 => AnySolid::Two(stored_solid(study, scenario, replica, &stored, theta).map_err(wrong)?),
        _ => {
            AnySolid::Three(stored_solid(study, scenario, replica, &stored, theta).map_err(wrong)?)
        }
    };
    Ok((label, solid, None))
}

/// The row of the solid, if it is done and intact.
fn done_row(
    archive: &Results,
    file: &Path,
    (scenario, slot): (usize, u64),
    (name, replica): (&str, u64),
) -> Result<Row, MeasureError> {
    let item = Item { scenario, slot, part: 0 };
    let place = archive.layout().row(item);
    let not_done = |state: String| MeasureError::NotDone {
        file: file.to_owned(),
        scenario: name.to_owned(),
        replica,
        state,
    };
    match archive.states(&(place..place + 1))?.first() {
        Some(State::Done) => {}
        Some(State::Failed) => {
            let reasons = archive.reasons(&(place..place + 1))?;
            let reason = reasons.first().map_or("", String::as_str);
            return Err(not_done(format!("failed: {reason}")));
        }
        _ => return Err(not_done("pending: it has not been computed yet".to_owned())),
    }
    if archive.verify(scenario, &(slot..slot + 1))?.first() != Some(&true) {
        return Err(not_done("damaged: its checksum does not hold".to_owned()));
    }
    Ok(archive.row(item)?)
}
