//! `[output]`: which arrays the results file keeps.

use super::key::{Form, Key, keys};
use super::lines::Lines;
use super::section::Section;

keys! {
    /// number of replicas whose curves delta_y(gamma) are stored
    "curves": Form::Integer(0..=super::MAX_REPLICAS),
    /// number of replicas whose positions around gamma_contact and gamma_rearrangement are stored
    "snapshots": Form::Integer(0..=super::MAX_REPLICAS),
    /// store left and right singular vectors
    "vectors": Form::Boolean,
    /// store the Jacobian
    "jacobian": Form::Boolean,
}

/// The resolved `[output]` table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputConfig {
    /// Number of replicas whose Δy(γ) is stored.
    pub curves: u64,
    /// Number of replicas whose positions just before and after γ_c and γ_r are stored.
    pub snapshots: u64,
    /// Whether left and right singular vectors are stored.
    pub vectors: bool,
    /// Whether the Jacobian is stored.
    pub jacobian: bool,
}

impl OutputConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        OutputConfig {
            curves: section.integer("curves", 10) as u64,
            snapshots: section.integer("snapshots", 0) as u64,
            vectors: section.boolean("vectors", true),
            jacobian: section.boolean("jacobian", true),
        }
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        Lines::default()
            .add("curves", self.curves)
            .add("snapshots", self.snapshots)
            .add("vectors", self.vectors)
            .add("jacobian", self.jacobian)
            .text()
    }
}
