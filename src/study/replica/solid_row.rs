//! The row of the part `Solid`: features, Jacobians, singular values, flags.

use faer::Mat;

use super::analysis::Analysis;
use super::columns::Columns;
use super::error::ReplicaError;
use crate::study::config::{Feature, Scenario, set_name};

/// Every column of the part.
pub(super) fn columns<const D: usize>(
    analysis: &Analysis<D>,
    scenario: &Scenario,
) -> Result<Columns, ReplicaError> {
    let mut columns = Columns::default();
    solids(&mut columns, analysis);
    columns.floats("features/values".to_owned(), analysis.features.values.iter().copied());
    columns.codes(
        "features/degenerate".to_owned(),
        analysis.features.degenerate.iter().map(|&degenerate| u8::from(degenerate)),
    );
    for parameterisation in scenario.parameterisations() {
        let theta = analysis.theta(&parameterisation)?;
        let path = |column: &str| format!("{}/{column}", parameterisation.name);
        columns.counts(path("species"), theta.assignment.species.iter().map(|&s| s as u64));
        columns.floats(path("theta0"), theta.space.values(&theta.assignment.interactions));
        columns.floats(path("jacobian"), row_major(&theta.jacobian));
        columns.codes(path("inert"), theta.inert.iter().map(|&inert| u8::from(inert)));
        for set in &scenario.features.sets {
            let path = |column: &str| path(&format!("{}/{column}", set_name(set)));
            let susceptibility = analysis.decompose(&theta, set)?;
            if set.contains(&Feature::Modes) {
                let others: Vec<Feature> =
                    set.iter().copied().filter(|&feature| feature != Feature::Modes).collect();
                let rank =
                    if others.is_empty() { 0 } else { analysis.decompose(&theta, &others)?.rank };
                columns.counts(path("rank_without_modes"), [rank as u64]);
            }
            columns.counts(path("rank"), [susceptibility.rank as u64]);
            columns.floats(path("gap"), [susceptibility.gap]);
            columns.floats(path("left"), row_major(&susceptibility.left));
            columns.floats(path("right"), row_major(&susceptibility.right));
            columns.floats(path("singular_values"), susceptibility.singular_values);
        }
    }
    Ok(columns)
}

fn solids<const D: usize>(columns: &mut Columns, analysis: &Analysis<D>) {
    let solid = &analysis.solid;
    let contacts = &analysis.equilibrium.contacts;
    let stability = &analysis.stability;
    let path = |column: &str| format!("solids/{column}");
    columns.floats(path("positions"), solid.positions.iter().flatten().copied());
    columns.floats(path("box"), solid.cell.edges().iter().copied());
    columns.counts(path("species0"), solid.species.iter().map(|&s| s as u64));
    columns.floats(path("energy"), [analysis.energy]);
    columns.floats(path("pressure"), [analysis.equilibrium.pressure]);
    columns.floats(path("packing_fraction"), [solid.packing_fraction()]);
    columns.floats(path("max_force"), [analysis.equilibrium.max_force]);
    columns.floats(path("lowest_eigenvalue"), [stability.lowest_eigenvalue]);
    columns.counts(path("contacts"), [contacts.contact_count() as u64]);
    columns.codes(path("rattlers"), contacts.rattler.iter().map(|&rattles| u8::from(rattles)));
    columns.counts(path("rattler_count"), [contacts.rattler_count() as u64]);
    columns.counts(path("attempts"), [analysis.attempts]);
    columns.codes(path("c_positive_definite"), [u8::from(stability.elastic_positive_definite)]);
    columns.counts(path("zero_modes"), [stability.zero_modes as u64]);
    columns.codes(path("near_contact"), [u8::from(stability.near_contact.is_some())]);
}

/// The elements of a matrix, row after row.
pub(super) fn row_major(matrix: &Mat<f64>) -> Vec<f64> {
    (0..matrix.nrows())
        .flat_map(|row| (0..matrix.ncols()).map(move |column| matrix[(row, column)]))
        .collect()
}
