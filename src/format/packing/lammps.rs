//! LAMMPS data files of atom_style sphere (`id type diameter density x y z`), or of atomic
//! (`id type x y z`) with diameters given by type; three more columns are image flags, which mean
//! nothing in a periodic box. Sections but `Atoms` are passed over; atoms come in the order of their
//! numbers.

use super::error::PackingError;
use super::particles::{Diameters, Packing, Particles, Text};

/// Columns of a style without image flags, and with them.
const ATOMIC: [usize; 2] = [5, 8];
const SPHERE: [usize; 2] = [7, 10];

/// The number of atoms and the lower and upper ends of the box.
struct Header {
    atoms: usize,
    ends: [(f64, f64); 3],
}

/// The packing.
pub(super) fn read(text: &mut Text<'_>, diameters: &Diameters) -> Result<Packing, PackingError> {
    let header = header(text)?;
    let edges = header.ends.map(|(low, high)| high - low);
    let mut particles = Particles::new(text, diameters, edges, [true; 3])?;
    let style = find_atoms(text)?;
    let counts: Vec<usize> = match style {
        "" => ATOMIC.into_iter().chain(SPHERE).collect(),
        "atomic" => ATOMIC.to_vec(),
        "sphere" => SPHERE.to_vec(),
        other => {
            let found = format!("atom_style {other}");
            return Err(text.wrong(found, "`Atoms # sphere` or `Atoms # atomic`"));
        }
    };
    while text.peek().is_some_and(|line| line.trim().is_empty()) {
        text.next();
    }
    let mut numbers = Vec::new();
    for _ in 0..header.atoms {
        let words = text.row("atom", &counts)?;
        let number = words[0].parse::<u64>();
        numbers.push(number.map_err(|_| text.wrong(words[0], "the number of an atom"))?);
        let is_sphere = SPHERE.contains(&words.len());
        let stored = is_sphere.then(|| text.number("the diameter", words[2])).transpose()?;
        let first = if is_sphere { 4 } else { 2 };
        let mut position = [0.0; 3];
        for (axis, x) in position.iter_mut().enumerate() {
            *x = text.number("a coordinate", words[first + axis])? - header.ends[axis].0;
        }
        particles.add(text, words[1], stored, position)?;
    }
    if text.peek().is_some_and(|line| !line.trim().is_empty()) {
        text.next();
        return Err(text.wrong(format!("more than {} atoms", header.atoms), "an empty line"));
    }
    particles.sort_by(&numbers);
    particles.pack(text)
}

/// Whether a line is the name of a section.
fn is_section(line: &str) -> bool {
    line.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Reads all before the first section.
fn header(text: &mut Text<'_>) -> Result<Header, PackingError> {
    // The first line is a title, whatever it says.
    text.next();
    let (mut atoms, mut ends) = (None, [None; 3]);
    while let Some(line) = text.peek().filter(|line| !is_section(line)) {
        text.next();
        let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
        match words.as_slice() {
            [count, "atoms"] => {
                let count = count.parse::<usize>().ok().filter(|&count| count > 0);
                atoms = Some(count.ok_or_else(|| text.wrong(line, "the number of atoms"))?);
            }
            [low, high, "xlo", "xhi"] => ends[0] = Some(range(text, low, high)?),
            [low, high, "ylo", "yhi"] => ends[1] = Some(range(text, low, high)?),
            [low, high, "zlo", "zhi"] => ends[2] = Some(range(text, low, high)?),
            [tilt @ .., "xy", "xz", "yz"] if tilt.iter().all(|it| it.parse() == Ok(0.0)) => {}
            [.., "xy", "xz", "yz"] | [.., "avec" | "bvec" | "cvec"] => {
                return Err(text.wrong(line.trim(), "a box with right angles"));
            }
            _ => {}
        }
    }
    match (atoms, ends) {
        (Some(atoms), [Some(x), Some(y), Some(z)]) => Ok(Header { atoms, ends: [x, y, z] }),
        _ => {
            text.line += 1;
            let expected = "before the first section `N atoms`, `LO HI xlo xhi`, and so for y and z \
                            (a LAMMPS data file), or a number of particles (extended XYZ)";
            Err(text.wrong("no complete header", expected))
        }
    }
}

fn range(text: &Text<'_>, low: &str, high: &str) -> Result<(f64, f64), PackingError> {
    let (low, high) = (text.number("the box", low)?, text.number("the box", high)?);
    if low < high { Ok((low, high)) } else { Err(text.wrong("the box is empty", "LO below HI")) }
}

/// Reads up to the section `Atoms`, and returns the style that it names.
fn find_atoms<'t>(text: &mut Text<'t>) -> Result<&'t str, PackingError> {
    while let Some(line) = text.next() {
        let (name, style) = line.split_once('#').unwrap_or((line, ""));
        if name.trim() == "Atoms" {
            return Ok(style.trim());
        }
    }
    Err(text.wrong("the file ends", "a section Atoms"))
}
