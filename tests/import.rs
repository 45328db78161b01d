//! Packings of other programs: extended XYZ of ASE and of `export`, LAMMPS data files of both styles.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use amorph::format::solid_file::{self, SolidData};
use common::engine::PROGRAM;
use common::{largest_difference, numbers};

fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/packings").join(name);
    path.display().to_string()
}

fn amorph(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("it starts")
}

fn ends(arguments: &[&str], code: i32, fragments: &[&str]) -> String {
    let output = amorph(arguments);
    let (error, out) = (&output.stderr, &output.stdout);
    let text = format!("{}{}", String::from_utf8_lossy(error), String::from_utf8_lossy(out));
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    for fragment in fragments {
        assert!(text.contains(fragment), "{arguments:?}: no `{fragment}` in: {text}");
    }
    text
}

fn at(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

/// Imports a file and reads the solid of `group`.
fn imported(folder: &tempfile::TempDir, file: &str, group: &str, more: &[&str]) -> SolidData {
    let output = at(folder, "in.h5");
    let _ = std::fs::remove_file(&output);
    ends(&[&["import", file, "-o", &output], more].concat(), 0, &["particles in"]);
    solid_file::read(&format!("{output}{group}")).expect("a solid")
}

/// Relaxes and measures: the solid is a whole one.
fn is_measured(folder: &tempfile::TempDir, group: &str) {
    let output = at(folder, "measured.h5");
    let _ = std::fs::remove_file(&output);
    let address = format!("{}{group}", at(folder, "in.h5"));
    ends(&["measure", &address, "-o", &output], 0, &["singular values"]);
}

#[test]
fn a_data_file_of_lammps_is_read_in_the_order_of_its_atoms() {
    let folder = tempfile::tempdir().expect("a folder");
    let solid = imported(&folder, &data("lammps_sphere_2d.data"), "", &[]);
    assert_eq!((solid.edges.as_slice(), solid.species.len()), (&[6.0, 6.0][..], 36));
    assert_eq!(solid.diameters, [1.0, 1.4]);
    assert_eq!(solid.species, [vec![0; 18], vec![1; 18]].concat());
    // Its box begins at -3.
    let first = [-0.984571054570643 + 3.0, 0.31428583120661147 + 3.0];
    assert_eq!(solid.positions[..2], first);
    assert_eq!((solid.k, solid.depths, solid.a), (vec![1.0; 4], vec![0.0; 4], 50.0));
    is_measured(&folder, "");

    let file = data("lammps_atomic_3d.data");
    let energies = ["--k", "2", "--B", "0.01", "--a", "40"];
    let given = [&["--diameters", "2=1.3,1=1.1"], &energies[..]].concat();
    let solid = imported(&folder, &file, "", &given);
    assert_eq!(
        (solid.edges.as_slice(), solid.diameters.as_slice()),
        (&[4.0; 3][..], &[1.1, 1.3][..])
    );
    // Atom 2 stands in the seventh line.
    assert_eq!(solid.positions[3..6], [2.4524163932805156, 1.433200626596344, 0.0454360491301703]);
    assert_eq!((solid.k, solid.depths, solid.a), (vec![2.0; 4], vec![0.01; 4], 40.0));
    is_measured(&folder, "");
}

#[test]
fn extended_xyz_of_ase_is_read_frame_by_frame() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = data("ase_2d.xyz");
    let second = imported(&folder, &file, ":/1", &[]);
    let first = solid_file::read(&at(&folder, "in.h5:/0")).expect("a solid");
    for solid in [&first, &second] {
        assert_eq!((solid.dimension(), solid.species.len()), (2, 30));
        assert_eq!(
            (solid.edges.as_slice(), solid.diameters.as_slice()),
            (&[5.4; 2][..], &[1.0, 1.4][..])
        );
    }
    assert_ne!(first.positions, second.positions);
    is_measured(&folder, ":/1");
    // A diameter of the command line stands above the file's.
    let solid = imported(&folder, &data("ase_3d.xyz"), "", &["--diameters", "He=1.6"]);
    assert_eq!((solid.dimension(), solid.diameters.as_slice()), (3, &[1.0, 1.6][..]));
    is_measured(&folder, "");
    // The lines of a study that are printed make one.
    let output = at(&folder, "both.h5");
    let said = ends(&["import", &file, "-o", &output], 0, &["in a study"]);
    let solid: String =
        said.lines().filter_map(|line| line.strip_prefix("    ")).collect::<Vec<_>>().join("\n");
    let study = format!(
        "version = 1\n[study]\nname = \"ase\"\nreplicas = 2\n{solid}\n[parameters]\nspecies = [4]\n[sweep]\nparameters = []\n"
    );
    let path = at(&folder, "study.toml");
    std::fs::write(&path, study).expect("writable");
    ends(&["run", &path, "-o", &at(&folder, "out.h5")], 0, &[" 0 failed"]);
}

#[test]
fn what_export_writes_comes_back() {
    let folder = tempfile::tempdir().expect("a folder");
    for dimension in [2, 3] {
        let text = format!(
            "version = 1\n[study]\nname = \"s\"\nreplicas = 2\n[solid]\ndimension = {dimension}\n\
             particles = 64\npressure = 0.1\n[features]\nmodes = 0\nsets = [[\"stress\", \"elastic\"]]\n\
             [parameters]\nspecies = [4]\n[sweep]\nparameters = []\n"
        );
        let name = |name: &str| at(&folder, &format!("{dimension}{name}"));
        std::fs::write(name("study.toml"), text).expect("writable");
        ends(&["run", &name("study.toml"), "-o", &name("out.h5")], 0, &[]);
        ends(&["export", &name("out.h5"), "-o", &name("out.xyz")], 0, &["2 frames"]);
        let solid = imported(&folder, &name("out.xyz"), ":/1", &[]);
        assert_eq!((solid.dimension(), solid.diameters.as_slice()), (dimension, &[1.0, 1.4][..]));
        let address = at(&folder, "in.h5:/1");
        ends(&["measure", &address, "-o", &name("measured.h5"), "--no-relax"], 0, &[]);
        let measured = numbers(&common::open(PathBuf::from(name("measured.h5"))), "features");
        let stored = numbers(&common::open(PathBuf::from(name("out.h5"))), "main/features/values");
        let (count, second) = (measured.len(), stored.len() / 2);
        assert!(largest_difference(&measured, &stored[second..second + count]) < 1e-10);
    }
}

#[test]
fn what_is_wrong_with_a_packing_is_said_with_its_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, output) = (at(&folder, "in"), at(&folder, "out.h5"));
    let box_of = "Lattice=\"2 0 0 0 2 0 0 0 2\" pbc=\"T T T\"";
    let radius = "Properties=species:S:1:pos:R:3:radius:R:1";
    let xyz = |comment: &str, rows: &str| format!("2\n{comment}\n{rows}\n");
    let rows = "H 0 0 0 0.5\nH 1 1 1 0.5";
    let lammps = |header: &str, atoms: &str| format!("title\n\n2 atoms\n{header}\n{atoms}\n");
    let sides = "0 2 xlo xhi\n0 2 ylo yhi\n0 2 zlo zhi\n";
    let wrong: [(String, &[&str]); 23] = [
        (String::new(), &["in:2: no complete header"]),
        ("0\n".to_owned(), &["in:1: \"0\"; expected the number of particles"]),
        ("2\n".to_owned(), &["in:2: the file ends"]),
        (xyz(radius, rows), &["in:2: no Lattice", "right angles"]),
        (xyz(&format!("Lattice=\"2 0 0 1 2 0 0 0 2\" {radius}"), rows), &["in:2: Lattice="]),
        (
            xyz(&format!("Lattice=\"2 0 0 0 x 0 0 0 2\" {radius}"), rows),
            &["in:2: the lattice is \"x\""],
        ),
        (
            xyz(&format!("Lattice=\"2 0 0 0 -2 0 0 0 2\" {radius}"), rows),
            &["in:2: the box has an edge -2"],
        ),
        (xyz(&format!("{box_of} Properties=pos:R"), rows), &["in:2: Properties=pos:R"]),
        (xyz(&format!("{box_of} Properties=species:S:1:pos:R:2"), rows), &["in:2: Properties="]),
        (
            xyz(&format!("Lattice=\"2 0 0 0 2 0 0 0 2\" pbc=\"T F T\" {radius}"), rows),
            &["in:2: a box of 3", "periodic"],
        ),
        (
            xyz(&format!("{box_of} {radius}"), "H 0 0 0 0.5\nH 1 1 1"),
            &["in:4: 4 columns", "5 columns"],
        ),
        (xyz(&format!("{box_of} {radius}"), "H 0 0 0 0.5"), &["in:4: the file ends"]),
        (
            xyz(&format!("{box_of} {radius}"), "H 0 0 nan 0.5\nH 1 1 1 0.5"),
            &["in:3: a coordinate is \"nan\""],
        ),
        (
            xyz(&format!("{box_of} {radius}"), "H 0 0 0 0\nH 1 1 1 0.5"),
            &["in:3: type H with diameter 0"],
        ),
        (xyz(box_of, "H 0 0 0\nH 1 1 1"), &["in:3: type H without a diameter", "--diameters H=D"]),
        (lammps("", "Atoms # sphere\n\n1 1 1 1 0 0 0"), &["in:5: no complete header"]),
        (lammps(sides, "Masses\n\n1 1"), &["the file ends", "a section Atoms"]),
        (
            lammps(sides, "Atoms # full\n\n1 1 1 0 0 0 0"),
            &["in:8: atom_style full", "Atoms # sphere"],
        ),
        (lammps(sides, "Atoms # sphere\n\n1 1 1 1 0 0 0"), &["in:11: the file ends"]),
        (
            lammps(sides, "Atoms # atomic\n\n1 1 0 0 0\n2 1 1 1 1"),
            &["in:10: type 1 without a diameter"],
        ),
        (
            lammps(sides, "Atoms # sphere\n\nx 1 1 1 0 0 0\n2 1 1 1 1 1 1"),
            &["in:10: x; expected the number"],
        ),
        (
            lammps(sides, "Atoms # sphere\n\n1 1 1 1 0 0 0\n2 1 1 1 1 1 1\n3 1 1 1 1 1 1"),
            &["in:12: more than 2 atoms"],
        ),
        (
            lammps(&format!("{sides}0.5 0 0 xy xz yz\n"), "Atoms\n"),
            &["in:7: 0.5 0 0 xy xz yz", "right angles"],
        ),
    ];
    for (text, fragments) in wrong {
        std::fs::write(&input, text).expect("writable");
        ends(&["import", &input, "-o", &output], 2, fragments);
        assert!(!Path::new(&output).exists());
    }
    ends(&["import", &at(&folder, "none"), "-o", &output], 2, &["none: cannot be read"]);
    let file = data("lammps_sphere_2d.data");
    ends(&["import", &file, "-o", &output, "--diameters", "3=1"], 2, &["no type 3", "one of 1, 2"]);
    for bad in ["1", "1=0", "1=x", "1=1,1=2"] {
        ends(&["import", &file, "-o", &output, "--diameters", bad], 2, &["allowed: TYPE=D"]);
    }
    ends(&["import", &file, "-o", &output], 0, &[]);
    ends(&["import", &file, "-o", &output], 2, &["exists already"]);
    assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 2);
}
