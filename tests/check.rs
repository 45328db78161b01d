//! `check` says wrong of what is wrong, and only of that: every finding is made to fail by changing
//! the stored value that it guards, with a checksum that holds.

mod common;

use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use amorph::analysis::values::{Row, Values};
use amorph::format::archive::{Access, Finished, Item, Storage, Writer, create};
use amorph::format::row::Part;
use amorph::report::check::{Check, Report, check};
use amorph::study::config::Study;
use amorph::study::provenance::identity;
use amorph::study::replica::Worker;
use amorph::study::results;
use amorph::study::schema::{schemas, shape};
use amorph::study::statistics::arrays;
use amorph::study::work::Work as _;

const SOFT: &str = "dimension = 2\nparticles = 48\npressure = 0.1";

fn text(solid: &str, replicas: u64) -> String {
    format!(
        "version = 1\n[study]\nname = \"checked\"\nreplicas = {replicas}\n[solid]\n{solid}\n\
         [features]\nmodes = 2\nsets = [[\"stress\", \"elastic\"], [\"stress\", \"elastic\", \"modes\"]]\n\
         [parameters]\nspecies = [4, 6]\n[sweep]\nset = [\"stress\", \"elastic\"]\n\
         parameters = [\"D_n4\"]\npoints = 4\ndirections = 2\n[output]\ncurves = 1\n"
    )
}

/// A results file that is complete, computed in this process.
struct Results {
    folder: tempfile::TempDir,
    path: PathBuf,
    study: Arc<Study>,
}

impl Results {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("out.h5");
        let study = Arc::new(Study::parse("study.toml", text).expect("valid"));
        let (shape, reserved) = (shape(&study), arrays::columns(&study));
        create(&path, &shape, &reserved, &identity(&study), Storage::Contiguous).expect("created");
        let results = Results { folder, path, study };
        let mut replica = Worker::new(Arc::clone(&results.study));
        for (scenario, schema) in shape.schemas.iter().enumerate() {
            for slot in 0..results.study.replicas {
                let (row, bytes) = replica.solid(scenario, slot).expect("a solid");
                results.write(&results.path, Item { scenario, slot, part: 0 }, row);
                for (part, kind) in schema.parts.iter().enumerate().skip(1) {
                    let row = replica.directions(scenario, slot, &bytes, kind).expect("swept");
                    results.write(&results.path, Item { scenario, slot, part }, row);
                }
            }
        }
        results
    }

    fn write(&self, path: &Path, item: Item, row: Row) {
        let mut writer =
            Writer::open(path, Access::Serial, shape(&self.study), "host").expect("opened");
        let finished = Finished { item, outcome: Some(Ok(row)), seconds: 0.0, finished: 0.0 };
        writer.push(finished).expect("the schema's shape");
        writer.close().expect("closed");
    }

    /// A copy in which some values of an item are others, with a checksum that holds.
    fn altered(&self, item: Item, alter: impl Fn(&mut Row)) -> PathBuf {
        let copy = self.folder.path().join("altered.h5");
        std::fs::copy(&self.path, &copy).expect("copied");
        let mut row = results::open(&copy).expect("readable").row(item).expect("readable");
        alter(&mut row);
        self.write(&copy, item, row);
        copy
    }
}

fn report(path: &Path, items: u64) -> Report {
    check(&results::open(path).expect("readable"), items).expect("checked")
}

fn section<'r>(report: &'r Report, name: &str) -> &'r Check {
    let found = report.sections.iter().find(|section| section.name.contains(name));
    found.unwrap_or_else(|| panic!("no section {name}"))
}

/// The section says this, and its checksum does not.
fn finds(path: &Path, items: u64, name: &str, line: &str) {
    let report = report(path, items);
    let section = section(&report, name);
    let said = section.findings.iter().any(|finding| finding.contains(line));
    assert!(section.wrong > 0 && said, "no `{line}` in {:#?}", report.sections);
    let checksums = report.sections.iter().find(|section| section.name == "checksums");
    assert_eq!(checksums.expect("a section").wrong, 0);
}

fn clean(path: &Path, items: u64) -> Report {
    let report = report(path, items);
    assert!(report.is_clean(), "{:#?}", report.sections);
    report
}

fn floats<'r>(row: &'r mut Row, path: &str) -> &'r mut Vec<f64> {
    match row.iter_mut().find(|(name, _)| name == path) {
        Some((_, Values::F64(values))) => values,
        other => panic!("{path}: {other:?}"),
    }
}

const SOLID: Item = Item { scenario: 0, slot: 0, part: 0 };
const SWEEP: Item = Item { scenario: 0, slot: 0, part: 1 };

#[test]
fn what_is_right_is_called_right() {
    for (name, solid) in [
        ("soft", SOFT),
        ("deep", "dimension = 3\nparticles = 64\npressure = 0.05"),
        ("attractive", "dimension = 2\nparticles = 48\npressure = 0.1\nB = 0.01"),
        ("crystal", "dimension = 2\nparticles = 80\npressure = 0.1\nstructure = \"triangular\""),
        ("network", "dimension = 2\nparticles = 64\npressure = 0.05\nstructure = \"network\""),
    ] {
        let results = Results::new(&text(solid, 1));
        let report = clean(&results.path, 3);
        for section in &report.sections {
            println!("{name}: {} {} {}", section.name, section.looked_at, section.note);
            assert!(section.looked_at > 0, "{name}: nothing is looked at: {section:#?}");
        }
    }
}

#[test]
fn every_stored_number_of_a_solid_is_guarded() {
    let results = Results::new(&text(SOFT, 1));
    clean(&results.path, 0);
    let scaled =
        |path: &'static str, by: f64| results.altered(SOLID, move |row| floats(row, path)[0] *= by);
    let mechanics = "forces, pressure";
    let moved = scaled("solids/positions", 1.0 + 1e-6);
    finds(&moved, 0, mechanics, "residual force");
    finds(&scaled("solids/pressure", 1.0 + 1e-6), 0, mechanics, "is stored, the positions give");
    finds(&scaled("solids/energy", 1.0 + 1e-6), 0, mechanics, "energy");
    let rattler = results.altered(SOLID, |row| {
        if let Some((_, Values::U8(flags))) = row.iter_mut().find(|(p, _)| p == "solids/rattlers") {
            flags[0] ^= 1;
        }
    });
    finds(&rattler, 0, mechanics, "other rattlers");
    let contact = results.altered(SOLID, |row| {
        if let Some((_, Values::I32(n))) = row.iter_mut().find(|(p, _)| p == "solids/contacts") {
            n[0] += 1;
        }
    });
    finds(&contact, 0, mechanics, "another number of contacts");
    let identities = "identities of J";
    for path in ["singular_values", "left", "right"] {
        let path = format!("D_n6/stress+elastic/{path}");
        let altered = results.altered(SOLID, |row| floats(row, &path)[0] *= 1.0 + 1e-6);
        finds(&altered, 0, identities, "do not belong together");
        let nan = results.altered(SOLID, |row| floats(row, &path)[0] = f64::NAN);
        finds(&nan, 0, identities, "do not belong together");
    }
    finds(&scaled("D_n6/jacobian", 1.0 + 1e-4), 0, identities, "growing all particles alike");
    finds(&scaled("D_n6/jacobian", f64::NAN), 0, identities, "growing all particles alike");
    finds(&scaled("D_n4/jacobian", 1.01), 0, "finite differences", "J differs");
}

#[test]
fn every_stored_number_between_order_and_disorder_and_of_allosteric_features_is_guarded() {
    let text = "version = 1\n[study]\nname = \"checked\"\nreplicas = 1\n[solid]\ndimension = 2\n\
        particles = 80\npressure = 0.1\nstructure = \"triangular\"\npolydispersity = 0.05\n\
        defects = 0.0375\n[features]\nsets = [[\"stress\", \"allosteric\"]]\n\
        allosteric = { pairs = 4 }\n[parameters]\nkinds = [\"Dk\"]\nspecies = [4]\n[sweep]\n\
        parameters = []\n";
    let results = Results::new(text);
    clean(&results.path, 1);
    let counted = |path: &'static str| {
        results.altered(SOLID, move |row| match row.iter_mut().find(|(name, _)| name == path) {
            Some((_, Values::I32(counts))) => counts[0] += 1,
            other => panic!("{path}: {other:?}"),
        })
    };
    let mechanics = "forces, pressure";
    for name in ["coordination", "bond_order", "local_bond_order"] {
        let path = format!("solids/{name}");
        let altered = results.altered(SOLID, |row| floats(row, &path)[0] += 1e-6);
        finds(&altered, 0, mechanics, &format!("{name} is off by"));
    }
    let size = results.altered(SOLID, |row| floats(row, "solids/size_factor")[0] += 1e-6);
    finds(&size, 0, mechanics, "size_factor is off by");
    finds(&counted("solids/healed_sites"), 0, mechanics, "another number of healed sites");
    let identities = "identities of J";
    finds(
        &counted("features/allosteric_pairs"),
        0,
        identities,
        "other pairs of allosteric features",
    );
    // The last row of J is one of eta, its last column one of k.
    let slope = results.altered(SOLID, |row| {
        let last = floats(row, "Dk_n4/jacobian").last_mut().expect("an element");
        *last += 1e-3;
    });
    finds(&slope, 0, identities, "growing all k alike");
}

/// Within the usual step of θ these frequencies nearly cross.
#[test]
fn frequencies_that_are_close_are_not_called_wrong() {
    let text = "version = 1\n[study]\nname = \"checked\"\nreplicas = 1\n[solid]\ndimension = 3\n\
        particles = 108\npressure = 0.1\nstructure = \"fcc\"\npolydispersity = 1e-6\n\
        [features]\nmodes = 10\nsets = [[\"stress\", \"elastic\", \"modes\"]]\n\
        [parameters]\nspecies = [20]\n[sweep]\nparameters = []\n";
    let report = clean(&Results::new(text).path, 0);
    let differences = section(&report, "finite differences");
    assert!(differences.looked_at == 1 && differences.wrong == 0, "{differences:#?}");
}

#[test]
fn a_solid_at_another_pressure_than_the_configuration_is_found() {
    let results = Results::new(&text(SOFT, 1));
    let other = Study::parse("s.toml", &text(&SOFT.replace("0.1", "0.11"), 1)).expect("valid");
    let (row, _) = Worker::new(Arc::new(other)).solid(0, 0).expect("a solid");
    let altered = results.altered(SOLID, |stored| stored.clone_from(&row));
    finds(&altered, 0, "forces, pressure", "is not the configuration's");
}

#[test]
fn every_stored_number_of_a_sweep_is_guarded() {
    let results = Results::new(&text(SOFT, 1));
    let sweeps = "sweeps: brackets";
    let of = |name: &str| format!("D_n4/sweeps/{name}");
    let turned = results.altered(SWEEP, |row| floats(row, &of("gamma_contact"))[0] = 1.0);
    finds(&turned, 0, sweeps, "is no bracket");
    let longer = results.altered(SWEEP, |row| floats(row, &of("direction_vector"))[0] += 1e-3);
    finds(&longer, 0, sweeps, "a direction has length");
    let zeta = results.altered(SWEEP, |row| floats(row, &of("zeta"))[0] *= 1.001);
    finds(&zeta, 0, sweeps, "zeta =");
}

/// Moves a bracket of the first direction; ζ is kept right, so that only its ends are wrong.
fn move_bracket(row: &mut Row, name: &str, factor: f64) {
    floats(row, &format!("D_n4/sweeps/{name}"))[..2].iter_mut().for_each(|end| *end *= factor);
    if name == "gamma_star" {
        floats(row, "D_n4/sweeps/zeta")[0] *= factor;
    }
}

#[test]
fn a_moved_bracket_is_found_by_relaxing_at_its_ends() {
    let results = Results::new(&text(SOFT, 6));
    let archive = results::open(&results.path).expect("readable");
    let parts = schemas(&results.study)[0].parts.len();
    let thresholds = ["gamma_star", "gamma_contact", "gamma_rearrangement"];
    let mut tried = [0; 3];
    let mut found = [0; 3];
    for slot in 0..6 {
        for part in 1..parts {
            let item = Item { scenario: 0, slot, part };
            let row = archive.row(item).expect("readable");
            let solid = archive.row(Item { part: 0, ..item }).expect("readable");
            let kind: &Part = &schemas(&results.study)[0].parts[part];
            let mut replica = Worker::new(Arc::clone(&results.study));
            let mut relax =
                |row: &Row| replica.relax_brackets(0, slot, &solid, kind, row).expect("relaxed");
            let right = relax(&row);
            assert!(right.wrong.is_empty(), "{item:?}: {right:?}");
            for (index, name) in thresholds.iter().enumerate() {
                let ends = floats(&mut row.clone(), &format!("D_n4/sweeps/{name}"))[..2].to_vec();
                if ends[1].is_nan() {
                    continue;
                }
                for factor in [0.9, 1.1] {
                    let mut moved = row.clone();
                    move_bracket(&mut moved, name, factor);
                    let relaxed = relax(&moved);
                    tried[index] += 1;
                    found[index] +=
                        usize::from(relaxed.wrong.iter().any(|line| line.starts_with(name)));
                    println!("{item:?} {name} by {factor}: {relaxed:?}");
                }
            }
        }
    }
    println!("tried {tried:?}, found {found:?}");
    // What lies beyond a rearrangement, or depends on the way there, is not decided.
    for (tried, found) in tried.iter().zip(found) {
        assert!(*tried > 0 && found > 0, "{tried} {found}");
    }
    assert!(found[0] * 4 >= tried[0] * 3 && found[1] * 4 >= tried[1] * 3);
    // The report says so.
    drop(archive);
    let moved = results.altered(SWEEP, |row| move_bracket(row, "gamma_star", 0.5));
    finds(&moved, 0, "brackets relaxed again", "gamma_star: at hi");
}

#[test]
fn other_bits_are_found_and_forgiven_to_rounding_where_another_machine_computed_them() {
    let results = Results::new(&text(SOFT, 1));
    assert_eq!(section(&clean(&results.path, 3), "computed again").note, "bit for bit");
    let path = "features/values";
    let near = results.altered(SOLID, |row| floats(row, path)[3] *= 1.0 + 1e-13);
    finds(&near, 3, "computed again", "features/values: 1 of");
    for field in ["items/processor", "items/program"] {
        let near = results.altered(SOLID, |row| floats(row, path)[3] *= 1.0 + 1e-13);
        overwrite(&near, field, b"0.0.7");
        let report = clean(&near, 3);
        let again = section(&report, "computed again");
        assert!(again.note.contains("to rounding"), "{again:#?}");
        assert!(again.undecided.iter().any(|line| line.contains("0.0.7")), "{again:#?}");
        let far = results.altered(SOLID, |row| floats(row, path)[3] *= 1.0 + 1e-6);
        overwrite(&far, field, b"0.0.7");
        finds(&far, 3, "computed again", "features/values: 1 of");
    }
}

#[test]
fn a_changed_label_scale_or_identity_is_found() {
    let results = Results::new(&text(SOFT, 1));
    let skeleton = "labels, scales";
    let fields = [
        "main/features/feature",
        "main/D_n4/sweeps/curve/gamma",
        "main/D_n4/parameter",
        "items/replica",
        "items/part",
        "items/scenario",
        "statistics/main/D_n4/sweeps/quantile",
    ];
    for field in fields {
        let copy = results.folder.path().join("altered.h5");
        std::fs::copy(&results.path, &copy).expect("copied");
        overwrite(&copy, field, &[7]);
        finds(&copy, 0, skeleton, "the checksum does not hold");
    }
}

/// A design of every solid, and nothing else.
fn designed(solid: &str) -> String {
    format!(
        "version = 1\n[study]\nname = \"checked\"\nreplicas = 1\n[solid]\n{solid}\n\
         [parameters]\nspecies = [8]\n[sweep]\nparameters = []\n\
         [design]\ntargets = [\"G=-1%\"]\nhold = [\"p\"]\n"
    )
}

#[test]
fn every_stored_number_of_a_design_is_guarded() {
    const DESIGN: Item = Item { scenario: 0, slot: 0, part: 1 };
    const GROUP: &str = "D_n8/designs/G=-1%";
    let results = Results::new(&designed(SOFT));
    let report = clean(&results.path, 2);
    assert_eq!(section(&report, "designs").looked_at, 1);
    let name = "designs";
    let guarded = |quantity: &str, line: &str| {
        let path = format!("{GROUP}/{quantity}");
        let altered = results.altered(DESIGN, |row| floats(row, &path)[0] *= 1.0 + 1e-6);
        finds(&altered, 0, name, line);
    };
    guarded("target_start", "target_start of G");
    guarded("targets", "targets of G");
    guarded("target_scale", "target_scale of G");
    guarded("positions", "residual force");
    guarded("theta", "residual force");
    // Compared with |theta|, of which it may be a small part.
    let distance = format!("{GROUP}/distance");
    let altered = results.altered(DESIGN, |row| floats(row, &distance)[0] += 1e-6);
    finds(&altered, 0, name, "|theta - theta0|");
    guarded("features", "features of G");
    guarded("fresh_features", "fresh_features of G");
    let residual = format!("{GROUP}/residual");
    let altered = results.altered(DESIGN, |row| floats(row, &residual)[0] += 1e-8);
    finds(&altered, 0, name, "the largest error is");
    let outcome = results.altered(DESIGN, |row| {
        let path = format!("{GROUP}/outcome");
        match row.iter_mut().find(|(name, _)| *name == path) {
            // 1 is reached, 2 is stationary.
            Some((_, Values::U8(codes))) => codes[0] = 3 - codes[0],
            other => panic!("{other:?}"),
        }
    });
    finds(&outcome, 0, name, "outcome stationary, but the largest error is");
    // What nothing else tells is computed again.
    let path = format!("{GROUP}/step_length");
    let altered = results.altered(DESIGN, |row| floats(row, &path)[0] *= 1.0 + 1e-15);
    clean(&altered, 0);
    finds(&altered, 2, "items computed again", "step_length: 1 of 1 values differ");
}

/// Writes bytes over the beginning of a dataset.
fn overwrite(path: &Path, dataset: &str, bytes: &[u8]) {
    let file = hdf5::File::open(path).expect("readable");
    let offset = file.dataset(dataset).expect(dataset).offset().expect("allocated");
    drop(file);
    let raw = std::fs::OpenOptions::new().write(true).open(path).expect("opens");
    raw.write_all_at(bytes, offset).expect("writable");
}

/// The first contact change of one of its directions is the solid's instability: a long step of the
/// minimiser from further below leads to where the solid is beyond it.
#[test]
fn a_bracket_close_before_an_instability_is_right() {
    let folder = tempfile::tempdir().expect("a folder");
    let study = "version = 1\n[study]\nname = \"study\"\nreplicas = 400\n[solid]\ndimension = 2\n\
        particles = 128\npressure = 0.1\n[parameters]\nspecies = [20]\n[output]\ncurves = 0\n";
    std::fs::write(folder.path().join("study.toml"), study).expect("written");
    for arguments in
        [&["run", "study.toml", "--replicas", "334:335", "-o", "f.h5"][..], &["check", "f.h5"]]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_amorph"));
        let output = command.args(arguments).current_dir(folder.path()).output().expect("starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Attractive solids, by seed, pressure, B and replica. Of the first two, the plain minimiser takes the
/// hanging rattlers another way, so that they are caught elsewhere; in the next three it meets the
/// instability within a percent of the bracket; the last one is so soft that the finite difference of
/// the usual step is off by its second order.
#[test]
fn brackets_of_attractive_solids_are_not_called_wrong() {
    let cases = [
        (1, "1e-2", "0.01", 1),
        (48, "1e-1", "0.01", 2),
        (22, "1e-1", "0.05", 1),
        (26, "1e-2", "0.01", 2),
        (40, "1e-2", "0.05", 2),
        (20, "1e-1", "0.05", 0),
    ];
    for (seed, pressure, depth, replica) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        let study = format!(
            "version = 1\n[study]\nname = \"study\"\nseed = {seed}\nreplicas = 3\n[solid]\ndimension = 2\n\
             particles = 64\npressure = {pressure}\nB = {depth}\n[parameters]\nspecies = [20]\n\
             [sweep]\ndirections = 6\n[output]\ncurves = 0\n"
        );
        std::fs::write(folder.path().join("study.toml"), study).expect("written");
        let replicas = format!("{replica}:{}", replica + 1);
        let run = ["run", "study.toml", "--replicas", &replicas, "-o", "f.h5", "-q"];
        for arguments in [&run[..], &["check", "f.h5"]] {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_amorph"));
            let output = command.args(arguments).current_dir(folder.path()).output();
            let output = output.expect("starts");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "seed {seed}: {said}");
        }
    }
}
