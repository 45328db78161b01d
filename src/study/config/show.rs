//! The resolved study with a comment on every key.

use std::fmt::Write as _;

use super::document::Key;
use super::{STUDY_KEYS, Study, features, output, parameters, solid, sweep};

/// Column of the comments.
const COMMENT_COLUMN: usize = 48;

impl Study {
    /// The canonical text with the meaning of every key beside it.
    pub fn annotated(&self) -> String {
        let mut keys: &[Key] = &[];
        let mut text = String::new();
        for line in self.canonical().lines() {
            if line.starts_with('[') {
                let section = line.trim_matches(['[', ']']).rsplit('.').next().unwrap_or("");
                keys = match section {
                    "study" => STUDY_KEYS,
                    "solid" => solid::KEYS,
                    "features" => features::KEYS,
                    "parameters" => parameters::KEYS,
                    "sweep" => sweep::KEYS,
                    "output" => output::KEYS,
                    _ => &[],
                };
            }
            let name = line.split(" = ").next().unwrap_or("");
            match keys.iter().find(|key| key.name == name) {
                Some(key) => {
                    let _ = writeln!(text, "{line:<COMMENT_COLUMN$} # {}", key.doc);
                }
                None => {
                    let _ = writeln!(text, "{line}");
                }
            }
        }
        text
    }
}
