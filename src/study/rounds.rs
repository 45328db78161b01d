//! The rounds of an ensemble design: what the stored rows of the finished stages decide about the next one.
//!
//! It is a pure function of these rows. So a run that was stopped goes on where it was, with any number of
//! ranks and with the same bits, and every reader of the file knows at which θ its solids stand.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::analysis::quantities::{BOX, FEATURE_VALUES, FEATURES_GROUP, SOLIDS};
use crate::design::ensemble::search::Search;
use crate::format::archive::{Archive, ArchiveError, State};
use crate::relax::prepare::Recipe;
use crate::solid::sphere_volume;
use crate::study::config::{EnsembleDesign, Round, Study};

/// What the rounds have decided, bit for bit: centres as the bits of their numbers, for no text says them
/// exactly enough.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The packing fraction of the box at θ₀.
    packing_fraction: Option<u64>,
    /// The centre of every scenario, and whether its solids are scattered.
    centres: Vec<Option<(Vec<u64>, bool)>>,
}

/// How far an ensemble design is.
#[derive(Clone, Debug)]
pub struct Progress {
    /// What the stages that are finished decide.
    pub known: Known,
    /// The search with all of them.
    pub search: Search,
    /// The scenario whose solids are to be made next, and those of its units that are pending; none where
    /// the design is over.
    pub next: Option<(usize, Vec<Range<u64>>)>,
    /// Units of stages that are not needed and not marked so yet, once the design is over.
    pub unneeded: Vec<Range<u64>>,
}

impl Study {
    /// Takes what the rounds have decided.
    pub fn know(&mut self, known: &Known) {
        for (scenario, centre) in self.scenarios.iter_mut().zip(&known.centres) {
            let Some(round) = &mut scenario.round else { continue };
            let numbers = |bits: &[u64]| bits.iter().map(|&bits| f64::from_bits(bits)).collect();
            round.centre = centre.as_ref().map(|(bits, _)| numbers(bits));
            round.scattered = centre.as_ref().is_some_and(|(_, scattered)| *scattered);
            if let Some(fraction) = known.packing_fraction {
                round.packing_fraction = Some(f64::from_bits(fraction));
            }
        }
    }
}

/// Whether a design has not come to this scenario, as far as its rounds are known.
pub fn is_ahead(study: &Study, scenario: usize) -> bool {
    let round = study.scenarios[scenario].round.as_ref();
    round.is_some_and(|round| round.stage.is_some() && round.centre.is_none())
}

/// Follows the stages of a results file; none where it holds no ensemble design.
///
/// # Errors
/// Where the file cannot be read.
pub fn follow(archive: &Archive<Study>) -> Result<Option<Progress>, ArchiveError> {
    let Some(mut progress) = Progress::new(archive.study()) else { return Ok(None) };
    progress.advance(archive)?;
    Ok(Some(progress))
}

impl Progress {
    /// Before the first stage; none where the study is no ensemble design.
    pub fn new(study: &Study) -> Option<Self> {
        study.ensemble_design.as_ref()?;
        let rounds: Vec<&Round> = rounds_of(study).collect();
        let first = rounds.first()?;
        let known = Known {
            packing_fraction: first.packing_fraction.map(f64::to_bits),
            centres: vec![None; rounds.len()],
        };
        let search = Search::new(first.plan.clone());
        Some(Progress { known, search, next: None, unneeded: Vec::new() })
    }

    /// Takes the stages that were finished since it was here last.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn advance(&mut self, archive: &Archive<Study>) -> Result<(), ArchiveError> {
        let study = archive.study();
        let Some(design) = &study.ensemble_design else { return Ok(()) };
        (self.next, self.unneeded) = (None, Vec::new());
        // Without a single solid there is no box, and no start.
        let box_stage = rounds_of(study).position(|round| round.stage.is_none());
        if let Some(scenario) = box_stage.filter(|_| self.known.packing_fraction.is_none()) {
            if self.waits(archive, scenario)? {
                return Ok(());
            }
            let fraction = packing_fraction(archive, scenario, design)?;
            self.known.packing_fraction = fraction.map(f64::to_bits);
        }
        while let Some(next) = self.search.next() {
            let is_next = |round: &Round| round.stage == Some(next.place);
            let Some(scenario) = rounds_of(study).position(is_next) else { break };
            let bits = next.centre.iter().map(|x| x.to_bits()).collect();
            self.known.centres[scenario] = Some((bits, next.scattered));
            if self.waits(archive, scenario)? {
                return Ok(());
            }
            self.search.add(&targeted(archive, scenario, design)?);
        }
        for (scenario, round) in rounds_of(study).enumerate() {
            if round.stage.is_some() && self.known.centres[scenario].is_none() {
                self.unneeded.extend(pending(archive, scenario)?);
            }
        }
        Ok(())
    }

    /// Whether a scenario has pending solids; it is the next one then.
    fn waits(&mut self, archive: &Archive<Study>, scenario: usize) -> Result<bool, ArchiveError> {
        let pending = pending(archive, scenario)?;
        let waits = !pending.is_empty();
        if waits {
            self.next = Some((scenario, pending));
        }
        Ok(waits)
    }
}

/// What the scenarios are within an ensemble design; nothing where they are none.
fn rounds_of(study: &Study) -> impl Iterator<Item = &Round> {
    study.scenarios.iter().filter_map(|scenario| scenario.round.as_ref())
}

/// The units of a scenario that are pending, or whose checksum does not hold.
fn pending(archive: &Archive<Study>, scenario: usize) -> Result<Vec<Range<u64>>, ArchiveError> {
    let replicas = archive.layout().replicas();
    let states = archive.states_of(scenario, &(0..replicas))?;
    let good = archive.verify(scenario, &(0..replicas))?;
    let mut runs: Vec<Range<u64>> = Vec::new();
    for (slot, (state, good)) in (0..).zip(states.iter().zip(good)) {
        let unit = scenario as u64 * replicas + slot;
        match runs.last_mut() {
            _ if *state != State::Pending && good => {}
            Some(run) if run.end == unit => run.end += 1,
            _ => runs.push(unit..unit + 1),
        }
    }
    Ok(runs)
}

/// Values of a column by slot; none where the solid has failed.
fn column(
    archive: &Archive<Study>,
    scenario: usize,
    path: &str,
) -> Result<Vec<Option<Vec<f64>>>, ArchiveError> {
    let slots = 0..archive.layout().replicas();
    let states = archive.states_of(scenario, &slots)?;
    let Some(index) = archive.column_index(scenario, path) else { return Ok(Vec::new()) };
    let length = archive.schemas()[scenario].columns[index].row_length().max(1);
    let values = archive.column(scenario, index, &slots)?;
    let rows = values.floats().chunks(length).zip(states);
    Ok(rows.map(|(row, state)| (state == State::Done).then(|| row.to_vec())).collect())
}

/// The packing fraction of θ₀ in the mean box of these solids.
fn packing_fraction(
    archive: &Archive<Study>,
    scenario: usize,
    design: &EnsembleDesign,
) -> Result<Option<f64>, ArchiveError> {
    let boxes = column(archive, scenario, &BOX.path(SOLIDS))?;
    let volumes: Vec<f64> = boxes.iter().flatten().map(|edges| edges.iter().product()).collect();
    if volumes.is_empty() {
        return Ok(None);
    }
    let mean = volumes.iter().sum::<f64>() / volumes.len() as f64;
    let solid = &design.scenario.solid;
    Ok(Some(match solid.dimension {
        2 => spheres::<2>(&solid.recipe) / mean,
        _ => spheres::<3>(&solid.recipe) / mean,
    }))
}

/// The volume of all particles at θ₀.
fn spheres<const D: usize>(recipe: &Recipe) -> f64 {
    let (small, large) = recipe.small_and_large();
    let large_one = sphere_volume::<D>(recipe.size_ratio);
    small as f64 * sphere_volume::<D>(1.0) + large as f64 * large_one
}

/// The targeted features of every solid.
fn targeted(
    archive: &Archive<Study>,
    scenario: usize,
    design: &EnsembleDesign,
) -> Result<Vec<Option<Vec<f64>>>, ArchiveError> {
    let config = &archive.study().scenarios[scenario];
    let labels = config.features.labels(config.solid.dimension);
    let wanted = design.labels();
    let places: Vec<usize> =
        wanted.iter().filter_map(|label| labels.iter().position(|it| it == label)).collect();
    let rows = column(archive, scenario, &FEATURE_VALUES.path(FEATURES_GROUP))?;
    let chosen = |row: Vec<f64>| -> Option<Vec<f64>> {
        let values: Vec<f64> = places.iter().map(|&place| row[place]).collect();
        values.iter().all(|value| value.is_finite()).then_some(values)
    };
    Ok(rows.into_iter().map(|row| row.and_then(chosen)).collect())
}
