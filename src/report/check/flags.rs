//! How often the flags of a results file are raised.

use std::collections::BTreeMap;

use super::findings::Flag;
use crate::analysis::quantities::{C_POSITIVE_DEFINITE, VALID};
use crate::analysis::values::Row;
use crate::format::archive::Item;
use crate::format::schema::{Column, ScenarioSchema};

/// The flags of one scenario: for every column how often each code stands in it.
#[derive(Default)]
pub(super) struct Flags(BTreeMap<usize, BTreeMap<u8, u64>>);

impl Flags {
    /// Counts those of an item.
    pub fn count(&mut self, schema: &ScenarioSchema, item: Item, row: &Row) {
        let columns = schema.columns_of(&schema.parts[item.part], item.slot);
        for (column, (_, values)) in columns.zip(row) {
            if !schema.columns[column].flags.is_empty() {
                let counts = self.0.entry(column).or_default();
                values.codes().iter().for_each(|&code| *counts.entry(code).or_default() += 1);
            }
        }
    }

    /// Those that have something to explain.
    pub fn raised(self, schema: &ScenarioSchema) -> impl Iterator<Item = Flag> {
        let columns = self.0.into_iter().map(|(index, counts)| (&schema.columns[index], counts));
        columns.filter(|(column, counts)| is_raised(column, counts)).map(|(column, counts)| Flag {
            scenario: schema.name.clone(),
            path: column.path.clone(),
            meaning: column.description.clone(),
            counts: counts.iter().map(|(&code, &count)| (name(column, code), count)).collect(),
        })
    }
}

fn is_raised(column: &Column, counts: &BTreeMap<u8, u64>) -> bool {
    // `c_positive_definite` and `valid` are good news when set; the others when they are not.
    let good = [C_POSITIVE_DEFINITE.name, VALID.name];
    let silent = u8::from(good.iter().any(|good| column.path.ends_with(good)));
    column.flags.len() != 2 || counts.keys().any(|&code| code != silent)
}

fn name(column: &Column, code: u8) -> String {
    let known = column.flags.iter().find(|(known, _)| *known == code);
    known.map_or_else(|| format!("unknown code {code}"), |(_, name)| (*name).to_owned())
}
