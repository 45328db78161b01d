//! What stands at the particles and bonds of a solid beside its positions: coordination, pressure,
//! vibrational modes, and the contacts with their forces as a table of their own.

use std::io::Write;

use super::ExportError;
use super::column::Column;
use crate::relax::forces::Forces;
use crate::relax::newton::finish;
use crate::response::modes::lowest_modes;
use crate::solid::Solid;
use crate::solid::contacts::Bond;

/// What is written beside the positions.
pub struct Extras {
    /// Coordination and pressure of every particle.
    pub fields: bool,
    /// So many of the lowest vibrational modes.
    pub modes: usize,
    /// Right singular vectors w of a parameterisation, `THETA[/SET]`; empty: the first one.
    pub vectors: Option<String>,
    /// Where the bonds go, as LAMMPS writes a `dump local`.
    pub bonds: Option<Box<dyn Write>>,
    /// Frames of bonds that were written.
    pub frames: u64,
}

impl Extras {
    /// The columns of a solid, and words for its header; writes its bonds.
    ///
    /// # Errors
    /// Where the solid is not at its minimum, has fewer modes, or the bonds cannot be written.
    pub(super) fn of<const D: usize>(
        &mut self,
        solid: &Solid<D>,
    ) -> Result<(Vec<Column>, String), ExportError> {
        let (mut columns, mut words) = (Vec::new(), String::new());
        if !self.fields && self.modes == 0 && self.bonds.is_none() {
            return Ok((columns, words));
        }
        let mut forces = Forces::new(solid);
        let mut equilibrium = finish(solid, &mut forces, None)?;
        let bonds = &equilibrium.contacts.bonds;
        if self.fields {
            columns.push(Column::counts("coordination", coordination(solid, bonds)));
            columns.push(Column::floats("pressure".to_owned(), 1, pressure(solid, bonds)));
        }
        if let Some(out) = &mut self.bonds {
            let ids = (1..=solid.len()).map(|id| id as f64).collect();
            columns.push(Column::counts("id", ids));
            table(solid, bonds, self.frames, out)?;
            self.frames += 1;
        }
        if self.modes > 0 {
            let modes = lowest_modes(solid, &mut equilibrium, self.modes);
            let (wanted, found) = (self.modes, modes.eigenvalues.len());
            if found < wanted {
                return Err(ExportError::TooFewModes { wanted, found });
            }
            let frequencies: Vec<String> =
                modes.frequencies()[..wanted].iter().map(f64::to_string).collect();
            words = format!(" omega=\"{}\"", frequencies.join(" "));
            columns.extend(modes.vectors.iter().take(wanted).enumerate().map(|(m, vector)| {
                let in_space =
                    |v: &[f64]| [0, 1, 2].map(|axis| v.get(axis).copied().unwrap_or(0.0));
                let values = vector.iter().flat_map(|v| in_space(v.as_slice())).collect();
                Column::floats(format!("mode_{m}"), 3, values)
            }));
        }
        Ok((columns, words))
    }
}

/// Contacts of every particle on the backbone.
fn coordination<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> Vec<f64> {
    let mut counts = vec![0.0; solid.len()];
    for bond in bonds.iter().filter(|bond| bond.in_contact()) {
        counts[bond.i] += 1.0;
        counts[bond.j] += 1.0;
    }
    counts
}

/// p_i = N/(dV) Σ ½ f r over the particle's bonds, whose mean over all particles is p
/// [energy/length^d].
fn pressure<const D: usize>(solid: &Solid<D>, bonds: &[Bond<D>]) -> Vec<f64> {
    let volume: f64 = solid.cell.edges().iter().product();
    let share = solid.len() as f64 / (D as f64 * volume);
    let mut pressures = vec![0.0; solid.len()];
    for bond in bonds {
        let half = -0.5 * share * bond.slope * bond.distance;
        pressures[bond.i] += half;
        pressures[bond.j] += half;
    }
    pressures
}

/// One frame of bonds: particles by their id, force (positive pushes), distance, and whether r < σ.
fn table<const D: usize>(
    solid: &Solid<D>,
    bonds: &[Bond<D>],
    frame: u64,
    out: &mut impl Write,
) -> std::io::Result<()> {
    writeln!(out, "ITEM: TIMESTEP\n{frame}\nITEM: NUMBER OF ENTRIES\n{}", bonds.len())?;
    writeln!(out, "ITEM: BOX BOUNDS pp pp {}", if D == 3 { "pp" } else { "ff" })?;
    for axis in 0..3 {
        writeln!(out, "0 {}", solid.cell.edges().get(axis).copied().unwrap_or(super::FLAT))?;
    }
    writeln!(out, "ITEM: ENTRIES batom1 batom2 force distance contact")?;
    for bond in bonds {
        let (force, contact) = (-bond.slope, u8::from(bond.in_contact()));
        writeln!(out, "{} {} {force} {} {contact}", bond.i + 1, bond.j + 1, bond.distance)?;
    }
    Ok(())
}

/// The components of right singular vectors at the particles: those of the diameters of their
/// species. `right` is (modes, n_θ), where the diameters come first.
pub(super) fn at_particles(right: &[f64], parameters: usize, species: &[usize]) -> Vec<Column> {
    right
        .chunks_exact(parameters)
        .enumerate()
        .map(|(mode, vector)| {
            let values = species.iter().map(|&s| vector[s]).collect();
            Column::floats(format!("w_{mode}"), 1, values)
        })
        .collect()
}
