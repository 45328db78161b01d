//! One solid's pipeline: a pure function of (configuration, seed, indices).
//!
//! The part `Solid` prepares a solid and analyses it *from its bytes*; the parts `Directions` and
//! `Design` analyse the same bytes wherever they are computed. So neither the rank nor the order of the
//! parts can change a bit of the results.

mod analysis;
mod brackets;
mod designs;
mod error;
mod examination;
mod order;
mod preparation;
mod rows;
mod stored_direction;
#[cfg(test)]
mod tests;
mod walk;

use std::sync::Arc;

use crate::analysis::quantities::{self, SOLIDS};
use crate::analysis::values::Row;
use crate::format::row::{Failure, Part};
use crate::format::schema::ScenarioSchema;
use crate::response::allosteric::AllostericPair;
use crate::solid::Solid;
use crate::study::config::{Parameterisation, Scenario, SolidConfig, Study};
use crate::study::schema::{design_group, schemas};
use crate::study::work::Work;
use analysis::Replicate;
pub use brackets::RelaxedBrackets;
use error::ReplicaError;
pub use examination::Examination;
use preparation::stream_key;

/// The solid that was analysed last, in either dimension.
enum Analysed {
    Two(Box<Replicate<2>>),
    Three(Box<Replicate<3>>),
}

/// What has been analysed: scenario, replica, bytes of the solid.
type Identity = (usize, u64, Vec<u8>);

/// The same for a solid in either dimension.
macro_rules! in_either {
    ($analysed:expr, $replicate:ident => $result:expr) => {
        match $analysed {
            Analysed::Two($replicate) => $result,
            Analysed::Three($replicate) => $result,
        }
    };
}
use in_either;

/// Computes the work items of a study; keeps the last solid's analysis between calls.
pub struct Worker {
    study: Arc<Study>,
    schemas: Vec<ScenarioSchema>,
    last: Option<(Identity, Analysed)>,
}

impl Worker {
    /// For this study.
    pub fn new(study: Arc<Study>) -> Worker {
        let schemas = schemas(&study);
        Worker { study, schemas, last: None }
    }

    /// The row of the part `Solid` from the bytes of the solid.
    fn analysed_row(
        &mut self,
        scenario: usize,
        replica: u64,
        bytes: &[u8],
    ) -> Result<Row, ReplicaError> {
        let study = Arc::clone(&self.study);
        let config = &*study.scenarios[scenario].of(replica);
        let analysed = self.analyse(scenario, replica, bytes)?;
        let columns = in_either!(analysed, replicate => rows::solid(replicate, config)?);
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

    /// The analysis of these bytes, which may be the last one.
    fn analyse(
        &mut self,
        scenario: usize,
        replica: u64,
        bytes: &[u8],
    ) -> Result<&mut Analysed, ReplicaError> {
        let wanted = (scenario, replica, bytes.to_vec());
        let last = match self.last.take().filter(|(known, _)| *known == wanted) {
            Some(last) => last,
            None => {
                let config = &*self.study.scenarios[scenario].of(replica);
                let key = stream_key(&self.study, &config.solid, replica);
                let analysed = match config.solid.dimension {
                    2 => Analysed::Two(Box::new(Replicate::new(config, key, bytes)?)),
                    _ => Analysed::Three(Box::new(Replicate::new(config, key, bytes)?)),
                };
                (wanted, analysed)
            }
        };
        Ok(&mut self.last.insert(last).1)
    }

    /// The row of a replica in the file.
    fn slot(&self, replica: u64) -> u64 {
        replica.saturating_sub(self.study.first_replica)
    }
}

impl Work for Worker {
    fn solid(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), Failure> {
        let config = &self.study.scenarios[scenario].of(replica).solid;
        let key = stream_key(&self.study, config, replica);
        let bytes = match config.dimension {
            2 => preparation::prepare::<2>(config, &key)?,
            _ => preparation::prepare::<3>(config, &key)?,
        };
        Ok((self.analysed_row(scenario, replica, &bytes)?, bytes))
    }

    fn restore(&self, scenario: usize, row: &Row) -> Result<Vec<u8>, Failure> {
        Ok(stored_bytes(&self.study.scenarios[scenario].solid, row)?)
    }

    fn directions(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &[u8],
        part: &Part,
    ) -> Result<Row, Failure> {
        let study = Arc::clone(&self.study);
        let (config, slot) = (&*study.scenarios[scenario].of(replica), self.slot(replica));
        let analysed = self.analyse(scenario, replica, solid)?;
        let columns = in_either!(analysed, replicate => match part {
            Part::Solid => return Err(ReplicaError::WrongPart.into()),
            Part::Directions { parameterisation, directions } => {
                rows::directions(replicate, config, *parameterisation, directions, slot)?
            }
            Part::Design { parameterisation, design } => {
                designs::row(replicate, config, *parameterisation, *design)?
            }
        });
        Ok(columns.into_row(&self.schemas[scenario], part, slot)?)
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
    let scenario = &*scenario.of(replica);
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

/// A stored design: over which parameterisation, which one of the scenario, and its row.
pub type StoredDesign<'r> = (&'r Parameterisation, usize, &'r Row);

/// The solid of a stored design; `row` is that of the solid before it.
///
/// # Errors
/// As [`stored_solid`].
pub fn designed_solid<const D: usize>(
    study: &Study,
    scenario: &Scenario,
    replica: u64,
    row: &Row,
    (theta, design, designed): StoredDesign<'_>,
) -> Result<Solid<D>, Failure> {
    let mut solid = stored_solid(study, scenario, replica, row, Some(theta))?;
    let group = design_group(theta, &scenario.design.designs[design]);
    designs::restore(&mut solid, theta, designed, &group)?;
    Ok(solid)
}

/// The pairs of the allosteric features of a stored row.
///
/// # Errors
/// Where the row is not one of this scenario.
pub fn stored_pairs(scenario: &Scenario, row: &Row) -> Result<Vec<AllostericPair>, Failure> {
    Ok(examination::stored_pairs(&scenario.features, row)?)
}

fn stored_bytes(config: &SolidConfig, row: &Row) -> Result<Vec<u8>, ReplicaError> {
    let (n, d) = (config.recipe.particles, config.dimension);
    let positions = quantities::POSITIONS.floats(row, SOLIDS, n * d)?;
    let edges = quantities::BOX.floats(row, SOLIDS, d)?;
    let attempts = quantities::ATTEMPTS.counts(row, SOLIDS, 1)?[0] as u64;
    let sizes = match config.recipe.disorder {
        Some(_) => quantities::SIZE_FACTOR.floats(row, SOLIDS, n)?,
        None => &[],
    };
    Ok(preparation::encode(attempts, edges, positions, sizes))
}
