//! The statistics as text for the terminal.

use std::fmt::Write as _;

use super::cells::{cells, estimate, number, row};
use super::ending::ending;
use super::rounds::rounds;
use super::{
    Bounds, Correlation, ScenarioStatistics, Statistics, SweepStatistics, ThetaStatistics,
};
use crate::design::outcome::Outcome;
use crate::linearity::cause::Cause;
use crate::study::statistics::{Part, interval_of, quantile};

/// Every number that fits a line, and a line for every singular value.
pub fn table(statistics: &Statistics) -> String {
    if let Some(of) = &statistics.rounds {
        return rounds(of, &statistics.scenarios, true) + &ending(statistics, true);
    }
    let mut text = String::new();
    for scenario in &statistics.scenarios {
        heading(&mut text, scenario);
        if scenario.solids.done > 0 {
            let thetas: Vec<&ThetaStatistics> = scenario.parameterisations.iter().collect();
            ranks(&mut text, &thetas);
            modes(&mut text, &thetas);
            sweeps(&mut text, &thetas);
            designs(&mut text, &thetas);
        }
    }
    text + &ending(statistics, true)
}

/// What a scenario holds, and why some of it failed.
pub(super) fn heading(text: &mut String, scenario: &ScenarioStatistics) {
    let solids = &scenario.solids;
    let _ = write!(text, "\nscenario {}: {} solids", scenario.name, solids.done);
    for (count, what) in [(solids.failed, "failed"), (solids.pending, "pending")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    let unfinished = scenario.items.pending.saturating_sub(solids.pending);
    let failed = scenario.items.failed.saturating_sub(solids.failed);
    let designed = scenario.parameterisations.iter().any(|theta| !theta.designs.is_empty());
    let parts = match designed {
        true => "blocks of directions and designs",
        false => "blocks of directions",
    };
    for (count, what) in [(failed, "failed"), (unfinished, "pending")] {
        if count > 0 {
            let _ = write!(text, "; {count} {parts} {what}");
        }
    }
    text.push('\n');
    for reason in &scenario.reasons {
        let _ = writeln!(text, "  failed {} times: {reason}", reason.count);
    }
}

/// Widths of the first two columns.
struct Widths {
    theta: usize,
    set: usize,
}

impl Widths {
    fn of(thetas: &[&ThetaStatistics]) -> Self {
        let theta = thetas.iter().map(|theta| theta.name.len()).max().unwrap_or(0);
        let sets = thetas.iter().flat_map(|theta| &theta.sets);
        Widths {
            theta: theta.max("theta".len()),
            set: sets.map(|set| set.name.len()).max().unwrap_or(0).max("features".len()),
        }
    }
}

/// A line for every θ and set.
pub(super) fn ranks(text: &mut String, thetas: &[&ThetaStatistics]) {
    let Widths { theta: theta_width, set: set_width } = Widths::of(thetas);
    let _ = writeln!(
        text,
        "\n  {:theta_width$}  {:set_width$}   n_y  n_th      rank   full rank {}",
        "theta",
        "features",
        row(["s min", "s 5%", "s 50%", "s 95%", "s max", "min/max"])
    );
    for theta in thetas {
        for set in &theta.sets {
            let solids = set.solids;
            let rank = match set.ranks {
                None => "-".to_owned(),
                Some((low, high)) if low == high => format!("{low}"),
                Some((low, high)) => format!("{low}-{high}"),
            };
            let full = format!("{} of {solids}", set.full_rank);
            let _ = writeln!(
                text,
                "  {:theta_width$}  {:set_width$} {:>5} {:>5} {rank:>9} {full:>11} {} {}",
                theta.name,
                set.name,
                set.features,
                theta.parameters,
                cells(&set.singular_values.quantiles, &[0.0, 0.05, 0.5, 0.95, 1.0]),
                cells(&set.condition.quantiles, &[0.0]),
            );
        }
    }
}

/// A line for every singular value: over the solids, with the interval of its median.
fn modes(text: &mut String, thetas: &[&ThetaStatistics]) {
    let Widths { theta: theta_width, set: set_width } = Widths::of(thetas);
    let _ = writeln!(
        text,
        "\n  {:theta_width$}  {:set_width$}  mode {}",
        "theta",
        "features",
        row(["s min", "s 5%", "s 50%", "50% from", "50% to", "s 95%", "s max"])
    );
    for (theta, set) in thetas.iter().flat_map(|theta| theta.sets.iter().map(move |s| (theta, s))) {
        for (index, mode) in set.by_mode.iter().enumerate() {
            let _ = writeln!(
                text,
                "  {:theta_width$}  {:set_width$} {index:>5} {} {} {}",
                theta.name,
                set.name,
                cells(&mode.quantiles, &[0.0, 0.05, 0.5]),
                row(interval_of(&mode.intervals, 0.5).map(number)),
                cells(&mode.quantiles, &[0.95, 1.0]),
            );
        }
    }
}

/// Lines for every θ that is swept.
pub(super) fn sweeps(text: &mut String, thetas: &[&ThetaStatistics]) {
    let swept =
        || thetas.iter().filter_map(|theta| theta.sweeps.as_ref().map(|sweep| (*theta, sweep)));
    if swept().next().is_none() {
        return;
    }
    let theta_width = Widths::of(thetas).theta;
    let _ = writeln!(
        text,
        "\n  {:theta_width$} directions   bound {} {}",
        "theta",
        row(["g* 5%", "g* 50%", "g* 95%", "g_c 50%", "g~ 50%"]),
        row(["zeta 5%", "zeta 50%", "zeta 95%"])
    );
    for (theta, sweep) in swept() {
        let values = |of: fn(&Bounds) -> &Vec<f64>| {
            [
                cells(of(&sweep.gamma_star), &[0.05, 0.5, 0.95]),
                cells(of(&sweep.gamma_contact), &[0.5]),
                cells(&sweep.gamma_tilde.quantiles, &[0.5]),
                cells(of(&sweep.zeta), &[0.05, 0.5, 0.95]),
            ]
            .join(" ")
        };
        let (lower, upper) = (values(|bounds| &bounds.lower), values(|bounds| &bounds.upper));
        let (name, directions) = (&theta.name, sweep.directions);
        let bound = if lower == upper { "" } else { "lower" };
        let _ = writeln!(text, "  {name:theta_width$} {directions:>10}   {bound:5} {lower}");
        if lower != upper {
            let _ = writeln!(text, "  {:theta_width$} {:>10}   upper {upper}", "", "");
        }
    }
    for (theta, sweep) in swept() {
        medians(text, theta, sweep, theta_width);
        censored(text, theta, sweep, theta_width);
    }
    correlations(text, swept(), theta_width);
    let _ = writeln!(
        text,
        "\n  {:theta_width$}  why the linear regime ends, and work per direction",
        "theta"
    );
    for (theta, sweep) in swept() {
        let shares: Vec<String> = Cause::ALL
            .iter()
            .zip(&sweep.causes.gamma_star)
            .filter(|(_, count)| **count > 0)
            .map(|(cause, &count)| {
                let share = 100.0 * count as f64 / sweep.directions.max(1) as f64;
                format!("{} {share:.0}%", cause.name())
            })
            .collect();
        let cost = &sweep.cost;
        let _ = writeln!(
            text,
            "  {:theta_width$}  {}; {:.0} relaxations, {:.0} factorisations, {:.0} force evaluations",
            theta.name,
            if shares.is_empty() { "-".to_owned() } else { shares.join(", ") },
            cost.relaxations,
            cost.factorisations,
            cost.force_evaluations,
        );
    }
}

/// Lines for every design.
pub(super) fn designs(text: &mut String, thetas: &[&ThetaStatistics]) {
    let all = || thetas.iter().flat_map(|theta| theta.designs.iter().map(move |it| (theta, it)));
    let Some(width) = all().map(|(_, design)| design.name.chars().count()).max() else { return };
    let (theta_width, width) = (Widths::of(thetas).theta, width.max("design".len()));
    let _ = writeln!(
        text,
        "\n  {:theta_width$}  {:width$}     reached       95% {}",
        "theta",
        "design",
        row(["lin 50%", "lin 95%", "dth 50%", "step 50%", "step/g*"])
    );
    for (theta, design) in all() {
        let of = |place: usize, at: &[f64]| {
            design.distributions.get(place).map_or(String::new(), |it| cells(&it.quantiles, at))
        };
        let success = &design.success;
        let linearisations = design.distributions.first();
        let count = |at| match linearisations.map_or(f64::NAN, |it| quantile(&it.quantiles, at)) {
            count if count.is_nan() => "-".to_owned(),
            count => format!("{count:.0}"),
        };
        let _ = writeln!(
            text,
            "  {:theta_width$}  {:width$} {:>11} {:>9} {} {} {} {}",
            theta.name,
            design.name,
            format!("{} of {}", success.reached, success.solids),
            percent(design.interval),
            row([0.5, 0.95].map(count)),
            of(1, &[0.5]),
            of(2, &[0.5]),
            of(3, &[0.5]),
        );
    }
    for (theta, design) in all().filter(|(_, design)| design.success.solids > 0) {
        let place = format!("  {:theta_width$}  {:width$} ", theta.name, design.name);
        let outcomes = Outcome::CODES.iter().zip(&design.outcomes);
        let others: Vec<String> = outcomes
            .filter(|((code, _), count)| *code != Outcome::Reached.code() && **count > 0)
            .map(|((_, name), count)| format!("{count} {name}"))
            .collect();
        if !others.is_empty() {
            let _ = writeln!(text, "{place} not reached: {}", others.join(", "));
        }
        for (by, parts) in ["the step", "step/g*"].iter().zip(&design.parts) {
            let part = |part: &Part| {
                let success = part.success;
                format!("{} of {} up to {}", success.reached, success.solids, number(part.range[1]))
            };
            let parts: Vec<String> = parts.iter().map(part).collect();
            let _ = writeln!(text, "{place} reached by {by}: {}", parts.join(", "));
        }
    }
    let _ = writeln!(
        text,
        "  lin: linearisations; dth: |theta - theta0|; step: |J^+ dy| of Eq. (4); step/g*: at most, where g* lies beyond"
    );
}

/// A range of probabilities.
fn percent([low, high]: [f64; 2]) -> String {
    format!("{:.0}-{:.0}%", 100.0 * low, 100.0 * high)
}

/// The intervals of the medians.
fn medians(text: &mut String, theta: &ThetaStatistics, sweep: &SweepStatistics, width: usize) {
    let of = [
        ("g*", &sweep.gamma_star.intervals),
        ("g_c", &sweep.gamma_contact.intervals),
        ("g~", &sweep.gamma_tilde.intervals),
        ("zeta", &sweep.zeta.intervals),
    ];
    let known = of.map(|(name, intervals)| (name, interval_of(intervals, 0.5)));
    let known = known.into_iter().filter(|(_, [low, _])| !low.is_nan());
    let texts: Vec<String> =
        known.map(|(name, ends)| format!("{name} {}", ends.map(number).join(" to "))).collect();
    if !texts.is_empty() {
        let (theta, solids, texts) = (&theta.name, sweep.sampled_solids, texts.join(", "));
        let _ =
            writeln!(text, "  {theta:width$}  95% of the medians over {solids} solids: {texts}");
    }
}

/// How the thresholds go with s.
fn correlations<'a>(
    text: &mut String,
    swept: impl Iterator<Item = (&'a ThetaStatistics, &'a SweepStatistics)>,
    width: usize,
) {
    let _ = writeln!(
        text,
        "\n  {:width$}  {:20}{:34}Pearson, of logarithms",
        "theta", "correlation with s", "Spearman, of ranks"
    );
    for (theta, sweep) in swept {
        let of = &sweep.correlations;
        let lines: [(&str, &Correlation); 4] = [
            ("g*", &of.gamma_star),
            ("zeta", &of.zeta),
            ("zeta, g* shuffled", &of.zeta_shuffled),
            ("zeta - shuffled", &of.zeta_minus_shuffled),
        ];
        for (name, found) in lines {
            let (spearman, pearson) = (estimate(&found.spearman), estimate(&found.pearson));
            let theta = &theta.name;
            let _ = writeln!(text, "  {theta:width$}  {name:20}{spearman:34}{pearson}");
        }
    }
}

/// How many values are censored, and by what.
fn censored(text: &mut String, theta: &ThetaStatistics, sweep: &SweepStatistics, width: usize) {
    let named = [
        ("g*", &sweep.gamma_star),
        ("g_c", &sweep.gamma_contact),
        ("g_r", &sweep.gamma_rearrangement),
    ];
    for (name, bounds) in named {
        let causes = Cause::ALL.iter().zip(&bounds.censored).filter(|(_, count)| **count > 0);
        let causes: Vec<String> = causes
            .map(|(cause, count)| match cause {
                Cause::Censored => format!("{count} at gamma_max"),
                other => format!("{count} by {}", other.name()),
            })
            .collect();
        if !causes.is_empty() {
            let (theta, count, causes) = (&theta.name, bounds.count, causes.join(", "));
            let _ = writeln!(text, "  {theta:width$}  {name} censored: {causes}, of {count}");
        }
    }
}
