//! A study that grows: parts and extensions are put together to the file of a single run.

#[path = "common/mod.rs"]
mod common;

use std::path::Path;
use std::process::{Command, Output};

/// Datasets that say when and where.
const VOLATILE: [&str; 3] = ["/items/seconds", "/items/host", "/items/finished"];

fn study(replicas: u64) -> String {
    format!(
        "version = 1\n[study]\nname = \"grow\"\nreplicas = {replicas}\n\
         [solid]\ndimension = 2\nparticles = 32\npressure = 0.1\n\
         [parameters]\nspecies = [4]\n[sweep]\ngamma_max = 1e-2\n\
         [output]\ncurves = 2\nsnapshots = 1\n\
         [[scenario]]\nname = \"soft\"\n[[scenario]]\nname = \"more\"\n[scenario.solid]\npressure = 0.05\n"
    )
}

fn amorph(folder: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .output()
        .expect("started")
}

/// Runs a command that must succeed.
fn done(folder: &Path, arguments: &str) -> String {
    let output = amorph(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs a command that must be refused for its input; returns the message.
fn refused(folder: &Path, arguments: &str) -> String {
    let output = amorph(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
    said
}

/// Name and bytes of every dataset and every attribute that the merged file must share.
fn values(path: &Path) -> Vec<(String, Vec<u8>)> {
    let file = common::open(path);
    let mut all = Vec::new();
    let mut groups = vec![file.as_group().expect("the root")];
    while let Some(group) = groups.pop() {
        groups.extend(group.groups().expect("readable"));
        for dataset in group.datasets().expect("readable") {
            let size = dataset.dtype().expect("a type").size();
            if !VOLATILE.contains(&dataset.name().as_str()) {
                all.push((dataset.name(), raw(&dataset, size)));
            }
        }
    }
    all.sort();
    all
}

/// The bytes of a dataset, whatever its type, however they are stored.
fn raw(dataset: &hdf5::Dataset, size: usize) -> Vec<u8> {
    let datatype = dataset.dtype().expect("a type");
    if datatype.to_descriptor().expect("a type") == hdf5::types::TypeDescriptor::VarLenUnicode {
        let texts = dataset.read_raw::<hdf5::types::VarLenUnicode>().expect("readable");
        return texts.iter().flat_map(|text| text.as_bytes()).copied().collect();
    }
    let mut bytes = vec![0_u8; dataset.size() * size];
    // SAFETY: the buffer holds every value of the dataset in its own type.
    let status = hdf5::sync::sync(|| unsafe {
        hdf5_sys::h5d::H5Dread(dataset.id(), datatype.id(), 0, 0, 0, bytes.as_mut_ptr().cast())
    });
    assert!(status >= 0, "{}", dataset.name());
    bytes
}

#[test]
fn parts_are_merged_to_the_file_of_a_single_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("s.toml"), study(5)).expect("written");
    done(here, "run s.toml -o whole.h5 -q");
    done(here, "run s.toml -o a.h5 --replicas 0:1 -q");
    done(here, "run s.toml -o b.h5 --replicas 1:3 -q");
    // Only begun: its items are computed after merging.
    let stopped = amorph(here, "run s.toml -o c.h5 --replicas 3:5 --max-time 0 -q");
    assert_eq!(stopped.status.code(), Some(75));

    let message = refused(here, "merge c.h5 a.h5 -o m.h5");
    assert!(message.contains("1:3"), "{message}");
    let message = refused(here, "merge a.h5 b.h5 whole.h5 -o m.h5");
    assert!(message.contains("0..1 are also in a.h5"), "{message}");
    let message = refused(here, "merge c.h5 b.h5 a.h5 -o m.h5 --compress");
    assert!(message.contains("c.h5") && message.contains("not computed"), "{message}");
    assert!(!here.join("m.h5").exists());

    done(here, "merge c.h5 b.h5 a.h5 -o m.h5");
    assert_eq!(amorph(here, "status m.h5").status.code(), Some(75));
    assert_eq!(amorph(here, "status a.h5 c.h5 b.h5").status.code(), Some(75));
    done(here, "status a.h5 b.h5");
    assert!(refused(here, "status a.h5 whole.h5").contains("disjoint replicas"));
    assert!(refused(here, "export a.h5 a.h5").contains("disjoint replicas"));
    done(here, "status a.h5 --study s.toml --replicas 0:1");
    assert!(
        refused(here, "status a.h5 --study s.toml").contains("study.replicas is 1 in the file")
    );
    done(here, "run s.toml -o m.h5 --resume -q");
    let expected = values(&here.join("whole.h5"));
    assert!(expected.len() > 50);
    assert_eq!(values(&here.join("m.h5")), expected);
    assert!(refused(here, "merge a.h5 b.h5 -o m.h5").contains("exists already"));

    done(here, "merge m.h5 -o small.h5 --compress");
    assert_eq!(values(&here.join("small.h5")), expected);
    let reasons = common::open(here.join("small.h5")).dataset("/items/reason").expect("there");
    assert!(reasons.is_chunked() && reasons.filters().len() == 2, "{:?}", reasons.filters());
    for command in ["status small.h5", "check small.h5", "stats small.h5", "export small.h5"] {
        done(here, command);
    }
    done(here, "run s.toml -o small.h5 --resume -q");
    let left: Vec<_> = std::fs::read_dir(here)
        .expect("readable")
        .map(|entry| entry.expect("readable").file_name().into_string().expect("a name"))
        .filter(|name| name.contains(".merging") || name.contains(".lock"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_damaged_item_is_not_merged_as_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("s.toml"), study(2)).expect("written");
    done(here, "run s.toml -o a.h5 -q");
    let place = {
        let file = common::open(here.join("a.h5"));
        file.dataset("/soft/solids/positions").expect("there").offset().expect("contiguous")
    };
    let mut bytes = std::fs::read(here.join("a.h5")).expect("readable");
    bytes[place as usize + 5] ^= 1;
    std::fs::write(here.join("a.h5"), bytes).expect("written");
    let output = amorph(here, "merge a.h5 -o b.h5");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("checksum of 1 items does not hold"), "{said}");
    assert_eq!(amorph(here, "status b.h5").status.code(), Some(75));
    assert!(refused(here, "merge a.h5 -o c.h5 --compress").contains("1 items are not computed"));
    done(here, "run s.toml -o b.h5 --resume -q");
    done(here, "check b.h5");
}

#[test]
fn a_study_is_extended_as_the_message_says() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    std::fs::write(here.join("s.toml"), study(2)).expect("written");
    done(here, "run s.toml -o s.h5 -q");
    std::fs::write(here.join("s.toml"), study(4)).expect("written");
    let message = refused(here, "run s.toml -o s.h5 --resume");
    let commands: Vec<&str> = message
        .split('`')
        .filter_map(|text| text.strip_prefix("amorph "))
        .filter(|text| text.starts_with("run") || text.starts_with("merge"))
        .collect();
    assert_eq!(commands.len(), 2, "{message}");
    for command in commands {
        done(here, command);
    }
    done(here, "run s.toml -o whole.h5 -q");
    assert_eq!(values(&here.join("s-all.h5")), values(&here.join("whole.h5")));
    done(here, "status s-all.h5");

    // Several files at once.
    let said = done(here, "status s.h5 s-more.h5");
    assert!(said.contains("all files: study grow") && said.contains("100.0%"), "{said}");
    done(here, "check s.h5 s-more.h5");
    let both = done(here, "export s.h5 s-more.h5 --scenario soft");
    assert_eq!(both, done(here, "export s-all.h5 --scenario soft"));
    let one = done(here, "export s.h5 s-more.h5 --scenario soft --replica 3");
    assert!(both.ends_with(&one) && !one.is_empty());
    assert!(refused(here, "export s.h5 s-more.h5 --replica 9").contains("replica 9"));
}
