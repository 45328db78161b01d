//! The rows of a replica: of the solid, and of blocks of directions.

use std::collections::HashMap;
use std::ops::Range;

use super::analysis::Replicate;
use super::error::ReplicaError;
use crate::analysis::directions::{Direction, DirectionResult, Directions, SweepSet};
use crate::analysis::quantities::{self, OrderResult, SolidResult};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::{Row, Values};
use crate::format::row::Part;
use crate::format::schema::ScenarioSchema;
use crate::study::config::{Scenario, set_name};

/// Values by column.
#[derive(Default)]
pub(super) struct Columns(HashMap<String, Values>);

impl Columns {
    /// Appends the values of a result to the columns of its quantities in a group.
    pub fn add<T>(&mut self, group: &str, quantities: &[Quantity<T>], of: &T) {
        for quantity in quantities {
            let column = self.0.entry(quantity.path(group));
            column.or_insert_with(|| Values::none(quantity.kind())).append(quantity.values(of));
        }
    }

    /// The row of a part: the schema's columns in its order. Columns that the file does not keep
    /// are left out.
    pub fn into_row(
        mut self,
        schema: &ScenarioSchema,
        part: &Part,
        slot: u64,
    ) -> Result<Row, ReplicaError> {
        schema
            .columns_of(part, slot)
            .map(|index| {
                let path = &schema.columns[index].path;
                let values = self.0.remove(path);
                let values = values.ok_or_else(|| ReplicaError::MissingColumn(path.clone()))?;
                Ok((path.clone(), values))
            })
            .collect()
    }
}

/// Every column of the part `Solid`.
pub(super) fn solid<const D: usize>(
    replicate: &Replicate<D>,
    scenario: &Scenario,
) -> Result<Columns, ReplicaError> {
    let mut columns = Columns::default();
    let analysis = &replicate.analysis;
    let result = SolidResult::new(analysis, replicate.attempts);
    columns.add(quantities::SOLIDS, quantities::SOLID, &result);
    if let Some(disorder) = &scenario.solid.recipe.disorder {
        let healed = disorder.healed(&analysis.solid, &replicate.key);
        let order = OrderResult::new(analysis, healed);
        columns.add(quantities::SOLIDS, quantities::ORDER, &order);
    }
    columns.add(quantities::FEATURES_GROUP, quantities::FEATURES, &result);
    columns.add(quantities::FEATURES_GROUP, quantities::ABSENCES, &result);
    columns.add(quantities::FEATURES_GROUP, quantities::ALLOSTERIC, &result);
    for parameterisation in scenario.parameterisations() {
        let theta = replicate.theta(&parameterisation)?;
        columns.add(&parameterisation.name, quantities::THETA, &theta);
        for set in &scenario.features.sets {
            let group = format!("{}/{}", parameterisation.name, set_name(set));
            let result = theta.set(analysis, set)?;
            columns.add(&group, quantities::SET, &result);
        }
    }
    Ok(columns)
}

/// Every column of a part `Directions`: the γ-sweeps of a block.
pub(super) fn directions<const D: usize>(
    replicate: &mut Replicate<D>,
    scenario: &Scenario,
    index: usize,
    block: &Range<usize>,
    slot: u64,
) -> Result<Columns, ReplicaError> {
    let config = &scenario.sweep;
    let key = replicate.key;
    let (analysis, theta, svd) = replicate.swept(scenario, index)?;
    let Some((_, space)) = theta.space() else { return Err(ReplicaError::WrongPart) };
    let set = SweepSet::new(analysis, &config.set, &config.scale)?;
    let chosen = match &config.directions {
        Directions::Random(count) => key.directions(theta.values.len(), *count),
        Directions::Given(rows) => rows.clone(),
        Directions::All | Directions::First(_) => Vec::new(),
    };
    let signs = config.signs.orientations();
    let direction = |place: usize| -> Direction {
        let (base, sign) = (place / signs.len(), signs[place % signs.len()]);
        if let Some(vector) = chosen.get(base) {
            return set.direction(theta, svd, (vector, sign));
        }
        let vector: Vec<f64> = (0..theta.values.len()).map(|q| svd.right[(base, q)]).collect();
        Direction {
            susceptibility: svd.singular_values[base],
            relevant: base < svd.rank,
            ..set.direction(theta, svd, (&vector, sign))
        }
    };
    let solid = theta.solid(analysis);
    let with_curve = slot < scenario.output.curves;
    let home = format!("{}/{}", scenario.parameterisations()[index].name, quantities::SWEEPS);
    let mut columns = Columns::default();
    for direction in block.clone().map(direction) {
        let sweep = set.sweep(analysis, (&solid, space), &direction, &config.settings, with_curve);
        let result = DirectionResult {
            linear: sweep.linear.clone(),
            curvature: sweep.curvature.clone(),
            gamma_tilde: sweep.gamma_tilde,
            weights: set.weights(),
            coordinates: solid.len() * D,
            points: config.settings.points,
            direction,
            sweep,
        };
        columns.add(&home, quantities::DIRECTION, &result);
        for (group, quantities, replicas) in [
            (quantities::SNAPSHOTS_GROUP, quantities::SNAPSHOTS, scenario.output.snapshots),
            (quantities::CURVE_GROUP, quantities::CURVE, scenario.output.curves),
        ] {
            if slot < replicas {
                columns.add(&format!("{home}/{group}"), quantities, &result);
            }
        }
    }
    Ok(columns)
}
