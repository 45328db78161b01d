//! What both formats have in common: lines with their numbers, and particles that become a packing.

use std::collections::BTreeMap;
use std::path::Path;

use super::error::PackingError;

/// The most species of a packing: k and B become tables of their pairs.
const MAX_SPECIES: usize = 2000;

/// Diameters of types that the user gives, by name.
pub type Diameters = BTreeMap<String, f64>;

/// A species of a packing.
#[derive(Clone, Debug, PartialEq)]
pub struct Kind {
    /// Its type, as the file names it.
    pub name: String,
    /// Its diameter.
    pub diameter: f64,
}

/// A packing in a periodic box.
#[derive(Clone, Debug, PartialEq)]
pub struct Packing {
    /// Edges of the box, shape (d,): 2 where all particles have the same z.
    pub edges: Vec<f64>,
    /// Row-major (N, d).
    pub positions: Vec<f64>,
    /// Shape (N,), from 0.
    pub species: Vec<usize>,
    /// In the order of names, then of diameters.
    pub kinds: Vec<Kind>,
}

/// The lines of a file.
pub(super) struct Text<'t> {
    path: &'t Path,
    lines: std::iter::Peekable<std::str::Lines<'t>>,
    /// The number of the last line that was read, from 1.
    pub line: usize,
}

impl<'t> Text<'t> {
    pub fn new(path: &'t Path, text: &'t str) -> Self {
        Text { path, lines: text.lines().peekable(), line: 0 }
    }

    /// The next line.
    pub fn next(&mut self) -> Option<&'t str> {
        self.line += 1;
        self.lines.next()
    }

    /// The next line, without reading it.
    pub fn peek(&mut self) -> Option<&'t str> {
        self.lines.peek().copied()
    }

    /// An error of the last line.
    pub fn wrong(&self, found: impl Into<String>, expected: impl Into<String>) -> PackingError {
        let (path, line) = (self.path.to_owned(), self.line);
        PackingError::Line { path, line, found: found.into(), expected: expected.into() }
    }

    /// A finite number of the last line.
    pub fn number(&self, what: &str, word: &str) -> Result<f64, PackingError> {
        let number = word.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong(format!("{what} is {word:?}"), "a finite number"))
    }

    /// The next line's words, which must be so many.
    pub fn row(&mut self, what: &str, counts: &[usize]) -> Result<Vec<&'t str>, PackingError> {
        let allowed: Vec<String> = counts.iter().map(usize::to_string).collect();
        let expected = format!("a line of {} columns for every {what}", allowed.join(" or "));
        let Some(line) = self.next() else {
            return Err(self.wrong("the file ends", expected));
        };
        let words: Vec<&str> = line.split('#').next().unwrap_or("").split_whitespace().collect();
        if counts.contains(&words.len()) {
            Ok(words)
        } else {
            Err(self.wrong(format!("{} columns", words.len()), expected))
        }
    }
}

/// The particles of a frame as they are read.
pub(super) struct Particles<'d> {
    given: &'d Diameters,
    /// The line to blame for the box.
    line: usize,
    edges: [f64; 3],
    periodic: [bool; 3],
    positions: Vec<[f64; 3]>,
    kinds: Vec<Kind>,
}

impl<'d> Particles<'d> {
    /// In this box, which the last line has said.
    pub fn new(
        text: &Text<'_>,
        given: &'d Diameters,
        edges: [f64; 3],
        periodic: [bool; 3],
    ) -> Result<Self, PackingError> {
        if let Some(edge) = edges.iter().find(|edge| !(**edge > 0.0)) {
            return Err(text.wrong(format!("the box has an edge {edge}"), "edges > 0"));
        }
        let (positions, kinds) = (Vec::new(), Vec::new());
        Ok(Particles { given, line: text.line, edges, periodic, positions, kinds })
    }

    /// The particle of the last line; `stored` is the diameter that it states.
    pub fn add(
        &mut self,
        text: &Text<'_>,
        name: &str,
        stored: Option<f64>,
        position: [f64; 3],
    ) -> Result<(), PackingError> {
        let Some(diameter) = self.given.get(name).copied().or(stored) else {
            let expected = format!("--diameters {name}=D for every type, or diameters in the file");
            return Err(text.wrong(format!("type {name} without a diameter"), expected));
        };
        if !(diameter > 0.0 && diameter.is_finite()) {
            let expected = "a diameter > 0, or --diameters TYPE=D for every type";
            return Err(text.wrong(format!("type {name} with diameter {diameter}"), expected));
        }
        self.kinds.push(Kind { name: name.to_owned(), diameter });
        self.positions.push(position);
        Ok(())
    }

    /// Brings the particles into the order of these numbers, one each.
    pub fn sort_by(&mut self, numbers: &[u64]) {
        let mut order: Vec<usize> = (0..self.kinds.len()).collect();
        order.sort_by_key(|&index| numbers[index]);
        self.kinds = order.iter().map(|&index| self.kinds[index].clone()).collect();
        self.positions = order.iter().map(|&index| self.positions[index]).collect();
    }

    /// The packing of all particles.
    pub fn pack(self, text: &Text<'_>) -> Result<Packing, PackingError> {
        let height = self.positions.first().map_or(0.0, |position| position[2]);
        let is_flat = self.positions.iter().all(|position| position[2] == height);
        let dimension = if is_flat { 2 } else { 3 };
        let of_box = |found: String, expected: &str| PackingError::Line {
            path: text.path.to_owned(),
            line: self.line,
            found,
            expected: expected.to_owned(),
        };
        if !self.periodic[..dimension].iter().all(|&periodic| periodic) {
            let found =
                format!("a box of {dimension} dimensions that is periodic {:?}", self.periodic);
            return Err(of_box(found, "a periodic box"));
        }
        let mut kinds = self.kinds.clone();
        kinds.sort_by(|a, b| natural(&a.name, &b.name).then(a.diameter.total_cmp(&b.diameter)));
        kinds.dedup();
        if kinds.len() > MAX_SPECIES {
            let found = format!("{} different types and diameters", kinds.len());
            return Err(of_box(found, &format!("at most {MAX_SPECIES}, each of them a species")));
        }
        if let Some(name) = self.given.keys().find(|name| kinds.iter().all(|it| it.name != **name))
        {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
            let found = format!("no type {name}, of which --diameters speaks");
            return Err(of_box(found, &format!("one of {}", names.join(", "))));
        }
        let place: BTreeMap<(&str, u64), usize> =
            kinds.iter().zip(0..).map(|(kind, index)| (key(kind), index)).collect();
        Ok(Packing {
            edges: self.edges[..dimension].to_vec(),
            positions: self.positions.iter().flat_map(|x| x[..dimension].to_vec()).collect(),
            species: self.kinds.iter().map(|kind| place[&key(kind)]).collect(),
            kinds,
        })
    }
}

fn key(kind: &Kind) -> (&str, u64) {
    (&kind.name, kind.diameter.to_bits())
}

/// Numbers by value, other names by their letters.
fn natural(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<u64>(), b.parse::<u64>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => a.cmp(b),
    }
}
