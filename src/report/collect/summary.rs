//! The table that ends a run: every number for a few parameterisations, ranges of them for many.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::cells::{number, row};
use super::ending::{LINES, MORE, ending};
use super::rounds::rounds;
use super::table::{designs, heading, ranks, sweeps};
use super::{ScenarioStatistics, SetStatistics, Statistics, SweepStatistics, ThetaStatistics};
use crate::study::statistics::quantile;

/// The statistics in few lines.
pub fn summary(statistics: &Statistics) -> String {
    if let Some(of) = &statistics.rounds {
        return rounds(of, &statistics.scenarios, false) + &ending(statistics, false);
    }
    let mut text = String::new();
    for scenario in &statistics.scenarios {
        heading(&mut text, scenario);
        if scenario.solids.done > 0 {
            scenario_summary(&mut text, scenario);
        }
    }
    text + &ending(statistics, false)
}

fn scenario_summary(text: &mut String, scenario: &ScenarioStatistics) {
    let thetas: Vec<&ThetaStatistics> = scenario.parameterisations.iter().collect();
    if thetas.iter().map(|theta| theta.sets.len()).sum::<usize>() <= LINES {
        ranks(text, &thetas);
    } else {
        many_ranks(text, &thetas);
    }
    let swept: Vec<&SweepStatistics> = thetas.iter().filter_map(|t| t.sweeps.as_ref()).collect();
    if swept.len() <= LINES {
        sweeps(text, &thetas);
    } else {
        many_sweeps(text, &swept);
    }
    designs(text, &thetas);
}

/// A line for every set, over all θ.
fn many_ranks(text: &mut String, thetas: &[&ThetaStatistics]) {
    let sets: Vec<Vec<&SetStatistics>> = (0..thetas[0].sets.len())
        .map(|index| thetas.iter().map(|theta| &theta.sets[index]).collect())
        .collect();
    let names = sets.iter().map(|set| set[0].name.len());
    let width = names.max().unwrap_or(0).max("features".len());
    let _ = writeln!(
        text,
        "\n  {:width$}   n_y thetas      n_th       full rank   deficit {}",
        "features",
        row(["s min", "s max", "min/max"])
    );
    let parameters = range(thetas.iter().map(|theta| theta.parameters));
    for set in &sets {
        let sum = |of: fn(&SetStatistics) -> u64| set.iter().map(|set| of(set)).sum::<u64>();
        let full = format!("{} of {}", sum(|set| set.full_rank), sum(|set| set.solids));
        let deficits = set.iter().flat_map(|set| set.rank_deficits.iter().enumerate());
        let deficits = range(deficits.filter(|(_, count)| **count > 0).map(|(n, _)| n));
        let values = set.iter().map(|set| &set.singular_values.quantiles);
        let [smallest, largest] = [0.0, 1.0].map(|p| values.clone().map(move |q| quantile(q, p)));
        let conditions = set.iter().map(|set| quantile(&set.condition.quantiles, 0.0));
        let _ = writeln!(
            text,
            "  {:width$} {:>5} {:>6} {parameters:>9} {full:>15} {deficits:>9} {}",
            set[0].name,
            set[0].features,
            thetas.len(),
            row([
                smallest.fold(f64::NAN, f64::min),
                largest.fold(f64::NAN, f64::max),
                conditions.fold(f64::NAN, f64::min)
            ]
            .map(number)),
        );
    }
    let _ = writeln!(text, "  min/max: the smallest s_min/s_max of a solid; {MORE}");
}

/// The smallest and the largest.
fn range(values: impl Iterator<Item = usize>) -> String {
    let ends = values.fold(None, |ends: Option<RangeInclusive<usize>>, value| {
        let (low, high) = ends.map_or((value, value), |ends| (*ends.start(), *ends.end()));
        Some(low.min(value)..=high.max(value))
    });
    match ends {
        None => "-".to_owned(),
        Some(ends) if ends.start() == ends.end() => ends.start().to_string(),
        Some(ends) => format!("{}-{}", ends.start(), ends.end()),
    }
}

/// The ranges of the medians over all θ that are swept.
fn many_sweeps(text: &mut String, swept: &[&SweepStatistics]) {
    let directions: u64 = swept.iter().map(|sweep| sweep.directions).sum();
    let medians = |of: fn(&SweepStatistics) -> &Vec<f64>| {
        let all = || swept.iter().map(|sweep| quantile(of(sweep), 0.5));
        let ends = [all().fold(f64::NAN, f64::min), all().fold(f64::NAN, f64::max)];
        ends.map(number).join(" to ")
    };
    let _ = writeln!(
        text,
        "\n  {directions} directions of {} thetas; medians, censored values where the sweep ended: g* {}, zeta {}; {MORE}",
        swept.len(),
        medians(|sweep| &sweep.gamma_star.lower),
        medians(|sweep| &sweep.zeta.lower),
    );
}
