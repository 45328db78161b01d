//! Work for tests of the engine: every value is a hash of its place.

use std::sync::Arc;
use std::time::Duration;

use xxhash_rust::xxh3::xxh3_64;

use crate::analysis::quantities::INERT;
use crate::analysis::values::Kind;
use crate::analysis::values::{Row, Values};
use crate::format::archive::{Finished, Item};
use crate::format::row::{Failure, Part};
use crate::format::schema::ScenarioSchema;
use crate::study::config::Study;
use crate::study::schema::schemas;
use crate::study::work::Work;

/// Deterministic rows of the right shape. Solid `failing` fails; every part takes `delay`.
pub struct Synthetic {
    study: Arc<Study>,
    schemas: Vec<ScenarioSchema>,
    /// The replica whose solid fails.
    pub failing: Option<u64>,
    /// The replica whose solid panics.
    pub panicking: Option<u64>,
    /// Time that every part takes.
    pub delay: Duration,
}

impl Synthetic {
    /// Work for a study.
    pub fn new(study: Arc<Study>) -> Self {
        let schemas = schemas(&study);
        Synthetic { study, schemas, failing: None, panicking: None, delay: Duration::ZERO }
    }

    /// Every item of the study.
    pub fn items(&self) -> Vec<Item> {
        let mut all = Vec::new();
        for (scenario, schema) in self.schemas.iter().enumerate() {
            for slot in 0..self.study.replicas {
                all.extend((0..schema.parts.len()).map(|part| Item { scenario, slot, part }));
            }
        }
        all
    }

    /// An item, ready to be written.
    pub fn finished(&mut self, item: Item) -> Finished {
        let replica = self.study.first_replica + item.slot;
        let part = self.schemas[item.scenario].parts[item.part].clone();
        let solid = self.solid(item.scenario, replica);
        let outcome = solid.and_then(|(row, bytes)| match part {
            Part::Solid => Ok(row),
            _ => self.directions(item.scenario, replica, &bytes, &part),
        });
        Finished { item, outcome: Some(outcome), seconds: 0.5, finished: 1.0 }
    }

    fn row(&self, scenario: usize, replica: u64, part: &Part) -> Row {
        let schema = &self.schemas[scenario];
        let slot = replica - self.study.first_replica;
        schema
            .columns_of(part, slot)
            .map(|index| {
                let column = &schema.columns[index];
                let value = |offset: usize| {
                    let place = format!("{scenario} {replica} {} {offset}", column.path);
                    xxh3_64(place.as_bytes())
                };
                let range = column.values_of(part).expect("a column of the part");
                let values = match column.kind {
                    Kind::F64 => {
                        Values::F64(range.map(|i| value(i) as f64 / u64::MAX as f64).collect())
                    }
                    Kind::I32 => Values::I32(range.map(|i| (value(i) % 100) as i32).collect()),
                    // No parameter is inert.
                    Kind::U8 if column.path.ends_with(INERT.name) => {
                        Values::U8(vec![0; range.len()])
                    }
                    Kind::U8 | Kind::Text(_) => {
                        Values::U8(range.map(|i| (value(i) % 2) as u8).collect())
                    }
                };
                (column.path.clone(), values)
            })
            .collect()
    }

    fn bytes(scenario: usize, replica: u64) -> Vec<u8> {
        format!("solid {scenario} {replica}").into_bytes()
    }
}

impl Work for Synthetic {
    fn solid(&mut self, scenario: usize, replica: u64) -> Result<(Row, Vec<u8>), Failure> {
        std::thread::sleep(self.delay);
        if self.failing == Some(replica) {
            return Err(Failure { reason: "not jammed\u{2014}a test".to_owned() });
        }
        assert!(self.panicking != Some(replica), "a panic in the physics");
        Ok((self.row(scenario, replica, &Part::Solid), Self::bytes(scenario, replica)))
    }

    fn restore(&self, scenario: usize, row: &Row) -> Result<Vec<u8>, Failure> {
        let replicas = self.study.first_replica..self.study.first_replica + self.study.replicas;
        let found = replicas.into_iter().find(|&r| self.row(scenario, r, &Part::Solid) == *row);
        found
            .map(|replica| Self::bytes(scenario, replica))
            .ok_or_else(|| Failure { reason: "not a row of this study".to_owned() })
    }

    fn directions(
        &mut self,
        scenario: usize,
        replica: u64,
        solid: &[u8],
        part: &Part,
    ) -> Result<Row, Failure> {
        std::thread::sleep(self.delay);
        assert_eq!(solid, Self::bytes(scenario, replica), "the solid belongs to the replica");
        Ok(self.row(scenario, replica, part))
    }
}
