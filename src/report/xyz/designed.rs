//! Frames of the designed solids of a results file.

use std::io::Write;
use std::ops::Range;

use super::ensemble::StoredSolid;
use super::fields::Extras;
use super::{ExportError, Frame};
use crate::analysis::quantities::{BOX, SOLIDS};
use crate::analysis::values::Values;
use crate::design::outcome::Outcome;
use crate::design::quantities::OUTCOME;
use crate::format::archive::Item;
use crate::format::row::Part;
use crate::relax::forces::Forces;
use crate::solid::contacts::{Contacts, virial_pressure};
use crate::study::replica::{StoredDesign, designed_solid};
use crate::study::results::Results;
use crate::study::schema::design_group;

/// Writes the designed solids `THETA/TARGETS` of these slots of a scenario with their extras, a frame for
/// every done design, whether it has reached its targets or not.
pub fn designed(
    archive: &Results,
    scenario: usize,
    slots: Range<u64>,
    wanted: &str,
    extras: &mut Extras,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let config = &archive.study().scenarios[scenario];
    let thetas = config.parameterisations();
    let schema = &archive.schemas()[scenario];
    let name =
        |theta: usize, design: usize| format!("{}/{}", thetas[theta].name, schema.designs[design]);
    let designs = schema.parts.iter().zip(0..).filter_map(|(part, place)| match *part {
        Part::Design { parameterisation, design } => Some((place, parameterisation, design)),
        _ => None,
    });
    let found = designs.clone().find(|&(_, theta, design)| name(theta, design) == wanted);
    let Some((place, theta, design)) = found else {
        let known: Vec<String> = designs.map(|(_, theta, design)| name(theta, design)).collect();
        let known = if known.is_empty() { "none".to_owned() } else { known.join("; ") };
        let scenario = config.name.clone();
        return Err(ExportError::NoDesign { wanted: wanted.to_owned(), scenario, known });
    };
    let theta = &thetas[theta];
    let mut frames = 0;
    for slot in slots {
        let Some(solid) = StoredSolid::read(archive, scenario, slot)? else { continue };
        if solid.usable[place] {
            let row = archive.row(Item { scenario, slot, part: place })?;
            let stored = (theta, design, &row);
            match config.solid.dimension {
                2 => frame::<2>(archive, &solid, stored, extras, out)?,
                _ => frame::<3>(archive, &solid, stored, extras, out)?,
            }
            frames += 1;
        }
    }
    Ok(frames)
}

fn frame<const D: usize>(
    archive: &Results,
    stored: &StoredSolid<'_>,
    (theta, design, row): StoredDesign<'_>,
    extras: &mut Extras,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let (config, replica) = (stored.config, stored.replica);
    let wanted = (theta, design, row);
    let solid = designed_solid::<D>(archive.study(), config, replica, &stored.row, wanted)
        .map_err(|failure| ExportError::Row(failure.reason))?;
    let (columns, omega) = extras.of(&solid)?;
    let contacts = Contacts::find(&solid, Forces::new(&solid).candidates());
    let rattlers: Vec<u8> = contacts.rattler.iter().map(|&rattles| u8::from(rattles)).collect();
    let radii: Vec<f64> = (0..solid.len()).map(|i| 0.5 * solid.diameter(i)).collect();
    let positions: Vec<f64> = solid.positions.iter().flatten().copied().collect();
    let wanted = &config.design.designs[design];
    let code = OUTCOME.find(row, &design_group(theta, wanted)).map(Values::codes);
    let outcome = Outcome::CODES.iter().find(|(known, _)| code == Some(&[*known]));
    let frame = Frame {
        positions: &positions,
        edges: BOX.floats(&stored.row, SOLIDS, D)?,
        classes: &stored.classes,
        radii: Some(&radii),
        rattlers: &rattlers,
        columns: &columns,
        comment: format!(
            "scenario={} replica={replica} theta={} design=\"{}\" outcome={} pressure={}{omega}",
            config.name,
            theta.name,
            wanted.name,
            outcome.map_or("unknown", |(_, name)| name),
            virial_pressure(&solid, &contacts.bonds)
        ),
    };
    Ok(frame.write(out)?)
}
