//! A single feature that can be a target: a row of the request, or the volume of the particles.

use crate::response::features::{DERIVED, FeatureKind, FeatureRequest, derived_gradients};
use crate::response::labels;

/// A feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// The n-th feature of a kind, in the order of rows.
    Row(FeatureKind, usize),
    /// Σ_i v_d D_i^d, the volume of all particles (overlaps counted twice) [length^d].
    Volume,
}

/// No such feature.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("unknown feature \"{name}\"; did you mean {nearest}? (known: {known})")]
pub struct Unknown {
    pub name: String,
    pub nearest: String,
    pub known: String,
}

/// Names that are understood beside the labels.
const ALIASES: [(&str, &str); 3] = [("p", "pressure"), ("ν", "nu"), ("V", "volume")];

/// The label of the particles' volume.
const VOLUME: &str = "volume";

/// The places of K, G and ν among the derived features.
const BULK: usize = 1;
const SHEAR: usize = 2;
const POISSON: usize = 3;

/// The prefixes of the labels of kinds whose number is free.
const NUMBERED: [(&str, FeatureKind); 2] =
    [(labels::MODE, FeatureKind::Modes), (labels::ETA, FeatureKind::Allosteric)];

/// The request that holds everything but modes and strains of pairs.
pub const BASE: FeatureRequest =
    FeatureRequest { stress: true, elastic: true, modes: 0, derived: true, pairs: Vec::new() };

impl Feature {
    /// The feature of this name in this dimension.
    ///
    /// # Errors
    /// [`Unknown`], with the nearest one.
    pub fn from_name(dimension: usize, name: &str) -> Result<Self, Unknown> {
        let alias = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, label)| *label);
        let mut label = alias.unwrap_or(name).to_owned();
        if let Some(component) = label.strip_prefix("s_") {
            label = format!("stress_{component}");
        }
        if label == VOLUME {
            return Ok(Feature::Volume);
        }
        let number = |prefix| label.strip_prefix(prefix).and_then(|number| number.parse().ok());
        for (prefix, kind) in NUMBERED {
            if let Some(index) = number(prefix) {
                return Ok(Feature::Row(kind, index));
            }
        }
        let mut known = Vec::new();
        for kind in [FeatureKind::Stress, FeatureKind::Elastic, FeatureKind::Derived] {
            let labels = kind.labels(dimension, 0, 0);
            if let Some(index) = labels.iter().position(|one| *one == label) {
                return Ok(Feature::Row(kind, index));
            }
            known.extend(labels);
        }
        known.extend(NUMBERED.map(|(prefix, _)| format!("{prefix}0, {prefix}1, …")));
        known.push(VOLUME.to_owned());
        let nearest =
            known.iter().max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
        Err(Unknown {
            name: name.to_owned(),
            nearest: nearest.cloned().unwrap_or_default(),
            known: known.join(" "),
        })
    }

    /// Its label in this dimension.
    pub fn label(&self, dimension: usize) -> String {
        match *self {
            Feature::Volume => VOLUME.to_owned(),
            Feature::Row(kind, index) => match NUMBERED.iter().find(|(_, known)| *known == kind) {
                Some((prefix, _)) => format!("{prefix}{index}"),
                None => kind.labels(dimension, 0, 0)[index].clone(),
            },
        }
    }

    /// Its kind; none for the volume.
    pub fn kind(&self) -> Option<FeatureKind> {
        match self {
            Feature::Row(kind, _) => Some(*kind),
            Feature::Volume => None,
        }
    }

    /// How many features of a kind whose number is free it needs: all up to itself.
    pub fn needs(&self, kind: FeatureKind) -> usize {
        match *self {
            Feature::Row(own, index) if own == kind => index.saturating_add(1),
            _ => 0,
        }
    }

    /// Its row among the requested features; none for the volume.
    pub fn row<const D: usize>(&self, request: &FeatureRequest) -> Option<usize> {
        match *self {
            Feature::Row(kind, index) => request.rows(D, &[kind]).get(index).copied(),
            Feature::Volume => None,
        }
    }

    /// Its value where these are the requested features.
    pub fn value<const D: usize>(
        &self,
        request: &FeatureRequest,
        values: &[f64],
        volume: f64,
    ) -> f64 {
        match self.row::<D>(request) {
            Some(row) => values[row],
            None => volume,
        }
    }

    /// That it is `wanted`, as (coefficients over stress and elastic constants, value); none for what
    /// does not follow from these.
    pub(super) fn linear<const D: usize>(
        &self,
        stress: &[f64],
        elastic: &[f64],
        wanted: f64,
    ) -> Option<(Vec<f64>, f64)> {
        let unit = |index: usize| {
            let mut row = vec![0.0; stress.len() + elastic.len()];
            row[index] = 1.0;
            row
        };
        match *self {
            Feature::Row(FeatureKind::Stress, index) => Some((unit(index), wanted)),
            Feature::Row(FeatureKind::Elastic, index) => Some((unit(stress.len() + index), wanted)),
            // ν (x K + y G) = a K − b G: see response/features.
            Feature::Row(FeatureKind::Derived, POISSON) => {
                let (a, b, x, y) = if D == 2 { (1.0, 1.0, 1.0, 1.0) } else { (3.0, 2.0, 6.0, 2.0) };
                let bulk = coefficients::<D>(BULK, stress, elastic);
                let shear = coefficients::<D>(SHEAR, stress, elastic);
                let terms = bulk.iter().zip(&shear);
                let row = terms.map(|(k, g)| (a - wanted * x) * k - (b + wanted * y) * g);
                Some((row.collect(), 0.0))
            }
            Feature::Row(FeatureKind::Derived, index) if index < DERIVED => {
                Some((coefficients::<D>(index, stress, elastic), wanted))
            }
            _ => None,
        }
    }
}

/// Coefficients over (stress, elastic constants) of a derived feature.
fn coefficients<const D: usize>(index: usize, stress: &[f64], elastic: &[f64]) -> Vec<f64> {
    let gradients = derived_gradients::<D>(stress, elastic);
    let (of_s, of_c) = &gradients[index];
    of_s.iter().chain(of_c).copied().collect()
}
