//! The interaction parameters at the level of species, and the order of θ.

use std::fmt::Arguments;

use super::error::SolidError;
use super::overlap::{EXPONENTS, HARMONIC};
use super::potential::{Pair, Potential};

/// A symmetric n × n table: stored in full, or as one value where all entries are the same. (At the level
/// of particles n = N: two full tables of N = 4096 take 268 MB.)
#[derive(Clone, Debug)]
pub struct SymmetricTable {
    n: usize,
    /// The entry (s, t) is `values[s · row + t · column]`.
    row: usize,
    column: usize,
    values: Vec<f64>,
}

impl PartialEq for SymmetricTable {
    fn eq(&self, other: &Self) -> bool {
        self.n == other.n
            && match (self.uniform_value(), other.uniform_value()) {
                (Some(one), Some(another)) => one == another,
                _ => self.upper().eq(other.upper()),
            }
    }
}

impl SymmetricTable {
    /// The table with the same value everywhere.
    pub fn uniform(n: usize, value: f64) -> Self {
        Self { n, row: 0, column: 0, values: vec![value] }
    }

    /// The table with entries `entry(s, t)`, s ≤ t.
    pub fn from_fn(n: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..n * n)
            .map(|index| {
                let (s, t) = (index / n, index % n);
                entry(s.min(t), s.max(t))
            })
            .collect();
        Self { n, row: n, column: 1, values }
    }

    /// The table of species made from others: `origin[s]` is the old species of the new species s.
    pub fn resplit(&self, origin: &[usize]) -> Self {
        match self.uniform_value() {
            Some(value) => Self::uniform(origin.len(), value),
            None => Self::from_fn(origin.len(), |s, t| self.get(origin[s], origin[t])),
        }
    }

    /// The entry of species s and t.
    #[inline(always)]
    pub fn get(&self, s: usize, t: usize) -> f64 {
        self.values[s * self.row + t * self.column]
    }

    /// The value of all entries, where they are all the same.
    pub fn uniform_value(&self) -> Option<f64> {
        let first = *self.values.first()?;
        self.values.iter().all(|&value| value == first).then_some(first)
    }

    /// The number of species.
    pub fn species(&self) -> usize {
        self.n
    }

    /// The entries with s ≤ t in row-major order: the order of θ.
    pub fn upper(&self) -> impl Iterator<Item = f64> + '_ {
        (0..self.n).flat_map(move |s| (s..self.n).map(move |t| self.get(s, t)))
    }

    /// The largest entry, at least 0.
    pub fn largest(&self) -> f64 {
        self.values.iter().fold(0.0, |largest, &value| f64::max(largest, value))
    }

    /// The mean over the pairs s ≤ t.
    pub fn mean(&self) -> f64 {
        let pairs = self.n * (self.n + 1) / 2;
        self.upper().sum::<f64>() / pairs as f64
    }

    /// Every entry, shape (n, n).
    pub fn to_vec(&self) -> Vec<f64> {
        (0..self.n * self.n).map(|index| self.get(index / self.n, index % self.n)).collect()
    }
}

/// Diameters D_s [length], energy scales k_st and B_st [energy], and the tail of Eq. (1).
#[derive(Clone, Debug, PartialEq)]
pub struct Interactions {
    pub diameters: Vec<f64>,
    pub k: SymmetricTable,
    pub depths: SymmetricTable,
    pub potential: Potential,
}

impl Interactions {
    /// The number of species.
    pub fn species(&self) -> usize {
        self.diameters.len()
    }

    /// The parameters of a pair of species, σ = (D_s + D_t)/2.
    #[inline(always)]
    pub fn pair(&self, s: usize, t: usize) -> Pair {
        self.pair_of_sizes([s, t], [1.0; 2])
    }

    /// The same where the particles have these size factors, σ = (λ_i D_s + λ_j D_t)/2.
    #[inline(always)]
    pub fn pair_of_sizes(&self, [s, t]: [usize; 2], [one, other]: [f64; 2]) -> Pair {
        Pair {
            sigma: 0.5 * (one * self.diameters[s] + other * self.diameters[t]),
            k: self.k.get(s, t),
            depth: self.depths.get(s, t),
            spring: false,
        }
    }

    /// The unit of energy of every tolerance: the largest k.
    pub fn energy_unit(&self) -> f64 {
        self.k.largest()
    }

    /// Is any pair of species attractive (B ≠ 0)?
    pub fn attractive(&self) -> bool {
        self.depths.largest() != 0.0
    }

    /// The largest distance at which any two particles interact [length]; `largest` is the largest size
    /// factor of every species, where it occurs.
    pub fn longest_range(&self, largest: &[Option<f64>]) -> f64 {
        let species: Vec<(usize, f64)> =
            largest.iter().enumerate().filter_map(|(s, factor)| Some((s, (*factor)?))).collect();
        let range = |(s, one): (usize, f64), (t, other): (usize, f64)| {
            let pair = self.pair_of_sizes([s, t], [one, other]);
            self.potential.range(pair.sigma, pair.depth)
        };
        // The range grows with σ, so where all depths are the same the largest species decides.
        if self.depths.uniform_value().is_some() {
            return species.iter().map(|&s| range(s, s)).fold(0.0, f64::max);
        }
        let pairs = species
            .iter()
            .enumerate()
            .flat_map(|(at, &s)| species[at..].iter().map(move |&t| (s, t)));
        pairs.map(|(s, t)| range(s, t)).fold(0.0, f64::max)
    }

    /// Every species split into new ones: `origin[s]` is the old species of the new species s.
    pub fn resplit(&self, origin: &[usize]) -> Interactions {
        Interactions {
            diameters: origin.iter().map(|&s| self.diameters[s]).collect(),
            k: self.k.resplit(origin),
            depths: self.depths.resplit(origin),
            potential: self.potential,
        }
    }

    /// The values that must hold for the pair energy to make sense.
    ///
    /// # Errors
    /// Names the first parameter that is out of range: D, k, a > 0 and B ≥ 0, all finite; the exponent.
    pub fn check(&self) -> Result<(), SolidError> {
        let check = |name: Arguments<'_>, value: f64, good: bool, allowed: &'static str| {
            if good && value.is_finite() {
                return Ok(());
            }
            Err(SolidError::Parameter { name: name.to_string(), value, allowed })
        };
        for (s, &diameter) in self.diameters.iter().enumerate() {
            check(format_args!("D_{s}"), diameter, diameter > 0.0, "D > 0")?;
        }
        let uniform = self.k.uniform_value().is_some() && self.depths.uniform_value().is_some();
        let checked = if uniform { self.species().min(1) } else { self.species() };
        for s in 0..checked {
            for t in s..checked {
                let (k, depth) = (self.k.get(s, t), self.depths.get(s, t));
                check(format_args!("k_{s}_{t}"), k, k > 0.0, "k > 0")?;
                check(format_args!("B_{s}_{t}"), depth, depth >= 0.0, "B >= 0")?;
            }
        }
        let Potential { a, exponent, .. } = self.potential;
        check(format_args!("a"), a, a > 0.0, "a > 0")?;
        let name = format_args!("exponent");
        check(name, exponent, EXPONENTS.contains(&exponent), "2 to 4")?;
        let defined = exponent == HARMONIC || !self.attractive();
        check(name, exponent, defined, "2 where some B is not 0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::potential::Tail;

    #[test]
    fn a_uniform_table_is_the_table_stored_in_full() {
        let uniform = SymmetricTable::uniform(5, 0.3);
        let full = SymmetricTable::from_fn(5, |_, _| 0.3);
        assert_eq!(uniform, full);
        assert_eq!(uniform.to_vec(), full.to_vec());
        assert_ne!(uniform, SymmetricTable::from_fn(5, |s, t| if s + t == 8 { 0.4 } else { 0.3 }));
        let split = full.resplit(&[0; 4000]);
        assert_eq!((split.species(), split.values.len(), split.get(3999, 17)), (4000, 1, 0.3));
    }

    #[test]
    fn the_longest_range_is_that_of_all_pairs() {
        let diameters = vec![1.0, 1.3, 1.4, 0.9];
        let depths = [
            SymmetricTable::uniform(4, 0.0),
            SymmetricTable::uniform(4, 0.1),
            SymmetricTable::from_fn(4, |s, t| if (s, t) == (0, 1) { 0.1 } else { 0.0 }),
        ];
        for depths in depths {
            let interactions = Interactions {
                diameters: diameters.clone(),
                k: SymmetricTable::uniform(4, 1.0),
                depths,
                potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
            };
            let present = [Some(1.0), Some(1.0), None, Some(1.0)];
            let mut longest = 0.0_f64;
            for s in [0, 1, 3] {
                for t in [0, 1, 3] {
                    let pair = interactions.pair(s, t);
                    longest = longest.max(interactions.potential.range(pair.sigma, pair.depth));
                }
            }
            assert_eq!(interactions.longest_range(&present), longest);
        }
    }
}
