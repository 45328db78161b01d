//! Directions of one solid: linear and second-order response, and γ-sweeps.

use super::Options;
use super::directions;
use super::error::MeasureError;
use super::measured::{DirectionSummary, Measured, Summary};
use super::theta::Theta;
use crate::format::measurement::Output;
use crate::linearity::cause::Cause;
use crate::linearity::problem::SweepProblem;
use crate::linearity::settings::{Protocol, Start, SweepSettings};
use crate::linearity::sweep::sweep;
use crate::linearity::thresholds::{CurvePoint, Snapshots, SweepResult, Threshold};
use crate::response::curvature::{DirectionResponse, curvature, gamma_tilde};
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::study::config::{Scale, Signs};
use crate::study::replica::{feature_request, inverse_magnitudes, set_rows};

/// A direction with what the response says of it.
struct Direction {
    /// Δθ̂, of unit length, shape (n_θ,).
    vector: Vec<f64>,
    sign: i32,
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

/// What the directions are judged by.
struct Yardstick {
    /// The rows of the sweep's features.
    rows: Vec<usize>,
    /// Of these features in |Δy|; `None`: all 1.
    weights: Option<Vec<f64>>,
    /// Their largest singular value.
    largest: f64,
    /// |Δy − JΔθ| / |JΔθ| that ends the linear regime.
    deviation: f64,
}

/// Measures the chosen directions; without any there is nothing to do.
pub(super) fn write<const D: usize>(
    output: &mut Output,
    measured: &Measured<'_, D>,
    given: Option<(Vec<f64>, usize)>,
    options: &Options,
    summary: &mut Summary,
) -> Result<(), MeasureError> {
    let svd = measured.decompose(&options.sweep_features)?;
    let Some(chosen) = directions::choose(measured, &svd, given, options)? else { return Ok(()) };
    let signs: &[i32] = match options.signs {
        Signs::Plus => &[1],
        Signs::Both => &[1, -1],
    };
    summary.normalised = chosen.normalised;
    let largest = svd.singular_values.first().copied().unwrap_or(0.0);
    let rows = set_rows(&measured.request, D, &options.sweep_features);
    let names: Vec<String> = options
        .sweep_features
        .iter()
        .flat_map(|feature| feature.labels(D, options.modes))
        .collect();
    let start: Vec<f64> = rows.iter().map(|&row| measured.features.values[row]).collect();
    let yardstick = Yardstick {
        weights: weights(measured.name, &options.scale, &start, &names)?,
        rows,
        largest,
        deviation: options.settings.deviation,
    };
    let directions: Vec<Direction> = chosen
        .vectors
        .iter()
        .flat_map(|vector| signs.iter().map(move |&sign| (vector, sign)))
        .map(|(vector, sign)| direction(measured, vector, sign, &yardstick))
        .collect();
    write_directions(output, measured, &directions, &yardstick);
    output.text("directions_from", chosen.origin);
    output.text("signs", if signs.len() == 1 { "+" } else { "both" });
    output.text("scale", scale_name(&options.scale));
    output.number("deviation", options.settings.deviation);
    let results =
        if options.sweep { Some(swept(measured, &directions, &yardstick, options)?) } else { None };
    summary.directions = directions
        .iter()
        .enumerate()
        .map(|(index, direction)| DirectionSummary {
            sign: direction.sign,
            susceptibility: direction.susceptibility,
            gamma_tilde: direction.gamma_tilde,
            thresholds: results.as_ref().map(|results| {
                let result = &results[index];
                [result.gamma_star, result.gamma_contact, result.gamma_rearrangement]
            }),
        })
        .collect();
    if let Some(results) = results {
        write_settings(output, &options.settings);
        write_thresholds(output, &directions, &results);
        if options.snapshots {
            write_snapshots(output, &results, measured.solid.len(), D);
        }
        write_curves(output, &results, names, &options.settings.grid());
    }
    Ok(())
}

fn direction<const D: usize>(
    measured: &Measured<'_, D>,
    vector: &[f64],
    sign: i32,
    yardstick: &Yardstick,
) -> Direction {
    let vector: Vec<f64> = vector.iter().map(|x| f64::from(sign) * x).collect();
    let response = &measured.response;
    let tangents = measured.theta.tangents(measured.solid, response.bonds, &vector);
    let along = DirectionResponse::from_tangents(response, &tangents);
    let curvature = curvature(response, &along, &measured.features.modes, &measured.request);
    let jacobian = &measured.jacobian;
    let linear: Vec<f64> = (0..jacobian.nrows())
        .map(|row| (0..vector.len()).map(|q| jacobian[(row, q)] * vector[q]).sum())
        .collect();
    let of =
        |values: &[f64]| -> Vec<f64> { yardstick.rows.iter().map(|&row| values[row]).collect() };
    let weighted = |values: &[f64]| -> Vec<f64> {
        match &yardstick.weights {
            None => of(values),
            Some(weights) => of(values).iter().zip(weights).map(|(x, w)| x * w).collect(),
        }
    };
    let susceptibility = of(&linear).iter().map(|x| x * x).sum::<f64>().sqrt();
    let relevant = susceptibility > RANK_TOLERANCE * yardstick.largest;
    let gamma_tilde = if relevant {
        gamma_tilde(&weighted(&linear), &weighted(&curvature), yardstick.deviation)
    } else {
        f64::NAN
    };
    Direction { vector, sign, linear, curvature, susceptibility, relevant, gamma_tilde }
}

fn write_directions<const D: usize>(
    output: &mut Output,
    measured: &Measured<'_, D>,
    directions: &[Direction],
    yardstick: &Yardstick,
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
    output.integers(
        "sign",
        &[n],
        directions.iter().map(|d| d.sign),
        "orientation of the direction, +1 or -1; with both signs +, - alternate",
    );
    let count = yardstick.rows.len();
    output.floats(
        "weights",
        &[count],
        yardstick.weights.clone().unwrap_or_else(|| vec![1.0; count]),
        "mixed",
        "weight of each feature of the attribute sweep_set in |delta y| (attribute scale)",
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
    yardstick: &Yardstick,
    options: &Options,
) -> Result<Vec<SweepResult>, MeasureError> {
    let Theta::Species { space, .. } = &measured.theta else {
        return Err(MeasureError::SweepOfBonds);
    };
    directions
        .iter()
        .map(|direction| {
            if !direction.relevant {
                return Ok(SweepResult::not_applicable(vec![f64::NAN; yardstick.rows.len()]));
            }
            let problem = SweepProblem {
                solid: measured.solid,
                space,
                direction: &direction.vector,
                request: feature_request(&options.sweep_features, options.modes),
                weights: yardstick.weights.as_deref(),
            };
            sweep(&problem, &options.settings, true)
                .map_err(|source| MeasureError::Response { name: measured.name.to_owned(), source })
        })
        .collect()
}

/// The weights of the features in |Δy|; `None` where all are 1.
fn weights(
    name: &str,
    scale: &Scale,
    start: &[f64],
    labels: &[String],
) -> Result<Option<Vec<f64>>, MeasureError> {
    match scale {
        Scale::None => Ok(None),
        Scale::Table(weights) if weights.len() == labels.len() => Ok(Some(weights.clone())),
        Scale::Table(weights) => Err(MeasureError::ScaleLength {
            found: weights.len(),
            expected: labels.len(),
            features: labels.join(", "),
        }),
        Scale::Initial => inverse_magnitudes(start, labels)
            .map(Some)
            .map_err(|feature| MeasureError::NoScale { name: name.to_owned(), feature }),
    }
}

fn scale_name(scale: &Scale) -> &'static str {
    match scale {
        Scale::None => "none",
        Scale::Initial => "initial",
        Scale::Table(_) => "given",
    }
}

/// What the thresholds depend on besides the solid.
fn write_settings(output: &mut Output, settings: &SweepSettings) {
    output.number("gamma_min", settings.gamma_min);
    output.number("gamma_max", settings.gamma_max);
    output.number("bracket", settings.bracket);
    output.text(
        "protocol",
        match settings.protocol {
            Protocol::Continuation => "continuation",
            Protocol::Referee => "referee",
        },
    );
    output.text(
        "start",
        match settings.start {
            Start::Warm => "warm",
            Start::Zero => "zero",
        },
    );
}

fn write_snapshots(output: &mut Output, results: &[SweepResult], n: usize, d: usize) {
    let contact: fn(&SweepResult) -> Option<&Snapshots> = |r| r.contact_snapshots.as_ref();
    let jump: fn(&SweepResult) -> Option<&Snapshots> = |r| r.rearrangement_snapshots.as_ref();
    let before: fn(&Snapshots) -> &Vec<f64> = |both| &both.before;
    let after: fn(&Snapshots) -> &Vec<f64> = |both| &both.after;
    for (path, of, side, end, threshold) in [
        ("snapshots/contact_before", contact, before, "lower", "gamma_contact"),
        ("snapshots/contact_after", contact, after, "upper", "gamma_contact"),
        ("snapshots/rearrangement_before", jump, before, "lower", "gamma_rearrangement"),
        ("snapshots/rearrangement_after", jump, after, "upper", "gamma_rearrangement"),
    ] {
        let values = results
            .iter()
            .flat_map(|result| match of(result) {
                Some(both) => side(both).clone(),
                None => vec![f64::NAN; n * d],
            })
            .collect();
        let text = format!(
            "positions at the {end} end of {threshold}; NaN where it was not reached (see {threshold}_cause)"
        );
        output.floats(path, &[results.len(), n, d], values, "length", &text);
    }
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
