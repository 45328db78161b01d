//! The arrays of `/statistics`: declared once with their values, reserved when the file is made and
//! filled at its end.

use super::{
    Counts, PROBABILITIES, ScenarioStatistics, SetStatistics, Statistics, SweepStatistics,
};
use crate::analysis::axis::{Axis, counted, labelled, valued};
use crate::analysis::quantities as q;
use crate::analysis::values::Kind;
use crate::format::archive::{STATISTICS, State, reason_cell};
use crate::format::row::REASON_LENGTH;
use crate::format::schema::Column;
use crate::linearity::cause::Cause;
use crate::study::config::Study;
use crate::study::reasons::Reason;

/// Kinds of failures that are kept; the rest is counted together.
pub const REASONS: usize = 8;

fn names(name: &str, labels: &[&str], description: &'static str) -> Axis {
    labelled(name, labels.iter().map(|&label| label.to_owned()).collect(), description)
}

fn quantile_axis() -> Axis {
    let description = "probability of the quantile (inverse of the empirical distribution)";
    valued("quantile", PROBABILITIES.to_vec(), "1", description)
}

/// Arrays of a scenario with their bytes.
struct Arrays {
    group: String,
    arrays: Vec<(Column, Vec<u8>)>,
}

impl Arrays {
    fn add(
        &mut self,
        name: &str,
        kind: Kind,
        axes: &[&Axis],
        unit: &str,
        description: &str,
        bytes: Vec<u8>,
    ) {
        let column = Column {
            path: format!("{}{name}", self.group),
            kind,
            axes: axes.iter().map(|&axis| axis.clone()).collect(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            parameterisation: None,
            replicas: 1,
            flags: Vec::new(),
        };
        self.arrays.push((column, bytes));
    }

    fn floats(&mut self, name: &str, axes: &[&Axis], unit: &str, text: &str, values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::F64, axes, unit, text, bytes);
    }

    /// Numbers of something, as floats.
    fn numbers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[u64]) {
        let values: Vec<f64> = values.iter().map(|&count| count as f64).collect();
        self.floats(name, axes, "1", text, &values);
    }

    fn integers(&mut self, name: &str, axes: &[&Axis], text: &str, values: &[i32]) {
        let bytes = values.iter().flat_map(|value| value.to_ne_bytes()).collect();
        self.add(name, Kind::I32, axes, "1", text, bytes);
    }
}

/// The arrays of the statistics: (group, arrays) for every scenario.
pub fn columns(study: &Study) -> Vec<(String, Vec<Column>)> {
    let of = |statistics: ScenarioStatistics| {
        let arrays = arrays(&statistics).into_iter().map(|(column, _)| column).collect();
        (format!("{STATISTICS}/{}", statistics.name), arrays)
    };
    study.scenarios.iter().map(ScenarioStatistics::none).map(of).collect()
}

/// Path and bytes of every array.
pub fn values(statistics: &Statistics) -> Vec<(String, Vec<u8>)> {
    let of = |scenario: &ScenarioStatistics| {
        let home = format!("/{STATISTICS}/{}", scenario.name);
        let path = move |column: Column| format!("{home}/{}", column.path);
        arrays(scenario).into_iter().map(move |(column, bytes)| (path(column), bytes))
    };
    statistics.scenarios.iter().flat_map(of).collect()
}

fn arrays(scenario: &ScenarioStatistics) -> Vec<(Column, Vec<u8>)> {
    let mut arrays = Arrays { group: String::new(), arrays: Vec::new() };
    states_and_reasons(&mut arrays, scenario);
    for theta in &scenario.parameterisations {
        for set in &theta.sets {
            arrays.group = format!("{}/{}/", theta.name, set.name);
            of_set(&mut arrays, set);
        }
    }
    for theta in &scenario.parameterisations {
        if let Some(sweeps) = &theta.sweeps {
            arrays.group = format!("{}/{}/", theta.name, q::SWEEPS);
            of_sweeps(&mut arrays, sweeps);
        }
    }
    arrays.arrays
}

fn states_and_reasons(arrays: &mut Arrays, scenario: &ScenarioStatistics) {
    let state = names("state", &State::ALL.map(State::name), "state of an item");
    let index = counted("reason_index", REASONS, "kinds of failures, the most frequent first");
    let counts = |counts: &Counts| [counts.pending, counts.done, counts.failed];
    let reason = |index: usize| scenario.reasons.get(index);
    let texts = |of: fn(&Reason) -> &str| -> Vec<u8> {
        (0..REASONS).flat_map(|index| reason_cell(reason(index).map_or("", of))).collect()
    };
    let (items, solids) = (counts(&scenario.items), counts(&scenario.solids));
    arrays.numbers("items", &[&state], "number of work items by state", &items);
    arrays.numbers("solids", &[&state], "number of solids by state", &solids);
    let kind = Kind::Text(REASON_LENGTH);
    let text = "kinds of failures: reasons with their numbers as #";
    arrays.add("reasons", kind, &[&index], "", text, texts(|reason| &reason.kind));
    let text = "one reason of every kind, whole";
    arrays.add("reason_examples", kind, &[&index], "", text, texts(|reason| &reason.example));
    let numbers: Vec<u64> =
        (0..REASONS).map(|index| reason(index).map_or(0, |reason| reason.count)).collect();
    arrays.numbers("reason_counts", &[&index], "failed items of that kind", &numbers);
}

fn of_set(arrays: &mut Arrays, set: &SetStatistics) {
    let largest = set.largest_rank as i32;
    arrays.integers("largest_rank", &[], "min(n_y, n_theta)", &[largest]);
    let text = "number of solids whose rank is the largest possible one";
    arrays.numbers("full_rank", &[], text, &[set.full_rank]);
    let ends = names("end", &["min", "max"], "end of the range");
    let (low, high) = set.ranks.unwrap_or((-1, -1));
    let text = "smallest and largest rank; -1: no solid";
    arrays.integers(q::RANK.name, &[&ends], text, &[low, high]);
    let text = "quantiles of the singular values of all solids and modes";
    let values = &set.singular_values.quantiles;
    arrays.floats(q::SINGULAR_VALUES.name, &[&quantile_axis()], "mixed", text, values);
}

fn of_sweeps(arrays: &mut Arrays, sweeps: &SweepStatistics) {
    let quantile = quantile_axis();
    let cause =
        names("cause", &Cause::ALL.map(Cause::name), "why a threshold stands where it stands");
    arrays.numbers("directions", &[], "number of swept directions", &[sweeps.directions]);
    let mean = "the geometric mean of the bracket";
    // Some of their values are censored.
    for (name, what, bounds) in [
        (q::GAMMA_STAR.name, mean, &sweeps.gamma_star),
        (q::GAMMA_CONTACT.name, mean, &sweeps.gamma_contact),
        (q::GAMMA_REARRANGEMENT.name, mean, &sweeps.gamma_rearrangement),
        (q::ZETA.name, "the maximum linear tunability", &sweeps.zeta),
    ] {
        let text = format!("quantiles of {what}; censored values where the sweep ended");
        arrays.floats(&format!("{name}_lower"), &[&quantile], "mixed", &text, &bounds.lower);
        let text = format!("quantiles of {what}; censored values at infinity");
        arrays.floats(&format!("{name}_upper"), &[&quantile], "mixed", &text, &bounds.upper);
        let text = "number of values, the censored ones included";
        arrays.numbers(&format!("{name}_count"), &[], text, &[bounds.count]);
        let text = "number of censored values by cause";
        arrays.numbers(&format!("{name}_censored"), &[&cause], text, &bounds.censored);
    }
    let (tilde, name) = (&sweeps.gamma_tilde, q::GAMMA_TILDE.name);
    let text = "quantiles of the gamma where the second order predicts gamma_star";
    arrays.floats(name, &[&quantile], "mixed", text, &tilde.quantiles);
    let text = "number of values behind the quantiles";
    arrays.numbers(&format!("{name}_count"), &[], text, &[tilde.count]);
    let causes = &sweeps.causes;
    let counts = [&causes.gamma_star, &causes.gamma_contact, &causes.gamma_rearrangement];
    for ((threshold, _), counts) in q::THRESHOLDS.iter().zip(counts) {
        let name = format!("{}_causes", threshold.name);
        arrays.numbers(&name, &[&cause], "number of directions by cause", counts);
    }
    let counters = [&q::STEPS, &q::RELAXATIONS, &q::FACTORISATIONS, &q::FORCE_EVALUATIONS];
    let counter = names("counter", &counters.map(|counter| counter.name), "kind of work");
    let cost = &sweeps.cost;
    let cost = [cost.steps, cost.relaxations, cost.factorisations, cost.force_evaluations];
    arrays.floats("cost", &[&counter], "1", "mean work per direction", &cost);
}
