//! The stages of an ensemble design on all ranks, one after another: each is computed like any run, then
//! rank 0 reads what was stored, decides, and tells the others.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::format::archive::{Access, ArchiveError, Finished, Item, ItemLayout, Writer};
use crate::study::config::Study;
use crate::study::forecast::Longest;
use crate::study::request::Request;
use crate::study::results;
use crate::study::resume::Pending;
use crate::study::rounds::{self, Known};
use crate::study::runner::abort::{FAILURE, abort};
use crate::study::runner::{Job, Progress};
use crate::study::schema::shape;
use crate::study::work::Work;
use crate::system::world;

/// What rank 0 tells the others before a stage; nothing where there is none.
#[derive(Serialize, Deserialize)]
struct Announcement {
    known: Known,
    scenario: usize,
}

/// Computes every stage that the design comes to, from the one where it is; every rank must call it.
pub(super) fn compute<W, F>(
    job: &Job,
    study: &Arc<Study>,
    pending: Pending,
    request: &Request,
    make: F,
    mut watch: impl FnMut(&Progress),
) -> Progress
where
    W: Work,
    F: Fn(Arc<Study>) -> W + Clone + Send + 'static,
{
    let root = job.rank() == 0;
    let longest = longest(pending.longest);
    let mut total = Progress::default();
    let mut last = None;
    let mut known = None;
    loop {
        let mut units = Vec::new();
        let mut announced = None;
        if root {
            let next = next(request, study, &mut known)
                .unwrap_or_else(|error| abort(&error.to_string(), FAILURE))
                // A stage that was left unfinished is for the next run.
                .filter(|(announcement, _)| last != Some(announcement.scenario));
            if let Some((announcement, pending)) = next {
                announced = Some(announcement);
                units = pending;
            }
        }
        let bytes = job.broadcast(serde_json::to_vec(&announced).unwrap_or_default());
        let announced: Option<Announcement> = serde_json::from_slice(&bytes)
            .unwrap_or_else(|error| abort(&format!("cannot read a decision: {error}"), FAILURE));
        let Some(Announcement { known, scenario }) = announced else { return total };
        last = Some(scenario);
        let mut study = Study::clone(study);
        study.know(&known);
        let pending = Pending { units, longest: longest.clone(), ..Pending::default() };
        let before = total;
        let watch = |progress: &Progress| {
            let mut sum = before;
            sum += *progress;
            watch(&sum);
        };
        total += job.compute(&Arc::new(study), pending, request, make.clone(), watch);
    }
}

/// Every stage takes as long as the longest before it.
fn longest(of_stages: Vec<Longest>) -> Vec<Longest> {
    let larger = |a: Longest, b: &Longest| std::array::from_fn(|part| a[part].max(b[part]));
    let longest = of_stages.iter().fold(Longest::default(), larger);
    vec![longest; of_stages.len()]
}

/// Ranges of work units.
type Units = Vec<std::ops::Range<u64>>;

/// The next stage with its pending units; none where the design is over, and nothing is pending then. `known`
/// is what the stages before have decided: each of them is read once.
fn next(
    request: &Request,
    study: &Study,
    known: &mut Option<rounds::Progress>,
) -> Result<Option<(Announcement, Units)>, ArchiveError> {
    let archive = results::open_undecided(&request.output)?;
    if known.is_none() {
        *known = rounds::Progress::new(archive.study());
    }
    let Some(progress) = known else { return Ok(None) };
    progress.advance(&archive)?;
    drop(archive);
    if let Some((scenario, units)) = &progress.next {
        let announcement = Announcement { known: progress.known.clone(), scenario: *scenario };
        return Ok(Some((announcement, units.clone())));
    }
    if !progress.unneeded.is_empty() {
        let shape = shape(study);
        let layout = ItemLayout::new(shape.replicas, &shape.schemas);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let host = world::host();
        let mut writer = Writer::open(&request.output, Access::Serial, shape, &host)?;
        for unit in progress.unneeded.iter().cloned().flatten() {
            let (scenario, slot) = layout.unit(unit);
            let item = Item { scenario, slot, part: 0 };
            let finished = now.as_secs_f64();
            writer.push(Finished { item, outcome: None, seconds: 0.0, finished })?;
        }
        writer.close()?;
    }
    Ok(None)
}
