//! Exact quantiles of a stream that is read several times, in memory that does not depend on its
//! length.
//!
//! The quantile of probability q is the smallest value with at least q of the values at or below
//! it (the inverse of the empirical distribution; `numpy.quantile(…, method="inverted_cdf")`), so
//! it is always one of the values, and infinite ones do no harm. It is found by radix selection:
//! floats are mapped to integers of the same order, and every pass over the stream fixes the next
//! [`DIGIT_BITS`] bits of each quantile by a histogram. A short stream is simply kept and sorted.

use std::collections::BTreeMap;

/// Bits that a pass fixes.
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;
/// Streams up to this length are kept.
const KEPT: usize = 4096;

/// Maps floats to integers of the same order (−0 below +0; NaN is not meant).
fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 { !bits } else { bits | 1 << 63 }
}

fn value(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

/// The position (from 0) of the quantile in `count` sorted values.
fn position(probability: f64, count: u64) -> u64 {
    ((probability * count as f64).ceil() as u64).clamp(1, count) - 1
}

/// One quantile on its way: the bits that are fixed, and the position among the values that share
/// them.
#[derive(Clone, Debug)]
struct Selection {
    prefix: u64,
    position: u64,
}

/// The quantiles of one stream. Add every value, end the pass, and repeat with the same values
/// until [`Quantiles::is_done`].
#[derive(Clone, Debug)]
pub struct Quantiles {
    probabilities: Vec<f64>,
    count: u64,
    kept: Vec<f64>,
    /// Bits of `selections` that are fixed.
    fixed: u32,
    selections: Vec<Selection>,
    /// One histogram for each different prefix of the selections.
    histograms: BTreeMap<u64, Vec<u64>>,
    done: bool,
}

impl Quantiles {
    /// For these probabilities, from 0 to 1.
    pub fn new(probabilities: &[f64]) -> Self {
        Quantiles {
            probabilities: probabilities.to_vec(),
            count: 0,
            kept: Vec::new(),
            fixed: 0,
            selections: Vec::new(),
            histograms: BTreeMap::from([(0, vec![0; BUCKETS])]),
            done: false,
        }
    }

    /// Whether no further pass is needed.
    pub fn is_done(&self) -> bool {
        self.done
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A value of the stream; NaN is ignored.
    pub fn add(&mut self, value: f64) {
        if value.is_nan() || self.done {
            return;
        }
        if self.fixed == 0 {
            self.count += 1;
            if self.kept.len() < KEPT {
                self.kept.push(value);
            }
        }
        self.tally(key(value));
    }

    fn tally(&mut self, key: u64) {
        let prefix = if self.fixed == 0 { 0 } else { key >> (u64::BITS - self.fixed) };
        let digit = self.digit(key);
        if let Some(histogram) = self.histograms.get_mut(&prefix) {
            histogram[digit] += 1;
        }
    }

    fn digit_bits(&self) -> u32 {
        DIGIT_BITS.min(u64::BITS - self.fixed)
    }

    fn digit(&self, key: u64) -> usize {
        let bits = self.digit_bits();
        ((key >> (u64::BITS - self.fixed - bits)) & ((1 << bits) - 1)) as usize
    }

    /// The stream has been read once more.
    pub fn end_pass(&mut self) {
        if self.done {
            return;
        }
        if self.fixed == 0 {
            if self.count <= KEPT as u64 {
                self.kept.sort_by(f64::total_cmp);
                self.done = true;
                return;
            }
            self.kept = Vec::new();
            self.selections = self
                .probabilities
                .iter()
                .map(|&q| Selection { prefix: 0, position: position(q, self.count) })
                .collect();
        }
        let bits = self.digit_bits();
        for selection in &mut self.selections {
            let Some(histogram) = self.histograms.get(&selection.prefix) else { continue };
            let mut digit = 0;
            while digit + 1 < histogram.len() && selection.position >= histogram[digit] {
                selection.position -= histogram[digit];
                digit += 1;
            }
            selection.prefix = selection.prefix << bits | digit as u64;
        }
        self.fixed += bits;
        self.done = self.fixed == u64::BITS;
        let empty = |selection: &Selection| (selection.prefix, vec![0; BUCKETS]);
        self.histograms = self.selections.iter().filter(|_| !self.done).map(empty).collect();
    }

    /// The quantiles; NaN where the stream is empty.
    pub fn values(&self) -> Vec<f64> {
        if self.count == 0 {
            return vec![f64::NAN; self.probabilities.len()];
        }
        if self.selections.is_empty() {
            let at = |q: &f64| self.kept[position(*q, self.count) as usize];
            return self.probabilities.iter().map(at).collect();
        }
        self.selections.iter().map(|selection| value(selection.prefix)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROBABILITIES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

    fn streamed(values: &[f64]) -> Vec<f64> {
        let mut quantiles = Quantiles::new(&PROBABILITIES);
        let mut passes = 0;
        while !quantiles.is_done() {
            values.iter().for_each(|&value| quantiles.add(value));
            quantiles.end_pass();
            passes += 1;
            assert!(passes <= 6);
        }
        quantiles.values()
    }

    fn sorted(values: &[f64]) -> Vec<f64> {
        let mut values = values.to_vec();
        values.sort_by(f64::total_cmp);
        let n = values.len() as f64;
        PROBABILITIES.iter().map(|q| values[((q * n).ceil().max(1.0) as usize) - 1]).collect()
    }

    #[test]
    fn keys_have_the_order_of_the_floats() {
        let values = [f64::NEG_INFINITY, -1e300, -1.0, -0.0, 0.0, 1e-310, 1.0, f64::INFINITY];
        assert!(values.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert!(values.iter().all(|&v| value(key(v)).to_bits() == v.to_bits()));
    }

    proptest::proptest! {
        #[test]
        fn long_streams_give_the_same_quantiles_as_sorting(
            seed in 0_u64..1000,
            length in 1_usize..20_000,
        ) {
            let values: Vec<f64> = (0..length as u64)
                .map(|i| xxhash_rust::xxh3::xxh3_64_with_seed(&i.to_le_bytes(), seed))
                .map(|bits| match bits % 50 {
                    0 => f64::INFINITY,
                    1 => 0.5,
                    _ => (bits as f64 / u64::MAX as f64 - 0.3) * 10_f64.powi((bits % 13) as i32),
                })
                .collect();
            proptest::prop_assert_eq!(streamed(&values), sorted(&values));
        }
    }

    #[test]
    fn an_empty_stream_has_no_quantiles() {
        let mut quantiles = Quantiles::new(&PROBABILITIES);
        quantiles.add(f64::NAN);
        quantiles.end_pass();
        assert!(quantiles.is_done() && quantiles.count() == 0);
        assert!(quantiles.values().iter().all(|value| value.is_nan()));
    }
}
