//! What can go wrong with a results file.

use std::path::{Path, PathBuf};

use super::layout::FORMAT_VERSION;
use crate::format::schema::ShapeError;
use crate::system::disk::free_space;

/// With less free space a write that failed has failed for want of space [bytes]: several blocks
/// of any file system.
const FULL_DISK: u64 = 1 << 20;

/// A results file that cannot be made, read, written or continued.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The output exists already.
    #[error("{}: exists already; it is never overwritten: give another output, or continue it with --resume", .0.display())]
    Exists(PathBuf),
    /// The file has lost its name while the job wrote it.
    #[error("{}: {what} while this job wrote it; nothing more is computed, for it would not be found: {advice}", path.display())]
    Vanished {
        /// The file.
        path: PathBuf,
        /// What has happened to it.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The file system refused something.
    #[error("{}: cannot {action}: {source}{}", path.display(), advice(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// HDF5 refused something.
    #[error("{}: cannot {action}: {message}", path.display())]
    Hdf5 {
        /// The file.
        path: PathBuf,
        /// What was being done.
        action: String,
        /// What HDF5 says.
        message: String,
    },
    /// Not a results file of this program.
    #[error("{}: {found}; expected a results file of `amorph run`", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        found: String,
    },
    /// A results file whose structure does not hold what its configuration says.
    #[error("{}: is damaged: {found}; use another copy of it, or compute it again under another name", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        found: String,
    },
    /// Written by a newer program.
    #[error("{}: format version {found} is newer than this program's {}; use a newer amorph", path.display(), FORMAT_VERSION)]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: i64,
    },
    /// Written in an earlier format: read, but not continued.
    #[error("{}: format version {found} is read, but not continued by this program, which writes version {}: its rows would not have the same shape; give another output, or finish it with the amorph that began it ({program})", path.display(), FORMAT_VERSION)]
    Older {
        /// The file.
        path: PathBuf,
        /// Its format version.
        found: i64,
        /// The program that made it.
        program: String,
    },
    /// Compressed files are complete, and stay as they are.
    #[error("{}: is compressed, so its {pending} items that are not done cannot be computed in it; make an uncompressed copy with `amorph merge` and continue that", path.display())]
    Compressed {
        /// The file.
        path: PathBuf,
        /// Items that would have to be computed.
        pending: u64,
    },
    /// The physics and the schema disagree: a broken invariant.
    #[error("internal error, please report it: {0}")]
    Shape(#[from] ShapeError),
}

fn advice(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::StorageFull => {
            "; free space, or choose another file system (`amorph plan` prints the size)"
        }
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "; choose a directory that you may write to"
        }
        _ => "",
    }
}

impl ArchiveError {
    /// Whether the user's choice of the file is at fault, not the system.
    pub fn is_usage(&self) -> bool {
        match self {
            ArchiveError::Exists(_)
            | ArchiveError::Foreign { .. }
            | ArchiveError::Newer { .. }
            | ArchiveError::Older { .. }
            | ArchiveError::Compressed { .. } => true,
            ArchiveError::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::PermissionDenied
                    | std::io::ErrorKind::IsADirectory
                    | std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::ReadOnlyFilesystem
                    | std::io::ErrorKind::StorageFull
            ),
            ArchiveError::Hdf5 { .. }
            | ArchiveError::Damaged { .. }
            | ArchiveError::Vanished { .. }
            | ArchiveError::Shape(_) => false,
        }
    }

    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| ArchiveError::Io { path, action, source }
    }

    /// MPI-IO does not say why the system has refused a write: a full disk is looked for.
    pub(super) fn hdf5_write(
        path: &Path,
        action: impl Into<String>,
    ) -> impl FnOnce(hdf5::Error) -> Self {
        let (path, action) = (path.to_owned(), action.into());
        move |error| {
            let full = free_space(&path).is_some_and(|free| free < FULL_DISK);
            let advice = if full {
                "; the file system is full: free space, then run again with --resume"
            } else {
                ""
            };
            ArchiveError::Hdf5 { path, action, message: format!("{error}{advice}") }
        }
    }

    pub(super) fn hdf5(path: &Path, action: impl Into<String>) -> impl FnOnce(hdf5::Error) -> Self {
        let (path, action) = (path.to_owned(), action.into());
        move |error| ArchiveError::Hdf5 { path, action, message: error.to_string() }
    }
}
