//! What is said of the distribution of a quantity.

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The probabilities of all quantiles.
pub const PROBABILITIES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// The histograms' first bin begins at 10 to this power; it also holds everything below.
const FIRST_DECADE: i32 = -18;
/// Decades of the histograms; the last bin also holds everything above.
const DECADES: i32 = 24;
/// Bins of a decade.
pub const BINS_PER_DECADE: i32 = 5;

/// Number of bins of a histogram.
pub const BINS: usize = (DECADES * BINS_PER_DECADE) as usize;

/// The lower ends of the bins of all histograms.
pub fn bins() -> Vec<f64> {
    let edge = |bin| f64::from(FIRST_DECADE) + f64::from(bin) / f64::from(BINS_PER_DECADE);
    (0..DECADES * BINS_PER_DECADE).map(|bin| 10_f64.powf(edge(bin))).collect()
}

/// Numbers of values in logarithmic bins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram(Vec<u64>);

impl Histogram {
    /// One more value; one that is not a number has no bin.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() {
            return;
        }
        self.0.resize(BINS, 0);
        let decades = value.log10() - f64::from(FIRST_DECADE);
        let bin = (decades * f64::from(BINS_PER_DECADE)).floor();
        self.0[bin.clamp(0.0, (BINS - 1) as f64) as usize] += 1;
    }

    /// The numbers, for each of [`bins`].
    pub fn counts(&self) -> impl Iterator<Item = u64> + '_ {
        (0..BINS).map(|bin| self.0.get(bin).copied().unwrap_or(0))
    }

    /// (lower end, number) of the bins that hold something.
    pub fn filled(&self) -> impl Iterator<Item = (f64, u64)> + '_ {
        bins().into_iter().zip(self.counts()).filter(|(_, count)| *count > 0)
    }
}

impl Serialize for Histogram {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.filled())
    }
}

/// The distribution of a quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Distribution {
    /// Number of values.
    pub count: u64,
    /// Quantiles for [`PROBABILITIES`]; not a number where there are no values.
    #[serde(serialize_with = "numbers")]
    pub quantiles: Vec<f64>,
    /// Their confidence intervals; not a number for the extremes, and where there are too few solids.
    #[serde(serialize_with = "intervals")]
    pub intervals: Vec<[f64; 2]>,
    /// Numbers of values in logarithmic bins: (lower end, number) of those that are not empty.
    pub histogram: Histogram,
}

/// The distribution of a quantity of which some values are only known to lie beyond a γ that was
/// reached: the true quantiles lie between the two sets.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Bounds {
    /// Number of values, the censored ones included.
    pub count: u64,
    /// How many of them are censored, by cause: the order of `Cause::ALL`. `censored` is γ_max.
    pub censored: Vec<u64>,
    /// Quantiles for [`PROBABILITIES`] with every censored value where the sweep ended.
    #[serde(serialize_with = "numbers")]
    pub lower: Vec<f64>,
    /// The same with every censored value at infinity.
    #[serde(serialize_with = "numbers")]
    pub upper: Vec<f64>,
    /// Their confidence intervals, from that of the lower bound to that of the upper one.
    #[serde(serialize_with = "intervals")]
    pub intervals: Vec<[f64; 2]>,
    /// Numbers of known values in logarithmic bins.
    pub histogram: Histogram,
    /// Numbers of censored values, where their sweep ended.
    pub histogram_censored: Histogram,
}

/// A number, its bounds where censoring leaves it open, and its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Lower bound; the number itself where it equals the upper one.
    #[serde(serialize_with = "number")]
    pub lower: f64,
    /// Upper bound.
    #[serde(serialize_with = "number")]
    pub upper: f64,
    /// Confidence interval, from that of the lower bound to that of the upper one.
    #[serde(serialize_with = "interval")]
    pub interval: [f64; 2],
}

impl Estimate {
    /// The labels of the axis along which an estimate is stored.
    pub const LABELS: [&str; 4] = ["lower", "upper", "ci_low", "ci_high"];

    /// Its numbers in the order of the labels.
    pub fn numbers(&self) -> [f64; 4] {
        [self.lower, self.upper, self.interval[0], self.interval[1]]
    }
}

impl Default for Estimate {
    fn default() -> Self {
        Estimate { lower: f64::NAN, upper: f64::NAN, interval: [f64::NAN; 2] }
    }
}

/// The entry of a probability among those for [`PROBABILITIES`].
fn entry<T: Copy>(entries: &[T], probability: f64) -> Option<T> {
    let index = PROBABILITIES.iter().position(|&p| p == probability)?;
    entries.get(index).copied()
}

/// The quantile of a probability among those of [`PROBABILITIES`].
pub fn quantile(quantiles: &[f64], probability: f64) -> f64 {
    entry(quantiles, probability).unwrap_or(f64::NAN)
}

/// The confidence interval of that quantile.
pub fn interval_of(intervals: &[[f64; 2]], probability: f64) -> [f64; 2] {
    entry(intervals, probability).unwrap_or([f64::NAN; 2])
}

/// JSON knows neither infinity nor NaN: the one becomes "inf" or "-inf", the other null.
fn value(value: f64) -> Value {
    match value {
        f64::INFINITY => Value::from("inf"),
        f64::NEG_INFINITY => Value::from("-inf"),
        value => Value::from(value),
    }
}

pub(super) fn number<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    value(*number).serialize(serializer)
}

pub(super) fn numbers<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|&number| value(number)))
}

fn interval<S: Serializer>(ends: &[f64; 2], serializer: S) -> Result<S::Ok, S::Error> {
    numbers(ends, serializer)
}

fn intervals<S: Serializer>(values: &[[f64; 2]], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|ends| ends.map(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn histograms_count_every_value_once() {
        let edges = bins();
        let mut histogram = Histogram::default();
        let values = [0.0, 1e-30, 1.1e-18, 0.5, 0.5, 2.0, 1e9, f64::INFINITY, f64::NAN];
        values.into_iter().for_each(|value| histogram.add(value));
        assert_eq!(histogram.counts().sum::<u64>(), 8);
        let filled: Vec<_> = histogram.filled().collect();
        assert_eq!(filled[0], (edges[0], 3));
        for (edge, value, count) in [(filled[1].0, 0.5, 2), (filled[2].0, 2.0, 1)] {
            assert!(edge <= value && value < edge * 10_f64.powf(0.2));
            assert!(filled.contains(&(edge, count)));
        }
        assert_eq!(filled[3], (edges[BINS - 1], 2));
        assert!(edges.iter().any(|edge| (edge - 1.0).abs() < 1e-12));
    }
}
