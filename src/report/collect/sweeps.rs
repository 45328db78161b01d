//! Collects what the γ-sweeps of a parameterisation say.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::sample::{LIMIT, Sample, Solids};
use super::sets::{inner, with_extremes};
use super::stream::Stream;
use super::{Bounds, Correlation, Correlations, Cost, Estimate, SweepStatistics};
use crate::analysis::directions::DirectionResult;
use crate::analysis::quantities::{self as q, SWEEPS, THRESHOLDS};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::Values;
use crate::format::archive::ArchiveError;
use crate::linearity::cause::Cause;
use crate::report::correlation::{Pair, Pairs, shuffler};
use crate::report::quantile::Quantiles;
use crate::report::resample::{Ordered, Replicates, Resampling};
use crate::study::config::Study;
use crate::study::statistics::PROBABILITIES;

/// Shuffles behind the correlation that ζ owes to containing s.
const SHUFFLES: usize = 200;
/// The same for every resample: what one shuffle leaves to chance widens the interval, by less than 6 % with
/// this many; fewer where there are more directions than this, whose shuffles take long.
const SHUFFLES_OF_RESAMPLE: usize = 8;
const SHUFFLED_DIRECTIONS: usize = 1 << 13;

/// What is known of one quantity of a direction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Range {
    /// The geometric mean of the bracket, or the γ where the sweep ended; not a number where nothing
    /// was looked for.
    pub lower: f64,
    /// The same, or infinity.
    pub upper: f64,
}

impl Range {
    fn of(bracket: &[f64]) -> Self {
        let (lo, hi) = (bracket[0], bracket[1]);
        if lo.is_nan() {
            return Range { lower: lo, upper: lo };
        }
        match (lo * hi).sqrt() {
            centre if centre.is_nan() => Range { lower: lo, upper: f64::INFINITY },
            centre => Range { lower: centre, upper: centre },
        }
    }

    fn times(self, factor: f64) -> Self {
        // Nothing times infinity is not known to be anything.
        let upper = if self.is_found() { factor * self.lower } else { self.upper };
        Range { lower: factor * self.lower, upper }
    }

    fn is_found(self) -> bool {
        self.lower == self.upper
    }
}

/// The quantities of a direction in the order of the file's: γ*, γ_c, γ_r, γ̃, ζ.
pub(super) const QUANTITIES: usize = 5;
const STAR: usize = 0;
const ZETA: usize = 4;

/// What is kept of a direction: s, and both ends of every quantity.
pub(super) const RECORD: usize = 1 + 2 * QUANTITIES;

type Paths = [String; 8];

/// The columns that a record is made of.
fn paths(theta: &str) -> Paths {
    let group = format!("{theta}/{SWEEPS}");
    let [star, contact, rearrangement] = THRESHOLDS;
    [
        &q::SUSCEPTIBILITY,
        star.0,
        contact.0,
        rearrangement.0,
        &q::GAMMA_TILDE,
        star.1,
        contact.1,
        rearrangement.1,
    ]
    .map(|quantity| quantity.path(&group))
}

/// Calls `body` with every direction: its replica, s, ranges, and causes of γ*, γ_c, γ_r.
fn visit(
    stream: &Stream<'_>,
    paths: &Paths,
    mut body: impl FnMut(u64, f64, [Range; QUANTITIES], [u8; 3]),
) -> Result<(), ArchiveError> {
    stream.visit(paths.each_ref().map(String::as_str), |replica, columns| {
        let [s, star, contact, rearrangement, tilde, causes @ ..] = &columns;
        for (direction, &s) in s.floats().iter().enumerate() {
            let bracket = |of: &Values| Range::of(&of.floats()[2 * direction..2 * direction + 2]);
            let (star, tilde) = (bracket(star), tilde.floats()[direction]);
            let ranges = [
                star,
                bracket(contact),
                bracket(rearrangement),
                Range { lower: tilde, upper: tilde },
                star.times(s),
            ];
            let causes: [&Values; 3] = causes.each_ref();
            body(replica, s, ranges, causes.map(|codes| codes.codes()[direction]));
        }
    })
}

pub(super) fn record(s: f64, ranges: &[Range; QUANTITIES]) -> [f64; RECORD] {
    let mut record = [s; RECORD];
    for (n, range) in ranges.iter().enumerate() {
        record[1 + 2 * n] = range.lower;
        record[2 + 2 * n] = range.upper;
    }
    record
}

/// The sweeps of the solids of a parameterisation, as many as a sample holds.
pub(super) fn solids(
    stream: &Stream<'_>,
    study: &Study,
    theta: &str,
) -> Result<Solids, ArchiveError> {
    let mut sample = Sample::new(study.seed, RECORD, LIMIT);
    visit(stream, &paths(theta), |replica, s, ranges, _| {
        sample.add(replica, &record(s, &ranges));
    })?;
    Ok(sample.solids())
}

/// Both bounds of a quantity in all directions of a sample.
pub(super) struct Ends {
    lower: Ordered,
    /// Where it differs.
    upper: Option<Ordered>,
}

impl Ends {
    /// Of one of the [`QUANTITIES`].
    pub fn new(solids: &Solids, quantity: usize) -> Self {
        let place = 1 + 2 * quantity;
        let of = |place: usize| {
            Ordered::new(solids.records().map(move |(record, solid)| (record[place], solid)))
        };
        let censored = solids.records().any(|(record, _)| record[place + 1] > record[place]);
        Ends { lower: of(place), upper: censored.then(|| of(place + 1)) }
    }

    /// Appends the quantiles of the lower bound, then those of the upper one.
    pub fn quantiles(&self, weights: &[u32], probabilities: &[f64], out: &mut Vec<f64>) {
        let before = out.len();
        self.lower.quantiles(weights, probabilities, out);
        match &self.upper {
            Some(upper) => upper.quantiles(weights, probabilities, out),
            None => out.extend_from_within(before..),
        }
    }
}

/// Collects [`Bounds`] value by value.
struct Collected {
    lower: Quantiles,
    upper: Quantiles,
    found: Bounds,
}

impl Collected {
    fn new() -> Self {
        let quantiles = || Quantiles::new(&PROBABILITIES);
        let found = Bounds { censored: vec![0; Cause::ALL.len()], ..Bounds::default() };
        Collected { lower: quantiles(), upper: quantiles(), found }
    }

    fn add(&mut self, range: Range) {
        self.lower.add(range.lower);
        self.upper.add(range.upper);
    }

    /// What one pass tells.
    fn count(&mut self, range: Range, cause: u8) {
        if range.is_found() {
            self.found.histogram.add(range.lower);
        } else if !range.lower.is_nan() {
            self.found.histogram_censored.add(range.lower);
            count_cause(&mut self.found.censored, cause);
        }
    }

    fn is_done(&self) -> bool {
        self.lower.is_done() && self.upper.is_done()
    }

    fn end_pass(&mut self) {
        self.lower.end_pass();
        self.upper.end_pass();
    }

    fn bounds(self, intervals: Vec<[f64; 2]>) -> Bounds {
        Bounds {
            count: self.lower.count(),
            lower: self.lower.values(),
            upper: self.upper.values(),
            intervals,
            ..self.found
        }
    }
}

/// Counts codes: the order of `Cause::ALL`.
fn count_cause(counts: &mut [u64], code: u8) {
    if let Some(count) = counts.get_mut(usize::from(code)) {
        *count += 1;
    }
}

/// Fills the statistics of the sweeps of a parameterisation.
pub(super) fn sweeps(
    stream: &Stream<'_>,
    study: &Study,
    scenario: &str,
    theta: &str,
    found: &mut SweepStatistics,
) -> Result<(), ArchiveError> {
    let paths = paths(theta);
    let mut collected: [Collected; QUANTITIES] = std::array::from_fn(|_| Collected::new());
    let mut sample = Sample::new(study.seed, RECORD, LIMIT);
    let mut counts = [(); 3].map(|()| vec![0; Cause::ALL.len()]);
    visit(stream, &paths, |replica, s, ranges, causes| {
        found.directions += 1;
        sample.add(replica, &record(s, &ranges));
        counts.iter_mut().zip(causes).for_each(|(counts, cause)| count_cause(counts, cause));
        // γ̃ is never censored; ζ is by what censors γ*.
        let causes = [causes[0], causes[1], causes[2], causes[0], causes[0]];
        for ((of, range), cause) in collected.iter_mut().zip(ranges).zip(causes) {
            of.add(range);
            of.count(range, cause);
        }
    })?;
    collected.iter_mut().for_each(Collected::end_pass);
    while !collected.iter().all(Collected::is_done) {
        visit(stream, &paths, |_, _, ranges, _| {
            collected.iter_mut().zip(ranges).for_each(|(of, range)| of.add(range));
        })?;
        collected.iter_mut().for_each(Collected::end_pass);
    }
    [found.causes.gamma_star, found.causes.gamma_contact, found.causes.gamma_rearrangement] =
        counts;
    found.cost = cost(stream, theta, found.directions)?;
    found.solids = sample.seen();
    let solids = sample.solids();
    found.sampled_solids = solids.count() as u64;
    let (intervals, correlations) = of_solids(&solids, study.seed, scenario);
    found.correlations = correlations;
    let mut all = collected.into_iter().zip(intervals).map(|(of, ends)| of.bounds(ends));
    let mut next = || all.next().unwrap_or_default();
    found.gamma_star = next();
    found.gamma_contact = next();
    found.gamma_rearrangement = next();
    let tilde = next();
    found.gamma_tilde.count = tilde.count;
    found.gamma_tilde.quantiles = tilde.lower;
    found.gamma_tilde.intervals = tilde.intervals;
    found.gamma_tilde.histogram = tilde.histogram;
    found.zeta = next();
    Ok(())
}

/// Mean work per direction.
fn cost(stream: &Stream<'_>, theta: &str, directions: u64) -> Result<Cost, ArchiveError> {
    let group = format!("{theta}/{SWEEPS}");
    let mean = |count: &Quantity<DirectionResult>| -> Result<f64, ArchiveError> {
        let mut sum = 0_i64;
        stream.visit([&count.path(&group)], |_, [counts]| {
            sum += counts.integers().iter().map(|&count| i64::from(count)).sum::<i64>();
        })?;
        Ok(if directions == 0 { 0.0 } else { sum as f64 / directions as f64 })
    };
    Ok(Cost {
        steps: mean(&q::STEPS)?,
        relaxations: mean(&q::RELAXATIONS)?,
        factorisations: mean(&q::FACTORISATIONS)?,
        force_evaluations: mean(&q::FORCE_EVALUATIONS)?,
    })
}

/// What needs whole solids: the intervals of the quantiles of every quantity, and the correlations.
pub(super) fn of_solids(
    solids: &Solids,
    seed: u64,
    scenario: &str,
) -> ([Vec<[f64; 2]>; QUANTITIES], Correlations) {
    let ends: [Ends; QUANTITIES] = std::array::from_fn(|quantity| Ends::new(solids, quantity));
    let (star, zeta) = (pairs(solids, STAR), pairs(solids, ZETA));
    let mut random = shuffler(xxh3_64_with_seed(scenario.as_bytes(), seed));
    let null = star.shuffled(&star.once(), SHUFFLES, &mut random);
    let [directions, censored] = star.counts();
    let shuffles = SHUFFLED_DIRECTIONS / (directions as usize).max(1);
    let shuffles = shuffles.clamp(1, SHUFFLES_OF_RESAMPLE);
    let replicates =
        Resampling::new(seed, scenario, solids.count()).replicates(|weights, statistics| {
            ends.iter().for_each(|ends| ends.quantiles(weights, inner(), statistics));
            let null = star.shuffled(weights, shuffles, &mut random);
            let zeta = zeta.coefficients(weights);
            statistics.extend(star.coefficients(weights));
            statistics.extend(zeta.iter().chain(&null).chain(&excess(zeta, null)));
        });
    let count = inner().len();
    let intervals = std::array::from_fn(|quantity| {
        let first = 2 * count * quantity;
        with_extremes((first..first + count).map(|n| replicates.interval(n, n + count)))
    });
    let first = 2 * count * QUANTITIES;
    let zeta = zeta.coefficients(&zeta.once());
    let correlation = |values, n: usize| correlation(values, &replicates, first + 3 * n);
    let correlations = Correlations {
        directions,
        censored,
        gamma_star: correlation(star.coefficients(&star.once()), 0),
        zeta: correlation(zeta, 1),
        zeta_shuffled: correlation(null, 2),
        zeta_minus_shuffled: correlation(excess(zeta, null), 3),
    };
    (intervals, correlations)
}

/// One quantity against s, in the directions where it was looked for.
fn pairs(solids: &Solids, quantity: usize) -> Pairs {
    let pair = |(record, solid): (&[f64], u32)| {
        let range = Range { lower: record[1 + 2 * quantity], upper: record[2 + 2 * quantity] };
        Pair { x: record[0], y: range.lower, found: range.is_found(), solid }
    };
    let known = |pair: &Pair| pair.x > 0.0 && !pair.y.is_nan();
    Pairs::new(solids.records().map(pair).filter(known).collect())
}

/// Spearman's bounds and Pearson's coefficient, with the intervals of the statistics from this one on.
fn correlation(
    [lower, upper, pearson]: [f64; 3],
    replicates: &Replicates,
    first: usize,
) -> Correlation {
    Correlation {
        spearman: Estimate { lower, upper, interval: replicates.interval(first, first + 1) },
        pearson: Estimate {
            lower: pearson,
            upper: pearson,
            interval: replicates.interval(first + 2, first + 2),
        },
    }
}

/// How far coefficients lie above others.
fn excess(of: [f64; 3], over: [f64; 3]) -> [f64; 3] {
    [of[0] - over[1], of[1] - over[0], of[2] - over[2]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_say_what_is_known() {
        let nan = f64::NAN;
        assert_eq!(Range::of(&[1.0, 4.0]), Range { lower: 2.0, upper: 2.0 });
        assert_eq!(Range::of(&[3.0, nan]).times(2.0), Range { lower: 6.0, upper: f64::INFINITY });
        assert!(!Range::of(&[0.0, nan]).times(0.0).is_found());
        assert!(!Range::of(&[nan, nan]).is_found());
    }

    /// The positions at which `ranges` of `visit` and of `record` stand are those of the file's names.
    #[test]
    fn quantities_are_in_the_order_of_their_names() {
        let names = crate::study::statistics::SCAN_QUANTITIES;
        let [star, contact, rearrangement] = THRESHOLDS;
        let expected = [star.0, contact.0, rearrangement.0, &q::GAMMA_TILDE, &q::ZETA];
        assert_eq!(names, expected.map(|quantity| quantity.name));
        assert_eq!([names[STAR], names[ZETA]], ["gamma_star", "zeta"]);
    }
}
