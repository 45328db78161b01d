//! Looks at a whole results file again: checksums, stored solids, sweeps, flags, and some items
//! computed anew.

mod comparison;
mod design;
mod findings;
mod flags;
mod rounds;
mod sweeps;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::analysis::quantities::SWEEPS;
use crate::analysis::values::Row;
use crate::format::archive::{ArchiveError, Item, State};
use crate::format::row::{Failure, Part, Stage};
use crate::study::reasons::Reasons;
use crate::study::replica::{Examination, Worker};
use crate::study::results::Results;
use crate::study::statistics::arrays;
use crate::study::work::Work;
use crate::system::program::ComputedBy;
use comparison::{Comparison, Exactness, compare};
pub use design::check_design;
pub use findings::{Check, FINDINGS_KEPT, Flag, Report};
use flags::Flags;

/// Bytes of a column that are read at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Solids per scenario whose Jacobian is compared with finite differences.
const SPOT_CHECKS: u64 = 3;
/// Directions of each of these solids whose brackets are relaxed again, evenly spread.
const SPOT_DIRECTIONS: usize = 2;

/// Checks a results file, and computes this many items anew.
pub fn check(archive: &Results, items: u64) -> Result<Report, ArchiveError> {
    let mut checker = Checker {
        archive,
        worker: Worker::new(Arc::new(archive.study().clone())),
        skeleton: Check::new("labels, scales and identities of the items"),
        statistics: Check::new("/statistics"),
        checksums: Check::new("checksums"),
        solids: Check::new("forces, pressure, contacts at the stored positions"),
        identities: Check::new("identities of J, singular values and vectors"),
        differences: Check::new("J against finite differences"),
        sweeps: Check::new("sweeps: brackets, directions, zeta"),
        brackets: Check::new("brackets relaxed again at both ends"),
        designs: Check::new("designs: targets, forces, features, outcome at the stored positions"),
        again: Check::new("items computed again"),
        pending: 0,
        failed: 0,
        worst: Examination::default(),
    };
    checker.skeleton()?;
    let mut flags = Vec::new();
    let mut whole = Vec::new();
    for scenario in 0..archive.layout().scenarios() {
        checker.scenario(scenario, &mut flags, &mut whole)?;
    }
    checker.recompute(&whole, items)?;
    let Checker { mut solids, mut identities, mut differences, worst, .. } = checker;
    solids.note = format!("residual force at most {:.2} of what is accepted", worst.residual);
    identities.note = format!("violated by at most {:.2} of what is accepted", worst.identities);
    if let Some(difference) = worst.difference {
        differences.note = format!("differences at most {difference:.1e} of |J|");
    }
    let designs = archive.study().scenarios.iter().any(|it| !it.designed().is_empty());
    let mut sections = vec![
        checker.skeleton,
        checker.statistics,
        checker.checksums,
        solids,
        identities,
        differences,
        checker.sweeps,
        checker.brackets,
        checker.again,
    ];
    if designs {
        sections.push(checker.designs);
    }
    if archive.study().ensemble_design.is_some() {
        sections.push(rounds::check(archive)?);
    }
    Ok(Report { sections, flags, pending: checker.pending, failed: checker.failed })
}

/// Whether a checksum of the whole file holds, where it has one.
fn add_sum(check: &mut Check, holds: Option<bool>, wrong: &str) {
    match holds {
        None => check.skip("the file", "an earlier program wrote no checksum of them"),
        Some(true) => check.add("the file", Vec::new()),
        Some(false) => check.add("the file", vec![wrong.to_owned()]),
    }
}

struct Checker<'a> {
    archive: &'a Results,
    worker: Worker,
    skeleton: Check,
    statistics: Check,
    checksums: Check,
    solids: Check,
    identities: Check,
    differences: Check,
    sweeps: Check,
    brackets: Check,
    designs: Check,
    again: Check,
    pending: u64,
    failed: u64,
    worst: Examination,
}

impl Checker<'_> {
    fn place(&self, item: Item) -> String {
        let schema = &self.archive.schemas()[item.scenario];
        let replica = self.archive.replica(item.slot);
        format!(
            "{}, replica {replica}, {}",
            schema.name,
            schema.part_name(&schema.parts[item.part])
        )
    }

    /// Checks a scenario; collects its flags, and the items that are done and whole.
    fn scenario(
        &mut self,
        scenario: usize,
        flags: &mut Vec<Flag>,
        whole: &mut Vec<Item>,
    ) -> Result<(), ArchiveError> {
        let archive = self.archive;
        let schema = &archive.schemas()[scenario];
        let mut counts = Flags::default();
        let mut reasons = Reasons::default();
        let spots = archive.layout().replicas().div_ceil(SPOT_CHECKS).max(1);
        for slots in archive.blocks(scenario, BLOCK_BYTES) {
            let states = archive.states_of(scenario, &slots)?;
            let good = archive.verify(scenario, &slots)?;
            reasons.add_failed(archive, &archive.layout().rows(scenario, &slots), &states)?;
            for (index, (&state, &good)) in states.iter().zip(&good).enumerate() {
                let item = archive.layout().item(scenario, slots.start, index);
                if state == State::Pending && good {
                    self.pending += 1;
                    continue;
                }
                self.failed += u64::from(state == State::Failed);
                let wrong = "the checksum does not hold, or the state does not exist; `amorph run --resume` computes it again";
                let lines = if good { Vec::new() } else { vec![wrong.to_owned()] };
                self.checksums.add(&self.place(item), lines);
                if state == State::Done && good {
                    whole.push(item);
                    let row = archive.row(item)?;
                    self.row(item, &row, item.slot.is_multiple_of(spots))?;
                    counts.count(schema, item, &row);
                }
            }
        }
        flags.extend(counts.raised(schema));
        let reasons = reasons.into_kinds(FINDINGS_KEPT);
        if !reasons.is_empty() {
            let counts = reasons.iter().map(|reason| (reason.to_string(), reason.count)).collect();
            flags.push(Flag {
                scenario: schema.name.clone(),
                path: "/items/reason".to_owned(),
                meaning: "items that have failed; `amorph run --resume --retry-failed` tries again"
                    .to_owned(),
                counts,
            });
        }
        Ok(())
    }

    fn skeleton(&mut self) -> Result<(), ArchiveError> {
        let reserved = arrays::columns(self.archive.study());
        let wrong = "the checksum does not hold: the meaning of rows and columns is not sure";
        add_sum(&mut self.skeleton, self.archive.verify_skeleton(&reserved)?, wrong);
        let wrong = "the checksum does not hold; `amorph run --resume` writes them again";
        add_sum(&mut self.statistics, self.archive.verify_arrays(&reserved)?, wrong);
        Ok(())
    }

    fn row(&mut self, item: Item, row: &Row, spot: bool) -> Result<(), ArchiveError> {
        let place = self.place(item);
        let schema = &self.archive.schemas()[item.scenario];
        let part = &schema.parts[item.part];
        match part {
            Part::Solid => {
                let replica = self.archive.replica(item.slot);
                let examined = self.worker.examine(item.scenario, replica, row, spot);
                match examined {
                    Ok(found) => {
                        let scenario = &self.archive.study().scenarios[item.scenario];
                        let has_jacobian = !scenario.parameterisations().is_empty();
                        self.examined(&place, found, spot && has_jacobian);
                    }
                    Err(failure) => self.solids.add(&place, vec![failure.reason]),
                }
            }
            Part::Directions { parameterisation, directions } => {
                let group = format!("{}/{SWEEPS}", schema.parameterisations[*parameterisation]);
                let lines = sweeps::findings(row, &group, directions.len());
                self.sweeps.add(&place, lines);
                if spot && self.is_spot(item) {
                    self.relax_brackets(item, &place, row)?;
                }
            }
            Part::Design { .. } => self.design(item, &place, row, spot)?,
        }
        Ok(())
    }

    /// Examines a design.
    fn design(
        &mut self,
        item: Item,
        place: &str,
        row: &Row,
        spot: bool,
    ) -> Result<(), ArchiveError> {
        let slot = item.slot..item.slot + 1;
        if self.archive.states_of(item.scenario, &slot)?[0] != State::Done {
            self.designs.skip(place, "the solid is not done");
            return Ok(());
        }
        let part = self.archive.schemas()[item.scenario].parts[item.part].clone();
        let (replica, solid) =
            (self.archive.replica(item.slot), self.archive.row(Item { part: 0, ..item })?);
        let found = self.worker.examine_design(item.scenario, replica, &solid, &part, row, spot);
        self.designs.add(place, found.unwrap_or_else(|failure| vec![failure.reason]));
        Ok(())
    }

    /// Whether the brackets of this block of directions are relaxed again: of every parameterisation
    /// some blocks, evenly spread.
    fn is_spot(&self, item: Item) -> bool {
        let parts = &self.archive.schemas()[item.scenario].parts;
        let own = parts[item.part].stage();
        let count = |parts: &[Part]| parts.iter().filter(|it| it.stage() == own).count();
        let (blocks, place) = (count(parts), count(&parts[..item.part]));
        place.is_multiple_of(blocks.div_ceil(SPOT_DIRECTIONS).max(1))
    }

    /// Relaxes the first direction of a block at both ends of its brackets.
    fn relax_brackets(&mut self, item: Item, place: &str, row: &Row) -> Result<(), ArchiveError> {
        let slot = item.slot..item.slot + 1;
        if self.archive.states_of(item.scenario, &slot)?[0] != State::Done {
            self.brackets.skip(place, "the solid is not done");
            return Ok(());
        }
        let replica = self.archive.replica(item.slot);
        let part = self.archive.schemas()[item.scenario].parts[item.part].clone();
        let solid = self.archive.row(Item { part: 0, ..item })?;
        match self.worker.relax_brackets(item.scenario, replica, &solid, &part, row) {
            Ok(found) => {
                found.undecided.iter().for_each(|reason| self.brackets.skip(place, reason));
                if found.looked_at > 0 {
                    self.brackets.add(place, found.wrong);
                }
            }
            Err(failure) => self.brackets.add(place, vec![failure.reason]),
        }
        Ok(())
    }

    fn examined(&mut self, place: &str, found: Examination, spot: bool) {
        // A comparison that fails for NaN must not hide it.
        let larger = |a: f64, b: f64| if b <= a { a } else { b };
        self.worst.residual = larger(self.worst.residual, found.residual);
        self.worst.identities = larger(self.worst.identities, found.identities);
        self.solids.add(place, found.mechanics);
        self.identities.add(place, found.algebra);
        if let Some(difference) = found.difference {
            let worst = self.worst.difference.unwrap_or(0.0);
            self.worst.difference = Some(larger(worst, difference));
            self.differences.add(place, found.derivative);
        } else if spot {
            self.differences.skip(place, "the solid is wrong, or every step changes a contact");
        }
    }

    /// Computes some items anew, evenly spread over those that are done: from the beginning and bit
    /// for bit where this program and this kind of processor have computed them; otherwise from the
    /// stored positions and to rounding, because the way from a random start to its minimum is as
    /// sensitive as the weather.
    fn recompute(&mut self, whole: &[Item], items: u64) -> Result<(), ArchiveError> {
        let here = ComputedBy::here();
        let mut foreign = BTreeSet::new();
        let wanted = usize::try_from(items).unwrap_or(usize::MAX).min(whole.len());
        for index in 0..wanted {
            let item = whole[index * whole.len() / wanted];
            let origin = self.archive.computed_by(self.archive.layout().row(item))?;
            let exactness = if origin == here { Exactness::Bits } else { Exactness::Rounding };
            let stored = self.archive.row(item)?;
            let place = self.place(item);
            let stage = self.archive.schemas()[item.scenario].parts[item.part].stage();
            if let (Exactness::Rounding, Stage::Design(..)) = (exactness, stage) {
                self.again.skip(&place, "a design's way depends on every rounding");
                foreign.insert(origin);
                continue;
            }
            match self.compute(item, &stored, exactness)? {
                Ok(row) => match compare(&stored, &row, exactness) {
                    Comparison::Differences(lines) => self.again.add(&place, lines),
                    Comparison::Impossible(reason) => self.again.skip(&place, reason),
                },
                Err(failure) => self.again.add(&place, vec![format!("fails now: {failure}")]),
            }
            if origin != here {
                foreign.insert(origin);
            }
        }
        self.again.note = match (wanted, foreign.is_empty()) {
            (0, _) => String::new(),
            (_, true) => "bit for bit".to_owned(),
            (_, false) => "to rounding, from the stored positions".to_owned(),
        };
        for origin in foreign {
            self.again.undecided.push(format!(
                "computed by {origin}, this is {here}: compared to rounding, not bit for bit"
            ));
        }
        Ok(())
    }

    fn compute(
        &mut self,
        item: Item,
        stored: &Row,
        exactness: Exactness,
    ) -> Result<Result<Row, Failure>, ArchiveError> {
        let replica = self.archive.replica(item.slot);
        let part = self.archive.schemas()[item.scenario].parts[item.part].clone();
        if part == Part::Solid {
            return Ok(match exactness {
                Exactness::Bits => self.worker.solid(item.scenario, replica).map(|(row, _)| row),
                Exactness::Rounding => self.worker.analyse_again(item.scenario, replica, stored),
            });
        }
        let solid = self.archive.row(Item { part: 0, ..item })?;
        Ok(self
            .worker
            .restore(item.scenario, &solid)
            .and_then(|bytes| self.worker.directions(item.scenario, replica, &bytes, &part)))
    }
}
