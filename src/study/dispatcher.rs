//! Who computes what: a state machine without messages and without a clock, so that it runs under
//! MPI and in virtual time alike.
//!
//! Units (a replica of a scenario) are handed out in contiguous ranges of decreasing length
//! (guided self-scheduling: remaining / (2 · ranks), at least one). Where there are no more than
//! [`TAIL`] units per rank left, they are handed out singly and divided: the rank that prepares a
//! solid goes on with its directions, and a rank without work takes directions of the solid that
//! has most left.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Units per rank below which solids are divided. Ranges shrink to one unit at the same point.
pub const TAIL: u64 = 2;

/// What a rank is asked to do.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Task {
    /// Whole units, one after another.
    Replicas(Range<u64>),
    /// The solid of one unit; its directions are tasks of their own.
    Solid {
        /// The unit.
        unit: u64,
    },
    /// One part of a unit whose solid is prepared.
    Directions {
        /// The unit.
        unit: u64,
        /// Index of the part in the scenario's schema.
        part: usize,
    },
}

/// A prepared solid whose directions are not all handed out.
#[derive(Debug)]
struct Open {
    owner: usize,
    parts: Vec<usize>,
}

/// The state of the distribution.
#[derive(Debug)]
pub struct Dispatcher {
    ranks: u64,
    /// Whether solids may be divided.
    divisible: bool,
    /// Runs of pending units, the next one last.
    runs: Vec<Range<u64>>,
    remaining: u64,
    open: BTreeMap<u64, Open>,
    /// The open units with their owners in front: a rank asks for another solid only when its own has none left.
    owned: BTreeSet<(usize, u64)>,
    /// The open units by the number of directions left; the first of equal ones comes last.
    by_length: BTreeSet<(usize, Reverse<u64>)>,
    /// Solids that were handed out singly and are not reported yet.
    outstanding: u64,
    stopped: bool,
}

impl Dispatcher {
    /// Distributes the pending units (runs in ascending order) among `ranks` ranks. `divisible`
    /// says whether the directions of a solid may go to other ranks.
    pub fn new(pending: Vec<Range<u64>>, ranks: usize, divisible: bool) -> Self {
        let remaining = pending.iter().map(|run| run.end - run.start).sum();
        let mut runs = pending;
        runs.retain(|run| !run.is_empty());
        runs.reverse();
        Dispatcher {
            ranks: ranks as u64,
            divisible: divisible && ranks > 1,
            runs,
            remaining,
            open: BTreeMap::new(),
            owned: BTreeSet::new(),
            by_length: BTreeSet::new(),
            outstanding: 0,
            stopped: false,
        }
    }

    /// The next task of a rank; none where there is nothing now. More may come as long as
    /// [`Dispatcher::is_finished`] is false.
    pub fn next(&mut self, rank: usize) -> Option<Task> {
        if self.stopped {
            return None;
        }
        if let Some(task) = self.own_directions(rank) {
            return Some(task);
        }
        if self.remaining > 0 {
            return Some(self.units());
        }
        let (_, Reverse(unit)) = *self.by_length.last()?;
        self.direction(unit)
    }

    fn own_directions(&mut self, rank: usize) -> Option<Task> {
        let &(_, unit) = self.owned.range((rank, 0)..=(rank, u64::MAX)).next()?;
        self.direction(unit)
    }

    fn direction(&mut self, unit: u64) -> Option<Task> {
        let open = self.open.get_mut(&unit)?;
        self.by_length.remove(&(open.parts.len(), Reverse(unit)));
        let part = open.parts.pop()?;
        if open.parts.is_empty() {
            self.owned.remove(&(open.owner, unit));
            self.open.remove(&unit);
        } else {
            self.by_length.insert((open.parts.len(), Reverse(unit)));
        }
        Some(Task::Directions { unit, part })
    }

    fn units(&mut self) -> Task {
        let tail = self.divisible && self.remaining <= TAIL * self.ranks;
        let wanted = if tail { 1 } else { (self.remaining / (2 * self.ranks)).max(1) };
        let mut taken = 0..0;
        if let Some(run) = self.runs.last_mut() {
            taken = run.start..run.end.min(run.start + wanted);
            run.start = taken.end;
            if run.is_empty() {
                self.runs.pop();
            }
        }
        self.remaining -= taken.end - taken.start;
        if tail {
            self.outstanding += 1;
            Task::Solid { unit: taken.start }
        } else {
            Task::Replicas(taken)
        }
    }

    /// A [`Task::Solid`] is done by `rank`; `parts` are the directions that it still needs (none
    /// where it failed).
    pub fn solid(&mut self, rank: usize, unit: u64, mut parts: Vec<usize>) {
        self.outstanding = self.outstanding.saturating_sub(1);
        if !parts.is_empty() && !self.stopped {
            parts.reverse();
            self.by_length.insert((parts.len(), Reverse(unit)));
            self.owned.insert((rank, unit));
            self.open.insert(unit, Open { owner: rank, parts });
        }
    }

    /// Whether a prepared solid still has directions to hand out.
    pub fn needs_solid(&self, unit: u64) -> bool {
        self.open.contains_key(&unit)
    }

    /// Whether no task will ever come again.
    pub fn is_finished(&self) -> bool {
        self.stopped || (self.remaining == 0 && self.open.is_empty() && self.outstanding == 0)
    }

    /// Hands out nothing any more.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.open.clear();
        self.owned.clear();
        self.by_length.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Serves ranks in turn until nothing comes, each finishing its task at once.
    fn drain(
        dispatcher: &mut Dispatcher,
        ranks: usize,
        parts: usize,
    ) -> (Vec<u64>, Vec<(u64, usize)>) {
        let (mut units, mut directions) = (Vec::new(), Vec::new());
        let mut idle = 0;
        let mut rank = 0;
        while idle < ranks {
            match dispatcher.next(rank) {
                Some(Task::Replicas(range)) => {
                    directions.extend(range.clone().flat_map(|u| (1..parts).map(move |p| (u, p))));
                    units.extend(range);
                    idle = 0;
                }
                Some(Task::Solid { unit }) => {
                    units.push(unit);
                    dispatcher.solid(rank, unit, (1..parts).collect());
                    idle = 0;
                }
                Some(Task::Directions { unit, part }) => {
                    directions.push((unit, part));
                    idle = 0;
                }
                None => idle += 1,
            }
            rank = (rank + 1) % ranks;
        }
        assert!(dispatcher.is_finished());
        (units, directions)
    }

    fn runs(units: u64) -> Vec<Range<u64>> {
        std::iter::once(0..units).collect()
    }

    #[test]
    fn every_part_of_every_unit_is_handed_out_once() {
        for ranks in 1..6 {
            for divisible in [false, true] {
                let pending = vec![0..3, 5..6, 10..60];
                let expected: Vec<u64> = pending.iter().cloned().flatten().collect();
                let mut dispatcher = Dispatcher::new(pending, ranks, divisible);
                let (mut units, mut directions) = drain(&mut dispatcher, ranks, 4);
                units.sort_unstable();
                directions.sort_unstable();
                assert_eq!(units, expected);
                let all: Vec<(u64, usize)> =
                    expected.iter().flat_map(|&u| (1..4).map(move |p| (u, p))).collect();
                assert_eq!(directions, all);
            }
        }
    }

    #[test]
    fn ranges_shrink_to_one() {
        let mut dispatcher = Dispatcher::new(runs(100), 4, false);
        let mut lengths = Vec::new();
        while let Some(Task::Replicas(range)) = dispatcher.next(0) {
            lengths.push(range.end - range.start);
        }
        assert_eq!(lengths[0], 12);
        assert!(lengths.windows(2).all(|pair| pair[1] <= pair[0]));
        assert_eq!(lengths.last(), Some(&1));
    }

    #[test]
    fn a_rank_without_a_solid_takes_directions_of_another_one() {
        let mut dispatcher = Dispatcher::new(runs(1), 2, true);
        assert_eq!(dispatcher.next(0), Some(Task::Solid { unit: 0 }));
        assert_eq!(dispatcher.next(1), None);
        assert!(!dispatcher.is_finished());
        dispatcher.solid(0, 0, vec![1, 2]);
        assert_eq!(dispatcher.next(1), Some(Task::Directions { unit: 0, part: 1 }));
        assert!(dispatcher.needs_solid(0));
        assert_eq!(dispatcher.next(0), Some(Task::Directions { unit: 0, part: 2 }));
        assert!(!dispatcher.needs_solid(0));
        assert!(dispatcher.is_finished());
    }

    #[test]
    fn nothing_is_handed_out_after_a_stop() {
        let mut dispatcher = Dispatcher::new(runs(10), 2, true);
        dispatcher.next(0);
        dispatcher.stop();
        assert_eq!(dispatcher.next(1), None);
        assert!(dispatcher.is_finished());
    }

    #[test]
    fn nothing_pending_is_finished_at_once() {
        assert!(Dispatcher::new(Vec::new(), 3, true).is_finished());
    }
}
