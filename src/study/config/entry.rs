//! One value of a TOML text, with the place to blame.

use std::borrow::Cow;
use std::cell::RefCell;
use std::error::Error;
use std::ops::RangeInclusive;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;

/// Below this Jaro–Winkler similarity a key is not offered as "did you mean".
const NEAREST_SIMILARITY: f64 = 0.7;

/// The rows of the dataset `directions` of `FILE[:/group]`. The configuration reads TOML alone:
/// who loads it says how such a file is read.
pub type ReadRows<'r> = &'r dyn Fn(&str) -> Result<Vec<Vec<f64>>, Box<dyn Error + Send + Sync>>;

/// Where a configuration comes from.
pub(super) struct Source<'t> {
    /// The file's name, for messages.
    pub file: &'t str,
    /// Where relative names of other files begin: the study's folder.
    pub folder: &'t Path,
    pub text: &'t str,
    pub read_rows: ReadRows<'t>,
    /// What was found to be wrong so far.
    pub errors: RefCell<Vec<ConfigError>>,
}

impl<'t> Source<'t> {
    /// The text as one table.
    pub fn parse(&self) -> Result<DeValue<'t>, ConfigError> {
        match DeTable::parse(self.text) {
            Ok(root) => Ok(DeValue::Table(root.into_inner())),
            Err(error) => Err(ConfigError::Syntax {
                file: self.file.to_owned(),
                line: self.line(error.span().map_or(0, |span| span.start)),
                message: error.message().to_owned(),
            }),
        }
    }

    /// A result's value; an error is recorded, and reading goes on with the stand-in.
    pub fn keep<T>(&self, result: Result<T, ConfigError>, stand_in: T) -> T {
        result.unwrap_or_else(|error| {
            self.errors.borrow_mut().push(error);
            stand_in
        })
    }

    /// How many errors were recorded.
    pub fn found(&self) -> usize {
        self.errors.borrow().len()
    }

    /// The recorded errors, each once: what is wrong in a shared table is found by every scenario.
    pub fn verdict(&self) -> Result<(), ConfigError> {
        let mut errors: Vec<ConfigError> = Vec::new();
        for error in self.errors.take() {
            if errors.iter().all(|known| known.to_string() != error.to_string()) {
                errors.push(error);
            }
        }
        match errors.len() {
            0 => Ok(()),
            1 => Err(errors.remove(0)),
            _ => Err(ConfigError::Several(errors)),
        }
    }

    /// The line (from 1) of a byte offset.
    fn line(&self, offset: usize) -> usize {
        1 + self.text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count()
    }
}

/// A value of the text.
#[derive(Clone)]
pub(super) struct Entry<'d> {
    pub source: &'d Source<'d>,
    /// The key with its path.
    pub path: String,
    /// Index of the layer it came from; 0 is the scenario's own.
    pub layer: usize,
    pub value: &'d DeValue<'d>,
    /// Where it stands in the text, in bytes.
    pub offset: usize,
}

/// A key with its path.
pub(super) fn join(prefix: &str, key: &str) -> String {
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

impl<'d> Entry<'d> {
    /// The whole text.
    pub fn root(source: &'d Source<'d>, value: &'d DeValue<'d>) -> Self {
        Entry { source, path: String::new(), layer: 0, value, offset: 0 }
    }

    fn child(&self, path: String, value: &'d Spanned<DeValue<'d>>) -> Self {
        let offset = value.span().start;
        Entry { source: self.source, path, layer: self.layer, value: value.get_ref(), offset }
    }

    /// The line where it stands.
    pub fn line(&self) -> usize {
        self.source.line(self.offset)
    }

    /// The error that this value is not what is allowed.
    pub fn refuse(&self, allowed: impl Into<String>) -> ConfigError {
        self.refuse_as(show(self.value), allowed)
    }

    /// The same, with the value as it is understood.
    pub fn refuse_as(&self, value: String, allowed: impl Into<String>) -> ConfigError {
        ConfigError::Value {
            file: self.source.file.to_owned(),
            line: self.line(),
            key: self.path.clone(),
            value,
            allowed: allowed.into(),
        }
    }

    /// The error that its own reader has with this text.
    pub fn wrong(&self, reason: String) -> ConfigError {
        ConfigError::Text {
            file: self.source.file.to_owned(),
            line: self.line(),
            key: self.path.clone(),
            value: show(self.value),
            reason,
        }
    }

    /// The directions in the file that this value names, with the file's address.
    pub fn read_rows(&self, name: &str) -> Result<(String, Vec<Vec<f64>>), ConfigError> {
        let address = self.address(name);
        let rows = (self.source.read_rows)(&address).map_err(|source| ConfigError::File {
            file: self.source.file.to_owned(),
            line: self.line(),
            key: self.path.clone(),
            source,
        })?;
        Ok((address, rows))
    }

    /// Where a file stands that the text names.
    pub fn address(&self, name: &str) -> String {
        self.source.folder.join(name).display().to_string()
    }

    /// A finite float (an integer will do) in the range.
    pub fn f64(&self, range: RangeInclusive<f64>) -> Result<f64, ConfigError> {
        number(self.value).filter(|value| value.is_finite() && range.contains(value)).ok_or_else(
            || self.refuse(format!("a number from {:?} to {:?}", range.start(), range.end())),
        )
    }

    /// An integer in the range.
    pub fn integer(&self, range: RangeInclusive<i64>) -> Result<i64, ConfigError> {
        integer(self.value).filter(|value| range.contains(value)).ok_or_else(|| {
            self.refuse(format!("an integer from {} to {}", range.start(), range.end()))
        })
    }

    /// A string.
    pub fn string(&self, allowed: &str) -> Result<&'d str, ConfigError> {
        self.value.as_str().ok_or_else(|| self.refuse(allowed))
    }

    /// One of several words.
    pub fn word<T: Copy>(&self, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let given = self.value.as_str();
        let found = words.iter().find(|(word, _)| Some(*word) == given);
        found.map(|(_, value)| *value).ok_or_else(|| {
            let all: Vec<String> = words.iter().map(|(word, _)| format!("{word:?}")).collect();
            self.refuse(format!("one of {}", all.join(", ")))
        })
    }

    /// The elements of an array, each an entry of its own.
    pub fn array(&self, allowed: &str) -> Result<Vec<Entry<'d>>, ConfigError> {
        let array = self.value.as_array().ok_or_else(|| self.refuse(allowed))?;
        let entry = |(index, value)| self.child(format!("{}[{index}]", self.path), value);
        Ok(array.iter().enumerate().map(entry).collect())
    }

    /// The same; of what is no array none.
    pub fn items(&self) -> Vec<Entry<'d>> {
        self.array("").unwrap_or_default()
    }

    /// What an array holds.
    pub fn all<T>(
        &self,
        allowed: &str,
        read: impl Fn(&Entry<'d>) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        self.array(allowed)?.iter().map(read).collect()
    }

    /// The same, each once and at least one.
    pub fn list<T: PartialEq>(
        &self,
        allowed: &str,
        read: impl Fn(&Entry<'d>) -> Result<T, ConfigError>,
    ) -> Result<Vec<T>, ConfigError> {
        let mut list = Vec::new();
        for entry in self.array(allowed)? {
            let item = read(&entry)?;
            if list.contains(&item) {
                return Err(entry.refuse(allowed));
            }
            list.push(item);
        }
        if list.is_empty() { Err(self.refuse(allowed)) } else { Ok(list) }
    }

    /// The value of a key where this is a table.
    pub fn find(&self, key: &str) -> Option<Entry<'d>> {
        let value = self.value.as_table()?.get(key)?;
        Some(self.child(join(&self.path, key), value))
    }

    /// The same; a missing key is an error that says what it may hold.
    pub fn require(&self, key: &str, allowed: &str) -> Result<Entry<'d>, ConfigError> {
        self.find(key).ok_or_else(|| ConfigError::Missing {
            file: self.source.file.to_owned(),
            key: join(&self.path, key),
            allowed: allowed.to_owned(),
        })
    }

    /// The values of these keys of a table that holds no others.
    pub fn members<const N: usize>(
        &self,
        keys: [&str; N],
        allowed: &str,
    ) -> Result<[Option<Entry<'d>>; N], ConfigError> {
        match self.unknown(&keys, allowed).into_iter().next() {
            Some(error) => Err(error),
            None => Ok(keys.map(|key| self.find(key))),
        }
    }

    /// The errors that this is no table, or that some of its keys are not `valid`.
    pub fn unknown(&self, valid: &[&str], allowed: &str) -> Vec<ConfigError> {
        let Some(table) = self.value.as_table() else { return vec![self.refuse(allowed)] };
        let is_unknown = |key: &&Spanned<Cow<'_, str>>| !valid.contains(&key.get_ref().as_ref());
        table.keys().filter(is_unknown).map(|key| self.unknown_key(key, valid)).collect()
    }

    fn unknown_key(&self, key: &Spanned<Cow<'_, str>>, valid: &[&str]) -> ConfigError {
        let similarity = |candidate: &str| strsim::jaro_winkler(candidate, key.get_ref());
        let nearest = valid
            .iter()
            .max_by(|a, b| similarity(a).total_cmp(&similarity(b)))
            .filter(|candidate| similarity(candidate) >= NEAREST_SIMILARITY);
        ConfigError::UnknownKey {
            file: self.source.file.to_owned(),
            line: self.source.line(key.span().start),
            key: join(&self.path, key.get_ref()),
            nearest: nearest.map(|&candidate| candidate.to_owned()),
            valid: valid.join(", "),
        }
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    value.as_integer().and_then(|value| i64::from_str_radix(value.as_str(), value.radix()).ok())
}

/// A number, whether an integer or not.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
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
