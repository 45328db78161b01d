//! Looks at the file of a design again: forces, features, targets, the end of the way, and the fresh
//! relaxation, all computed anew.

use std::path::Path;

use super::findings::{Check, Report};
use crate::analysis::solid::Analysis;
use crate::design::feature::Feature;
use crate::design::outcome::Outcome;
use crate::design::problem::volume;
use crate::design::target::Need;
use crate::format::measurement::{Measurement, MeasurementError};
use crate::format::solid_file::{self, SolidData, SolidFileError};
use crate::relax::forces::Forces;
use crate::relax::newton::relax;
use crate::report::design::{FORMAT, PATH};
use crate::response::allosteric::AllostericPair;
use crate::response::features::{FeatureKind, FeatureRequest};
use crate::response::labels;
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::solid::Solid;
use crate::solid::parameters::{ParameterKind, ParameterSpace};
use crate::solid::potential::Tail;
use crate::system::words::Word;

/// Features that are computed again agree within this share of the largest one of their kind.
const AGREEMENT: f64 = 1e-9;

/// What is stored beside the solid.
struct Stored {
    features: Vec<f64>,
    need: Need,
    labels: Vec<String>,
    targets: Vec<f64>,
    scales: Vec<f64>,
    fresh: Vec<f64>,
    outcome: String,
    tolerance: f64,
    parameters: Vec<String>,
    /// The last row of the way.
    theta: Vec<f64>,
    start_positions: Vec<f64>,
}

/// Checks the file of a design; none where the file is something else.
///
/// # Errors
/// [`MeasurementError`] where a dataset is missing or has another shape.
pub fn check_design(path: &Path) -> Option<Result<Report, MeasurementError>> {
    let file = Measurement::open_as(path, FORMAT)?;
    Some(read(&file).map(|stored| {
        let mut sections = vec![
            Check::new("the solid at its stored positions"),
            Check::new("features"),
            Check::new("targets and outcome"),
            Check::new("the end of the way"),
            Check::new("the fresh relaxation"),
        ];
        match solid_file::read(&path.display().to_string()) {
            Err(error) => sections[0].add("the file", vec![error.to_string()]),
            Ok(data) => match pairs(path, &data, &stored) {
                Err(error) => sections[0].add("the file", vec![error.to_string()]),
                Ok(pairs) if data.dimension() == 2 => {
                    examine::<2>(&data, &pairs, &stored, &mut sections)
                }
                Ok(pairs) => examine::<3>(&data, &pairs, &stored, &mut sections),
            },
        }
        Report { sections, flags: Vec::new(), pending: 0, failed: 0 }
    }))
}

fn read(file: &Measurement) -> Result<Stored, MeasurementError> {
    let place = |name: &str| format!("{PATH}/{name}");
    let length = |name: &str| file.shape(name).map(|shape| shape.iter().product());
    let numbers = |name: &str| file.read::<f64>(name, length(name)?);
    let labels = |name: &str| file.labels(name, length(name)?);
    let parameters = labels(&place("parameter"))?;
    let theta = numbers(&place("theta"))?;
    let theta = theta[theta.len().saturating_sub(parameters.len())..].to_vec();
    let stored = labels("feature")?;
    let count = |prefix| stored.iter().filter(|label| label.starts_with(prefix)).count();
    let need = Need { modes: count(labels::MODE), pairs: count(labels::ETA) };
    Ok(Stored {
        features: numbers("features")?,
        need,
        labels: labels("target")?,
        targets: numbers("targets")?,
        scales: numbers("target_scale")?,
        fresh: numbers("fresh_features")?,
        outcome: file.text("outcome")?,
        tolerance: file.number("tolerance")?,
        parameters,
        theta,
        start_positions: numbers(&place("start_positions"))?,
    })
}

/// The pairs of the allosteric features that are stored.
fn pairs(
    path: &Path,
    data: &SolidData,
    stored: &Stored,
) -> Result<Vec<AllostericPair>, SolidFileError> {
    match stored.need.pairs {
        0 => Ok(Vec::new()),
        _ => solid_file::read_pairs(
            &path.display().to_string(),
            data.positions.len() / data.dimension(),
        ),
    }
}

fn examine<const D: usize>(
    data: &SolidData,
    pairs: &[AllostericPair],
    stored: &Stored,
    sections: &mut [Check],
) {
    const FILE: &str = "the file";
    let solid: Solid<D> = match data.solid(data.tail.unwrap_or(Tail::DEFAULT)) {
        Ok(solid) => solid,
        Err(error) => return sections[0].add(FILE, vec![error.to_string()]),
    };
    let request = match stored.need.check(D, usize::MAX, pairs.len()) {
        Ok(()) => stored.need.request(pairs),
        Err(error) => return sections[0].add(FILE, vec![error.to_string()]),
    };
    sections[3].add(FILE, way(&solid, stored));
    sections[4].add(FILE, fresh(&solid, stored, &request));
    match Analysis::new(solid, request.clone(), &[], RANK_TOLERANCE) {
        Err(error) => sections[0].add(FILE, vec![error.to_string()]),
        Ok(analysis) => {
            sections[0].add(FILE, Vec::new());
            let values = &analysis.origin.features.values;
            sections[1].add(FILE, features::<D>(values, stored, &request));
            sections[2].add(FILE, targets(&analysis.solid, values, stored, &request));
        }
    }
}

/// The features against those that are stored.
fn features<const D: usize>(
    values: &[f64],
    stored: &Stored,
    request: &FeatureRequest,
) -> Vec<String> {
    let mut lines = Vec::new();
    if values.len() != stored.features.len() {
        return vec![format!("{} features; expected {}", stored.features.len(), values.len())];
    }
    for kind in FeatureKind::ALL {
        let rows = request.rows(D, &[kind]);
        let largest = rows.iter().fold(0.0, |max: f64, &row| max.max(values[row].abs()));
        for (row, label) in rows.iter().zip(kind.labels(D, request.modes, request.pairs.len())) {
            let (now, then) = (values[*row], stored.features[*row]);
            let missing = now.is_nan() && then.is_nan();
            if !missing && !((now - then).abs() <= AGREEMENT * largest) {
                lines.push(format!("{label} is {now:e}, stored {then:e}"));
            }
        }
    }
    lines
}

/// The targeted features of a solid.
fn targeted<const D: usize>(
    solid: &Solid<D>,
    values: &[f64],
    stored: &Stored,
    request: &FeatureRequest,
) -> Result<Vec<f64>, String> {
    let one = |label: &String| {
        let feature = Feature::from_name(D, label).map_err(|unknown| unknown.to_string())?;
        Ok(feature.value::<D>(request, values, volume(solid)))
    };
    stored.labels.iter().map(one).collect()
}

/// Whether the targets are met, against what the outcome says.
fn targets<const D: usize>(
    solid: &Solid<D>,
    values: &[f64],
    stored: &Stored,
    request: &FeatureRequest,
) -> Vec<String> {
    let now = match targeted(solid, values, stored, request) {
        Ok(now) => now,
        Err(line) => return vec![line],
    };
    let errors = now.iter().zip(&stored.targets).zip(&stored.scales);
    let met = errors.map(|((y, wanted), scale)| (y - wanted).abs() / scale);
    let worst = met.fold(0.0, |max: f64, error| if error <= max { max } else { error });
    let reached = worst <= stored.tolerance * (1.0 + AGREEMENT / stored.tolerance);
    match (reached, stored.outcome == Outcome::Reached.word()) {
        (true, true) | (false, false) => Vec::new(),
        _ => vec![format!(
            "outcome {}, but the largest error is {worst:.1e} at a tolerance of {:e}",
            stored.outcome, stored.tolerance
        )],
    }
}

/// The parameters at the end of the way against those of the solid.
fn way<const D: usize>(solid: &Solid<D>, stored: &Stored) -> Vec<String> {
    let space = ParameterSpace::new(&ParameterKind::ALL, solid.interactions.species());
    let values = space.values(&solid.interactions);
    let names = labels::parameters(space.kinds(), space.species());
    let known: std::collections::HashMap<&str, f64> =
        names.iter().map(String::as_str).zip(values).collect();
    let differing = stored
        .parameters
        .iter()
        .zip(&stored.theta)
        .filter(|(label, value)| known.get(label.as_str()).is_none_or(|now| now != *value));
    differing
        .map(|(label, value)| format!("{label} ends at {value}, not as the solid has it"))
        .collect()
}

/// Relaxes from the positions before the design, at the parameters of the solid.
fn fresh<const D: usize>(
    solid: &Solid<D>,
    stored: &Stored,
    request: &FeatureRequest,
) -> Vec<String> {
    if stored.start_positions.len() != solid.len() * D {
        return vec!["start_positions has another shape than positions".to_owned()];
    }
    let mut start = solid.clone();
    for (position, values) in start.positions.iter_mut().zip(stored.start_positions.chunks_exact(D))
    {
        *position = nalgebra::SVector::from_column_slice(values);
    }
    let mut forces = Forces::new(&start);
    let now = match relax(&mut start, &mut forces) {
        Err(_) => vec![f64::NAN; stored.labels.len()],
        Ok(mut equilibrium) => {
            let found =
                crate::response::features::compute(&start, &mut equilibrium, request, false);
            match targeted(&start, &found.values, stored, request) {
                Ok(now) => now,
                Err(line) => return vec![line],
            }
        }
    };
    let pairs = stored.labels.iter().zip(now.iter().zip(&stored.fresh).zip(&stored.scales));
    let same = |now: f64, then: f64, scale: f64| {
        (now.is_nan() && then.is_nan()) || (now - then).abs() <= AGREEMENT * scale.max(then.abs())
    };
    pairs
        .filter(|(_, ((now, then), scale))| !same(**now, **then, **scale))
        .map(|(label, ((now, then), _))| format!("{label} is {now:e}, stored {then:e}"))
        .collect()
}
