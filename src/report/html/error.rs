//! Why a report could not be made.

use std::path::PathBuf;

use super::chart::ChartError;
use crate::analysis::quantity::StoredError;
use crate::format::archive::ArchiveError;
use crate::format::measurement::MeasurementError;
use crate::format::solid_file::SolidFileError;
use crate::report::collect::StatisticsError;
use crate::report::status::StatusError;

/// Why a report could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A results file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Files that do not belong together.
    #[error(transparent)]
    Statistics(#[from] StatisticsError),
    /// A results file's lock.
    #[error(transparent)]
    Status(#[from] StatusError),
    /// An output of `measure`.
    #[error(transparent)]
    Measurement(#[from] MeasurementError),
    /// A solid file.
    #[error(transparent)]
    File(#[from] SolidFileError),
    /// A stored row that does not hold its columns.
    #[error(transparent)]
    Column(#[from] StoredError),
    /// A drawing.
    #[error(transparent)]
    Chart(#[from] ChartError),
    /// A stored solid that is none.
    #[error("{name}: {reason}")]
    Solid { name: String, reason: String },
    /// Nothing that a report can be about.
    #[error(
        "{file}: neither results of `amorph run` ({archive}), nor an output of `amorph measure`, nor a solid file ({solid})"
    )]
    Unknown { file: String, archive: String, solid: String },
    /// Several files that are not results of a study.
    #[error("{file}: {what}; several files must be results of one study: give it alone")]
    NotAlone { file: String, what: &'static str },
    /// The output is there.
    #[error("{}: exists already; it is never overwritten: give another output", .0.display())]
    Exists(PathBuf),
    /// The file system refused something.
    #[error("{}: cannot {action}: {source}", path.display())]
    Io { path: PathBuf, action: &'static str, source: std::io::Error },
}

impl ReportError {
    /// Can the user mend it by other files or another output?
    pub fn is_usage(&self) -> bool {
        match self {
            ReportError::Archive(error)
            | ReportError::Statistics(StatisticsError::Archive(error))
            | ReportError::Status(StatusError::Archive(error)) => error.is_usage(),
            ReportError::Measurement(error) => error.is_usage(),
            ReportError::Statistics(_)
            | ReportError::File(_)
            | ReportError::Unknown { .. }
            | ReportError::NotAlone { .. }
            | ReportError::Exists(_) => true,
            ReportError::Io { source, .. } => matches!(
                source.kind(),
                std::io::ErrorKind::NotFound
                    | std::io::ErrorKind::PermissionDenied
                    | std::io::ErrorKind::NotADirectory
                    | std::io::ErrorKind::ReadOnlyFilesystem
            ),
            ReportError::Status(_)
            | ReportError::Column(_)
            | ReportError::Chart(_)
            | ReportError::Solid { .. } => false,
        }
    }
}
