//! Solids as extended XYZ, for OVITO and ASE.

use std::io::Write;

use super::archive::{Archive, ArchiveError, Item, State};
use super::config::{Scenario, Structure};
use super::work::{Row, Values};

/// Chemical symbols that stand for small and large particles: ASE reads nothing else.
const SYMBOLS: [&str; 2] = ["H", "He"];
/// Height of the box of a 2d solid.
const FLAT: f64 = 1.0;

/// Why solids cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The results file.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The output.
    #[error("cannot write the solids: {0}")]
    Io(#[from] std::io::Error),
    /// A row without the columns of a solid.
    #[error("internal error, please report it: column {0} is missing or has another shape")]
    Column(&'static str),
}

/// Writes the done solids of these slots of a scenario, a frame each; returns their number.
/// Solids whose checksum does not hold are left out.
pub fn write(
    archive: &Archive,
    scenario: usize,
    slots: std::ops::Range<u64>,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let parts = archive.layout().parts(scenario);
    let config = &archive.study().scenarios[scenario];
    let mut frames = 0;
    for slot in slots {
        let states = archive.states_of(scenario, &(slot..slot + 1))?;
        let whole = archive.verify(scenario, &(slot..slot + 1))?;
        debug_assert_eq!(states.len(), parts);
        if states[0] == State::Done && whole[0] {
            let row = archive.row(Item { scenario, slot, part: 0 })?;
            frame(config, archive.study().first_replica + slot, &row, out)?;
            frames += 1;
        }
    }
    Ok(frames)
}

fn floats<'r>(row: &'r Row, path: &'static str, length: usize) -> Result<&'r [f64], ExportError> {
    match row.iter().find(|(name, _)| name == path) {
        Some((_, Values::F64(values))) if values.len() == length => Ok(values),
        _ => Err(ExportError::Column(path)),
    }
}

fn frame(
    config: &Scenario,
    replica: u64,
    row: &Row,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let (n, d) = (config.solid.particles, config.solid.dimension);
    let positions = floats(row, "solids/positions", n * d)?;
    let edges = floats(row, "solids/box", d)?;
    let pressure = floats(row, "solids/pressure", 1)?[0];
    let energy = floats(row, "solids/energy", 1)?[0];
    let classes = match row.iter().find(|(name, _)| name == "solids/species0") {
        Some((_, Values::I32(values))) if values.len() == n => values,
        _ => return Err(ExportError::Column("solids/species0")),
    };
    let rattlers = match row.iter().find(|(name, _)| name == "solids/rattlers") {
        Some((_, Values::U8(values))) if values.len() == n => values,
        _ => return Err(ExportError::Column("solids/rattlers")),
    };
    // The diameters of solids from files stand in those files.
    let with_radius = config.solid.structure != Structure::File;
    let height = edges.get(2).copied().unwrap_or(FLAT);
    writeln!(out, "{n}")?;
    writeln!(
        out,
        "Lattice=\"{} 0 0 0 {} 0 0 0 {height}\" Properties=species:S:1:pos:R:3{}:rattler:I:1 \
         pbc=\"T T {}\" scenario={} replica={replica} pressure={pressure} energy={energy}",
        edges[0],
        edges[1],
        if with_radius { ":radius:R:1" } else { "" },
        if d == 3 { "T" } else { "F" },
        config.name,
    )?;
    for (index, position) in positions.chunks_exact(d).enumerate() {
        let class = usize::try_from(classes[index]).unwrap_or(0).min(SYMBOLS.len() - 1);
        // Inside the box, which is how viewers want it.
        let inside =
            |axis: usize| position.get(axis).map_or(0.0, |x: &f64| x.rem_euclid(edges[axis]));
        write!(out, "{} {} {} {}", SYMBOLS[class], inside(0), inside(1), inside(2))?;
        if with_radius {
            let diameter = if class == 0 { 1.0 } else { config.solid.size_ratio };
            write!(out, " {}", 0.5 * diameter)?;
        }
        writeln!(out, " {}", rattlers[index])?;
    }
    Ok(())
}
