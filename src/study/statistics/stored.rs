//! The statistics as arrays of the results file, reserved when the file is made.

use std::path::Path;

use super::{
    Bounds, Counts, PROBABILITIES, REASONS, ScenarioStatistics, SetStatistics, Statistics,
    SweepStatistics,
};
use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::values::Kind;
use crate::format::archive::{ArchiveError, STATISTICS, State, reason_cell, write_arrays};
use crate::format::row::REASON_LENGTH;
use crate::format::schema::{Column, PartKind};
use crate::linearity::cause::Cause;
use crate::study::config::{Scenario, Study, set_name};
use crate::study::reasons::Reason;

const COUNTERS: [&str; 4] = ["steps", "relaxations", "factorisations", "force_evaluations"];
/// Quantities of a sweep of which some values are censored, with their meaning.
const BOUNDED: [(&str, &str); 4] = [
    ("gamma_star", "the geometric mean of the bracket"),
    ("gamma_contact", "the geometric mean of the bracket"),
    ("gamma_rearrangement", "the geometric mean of the bracket"),
    ("zeta", "the maximum linear tunability"),
];
const CAUSES: [&str; 3] = ["gamma_star", "gamma_contact", "gamma_rearrangement"];

fn names(name: &str, labels: &[&str], description: &'static str) -> Axis {
    Axis {
        name: name.to_owned(),
        length: labels.len(),
        ticks: Ticks::Labels(labels.iter().map(|&label| label.to_owned()).collect()),
        unit: "",
        description,
    }
}

fn quantile_axis() -> Axis {
    Axis {
        name: "quantile".to_owned(),
        length: PROBABILITIES.len(),
        ticks: Ticks::Values(PROBABILITIES.to_vec()),
        unit: "1",
        description: "probability of the quantile (inverse of the empirical distribution)",
    }
}

/// An array before it has values.
fn array(path: String, kind: Kind, axes: &[Axis], unit: &str, description: &str) -> Column {
    Column {
        path,
        kind,
        axes: axes.to_vec(),
        unit: unit.to_owned(),
        description: description.to_owned(),
        part: PartKind::Solid,
        replicas: 1,
        flags: Vec::new(),
    }
}

/// The arrays of the statistics: (group, arrays) for every scenario.
pub fn columns(study: &Study) -> Vec<(String, Vec<Column>)> {
    study
        .scenarios
        .iter()
        .map(|scenario| (format!("{STATISTICS}/{}", scenario.name), scenario_columns(scenario)))
        .collect()
}

fn scenario_columns(scenario: &Scenario) -> Vec<Column> {
    let state = names("state", &State::ALL.map(State::name), "state of an item");
    let reason = Axis {
        name: "reason_index".to_owned(),
        length: REASONS,
        ticks: Ticks::Index,
        unit: "1",
        description: "kinds of failures, the most frequent first",
    };
    let mut columns = vec![
        array(
            "items".to_owned(),
            Kind::F64,
            std::slice::from_ref(&state),
            "1",
            "number of work items by state",
        ),
        array("solids".to_owned(), Kind::F64, &[state], "1", "number of solids by state"),
        array(
            "reasons".to_owned(),
            Kind::Text(REASON_LENGTH),
            std::slice::from_ref(&reason),
            "",
            "kinds of failures: reasons with their numbers as #",
        ),
        array(
            "reason_examples".to_owned(),
            Kind::Text(REASON_LENGTH),
            std::slice::from_ref(&reason),
            "",
            "one reason of every kind, whole",
        ),
        array("reason_counts".to_owned(), Kind::F64, &[reason], "1", "failed items of that kind"),
    ];
    let quantile = quantile_axis();
    let thetas = scenario.parameterisations();
    for theta in &thetas {
        for set in &scenario.features.sets {
            let home = format!("{}/{}", theta.name, set_name(set));
            let mut add = |name: &str, kind, axes: &[Axis], unit, description| {
                columns.push(array(format!("{home}/{name}"), kind, axes, unit, description));
            };
            add("largest_rank", Kind::I32, &[], "1", "min(n_y, n_theta)");
            add(
                "full_rank",
                Kind::F64,
                &[],
                "1",
                "number of solids whose rank is the largest possible one",
            );
            let ends = names("end", &["min", "max"], "end of the range");
            add("rank", Kind::I32, &[ends], "1", "smallest and largest rank; -1: no solid");
            add(
                "singular_values",
                Kind::F64,
                std::slice::from_ref(&quantile),
                "mixed",
                "quantiles of the singular values of all solids and modes",
            );
        }
    }
    let cause =
        names("cause", &Cause::ALL.map(Cause::name), "why a threshold stands where it stands");
    let counter = names("counter", &COUNTERS, "kind of work");
    for index in scenario.swept() {
        let home = format!("{}/sweeps", thetas[index].name);
        let mut add = |name: String, axes: &[Axis], unit, description: &str| {
            columns.push(array(format!("{home}/{name}"), Kind::F64, axes, unit, description));
        };
        add("directions".to_owned(), &[], "1", "number of swept directions");
        for (name, what) in BOUNDED {
            let quantile = std::slice::from_ref(&quantile);
            let lower = format!("quantiles of {what}; censored values where the sweep ended");
            let upper = format!("quantiles of {what}; censored values at infinity");
            add(format!("{name}_lower"), quantile, "mixed", &lower);
            add(format!("{name}_upper"), quantile, "mixed", &upper);
            add(format!("{name}_count"), &[], "1", "number of values, the censored ones included");
            let censored = std::slice::from_ref(&cause);
            add(format!("{name}_censored"), censored, "1", "number of censored values by cause");
        }
        add(
            "gamma_tilde".to_owned(),
            std::slice::from_ref(&quantile),
            "mixed",
            "quantiles of the gamma where the second order predicts gamma_star",
        );
        add("gamma_tilde_count".to_owned(), &[], "1", "number of values behind the quantiles");
        for name in CAUSES {
            add(
                format!("{name}_causes"),
                std::slice::from_ref(&cause),
                "1",
                "number of directions by cause",
            );
        }
        add("cost".to_owned(), std::slice::from_ref(&counter), "1", "mean work per direction");
    }
    columns
}

/// Writes the statistics into the arrays that were reserved for them.
pub fn store(path: &Path, statistics: &Statistics) -> Result<(), ArchiveError> {
    let mut arrays = Vec::new();
    for scenario in &statistics.scenarios {
        scenario_arrays(scenario, &mut arrays);
    }
    write_arrays(path, &arrays)
}

/// Path and bytes of every array of the scenario.
fn scenario_arrays(scenario: &ScenarioStatistics, arrays: &mut Vec<(String, Vec<u8>)>) {
    let home = format!("/{STATISTICS}/{}", scenario.name);
    let counts =
        |counts: &Counts| floats(&[counts.pending, counts.done, counts.failed].map(|n| n as f64));
    arrays.push((format!("{home}/items"), counts(&scenario.items)));
    arrays.push((format!("{home}/solids"), counts(&scenario.solids)));
    let reason = |index: usize| scenario.reasons.get(index);
    let texts = |of: fn(&Reason) -> &str| -> Vec<u8> {
        (0..REASONS).flat_map(|index| reason_cell(reason(index).map_or("", of))).collect()
    };
    let numbers: Vec<f64> =
        (0..REASONS).map(|index| reason(index).map_or(0.0, |reason| reason.count as f64)).collect();
    arrays.push((format!("{home}/reasons"), texts(|reason| &reason.kind)));
    arrays.push((format!("{home}/reason_examples"), texts(|reason| &reason.example)));
    arrays.push((format!("{home}/reason_counts"), floats(&numbers)));
    for theta in &scenario.parameterisations {
        for set in &theta.sets {
            set_arrays(&format!("{home}/{}/{}", theta.name, set.name), set, arrays);
        }
        if let Some(sweeps) = &theta.sweeps {
            sweep_arrays(&format!("{home}/{}/sweeps", theta.name), sweeps, arrays);
        }
    }
}

fn set_arrays(home: &str, set: &SetStatistics, arrays: &mut Vec<(String, Vec<u8>)>) {
    let integers = |values: &[i32]| values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    arrays.push((format!("{home}/largest_rank"), integers(&[set.largest_rank as i32])));
    arrays.push((format!("{home}/full_rank"), floats(&[set.full_rank as f64])));
    let (low, high) = set.ranks.unwrap_or((-1, -1));
    arrays.push((format!("{home}/rank"), integers(&[low, high])));
    arrays.push((format!("{home}/singular_values"), floats(&set.singular_values.quantiles)));
}

fn sweep_arrays(home: &str, sweeps: &SweepStatistics, arrays: &mut Vec<(String, Vec<u8>)>) {
    arrays.push((format!("{home}/directions"), floats(&[sweeps.directions as f64])));
    let bounds: [&Bounds; 4] =
        [&sweeps.gamma_star, &sweeps.gamma_contact, &sweeps.gamma_rearrangement, &sweeps.zeta];
    for ((name, _), bounds) in BOUNDED.iter().zip(bounds) {
        let censored: Vec<f64> = bounds.censored.iter().map(|&count| count as f64).collect();
        arrays.push((format!("{home}/{name}_lower"), floats(&bounds.lower)));
        arrays.push((format!("{home}/{name}_upper"), floats(&bounds.upper)));
        arrays.push((format!("{home}/{name}_count"), floats(&[bounds.count as f64])));
        arrays.push((format!("{home}/{name}_censored"), floats(&censored)));
    }
    let tilde = &sweeps.gamma_tilde;
    arrays.push((format!("{home}/gamma_tilde"), floats(&tilde.quantiles)));
    arrays.push((format!("{home}/gamma_tilde_count"), floats(&[tilde.count as f64])));
    let causes = &sweeps.causes;
    let counts = [&causes.gamma_star, &causes.gamma_contact, &causes.gamma_rearrangement];
    for (name, counts) in CAUSES.iter().zip(counts) {
        let counts: Vec<f64> = counts.iter().map(|&count| count as f64).collect();
        arrays.push((format!("{home}/{name}_causes"), floats(&counts)));
    }
    let cost = &sweeps.cost;
    let cost = [cost.steps, cost.relaxations, cost.factorisations, cost.force_evaluations];
    arrays.push((format!("{home}/cost"), floats(&cost)));
}

fn floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_ne_bytes()).collect()
}
