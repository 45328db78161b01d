//! `amorph import`: packings of other programs as a solid file.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::format::packing::{self, Diameters, Packing};
use crate::format::solid_file::DEFAULT_INVERSE_RANGE;
use crate::format::solid_writer::{Interaction, WriteError, group_of, write};

/// Make a solid file of packings in extended XYZ or LAMMPS data files
///
/// Every frame becomes a solid, for `amorph measure` or for `files` of a study. Extended XYZ as ASE,
/// OVITO and `amorph export` write it (Lattice, Properties=species:S:1:pos:R:3:radius:R:1); LAMMPS data
/// files of atom_style sphere or atomic. Particles of one type and diameter are one species; all with
/// the same z: the solid is in 2d. The box is periodic and has right angles.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Files of packings
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Solid file to make; an existing one is refused
    #[arg(short, long)]
    output: PathBuf,
    /// Diameters of types where the file states none, or instead of these: TYPE=D,..., such as
    /// 1=1.0,2=1.4
    #[arg(long, value_parser = diameters, value_name = "TYPE=D,...", default_value = "", hide_default_value = true)]
    diameters: Diameters,
    /// Repulsion of every pair [energy]
    #[arg(long, value_name = "ENERGY", default_value_t = 1.0, value_parser = positive)]
    k: f64,
    /// Attraction of every pair [energy]; 0: soft spheres
    #[arg(long = "B", value_name = "ENERGY", default_value_t = 0.0, value_parser = not_negative)]
    depth: f64,
    /// Inverse range of the attraction [1/length]
    #[arg(long, value_name = "INVERSE", default_value_t = DEFAULT_INVERSE_RANGE, value_parser = positive)]
    a: f64,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let mut packings = Vec::new();
    for file in &arguments.files {
        let frames = packing::read(file, &arguments.diameters).map_err(CommandError::usage)?;
        packings.extend(frames);
    }
    let Arguments { k, depth, a, .. } = *arguments;
    write(&arguments.output, &packings, &Interaction { k, depth, a })
        .map_err(|error| CommandError::of(matches!(error, WriteError::Exists(_)), error))?;
    super::say(|out| report(arguments, &packings, out))?;
    Ok(Outcome::Done)
}

/// What was read, and how it is used.
fn report(arguments: &Arguments, packings: &[Packing], out: &mut dyn Write) -> io::Result<()> {
    const KINDS_SHOWN: usize = 4;
    let output = arguments.output.display();
    let mut addresses = Vec::new();
    for (index, packing) in packings.iter().enumerate() {
        let group = group_of(index, packings.len());
        let address = if group == "/" { output.to_string() } else { format!("{output}:{group}") };
        let kinds: Vec<String> = packing
            .kinds
            .iter()
            .take(KINDS_SHOWN)
            .map(|kind| format!("{} of diameter {}", kind.name, kind.diameter))
            .collect();
        let more = if packing.kinds.len() > KINDS_SHOWN { ", ..." } else { "" };
        writeln!(
            out,
            "{address}: {} particles in {}d, {} species ({}{more})",
            packing.species.len(),
            packing.edges.len(),
            packing.kinds.len(),
            kinds.join(", ")
        )?;
        addresses.push(format!("{address:?}"));
    }
    let Some(first) = packings.first() else { return Ok(()) };
    writeln!(
        out,
        "\nin a study beside it:\n\n    [solid]\n    structure = \"file\"\n    dimension = {}\n    particles = {}\n    files = [{}]",
        first.edges.len(),
        first.species.len(),
        addresses.join(", ")
    )
}

fn diameters(text: &str) -> Result<Diameters, String> {
    let mut diameters = BTreeMap::new();
    for pair in text.split(',').filter(|pair| !pair.is_empty()) {
        let wrong = || format!("{pair:?} (allowed: TYPE=D with D > 0, each type once)");
        let (name, diameter) = pair.split_once('=').ok_or_else(wrong)?;
        let diameter = positive(diameter).map_err(|_| wrong())?;
        if diameters.insert(name.trim().to_owned(), diameter).is_some() {
            return Err(wrong());
        }
    }
    Ok(diameters)
}

fn positive(text: &str) -> Result<f64, String> {
    let value = not_negative(text)?;
    if value > 0.0 { Ok(value) } else { Err("allowed: a finite number > 0".to_owned()) }
}

fn not_negative(text: &str) -> Result<f64, String> {
    let value = text.trim().parse::<f64>().ok().filter(|value| value.is_finite() && *value >= 0.0);
    value.ok_or_else(|| "allowed: a finite number >= 0".to_owned())
}
