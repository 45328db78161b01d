//! What can be wrong with a configuration, always with the file, the key and what is allowed.

use std::error::Error;
use std::path::PathBuf;

/// A configuration that cannot be used. Lines count from 1; a key stands with its path.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}: cannot be read: {source}; give the path of a study's TOML file", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// The text is not TOML.
    #[error("{file}:{line}: not valid TOML: {message}")]
    Syntax { file: String, line: usize, message: String },
    /// A key that does not exist, with the valid key that resembles it most, and all valid ones.
    #[error("{file}:{line}: unknown key `{key}`{}; valid keys here: {valid}",
            nearest.as_ref().map(|key| format!(", did you mean `{key}`?")).unwrap_or_default())]
    UnknownKey { file: String, line: usize, key: String, nearest: Option<String>, valid: String },
    /// A required key is missing.
    #[error("{file}: missing key `{key}`: {allowed}")]
    Missing { file: String, key: String, allowed: String },
    /// A value of the wrong type, outside its range, or in conflict with another one.
    #[error("{file}:{line}: {key} = {value}: allowed is {allowed}")]
    Value { file: String, line: usize, key: String, value: String, allowed: String },
    /// A text whose own reader says what is wrong with it.
    #[error("{file}:{line}: {key} = {value}: {reason}")]
    Text { file: String, line: usize, key: String, value: String, reason: String },
    /// What is wrong with a file that a value names.
    #[error("{file}:{line}: {key}: {source}")]
    File { file: String, line: usize, key: String, source: Box<dyn Error + Send + Sync> },
    /// Several of these, one a line.
    #[error("{}", lines(.0))]
    Several(Vec<ConfigError>),
}

fn lines(errors: &[ConfigError]) -> String {
    let lines: Vec<String> = errors.iter().map(ConfigError::to_string).collect();
    lines.join("\n")
}
