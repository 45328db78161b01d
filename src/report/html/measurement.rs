//! The report of an output of `amorph measure`.

use super::ReportError;
use super::chart::{Axis, Chart, Mark, Style};
use super::curve::Curve;
use super::markup::{Html, listing, paragraph, shell_word};
use super::page::{Page, Section};
use super::solid::drawing;
use super::table::{Cell, Column, facts, number, table};
use crate::analysis::quantities as q;
use crate::analysis::quantity::{Along, Quantity};
use crate::analysis::values::Kind;
use crate::format::measurement::{Measurement, MeasurementError};
use crate::format::solid_file::{self, SolidData};

/// Directions whose curve is drawn.
const CURVES: usize = 2;

/// The report of one measured solid.
pub(super) fn page(address: &str, file: &Measurement) -> Result<Page, ReportError> {
    let data = solid_file::read(address)?;
    let attributes = file.attributes();
    let directions = file.shape(name(&q::SUSCEPTIBILITY)).map_or(0, |shape| shape.iter().product());
    let parameters = file.length(Along::Parameter).unwrap_or(0);
    let source = attributes.iter().find(|(name, _)| name == "source");
    let subtitle = format!(
        "{} particles in {}d, {parameters} parameters, {directions} directions{}",
        data.species.len(),
        data.dimension(),
        source.map_or_else(String::new, |(_, source)| format!("; from {source}"))
    );
    let (picture, _) = drawing("At the minimum", &data)?;
    let sections = vec![
        Section::new(
            "provenance",
            "Provenance and settings",
            Ok::<_, ReportError>(provenance(address, &attributes)),
        ),
        Section::new("solid", "The solid", solid(file, &data)),
        Section::new(
            "figures",
            "Figures",
            figures(file, directions)
                .map(|more| Html::with("div", &[("class", "figures")], picture.and(more))),
        ),
        Section::new("features", "Features", features(file)),
        Section::new("singular-values", "Singular values", singular_values(file)),
        Section::new("directions", "Directions", directions_table(file, directions)),
        Section::new("parameters", "Parameters", parameters_table(file, parameters)),
        Section::new("repeat", "To look further", Ok::<_, ReportError>(commands(address))),
    ];
    Ok(Page {
        title: format!("Measurement {address}"),
        subtitle,
        warnings: Vec::new(),
        sections: sections.into_iter().filter(|section| !section.body.is_empty()).collect(),
    })
}

fn provenance(address: &str, attributes: &[(String, String)]) -> Html {
    let rows = attributes.iter().map(|(name, value)| (name.as_str(), value.clone()));
    let rows: Vec<(&str, String)> =
        [("file", address.to_owned())].into_iter().chain(rows).collect();
    facts(&rows)
}

/// The name of a quantity in the file.
fn name<T>(quantity: &Quantity<T>) -> &'static str {
    quantity.alone.map_or(quantity.name, |(name, _)| name)
}

/// What a quantity is.
fn text<T>(quantity: &Quantity<T>) -> &'static str {
    quantity.alone.map_or(quantity.description, |(_, text)| text)
}

/// The same with its unit.
fn meaning<T>(quantity: &Quantity<T>, file: &Measurement) -> String {
    let text = text(quantity);
    match file.unit(name(quantity)).as_deref() {
        None | Some("1") => text.to_owned(),
        Some("mixed") => format!("{text} [in the units of features and parameters]"),
        Some(unit) => format!("{text} [{unit}]"),
    }
}

/// All values of a quantity as numbers; none where the file does not hold it.
fn values<T>(
    file: &Measurement,
    quantity: &Quantity<T>,
) -> Result<Option<Vec<f64>>, MeasurementError> {
    of_dataset(file, name(quantity), quantity.kind())
}

fn of_dataset(
    file: &Measurement,
    path: &str,
    kind: Kind,
) -> Result<Option<Vec<f64>>, MeasurementError> {
    let Ok(shape) = file.shape(path) else { return Ok(None) };
    let length = shape.iter().product();
    Ok(Some(match kind {
        Kind::F64 => file.read::<f64>(path, length)?,
        Kind::I32 => file.read::<i32>(path, length)?.into_iter().map(f64::from).collect(),
        Kind::U8 | Kind::Text(_) => {
            file.read::<u8>(path, length)?.into_iter().map(f64::from).collect()
        }
    }))
}

/// A value with the word of its code, where it has one.
fn cell<T>(quantity: &Quantity<T>, value: f64) -> Cell {
    let code = quantity.codes().into_iter().find(|(code, _)| f64::from(*code) == value);
    match (code, quantity.kind()) {
        (Some((_, word)), _) => Cell::text(word.replace('_', " ")),
        (None, Kind::F64) => Cell::Number(value),
        (None, _) => Cell::text(value),
    }
}

/// The numbers that the solid has.
fn solid(file: &Measurement, data: &SolidData) -> Result<Html, ReportError> {
    let mut rows = vec![("particles", Cell::Count(data.species.len() as u64), String::new())];
    for quantity in q::SOLID.iter().filter(|quantity| quantity.along.is_empty()) {
        if quantity.alone.is_some()
            && let Some(value) = values(file, quantity)?.and_then(|values| values.first().copied())
        {
            rows.push((name(quantity), cell(quantity, value), meaning(quantity, file)));
        }
    }
    type Row = (&'static str, Cell, String);
    let columns = [
        Column::new("quantity", "", |row: &Row| Cell::text(row.0)),
        Column::new("value", "", |row: &Row| row.1.clone()),
        Column::new("meaning", "with its unit", |row: &Row| Cell::text(&row.2)),
    ];
    Ok(table("solid-table", "Numbers of the solid", &columns, &rows))
}

fn features(file: &Measurement) -> Result<Html, ReportError> {
    let Some(found) = values(file, &q::FEATURE_VALUES)? else { return Ok(Html::default()) };
    let labels = file.names(Along::Feature, found.len())?;
    let degenerate = values(file, &q::DEGENERATE)?.unwrap_or_default();
    let rows: Vec<(String, f64, bool)> = labels
        .into_iter()
        .zip(found)
        .enumerate()
        .map(|(index, (label, value))| (label, value, degenerate.get(index) == Some(&1.0)))
        .collect();
    let mut columns = vec![
        Column::new("feature", "", |row: &(String, f64, bool)| Cell::text(&row.0)),
        Column::new("y", text(&q::FEATURE_VALUES), |row: &(String, f64, bool)| Cell::Number(row.1)),
    ];
    if rows.iter().any(|row| row.2) {
        columns.push(Column::new(
            "degenerate",
            q::DEGENERATE.description,
            |row: &(String, f64, bool)| Cell::text(if row.2 { "yes" } else { "no" }),
        ));
    }
    Ok(table("features-table", "Features", &columns, &rows))
}

fn singular_values(file: &Measurement) -> Result<Html, ReportError> {
    let Some(found) = values(file, &q::SINGULAR_VALUES)? else { return Ok(Html::default()) };
    let one = |quantity| -> Result<Option<f64>, MeasurementError> {
        Ok(values(file, quantity)?.and_then(|values| values.first().copied()))
    };
    let mut said = Vec::new();
    for quantity in [&q::RANK, &q::RANK_WITHOUT_MODES, &q::GAP] {
        if let Some(value) = one(quantity)? {
            let value = match quantity.kind() {
                _ if value.is_infinite() => "infinite".to_owned(),
                Kind::F64 => number(value),
                _ => value.to_string(),
            };
            said.push((name(quantity), format!("{value}: {}", quantity.description)));
        }
    }
    let rows: Vec<(usize, f64)> = found.into_iter().enumerate().collect();
    let columns = [
        Column::new("i", "singular direction, the largest first", |row: &(usize, f64)| {
            Cell::Count(row.0 as u64)
        }),
        Column::new(
            "s",
            format!("{} [unit of y / unit of θ]", q::SINGULAR_VALUES.description),
            |row: &(usize, f64)| Cell::Number(row.1),
        ),
    ];
    Ok(facts(&said).and(table("singular-table", "Singular values", &columns, &rows)))
}

/// Every number that belongs to a direction.
fn directions_table(file: &Measurement, count: usize) -> Result<Html, ReportError> {
    let mut columns = vec![Column::new("direction", "", |row: &usize| Cell::Count(*row as u64))];
    for quantity in q::DIRECTION.iter().chain(q::ALONE) {
        let width = match quantity.along {
            [] => 1,
            [Along::Bracket] => 2,
            _ => continue,
        };
        let Some(found) = values(file, quantity)?.filter(|found| found.len() == count * width)
        else {
            continue;
        };
        for end in 0..width {
            let (head, legend) = match (width, end) {
                (1, _) => (name(quantity).to_owned(), meaning(quantity, file)),
                (_, 0) => (format!("{} lo", name(quantity)), meaning(quantity, file)),
                _ => (format!("{} hi", name(quantity)), String::new()),
            };
            let found = found.clone();
            columns.push(Column::new(head.replace('_', " "), legend, move |row: &usize| {
                cell(quantity, found[row * width + end])
            }));
        }
    }
    let rows: Vec<usize> = (0..count).collect();
    Ok(table("directions-table", "Directions", &columns, &rows))
}

fn parameters_table(file: &Measurement, count: usize) -> Result<Html, ReportError> {
    let labels = file.names(Along::Parameter, count)?;
    let Some(found) = values(file, &q::THETA0)?.filter(|found| found.len() == count) else {
        return Ok(Html::default());
    };
    let inert = values(file, &q::INERT)?.unwrap_or_default();
    let rows: Vec<(String, f64, bool)> = labels
        .into_iter()
        .zip(found)
        .enumerate()
        .map(|(index, (label, value))| (label, value, inert.get(index) == Some(&1.0)))
        .collect();
    let columns = [
        Column::new("parameter", "", |row: &(String, f64, bool)| Cell::text(&row.0)),
        Column::new("θ", text(&q::THETA0), |row: &(String, f64, bool)| Cell::Number(row.1)),
        Column::new("inert", q::INERT.description, |row: &(String, f64, bool)| {
            Cell::text(if row.2 { "yes" } else { "no" })
        }),
    ];
    Ok(table("parameters-table", "Parameters", &columns, &rows))
}

/// The spectrum of J, and the first curves.
fn figures(file: &Measurement, directions: usize) -> Result<Html, ReportError> {
    let mut figures = Html::default();
    if let Some(found) = values(file, &q::SINGULAR_VALUES)? {
        let at = found.iter().enumerate().map(|(mode, s)| [mode as f64, *s]).collect();
        let chart = Chart {
            x: Axis::linear("index of the singular direction"),
            y: Axis::log("susceptibility s  [unit of y / unit of θ]"),
            marks: vec![Mark::Points { style: Style::nth(0), filled: true, at }],
            key: Vec::new(),
            caption: format!("The spectrum of J: {}.", q::SINGULAR_VALUES.description),
        };
        figures = figures.and(chart.html()?);
    }
    for direction in 0..directions.min(CURVES) {
        if let Some(curve) = curve(file, direction, directions)? {
            figures = figures.and(curve.chart().html()?);
        }
    }
    Ok(figures)
}

/// The curve of a direction; none where the file holds none.
fn curve(
    file: &Measurement,
    direction: usize,
    count: usize,
) -> Result<Option<Curve>, MeasurementError> {
    let path = |quantity: &Quantity<_>| format!("{}/{}", q::CURVE_GROUP, name(quantity));
    let grid = of_dataset(file, &format!("{}/gamma", q::CURVE_GROUP), Kind::F64)?;
    let Some(grid) = grid else { return Ok(None) };
    let points = grid.len();
    let own = |quantity: &Quantity<_>| -> Result<Vec<f64>, MeasurementError> {
        let all = of_dataset(file, &path(quantity), quantity.kind())?.unwrap_or_default();
        Ok(all
            .get(direction * points..(direction + 1) * points)
            .map(<[f64]>::to_vec)
            .unwrap_or_default())
    };
    let mut thresholds = [([f64::NAN; 2], 0); 3];
    for (threshold, (bracket, cause)) in thresholds.iter_mut().zip(q::THRESHOLDS) {
        let ends: Vec<f64> = file.read(name(bracket), 2 * count)?;
        let codes: Vec<u8> = file.read(name(cause), count)?;
        *threshold = ([ends[2 * direction], ends[2 * direction + 1]], codes[direction]);
    }
    let strength: Vec<f64> = file.read(name(&q::SUSCEPTIBILITY), count)?;
    let tilde: Vec<f64> = file.read(name(&q::GAMMA_TILDE), count)?;
    let valid: Vec<u8> = own(&q::VALID)?.into_iter().map(|value| value as u8).collect();
    let curve = Curve {
        title: format!("direction {direction}, s = {:.3}", strength[direction]),
        norm: own(&q::NORM)?,
        linear_norm: own(&q::LINEAR_NORM)?,
        difference: own(&q::DIFFERENCE)?,
        quadratic: own(&q::QUADRATIC)?,
        thresholds,
        gamma_tilde: tilde[direction],
        ..Curve::default()
    };
    Ok(Some(curve.reached(&grid, &valid)))
}

fn commands(address: &str) -> Html {
    let word = shell_word(address);
    paragraph("The attributes above are the settings. The file is a solid file itself, at its minimum:")
        .and(listing(format!(
            "amorph measure {word} -o again.h5 --no-relax\namorph export {word} -o solid.xyz\nh5dump -n {word}"
        )))
}
