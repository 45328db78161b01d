//! The statistics in the arrays that the results file reserves for them.

use std::path::Path;

use super::{Bounds, Counts, ScenarioStatistics, SetStatistics, Statistics, SweepStatistics};
use crate::analysis::quantities::{GAMMA_TILDE, RANK, SINGULAR_VALUES, SWEEPS};
use crate::format::archive::{ArchiveError, STATISTICS, reason_cell, write_arrays};
use crate::report::reasons::Reason;
use crate::study::summary::{BOUNDED, CAUSES, REASONS};

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
            sweep_arrays(&format!("{home}/{}/{SWEEPS}", theta.name), sweeps, arrays);
        }
    }
}

fn set_arrays(home: &str, set: &SetStatistics, arrays: &mut Vec<(String, Vec<u8>)>) {
    let integers = |values: &[i32]| values.iter().flat_map(|value| value.to_ne_bytes()).collect();
    arrays.push((format!("{home}/largest_rank"), integers(&[set.largest_rank as i32])));
    arrays.push((format!("{home}/full_rank"), floats(&[set.full_rank as f64])));
    let (low, high) = set.ranks.unwrap_or((-1, -1));
    arrays.push((RANK.path(home), integers(&[low, high])));
    arrays.push((SINGULAR_VALUES.path(home), floats(&set.singular_values.quantiles)));
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
    arrays.push((GAMMA_TILDE.path(home), floats(&tilde.quantiles)));
    arrays.push((format!("{}_count", GAMMA_TILDE.path(home)), floats(&[tilde.count as f64])));
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
