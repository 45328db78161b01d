//! The rows of a part `Directions`: the γ-sweeps of a block of directions.

use std::ops::Range;

use super::analysis::{
    Analysis, Theta, feature_request, inverse_magnitudes, select, set_rows, sweep_settings,
};
use super::columns::Columns;
use super::error::ReplicaError;
use crate::linearity::problem::SweepProblem;
use crate::linearity::sweep::sweep;
use crate::linearity::thresholds::{CurvePoint, SweepResult};
use crate::response::susceptibility::Susceptibility;
use crate::study::config::{Directions, Scale, Scenario, Signs};

/// An oriented direction Δθ̂ of the sweep axis.
struct Direction {
    vector: Vec<f64>,
    sign: i32,
    /// |J Δθ̂|; the singular value of a singular direction.
    susceptibility: f64,
    /// J Δθ̂ of the sweep set.
    linear: Vec<f64>,
    /// Does it change the features at all?
    relevant: bool,
}

/// Every column of the part for these directions.
pub(super) fn columns<const D: usize>(
    analysis: &mut Analysis<D>,
    scenario: &Scenario,
    index: usize,
    directions: &Range<usize>,
    with_curve: bool,
    with_snapshots: bool,
) -> Result<Columns, ReplicaError> {
    analysis.swept(scenario, index)?;
    let Some((theta, susceptibility)) = &analysis.swept[index] else {
        return Err(ReplicaError::WrongPart);
    };
    let name = &scenario.parameterisations()[index].name;
    let config = &scenario.sweep;
    let solid = analysis
        .solid
        .reassigned(theta.assignment.species.clone(), theta.assignment.interactions.clone());
    let weights = weights(analysis, scenario)?;
    let coordinates = solid.len() * D;
    let mut columns = Columns::default();
    for direction in of_axis(analysis, scenario, theta, susceptibility, directions) {
        let result = if direction.relevant {
            let problem = SweepProblem {
                solid: &solid,
                space: &theta.space,
                direction: &direction.vector,
                request: feature_request(&config.set, scenario.features.modes),
                weights: weights.as_deref(),
            };
            sweep(&problem, &sweep_settings(config), with_curve)?
        } else {
            SweepResult::not_applicable(direction.linear.clone())
        };
        let home = format!("{name}/sweeps");
        write(&mut columns, &home, &direction, &result);
        let ones = vec![1.0; direction.linear.len()];
        columns
            .floats(format!("{home}/weights"), weights.as_ref().unwrap_or(&ones).iter().copied());
        if with_snapshots {
            write_snapshots(&mut columns, &home, &result, coordinates);
        }
        if with_curve {
            let features = direction.linear.len();
            let home = format!("{home}/curve");
            for point in 0..config.points {
                let point = result.curve.get(point).and_then(Option::as_ref);
                write_point(&mut columns, &home, point, features);
            }
        }
    }
    Ok(columns)
}

/// The directions of a range of the sweep axis.
fn of_axis<const D: usize>(
    analysis: &Analysis<D>,
    scenario: &Scenario,
    theta: &Theta,
    susceptibility: &Susceptibility,
    range: &Range<usize>,
) -> Vec<Direction> {
    let config = &scenario.sweep;
    let jacobian = select(theta.jacobian.as_ref(), &set_rows(&analysis.request, D, &config.set));
    let orientations = match config.signs {
        Signs::Plus => 1,
        Signs::Both => 2,
    };
    let parameters = theta.space.len();
    let chosen = match &config.directions {
        Directions::Random(count) => analysis.key.directions(parameters, *count),
        Directions::Given(rows) => rows.clone(),
        Directions::All | Directions::First(_) => Vec::new(),
    };
    let largest = susceptibility.singular_values.first().copied().unwrap_or(0.0);
    range
        .clone()
        .map(|place| {
            let base = place / orientations;
            let sign = if place % orientations == 0 { 1 } else { -1 };
            let vector: Vec<f64> = match chosen.get(base) {
                Some(vector) => vector.clone(),
                None => (0..parameters).map(|q| susceptibility.right[(base, q)]).collect(),
            };
            let vector: Vec<f64> = vector.iter().map(|x| f64::from(sign) * x).collect();
            let linear: Vec<f64> = (0..jacobian.nrows())
                .map(|row| (0..parameters).map(|q| jacobian[(row, q)] * vector[q]).sum())
                .collect();
            let (strength, relevant) = if chosen.is_empty() {
                (susceptibility.singular_values[base], base < susceptibility.rank)
            } else {
                let norm = linear.iter().map(|x| x * x).sum::<f64>().sqrt();
                (norm, norm > scenario.features.rank_tolerance * largest)
            };
            Direction { vector, sign, susceptibility: strength, linear, relevant }
        })
        .collect()
}

/// The weights of the features in |Δy|; `None` where all are 1.
fn weights<const D: usize>(
    analysis: &Analysis<D>,
    scenario: &Scenario,
) -> Result<Option<Vec<f64>>, ReplicaError> {
    let config = &scenario.sweep;
    match &config.scale {
        Scale::None => Ok(None),
        Scale::Table(weights) => Ok(Some(weights.clone())),
        Scale::Initial => {
            let labels = scenario.features.set_labels(&config.set, D);
            let rows = set_rows(&analysis.request, D, &config.set);
            let start: Vec<f64> = rows.iter().map(|&row| analysis.features.values[row]).collect();
            inverse_magnitudes(&start, &labels).map(Some).map_err(ReplicaError::NoScale)
        }
    }
}

fn write(columns: &mut Columns, home: &str, direction: &Direction, result: &SweepResult) {
    let path = |column: &str| format!("{home}/{column}");
    columns.integers(path("sign"), [direction.sign]);
    columns.floats(path("susceptibility"), [direction.susceptibility]);
    for (name, threshold) in [
        ("gamma_star", result.gamma_star),
        ("gamma_contact", result.gamma_contact),
        ("gamma_rearrangement", result.gamma_rearrangement),
    ] {
        columns.floats(path(name), [threshold.lo, threshold.hi]);
        columns.codes(path(&format!("{name}_cause")), [threshold.cause.code()]);
    }
    columns.floats(path("gamma_tilde"), [result.gamma_tilde]);
    columns.floats(path("zeta"), [direction.susceptibility * result.gamma_star.centre()]);
    let counters = &result.counters;
    columns.counts(path("steps"), [counters.steps]);
    columns.counts(path("relaxations"), [counters.relaxations]);
    columns.counts(path("factorisations"), [counters.factorisations]);
    columns.counts(path("force_evaluations"), [counters.force_evaluations]);
    columns.floats(path("linear"), result.linear.iter().copied());
    columns.floats(path("curvature"), result.curvature.iter().copied());
    columns.floats(path("direction_vector"), direction.vector.iter().copied());
}

fn write_snapshots(columns: &mut Columns, home: &str, result: &SweepResult, coordinates: usize) {
    for (name, snapshots) in
        [("contact", &result.contact_snapshots), ("rearrangement", &result.rearrangement_snapshots)]
    {
        for (side, positions) in [
            ("before", snapshots.as_ref().map(|both| &both.before)),
            ("after", snapshots.as_ref().map(|both| &both.after)),
        ] {
            let path = format!("{home}/snapshots/{name}_{side}");
            match positions {
                Some(positions) => columns.floats(path, positions.iter().copied()),
                None => columns.floats(path, std::iter::repeat_n(f64::NAN, coordinates)),
            }
        }
    }
}

fn write_point(columns: &mut Columns, home: &str, point: Option<&CurvePoint>, features: usize) {
    let path = |column: &str| format!("{home}/{column}");
    let value = |of: fn(&CurvePoint) -> f64| point.map_or(f64::NAN, of);
    match point {
        Some(point) => columns.floats(path("delta_y"), point.delta_y.iter().copied()),
        None => columns.floats(path("delta_y"), std::iter::repeat_n(f64::NAN, features)),
    }
    columns.floats(path("norm"), [value(|point| point.norm)]);
    columns.floats(path("linear_norm"), [value(|point| point.linear_norm)]);
    columns.floats(path("difference"), [value(|point| point.difference)]);
    columns.floats(path("quadratic"), [value(|point| point.quadratic)]);
    columns
        .counts(path("contacts_changed"), [point.map_or(0, |point| point.contacts_changed as u64)]);
    columns.floats(path("largest_displacement"), [value(|point| point.largest_displacement)]);
    columns.floats(path("lowest_eigenvalue"), [value(|point| point.lowest_eigenvalue)]);
    columns.codes(path("valid"), [u8::from(point.is_some())]);
}
