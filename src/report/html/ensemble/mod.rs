//! The report of results files of one study.

mod checks;
mod commands;
mod designs;
mod examples;
mod figures;
mod progress;
mod provenance;
mod relations;
mod series;
mod solids;
mod statistics;

use super::markup::{Html, folded, listing, paragraph};
use super::page::{Page, Section};
use super::{Checks, ReportError};
use crate::report::check::check;
use crate::report::collect::collect;
use crate::report::status::Status;
use crate::study::config::Study;
use crate::study::results::Results;

/// The report of these files, in the order of their replicas, and whether nothing is wrong in them.
pub(super) fn page(
    archives: &[Results],
    checks: Checks,
    output: &str,
) -> Result<(Page, bool), ReportError> {
    let statistics = collect(archives)?;
    let statuses: Vec<Status> = archives.iter().map(Status::read).collect::<Result<_, _>>()?;
    let reports = match checks {
        Checks::None => None,
        Checks::Items(items) => {
            let all = archives.iter().map(|archive| check(archive, items));
            Some(all.collect::<Result<Vec<_>, _>>()?)
        }
    };
    let clean = reports.iter().flatten().all(|report| report.is_clean());
    let study = whole_study(archives);
    let counts = statistics.items();
    let mut warnings = Vec::new();
    if counts.pending > 0 {
        warnings.push(format!(
            "Unfinished: {} of {} work items are pending. Every number and figure below is of what is done.",
            counts.pending,
            counts.pending + counts.done + counts.failed
        ));
    }
    if counts.failed > 0 {
        warnings.push(format!("{} work items have failed; the reasons are below.", counts.failed));
    }
    if statistics.corrupt > 0 {
        warnings.push(format!(
            "Damaged: the checksum of {} items does not hold. They are left out of everything below.",
            statistics.corrupt
        ));
    }
    if !clean {
        warnings.push("The check has found something wrong: see below.".to_owned());
    }
    let replicas = study.replicas();
    let subtitle = format!(
        "{} {}, replicas {} to {}, {} of {} work items done",
        study.scenarios.len(),
        if study.scenarios.len() == 1 { "scenario" } else { "scenarios" },
        replicas.start,
        replicas.end.saturating_sub(1),
        counts.done,
        counts.pending + counts.done + counts.failed
    );
    let series = series::gather(archives);
    let figures = match &series {
        Ok(series) => figures::figures(&study, &statistics, series).map_err(|e| e.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let sections = vec![
        Section::new("provenance", "Provenance", Ok::<_, ReportError>(provenance::html(archives))),
        Section::new(
            "progress",
            "Progress and failures",
            progress::html(archives, &statuses, &statistics),
        ),
        Section::new(
            "check",
            "Check",
            Ok::<_, ReportError>(checks::html(archives, reports.as_deref(), checks)),
        ),
        Section::new("figures", "Figures", figures),
        Section::new("examples", "Single solids", examples::html(archives)),
        Section::new(
            "singular-values",
            "Ranks and susceptibilities",
            statistics::ranks(&statistics),
        ),
        Section::new(
            "thresholds",
            "How far the linear prediction holds",
            statistics::sweeps(&statistics),
        ),
        Section::new(
            "power-laws",
            "Power laws along scans",
            Ok::<_, ReportError>(relations::power_laws(&statistics)),
        ),
        Section::new(
            "designs",
            "How the designs end",
            Ok::<_, ReportError>(designs::html(&statistics)),
        ),
        Section::new("solids", "The solids", solids::html(archives)),
        Section::new("configuration", "Configuration", Ok::<_, ReportError>(configuration(&study))),
        Section::new(
            "repeat",
            "To repeat it",
            Ok::<_, ReportError>(commands::html(archives, &study, counts, output)),
        ),
    ];
    let sections = sections.into_iter().filter(|section| !section.body.is_empty()).collect();
    Ok((
        Page { title: format!("Study {}", study.name), subtitle, warnings, sections },
        clean && statistics.corrupt == 0,
    ))
}

/// The study with the replicas of all files, and what lies between them.
fn whole_study(archives: &[Results]) -> Study {
    let replicas = archives.iter().map(|archive| archive.study().replicas());
    let (first, last) = replicas.fold((u64::MAX, 0), |(first, last), replicas| {
        (first.min(replicas.start), last.max(replicas.end))
    });
    archives[0].study().clone().with_replicas(first..last.max(first))
}

fn configuration(study: &Study) -> Html {
    paragraph(
        "The study with every default written out. Saved as study.toml it is the same study; the \
         meaning of the keys stands in docs/configuration.md, and `amorph config keys` prints it.",
    )
    .and(folded("study.toml", listing(study.canonical())))
}
