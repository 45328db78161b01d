//! `[output]`: which arrays the results file keeps.

use super::document::{Key, Section};
use super::error::ConfigError;

/// The keys of `[output]`.
pub const KEYS: &[Key] = &[
    Key { name: "curves", doc: "number of replicas whose curves delta_y(gamma) are stored" },
    Key {
        name: "snapshots",
        doc: "number of replicas whose positions around gamma_contact and gamma_rearrangement are stored",
    },
    Key { name: "vectors", doc: "store left and right singular vectors" },
    Key { name: "jacobian", doc: "store the Jacobian" },
];

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
    pub(super) fn read(section: &Section<'_, '_>) -> Result<Self, ConfigError> {
        Ok(OutputConfig {
            curves: section.integer("curves", 0..=super::MAX_REPLICAS, 10)? as u64,
            snapshots: section.integer("snapshots", 0..=super::MAX_REPLICAS, 0)? as u64,
            vectors: section.boolean("vectors", true)?,
            jacobian: section.boolean("jacobian", true)?,
        })
    }

    /// The table as canonical TOML.
    pub fn canonical(&self) -> String {
        format!(
            "curves = {}\nsnapshots = {}\nvectors = {}\njacobian = {}\n",
            self.curves, self.snapshots, self.vectors, self.jacobian
        )
    }
}
