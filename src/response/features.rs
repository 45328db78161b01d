//! Features y of a relaxed solid, with everything that their Jacobian needs.
//!
//! Rows always come in the order stress, elastic constants, modes, derived, allosteric.
//!
//! Derived features are combinations of the others: p = −tr s/d, K = Σ C_iijj/d², the isotropic
//! average shear modulus G = (Σ 3C_ijij − C_iijj)/30 in 3d and (Σ 2C_ijij − C_iijj)/8 in 2d, and
//! Poisson's ratio ν = (3K − 2G)/(6K + 2G) in 3d, (K − G)/(K + G) in 2d.

use crate::relax::newton::Equilibrium;
use crate::solid::Solid;
use crate::system::words::Word;

use super::allosteric::{self, AllostericPair};
use super::labels;
use super::linear::LinearResponse;
use super::modes::{Modes, lowest_modes};
use super::sensitivity::Sensitivity;
use super::strain::{components, elastic_index};

/// Which features are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureRequest {
    pub stress: bool,
    pub elastic: bool,
    /// The number of modes; of [`most_modes`](super::modes::most_modes) the last may have no value.
    pub modes: usize,
    pub derived: bool,
    /// The pairs of the allosteric features.
    pub pairs: Vec<AllostericPair>,
}

/// Why a feature has no value in a solid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Absence {
    /// A particle of its pair is a rattler.
    Rattler = 1,
    /// The backbone has no such mode.
    NoMode = 2,
}

impl Absence {
    /// The codes of files with their names; 0 stands for a feature that has a value.
    pub const CODES: [(u8, &'static str); 3] = [
        (0, "none"),
        (Absence::Rattler as u8, "rattler_in_pair"),
        (Absence::NoMode as u8, "no_such_mode"),
    ];

    /// The code that files hold.
    pub fn code(absence: Option<Self>) -> u8 {
        absence.map_or(0, |absence| absence as u8)
    }
}

/// The kinds of features, in the order of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeatureKind {
    /// The independent components of the stress.
    Stress,
    /// The independent elastic constants.
    Elastic,
    /// The lowest vibrational frequencies.
    Modes,
    /// Pressure, bulk and shear modulus, Poisson's ratio.
    Derived,
    /// The strains of target pairs by those of source pairs.
    Allosteric,
}

impl Word for FeatureKind {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("stress", FeatureKind::Stress),
        ("elastic", FeatureKind::Elastic),
        ("modes", FeatureKind::Modes),
        ("derived", FeatureKind::Derived),
        ("allosteric", FeatureKind::Allosteric),
    ];
}

impl FeatureKind {
    /// The labels of the kind's rows, for so many modes and pairs.
    pub fn labels(self, dimension: usize, modes: usize, pairs: usize) -> Vec<String> {
        match self {
            FeatureKind::Stress => labels::stress(dimension),
            FeatureKind::Elastic => labels::elastic(dimension),
            FeatureKind::Modes => labels::modes(modes),
            FeatureKind::Derived => labels::derived(),
            FeatureKind::Allosteric => labels::allosteric(pairs),
        }
    }

    /// Every kind, in the order of rows.
    pub const ALL: [FeatureKind; 5] = [
        FeatureKind::Stress,
        FeatureKind::Elastic,
        FeatureKind::Modes,
        FeatureKind::Derived,
        FeatureKind::Allosteric,
    ];
}

/// pressure, K, G, nu.
pub const DERIVED: usize = 4;

impl FeatureRequest {
    /// No features.
    pub const NONE: FeatureRequest = FeatureRequest {
        stress: false,
        elastic: false,
        modes: 0,
        derived: false,
        pairs: Vec::new(),
    };

    /// Features of these kinds; `modes` and `pairs` of those kinds, where they are among them.
    pub fn new(kinds: &[FeatureKind], modes: usize, pairs: &[AllostericPair]) -> Self {
        let wanted = |kind| kinds.contains(&kind);
        Self {
            stress: wanted(FeatureKind::Stress),
            elastic: wanted(FeatureKind::Elastic),
            modes: if wanted(FeatureKind::Modes) { modes } else { 0 },
            derived: wanted(FeatureKind::Derived),
            pairs: if wanted(FeatureKind::Allosteric) { pairs.to_vec() } else { Vec::new() },
        }
    }

    /// The number of rows of one kind.
    pub fn count(&self, dimension: usize, kind: FeatureKind) -> usize {
        match kind {
            FeatureKind::Stress if self.stress => dimension * (dimension + 1) / 2,
            FeatureKind::Elastic if self.elastic => super::strain::elastic_pairs(dimension).len(),
            FeatureKind::Modes => self.modes,
            FeatureKind::Derived if self.derived => DERIVED,
            FeatureKind::Allosteric => self.pairs.len(),
            _ => 0,
        }
    }

    /// The kinds that are wanted.
    pub fn kinds(&self) -> Vec<FeatureKind> {
        let allosteric = !self.pairs.is_empty();
        let wanted = [self.stress, self.elastic, self.modes > 0, self.derived, allosteric];
        FeatureKind::ALL.into_iter().zip(wanted).filter_map(|(kind, w)| w.then_some(kind)).collect()
    }

    /// n_y.
    pub fn len(&self, dimension: usize) -> usize {
        self.rows(dimension, &FeatureKind::ALL).len()
    }

    /// The labels of the rows of these kinds.
    pub fn labels(&self, dimension: usize, kinds: &[FeatureKind]) -> Vec<String> {
        let wanted = FeatureKind::ALL.into_iter().filter(|kind| kinds.contains(kind));
        let wanted = wanted.filter(|&kind| self.count(dimension, kind) > 0);
        wanted.flat_map(|kind| kind.labels(dimension, self.modes, self.pairs.len())).collect()
    }

    /// Is nothing wanted?
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// The rows that belong to these kinds, ascending.
    pub fn rows(&self, dimension: usize, kinds: &[FeatureKind]) -> Vec<usize> {
        let mut start = 0;
        let mut rows = Vec::new();
        for kind in FeatureKind::ALL {
            let count = self.count(dimension, kind);
            if kinds.contains(&kind) {
                rows.extend(start..start + count);
            }
            start += count;
        }
        rows
    }

    /// What is wanted of every kind, in the order of rows.
    pub(super) fn assemble<T: Clone>(
        &self,
        stress: &[T],
        elastic: &[T],
        mode: impl Fn(usize) -> T,
        derived: impl FnOnce() -> Vec<T>,
        allosteric: impl FnOnce(&[AllostericPair]) -> Vec<T>,
    ) -> Vec<T> {
        let mut all = Vec::new();
        if self.stress {
            all.extend_from_slice(stress);
        }
        if self.elastic {
            all.extend_from_slice(elastic);
        }
        all.extend((0..self.modes).map(mode));
        if self.derived {
            all.extend(derived());
        }
        if !self.pairs.is_empty() {
            all.extend(allosteric(&self.pairs));
        }
        all
    }
}

/// The features of one solid and their sensitivities.
pub struct Features<const D: usize> {
    /// y, shape (n_y,).
    pub values: Vec<f64>,
    /// One per feature where they were asked for.
    pub sensitivities: Vec<Sensitivity>,
    /// Features whose derivative is that of a degenerate cluster's mean, shape (n_y,).
    pub degenerate: Vec<bool>,
    /// Why a feature has no value (NaN), where it has none, shape (n_y,).
    pub absent: Vec<Option<Absence>>,
    /// The modes, complete clusters.
    pub modes: Modes<D>,
}

/// Computes features, and their sensitivities if `with_sensitivities`.
pub fn compute<const D: usize>(
    solid: &Solid<D>,
    equilibrium: &mut Equilibrium<D>,
    request: &FeatureRequest,
    with_sensitivities: bool,
) -> Features<D> {
    let modes = lowest_modes(solid, equilibrium, request.modes);
    let response = LinearResponse::new(solid, equilibrium);
    of_response(&response, modes, request, with_sensitivities)
}

/// The same from a response and modes that are there already.
pub fn of_response<const D: usize>(
    response: &LinearResponse<D>,
    modes: Modes<D>,
    request: &FeatureRequest,
    with_sensitivities: bool,
) -> Features<D> {
    let stress = response.stress();
    let elastic = response.elastic_constants();
    let frequencies = modes.frequencies();
    let frequency = |m: usize| frequencies.get(m).copied().unwrap_or(f64::NAN);
    let derived = || derived::<D>(&stress, &elastic).to_vec();
    let eta = |pairs: &[AllostericPair]| allosteric::values(response, pairs);
    let values = request.assemble(&stress, &elastic, frequency, derived, eta);
    let absent = absences(response, &modes, request);
    let mut degenerate = vec![false; values.len()];
    for (m, row) in request.rows(D, &[FeatureKind::Modes]).into_iter().enumerate() {
        degenerate[row] = m < frequencies.len() && modes.degenerate(m);
    }
    let sensitivities = if with_sensitivities {
        sensitivities(response, &modes, request, &stress, &elastic)
    } else {
        Vec::new()
    };
    Features { values, sensitivities, degenerate, absent, modes }
}

/// Which features have no value, and why.
fn absences<const D: usize>(
    response: &LinearResponse<D>,
    modes: &Modes<D>,
    request: &FeatureRequest,
) -> Vec<Option<Absence>> {
    let mut absent = vec![None; request.len(D)];
    let of_modes = request.rows(D, &[FeatureKind::Modes]);
    of_modes.iter().skip(modes.vectors.len()).for_each(|&row| absent[row] = Some(Absence::NoMode));
    for (row, pair) in request.rows(D, &[FeatureKind::Allosteric]).iter().zip(&request.pairs) {
        absent[*row] = (!pair.exists(response)).then_some(Absence::Rattler);
    }
    absent
}

fn sensitivities<const D: usize>(
    response: &LinearResponse<D>,
    modes: &Modes<D>,
    request: &FeatureRequest,
    stress: &[f64],
    elastic: &[f64],
) -> Vec<Sensitivity> {
    let bonds = response.bonds.len();
    let of_stress = response.stress_sensitivities();
    let of_elastic = if request.elastic || request.derived {
        response.elastic_sensitivities()
    } else {
        Vec::new()
    };
    let single = response.mode_sensitivities(&modes.vectors, &modes.frequencies());
    let mode = |m: usize| {
        let Some(cluster) = modes.clusters.get(m).cloned() else { return Sensitivity::none(bonds) };
        let weight = 1.0 / cluster.len() as f64;
        Sensitivity::combined(cluster.map(|c| (weight, &single[c])), bonds)
    };
    let combination = |(of_s, of_c): &(Vec<f64>, Vec<f64>)| {
        let terms = of_s.iter().zip(&of_stress).chain(of_c.iter().zip(&of_elastic));
        Sensitivity::combined(terms.map(|(&coefficient, row)| (coefficient, row)), bonds)
    };
    let derived = || derived_gradients::<D>(stress, elastic).iter().map(combination).collect();
    let eta = |pairs: &[AllostericPair]| allosteric::sensitivities(response, pairs);
    request.assemble(&of_stress, &of_elastic, mode, derived, eta)
}

/// pressure, K, G, ν from stress and elastic constants, shape (4,).
pub fn derived<const D: usize>(stress: &[f64], elastic: &[f64]) -> [f64; DERIVED] {
    let [pressure, k, g] = linear_combinations::<D>().map(|it| combined(&it, stress, elastic));
    [pressure, k, g, poisson::<D>(k, g).0]
}

/// A combination with these coefficients.
pub(super) fn combined(
    (of_s, of_c): &(Vec<f64>, Vec<f64>),
    stress: &[f64],
    elastic: &[f64],
) -> f64 {
    of_s.iter().zip(stress).map(|(x, y)| x * y).sum::<f64>()
        + of_c.iter().zip(elastic).map(|(x, y)| x * y).sum::<f64>()
}

/// The gradient of each derived feature with respect to stress and elastic constants.
pub fn derived_gradients<const D: usize>(
    stress: &[f64],
    elastic: &[f64],
) -> [(Vec<f64>, Vec<f64>); DERIVED] {
    let [_, k, g, _] = derived::<D>(stress, elastic);
    let [pressure, bulk, shear] = linear_combinations::<D>();
    let (_, of_k, of_g) = poisson::<D>(k, g);
    let nu = bulk.1.iter().zip(&shear.1).map(|(b, s)| of_k * b + of_g * s).collect();
    let zeros = vec![0.0; stress.len()];
    [pressure, bulk, shear, (zeros, nu)]
}

/// ν and its derivatives with respect to K and G.
fn poisson<const D: usize>(k: f64, g: f64) -> (f64, f64, f64) {
    let (a, b) = if D == 2 { (1.0, 1.0) } else { (3.0, 2.0) };
    let (x, y, n) = poisson_slopes::<D>();
    let sum = x * k + y * g;
    ((a * k - b * g) / sum, n * g / (sum * sum), -n * k / (sum * sum))
}

/// (x, y, n) of ν' = n (G K' − K G')/(x K + y G)².
pub(super) fn poisson_slopes<const D: usize>() -> (f64, f64, f64) {
    if D == 2 { (1.0, 1.0, 2.0) } else { (6.0, 2.0, 18.0) }
}

/// Coefficients of (pressure, K, G) over (stress, elastic constants).
fn linear_combinations<const D: usize>() -> [(Vec<f64>, Vec<f64>); 3] {
    let strains = components(D);
    let d = D as f64;
    let no_stress = vec![0.0; strains.len()];
    let no_elastic = vec![0.0; super::strain::elastic_pairs(D).len()];
    let mut pressure = no_stress.clone();
    let (mut bulk, mut shear) = (no_elastic.clone(), no_elastic.clone());
    let (same, cross, norm) = if D == 2 { (2.0, 1.0, 8.0) } else { (3.0, 1.0, 30.0) };
    for (a, &(alpha, beta)) in strains.iter().enumerate() {
        if alpha == beta {
            pressure[a] = -1.0 / d;
            shear[elastic_index(D, a, a)] += same / norm;
            for b in 0..D {
                bulk[elastic_index(D, a, b)] += 1.0 / (d * d);
                shear[elastic_index(D, a, b)] -= cross / norm;
            }
        } else {
            // C_ijij and C_jiji.
            shear[elastic_index(D, a, a)] += 2.0 * same / norm;
        }
    }
    [(pressure, no_elastic), (no_stress.clone(), bulk), (no_stress, shear)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::response::strain::elastic_pairs;

    /// C_ijkl = λ δ_ij δ_kl + μ (δ_ik δ_jl + δ_il δ_jk).
    fn isotropic<const D: usize>(lambda: f64, mu: f64) -> Vec<f64> {
        let delta = |i, j| f64::from(i == j);
        elastic_pairs(D)
            .iter()
            .map(|&(a, b)| {
                let ((i, j), (k, l)) = (components(D)[a], components(D)[b]);
                lambda * delta(i, j) * delta(k, l)
                    + mu * (delta(i, k) * delta(j, l) + delta(i, l) * delta(j, k))
            })
            .collect()
    }

    #[test]
    fn derived_features_of_an_isotropic_solid_are_lames() {
        let [p, k, g, nu] =
            derived::<3>(&[-0.3, -0.2, -0.1, 0.5, 0.5, 0.5], &isotropic::<3>(1.5, 0.7));
        assert!((p - 0.2).abs() < 1e-14);
        assert!((k - (1.5 + 2.0 / 3.0 * 0.7)).abs() < 1e-14);
        assert!((g - 0.7).abs() < 1e-14);
        assert!((nu - 1.5 / (2.0 * (1.5 + 0.7))).abs() < 1e-14);
        let [_, k, g, nu] = derived::<2>(&[-0.3, -0.2, 0.1], &isotropic::<2>(1.5, 0.7));
        assert!((k - 2.2).abs() < 1e-14);
        assert!((g - 0.7).abs() < 1e-14);
        assert!((nu - 1.5 / (1.5 + 1.4)).abs() < 1e-14);
    }
}
