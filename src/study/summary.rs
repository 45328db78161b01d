//! The arrays of `/statistics`, reserved when the file is made.

use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::quantities::{
    FACTORISATIONS, FORCE_EVALUATIONS, GAMMA_CONTACT, GAMMA_REARRANGEMENT, GAMMA_STAR, GAMMA_TILDE,
    RANK, RELAXATIONS, SINGULAR_VALUES, STEPS, SWEEPS, ZETA,
};
use crate::analysis::values::Kind;
use crate::format::archive::{STATISTICS, State};
use crate::format::row::REASON_LENGTH;
use crate::format::schema::{Column, PartKind};
use crate::linearity::cause::Cause;
use crate::study::config::{Scenario, Study, set_name};

/// The probabilities of all quantiles.
pub const PROBABILITIES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
/// Kinds of failures that are kept; the rest is counted together.
pub const REASONS: usize = 8;

/// Kinds of work.
pub const COUNTERS: [&str; 4] =
    [STEPS.name, RELAXATIONS.name, FACTORISATIONS.name, FORCE_EVALUATIONS.name];
/// Quantities of a sweep of which some values are censored, with their meaning.
pub const BOUNDED: [(&str, &str); 4] = [
    (GAMMA_STAR.name, "the geometric mean of the bracket"),
    (GAMMA_CONTACT.name, "the geometric mean of the bracket"),
    (GAMMA_REARRANGEMENT.name, "the geometric mean of the bracket"),
    (ZETA.name, "the maximum linear tunability"),
];
/// Thresholds whose causes are counted.
pub const CAUSES: [&str; 3] = [GAMMA_STAR.name, GAMMA_CONTACT.name, GAMMA_REARRANGEMENT.name];

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
            add(RANK.name, Kind::I32, &[ends], "1", "smallest and largest rank; -1: no solid");
            add(
                SINGULAR_VALUES.name,
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
        let home = format!("{}/{SWEEPS}", thetas[index].name);
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
            GAMMA_TILDE.name.to_owned(),
            std::slice::from_ref(&quantile),
            "mixed",
            "quantiles of the gamma where the second order predicts gamma_star",
        );
        add(
            format!("{}_count", GAMMA_TILDE.name),
            &[],
            "1",
            "number of values behind the quantiles",
        );
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
