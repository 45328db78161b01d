//! The solids of every scenario: the quantiles of each number that they have.

use super::super::ReportError;
use super::super::markup::Html;
use super::super::table::{Cell, Column, table};
use crate::analysis::quantities::{SOLID, SOLIDS, SolidResult};
use crate::analysis::quantity::Quantity;
use crate::analysis::unit::Units;
use crate::analysis::values::Values;
use crate::format::archive::ArchiveError;
use crate::report::collect::stream::Stream;
use crate::report::quantile::Quantiles;
use crate::study::results::Results;

/// Smallest, median, largest.
const PROBABILITIES: [f64; 3] = [0.0, 0.5, 1.0];

/// One quantity of the solids of one scenario.
struct Row {
    scenario: String,
    quantity: &'static Quantity<SolidResult>,
    unit: String,
    count: u64,
    quantiles: Vec<f64>,
}

pub(super) fn html(archives: &[Results]) -> Result<Html, ReportError> {
    let mut rows = Vec::new();
    for (index, config) in archives[0].study().scenarios.iter().enumerate() {
        let stream = Stream::new(archives, index)?;
        for quantity in SOLID.iter().filter(|quantity| quantity.along.is_empty()) {
            let (count, quantiles) = quantiles(&stream, quantity)?;
            if count > 0 {
                rows.push(Row {
                    scenario: config.name.clone(),
                    quantity,
                    unit: quantity.unit(&Units::new(config.solid.dimension, &[], &[])),
                    count,
                    quantiles,
                });
            }
        }
    }
    let columns = [
        Column::new("scenario", "", |row: &Row| Cell::text(&row.scenario)),
        Column::new("quantity", "its name in the file, below solids/", |row: &Row| {
            Cell::text(row.quantity.name)
        }),
        Column::new("unit", "1: a pure number, or 0 for no and 1 for yes", |row: &Row| {
            Cell::text(&row.unit)
        }),
        Column::new("solids", "", |row: &Row| Cell::Count(row.count)),
        Column::new("smallest", "", |row: &Row| Cell::Number(row.quantiles[0])),
        Column::new("median", "", |row: &Row| Cell::Number(row.quantiles[1])),
        Column::new("largest", "", |row: &Row| Cell::Number(row.quantiles[2])),
        Column::new("meaning", "", |row: &Row| Cell::text(row.quantity.description)),
    ];
    Ok(table("solids-table", "Quantities of the solids", &columns, &rows))
}

fn quantiles(
    stream: &Stream<'_>,
    quantity: &Quantity<SolidResult>,
) -> Result<(u64, Vec<f64>), ArchiveError> {
    let path = quantity.path(SOLIDS);
    let mut quantiles = Quantiles::new(&PROBABILITIES);
    while !quantiles.is_done() {
        stream.visit([&path], |_, [values]| match values {
            Values::F64(values) => values.iter().for_each(|&value| quantiles.add(value)),
            Values::I32(values) => values.iter().for_each(|&value| quantiles.add(f64::from(value))),
            Values::U8(values) => values.iter().for_each(|&value| quantiles.add(f64::from(value))),
        })?;
        quantiles.end_pass();
    }
    Ok((quantiles.count(), quantiles.values()))
}
