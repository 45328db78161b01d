//! What `amorph export` writes beside the positions: fields, modes, singular vectors and bonds.

mod common;

use std::path::Path;
use std::process::{Command, Output};

use common::engine::PROGRAM;
use common::numbers;

const STUDY: &str = r#"
version = 1
[study]
name = "export"
replicas = 2
[solid]
dimension = 2
particles = 40
pressure = 0.05
B = 0.001
[features]
sets = [["stress"], ["stress", "elastic"]]
[parameters]
kinds = ["D", "k", "Dk"]
species = [3]
[sweep]
parameters = []
"#;

fn amorph(folder: &Path, arguments: &str) -> Output {
    let output = Command::new(PROGRAM).args(arguments.split(' ')).current_dir(folder).output();
    output.expect("the program runs")
}

fn done(folder: &Path, arguments: &str) {
    let output = amorph(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments}: {said}");
}

fn study() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("s.toml"), STUDY).expect("written");
    done(folder.path(), "run s.toml -o s.h5");
    folder
}

/// The first frame: the header, and the values of the particles under every name.
struct Frame {
    header: String,
    columns: Vec<(String, usize)>,
    rows: Vec<Vec<String>>,
}

impl Frame {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("written");
        let mut lines = text.lines();
        let count: usize = lines.next().and_then(|line| line.parse().ok()).expect("a number");
        let header = lines.next().expect("a header").to_owned();
        let (_, rest) = header.split_once("Properties=").expect("properties");
        let words: Vec<&str> = rest.split(' ').next().expect("some").split(':').collect();
        let columns = words.chunks(3).map(|it| (it[0].to_owned(), it[2].parse().expect("width")));
        let cells = |line: &str| line.split(' ').map(str::to_owned).collect();
        let rows = lines.take(count).map(cells).collect();
        Frame { columns: columns.collect(), header: header.clone(), rows }
    }

    /// Shape (N, width), flat.
    fn column(&self, name: &str) -> Vec<f64> {
        let place = self.columns.iter().position(|(known, _)| known == name).expect(name);
        let start: usize = self.columns[..place].iter().map(|(_, width)| width).sum();
        let cells = start..start + self.columns[place].1;
        let values = self.rows.iter().flat_map(|row| row[cells.clone()].iter());
        values.map(|cell| cell.parse().expect("a number")).collect()
    }

    fn number(&self, key: &str) -> f64 {
        let (_, rest) = self.header.split_once(&format!(" {key}=")).expect("there");
        rest.split(' ').next().and_then(|word| word.parse().ok()).expect("a number")
    }
}

/// The first frame of bonds: i, j, force, distance, contact.
fn bonds(path: &Path) -> Vec<[f64; 5]> {
    let text = std::fs::read_to_string(path).expect("written");
    let (_, table) =
        text.split_once("ITEM: ENTRIES batom1 batom2 force distance contact\n").expect("a table");
    let rows = table.lines().take_while(|line| !line.starts_with("ITEM"));
    let numbers =
        |line: &str| line.split(' ').map(|x| x.parse().expect("a number")).collect::<Vec<_>>();
    rows.map(|line| numbers(line).try_into().expect("five columns")).collect()
}

/// Bonds give the coordination and the pressure, and their forces balance at every particle.
fn consistent(frame: &Frame, bonds: &[[f64; 5]]) {
    let n = frame.rows.len();
    let edges: Vec<f64> = frame
        .header
        .split('"')
        .nth(1)
        .expect("the lattice")
        .split(' ')
        .step_by(4)
        .map(|edge| edge.parse().expect("a number"))
        .collect();
    let positions = frame.column("pos");
    let (mut contacts, mut net) = (vec![0.0; n], vec![[0.0; 2]; n]);
    for &[i, j, force, distance, contact] in bonds {
        let (i, j) = (i as usize - 1, j as usize - 1);
        let separation = [0, 1].map(|axis| {
            let x = positions[3 * i + axis] - positions[3 * j + axis];
            x - edges[axis] * (x / edges[axis]).round()
        });
        let length = separation[0].hypot(separation[1]);
        assert!((length - distance).abs() < 1e-12, "{length} {distance}");
        contacts[i] += contact;
        contacts[j] += contact;
        for axis in 0..2 {
            net[i][axis] += force * separation[axis] / length;
            net[j][axis] -= force * separation[axis] / length;
        }
    }
    assert_eq!(contacts, frame.column("coordination"));
    let largest = net.iter().flatten().fold(0.0, |max: f64, x| max.max(x.abs()));
    assert!(largest < 1e-10, "net force {largest}");
    let pressures = frame.column("pressure");
    let mean = pressures.iter().sum::<f64>() / n as f64;
    assert!((mean - frame.number("pressure")).abs() < 1e-12);
    assert!(contacts.iter().sum::<f64>() > 3.0 * n as f64);
}

#[test]
fn fields_modes_vectors_and_bonds_are_those_of_the_solid() {
    let folder = study();
    let at = |name: &str| folder.path().join(name);
    done(
        folder.path(),
        "export s.h5 -o a.xyz --fields --modes 3 --vectors=Dk_n3/stress --bonds a.dump",
    );
    let (frame, table) = (Frame::read(&at("a.xyz")), bonds(&at("a.dump")));
    consistent(&frame, &table);
    assert!(table.iter().any(|bond| bond[4] == 0.0 && bond[2] < 0.0), "attraction beyond contact");
    assert_eq!(
        std::fs::read_to_string(at("a.dump")).expect("there").matches("TIMESTEP").count(),
        2
    );
    let modes = [0, 1, 2].map(|m| frame.column(&format!("mode_{m}")));
    for (m, one) in modes.iter().enumerate() {
        for (n, other) in modes.iter().enumerate() {
            let product: f64 = one.iter().zip(other).map(|(x, y)| x * y).sum();
            assert!((product - f64::from(u8::from(m == n))).abs() < 1e-9, "{m} {n} {product}");
        }
    }
    let file = common::open(at("s.h5"));
    let right = numbers(&file, "main/Dk_n3/stress/right");
    let species = numbers(&file, "main/Dk_n3/species");
    for mode in 0..3 {
        let expected = species[..40].iter().map(|&s| right[9 * mode + s as usize]);
        assert_eq!(frame.column(&format!("w_{mode}")), expected.collect::<Vec<_>>());
    }
}

#[test]
fn a_measurement_has_them_as_well() {
    let folder = study();
    let at = |name: &str| folder.path().join(name);
    done(folder.path(), "measure s.h5 --scenario main --replica 1 --level particle -o m.h5");
    done(folder.path(), "export m.h5 -o m.xyz --fields --modes 1 --vectors --bonds m.dump");
    let frame = Frame::read(&at("m.xyz"));
    consistent(&frame, &bonds(&at("m.dump")));
    let file = common::open(at("m.h5"));
    assert_eq!(frame.column("w_0"), numbers(&file, "right")[..40]);
}

#[test]
fn what_is_not_there_is_refused_and_nothing_is_left() {
    let folder = study();
    for (arguments, message) in [
        ("--vectors=D_n7", "scenario main has D_n3, k_n3, Dk_n3"),
        ("--vectors=D_n3/modes", "the feature sets are stress, stress+elastic"),
        ("--vectors=k_n3", "k_n3 holds no diameters"),
        ("--modes 99999", "the backbone has only"),
        ("--fields --snapshots", "cannot be used with"),
        ("--bonds missing/b.dump", "missing/b.dump: cannot be made"),
    ] {
        let output = amorph(folder.path(), &format!("export s.h5 -o a.xyz {arguments}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{arguments}: {said}");
        assert!(said.contains(message), "{arguments}: {said}");
        assert!(!folder.path().join("a.xyz").exists(), "{arguments}");
    }
}
