//! Writes finished items into their own slots of the results file.
//!
//! Every rank opens the file with the MPI-IO driver and writes independently: between open and
//! close no rank waits for another. A commit writes the slots, then the rows of `/items`, then
//! syncs this rank's data through a descriptor of its own. An item counts only if its checksum
//! holds, so a commit that was cut off at any point is no more than missing.

use std::collections::HashMap;
use std::fs::{File as PosixFile, OpenOptions};
use std::ops::Range;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::ArchiveError;
use super::file::{Archive, bytes, column_block, directions};
use super::items::{Checksum, Item, State, reason_cell};
use super::layout::{FORMAT_VERSION, HOST_LENGTH};
use crate::analysis::values::Row;
use crate::format::access;
use crate::format::row::{Failure, REASON_LENGTH};
use crate::format::schema::Shape;
use crate::format::slab::pad;
use crate::system::program::{PROCESSOR_LENGTH, PROGRAM_LENGTH, processor, program};
use crate::system::world::World;

/// An item that is ready to be written.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Which item.
    pub item: Item,
    /// Its row, or why there is none; none where it is not to be computed.
    pub outcome: Option<Result<Row, Failure>>,
    /// Time that it took [s].
    pub seconds: f64,
    /// When it was finished [s since 1970, UTC].
    pub finished: f64,
}

/// The fields of `/items` that say where and by what an item was computed.
const ORIGIN: [&str; 3] = ["host", "program", "processor"];

/// Where and by what an item was computed: the cells of these fields.
pub type Origin = [Vec<u8>; ORIGIN.len()];

/// How a process opens the file.
#[derive(Clone, Copy)]
pub enum Access<'a> {
    /// Alone.
    Serial,
    /// Together with every rank of the job; open and close are collective.
    Together(&'a World),
}

/// A rank's hand on the results file.
pub struct Writer {
    /// The file as it is committed.
    pub archive: Archive<()>,
    descriptor: PosixFile,
    /// Where and by what this process computes.
    origin: Origin,
    /// Waiting items that have another origin.
    copied: HashMap<Item, Origin>,
    pending: Vec<Finished>,
    pending_bytes: usize,
}

/// A block of a column that waits to be written.
struct Piece {
    scenario: usize,
    column: usize,
    slots: Range<u64>,
    directions: Option<Range<usize>>,
    bytes: Vec<u8>,
}

impl Piece {
    /// Joins the next block, where both are one block of the file.
    fn join(&mut self, next: &mut Piece) -> bool {
        if (self.scenario, self.column) != (next.scenario, next.column) {
            return false;
        }
        if self.slots == next.slots {
            let (Some(mine), Some(other)) = (&mut self.directions, &next.directions) else {
                return false;
            };
            // Within several slots the blocks of directions are not consecutive in memory.
            if self.slots.end - self.slots.start != 1 || mine.end != other.start {
                return false;
            }
            mine.end = other.end;
        } else if self.slots.end == next.slots.start && self.directions == next.directions {
            self.slots.end = next.slots.end;
        } else {
            return false;
        }
        self.bytes.append(&mut next.bytes);
        true
    }
}

fn join_all(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for mut piece in pieces {
        if !joined.last_mut().is_some_and(|last| last.join(&mut piece)) {
            joined.push(piece);
        }
    }
    joined
}

impl Writer {
    /// Opens an existing results file for writing; with [`Access::Together`] every rank must call it.
    pub fn open(
        path: &Path,
        access: Access<'_>,
        shape: Shape,
        host: &str,
    ) -> Result<Self, ArchiveError> {
        let descriptor = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(ArchiveError::io(path, "open for writing"))?;
        let file = match access {
            Access::Serial => access::unlocked().open_rw(path),
            Access::Together(world) => access::shared(world).open_rw(path),
        };
        let file = file.map_err(ArchiveError::hdf5(path, "open for writing"))?;
        Ok(Writer {
            archive: Archive::new(path, file, (), shape, FORMAT_VERSION),
            descriptor,
            origin: [
                pad(&[host.to_owned()], HOST_LENGTH),
                pad(&[program()], PROGRAM_LENGTH),
                pad(&[processor()], PROCESSOR_LENGTH),
            ],
            copied: HashMap::new(),
            pending: Vec::new(),
            pending_bytes: 0,
        })
    }

    /// Takes an item for the next commit.
    pub fn push(&mut self, finished: Finished) -> Result<(), ArchiveError> {
        if let Some(Ok(row)) = &finished.outcome {
            let Item { scenario, slot, part } = finished.item;
            let schema = &self.archive.schemas[scenario];
            schema.check_row(&schema.parts[part], slot, row)?;
            self.pending_bytes +=
                row.iter().map(|(_, values)| values.len() * size_of::<f64>()).sum::<usize>();
        }
        self.pending.push(finished);
        Ok(())
    }

    /// Takes an item that another process has computed.
    pub fn push_copy(&mut self, finished: Finished, origin: Origin) -> Result<(), ArchiveError> {
        self.copied.insert(finished.item, origin);
        self.push(finished)
    }

    /// Makes rows of `/items` pending again.
    pub fn reset(&self, rows: &[u64]) -> Result<(), ArchiveError> {
        for &row in rows {
            self.archive.write_items("state", row, 1, &[State::Pending as u8])?;
        }
        self.sync()
    }

    /// Items that wait for a commit.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Memory that they take, roughly [bytes].
    pub fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    /// Writes and syncs everything that waits; returns the number of items.
    pub fn commit(&mut self) -> Result<usize, ArchiveError> {
        let mut items = std::mem::take(&mut self.pending);
        self.pending_bytes = 0;
        if items.is_empty() {
            return Ok(0);
        }
        items.sort_by_key(|finished| finished.item);
        let mut pieces = Vec::new();
        let rows: Vec<ItemRow<'_>> =
            items.iter().map(|finished| self.encode(finished, &mut pieces)).collect();
        pieces.sort_by_key(|piece| {
            let first = piece.directions.as_ref().map_or(0, |range| range.start);
            (piece.scenario, piece.column, piece.slots.start, first)
        });
        // First the directions of a slot, then the slots.
        for piece in join_all(join_all(pieces)) {
            let column = &self.archive.schemas[piece.scenario].columns[piece.column];
            let block = column_block(column, &piece.slots, piece.directions.as_ref());
            let path = self.archive.column_path(piece.scenario, piece.column);
            self.archive.write(&path, &block, &piece.bytes)?;
        }
        for run in rows.chunk_by(|a, b| a.row + 1 == b.row) {
            self.write_rows(run)?;
        }
        self.copied.clear();
        self.sync()?;
        Ok(items.len())
    }

    fn encode<'f>(&self, finished: &'f Finished, pieces: &mut Vec<Piece>) -> ItemRow<'f> {
        let item = finished.item;
        let schema = &self.archive.schemas[item.scenario];
        let part = &schema.parts[item.part];
        let (state, reason) = match &finished.outcome {
            None => (State::Unneeded, reason_cell("")),
            Some(Ok(_)) => (State::Done, reason_cell("")),
            Some(Err(failure)) => (State::Failed, reason_cell(&failure.reason)),
        };
        let replica = self.archive.replica(item.slot);
        let mut checksum = Checksum::new(item, replica, state, &reason);
        if let Some(Ok(row)) = &finished.outcome {
            for (column, (_, values)) in schema.columns_of(part, item.slot).zip(row) {
                let bytes = bytes(values);
                checksum.update(&bytes);
                pieces.push(Piece {
                    scenario: item.scenario,
                    column,
                    slots: item.slot..item.slot + 1,
                    directions: directions(part).cloned(),
                    bytes,
                });
            }
        }
        let (row, checksum) = (self.archive.layout.row(item), checksum.finish());
        ItemRow { row, state, checksum, reason, of: finished }
    }

    fn write_rows(&self, run: &[ItemRow<'_>]) -> Result<(), ArchiveError> {
        let (first, count) = (run[0].row, run.len());
        let write =
            |field: &str, bytes: Vec<u8>| self.archive.write_items(field, first, count, &bytes);
        let collect = |value: fn(&ItemRow<'_>) -> Vec<u8>| run.iter().flat_map(value).collect();
        write("reason", collect(|row| row.reason.to_vec()))?;
        write("seconds", collect(|row| row.of.seconds.to_ne_bytes().to_vec()))?;
        write("finished", collect(|row| row.of.finished.to_ne_bytes().to_vec()))?;
        for (index, field) in ORIGIN.iter().enumerate() {
            let origin = |row: &ItemRow<'_>| self.copied.get(&row.of.item).unwrap_or(&self.origin);
            write(field, run.iter().flat_map(|row| origin(row)[index].clone()).collect())?;
        }
        write("checksum", collect(|row| row.checksum.to_ne_bytes().to_vec()))?;
        write("state", collect(|row| vec![row.state as u8]))
    }

    /// Brings this rank's writes to the disk. MPI-IO has handed them to the system; the length of
    /// the file does not change, so data is all there is to sync.
    fn sync(&self) -> Result<(), ArchiveError> {
        let path = &self.archive.path;
        self.verify_name()?;
        self.descriptor.sync_data().map_err(ArchiveError::io(path, "sync the results"))
    }

    /// Whether the path still leads to the file that is written: without its name it is lost when
    /// the job ends, and under another one nobody looks for it.
    fn verify_name(&self) -> Result<(), ArchiveError> {
        let path = &self.archive.path;
        let metadata =
            self.descriptor.metadata().map_err(ArchiveError::io(path, "look at the results"))?;
        let (what, advice) = match std::fs::metadata(path) {
            Ok(named) if (named.dev(), named.ino()) == (metadata.dev(), metadata.ino()) => {
                return Ok(());
            }
            Ok(_) => ("has been replaced by another file", "give another output"),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(ArchiveError::io(path, "look at the results")(error));
            }
            Err(_) if metadata.nlink() == 0 => {
                ("has been deleted", "run again with --resume, which begins anew")
            }
            Err(_) => (
                "has been renamed or moved",
                "give it its name again, then run again with --resume",
            ),
        };
        Err(ArchiveError::Vanished { path: path.clone(), what, advice })
    }

    /// Commits the rest and closes; with [`Access::Together`] every rank must call it.
    pub fn close(mut self) -> Result<(), ArchiveError> {
        self.commit()?;
        let path = self.archive.path.clone();
        self.archive.close().map_err(ArchiveError::hdf5(&path, "close"))
    }
}

/// What a row of `/items` will hold.
struct ItemRow<'f> {
    row: u64,
    state: State,
    checksum: u64,
    reason: [u8; REASON_LENGTH],
    of: &'f Finished,
}

impl<S> Archive<S> {
    /// Where and by what these rows of `/items` were computed.
    pub fn origins(&self, rows: &Range<u64>) -> Result<Vec<Origin>, ArchiveError> {
        let count = (rows.end - rows.start) as usize;
        let mut origins = vec![Origin::default(); count];
        for (index, field) in ORIGIN.iter().enumerate() {
            let bytes = self.read_items(field, rows)?;
            let cells = bytes.chunks_exact((bytes.len() / count.max(1)).max(1));
            origins.iter_mut().zip(cells).for_each(|(it, cell)| it[index] = cell.to_vec());
        }
        Ok(origins)
    }
}
