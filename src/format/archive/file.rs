//! An open results file and its datasets, for writer and reader.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use hdf5::{Dataset, File};

use super::error::ArchiveError;
use super::items::{Checksum, Item, ItemLayout, State};
use super::layout::ITEMS;
use crate::analysis::quantity::CAUSE_SUFFIX;
use crate::analysis::values::{Kind, Row, Values};
use crate::format::row::{Part, REASON_LENGTH};
use crate::format::schema::{Column, ScenarioSchema, Shape};
use crate::format::slab::{self, Block};
use crate::linearity::cause::Cause;

/// An open results file with the study `S` that it holds. Datasets are opened when first used.
pub struct Archive<S> {
    pub(super) study: S,
    pub(super) path: PathBuf,
    pub(super) schemas: Vec<ScenarioSchema>,
    pub(super) layout: ItemLayout,
    first_replica: u64,
    pub(super) version: i64,
    pub(super) file: File,
    open: RefCell<HashMap<String, Dataset>>,
}

impl<S> Archive<S> {
    pub(super) fn new(path: &Path, file: File, study: S, shape: Shape, version: i64) -> Self {
        Archive {
            study,
            path: path.to_owned(),
            layout: ItemLayout::new(shape.replicas, &shape.schemas),
            schemas: shape.schemas,
            first_replica: shape.first_replica,
            version,
            file,
            open: RefCell::default(),
        }
    }

    /// The order of its items.
    pub fn layout(&self) -> &ItemLayout {
        &self.layout
    }

    /// The schemas of its scenarios.
    pub fn schemas(&self) -> &[ScenarioSchema] {
        &self.schemas
    }

    /// The index of a slot's solid in the ensemble.
    pub fn replica(&self, slot: u64) -> u64 {
        self.first_replica + slot
    }

    /// Closes every dataset, then the file.
    pub(super) fn close(self) -> hdf5::Result<()> {
        drop(self.open);
        self.file.close()
    }

    fn dataset(&self, path: &str) -> Result<Dataset, ArchiveError> {
        if let Some(dataset) = self.open.borrow().get(path) {
            return Ok(dataset.clone());
        }
        let dataset = self
            .file
            .dataset(path)
            .map_err(ArchiveError::hdf5(&self.path, format!("open dataset {path}")))?;
        self.open.borrow_mut().insert(path.to_owned(), dataset.clone());
        Ok(dataset)
    }

    pub(super) fn write(
        &self,
        path: &str,
        block: &Block,
        bytes: &[u8],
    ) -> Result<(), ArchiveError> {
        slab::write(&self.dataset(path)?, block, bytes)
            .map_err(ArchiveError::hdf5_write(&self.path, format!("write dataset {path}")))
    }

    pub(super) fn read(&self, path: &str, block: &Block) -> Result<Vec<u8>, ArchiveError> {
        slab::read(&self.dataset(path)?, block)
            .map_err(ArchiveError::hdf5(&self.path, format!("read dataset {path}")))
    }

    pub(super) fn column_path(&self, scenario: usize, column: usize) -> String {
        let schema = &self.schemas[scenario];
        format!("/{}/{}", schema.name, schema.columns[column].path)
    }

    /// The bytes of a column for these slots, whole rows.
    pub(super) fn read_column(
        &self,
        scenario: usize,
        column: usize,
        slots: &Range<u64>,
    ) -> Result<Vec<u8>, ArchiveError> {
        let block = column_block(&self.schemas[scenario].columns[column], slots, None);
        self.read(&self.column_path(scenario, column), &block)
    }

    /// One field of `/items` for a range of rows.
    pub(super) fn read_items(
        &self,
        field: &str,
        rows: &Range<u64>,
    ) -> Result<Vec<u8>, ArchiveError> {
        self.read(&item_path(field), &Block::range(rows.start, rows.end - rows.start))
    }

    pub(super) fn write_items(
        &self,
        field: &str,
        first: u64,
        count: usize,
        bytes: &[u8],
    ) -> Result<(), ArchiveError> {
        self.write(&item_path(field), &Block::range(first, count as u64), bytes)
    }

    /// The states of a range of rows of `/items`.
    pub fn states(&self, rows: &Range<u64>) -> Result<Vec<State>, ArchiveError> {
        Ok(self.read_items("state", rows)?.into_iter().map(state).collect())
    }

    /// The reasons of a range of rows of `/items`; empty where an item has not failed.
    pub fn reasons(&self, rows: &Range<u64>) -> Result<Vec<String>, ArchiveError> {
        self.texts("reason", rows)
    }

    /// A text field of `/items` for a range of rows.
    pub(super) fn texts(
        &self,
        field: &str,
        rows: &Range<u64>,
    ) -> Result<Vec<String>, ArchiveError> {
        let bytes = self.read_items(field, rows)?;
        let length = cell_length(&bytes, rows);
        let text = |cell: &[u8]| {
            let end = cell.iter().position(|&byte| byte == 0).unwrap_or(cell.len());
            String::from_utf8_lossy(&cell[..end]).into_owned()
        };
        Ok(bytes.chunks_exact(length).map(text).collect())
    }

    /// The stored row of a done item.
    pub fn row(&self, item: Item) -> Result<Row, ArchiveError> {
        let schema = &self.schemas[item.scenario];
        let part = &schema.parts[item.part];
        let slots = item.slot..item.slot + 1;
        schema
            .columns_of(part, item.slot)
            .map(|index| {
                let column = &schema.columns[index];
                let block = column_block(column, &slots, directions(part));
                let bytes = self.read(&self.column_path(item.scenario, index), &block)?;
                Ok((column.path.clone(), self.values(column, &bytes)))
            })
            .collect()
    }

    /// The values of a column's bytes, with today's codes.
    pub fn values(&self, column: &Column, bytes: &[u8]) -> Values {
        match values(column.kind, bytes) {
            Values::U8(codes) if self.version == 1 && column.path.ends_with(CAUSE_SUFFIX) => {
                Values::U8(codes.into_iter().map(Cause::from_version_1).collect())
            }
            values => values,
        }
    }

    /// For every part of every slot whether its checksum holds, in the order of `/items`; true for
    /// pending items, false for a state that does not exist.
    pub fn verify(&self, scenario: usize, slots: &Range<u64>) -> Result<Vec<bool>, ArchiveError> {
        let schema = &self.schemas[scenario];
        let parts = schema.parts.len();
        let rows = self.layout.rows(scenario, slots);
        let codes = self.read_items("state", &rows)?;
        let states: Vec<State> = codes.iter().map(|&code| state(code)).collect();
        let reasons = self.read_items("reason", &rows)?;
        let cell = cell_length(&reasons, &rows);
        let stored = cast(&self.read_items("checksum", &rows)?, u64::from_ne_bytes);
        let mut sums: Vec<Checksum> = Vec::with_capacity(states.len());
        for (index, (&state, reason)) in states.iter().zip(reasons.chunks_exact(cell)).enumerate() {
            let item = self.layout.item(scenario, slots.start, index);
            sums.push(Checksum::new(item, self.replica(item.slot), state, reason));
        }
        if states.contains(&State::Done) {
            for (index, column) in schema.columns.iter().enumerate() {
                let have = slots.start..slots.end.min(column.replicas).max(slots.start);
                let bytes = self.read_column(scenario, index, &have)?;
                let items = states.chunks(parts).zip(sums.chunks_mut(parts));
                for (row, (states, sums)) in bytes.chunks(column.row_bytes().max(1)).zip(items) {
                    add_row(schema, column, row, states, sums);
                }
            }
        }
        let good = |((sum, stored), code): ((&Checksum, u64), u8)| {
            code == State::Pending as u8
                || (State::from_code(code).is_some() && sum.finish() == stored)
        };
        Ok(sums.iter().zip(stored).zip(codes).map(good).collect())
    }

    /// All slots of a scenario in blocks, so that no array that is read exceeds `bytes`.
    pub fn blocks(&self, scenario: usize, bytes: usize) -> impl Iterator<Item = Range<u64>> {
        let schema = &self.schemas[scenario];
        let items = schema.parts.len() * (REASON_LENGTH + size_of::<Checksum>());
        let columns = schema.columns.iter().map(Column::row_bytes);
        let step = bytes / columns.fold(items, usize::max).max(1);
        let replicas = self.layout.replicas();
        let end = move |first: u64| (first + step.max(1) as u64).min(replicas);
        (0..replicas).step_by(step.max(1)).map(move |first| first..end(first))
    }
}

/// A foreign code is pending.
fn state(code: u8) -> State {
    State::from_code(code).unwrap_or(State::Pending)
}

/// The length of a text cell of these rows: it differs between format versions.
fn cell_length(bytes: &[u8], rows: &Range<u64>) -> usize {
    let count = usize::try_from(rows.end - rows.start).unwrap_or(usize::MAX);
    (bytes.len() / count.max(1)).max(1)
}

/// Feeds a column's row to the checksums of the done parts that own it.
fn add_row(
    schema: &ScenarioSchema,
    column: &Column,
    row: &[u8],
    states: &[State],
    sums: &mut [Checksum],
) {
    let size = column.kind.size();
    for ((part, state), sum) in schema.parts.iter().zip(states).zip(sums) {
        if let (State::Done, Some(values)) = (state, column.values_of(part)) {
            sum.update(&row[values.start * size..values.end * size]);
        }
    }
}

fn item_path(field: &str) -> String {
    format!("/{ITEMS}/{field}")
}

/// The directions of a part that has some.
pub(super) fn directions(part: &Part) -> Option<&Range<usize>> {
    match part {
        Part::Solid | Part::Design { .. } => None,
        Part::Directions { directions, .. } => Some(directions),
    }
}

/// The block of a column for these slots, and for these indices of its first axis.
pub(super) fn column_block(
    column: &Column,
    slots: &Range<u64>,
    directions: Option<&Range<usize>>,
) -> Block {
    let mut start = vec![slots.start];
    let mut count = vec![slots.end - slots.start];
    for (index, axis) in column.axes.iter().enumerate() {
        let range = match directions {
            Some(range) if index == 0 => range.clone(),
            _ => 0..axis.length,
        };
        start.push(range.start as u64);
        count.push(range.len() as u64);
    }
    Block { start, count }
}

/// The bytes of values, as they stand in the file.
pub(super) fn bytes(values: &Values) -> Vec<u8> {
    match values {
        Values::F64(values) => values.iter().flat_map(|value| value.to_ne_bytes()).collect(),
        Values::I32(values) => values.iter().flat_map(|value| value.to_ne_bytes()).collect(),
        Values::U8(values) => values.clone(),
    }
}

fn cast<const N: usize, T>(bytes: &[u8], from: fn([u8; N]) -> T) -> Vec<T> {
    bytes.as_chunks().0.iter().map(|&value| from(value)).collect()
}

/// The values of bytes of the file.
pub(super) fn values(kind: Kind, bytes: &[u8]) -> Values {
    match kind {
        Kind::F64 => Values::F64(cast(bytes, f64::from_ne_bytes)),
        Kind::I32 => Values::I32(cast(bytes, i32::from_ne_bytes)),
        Kind::U8 | Kind::Text(_) => Values::U8(bytes.to_vec()),
    }
}
