//! The resolved study with the meaning of every key.

use std::fmt::Write as _;

use super::key::Key;
use super::reference::TABLES;
use super::{ONLY_SCENARIO, Study};

/// Column of the comments beside the keys.
const COMMENT_COLUMN: usize = 48;
/// Longest line of the comments above the keys.
const COMMENT_WIDTH: usize = 100;

impl Study {
    /// The canonical text with the meaning of every key beside it.
    pub fn annotated(&self) -> String {
        let mut text = String::new();
        for (line, key) in self.documented() {
            // Writing to a string cannot fail.
            let _ = match key {
                Some(key) => writeln!(text, "{line:<COMMENT_COLUMN$} #{}", key.doc),
                None => writeln!(text, "{line}"),
            };
        }
        text
    }

    /// A study of one scenario as a file to be changed: its tables are the shared ones, with the
    /// meaning of every key above it.
    pub fn template(&self) -> String {
        let mut text = String::new();
        for (line, key) in self.documented() {
            for comment in key.map(|key| wrap(key.doc)).unwrap_or_default() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "# {comment}");
            }
            let _ = writeln!(text, "{line}");
        }
        let scenario = format!("[[scenario]]\nname = \"{ONLY_SCENARIO}\"\n\n");
        text.replace(&scenario, "").replace("[scenario.", "[")
    }

    /// Every line of the canonical text, with the key where it holds one.
    fn documented(&self) -> Vec<(String, Option<&'static Key>)> {
        let mut keys: &[Key] = &[];
        let mut documented = Vec::new();
        for line in self.canonical().lines() {
            if line.starts_with('[') {
                let name = line.trim_matches(['[', ']']).rsplit('.').next().unwrap_or("");
                let table = TABLES.iter().find(|(known, ..)| *known == name);
                keys = table.map_or(&[], |(.., keys)| *keys);
            }
            let name = line.split(" = ").next().unwrap_or("");
            documented.push((line.to_owned(), keys.iter().find(|key| key.name == name)));
        }
        documented
    }
}

/// The lines of a comment.
fn wrap(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() + "#  ".len() <= COMMENT_WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
