//! One solid's pipeline: a pure function of (configuration, seed, indices).
//!
//! The part `Solid` prepares a solid and analyses it *from its bytes*; the parts `Directions`
//! analyse the same bytes wherever they are computed. So neither the rank nor the order of the
//! parts can change a bit of the results.

mod analysis;
mod brackets;
mod columns;
mod direction_rows;
mod error;
mod examination;
mod preparation;
mod solid_row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::analysis::values::{Row, Values};
use crate::format::row::{Failure, Part};
use crate::format::schema::ScenarioSchema;
use crate::solid::Solid;
use crate::study::config::{Parameterisation, Scenario, SolidConfig, Study};
use crate::study::schema::schemas;
use crate::study::work::Work;
use analysis::Analysis;
pub use brackets::RelaxedBrackets;
use error::ReplicaError;
pub use examination::Examination;
use preparation::stream_key;

pub use analysis::{feature_request, inverse_magnitudes, parameter_kinds, select, set_rows};

/// The solid that was analysed last, in either dimension.
enum Analysed {
    Two(Box<Analysis<2>>),
    Three(Box<Analysis<3>>),
}

struct Cached {
    scenario: usize,
    replica: u64,
    bytes: Vec<u8>,
    analysed: Analysed,
}

/// Computes the work items of a study; keeps the last solid's analysis between calls.
pub struct Replica {
    study: Arc<Study>,
    schemas: Vec<ScenarioSchema>,
    last: Option<Cached>,
}

impl Replica {
    /// For this study.
    pub fn new(study: Arc<Study>) -> Replica {
        let schemas = schemas(&study);
        Replica { study, schemas, last: None }
    }

    fn scenario(&self, index: usize) -> &Scenario {
        &self.study.scenarios[index]
    }

    fn make(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), ReplicaError> {
        let config = self.scenario(scenario);
        let key = stream_key(&self.study, &config.solid, replica);
        let bytes = match config.solid.dimension {
            2 => preparation::prepare::<2>(&config.solid, &key)?,
            _ => preparation::prepare::<3>(&config.solid, &key)?,
        };
        Ok((self.analysed_row(scenario, replica, &bytes)?, bytes))
    }

    /// The row of the part `Solid` from the bytes of the solid.
    fn analysed_row(
        &mut self,
        scenario: usize,
        replica: u64,
        bytes: &[u8],
    ) -> Result<Row, ReplicaError> {
        self.analyse(scenario, replica, bytes)?;
        let config = self.scenario(scenario);
        let columns = match self.last.as_ref().map(|last| &last.analysed) {
            Some(Analysed::Two(analysis)) => solid_row::columns(analysis, config)?,
            Some(Analysed::Three(analysis)) => solid_row::columns(analysis, config)?,
            None => return Err(ReplicaError::WrongPart),
        };
        columns.into_row(&self.schemas[scenario], &Part::Solid, self.slot(replica))
    }

    /// Analyses a stored solid again, at its stored positions.
    ///
    /// # Errors
    /// Where the row is not one of this scenario, or the solid is not at its minimum.
    pub fn analyse_again(
        &mut self,
        scenario: usize,
        replica: u64,
        row: &Row,
    ) -> Result<Row, Failure> {
        let bytes = self.restore(scenario, row)?;
        Ok(self.analysed_row(scenario, replica, &bytes)?)
    }

    fn sweep(
        &mut self,
        scenario: usize,
        replica: u64,
        bytes: &[u8],
        part: &Part,
    ) -> Result<Row, ReplicaError> {
        let Part::Directions { parameterisation, directions } = part else {
            return Err(ReplicaError::WrongPart);
        };
        self.analyse(scenario, replica, bytes)?;
        let study = Arc::clone(&self.study);
        let config = &study.scenarios[scenario];
        let slot = self.slot(replica);
        let with_curve = slot < config.output.curves;
        let with_snapshots = slot < config.output.snapshots;
        let index = *parameterisation;
        let columns = match self.last.as_mut().map(|last| &mut last.analysed) {
            Some(Analysed::Two(analysis)) => direction_rows::columns(
                analysis,
                config,
                index,
                directions,
                with_curve,
                with_snapshots,
            )?,
            Some(Analysed::Three(analysis)) => direction_rows::columns(
                analysis,
                config,
                index,
                directions,
                with_curve,
                with_snapshots,
            )?,
            None => return Err(ReplicaError::WrongPart),
        };
        columns.into_row(&self.schemas[scenario], part, slot)
    }

    /// Makes sure that the last analysis is that of these bytes.
    fn analyse(&mut self, scenario: usize, replica: u64, bytes: &[u8]) -> Result<(), ReplicaError> {
        let known = self.last.as_ref().is_some_and(|last| {
            last.scenario == scenario && last.replica == replica && last.bytes == bytes
        });
        if known {
            return Ok(());
        }
        self.last = None;
        let config = self.scenario(scenario);
        let key = stream_key(&self.study, &config.solid, replica);
        let analysed = match config.solid.dimension {
            2 => Analysed::Two(Box::new(Analysis::new(config, key, bytes)?)),
            _ => Analysed::Three(Box::new(Analysis::new(config, key, bytes)?)),
        };
        self.last = Some(Cached { scenario, replica, bytes: bytes.to_vec(), analysed });
        Ok(())
    }

    /// The row of a replica in the file.
    fn slot(&self, replica: u64) -> u64 {
        replica.saturating_sub(self.study.first_replica)
    }
}

impl Work for Replica {
    fn solid(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), Failure> {
        Ok(self.make(scenario, replica)?)
    }

    fn restore(&self, scenario: usize, row: &Row) -> Result<Vec<u8>, Failure> {
        Ok(stored_bytes(&self.scenario(scenario).solid, row)?)
    }

    fn directions(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &[u8],
        part: &Part,
    ) -> Result<Row, Failure> {
        Ok(self.sweep(scenario, replica, solid, part)?)
    }
}

/// The solid of a stored row; its species are the classes that the preparation knows, or those of
/// a parameterisation.
///
/// # Errors
/// Where the row is not one of this scenario, or its file is gone.
pub fn stored_solid<const D: usize>(
    study: &Study,
    scenario: &Scenario,
    replica: u64,
    row: &Row,
    theta: Option<&Parameterisation>,
) -> Result<Solid<D>, Failure> {
    let restored = || -> Result<Solid<D>, ReplicaError> {
        let bytes = stored_bytes(&scenario.solid, row)?;
        let key = stream_key(study, &scenario.solid, replica);
        let (solid, attempts) = preparation::decode::<D>(&scenario.solid, &key, &bytes)?;
        let Some(theta) = theta else { return Ok(solid) };
        let assignment = analysis::assignment(&solid, theta, &preparation::used(key, attempts))?;
        Ok(solid.reassigned(assignment.species, assignment.interactions))
    };
    Ok(restored()?)
}

fn stored_bytes(config: &SolidConfig, row: &Row) -> Result<Vec<u8>, ReplicaError> {
    let (n, d) = (config.particles, config.dimension);
    let positions = stored_floats(row, "solids/positions", n * d)?;
    let edges = stored_floats(row, "solids/box", d)?;
    let attempts = match stored(row, "solids/attempts")? {
        Values::I32(values) if values.len() == 1 => u64::try_from(values[0]).unwrap_or(0),
        other => {
            let (what, found) = ("solids/attempts", other.len());
            return Err(ReplicaError::Shape { what, found, expected: 1 });
        }
    };
    Ok(preparation::encode(attempts, edges, positions))
}

fn stored<'r>(row: &'r Row, path: &'static str) -> Result<&'r Values, ReplicaError> {
    stored_column(row, path)
}

fn stored_column<'r>(row: &'r Row, path: &str) -> Result<&'r Values, ReplicaError> {
    row.iter()
        .find(|(name, _)| name == path)
        .map(|(_, values)| values)
        .ok_or_else(|| ReplicaError::MissingColumn(path.to_owned()))
}

fn stored_floats<'r>(
    row: &'r Row,
    path: &'static str,
    expected: usize,
) -> Result<&'r [f64], ReplicaError> {
    match stored(row, path)? {
        Values::F64(values) if values.len() == expected => Ok(values),
        other => Err(ReplicaError::Shape { what: path, found: other.len(), expected }),
    }
}
