//! The commands that make and look at the files.

use super::super::markup::{Html, listing, paragraph, shell_word};
use crate::study::config::Study;
use crate::study::results::Results;
use crate::study::statistics::Counts;

/// Items that are computed again in the example.
const ITEMS: u64 = 10;

pub(super) fn html(archives: &[Results], study: &Study, items: Counts, output: &str) -> Html {
    let words: Vec<String> =
        archives.iter().map(|archive| shell_word(&archive.path().display().to_string())).collect();
    let mut lines = vec!["# study.toml is the configuration above".to_owned()];
    for (archive, word) in archives.iter().zip(&words) {
        let ranks = archive.attribute("ranks").unwrap_or_else(|_| "1".to_owned());
        let replicas = archive.study().replicas();
        let part = match replicas == study.replicas() {
            true => String::new(),
            false => format!(" --replicas {}:{}", replicas.start, replicas.end),
        };
        lines.push(format!("mpirun -n {ranks} amorph run study.toml{part} -o {word}"));
    }
    if items.pending > 0 {
        lines.push("# what is pending: the same with --resume".to_owned());
    }
    if items.failed > 0 {
        lines.push("# what has failed: the same with --resume --retry-failed".to_owned());
    }
    let files = words.join(" ");
    lines.extend([
        format!("amorph stats {files}"),
        format!("amorph check {files} --items {ITEMS}"),
        format!("amorph report {files} -o {}", shell_word(output)),
    ]);
    let said: Vec<String> =
        archives.iter().filter_map(|archive| archive.attribute("command").ok()).collect();
    let mut body = listing(lines.join("\n"));
    if !said.is_empty() {
        body = body
            .and(paragraph("The commands that began the files, as they were typed:"))
            .and(listing(said.join("\n")));
    }
    body.and(paragraph(
        "The same program on the same kind of processor gives the same bits, with any number of ranks.",
    ))
}
