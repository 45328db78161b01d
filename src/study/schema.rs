//! The shape that a study gives its results: columns and parts of every scenario.

use crate::analysis::axis::{Axis, Ticks};
use crate::analysis::values::Kind;
use crate::format::row::Part;
use crate::format::schema::{CAUSE_SUFFIX, Column, PartKind, ScenarioSchema, Shape};
use crate::linearity::cause::Cause;
use crate::study::config::{Feature, Parameterisation, Scenario, Study, set_name};

/// The directions of a parameterisation are computed in at most this many parts: enough to share
/// a solid among ranks, few enough that each is worth a message.
pub const DIRECTION_BLOCKS: usize = 9;

const YES_NO: [(u8, &str); 2] = [(0, "no"), (1, "yes")];
const AXES: [&str; 3] = ["x", "y", "z"];

/// The axis of the rows.
fn replica_axis(study: &Study) -> Axis {
    Axis {
        name: "replica".to_owned(),
        length: study.replicas as usize,
        ticks: Ticks::From(study.first_replica),
        unit: "1",
        description: "index of the solid in the ensemble",
    }
}

fn labelled(name: &str, labels: Vec<String>, description: &'static str) -> Axis {
    Axis {
        name: name.to_owned(),
        length: labels.len(),
        ticks: Ticks::Labels(labels),
        unit: "",
        description,
    }
}

fn counted(name: &str, length: usize, description: &'static str) -> Axis {
    Axis { name: name.to_owned(), length, ticks: Ticks::Index, unit: "1", description }
}

/// Collects columns of one group.
struct Group<'a> {
    columns: &'a mut Vec<Column>,
    path: String,
    part: PartKind,
    replicas: u64,
}

impl Group<'_> {
    fn add(&mut self, name: &str, kind: Kind, axes: &[&Axis], unit: &str, description: &str) {
        self.columns.push(Column {
            path: format!("{}/{name}", self.path),
            kind,
            axes: axes.iter().map(|axis| (*axis).clone()).collect(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            part: self.part,
            replicas: self.replicas,
            flags: Vec::new(),
        });
    }

    fn codes(
        &mut self,
        name: &str,
        axes: &[&Axis],
        flags: &[(u8, &'static str)],
        description: &str,
    ) {
        self.add(name, Kind::U8, axes, "1", description);
        if let Some(column) = self.columns.last_mut() {
            column.flags = flags.to_vec();
        }
    }
}

/// Every column of the scenario, in the order of the file.
fn columns(study: &Study, scenario: &Scenario) -> Vec<Column> {
    let dimension = scenario.solid.dimension;
    let particle = particle_axis(scenario);
    let axis = cartesian_axis(dimension);
    let feature = labelled(
        "feature",
        scenario.features.labels(dimension),
        "features y: the rows of the Jacobian",
    );
    let mut columns = Vec::new();
    let mut group = Group {
        columns: &mut columns,
        path: "solids".to_owned(),
        part: PartKind::Solid,
        replicas: study.replicas,
    };
    solids(&mut group, dimension, &particle, &axis);
    group.path = "features".to_owned();
    group.add("values", Kind::F64, &[&feature], "mixed", "features y: stress and elastic constants [energy/length^d], frequencies [sqrt(energy)/length], nu [1]");
    group.codes("degenerate", &[&feature], &YES_NO, "the frequency belongs to a degenerate cluster: its row of J is the cluster's mean derivative");
    let thetas = scenario.parameterisations();
    for theta in &thetas {
        parameterisation(&mut columns, study, scenario, theta, &particle, &feature);
    }
    for index in scenario.swept() {
        sweeps(&mut columns, study, scenario, &thetas[index], index);
    }
    columns
}

fn particle_axis(scenario: &Scenario) -> Axis {
    counted("particle", scenario.solid.particles, "index of the particle")
}

fn cartesian_axis(dimension: usize) -> Axis {
    let names = AXES[..dimension].iter().map(|&name| name.to_owned()).collect();
    labelled("axis", names, "Cartesian axis")
}

fn solids(group: &mut Group<'_>, dimension: usize, particle: &Axis, axis: &Axis) {
    let pressure = format!("energy/length^{dimension}");
    group.add(
        "positions",
        Kind::F64,
        &[particle, axis],
        "length",
        "positions of the relaxed solid",
    );
    group.add("box", Kind::F64, &[axis], "length", "edges of the periodic box");
    group.add("species0", Kind::I32, &[particle], "1", "class of the particle: 0 small, 1 large");
    group.add("energy", Kind::F64, &[], "energy", "potential energy");
    group.add("pressure", Kind::F64, &[], &pressure, "pressure, minus the mean diagonal stress");
    group.add(
        "packing_fraction",
        Kind::F64,
        &[],
        "1",
        "volume of the particles over that of the box",
    );
    group.add(
        "max_force",
        Kind::F64,
        &[],
        "energy/length",
        "largest residual force on a particle of the backbone",
    );
    group.add(
        "lowest_eigenvalue",
        Kind::F64,
        &[],
        "energy/length^2",
        "lowest eigenvalue of the Hessian without translations and rattlers",
    );
    group.add("contacts", Kind::I32, &[], "1", "backbone pairs closer than sigma");
    group.codes("rattlers", &[particle], &YES_NO, "the particle is a rattler");
    group.add("rattler_count", Kind::I32, &[], "1", "number of rattlers");
    group.add("attempts", Kind::I32, &[], "1", "random starts that this solid took");
    group.codes(
        "c_positive_definite",
        &[],
        &YES_NO,
        "the matrix of elastic constants is positive definite",
    );
    group.add("zero_modes", Kind::I32, &[], "1", "zero modes beyond the translations");
    group.codes("near_contact", &[], &YES_NO, "a bond is within rounding of a contact change");
}

/// The names of a set's rows.
fn set_axis(scenario: &Scenario, set: &[Feature]) -> Axis {
    let labels = scenario.features.set_labels(set, scenario.solid.dimension);
    labelled("feature_of_set", labels, "features of this set")
}

fn parameter_axis(theta: &Parameterisation) -> Axis {
    labelled("parameter", theta.labels(), "parameters theta: the columns of the Jacobian")
}

fn parameterisation(
    columns: &mut Vec<Column>,
    study: &Study,
    scenario: &Scenario,
    theta: &Parameterisation,
    particle: &Axis,
    feature: &Axis,
) {
    let parameter = parameter_axis(theta);
    let mut group = Group {
        columns,
        path: theta.name.clone(),
        part: PartKind::Solid,
        replicas: study.replicas,
    };
    group.add(
        "species",
        Kind::I32,
        &[particle],
        "1",
        "species of the particle in this parameterisation",
    );
    group.add(
        "theta0",
        Kind::F64,
        &[&parameter],
        "mixed",
        "parameters of the solid as prepared: D [length], k and B [energy], a [1/length]",
    );
    if scenario.output.jacobian {
        group.add(
            "jacobian",
            Kind::F64,
            &[feature, &parameter],
            "mixed",
            "J = dy/dtheta through the energy minimisation (Eq. 2)",
        );
    }
    group.codes(
        "inert",
        &[&parameter],
        &YES_NO,
        "no bond depends on the parameter (rattlers, or species that never meet): its column of J is zero",
    );
    for set in &scenario.features.sets {
        let home = format!("{}/{}", theta.name, set_name(set));
        let features = set_axis(scenario, set);
        let count = features.length.min(theta.parameters());
        let mode = counted("mode", count, "singular direction, largest singular value first");
        group.path.clone_from(&home);
        group.add(
            "singular_values",
            Kind::F64,
            &[&mode],
            "mixed",
            "singular values s of J: susceptibilities (Eq. 3)",
        );
        if scenario.output.vectors {
            group.add(
                "left",
                Kind::F64,
                &[&features, &mode],
                "1",
                "left singular vectors, as columns",
            );
            group.add(
                "right",
                Kind::F64,
                &[&mode, &parameter],
                "1",
                "right singular vectors, as rows; the largest component is positive",
            );
        }
        group.add("rank", Kind::I32, &[], "1", "number of independent features");
        if set.contains(&Feature::Modes) {
            group.add(
                "rank_without_modes",
                Kind::I32,
                &[],
                "1",
                "rank of the rows that are not frequencies",
            );
        }
        group.add("gap", Kind::F64, &[], "1", "s_rank / s_rank+1, how clear the rank is");
    }
}

fn sweeps(
    columns: &mut Vec<Column>,
    study: &Study,
    scenario: &Scenario,
    theta: &Parameterisation,
    index: usize,
) {
    let sweep = &scenario.sweep;
    let home = format!("{}/sweeps", theta.name);
    let features = set_axis(scenario, &sweep.set);
    let count = sweep.direction_count(features.length, theta.parameters());
    let direction = counted("direction", count, "swept direction; with both signs +, - alternate");
    let bracket = labelled("bracket", vec!["lo".to_owned(), "hi".to_owned()], "ends of a bracket");
    let parameter = parameter_axis(theta);
    let part = PartKind::Directions { parameterisation: index };
    let mut group = Group { columns, path: home.clone(), part, replicas: study.replicas };
    let causes: Vec<(u8, &'static str)> =
        Cause::ALL.iter().map(|cause| (cause.code(), cause.name())).collect();
    let per = [&direction];
    group.add("sign", Kind::I32, &per, "1", "orientation of the direction, +1 or -1");
    group.add(
        "susceptibility",
        Kind::F64,
        &per,
        "mixed",
        "|J dtheta_hat|; the singular value for a singular direction",
    );
    for (name, what) in [
        ("gamma_star", "end of the linear regime"),
        ("gamma_contact", "first change of the contact set"),
        ("gamma_rearrangement", "first structural rearrangement"),
    ] {
        group.add(
            name,
            Kind::F64,
            &[&direction, &bracket],
            "mixed",
            &format!("{what}, as a bracket of |delta theta|"),
        );
        group.codes(
            &format!("{name}{CAUSE_SUFFIX}"),
            &per,
            &causes,
            &format!("why {name} stands where it stands"),
        );
    }
    group.add(
        "gamma_tilde",
        Kind::F64,
        &per,
        "mixed",
        "where the second-order term alone predicts gamma_star",
    );
    group.add(
        "zeta",
        Kind::F64,
        &per,
        "mixed",
        "maximum linear tunability gamma_star times susceptibility",
    );
    for (name, what) in [
        ("steps", "accepted steps"),
        ("relaxations", "relaxations"),
        ("factorisations", "factorisations of the Hessian"),
        ("force_evaluations", "force evaluations"),
    ] {
        group.add(name, Kind::I32, &per, "1", &format!("{what} that the sweep took"));
    }
    group.add(
        "linear",
        Kind::F64,
        &[&direction, &features],
        "mixed",
        "linear prediction J dtheta_hat, per unit of gamma",
    );
    group.add(
        "curvature",
        Kind::F64,
        &[&direction, &features],
        "mixed",
        "second derivative of y along the direction",
    );
    group.add(
        "direction_vector",
        Kind::F64,
        &[&direction, &parameter],
        "1",
        "unit vector dtheta_hat",
    );
    group.add(
        "weights",
        Kind::F64,
        &[&direction, &features],
        "mixed",
        "weight of each feature in |delta y| (sweep.scale)",
    );
    let replicas = scenario.output.snapshots.min(study.replicas);
    if replicas > 0 {
        let particle = particle_axis(scenario);
        let axis = cartesian_axis(scenario.solid.dimension);
        group.path = format!("{home}/snapshots");
        group.replicas = replicas;
        for (name, what) in [
            ("contact_before", "at the lower end of gamma_contact"),
            ("contact_after", "at the upper end of gamma_contact"),
            ("rearrangement_before", "at the lower end of gamma_rearrangement"),
            ("rearrangement_after", "at the upper end of gamma_rearrangement"),
        ] {
            group.add(
                name,
                Kind::F64,
                &[&direction, &particle, &axis],
                "length",
                &format!("positions {what}; NaN where it was not reached (see its cause)"),
            );
        }
    }
    let replicas = scenario.output.curves.min(study.replicas);
    if replicas > 0 {
        group.path = format!("{home}/curve");
        group.replicas = replicas;
        curves(&mut group, scenario, &direction, &features);
    }
}

fn curves(group: &mut Group<'_>, scenario: &Scenario, direction: &Axis, features: &Axis) {
    let gammas = scenario.sweep.gammas();
    let gamma = Axis {
        name: "gamma".to_owned(),
        length: gammas.len(),
        ticks: Ticks::Values(gammas),
        unit: "mixed",
        description: "size of the parameter change |delta theta|",
    };
    let per = [direction, &gamma];
    group.add(
        "delta_y",
        Kind::F64,
        &[direction, &gamma, features],
        "mixed",
        "measured change of the features",
    );
    group.add("norm", Kind::F64, &per, "mixed", "|delta y|");
    group.add("linear_norm", Kind::F64, &per, "mixed", "|J delta theta|");
    group.add("difference", Kind::F64, &per, "mixed", "|delta y - J delta theta|");
    group.add("quadratic", Kind::F64, &per, "mixed", "norm of the second-order term");
    group.add(
        "contacts_changed",
        Kind::I32,
        &per,
        "1",
        "pairs that entered or left the contact set",
    );
    group.add(
        "largest_displacement",
        Kind::F64,
        &per,
        "length",
        "largest displacement of a particle",
    );
    group.add(
        "lowest_eigenvalue",
        Kind::F64,
        &per,
        "energy/length^2",
        "lowest eigenvalue of the Hessian",
    );
    group.codes("valid", &per, &YES_NO, "the point was reached; where it is 0 the others are NaN");
}

/// The schema of one scenario of a study.
fn schema(study: &Study, scenario: &Scenario) -> ScenarioSchema {
    let mut parts = vec![Part::Solid];
    for parameterisation in scenario.swept() {
        let theta = &scenario.parameterisations()[parameterisation];
        let count = scenario.sweep.direction_count(scenario.sweep_features(), theta.parameters());
        let block = count.div_ceil(DIRECTION_BLOCKS).max(1);
        parts.extend((0..count).step_by(block).map(|start| Part::Directions {
            parameterisation,
            directions: start..(start + block).min(count),
        }));
    }
    ScenarioSchema {
        name: scenario.name.clone(),
        replica: replica_axis(study),
        columns: columns(study, scenario),
        parts,
        parameterisations: scenario
            .parameterisations()
            .into_iter()
            .map(|theta| theta.name)
            .collect(),
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
