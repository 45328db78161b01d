//! Statistics of files with known contents.

mod coverage;
mod numbers;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;
use crate::analysis::values::Values;
use crate::format::archive::{Access, Item, Storage, Writer, create};
use crate::format::row::Part;
use crate::linearity::cause::Cause;
use crate::study::config::Study;
use crate::study::provenance::identity;
use crate::study::reasons::Reason;
use crate::study::results::{self, Results};
use crate::study::schema::{schemas, shape};
use crate::study::statistics::arrays;
use crate::study::statistics::quantile;
use crate::study::synthetic::Synthetic;

fn study(first: u64, replicas: u64) -> Arc<Study> {
    let text = format!(
        "version = 1\n[study]\nname = \"s\"\nreplicas = {replicas}\nfirst_replica = {first}\n\
         [solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n[parameters]\nspecies = [20]\n\
         [output]\ncurves = 0\n"
    );
    Arc::new(Study::parse("s.toml", &text).expect("valid"))
}

/// A file with every item done but those of the failing replica.
fn file(folder: &Path, first: u64, replicas: u64, failing: Option<u64>) -> PathBuf {
    let path = folder.join(format!("{first}-{replicas}.h5"));
    let study = study(first, replicas);
    create(&path, &shape(&study), &arrays::columns(&study), &identity(&study), Storage::Contiguous)
        .expect("created");
    let mut writer = Writer::open(&path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    work.failing = failing;
    for item in work.items() {
        writer.push(work.finished(item)).expect("shape");
    }
    writer.close().expect("closed");
    path
}

fn open(path: &Path) -> Results {
    results::open(path).expect("readable")
}

#[test]
fn quantiles_are_those_of_the_done_rows() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = open(&file(folder.path(), 0, 11, Some(4)));
    let statistics = collect(std::slice::from_ref(&archive)).expect("collected");
    let scenario = &statistics.scenarios[0];
    assert_eq!(scenario.solids, Counts { pending: 0, done: 10, failed: 1 });
    let text = || "not jammed?a test".to_owned();
    let reason = Reason { kind: text(), count: 10, example: text(), varied: false };
    assert_eq!(scenario.reasons, [reason]);
    let mut expected = Vec::new();
    for slot in (0..11).filter(|slot| *slot != 4) {
        let row = archive.row(Item { scenario: 0, slot, part: 0 }).expect("readable");
        for (path, values) in row {
            if let (true, Values::F64(values)) = (path.ends_with("/singular_values"), values) {
                expected.extend(values);
            }
        }
    }
    expected.sort_by(f64::total_cmp);
    let found = &scenario.parameterisations[0].sets[0].singular_values;
    assert_eq!(found.count, 90);
    assert_eq!(quantile(&found.quantiles, 0.5), expected[44]);
    assert_eq!(quantile(&found.quantiles, 0.0), expected[0]);
    assert_eq!(quantile(&found.quantiles, 1.0), expected[89]);
    assert_eq!(found.histogram.counts().sum::<u64>(), 90);
    let sweeps = scenario.parameterisations[0].sweeps.as_ref().expect("swept");
    assert_eq!(sweeps.directions, 90);
    // Synthetic codes are 0 and 1.
    assert_eq!(sweeps.causes.gamma_star.iter().sum::<u64>(), 90);
    let text = table(&statistics);
    assert!(text.contains("10 solids, 1 failed") && text.contains("D_n20"), "{text}");
}

#[test]
fn several_files_count_like_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = collect(&[open(&file(folder.path(), 0, 9, None))]).expect("collected");
    let second = file(folder.path(), 4, 5, None);
    let parts = [open(&file(folder.path(), 0, 4, None)), open(&second)];
    // What is not known is not a number, and equal to nothing.
    let text = |statistics: &Statistics| format!("{statistics:?}");
    assert_eq!(text(&collect(&parts).expect("collected")), text(&whole));
    let backwards: Vec<Results> = parts.into_iter().rev().collect();
    assert_eq!(text(&collect(&backwards).expect("collected")), text(&whole));
    let twice = [open(&file(folder.path(), 0, 5, None)), open(&second)];
    assert!(
        matches!(collect(&twice), Err(StatisticsError::Overlap { overlap, .. }) if overlap == (4..5))
    );
}

#[test]
fn stored_statistics_are_what_was_collected() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), 0, 3, None);
    let statistics = collect(&[open(&path)]).expect("collected");
    store(&path, &statistics).expect("stored");
    let file = hdf5::File::open(&path).expect("readable");
    let read = |name: &str| -> Vec<f64> {
        let name = format!("/statistics/main/D_n20/{name}");
        file.dataset(&name).expect("there").read_raw().expect("readable")
    };
    let theta = &statistics.scenarios[0].parameterisations[0];
    let of_set = |name: &str| -> Vec<f64> {
        let name = format!("/statistics/main/stress+elastic/{name}");
        file.dataset(&name).expect("there").read_raw().expect("readable")
    };
    let set = &theta.sets[0];
    assert_eq!(of_set("singular_values"), set.singular_values.quantiles);
    let by_mode: Vec<f64> = set.by_mode.iter().flat_map(|mode| mode.quantiles.clone()).collect();
    assert_eq!(of_set("singular_values_by_mode"), by_mode);
    assert_eq!(of_set("condition"), set.condition.quantiles);
    assert_eq!(of_set("rank_deficits").iter().sum::<f64>(), 3.0);
    let sweeps = theta.sweeps.as_ref().expect("swept");
    assert_eq!(read("sweeps/zeta_lower"), sweeps.zeta.lower);
    assert_eq!(read("sweeps/zeta_upper"), sweeps.zeta.upper);
    assert_eq!(read("sweeps/gamma_tilde"), sweeps.gamma_tilde.quantiles);
    assert_eq!(read("sweeps/cost")[1], sweeps.cost.relaxations);
}

/// Makes the rows of the first replica's directions these thresholds, one per direction.
fn with_thresholds(path: &Path, thresholds: &[(f64, f64, Cause)]) {
    let study = study(0, 1);
    let mut writer = Writer::open(path, Access::Serial, shape(&study), "host").expect("opened");
    let mut work = Synthetic::new(Arc::clone(&study));
    for item in work.items() {
        let part = schemas(&study)[0].parts[item.part].clone();
        let Part::Directions { directions, .. } = part else { continue };
        let mut finished = work.finished(item);
        let row = finished.outcome.as_mut().expect("needed").as_mut().expect("synthetic");
        let chosen = &thresholds[directions];
        for (path, values) in row {
            let threshold = ["gamma_star", "gamma_contact", "gamma_rearrangement"];
            let name = path.rsplit('/').next().unwrap_or_default();
            if threshold.contains(&name) {
                *values = Values::F64(chosen.iter().flat_map(|&(lo, hi, _)| [lo, hi]).collect());
            } else if name.ends_with("_cause") {
                *values = Values::U8(chosen.iter().map(|(_, _, cause)| cause.code()).collect());
            } else if name == "susceptibility" {
                *values = Values::F64(vec![2.0; chosen.len()]);
            }
        }
        writer.push(finished).expect("shape");
    }
    writer.close().expect("closed");
}

#[test]
fn censored_directions_bound_the_quantiles_from_both_sides() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = file(folder.path(), 0, 1, None);
    let nan = f64::NAN;
    with_thresholds(
        &path,
        &[
            (1.0, 4.0, Cause::Curvature),
            (2.0, 8.0, Cause::ContactChange),
            (16.0, 16.0, Cause::LostRigidity),
            (3.0, nan, Cause::ParameterOutOfRange),
            (5.0, nan, Cause::NotConverged),
            (6.0, nan, Cause::LostRigidity),
            (9.0, nan, Cause::Censored),
            (9.0, nan, Cause::Censored),
            (nan, nan, Cause::NotApplicable),
        ],
    );
    let statistics = collect(&[open(&path)]).expect("collected");
    let sweeps = statistics.scenarios[0].parameterisations[0].sweeps.as_ref().expect("swept");
    for (bounds, factor) in
        [(&sweeps.gamma_star, 1.0), (&sweeps.gamma_rearrangement, 1.0), (&sweeps.zeta, 2.0)]
    {
        // Sorted: 2 3 4 5 6 9 9 16, and 2 4 16 and five times infinity.
        assert_eq!(bounds.count, 8);
        let by = |cause: Cause| bounds.censored[usize::from(cause.code())];
        assert_eq!(
            [Cause::Censored, Cause::NotConverged, Cause::ParameterOutOfRange, Cause::LostRigidity]
                .map(by),
            [2, 1, 1, 1]
        );
        assert_eq!(bounds.censored.iter().sum::<u64>(), 5);
        let at = |quantiles: &[f64]| [0.25, 0.5, 0.95].map(|p| quantile(quantiles, p) / factor);
        assert_eq!(at(&bounds.lower), [3.0, 5.0, 16.0]);
        assert_eq!(at(&bounds.upper), [4.0, f64::INFINITY, f64::INFINITY]);
    }
    let text = table(&statistics);
    for line in ["lower", "upper", "g* censored: 1 by lost_rigidity", "2 at gamma_max, of 8"] {
        assert!(text.contains(line), "no {line} in {text}");
    }
}

#[test]
fn json_has_no_invalid_numbers() {
    let summary = Distribution {
        count: 3,
        quantiles: vec![1.0, f64::INFINITY, f64::NAN],
        intervals: vec![[f64::NAN, 2.0]],
        ..Distribution::default()
    };
    assert_eq!(
        serde_json::to_string(&summary).expect("valid"),
        "{\"count\":3,\"quantiles\":[1.0,\"inf\",null],\"intervals\":[[null,2.0]],\"histogram\":[]}"
    );
}
