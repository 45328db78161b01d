//! What can be wrong with a configuration, always with the file, the key and what is allowed.

use std::path::PathBuf;

use crate::format::solid_file::SolidFileError;

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}; give the path of a study's TOML file", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The text is not TOML.
    #[error("{file}:{line}: not valid TOML: {message}")]
    Syntax {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The parser's message.
        message: String,
    },
    /// A key that does not exist.
    #[error("{file}:{line}: unknown key `{key}`{}; valid keys here: {valid}",
            nearest.as_ref().map(|key| format!(", did you mean `{key}`?")).unwrap_or_default())]
    UnknownKey {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The key with its path.
        key: String,
        /// The valid key that resembles it most.
        nearest: Option<String>,
        /// All valid keys of the table.
        valid: String,
    },
    /// A required key is missing.
    #[error("{file}: missing key `{key}`: {allowed}")]
    Missing {
        /// The file.
        file: String,
        /// The key with its path.
        key: String,
        /// What it may hold.
        allowed: String,
    },
    /// A value of the wrong type, outside its range, or in conflict with another one.
    #[error("{file}:{line}: {key} = {value}: allowed is {allowed}")]
    Value {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The key with its path.
        key: String,
        /// The value as it is understood.
        value: String,
        /// What is allowed.
        allowed: String,
    },
    /// A file that a value names.
    #[error("{file}:{line}: {key}: {source}")]
    File {
        /// The file.
        file: String,
        /// Line, from 1.
        line: usize,
        /// The key with its path.
        key: String,
        /// What is wrong with the file.
        source: Box<SolidFileError>,
    },
}
