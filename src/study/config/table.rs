//! An interaction parameter between the two classes of particles.

use std::ops::RangeInclusive;

use toml::de::DeValue;

use super::document::{Entry, Section};
use super::error::ConfigError;

/// k or B between small (0) and large (1) particles; symmetric. Units: energy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Table {
    /// small–small
    pub small: f64,
    /// small–large
    pub mixed: f64,
    /// large–large
    pub large: f64,
}

impl Table {
    /// The same value for every pair.
    pub fn uniform(value: f64) -> Self {
        Table { small: value, mixed: value, large: value }
    }

    /// The value between two classes (0 small, 1 large).
    pub fn get(&self, first: usize, second: usize) -> f64 {
        match first + second {
            0 => self.small,
            1 => self.mixed,
            _ => self.large,
        }
    }

    /// Whether all pairs have the same value.
    pub fn is_uniform(&self) -> bool {
        self.small == self.mixed && self.mixed == self.large
    }

    /// The largest of the values.
    pub fn max(&self) -> f64 {
        self.small.max(self.mixed).max(self.large)
    }

    /// The smallest of the values.
    pub fn min(&self) -> f64 {
        self.small.min(self.mixed).min(self.large)
    }

    /// Every value divided by a unit.
    pub fn in_units_of(&self, unit: f64) -> Self {
        Table { small: self.small / unit, mixed: self.mixed / unit, large: self.large / unit }
    }

    /// The name of the first pair whose value is 0.
    pub fn zero_pair(&self) -> &'static str {
        if self.small == 0.0 {
            "small-small"
        } else if self.mixed == 0.0 {
            "small-large"
        } else {
            "large-large"
        }
    }

    /// As TOML: a number, or a 2×2 array.
    pub fn canonical(&self) -> String {
        if self.is_uniform() {
            format!("{:?}", self.small)
        } else {
            format!("[[{:?}, {:?}], [{:?}, {:?}]]", self.small, self.mixed, self.mixed, self.large)
        }
    }

    /// Reads a number or a symmetric 2×2 array.
    pub(super) fn read(
        section: &Section<'_, '_>,
        key: &str,
        range: RangeInclusive<f64>,
        default: f64,
    ) -> Result<Self, ConfigError> {
        let Some(entry) = section.find(key) else {
            return Ok(Table::uniform(default));
        };
        if !matches!(entry.value(), DeValue::Array(_)) {
            return entry.f64(range).map(Table::uniform);
        }
        let rows = entry.array(SHAPE)?;
        let [first, second] = rows.as_slice() else {
            return Err(entry.refuse(SHAPE));
        };
        let (first, second) = (pair(first, &range)?, pair(second, &range)?);
        if first[1] != second[0] {
            return Err(entry.refuse("a symmetric table: the two off-diagonal values are equal"));
        }
        Ok(Table { small: first[0], mixed: first[1], large: second[1] })
    }
}

const SHAPE: &str = "a number, or [[small-small, small-large], [small-large, large-large]]";

fn pair(entry: &Entry<'_, '_>, range: &RangeInclusive<f64>) -> Result<[f64; 2], ConfigError> {
    let items = entry.array(SHAPE)?;
    let [a, b] = items.as_slice() else {
        return Err(entry.refuse(SHAPE));
    };
    Ok([a.f64(range.clone())?, b.f64(range.clone())?])
}
