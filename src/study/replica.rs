//! One solid's pipeline: a pure function of (configuration, seed, indices).

use std::sync::Arc;

use super::config::Study;
use super::work::{Failure, Part, Row, Work};

/// The physics of a study.
pub struct Replica {
    _study: Arc<Study>,
}

impl Replica {
    /// The physics of this study.
    pub fn new(study: Arc<Study>) -> Self {
        Replica { _study: study }
    }
}

fn unconnected() -> Failure {
    Failure { reason: "the physics is not connected yet".to_owned() }
}

impl Work for Replica {
    fn solid(&mut self, _: usize, _: u64) -> Result<(Row, Vec<u8>), Failure> {
        Err(unconnected())
    }

    fn restore(&self, _: usize, _: &Row) -> Result<Vec<u8>, Failure> {
        Err(unconnected())
    }

    fn directions(&mut self, _: usize, _: u64, _: &[u8], _: &Part) -> Result<Row, Failure> {
        Err(unconnected())
    }
}
