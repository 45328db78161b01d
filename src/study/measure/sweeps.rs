//! Directions of one solid: linear and second-order response, and γ-sweeps.

use super::Options;
use super::analysis::{Measured, Summary};
use super::error::MeasureError;
use super::output::Output;
use super::theta::Theta;
use crate::linearity::cause::Cause;
use crate::linearity::sweep::{SweepProblem, sweep};
use crate::linearity::thresholds::{CurvePoint, SweepResult, Threshold};
use crate::response::curvature::{DirectionResponse, curvature, gamma_tilde};
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::study::replica::{feature_request, set_rows};

/// |Δθ̂| that differs from 1 by more than this is normalised with a word about it.
const UNIT_LENGTH: f64 = 1e-12;

/// A direction in the table.
#[derive(Clone, Debug)]
pub struct DirectionSummary {
    /// |J Δθ̂| over the features of the sweep.
    pub susceptibility: f64,
    pub gamma_tilde: f64,
    /// γ*, γ_c, γ_r, where it was swept.
    pub thresholds: Option<[Threshold; 3]>,
}

/// A direction with what the response says of it.
struct Direction {
    /// Δθ̂, of unit length, shape (n_θ,).
    vector: Vec<f64>,
    /// J Δθ̂, shape (n_y,).
    linear: Vec<f64>,
    /// d²y/dγ², shape (n_y,).
    curvature: Vec<f64>,
    /// |J Δθ̂| over the features of the sweep.
    susceptibility: f64,
    /// Does it change these features at all?
    relevant: bool,
    gamma_tilde: f64,
}

/// Measures the given directions, or with a sweep all right singular vectors; without either
/// there is nothing to do.
pub(super) fn write<const D: usize>(
    output: &mut Output,
    measured: &Measured<'_, D>,
    given: Option<(Vec<f64>, usize)>,
    options: &Options,
    summary: &mut Summary,
) -> Result<(), MeasureError> {
    let svd = measured.decompose(&options.sweep_features)?;
    let n_theta = measured.theta.len();
    let vectors = match given {
        Some((values, columns)) => {
            let (vectors, normalised) = checked(measured.name, &values, columns, n_theta, options)?;
            summary.normalised = normalised;
            vectors
        }
        None if options.sweep => (0..svd.right.nrows())
            .map(|row| (0..n_theta).map(|q| svd.right[(row, q)]).collect())
            .collect(),
        None => return Ok(()),
    };
    let largest = svd.singular_values.first().copied().unwrap_or(0.0);
    let rows = set_rows(&measured.request, D, &options.sweep_features);
    let directions: Vec<Direction> = vectors
        .into_iter()
        .map(|vector| direction(measured, vector, &rows, largest, options.settings.deviation))
        .collect();
    write_directions(output, measured, &directions);
    let results =
        if options.sweep { Some(swept(measured, &directions, &rows, options)?) } else { None };
    summary.directions = directions
        .iter()
        .enumerate()
        .map(|(index, direction)| DirectionSummary {
            susceptibility: direction.susceptibility,
            gamma_tilde: direction.gamma_tilde,
            thresholds: results.as_ref().map(|results| {
                let result = &results[index];
                [result.gamma_star, result.gamma_contact, result.gamma_rearrangement]
            }),
        })
        .collect();
    if let Some(results) = results {
        write_thresholds(output, &directions, &results);
        let names: Vec<String> = options
            .sweep_features
            .iter()
            .flat_map(|feature| feature.labels(D, options.modes))
            .collect();
        write_curves(output, &results, names, &options.settings.grid());
    }
    Ok(())
}

/// The directions of the file as unit vectors, and which of them were not.
fn checked(
    name: &str,
    values: &[f64],
    columns: usize,
    expected: usize,
    options: &Options,
) -> Result<(Vec<Vec<f64>>, Vec<usize>), MeasureError> {
    if columns != expected {
        return Err(MeasureError::DirectionsShape {
            name: name.to_owned(),
            found: columns,
            expected,
            kinds: format!(
                "--parameters {} at --level {}",
                options.kinds.name(),
                super::level_name(options.level)
            ),
        });
    }
    let (mut vectors, mut normalised) = (Vec::new(), Vec::new());
    for (row, vector) in values.chunks_exact(columns.max(1)).enumerate() {
        let length = vector.iter().map(|x| x * x).sum::<f64>().sqrt();
        let found = match length {
            length if !length.is_finite() => Some("is not finite"),
            0.0 => Some("is zero"),
            _ => None,
        };
        if let Some(found) = found {
            return Err(MeasureError::Direction { name: name.to_owned(), row, found });
        }
        if (length - 1.0).abs() > UNIT_LENGTH {
            normalised.push(row);
            vectors.push(vector.iter().map(|x| x / length).collect());
        } else {
            vectors.push(vector.to_vec());
        }
    }
    Ok((vectors, normalised))
}

fn direction<const D: usize>(
    measured: &Measured<'_, D>,
    vector: Vec<f64>,
    rows: &[usize],
    largest: f64,
    deviation: f64,
) -> Direction {
    let response = &measured.response;
    let tangents = measured.theta.tangents(measured.solid, response.bonds, &vector);
    let along = DirectionResponse::from_tangents(response, &tangents);
    let curvature = curvature(response, &along, &measured.features.modes, &measured.request);
    let jacobian = &measured.jacobian;
    let linear: Vec<f64> = (0..jacobian.nrows())
        .map(|row| (0..vector.len()).map(|q| jacobian[(row, q)] * vector[q]).sum())
        .collect();
    let of = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
    let susceptibility = of(&linear).iter().map(|x| x * x).sum::<f64>().sqrt();
    let relevant = susceptibility > RANK_TOLERANCE * largest;
    let gamma_tilde =
        if relevant { gamma_tilde(&of(&linear), &of(&curvature), deviation) } else { f64::NAN };
    Direction { vector, linear, curvature, susceptibility, relevant, gamma_tilde }
}

fn write_directions<const D: usize>(
    output: &mut Output,
    measured: &Measured<'_, D>,
    directions: &[Direction],
) {
    let (n, n_y, n_theta) =
        (directions.len(), measured.jacobian.nrows(), measured.jacobian.ncols());
    let all = |of: fn(&Direction) -> &Vec<f64>| -> Vec<f64> {
        directions.iter().flat_map(of).copied().collect()
    };
    output.floats(
        "directions",
        &[n, n_theta],
        all(|d| &d.vector),
        "1",
        "unit vectors dtheta_hat, as rows",
    );
    output.floats(
        "linear",
        &[n, n_y],
        all(|d| &d.linear),
        "mixed",
        "linear prediction J dtheta_hat, per unit of gamma",
    );
    output.floats(
        "curvature",
        &[n, n_y],
        all(|d| &d.curvature),
        "mixed",
        "second derivative of y along the direction; NaN for a degenerate frequency",
    );
    output.floats(
        "susceptibility",
        &[n],
        directions.iter().map(|d| d.susceptibility).collect(),
        "mixed",
        "|J dtheta_hat| over the features of the attribute sweep_set",
    );
    output.flags(
        "relevant",
        &[n],
        directions.iter().map(|d| d.relevant),
        "the direction changes the features of the sweep at all",
    );
    output.floats("gamma_tilde", &[n], directions.iter().map(|d| d.gamma_tilde).collect(), "mixed", "where the second-order term alone predicts gamma_star, over the features of the attribute sweep_set; NaN for a direction that is not relevant, or with a degenerate frequency");
}

fn swept<const D: usize>(
    measured: &Measured<'_, D>,
    directions: &[Direction],
    rows: &[usize],
    options: &Options,
) -> Result<Vec<SweepResult>, MeasureError> {
    let Theta::Species { space, .. } = &measured.theta else {
        return Err(MeasureError::SweepOfBonds);
    };
    directions
        .iter()
        .map(|direction| {
            if !direction.relevant {
                return Ok(SweepResult::not_applicable(vec![f64::NAN; rows.len()]));
            }
            let problem = SweepProblem {
                solid: measured.solid,
                space,
                direction: &direction.vector,
                request: feature_request(&options.sweep_features, options.modes),
                weights: None,
            };
            sweep(&problem, &options.settings, true)
                .map_err(|source| MeasureError::Response { name: measured.name.to_owned(), source })
        })
        .collect()
}

fn write_thresholds(output: &mut Output, directions: &[Direction], results: &[SweepResult]) {
    let n = results.len();
    let mut threshold = |path, cause_path, of: fn(&SweepResult) -> Threshold, what: &str| {
        let ends = results.iter().map(of).flat_map(|t| [t.lo, t.hi]).collect();
        let text = format!(
            "{what}, as a bracket [lo, hi] of |delta theta|; hi is NaN where it was not reached"
        );
        output.floats(path, &[n, 2], ends, "mixed", &text);
        let causes: Vec<Cause> = results.iter().map(|result| of(result).cause).collect();
        output.causes(cause_path, &causes, "why the threshold stands where it stands");
    };
    threshold("gamma_star", "gamma_star_cause", |r| r.gamma_star, "end of the linear regime");
    threshold(
        "gamma_contact",
        "gamma_contact_cause",
        |r| r.gamma_contact,
        "first change of the contact set",
    );
    threshold(
        "gamma_rearrangement",
        "gamma_rearrangement_cause",
        |r| r.gamma_rearrangement,
        "first structural rearrangement",
    );
    let zeta = directions
        .iter()
        .zip(results)
        .map(|(direction, result)| direction.susceptibility * result.gamma_star.centre())
        .collect();
    output.floats(
        "zeta",
        &[n],
        zeta,
        "mixed",
        "maximum linear tunability gamma_star times susceptibility",
    );
    let counters = |of: fn(&SweepResult) -> u64| results.iter().map(of);
    output.counts(
        "steps",
        &[n],
        counters(|r| r.counters.steps),
        "accepted steps that the sweep took",
    );
    output.counts("relaxations", &[n], counters(|r| r.counters.relaxations), "relaxations by FIRE");
    output.counts(
        "factorisations",
        &[n],
        counters(|r| r.counters.factorisations),
        "factorisations of the Hessian",
    );
    output.counts(
        "force_evaluations",
        &[n],
        counters(|r| r.counters.force_evaluations),
        "force evaluations",
    );
}

fn write_curves(output: &mut Output, results: &[SweepResult], labels: Vec<String>, grid: &[f64]) {
    let (n, points, features) = (results.len(), grid.len(), labels.len());
    let all: Vec<Option<&CurvePoint>> = results
        .iter()
        .flat_map(|result| (0..points).map(|i| result.curve.get(i).and_then(Option::as_ref)))
        .collect();
    output.labels("curve/feature_labels", labels, "features of the sweep");
    output.floats(
        "curve/gamma",
        &[points],
        grid.to_vec(),
        "mixed",
        "size of the parameter change |delta theta|",
    );
    let delta_y = all
        .iter()
        .flat_map(|point| match point {
            Some(point) => point.delta_y.clone(),
            None => vec![f64::NAN; features],
        })
        .collect();
    output.floats(
        "curve/delta_y",
        &[n, points, features],
        delta_y,
        "mixed",
        "measured change of the features",
    );
    let mut column = |path, units, of: fn(&CurvePoint) -> f64, text| {
        let values = all.iter().map(|point| point.map_or(f64::NAN, of)).collect();
        output.floats(path, &[n, points], values, units, text);
    };
    column("curve/norm", "mixed", |p| p.norm, "|delta y|");
    column("curve/linear_norm", "mixed", |p| p.linear_norm, "|J delta theta|");
    column("curve/difference", "mixed", |p| p.difference, "|delta y - J delta theta|");
    column("curve/quadratic", "mixed", |p| p.quadratic, "norm of the second-order term");
    column(
        "curve/largest_displacement",
        "length",
        |p| p.largest_displacement,
        "largest displacement of a backbone particle, modulo translation",
    );
    column(
        "curve/lowest_eigenvalue",
        "energy/length^2",
        |p| p.lowest_eigenvalue,
        "lowest eigenvalue of the Hessian",
    );
    output.counts(
        "curve/contacts_changed",
        &[n, points],
        all.iter().map(|point| point.map_or(0, |point| point.contacts_changed as u64)),
        "pairs that entered or left the contact set",
    );
    output.flags(
        "curve/valid",
        &[n, points],
        all.iter().map(Option::is_some),
        "the point was reached; where it is 0 the others are NaN",
    );
}
