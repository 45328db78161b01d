//! How far the study is, and what has failed.

use std::time::{Duration, UNIX_EPOCH};

use super::super::ReportError;
use super::super::markup::{Html, paragraph, warning};
use super::super::table::{Cell, Column, table};
use crate::report::collect::Statistics;
use crate::report::status::{KindStatus, Status};
use crate::study::reasons::Reason;
use crate::study::results::Results;
use crate::study::statistics::Counts;
use crate::system::text::human_time;
use crate::system::time::timestamp;

/// Items of one kind of one scenario.
struct Kind {
    scenario: String,
    status: KindStatus,
}

pub(super) fn html(
    archives: &[Results],
    statuses: &[Status],
    statistics: &Statistics,
) -> Result<Html, ReportError> {
    let mut body = Html::default();
    for (archive, status) in archives.iter().zip(statuses) {
        if let Some(job) = &status.job
            && job.running != Some(false)
        {
            let file = archive.path().display();
            body =
                body.and(warning(format!("{file}: a job may be writing it now: {}", job.holder)));
        }
    }
    let last = statuses.iter().filter_map(|status| status.last_finished).reduce(f64::max);
    if let Some(last) = last {
        let time = UNIX_EPOCH + Duration::from_secs_f64(last.max(0.0));
        body = body.and(paragraph(format!("The last item was finished at {}.", timestamp(time))));
    }
    let kinds = kinds(statuses);
    body = body.and(table("progress-table", "Work items", &columns(), &kinds));
    let reasons: Vec<(&str, &Reason)> = statistics
        .scenarios
        .iter()
        .flat_map(|it| it.reasons.iter().map(|reason| (it.name.as_str(), reason)))
        .collect();
    if reasons.is_empty() {
        return Ok(body.and(paragraph("Nothing has failed.")));
    }
    let failures = [
        Column::new("scenario", "", |row: &(&str, &Reason)| Cell::text(row.0)),
        Column::new("items", "work items that have failed so", |row: &(&str, &Reason)| {
            Cell::Count(row.1.count)
        }),
        Column::new("reason", "# stands for a number", |row: &(&str, &Reason)| Cell::text(row.1)),
    ];
    Ok(body.and(table("failures", "Failures", &failures, &reasons)))
}

/// The items of all files together.
fn kinds(statuses: &[Status]) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for (index, status) in statuses.iter().enumerate() {
        let own = status
            .scenarios
            .iter()
            .flat_map(|scenario| scenario.kinds.iter().map(|kind| (scenario.name.clone(), kind)));
        for (place, (scenario, kind)) in own.enumerate() {
            // All files of a study have the same kinds in the same order.
            match kinds.get_mut(place) {
                Some(known) if index > 0 => add(&mut known.status, kind),
                _ => kinds.push(Kind { scenario, status: kind.clone() }),
            }
        }
    }
    kinds
}

fn add(to: &mut KindStatus, more: &KindStatus) {
    let total = |kind: &KindStatus| kind.seconds.unwrap_or(0.0) * kind.items.done as f64;
    let seconds = total(to) + total(more);
    to.items = [to.items, more.items].into_iter().sum::<Counts>();
    to.seconds = (to.items.done > 0).then(|| seconds / to.items.done as f64);
    to.longest = [to.longest, more.longest].into_iter().flatten().reduce(f64::max);
}

fn columns<'a>() -> Vec<Column<'a, Kind>> {
    let time = |seconds: Option<f64>| Cell::text(seconds.map_or("–".to_owned(), human_time));
    vec![
        Column::new("scenario", "", |kind: &Kind| Cell::text(&kind.scenario)),
        Column::new(
            "kind",
            "solid: preparing and analysing one solid; a parameterisation: a block of its directions, swept",
            |kind: &Kind| Cell::text(&kind.status.name),
        ),
        Column::new("done", "", |kind: &Kind| Cell::Count(kind.status.items.done)),
        Column::new("failed", "", |kind: &Kind| Cell::Count(kind.status.items.failed)),
        Column::new("pending", "", |kind: &Kind| Cell::Count(kind.status.items.pending)),
        Column::new("mean time", "of a done item on one core", move |kind: &Kind| {
            time(kind.status.seconds)
        }),
        Column::new("longest", "", move |kind: &Kind| time(kind.status.longest)),
    ]
}
