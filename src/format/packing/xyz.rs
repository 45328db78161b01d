//! Extended XYZ as ASE, OVITO and `amorph export` write it: the number of particles, a line of
//! `key=value` with `Lattice="ax ay az bx by bz cx cy cz"`, `Properties=name:type:columns:…` and
//! `pbc="T T T"`, then a line for every particle.

use super::error::PackingError;
use super::particles::{Diameters, Packing, Particles, Text};

/// Names of the columns that are read, in lower case; others are passed over.
const POSITIONS: [&str; 1] = ["pos"];
const TYPES: [&str; 3] = ["species", "type", "element"];
const RADII: [&str; 2] = ["radius", "radii"];
const DIAMETERS: [&str; 2] = ["diameter", "diameters"];

/// The type of all particles where the file names none.
const ONLY_TYPE: &str = "X";
/// A component of the lattice that is smaller than this part of the largest one is zero.
const ORTHOGONAL: f64 = 1e-10;

/// Where the columns stand.
struct Columns {
    count: usize,
    position: usize,
    kind: Option<usize>,
    radius: Option<usize>,
    diameter: Option<usize>,
}

/// Every frame.
pub(super) fn read(
    text: &mut Text<'_>,
    diameters: &Diameters,
) -> Result<Vec<Packing>, PackingError> {
    let mut frames = Vec::new();
    while let Some(line) = text.next() {
        if line.trim().is_empty() && !frames.is_empty() {
            continue;
        }
        let count = line.trim().parse::<usize>().ok().filter(|&count| count > 0);
        let Some(count) = count else {
            return Err(text.wrong(format!("{line:?}"), "the number of particles, at least 1"));
        };
        frames.push(frame(text, count, diameters)?);
    }
    Ok(frames)
}

fn frame(
    text: &mut Text<'_>,
    count: usize,
    diameters: &Diameters,
) -> Result<Packing, PackingError> {
    let Some(comment) = text.next() else {
        return Err(text.wrong("the file ends", "a line with Lattice=\"…\""));
    };
    let pairs = pairs(comment);
    let find = |wanted: &str| {
        pairs.iter().find(|(key, _)| key.eq_ignore_ascii_case(wanted)).map(|(_, value)| *value)
    };
    let edges = lattice(text, find("lattice"))?;
    let periodic = match find("pbc") {
        Some(value) => periodic(text, value)?,
        None => [true; 3],
    };
    let columns = columns(text, find("properties").unwrap_or("species:S:1:pos:R:3"))?;
    let mut particles = Particles::new(text, diameters, edges, periodic)?;
    for _ in 0..count {
        let words = text.row("particle", &[columns.count])?;
        let mut position = [0.0; 3];
        for (axis, x) in position.iter_mut().enumerate() {
            *x = text.number("a coordinate", words[columns.position + axis])?;
        }
        let radius = columns.radius.map(|at| text.number("the radius", words[at]));
        let diameter = columns.diameter.map(|at| text.number("the diameter", words[at]));
        let stored = radius.transpose()?.map(|radius| 2.0 * radius).or(diameter.transpose()?);
        let kind = columns.kind.map_or(ONLY_TYPE, |at| words[at]);
        particles.add(text, kind, stored, position)?;
    }
    particles.pack(text)
}

/// The `key=value` of a line; values may stand in quotes or braces.
fn pairs(line: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let mut rest = line;
    while let Some((before, behind)) = rest.split_once('=') {
        let key = before.split_whitespace().last().unwrap_or("");
        let behind = behind.trim_start();
        let close = match behind.chars().next() {
            Some(quote @ ('"' | '\'')) => Some(quote),
            Some('{') => Some('}'),
            Some('[') => Some(']'),
            _ => None,
        };
        let (value, end) = match close {
            Some(close) => behind[1..].split_once(close).unwrap_or((&behind[1..], "")),
            None => behind.split_once(char::is_whitespace).unwrap_or((behind, "")),
        };
        pairs.push((key, value));
        rest = end;
    }
    pairs
}

fn lattice(text: &Text<'_>, value: Option<&str>) -> Result<[f64; 3], PackingError> {
    const EXPECTED: &str = "Lattice=\"Lx 0 0 0 Ly 0 0 0 Lz\", a box with right angles";
    let Some(value) = value else { return Err(text.wrong("no Lattice", EXPECTED)) };
    let numbers: Result<Vec<f64>, _> =
        value.split_whitespace().map(|word| text.number("the lattice", word)).collect();
    let numbers = numbers?;
    let largest = numbers.iter().fold(0.0, |max: f64, x| max.max(x.abs()));
    let skew = |(index, x): (usize, &f64)| index % 4 != 0 && x.abs() > ORTHOGONAL * largest;
    if numbers.len() != 9 || numbers.iter().enumerate().any(skew) {
        return Err(text.wrong(format!("Lattice=\"{value}\""), EXPECTED));
    }
    Ok([numbers[0], numbers[4], numbers[8]])
}

fn periodic(text: &Text<'_>, value: &str) -> Result<[bool; 3], PackingError> {
    let flag = |word: &str| match word.trim_matches(',') {
        "T" | "t" | "1" | "True" | "true" => Some(true),
        "F" | "f" | "0" | "False" | "false" => Some(false),
        _ => None,
    };
    let flags: Option<Vec<bool>> = value.split_whitespace().map(flag).collect();
    match flags.as_deref() {
        Some(&[x, y, z]) => Ok([x, y, z]),
        _ => Err(text.wrong(format!("pbc=\"{value}\""), "pbc=\"T T T\", or \"T T F\" in 2d")),
    }
}

fn columns(text: &Text<'_>, value: &str) -> Result<Columns, PackingError> {
    const EXPECTED: &str = "Properties=species:S:1:pos:R:3, and radius:R:1 where it is known";
    let wrong = || text.wrong(format!("Properties={value}"), EXPECTED);
    let words: Vec<&str> = value.split(':').collect();
    let (fields, []) = words.as_chunks::<3>() else { return Err(wrong()) };
    let mut count = 0_usize;
    let mut places = Vec::new();
    for [name, _, width] in fields {
        let width = width.parse::<usize>().ok().filter(|width| (1..=1000).contains(width));
        let width = width.ok_or_else(wrong)?;
        places.push((name.to_ascii_lowercase(), count, width));
        count += width;
    }
    let find = |names: &[&str], width: usize| {
        let known = |name: &str| names.contains(&name);
        places.iter().find(|(name, _, found)| known(name) && *found == width).map(|place| place.1)
    };
    Ok(Columns {
        count,
        position: find(&POSITIONS, 3).ok_or_else(wrong)?,
        kind: find(&TYPES, 1),
        radius: find(&RADII, 1),
        diameter: find(&DIAMETERS, 1),
    })
}
