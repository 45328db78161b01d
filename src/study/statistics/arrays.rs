//! The arrays of `/statistics`: declared once with their values, reserved when the file is made and
//! filled at its end.

use super::list::{
    Arrays, bin_axis, confidence_axis, interval_ends, names, padded, quantile_axis, quantiles,
};
use super::{
    Bounds, Correlation, Counts, Distribution, Estimate, PROBABILITIES, PowerLaw, RoundsStatistics,
    SCAN_QUANTITIES, ScanStatistics, ScenarioStatistics, SetStatistics, Statistics,
    SweepStatistics, scans,
};
use crate::analysis::axis::{Axis, counted, labelled};
use crate::analysis::quantities as q;
use crate::analysis::values::Kind;
use crate::design::quantities::DESIGNS;
use crate::format::archive::{STATISTICS, State, reason_cell};
use crate::format::row::REASON_LENGTH;
use crate::format::schema::Column;
use crate::linearity::cause::Cause;
use crate::study::config::Study;
use crate::study::reasons::Reason;

/// Kinds of failures that are kept; the rest is counted together.
pub const REASONS: usize = 8;

/// The group of the power laws below that of the statistics; no scenario can be called so.
const POWER_LAWS: &str = "power_laws";

/// The group of an ensemble design; no scenario can be called so.
const ROUNDS: &str = "rounds";

/// The arrays of the statistics: (group, arrays) for every scenario and every scan.
pub fn columns(study: &Study) -> Vec<(String, Vec<Column>)> {
    let statistics = Statistics {
        scenarios: study.scenarios.iter().map(ScenarioStatistics::none).collect(),
        power_laws: scans(study).iter().map(|scan| ScanStatistics::none(study, scan)).collect(),
        rounds: RoundsStatistics::none(study),
        ..Statistics::default()
    };
    let columns = |(group, arrays): (String, Vec<(Column, _)>)| {
        (group, arrays.into_iter().map(|(column, _)| column).collect())
    };
    groups(&statistics).map(columns).collect()
}

/// Path and bytes of every array.
pub fn values(statistics: &Statistics) -> Vec<(String, Vec<u8>)> {
    let values = |(group, arrays): (String, Vec<(Column, Vec<u8>)>)| {
        let path = move |column: Column| format!("/{group}/{}", column.path);
        arrays.into_iter().map(move |(column, bytes)| (path(column), bytes))
    };
    groups(statistics).flat_map(values).collect()
}

fn groups(statistics: &Statistics) -> impl Iterator<Item = (String, Vec<(Column, Vec<u8>)>)> + '_ {
    let scenarios = statistics.scenarios.iter();
    let scenarios = scenarios.map(|s| (format!("{STATISTICS}/{}", s.name), of_scenario(s)));
    let scans = statistics.power_laws.iter().map(|scan| {
        let first = scan.scenarios.first().map_or("", String::as_str);
        (format!("{STATISTICS}/{POWER_LAWS}/{}/{first}", scan.key), of_scan(scan))
    });
    let rounds = statistics.rounds.iter().map(|it| (ROUNDS.to_owned(), it.arrays()));
    scenarios.chain(scans).chain(rounds)
}

fn of_scenario(scenario: &ScenarioStatistics) -> Vec<(Column, Vec<u8>)> {
    let mut arrays = Arrays::default();
    states_and_reasons(&mut arrays, scenario);
    let thetas = &scenario.parameterisations;
    let theta = theta_axis(thetas.iter().map(|theta| &theta.name));
    let sets = thetas.iter().map(|theta| theta.sets.len()).min().unwrap_or(0);
    for index in 0..sets {
        let of_thetas: Vec<&SetStatistics> = thetas.iter().map(|t| &t.sets[index]).collect();
        arrays.group = format!("{}/", of_thetas[0].name);
        of_set(&mut arrays, &theta, &of_thetas);
    }
    for theta in thetas {
        if let Some(sweeps) = &theta.sweeps {
            arrays.group = format!("{}/{}/", theta.name, q::SWEEPS);
            of_sweeps(&mut arrays, sweeps);
        }
        for design in &theta.designs {
            arrays.group = format!("{}/{DESIGNS}/{}/", theta.name, design.name);
            design.add_to(&mut arrays);
        }
    }
    arrays.arrays
}

fn theta_axis<'a>(thetas: impl Iterator<Item = &'a String>) -> Axis {
    labelled("theta", thetas.cloned().collect(), "the parameterisation")
}

fn ends_axis() -> Axis {
    names("end", &["min", "max"], "end of the range")
}

/// The unit that all share.
fn common<'a>(mut units: impl Iterator<Item = &'a String>) -> String {
    let first = units.next().map_or("1", String::as_str);
    if units.all(|unit| unit == first) { first.to_owned() } else { "mixed".to_owned() }
}

fn estimate_axis() -> Axis {
    let text = "bounds, equal where nothing is censored, and the 95% confidence interval of both";
    names("estimate", &Estimate::LABELS, text)
}

fn states_and_reasons(arrays: &mut Arrays, scenario: &ScenarioStatistics) {
    let state = names("state", &State::COUNTED.map(State::name), "state of an item");
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

fn of_set(arrays: &mut Arrays, theta: &Axis, sets: &[&SetStatistics]) {
    fn each<T>(sets: &[&SetStatistics], of: impl Fn(&SetStatistics) -> Vec<T>) -> Vec<T> {
        sets.iter().flat_map(|set| of(set)).collect()
    }
    let largest = sets.iter().map(|set| set.largest_rank).max().unwrap_or(0);
    let values = each(sets, |set| vec![set.largest_rank as i32]);
    arrays.integers("largest_rank", &[theta], "min(n_y, n_theta)", &values);
    let unit = common(sets.iter().map(|set| &set.unit));
    let text = "number of solids";
    arrays.numbers("solids", &[theta], text, &each(sets, |set| vec![set.solids]));
    let text = "number of solids whose rank is the largest that they can have";
    arrays.numbers("full_rank", &[theta], text, &each(sets, |set| vec![set.full_rank]));
    let text = "smallest and largest rank; -1: no solid";
    let values = each(sets, |set| set.ranks.map_or(vec![-1; 2], |(low, high)| vec![low, high]));
    arrays.integers(q::RANK.name, &[theta, &ends_axis()], text, &values);
    let deficit = counted("deficit", largest + 1, "largest rank that the solid can have - rank");
    let at = |of: &[u64]| (0..=largest).map(|n| of.get(n).copied().unwrap_or(0)).collect();
    let text = "number of solids by what their rank lacks to the largest that they can have";
    let values = each(sets, |set| at(&set.rank_deficits));
    arrays.numbers("rank_deficits", &[theta, &deficit], text, &values);

    let (quantile, confidence) = (quantile_axis(), confidence_axis());
    let spread = [theta, &quantile];
    let intervals = [theta, &quantile, &confidence];
    let name = q::SINGULAR_VALUES.name;
    let text = "quantiles of the singular values of all solids and modes";
    let values = each(sets, |set| quantiles(&set.singular_values));
    arrays.floats(name, &spread, &unit, text, &values);
    let text = "number of singular values of all solids and modes in logarithmic bins";
    let values = each(sets, |set| set.singular_values.histogram.counts().collect());
    arrays.numbers(&format!("{name}_histogram"), &[theta, &bin_axis(&unit)], text, &values);
    let mode = counted("mode", largest, "singular direction, largest singular value first");
    let of_mode = |of: fn(&Distribution) -> Vec<f64>, width: usize| {
        each(sets, |set| {
            padded(&set.by_mode.iter().flat_map(of).collect::<Vec<_>>(), largest * width)
        })
    };
    let text = "quantiles over solids of every singular value; NaN: there is no such mode";
    let values = of_mode(quantiles, PROBABILITIES.len());
    let axes = [theta, &mode, &quantile];
    arrays.floats(&format!("{name}_by_mode"), &axes, &unit, text, &values);
    let text = "confidence intervals of the quantiles of every singular value";
    let values = of_mode(|mode| interval_ends(&mode.intervals), 2 * PROBABILITIES.len());
    let axes = [theta, &mode, &quantile, &confidence];
    arrays.floats(&format!("{name}_by_mode_interval"), &axes, &unit, text, &values);
    let text = "quantiles over solids of s_min/s_max, s_min being the last that the solid can have";
    let values = each(sets, |set| quantiles(&set.condition));
    arrays.floats("condition", &spread, "1", text, &values);
    let text = "confidence intervals of the quantiles of s_min/s_max";
    let values = each(sets, |set| interval_ends(&set.condition.intervals));
    arrays.floats("condition_interval", &intervals, "1", text, &values);
}

fn of_sweeps(arrays: &mut Arrays, sweeps: &SweepStatistics) {
    let cause =
        names("cause", &Cause::ALL.map(Cause::name), "why a threshold stands where it stands");
    arrays.numbers("directions", &[], "number of swept directions", &[sweeps.directions]);
    arrays.numbers("solids", &[], "number of solids with swept directions", &[sweeps.solids]);
    let text = "number of these solids behind intervals and correlations";
    arrays.numbers("sampled_solids", &[], text, &[sweeps.sampled_solids]);
    let mean = "the geometric mean of the bracket";
    let (gamma, of_zeta) = (&sweeps.unit_of_gamma, &sweeps.unit_of_zeta);
    let bin = bin_axis(&common([gamma, of_zeta].into_iter()));
    for (name, unit, what, of) in [
        (q::GAMMA_STAR.name, gamma, mean, &sweeps.gamma_star),
        (q::GAMMA_CONTACT.name, gamma, mean, &sweeps.gamma_contact),
        (q::GAMMA_REARRANGEMENT.name, gamma, mean, &sweeps.gamma_rearrangement),
        (q::ZETA.name, of_zeta, "the maximum linear tunability", &sweeps.zeta),
    ] {
        bounds(arrays, (name, unit, what), of, [&cause, &bin]);
    }
    let (tilde, name) = (&sweeps.gamma_tilde, q::GAMMA_TILDE.name);
    let text = "quantiles of the gamma where the second order predicts gamma_star";
    arrays.floats(name, &[&quantile_axis()], gamma, text, &quantiles(tilde));
    let text = "number of values behind the quantiles";
    arrays.numbers(&format!("{name}_count"), &[], text, &[tilde.count]);
    arrays.intervals((name, gamma), &tilde.intervals);
    let text = "number of values in logarithmic bins";
    let values: Vec<u64> = tilde.histogram.counts().collect();
    arrays.numbers(&format!("{name}_histogram"), &[&bin], text, &values);
    correlations(arrays, sweeps);
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

/// A quantity of which some values are censored.
fn bounds(
    arrays: &mut Arrays,
    (name, unit, what): (&str, &str, &str),
    of: &Bounds,
    [cause, bin]: [&Axis; 2],
) {
    let quantile = quantile_axis();
    let text = format!("quantiles of {what}; censored values where the sweep ended");
    arrays.floats(&format!("{name}_lower"), &[&quantile], unit, &text, &of.lower);
    let text = format!("quantiles of {what}; censored values at infinity");
    arrays.floats(&format!("{name}_upper"), &[&quantile], unit, &text, &of.upper);
    arrays.intervals((name, unit), &of.intervals);
    let status = names("status", &["found", "censored"], "censored values where the sweep ended");
    let counts = of.histogram.counts().chain(of.histogram_censored.counts());
    let text = "number of values in logarithmic bins";
    let axes = [&status, bin];
    arrays.numbers(&format!("{name}_histogram"), &axes, text, &counts.collect::<Vec<_>>());
    let text = "number of values, the censored ones included";
    arrays.numbers(&format!("{name}_count"), &[], text, &[of.count]);
    let text = "number of censored values by cause";
    arrays.numbers(&format!("{name}_censored"), &[cause], text, &of.censored);
}

fn correlations(arrays: &mut Arrays, sweeps: &SweepStatistics) {
    let of = &sweeps.correlations;
    let quantity = names(
        "quantity",
        &["gamma_star", "zeta", "zeta_shuffled", "zeta_minus_shuffled"],
        "what is correlated with s; shuffled: s gamma_star with gamma_star of another direction",
    );
    let coefficient = names("coefficient", &["spearman", "pearson"], "of ranks, or of logarithms");
    let numbers = |of: &Correlation| [of.spearman.numbers(), of.pearson.numbers()].concat();
    let all = [&of.gamma_star, &of.zeta, &of.zeta_shuffled, &of.zeta_minus_shuffled];
    let values = all.map(numbers).concat();
    let text =
        "correlation with the susceptibility s over all directions; minus: the difference of two";
    let axes = [&quantity, &coefficient, &estimate_axis()];
    arrays.floats("correlation", &axes, "1", text, &values);
    let text = "number of directions behind the correlations, the censored ones included";
    arrays.numbers("correlation_count", &[], text, &[of.directions]);
    let text = "number of them whose gamma_star is censored";
    arrays.numbers("correlation_censored", &[], text, &[of.censored]);
}

fn of_scan(scan: &ScanStatistics) -> Vec<(Column, Vec<u8>)> {
    let mut arrays = Arrays::default();
    let scenario = labelled("scenario", scan.scenarios.clone(), "scenarios that differ in one key");
    let text = format!("{} of the scenarios", scan.symbol);
    arrays.floats(scan.key, &[&scenario], &scan.unit, &text, &scan.values);
    let thetas = &scan.parameterisations;
    let theta = theta_axis(thetas.iter().map(|theta| &theta.name));
    let sets = thetas.iter().map(|theta| theta.sets.len()).min().unwrap_or(0);
    for index in 0..sets {
        let laws: Vec<&[PowerLaw]> =
            thetas.iter().map(|t| t.sets[index].singular_values.as_slice()).collect();
        arrays.group = format!("{}/", thetas[0].sets[index].name);
        let modes = laws.iter().map(|laws| laws.len()).max().unwrap_or(0);
        let mode = counted("mode", modes, "singular direction, largest singular value first");
        power_laws(&mut arrays, &theta, &mode, &laws);
    }
    let swept: Vec<_> = thetas.iter().filter_map(|t| t.sweeps.as_ref().map(|s| (t, s))).collect();
    if !swept.is_empty() {
        arrays.group = format!("{}/", q::SWEEPS);
        let theta = theta_axis(swept.iter().map(|(theta, _)| &theta.name));
        let quantity = names("quantity", &SCAN_QUANTITIES, "whose medians are fitted");
        let laws: Vec<&[PowerLaw]> = swept.iter().map(|(_, laws)| laws.as_slice()).collect();
        power_laws(&mut arrays, &theta, &quantity, &laws);
    }
    arrays.arrays
}

/// The laws of every parameterisation along an axis.
fn power_laws(arrays: &mut Arrays, theta: &Axis, along: &Axis, laws: &[&[PowerLaw]]) {
    let none = PowerLaw::default();
    let each = |of: &dyn Fn(&PowerLaw) -> Vec<f64>| -> Vec<f64> {
        let law = |laws: &[PowerLaw], n: usize| of(laws.get(n).unwrap_or(&none));
        laws.iter().flat_map(|laws| (0..along.length).flat_map(|n| law(laws, n))).collect()
    };
    let text = "exponent of the power law of the medians, by least squares in logarithms";
    let values = each(&|law| law.exponent.numbers().to_vec());
    arrays.floats("exponent", &[theta, along, &estimate_axis()], "1", text, &values);
    let text = "root mean square of the natural logarithms about the power law";
    arrays.floats("residual", &[theta, along], "1", text, &each(&|law| vec![law.residual]));
    let text = "number of scenarios with a median";
    arrays.floats("points", &[theta, along], "1", text, &each(&|law| vec![law.points as f64]));
}
