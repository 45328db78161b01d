//! Reads a results file, also while a job writes it.

use std::ops::Range;
use std::path::Path;

use super::error::ArchiveError;
use super::file::{Archive, values};
use super::items::State;
use super::layout::{FORMAT, FORMAT_VERSION, SKELETON_CHECKSUM, STORAGE, STUDY_FOLDER};
use super::{arrays, shapes, skeleton};
use crate::analysis::values::{Kind, Values};
use crate::format::access;
use crate::format::schema::{Column, Shape};
use crate::format::slab::{self, Storage};
use crate::system::program::{ComputedBy, program_of};

impl<S> Archive<S> {
    /// Opens a results file for reading. `read` takes its configuration and the folder of the study
    /// that it was made from, and says what study and what shape this is, or what is wrong with it.
    ///
    /// # Errors
    /// Where this is no results file, or that of a newer program.
    pub fn open(
        path: &Path,
        read: impl FnOnce(&str, &Path) -> Result<(S, Shape), String>,
    ) -> Result<Self, ArchiveError> {
        // HDF5's own message for a missing file does not say so.
        std::fs::File::open(path).map_err(ArchiveError::io(path, "open"))?;
        let foreign = |found: String| ArchiveError::Foreign { path: path.to_owned(), found };
        let file = access::unlocked()
            .open(path)
            .map_err(|error| foreign(format!("not a readable HDF5 file ({error})")))?;
        match slab::read_text(&file, "format") {
            Ok(format) if format == FORMAT => {}
            Ok(format) => return Err(foreign(format!("the attribute format is {format:?}"))),
            Err(_) => return Err(foreign("an HDF5 file without the attribute format".to_owned())),
        }
        let version = file
            .attr("format_version")
            .and_then(|attribute| attribute.read_scalar::<i64>())
            .map_err(|error| foreign(format!("no usable format_version ({error})")))?;
        if version > FORMAT_VERSION {
            return Err(ArchiveError::Newer { path: path.to_owned(), found: version });
        }
        let text = slab::read_text(&file, "configuration")
            .map_err(|error| foreign(format!("no usable configuration ({error})")))?;
        // An earlier program read the study's files from its working directory on.
        let folder = slab::read_text(&file, STUDY_FOLDER)
            .or_else(|_| slab::read_text(&file, "directory"))
            .unwrap_or_default();
        let (study, shape) = read(&text, Path::new(&folder))
            .map_err(|found| foreign(format!("bad configuration: {found}")))?;
        shapes::verify(&file, &shape, version == FORMAT_VERSION)
            .map_err(|found| ArchiveError::Damaged { path: path.to_owned(), found })?;
        Ok(Archive::new(path, file, study, shape, version))
    }

    /// The format version of the file; older ones than today's are read, but not continued.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// The error of a file that cannot be continued, where it is one.
    pub fn continuable(&self) -> Result<(), ArchiveError> {
        if self.version == FORMAT_VERSION {
            return Ok(());
        }
        let attribute = |name| self.attribute(name).unwrap_or_else(|_| "unknown".to_owned());
        Err(ArchiveError::Older {
            path: self.path().to_owned(),
            found: self.version,
            program: program_of(&attribute("program_version"), &attribute("commit")),
        })
    }

    /// The error of a compressed file in which so many items are to be computed.
    pub fn writable(&self, pending: u64) -> Result<(), ArchiveError> {
        let compressed = slab::read_text(&self.file, STORAGE)
            .is_ok_and(|storage| storage == Storage::Compressed.name());
        if !compressed || pending == 0 {
            return Ok(());
        }
        Err(ArchiveError::Compressed { path: self.path().to_owned(), pending })
    }

    /// The study that the file holds.
    pub fn study(&self) -> &S {
        &self.study
    }

    /// The same, to be completed with what the rows say.
    pub fn study_mut(&mut self) -> &mut S {
        &mut self.study
    }

    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A text attribute of the root, such as `program_version`.
    pub fn attribute(&self, name: &str) -> Result<String, ArchiveError> {
        slab::read_text(&self.file, name)
            .map_err(ArchiveError::hdf5(self.path(), format!("read attribute {name}")))
    }

    /// The states of every part of the slots, in the order of `/items`.
    pub fn states_of(
        &self,
        scenario: usize,
        slots: &Range<u64>,
    ) -> Result<Vec<State>, ArchiveError> {
        self.states(&self.layout.rows(scenario, slots))
    }

    /// The program and the kind of processor that computed an item; version 1 knows the processor
    /// of rank 0 only.
    pub fn computed_by(&self, row: u64) -> Result<ComputedBy, ArchiveError> {
        let text = |field| -> Result<String, ArchiveError> {
            Ok(self.texts(field, &(row..row + 1))?.concat())
        };
        let program = text("program")?;
        let processor =
            if self.version == 1 { self.attribute("processor")? } else { text("processor")? };
        Ok(ComputedBy { program, processor })
    }

    /// Whether labels, scales and identities are as they were made (what cannot be read is not); none
    /// where the file is too old to say. `reserved` is what the file was made with.
    pub fn verify_skeleton(
        &self,
        reserved: &[(String, Vec<Column>)],
    ) -> Result<Option<bool>, ArchiveError> {
        if self.version < FORMAT_VERSION {
            return Ok(None);
        }
        let stored = self.attribute(SKELETON_CHECKSUM)?;
        let found = skeleton::checksum(&self.file, self.schemas(), reserved);
        Ok(Some(found.is_ok_and(|found| found == stored)))
    }

    /// Whether the checksum of the arrays of `reserved` holds; none where the file is too old to say.
    pub fn verify_arrays(
        &self,
        reserved: &[(String, Vec<Column>)],
    ) -> Result<Option<bool>, ArchiveError> {
        if self.version < FORMAT_VERSION {
            return Ok(None);
        }
        arrays::verify(&self.file, reserved)
            .map_err(ArchiveError::hdf5(self.path(), "read the statistics"))
    }

    /// The bytes of a reserved array, by its path.
    pub fn array(&self, path: &str) -> Result<Vec<u8>, ArchiveError> {
        arrays::read(&self.file, path)
            .map_err(ArchiveError::hdf5(self.path(), format!("read dataset {path}")))
    }

    /// A float field of `/items` (`seconds`, `finished`) for a range of rows.
    pub fn item_times(&self, field: &str, rows: &Range<u64>) -> Result<Vec<f64>, ArchiveError> {
        Ok(values(Kind::F64, &self.read_items(field, rows)?).floats().to_vec())
    }

    /// The index of a column by its path below the scenario.
    pub fn column_index(&self, scenario: usize, path: &str) -> Option<usize> {
        self.schemas()[scenario].columns.iter().position(|column| column.path == path)
    }

    /// A column's rows for these slots. Rows of items that are not done have no meaning: mask
    /// them by [`Archive::states_of`].
    pub fn column(
        &self,
        scenario: usize,
        column: usize,
        slots: &Range<u64>,
    ) -> Result<Values, ArchiveError> {
        let bytes = self.read_column(scenario, column, slots)?;
        Ok(self.values(&self.schemas[scenario].columns[column], &bytes))
    }
}
