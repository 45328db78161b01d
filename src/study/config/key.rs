//! What a key is: its name, what it may hold, and what it means.

use std::ops::RangeInclusive;

use crate::system::words::Word;

/// A key of the configuration.
#[derive(Clone, Debug)]
pub struct Key {
    /// The name in the file.
    pub name: &'static str,
    /// Meaning, unit, and what its form does not say of allowed values and default.
    pub doc: &'static str,
    /// What it may hold.
    pub form: Form,
    /// A list of what it may hold makes a scan; each scenario's name ends with this, `{}` being the
    /// value.
    pub scan: Option<&'static str>,
}

/// What a key may hold. The readers of a [`Section`](super::section::Section) refuse anything else,
/// and the documentation and the schema for editors say it.
#[derive(Clone, Debug)]
pub enum Form {
    /// An integer.
    Integer(RangeInclusive<i64>),
    /// A number.
    Number(RangeInclusive<f64>),
    /// A number, or a symmetric table of them.
    Table(RangeInclusive<f64>),
    /// true or false.
    Boolean,
    /// One of these words.
    Words(fn() -> Vec<&'static str>),
    /// Something that its own reader knows: its JSON schema. The documentation says it in words.
    Schema(&'static str),
}

impl Form {
    /// The range of its numbers; empty where it holds none.
    pub fn numbers(&self) -> RangeInclusive<f64> {
        match self {
            Form::Number(range) | Form::Table(range) => range.clone(),
            _ => RangeInclusive::new(1.0, 0.0),
        }
    }

    /// The range of its integers; empty where it holds none.
    pub fn integers(&self) -> RangeInclusive<i64> {
        match self {
            Form::Integer(range) => range.clone(),
            _ => RangeInclusive::new(1, 0),
        }
    }
}

/// The words of a type.
pub(super) fn words<T: Word>() -> Vec<&'static str> {
    T::WORDS.iter().map(|(word, _)| *word).collect()
}

/// The keys of a table, each with its form: the comment above a name is its documentation. After
/// `scan` a list is allowed in place of a value: what names of scenarios say of it.
macro_rules! keys {
    ($($(#[doc = $line:literal])+ $name:literal $(scan $label:literal)?: $form:expr,)+) => {
        /// The keys of the table.
        pub const KEYS: &[Key] = &[$(Key {
            name: $name,
            doc: concat!($($line),+),
            form: $form,
            scan: { const LABEL: &[&str] = &[$($label)?]; LABEL.first().copied() },
        }),+];
    };
}
pub(super) use keys;
