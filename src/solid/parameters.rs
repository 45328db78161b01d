//! θ: which parameters are tuned, in which order, and directions Δθ̂ among them.
//!
//! θ is always ordered D, then k (s ≤ t, row-major upper triangle), then B likewise, then a.

use super::interactions::{Interactions, SymmetricTable};
use super::potential::PairTangent;
use crate::system::words::Word;

/// A kind of interaction parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ParameterKind {
    /// D_s, the diameters [length].
    Diameter,
    /// k_st, the repulsive energy scales [energy].
    Stiffness,
    /// B_st, the depths of the attraction [energy].
    Depth,
    /// a, the inverse range of the attraction [1/length]; one for the whole solid.
    InverseRange,
}

/// The letters of the paper, also in names and labels.
impl Word for ParameterKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("D", ParameterKind::Diameter),
        ("k", ParameterKind::Stiffness),
        ("B", ParameterKind::Depth),
        ("a", ParameterKind::InverseRange),
    ];
}

/// The name of some kinds, such as "Dk".
pub fn symbols(kinds: &[ParameterKind]) -> String {
    kinds.iter().map(|kind| kind.word()).collect()
}

/// The kinds that a text names, in its order: `Dk`, or `D,k`.
///
/// # Errors
/// What is no kind, or there twice.
pub fn read_symbols(text: &str) -> Result<Vec<ParameterKind>, String> {
    let mut kinds = Vec::new();
    for part in text.split(',').map(str::trim) {
        // Nothing between two commas is no kind either.
        for letter in part.split("").filter(|letter| part.is_empty() || !letter.is_empty()) {
            let kind = ParameterKind::from_word(letter);
            let kind = kind.ok_or_else(|| format!("unknown parameter \"{letter}\""))?;
            if kinds.contains(&kind) {
                return Err(format!("\"{letter}\" twice"));
            }
            kinds.push(kind);
        }
    }
    Ok(kinds)
}

impl ParameterKind {
    /// Every kind, in the order of θ.
    pub const ALL: [ParameterKind; 4] = [
        ParameterKind::Diameter,
        ParameterKind::Stiffness,
        ParameterKind::Depth,
        ParameterKind::InverseRange,
    ];

    /// The number of parameters of this kind for `species` species.
    pub fn count(self, species: usize) -> usize {
        match self {
            ParameterKind::Diameter => species,
            ParameterKind::Stiffness | ParameterKind::Depth => species * (species + 1) / 2,
            ParameterKind::InverseRange => 1,
        }
    }
}

/// The position of (s, t) in the row-major upper triangle.
pub fn upper_index(species: usize, s: usize, t: usize) -> usize {
    let (s, t) = (s.min(t), s.max(t));
    s * species - s * (s + 1) / 2 + t
}

/// The parameters θ of a solid: some kinds of parameters of all its species.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterSpace {
    kinds: Vec<ParameterKind>,
    species: usize,
}

impl ParameterSpace {
    /// θ made of these kinds (put into the order of θ) for `species` species.
    pub fn new(kinds: &[ParameterKind], species: usize) -> Self {
        let mut kinds = kinds.to_vec();
        kinds.sort();
        kinds.dedup();
        Self { kinds, species }
    }

    /// The kinds, in the order of θ.
    pub fn kinds(&self) -> &[ParameterKind] {
        &self.kinds
    }

    /// The number of species.
    pub fn species(&self) -> usize {
        self.species
    }

    /// n_θ.
    pub fn len(&self) -> usize {
        self.kinds.iter().map(|kind| kind.count(self.species)).sum()
    }

    /// Is θ empty?
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// The index of the first parameter of a kind, where θ holds this kind.
    pub fn offset(&self, wanted: ParameterKind) -> Option<usize> {
        let place = self.kinds.iter().position(|&kind| kind == wanted)?;
        Some(self.kinds[..place].iter().map(|kind| kind.count(self.species)).sum())
    }

    /// θ as it stands in the interactions.
    pub fn values(&self, interactions: &Interactions) -> Vec<f64> {
        let mut theta = Vec::with_capacity(self.len());
        for kind in &self.kinds {
            match kind {
                ParameterKind::Diameter => theta.extend_from_slice(&interactions.diameters),
                ParameterKind::Stiffness => theta.extend(interactions.k.upper()),
                ParameterKind::Depth => theta.extend(interactions.depths.upper()),
                ParameterKind::InverseRange => theta.push(interactions.potential.a),
            }
        }
        theta
    }

    /// Replaces θ in the interactions by `theta`.
    pub fn apply(&self, interactions: &mut Interactions, theta: &[f64]) {
        let n = self.species;
        let mut offset = 0;
        for kind in &self.kinds {
            let values = &theta[offset..offset + kind.count(n)];
            offset += values.len();
            let table = || SymmetricTable::from_fn(n, |s, t| values[upper_index(n, s, t)]);
            match kind {
                ParameterKind::Diameter => interactions.diameters.copy_from_slice(values),
                ParameterKind::Stiffness => interactions.k = table(),
                ParameterKind::Depth => interactions.depths = table(),
                ParameterKind::InverseRange => interactions.potential.a = values[0],
            }
        }
    }

    /// The kind of the parameter with this index.
    pub fn kind_of(&self, index: usize) -> Option<ParameterKind> {
        let mut end = 0;
        self.kinds.iter().copied().find(|kind| {
            end += kind.count(self.species);
            index < end
        })
    }
}

/// |Δθ̂| that differs from 1 by more than this is normalised; less is left as it is, so that a unit
/// vector stays the same, bit for bit.
const UNIT_LENGTH: f64 = 1e-12;

/// The vector at length 1.
///
/// # Errors
/// What keeps it from having a direction: it "is zero" or "is not finite".
pub fn unit_direction(vector: Vec<f64>) -> Result<Vec<f64>, &'static str> {
    let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
    match length {
        length if !length.is_finite() => Err("is not finite"),
        0.0 => Err("is zero"),
        length if (length - 1.0).abs() <= UNIT_LENGTH => Ok(vector),
        length => Ok(vector.iter().map(|x| x / length).collect()),
    }
}

/// A direction Δθ̂, ready to be looked up pair by pair.
#[derive(Clone, Debug)]
pub struct ParameterDirection {
    diameters: Option<Vec<f64>>,
    k: Option<SymmetricTable>,
    depths: Option<SymmetricTable>,
    a: f64,
}

impl ParameterDirection {
    /// The direction with these components, shape (n_θ,).
    pub fn new(space: &ParameterSpace, components: &[f64]) -> Self {
        let n = space.species();
        let part = |kind: ParameterKind| {
            space.offset(kind).map(|offset| &components[offset..offset + kind.count(n)])
        };
        let table =
            |values: &[f64]| SymmetricTable::from_fn(n, |s, t| values[upper_index(n, s, t)]);
        Self {
            diameters: part(ParameterKind::Diameter).map(<[f64]>::to_vec),
            k: part(ParameterKind::Stiffness).map(table),
            depths: part(ParameterKind::Depth).map(table),
            a: part(ParameterKind::InverseRange).map_or(0.0, |values| values[0]),
        }
    }

    /// The change of a pair's parameters: its species, the size factors of its particles, and `stretch`,
    /// λ_b for a spring, 1 otherwise.
    #[inline(always)]
    pub fn pair(&self, [s, t]: [usize; 2], sizes: [f64; 2], stretch: f64) -> PairTangent {
        PairTangent {
            sigma: stretch * self.growth([s, t], sizes),
            k: self.k.as_ref().map_or(0.0, |k| k.get(s, t)),
            depth: self.depths.as_ref().map_or(0.0, |depths| depths.get(s, t)),
            a: self.a,
        }
    }

    /// dσ/dγ of a pair that no spring stretches.
    #[inline(always)]
    pub fn growth(&self, [s, t]: [usize; 2], [one, other]: [f64; 2]) -> f64 {
        self.diameters.as_ref().map_or(0.0, |d| 0.5 * (one * d[s] + other * d[t]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::potential::{Potential, Tail};

    #[test]
    fn directions_of_unit_length_stay_as_they_are() {
        for n in 1..200 {
            let vector: Vec<f64> = (0..7).map(|q| f64::from((q * 37 + n * 11) % 29 - 14)).collect();
            let Ok(once) = unit_direction(vector) else { continue };
            assert_eq!(unit_direction(once.clone()), Ok(once));
        }
        assert_eq!(unit_direction(vec![0.0; 3]), Err("is zero"));
        assert_eq!(unit_direction(vec![1.0, f64::NAN]), Err("is not finite"));
    }

    #[test]
    fn applying_the_values_of_theta_changes_nothing() {
        let interactions = Interactions {
            diameters: vec![1.0, 1.1, 1.4],
            k: SymmetricTable::from_fn(3, |s, t| (1 + 3 * s + t) as f64),
            depths: SymmetricTable::from_fn(3, |s, t| 0.1 * (1 + s * t) as f64),
            potential: Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.0 },
        };
        let space = ParameterSpace::new(&ParameterKind::ALL, 3);
        let theta = space.values(&interactions);
        assert_eq!(theta.len(), space.len());
        assert_eq!(theta.len(), 3 + 6 + 6 + 1);
        let mut applied = interactions.clone();
        space.apply(&mut applied, &theta);
        assert_eq!(applied, interactions);
        assert_eq!(
            theta[space.offset(ParameterKind::Stiffness).unwrap() + upper_index(3, 1, 2)],
            6.0
        );
    }
}
