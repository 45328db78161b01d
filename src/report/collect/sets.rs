//! Collects what the singular values of a feature set say.

use super::sample::{LIMIT, Sample, Solids};
use super::stream::Stream;
use super::{Distribution, SetStatistics};
use crate::analysis::quantities::{INERT, RANK, SINGULAR_VALUES};
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

/// Calls `body` with every solid: its replica, its rank, and its singular values, not a number from the
/// largest rank on that it can have. It has as many features as it does not lack, and as many parameters
/// as some bond depends on.
fn visit(
    stream: &Stream<'_>,
    [theta, set]: [&str; 2],
    mut body: impl FnMut(u64, i32, &[f64]),
) -> Result<(), ArchiveError> {
    let group = format!("{theta}/{set}");
    let paths = [RANK.path(&group), SINGULAR_VALUES.path(&group), INERT.path(theta)];
    stream.visit(paths.each_ref().map(String::as_str), |replica, [rank, values, inert]| {
        let active = inert.codes().iter().filter(|&&inert| inert == 0).count();
        let mut values = values.floats().to_vec();
        values.iter_mut().skip(active).for_each(|value| *value = f64::NAN);
        body(replica, rank.integers()[0], &values);
    })
}

/// The singular values that there are.
fn present(values: &[f64]) -> impl Iterator<Item = f64> {
    values.iter().copied().filter(|value| !value.is_nan())
}

/// The singular values of the solids of a parameterisation and a set, as many as a sample holds.
pub(super) fn singular_values(
    stream: &Stream<'_>,
    study: &Study,
    names: [&str; 2],
    modes: usize,
) -> Result<Solids, ArchiveError> {
    let mut sample = Sample::new(study.seed, modes, LIMIT / modes.max(1));
    visit(stream, names, |replica, _, values| sample.add(replica, values))?;
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
    let name = found.name.clone();
    let names = [theta, &name];
    let largest = found.largest_rank;
    found.rank_deficits = vec![0; largest + 1];
    let mut quantiles = Quantiles::new(&PROBABILITIES);
    let mut sample = Sample::new(study.seed, largest, LIMIT / largest.max(1));
    visit(stream, names, |replica, rank, values| {
        let possible = present(values).count();
        let deficit = possible.saturating_sub(usize::try_from(rank).unwrap_or(0));
        found.rank_deficits[deficit] += 1;
        found.full_rank += u64::from(deficit == 0);
        let (low, high) = found.ranks.unwrap_or((rank, rank));
        found.ranks = Some((low.min(rank), high.max(rank)));
        for value in present(values) {
            quantiles.add(value);
            found.singular_values.histogram.add(value);
        }
        found.condition.histogram.add(condition(values));
        sample.add(replica, values);
    })?;
    quantiles.end_pass();
    while !quantiles.is_done() {
        visit(stream, names, |_, _, values| {
            present(values).for_each(|value| quantiles.add(value));
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
    match (present(values).last(), present(values).next()) {
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
