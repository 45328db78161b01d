//! The shape that a study gives its results: columns and parts of every scenario.

use crate::analysis::axis::{self, Axis, Ticks, counted, labelled, valued};
use crate::analysis::quantities;
use crate::analysis::quantity::{Along, Quantity};
use crate::analysis::unit::Units;
use crate::design::quantities::{DESIGN, DESIGNS};
use crate::design::terms::wished;
use crate::format::row::{Part, Stage};
use crate::format::schema::{Column, ScenarioSchema, Shape};
use crate::response::features::FeatureKind;
use crate::study::config::{Parameterisation, Scenario, Study, Wanted, set_name};

/// The directions of a parameterisation are computed in at most this many parts: enough to share
/// a solid among ranks, few enough that each is worth a message.
pub const DIRECTION_BLOCKS: usize = 9;

/// The axis of the rows.
fn replica_axis(study: &Study) -> Axis {
    Axis {
        name: "replica".to_owned(),
        length: study.replicas as usize,
        ticks: Ticks::From(study.first_replica),
        unit: "1".to_owned(),
        description: "index of the solid in the ensemble",
    }
}

/// The axes of a scenario or of a part of it, and the units of y and θ there.
struct Axes {
    known: Vec<(Along, Axis)>,
    units: Units,
}

impl Axes {
    /// With more axes, which come before those of the same kind, and other units.
    fn with(&self, more: impl IntoIterator<Item = (Along, Axis)>, units: Units) -> Axes {
        Axes { known: more.into_iter().chain(self.known.iter().cloned()).collect(), units }
    }

    fn of(&self, along: &[Along]) -> Vec<Axis> {
        let axis = |along: &Along| self.known.iter().find(|(known, _)| known == along);
        along.iter().filter_map(axis).map(|(_, axis)| axis.clone()).collect()
    }
}

/// Collects the columns of one scenario.
struct ColumnList<'a> {
    scenario: &'a Scenario,
    /// What computes them.
    stage: Stage,
    /// Number of replicas that have them.
    replicas: u64,
    columns: Vec<Column>,
}

impl ColumnList<'_> {
    /// The columns of these quantities in a group; of directions, `first` is their axis.
    fn add<'q, T: 'q>(
        &mut self,
        group: &str,
        quantities: impl IntoIterator<Item = &'q Quantity<T>>,
        first: Option<&Axis>,
        axes: &Axes,
    ) {
        for quantity in quantities {
            self.columns.push(Column {
                path: quantity.path(group),
                kind: quantity.kind(),
                axes: first.into_iter().cloned().chain(axes.of(quantity.along)).collect(),
                unit: quantity.unit(&axes.units),
                description: quantity.description.to_owned(),
                stage: self.stage,
                replicas: self.replicas,
                flags: quantity.codes(),
            });
        }
    }
}

/// Every column of the scenario, in the order of the file.
fn columns(study: &Study, scenario: &Scenario) -> Vec<Column> {
    let mut columns =
        ColumnList { scenario, stage: Stage::Solid, replicas: study.replicas, columns: Vec::new() };
    let dimension = scenario.solid.dimension;
    let labels = scenario.features.labels(dimension);
    let particles = scenario.solid.recipe.particles;
    let known = [
        axis::particles(particles),
        axis::cartesian(dimension),
        labelled(Along::Feature.name(), labels, "features y: the rows of the Jacobian"),
    ];
    let known =
        [Along::Particle, Along::Cartesian, Along::Feature].into_iter().zip(known).collect();
    let axes = Axes { known, units: Units::new(dimension, &scenario.features.families(), &[]) };
    columns.add(quantities::SOLIDS, quantities::SOLID, None, &axes);
    if scenario.solid.recipe.disorder.is_some() {
        columns.add(quantities::SOLIDS, quantities::ORDER, None, &axes);
    }
    columns.add(quantities::FEATURES_GROUP, quantities::FEATURES, None, &axes);
    if scenario.features.may_lack_some(dimension, particles) {
        columns.add(quantities::FEATURES_GROUP, quantities::ABSENCES, None, &axes);
    }
    if scenario.features.has(FeatureKind::Allosteric) {
        let pairs = axis::pairs(scenario.features.pairs());
        let more = [(Along::Pair, pairs), (Along::Role, axis::role()), (Along::End, axis::end())];
        let axes = axes.with(more, axes.units);
        columns.add(quantities::FEATURES_GROUP, quantities::ALLOSTERIC, None, &axes);
    }
    let thetas = scenario.parameterisations();
    for theta in &thetas {
        parameterisation(&mut columns, theta, &axes);
    }
    for index in scenario.swept() {
        columns.stage = Stage::Sweep(index);
        sweeps(&mut columns, study, &thetas[index], &axes);
    }
    columns.replicas = study.replicas;
    for index in scenario.designed() {
        for design in 0..scenario.design.designs.len() {
            columns.stage = Stage::Design(index, design);
            of_design(&mut columns, &thetas[index], design, &axes);
        }
    }
    columns.columns
}

/// The features of a set.
fn set_axis(scenario: &Scenario, set: &[FeatureKind]) -> (Along, Axis) {
    let labels = scenario.features.set_labels(set, scenario.solid.dimension);
    (Along::FeatureOfSet, labelled(Along::FeatureOfSet.name(), labels, "features of this set"))
}

fn parameter_axis(theta: &Parameterisation) -> (Along, Axis) {
    let description = "parameters theta: the columns of the Jacobian";
    (Along::Parameter, labelled(Along::Parameter.name(), theta.labels(), description))
}

/// The units of some features and of θ.
fn units(scenario: &Scenario, features: &[FeatureKind], theta: &Parameterisation) -> Units {
    Units::new(scenario.solid.dimension, features, theta.space.kinds())
}

fn parameterisation(columns: &mut ColumnList<'_>, theta: &Parameterisation, axes: &Axes) {
    let scenario = columns.scenario;
    let all = units(scenario, &scenario.features.families(), theta);
    let axes = axes.with([parameter_axis(theta)], all);
    let kept = |quantity: &&Quantity<_>| {
        scenario.output.jacobian || quantity.name != quantities::JACOBIAN.name
    };
    columns.add(&theta.name, quantities::THETA.iter().filter(kept), None, &axes);
    for set in &scenario.features.sets {
        let features = set_axis(scenario, set);
        let count = features.1.length.min(theta.parameters());
        let mode =
            counted(Along::Mode.name(), count, "singular direction, largest singular value first");
        let kept = |quantity: &&Quantity<_>| {
            let vectors = [quantities::LEFT.name, quantities::RIGHT.name];
            (scenario.output.vectors || !vectors.contains(&quantity.name))
                && (set.contains(&FeatureKind::Modes)
                    || quantity.name != quantities::RANK_WITHOUT_MODES.name)
        };
        let group = format!("{}/{}", theta.name, set_name(set));
        let axes = axes.with([features, (Along::Mode, mode)], units(scenario, set, theta));
        columns.add(&group, quantities::SET.iter().filter(kept), None, &axes);
    }
}

fn sweeps(columns: &mut ColumnList<'_>, study: &Study, theta: &Parameterisation, axes: &Axes) {
    let scenario = columns.scenario;
    let features = set_axis(scenario, &scenario.sweep.set);
    let count = scenario.sweep.direction_count(features.1.length, theta.parameters());
    let direction = counted("direction", count, "swept direction; with both signs +, - alternate");
    let units = units(scenario, &scenario.sweep.set, theta).scaled(&scenario.sweep.scale);
    let grid = scenario.sweep.settings.grid();
    let gamma = valued(Along::Gamma.name(), grid, &units.of("theta"), quantities::GAMMA);
    let more =
        [parameter_axis(theta), features, (Along::Bracket, axis::bracket()), (Along::Gamma, gamma)];
    let axes = axes.with(more, units);
    let home = format!("{}/{}", theta.name, quantities::SWEEPS);
    columns.replicas = study.replicas;
    columns.add(&home, quantities::DIRECTION, Some(&direction), &axes);
    for (group, quantities, replicas) in [
        (quantities::SNAPSHOTS_GROUP, quantities::SNAPSHOTS, scenario.output.snapshots),
        (quantities::CURVE_GROUP, quantities::CURVE, scenario.output.curves),
    ] {
        columns.replicas = replicas.min(study.replicas);
        if columns.replicas > 0 {
            columns.add(&format!("{home}/{group}"), quantities, Some(&direction), &axes);
        }
    }
}

/// The group of a design of a parameterisation.
pub fn design_group(theta: &Parameterisation, design: &Wanted) -> String {
    format!("{}/{DESIGNS}/{}", theta.name, design.name)
}

fn of_design(columns: &mut ColumnList<'_>, theta: &Parameterisation, design: usize, axes: &Axes) {
    let scenario = columns.scenario;
    let (wanted, dimension) = (&scenario.design.designs[design], scenario.solid.dimension);
    let (labels, kinds): (Vec<String>, Vec<Option<FeatureKind>>) =
        wished(dimension, &wanted.wishes).into_iter().unzip();
    // The volume is of no kind: beside it, and where it is alone, units differ.
    let kinds = kinds.into_iter().collect::<Option<Vec<_>>>().unwrap_or_default();
    let units = Units::new(dimension, &kinds, theta.space.kinds());
    let modes = labels.len().min(theta.parameters());
    let target = labelled("target", labels, "features that are targets");
    let mode =
        counted(Along::Mode.name(), modes, "singular direction, largest singular value first");
    let more = [
        parameter_axis(theta),
        (Along::FeatureOfSet, target),
        (Along::Mode, mode),
        (Along::Bracket, axis::bracket()),
    ];
    columns.add(&design_group(theta, wanted), DESIGN, None, &axes.with(more, units));
}

/// The schema of one scenario of a study.
fn schema(study: &Study, scenario: &Scenario) -> ScenarioSchema {
    let mut parts = vec![Part::Solid];
    let thetas = scenario.parameterisations();
    for parameterisation in scenario.swept() {
        let n_theta = thetas[parameterisation].parameters();
        let count = scenario.sweep.direction_count(scenario.sweep_features(), n_theta);
        let block = count.div_ceil(DIRECTION_BLOCKS).max(1);
        parts.extend((0..count).step_by(block).map(|start| Part::Directions {
            parameterisation,
            directions: start..(start + block).min(count),
        }));
    }
    for parameterisation in scenario.designed() {
        let designs = 0..scenario.design.designs.len();
        parts.extend(designs.map(|design| Part::Design { parameterisation, design }));
    }
    ScenarioSchema {
        name: scenario.name.clone(),
        replica: replica_axis(study),
        columns: columns(study, scenario),
        parts,
        parameterisations: thetas.into_iter().map(|theta| theta.name).collect(),
        designs: scenario.design.names(),
    }
}

/// The schemas of every scenario of a study.
pub fn schemas(study: &Study) -> Vec<ScenarioSchema> {
    study.scenarios.iter().map(|scenario| schema(study, scenario)).collect()
}

/// The shape of a study's results file.
pub fn shape(study: &Study) -> Shape {
    Shape { replicas: study.replicas, first_replica: study.first_replica, schemas: schemas(study) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> ScenarioSchema {
        let text = "version = 1\n[study]\nname = \"s\"\nreplicas = 20\n[solid]\ndimension = 2\n\
                    particles = 64\npressure = 0.1\n[parameters]\nspecies = [2, 40]\n\
                    [sweep]\nsigns = \"both\"\n";
        let study = Study::parse("s.toml", text).expect("valid");
        schema(&study, &study.scenarios[0])
    }

    #[test]
    fn directions_are_cut_into_blocks() {
        let schema = example();
        let of = |theta| {
            schema
                .parts
                .iter()
                .filter_map(|part| match part {
                    Part::Directions { parameterisation, directions }
                        if *parameterisation == theta =>
                    {
                        Some(directions.clone())
                    }
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(schema.parts[0], Part::Solid);
        assert_eq!(of(0), vec![0..1, 1..2, 2..3, 3..4]);
        assert_eq!(of(1).len(), 9);
        assert_eq!(of(1)[8], 16..18);
    }

    #[test]
    fn curves_belong_to_the_first_replicas_only() {
        let schema = example();
        let part = &schema.parts[1];
        let with = schema.columns_of(part, 9).count();
        let without = schema.columns_of(part, 10).count();
        assert!(with > without);
    }

    #[test]
    fn paths_are_unique() {
        let schema = example();
        let mut paths: Vec<&str> = schema.columns.iter().map(|c| c.path.as_str()).collect();
        paths.sort_unstable();
        let length = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), length);
    }
}
