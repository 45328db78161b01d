//! The interaction parameters at the level of species, and the order of θ.

use super::potential::{Pair, Potential};

/// A symmetric n × n table, stored in full.
#[derive(Clone, Debug, PartialEq)]
pub struct SymmetricTable {
    n: usize,
    values: Vec<f64>,
}

impl SymmetricTable {
    /// The table with the same value everywhere.
    pub fn uniform(n: usize, value: f64) -> Self {
        Self { n, values: vec![value; n * n] }
    }

    /// The table with entries `entry(s, t)`, s ≤ t.
    pub fn from_fn(n: usize, entry: impl Fn(usize, usize) -> f64) -> Self {
        let values = (0..n * n)
            .map(|index| {
                let (s, t) = (index / n, index % n);
                entry(s.min(t), s.max(t))
            })
            .collect();
        Self { n, values }
    }

    /// The entry of species s and t.
    #[inline(always)]
    pub fn get(&self, s: usize, t: usize) -> f64 {
        self.values[s * self.n + t]
    }

    /// Sets the entries (s, t) and (t, s).
    pub fn set(&mut self, s: usize, t: usize, value: f64) {
        self.values[s * self.n + t] = value;
        self.values[t * self.n + s] = value;
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

    /// Every entry.
    pub fn values(&self) -> &[f64] {
        &self.values
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
        Pair {
            sigma: 0.5 * (self.diameters[s] + self.diameters[t]),
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
        self.depths.values().iter().any(|&depth| depth != 0.0)
    }

    /// The largest distance at which any pair interacts [length].
    pub fn longest_range(&self) -> f64 {
        let n = self.species();
        let mut longest = 0.0_f64;
        for s in 0..n {
            for t in s..n {
                let pair = self.pair(s, t);
                longest = longest.max(self.potential.range(pair.sigma, pair.depth));
            }
        }
        longest
    }

    /// Every species split into new ones: `origin[s]` is the old species of the new species s.
    pub fn resplit(&self, origin: &[usize]) -> Interactions {
        let table = |old: &SymmetricTable| {
            SymmetricTable::from_fn(origin.len(), |s, t| old.get(origin[s], origin[t]))
        };
        Interactions {
            diameters: origin.iter().map(|&s| self.diameters[s]).collect(),
            k: table(&self.k),
            depths: table(&self.depths),
            potential: self.potential,
        }
    }

    /// The values that must hold for the pair energy to make sense.
    ///
    /// # Errors
    /// Names the first parameter that is out of range: D, k, a > 0 and B ≥ 0, all finite.
    pub fn check(&self) -> Result<(), super::SolidError> {
        let out = |name: String, value: f64, allowed: &'static str| {
            Err(super::SolidError::Parameter { name, value, allowed })
        };
        for (s, &diameter) in self.diameters.iter().enumerate() {
            if !(diameter > 0.0 && diameter.is_finite()) {
                return out(format!("D_{s}"), diameter, "D > 0");
            }
        }
        for s in 0..self.species() {
            for t in s..self.species() {
                let (k, depth) = (self.k.get(s, t), self.depths.get(s, t));
                if !(k > 0.0 && k.is_finite()) {
                    return out(format!("k_{s}_{t}"), k, "k > 0");
                }
                if !(depth >= 0.0 && depth.is_finite()) {
                    return out(format!("B_{s}_{t}"), depth, "B >= 0");
                }
            }
        }
        let a = self.potential.a;
        if !(a > 0.0 && a.is_finite()) {
            return out("a".into(), a, "a > 0");
        }
        Ok(())
    }
}
