//! Fits power laws along the scans of a study.

use super::stream::Stream;
use super::sweeps::{self, Ends, QUANTITIES};
use super::{Estimate, ScenarioStatistics, sets};
use crate::format::archive::ArchiveError;
use crate::report::power_law::{exponent, quality};
use crate::report::resample::{Ordered, RESAMPLES, Replicates, Resampling, UNKNOWN, interval};
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::study::config::Study;
use crate::study::statistics::{PowerLaw, Scan, ScanStatistics, scans};

const MEDIAN: [f64; 1] = [0.5];

/// The power laws along every scan.
pub(super) fn power_laws(
    streams: &[Stream<'_>],
    study: &Study,
    scenarios: &[ScenarioStatistics],
) -> Result<Vec<ScanStatistics>, ArchiveError> {
    let along = |scan: &Scan| power_laws_along(streams, study, scenarios, scan);
    scans(study).iter().map(along).collect()
}

fn power_laws_along(
    streams: &[Stream<'_>],
    study: &Study,
    scenarios: &[ScenarioStatistics],
    scan: &Scan,
) -> Result<ScanStatistics, ArchiveError> {
    let mut found = ScanStatistics::none(study, scan);
    let name = |scenario: usize| study.scenarios[scenario].name.as_str();
    for (index, theta) in found.parameterisations.iter_mut().enumerate() {
        for (set_index, set) in theta.sets.iter_mut().enumerate() {
            let point = |&scenario: &usize| {
                let modes =
                    scenarios[scenario].parameterisations[index].sets[set_index].largest_rank;
                let solids = {
                    let names = [theta.name.as_str(), &set.name];
                    sets::singular_values(&streams[scenario], study, names, modes)?
                };
                let all: Vec<_> = (0..modes).map(|mode| sets::mode(&solids, mode)).collect();
                let medians = |weights: &[u32], out: &mut Vec<f64>| of_modes(&all, weights, out);
                Ok(Point::new(study.seed, name(scenario), solids.count(), medians))
            };
            let points = scan.scenarios.iter().map(point);
            let points: Vec<Point> = points.collect::<Result<_, ArchiveError>>()?;
            fit(&scan.values, &points, &mut set.singular_values);
        }
        if let Some(laws) = &mut theta.sweeps {
            let point = |&scenario: &usize| {
                let solids = sweeps::solids(&streams[scenario], study, &theta.name)?;
                let ends: Vec<Ends> = (0..QUANTITIES).map(|n| Ends::new(&solids, n)).collect();
                let medians = |weights: &[u32], out: &mut Vec<f64>| {
                    ends.iter().for_each(|ends| ends.quantiles(weights, &MEDIAN, out));
                };
                Ok(Point::new(study.seed, name(scenario), solids.count(), medians))
            };
            let points = scan.scenarios.iter().map(point);
            let points: Vec<Point> = points.collect::<Result<_, ArchiveError>>()?;
            fit(&scan.values, &points, laws);
        }
    }
    Ok(found)
}

/// The medians of singular values, twice each; those that vanish have no logarithm to fit.
fn of_modes(modes: &[Ordered], weights: &[u32], out: &mut Vec<f64>) {
    let mut median = Vec::with_capacity(1);
    let mut largest = f64::NAN;
    for mode in modes {
        median.clear();
        mode.quantiles(weights, &MEDIAN, &mut median);
        if largest.is_nan() {
            largest = median[0];
        }
        let vanishes = !(median[0] > RANK_TOLERANCE * largest);
        out.extend([if vanishes { f64::NAN } else { median[0] }; 2]);
    }
}

/// The medians of one scenario: of every quantity the lower and the upper bound.
struct Point {
    medians: Vec<f64>,
    replicates: Replicates,
}

impl Point {
    fn new(
        seed: u64,
        scenario: &str,
        solids: usize,
        mut statistics: impl FnMut(&[u32], &mut Vec<f64>),
    ) -> Self {
        let mut medians = Vec::new();
        statistics(&vec![1; solids], &mut medians);
        let replicates = Resampling::new(seed, scenario, solids).replicates(statistics);
        Point { medians, replicates }
    }

    fn median(&self, quantity: usize) -> [f64; 2] {
        [self.medians[2 * quantity], self.medians[2 * quantity + 1]]
    }

    fn replicate(&self, quantity: usize, resample: usize) -> [f64; 2] {
        let of = |statistic| self.replicates.of(statistic)[resample];
        [of(2 * quantity), of(2 * quantity + 1)]
    }
}

/// Fits every quantity along the scan, whose scenarios are resampled independently.
fn fit(values: &[f64], points: &[Point], laws: &mut [PowerLaw]) {
    for (quantity, law) in laws.iter_mut().enumerate() {
        let has_median = |(_, point): &(&f64, &Point)| !point.median(quantity)[0].is_nan();
        let (x, points): (Vec<f64>, Vec<&Point>) =
            values.iter().zip(points).filter(has_median).unzip();
        let y: Vec<_> = points.iter().map(|point| point.median(quantity)).collect();
        let [lower, upper] = exponent(&x, &y);
        let (count, residual) = quality(&x, &y);
        let few = points.iter().any(|point| point.replicates.of(2 * quantity).is_empty());
        let interval = if few {
            UNKNOWN
        } else {
            let exponents = (0..RESAMPLES).map(|resample| {
                let y: Vec<_> = points.iter().map(|p| p.replicate(quantity, resample)).collect();
                exponent(&x, &y).into()
            });
            let (lower, upper): (Vec<f64>, Vec<f64>) = exponents.unzip();
            interval(&lower, &upper)
        };
        *law = PowerLaw { points: count, exponent: Estimate { lower, upper, interval }, residual };
    }
}
