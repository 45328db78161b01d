//! The canonical text of a table: one line `key = value` for every key. Rust writes numbers, words
//! and lists as TOML does.

use std::fmt::{Debug, Formatter, Result, Write as _};

/// Text that is TOML already.
pub(super) struct Raw(pub String);

impl Debug for Raw {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.write_str(&self.0)
    }
}

/// The lines of a table.
#[derive(Default)]
pub(super) struct Lines(String);

impl Lines {
    /// With one line more.
    pub fn add(mut self, key: &str, value: impl Debug) -> Self {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "{key} = {value:?}");
        self
    }

    /// With one line more where there is a value.
    pub fn add_some(self, key: &str, value: Option<impl Debug>) -> Self {
        match value {
            Some(value) => self.add(key, value),
            None => self,
        }
    }

    /// The text.
    pub fn text(self) -> String {
        self.0
    }
}
