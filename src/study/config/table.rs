//! An interaction parameter between the two classes of particles, small (0) and large (1).

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::lines::Raw;
use super::section::Section;
use crate::solid::interactions::SymmetricTable;

const SHAPE: &str =
    "a number, a list of numbers, or [[small-small, small-large], [small-large, large-large]]";

/// As TOML: a number, or a 2×2 array.
pub(super) fn canonical(table: &SymmetricTable) -> Raw {
    Raw(match table.uniform_value() {
        Some(value) => format!("{value:?}"),
        None => {
            let [small, mixed, large] = [(0, 0), (0, 1), (1, 1)].map(|(s, t)| table.get(s, t));
            format!("[[{small:?}, {mixed:?}], [{mixed:?}, {large:?}]]")
        }
    })
}

/// Reads a number or a symmetric 2×2 array.
pub(super) fn read(
    section: &Section<'_>,
    key: &str,
    range: RangeInclusive<f64>,
    default: f64,
) -> SymmetricTable {
    section.read(key, SymmetricTable::uniform(2, default), |entry| {
        if !matches!(entry.value, DeValue::Array(_)) {
            return entry.f64(range).map(|value| SymmetricTable::uniform(2, value));
        }
        if entry.array(SHAPE)?.len() != 2 {
            return Err(entry.refuse(SHAPE));
        }
        let rows = entry.all(SHAPE, |row| {
            let values = row.all(SHAPE, |value| value.f64(range.clone()))?;
            <[f64; 2]>::try_from(values).map_err(|_| row.refuse(SHAPE))
        })?;
        if rows[0][1] != rows[1][0] {
            return Err(entry.refuse("a symmetric table: the two off-diagonal values are equal"));
        }
        Ok(SymmetricTable::from_fn(2, |s, t| rows[s][t]))
    })
}
