//! The file as a whole: made, written, read back.

use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::format::archive::{
    Access, Finished, Item, RootAttribute, State, Storage, Writer, create,
};
use crate::format::row::Failure;
use crate::study::provenance::identity;
use crate::study::synthetic::Synthetic;

const TEXT: &str = "version = 1\n[study]\nname = \"s\"\nreplicas = 7\nfirst_replica = 5\n\
    [solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n\
    [parameters]\nspecies = [2, 20]\n[output]\ncurves = 3\n\
    [[scenario]]\nname = \"first\"\n[[scenario]]\nname = \"second\"\n\
    [scenario.features]\nsets = [[\"stress\"], [\"elastic\", \"modes\"]]\n";

struct Fixture {
    _folder: tempfile::TempDir,
    path: PathBuf,
    study: Arc<Study>,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("out.h5");
    let study = Arc::new(Study::parse("s.toml", TEXT).expect("valid"));
    let mut attributes = identity(&study);
    attributes.push(("program_version", RootAttribute::Text("test".to_owned())));
    create(&path, &shape(&study), &[], &attributes, Storage::Contiguous).expect("created");
    Fixture { _folder: folder, path, study }
}

impl Fixture {
    fn writer(&self) -> Writer {
        Writer::open(&self.path, Access::Serial, shape(&self.study), "host").expect("opened")
    }

    fn work(&self) -> Synthetic {
        Synthetic::new(Arc::clone(&self.study))
    }

    fn compute(&self, item: Item) -> Finished {
        self.work().finished(item)
    }
}

#[test]
fn rows_come_back_as_they_were_written_whatever_the_order_of_the_commits() {
    let fixture = fixture();
    let mut writer = fixture.writer();
    let mut items = fixture.work().items();
    // A fixed shuffle: commits of mixed, partly consecutive items.
    items.sort_by_key(|item| xxhash_rust::xxh3::xxh3_64(format!("{item:?}").as_bytes()));
    for (index, item) in items.iter().enumerate() {
        writer.push(fixture.compute(*item)).expect("the right shape");
        if index % 17 == 0 {
            writer.commit().expect("committed");
        }
    }
    writer.close().expect("closed");
    let archive = open(&fixture.path).expect("readable");
    assert_eq!(archive.study(), fixture.study.as_ref());
    for item in items {
        let expected = fixture.compute(item).outcome.expect("needed").expect("done");
        assert_eq!(archive.row(item).expect("readable"), expected);
    }
    for scenario in 0..2 {
        // In one block and in two, the second one beyond the replicas with curves.
        for slots in [0..7, 0..4, 4..7] {
            let good = archive.verify(scenario, &slots).expect("readable");
            assert!(good.iter().all(|&good| good));
        }
    }
    assert!(
        archive
            .states(&(0..archive.layout().items()))
            .expect("readable")
            .iter()
            .all(|s| *s == State::Done)
    );
}

#[test]
fn a_flipped_byte_is_found_by_its_checksum() {
    let fixture = fixture();
    let mut writer = fixture.writer();
    for item in fixture.work().items() {
        writer.push(fixture.compute(item)).expect("the right shape");
    }
    writer.close().expect("closed");
    let item = Item { scenario: 1, slot: 2, part: 3 };
    let archive = open(&fixture.path).expect("readable");
    let column = archive.schemas()[1]
        .columns_of(&archive.schemas()[1].parts[3], 2)
        .next()
        .expect("a column");
    let path = format!("/second/{}", archive.schemas()[1].columns[column].path);
    let row = archive.layout().row(item) - archive.layout().row(Item { part: 0, slot: 0, ..item });
    drop(archive);
    let file = hdf5::File::open_rw(&fixture.path).expect("opened");
    let dataset = file.dataset(&path).expect("there");
    let offset = dataset.offset().expect("allocated");
    let before = dataset.storage_size() / 7 * 2;
    drop((dataset, file));
    let raw =
        std::fs::OpenOptions::new().read(true).write(true).open(&fixture.path).expect("opened");
    let mut byte = [0];
    // Part 3 is the first direction of the second parameterisation.
    let place = offset + before;
    raw.read_exact_at(&mut byte, place).expect("read");
    raw.write_all_at(&[byte[0] ^ 1], place).expect("written");
    let archive = open(&fixture.path).expect("readable");
    let good = archive.verify(1, &(0..7)).expect("readable");
    let bad: Vec<usize> = good.iter().enumerate().filter(|(_, g)| !**g).map(|(i, _)| i).collect();
    assert_eq!(bad, vec![row as usize]);
}

#[test]
fn a_failure_is_stored_with_its_reason() {
    let fixture = fixture();
    let mut writer = fixture.writer();
    let item = Item { scenario: 0, slot: 1, part: 0 };
    let outcome = Some(Err(Failure { reason: "not\njammed \u{2014} ever".to_owned() }));
    writer.push(Finished { item, outcome, seconds: 0.0, finished: 0.0 }).expect("accepted");
    writer.close().expect("closed");
    let archive = open(&fixture.path).expect("readable");
    let row = archive.layout().row(item);
    assert_eq!(archive.reasons(&(row..row + 1)).expect("readable"), ["not jammed ? ever"]);
    assert!(archive.verify(0, &(0..7)).expect("readable").iter().all(|&good| good));
}

#[test]
fn an_existing_output_is_refused_and_left_alone() {
    let fixture = fixture();
    let before = std::fs::read(&fixture.path).expect("readable");
    let again = create(&fixture.path, &shape(&fixture.study), &[], &[], Storage::Contiguous);
    assert!(matches!(again, Err(ArchiveError::Exists(_))));
    assert_eq!(std::fs::read(&fixture.path).expect("readable"), before);
}

#[test]
fn a_row_of_the_wrong_shape_is_refused() {
    let fixture = fixture();
    let mut writer = fixture.writer();
    let mut finished = fixture.compute(Item { scenario: 0, slot: 0, part: 0 });
    if let Some(Ok(row)) = &mut finished.outcome {
        row.pop();
    }
    let error = writer.push(finished).expect_err("refused").to_string();
    assert!(error.contains("missing"), "{error}");
}
