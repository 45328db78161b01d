//! The report of a solid file.

use super::ReportError;
use super::markup::{Html, listing, paragraph, shell_word};
use super::packing::{contacts, picture};
use super::page::{Page, Section};
use super::table::{Cell, Column, facts, number, table};
use crate::format::solid_file::SolidData;
use crate::solid::contacts::virial_pressure;
use crate::solid::potential::Tail;

/// Names and what they are.
type Facts = Vec<(&'static str, String)>;

/// A species of the solid.
struct Species {
    index: usize,
    particles: usize,
    diameter: f64,
    k: [f64; 2],
    depth: [f64; 2],
}

/// The report of one solid, as it stands in its file.
pub(super) fn page(address: &str, data: &SolidData) -> Result<Page, ReportError> {
    let dimension = data.dimension();
    let mut rows = vec![
        ("file", address.to_owned()),
        ("particles", data.species.len().to_string()),
        ("dimension", dimension.to_string()),
        ("box [length]", lengths(&data.edges)),
        ("species", data.diameters.len().to_string()),
        ("a [1/length]", data.a.to_string()),
        ("springs", data.springs.as_ref().map_or("none".to_owned(), |it| it.len().to_string())),
        (
            "directions",
            match &data.directions {
                None => "none".to_owned(),
                Some((values, columns)) => {
                    format!("{} of {columns} parameters", values.len() / columns.max(&1))
                }
            },
        ),
    ];
    let (drawing, more) = drawing(address, data)?;
    rows.extend(more);
    let sections = vec![
        Section::new("solid", "The solid", Ok::<_, ReportError>(facts(&rows))),
        Section::new("figures", "Figures", Ok::<_, ReportError>(drawing)),
        Section::new("species", "Species", Ok::<_, ReportError>(species(data))),
        Section::new("repeat", "To measure it", Ok::<_, ReportError>(commands(address))),
    ];
    Ok(Page {
        title: format!("Solid {address}"),
        subtitle: format!(
            "{} particles in {dimension}d, as they stand in the file",
            data.species.len()
        ),
        warnings: Vec::new(),
        sections: sections.into_iter().filter(|section| !section.body.is_empty()).collect(),
    })
}

/// The picture of a solid in two dimensions, and what is seen in it.
pub(super) fn drawing(title: &str, data: &SolidData) -> Result<(Html, Facts), ReportError> {
    if data.dimension() != 2 {
        return Ok((Html::default(), Vec::new()));
    }
    let solid = data.solid::<2>(data.tail.unwrap_or(Tail::DEFAULT));
    let solid = solid.map_err(|error| ReportError::Solid {
        name: title.to_owned(),
        reason: error.to_string(),
    })?;
    let contacts = contacts(&solid);
    let rows = vec![
        ("packing fraction", format!("{:.6}", solid.packing_fraction())),
        ("contacts", contacts.contact_count().to_string()),
        ("rattlers", contacts.rattler_count().to_string()),
        ("pressure [energy/length^2]", number(virial_pressure(&solid, &contacts.bonds))),
    ];
    Ok((picture(&solid, &contacts, title)?, rows))
}

fn lengths(edges: &[f64]) -> String {
    edges.iter().map(|edge| format!("{edge:.6}")).collect::<Vec<_>>().join(" × ")
}

fn species(data: &SolidData) -> Html {
    let count = data.diameters.len();
    let ends = |table: &[f64], row: usize| {
        let row = &table[row * count..(row + 1) * count];
        row.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |[lo, hi], x| [lo.min(*x), hi.max(*x)])
    };
    let rows: Vec<Species> = (0..count)
        .map(|index| Species {
            index,
            particles: data.species.iter().filter(|species| **species == index).count(),
            diameter: data.diameters[index],
            k: ends(&data.k, index),
            depth: ends(&data.depths, index),
        })
        .collect();
    let columns = [
        Column::new("species", "", |row: &Species| Cell::Count(row.index as u64)),
        Column::new("particles", "", |row: &Species| Cell::Count(row.particles as u64)),
        Column::new("D", "diameter [length]", |row: &Species| Cell::Number(row.diameter)),
        Column::new(
            "k min",
            "smallest and largest repulsion with any species [energy]",
            |row: &Species| Cell::Number(row.k[0]),
        ),
        Column::new("k max", "", |row: &Species| Cell::Number(row.k[1])),
        Column::new("B min", "the same of the attraction [energy]", |row: &Species| {
            Cell::Number(row.depth[0])
        }),
        Column::new("B max", "", |row: &Species| Cell::Number(row.depth[1])),
    ];
    table("species-table", "Species", &columns, &rows)
}

fn commands(address: &str) -> Html {
    let word = shell_word(address);
    paragraph("Its features, their Jacobian, and how far the linear prediction holds:").and(listing(
        format!("amorph measure {word} -o measured.h5 --sweep\namorph report measured.h5 -o measured.html"),
    ))
}
