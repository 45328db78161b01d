//! Frames of a results file of `amorph run`.

use std::io::Write;
use std::ops::Range;

use super::column::Column;
use super::fields::{Extras, at_particles};
use super::{ExportError, Frame};
use crate::analysis::quantities::{
    BOX, DIRECTION_VECTOR, ENERGY, POSITIONS, PRESSURE, RATTLERS, RIGHT, SIZE_FACTOR,
    SNAPSHOT_ENDS, SNAPSHOTS_GROUP, SOLIDS, SPECIES, SPECIES0, SWEEPS, THETA0,
};
use crate::analysis::values::Row;
use crate::format::archive::{Item, State};
use crate::format::row::Part;
use crate::format::solid_file;
use crate::solid::Solid;
use crate::solid::parameters::ParameterKind;
use crate::study::config::{Parameterisation, Scenario, set_name};
use crate::study::replica::stored_solid;
use crate::study::results::Results;

/// Writes the done solids of these slots of a scenario with their extras, a frame each; returns
/// their number.
/// Solids whose checksum does not hold are left out.
pub fn solids(
    archive: &Results,
    scenario: usize,
    slots: Range<u64>,
    extras: &mut Extras,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let mut frames = 0;
    for slot in slots {
        if let Some(solid) = StoredSolid::read(archive, scenario, slot)? {
            let (mut columns, omega) = match solid.config.solid.dimension {
                2 => extras.of(&solid.restored::<2>(archive)?)?,
                _ => extras.of(&solid.restored::<3>(archive)?)?,
            };
            if let Some(wanted) = &extras.vectors {
                columns.extend(solid.vectors(wanted)?);
            }
            let words = format!(
                "pressure={} energy={}{omega}",
                PRESSURE.floats(&solid.row, SOLIDS, 1)?[0],
                ENERGY.floats(&solid.row, SOLIDS, 1)?[0]
            );
            solid.frame(solid.positions()?, solid.radii.as_deref(), &columns, &words, out)?;
            frames += 1;
        }
    }
    Ok(frames)
}

/// Writes the stored snapshots of these slots: up to four frames for every done direction, at the
/// ends of the brackets of γ_c and γ_r where these were reached. Radii are those at that γ.
pub fn snapshots(
    archive: &Results,
    scenario: usize,
    slots: Range<u64>,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let config = &archive.study().scenarios[scenario];
    if config.output.snapshots == 0 || config.swept().is_empty() {
        return Ok(0);
    }
    let thetas = config.parameterisations();
    let mut frames = 0;
    for slot in slots.start..slots.end.min(config.output.snapshots) {
        let Some(solid) = StoredSolid::read(archive, scenario, slot)? else { continue };
        let parts = &archive.schemas()[scenario].parts;
        for (part, place) in parts.iter().zip(0..) {
            let Part::Directions { parameterisation, directions } = part else { continue };
            if solid.usable[place] {
                let row = archive.row(Item { scenario, slot, part: place })?;
                frames += of_part(&solid, &thetas[*parameterisation], directions, &row, out)?;
            }
        }
    }
    Ok(frames)
}

/// A solid as the file holds it.
pub(super) struct StoredSolid<'a> {
    pub config: &'a Scenario,
    pub replica: u64,
    /// For every part of the replica whether it is done and intact.
    pub usable: Vec<bool>,
    pub row: Row,
    /// Shape (N,): 0 small, 1 large.
    pub classes: Vec<usize>,
    rattlers: Vec<u8>,
    /// D_i over the diameter of its species; none for a solid from a file that is gone.
    factors: Option<Vec<f64>>,
    /// None for solids from files: the diameters stand there.
    radii: Option<Vec<f64>>,
}

impl<'a> StoredSolid<'a> {
    /// The solid of a slot; none where it is not done or its checksum does not hold.
    pub fn read(
        archive: &'a Results,
        scenario: usize,
        slot: u64,
    ) -> Result<Option<Self>, ExportError> {
        let config = &archive.study().scenarios[scenario];
        let states = archive.states_of(scenario, &(slot..slot + 1))?;
        let whole = archive.verify(scenario, &(slot..slot + 1))?;
        let usable: Vec<bool> =
            states.iter().zip(whole).map(|(state, whole)| *state == State::Done && whole).collect();
        if usable.first() != Some(&true) {
            return Ok(None);
        }
        let row = archive.row(Item { scenario, slot, part: 0 })?;
        let n = config.solid.recipe.particles;
        let classes = SPECIES0.counts(&row, SOLIDS, n)?;
        let rattlers = RATTLERS.flags(&row, SOLIDS, n)?.to_vec();
        let diameter = |class: usize| if class == 0 { 1.0 } else { config.solid.recipe.size_ratio };
        let replica = archive.replica(slot);
        let factors = match (&config.solid.recipe.disorder, config.solid.is_from_files()) {
            (_, true) => factors_of_file(config, replica, n),
            (Some(_), _) => Some(SIZE_FACTOR.floats(&row, SOLIDS, n)?.to_vec()),
            (None, _) => Some(vec![1.0; n]),
        };
        let radii = factors.as_ref().filter(|_| !config.solid.is_from_files()).map(|factors| {
            let radius = |(&class, factor): (&usize, &f64)| 0.5 * factor * diameter(class);
            classes.iter().zip(factors).map(radius).collect()
        });
        let mut solid =
            StoredSolid { config, replica, usable, row, classes, rattlers, factors, radii };
        if config.round.is_some() {
            solid.radii = Some(match config.solid.dimension {
                2 => half_diameters(&solid.restored::<2>(archive)?),
                _ => half_diameters(&solid.restored::<3>(archive)?),
            });
        }
        Ok(Some(solid))
    }

    /// As the preparation left it.
    fn restored<const D: usize>(&self, archive: &Results) -> Result<Solid<D>, ExportError> {
        stored_solid(archive.study(), self.config, self.replica, &self.row, None)
            .map_err(|failure| ExportError::Row(failure.reason))
    }

    /// The right singular vectors of `THETA[/SET]` at the particles; of the first θ and the largest
    /// set where they are not named.
    fn vectors(&self, wanted: &str) -> Result<Vec<Column>, ExportError> {
        let refused = |reason: String| ExportError::Vectors { wanted: wanted.to_owned(), reason };
        let thetas = self.config.parameterisations();
        let (name, set) = wanted.split_once('/').unwrap_or((wanted, ""));
        let theta = thetas.iter().find(|theta| name.is_empty() || theta.name == name);
        let names =
            || thetas.iter().map(|theta| theta.name.as_str()).collect::<Vec<_>>().join(", ");
        let theta = theta
            .ok_or_else(|| refused(format!("scenario {} has {}", self.config.name, names())))?;
        if !theta.space.kinds().contains(&ParameterKind::Diameter) {
            return Err(refused(format!("{} holds no diameters of particles", theta.name)));
        }
        let sets = &self.config.features.sets;
        let set = match sets.iter().find(|known| set_name(known) == set) {
            None if set.is_empty() => sets.iter().max_by_key(|known| known.len()),
            known => known,
        };
        let names = || sets.iter().map(|set| set_name(set)).collect::<Vec<_>>().join(", ");
        let set = set.ok_or_else(|| refused(format!("the feature sets are {}", names())))?;
        let right = RIGHT.find(&self.row, &format!("{}/{}", theta.name, set_name(set)));
        let missing = || refused("the file holds none ([output] vectors)".to_owned());
        let right = right.ok_or_else(missing)?.floats();
        let species = SPECIES.counts(&self.row, &theta.name, self.classes.len())?;
        Ok(at_particles(right, theta.parameters(), &species))
    }

    fn positions(&self) -> Result<&[f64], ExportError> {
        let solid = &self.config.solid;
        Ok(POSITIONS.floats(&self.row, SOLIDS, solid.recipe.particles * solid.dimension)?)
    }

    fn frame(
        &self,
        positions: &[f64],
        radii: Option<&[f64]>,
        columns: &[Column],
        words: &str,
        out: &mut impl Write,
    ) -> Result<(), ExportError> {
        let frame = Frame {
            positions,
            edges: BOX.floats(&self.row, SOLIDS, self.config.solid.dimension)?,
            classes: &self.classes,
            radii,
            rattlers: &self.rattlers,
            columns,
            comment: format!("scenario={} replica={} {words}", self.config.name, self.replica),
        };
        Ok(frame.write(out)?)
    }

    /// The radii where the parameters have gone by γ along a direction.
    fn radii_at(
        &self,
        theta: &Parameterisation,
        direction: &[f64],
        gamma: f64,
    ) -> Result<Option<Vec<f64>>, ExportError> {
        if !theta.space.kinds().contains(&ParameterKind::Diameter) {
            return Ok(self.radii.clone());
        }
        let start = THETA0.floats(&self.row, &theta.name, theta.parameters())?;
        let species = SPECIES.counts(&self.row, &theta.name, self.classes.len())?;
        let radius =
            |(&s, factor): (&usize, &f64)| 0.5 * factor * (start[s] + gamma * direction[s]);
        Ok(self.factors.as_ref().map(|factors| species.iter().zip(factors).map(radius).collect()))
    }
}

/// Half of the diameters.
fn half_diameters<const D: usize>(solid: &Solid<D>) -> Vec<f64> {
    (0..solid.len()).map(|i| 0.5 * solid.diameter(i)).collect()
}

/// The size factors of a solid that was read from a file, as they stand there.
fn factors_of_file(config: &Scenario, replica: u64, particles: usize) -> Option<Vec<f64>> {
    let file = config.solid.files.get(usize::try_from(replica).ok()?)?;
    let factors = solid_file::read(&file.address).ok()?.size_factors;
    Some(factors.unwrap_or_else(|| vec![1.0; particles]))
}

/// The snapshots of a block of directions.
fn of_part(
    solid: &StoredSolid<'_>,
    theta: &Parameterisation,
    directions: &Range<usize>,
    row: &Row,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let count = directions.len();
    let coordinates = solid.config.solid.recipe.particles * solid.config.solid.dimension;
    let group = format!("{}/{SWEEPS}", theta.name);
    let snapshots = format!("{group}/{SNAPSHOTS_GROUP}");
    let vectors = DIRECTION_VECTOR.floats(row, &group, count * theta.parameters())?;
    let mut frames = 0;
    for (place, direction) in directions.clone().enumerate() {
        for (snapshot, threshold, end) in SNAPSHOT_ENDS {
            let gamma = threshold.floats(row, &group, 2 * count)?[2 * place + end];
            let all = snapshot.floats(row, &snapshots, count * coordinates)?;
            let name = snapshot.name;
            let positions = &all[place * coordinates..(place + 1) * coordinates];
            if !positions.iter().all(|x| x.is_finite()) {
                continue;
            }
            let vector = &vectors[place * theta.parameters()..(place + 1) * theta.parameters()];
            let radii = solid.radii_at(theta, vector, gamma)?;
            let words =
                format!("theta={} direction={direction} snapshot={name} gamma={gamma}", theta.name);
            solid.frame(positions, radii.as_deref(), &[], &words, out)?;
            frames += 1;
        }
    }
    Ok(frames)
}
