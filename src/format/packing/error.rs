//! What is wrong with a file of a packing.

use std::path::PathBuf;

/// A file that holds no packing that can be read.
#[derive(Debug, thiserror::Error)]
pub enum PackingError {
    /// The system.
    #[error("{}: cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// What a line says.
    #[error("{}:{line}: {found}; expected {expected}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What stands there.
        found: String,
        /// What was expected.
        expected: String,
    },
}
