//! θ of one solid: per species, per particle or per bond.

use faer::Mat;

use super::solid::{Analysis, AnalysisError};
use crate::response::features::FeatureKind;
use crate::response::labels;
use crate::response::susceptibility::{Susceptibility, decompose};
use crate::solid::Solid;
use crate::solid::assignment::Assignment;
use crate::solid::contacts::Bond;
use crate::solid::parameters::{ParameterDirection, ParameterKind, ParameterSpace};
use crate::solid::potential::PairTangent;
use crate::system::words::Word;

/// What rounding leaves of a derivative that is zero, relative to what it is a sum of.
const ROUNDING: f64 = 1e-12;

/// What owns a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Species: D_s, k_st, B_st.
    Species,
    /// Every particle is a species of its own: D_i.
    Particle,
    /// Every bond has its own σ_b, k_b, B_b.
    Bond,
}

impl Word for Level {
    const WORDS: &'static [(&'static str, Self)] =
        &[("species", Level::Species), ("particle", Level::Particle), ("bond", Level::Bond)];
}

/// The parameters.
pub enum Parameters {
    /// Of species (or particles).
    Species { assignment: Assignment, space: ParameterSpace },
    /// Of bonds, in the order of the bonds; a is one for the whole solid.
    Bonds { kinds: Vec<ParameterKind> },
}

/// One parameterisation θ of a solid with its Jacobian.
pub struct Theta {
    pub parameters: Parameters,
    /// θ₀, shape (n_θ,).
    pub values: Vec<f64>,
    /// J, shape (n_y, n_θ).
    pub jacobian: Mat<f64>,
    /// Parameters that no bond depends on, shape (n_θ,).
    pub inert: Vec<bool>,
}

/// The singular value decomposition of the rows of a feature set.
#[derive(Debug)]
pub struct SetResult {
    pub svd: Susceptibility,
    /// Rank of the rows that are not frequencies, where some are.
    pub rank_without_modes: Option<usize>,
}

impl Theta {
    /// θ of the species of an assignment, which must not change the solid.
    ///
    /// # Errors
    /// [`AnalysisError`] where a B is zero that θ holds, or nothing attracts and θ holds a.
    pub fn of_species<const D: usize>(
        analysis: &Analysis<D>,
        assignment: Assignment,
        kinds: &[ParameterKind],
    ) -> Result<Self, AnalysisError> {
        let interactions = &assignment.interactions;
        let species = interactions.species();
        if kinds.contains(&ParameterKind::Depth) {
            let mut pairs = (0..species).flat_map(|s| (s..species).map(move |t| (s, t)));
            if let Some((s, t)) = pairs.find(|&(s, t)| interactions.depths.get(s, t) == 0.0) {
                return Err(AnalysisError::NotAttractive(format!("B_{s}_{t}")));
            }
        }
        check_attraction(analysis, kinds)?;
        let space = ParameterSpace::new(kinds, species);
        let bonds = &analysis.origin.equilibrium.contacts.bonds;
        let projected = analysis.bond_jacobians.projected(bonds, &assignment.species, &space);
        Ok(Self {
            values: space.values(interactions),
            jacobian: projected.matrix,
            inert: projected.inert,
            parameters: Parameters::Species { assignment, space },
        })
    }

    /// θ of the bonds.
    ///
    /// # Errors
    /// As [`Theta::of_species`].
    pub fn of_bonds<const D: usize>(
        analysis: &Analysis<D>,
        kinds: &[ParameterKind],
    ) -> Result<Self, AnalysisError> {
        let bonds = &analysis.origin.equilibrium.contacts.bonds;
        let fixed = bonds.iter().find(|bond| bond.pair.depth == 0.0);
        if let (true, Some(bond)) = (kinds.contains(&ParameterKind::Depth), fixed) {
            return Err(AnalysisError::NotAttractive(format!("B_{}_{}", bond.i, bond.j)));
        }
        check_attraction(analysis, kinds)?;
        let values: Vec<f64> = kinds
            .iter()
            .flat_map(|kind| -> Vec<f64> {
                match kind {
                    ParameterKind::Diameter => {
                        bonds.iter().map(|bond| bond.pair.sigma / bond.stretch).collect()
                    }
                    ParameterKind::Stiffness => bonds.iter().map(|bond| bond.pair.k).collect(),
                    ParameterKind::Depth => bonds.iter().map(|bond| bond.pair.depth).collect(),
                    ParameterKind::InverseRange => vec![analysis.solid.interactions.potential.a],
                }
            })
            .collect();
        Ok(Self {
            inert: vec![false; values.len()],
            values,
            jacobian: analysis.bond_jacobians.of_bonds(),
            parameters: Parameters::Bonds { kinds: kinds.to_vec() },
        })
    }

    /// The solid with the species of θ.
    pub fn solid<const D: usize>(&self, analysis: &Analysis<D>) -> Solid<D> {
        match &self.parameters {
            Parameters::Species { assignment, .. } => analysis
                .solid
                .reassigned(assignment.species.clone(), assignment.interactions.clone()),
            Parameters::Bonds { .. } => analysis.solid.clone(),
        }
    }

    /// Where θ is of species: these, and what spans it.
    pub fn space(&self) -> Option<(&Assignment, &ParameterSpace)> {
        match &self.parameters {
            Parameters::Species { assignment, space } => Some((assignment, space)),
            Parameters::Bonds { .. } => None,
        }
    }

    /// The names of the parameters: `D_0`, `k_0_1`; of bonds `sigma_3_17`, `k_3_17`.
    pub fn labels<const D: usize>(&self, bonds: &[Bond<D>]) -> Vec<String> {
        let kinds = match &self.parameters {
            Parameters::Species { space, .. } => {
                return labels::parameters(space.kinds(), space.species());
            }
            Parameters::Bonds { kinds } => kinds,
        };
        let of_bonds = |symbol: &str| -> Vec<String> {
            bonds.iter().map(|bond| format!("{symbol}_{}_{}", bond.i, bond.j)).collect()
        };
        kinds
            .iter()
            .flat_map(|kind| match kind {
                ParameterKind::InverseRange => vec![kind.word().to_owned()],
                ParameterKind::Diameter => of_bonds("sigma"),
                kind => of_bonds(kind.word()),
            })
            .collect()
    }

    /// The change of every bond's parameters along a direction, shape (bonds,).
    pub fn tangents<const D: usize>(
        &self,
        bonds: &[Bond<D>],
        direction: &[f64],
    ) -> Vec<PairTangent> {
        let kinds = match &self.parameters {
            Parameters::Species { assignment, space } => {
                let along = ParameterDirection::new(space, direction);
                let species = &assignment.species;
                let ends = |b: &Bond<D>| [species[b.i], species[b.j]];
                let pair = |b: &Bond<D>| along.pair(ends(b), b.sizes, b.stretch);
                return bonds.iter().map(pair).collect();
            }
            Parameters::Bonds { kinds } => kinds,
        };
        let mut tangents = vec![PairTangent::default(); bonds.len()];
        let mut offset = 0;
        for kind in kinds {
            for (index, (tangent, bond)) in tangents.iter_mut().zip(bonds).enumerate() {
                match kind {
                    ParameterKind::Diameter => {
                        tangent.sigma = bond.stretch * direction[offset + index];
                    }
                    ParameterKind::Stiffness => tangent.k = direction[offset + index],
                    ParameterKind::Depth => tangent.depth = direction[offset + index],
                    ParameterKind::InverseRange => tangent.a = direction[offset],
                }
            }
            offset += bonds.len();
        }
        tangents
    }

    /// The singular value decomposition of the rows of a set, NaN for features without a value.
    ///
    /// # Errors
    /// [`AnalysisError::Svd`].
    pub fn decompose<const D: usize>(
        &self,
        analysis: &Analysis<D>,
        set: &[FeatureKind],
    ) -> Result<Susceptibility, AnalysisError> {
        let (rows, places) = (analysis.rows(set), analysis.present(set));
        let jacobian = &self.jacobian;
        let selected =
            Mat::from_fn(places.len(), jacobian.ncols(), |row, q| jacobian[(rows[places[row]], q)]);
        let largest = self.values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
        let rounding = ROUNDING * analysis.size_of(set) / largest;
        Ok(decompose(selected.as_ref(), analysis.rank_tolerance, rounding)?
            .among(&places, rows.len()))
    }

    /// The same with the rank of those rows that are not frequencies.
    ///
    /// # Errors
    /// [`AnalysisError::Svd`].
    pub fn set<const D: usize>(
        &self,
        analysis: &Analysis<D>,
        set: &[FeatureKind],
    ) -> Result<SetResult, AnalysisError> {
        let svd = self.decompose(analysis, set)?;
        let others: Vec<FeatureKind> =
            set.iter().copied().filter(|&kind| kind != FeatureKind::Modes).collect();
        let rank_without_modes = match (others.len() == set.len(), others.is_empty()) {
            (true, _) => None,
            (false, true) => Some(0),
            (false, false) => Some(self.decompose(analysis, &others)?.rank),
        };
        Ok(SetResult { svd, rank_without_modes })
    }
}

/// Refuses a where nothing attracts: such a column is not silently zero.
fn check_attraction<const D: usize>(
    analysis: &Analysis<D>,
    kinds: &[ParameterKind],
) -> Result<(), AnalysisError> {
    let attractive = analysis.solid.interactions.attractive();
    match kinds.contains(&ParameterKind::InverseRange) && !attractive {
        true => Err(AnalysisError::NothingAttracts),
        false => Ok(()),
    }
}
