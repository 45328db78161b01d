//! Whether the decisions of an ensemble design follow from its solids.

use super::findings::Check;
use crate::format::archive::ArchiveError;
use crate::study::results::Results;
use crate::study::rounds::follow;
use crate::study::statistics::{RoundsStatistics, Statistics, arrays};

/// Rounding of a regression on another processor, relative to the largest number of an array.
const AGAIN: f64 = 1e-6;

/// Decides everything again and compares it with `/rounds`; nothing is looked at in other files.
pub(super) fn check(archive: &Results) -> Result<Check, ArchiveError> {
    let mut check = Check::new("decisions of the rounds, made again");
    let Some(progress) = follow(archive)? else { return Ok(check) };
    if progress.next.is_some() || !progress.unneeded.is_empty() {
        check.skip("/rounds", "the design is not over");
        return Ok(check);
    }
    let rounds = RoundsStatistics::of(archive.study(), &progress.search);
    let outcome = rounds.as_ref().map_or(0, RoundsStatistics::code);
    let again = Statistics { rounds, ..Statistics::default() };
    for (path, bytes) in arrays::values(&again) {
        let stored = archive.array(&path)?;
        let wrong = match bytes.len() {
            1 if stored == [0] => {
                check.skip("/rounds", "not written yet; `amorph run --resume` does");
                return Ok(check);
            }
            1 if stored == [outcome] => Vec::new(),
            _ if agree(&numbers(&stored), &numbers(&bytes)) => Vec::new(),
            _ => vec!["does not follow from the solids".to_owned()],
        };
        check.add(&path, wrong);
    }
    Ok(check)
}

fn numbers(bytes: &[u8]) -> Vec<f64> {
    bytes.as_chunks().0.iter().map(|word| f64::from_ne_bytes(*word)).collect()
}

fn agree(stored: &[f64], again: &[f64]) -> bool {
    let finite = again.iter().filter(|value| value.is_finite());
    let largest = finite.fold(0.0, |max: f64, value| max.max(value.abs()));
    let same =
        |(a, b): (&f64, &f64)| (a.is_nan() && b.is_nan()) || (a - b).abs() <= AGAIN * largest;
    stored.len() == again.len() && !again.is_empty() && stored.iter().zip(again).all(same)
}
