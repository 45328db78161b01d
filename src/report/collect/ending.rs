//! What the tables say of the whole study.

use std::fmt::Write as _;

use super::Statistics;
use super::cells::estimate;
use crate::study::statistics::{PowerLaw, SCAN_QUANTITIES, ScanStatistics};

/// A scenario with more lines than this is summed up.
pub(super) const LINES: usize = 12;
/// Where they are.
pub(super) const MORE: &str = "every theta by itself: amorph stats --full";

/// What concerns the whole study; `full`: every exponent.
pub(super) fn ending(statistics: &Statistics, full: bool) -> String {
    let mut text = String::new();
    for scan in &statistics.power_laws {
        power_laws(&mut text, scan, full);
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

fn power_laws(text: &mut String, scan: &ScanStatistics, full: bool) {
    let symbol = scan.symbol;
    let _ = writeln!(
        text,
        "\npower laws of medians against {symbol}: exponent [95%]; scenarios {}",
        scan.scenarios.join(", ")
    );
    let lines = scan.parameterisations.iter().map(|theta| theta.sets.len()).sum::<usize>();
    if lines > LINES && !full {
        let _ = writeln!(text, "  {MORE}");
        return;
    }
    for theta in &scan.parameterisations {
        for set in &theta.sets {
            let of = |index: usize, law: &PowerLaw| format!("s_{index} {}", fitted(law));
            let all = set.singular_values.iter().enumerate().map(|(index, law)| of(index, law));
            let all: Vec<String> = all.collect();
            let said = match all.as_slice() {
                [first, .., last] if !full && all.len() > 2 => format!("{first}, ..., {last}"),
                all => all.join(", "),
            };
            let _ = writeln!(text, "  {}  {}: {said}", theta.name, set.name);
        }
        if let Some(laws) = &theta.sweeps {
            let laws = SCAN_QUANTITIES.iter().zip(laws);
            let laws: Vec<String> =
                laws.map(|(name, law)| format!("{name} {}", fitted(law))).collect();
            let _ = writeln!(text, "  {}  sweeps: {}", theta.name, laws.join(", "));
        }
    }
}

fn fitted(law: &PowerLaw) -> String {
    estimate(&law.exponent)
}
