//! Counter-based random streams: what a stream yields depends on its key alone, never on rank,
//! time or order.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// What the numbers of a stream are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Random starting positions.
    Positions,
    /// The assignment of particles to this number of species.
    Species(usize),
    /// Random sweep directions for a parameterisation of this many parameters.
    Directions(usize),
    /// How the sizes of the particles of a species differ.
    Sizes,
    /// Which particles of a crystal leave their sites, and for where.
    Defects,
    /// The sources and targets of allosteric features.
    Pairs,
}

/// The key of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamKey {
    /// The study's seed.
    pub seed: u64,
    /// Hash of the resolved `[solid]` table: equal tables give equal solids.
    pub solid: u64,
    pub replica: u64,
    pub attempt: u64,
}

impl StreamKey {
    /// The stream for one purpose.
    pub fn stream(&self, purpose: Purpose) -> ChaCha8Rng {
        let (tag, detail) = match purpose {
            Purpose::Positions => (1_u64, 0),
            Purpose::Species(species) => (2, species as u64),
            Purpose::Directions(parameters) => (3, parameters as u64),
            Purpose::Sizes => (11, 0),
            Purpose::Defects => (12, 0),
            Purpose::Pairs => (4, 0),
        };
        let words = [self.seed, self.solid, self.replica, self.attempt, tag, detail];
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let mut seed = [0_u8; 32];
        seed[..16].copy_from_slice(&xxh3_128_with_seed(&bytes, 0).to_le_bytes());
        seed[16..].copy_from_slice(&xxh3_128_with_seed(&bytes, 1).to_le_bytes());
        ChaCha8Rng::from_seed(seed)
    }

    /// The first `count` random directions among `parameters` parameters: unit vectors, uniform
    /// on the sphere.
    pub fn directions(&self, parameters: usize, count: usize) -> Vec<Vec<f64>> {
        let mut random = self.stream(Purpose::Directions(parameters));
        (0..count)
            .map(|_| {
                let mut vector: Vec<f64> = (0..parameters).map(|_| gaussian(&mut random)).collect();
                let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
                vector.iter_mut().for_each(|x| *x /= norm);
                vector
            })
            .collect()
    }
}

/// A normally distributed number (Box and Muller's transform, its cosine alone).
pub fn gaussian(random: &mut ChaCha8Rng) -> f64 {
    // 1 − u lies in (0, 1]: its logarithm is finite.
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_in_every_part_of_the_key_and_repeat_for_the_same() {
        let key = StreamKey { seed: 1, solid: 2, replica: 3, attempt: 0 };
        let first = |key: StreamKey, purpose| key.stream(purpose).next_u64();
        let base = first(key, Purpose::Positions);
        assert_eq!(base, first(key, Purpose::Positions));
        let others = [
            first(StreamKey { seed: 2, ..key }, Purpose::Positions),
            first(StreamKey { solid: 3, ..key }, Purpose::Positions),
            first(StreamKey { replica: 4, ..key }, Purpose::Positions),
            first(StreamKey { attempt: 1, ..key }, Purpose::Positions),
            first(key, Purpose::Species(2)),
            first(key, Purpose::Species(3)),
        ];
        assert!(others.iter().all(|&other| other != base));
    }

    #[test]
    fn random_directions_are_unit_vectors_and_the_first_ones_of_more() {
        let key = StreamKey { seed: 1, solid: 2, replica: 3, attempt: 0 };
        let many = key.directions(7, 200);
        assert_eq!(key.directions(7, 3), many[..3]);
        for vector in &many {
            assert!((vector.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-14);
        }
        let mean: f64 = many.iter().flatten().sum::<f64>() / 1400.0;
        assert!(mean.abs() < 0.05, "{mean}");
    }
}
