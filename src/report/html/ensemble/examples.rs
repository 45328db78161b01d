//! One solid of a scenario: its picture, and one curve.

use super::super::ReportError;
use super::super::curve::Curve;
use super::super::markup::{Html, paragraph};
use super::super::packing::{self, picture};
use crate::analysis::quantities::{
    CURVE_GROUP, DIFFERENCE, GAMMA_TILDE, LINEAR_NORM, NORM, QUADRATIC, SUSCEPTIBILITY, SWEEPS,
    THRESHOLDS, VALID,
};
use crate::analysis::quantity::{Quantity, StoredError};
use crate::analysis::values::Row;
use crate::format::archive::{ArchiveError, Item, State};
use crate::format::row::Part;
use crate::study::replica::stored_solid;
use crate::study::results::Results;

/// Scenarios of which a solid is shown.
const SCENARIOS: usize = 3;

pub(super) fn html(archives: &[Results]) -> Result<Html, ReportError> {
    let study = archives[0].study();
    let (mut figures, mut shown) = (Html::default(), 0);
    for scenario in 0..study.scenarios.len() {
        if shown == SCENARIOS {
            break;
        }
        let picture = packing(archives, scenario)?;
        let curve = match curve(archives, scenario)? {
            Some(curve) => curve.chart().html()?,
            None => Html::default(),
        };
        shown += usize::from(!picture.is_empty() || !curve.is_empty());
        figures = figures.and(picture).and(curve);
    }
    if figures.is_empty() {
        return Ok(figures);
    }
    let left = study.scenarios.len() > SCENARIOS && shown == SCENARIOS;
    let note = if left {
        paragraph(format!("Of the first {SCENARIOS} scenarios that have something to show."))
    } else {
        Html::default()
    };
    Ok(note.and(Html::with("div", &[("class", "figures")], figures)))
}

/// The first items of a part that are done and intact: file and slot.
fn first_done(
    archives: &[Results],
    scenario: usize,
    part: usize,
) -> Result<Option<(&Results, u64)>, ArchiveError> {
    for archive in archives {
        for slot in 0..archive.layout().replicas() {
            let slots = slot..slot + 1;
            let states = archive.states_of(scenario, &slots)?;
            let done = states[part] == State::Done && states[0] == State::Done;
            if done && archive.verify(scenario, &slots)?.iter().all(|good| *good) {
                return Ok(Some((archive, slot)));
            }
        }
    }
    Ok(None)
}

/// The picture of the first solid of a scenario in two dimensions.
fn packing(archives: &[Results], scenario: usize) -> Result<Html, ReportError> {
    let study = archives[0].study();
    let config = &study.scenarios[scenario];
    if config.solid.dimension != 2 || config.solid.recipe.particles > packing::MOST_PARTICLES {
        return Ok(Html::default());
    }
    let Some((archive, slot)) = first_done(archives, scenario, 0)? else {
        return Ok(Html::default());
    };
    let row = archive.row(Item { scenario, slot, part: 0 })?;
    let replica = archive.replica(slot);
    let solid = stored_solid::<2>(archive.study(), config, replica, &row, None);
    let solid = solid.map_err(|failure| ReportError::Solid {
        name: format!("scenario {}, replica {replica}", config.name),
        reason: failure.reason,
    })?;
    let title = format!("Scenario {}, replica {replica}", config.name);
    Ok(picture(&solid, &packing::contacts(&solid), &title)?)
}

/// The curve of the first direction of the first solid that has one.
fn curve(archives: &[Results], scenario: usize) -> Result<Option<Curve>, ReportError> {
    let schema = &archives[0].schemas()[scenario];
    let place = schema.parts.iter().position(|part| *part != Part::Solid);
    let Some(place) = place.filter(|_| archives[0].study().scenarios[scenario].output.curves > 0)
    else {
        return Ok(None);
    };
    let Some((archive, slot)) = first_done(archives, scenario, place)? else { return Ok(None) };
    let schema = &archive.schemas()[scenario];
    let Part::Directions { parameterisation, directions } = &schema.parts[place] else {
        return Ok(None);
    };
    let theta = &schema.parameterisations[*parameterisation];
    let group = format!("{theta}/{SWEEPS}");
    let grid = archive.study().scenarios[scenario].sweep.settings.grid();
    let row = archive.row(Item { scenario, slot, part: place })?;
    if NORM.find(&row, &format!("{group}/{CURVE_GROUP}")).is_none() {
        return Ok(None);
    }
    let title = format!(
        "scenario {}, {theta}, replica {}, direction {}, s = {{s}}",
        schema.name,
        archive.replica(slot),
        directions.start
    );
    Ok(Some(of_row(&row, &group, &grid, directions.len(), title)?))
}

/// The first of `count` directions of a row.
fn of_row(
    row: &Row,
    group: &str,
    grid: &[f64],
    count: usize,
    title: String,
) -> Result<Curve, StoredError> {
    let home = format!("{group}/{CURVE_GROUP}");
    let points = grid.len();
    let along = |quantity: &Quantity<_>| -> Result<Vec<f64>, StoredError> {
        Ok(quantity.floats(row, &home, count * points)?[..points].to_vec())
    };
    let mut thresholds = [([f64::NAN; 2], 0); 3];
    for (threshold, (bracket, cause)) in thresholds.iter_mut().zip(THRESHOLDS) {
        let ends = bracket.floats(row, group, 2 * count)?;
        *threshold = ([ends[0], ends[1]], cause.flags(row, group, count)?[0]);
    }
    let strength = SUSCEPTIBILITY.floats(row, group, count)?[0];
    let curve = Curve {
        title: title.replace("{s}", &format!("{strength:.3}")),
        norm: along(&NORM)?,
        linear_norm: along(&LINEAR_NORM)?,
        difference: along(&DIFFERENCE)?,
        quadratic: along(&QUADRATIC)?,
        thresholds,
        gamma_tilde: GAMMA_TILDE.floats(row, group, count)?[0],
        ..Curve::default()
    };
    Ok(curve.reached(grid, &VALID.flags(row, &home, count * points)?[..points]))
}
