//! The axes of the output.

use super::Options;
use crate::analysis::axis::{self, Axis, counted, labelled, valued};
use crate::analysis::quantities;
use crate::analysis::quantity::Along;
use crate::analysis::solid::Analysis;
use crate::analysis::theta::Theta;
use crate::analysis::unit::Units;
use crate::response::features::FeatureKind;

/// Every axis that quantities have.
pub(super) struct Axes {
    dimension: usize,
    particles: usize,
    features: Vec<String>,
    features_of_sweep: Vec<String>,
    parameters: Vec<String>,
    pairs: usize,
    grid: Vec<f64>,
    /// Of all features, and of those of the sweep.
    pub units: Units,
    pub units_of_sweep: Units,
}

impl Axes {
    pub fn new<const D: usize>(analysis: &Analysis<D>, theta: &Theta, options: &Options) -> Self {
        let labels = |features: &[FeatureKind]| analysis.origin.request.labels(D, features);
        Axes {
            dimension: D,
            particles: analysis.solid.len(),
            features: labels(&options.features),
            features_of_sweep: labels(&options.sweep_features),
            parameters: theta.labels(&analysis.origin.equilibrium.contacts.bonds),
            pairs: analysis.origin.request.pairs.len(),
            grid: options.settings.grid(),
            units: Units::new(D, &options.features, &options.kinds),
            units_of_sweep: Units::new(D, &options.sweep_features, &options.kinds)
                .scaled(&options.scale),
        }
    }

    /// The axis along which a quantity of all features is stored.
    pub fn of(&self, along: Along) -> Axis {
        let name = along.name();
        match along {
            Along::Particle => axis::particles(self.particles),
            Along::Cartesian => axis::cartesian(self.dimension),
            Along::Feature | Along::FeatureOfSet => {
                let text = "features y: the rows of the Jacobian";
                labelled(Along::Feature.name(), self.features.clone(), text)
            }
            Along::Parameter => {
                let text = "parameters theta: the columns of the Jacobian";
                labelled(name, self.parameters.clone(), text)
            }
            Along::Mode => {
                let count = self.features.len().min(self.parameters.len());
                counted(name, count, "singular direction, largest singular value first")
            }
            Along::Bracket => axis::bracket(),
            Along::Pair => axis::pairs(self.pairs),
            Along::Role => axis::role(),
            Along::End => axis::end(),
            Along::Gamma => {
                valued(name, self.grid.clone(), &self.units.of("theta"), quantities::GAMMA)
            }
        }
    }

    /// The axis of what only the features of the sweep have.
    pub fn of_sweep(&self, along: Along) -> Axis {
        match along {
            Along::FeatureOfSet => {
                labelled(along.name(), self.features_of_sweep.clone(), "features of the sweep")
            }
            along => self.of(along),
        }
    }
}

/// An axis that only counts.
pub(super) fn indices(name: &str, length: usize) -> Axis {
    counted(name, length, "index")
}
