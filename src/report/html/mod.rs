//! One self-contained page about results, an output of `measure`, or a solid.
//!
//! What a page is about is a [`Subject`], with a module that makes its sections; what another kind of
//! file holds is added as another one. Nothing in a page comes from elsewhere: the style stands in it,
//! the figures are SVG, and there are no scripts.

mod chart;
mod curve;
mod ensemble;
mod error;
mod markup;
mod measurement;
mod packing;
mod page;
mod sample;
mod solid;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};

pub use error::ReportError;

use crate::format::archive::ArchiveError;
use crate::format::measurement::Measurement;
use crate::format::solid_file::{self, SolidData, split_address};
use crate::report::collect::compatible;
use crate::study::results::{self, Results};
use crate::system::temporary::{sweep, temporary};
use page::Page;

/// Which checks are part of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    None,
    /// Those of `amorph check`, with so many items computed again.
    Items(u64),
}

/// What a report is about.
enum Subject {
    /// Results files of one study, in the order of their replicas.
    Ensemble(Vec<Results>),
    Measurement(Measurement),
    Solid(Box<SolidData>),
}

/// Writes a report about these files, each `FILE` or, of a solid, `FILE:/group`. Returns whether
/// nothing is wrong in them.
///
/// # Errors
/// [`ReportError`], naming the file. The output then is not there.
pub fn report(files: &[String], checks: Checks, output: &Path) -> Result<bool, ReportError> {
    refuse_existing(output)?;
    let (page, sound) = match open(files)? {
        Subject::Ensemble(archives) => {
            ensemble::page(&archives, checks, &output.display().to_string())?
        }
        Subject::Measurement(file) => (measurement::page(&files[0], &file)?, true),
        Subject::Solid(data) => (solid::page(&files[0], &data)?, true),
    };
    write(output, &page)?;
    Ok(sound)
}

/// Says what the files are, and opens them.
fn open(files: &[String]) -> Result<Subject, ReportError> {
    let mut archives = Vec::new();
    for address in files {
        let path = PathBuf::from(address);
        let what = if Measurement::open(&path).is_some() {
            "an output of `amorph measure`"
        } else {
            match results::open(&path) {
                Ok(archive) => {
                    archives.push(archive);
                    continue;
                }
                Err(error) if is_other(&error, address) => "no results file",
                Err(error) => return Err(error.into()),
            }
        };
        if files.len() > 1 {
            return Err(ReportError::NotAlone { file: address.clone(), what });
        }
        return alone(address);
    }
    compatible(&archives)?;
    archives.sort_by_key(|archive| archive.study().first_replica);
    Ok(Subject::Ensemble(archives))
}

/// Whether a file that is no results file may be another one.
fn is_other(error: &ArchiveError, address: &str) -> bool {
    matches!(error, ArchiveError::Foreign { .. })
        || split_address(address).0.is_file() && !Path::new(address).is_file()
}

/// A file that is not of an ensemble.
fn alone(address: &str) -> Result<Subject, ReportError> {
    if let Some(file) = Measurement::open(Path::new(address)) {
        return Ok(Subject::Measurement(file));
    }
    match solid_file::read(address) {
        Ok(data) => Ok(Subject::Solid(Box::new(data))),
        Err(solid) => {
            let archive = results::open(Path::new(address)).err();
            let archive = archive.map_or_else(String::new, |error| error.to_string());
            let (file, solid) = (address.to_owned(), solid.to_string());
            Err(ReportError::Unknown { file, archive, solid })
        }
    }
}

fn refuse_existing(path: &Path) -> Result<(), ReportError> {
    match path.symlink_metadata() {
        Ok(_) => Err(ReportError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}

/// Writes the page under a temporary name and gives it its own: it is never seen half made.
fn write(output: &Path, page: &Page) -> Result<(), ReportError> {
    sweep(output);
    let temporary = temporary(output);
    let io = |action| move |source| ReportError::Io { path: output.to_owned(), action, source };
    let written = std::fs::File::create(&temporary)
        .and_then(|mut file| {
            file.write_all(page.html().as_bytes())?;
            file.sync_all()
        })
        .map_err(io("write the report"))
        .and_then(|()| {
            refuse_existing(output)?;
            std::fs::rename(&temporary, output).map_err(io("name the report"))
        });
    if written.is_err() {
        // The error to report is the first one.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}
