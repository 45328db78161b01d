//! The analysis of one solid at its minimum.

use std::sync::Arc;

use super::Options;
use super::error::MeasureError;
use super::measured::{Measured, Summary};
use super::sweeps;
use super::theta::{Level, Theta};
use crate::format::measurement::Output;
use crate::format::solid_file::TAIL_ATTRIBUTES;
use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::{Equilibrium, finish, relax};
use crate::response::features::of_response;
use crate::response::linear::LinearResponse;
use crate::response::modes::lowest_modes;
use crate::response::stability::Stability;
use crate::response::susceptibility::Susceptibility;
use crate::solid::Solid;
use crate::solid::assignment::Assignment;
use crate::solid::contacts::Contacts;
use crate::solid::potential::Tail;
use crate::study::config::Feature;
use crate::study::replica::feature_request;

/// Measures a solid. Returns the table, the datasets, and a.
pub(super) fn analyse<const D: usize>(
    name: &str,
    mut solid: Solid<D>,
    given: Option<(Vec<f64>, usize)>,
    options: &Options,
) -> Result<(Summary, Output, f64), MeasureError> {
    if options.level == Level::Particle {
        let own = Assignment::particles(&solid);
        solid = solid.reassigned(own.species, own.interactions);
    }
    let (mut equilibrium, forces) = equilibrium(name, &mut solid, options.relax)?;
    let request = feature_request(&options.features, options.modes);
    // One mode is always needed, for the lowest eigenvalue.
    let modes = lowest_modes(&solid, &mut equilibrium, request.modes.max(1));
    if modes.eigenvalues.len() < request.modes {
        return Err(MeasureError::TooFewModes {
            name: name.to_owned(),
            wanted: request.modes,
            found: modes.eigenvalues.len(),
        });
    }
    let elastic = LinearResponse::new(&solid, &equilibrium).elastic_constants();
    let stability = Stability::of(&solid, &mut equilibrium, forces.candidates(), &modes, &elastic);
    let contacts = &equilibrium.contacts;
    let theta = Theta::new(options.level, &options.kinds, &solid, &contacts.bonds);
    theta.check_attraction(name, &solid, &contacts.bonds)?;
    let response = LinearResponse::new(&solid, &equilibrium);
    let features = of_response(&response, modes, &request, true);
    let (jacobian, inert) = theta.jacobian(&solid, &contacts.bonds, &features.sensitivities);
    let measured = Measured { name, solid: &solid, response, request, features, theta, jacobian };
    let svd = measured.decompose(&options.features)?;
    let others: Vec<Feature> =
        options.features.iter().copied().filter(|&f| f != Feature::Modes).collect();
    let rank_without_modes = match (request.modes > 0, others.is_empty()) {
        (false, _) => None,
        (true, true) => Some(0),
        (true, false) => Some(measured.decompose(&others)?.rank),
    };
    let mut summary = Summary {
        name: name.to_owned(),
        dimension: D,
        particles: solid.len(),
        pressure: equilibrium.pressure,
        energy: forces.energy(&solid),
        max_force: equilibrium.max_force,
        rattlers: contacts.rattler_count(),
        contacts: contacts.contact_count(),
        stability,
        features: measured.features.values.len(),
        degenerate: measured.features.degenerate.iter().filter(|&&d| d).count(),
        parameters: measured.theta.len(),
        inert: inert.iter().filter(|&&inert| inert).count(),
        singular_values: svd.singular_values.clone(),
        rank: svd.rank,
        rank_without_modes,
        gap: svd.gap,
        normalised: Vec::new(),
        directions: Vec::new(),
    };
    let mut output = Output::default();
    write_solid(&mut output, &solid, contacts, &summary);
    measured.write(&mut output, options, &svd, &inert);
    sweeps::write(&mut output, &measured, given, options, &mut summary)?;
    let inverse_range = solid.interactions.potential.a;
    Ok((summary, output, inverse_range))
}

/// The minimum, reached from where the solid is, or where it is taken to be already.
fn equilibrium<const D: usize>(
    name: &str,
    solid: &mut Solid<D>,
    relax_first: bool,
) -> Result<(Equilibrium<D>, Forces<D>), MeasureError> {
    let mut forces = Forces::new(solid);
    if relax_first {
        let equilibrium = relax(solid, &mut forces)
            .map_err(|source| MeasureError::Relax { name: name.to_owned(), source })?;
        return Ok((equilibrium, forces));
    }
    let equilibrium = finish(solid, &mut forces, None).map_err(|source| match source {
        RelaxError::NotConverged { max_force, accepted } => {
            MeasureError::NotRelaxed { name: name.to_owned(), max_force, accepted }
        }
        source => MeasureError::Response { name: name.to_owned(), source },
    })?;
    Ok((equilibrium, forces))
}

impl<const D: usize> Measured<'_, D> {
    fn write(&self, output: &mut Output, options: &Options, svd: &Susceptibility, inert: &[bool]) {
        let (n_y, n_theta) = (self.jacobian.nrows(), self.jacobian.ncols());
        let count = svd.singular_values.len();
        let labels = options.features.iter().flat_map(|f| f.labels(D, options.modes)).collect();
        output.labels("feature_labels", labels, "features y: the rows of the Jacobian");
        output.floats("features", &[n_y], self.features.values.clone(), "mixed", "features y: stress (tension positive) and elastic constants [energy/length^d], frequencies [sqrt(energy)/length], nu [1]");
        output.flags("degenerate", &[n_y], self.features.degenerate.iter().copied(), "the frequency belongs to a degenerate cluster: its row of J is the cluster's mean derivative");
        let bonds = self.response.bonds;
        output.labels(
            "parameter_labels",
            self.theta.labels(bonds),
            "parameters theta: the columns of the Jacobian",
        );
        output.floats(
            "theta0",
            &[n_theta],
            self.theta.values(self.solid, bonds),
            "mixed",
            "parameters as they stand: D, sigma [length], k and B [energy], a [1/length]",
        );
        output.flags(
            "inert",
            &[n_theta],
            inert.iter().copied(),
            "no bond depends on the parameter (rattlers, or species that never meet): its column of J is zero",
        );
        if options.level == Level::Bond {
            let ends = bonds.iter().flat_map(|bond| [bond.i as u64, bond.j as u64]);
            output.counts("bonds", &[bonds.len(), 2], ends, "particles of every bond");
        }
        output.floats(
            "jacobian",
            &[n_y, n_theta],
            row_major(self.jacobian.as_ref()),
            "mixed",
            "J = dy/dtheta through the energy minimisation at fixed box (Eq. 2)",
        );
        output.floats(
            "singular_values",
            &[count],
            svd.singular_values.clone(),
            "mixed",
            "singular values s of J: susceptibilities (Eq. 3)",
        );
        output.floats(
            "left",
            &[n_y, count],
            row_major(svd.left.as_ref()),
            "1",
            "left singular vectors, as columns",
        );
        output.floats(
            "right",
            &[count, n_theta],
            row_major(svd.right.as_ref()),
            "1",
            "right singular vectors, as rows; the largest component is positive",
        );
        output.counts("rank", &[], [svd.rank as u64], "number of independent features");
        output.floats(
            "gap",
            &[],
            vec![svd.gap],
            "1",
            "s_rank / s_rank+1, how clear the rank is; infinite where it is full",
        );
    }
}

/// The solid itself, so that the output is a solid file again, and what is known of it.
fn write_solid<const D: usize>(
    output: &mut Output,
    solid: &Solid<D>,
    contacts: &Contacts<D>,
    summary: &Summary,
) {
    let interactions = &solid.interactions;
    let (n, n_sp) = (solid.len(), interactions.species());
    if interactions.attractive() {
        let [first, second, cut] = TAIL_ATTRIBUTES;
        match interactions.potential.tail {
            Tail::Switched { from, to } => {
                output.number(first, from);
                output.number(second, to);
            }
            Tail::Truncated { cutoff } => output.number(cut, cutoff),
        }
    }
    let pressure = format!("energy/length^{D}");
    let positions = solid.positions.iter().flatten().copied().collect();
    output.floats("positions", &[n, D], positions, "length", "positions at the energy minimum");
    let edges = solid.cell.edges().iter().copied().collect();
    output.floats("box", &[D], edges, "length", "edges of the periodic box");
    output.counts(
        "species",
        &[n],
        solid.species.iter().map(|&s| s as u64),
        "species of the particle",
    );
    output.floats(
        "diameters",
        &[n_sp],
        interactions.diameters.clone(),
        "length",
        "diameters D of the species",
    );
    output.floats(
        "k",
        &[n_sp, n_sp],
        interactions.k.to_vec(),
        "energy",
        "repulsions k of the pairs of species",
    );
    output.floats(
        "B",
        &[n_sp, n_sp],
        interactions.depths.to_vec(),
        "energy",
        "attractions B of the pairs of species",
    );
    if let Some(springs) = solid.springs.as_ref().map(Arc::as_ref) {
        let ends = springs.iter().flat_map(|spring| [spring.i as u64, spring.j as u64]);
        output.counts(
            "springs",
            &[springs.len(), 2],
            ends,
            "particles of every spring of the network",
        );
        let stretch = springs.iter().map(|spring| spring.stretch).collect();
        output.floats(
            "spring_stretch",
            &[springs.len()],
            stretch,
            "1",
            "rest length of every spring over (D_i + D_j)/2",
        );
    }
    output.floats("energy", &[], vec![summary.energy], "energy", "potential energy");
    output.floats(
        "pressure",
        &[],
        vec![summary.pressure],
        &pressure,
        "pressure, minus the mean diagonal stress",
    );
    output.floats(
        "packing_fraction",
        &[],
        vec![solid.packing_fraction()],
        "1",
        "volume of the particles over that of the box",
    );
    output.floats(
        "max_force",
        &[],
        vec![summary.max_force],
        "energy/length",
        "largest residual force on a particle",
    );
    output.counts("contacts", &[], [summary.contacts as u64], "backbone pairs closer than sigma");
    output.flags("rattlers", &[n], contacts.rattler.iter().copied(), "the particle is a rattler");
    let stability = &summary.stability;
    output.floats(
        "lowest_eigenvalue",
        &[],
        vec![stability.lowest_eigenvalue],
        "energy/length^2",
        "lowest eigenvalue of the Hessian without translations and rattlers",
    );
    output.counts(
        "zero_modes",
        &[],
        [stability.zero_modes as u64],
        "zero modes beyond the translations",
    );
    output.flags(
        "c_positive_definite",
        &[],
        [stability.elastic_positive_definite],
        "the matrix of elastic constants over the strain components is positive definite",
    );
    output.flags(
        "near_contact",
        &[],
        [stability.near_contact.is_some()],
        "a pair is within rounding of a contact change",
    );
    if let Some(rank) = summary.rank_without_modes {
        output.counts(
            "rank_without_modes",
            &[],
            [rank as u64],
            "rank of the rows that are not frequencies",
        );
    }
}

/// The elements of a matrix, row after row.
fn row_major(matrix: faer::MatRef<'_, f64>) -> Vec<f64> {
    (0..matrix.nrows())
        .flat_map(|row| (0..matrix.ncols()).map(move |column| matrix[(row, column)]))
        .collect()
}
