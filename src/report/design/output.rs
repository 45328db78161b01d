//! The file of a design: a solid file at its root, with what led there in the group `path`.

use super::Options;
use super::error::DesignError;
use crate::analysis::axis::{self, Axis, counted, labelled};
use crate::analysis::quantities::SolidResult;
use crate::analysis::quantity::Along;
use crate::analysis::solid::Analysis;
use crate::analysis::unit::Units;
use crate::design::run::Design;
use crate::design::target::Target;
use crate::format::measurement::Output;
use crate::report::measure::{write_input, write_solid};
use crate::response::features::FeatureKind;
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::solid::parameters::symbols;
use crate::system::program::{COMMIT, PROGRAM_VERSION};
use crate::system::words::Word;

/// The attribute `format`.
pub const FORMAT: &str = "amorph-design";

/// The group of the way.
pub const PATH: &str = "path";

/// Coefficients of a combination below this are not named.
const NAMED: f64 = 1e-3;

/// The combination of targets that no parameter moves, by name.
pub(super) fn combination<const D: usize>(design: &Design<D>) -> Option<String> {
    let combination = &design.incompatible.as_ref()?.combination;
    let terms = design.problem.targets.iter().zip(combination);
    let named = terms.filter(|(_, u)| u.abs() >= NAMED);
    let named: Vec<String> =
        named.map(|(target, u)| format!("{u:+.3} d({})", target.label)).collect();
    Some(named.join(" "))
}

/// Everything that is written of a design.
pub(super) fn of<const D: usize>(
    name: &str,
    design: &Design<D>,
    options: &Options,
) -> Result<Output, DesignError> {
    let (problem, found) = (&design.problem, &design.found);
    let solid = found.state.solid.clone();
    let kinds = problem.parameters.space.kinds();
    let analysis = Analysis::new(solid, problem.request.clone(), kinds, RANK_TOLERANCE)
        .map_err(|source| DesignError::Analysis { name: name.to_owned(), source })?;
    let kinds_of_features: Vec<_> =
        FeatureKind::ALL.into_iter().filter(|&kind| problem.request.count(D, kind) > 0).collect();
    let mut output = Output::new(Units::new(D, &kinds_of_features, kinds));
    write_input(&mut output, &analysis.solid);
    let result = SolidResult::new(&analysis, 0);
    let labels = problem.request.labels(D, &kinds_of_features);
    let axis = |along| match along {
        Along::Particle => axis::particles(analysis.solid.len()),
        Along::Cartesian => axis::cartesian(D),
        Along::Pair => axis::pairs(result.pairs.len()),
        Along::Role => axis::role(),
        Along::End => axis::end(),
        _ => labelled(Along::Feature.name(), labels.clone(), "features y of the solid"),
    };
    write_solid(&mut output, &result, axis);
    targets(&mut output, &problem.targets, design);
    way(&mut output, design);
    one_step(&mut output, design);
    let settings = &options.terms.settings;
    output.text("format", FORMAT);
    output.text("program_version", PROGRAM_VERSION);
    output.text("commit", COMMIT);
    output.text("source", name);
    output.text("outcome", design.outcome.word());
    output.text("level", options.level.word());
    output.text("parameters", symbols(&options.kinds));
    output.text("norm", options.terms.norm.word());
    output.text("rearrangements_allowed", if settings.rearrange { "yes" } else { "no" });
    output.number("tolerance", settings.tolerance);
    output.number("seed", settings.seed as f64);
    output.number("relinearisations", found.relinearisations as f64);
    output.number("refused_rearrangements", found.refused_rearrangements as f64);
    output.number("a", analysis.solid.interactions.potential.a);
    if let Some(text) = combination(design) {
        output.text("incompatible", text);
    }
    Ok(output)
}

fn target_axis(targets: &[Target]) -> Axis {
    let labels = targets.iter().map(|target| target.label.clone()).collect();
    labelled("target", labels, "features that are targets")
}

fn parameter_axis<const D: usize>(design: &Design<D>) -> Axis {
    let labels = design.problem.parameters.labels();
    labelled(Along::Parameter.name(), labels, "parameters theta that were free")
}

fn targets<const D: usize>(output: &mut Output, targets: &[Target], design: &Design<D>) {
    let n = targets.len();
    let axis = [target_axis(targets)];
    let mut values = |name: &str, of: fn(&Target) -> f64, description: &str| {
        output.floats(name, &axis, targets.iter().map(of).collect(), "mixed", description);
    };
    values("target_start", |target| target.start, "their values before the design");
    values("targets", |target| target.value, "their values that are wanted");
    values("target_scale", |target| target.scale, "what their errors are measured in");
    values("target_unit", |target| target.unit, "what the search measures their errors in");
    let fresh = match &design.fresh {
        Ok(state) => design.problem.targeted(&state.values, &state.solid),
        Err(_) => vec![f64::NAN; n],
    };
    let text = "the targeted features after a fresh relaxation at the final parameters, from where the solid was before; NaN where it has no minimum";
    output.floats("fresh_features", &axis, fresh, "mixed", text);
    if let Some(incompatible) = &design.incompatible {
        let text = "unit combination of relative changes of the targets that no parameter moves to first order";
        output.floats("incompatible", &axis, incompatible.combination.clone(), "1", text);
    }
}

fn way<const D: usize>(output: &mut Output, design: &Design<D>) {
    let path = &design.found.path;
    let stops = [counted("state", path.len(), "state on the way, from the start")];
    let [state] = &stops;
    let with = |axis: Axis| [state.clone(), axis];
    let place = |name: &str| format!("{PATH}/{name}");
    let theta = path.iter().flat_map(|stop| stop.theta.clone()).collect();
    output.floats(
        &place("theta"),
        &with(parameter_axis(design)),
        theta,
        "mixed",
        "parameters of every state",
    );
    let values = path.iter().flat_map(|stop| stop.values.clone()).collect();
    let text = "targeted features of every state";
    output.floats(
        &place("features"),
        &with(target_axis(&design.problem.targets)),
        values,
        "mixed",
        text,
    );
    let residual = path.iter().map(|stop| stop.residual).collect();
    let text = "largest error of a target in units of target_scale";
    output.floats(&place("residual"), &stops, residual, "1", text);
    let length = path.iter().map(|stop| stop.length).collect();
    let text = "|delta theta| since the state before, in the norm of the design";
    output.floats(&place("length"), &stops, length, "mixed", text);
    let contacts = path.iter().map(|stop| stop.contacts_changed);
    let text = "contacts made plus contacts broken since the state before";
    output.counts(&place("contacts_changed"), &stops, contacts, text);
    let rearrangements = path.iter().map(|stop| stop.rearrangements);
    let text = "rearrangements since the state before";
    output.counts(&place("rearrangements"), &stops, rearrangements, text);
    let noise = path.iter().map(|stop| usize::from(stop.noise));
    output.counts(&place("noise"), &stops, noise, "1 where noise led to the state");
    let start = &design.start.solid.positions;
    let positions = start.iter().flatten().copied().collect();
    let text = "positions before the design, at the minimum";
    output.floats(
        &place("start_positions"),
        &[axis::particles(start.len()), axis::cartesian(D)],
        positions,
        "length",
        text,
    );
}

fn one_step<const D: usize>(output: &mut Output, design: &Design<D>) {
    let Some(step) = &design.one_step else { return };
    let targets = [target_axis(&design.problem.targets)];
    let place = |name: &str| format!("one_step/{name}");
    let parameters = [parameter_axis(design)];
    let text = "J^+ delta y (Eq. 4)";
    output.floats(&place("delta_theta"), &parameters, step.change.clone(), "mixed", text);
    let mut of_targets = |name: &str, values: &[f64], text: &str| {
        output.floats(&place(name), &targets, values.to_vec(), "mixed", text);
    };
    of_targets("linear", &step.linear, "J delta theta");
    of_targets("quadratic", &step.quadratic, "half the second derivative times |delta theta|^2");
    of_targets(
        "achieved",
        &step.achieved,
        "targeted features after the step, or before what was in its way; NaN where it could not be gone",
    );
    let threshold = "as a bracket of |delta theta|; hi is NaN where it lies beyond the step";
    for (name, threshold, text) in [
        (
            "gamma_star",
            step.gamma_star,
            format!("end of the linear regime of the targets, {threshold}"),
        ),
        (
            "gamma_contact",
            step.gamma_contact,
            format!("first change of the contact set, {threshold}"),
        ),
    ] {
        let ends = [axis::bracket()];
        output.floats(&place(name), &ends, vec![threshold.lo, threshold.hi], "mixed", &text);
    }
    output.floats(
        &place("share"),
        &[],
        vec![step.share],
        "1",
        "share of the step that could be gone without a rearrangement",
    );
}
