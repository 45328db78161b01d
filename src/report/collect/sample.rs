//! Whole solids kept in memory, for what needs all their values at once: intervals and correlations.
//!
//! All solids are kept as long as their values fit; beyond, those with the smallest hashes of their
//! replica, as many as fit: a random choice that depends on the study's seed, not on files, ranks or order.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Directions, or singular values, that are kept.
pub(super) const LIMIT: usize = 1 << 17;

/// Solids with records of equal length.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    width: usize,
    limit: usize,
    seed: u64,
    /// By (hash, replica).
    kept: BTreeMap<(u64, u64), Vec<f64>>,
    length: usize,
    /// The first solid that is too many; none from it on is kept.
    end: Option<(u64, u64)>,
    seen: u64,
    last: Option<u64>,
}

impl Sample {
    /// For records of so many numbers, of which `limit` are kept at most.
    pub fn new(seed: u64, width: usize, limit: usize) -> Self {
        let (kept, width) = (BTreeMap::new(), width.max(1));
        Sample { width, limit, seed, kept, length: 0, end: None, seen: 0, last: None }
    }

    /// Records of a solid, one after the other. All those of one solid come in a row.
    pub fn add(&mut self, replica: u64, records: &[f64]) {
        self.seen += u64::from(self.last != Some(replica));
        self.last = Some(replica);
        let key = (xxh3_64_with_seed(&replica.to_le_bytes(), self.seed), replica);
        if self.end.is_some_and(|end| key >= end) {
            return;
        }
        self.kept.entry(key).or_default().extend(records);
        self.length += records.len();
        while self.length > self.limit * self.width {
            let Some((key, records)) = self.kept.pop_last() else { break };
            self.length -= records.len();
            self.end = Some(key);
        }
    }

    /// The number of all solids, kept or not.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The solids that are kept, in the order of their replicas.
    pub fn solids(self) -> Solids {
        let mut solids: Vec<(u64, Vec<f64>)> =
            self.kept.into_iter().map(|((_, replica), records)| (replica, records)).collect();
        solids.sort_unstable_by_key(|(replica, _)| *replica);
        let solids = solids.into_iter().map(|(_, records)| records).collect();
        Solids { width: self.width, solids }
    }
}

/// The solids of a sample.
#[derive(Clone, Debug)]
pub(super) struct Solids {
    width: usize,
    solids: Vec<Vec<f64>>,
}

impl Solids {
    /// Their number.
    pub fn count(&self) -> usize {
        self.solids.len()
    }

    /// Every record with the index of its solid.
    pub fn records(&self) -> impl Iterator<Item = (&[f64], u32)> + '_ {
        let of_solid = |(solid, records): (usize, _)| {
            let records: &Vec<f64> = records;
            records.chunks_exact(self.width).map(move |record| (record, solid as u32))
        };
        self.solids.iter().enumerate().flat_map(of_solid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(limit: usize, replicas: impl Iterator<Item = u64>) -> Sample {
        let mut sample = Sample::new(5, 2, limit);
        for replica in replicas {
            // Three records in two parts.
            sample.add(replica, &[replica as f64, 0.0, replica as f64, 1.0]);
            sample.add(replica, &[replica as f64, 2.0]);
        }
        sample
    }

    fn kept(sample: Sample) -> Vec<(f64, f64, u32)> {
        let solids = sample.solids();
        solids.records().map(|(record, solid)| (record[0], record[1], solid)).collect()
    }

    #[test]
    fn few_solids_are_all_kept_in_order() {
        let sample = sample(9, [2, 0, 7].into_iter());
        assert_eq!(sample.seen(), 3);
        let expected: Vec<_> = [(0.0, 0), (2.0, 1), (7.0, 2)]
            .into_iter()
            .flat_map(|(replica, solid)| [0.0, 1.0, 2.0].map(|part| (replica, part, solid)))
            .collect();
        assert_eq!(kept(sample), expected);
    }

    #[test]
    fn of_many_the_same_whole_solids_are_kept_in_any_order() {
        let forward = sample(100, 0..1000);
        assert_eq!(forward.seen(), 1000);
        let backward = kept(sample(100, (0..1000).rev()));
        let mixed = kept(sample(100, (0..1000).map(|n| n * 377 % 1000)));
        let forward = kept(forward);
        // 33 solids of three records.
        assert_eq!(forward.len(), 99);
        assert_eq!(forward, backward);
        assert_eq!(forward, mixed);
        let mean = forward.iter().map(|(replica, ..)| replica).sum::<f64>() / 99.0;
        assert!((300.0..700.0).contains(&mean), "{mean}");
    }
}
