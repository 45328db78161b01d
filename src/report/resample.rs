//! Confidence intervals by bootstrap over solids.
//!
//! The directions and singular values of one solid are not independent, so whole solids are drawn, with
//! replacement, as many as there are; an interval ends at the quantiles (1 ∓ [`LEVEL`])/2 of what the
//! [`RESAMPLES`] resamples give (Efron's percentile interval). A resample is a weight for every solid: how
//! often it was drawn. Weights depend on a seed and the number of solids alone.
//!
//! Where censoring leaves a statistic open between two bounds, its interval goes from the lower end
//! of the lower bound's to the upper end of the upper bound's.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Resamples: enough for the ends of an interval to be known to about 5 % of its width.
pub const RESAMPLES: usize = 500;
/// Confidence of the intervals.
pub const LEVEL: f64 = 0.95;
/// With fewer solids, resamples that are all one solid reach into the tails.
pub const MIN_SOLIDS: usize = 5;

/// A range that holds the truth with the probability [`LEVEL`]; not a number where there are too few
/// solids to say.
pub type Interval = [f64; 2];

/// What is not known.
pub const UNKNOWN: Interval = [f64::NAN; 2];

/// The resamples of some solids.
#[derive(Clone, Copy, Debug)]
pub struct Resampling {
    solids: usize,
    seed: u64,
}

impl Resampling {
    /// Of so many solids; `name` says which, so that different ones are drawn independently.
    pub fn new(seed: u64, name: &str, solids: usize) -> Self {
        Resampling { solids, seed: xxh3_64_with_seed(name.as_bytes(), seed) }
    }

    /// Every statistic of every resample: `statistics` appends them for the weights that it gets.
    pub fn replicates(&self, mut statistics: impl FnMut(&[u32], &mut Vec<f64>)) -> Replicates {
        let mut replicates = Replicates::default();
        if self.solids < MIN_SOLIDS {
            return replicates;
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let mut weights = vec![0_u32; self.solids];
        let mut found = Vec::new();
        for _ in 0..RESAMPLES {
            weights.fill(0);
            for _ in 0..self.solids {
                weights[random.random_range(0..self.solids as u64) as usize] += 1;
            }
            found.clear();
            statistics(&weights, &mut found);
            replicates.0.resize_with(found.len(), || Vec::with_capacity(RESAMPLES));
            replicates.0.iter_mut().zip(&found).for_each(|(values, &value)| values.push(value));
        }
        replicates
    }
}

/// The values that statistics take in the resamples: one list per statistic.
#[derive(Clone, Debug, Default)]
pub struct Replicates(Vec<Vec<f64>>);

impl Replicates {
    /// The values of a statistic; none where there are too few solids.
    pub fn of(&self, statistic: usize) -> &[f64] {
        self.0.get(statistic).map_or(&[], Vec::as_slice)
    }

    /// The interval of a statistic with these bounds.
    pub fn interval(&self, lower: usize, upper: usize) -> Interval {
        interval(self.of(lower), self.of(upper))
    }
}

/// The interval of a statistic whose bounds take these values in the resamples.
pub fn interval(lower: &[f64], upper: &[f64]) -> Interval {
    let tail = (1.0 - LEVEL) / 2.0;
    [quantile(lower, tail), quantile(upper, 1.0 - tail)]
}

/// The quantile of values in any order; those that are not numbers are left out.
pub fn quantile(values: &[f64], probability: f64) -> f64 {
    let mut values: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    if values.is_empty() {
        return f64::NAN;
    }
    let place = (probability * values.len() as f64).ceil().clamp(1.0, values.len() as f64);
    *values.select_nth_unstable_by(place as usize - 1, f64::total_cmp).1
}

/// The values of a sample in ascending order, each with its solid.
#[derive(Clone, Debug)]
pub struct Ordered {
    values: Vec<(f64, u32)>,
}

impl Ordered {
    /// Of (value, solid); those that are not numbers are left out.
    pub fn new(values: impl Iterator<Item = (f64, u32)>) -> Self {
        let mut values: Vec<_> = values.filter(|(value, _)| !value.is_nan()).collect();
        values.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ordered { values }
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Appends the quantiles of ascending probabilities, every solid counting as often as its weight
    /// says; not a number where nothing has a weight.
    pub fn quantiles(&self, weights: &[u32], probabilities: &[f64], out: &mut Vec<f64>) {
        let weight = |solid: u32| u64::from(weights[solid as usize]);
        let total: u64 = self.values.iter().map(|&(_, solid)| weight(solid)).sum();
        if total == 0 {
            return out.extend(probabilities.iter().map(|_| f64::NAN));
        }
        let (mut values, mut reached, mut at) = (self.values.iter(), 0, f64::NAN);
        for probability in probabilities {
            let place = ((probability * total as f64).ceil() as u64).clamp(1, total);
            while reached < place {
                let Some(&(value, solid)) = values.next() else { break };
                reached += weight(solid);
                at = value;
            }
            out.push(at);
        }
    }

    /// The quantiles of a sample in which every solid counts once.
    pub fn once(&self, probabilities: &[f64]) -> Vec<f64> {
        let solids = self.values.iter().map(|&(_, solid)| solid as usize + 1).max().unwrap_or(0);
        let mut quantiles = Vec::with_capacity(probabilities.len());
        self.quantiles(&vec![1; solids], probabilities, &mut quantiles);
        quantiles
    }
}

/// A number between 0 and 1, for simulated ensembles.
#[cfg(test)]
pub(super) fn uniform(key: u64, seed: u64) -> f64 {
    xxh3_64_with_seed(&key.to_le_bytes(), seed) as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_count_like_copies() {
        let values = [(3.0, 0), (1.0, 1), (2.0, 2), (f64::NAN, 0), (5.0, 1)];
        let mut found = Vec::new();
        Ordered::new(values.into_iter()).quantiles(&[2, 1, 0], &[0.0, 0.5, 1.0], &mut found);
        // 1 3 3 5
        assert_eq!(found, [1.0, 3.0, 5.0]);
        assert_eq!(Ordered::new(values.into_iter()).once(&[0.25, 0.5]), [1.0, 2.0]);
    }

    #[test]
    fn the_same_solids_give_the_same_resamples_and_few_give_none() {
        let drawn = |seed, name: &str, solids| {
            let mut all = Vec::new();
            Resampling::new(seed, name, solids).replicates(|weights, out| {
                assert_eq!(weights.iter().sum::<u32>() as usize, solids);
                all.push(weights.to_vec());
                out.push(1.0);
            });
            all
        };
        assert_eq!(drawn(1, "a", 10), drawn(1, "a", 10));
        assert_ne!(drawn(1, "a", 10), drawn(2, "a", 10));
        assert_ne!(drawn(1, "a", 10), drawn(1, "b", 10));
        assert!(drawn(1, "a", MIN_SOLIDS - 1).is_empty());
    }

    fn uniform(key: u64) -> f64 {
        super::uniform(key, 7)
    }

    /// Solids with six directions each that share most of their value: an interval that took the
    /// directions for independent would be half as wide, and hold the truth in two thirds of all cases.
    #[test]
    fn intervals_of_medians_hold_the_truth_as_often_as_they_say() {
        const SOLIDS: u64 = 40;
        const ENSEMBLES: u64 = 300;
        let held = (0..ENSEMBLES).filter(|ensemble| {
            let value = |solid: u64, direction: u64| {
                let key = (ensemble * SOLIDS + solid) * 10 + direction;
                // Symmetric about 0.
                (uniform(key * 2) - 0.5) * 0.2 + uniform((ensemble * SOLIDS + solid) * 20 + 19)
                    - 0.5
            };
            let values = (0..SOLIDS).flat_map(|solid| {
                (0..6).map(move |direction| (value(solid, direction), solid as u32))
            });
            let ordered = Ordered::new(values);
            let replicates = Resampling::new(*ensemble, "test", SOLIDS as usize)
                .replicates(|weights, out| ordered.quantiles(weights, &[0.5], out));
            let [low, high] = replicates.interval(0, 0);
            low <= 0.0 && 0.0 <= high
        });
        let share = held.count() as f64 / ENSEMBLES as f64;
        assert!((0.91..0.98).contains(&share), "{share}");
    }
}
