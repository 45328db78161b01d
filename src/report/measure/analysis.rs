//! The analysis of one solid at its minimum, and what is written of it.

use std::sync::Arc;

use super::axes::{Axes, indices};
use super::error::MeasureError;
use super::source::Given;
use super::{Options, Summary, sweeps};
use crate::analysis::axis::{self, Axis};
use crate::analysis::quantities::{self, SolidResult};
use crate::analysis::quantity::Along;
use crate::analysis::solid::{Analysis, AnalysisError};
use crate::analysis::theta::{Level, Theta};
use crate::format::measurement::Output;
use crate::format::solid_file::{EXPONENT_ATTRIBUTE, SIZE_FACTOR, TAIL_ATTRIBUTES};
use crate::relax::RelaxError;
use crate::relax::forces::Forces;
use crate::relax::newton::relax;
use crate::response::features::FeatureRequest;
use crate::response::susceptibility::RANK_TOLERANCE;
use crate::solid::Solid;
use crate::solid::assignment::Assignment;
use crate::solid::potential::Tail;

/// Measures a solid. Returns the table, the datasets, and a.
pub(super) fn analyse<const D: usize>(
    name: &str,
    mut solid: Solid<D>,
    given: Given,
    options: &Options,
) -> Result<(Summary, Output, f64), MeasureError> {
    if options.level == Level::Particle {
        let own = Assignment::particles(&solid);
        solid = solid.reassigned(own.species, own.interactions);
    }
    if options.relax {
        let mut forces = Forces::new(&solid);
        relax(&mut solid, &mut forces)
            .map_err(|source| MeasureError::Relax { name: name.to_owned(), source })?;
    }
    let failed = |error| match error {
        AnalysisError::Relax(RelaxError::NotConverged { max_force, accepted })
            if !options.relax =>
        {
            MeasureError::NotRelaxed { name: name.to_owned(), max_force, accepted }
        }
        source => MeasureError::Analysis { name: name.to_owned(), source },
    };
    let request =
        FeatureRequest::new(&options.features, options.modes.of(D, solid.len()), &given.pairs);
    let analysis = Analysis::new(solid, request, &options.kinds, RANK_TOLERANCE).map_err(failed)?;
    let theta = theta(&analysis, options).map_err(failed)?;
    let set = theta.set(&analysis, &options.features).map_err(failed)?;
    let axes = Axes::new(&analysis, &theta, options);
    let mut output = Output::new(axes.units);
    let mut summary = Summary {
        name: name.to_owned(),
        dimension: D,
        solid: SolidResult::new(&analysis, 0),
        parameters: theta.values.len(),
        inert: theta.inert.iter().filter(|&&inert| inert).count(),
        set,
        normalised: Vec::new(),
        directions: Vec::new(),
    };
    write_input(&mut output, &analysis.solid);
    write(&mut output, &axes, &analysis, &theta, &summary, options);
    let directions = given.directions;
    sweeps::write(&mut output, &axes, (&analysis, &theta), directions, options, &mut summary)?;
    Ok((summary, output, analysis.solid.interactions.potential.a))
}

/// θ of the species as they stand, or of the bonds.
fn theta<const D: usize>(
    analysis: &Analysis<D>,
    options: &Options,
) -> Result<Theta, AnalysisError> {
    let (solid, kinds) = (&analysis.solid, &options.kinds);
    if options.level == Level::Bond {
        return Theta::of_bonds(analysis, kinds);
    }
    let (species, interactions) = (solid.species.clone(), solid.interactions.clone());
    Theta::of_species(analysis, Assignment { species, interactions }, kinds)
}

fn write<const D: usize>(
    output: &mut Output,
    axes: &Axes,
    analysis: &Analysis<D>,
    theta: &Theta,
    summary: &Summary,
    options: &Options,
) {
    if options.level == Level::Bond {
        let bonds = &analysis.origin.equilibrium.contacts.bonds;
        let ends = bonds.iter().flat_map(|bond| [bond.i, bond.j]);
        let shape = [indices("bond", bonds.len()), indices("end", 2)];
        output.counts("bonds", &shape, ends, "particles of every bond");
    }
    let set = &summary.set;
    let axis = |along| axes.of(along);
    write_solid(output, &summary.solid, axis);
    for quantity in quantities::THETA {
        output.quantity("", quantity, std::slice::from_ref(theta), None, axis);
    }
    let without_modes = quantities::RANK_WITHOUT_MODES.name;
    for quantity in quantities::SET {
        if quantity.name != without_modes || set.rank_without_modes.is_some() {
            output.quantity("", quantity, std::slice::from_ref(set), None, axis);
        }
    }
}

/// The solid and its features.
pub(in crate::report) fn write_solid(
    output: &mut Output,
    solid: &SolidResult,
    axis: impl Fn(Along) -> Axis,
) {
    let mut quantities: Vec<_> = quantities::SOLID.iter().chain(quantities::FEATURES).collect();
    if solid.absent.iter().any(Option::is_some) {
        quantities.push(&quantities::ABSENT);
    }
    if !solid.pairs.is_empty() {
        quantities.push(&quantities::ALLOSTERIC_PAIRS);
    }
    for quantity in quantities {
        output.quantity("", quantity, std::slice::from_ref(solid), None, &axis);
    }
}

/// Species and interactions, so that the output is a solid file again.
pub(in crate::report) fn write_input<const D: usize>(output: &mut Output, solid: &Solid<D>) {
    let particles = &[axis::particles(solid.len())];
    let interactions = &solid.interactions;
    let n_sp = interactions.species();
    output.number(EXPONENT_ATTRIBUTE, interactions.potential.exponent);
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
    let species = solid.species.iter().copied();
    output.counts("species", particles, species, "species of the particle");
    let diameters = interactions.diameters.clone();
    let (kind, partner) = (indices("kind", n_sp), indices("partner", n_sp));
    output.floats(
        "diameters",
        std::slice::from_ref(&kind),
        diameters,
        "length",
        "diameters D of the species",
    );
    if let Some(factors) = solid.size_factors.as_ref().map(Arc::as_ref) {
        let description = "diameter of the particle over that of its species";
        output.floats(SIZE_FACTOR, particles, factors.clone(), "1", description);
    }
    for (name, table, description) in [
        ("k", &interactions.k, "repulsions k of the pairs of species"),
        ("B", &interactions.depths, "attractions B of the pairs of species"),
    ] {
        output.floats(
            name,
            &[kind.clone(), partner.clone()],
            table.to_vec(),
            "energy",
            description,
        );
    }
    if let Some(springs) = solid.springs.as_ref().map(Arc::as_ref) {
        let (count, ends) = (springs.len(), springs.iter().flat_map(|spring| [spring.i, spring.j]));
        let spring = indices("spring", count);
        let shape = [spring.clone(), indices("end", 2)];
        output.counts("springs", &shape, ends, "particles of every spring of the network");
        let stretch = springs.iter().map(|spring| spring.stretch).collect();
        let description = "rest length of every spring over (D_i + D_j)/2";
        output.floats("spring_stretch", &[spring], stretch, "1", description);
    }
}
