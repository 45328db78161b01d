//! The statistics as a tidy table: one number with its bounds and its interval a line.

use std::fmt::Write as _;

use super::{
    Bounds, DesignStatistics, Distribution, Estimate, SetStatistics, Statistics, SweepStatistics,
};
use crate::analysis::quantities as q;
use crate::design::outcome::Outcome;
use crate::linearity::cause::Cause;
use crate::study::statistics::{
    DISTRIBUTIONS, Histogram, PROBABILITIES, PowerLaw, SCAN_QUANTITIES, SORTED_BY, Success,
    interval_of,
};

const HEADER: &str = "scenario,theta,features,quantity,mode,statistic,label,at,lower,upper,ci_low,ci_high,n,censored,solids";

/// A header, and a line for every number. Empty fields are what does not apply or is not known;
/// names of designs, which may hold commas, stand in quotes in the place of the features.
///
/// `lower` and `upper` are equal where nothing is censored. `statistic` is one of `quantile` (of
/// probability `at`), `histogram` (in the bin that begins at `at`), `histogram_censored`, `causes` and
/// `censored` (by the cause `label`), `rank_deficits` (of the deficit `at`), `full_rank`, `spearman` and
/// `pearson` (with s), `exponent` and `residual` (of a power law against `label`, under the first
/// scenario's name), `items` and `solids` (by state), `outcomes` (of designs, by `label`), `reached` (the
/// share of them), `reached_by` (the same in the part of the solids in which the quantity is at most `at`).
pub fn csv(statistics: &Statistics) -> String {
    let mut lines = Lines { text: format!("{HEADER}\n"), ..Lines::default() };
    for scenario in &statistics.scenarios {
        lines.place = [scenario.name.clone(), String::new(), String::new()];
        for (name, counts) in [("items", scenario.items), ("solids", scenario.solids)] {
            let states = ["pending", "done", "failed"];
            for (state, count) in states.iter().zip([counts.pending, counts.done, counts.failed]) {
                lines.count("", name, state, None, count);
            }
        }
        for theta in &scenario.parameterisations {
            for set in &theta.sets {
                lines.place = [scenario.name.clone(), theta.name.clone(), set.name.clone()];
                of_set(&mut lines, set);
            }
            if let Some(sweeps) = &theta.sweeps {
                lines.place = [scenario.name.clone(), theta.name.clone(), sweeps.set.clone()];
                of_sweeps(&mut lines, sweeps);
            }
            for design in &theta.designs {
                lines.place = [scenario.name.clone(), theta.name.clone(), quoted(&design.name)];
                of_design(&mut lines, design);
            }
        }
    }
    for scan in &statistics.power_laws {
        let first = scan.scenarios.first().cloned().unwrap_or_default();
        for theta in &scan.parameterisations {
            for set in &theta.sets {
                lines.place = [first.clone(), theta.name.clone(), set.name.clone()];
                for (mode, law) in set.singular_values.iter().enumerate() {
                    lines.law(q::SINGULAR_VALUES.name, Some(mode), scan.key, law);
                }
            }
            lines.place = [first.clone(), theta.name.clone(), String::new()];
            for (name, law) in SCAN_QUANTITIES.iter().zip(theta.sweeps.iter().flatten()) {
                lines.law(name, None, scan.key, law);
            }
        }
    }
    lines.text
}

fn of_set(lines: &mut Lines, set: &SetStatistics) {
    let name = q::SINGULAR_VALUES.name;
    lines.solids = Some(set.solids);
    lines.count(q::RANK.name, "full_rank", "", None, set.full_rank);
    for (deficit, &count) in set.rank_deficits.iter().enumerate() {
        lines.count(q::RANK.name, "rank_deficits", "", Some(deficit as f64), count);
    }
    lines.distribution(name, None, &set.singular_values);
    for (mode, of) in set.by_mode.iter().enumerate() {
        lines.distribution(name, Some(mode), of);
    }
    lines.distribution("condition", None, &set.condition);
    lines.solids = None;
}

/// A field that may hold commas.
fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn of_design(lines: &mut Lines, design: &DesignStatistics) {
    lines.solids = Some(design.success.solids);
    for ((_, name), &count) in Outcome::CODES.iter().zip(&design.outcomes) {
        lines.count("outcome", "outcomes", name, None, count);
    }
    lines.success("outcome", "reached", None, design.success);
    for (quantity, of) in DISTRIBUTIONS.iter().zip(&design.distributions) {
        lines.distribution(quantity.name, None, of);
    }
    for (place, parts) in SORTED_BY.iter().zip(&design.parts) {
        for part in parts {
            let name = DISTRIBUTIONS[*place].name;
            lines.success(name, "reached_by", Some(part.range[1]), part.success);
        }
    }
    lines.solids = None;
}

fn of_sweeps(lines: &mut Lines, sweeps: &SweepStatistics) {
    lines.solids = Some(sweeps.sampled_solids);
    let causes = &sweeps.causes;
    for (name, of, causes) in [
        (q::GAMMA_STAR.name, &sweeps.gamma_star, Some(&causes.gamma_star)),
        (q::GAMMA_CONTACT.name, &sweeps.gamma_contact, Some(&causes.gamma_contact)),
        (
            q::GAMMA_REARRANGEMENT.name,
            &sweeps.gamma_rearrangement,
            Some(&causes.gamma_rearrangement),
        ),
        (q::ZETA.name, &sweeps.zeta, None),
    ] {
        lines.bounds(name, of);
        let of_cause = causes.map(|counts| ("causes", counts));
        for (statistic, counts) in of_cause.into_iter().chain([("censored", &of.censored)]) {
            for (cause, &count) in Cause::ALL.iter().zip(counts).filter(|(_, count)| **count > 0) {
                lines.count(name, statistic, cause.name(), None, count);
            }
        }
    }
    lines.distribution(q::GAMMA_TILDE.name, None, &sweeps.gamma_tilde);
    let of = &sweeps.correlations;
    for (name, found) in [
        (q::GAMMA_STAR.name, &of.gamma_star),
        (q::ZETA.name, &of.zeta),
        ("zeta_shuffled", &of.zeta_shuffled),
        ("zeta_minus_shuffled", &of.zeta_minus_shuffled),
    ] {
        for (statistic, estimate) in [("spearman", &found.spearman), ("pearson", &found.pearson)] {
            let line =
                Line { quantity: name, statistic, n: Some(of.directions), ..Line::default() };
            lines.add(&Line { censored: Some(of.censored), ..line }, estimate);
        }
    }
    lines.solids = None;
}

/// Lines under way.
#[derive(Default)]
struct Lines {
    text: String,
    /// Scenario, θ, features.
    place: [String; 3],
    solids: Option<u64>,
}

/// What a line says besides its place and its number.
#[derive(Clone, Copy, Default)]
struct Line<'a> {
    quantity: &'a str,
    mode: Option<usize>,
    statistic: &'a str,
    label: &'a str,
    at: Option<f64>,
    n: Option<u64>,
    censored: Option<u64>,
}

impl Lines {
    fn add(&mut self, line: &Line<'_>, of: &Estimate) {
        fn some(value: Option<impl ToString>) -> String {
            value.map_or_else(String::new, |value| value.to_string())
        }
        let numbers = of.numbers().map(|number| match number {
            number if number.is_nan() => String::new(),
            number if number.is_infinite() => {
                (if number > 0.0 { "inf" } else { "-inf" }).to_owned()
            }
            number => format!("{number:e}"),
        });
        let fields = [
            self.place.join(","),
            line.quantity.to_owned(),
            some(line.mode),
            line.statistic.to_owned(),
            line.label.to_owned(),
            some(line.at.map(|at| format!("{at:e}"))),
            numbers.join(","),
            some(line.n),
            some(line.censored),
            some(self.solids),
        ];
        let _ = writeln!(self.text, "{}", fields.join(","));
    }

    fn exact(&mut self, line: &Line<'_>, value: f64) {
        self.add(line, &Estimate { lower: value, upper: value, ..Estimate::default() });
    }

    fn count(&mut self, quantity: &str, statistic: &str, label: &str, at: Option<f64>, count: u64) {
        let line = Line { quantity, statistic, label, at, ..Line::default() };
        self.exact(&line, count as f64);
    }

    fn success(&mut self, quantity: &str, statistic: &str, at: Option<f64>, success: Success) {
        let line = Line { quantity, statistic, at, n: Some(success.solids), ..Line::default() };
        let (share, interval) = (success.share(), success.interval());
        self.add(&line, &Estimate { lower: share, upper: share, interval });
    }

    fn histogram(&mut self, line: &Line<'_>, of: &Histogram) {
        for (edge, count) in of.filled() {
            self.exact(&Line { at: Some(edge), ..*line }, count as f64);
        }
    }

    fn distribution(&mut self, quantity: &str, mode: Option<usize>, of: &Distribution) {
        let n = Some(of.count);
        let line = Line { quantity, mode, statistic: "quantile", n, ..Line::default() };
        for (&at, &value) in PROBABILITIES.iter().zip(&of.quantiles) {
            let interval = interval_of(&of.intervals, at);
            let estimate = Estimate { lower: value, upper: value, interval };
            self.add(&Line { at: Some(at), ..line }, &estimate);
        }
        self.histogram(&Line { statistic: "histogram", ..line }, &of.histogram);
    }

    fn bounds(&mut self, quantity: &str, of: &Bounds) {
        let (n, censored) = (Some(of.count), Some(of.censored.iter().sum()));
        let line = Line { quantity, statistic: "quantile", n, censored, ..Line::default() };
        for (&at, (&lower, &upper)) in PROBABILITIES.iter().zip(of.lower.iter().zip(&of.upper)) {
            let interval = interval_of(&of.intervals, at);
            self.add(&Line { at: Some(at), ..line }, &Estimate { lower, upper, interval });
        }
        self.histogram(&Line { statistic: "histogram", ..line }, &of.histogram);
        let line = Line { statistic: "histogram_censored", ..line };
        self.histogram(&line, &of.histogram_censored);
    }

    fn law(&mut self, quantity: &str, mode: Option<usize>, label: &str, law: &PowerLaw) {
        let n = Some(law.points);
        let line = Line { quantity, mode, statistic: "exponent", label, n, ..Line::default() };
        self.add(&line, &law.exponent);
        self.exact(&Line { statistic: "residual", ..line }, law.residual);
    }
}
