//! An ensemble design as text for the terminal.

use std::fmt::Write as _;

use super::cells::{number, row};
use crate::study::statistics::{RoundsStatistics, ScenarioStatistics};

/// Rounds between the first and the last ones that are left out of a summary.
const LATEST: usize = 3;

/// Stages, verification and outcome; `full`: every stage.
pub(super) fn rounds(
    of: &RoundsStatistics,
    scenarios: &[ScenarioStatistics],
    full: bool,
) -> String {
    let mut text = String::new();
    let y = of.targets.len();
    // In time.
    let mut known: Vec<usize> = (0..of.stages.len()).filter(|&s| of.order[s] > 0).collect();
    known.sort_by_key(|&stage| of.order[stage]);
    let width = of.stages.iter().map(String::len).max().unwrap_or(0);
    let _ = writeln!(
        text,
        "\nensemble design: means of {} solids a stage in the box of packing fraction {} at theta_0",
        of.slots,
        number(of.packing_fraction)
    );
    let names: Vec<&str> = of.targets.iter().map(String::as_str).collect();
    let heads = names.iter().flat_map(|name| [*name, "+-", "off/SE"]);
    let _ = writeln!(text, "\n  {:width$}  solids {}", "stage", row(heads.map(str::to_owned)));
    for (place, &stage) in known.iter().enumerate() {
        if !full && place > 1 && place + LATEST < known.len() {
            continue;
        }
        // A round is what it says of its centre; start and verification are their own means.
        let of_stage = |index: usize| {
            let at = stage * y + index;
            let regressed = of.fitted[at].is_finite();
            let (mean, error) = match regressed {
                true => (of.fitted[at], of.fitted_error[at]),
                false => (of.mean[at], of.mean_error[at]),
            };
            [mean, error, of.residual[at]]
        };
        let cells = (0..y).flat_map(of_stage).map(number);
        let (name, solids) = (&of.stages[stage], of.solids[stage]);
        let _ = writeln!(text, "  {name:width$} {solids:>7} {}", row(cells));
    }
    if of.verifications > 0 {
        let verified = of.verified.iter().zip(&of.verified_error);
        let all = verified.zip(&of.wanted).flat_map(|((mean, error), wanted)| {
            [number(*mean), number(*error), number((wanted - mean) / error)]
        });
        let _ = writeln!(text, "  {:width$}         {}", "verified", row(all));
    }
    if of.wanted.iter().all(|wanted| wanted.is_finite()) {
        let wanted = of.wanted.iter().zip(&of.wanted_error);
        let cells =
            wanted.flat_map(|(wanted, error)| [number(*wanted), number(*error), String::new()]);
        let _ = writeln!(text, "  {:width$}         {}", "wanted", row(cells));
    }
    parameters(&mut text, of, &known);
    failures(&mut text, scenarios);
    ending(&mut text, of);
    text
}

fn parameters(text: &mut String, of: &RoundsStatistics, known: &[usize]) {
    let width = of.parameters.len();
    let Some(&last) = known.last().filter(|&&last| of.theta[last * width].is_finite()) else {
        return;
    };
    let _ = writeln!(text, "\n  theta of {}: value, and over that of the start", of.stages[last]);
    for (q, label) in of.parameters.iter().enumerate() {
        let (value, start) = (of.theta[last * width + q], of.theta[q]);
        let bound = if of.at_bound[q] { "  at its bound" } else { "" };
        let _ = writeln!(text, "  {label:10} {value:.9}  {:.6}{bound}", value / start);
    }
}

fn failures(text: &mut String, scenarios: &[ScenarioStatistics]) {
    for scenario in scenarios {
        for reason in &scenario.reasons {
            let _ = writeln!(text, "  {}: failed {} times: {reason}", scenario.name, reason.count);
        }
    }
}

fn ending(text: &mut String, of: &RoundsStatistics) {
    if of.unmoved.iter().any(|&coefficient| coefficient != 0.0) {
        let all = of.unmoved.iter().zip(&of.targets);
        let terms: Vec<String> = all.map(|(c, label)| format!("{c:+.3} {label}")).collect();
        let combination = terms.join(" ");
        let _ = writeln!(
            text,
            "\n  no parameter moves this combination of relative changes: {combination}"
        );
    }
    if let Some(outcome) = &of.outcome {
        let _ = writeln!(text, "\n  outcome: {outcome}, verifications: {}", of.verifications);
    }
}
