//! What is kept of a stream for a figure, in memory that does not depend on its length.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bins of a histogram in a decade.
pub const BINS: i32 = 8;
/// Of every sample: the same file gives the same report.
const SEED: u64 = 1;

/// A sample without repetition: of a stream the values whose places have the smallest hashes.
#[derive(Clone, Debug)]
pub struct Sample<T> {
    most: usize,
    seen: u64,
    kept: Vec<(u64, T)>,
    /// Hashes from here on are too large.
    limit: u64,
}

impl<T: Clone> Sample<T> {
    /// Of at most so many values.
    pub fn new(most: usize) -> Self {
        Sample { most, seen: 0, kept: Vec::new(), limit: u64::MAX }
    }

    /// The next value.
    pub fn add(&mut self, value: T) {
        let hash = xxh3_64_with_seed(&self.seen.to_le_bytes(), SEED);
        self.seen += 1;
        if hash < self.limit {
            self.kept.push((hash, value));
            if self.kept.len() > 2 * self.most {
                self.cut();
            }
        }
    }

    fn cut(&mut self) {
        self.kept.sort_by_key(|(hash, _)| *hash);
        self.kept.truncate(self.most);
        self.limit = self.kept.last().map_or(0, |(hash, _)| *hash);
    }

    /// Number of values of the stream.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The sample, in an order without meaning.
    pub fn values(mut self) -> Vec<T> {
        if self.kept.len() > self.most {
            self.cut();
        }
        self.kept.into_iter().map(|(_, value)| value).collect()
    }
}

/// How many positive values lie where, in [`BINS`] bins a decade.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram(BTreeMap<i32, u64>);

impl Histogram {
    /// One more value; what is not positive and finite has no bin.
    pub fn add(&mut self, value: f64) {
        if value > 0.0 && value.is_finite() {
            let bin = (value.log10() * f64::from(BINS)).floor() as i32;
            *self.0.entry(bin).or_default() += 1;
        }
    }

    /// Is there no value?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// (middle of the bin, values in it), with an empty bin at either end and those between.
    pub fn points(&self) -> Vec<[f64; 2]> {
        let (Some((first, _)), Some((last, _))) =
            (self.0.first_key_value(), self.0.last_key_value())
        else {
            return Vec::new();
        };
        let middle = |bin: i32| 10_f64.powf((f64::from(bin) + 0.5) / f64::from(BINS));
        let count = |bin: &i32| self.0.get(bin).copied().unwrap_or(0) as f64;
        (first - 1..=last + 1).map(|bin| [middle(bin), count(&bin)]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_is_spread_over_the_stream_and_the_same_every_time() {
        let of = |length: u64| {
            let mut sample = Sample::new(100);
            (0..length).for_each(|value| sample.add(value));
            assert_eq!(sample.seen(), length);
            sample.values()
        };
        let (whole, some) = (of(100), of(100_000));
        assert_eq!((whole.len(), some.len()), (100, 100));
        assert_eq!(some, of(100_000));
        let mut different = some.clone();
        different.sort_unstable();
        different.dedup();
        assert_eq!(different.len(), 100);
        let mean = some.iter().sum::<u64>() as f64 / 100.0;
        assert!((mean / 50_000.0 - 1.0).abs() < 0.3, "{mean}");
    }

    #[test]
    fn a_histogram_has_every_bin_between_its_ends() {
        let mut histogram = Histogram::default();
        for value in [1.0, 1.1, 2.0, 0.0, -1.0, f64::NAN, f64::INFINITY] {
            histogram.add(value);
        }
        let counts: Vec<f64> = histogram.points().iter().map(|point| point[1]).collect();
        assert_eq!(counts, [0.0, 2.0, 0.0, 1.0, 0.0]);
        assert!(histogram.points()[1][0] > 1.0 && histogram.points()[1][0] < 1.34);
    }
}
