//! Between order and disorder: polydisperse crystals, crystals with defects, and polydisperse packings.

mod common;
#[path = "common/plain.rs"]
mod plain;
#[path = "common/solid_file.rs"]
mod writer;

use std::path::Path;

use amorph::format::solid_file::{self, SolidData};
use amorph::relax::disorder::Disorder;
use amorph::relax::prepare::{Prepared, Recipe, Structure};
use amorph::response::features::FeatureRequest;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::Solid;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::study::config::Study;
use common::engine::{contents, launch};
use common::small::{key, prepared, recipe, respond};
use common::{largest, largest_difference, numbers, open};

const FEATURES: FeatureRequest =
    FeatureRequest { stress: true, elastic: true, modes: 0, derived: false, pairs: Vec::new() };

/// Species of the crystals.
const SPECIES: usize = 40;

fn disordered(
    structure: Structure,
    particles: usize,
    pressure: f64,
    polydispersity: f64,
    defects: f64,
) -> Recipe {
    let disorder = Some(Disorder { polydispersity, defects });
    Recipe { disorder, ..recipe(particles, structure, pressure, 0.0) }
}

/// The singular values of stress and C with respect to the diameters of the solid's species.
fn singular_values<const D: usize>(made: &mut Prepared<D>) -> Vec<f64> {
    let space = ParameterSpace::new(&[ParameterKind::Diameter], made.solid.interactions.species());
    let response = respond(&made.solid, &mut made.equilibrium, &FEATURES, &space);
    decompose(response.jacobian.as_ref(), RANK_TOLERANCE, 0.0).unwrap().singular_values
}

fn rank(s: &[f64]) -> usize {
    s.iter().filter(|&&value| value > RANK_TOLERANCE * s[0]).count()
}

/// The smallest and the largest of the exponents with which the singular values grow from one δ to
/// another, and s_min/(s_0 δ) at the first one.
fn growth<const D: usize>(particles: usize, [from, to]: [f64; 2]) -> (f64, f64, f64) {
    let of = |delta: f64| {
        let recipe = disordered(Structure::Crystal, particles, 1e-1, delta, 0.0);
        let s = singular_values(&mut prepared::<D>(&recipe, 0, SPECIES));
        assert!(s[FEATURES.len(D) - 1] > 1e-10 * s[0], "{D}d δ = {delta:e}: {s:?}");
        s
    };
    let (few, many) = (of(from), of(to));
    let slopes: Vec<f64> =
        few.iter().zip(&many).skip(1).map(|(a, b)| (b / a).ln() / (to / from).ln()).collect();
    let least = slopes.iter().copied().fold(f64::INFINITY, f64::min);
    let most = slopes.iter().copied().fold(0.0, f64::max);
    (least, most, few[few.len() - 1] / (few[0] * from))
}

fn check_growth<const D: usize>(particles: usize, expected: f64) {
    let recipe = disordered(Structure::Crystal, particles, 1e-1, 0.0, 0.0);
    assert_eq!(rank(&singular_values(&mut prepared::<D>(&recipe, 0, SPECIES))), 1, "{D}d crystal");
    for (range, within) in [([1e-6, 1e-5], 0.01), ([1e-5, 1e-4], 0.01), ([1e-4, 1e-2], 0.15)] {
        let (least, most, ratio) = growth::<D>(particles, range);
        println!("{D}d δ in {range:?}: s ~ δ^({least:.4} to {most:.4}), s_min/s_0 = {ratio:.4} δ");
        assert!(least > 1.0 - within && most < 1.0 + within, "{D}d {range:?}: {least} {most}");
        let about = ratio / expected;
        assert!(about > 0.3 && about < 3.0, "{D}d: s_min/s_0 = {ratio} δ, expected {expected}");
    }
}

#[test]
fn singular_values_that_vanish_in_a_crystal_grow_in_proportion_to_its_polydispersity() {
    check_growth::<2>(256, 0.009);
    check_growth::<3>(256, 0.003);
}

fn one_defect<const D: usize>(particles: usize) {
    let recipe = disordered(Structure::Crystal, particles, 1e-1, 0.0, 1.0 / particles as f64);
    let mut ranks = Vec::new();
    for replica in 0..4 {
        let mut made = prepared::<D>(&recipe, replica, SPECIES);
        let healed = recipe.disorder.unwrap().healed(&made.solid, &key(replica));
        let s = singular_values(&mut made);
        println!(
            "{D}d replica {replica}: {healed} healed, rank {}, s {:.1e}",
            rank(&s),
            s[s.len() - 1] / s[0]
        );
        ranks.push((healed, rank(&s)));
    }
    for (healed, rank) in &ranks {
        let expected = if *healed == 1 { 1 } else { FEATURES.len(D) };
        assert_eq!(*rank, expected, "{D}d: (healed, rank) = {ranks:?}");
    }
    assert!(ranks.iter().any(|(healed, _)| *healed == 0), "every defect has healed");
}

#[test]
fn one_defect_gives_a_crystal_full_rank_unless_it_heals() {
    one_defect::<2>(80);
    one_defect::<3>(108);
}

#[test]
fn the_left_site_of_a_crystal_has_healed_where_it_is_occupied() {
    let recipe = disordered(Structure::Crystal, 80, 1e-1, 0.0, 0.05);
    let perfect = disordered(Structure::Crystal, 80, 1e-1, 0.0, 0.0);
    let disorder = recipe.disorder.unwrap();
    let start: Solid<2> = recipe.start(&key(0)).unwrap();
    let crystal: Solid<2> = perfect.start(&key(0)).unwrap();
    assert_eq!(disorder.healed(&start, &key(0)), 0);
    assert_eq!(disorder.healed(&crystal, &key(0)), 4);
    // Whoever sits there, and wherever the crystal has gone.
    let mut other = crystal.clone();
    other.positions.swap(0, 41);
    assert_eq!(disorder.healed(&other, &key(0)), 4);
    let mut moved = crystal.clone();
    moved.positions.iter_mut().for_each(|r| r.x += 0.4);
    assert_eq!(disorder.healed(&moved, &key(0)), 4);
}

/// Polydisperse solids against the sums over all of their pairs and a dense Hessian.
fn check_plain<const D: usize>(structure: Structure, particles: usize, pressure: f64) {
    let recipe = disordered(structure, particles, pressure, 0.1, 0.0);
    let mut made = prepared::<D>(&recipe, 0, 4);
    let plain = plain::plain(&made.solid);
    let name = format!("{structure:?} {D}d p = {pressure:e}");
    assert!((plain.pressure / pressure - 1.0).abs() < 1e-6, "{name}: {}", plain.pressure);
    let space = ParameterSpace::new(&[ParameterKind::Diameter], 4);
    let response = respond(&made.solid, &mut made.equilibrium, &FEATURES, &space);
    let theirs = [plain.stress, plain.elastic].concat();
    let error = largest_difference(&response.values, &theirs) / largest(&theirs);
    println!("{name}: {error:.1e}");
    assert!(error < 1e-9, "{name}: {error:e}");
}

#[test]
fn polydisperse_solids_are_those_of_plain_computation() {
    for pressure in [1e-1, 1e-3] {
        check_plain::<2>(Structure::Disordered, 64, pressure);
        check_plain::<3>(Structure::Disordered, 100, pressure);
    }
    check_plain::<2>(Structure::Crystal, 80, 1e-1);
    check_plain::<3>(Structure::Crystal, 108, 1e-1);
}

#[test]
fn one_solid_is_followed_as_polydispersity_and_defects_grow() {
    let of = |keys: &str| {
        let text = format!(
            "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 80\n\
             pressure = 0.1\nstructure = \"triangular\"\n{keys}\n"
        );
        Study::parse("s.toml", &text).unwrap().scenarios[0].solid.clone()
    };
    let plain = of("");
    for keys in ["polydispersity = 0.0", "polydispersity = 0.1\ndefects = 0.2", "defects = 0.1"] {
        let with = of(keys);
        assert_eq!(with.identity(), plain.identity(), "{keys}");
        assert_ne!(with.canonical(), plain.canonical(), "{keys}");
    }
    assert_ne!(of("exponent = 2.5").identity(), plain.identity());
    assert_eq!(of("exponent = 2.0").canonical(), plain.canonical());
}

const STUDY: &str = r#"version = 1
[study]
name = "disorder"
replicas = 3
[solid]
dimension = 2
particles = 80
pressure = 0.1
structure = "triangular"
polydispersity = 0.05
defects = 0.0375
[features]
sets = [["stress", "elastic"]]
[parameters]
species = [12]
[sweep]
directions = 2
[output]
snapshots = 1
[[scenario]]
name = "crystal"
[[scenario]]
name = "particles"
parameters = { level = "particle" }
sweep = { parameters = [] }
[[scenario]]
name = "three"
solid = { dimension = 3, particles = 108, structure = "fcc" }
[[scenario]]
name = "packing"
solid = { structure = "disordered", polydispersity = 0.1 }
[[scenario]]
name = "hertzian"
solid = { structure = "disordered", polydispersity = 0.1, exponent = 2.5 }
"#;

/// Runs the program; its output must be a success.
fn succeed(arguments: &[&str]) -> String {
    let output = launch(0, "600").args(arguments).output().unwrap();
    let text = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{arguments:?}: {text}");
    text
}

fn path(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn a_study_of_disorder_runs_with_the_same_bits_on_any_number_of_ranks_and_every_reader_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let at = |name: &str| path(folder, name);
    std::fs::write(at("s.toml"), STUDY).unwrap();
    for ranks in [1, 4] {
        let output = launch(ranks, "600")
            .args(["run", &at("s.toml"), "-o", &at(&format!("{ranks}.h5"))])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let results = at("1.h5");
    assert_eq!(contents(Path::new(&results)), contents(Path::new(&at("4.h5"))));
    println!("{}", succeed(&["check", &results, "--items", "4"]));

    let file = open(&results);
    let factors = numbers(&file, "crystal/solids/size_factor");
    assert_eq!(factors.len(), 3 * 80);
    assert_eq!(factors, numbers(&file, "particles/solids/size_factor"));
    let mean = factors.iter().sum::<f64>() / 240.0;
    assert!((mean - 1.0).abs() < 0.02 && factors.iter().all(|&x| x > 0.8 && x < 1.2));
    for name in ["crystal", "three", "packing", "hertzian"] {
        let of = |quantity: &str| numbers(&file, &format!("{name}/solids/{quantity}"));
        let d = if name == "three" { 3.0 } else { 2.0 };
        for row in 0..3 {
            let z = of("coordination")[row];
            assert!(z > 2.0 * d - 0.5 && z < 2.5 * 2.0 * d, "{name}: z = {z}");
            let (global, local) = (of("bond_order")[row], of("local_bond_order")[row]);
            assert!(global > 0.0 && global <= local && local <= 1.0, "{name}: {global} {local}");
        }
        let healed = file.dataset(&format!("{name}/solids/healed_sites")).unwrap();
        let healed: Vec<i32> = healed.read_raw().unwrap();
        assert!(healed.iter().all(|&healed| (0..=4).contains(&healed)), "{name}: {healed:?}");
    }

    // A row becomes a file of one solid, and that file the same solid again.
    let measured = |source: &[&str], name: &str| {
        let output = at(name);
        succeed(&[&["measure"][..], source, &["-o", &output]].concat());
        open(&output)
    };
    for (scenario, theta) in [("crystal", "D_n12"), ("hertzian", "D_n12")] {
        let row = ["--scenario", scenario, "--replica", "1", "--parameterisation", theta];
        let first =
            measured(&[&[results.as_str()][..], &row].concat(), &format!("{scenario}-row.h5"));
        let again =
            measured(&[at(&format!("{scenario}-row.h5")).as_str()], &format!("{scenario}-file.h5"));
        let of_run = numbers(&file, &format!("{scenario}/{theta}/jacobian"));
        let jacobian = numbers(&first, "jacobian");
        let place = jacobian.len()..2 * jacobian.len();
        let error = largest_difference(&jacobian, &of_run[place]) / largest(&jacobian);
        assert!(error < 1e-9, "{scenario}: {error:e}");
        let error = largest_difference(&jacobian, &numbers(&again, "jacobian"));
        assert!(error < 1e-9 * largest(&jacobian), "{scenario}: {error:e}");
        assert_eq!(numbers(&first, "size_factor"), numbers(&again, "size_factor"));
        let data: SolidData = solid_file::read(&at(&format!("{scenario}-file.h5"))).unwrap();
        assert_eq!(data.exponent, if scenario == "hertzian" { 2.5 } else { 2.0 });
        // The file's radii are the particles' own.
        let frame = succeed(&["export", &at(&format!("{scenario}-row.h5"))]);
        let radius = |line: &str| line.split(' ').nth(4).unwrap().parse::<f64>().unwrap();
        let radii: Vec<f64> = frame.lines().skip(2).take(80).map(radius).collect();
        let factors = data.size_factors.unwrap();
        for (i, radius) in radii.iter().enumerate() {
            let diameter = factors[i] * data.diameters[data.species[i]];
            assert!((radius - 0.5 * diameter).abs() < 1e-14, "{scenario}: {radius} {diameter}");
        }
        let of_results = succeed(&["export", &results, "--scenario", scenario, "--replica", "1"]);
        let of_results: Vec<f64> = of_results.lines().skip(2).take(80).map(radius).collect();
        assert_eq!(of_results, radii, "{scenario}");
    }

    // Solids from files keep their sizes; another length or a size of zero is refused.
    let mut data = solid_file::read(&at("crystal-file.h5")).unwrap();
    std::fs::write(
        at("f.toml"),
        "version = 1\n[study]\nname = \"f\"\nreplicas = 1\n[solid]\ndimension = 2\nparticles = 80\n\
         structure = \"file\"\nfiles = [\"crystal-file.h5\"]\n[parameters]\nspecies = [12]\n\
         [sweep]\nparameters = []\n",
    )
    .unwrap();
    succeed(&["run", &at("f.toml"), "-o", &at("f.h5")]);
    succeed(&["check", &at("f.h5"), "--items", "1"]);
    let pressure = numbers(&open(at("f.h5")), "main/solids/pressure")[0];
    assert!((pressure / 0.1 - 1.0).abs() < 1e-6, "{pressure}");
    for (name, change) in [("short.h5", 79), ("zero.h5", 80)] {
        let mut factors = data.size_factors.clone().unwrap();
        factors[3] = 0.0;
        factors.truncate(change);
        data.size_factors = Some(factors.clone());
        writer::write(Path::new(&at(name)), "/", &data);
        factors.resize(80, 1.0);
        data.size_factors = Some(factors);
        let output =
            launch(0, "60").args(["measure", &at(name), "-o", &at("x.h5")]).output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(message.contains("size_factor"), "{message}");
    }
}
