//! What an ensemble design is asked for, and where the solids of its stages stand.

use std::ops::{Range, RangeInclusive};

use crate::design::target::Wanted;
use crate::solid::random::StreamKey;

/// Solids of a pattern: two at the centre, one on either side of it.
const PATTERN: usize = 4;
/// Verifications that a design may make. Each mean of a perfect design is off by more than two errors in
/// 4.6% of them, and so is one of three in 13%.
pub const VERIFICATIONS: usize = 3;

/// What is searched for, and with what.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// What each feature shall become, shape (n_y,).
    pub wanted: Vec<Wanted>,
    /// Range of each x, shape (n_x,).
    pub bounds: Vec<RangeInclusive<f64>>,
    /// The most rounds.
    pub rounds: usize,
    /// Solids of every stage.
    pub solids: usize,
    /// Stages of one verification.
    pub verification: usize,
    /// The key of the scatter.
    pub key: StreamKey,
}

impl Plan {
    /// The fewest solids per stage that determine so many slopes.
    pub fn least_solids(parameters: usize) -> usize {
        PATTERN * (parameters + 1)
    }

    /// How far scattered solids stand from the centre: x has one as its standard deviation.
    pub fn length(&self) -> f64 {
        (self.bounds.len() as f64).sqrt()
    }

    /// Solids of one verification.
    pub fn verified_solids(&self) -> usize {
        self.solids * self.verification
    }

    /// The stages of the verifications: those after start and rounds.
    pub fn verifications(&self) -> Range<usize> {
        self.rounds + 1..self.rounds + 1 + VERIFICATIONS * self.verification
    }

    /// Where a solid of a scattered stage stands beside the centre, shape (n_x,); none for those that stand
    /// there.
    pub fn offset(&self, stage: usize, slot: usize) -> Option<Vec<f64>> {
        let sign = match slot % PATTERN {
            2 => 1.0,
            3 => -1.0,
            _ => return None,
        };
        let place = slot / PATTERN;
        let key = StreamKey { replica: stage as u64, ..self.key };
        let direction = key.directions(self.bounds.len(), place + 1).pop().unwrap_or_default();
        let length = sign * self.length();
        Some(direction.iter().map(|x| length * x).collect())
    }
}
