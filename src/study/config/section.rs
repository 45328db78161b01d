//! One table of the configuration as layers: a scenario's own first, the shared one behind it.
//!
//! What is wrong with a key is recorded, and reading goes on with its default, so that one look at a
//! file finds everything. What depends on several keys is looked at where these are right.

use toml::de::DeValue;

use super::entry::{Entry, Source, join};
use super::error::ConfigError;
use super::key::{Form, Key};
use super::scan::Choice;

/// A table with its layers, nearest first.
pub(super) struct Section<'d> {
    source: &'d Source<'d>,
    name: &'static str,
    keys: &'static [Key],
    layers: Vec<Entry<'d>>,
    /// Of the lists in place of values the one that this scenario takes.
    choice: Choice,
    /// Errors that were known before this scenario.
    before: usize,
    /// Whether every key of the layers exists: a misspelt one is not also a missing one.
    spelt: bool,
}

impl<'d> Section<'d> {
    /// The table `name` of the scenario and of the whole file, or of the latter alone; unknown keys
    /// in each are recorded. `before`: errors that have nothing to do with this scenario.
    pub fn new(
        parents: &[Entry<'d>],
        name: &'static str,
        keys: &'static [Key],
        choice: &Choice,
        before: usize,
    ) -> Self {
        let source = parents[0].source;
        let valid: Vec<&str> = keys.iter().map(|key| key.name).collect();
        let known = source.found();
        let mut layers = Vec::new();
        for table in parents.iter().filter_map(|parent| parent.find(name)) {
            let unknown = table.unknown(&valid, &format!("a table, [{}]", table.path));
            source.errors.borrow_mut().extend(unknown);
            if table.value.is_table() {
                layers.push(Entry { layer: layers.len(), ..table });
            }
        }
        let (choice, spelt) = (choice.clone(), source.found() == known);
        Section { source, name, keys, layers, choice, before, spelt }
    }

    /// The whole file as one table.
    pub fn whole(root: &Entry<'d>) -> Self {
        let layers = vec![root.clone()];
        let choice = Choice::default();
        Section { source: root.source, name: "", keys: &[], layers, choice, before: 0, spelt: true }
    }

    /// Whether nothing of this scenario, nor of the study, is known to be wrong.
    pub fn is_right(&self) -> bool {
        self.source.found() == self.before
    }

    /// How many errors were recorded.
    pub fn found(&self) -> usize {
        self.source.found()
    }

    /// A result's value; an error is recorded, and reading goes on with the stand-in.
    pub fn keep<T>(&self, result: Result<T, ConfigError>, stand_in: T) -> T {
        self.source.keep(result, stand_in)
    }

    /// The first layer's value of `key`; of a list in a scan the scenario's own.
    pub fn find(&self, key: &str) -> Option<Entry<'d>> {
        let entry = self.layers.iter().find_map(|layer| layer.find(key))?;
        Some(self.choice.of(self.name, key, entry))
    }

    /// Like [`Section::find`], but a missing key is an error that says what it may hold.
    pub fn require(&self, key: &str, allowed: &str) -> Result<Entry<'d>, ConfigError> {
        self.find(key).ok_or_else(|| self.missing(key, allowed))
    }

    /// Records that a key is missing which has no default.
    pub fn need(&self, key: &str, allowed: &str) {
        if self.spelt && self.find(key).is_none() {
            self.keep(Err(self.missing(key, allowed)), ());
        }
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

    /// An error that blames a key of another table, by its path.
    pub fn refuse_elsewhere(
        &self,
        key: &str,
        value: impl ToString,
        allowed: impl Into<String>,
    ) -> ConfigError {
        ConfigError::Value {
            file: self.source.file.to_owned(),
            line: self.layers.first().map_or(1, Entry::line),
            key: key.to_owned(),
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }

    /// What a key may hold.
    pub fn form(&self, key: &str) -> &'static Form {
        let known = self.keys.iter().find(|known| known.name == key);
        known.map_or(&Form::Schema("{}"), |known| &known.form)
    }

    /// What is read of a key, or its default.
    pub fn read<T>(
        &self,
        key: &str,
        default: T,
        read: impl FnOnce(&Entry<'d>) -> Result<T, ConfigError>,
    ) -> T {
        match self.find(key) {
            Some(entry) => self.keep(read(&entry), default),
            None => default,
        }
    }

    /// A float in the key's range, or its default.
    pub fn f64(&self, key: &str, default: f64) -> f64 {
        self.read(key, default, |entry| entry.f64(self.form(key).numbers()))
    }

    /// An integer in the key's range, or its default.
    pub fn integer(&self, key: &str, default: i64) -> i64 {
        self.read(key, default, |entry| entry.integer(self.form(key).integers()))
    }

    /// A boolean, or its default.
    pub fn boolean(&self, key: &str, default: bool) -> bool {
        self.read(key, default, |entry| match entry.value {
            DeValue::Boolean(value) => Ok(*value),
            _ => Err(entry.refuse("true or false")),
        })
    }

    /// One of several words, or the default.
    pub fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], default: T) -> T {
        self.read(key, default, |entry| entry.word(words))
    }
}
