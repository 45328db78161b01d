//! The size of a results file before it is made.

use crate::analysis::axis::Ticks;
use crate::analysis::values::Kind;
use crate::format::archive::{ItemLayout, item_bytes};
use crate::study::config::Study;
use crate::study::schema::schemas;
use crate::study::statistics::arrays;

/// What HDF5 keeps for a dataset besides its values: object header, attributes, references of
/// dimension scales (measured).
const BYTES_PER_DATASET: u64 = 715;

/// What HDF5 keeps for a text of variable length besides its letters, which fill whole words of 8:
/// where it stands, and its length there.
const BYTES_PER_LABEL: usize = 32;

/// The size of a study's results file [bytes], estimated.
pub fn file_bytes(study: &Study) -> u64 {
    let schemas = &schemas(study);
    let items = ItemLayout::new(study.replicas, schemas).items();
    let mut bytes = study.canonical().len() as u64 + items * item_bytes(schemas);
    let mut datasets = 0;
    for schema in schemas {
        let mut scales: Vec<(String, String, u64)> = Vec::new();
        for column in &schema.columns {
            bytes += column.replicas * column.row_bytes() as u64;
            datasets += 1;
            let group = column.group().to_owned();
            let replicas = column.replicas * Kind::F64.size() as u64;
            scales.push((group.clone(), schema.replica.name.clone(), replicas));
            for axis in &column.axes {
                let size = match &axis.ticks {
                    Ticks::Labels(labels) => {
                        let bytes = |label: &String| label.len().next_multiple_of(8);
                        labels.iter().map(|label| BYTES_PER_LABEL + bytes(label)).sum()
                    }
                    _ => axis.length * Kind::F64.size(),
                };
                scales.push((group.clone(), axis.name.clone(), size as u64));
            }
        }
        scales.sort();
        scales.dedup();
        datasets += scales.len() as u64;
        bytes += scales.iter().map(|(_, _, size)| size).sum::<u64>();
    }
    let reserved: usize = arrays::columns(study).iter().map(|(_, columns)| columns.len()).sum();
    bytes + (datasets + reserved as u64) * BYTES_PER_DATASET
}
