//! The size of a results file before it is made.

use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::values::Kind;
use crate::format::archive::{ItemLayout, item_bytes};
use crate::format::schema::Column;
use crate::study::config::Study;
use crate::study::schema::schemas;
use crate::study::statistics::arrays;

/// What HDF5 keeps for a dataset besides its values: object header, attributes, references of
/// dimension scales (measured).
const BYTES_PER_DATASET: u64 = 650;

/// What HDF5 keeps for a text of variable length besides its letters, which fill whole words of 8:
/// where it stands, and its length there.
const BYTES_PER_LABEL: usize = 32;

/// The size of a study's results file [bytes], estimated.
pub fn file_bytes(study: &Study) -> u64 {
    let schemas = &schemas(study);
    let items = ItemLayout::new(study.replicas, schemas).items();
    let of_file = study.canonical().len() as u64 + items * item_bytes(schemas);
    let of_scenarios = schemas.iter().map(|schema| group(&schema.columns, Some(&schema.replica)));
    let of_statistics = arrays::columns(study);
    let of_statistics = of_statistics.iter().map(|(_, columns)| group(columns, None));
    of_file + of_scenarios.sum::<u64>() + of_statistics.sum::<u64>()
}

/// The size of the columns of a group and of all scales below it.
fn group(columns: &[Column], replica: Option<&Axis>) -> u64 {
    let mut bytes = 0;
    let mut scales: Vec<(&str, &str, u64)> = Vec::new();
    for column in columns {
        bytes += column.replicas * column.row_bytes() as u64;
        let group = column.group();
        if let Some(replica) = replica {
            scales.push((group, &replica.name, column.replicas * Kind::F64.size() as u64));
        }
        for axis in &column.axes {
            let size = match &axis.ticks {
                Ticks::Labels(labels) => {
                    let bytes = |label: &String| label.len().next_multiple_of(8);
                    labels.iter().map(|label| BYTES_PER_LABEL + bytes(label)).sum()
                }
                _ => axis.length * Kind::F64.size(),
            };
            scales.push((group, &axis.name, size as u64));
        }
    }
    scales.sort_unstable();
    scales.dedup();
    let datasets = (columns.len() + scales.len()) as u64;
    bytes + scales.iter().map(|(_, _, size)| size).sum::<u64>() + datasets * BYTES_PER_DATASET
}
