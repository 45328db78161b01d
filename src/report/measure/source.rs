//! Where the solid comes from: a solid file, or a row of a results file.

use std::path::{Path, PathBuf};

use super::error::MeasureError;
use crate::analysis::values::Row;
use crate::format::archive::{Item, State};
use crate::format::row::{Failure, Part};
use crate::format::solid_file::{self, SolidFileError, split_address};
use crate::response::allosteric::AllostericPair;
use crate::response::features::FeatureKind;
use crate::solid::Solid;
use crate::solid::potential::Tail;
use crate::study::config::{Parameterisation, Scenario, Study};
use crate::study::replica::{designed_solid, stored_pairs, stored_solid};
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
        /// The design whose solid it is, over that parameterisation.
        design: Option<String>,
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
        Source::Row { file, scenario, replica, parameterisation, design } => {
            row(file, scenario, *replica, (parameterisation.as_deref(), design.as_deref()))
        }
    }
}

/// The pairs of the solid's allosteric features.
pub(in crate::report) fn pairs(
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
    let row = done_row(&archive, file, Item { scenario: place, slot, part: 0 })?;
    Ok((archive, place, row))
}

fn row(
    file: &Path,
    name: &str,
    replica: u64,
    (parameterisation, design): (Option<&str>, Option<&str>),
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
    let mut label = format!("{} (scenario {name}, replica {replica})", file.display());
    let mut designed = None;
    if let (Some(theta), Some(wanted)) = (theta, design) {
        let (part, place_of_design) = designed_part(&archive, file, place, &theta.name, wanted)?;
        let slot = study.slot(replica).unwrap_or_default();
        let row = done_row(&archive, file, Item { scenario: place, slot, part })?;
        label += &format!(", {}[{wanted}]", theta.name);
        designed = Some((place_of_design, row));
    }
    let made = designed.as_ref().map(|(design, row)| (*design, row));
    let wrong =
        |failure: Failure| MeasureError::Row { name: label.clone(), reason: failure.reason };
    let solid = match scenario.solid.dimension {
        2 => {
            AnySolid::Two(restored(study, scenario, replica, &stored, theta, made).map_err(wrong)?)
        }
        _ => AnySolid::Three(
            restored(study, scenario, replica, &stored, theta, made).map_err(wrong)?,
        ),
    };
    Ok((label, solid, None))
}

/// The solid of a row, or that of one of its designs over a parameterisation.
fn restored<const D: usize>(
    study: &Study,
    scenario: &Scenario,
    replica: u64,
    row: &Row,
    theta: Option<&Parameterisation>,
    design: Option<(usize, &Row)>,
) -> Result<Solid<D>, Failure> {
    match (theta, design) {
        (Some(theta), Some((design, designed))) => {
            designed_solid(study, scenario, replica, row, (theta, design, designed))
        }
        _ => stored_solid(study, scenario, replica, row, theta),
    }
}

/// The part that computes a design, and the design's place in the scenario.
fn designed_part(
    archive: &Results,
    file: &Path,
    scenario: usize,
    theta: &str,
    wanted: &str,
) -> Result<(usize, usize), MeasureError> {
    let schema = &archive.schemas()[scenario];
    let of_theta = |part: &Part| match *part {
        Part::Design { parameterisation, design } => {
            (schema.parameterisations[parameterisation] == theta).then_some(design)
        }
        _ => None,
    };
    let parts = || schema.parts.iter().enumerate();
    let all = parts().filter_map(|(place, part)| Some((place, of_theta(part)?)));
    let found = all.clone().find(|(_, design)| schema.designs[*design] == wanted);
    found.ok_or_else(|| {
        let names: Vec<&str> = all.map(|(_, design)| schema.designs[design].as_str()).collect();
        let names = if names.is_empty() { "none".to_owned() } else { names.join("; ") };
        missing(file, "design", wanted, format!("{theta} has {names}"))
    })
}

/// The row of a solid or of its design, if it is done and intact.
fn done_row(archive: &Results, file: &Path, item: Item) -> Result<Row, MeasureError> {
    let Item { scenario, slot, part } = item;
    let place = archive.layout().row(item);
    let schema = &archive.schemas()[scenario];
    let not_done = |state: String| MeasureError::NotDone {
        file: file.to_owned(),
        what: schema.part_name(&schema.parts[part]),
        scenario: schema.name.clone(),
        replica: archive.replica(slot),
        state,
    };
    match archive.states(&(place..place + 1))?.first() {
        Some(State::Done) => {}
        Some(State::Failed) => {
            let reasons = archive.reasons(&(place..place + 1))?;
            let reason = reasons.first().map_or("", String::as_str);
            return Err(not_done(format!("failed: {reason}")));
        }
        Some(State::Unneeded) => {
            return Err(not_done("not needed: the ensemble design had ended".to_owned()));
        }
        _ => return Err(not_done("pending: it has not been computed yet".to_owned())),
    }
    if archive.verify(scenario, &(slot..slot + 1))?.get(part) != Some(&true) {
        return Err(not_done("damaged: its checksum does not hold".to_owned()));
    }
    Ok(archive.row(item)?)
}
