//! Typed access to a TOML text that remembers the line of every key.

use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use crate::format::solid_file::SolidFileError;

/// Below this Jaro–Winkler similarity a key is not offered as "did you mean".
const NEAREST_SIMILARITY: f64 = 0.7;

/// A key of the configuration: its name and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name in the file.
    pub name: &'static str,
    /// Meaning, unit, allowed values and default, for `amorph config show`.
    pub doc: &'static str,
}

/// A TOML text with its file's name.
pub(super) struct Document<'t> {
    pub file: String,
    text: &'t str,
    pub root: DeTable<'t>,
}

impl<'t> Document<'t> {
    /// Parses the text.
    pub fn parse(file: &str, text: &'t str) -> Result<Self, ConfigError> {
        match DeTable::parse(text) {
            Ok(root) => Ok(Document { file: file.to_owned(), text, root: root.into_inner() }),
            Err(error) => Err(ConfigError::Syntax {
                file: file.to_owned(),
                line: line_of(text, error.span().map_or(0, |span| span.start)),
                message: error.message().to_owned(),
            }),
        }
    }

    /// The line (from 1) of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        line_of(self.text, offset)
    }

    /// Refuses keys of `table` that are not in `valid`.
    pub fn refuse_unknown(
        &self,
        table: &DeTable<'_>,
        prefix: &str,
        valid: &[&str],
    ) -> Result<(), ConfigError> {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if valid.contains(&name) {
                continue;
            }
            let nearest = valid
                .iter()
                .map(|candidate| (strsim::jaro_winkler(candidate, name), *candidate))
                .max_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(similarity, _)| *similarity >= NEAREST_SIMILARITY)
                .map(|(_, candidate)| candidate.to_owned());
            return Err(ConfigError::UnknownKey {
                file: self.file.clone(),
                line: self.line(key.span().start),
                key: join(prefix, name),
                nearest,
                valid: valid.join(", "),
            });
        }
        Ok(())
    }

    /// The table under `key`, or none where the key is absent.
    pub fn table<'d>(
        &'d self,
        parent: &'d DeTable<'t>,
        prefix: &str,
        key: &str,
    ) -> Result<Option<&'d DeTable<'t>>, ConfigError> {
        match parent.get(key) {
            None => Ok(None),
            Some(value) => match value.get_ref() {
                DeValue::Table(table) => Ok(Some(table)),
                other => Err(ConfigError::Value {
                    file: self.file.clone(),
                    line: self.line(value.span().start),
                    key: join(prefix, key),
                    value: show(other),
                    allowed: format!("a table, [{}]", join(prefix, key)),
                }),
            },
        }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
}

fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

/// One table of the configuration as layers: a scenario's own first, the shared one behind it.
pub(super) struct Section<'d, 't> {
    document: &'d Document<'t>,
    name: &'static str,
    layers: Vec<(String, &'d DeTable<'t>)>,
}

/// A value that was found, with the place to blame.
pub(super) struct Entry<'d, 't> {
    document: &'d Document<'t>,
    /// The key with its path.
    pub path: String,
    /// Index of the layer it came from; 0 is the scenario's own.
    pub layer: usize,
    value: &'d Spanned<DeValue<'t>>,
}

impl<'d, 't> Section<'d, 't> {
    /// The section `name` from the given parents (prefix, table), nearest first; refuses unknown
    /// keys in each of them.
    pub fn new(
        document: &'d Document<'t>,
        parents: &[(String, &'d DeTable<'t>)],
        name: &'static str,
        keys: &[Key],
    ) -> Result<Self, ConfigError> {
        let valid: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut layers = Vec::new();
        for (prefix, parent) in parents {
            if let Some(table) = document.table(parent, prefix, name)? {
                let path = join(prefix, name);
                document.refuse_unknown(table, &path, &valid)?;
                layers.push((path, table));
            }
        }
        Ok(Section { document, name, layers })
    }

    /// The top of the file as a section.
    pub fn root(document: &'d Document<'t>) -> Self {
        Section { document, name: "", layers: vec![(String::new(), &document.root)] }
    }

    /// The first layer's value of `key`.
    pub fn find(&self, key: &str) -> Option<Entry<'d, 't>> {
        self.layers.iter().enumerate().find_map(|(layer, (prefix, table))| {
            table.get(key).map(|value| Entry {
                document: self.document,
                path: join(prefix, key),
                layer,
                value,
            })
        })
    }

    /// Like [`Section::find`], but a missing key is an error that says what it may hold.
    pub fn require(&self, key: &str, allowed: &str) -> Result<Entry<'d, 't>, ConfigError> {
        self.find(key).ok_or_else(|| self.missing(key, allowed))
    }

    /// The error of a missing key.
    pub fn missing(&self, key: &str, allowed: &str) -> ConfigError {
        ConfigError::Missing {
            file: self.document.file.clone(),
            key: join(self.name, key),
            allowed: allowed.to_owned(),
        }
    }

    /// Of two keys that exclude each other, the one that counts: the nearer layer's. Both in one
    /// layer is an error.
    pub fn either(
        &self,
        first: &'static str,
        second: &'static str,
    ) -> Result<Option<(&'static str, Entry<'d, 't>)>, ConfigError> {
        match (self.find(first), self.find(second)) {
            (Some(a), Some(b)) if a.layer == b.layer => {
                Err(b.refuse(format!("only one of `{first}` and `{second}`")))
            }
            (Some(a), Some(b)) => {
                Ok(Some(if a.layer < b.layer { (first, a) } else { (second, b) }))
            }
            (Some(a), None) => Ok(Some((first, a))),
            (None, Some(b)) => Ok(Some((second, b))),
            (None, None) => Ok(None),
        }
    }

    /// An error that blames `key`, or the section where the key is absent (a default value).
    pub fn refuse(
        &self,
        key: &str,
        value: impl ToString,
        allowed: impl Into<String>,
    ) -> ConfigError {
        match self.find(key) {
            Some(entry) => ConfigError::Value {
                file: self.document.file.clone(),
                line: entry.line(),
                key: entry.path,
                value: value.to_string(),
                allowed: allowed.into(),
            },
            None => ConfigError::Value {
                file: self.document.file.clone(),
                line: 1,
                key: format!("{} (default)", join(self.name, key)),
                value: value.to_string(),
                allowed: allowed.into(),
            },
        }
    }

    /// A float in a range, or its default.
    pub fn f64(
        &self,
        key: &str,
        range: RangeInclusive<f64>,
        default: f64,
    ) -> Result<f64, ConfigError> {
        self.find(key).map_or(Ok(default), |entry| entry.f64(range))
    }

    /// An integer in a range, or its default.
    pub fn integer(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, ConfigError> {
        self.find(key).map_or(Ok(default), |entry| entry.integer(range))
    }

    /// A boolean, or its default.
    pub fn boolean(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        self.find(key).map_or(Ok(default), |entry| match entry.value() {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(entry.refuse("true or false")),
        })
    }

    /// One of several words, or the default.
    pub fn word<T: Copy>(
        &self,
        key: &str,
        words: &[(&str, T)],
        default: T,
    ) -> Result<T, ConfigError> {
        self.find(key).map_or(Ok(default), |entry| entry.word(words))
    }
}

impl<'d, 't> Entry<'d, 't> {
    /// The TOML value.
    pub fn value(&self) -> &'d DeValue<'t> {
        self.value.get_ref()
    }

    fn line(&self) -> usize {
        self.document.line(self.value.span().start)
    }

    /// The error that this value is not what is allowed.
    pub fn refuse(&self, allowed: impl Into<String>) -> ConfigError {
        self.refuse_value(show(self.value()), allowed)
    }

    /// The address of a file that stands relative to the configuration's own folder.
    pub fn beside(&self, name: &str) -> String {
        let folder = Path::new(&self.document.file).parent().unwrap_or(Path::new(""));
        folder.join(name).display().to_string()
    }

    /// The error that the file that this value names is not usable.
    pub fn unusable(&self, source: SolidFileError) -> ConfigError {
        ConfigError::File {
            file: self.document.file.clone(),
            line: self.line(),
            key: self.path.clone(),
            source: Box::new(source),
        }
    }

    fn refuse_value(&self, value: String, allowed: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            file: self.document.file.clone(),
            line: self.line(),
            key: self.path.clone(),
            value,
            allowed: allowed.into(),
        }
    }

    /// A finite float (an integer will do) in the range.
    pub fn f64(&self, range: RangeInclusive<f64>) -> Result<f64, ConfigError> {
        number(self.value()).filter(|value| value.is_finite() && range.contains(value)).ok_or_else(
            || self.refuse(format!("a number from {:?} to {:?}", range.start(), range.end())),
        )
    }

    /// An integer in the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, ConfigError> {
        integer(self.value()).filter(|value| range.contains(value)).ok_or_else(|| {
            self.refuse(format!("an integer from {} to {}", range.start(), range.end()))
        })
    }

    /// A string.
    pub fn string(&self, allowed: &str) -> Result<&'d str, ConfigError> {
        self.value().as_str().ok_or_else(|| self.refuse(allowed))
    }

    /// One of several words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let given = self.value().as_str();
        words.iter().find(|(word, _)| Some(*word) == given).map(|(_, value)| *value).ok_or_else(
            || {
                let all: Vec<String> =
                    words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
                self.refuse(format!("one of {}", all.join(", ")))
            },
        )
    }

    /// The elements of an array, each an entry of its own.
    pub fn array(&self, allowed: &str) -> Result<Vec<Entry<'d, 't>>, ConfigError> {
        let array = self.value().as_array().ok_or_else(|| self.refuse(allowed))?;
        Ok(array
            .iter()
            .enumerate()
            .map(|(index, value)| Entry {
                document: self.document,
                path: format!("{}[{index}]", self.path),
                layer: self.layer,
                value,
            })
            .collect())
    }

    /// A table.
    pub fn table(&self, allowed: &str) -> Result<&'d DeTable<'t>, ConfigError> {
        self.value().as_table().ok_or_else(|| self.refuse(allowed))
    }

    /// The value of a required key where this value is a table.
    pub fn require(&self, key: &str, allowed: &str) -> Result<Entry<'d, 't>, ConfigError> {
        let found = self.table(allowed)?.get(key).map(|value| self.child(key, value));
        found.ok_or_else(|| ConfigError::Missing {
            file: self.document.file.clone(),
            key: join(&self.path, key),
            allowed: allowed.to_owned(),
        })
    }

    fn child(&self, key: &str, value: &'d Spanned<DeValue<'t>>) -> Entry<'d, 't> {
        Entry { document: self.document, path: join(&self.path, key), layer: self.layer, value }
    }

    /// The value of `key` where this value is a table that may hold only the `valid` keys.
    pub fn member(
        &self,
        key: &str,
        valid: &[&str],
        allowed: &str,
    ) -> Result<Entry<'d, 't>, ConfigError> {
        let table = self.table(allowed)?;
        self.document.refuse_unknown(table, &self.path, valid)?;
        table.get(key).map(|value| self.child(key, value)).ok_or_else(|| self.refuse(allowed))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|value| i64::from_str_radix(value.as_str(), value.radix()).ok())
}

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(value) => value.as_str().parse().ok(),
        other => integer(other).map(|value| value as f64),
    }
}

/// A value as it would stand in the file.
fn show(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{:?}", text.as_ref()),
        DeValue::Integer(value) => value.to_string(),
        DeValue::Float(value) => value.to_string(),
        DeValue::Boolean(value) => value.to_string(),
        DeValue::Datetime(value) => value.to_string(),
        DeValue::Array(array) => {
            let items: Vec<String> = array.iter().map(|item| show(item.get_ref())).collect();
            format!("[{}]", items.join(", "))
        }
        DeValue::Table(table) => {
            let items: Vec<String> = table
                .iter()
                .map(|(key, item)| format!("{} = {}", key.get_ref(), show(item.get_ref())))
                .collect();
            format!("{{{}}}", items.join(", "))
        }
    }
}
