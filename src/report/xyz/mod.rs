//! Solids as extended XYZ, for OVITO and ASE.

mod column;
mod designed;
mod ensemble;
mod fields;
mod measurement;

use std::io::Write;
use std::path::PathBuf;

use crate::analysis::quantity::StoredError;
use crate::format::archive::ArchiveError;
use crate::format::measurement::MeasurementError;
use crate::format::solid_file::SolidFileError;
use crate::relax::RelaxError;
use crate::solid::SolidError;

pub use fields::Extras;

use column::Column;

pub use designed::designed;
pub use ensemble::{snapshots, solids};
pub use measurement::{is_measurement, measured};

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
    /// The output of `measure`, as a solid file.
    #[error(transparent)]
    Solid(#[from] SolidFileError),
    /// The output.
    #[error("cannot write the solids: {0}")]
    Io(#[from] std::io::Error),
    /// A file without snapshots.
    #[error("{}: holds no snapshots; {advice}", file.display())]
    NoSnapshots { file: PathBuf, advice: &'static str },
    /// A scenario without such a design.
    #[error("--design {wanted}: scenario {scenario} has {known}")]
    NoDesign { wanted: String, scenario: String, known: String },
    /// A dataset of a measurement that cannot be read.
    #[error(transparent)]
    Dataset(#[from] MeasurementError),
    /// A stored solid that is not at its minimum.
    #[error("forces and modes: {0}")]
    Relax(#[from] RelaxError),
    /// A solid with fewer modes.
    #[error("--modes {wanted}: the backbone has only {found}")]
    TooFewModes { wanted: usize, found: usize },
    /// Singular vectors that the file does not hold, or that have no components at particles.
    #[error("--vectors {wanted}: {reason}")]
    Vectors { wanted: String, reason: String },
    /// The solid of a measurement.
    #[error(transparent)]
    Invalid(#[from] SolidError),
    /// A stored solid that cannot be restored.
    #[error("{0}")]
    Row(String),
    /// A row without the columns of a solid.
    #[error(transparent)]
    Column(#[from] StoredError),
}

impl ExportError {
    /// Can the user mend it by another file or other options?
    pub fn is_usage(&self) -> bool {
        match self {
            ExportError::Archive(error) => error.is_usage(),
            ExportError::Solid(_)
            | ExportError::NoSnapshots { .. }
            | ExportError::NoDesign { .. }
            | ExportError::TooFewModes { .. }
            | ExportError::Vectors { .. } => true,
            ExportError::Dataset(_)
            | ExportError::Io(_)
            | ExportError::Relax(_)
            | ExportError::Row(_)
            | ExportError::Invalid(_)
            | ExportError::Column(_) => false,
        }
    }
}

/// One solid as a frame.
struct Frame<'a> {
    /// Row-major (N, d) [length].
    positions: &'a [f64],
    /// Shape (d,) [length].
    edges: &'a [f64],
    /// Shape (N,): 0 small, 1 large.
    classes: &'a [usize],
    /// Shape (N,) [length], where they are known.
    radii: Option<&'a [f64]>,
    /// Shape (N,).
    rattlers: &'a [u8],
    /// What else the particles have.
    columns: &'a [Column],
    /// `key=value` words of the header.
    comment: String,
}

impl Frame<'_> {
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let (edges, d) = (self.edges, self.edges.len());
        let height = edges.get(2).copied().unwrap_or(FLAT);
        let more: String = self.columns.iter().map(Column::property).collect();
        writeln!(out, "{}", self.classes.len())?;
        writeln!(
            out,
            "Lattice=\"{} 0 0 0 {} 0 0 0 {height}\" Properties=species:S:1:pos:R:3{}:rattler:I:1{more} \
             pbc=\"T T {}\" {}",
            edges[0],
            edges[1],
            if self.radii.is_some() { ":radius:R:1" } else { "" },
            if d == 3 { "T" } else { "F" },
            self.comment,
        )?;
        for (index, position) in self.positions.chunks_exact(d).enumerate() {
            // Inside the box, which is how viewers want it.
            let inside =
                |axis: usize| position.get(axis).map_or(0.0, |x: &f64| x.rem_euclid(edges[axis]));
            let symbol = SYMBOLS[self.classes[index].min(SYMBOLS.len() - 1)];
            write!(out, "{symbol} {} {} {}", inside(0), inside(1), inside(2))?;
            if let Some(radii) = self.radii {
                write!(out, " {}", radii[index])?;
            }
            write!(out, " {}", self.rattlers[index])?;
            for column in self.columns {
                let values = &column.values[index * column.width..(index + 1) * column.width];
                values.iter().try_for_each(|value| write!(out, " {value}"))?;
            }
            writeln!(out)?;
        }
        Ok(())
    }
}
