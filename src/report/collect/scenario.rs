//! Collects the statistics of one scenario.

use super::designs::design;
use super::sets::set;
use super::stream::Stream;
use super::sweeps::sweeps;
use super::{Counts, ScenarioStatistics};
use crate::format::archive::ArchiveError;
use crate::study::config::Study;
use crate::study::reasons::{Reason, Reasons};
use crate::study::statistics::arrays::REASONS;

/// The statistics of a scenario.
pub(super) fn scenario(
    stream: &Stream<'_>,
    study: &Study,
    index: usize,
) -> Result<ScenarioStatistics, ArchiveError> {
    let mut statistics = ScenarioStatistics::none(&study.scenarios[index]);
    (statistics.items, statistics.solids, statistics.reasons) = count(stream, index)?;
    for theta in &mut statistics.parameterisations {
        for found in &mut theta.sets {
            set(stream, study, &statistics.name, &theta.name, found)?;
        }
        if let Some(found) = &mut theta.sweeps {
            sweeps(stream, study, &statistics.name, &theta.name, found)?;
        }
        for found in &mut theta.designs {
            design(stream, study, &statistics.name, &theta.name, found)?;
        }
    }
    Ok(statistics)
}

/// Items, solids, and reasons of failures.
fn count(
    stream: &Stream<'_>,
    scenario: usize,
) -> Result<(Counts, Counts, Vec<Reason>), ArchiveError> {
    let (mut items, mut solids) = (Counts::default(), Counts::default());
    let mut reasons = Reasons::default();
    stream.blocks(|archive, slots, states| {
        let layout = archive.layout();
        states.iter().for_each(|&state| items.add(state));
        let first_parts = states.iter().step_by(layout.parts(scenario));
        first_parts.for_each(|&state| solids.add(state));
        reasons.add_failed(archive, &layout.rows(scenario, slots), states)
    })?;
    Ok((items, solids, reasons.into_kinds(REASONS)))
}
