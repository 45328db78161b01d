//! What the figures need of an ensemble: read in one stream, in memory that does not grow with it.

use super::super::sample::{Histogram, Sample};
use crate::analysis::quantities::{
    GAMMA_TILDE, RANK, SINGULAR_VALUES, SUSCEPTIBILITY, SWEEPS, THRESHOLDS,
};
use crate::format::archive::ArchiveError;
use crate::report::collect::stream::Stream;
use crate::study::config::{Parameterisation, Scenario, set_name};
use crate::study::results::Results;

/// Points of all scatter plots together, and of each series at least.
const POINTS: usize = 6000;
const LEAST_POINTS: usize = 60;

/// One parameterisation of a scenario.
pub(super) struct Series {
    /// Index of the scenario.
    pub scenario: usize,
    pub theta: String,
    /// One entry for each set of features.
    pub spectra: Vec<Spectrum>,
    pub tunability: Option<Tunability>,
}

/// The singular values of one set of features.
pub(super) struct Spectrum {
    pub set: String,
    pub solids: u64,
    /// The geometric mean of every s_i over the solids in which it is relevant; NaN where in none.
    pub means: Vec<f64>,
    /// Directions beyond the rank of J, per solid.
    pub irrelevant: f64,
}

/// γ* of a direction with its susceptibility.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub susceptibility: f64,
    /// The centre of the bracket, or a lower limit.
    pub gamma: f64,
    pub found: bool,
}

/// The sweeps.
pub(super) struct Tunability {
    pub points: Sample<Point>,
    /// Of γ*, γ_c, γ_r, where they were found.
    pub thresholds: [Histogram; 3],
    pub gamma_tilde: Histogram,
    pub directions: u64,
}

/// The series of every parameterisation.
pub(super) fn gather(archives: &[Results]) -> Result<Vec<Series>, ArchiveError> {
    let scenarios = &archives[0].study().scenarios;
    let swept: usize = scenarios.iter().map(|scenario| scenario.swept().len()).sum();
    let points = (POINTS / swept.max(1)).max(LEAST_POINTS);
    let mut all = Vec::new();
    for (index, config) in scenarios.iter().enumerate() {
        let stream = Stream::new(archives, index)?;
        let swept = config.swept();
        for (place, theta) in config.parameterisations().iter().enumerate() {
            let tunability = match swept.contains(&place) {
                true => Some(tunability(&stream, theta, points)?),
                false => None,
            };
            all.push(Series {
                scenario: index,
                theta: theta.name.clone(),
                spectra: spectra(&stream, config, theta)?,
                tunability,
            });
        }
    }
    Ok(all)
}

fn spectra(
    stream: &Stream<'_>,
    config: &Scenario,
    theta: &Parameterisation,
) -> Result<Vec<Spectrum>, ArchiveError> {
    let of_set = |set: &Vec<_>| {
        let group = format!("{}/{}", theta.name, set_name(set));
        let paths = [SINGULAR_VALUES.path(&group), RANK.path(&group)];
        let features = config.features.set_labels(set, config.solid.dimension).len();
        let modes = features.min(theta.parameters());
        let (mut sums, mut counts) = (vec![0.0; modes], vec![0_u64; modes]);
        let (mut solids, mut irrelevant) = (0_u64, 0_u64);
        stream.visit([&paths[0], &paths[1]], |_, [values, ranks]| {
            let rows = values.floats().chunks_exact(modes.max(1));
            for (row, &rank) in rows.zip(ranks.integers()) {
                let rank = usize::try_from(rank).unwrap_or(0).min(modes);
                solids += 1;
                irrelevant += (modes - rank) as u64;
                for (mode, s) in row[..rank].iter().enumerate().filter(|(_, s)| **s > 0.0) {
                    sums[mode] += s.ln();
                    counts[mode] += 1;
                }
            }
        })?;
        let means = sums.iter().zip(&counts).map(|(sum, &count)| (sum / count as f64).exp());
        Ok(Spectrum {
            set: set_name(set),
            solids,
            means: means.collect(),
            irrelevant: irrelevant as f64 / solids.max(1) as f64,
        })
    };
    config.features.sets.iter().map(of_set).collect()
}

fn tunability(
    stream: &Stream<'_>,
    theta: &Parameterisation,
    points: usize,
) -> Result<Tunability, ArchiveError> {
    let group = format!("{}/{SWEEPS}", theta.name);
    let [star, contact, rearrangement] = THRESHOLDS.map(|(bracket, _)| bracket.path(&group));
    let (strength, tilde) = (SUSCEPTIBILITY.path(&group), GAMMA_TILDE.path(&group));
    let mut found = Tunability {
        points: Sample::new(points),
        thresholds: Default::default(),
        gamma_tilde: Histogram::default(),
        directions: 0,
    };
    stream.visit([&star, &contact, &rearrangement, &strength, &tilde], |_, columns| {
        let [star, _, _, strength, tilde] = &columns;
        found.directions += strength.len() as u64;
        for (histogram, brackets) in found.thresholds.iter_mut().zip(&columns) {
            let brackets = brackets.floats().chunks_exact(2);
            brackets.for_each(|ends| histogram.add((ends[0] * ends[1]).sqrt()));
        }
        tilde.floats().iter().for_each(|&value| found.gamma_tilde.add(value));
        for (ends, &susceptibility) in star.floats().chunks_exact(2).zip(strength.floats()) {
            let centre = (ends[0] * ends[1]).sqrt();
            let (gamma, is_found) =
                if centre.is_finite() { (centre, true) } else { (ends[0], false) };
            if gamma > 0.0 && susceptibility > 0.0 {
                found.points.add(Point { susceptibility, gamma, found: is_found });
            }
        }
    })?;
    Ok(found)
}
