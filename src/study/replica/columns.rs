//! Values on their way into a row of the results.

use std::collections::HashMap;

use super::error::ReplicaError;
use crate::analysis::values::{Row, Values};
use crate::format::row::Part;
use crate::format::schema::ScenarioSchema;

/// Values by column; repeated calls for one column append.
#[derive(Default)]
pub(super) struct Columns(HashMap<String, Values>);

impl Columns {
    /// Appends floats.
    pub fn floats(&mut self, path: String, values: impl IntoIterator<Item = f64>) {
        let column = self.0.entry(path).or_insert_with(|| Values::F64(Vec::new()));
        if let Values::F64(column) = column {
            column.extend(values);
        }
    }

    /// Appends counts; one beyond the range of the column stands at its end.
    pub fn counts(&mut self, path: String, values: impl IntoIterator<Item = u64>) {
        let values = values.into_iter().map(|value| i32::try_from(value).unwrap_or(i32::MAX));
        self.integers(path, values);
    }

    /// Appends integers.
    pub fn integers(&mut self, path: String, values: impl IntoIterator<Item = i32>) {
        let column = self.0.entry(path).or_insert_with(|| Values::I32(Vec::new()));
        if let Values::I32(column) = column {
            column.extend(values);
        }
    }

    /// Appends codes or flags.
    pub fn codes(&mut self, path: String, values: impl IntoIterator<Item = u8>) {
        let column = self.0.entry(path).or_insert_with(|| Values::U8(Vec::new()));
        if let Values::U8(column) = column {
            column.extend(values);
        }
    }

    /// The row of a part: the schema's columns in its order. Columns that the file does not keep
    /// are left out.
    pub fn into_row(
        mut self,
        schema: &ScenarioSchema,
        part: &Part,
        slot: u64,
    ) -> Result<Row, ReplicaError> {
        schema
            .columns_of(part, slot)
            .map(|index| {
                let path = &schema.columns[index].path;
                let values = self.0.remove(path);
                values
                    .map(|values| (path.clone(), values))
                    .ok_or_else(|| ReplicaError::MissingColumn(path.clone()))
            })
            .collect()
    }
}
