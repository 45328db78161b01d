//! Rank 0's other half: answers requests, carries solids between ranks, counts what is done.

use std::collections::HashMap;

use super::message::{Down, Progress, Up};
use crate::study::dispatcher::{Dispatcher, Task};

/// A message for a rank, with the bytes behind it.
pub(super) type Letter = (usize, Down, Vec<u8>);

/// The state of the run as rank 0 knows it.
pub(super) struct Coordinator {
    dispatcher: Dispatcher,
    waiting: Vec<bool>,
    told_to_drain: Vec<bool>,
    drained: Vec<bool>,
    /// Prepared solids whose directions are not all handed out.
    solids: HashMap<u64, Vec<u8>>,
    discard: bool,
    pub progress: Progress,
}

impl Coordinator {
    pub fn new(dispatcher: Dispatcher, ranks: usize) -> Self {
        Coordinator {
            dispatcher,
            waiting: vec![false; ranks],
            told_to_drain: vec![false; ranks],
            drained: vec![false; ranks],
            solids: HashMap::new(),
            discard: false,
            progress: Progress::default(),
        }
    }

    /// Nothing new is started on any rank.
    pub fn stop(&mut self) {
        self.dispatcher.stop();
        self.solids.clear();
        self.discard = true;
    }

    /// Takes a message of a rank.
    pub fn take(&mut self, rank: usize, message: Up, payload: Vec<u8>) {
        match message {
            Up::Request => self.waiting[rank] = true,
            Up::Solid { unit, parts } => {
                self.dispatcher.solid(rank, unit, parts);
                if self.dispatcher.needs_solid(unit) {
                    self.solids.insert(unit, payload);
                }
            }
            Up::Committed(more) => self.progress += more,
            Up::Stop => self.stop(),
            Up::Drained(rest) => {
                self.drained[rank] = true;
                self.progress += rest;
            }
        }
    }

    /// What is to be sent now.
    pub fn serve(&mut self) -> Vec<Letter> {
        let mut letters = Vec::new();
        for rank in 0..self.waiting.len() {
            if !self.waiting[rank] {
                continue;
            }
            if let Some(task) = self.dispatcher.next(rank) {
                self.waiting[rank] = false;
                let solid = self.solid_for(&task);
                letters.push((rank, Down::Task(task), solid));
            }
        }
        let finished = self.dispatcher.is_finished();
        for rank in 0..self.waiting.len() {
            let tell = self.discard || (finished && self.waiting[rank]);
            if tell && !self.told_to_drain[rank] {
                self.told_to_drain[rank] = true;
                letters.push((rank, Down::Drain { discard: self.discard }, Vec::new()));
            }
        }
        // Rank 0 ends with this, and serves no more.
        if self.drained.iter().all(|&drained| drained) {
            letters.extend((0..self.waiting.len()).map(|rank| (rank, Down::Close, Vec::new())));
        }
        letters
    }

    fn solid_for(&mut self, task: &Task) -> Vec<u8> {
        let Task::Directions { unit, .. } = task else { return Vec::new() };
        let solid = match self.dispatcher.needs_solid(*unit) {
            true => self.solids.get(unit).cloned(),
            false => self.solids.remove(unit),
        };
        solid.unwrap_or_default()
    }
}
