//! What a key is: its name, and what it means.

/// A key of the configuration.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The name in the file.
    pub name: &'static str,
    /// Meaning, unit, allowed values and default, for `amorph config show`.
    pub doc: &'static str,
}

/// The keys of a table: the comment above a name is what `amorph config show` says of it.
macro_rules! keys {
    ($($(#[doc = $line:literal])+ $name:literal,)+) => {
        /// The keys of the table.
        pub const KEYS: &[Key] = &[$(Key { name: $name, doc: concat!($($line),+) }),+];
    };
}
pub(super) use keys;
