//! Collects what the singular values of a feature set say.

use super::sample::{LIMIT, Sample, Solids};
use super::stream::Stream;
use super::{Distribution, SetStatistics};
use crate::analysis::quantities::{RANK, SINGULAR_VALUES};
use crate::format::archive::ArchiveError;
use crate::report::quantile::Quantiles;
use crate::report::resample::{Ordered, Resampling, UNKNOWN};
use crate::study::config::Study;
use crate::study::statistics::PROBABILITIES;

/// The quantiles that have confidence intervals: those of the extremes do not follow from resamples.
pub(super) fn inner() -> &'static [f64] {
    &PROBABILITIES[1..PROBABILITIES.len() - 1]
}

/// The intervals of all quantiles from those of the inner ones.
pub(super) fn with_extremes(inner: impl Iterator<Item = [f64; 2]>) -> Vec<[f64; 2]> {
    [UNKNOWN].into_iter().chain(inner).chain([UNKNOWN]).collect()
}

/// The singular values of the solids of a set, as many as a sample holds.
pub(super) fn singular_values(
    stream: &Stream<'_>,
    study: &Study,
    path: &str,
    modes: usize,
) -> Result<Solids, ArchiveError> {
    let mut sample = Sample::new(study.seed, modes, LIMIT / modes.max(1));
    stream.visit([&SINGULAR_VALUES.path(path)], |replica, [values]| {
        sample.add(replica, values.floats());
    })?;
    Ok(sample.solids())
}

/// One singular value of every solid.
pub(super) fn mode(solids: &Solids, mode: usize) -> Ordered {
    Ordered::new(solids.records().map(|(values, solid)| (values[mode], solid)))
}

/// Fills the statistics of a set.
pub(super) fn set(
    stream: &Stream<'_>,
    study: &Study,
    scenario: &str,
    theta: &str,
    found: &mut SetStatistics,
) -> Result<(), ArchiveError> {
    let path = format!("{theta}/{}", found.name);
    let largest = found.largest_rank;
    found.rank_deficits = vec![0; largest + 1];
    let mut quantiles = Quantiles::new(&PROBABILITIES);
    let mut sample = Sample::new(study.seed, largest, LIMIT / largest.max(1));
    stream.visit(
        [&RANK.path(&path), &SINGULAR_VALUES.path(&path)],
        |replica, [ranks, values]| {
            let values = values.floats();
            for &rank in ranks.integers() {
                let deficit = largest.saturating_sub(usize::try_from(rank).unwrap_or(0));
                found.rank_deficits[deficit] += 1;
                found.full_rank += u64::from(deficit == 0);
                let (low, high) = found.ranks.unwrap_or((rank, rank));
                found.ranks = Some((low.min(rank), high.max(rank)));
            }
            for &value in values {
                quantiles.add(value);
                found.singular_values.histogram.add(value);
            }
            found.condition.histogram.add(condition(values));
            sample.add(replica, values);
        },
    )?;
    quantiles.end_pass();
    while !quantiles.is_done() {
        stream.visit([&SINGULAR_VALUES.path(&path)], |_, [values]| {
            values.floats().iter().for_each(|&value| quantiles.add(value));
        })?;
        quantiles.end_pass();
    }
    found.solids = sample.seen();
    found.singular_values.count = quantiles.count();
    found.singular_values.quantiles = quantiles.values();
    intervals(found, &sample.solids(), study.seed, scenario);
    Ok(())
}

/// s_min/s_max.
fn condition(values: &[f64]) -> f64 {
    match (values.last(), values.first()) {
        (Some(smallest), Some(largest)) => smallest / largest,
        _ => f64::NAN,
    }
}

/// Fills in what needs whole solids.
fn intervals(found: &mut SetStatistics, solids: &Solids, seed: u64, scenario: &str) {
    let every = Ordered::new(
        solids.records().flat_map(|(values, solid)| values.iter().map(move |&v| (v, solid))),
    );
    let conditions = solids.records().map(|(values, solid)| (condition(values), solid));
    let mut ordered = vec![every, Ordered::new(conditions)];
    ordered.extend((0..found.largest_rank).map(|index| mode(solids, index)));
    let replicates =
        Resampling::new(seed, scenario, solids.count()).replicates(|weights, quantiles| {
            ordered.iter().for_each(|of| of.quantiles(weights, inner(), quantiles));
        });
    let count = inner().len();
    let intervals = |index: usize| {
        with_extremes((0..count).map(|n| {
            let statistic = index * count + n;
            replicates.interval(statistic, statistic)
        }))
    };
    let distribution = |index: usize| Distribution {
        count: ordered[index].len() as u64,
        quantiles: ordered[index].once(&PROBABILITIES),
        intervals: intervals(index),
        ..Distribution::default()
    };
    found.singular_values.intervals = intervals(0);
    let histogram = std::mem::take(&mut found.condition.histogram);
    found.condition = Distribution { histogram, ..distribution(1) };
    found.by_mode = (2..ordered.len()).map(distribution).collect();
}
