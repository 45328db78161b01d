//! What `amorph check` says.

use super::super::Checks;
use super::super::markup::{Html, paragraph};
use super::super::table::{Cell, Column, table};
use crate::report::check::{Check, Flag, Report};
use crate::study::results::Results;

pub(super) fn html(archives: &[Results], reports: Option<&[Report]>, checks: Checks) -> Html {
    let (Some(reports), Checks::Items(items)) = (reports, checks) else {
        return paragraph("Left out (--no-check). `amorph check` looks at the file.");
    };
    let again = match items {
        0 => "No item was computed again; `amorph check --items N` does that.".to_owned(),
        items => format!("{items} items of every file were computed again."),
    };
    let mut body = paragraph(format!("As `amorph check` says it. {again}"));
    for (index, (archive, report)) in archives.iter().zip(reports).enumerate() {
        let verdict = match report.is_clean() {
            true => Html::with("span", &[("class", "ok")], Html::text("nothing is wrong")),
            false => Html::with("span", &[("class", "wrong")], Html::text("something is wrong")),
        };
        let file = Html::text(format!("{}: ", archive.path().display()));
        let rows: Vec<(&str, &Check)> =
            report.sections.iter().map(|section| (verdict_of(section), section)).collect();
        body = body
            .and(Html::element("p", file.and(verdict)))
            .and(table(&format!("check-{index}"), "Checks", &columns(), &rows))
            .and(findings(report))
            .and(table(
                &format!("flags-{index}"),
                "Flags that are raised",
                &flag_columns(),
                &report.flags,
            ));
    }
    body
}

fn verdict_of(section: &Check) -> &'static str {
    match (section.wrong, section.looked_at) {
        (0, 0) => "none",
        (0, _) => "ok",
        _ => "WRONG",
    }
}

fn columns<'a>() -> Vec<Column<'a, (&'static str, &'a Check)>> {
    vec![
        Column::new("", "", |row: &(&str, &Check)| Cell::text(row.0)),
        Column::new("what", "", |row: &(&str, &Check)| Cell::text(row.1.name)),
        Column::new("looked at", "", |row: &(&str, &Check)| Cell::Count(row.1.looked_at)),
        Column::new("wrong", "", |row: &(&str, &Check)| Cell::Count(row.1.wrong)),
        Column::new("worst case", "", |row: &(&str, &Check)| {
            Cell::text(if row.1.looked_at > 0 { row.1.note.as_str() } else { "" })
        }),
    ]
}

/// What was found, and what could not be decided.
fn findings(report: &Report) -> Html {
    let lines = report.sections.iter().flat_map(|section| {
        let undecided = section.undecided.iter().map(|line| format!("{line} (not wrong)"));
        section.findings.iter().cloned().chain(undecided)
    });
    let lines: Html = lines.map(|line| Html::of_text("li", line)).collect();
    if lines.is_empty() { lines } else { Html::element("ul", lines) }
}

fn flag_columns<'a>() -> Vec<Column<'a, Flag>> {
    vec![
        Column::new("scenario", "", |flag: &Flag| Cell::text(&flag.scenario)),
        Column::new("dataset", "", |flag: &Flag| Cell::text(flag.path.trim_start_matches('/'))),
        Column::new("meaning", "not wrong, but to be known", |flag: &Flag| {
            Cell::text(&flag.meaning)
        }),
        Column::new("values", "how often each one occurs", |flag: &Flag| {
            let counts = flag.counts.iter().map(|(name, count)| format!("{name} {count}"));
            Cell::Text(counts.collect::<Vec<_>>().join(", "))
        }),
    ]
}
