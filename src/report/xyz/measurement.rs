//! Frames of an output of `amorph measure`.

use std::io::Write;
use std::path::Path;

use super::column::Column;
use super::fields::{Extras, at_particles};
use super::{ExportError, Frame};
use crate::analysis::quantities::{
    ENERGY, PRESSURE, RATTLERS, RIGHT, SNAPSHOT_ENDS, SNAPSHOTS_GROUP,
};
use crate::analysis::quantity::Along;
use crate::format::measurement::{Measurement, MeasurementError};
use crate::format::solid_file::{self, DIRECTIONS, SolidData};
use crate::solid::potential::Tail;

/// Is this an output of `amorph measure`?
pub fn is_measurement(path: &Path) -> bool {
    Measurement::open(path).is_some()
}

/// Writes the measured solid with its extras; or its snapshots, up to four frames for every direction, at the ends
/// of the brackets of γ_c and γ_r where these were reached, with the radii at that γ. Returns the
/// number of frames.
pub fn measured(
    path: &Path,
    snapshots: bool,
    extras: &mut Extras,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let data = solid_file::read(&path.display().to_string())?;
    let missing = |name: &str| MeasurementError::Dataset {
        path: path.to_owned(),
        name: name.to_owned(),
        reason: "is missing".to_owned(),
    };
    let file = Measurement::open(path).ok_or_else(|| missing("/"))?;
    let (n, d) = (data.species.len(), data.dimension());
    let rattlers = file.read(RATTLERS.name, n)?;
    let largest = data.diameters.iter().fold(0.0, |max: f64, &x| max.max(x));
    let smallest = data.diameters.iter().fold(largest, |min: f64, &x| min.min(x));
    let classes: Vec<usize> = data
        .species
        .iter()
        .map(|&s| usize::from(data.diameters[s] > 0.5 * (smallest + largest)))
        .collect();
    let frame =
        |positions: &[f64], diameters: &[f64], columns: &[Column], comment: String, out: &mut _| {
            let factor = |i: usize| data.size_factors.as_ref().map_or(1.0, |factors| factors[i]);
            let species = data.species.iter().enumerate();
            let radii: Vec<f64> = species.map(|(i, &s)| 0.5 * factor(i) * diameters[s]).collect();
            Frame {
                positions,
                edges: &data.edges,
                classes: &classes,
                radii: Some(&radii),
                rattlers: &rattlers,
                columns,
                comment,
            }
            .write(out)
        };
    if !snapshots {
        let pressure: Vec<f64> = file.read(PRESSURE.name, 1)?;
        let energy: Vec<f64> = file.read(ENERGY.name, 1)?;
        let tail = data.tail.unwrap_or(Tail::DEFAULT);
        let (mut columns, omega) = match d {
            2 => extras.of(&data.solid::<2>(tail)?)?,
            _ => extras.of(&data.solid::<3>(tail)?)?,
        };
        if extras.vectors.is_some() {
            columns.extend(vectors(&file, &data)?);
        }
        let comment = format!("pressure={} energy={}{omega}", pressure[0], energy[0]);
        frame(&data.positions, &data.diameters, &columns, comment, out)?;
        return Ok(1);
    }
    if !file.has_group(SNAPSHOTS_GROUP) {
        return Err(ExportError::NoSnapshots {
            file: path.to_owned(),
            advice: "`amorph measure --sweep --snapshots` keeps them",
        });
    }
    let Some((directions, n_theta)) = &data.directions else {
        return Err(missing(DIRECTIONS).into());
    };
    let labels = file.names(Along::Parameter, *n_theta)?;
    // Diameters come first, and all of them or none.
    let moved = if labels[0] == "D_0" { data.diameters.len() } else { 0 };
    let count = directions.len() / n_theta;
    let mut frames = 0;
    for (direction, vector) in directions.chunks_exact(*n_theta).enumerate() {
        for (snapshot, threshold, end) in SNAPSHOT_ENDS {
            let gammas: Vec<f64> = file.read(threshold.name, 2 * count)?;
            let all: Vec<f64> = file.read(&snapshot.path(SNAPSHOTS_GROUP), count * n * d)?;
            let positions = &all[direction * n * d..(direction + 1) * n * d];
            if !positions.iter().all(|x| x.is_finite()) {
                continue;
            }
            let gamma = gammas[2 * direction + end];
            let mut diameters = data.diameters.clone();
            diameters[..moved].iter_mut().zip(vector).for_each(|(x, w)| *x += gamma * w);
            let comment = format!("direction={direction} snapshot={} gamma={gamma}", snapshot.name);
            frame(positions, &diameters, &[], comment, out)?;
            frames += 1;
        }
    }
    Ok(frames)
}

/// The right singular vectors at the particles.
fn vectors(file: &Measurement, data: &SolidData) -> Result<Vec<Column>, ExportError> {
    let none = |reason: &str| ExportError::Vectors {
        wanted: RIGHT.name.to_owned(),
        reason: reason.to_owned(),
    };
    let shape = file.shape(RIGHT.name)?;
    let [modes, parameters] = shape[..] else { return Err(none("no matrix")) };
    let labels = file.names(Along::Parameter, parameters)?;
    let diameters = labels.iter().filter(|label| label.starts_with("D_")).count();
    if diameters < data.diameters.len() {
        return Err(none("the parameters are no diameters of particles"));
    }
    let right: Vec<f64> = file.read(RIGHT.name, modes * parameters)?;
    Ok(at_particles(&right, parameters, &data.species))
}
