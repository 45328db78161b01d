//! Where a results file comes from: the attributes of its root.

use std::path::Path;
use std::time::SystemTime;

use crate::format::access::hdf5_version;
use crate::format::archive::{RootAttribute, STUDY_FOLDER};
use crate::study::config::Study;
use crate::system::program::{COMMIT, COMPILER, PROGRAM_VERSION, processor};
use crate::system::time::timestamp;
use crate::system::world;

/// The attributes of a file of this study from `folder` that is made now by a job of `ranks` ranks.
pub fn attributes(
    study: &Study,
    folder: &Path,
    ranks: usize,
) -> Vec<(&'static str, RootAttribute)> {
    let directory = std::env::current_dir();
    let texts = [
        ("program_version", PROGRAM_VERSION.to_owned()),
        ("commit", COMMIT.to_owned()),
        ("mpi_version", world::library()),
        ("hdf5_version", hdf5_version()),
        ("compiler", COMPILER.to_owned()),
        ("created", timestamp(SystemTime::now())),
        ("ranks", ranks.to_string()),
        ("command", std::env::args().collect::<Vec<_>>().join(" ")),
        ("directory", directory.unwrap_or_default().display().to_string()),
        (STUDY_FOLDER, folder.display().to_string()),
        ("host", world::host()),
        ("processor", processor()),
    ];
    let mut attributes = identity(study);
    attributes.extend(texts.map(|(name, text)| (name, RootAttribute::Text(text))));
    attributes
}

/// The attributes that say which study a file holds.
pub fn identity(study: &Study) -> Vec<(&'static str, RootAttribute)> {
    vec![
        ("configuration", RootAttribute::Text(study.canonical())),
        ("configuration_hash", RootAttribute::Text(study.hash())),
        ("ensemble_hash", RootAttribute::Text(study.ensemble_hash())),
        ("seed", RootAttribute::Integer(study.seed.cast_signed())),
    ]
}
