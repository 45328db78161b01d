//! Collects the statistics from one or several results files.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use super::{
    Bounds, Causes, Cost, Counts, Distribution, ScenarioStatistics, SetStatistics, Statistics,
    SweepStatistics, ThetaStatistics,
};
use crate::analysis::directions::DirectionResult;
use crate::analysis::quantities::{self, SWEEPS, THRESHOLDS};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::Values;
use crate::format::archive::{ArchiveError, State};
use crate::format::row::Part;
use crate::format::schema::PartKind;
use crate::linearity::cause::Cause;
use crate::report::quantile::Quantiles;
use crate::study::config::{Parameterisation, Scenario, set_name};
use crate::study::reasons::{Reason, Reasons};
use crate::study::results::Results;
use crate::study::statistics::PROBABILITIES;
use crate::study::statistics::arrays::REASONS;

/// Bytes of a column that are read at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Files that cannot be put together.
#[derive(Debug, thiserror::Error)]
pub enum StatisticsError {
    /// A file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Files of different studies.
    #[error(
        "{second}: another study than {first}: apart from replicas and first_replica their configurations must be equal"
    )]
    DifferentStudies {
        /// A file.
        first: String,
        /// Another one.
        second: String,
    },
    /// The same replicas twice.
    #[error(
        "{second}: replicas {overlap:?} are also in {first}; give files with disjoint replicas"
    )]
    Overlap {
        /// A file.
        first: String,
        /// Another one.
        second: String,
        /// The replicas that both hold.
        overlap: Range<u64>,
    },
}

/// The statistics of the files of one study.
pub fn collect(archives: &[Results]) -> Result<Statistics, StatisticsError> {
    check_compatible(archives)?;
    let Some(first) = archives.first() else {
        return Ok(Statistics {
            study: String::new(),
            probabilities: PROBABILITIES.to_vec(),
            corrupt: 0,
            scenarios: Vec::new(),
        });
    };
    let mut corrupt = 0;
    let mut scenarios = Vec::new();
    for (index, scenario) in first.study().scenarios.iter().enumerate() {
        let (statistics, bad) = Collector::new(archives, index, scenario)?.collect()?;
        corrupt += bad;
        scenarios.push(statistics);
    }
    Ok(Statistics {
        study: first.study().name.clone(),
        probabilities: PROBABILITIES.to_vec(),
        corrupt,
        scenarios,
    })
}

fn check_compatible(archives: &[Results]) -> Result<(), StatisticsError> {
    let name = |archive: &Results| archive.path().display().to_string();
    for (index, second) in archives.iter().enumerate() {
        for first in &archives[..index] {
            if first.study().ensemble_hash() != second.study().ensemble_hash() {
                return Err(StatisticsError::DifferentStudies {
                    first: name(first),
                    second: name(second),
                });
            }
            let range = |archive: &Results| {
                let study = archive.study();
                study.first_replica..study.first_replica + study.replicas
            };
            let (a, b) = (range(first), range(second));
            let overlap = a.start.max(b.start)..a.end.min(b.end);
            if !overlap.is_empty() {
                return Err(StatisticsError::Overlap {
                    first: name(first),
                    second: name(second),
                    overlap,
                });
            }
        }
    }
    Ok(())
}

/// The collection of one scenario.
struct Collector<'a> {
    archives: &'a [Results],
    scenario: usize,
    config: &'a Scenario,
    thetas: Vec<Parameterisation>,
    /// Items whose checksum does not hold.
    corrupt: u64,
    /// The blocks that hold them, as (path, first slot): these are verified at every visit.
    corrupt_blocks: HashSet<(&'a Path, u64)>,
}

/// The columns of a threshold, and of what it is multiplied with.
struct Threshold {
    bracket: usize,
    cause: usize,
    factor: Option<usize>,
}

impl<'a> Collector<'a> {
    fn new(
        archives: &'a [Results],
        scenario: usize,
        config: &'a Scenario,
    ) -> Result<Self, ArchiveError> {
        let mut collector = Collector {
            archives,
            scenario,
            config,
            thetas: config.parameterisations(),
            corrupt: 0,
            corrupt_blocks: HashSet::new(),
        };
        for (archive, slots) in collector.blocks() {
            let good = archive.verify(scenario, &slots)?;
            let corrupt = good.iter().filter(|good| !**good).count() as u64;
            if corrupt > 0 {
                collector.corrupt += corrupt;
                collector.corrupt_blocks.insert((archive.path(), slots.start));
            }
        }
        Ok(collector)
    }

    /// Blocks of slots of all files.
    fn blocks(&self) -> Vec<(&'a Results, Range<u64>)> {
        let mut blocks = Vec::new();
        for archive in self.archives {
            let step = archive.slots_at_once(self.scenario, BLOCK_BYTES);
            let replicas = archive.study().replicas;
            let mut first = 0;
            while first < replicas {
                blocks.push((archive, first..(first + step).min(replicas)));
                first += step;
            }
        }
        blocks
    }

    /// The states of the slots' parts; an item whose checksum does not hold is pending.
    fn states(&self, archive: &Results, slots: &Range<u64>) -> Result<Vec<State>, ArchiveError> {
        let mut states = archive.states_of(self.scenario, slots)?;
        if self.corrupt_blocks.contains(&(archive.path(), slots.start)) {
            let good = archive.verify(self.scenario, slots)?;
            for (state, good) in states.iter_mut().zip(good) {
                if !good {
                    *state = State::Pending;
                }
            }
        }
        Ok(states)
    }

    fn collect(mut self) -> Result<(ScenarioStatistics, u64), ArchiveError> {
        let (items, solids, reasons) = self.count()?;
        let thetas = std::mem::take(&mut self.thetas);
        let mut parameterisations = Vec::new();
        for (index, theta) in thetas.iter().enumerate() {
            parameterisations.push(self.theta(index, theta)?);
        }
        let statistics = ScenarioStatistics {
            name: self.config.name.clone(),
            items,
            solids,
            reasons,
            parameterisations,
        };
        Ok((statistics, self.corrupt))
    }

    /// Items, solids, and reasons of failures.
    fn count(&self) -> Result<(Counts, Counts, Vec<Reason>), ArchiveError> {
        let (mut items, mut solids) = (Counts::default(), Counts::default());
        let mut reasons = Reasons::default();
        for (archive, slots) in self.blocks() {
            let parts = archive.layout().parts(self.scenario);
            let states = self.states(archive, &slots)?;
            for (index, &state) in states.iter().enumerate() {
                items.add(state);
                if index % parts == 0 {
                    solids.add(state);
                }
            }
            if states.contains(&State::Failed) {
                let rows = archive.layout().rows(self.scenario, slots.start).start
                    ..archive.layout().rows(self.scenario, slots.end - 1).end;
                for (state, reason) in states.iter().zip(archive.reasons(&rows)?) {
                    if *state == State::Failed {
                        reasons.add(&reason);
                    }
                }
            }
        }
        Ok((items, solids, reasons.into_kinds(REASONS)))
    }

    fn theta(
        &self,
        index: usize,
        theta: &Parameterisation,
    ) -> Result<ThetaStatistics, ArchiveError> {
        let mut sets = Vec::new();
        for set in &self.config.features.sets {
            let path = format!("{}/{}", theta.name, set_name(set));
            let features = self.config.features.set_labels(set, self.config.solid.dimension).len();
            let largest_rank = features.min(theta.parameters());
            let (full_rank, ranks) = self.ranks(&quantities::RANK.path(&path), largest_rank)?;
            sets.push(SetStatistics {
                name: set_name(set),
                features,
                largest_rank,
                full_rank,
                ranks,
                singular_values: self.summary(&quantities::SINGULAR_VALUES.path(&path))?,
            });
        }
        let swept = self.config.swept().contains(&index);
        Ok(ThetaStatistics {
            name: theta.name.clone(),
            parameters: theta.parameters(),
            sets,
            sweeps: if swept { Some(self.sweeps(&theta.name)?) } else { None },
        })
    }

    fn sweeps(&self, theta: &str) -> Result<SweepStatistics, ArchiveError> {
        let group = format!("{theta}/{SWEEPS}");
        let path = |quantity: &Quantity<DirectionResult>| quantity.path(&group);
        let bounds = |(bracket, cause): (&Quantity<_>, &Quantity<_>), factor: Option<&str>| {
            self.bounds(&path(bracket), &path(cause), factor)
        };
        let [star, contact, rearrangement] = THRESHOLDS;
        let causes = |cause: &Quantity<_>| -> Result<Vec<u64>, ArchiveError> {
            let mut counts = vec![0; Cause::ALL.len()];
            self.visit(&path(cause), |values| {
                if let Values::U8(codes) = values {
                    for &code in codes {
                        if let Some(count) = counts.get_mut(usize::from(code)) {
                            *count += 1;
                        }
                    }
                }
            })?;
            Ok(counts)
        };
        let causes = Causes {
            gamma_star: causes(star.1)?,
            gamma_contact: causes(contact.1)?,
            gamma_rearrangement: causes(rearrangement.1)?,
        };
        let directions: u64 = causes.gamma_star.iter().sum();
        let mean = |count: &Quantity<_>| -> Result<f64, ArchiveError> {
            let mut sum = 0_i64;
            self.visit(&path(count), |values| {
                if let Values::I32(counts) = values {
                    sum += counts.iter().map(|&count| i64::from(count)).sum::<i64>();
                }
            })?;
            Ok(if directions == 0 { 0.0 } else { sum as f64 / directions as f64 })
        };
        Ok(SweepStatistics {
            set: set_name(&self.config.sweep.set),
            directions,
            gamma_star: bounds(star, None)?,
            gamma_contact: bounds(contact, None)?,
            gamma_rearrangement: bounds(rearrangement, None)?,
            gamma_tilde: self.summary(&path(&quantities::GAMMA_TILDE))?,
            zeta: bounds(star, Some(&path(&quantities::SUSCEPTIBILITY)))?,
            causes,
            cost: Cost {
                steps: mean(&quantities::STEPS)?,
                relaxations: mean(&quantities::RELAXATIONS)?,
                factorisations: mean(&quantities::FACTORISATIONS)?,
                force_evaluations: mean(&quantities::FORCE_EVALUATIONS)?,
            },
        })
    }

    fn column(&self, path: &str) -> Option<usize> {
        self.archives.first().and_then(|archive| archive.column_index(self.scenario, path))
    }

    fn ranks(&self, path: &str, largest: usize) -> Result<(u64, Option<(i32, i32)>), ArchiveError> {
        let mut full = 0;
        let mut ranks: Option<(i32, i32)> = None;
        self.visit(path, |values| {
            if let Values::I32(found) = values {
                for &rank in found {
                    full += u64::from(rank as usize == largest);
                    let (low, high) = ranks.unwrap_or((rank, rank));
                    ranks = Some((low.min(rank), high.max(rank)));
                }
            }
        })?;
        Ok((full, ranks))
    }

    /// Calls `body` with the done values of a column.
    fn visit(&self, path: &str, mut body: impl FnMut(&Values)) -> Result<(), ArchiveError> {
        let Some(column) = self.column(path) else { return Ok(()) };
        for (archive, slots) in self.blocks() {
            let values = archive.column(self.scenario, column, &slots)?;
            let states = self.states(archive, &slots)?;
            for range in self.done_ranges(archive, column, &states) {
                body(&slice(&values, &range));
            }
        }
        Ok(())
    }

    /// The quantiles of a column.
    fn summary(&self, path: &str) -> Result<Distribution, ArchiveError> {
        let mut quantiles = Quantiles::new(&PROBABILITIES);
        while !quantiles.is_done() {
            self.visit(path, |values| {
                if let Values::F64(values) = values {
                    values.iter().for_each(|&value| quantiles.add(value));
                }
            })?;
            quantiles.end_pass();
        }
        Ok(Distribution { count: quantiles.count(), quantiles: quantiles.values() })
    }

    /// The bounds of the quantiles of a threshold, or of its product with the column `factor`.
    /// Brackets count by the geometric mean of their ends; one without an upper end is censored.
    fn bounds(
        &self,
        path: &str,
        cause: &str,
        factor: Option<&str>,
    ) -> Result<Bounds, ArchiveError> {
        let (mut lower, mut upper) =
            (Quantiles::new(&PROBABILITIES), Quantiles::new(&PROBABILITIES));
        let mut censored = vec![0; Cause::ALL.len()];
        if let (Some(bracket), Some(cause)) = (self.column(path), self.column(cause)) {
            let factor = factor.and_then(|path| self.column(path));
            let threshold = Threshold { bracket, cause, factor };
            let mut first = true;
            while !(lower.is_done() && upper.is_done()) {
                self.visit_threshold(&threshold, |factor, [lo, hi], cause| {
                    // Nothing was looked for.
                    if lo.is_nan() {
                        return;
                    }
                    let found = !hi.is_nan();
                    let centre = factor * (lo * hi).sqrt();
                    lower.add(if found { centre } else { factor * lo });
                    upper.add(if found { centre } else { f64::INFINITY });
                    if let (true, false, Some(count)) =
                        (first, found, censored.get_mut(usize::from(cause)))
                    {
                        *count += 1;
                    }
                })?;
                lower.end_pass();
                upper.end_pass();
                first = false;
            }
        }
        Ok(Bounds { count: lower.count(), censored, lower: lower.values(), upper: upper.values() })
    }

    /// Calls `body` with (factor or 1, bracket, cause) of every done direction.
    fn visit_threshold(
        &self,
        threshold: &Threshold,
        mut body: impl FnMut(f64, [f64; 2], u8),
    ) -> Result<(), ArchiveError> {
        for (archive, slots) in self.blocks() {
            let read = |column| archive.column(self.scenario, column, &slots);
            let (Values::F64(brackets), Values::U8(causes)) =
                (read(threshold.bracket)?, read(threshold.cause)?)
            else {
                continue;
            };
            let factors = threshold.factor.map(read).transpose()?;
            let states = self.states(archive, &slots)?;
            for range in self.done_ranges(archive, threshold.cause, &states) {
                for direction in range {
                    let factor = match &factors {
                        Some(Values::F64(factors)) => factors[direction],
                        _ => 1.0,
                    };
                    let bracket = [brackets[2 * direction], brackets[2 * direction + 1]];
                    body(factor, bracket, causes[direction]);
                }
            }
        }
        Ok(())
    }

    /// The ranges of a block of a column's values that belong to done items.
    fn done_ranges(&self, archive: &Results, column: usize, states: &[State]) -> Vec<Range<usize>> {
        let schema = &archive.schemas()[self.scenario];
        let column = &schema.columns[column];
        let (parts, row) = (schema.parts.len(), column.row_length());
        let mut ranges = Vec::new();
        for (slot, states) in states.chunks(parts).enumerate() {
            for (part, state) in schema.parts.iter().zip(states) {
                let within = match (part, column.part) {
                    (Part::Solid, PartKind::Solid) => 0..row,
                    (
                        Part::Directions { parameterisation, directions },
                        PartKind::Directions { parameterisation: owner },
                    ) if *parameterisation == owner => {
                        let one = row / column.axes[0].length;
                        directions.start * one..directions.end * one
                    }
                    _ => continue,
                };
                if *state == State::Done {
                    ranges.push(slot * row + within.start..slot * row + within.end);
                }
            }
        }
        ranges
    }
}

fn slice(values: &Values, range: &Range<usize>) -> Values {
    match values {
        Values::F64(values) => Values::F64(values[range.clone()].to_vec()),
        Values::I32(values) => Values::I32(values[range.clone()].to_vec()),
        Values::U8(values) => Values::U8(values[range.clone()].to_vec()),
    }
}
