//! `amorph measure` as a user runs it: the numbers of the reference cases, and bad input.

mod common;
#[path = "common/solid_file.rs"]
mod writer;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use amorph::format::solid_file::{self, SolidData};
use amorph::linearity::cause::Cause;
use amorph::relax::forces::Forces;
use amorph::solid::Solid;
use amorph::solid::contacts::Contacts;
use amorph::solid::potential::Tail;
use common::{largest, largest_difference, numbers};
use tempfile::TempDir;

fn amorph(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(arguments)
        .env_remove("HDF5_USE_FILE_LOCKING")
        .output()
        .expect("the binary runs")
}

fn repository(path: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path).display().to_string()
}

fn reference(name: &str) -> String {
    repository(&format!("tests/data/{name}.h5"))
}

/// Measures a solid; the output and what was printed.
fn measured(folder: &TempDir, input: &str, options: &[&str]) -> (hdf5::File, String) {
    let count = std::fs::read_dir(folder.path()).unwrap().count();
    let output = folder.path().join(format!("out{count}.h5"));
    let mut arguments = vec!["measure", input, "-o", output.to_str().unwrap()];
    arguments.extend(options);
    let ended = amorph(&arguments);
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(0), "{arguments:?}: {message}");
    let printed = String::from_utf8_lossy(&ended.stdout).into_owned();
    (common::open(&output), printed)
}

/// The message of a refusal with exit code 2, which leaves nothing behind.
fn refused(input: &str, options: &[&str], fragments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.h5");
    let mut arguments = vec!["measure", input, "-o", output.to_str().unwrap()];
    arguments.extend(options);
    let ended = amorph(&arguments);
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{arguments:?}: {message}");
    for fragment in fragments {
        assert!(message.contains(fragment), "{arguments:?}: no `{fragment}` in: {message}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments:?}");
}

fn integer(file: &hdf5::File, path: &str) -> i64 {
    file.dataset(path).unwrap().read_raw::<i64>().unwrap()[0]
}

/// The parameters of a reference case, as the flag takes them, in reverse order.
fn parameters(file: &hdf5::File) -> String {
    let columns = common::strings(file, "jacobian/columns");
    ["a", "B", "k", "D"]
        .into_iter()
        .filter(|kind| columns.iter().any(|column| column.starts_with(kind)))
        .collect::<Vec<_>>()
        .join(",")
}

/// The reference's stress is compression positive.
fn stacked(file: &hdf5::File, stress: &str, others: &[&str]) -> Vec<f64> {
    let mut values: Vec<f64> = numbers(file, stress).iter().map(|s| -s).collect();
    for other in others {
        values.extend(numbers(file, other));
    }
    values
}

fn check(name: &str, tolerance: f64) {
    let folder = tempfile::tempdir().unwrap();
    let input = reference(name);
    let file = common::open(&input);
    let kinds = parameters(&file);
    let before = std::fs::read(&input).unwrap();
    for (features, extra, set) in [
        ("modes:10,elastic,stress", "--no-relax", "C+stress+omega"),
        ("stress,elastic", "--level=species", "C+stress"),
    ] {
        let with_modes = features.contains("modes");
        let options = ["--features", features, "--parameters", &kinds, extra];
        let (ours, _) = measured(&folder, &input, &options);
        let n_s = numbers(&file, "stress").len();
        let n_c = numbers(&file, "C").len();
        let (rows, jacobian_rows): (&[&str], &[&str]) = if with_modes {
            (&["C", "frequencies"], &["jacobian/C", "jacobian/omega"])
        } else {
            (&["C"], &["jacobian/C"])
        };
        let expected = stacked(&file, "stress", rows);
        let found = numbers(&ours, "features");
        for block in [0..n_s, n_s..n_s + n_c, n_s + n_c..expected.len()] {
            let scale = largest(&expected[block.clone()]);
            let error = largest_difference(&found[block.clone()], &expected[block]);
            assert!(error <= tolerance * scale, "{name} {features}: {:e}", error / scale);
        }
        let names = common::strings(&ours, "feature");
        assert_eq!(names.len(), expected.len());
        assert_eq!(names[0], "stress_xx");
        assert_eq!(common::strings(&ours, "parameter"), common::strings(&file, "jacobian/columns"));

        let expected = stacked(&file, "jacobian/stress", jacobian_rows);
        let found = numbers(&ours, "jacobian");
        let n_theta = expected.len() / names.len();
        for block in [0..n_s, n_s..n_s + n_c, n_s + n_c..names.len()] {
            let block = block.start * n_theta..block.end * n_theta;
            let scale = largest(&expected[block.clone()]);
            let error = largest_difference(&found[block.clone()], &expected[block]);
            assert!(error <= 1e-9 * scale, "{name} {features}: J {:e}", error / scale);
        }
        let expected = numbers(&file, &format!("svd/{set}/singular_values"));
        let error = largest_difference(&numbers(&ours, "singular_values"), &expected);
        assert!(error < 1e-10 * expected[0], "{name} {set}: {:e}", error / expected[0]);
        assert_eq!(integer(&ours, "rank"), expected.len() as i64);
        for dataset in ours.datasets().unwrap() {
            let path = dataset.name();
            assert!(dataset.attr("description").is_ok(), "{path}");
            let names = dataset.dtype().unwrap().is::<hdf5::types::VarLenUnicode>();
            assert!(dataset.attr("units").is_ok() || names, "{path}");
        }
    }
    assert_eq!(std::fs::read(&input).unwrap(), before, "the input is never written");
}

#[test]
fn soft_spheres_agree_with_the_reference() {
    for name in
        ["s2d_n064_p1e-1_D10", "s3d_n064_p1e-1_D30", "s2d_n064_p1e-1_Dk4", "s2d_n064_p1e-3_D10"]
    {
        check(name, 1e-11);
    }
}

#[test]
fn attractive_solids_agree_with_the_reference() {
    for name in ["m2d_n064_p1e-1_B1e-2_D12", "m2d_n032_p1e-1_B1e-1_DB3"] {
        check(name, 1e-10);
    }
}

#[test]
fn a_crystal_has_rank_one_and_its_degenerate_modes_are_flagged() {
    let folder = tempfile::tempdir().unwrap();
    let input = reference("x2d_tri_n080_p1e-1_D16");
    let (file, printed) =
        measured(&folder, &input, &["--features", "stress,elastic,modes:6,derived"]);
    assert_eq!(integer(&file, "rank_without_modes"), 1);
    assert!(printed.contains("are degenerate"), "{printed}");
    let flags: Vec<u8> = file.dataset("degenerate").unwrap().read_raw().unwrap();
    assert_eq!(&flags[..9], &[0; 9]);
    assert_eq!(&flags[9..15], &[1; 6]);
    assert_eq!(common::strings(&file, "feature")[15..], ["pressure", "K", "G", "nu"]);
    let values = numbers(&file, "features");
    assert!((values[15] - numbers(&file, "pressure")[0]).abs() < 1e-14);
}

/// A reference case with its directions w0 and w1 as the dataset `directions`.
fn with_directions(folder: &TempDir, name: &str) -> (PathBuf, SolidData) {
    let file = common::open(reference(name));
    let mut data = solid_file::read(&reference(name)).unwrap();
    let w = numbers(&file, "directions/w0/w");
    let columns = w.len();
    data.directions =
        Some((w.into_iter().chain(numbers(&file, "directions/w1/w")).collect(), columns));
    let path = folder.path().join(format!("{name}.h5"));
    writer::write(&path, "solids/one", &data);
    (path, data)
}

#[test]
fn curvature_thresholds_and_curves_agree_with_the_reference() {
    for name in ["s2d_n064_p1e-1_D10", "s3d_n064_p1e-1_D30", "m2d_n032_p1e-1_B1e-1_DB3"] {
        let folder = tempfile::tempdir().unwrap();
        let (path, _) = with_directions(&folder, name);
        let input = format!("{}:/solids/one", path.display());
        let file = common::open(reference(name));
        let kinds = parameters(&file);
        let features = ["--features", "stress,elastic,modes:10", "--parameters", &kinds];
        let options = [&features[..], &["--sweep", "--sweep-features", "stress,elastic"]].concat();
        let (ours, _) = measured(&folder, &input, &options);
        let n_s = numbers(&file, "stress").len();
        let n_sweep = n_s + numbers(&file, "C").len();
        let flip = |values: &[f64]| -> Vec<f64> {
            values.iter().enumerate().map(|(r, x)| if r < n_s { -x } else { *x }).collect()
        };
        for (index, direction) in ["w0", "w1"].into_iter().enumerate() {
            let group = file.group(&format!("directions/{direction}")).unwrap();
            let attribute = |what: &str| group.attr(what).unwrap().read_scalar::<f64>().unwrap();
            let at = |what: &str| numbers(&file, &format!("directions/{direction}/{what}"));
            let row = |path: &str| {
                let all = numbers(&ours, path);
                let width = all.len() / 2;
                all[index * width..(index + 1) * width].to_vec()
            };
            assert_eq!(row("directions"), at("w"), "{name}");
            let expected = flip(&at("y2"));
            let error = largest_difference(&row("curvature"), &expected) / largest(&expected);
            assert!(error < attribute("y2_rel_error_estimate").max(1e-9), "{name}: y2 {error:e}");
            let expected = flip(&at("Jw"));
            let error = largest_difference(&row("linear"), &expected) / largest(&expected);
            assert!(error < 1e-9, "{name}: Jw {error:e}");
            let error = (row("gamma_tilde")[0] / attribute("gamma_tilde") - 1.0).abs();
            assert!(error < 1e-6, "{name}: gamma_tilde {error:e}");
            let star = row("gamma_star");
            let (lo, hi) = (attribute("gamma_star_lo"), attribute("gamma_star_hi"));
            assert!(star[0] <= hi && lo <= star[1], "{name}: {star:?} [{lo}, {hi}]");
            let zeta = row("susceptibility")[0] * (star[0] * star[1]).sqrt();
            assert!((row("zeta")[0] / zeta - 1.0).abs() < 1e-12);
            // The first point of the curve lies before any contact change.
            let error = (numbers(&ours, "curve/gamma")[10] / at("gamma")[10] - 1.0).abs();
            assert!(error < 1e-12, "{name}: {error:e}");
            let width = at("dy").len() / at("gamma").len();
            let expected = flip(&at("dy")[10 * width..10 * width + n_sweep]);
            let found = row("curve/delta_y")[10 * n_sweep..11 * n_sweep].to_vec();
            let error = largest_difference(&found, &expected);
            assert!(error < 1e-7 * largest(&expected) + 1e-11, "{name}: dy {error:e}");
        }
        let causes = ours.dataset("gamma_star_cause").unwrap();
        let meanings =
            causes.attr("flag_meanings").unwrap().read_scalar::<hdf5::types::FixedUnicode<512>>();
        assert!(meanings.unwrap().starts_with("not_computed curvature contact_change"));
        assert_eq!(common::strings(&ours, "curve/feature_of_set").len(), n_sweep);
    }
}

#[test]
fn a_sweep_without_directions_follows_every_right_singular_vector() {
    let folder = tempfile::tempdir().unwrap();
    // Pressure is a combination of the stresses, nu of K and G: two directions move nothing.
    let options =
        ["--features", "stress,derived", "--sweep", "--gamma-max", "1e-3", "--points", "5"];
    let (file, printed) = measured(&folder, &reference("s2d_n064_p1e-1_D10"), &options);
    assert_eq!(numbers(&file, "directions"), numbers(&file, "right"));
    assert_eq!(integer(&file, "rank"), 5);
    let causes: Vec<u8> = file.dataset("gamma_star_cause").unwrap().read_raw().unwrap();
    assert_eq!(causes.len(), 7);
    let not_applicable = Cause::NotApplicable.code();
    assert_eq!(&causes[5..], &[not_applicable; 2]);
    assert!(causes[..5].iter().all(|&code| code != not_applicable && code != 0), "{causes:?}");
    assert!(numbers(&file, "gamma_tilde")[6].is_nan());
    assert!(printed.contains("not_applicable"), "{printed}");
}

/// One packing of a jax-md data file.
fn packing(file: &hdf5::File, record: usize, dimension: usize) -> SolidData {
    let row = |name: &str| {
        let all = numbers(file, name);
        let width = all.len() / file.dataset(name).unwrap().shape()[0];
        all[record * width..(record + 1) * width].to_vec()
    };
    let edges: Vec<f64> = (0..dimension).map(|axis| row("box")[axis * dimension + axis]).collect();
    let diameters: Vec<f64> = row("rad").iter().map(|radius| 2.0 * radius).collect();
    let n = diameters.len();
    let fractional = row("pos");
    SolidData {
        positions: fractional.iter().enumerate().map(|(i, x)| x * edges[i % dimension]).collect(),
        edges,
        species: (0..n).collect(),
        diameters,
        k: vec![1.0; n * n],
        depths: vec![0.0; n * n],
        a: 50.0,
        tail: None,
        exponent: 2.0,
        size_factors: None,
        springs: None,
        directions: None,
    }
}

#[test]
fn elastic_constants_of_other_codes_packings_are_reproduced() {
    for (name, dimension) in [("2d_polyuniform_N64_Lp-1.0", 2), ("3d_bi_N128_Lp-1.0", 3)] {
        let folder = tempfile::tempdir().unwrap();
        let file = common::open(repository(&format!("tests/data/{name}.nc")));
        let (elastic, stress) = (numbers(&file, "Cijkl"), numbers(&file, "Stress"));
        for record in 0..10 {
            let path = folder.path().join(format!("in{record}.h5"));
            writer::write(&path, "/", &packing(&file, record, dimension));
            let (ours, _) = measured(&folder, path.to_str().unwrap(), &["--no-relax"]);
            let found = numbers(&ours, "features");
            let n_s = dimension * (dimension + 1) / 2;
            let n_c = found.len() - n_s;
            let expected = &elastic[record * n_c..(record + 1) * n_c];
            let error = largest_difference(&found[n_s..], expected) / largest(expected);
            assert!(error < 1e-12, "{name} {record}: C {error:e}");
            let n = dimension * dimension;
            let expected = &stress[record * n..(record + 1) * n];
            for (value, &(a, b)) in
                found.iter().zip(amorph::response::strain::components(dimension))
            {
                assert!((value - expected[a * dimension + b]).abs() < 1e-12, "{name} {record}");
            }
        }
    }
}

/// Rows of a matrix dataset.
fn matrix(file: &hdf5::File, path: &str) -> Vec<Vec<f64>> {
    let width = file.dataset(path).unwrap().shape()[1];
    numbers(file, path).chunks_exact(width).map(<[f64]>::to_vec).collect()
}

#[test]
fn the_levels_of_parameters_are_sums_of_each_other() {
    for (name, kinds) in [("s2d_n064_p1e-3_D10", "D,k"), ("m2d_n032_p1e-1_B1e-1_DB3", "D,k,B,a")] {
        let folder = tempfile::tempdir().unwrap();
        let input = reference(name);
        let all = ["--parameters", kinds, "--features", "stress,elastic,modes:3,derived"];
        let (of_species, _) = measured(&folder, &input, &all);
        let (of_bonds, _) = measured(&folder, &input, &[&all[..], &["--level", "bond"]].concat());
        let of_diameters = ["--level", "particle", "--features", "stress,elastic,modes:3,derived"];
        let (of_particles, _) = measured(&folder, &input, &of_diameters);
        let data = solid_file::read(&input).unwrap();
        let bonds: Vec<i64> = of_bonds.dataset("bonds").unwrap().read_raw().unwrap();
        let ends: Vec<(usize, usize)> =
            bonds.chunks_exact(2).map(|pair| (pair[0] as usize, pair[1] as usize)).collect();
        let names = common::strings(&of_bonds, "parameter");
        assert_eq!(names[0], format!("sigma_{}_{}", ends[0].0, ends[0].1));
        assert_eq!(names[ends.len()], format!("k_{}_{}", ends[0].0, ends[0].1));
        let columns = common::strings(&of_species, "parameter");
        let [species, particles, bond_level] =
            [&of_species, &of_particles, &of_bonds].map(|file| matrix(file, "jacobian"));
        for (row, values) in species.iter().enumerate() {
            let scale = largest(values);
            for (column, label) in columns.iter().enumerate() {
                let parts: Vec<&str> = label.split('_').collect();
                let index = |part: usize| parts[part].parse::<usize>().unwrap();
                let sum: f64 = names
                    .iter()
                    .zip(&bond_level[row])
                    .map(|(name, value)| {
                        let mut words = name.split('_');
                        let kind = words.next().unwrap();
                        let ends: Vec<usize> = words
                            .map(|word| data.species[word.parse::<usize>().unwrap()])
                            .collect();
                        let weight = match (parts[0], kind) {
                            ("D", "sigma") => {
                                0.5 * ends.iter().filter(|&&s| s == index(1)).count() as f64
                            }
                            ("k", "k") | ("B", "B") => {
                                let (s, t) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
                                f64::from((s, t) == (index(1), index(2)))
                            }
                            ("a", "a") => 1.0,
                            _ => 0.0,
                        };
                        weight * value
                    })
                    .sum();
                let error = (sum - values[column]).abs();
                assert!(error < 1e-11 * scale, "{name} row {row} {label}: {error:e}");
            }
            for (s, value) in values.iter().enumerate().take(data.diameters.len()) {
                let sum: f64 = (0..data.species.len())
                    .filter(|&i| data.species[i] == s)
                    .map(|i| particles[row][i])
                    .sum();
                assert!((sum - value).abs() < 1e-11 * scale, "{name} row {row} D_{s}");
            }
        }
    }
}

#[test]
fn curvature_along_a_bond_direction_is_that_of_the_species_direction_it_repeats() {
    let folder = tempfile::tempdir().unwrap();
    let name = "m2d_n032_p1e-1_B1e-1_DB3";
    let mut data = solid_file::read(&reference(name)).unwrap();
    let n_sp = data.diameters.len();
    let pairs = n_sp * (n_sp + 1) / 2;
    // D and B together, so that mixed second derivatives count.
    let theta: Vec<f64> = (0..n_sp + pairs).map(|q| ((q * 7 + 3) % 5) as f64 - 1.5).collect();
    let length = theta.iter().map(|x| x * x).sum::<f64>().sqrt();
    let unit: Vec<f64> = theta.iter().map(|x| x / length).collect();
    data.directions = Some((unit.clone(), unit.len()));
    let path = folder.path().join("species.h5");
    writer::write(&path, "/", &data);
    let options = ["--parameters", "D,B", "--features", "stress,elastic,modes:3,derived"];
    let (of_species, _) = measured(&folder, path.to_str().unwrap(), &options);

    let bond_options = [&options[..], &["--level", "bond"]].concat();
    let (bare, _) = measured(&folder, &reference(name), &bond_options);
    let upper = |s: usize, t: usize| {
        let (s, t) = (s.min(t), s.max(t));
        s * n_sp - s * (s + 1) / 2 + t
    };
    let along: Vec<f64> = common::strings(&bare, "parameter")
        .iter()
        .map(|label| {
            let words: Vec<&str> = label.split('_').collect();
            let species = |word: usize| data.species[words[word].parse::<usize>().unwrap()];
            let (s, t) = (species(1), species(2));
            match words[0] {
                "sigma" => 0.5 * (unit[s] + unit[t]),
                _ => unit[n_sp + upper(s, t)],
            }
        })
        .collect();
    let length = along.iter().map(|x| x * x).sum::<f64>().sqrt();
    data.directions = Some((along.clone(), along.len()));
    let path = folder.path().join("bonds.h5");
    writer::write(&path, "/", &data);
    let (of_bonds, printed) = measured(&folder, path.to_str().unwrap(), &bond_options);
    assert!(printed.contains("row 0 of `directions`"), "{printed}");
    let expected = numbers(&of_species, "curvature");
    let found: Vec<f64> =
        numbers(&of_bonds, "curvature").iter().map(|x| x * length * length).collect();
    let error = largest_difference(&found, &expected) / largest(&expected);
    assert!(error < 1e-9, "{error:e}");
    let expected = numbers(&of_species, "linear");
    let found: Vec<f64> = numbers(&of_bonds, "linear").iter().map(|x| x * length).collect();
    let error = largest_difference(&found, &expected) / largest(&expected);
    assert!(error < 1e-10, "{error:e}");
}

#[test]
fn the_output_is_a_solid_file_again() {
    let folder = tempfile::tempdir().unwrap();
    let input = reference("m2d_n032_p1e-1_B1e-1_DB3");
    let (first, _) = measured(&folder, &input, &["--parameters", "D,B"]);
    let (second, _) = measured(&folder, &first.filename(), &["--parameters", "D,B", "--no-relax"]);
    assert_eq!(numbers(&first, "jacobian"), numbers(&second, "jacobian"));
    // Also where the attraction ends elsewhere.
    let (cut, _) = measured(&folder, &input, &["--switch", "none", "--cutoff", "7"]);
    assert!((numbers(&cut, "energy")[0] - numbers(&first, "energy")[0]).abs() > 1e-6);
    let (again, _) = measured(&folder, &cut.filename(), &["--no-relax"]);
    assert_eq!(numbers(&cut, "jacobian"), numbers(&again, "jacobian"));
}

#[test]
fn a_displaced_solid_is_relaxed_first_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let name = "s2d_n064_p1e-1_D10";
    let mut data = solid_file::read(&reference(name)).unwrap();
    data.positions[7] += 1e-4;
    let path = folder.path().join("displaced.h5");
    writer::write(&path, "/", &data);
    let input = path.to_str().unwrap();
    refused(input, &["--no-relax"], &[input, "--no-relax", "max|F|", "not at its energy minimum"]);
    let (ours, _) = measured(&folder, input, &[]);
    let file = common::open(reference(name));
    let expected = stacked(&file, "stress", &["C"]);
    let error = largest_difference(&numbers(&ours, "features"), &expected) / largest(&expected);
    assert!(error < 1e-11, "{error:e}");
}

#[test]
fn a_row_of_a_results_file_is_measured_as_it_was_computed() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "version = 1\n[study]\nname = \"rows\"\nreplicas = 2\nfirst_replica = 5\n[solid]\n\
                dimension = 2\nparticles = 48\npressure = 0.05\n[parameters]\nspecies = [6]\n\
                [sweep]\nparameters = []\n";
    std::fs::write(&study, text).unwrap();
    let results = folder.path().join("results.h5");
    let results = results.to_str().unwrap();
    let ended = amorph(&["run", study.to_str().unwrap(), "-o", results]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let row = ["--scenario", "main", "--replica", "6", "--no-relax"];
    let (ours, _) =
        measured(&folder, results, &[&row[..], &["--parameterisation", "D_n6"]].concat());
    let stored = common::open(results);
    let expected = numbers(&stored, "main/D_n6/jacobian");
    assert_eq!(numbers(&ours, "jacobian"), expected[expected.len() / 2..]);
    let (classes, _) = measured(&folder, results, &row);
    assert_eq!(common::strings(&classes, "parameter"), ["D_0", "D_1"]);
    refused(
        results,
        &["--scenario", "man", "--replica", "6"],
        &[results, "no scenario man", "main"],
    );
    refused(results, &["--scenario", "main", "--replica", "4"], &["no replica 4", "5 to 6"]);
    let wrong = ["--scenario", "main", "--replica", "6", "--parameterisation", "D_n7"];
    refused(results, &wrong, &["no parameterisation D_n7", "D_n6"]);
    refused(results, &[], &[results, "no dataset `box`"]);
}

#[test]
fn unknown_words_are_refused_with_what_is_allowed() {
    let input = reference("s2d_n064_p1e-1_D10");
    refused(
        &input,
        &["--features", "stress,elastik"],
        &["--features", "elastik", "did you mean elastic?"],
    );
    refused(&input, &["--features", "modes:0"], &["--features", "modes:0", "modes:N"]);
    refused(&input, &["--features", "modes:1000"], &["modes:1000", "only 126"]);
    refused(&input, &["--parameters", "D,q"], &["--parameters", "\"q\"", "D, k, B, a"]);
    refused(&input, &["--level", "atom"], &["--level", "atom", "particle"]);
    refused(
        &input,
        &["--level", "particle", "--parameters", "k"],
        &["--level particle", "--level bond"],
    );
    refused(&input, &["--level", "bond", "--sweep"], &["--sweep", "--level bond"]);
    refused(&input, &["--sweep", "--sweep-features", "modes"], &["--sweep-features modes"]);
    refused(&input, &["--switch", "9,5"], &["--switch", "FROM < TO"]);
    refused(&input, &["--switch", "none"], &["--cutoff"]);
    refused(&input, &["--sweep", "--gamma-max", "1e-9"], &["--gamma-max", "--gamma-min"]);
}

#[test]
fn a_parameter_on_which_nothing_depends_is_refused() {
    let soft = reference("s2d_n064_p1e-1_D10");
    refused(&soft, &["--parameters", "D,B"], &[&soft, "B_0_0 is 0"]);
    refused(&soft, &["--parameters", "B", "--level", "bond"], &[&soft, "B_0_"]);
    refused(&soft, &["--parameters", "a"], &[&soft, "every B is 0"]);
    let folder = tempfile::tempdir().unwrap();
    let mut data = solid_file::read(&reference("m2d_n032_p1e-1_B1e-1_DB3")).unwrap();
    let n = data.diameters.len();
    data.depths[1] = 0.0;
    data.depths[n] = 0.0;
    let path = folder.path().join("partly.h5");
    writer::write(&path, "/", &data);
    refused(path.to_str().unwrap(), &["--parameters", "B"], &["B_0_1 is 0"]);
}

#[test]
fn bad_files_are_refused_by_name_and_key() {
    let folder = tempfile::tempdir().unwrap();
    let good = reference("s2d_n064_p1e-1_D10");
    refused("/nowhere/solid.h5", &[], &["/nowhere/solid.h5", "no such file"]);
    refused(&repository("Cargo.toml"), &[], &["Cargo.toml", "not a readable HDF5 file"]);
    refused(&format!("{good}:/nothing"), &[], &[&good, "no group `/nothing`"]);
    let packings = repository("tests/data/3d_bi_N128_Lp-1.0.nc");
    refused(&packings, &[], &["3d_bi_N128_Lp-1.0.nc", "box"]);
    let truncated = folder.path().join("truncated.h5");
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(&truncated, &bytes[..bytes.len() / 2]).unwrap();
    refused(truncated.to_str().unwrap(), &[], &["truncated.h5", "not a readable HDF5 file"]);

    let data = solid_file::read(&good).unwrap();
    type Change = fn(&mut SolidData);
    let changes: [(&str, Change, &[&str]); 8] = [
        ("axes", |data| data.edges.push(8.0), &["/positions", "box has 3 edges"]),
        ("one-edge", |data| data.edges.truncate(1), &["/box", "[2] or [3]"]),
        ("species", |data| data.species[3] = 10, &["species[3] = 10", "0 to 9"]),
        ("short", |data| data.species.truncate(9), &["/species", "positions has 64 rows"]),
        ("table", |data| data.k[1] = 2.0, &["k is not symmetric", "k[1,0]"]),
        ("diameter", |data| data.diameters[2] = -1.0, &["D_2 = -1", "D > 0"]),
        ("position", |data| data.positions[5] = f64::NAN, &["particle 2 is not finite"]),
        ("edge", |data| data.edges[0] = 1.5, &["box is too small"]),
    ];
    for (name, change, fragments) in changes {
        let mut changed = data.clone();
        change(&mut changed);
        let path = folder.path().join(format!("{name}.h5"));
        writer::write(&path, "/", &changed);
        let path = path.to_str().unwrap();
        refused(path, &[], &[&[path][..], fragments].concat());
    }
    for (name, rows, fragment) in [
        ("columns", vec![1.0; 9], "9 columns; expected 10"),
        ("zero", vec![0.0; 10], "row 0 is zero"),
        ("nan", vec![f64::NAN; 10], "row 0 is not finite"),
    ] {
        let columns = rows.len();
        let changed = SolidData { directions: Some((rows, columns)), ..data.clone() };
        let path = folder.path().join(format!("directions-{name}.h5"));
        writer::write(&path, "/", &changed);
        let path = path.to_str().unwrap();
        refused(path, &[], &[&format!("{path}:/directions: {fragment}")]);
    }
    let path = folder.path().join("fraction.h5");
    writer::write(&path, "/", &data);
    let file = hdf5::File::open_rw(&path).unwrap();
    file.unlink("species").unwrap();
    let species: Vec<f64> = data.species.iter().map(|&s| s as f64 + 0.5).collect();
    file.new_dataset::<f64>().shape(64).create("species").unwrap().write_raw(&species).unwrap();
    file.close().unwrap();
    refused(path.to_str().unwrap(), &[], &["/species: value 0 is ", ".5; expected", "integers"]);
    let changed = SolidData { directions: Some((Vec::new(), 10)), ..data };
    let path = folder.path().join("directions-none.h5");
    writer::write(&path, "/", &changed);
    refused(path.to_str().unwrap(), &[], &["directions-none.h5:/directions: shape [0, 10]"]);
}

/// One that is half written is refused: see `truncated.h5` above.
#[test]
fn an_input_that_somebody_has_open_with_a_lock_is_still_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut data = solid_file::read(&reference("s2d_n064_p1e-1_D10")).unwrap();
    data.directions = Some((vec![1.0; 10], 10));
    let path = folder.path().join("open.h5");
    writer::write(&path, "/", &data);
    let address = path.to_str().unwrap();
    let (expected, _) = measured(&folder, address, &[]);
    // The locks that HDF5 takes for reading and for writing. HDF5 itself would hand them on to the
    // programs that other tests start meanwhile.
    let locks: [fn(&File) -> std::io::Result<()>; 2] = [File::lock_shared, File::lock];
    for lock in locks {
        let held = File::open(&path).unwrap();
        lock(&held).unwrap();
        for options in [&[][..], &["--directions", &format!("file:{address}")]] {
            let (file, _) = measured(&folder, address, options);
            for name in ["positions", "jacobian", "directions"] {
                assert_eq!(numbers(&file, name), numbers(&expected, name), "{name}");
            }
        }
    }
}

#[test]
fn an_output_that_exists_or_cannot_be_made_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.h5");
    std::fs::write(&output, "precious").unwrap();
    let input = reference("s2d_n064_p1e-1_D10");
    let ended = amorph(&["measure", &input, "-o", output.to_str().unwrap()]);
    assert_eq!(ended.status.code(), Some(2));
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(message.contains(output.to_str().unwrap()) && message.contains("exists already"));
    assert_eq!(std::fs::read_to_string(&output).unwrap(), "precious");
    let ended = amorph(&["measure", &input, "-o", "/nowhere/out.h5"]);
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{message}");
    assert!(message.contains("/nowhere/out.h5") && message.contains("create"), "{message}");
}

fn text(file: &hdf5::File, attribute: &str) -> String {
    let value = file.attr(attribute).unwrap().read_scalar::<hdf5::types::FixedUnicode<512>>();
    value.unwrap().to_string()
}

/// max|F| and the contacts (i, j) of a soft 2d solid at other positions and diameters.
fn state(data: &SolidData, positions: &[f64], diameters: &[f64]) -> (f64, Vec<(usize, usize)>) {
    let (positions, diameters) = (positions.to_vec(), diameters.to_vec());
    let moved = SolidData { positions, diameters, ..data.clone() };
    let solid: Solid<2> = moved.solid(Tail::Switched { from: 5.0, to: 9.9 }).unwrap();
    let mut forces = Forces::new(&solid);
    forces.evaluate(&solid);
    let contacts = Contacts::find(&solid, forces.candidates());
    let mut pairs: Vec<(usize, usize)> = contacts.bonds.iter().map(|b| (b.i, b.j)).collect();
    pairs.sort_unstable();
    (forces.max_norm(), pairs)
}

/// The frames of an extended XYZ text: header and rows of numbers (x, y, z, radius, rattler).
fn frames(xyz: &str) -> Vec<(String, Vec<Vec<f64>>)> {
    let mut lines = xyz.lines();
    let mut frames = Vec::new();
    while let Some(count) = lines.next() {
        let header = lines.next().unwrap().to_owned();
        let rows = lines.by_ref().take(count.parse().unwrap());
        let numbers = rows.map(|row| row.split(' ').skip(1).map(|x| x.parse().unwrap()).collect());
        frames.push((header, numbers.collect()));
    }
    frames
}

fn exported(arguments: &[&str]) -> Vec<(String, Vec<Vec<f64>>)> {
    let ended = amorph(&[&["export"], arguments].concat());
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    frames(&String::from_utf8_lossy(&ended.stdout))
}

#[test]
fn snapshots_are_the_minima_on_both_sides_of_the_thresholds_and_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let input = reference("s2d_n064_p1e-1_D10");
    let options = ["--sweep", "--directions", "3", "--snapshots"];
    let (file, _) = measured(&folder, &input, &options);
    let data = solid_file::read(&file.filename()).unwrap();
    let (_, at_rest) = state(&data, &data.positions, &data.diameters);
    let directions = matrix(&file, "directions");
    let mut expected = Vec::new();
    for (direction, vector) in directions.iter().enumerate() {
        for (name, threshold, end) in [
            ("contact_before", "gamma_contact", 0),
            ("contact_after", "gamma_contact", 1),
            ("rearrangement_before", "gamma_rearrangement", 0),
            ("rearrangement_after", "gamma_rearrangement", 1),
        ] {
            let dataset = file.dataset(&format!("snapshots/{name}")).unwrap();
            assert_eq!(dataset.shape(), [3, 64, 2]);
            let all = dataset.read_raw::<f64>().unwrap();
            let positions = &all[direction * 128..(direction + 1) * 128];
            let gamma = numbers(&file, threshold)[2 * direction + end];
            if numbers(&file, threshold)[2 * direction + 1].is_nan() {
                assert!(positions.iter().all(|x| x.is_nan()), "{name} {direction}");
                continue;
            }
            let diameters: Vec<f64> =
                data.diameters.iter().zip(vector).map(|(d, w)| d + gamma * w).collect();
            let (force, contacts) = state(&data, positions, &diameters);
            assert!(force < 1e-9, "{name} {direction}: max|F| {force:e}");
            if threshold == "gamma_contact" {
                assert_eq!(contacts == at_rest, end == 0, "{name} {direction}");
            }
            expected.push((direction, name, gamma, positions.to_vec(), diameters));
        }
    }
    // Direction 1 does not rearrange.
    assert_eq!(expected.len(), 10);
    let frames = exported(&[&file.filename(), "--snapshots"]);
    assert_eq!(frames.len(), expected.len());
    for ((header, rows), (direction, name, gamma, positions, diameters)) in
        frames.iter().zip(&expected)
    {
        let words = format!("direction={direction} snapshot={name} gamma={gamma}");
        assert!(header.ends_with(&words), "{header}: no {words}");
        for (i, row) in rows.iter().enumerate() {
            assert_eq!(row[0], positions[2 * i].rem_euclid(data.edges[0]));
            assert!((row[3] - 0.5 * diameters[data.species[i]]).abs() < 1e-15);
        }
    }
    assert_eq!(exported(&[&file.filename()]).len(), 1);
    let (bare, _) = measured(&folder, &input, &[]);
    let ended = amorph(&["export", &bare.filename(), "--snapshots"]);
    let message = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{message}");
    assert!(message.contains("holds no snapshots"), "{message}");
    refused(&input, &["--snapshots"], &["--snapshots", "--sweep"]);
}

#[test]
fn snapshots_of_a_study_are_exported_with_the_radii_at_that_gamma() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "version = 1\n[study]\nname = \"shots\"\nreplicas = 2\n[solid]\ndimension = 2\n\
                particles = 48\npressure = 0.05\n[parameters]\nspecies = [6]\n[sweep]\n\
                directions = 2\n[output]\nsnapshots = 1\n";
    std::fs::write(&study, text).unwrap();
    let results = folder.path().join("results.h5");
    let results = results.to_str().unwrap();
    let ended = amorph(&["run", study.to_str().unwrap(), "-o", results]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let file = common::open(results);
    let found = |name: &str| {
        let ends = numbers(&file, &format!("main/D_n6/sweeps/{name}"));
        ends[..4].chunks(2).filter(|ends| ends[1].is_finite()).count()
    };
    let frames = exported(&[results, "--snapshots"]);
    assert_eq!(frames.len(), 2 * (found("gamma_contact") + found("gamma_rearrangement")));
    assert!(found("gamma_contact") > 0);
    let (header, rows) = &frames[1];
    assert!(header.contains("replica=0 theta=D_n6 direction=0 snapshot=contact_after"), "{header}");
    let gamma = numbers(&file, "main/D_n6/sweeps/gamma_contact")[1];
    let vector = numbers(&file, "main/D_n6/sweeps/direction_vector");
    let start = numbers(&file, "main/D_n6/theta0");
    let species: Vec<i32> = file.dataset("main/D_n6/species").unwrap().read_raw().unwrap();
    let positions = numbers(&file, "main/D_n6/sweeps/snapshots/contact_after");
    let edge = numbers(&file, "main/solids/box")[0];
    for (i, row) in rows.iter().enumerate() {
        let s = species[i] as usize;
        assert_eq!(row[0], positions[2 * i].rem_euclid(edge));
        assert!((row[3] - 0.5 * (start[s] + gamma * vector[s])).abs() < 1e-15);
    }
    assert_eq!(exported(&[results, "--snapshots", "--replica", "1"]).len(), 0);
    assert_eq!(exported(&[results]).len(), 2);
}

#[test]
fn directions_are_chosen_by_number_at_random_or_from_a_file_and_in_both_orientations() {
    let folder = tempfile::tempdir().unwrap();
    let input = reference("s2d_n064_p1e-1_D10");
    let (first, _) = measured(&folder, &input, &["--directions", "2", "--signs", "both"]);
    let rows = matrix(&first, "directions");
    let right = matrix(&first, "right");
    let opposite = |row: &[f64]| -> Vec<f64> { row.iter().map(|x| -x).collect() };
    assert_eq!(
        rows,
        [right[0].clone(), opposite(&right[0]), right[1].clone(), opposite(&right[1])]
    );
    let signs: Vec<i32> = first.dataset("sign").unwrap().read_raw().unwrap();
    assert_eq!(signs, [1, -1, 1, -1]);
    let linear = matrix(&first, "linear");
    assert_eq!(opposite(&linear[0]), linear[1]);
    assert_eq!((text(&first, "signs"), text(&first, "scale")), ("both".into(), "none".into()));

    let random = |seed| {
        let options = ["--directions", "random:3", "--seed", seed];
        let (file, _) = measured(&folder, &input, &options);
        assert_eq!(text(&file, "directions_from"), format!("3 random ones, seed {seed}"));
        matrix(&file, "directions")
    };
    let rows = random("4");
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert!((row.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
    }
    assert_eq!(rows, random("4"));
    assert_ne!(rows, random("5"));

    let address = format!("file:{}", first.filename());
    let (again, _) = measured(&folder, &input, &["--directions", &address]);
    assert_eq!(matrix(&again, "directions"), matrix(&first, "directions"));
    // Named directions count more than those beside the solid.
    let (all, _) = measured(&folder, &first.filename(), &["--directions", "all", "--no-relax"]);
    assert_eq!(matrix(&all, "directions"), matrix(&all, "right"));
    let other = ["--parameters", "D,k"];
    refused(&first.filename(), &other, &["10 columns; expected 65", "--directions"]);
    refused(&input, &["--directions", "file:/nowhere.h5"], &["/nowhere.h5: no such file"]);
    let none = format!("file:{input}:/svd");
    refused(&input, &["--directions", &none], &["/svd: no dataset `directions`"]);
    refused(&input, &["--directions", "some"], &["--directions", "random:N"]);
}

#[test]
fn the_scale_of_the_features_moves_gamma_tilde_and_gamma_star_and_stands_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let input = reference("s2d_n064_p1e-1_D10");
    let swept = |scale: &str| {
        let options = ["--sweep", "--directions", "2", "--scale", scale, "--gamma-max", "2e-2"];
        measured(&folder, &input, &options).0
    };
    let plain = swept("none");
    let initial = swept("initial");
    assert_eq!(text(&initial, "scale"), "initial");
    assert_eq!(numbers(&plain, "weights"), [1.0; 9]);
    let weights = numbers(&initial, "weights");
    let features = numbers(&initial, "features");
    assert!(weights.iter().zip(&features).all(|(w, y)| (w * y.abs() - 1.0).abs() < 1e-14));
    let norm = |row: &[f64]| -> f64 {
        row.iter().zip(&weights).map(|(x, w)| (x * w).powi(2)).sum::<f64>().sqrt()
    };
    let (linear, curvature) = (matrix(&initial, "linear"), matrix(&initial, "curvature"));
    for direction in 0..2 {
        let expected = 0.1 * norm(&linear[direction]) / (0.5 * norm(&curvature[direction]));
        let found = numbers(&initial, "gamma_tilde")[direction];
        assert!((found / expected - 1.0).abs() < 1e-12, "{found} {expected}");
        let star = |file: &hdf5::File| numbers(file, "gamma_star")[2 * direction];
        assert!((star(&plain) / star(&initial) - 1.0).abs() > 0.1);
    }
    let table: Vec<String> = weights.iter().map(|w| format!("{w:?}")).collect();
    let given = swept(&table.join(","));
    assert_eq!(text(&given, "scale"), "given");
    assert_eq!(numbers(&given, "gamma_star"), numbers(&initial, "gamma_star"));
    let short = ["--directions", "all", "--scale", "1,2"];
    refused(&input, &short, &["--scale", "2 weights", "expected 9", "stress_xx"]);
    let crystal = reference("x2d_tri_n080_p1e-1_D16");
    let options = ["--directions", "all", "--scale", "initial"];
    refused(&crystal, &options, &[&crystal, "--scale initial", "stress_xy is 0"]);
}

#[test]
fn a_network_is_read_back_with_its_springs() {
    let folder = tempfile::tempdir().unwrap();
    let study = folder.path().join("study.toml");
    let text = "version = 1\n[study]\nname = \"net\"\n[solid]\ndimension = 2\nparticles = 48\n\
                structure = \"network\"\npressure = 0.05\n[parameters]\nspecies = [4]\n[sweep]\n\
                parameters = []\n";
    std::fs::write(&study, text).unwrap();
    let results = folder.path().join("results.h5");
    let results = results.to_str().unwrap();
    let ended = amorph(&["run", study.to_str().unwrap(), "-o", results]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let options = ["--parameters", "D,k", "--features", "stress,elastic,modes:4"];
    let row = ["--scenario", "main", "--replica", "0", "--parameterisation", "D_n4"];
    let (first, _) = measured(&folder, results, &[&row[..], &options].concat());
    assert!(numbers(&first, "energy")[0] < 1e-20);
    let (second, _) = measured(&folder, &first.filename(), &options);
    for path in ["positions", "features", "jacobian", "singular_values", "spring_stretch"] {
        assert_eq!(numbers(&first, path), numbers(&second, path), "{path}");
    }

    // As the solid of a study too.
    let text = format!(
        "version = 1\n[study]\nname = \"again\"\nreplicas = 1\n[solid]\ndimension = 2\n\
         particles = 48\nstructure = \"file\"\nfiles = [{:?}]\n[parameters]\nspecies = [4]\n[sweep]\n\
         parameters = []\n",
        first.filename()
    );
    std::fs::write(&study, text).unwrap();
    let again = folder.path().join("again.h5");
    let ended = amorph(&["run", study.to_str().unwrap(), "-o", again.to_str().unwrap()]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let found = numbers(&common::open(&again), "main/features/values");
    assert!(largest_difference(&found, &numbers(&first, "features")[..9]) < 1e-11);

    type Change = fn(&hdf5::File);
    let changes: [(&str, Change, &str); 4] = [
        ("end", |f| set(f, "springs", &[48_i32], 0), "springs[0] = [48, "),
        ("stretch", |f| set(f, "spring_stretch", &[-1.0], 0), "spring_stretch[0] = -1"),
        ("lost", |f| f.unlink("spring_stretch").unwrap(), "no dataset `spring_stretch`"),
        ("bare", |f| f.unlink("springs").unwrap(), "no dataset `springs`"),
    ];
    for (name, change, fragment) in changes {
        let path = folder.path().join(format!("{name}.h5"));
        std::fs::copy(first.filename(), &path).unwrap();
        let file = hdf5::File::open_rw(&path).unwrap();
        change(&file);
        file.close().unwrap();
        let path = path.to_str().unwrap();
        refused(path, &[], &[path, fragment]);
    }
}

/// Overwrites some values of a flat view of a dataset.
fn set<T: hdf5::H5Type + Clone>(file: &hdf5::File, name: &str, values: &[T], at: usize) {
    let dataset = file.dataset(name).unwrap();
    let mut all = dataset.read_raw::<T>().unwrap();
    all[at..at + values.len()].clone_from_slice(values);
    dataset.write_raw(&all).unwrap();
}
