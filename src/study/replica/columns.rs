//! Values on their way into a row of the results.

use std::collections::HashMap;

use super::error::ReplicaError;
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::format::row::Part;
use crate::format::schema::ScenarioSchema;

/// Values by column.
#[derive(Default)]
pub(super) struct Columns(HashMap<String, Values>);

impl Columns {
    /// Appends the values of a result to the columns of its quantities in a group.
    pub fn add<T>(&mut self, group: &str, quantities: &[Quantity<T>], of: &T) {
        for quantity in quantities {
            let column = self.0.entry(quantity.path(group));
            column.or_insert_with(|| Values::none(quantity.kind())).append(quantity.values(of));
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
