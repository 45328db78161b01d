//! What is designed: a solid, its free parameters and its targets.

use super::parameters::Parameters;
use super::target::Target;
use crate::response::features::FeatureRequest;
use crate::solid::{Solid, sphere_volume};

/// One design.
pub struct Problem<const D: usize> {
    pub parameters: Parameters,
    pub targets: Vec<Target>,
    /// Everything that is measured on the way: stress, elastic constants, derived features, and the modes
    /// and strains of pairs that targets need.
    pub request: FeatureRequest,
}

impl<const D: usize> Problem<D> {
    /// The values of the targeted features.
    pub fn targeted(&self, values: &[f64], solid: &Solid<D>) -> Vec<f64> {
        let volume = volume(solid);
        let value = |target: &Target| target.feature.value::<D>(&self.request, values, volume);
        self.targets.iter().map(value).collect()
    }

    /// The errors of the targeted features in units of the search, shape (targets,).
    pub fn errors(&self, values: &[f64], solid: &Solid<D>) -> Vec<f64> {
        let targeted = self.targeted(values, solid);
        self.targets.iter().zip(targeted).map(|(target, y)| target.error(y)).collect()
    }

    /// The largest of these errors in units of the targets' scales; NaN if any is.
    pub fn residual(&self, errors: &[f64]) -> f64 {
        let targets = self.targets.iter().zip(errors);
        largest(&targets.map(|(t, error)| error * t.unit / t.scale).collect::<Vec<f64>>())
    }
}

/// Σ_i v_d D_i^d [length^d].
pub fn volume<const D: usize>(solid: &Solid<D>) -> f64 {
    (0..solid.len()).map(|i| sphere_volume::<D>(solid.diameter(i))).sum()
}

/// max |x|; NaN if any is.
pub fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |max, x| if x.abs() <= max { max } else { x.abs() })
}

/// |x|.
pub fn length(values: &[f64]) -> f64 {
    values.iter().map(|x| x * x).sum::<f64>().sqrt()
}
