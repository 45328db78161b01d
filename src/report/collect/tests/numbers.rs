//! Correlations, intervals and power laws of files with known contents, computed a second time in a
//! plain way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::*;
use super::{file, open};
use crate::analysis::values::Values;
use crate::format::archive::{Access, Item, Storage, Writer, create};
use crate::linearity::cause::Cause;
use crate::study::config::Study;
use crate::study::provenance::identity;
use crate::study::schema::shape;
use crate::study::statistics::{PowerLaw, SCAN_QUANTITIES, interval_of, quantile};
use crate::study::synthetic::Synthetic;

/// Mean ranks, by counting.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count() as f64;
        let equal = values.iter().filter(|other| *other == value).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

fn pearson(x: &[f64], y: &[f64]) -> f64 {
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (mx, my) = (mean(x), mean(y));
    let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(x, y)| f(*x, *y)).sum::<f64>();
    let xy = sum(&|x, y| (x - mx) * (y - my));
    xy / (sum(&|x, _| (x - mx).powi(2)) * sum(&|_, y| (y - my).powi(2))).sqrt()
}

/// Every value of a column in all done rows.
fn column(archive: &Results, slots: u64, parts: usize, name: &str) -> Vec<f64> {
    let mut all = Vec::new();
    for slot in 0..slots {
        for part in 0..parts {
            for (path, values) in archive.row(Item { scenario: 0, slot, part }).expect("readable") {
                if path.ends_with(name) {
                    all.extend(values.floats());
                }
            }
        }
    }
    all
}

#[test]
fn correlations_are_those_of_a_plain_computation() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = open(&file(folder.path(), 0, 12, None));
    let statistics = collect(std::slice::from_ref(&archive)).expect("collected");
    let sweeps = statistics.scenarios[0].parameterisations[0].sweeps.as_ref().expect("swept");
    let s = column(&archive, 12, 10, "sweeps/susceptibility");
    let brackets = column(&archive, 12, 10, "sweeps/gamma_star");
    let star: Vec<f64> = brackets.chunks(2).map(|ends| (ends[0] * ends[1]).sqrt()).collect();
    let zeta: Vec<f64> = s.iter().zip(&star).map(|(s, star)| s * star).collect();
    let logarithms = |values: &[f64]| values.iter().map(|value| value.ln()).collect::<Vec<_>>();
    let of = &sweeps.correlations;
    assert_eq!((of.directions, of.censored, sweeps.sampled_solids), (108, 0, 12));
    for (found, y) in [(&of.gamma_star, &star), (&of.zeta, &zeta)] {
        for (estimate, expected) in [
            (&found.spearman, pearson(&ranks(&s), &ranks(y))),
            (&found.pearson, pearson(&logarithms(&s), &logarithms(y))),
        ] {
            assert!((estimate.lower - expected).abs() < 1e-12, "{estimate:?} {expected}");
            assert_eq!(estimate.lower, estimate.upper);
            let [low, high] = estimate.interval;
            assert!(low < expected && expected < high && high - low < 0.6, "{estimate:?}");
        }
    }
    // s and γ* are independent here: ζ owes its correlation to s alone.
    let null = &of.zeta_shuffled.pearson;
    for (own, null, excess) in [
        (of.zeta.pearson, of.zeta_shuffled.pearson, of.zeta_minus_shuffled.pearson),
        (of.zeta.spearman, of.zeta_shuffled.spearman, of.zeta_minus_shuffled.spearman),
    ] {
        assert_eq!(excess.lower, own.lower - null.upper);
        let [low, high] = excess.interval;
        assert!(low < 0.0 && 0.0 < high && high - low < 0.3, "{of:?}");
        assert!(null.interval[0] < null.lower && null.lower < null.interval[1], "{of:?}");
    }
    assert!(null.lower > 0.5 && of.gamma_star.pearson.lower.abs() < 0.25, "{of:?}");
}

#[test]
fn every_singular_value_has_quantiles_of_its_own_and_intervals() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = open(&file(folder.path(), 0, 12, Some(7)));
    let statistics = collect(std::slice::from_ref(&archive)).expect("collected");
    let set = &statistics.scenarios[0].parameterisations[0].sets[0];
    assert_eq!((set.solids, set.by_mode.len()), (11, 9));
    let values: Vec<f64> = (0..12)
        .filter(|slot| *slot != 7)
        .flat_map(|slot| {
            let row = archive.row(Item { scenario: 0, slot, part: 0 }).expect("readable");
            let found = row.into_iter().find(|(path, _)| path.ends_with("/singular_values"));
            found.expect("there").1.floats().to_vec()
        })
        .collect();
    for (mode, found) in set.by_mode.iter().enumerate() {
        let mut of_mode: Vec<f64> = values.chunks(9).map(|solid| solid[mode]).collect();
        of_mode.sort_by(f64::total_cmp);
        assert_eq!(found.count, 11);
        assert_eq!(quantile(&found.quantiles, 0.5), of_mode[5]);
        assert_eq!(quantile(&found.quantiles, 0.25), of_mode[2]);
        let [low, high] = interval_of(&found.intervals, 0.5);
        // The median of 11 values: order statistics 2 to 10 hold it with 98.8 %, 3 to 9 with 93.5 %.
        assert!((of_mode[1]..=of_mode[3]).contains(&low), "{low} {of_mode:?}");
        assert!((of_mode[7]..=of_mode[9]).contains(&high), "{high} {of_mode:?}");
        assert!(interval_of(&found.intervals, 1.0)[0].is_nan());
    }
    let condition = values.chunks(9).map(|solid| solid[8] / solid[0]).fold(f64::NAN, f64::min);
    assert_eq!(quantile(&set.condition.quantiles, 0.0), condition);
    assert_eq!(set.rank_deficits.iter().sum::<u64>(), 11);
}

/// A number between 0.8 and 1.25 that belongs to a place.
fn noise(place: &str) -> f64 {
    let uniform = xxhash_rust::xxh3::xxh3_64(place.as_bytes()) as f64 / u64::MAX as f64;
    0.8 * (1.25_f64 / 0.8).powf(uniform)
}

/// Scenarios of 32, 64 and 128 particles with s_i ∝ N^(−i/10), γ* ∝ N^−0.5 and γ_c ∝ N^−1, each but for a
/// factor of noise per solid. At 128 particles no γ_c is found: it lies beyond half its value.
fn scan(folder: &Path, replicas: u64) -> PathBuf {
    let text = format!(
        "version = 1\n[study]\nname = \"s\"\nreplicas = {replicas}\n[solid]\ndimension = 2\n\
         particles = 32\npressure = 0.1\n[parameters]\nspecies = [20]\n[output]\ncurves = 0\n\
         [[scenario]]\nname = \"N128\"\nsolid = {{ particles = 128 }}\n\
         [[scenario]]\nname = \"N32\"\n\
         [[scenario]]\nname = \"N64\"\nsolid = {{ particles = 64 }}\n"
    );
    let study = Arc::new(Study::parse("s.toml", &text).expect("valid"));
    let path = folder.join("scan.h5");
    create(&path, &shape(&study), &arrays::columns(&study), &identity(&study), Storage::Contiguous)
        .expect("created");
    let mut writer = Writer::open(&path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    for item in work.items() {
        let particles = study.scenarios[item.scenario].solid.recipe.particles as f64;
        let factor = noise(&format!("{particles} {}", item.slot));
        let mut finished = work.finished(item);
        for (path, values) in
            finished.outcome.as_mut().expect("needed").as_mut().expect("synthetic")
        {
            let count = values.len();
            let each = |of: &dyn Fn(usize) -> f64| Values::F64((0..count).map(of).collect());
            let hidden = particles == 128.0;
            *values = match path.rsplit('/').next().unwrap_or_default() {
                "singular_values" => each(&|i| factor * particles.powf(-0.1 * i as f64)),
                "gamma_star" => each(&|_| factor * particles.powf(-0.5)),
                "gamma_contact" if hidden => {
                    each(&|end| if end % 2 == 0 { 0.5 * factor / particles } else { f64::NAN })
                }
                "gamma_contact" => each(&|_| factor / particles),
                "gamma_contact_cause" if hidden => Values::U8(vec![Cause::Censored.code(); count]),
                _ => continue,
            };
        }
        writer.push(finished).expect("shape");
    }
    writer.close().expect("closed");
    path
}

#[test]
fn power_laws_are_found_with_intervals_and_bounds() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = scan(folder.path(), 40);
    let statistics = collect(&[open(&path)]).expect("collected");
    let [scan] = &statistics.power_laws[..] else { panic!("{:?}", statistics.power_laws) };
    assert_eq!((scan.key, scan.scenarios.join(" ")), ("particles", "N32 N64 N128".to_owned()));
    let theta = &scan.parameterisations[0];
    let holds = |law: &PowerLaw, exponent: f64| {
        let [low, high] = law.exponent.interval;
        assert_eq!(law.exponent.lower, law.exponent.upper);
        assert!((law.exponent.lower - exponent).abs() < 0.08, "{law:?} {exponent}");
        assert!(low < exponent && exponent < high && high - low < 0.2, "{law:?} {exponent}");
        assert!(law.points == 3 && law.residual < 0.1, "{law:?}");
    };
    for (index, law) in theta.sets[0].singular_values.iter().enumerate() {
        holds(law, -0.1 * index as f64);
    }
    let laws = theta.sweeps.as_ref().expect("swept");
    let law = |name: &str| &laws[SCAN_QUANTITIES.iter().position(|n| *n == name).expect("there")];
    holds(law("gamma_star"), -0.5);
    // With half the median at the end: by (ln ½)/(ln 4) too low; nothing bounds it from above.
    let bounded = law("gamma_contact");
    assert!((bounded.exponent.lower + 1.5).abs() < 0.08, "{bounded:?}");
    assert_eq!(bounded.exponent.upper, f64::INFINITY);
    assert!(bounded.exponent.interval[0] < bounded.exponent.lower && bounded.residual.is_nan());
    assert_eq!(bounded.exponent.interval[1], f64::INFINITY);

    store(&path, &statistics).expect("stored");
    let stored = hdf5::File::open(&path).expect("readable");
    let home = "/statistics/power_laws/particles/N32";
    let read = |name: &str| -> Vec<f64> {
        let dataset = stored.dataset(&format!("{home}/{name}")).expect("there");
        dataset.read_raw().expect("readable")
    };
    assert_eq!(read("particles"), [32.0, 64.0, 128.0]);
    assert_eq!(read("sweeps/exponent")[..4], law("gamma_star").exponent.numbers());
    assert_eq!(read("stress+elastic/points"), [3.0; 9]);
    drop(stored);
    assert_eq!(
        open(&path).verify_arrays(&arrays::columns(open(&path).study())).ok(),
        Some(Some(true))
    );
}

#[test]
fn an_unfinished_file_has_the_statistics_of_what_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("partial.h5");
    let study = super::study(0, 20);
    create(&path, &shape(&study), &arrays::columns(&study), &identity(&study), Storage::Contiguous)
        .expect("created");
    let none = collect(&[open(&path)]).expect("collected");
    let sweeps = none.scenarios[0].parameterisations[0].sweeps.as_ref().expect("swept");
    assert_eq!((sweeps.directions, sweeps.solids, sweeps.correlations.directions), (0, 0, 0));
    assert!(sweeps.correlations.zeta.spearman.lower.is_nan());
    let mut writer = Writer::open(&path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    // Six solids, and of the last of them one block of directions.
    for item in work.items() {
        if item.slot < 5 || (item.slot == 5 && item.part < 2) {
            writer.push(work.finished(item)).expect("shape");
        }
    }
    writer.close().expect("closed");
    let statistics = collect(&[open(&path)]).expect("collected");
    let theta = &statistics.scenarios[0].parameterisations[0];
    let sweeps = theta.sweeps.as_ref().expect("swept");
    assert_eq!((theta.sets[0].solids, sweeps.solids, sweeps.directions), (6, 6, 46));
    assert_eq!(sweeps.correlations.directions, 46);
    assert!(sweeps.correlations.zeta.spearman.interval[0].is_finite());
    let text = summary(&statistics);
    assert!(text.contains("6 solids, 14 pending; 134 blocks of directions pending"), "{text}");
    assert!(text.contains("95% of the medians over 6 solids"), "{text}");
}

#[test]
fn csv_is_a_rectangle_with_every_number() {
    let folder = tempfile::tempdir().expect("a folder");
    let statistics = collect(&[open(&scan(folder.path(), 6))]).expect("collected");
    let text = csv(&statistics);
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split(',').collect()).collect();
    assert!(lines.iter().all(|line| line.len() == 15), "{:?}", lines[0]);
    let column = |name: &str| lines[0].iter().position(|field| *field == name).expect("a column");
    let find = |wanted: &[(&str, &str)]| {
        let fits =
            |line: &&Vec<&str>| wanted.iter().all(|(name, value)| line[column(name)] == *value);
        let found: Vec<_> = lines.iter().filter(fits).collect();
        assert_eq!(found.len(), 1, "{wanted:?}");
        found[0].clone()
    };
    let median = find(&[
        ("scenario", "N128"),
        ("quantity", "gamma_contact"),
        ("statistic", "quantile"),
        ("at", "5e-1"),
    ]);
    let sweeps = statistics.scenarios[0].parameterisations[0].sweeps.as_ref().expect("swept");
    let number = |line: &[&str], name: &str| line[column(name)].parse::<f64>();
    assert_eq!(number(&median, "lower"), Ok(quantile(&sweeps.gamma_contact.lower, 0.5)));
    assert_eq!((median[column("upper")], median[column("censored")]), ("inf", "54"));
    let law = find(&[("quantity", "singular_values"), ("statistic", "exponent"), ("mode", "3")]);
    let expected = &statistics.power_laws[0].parameterisations[0].sets[0].singular_values[3];
    assert_eq!(number(&law, "ci_low"), Ok(expected.exponent.interval[0]));
    assert_eq!((law[column("label")], law[column("n")]), ("particles", "3"));
}

#[test]
fn many_parameterisations_are_summed_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = "version = 1\n[study]\nname = \"s\"\nreplicas = 2\n[solid]\ndimension = 2\n\
         particles = 64\npressure = 0.1\n[features]\nsets = [[\"stress\"], [\"elastic\"]]\n\
         [parameters]\nspecies = [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]\n[output]\ncurves = 0\n";
    let study = Arc::new(Study::parse("s.toml", text).expect("valid"));
    let path = folder.path().join("many.h5");
    create(&path, &shape(&study), &arrays::columns(&study), &identity(&study), Storage::Contiguous)
        .expect("created");
    let mut writer = Writer::open(&path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    for item in work.items() {
        writer.push(work.finished(item)).expect("shape");
    }
    writer.close().expect("closed");
    let statistics = collect(&[open(&path)]).expect("collected");
    let (short, full) = (summary(&statistics), table(&statistics));
    assert!(short.lines().count() < 12 && full.lines().count() > 100, "{short}");
    assert!(
        short.contains("--full") && short.contains("2-14") && !short.contains("D_n7"),
        "{short}"
    );
    assert!(full.contains("D_n7") && full.contains("min/max"), "{full}");
}

/// Of 20 parameters no bond depends on 15 in the first solid; the second one lacks two features; the third
/// one has all, and a rank of one less.
#[test]
fn a_rank_is_full_where_it_is_the_largest_that_the_solid_can_have() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), 0, 3, None);
    let study = super::study(0, 3);
    let mut writer = Writer::open(&path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    for (slot, rank, known, inert) in [(0, 5, 9, 15), (1, 7, 7, 0), (2, 8, 9, 0)] {
        let mut finished = work.finished(Item { scenario: 0, slot, part: 0 });
        for (path, values) in
            finished.outcome.as_mut().expect("needed").as_mut().expect("synthetic")
        {
            let value = |mode| match mode {
                mode if mode >= known => f64::NAN,
                mode if mode >= rank => 1e-17,
                mode => 1.0 / (mode + 1) as f64,
            };
            *values = match path.rsplit('/').next().unwrap_or_default() {
                "rank" => Values::I32(vec![rank]),
                "singular_values" => Values::F64((0..9).map(value).collect()),
                "inert" => Values::U8((0..20).map(|q| u8::from(q < inert)).collect()),
                _ => continue,
            };
        }
        writer.push(finished).expect("shape");
    }
    writer.close().expect("closed");
    let statistics = collect(&[open(&path)]).expect("collected");
    let set = &statistics.scenarios[0].parameterisations[0].sets[0];
    assert_eq!((set.solids, set.full_rank, &set.rank_deficits[..2]), (3, 2, &[2, 1][..]));
    // What a solid cannot have is no singular value of it.
    assert_eq!((set.singular_values.count, set.by_mode[6].count), (5 + 7 + 9, 2));
    assert_eq!(quantile(&set.condition.quantiles, 1.0), 0.2);
}

#[test]
fn statistics_have_real_units_where_all_components_share_one() {
    let study = super::study(0, 1);
    let units: Vec<(String, String)> = arrays::columns(&study)
        .into_iter()
        .flat_map(|(_, columns)| columns.into_iter().map(|column| (column.path, column.unit)))
        .collect();
    for (path, unit) in [
        ("stress+elastic/singular_values", "energy/length^3"),
        ("stress+elastic/singular_values_by_mode_interval", "energy/length^3"),
        ("D_n20/sweeps/gamma_star_lower", "length"),
        ("D_n20/sweeps/gamma_tilde_interval", "length"),
        ("D_n20/sweeps/zeta_upper", "energy/length^2"),
    ] {
        assert!(units.contains(&(path.to_owned(), unit.to_owned())), "{path}: {units:?}");
    }
    assert!(units.iter().all(|(_, unit)| unit != "mixed"), "{units:?}");
}
