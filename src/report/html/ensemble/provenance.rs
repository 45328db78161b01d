//! Where the files come from.

use super::super::markup::Html;
use super::super::table::{Cell, Column, facts, table};
use crate::study::results::Results;
use crate::system::program::program_of;
use crate::system::text::human_bytes;

/// What is said of a file.
const FACTS: [(&str, &str); 13] = [
    ("made", "created"),
    ("host", "host"),
    ("processor", "processor"),
    ("ranks", "ranks"),
    ("command", "command"),
    ("working directory", "directory"),
    ("folder of the study", "study_folder"),
    ("MPI", "mpi_version"),
    ("HDF5", "hdf5_version"),
    ("compiler", "compiler"),
    ("hash of the configuration", "configuration_hash"),
    ("hash of the ensemble", "ensemble_hash"),
    ("checksum of labels and scales", "skeleton_checksum"),
];

/// The facts of one file, or a table of several.
pub(super) fn html(archives: &[Results]) -> Html {
    let mut rows = Vec::new();
    let first = &archives[0];
    if archives.len() == 1 {
        rows.push(("file", name(first)));
    }
    rows.push(("study", first.study().name.clone()));
    rows.push(("program", program(first)));
    rows.push(("seed", first.study().seed.to_string()));
    for (said, attribute) in FACTS {
        if let Ok(value) = first.attribute(attribute)
            && !value.is_empty()
        {
            rows.push((said, value));
        }
    }
    let rest = if archives.len() == 1 {
        Html::default()
    } else {
        table("files", "Files", &columns(), archives)
    };
    let note =
        Html::of_text("p", format!("All of them are of one study. Of the first, {}:", name(first)));
    let note = if archives.len() == 1 { Html::default() } else { note };
    rest.and(note).and(facts(&rows))
}

fn name(archive: &Results) -> String {
    archive.path().display().to_string()
}

/// The program that made the file.
fn program(archive: &Results) -> String {
    let attribute = |name| archive.attribute(name).unwrap_or_else(|_| "unknown".to_owned());
    let program = program_of(&attribute("program_version"), &attribute("commit"));
    format!("amorph {program}, format version {}", archive.version())
}

fn columns<'a>() -> Vec<Column<'a, Results>> {
    let attribute = |name: &'static str| {
        move |archive: &Results| Cell::text(archive.attribute(name).unwrap_or_default())
    };
    vec![
        Column::new("file", "", |archive: &Results| Cell::Text(name(archive))),
        Column::new("replicas", "A:B, without B itself", |archive: &Results| {
            let replicas = archive.study().replicas();
            Cell::text(format!("{}:{}", replicas.start, replicas.end))
        }),
        Column::new("size", "", |archive: &Results| {
            let size = archive.path().metadata().map(|found| found.len());
            Cell::text(size.map_or_else(|_| String::new(), human_bytes))
        }),
        Column::new("program", "", |archive: &Results| Cell::Text(program(archive))),
        Column::new("made", "", attribute("created")),
        Column::new("host", "", attribute("host")),
        Column::new("ranks", "", attribute("ranks")),
        Column::new("hash", "of the configuration of this file", attribute("configuration_hash")),
    ]
}
