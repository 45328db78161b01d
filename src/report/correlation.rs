//! Correlations of log x and log y, where some y are only known to lie beyond a bound.
//!
//! Pearson's coefficient takes such a y at its bound: it is that of min(y, bound), a quantity of its
//! own, because no finite bound exists for the coefficient of y itself. Spearman's, of ranks (the mean rank
//! for equal values), has exact bounds: its smallest and its largest value over every order that the
//! censored y may truly have. A censored y stands behind every known one up to its bound, and in any order with the
//! other censored ones. Of all such orders the one with the smallest Σ rank(x) rank(y) is a schedule of jobs on one
//! machine with the smallest weighted sum of completion times, in which each job waits for at most one
//! other; Horn's algorithm finds it (W. A. Horn, SIAM J. Appl. Math. 23, 189, 1972).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// One x with its y.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Positive.
    pub x: f64,
    /// y, or the bound beyond which it lies.
    pub y: f64,
    /// Whether y is known.
    pub found: bool,
    /// The solid that it belongs to, whose weight counts.
    pub solid: u32,
}

/// Pairs, ready to be correlated under many weights.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// In the order of x.
    pairs: Vec<Pair>,
    /// Their places in the order of y, known ones before those that are censored there.
    by_y: Vec<u32>,
    logarithms: Vec<[f64; 2]>,
}

impl Pairs {
    /// Of pairs whose x are positive.
    pub fn new(mut pairs: Vec<Pair>) -> Self {
        pairs.sort_by(|a, b| a.x.total_cmp(&b.x));
        let mut by_y: Vec<u32> = (0..pairs.len() as u32).collect();
        by_y.sort_by(|&a, &b| {
            let (a, b) = (&pairs[a as usize], &pairs[b as usize]);
            a.y.total_cmp(&b.y).then(b.found.cmp(&a.found))
        });
        let logarithms = pairs.iter().map(|pair| [pair.x.ln(), pair.y.ln()]).collect();
        Pairs { pairs, by_y, logarithms }
    }

    /// Number of pairs, and of those whose y is censored.
    pub fn counts(&self) -> [u64; 2] {
        let censored = self.pairs.iter().filter(|pair| !pair.found).count();
        [self.pairs.len() as u64, censored as u64]
    }

    /// A weight of 1 for every solid.
    pub fn once(&self) -> Vec<u32> {
        let solids = self.pairs.iter().map(|pair| pair.solid as usize + 1).max().unwrap_or(0);
        vec![1; solids]
    }

    /// Pearson's coefficient of log x and log min(y, bound); not a number where either is constant. A
    /// bound of zero is left out.
    pub fn pearson(&self, weights: &[u32]) -> f64 {
        let weighted = || {
            let pairs = self.pairs.iter().zip(&self.logarithms);
            pairs
                .map(|(pair, values)| (f64::from(weights[pair.solid as usize]), values))
                .filter(|(weight, values)| *weight > 0.0 && values[1].is_finite())
        };
        let (mut total, mut sums) = (0.0, [0.0; 2]);
        for (weight, values) in weighted() {
            total += weight;
            (0..2).for_each(|n| sums[n] += weight * values[n]);
        }
        let mean = sums.map(|sum| sum / total);
        let [mut xx, mut xy, mut yy] = [0.0; 3];
        for (weight, values) in weighted() {
            let [x, y] = [values[0] - mean[0], values[1] - mean[1]];
            xx += weight * x * x;
            xy += weight * x * y;
            yy += weight * y * y;
        }
        coefficient(xy, xx, yy)
    }

    /// The bounds of Spearman's coefficient, equal where no y is censored; not a number where either is
    /// constant.
    pub fn spearman(&self, weights: &[u32]) -> [f64; 2] {
        let weight = |pair: &Pair| f64::from(weights[pair.solid as usize]);
        let mut ranks = vec![0.0; self.pairs.len()];
        let (mut total, mut xx_ties) = (0.0, 0.0);
        let mut start = 0;
        while start < self.pairs.len() {
            let equal = self.pairs[start..].iter().take_while(|p| p.x == self.pairs[start].x);
            let (mut end, mut count) = (start, 0.0);
            for pair in equal {
                end += 1;
                count += weight(pair);
            }
            ranks[start..end].fill(total + (count + 1.0) / 2.0);
            xx_ties += ties(count);
            total += count;
            start = end;
        }
        let mut jobs = Vec::with_capacity(self.pairs.len());
        let mut yy_ties = 0.0;
        let mut last: Option<f64> = None;
        for &place in &self.by_y {
            let pair = &self.pairs[place as usize];
            let (length, rank) = (weight(pair), ranks[place as usize]);
            if length == 0.0 {
                continue;
            }
            match jobs.last_mut() {
                Some(Job { weight, length: of, found: true })
                    if pair.found && last == Some(pair.y) =>
                {
                    *weight += length * rank;
                    *of += length;
                }
                _ => jobs.push(Job { weight: length * rank, length, found: pair.found }),
            }
            last = pair.found.then_some(pair.y);
        }
        jobs.iter().for_each(|job| yy_ties += ties(job.length));
        let centre = total * ((total + 1.0) / 2.0).powi(2);
        let all = ties(total);
        [1.0, -1.0].map(|sign| {
            let sum = sign * smallest_cost(&jobs, sign);
            coefficient(sum - centre, (all - xx_ties) / 12.0, (all - yy_ties) / 12.0)
        })
    }

    /// Spearman's bounds and Pearson's coefficient of x with x y, the y being those of other pairs: the mean over
    /// so many random orders of what is drawn with these weights.
    pub fn shuffled(&self, weights: &[u32], shuffles: usize, random: &mut ChaCha8Rng) -> [f64; 3] {
        let copies = |pair: &Pair| {
            let copy = Pair { solid: 0, ..*pair };
            std::iter::repeat_n(copy, weights[pair.solid as usize] as usize)
        };
        let drawn = Pairs::new(self.pairs.iter().flat_map(copies).collect());
        let mut sums = [0.0; 3];
        for _ in 0..shuffles {
            let found = drawn.products_shuffled(random).coefficients(&[1]);
            (0..3).for_each(|n| sums[n] += found[n]);
        }
        sums.map(|sum| sum / shuffles as f64)
    }

    /// Spearman's bounds and Pearson's coefficient.
    pub fn coefficients(&self, weights: &[u32]) -> [f64; 3] {
        let [lower, upper] = self.spearman(weights);
        [lower, upper, self.pearson(weights)]
    }

    /// The same x with their products with the y of a random order.
    fn products_shuffled(&self, random: &mut ChaCha8Rng) -> Pairs {
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        for last in (1..order.len()).rev() {
            order.swap(last, random.random_range(0..=last as u64) as usize);
        }
        let product = |(pair, other): (&Pair, usize)| {
            let Pair { y, found, .. } = self.pairs[other];
            Pair { y: pair.x * y, found, ..*pair }
        };
        Pairs::new(self.pairs.iter().zip(order).map(product).collect())
    }
}

/// Random numbers for shuffling.
pub fn shuffler(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// Σ (x − x̄)² of ranks from 1 to n is this over 12; so much is lost where n of them are equal.
fn ties(count: f64) -> f64 {
    count * (count * count - 1.0)
}

fn coefficient(xy: f64, xx: f64, yy: f64) -> f64 {
    if xx > 0.0 && yy > 0.0 { (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0) } else { f64::NAN }
}

/// Equal y: the sum of their ranks of x, and their number.
#[derive(Clone, Copy, Debug)]
struct Job {
    weight: f64,
    length: f64,
    found: bool,
}

/// Jobs in a fixed order, with Σ weight × mean rank, the first rank being 1.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    weight: f64,
    length: f64,
    cost: f64,
}

impl Block {
    fn of(job: &Job, sign: f64) -> Self {
        let (weight, length) = (sign * job.weight, job.length);
        Block { weight, length, cost: weight * (length + 1.0) / 2.0 }
    }

    fn then(self, next: Block) -> Block {
        Block {
            weight: self.weight + next.weight,
            length: self.length + next.length,
            cost: self.cost + next.cost + self.length * next.weight,
        }
    }

    /// The larger, the earlier.
    fn urgency(&self) -> f64 {
        self.weight / self.length
    }
}

impl Ord for Block {
    fn cmp(&self, other: &Self) -> Ordering {
        self.urgency().total_cmp(&other.urgency())
    }
}

impl PartialOrd for Block {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Block {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Block {}

/// The smallest sign × Σ weight × mean rank over all orders that the jobs may have.
fn smallest_cost(jobs: &[Job], sign: f64) -> f64 {
    if jobs.iter().all(|job| job.found) {
        let all = jobs.iter().map(|job| Block::of(job, sign));
        return all.fold(Block::default(), Block::then).cost;
    }
    // From the last known y to the first: what may follow it, in blocks that stay together.
    let mut behind: BinaryHeap<Block> = BinaryHeap::new();
    for job in jobs.iter().rev() {
        let mut block = Block::of(job, sign);
        while let Some(next) = behind.peek().copied().filter(|next| job.found && *next >= block) {
            behind.pop();
            block = block.then(next);
        }
        behind.push(block);
    }
    let mut all = Block::default();
    while let Some(next) = behind.pop() {
        all = all.then(next);
    }
    all.cost
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(values: &[(f64, f64, bool)]) -> Pairs {
        let pair = |(solid, &(x, y, found)): (usize, &_)| Pair { x, y, found, solid: solid as u32 };
        Pairs::new(values.iter().enumerate().map(pair).collect())
    }

    #[test]
    fn known_values() {
        // Anscombe's first data set: r = 0.81642; here as exponentials. Ranks: 0.81818.
        let x = [10.0, 8.0, 13.0, 9.0, 11.0, 14.0, 6.0, 4.0, 12.0, 7.0, 5.0];
        let y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
        let all =
            pairs(&std::array::from_fn::<_, 11, _>(|n| (f64::exp(x[n]), f64::exp(y[n]), true)));
        let once = all.once();
        assert!((all.pearson(&once) - 0.816_420_516_344_84).abs() < 1e-12);
        let [low, high] = all.spearman(&once);
        assert!((low - 0.818_181_818_181_82).abs() < 1e-12 && (low - high).abs() < 1e-12);
        // With ties, by hand: ranks 1 2.5 2.5 4 and 1.5 1.5 4 3.
        let tied = pairs(&[(1.0, 1.0, true), (2.0, 1.0, true), (2.0, 9.0, true), (3.0, 5.0, true)]);
        let expected = 2.25 / 4.5;
        tied.spearman(&tied.once()).iter().for_each(|r| assert!((r - expected).abs() < 1e-12));
    }

    #[test]
    fn weights_count_like_copies() {
        let values = [(1.0, 3.0, true), (2.0, 5.0, false), (4.0, 4.0, true), (5.0, 1.0, true)];
        let weights = [2, 3, 0, 1];
        let copies: Vec<_> = (0..4).flat_map(|n| vec![values[n]; weights[n] as usize]).collect();
        let (weighted, copied) = (pairs(&values), pairs(&copies));
        assert!((weighted.pearson(&weights) - copied.pearson(&copied.once())).abs() < 1e-12);
        let known = |values: &[(f64, f64, bool)]| {
            pairs(&values.iter().map(|&(x, y, _)| (x, y, true)).collect::<Vec<_>>())
        };
        let (weighted, copied) = (known(&values), known(&copies));
        let [a, b] = [weighted.spearman(&weights)[0], copied.spearman(&copied.once())[0]];
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }

    /// Every order that the censored values may have, one after the other.
    fn extremes(values: &[(f64, f64, bool)]) -> [f64; 2] {
        fn orders(rest: &[usize], order: &mut Vec<usize>, visit: &mut dyn FnMut(&[usize])) {
            if rest.is_empty() {
                return visit(order);
            }
            for &next in rest {
                order.push(next);
                let rest: Vec<usize> = rest.iter().copied().filter(|&n| n != next).collect();
                orders(&rest, order, visit);
                order.pop();
            }
        }
        let mut found = [f64::INFINITY, f64::NEG_INFINITY];
        orders(&(0..values.len()).collect::<Vec<_>>(), &mut Vec::new(), &mut |order| {
            let possible = order.iter().enumerate().all(|(place, &n)| {
                order[place + 1..].iter().all(|&later| {
                    // Nothing known that is smaller than n's y or bound comes after n.
                    !(values[later].2 && values[later].1 < values[n].1)
                })
            });
            if possible {
                let rank = |n: usize| order.iter().position(|&at| at == n).expect("there") as f64;
                let all: Vec<_> =
                    (0..values.len()).map(|n| (values[n].0, 1.0 + rank(n), true)).collect();
                let all = pairs(&all);
                let [r, _] = all.spearman(&all.once());
                found = [found[0].min(r), found[1].max(r)];
            }
        });
        found
    }

    proptest::proptest! {
        #[test]
        fn bounds_are_the_extremes_of_all_orders(seed in 0_u64..100_000, length in 3_usize..7) {
            let uniform = |key: u64| {
                let bytes = (seed * 100 + key).to_le_bytes();
                xxhash_rust::xxh3::xxh3_64(&bytes) as f64 / u64::MAX as f64
            };
            // Some x are equal.
            let values: Vec<_> = (0..length as u64)
                .map(|n| ((5.0 * uniform(n)).ceil(), uniform(n + 20), uniform(n + 40) < 0.5))
                .collect();
            let expected = extremes(&values);
            let all = pairs(&values);
            let found = all.spearman(&all.once());
            if expected.iter().all(|r| r.is_finite()) {
                for n in 0..2 {
                    proptest::prop_assert!((found[n] - expected[n]).abs() < 1e-10, "{:?} {:?}", found, expected);
                }
            }
        }
    }

    #[test]
    fn shuffled_products_keep_x_and_lose_the_correlation_of_y() {
        let values: Vec<_> = (1..=400_u32)
            .map(|n| {
                let noise = xxhash_rust::xxh3::xxh3_64(&n.to_le_bytes()) as f64 / u64::MAX as f64;
                (f64::from(n), (5.0 * noise).exp() / f64::from(n).powi(2), true)
            })
            .collect();
        let all = pairs(&values);
        let shuffled = all.products_shuffled(&mut shuffler(1));
        assert_eq!(shuffled.counts(), [400, 0]);
        assert_eq!(shuffled.pairs.iter().map(|pair| pair.x).sum::<f64>(), 80_200.0);
        // log x and log x + log y, y independent: r = σ_x / √(σ_x² + σ_y²).
        let deviation = |of: usize| {
            let mean = all.logarithms.iter().map(|l| l[of]).sum::<f64>() / 400.0;
            all.logarithms.iter().map(|l| (l[of] - mean).powi(2)).sum::<f64>()
        };
        let expected = (deviation(0) / (deviation(0) + deviation(1))).sqrt();
        assert!((shuffled.pearson(&all.once()) - expected).abs() < 0.1);
        assert!(all.pearson(&all.once()) < -0.5);
    }
}
