//! Looks at a whole results file again: checksums, stored solids, sweeps, flags, and some items
//! computed anew, bit for bit.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::archive::{Archive, ArchiveError, Item, State};
use super::provenance::program;
use super::replica::{Examination, Replica};
use super::work::{Part, Row, Values, Work};

/// Bytes of a column that are read at once.
const BLOCK_BYTES: usize = 1 << 20;
/// Solids per scenario whose Jacobian is compared with finite differences.
const SPOT_CHECKS: u64 = 3;
/// Rounding of quantities that follow from stored ones.
const ROUNDING: f64 = 1e-9;
/// Findings of one kind that are kept as text.
pub const FINDINGS_KEPT: usize = 20;

/// How much is checked.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Items that are computed anew.
    pub items: u64,
}

/// One kind of check with what it found.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Section {
    /// What was looked at.
    pub name: &'static str,
    /// How many.
    pub looked_at: u64,
    /// How many of them are wrong.
    pub wrong: u64,
    /// A figure for people: the worst case.
    pub note: String,
    /// The first findings, one line each.
    pub findings: Vec<String>,
}

impl Section {
    fn new(name: &'static str) -> Self {
        Section { name, ..Section::default() }
    }

    /// One thing was looked at; where `lines` says something it is wrong.
    fn add(&mut self, place: &str, lines: Vec<String>) {
        self.looked_at += 1;
        self.wrong += u64::from(!lines.is_empty());
        for line in lines {
            if self.findings.len() < FINDINGS_KEPT {
                self.findings.push(format!("{place}: {line}"));
            }
        }
    }
}

/// How often a flag is raised, and what it means.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Flag {
    /// The scenario.
    pub scenario: String,
    /// The column, or `/items/reason`.
    pub path: String,
    /// What the column says.
    pub meaning: String,
    /// Values by their names, those that occur.
    pub counts: Vec<(String, u64)>,
}

/// Everything that a check found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// The checks.
    pub sections: Vec<Section>,
    /// The flags that are raised: not wrong, but to be known.
    pub flags: Vec<Flag>,
    /// Items that are not computed yet.
    pub pending: u64,
    /// Items that have failed.
    pub failed: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.sections.iter().all(|section| section.wrong == 0)
    }
}

/// Checks a results file.
pub fn check(archive: &Archive, settings: &Settings) -> Result<Report, ArchiveError> {
    let mut checker = Checker {
        archive,
        replica: Replica::new(Arc::new(archive.study().clone())),
        checksums: Section::new("checksums"),
        solids: Section::new("forces, pressure, contacts at the stored positions"),
        identities: Section::new("identities of J, singular values and vectors"),
        differences: Section::new("J against finite differences"),
        sweeps: Section::new("sweeps: brackets, directions, zeta"),
        again: Section::new("items computed again, bit for bit"),
        pending: 0,
        failed: 0,
        worst: Examination::default(),
    };
    let mut flags = Vec::new();
    let mut whole = Vec::new();
    for scenario in 0..archive.layout().scenarios() {
        checker.scenario(scenario, &mut flags, &mut whole)?;
    }
    checker.recompute(&whole, settings.items)?;
    let Checker { mut solids, mut identities, mut differences, worst, .. } = checker;
    solids.note = format!("residual force at most {:.2} of what is accepted", worst.residual);
    identities.note = format!("violated by at most {:.2} of what is accepted", worst.identities);
    if let Some(difference) = worst.difference {
        differences.note = format!("relative difference at most {difference:.1e}");
    }
    Ok(Report {
        sections: vec![
            checker.checksums,
            solids,
            identities,
            differences,
            checker.sweeps,
            checker.again,
        ],
        flags,
        pending: checker.pending,
        failed: checker.failed,
    })
}

struct Checker<'a> {
    archive: &'a Archive,
    replica: Replica,
    checksums: Section,
    solids: Section,
    identities: Section,
    differences: Section,
    sweeps: Section,
    again: Section,
    pending: u64,
    failed: u64,
    worst: Examination,
}

impl Checker<'_> {
    fn place(&self, item: Item) -> String {
        let schema = &self.archive.schemas()[item.scenario];
        let replica = self.archive.study().first_replica + item.slot;
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
        let replicas = archive.layout().replicas();
        let parts = schema.parts.len();
        let mut counts: BTreeMap<usize, BTreeMap<u8, u64>> = BTreeMap::new();
        let mut reasons: BTreeMap<String, u64> = BTreeMap::new();
        let spots = replicas.div_ceil(SPOT_CHECKS).max(1);
        let step = archive.slots_at_once(scenario, BLOCK_BYTES);
        for first in (0..replicas).step_by(usize::try_from(step).unwrap_or(usize::MAX)) {
            let slots = first..(first + step).min(replicas);
            let states = archive.states_of(scenario, &slots)?;
            let good = archive.verify(scenario, &slots)?;
            for (index, (&state, &good)) in states.iter().zip(&good).enumerate() {
                let item =
                    Item { scenario, slot: first + (index / parts) as u64, part: index % parts };
                match state {
                    State::Pending => self.pending += u64::from(good),
                    State::Failed => {
                        self.failed += 1;
                        let row = archive.layout().row(item);
                        for reason in archive.reasons(&(row..row + 1))? {
                            *reasons.entry(reason).or_default() += 1;
                        }
                    }
                    State::Done => {}
                }
                if state == State::Pending && good {
                    continue;
                }
                let wrong = "the checksum does not hold, or the state does not exist; `amorph run --resume` computes it again";
                let lines = if good { Vec::new() } else { vec![wrong.to_owned()] };
                self.checksums.add(&self.place(item), lines);
                if state == State::Done && good {
                    whole.push(item);
                    let row = archive.row(item)?;
                    self.row(item, &row, item.slot.is_multiple_of(spots));
                    count_flags(archive, item, &row, &mut counts);
                }
            }
        }
        for (column, values) in counts {
            flags.extend(flag(archive, scenario, column, &values));
        }
        if !reasons.is_empty() {
            let mut counts: Vec<(String, u64)> = reasons.into_iter().collect();
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            counts.truncate(FINDINGS_KEPT);
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

    fn row(&mut self, item: Item, row: &Row, spot: bool) {
        let place = self.place(item);
        let part = &self.archive.schemas()[item.scenario].parts[item.part];
        match part {
            Part::Solid => {
                let replica = self.archive.study().first_replica + item.slot;
                let examined = self.replica.examine(item.scenario, replica, row, spot);
                match examined {
                    Ok(found) => self.examined(&place, found, spot),
                    Err(reason) => self.solids.add(&place, vec![reason]),
                }
            }
            Part::Directions { directions, .. } => {
                let lines = sweep_findings(row, directions.len());
                self.sweeps.add(&place, lines);
            }
        }
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
            self.differences
                .findings
                .push(format!("{place}: not compared, every step changes a contact (not wrong)"));
        }
    }

    /// Computes some items anew, evenly spread over those that are done.
    fn recompute(&mut self, whole: &[Item], items: u64) -> Result<(), ArchiveError> {
        let mut foreign = BTreeSet::new();
        let wanted = usize::try_from(items).unwrap_or(usize::MAX).min(whole.len());
        for index in 0..wanted {
            let item = whole[index * whole.len() / wanted];
            let stored = self.archive.row(item)?;
            let place = self.place(item);
            let lines = match self.compute(item)? {
                Ok(row) => different_columns(&stored, &row),
                Err(reason) => vec![format!("fails now: {reason}")],
            };
            self.again.add(&place, lines);
            foreign.insert(self.archive.program_of(self.archive.layout().row(item))?);
        }
        foreign.remove(&program());
        for wrote in foreign {
            self.again.findings.push(format!(
                "computed by amorph {wrote}, this is {}: other bits need not be wrong",
                program()
            ));
        }
        Ok(())
    }

    fn compute(&mut self, item: Item) -> Result<Result<Row, String>, ArchiveError> {
        let replica = self.archive.study().first_replica + item.slot;
        let part = self.archive.schemas()[item.scenario].parts[item.part].clone();
        if part == Part::Solid {
            let row = self.replica.solid(item.scenario, replica);
            return Ok(row.map(|(row, _)| row).map_err(|failure| failure.reason));
        }
        let solid = self.archive.row(Item { part: 0, ..item })?;
        let row = self
            .replica
            .restore(item.scenario, &solid)
            .and_then(|bytes| self.replica.directions(item.scenario, replica, &bytes, &part));
        Ok(row.map_err(|failure| failure.reason))
    }
}

/// The columns whose bits differ.
fn different_columns(stored: &Row, row: &Row) -> Vec<String> {
    let bits = |values: &Values| -> Vec<u64> {
        match values {
            Values::F64(values) => values.iter().map(|value| value.to_bits()).collect(),
            Values::I32(values) => {
                values.iter().map(|value| u64::from(value.cast_unsigned())).collect()
            }
            Values::U8(values) => values.iter().map(|&value| u64::from(value)).collect(),
        }
    };
    let pairs = stored.iter().zip(row);
    pairs
        .filter(|((path, old), (name, new))| path != name || bits(old) != bits(new))
        .map(|((path, old), (_, new))| {
            let (old, new) = (bits(old), bits(new));
            let differing = old.iter().zip(&new).filter(|(a, b)| a != b).count();
            format!("{path}: {differing} of {} values differ", old.len())
        })
        .collect()
}

/// What is wrong with the stored rows of some directions.
fn sweep_findings(row: &Row, directions: usize) -> Vec<String> {
    let floats = |name: &str| -> Option<&[f64]> {
        row.iter().find(|(path, _)| path.ends_with(&format!("/sweeps/{name}"))).and_then(
            |(_, values)| match values {
                Values::F64(values) => Some(values.as_slice()),
                _ => None,
            },
        )
    };
    let mut wrong = Vec::new();
    for name in ["gamma_star", "gamma_contact", "gamma_rearrangement"] {
        for bracket in floats(name).unwrap_or_default().chunks_exact(2) {
            if bracket[0] > bracket[1] || bracket[0] < 0.0 {
                wrong.push(format!("{name}: [{}, {}] is no bracket", bracket[0], bracket[1]));
            }
        }
    }
    let vectors = floats("direction_vector").unwrap_or_default();
    let parameters = vectors.len() / directions.max(1);
    for vector in vectors.chunks_exact(parameters.max(1)) {
        let norm = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        if !((norm - 1.0).abs() <= ROUNDING) {
            wrong.push(format!("a direction has length {norm}"));
        }
    }
    let (zeta, strength, star) = (
        floats("zeta").unwrap_or_default(),
        floats("susceptibility").unwrap_or_default(),
        floats("gamma_star").unwrap_or_default(),
    );
    for ((&zeta, &strength), star) in zeta.iter().zip(strength).zip(star.chunks_exact(2)) {
        let expected = strength * (star[0] * star[1]).sqrt();
        let both_missing = zeta.is_nan() && expected.is_nan();
        if !both_missing && !((zeta - expected).abs() <= ROUNDING * expected.abs()) {
            wrong.push(format!("zeta = {zeta:e}, but s sqrt(lo hi) = {expected:e}"));
        }
    }
    wrong
}

fn count_flags(
    archive: &Archive,
    item: Item,
    row: &Row,
    counts: &mut BTreeMap<usize, BTreeMap<u8, u64>>,
) {
    let schema = &archive.schemas()[item.scenario];
    let columns = schema.columns_of(&schema.parts[item.part], item.slot);
    for (column, (_, values)) in columns.zip(row) {
        if let (false, Values::U8(codes)) = (schema.columns[column].flags.is_empty(), values) {
            let counts = counts.entry(column).or_default();
            codes.iter().for_each(|&code| *counts.entry(code).or_default() += 1);
        }
    }
}

/// The flag of a column, where there is something to explain.
fn flag(
    archive: &Archive,
    scenario: usize,
    column: usize,
    values: &BTreeMap<u8, u64>,
) -> Option<Flag> {
    let column = archive.column_schema(scenario, column);
    // `c_positive_definite` and `valid` are good news when set; the others when they are not.
    let silent = if ["c_positive_definite", "valid"].iter().any(|good| column.path.ends_with(good))
    {
        1
    } else {
        0
    };
    if column.flags.len() == 2 && values.keys().all(|&code| code == silent) {
        return None;
    }
    let name = |code: u8| {
        let known = column.flags.iter().find(|(known, _)| *known == code);
        known.map_or_else(|| format!("unknown code {code}"), |(_, name)| (*name).to_owned())
    };
    Some(Flag {
        scenario: archive.schemas()[scenario].name.clone(),
        path: column.path.clone(),
        meaning: column.description.clone(),
        counts: values.iter().map(|(&code, &count)| (name(code), count)).collect(),
    })
}
