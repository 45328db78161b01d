//! Collects how a design ends in all solids.

use super::sample::{LIMIT, Sample, Solids};
use super::sets::{inner, with_extremes};
use super::stream::Stream;
use crate::analysis::quantity::Quantity;
use crate::analysis::values::Values;
use crate::design::outcome::Outcome;
use crate::design::quantities::{DESIGNS, DesignResult, OUTCOME};
use crate::format::archive::ArchiveError;
use crate::report::resample::{Ordered, Resampling};
use crate::study::config::Study;
use crate::study::statistics::{
    DISTRIBUTIONS, DesignStatistics, Distribution, PARTS, PROBABILITIES, Part, SORTED_BY, Success,
};

/// What is kept of a design: whether it has reached the targets, and the [`DISTRIBUTIONS`].
const RECORD: usize = 1 + DISTRIBUTIONS.len();

/// Fills the statistics of a design of a parameterisation.
pub(super) fn design(
    stream: &Stream<'_>,
    study: &Study,
    scenario: &str,
    theta: &str,
    found: &mut DesignStatistics,
) -> Result<(), ArchiveError> {
    let group = format!("{theta}/{DESIGNS}/{}", found.name);
    let path = |quantity: &Quantity<DesignResult>| quantity.path(&group);
    let mut paths = vec![path(&OUTCOME)];
    paths.extend(DISTRIBUTIONS.iter().map(|quantity| path(quantity)));
    let paths: [&str; RECORD] = std::array::from_fn(|n| paths[n].as_str());
    let mut sample = Sample::new(study.seed, RECORD, LIMIT);
    found.outcomes = vec![0; Outcome::CODES.len()];
    found.distributions = vec![Distribution::default(); DISTRIBUTIONS.len()];
    stream.visit(paths, |replica, columns| {
        let code = columns[0].codes().first().copied().unwrap_or(0);
        if let Some(count) = found.outcomes.get_mut(usize::from(code)) {
            *count += 1;
        }
        let reached = code == Outcome::Reached.code();
        found.success.add(reached);
        let mut record = [f64::from(u8::from(reached)); RECORD];
        for (n, values) in columns[1..].iter().enumerate() {
            record[n + 1] = number(values);
            found.distributions[n].histogram.add(record[n + 1]);
        }
        sample.add(replica, &record);
    })?;
    found.interval = found.success.interval();
    let solids = sample.solids();
    distributions(found, &solids, study.seed, &format!("{scenario} {group}"));
    found.parts = SORTED_BY.iter().map(|&place| parts(&solids, 1 + place)).collect();
    Ok(())
}

/// The only value of a column without axes.
fn number(values: &Values) -> f64 {
    let count = values.integers().first().map(|&count| f64::from(count));
    count.or(values.floats().first().copied()).unwrap_or(f64::NAN)
}

/// Fills in quantiles with their intervals.
fn distributions(found: &mut DesignStatistics, solids: &Solids, seed: u64, name: &str) {
    let ordered: Vec<Ordered> = (1..RECORD)
        .map(|n| Ordered::new(solids.records().map(move |(record, solid)| (record[n], solid))))
        .collect();
    let replicates = Resampling::new(seed, name, solids.count()).replicates(|weights, out| {
        ordered.iter().for_each(|of| of.quantiles(weights, inner(), out));
    });
    for (n, (of, ordered)) in found.distributions.iter_mut().zip(&ordered).enumerate() {
        let first = n * inner().len();
        let intervals = (first..first + inner().len()).map(|n| replicates.interval(n, n));
        of.count = ordered.len() as u64;
        of.quantiles = ordered.once(&PROBABILITIES);
        of.intervals = with_extremes(intervals);
    }
}

/// Success in parts of the solids, sorted by one place of their records.
fn parts(solids: &Solids, place: usize) -> Vec<Part> {
    let mut sorted: Vec<(f64, bool)> =
        solids.records().map(|(record, _)| (record[place], record[0] == 1.0)).collect();
    sorted.retain(|(value, _)| !value.is_nan());
    // Stable: equal values stay in the order of the replicas.
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let part = |n: usize| {
        let own = &sorted[n * sorted.len() / PARTS..(n + 1) * sorted.len() / PARTS];
        let mut success = Success::default();
        own.iter().for_each(|(_, reached)| success.add(*reached));
        let value = |end: Option<&(f64, bool)>| end.map_or(f64::NAN, |(value, _)| *value);
        Part { range: vec![value(own.first()), value(own.last())], success }
    };
    (0..PARTS).map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_solid_is_in_one_part() {
        let mut sample = Sample::new(1, 2, LIMIT);
        let reached = |replica: u64| !replica.is_multiple_of(3);
        for replica in 0..10 {
            let value = if replica == 7 { f64::NAN } else { (10 - replica) as f64 };
            sample.add(replica, &[f64::from(u8::from(reached(replica))), value]);
        }
        let parts = parts(&sample.solids(), 1);
        let ranges: Vec<&[f64]> = parts.iter().map(|part| part.range.as_slice()).collect();
        assert_eq!(ranges, [[1.0, 2.0], [4.0, 5.0], [6.0, 7.0], [8.0, 10.0]]);
        let counts: Vec<(u64, u64)> =
            parts.iter().map(|part| (part.success.reached, part.success.solids)).collect();
        // Replicas 9, 8; 6, 5; 4, 3; 2, 1, 0.
        assert_eq!(counts, [(1, 2), (1, 2), (1, 2), (2, 3)]);
    }
}
