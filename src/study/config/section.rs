//! One table of the configuration as layers: a scenario's own first, the shared one behind it.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::entry::{Entry, Source, join};
use super::error::ConfigError;
use super::key::Key;

/// A table with its layers, nearest first.
pub(super) struct Section<'d> {
    source: &'d Source<'d>,
    name: &'static str,
    layers: Vec<Entry<'d>>,
}

impl<'d> Section<'d> {
    /// The table `name` of the scenario and of the whole file, or of the latter alone; refuses
    /// unknown keys in each.
    pub fn new(
        parents: &[Entry<'d>],
        name: &'static str,
        keys: &[Key],
    ) -> Result<Self, ConfigError> {
        let valid: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let mut layers = Vec::new();
        for table in parents.iter().filter_map(|parent| parent.find(name)) {
            table.refuse_unknown(&valid, &format!("a table, [{}]", table.path))?;
            layers.push(Entry { layer: layers.len(), ..table });
        }
        Ok(Section { source: parents[0].source, name, layers })
    }

    /// The whole file as one table.
    pub fn whole(root: &Entry<'d>) -> Self {
        Section { source: root.source, name: "", layers: vec![root.clone()] }
    }

    /// The first layer's value of `key`.
    pub fn find(&self, key: &str) -> Option<Entry<'d>> {
        self.layers.iter().find_map(|layer| layer.find(key))
    }

    /// Like [`Section::find`], but a missing key is an error that says what it may hold.
    pub fn require(&self, key: &str, allowed: &str) -> Result<Entry<'d>, ConfigError> {
        self.find(key).ok_or_else(|| self.missing(key, allowed))
    }

    /// The error of a missing key.
    pub fn missing(&self, key: &str, allowed: &str) -> ConfigError {
        ConfigError::Missing {
            file: self.source.file.to_owned(),
            key: join(self.name, key),
            allowed: allowed.to_owned(),
        }
    }

    /// An error that blames `key`, or the section where the key is absent (a default value).
    pub fn refuse(
        &self,
        key: &str,
        value: impl ToString,
        allowed: impl Into<String>,
    ) -> ConfigError {
        let (value, allowed) = (value.to_string(), allowed.into());
        match self.find(key) {
            Some(entry) => entry.refuse_as(value, allowed),
            None => ConfigError::Value {
                file: self.source.file.to_owned(),
                line: 1,
                key: format!("{} (default)", join(self.name, key)),
                value,
                allowed,
            },
        }
    }

    /// What is read of a key, or its default.
    pub fn read<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&Entry<'d>) -> Result<T, ConfigError>,
    ) -> Result<T, ConfigError> {
        self.find(key).map_or(Ok(default), |entry| read(&entry))
    }

    /// A float in a range, or its default.
    pub fn f64(
        &self,
        key: &str,
        range: RangeInclusive<f64>,
        default: f64,
    ) -> Result<f64, ConfigError> {
        self.read(key, default, |entry| entry.f64(range))
    }

    /// An integer in a range, or its default.
    pub fn integer(
        &self,
        key: &str,
        range: RangeInclusive<i64>,
        default: i64,
    ) -> Result<i64, ConfigError> {
        self.read(key, default, |entry| entry.integer(range))
    }

    /// A boolean, or its default.
    pub fn boolean(&self, key: &str, default: bool) -> Result<bool, ConfigError> {
        self.read(key, default, |entry| match entry.value {
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
        self.read(key, default, |entry| entry.word(words))
    }
}
