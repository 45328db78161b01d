//! What a study will take: work items, memory, and the size of its file.

use super::cost;
use crate::format::archive::ItemLayout;
use crate::response::features::FeatureKind;
use crate::study::config::{Scenario, Study};
use crate::study::schema::schemas;
use crate::study::size::file_bytes;

/// MPI, HDF5 and the program itself [bytes].
const BASE_MEMORY: u64 = 30 << 20;
/// Rows that wait for a commit [bytes].
const BUFFERED_ROWS: u64 = 6 << 20;
/// The Hessian, its factor and the work arrays of a solid, per particle [bytes], in 2d and 3d.
const BYTES_PER_PARTICLE: [u64; 2] = [16 << 10, 64 << 10];
/// The dense eigenvalue problem and the response of all modes, per mode and degree of freedom [bytes].
const BYTES_PER_MODE: u64 = 56;
/// J, its decompositions and what they need, per element of J [bytes].
const BYTES_PER_DERIVATIVE: u64 = 128;

/// The plan of one scenario.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct ScenarioPlan {
    /// Its name.
    pub name: String,
    /// Solids.
    pub solids: u64,
    /// Parameterisations.
    pub parameterisations: usize,
    /// Swept directions of a solid.
    pub directions: usize,
    /// Designs of a solid.
    pub designs: usize,
    /// Work items of a solid.
    pub parts: usize,
    /// Bytes of results of a solid.
    pub row_bytes: u64,
}

/// The plan of a study.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Plan {
    /// One entry per scenario.
    pub scenarios: Vec<ScenarioPlan>,
    /// Work items.
    pub items: u64,
    /// Size of the results file [bytes], estimated.
    pub file_bytes: u64,
    /// Memory of a rank [bytes], estimated.
    pub memory_per_rank: u64,
    /// Time of the whole study on one core by the cost model [s], within a factor of [`cost::UNCERTAINTY`].
    pub model_core_seconds: f64,
}

impl Plan {
    /// The plan of a study, without running anything.
    pub fn new(study: &Study) -> Self {
        let schemas = schemas(study);
        let layout = ItemLayout::new(study.replicas, &schemas);
        let scenarios: Vec<ScenarioPlan> = study
            .scenarios
            .iter()
            .zip(&schemas)
            .map(|(scenario, schema)| ScenarioPlan {
                name: schema.name.clone(),
                solids: study.replicas,
                parameterisations: schema.parameterisations.len(),
                directions: directions(scenario),
                designs: scenario.designed().len() * schema.designs.len(),
                parts: schema.parts.len(),
                row_bytes: schema.columns.iter().map(|column| column.row_bytes() as u64).sum(),
            })
            .collect();
        let cost = |(scenario, plan): (&Scenario, &ScenarioPlan)| {
            cost::core_seconds(scenario, plan.solids, plan.directions, plan.designs)
        };
        Plan {
            model_core_seconds: study.scenarios.iter().zip(&scenarios).map(cost).sum(),
            scenarios,
            items: layout.items(),
            file_bytes: file_bytes(study),
            memory_per_rank: memory(study),
        }
    }
}

fn directions(scenario: &Scenario) -> usize {
    let thetas = scenario.parameterisations();
    let count = |index: &usize| {
        scenario.sweep.direction_count(scenario.sweep_features(), thetas[*index].parameters())
    };
    scenario.swept().iter().map(count).sum()
}

fn memory(study: &Study) -> u64 {
    let largest = |scenario: &Scenario| {
        let (dimension, features) = (scenario.solid.dimension, &scenario.features);
        let particles = scenario.solid.recipe.particles as u64;
        let modes = if features.has(FeatureKind::Modes) { features.modes as u64 } else { 0 };
        let thetas = scenario.parameterisations();
        let parameters = thetas.iter().map(|theta| theta.parameters() as u64).max().unwrap_or(0);
        particles * BYTES_PER_PARTICLE[dimension - 2]
            + modes * dimension as u64 * particles * BYTES_PER_MODE
            + features.labels(dimension).len() as u64 * parameters * BYTES_PER_DERIVATIVE
    };
    BASE_MEMORY + BUFFERED_ROWS + study.scenarios.iter().map(largest).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::archive::{Storage, create};
    use crate::study::provenance::identity;
    use crate::study::schema::shape;
    use crate::study::statistics::arrays;

    #[test]
    fn all_modes_of_many_particles_take_the_memory_that_was_measured() {
        // One solid by the diameters of all particles, its largest resident set [bytes].
        for (dimension, measured) in [(2, 441 << 20), (3, 906 << 20)] {
            let text = format!(
                "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = {dimension}\nparticles = 1024\n\
                 pressure = 0.1\n[features]\nmodes = \"all\"\nsets = [[\"modes\"]]\n[parameters]\n\
                 level = \"particle\"\n[sweep]\nparameters = []\n"
            );
            let study = Study::parse("s.toml", &text).expect("valid");
            let ratio = memory(&study) as f64 / measured as f64;
            assert!((1.0..1.3).contains(&ratio), "{dimension}d: {ratio}");
        }
    }

    #[test]
    fn the_predicted_size_is_that_of_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        for (replicas, name) in [(1, "small"), (200, "large")] {
            let text = format!(
                "version = 1\n[study]\nname = \"s\"\nreplicas = {replicas}\n[solid]\ndimension = 2\n\
                 particles = 128\npressure = 0.1\n[features]\nsets = [[\"stress\"], [\"elastic\"]]\n"
            );
            let study = Study::parse("s.toml", &text).expect("valid");
            let path = folder.path().join(name);
            create(
                &path,
                &shape(&study),
                &arrays::columns(&study),
                &identity(&study),
                Storage::Contiguous,
            )
            .expect("created");
            let actual = std::fs::metadata(&path).expect("there").len() as f64;
            let predicted = Plan::new(&study).file_bytes as f64;
            assert!((predicted / actual - 1.0).abs() < 0.05, "{name}: {predicted} {actual}");
        }
    }
}
