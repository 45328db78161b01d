//! How the designs of every scenario end, and what success goes with.

use super::super::markup::Html;
use super::super::table::{Cell, Column, table};
use crate::design::outcome::Outcome;
use crate::report::collect::{DesignStatistics, Statistics};
use crate::study::statistics::{DISTRIBUTIONS, Part, SORTED_BY, quantile};

/// Quantiles of what designs take.
const QUANTILES: [f64; 2] = [0.5, 0.95];

/// A design of a parameterisation of a scenario.
struct Row<'a> {
    scenario: &'a str,
    theta: &'a str,
    design: &'a DesignStatistics,
}

/// A part of the solids of a design.
struct PartRow<'a> {
    row: &'a Row<'a>,
    by: &'static str,
    part: &'a Part,
}

pub(super) fn html(statistics: &Statistics) -> Html {
    let mut rows = Vec::new();
    for scenario in &statistics.scenarios {
        for theta in &scenario.parameterisations {
            let row = |design| Row { scenario: &scenario.name, theta: &theta.name, design };
            rows.extend(theta.designs.iter().map(row));
        }
    }
    let mut parts = Vec::new();
    for row in &rows {
        for (&place, of) in SORTED_BY.iter().zip(&row.design.parts) {
            let by = DISTRIBUTIONS[place].name;
            parts.extend(of.iter().map(|part| PartRow { row, by, part }));
        }
    }
    table("designs-table", "Designs", &columns(), &rows)
        .and(table("outcomes-table", "Outcomes", &outcomes(), &rows))
        .and(table("success-table", "Success in quarters of the solids", &by_part(), &parts))
}

fn names<'a>() -> Vec<Column<'a, Row<'a>>> {
    vec![
        Column::new("scenario", "", |row: &Row<'_>| Cell::text(row.scenario)),
        Column::new("θ", "", |row: &Row<'_>| Cell::text(row.theta)),
        Column::new("design", "what it asks for", |row: &Row<'_>| Cell::text(&row.design.name)),
    ]
}

fn columns<'a>() -> Vec<Column<'a, Row<'a>>> {
    let mut columns = names();
    columns.push(Column::new("solids", "", |row: &Row<'_>| Cell::Count(row.design.success.solids)));
    columns.push(Column::new("reached", "solids that reached the targets", |row: &Row<'_>| {
        Cell::Count(row.design.success.reached)
    }));
    for (end, legend) in
        [(0, "ends of Wilson's 95% interval of the probability of success"), (1, "")]
    {
        let head = ["from", "to"][end];
        columns.push(Column::new(head, legend, move |row: &Row<'_>| {
            Cell::Number(row.design.interval[end])
        }));
    }
    for (place, quantity) in DISTRIBUTIONS.iter().enumerate() {
        for probability in QUANTILES {
            let head = format!("{} {:.0}%", quantity.name.replace('_', " "), 100.0 * probability);
            let legend = if probability == QUANTILES[0] { quantity.description } else { "" };
            columns.push(Column::new(head, legend, move |row: &Row<'_>| {
                let of = row.design.distributions.get(place);
                Cell::Number(of.map_or(f64::NAN, |of| quantile(&of.quantiles, probability)))
            }));
        }
    }
    columns
}

fn outcomes<'a>() -> Vec<Column<'a, Row<'a>>> {
    let mut columns = names();
    for (index, (_, name)) in Outcome::CODES.iter().enumerate().skip(1) {
        let meaning = meaning(name);
        columns.push(Column::new(name.replace('_', " "), meaning, move |row: &Row<'_>| {
            Cell::Count(row.design.outcomes.get(index).copied().unwrap_or(0))
        }));
    }
    columns
}

fn meaning(name: &str) -> &'static str {
    match name {
        "reached" => "every target is met",
        "stationary" => "no step leads nearer, and noise does not help",
        "infeasible" => "to first order the targets exclude each other in this solid",
        "lost_rigidity" => "every step nearer leads where there is no solid",
        "bound" => "a bound of a parameter holds the solid back",
        "limit" => "the linearisations are used up",
        _ => "",
    }
}

fn by_part<'a>() -> Vec<Column<'a, PartRow<'a>>> {
    vec![
        Column::new("scenario", "", |it: &PartRow<'_>| Cell::text(it.row.scenario)),
        Column::new("θ", "", |it: &PartRow<'_>| Cell::text(it.row.theta)),
        Column::new("design", "", |it: &PartRow<'_>| Cell::text(&it.row.design.name)),
        Column::new(
            "sorted by",
            "step_length: |J⁺Δy| of Eq. (4); step_over_gamma_star: the same in units of γ*, which is the targets in units of ζ",
            |it: &PartRow<'_>| Cell::text(it.by),
        ),
        Column::new("smallest", "", |it: &PartRow<'_>| Cell::Number(it.part.range[0])),
        Column::new("largest", "", |it: &PartRow<'_>| Cell::Number(it.part.range[1])),
        Column::new("solids", "", |it: &PartRow<'_>| Cell::Count(it.part.success.solids)),
        Column::new("reached", "", |it: &PartRow<'_>| Cell::Count(it.part.success.reached)),
        Column::new("from", "Wilson's 95% interval", |it: &PartRow<'_>| {
            Cell::Number(it.part.success.interval()[0])
        }),
        Column::new("to", "", |it: &PartRow<'_>| Cell::Number(it.part.success.interval()[1])),
    ]
}
