//! Tables: columns that are declared once, with their heads, legends and cells.

use std::fmt::Display;

use super::markup::{Html, folded};

/// A longer table is folded.
const LONG: usize = 25;

/// What stands in a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text.
    Text(String),
    /// A number, shown with three digits; the markup holds all of them.
    Number(f64),
    /// A count.
    Count(u64),
}

impl Cell {
    /// Anything as text.
    pub fn text(text: impl Display) -> Cell {
        Cell::Text(text.to_string())
    }

    fn html(&self) -> Html {
        let data = |value: String, shown: String| {
            let content = Html::with("data", &[("value", &value)], Html::text(shown));
            Html::with("td", &[("class", "number")], content)
        };
        match self {
            Cell::Text(text) => Html::of_text("td", text),
            Cell::Number(value) => data(value.to_string(), number(*value)),
            Cell::Count(count) => data(count.to_string(), count.to_string()),
        }
    }
}

/// Three digits; infinity is "beyond" (what was reached), no value is "–".
pub fn number(value: f64) -> String {
    if value.is_nan() {
        "–".to_owned()
    } else if value.is_infinite() {
        "beyond".to_owned()
    } else {
        format!("{value:.2e}")
    }
}

/// A column of a table of rows of type T.
pub struct Column<'a, T> {
    /// Its head.
    pub head: String,
    /// What it is, with its unit; empty where the head says it.
    pub legend: String,
    cell: Box<dyn Fn(&T) -> Cell + 'a>,
}

impl<'a, T> Column<'a, T> {
    /// A column.
    pub fn new(
        head: impl Display,
        legend: impl Display,
        cell: impl Fn(&T) -> Cell + 'a,
    ) -> Column<'a, T> {
        let (head, legend) = (head.to_string(), legend.to_string());
        Column { head, legend, cell: Box::new(cell) }
    }
}

/// A table with its legend; nothing where there are no rows, folded where there are many.
pub fn table<T>(id: &str, title: &str, columns: &[Column<'_, T>], rows: &[T]) -> Html {
    if rows.is_empty() {
        return Html::default();
    }
    let head = columns.iter().map(|column| Html::of_text("th", &column.head)).collect();
    let body = rows.iter().map(|row| {
        let cells = columns.iter().map(|column| (column.cell)(row).html()).collect();
        Html::element("tr", cells)
    });
    let content = Html::element("thead", Html::element("tr", head))
        .and(Html::element("tbody", body.collect()));
    let table =
        Html::with("div", &[("class", "wide")], Html::with("table", &[("id", id)], content));
    let table = table.and(legend(columns.iter().map(|it| (it.head.as_str(), it.legend.as_str()))));
    if rows.len() > LONG {
        folded(format!("{title}: {} rows", rows.len()), table)
    } else {
        Html::of_text("h3", title).and(table)
    }
}

/// What the heads mean.
fn legend<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>) -> Html {
    let explained = entries.filter(|(_, legend)| !legend.is_empty());
    let entries: Html = explained
        .map(|(head, legend)| Html::of_text("dt", head).and(Html::of_text("dd", legend)))
        .collect();
    if entries.is_empty() {
        return entries;
    }
    Html::with("dl", &[("class", "legend")], entries)
}

/// A table of names and what they are.
pub fn facts(rows: &[(&str, String)]) -> Html {
    let row = |(name, value): &(&str, String)| {
        Html::element("tr", Html::of_text("th", name).and(Html::of_text("td", value)))
    };
    let body = Html::element("tbody", rows.iter().map(row).collect());
    Html::with("div", &[("class", "wide")], Html::with("table", &[("class", "facts")], body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_holds_all_digits_and_its_legend() {
        let columns = [
            Column::new("x", "a number [1]", |x| Cell::Number(*x)),
            Column::new("", "", |_| Cell::Count(2)),
        ];
        let html = table("t", "numbers", &columns, &[1.0 / 3.0, f64::NAN]);
        let html = html.as_str();
        assert!(html.contains("<data value=\"0.3333333333333333\">3.33e-1</data>"), "{html}");
        assert!(html.contains("<data value=\"NaN\">–</data>"), "{html}");
        assert!(html.contains("<dt>x</dt><dd>a number [1]</dd></dl>"), "{html}");
        assert!(!html.contains("details"));
        assert!(table("t", "many", &columns, &[0.0; LONG + 1]).as_str().starts_with("<details>"));
        assert!(table("t", "none", &columns, &[]).is_empty());
    }
}
