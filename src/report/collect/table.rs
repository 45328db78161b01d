//! The statistics as text for the terminal.

use std::fmt::Write as _;

use super::{Bounds, ScenarioStatistics, Statistics, SweepStatistics, ThetaStatistics};
use crate::linearity::cause::Cause;
use crate::study::statistics::quantile;

/// Width of a number with its separator.
const CELL: usize = 10;

/// The table that ends a run.
pub fn table(statistics: &Statistics) -> String {
    let mut text = String::new();
    for scenario in &statistics.scenarios {
        scenario_table(&mut text, scenario);
    }
    if statistics.corrupt > 0 {
        let _ = writeln!(
            text,
            "\n{} items have a wrong checksum and were left out; `amorph run --resume` repairs them",
            statistics.corrupt
        );
    }
    text
}

fn scenario_table(text: &mut String, scenario: &ScenarioStatistics) {
    let solids = &scenario.solids;
    let _ = write!(text, "\nscenario {}: {} solids", scenario.name, solids.done);
    for (count, what) in [(solids.failed, "failed"), (solids.pending, "pending")] {
        if count > 0 {
            let _ = write!(text, ", {count} {what}");
        }
    }
    let unfinished = scenario.items.pending.saturating_sub(solids.pending);
    let failed = scenario.items.failed.saturating_sub(solids.failed);
    for (count, what) in [(failed, "failed"), (unfinished, "pending")] {
        if count > 0 {
            let _ = write!(text, "; {count} blocks of directions {what}");
        }
    }
    text.push('\n');
    for reason in &scenario.reasons {
        let _ = writeln!(text, "  failed {} times: {reason}", reason.count);
    }
    if solids.done == 0 {
        return;
    }
    let widths = Widths::of(&scenario.parameterisations);
    ranks(text, &scenario.parameterisations, solids.done, &widths);
    sweeps(text, &scenario.parameterisations, &widths);
}

/// Widths of the first two columns.
struct Widths {
    theta: usize,
    set: usize,
}

impl Widths {
    fn of(thetas: &[ThetaStatistics]) -> Self {
        let theta = thetas.iter().map(|theta| theta.name.len()).max().unwrap_or(0);
        let sets = thetas.iter().flat_map(|theta| &theta.sets);
        Widths {
            theta: theta.max("theta".len()),
            set: sets.map(|set| set.name.len()).max().unwrap_or(0).max("features".len()),
        }
    }
}

fn ranks(text: &mut String, thetas: &[ThetaStatistics], solids: u64, widths: &Widths) {
    let (theta_width, set_width) = (widths.theta, widths.set);
    let _ = writeln!(
        text,
        "\n  {:theta_width$}  {:set_width$}   n_y  n_th      rank   full rank {}",
        "theta",
        "features",
        row(["s min", "s 5%", "s 50%", "s 95%", "s max"])
    );
    for theta in thetas {
        for set in &theta.sets {
            let rank = match set.ranks {
                None => "-".to_owned(),
                Some((low, high)) if low == high => format!("{low}"),
                Some((low, high)) => format!("{low}-{high}"),
            };
            let full = format!("{} of {solids}", set.full_rank);
            let _ = writeln!(
                text,
                "  {:theta_width$}  {:set_width$} {:>5} {:>5} {rank:>9} {full:>11} {}",
                theta.name,
                set.name,
                set.features,
                theta.parameters,
                cells(&set.singular_values.quantiles, &[0.0, 0.05, 0.5, 0.95, 1.0]),
            );
        }
    }
}

fn sweeps(text: &mut String, thetas: &[ThetaStatistics], widths: &Widths) {
    let swept = || thetas.iter().filter_map(|theta| theta.sweeps.as_ref().map(|s| (theta, s)));
    if swept().next().is_none() {
        return;
    }
    let theta_width = widths.theta;
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
        censored(text, theta, sweep, theta_width);
    }
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

fn cells(quantiles: &[f64], probabilities: &[f64]) -> String {
    row(probabilities.iter().map(|&p| number(quantile(quantiles, p))))
}

/// Texts in cells beside each other.
fn row(texts: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    let cells: Vec<String> = texts.into_iter().map(|text| format!("{text:>CELL$}")).collect();
    cells.join(" ")
}

/// Three digits; infinity is "beyond" (what was reached), no value is "-".
fn number(value: f64) -> String {
    if value.is_nan() {
        "-".to_owned()
    } else if value.is_infinite() {
        "beyond".to_owned()
    } else {
        format!("{value:.2e}")
    }
}
