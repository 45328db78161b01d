//! The resolved study with a comment on every key.

use std::fmt::Write as _;

use super::key::Key;
use super::{KEYS, Study, features, output, parameters, solid, sweep};

/// Column of the comments.
const COMMENT_COLUMN: usize = 48;

/// The keys of every table.
const TABLES: [(&str, &[Key]); 6] = [
    ("study", KEYS),
    ("solid", solid::KEYS),
    ("features", features::KEYS),
    ("parameters", parameters::KEYS),
    ("sweep", sweep::KEYS),
    ("output", output::KEYS),
];

impl Study {
    /// The canonical text with the meaning of every key beside it.
    pub fn annotated(&self) -> String {
        let mut keys: &[Key] = &[];
        let mut text = String::new();
        for line in self.canonical().lines() {
            if line.starts_with('[') {
                let name = line.trim_matches(['[', ']']).rsplit('.').next().unwrap_or("");
                let table = TABLES.iter().find(|(known, _)| *known == name);
                keys = table.map_or(&[], |(_, keys)| *keys);
            }
            let name = line.split(" = ").next().unwrap_or("");
            // Writing to a string cannot fail.
            let _ = match keys.iter().find(|key| key.name == name) {
                Some(key) => writeln!(text, "{line:<COMMENT_COLUMN$} #{}", key.doc),
                None => writeln!(text, "{line}"),
            };
        }
        text
    }
}
