//! Directions of one solid: linear and second-order response, and γ-sweeps.

use super::axes::Axes;
use super::directions;
use super::error::MeasureError;
use super::{Options, Summary};
use crate::analysis::axis::counted;
use crate::analysis::directions::{Direction, DirectionResult, Scale, SweepSet};
use crate::analysis::quantities::{self, WEIGHTS, WITHOUT_SWEEP};
use crate::analysis::quantity::Along;
use crate::analysis::solid::Analysis;
use crate::analysis::theta::Theta;
use crate::format::measurement::Output;
use crate::linearity::settings::SweepSettings;
use crate::linearity::thresholds::SweepResult;
use crate::response::curvature::{DirectionResponse, curvature, gamma_tilde};
use crate::system::words::Word;

/// Measures the chosen directions; without any there is nothing to do.
pub(super) fn write<const D: usize>(
    output: &mut Output,
    axes: &Axes,
    (analysis, theta): (&Analysis<D>, &Theta),
    given: Option<(Vec<f64>, usize)>,
    options: &Options,
    summary: &mut Summary,
) -> Result<(), MeasureError> {
    let name = summary.name.clone();
    let failed = |source| MeasureError::Analysis { name: name.clone(), source };
    let (features, settings) = (&options.sweep_features, &options.settings);
    let svd = theta.decompose(analysis, features).map_err(failed)?;
    let Some(chosen) = directions::choose(&name, theta.values.len(), &svd, given, options)? else {
        return Ok(());
    };
    summary.normalised = chosen.normalised;
    let labels = analysis.origin.request.labels(D, features);
    check_scale(&options.scale, &labels)?;
    let set = SweepSet::new(analysis, features, &options.scale).map_err(failed)?;
    let signs = options.signs.orientations();
    let oriented = chosen.vectors.iter().flat_map(|v| signs.iter().map(move |&sign| (v, sign)));
    let solid = theta.solid(analysis);
    summary.directions = oriented
        .map(|(vector, sign)| {
            let direction = set.direction(theta, &svd, (vector, sign));
            let sweep = match (options.sweep, theta.space()) {
                (false, _) => SweepResult::not_applicable(Vec::new()),
                (true, None) => return Err(MeasureError::SweepOfBonds),
                (true, Some((_, space))) => {
                    set.sweep(analysis, (&solid, space), &direction, settings, true)
                }
            };
            Ok(result(analysis, theta, &set, settings, direction, sweep))
        })
        .collect::<Result<_, _>>()?;
    output.text("directions_from", chosen.origin);
    output.text("signs", options.signs.word());
    output.text("scale", options.scale.name());
    output.number("deviation", settings.deviation);
    let (weight, text) = WEIGHTS.alone.unwrap_or((WEIGHTS.name, WEIGHTS.description));
    let unit = WEIGHTS.unit(&axes.units_of_sweep);
    output.floats(weight, &[axes.of_sweep(Along::FeatureOfSet)], set.weights(), &unit, text);
    if options.sweep {
        write_settings(output, settings);
    }
    write_results(output, axes, &summary.directions, options);
    Ok(())
}

/// The response along a direction, of all features, with its sweep.
fn result<const D: usize>(
    analysis: &Analysis<D>,
    theta: &Theta,
    set: &SweepSet,
    settings: &SweepSettings,
    direction: Direction,
    sweep: SweepResult,
) -> DirectionResult {
    let response = analysis.origin.response(&analysis.solid);
    let tangents = theta.tangents(response.bonds, &direction.vector);
    let along = DirectionResponse::from_tangents(&response, &tangents);
    let (request, modes) = (&analysis.origin.request, &analysis.origin.features.modes);
    let linear = direction.linear.clone();
    let curvature = curvature(&response, &along, modes, request);
    let gamma_tilde = match direction.relevant {
        true => gamma_tilde(&set.weighted(&linear), &set.weighted(&curvature), settings.deviation),
        false => f64::NAN,
    };
    DirectionResult {
        linear,
        curvature,
        gamma_tilde,
        weights: set.weights(),
        coordinates: analysis.solid.len() * D,
        points: settings.points,
        direction,
        sweep,
    }
}

fn write_results(output: &mut Output, axes: &Axes, results: &[DirectionResult], options: &Options) {
    let text = "direction; with both signs +, - alternate";
    let directions = counted("direction", results.len(), text);
    let (first, axis) = (Some(&directions), |along| axes.of(along));
    let wanted = |name: &str| options.sweep || WITHOUT_SWEEP.contains(&name);
    for quantity in quantities::DIRECTION {
        // The weights are the same for all directions.
        if wanted(quantity.name) && quantity.name != WEIGHTS.name {
            let of_all = quantity.along.contains(&Along::FeatureOfSet);
            output.units = if of_all { axes.units } else { axes.units_of_sweep };
            output.quantity("", quantity, results, first, axis);
        }
    }
    output.quantity("", &quantities::RELEVANT, results, first, axis);
    if options.sweep && options.snapshots {
        let group = format!("{}/", quantities::SNAPSHOTS_GROUP);
        for quantity in quantities::SNAPSHOTS {
            output.quantity(&group, quantity, results, first, axis);
        }
    }
    if options.sweep {
        let group = format!("{}/", quantities::CURVE_GROUP);
        output.units = axes.units_of_sweep;
        for quantity in quantities::CURVE {
            output.quantity(&group, quantity, results, first, |along| axes.of_sweep(along));
        }
    }
}

/// One weight per feature.
fn check_scale(scale: &Scale, labels: &[String]) -> Result<(), MeasureError> {
    match scale {
        Scale::Table(weights) if weights.len() != labels.len() => Err(MeasureError::ScaleLength {
            found: weights.len(),
            expected: labels.len(),
            features: labels.join(", "),
        }),
        _ => Ok(()),
    }
}

/// What the thresholds depend on besides the solid.
fn write_settings(output: &mut Output, settings: &SweepSettings) {
    output.number("gamma_min", settings.gamma_min);
    output.number("gamma_max", settings.gamma_max);
    output.number("bracket", settings.bracket);
    output.text("protocol", settings.protocol.word());
    output.text("start", settings.start.word());
}
