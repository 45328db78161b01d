//! A solid in an HDF5 group: `positions` (N, d), `box` (d,), `species` (N,) from 0, `diameters`
//! (n_sp,), `k` and `B` (n_sp, n_sp) or one number, attributes `a` (default 50), `exponent` (default 2)
//! and those of [`TAIL_ATTRIBUTES`]. `size_factor` (N,), where it is there, multiplies the diameters. A
//! spring network also has `springs` (n, 2), the particles of its bonds, and `spring_stretch` (n,), their rest lengths over
//! (D_i + D_j)/2. Anything else is ignored, but for a dataset `directions` (n_dir, n_θ) and, where
//! allosteric features are measured, `allosteric_pairs` (n, 2, 2): the particles of source and target.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::access;
pub use super::solid_data::SolidData;
use crate::response::allosteric::AllostericPair;
use crate::solid::overlap::HARMONIC;
use crate::solid::potential::Tail;
use crate::solid::{SolidError, SpringBond};

/// The inverse range a where the group does not state it.
pub const DEFAULT_INVERSE_RANGE: f64 = 50.0;

/// The attribute of the exponent α of the repulsion; harmonic where it is missing.
pub const EXPONENT_ATTRIBUTE: &str = "exponent";

/// The dataset of the particles' diameters over those of their species.
pub const SIZE_FACTOR: &str = "size_factor";

/// The dataset of directions.
pub const DIRECTIONS: &str = "directions";

/// The dataset of the pairs of allosteric features.
pub const PAIRS: &str = "allosteric_pairs";

/// Attributes that say where the attraction ends, in units of 1/a beyond σ: the two ends of its
/// switch, or the place where it is cut off.
pub const TAIL_ATTRIBUTES: [&str; 3] = ["switch_from", "switch_to", "switch_cutoff"];

/// What is wrong with a solid file.
#[derive(Debug, thiserror::Error)]
pub enum SolidFileError {
    #[error("{file}: no such file")]
    Missing { file: PathBuf },
    #[error("{file}: not a readable HDF5 file ({reason})")]
    NotHdf5 { file: PathBuf, reason: String },
    #[error("{file}: no group `{group}`")]
    NoGroup { file: PathBuf, group: String },
    #[error("{group}: no dataset `{name}` ({needed})")]
    NoDataset { group: String, name: String, needed: &'static str },
    #[error("{}/{name}: {found}; expected {expected}", group.trim_end_matches('/'))]
    Shape { group: String, name: String, found: String, expected: String },
    #[error("{file}:{group}: {source}")]
    Solid { file: PathBuf, group: String, source: SolidError },
}

/// Splits `FILE[:group]` into the file and the group (default the root), which is said as `group` or
/// as `/group`. A name that holds a colon is a file's name where there is no such group's file.
pub fn split_address(address: &str) -> (PathBuf, String) {
    let split = |at: usize, group: &str| (PathBuf::from(&address[..at]), group.to_string());
    match (address.rfind(":/"), address.rfind(':')) {
        (Some(at), _) if at > 0 => split(at, &address[at + 1..]),
        (_, Some(at)) if Path::new(&address[..at]).is_file() && !Path::new(address).is_file() => {
            split(at, &format!("/{}", &address[at + 1..]))
        }
        _ => (PathBuf::from(address), "/".to_string()),
    }
}

/// Row-major values with their shape.
type Array = (Vec<f64>, Vec<usize>);

/// An open group, which messages call `FILE:/group`.
struct Reader {
    group: String,
    handle: hdf5::Group,
}

impl Reader {
    fn dataset(&self, name: &str) -> Result<hdf5::Dataset, SolidFileError> {
        let needed = match name {
            DIRECTIONS => "the rows are directions, (n_dir, n_theta)",
            PAIRS => "allosteric features need it: source and target of each, (n, 2, 2)",
            "springs" | "spring_stretch" => {
                "the bonds of a network are springs, (n, 2), and spring_stretch, (n,)"
            }
            _ => "a solid needs positions, box, species, diameters, k, B",
        };
        self.handle.dataset(name).map_err(|_| SolidFileError::NoDataset {
            group: self.group.clone(),
            name: name.to_string(),
            needed,
        })
    }

    /// A number beside the datasets; none where there is none.
    fn attribute(&self, name: &str) -> Result<Option<f64>, SolidFileError> {
        match self.handle.attr(name) {
            Ok(attribute) => attribute
                .read_scalar::<f64>()
                .map(Some)
                .map_err(|error| self.wrong(&format!("@{name}"), first_line(&error), "one number")),
            Err(_) => Ok(None),
        }
    }

    fn tail(&self) -> Result<Option<Tail>, SolidFileError> {
        let [from, to, cutoff] = TAIL_ATTRIBUTES.map(|name| self.attribute(name));
        match (from?, to?, cutoff?) {
            (None, None, None) => Ok(None),
            (Some(from), Some(to), None) if 0.0 < from && from < to && to.is_finite() => {
                Ok(Some(Tail::Switched { from, to }))
            }
            (None, None, Some(cutoff)) if cutoff > 0.0 && cutoff.is_finite() => {
                Ok(Some(Tail::Truncated { cutoff }))
            }
            (from, to, cutoff) => {
                let found = format!("from {from:?}, to {to:?}, cutoff {cutoff:?}");
                let expected = "0 < switch_from < switch_to, or switch_cutoff > 0 alone";
                Err(self.wrong("@switch", found, expected))
            }
        }
    }

    /// Whole numbers, whatever type they are stored as; HDF5 alone would cut off fractions.
    fn integers(
        &self,
        name: &str,
        axes: usize,
        expected: &str,
    ) -> Result<(Vec<i64>, Vec<usize>), SolidFileError> {
        let (values, shape) = self.numbers(name, axes, expected)?;
        match values.iter().position(|value| value.fract() != 0.0) {
            Some(at) => {
                let found = format!("value {at} is {}", values[at]);
                Err(self.wrong(name, found, expected))
            }
            None => Ok((values.iter().map(|&value| value as i64).collect(), shape)),
        }
    }

    fn directions(&self) -> Result<(Vec<f64>, usize), SolidFileError> {
        const EXPECTED: &str = "shape [n_dir, n_theta], at least one row";
        let (values, shape) = self.numbers(DIRECTIONS, 2, EXPECTED)?;
        if values.is_empty() {
            return Err(self.wrong(DIRECTIONS, format!("shape {shape:?}"), EXPECTED));
        }
        Ok((values, shape[1]))
    }

    /// One factor per particle; none where the group has none.
    fn size_factors(&self, particles: usize) -> Result<Option<Vec<f64>>, SolidFileError> {
        if self.handle.dataset(SIZE_FACTOR).is_err() {
            return Ok(None);
        }
        let expected = format!("shape [{particles}] as positions has {particles} rows");
        let (values, shape) = self.numbers(SIZE_FACTOR, 1, &expected)?;
        if shape[0] != particles {
            return Err(self.wrong(SIZE_FACTOR, format!("shape {shape:?}"), expected));
        }
        Ok(Some(values))
    }

    /// The bonds of a network; none where the group has none.
    fn springs(&self, particles: usize) -> Result<Option<Vec<SpringBond>>, SolidFileError> {
        if self.handle.dataset("springs").is_err() && self.handle.dataset("spring_stretch").is_err()
        {
            return Ok(None);
        }
        let (ends, shape) = self.integers("springs", 2, "shape [n, 2], integers")?;
        if shape[1] != 2 {
            return Err(self.wrong("springs", format!("shape {shape:?}"), "shape [n, 2]"));
        }
        let (stretches, found) = self.numbers("spring_stretch", 1, "shape [n]")?;
        if found[0] != shape[0] {
            let expected = format!("shape [{}] as springs has {0} rows", shape[0]);
            return Err(self.wrong("spring_stretch", format!("shape {found:?}"), expected));
        }
        let mut pairs = HashSet::new();
        let mut springs = Vec::with_capacity(stretches.len());
        for (row, (pair, &stretch)) in ends.chunks_exact(2).zip(&stretches).enumerate() {
            let place = |end: i64| usize::try_from(end).ok().filter(|&end| end < particles);
            let (i, j) = match (place(pair[0]), place(pair[1])) {
                (Some(i), Some(j)) if i != j && pairs.insert((i.min(j), i.max(j))) => (i, j),
                _ => {
                    let found = format!("springs[{row}] = {pair:?}");
                    let expected =
                        format!("two particles, 0 to {}, every pair once", particles as i64 - 1);
                    return Err(self.wrong("springs", found, expected));
                }
            };
            if !(stretch.is_finite() && stretch > 0.0) {
                let found = format!("spring_stretch[{row}] = {stretch}");
                return Err(self.wrong("spring_stretch", found, "a finite number > 0"));
            }
            springs.push(SpringBond { i, j, stretch });
        }
        Ok(Some(springs))
    }

    fn pairs(&self, particles: usize) -> Result<Vec<AllostericPair>, SolidFileError> {
        const EXPECTED: &str = "shape [n, 2, 2], n at least 1, integers";
        let (values, shape) = self.integers(PAIRS, 3, EXPECTED)?;
        if shape[1..] != [2, 2] || values.is_empty() {
            return Err(self.wrong(PAIRS, format!("shape {shape:?}"), EXPECTED));
        }
        let ends = |row: usize, pair: [i64; 2]| {
            let place = |end: i64| usize::try_from(end).ok().filter(|&end| end < particles);
            match pair.map(place) {
                [Some(i), Some(j)] if i != j => Ok([i, j]),
                _ => {
                    let expected = format!("two particles, 0 to {}", particles as i64 - 1);
                    Err(self.wrong(PAIRS, format!("row {row} has {pair:?}"), expected))
                }
            }
        };
        let (fours, _) = values.as_chunks::<4>();
        let rows = fours.iter().enumerate().map(|(row, &[i, j, k, l])| {
            Ok(AllostericPair { source: ends(row, [i, j])?, target: ends(row, [k, l])? })
        });
        rows.collect()
    }

    fn wrong(&self, name: &str, found: String, expected: impl Into<String>) -> SolidFileError {
        SolidFileError::Shape {
            group: self.group.clone(),
            name: name.to_string(),
            found,
            expected: expected.into(),
        }
    }

    fn numbers(&self, name: &str, axes: usize, expected: &str) -> Result<Array, SolidFileError> {
        let dataset = self.dataset(name)?;
        let shape = dataset.shape();
        if shape.len() != axes {
            return Err(self.wrong(name, format!("shape {shape:?}"), expected));
        }
        let values = access::read_all(&dataset)
            .map_err(|error| self.wrong(name, first_line(&error), expected))?;
        Ok((values, shape))
    }

    fn table(&self, name: &str, species: usize) -> Result<Vec<f64>, SolidFileError> {
        let expected = format!("shape [{species}, {species}] (n_sp × n_sp), or one number");
        if self.dataset(name)?.shape().is_empty() {
            let (values, _) = self.numbers(name, 0, &expected)?;
            return Ok(vec![values[0]; species * species]);
        }
        let (values, shape) = self.numbers(name, 2, &expected)?;
        if shape != [species, species] {
            return Err(self.wrong(name, format!("shape {shape:?}"), expected));
        }
        Ok(values)
    }
}

fn first_line(error: &hdf5::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_string()
}

/// Opens the group of `FILE[:/group]`.
fn open(address: &str) -> Result<Reader, SolidFileError> {
    let (file, group) = split_address(address);
    if !file.is_file() {
        return Err(SolidFileError::Missing { file });
    }
    match access::unlocked().open(&file).map(|open| open.group(&group)) {
        Ok(Ok(handle)) => Ok(Reader { group: format!("{}:{group}", file.display()), handle }),
        Ok(Err(_)) => Err(SolidFileError::NoGroup { file, group }),
        Err(error) => Err(SolidFileError::NotHdf5 { file, reason: first_line(&error) }),
    }
}

/// The dataset `directions` of `FILE[:/group]`, row-major (n_dir, n_θ), with its number of columns.
///
/// # Errors
/// [`SolidFileError`], naming file, group and dataset.
pub fn read_directions(address: &str) -> Result<(Vec<f64>, usize), SolidFileError> {
    open(address)?.directions()
}

/// The pairs of allosteric features of `FILE[:/group]`, whose solid has so many particles.
///
/// # Errors
/// [`SolidFileError`], naming file, group and dataset.
pub fn read_pairs(address: &str, particles: usize) -> Result<Vec<AllostericPair>, SolidFileError> {
    open(address)?.pairs(particles)
}

/// Reads a solid from `FILE[:/group]`.
///
/// # Errors
/// [`SolidFileError`], naming file, group and dataset.
pub fn read(address: &str) -> Result<SolidData, SolidFileError> {
    let reader = open(address)?;
    let (edges, _) = reader.numbers("box", 1, "shape [2] or [3]")?;
    let dimension = edges.len();
    if !(2..=3).contains(&dimension) {
        return Err(reader.wrong("box", format!("shape [{dimension}]"), "shape [2] or [3]"));
    }
    let (positions, shape) = reader.numbers("positions", 2, "shape (N, d)")?;
    if shape[1] != dimension {
        let expected = format!("shape [N, {dimension}] as box has {dimension} edges");
        return Err(reader.wrong("positions", format!("shape {shape:?}"), expected));
    }
    let particles = shape[0];
    let (diameters, _) = reader.numbers("diameters", 1, "shape [n_sp]")?;
    let (species, shape) = reader.integers("species", 1, "shape [N], integers from 0")?;
    if shape[0] != particles {
        let expected = format!("shape [{particles}] as positions has {particles} rows");
        return Err(reader.wrong("species", format!("shape {shape:?}"), expected));
    }
    let mut indices = Vec::with_capacity(particles);
    for (i, &s) in species.iter().enumerate() {
        match usize::try_from(s) {
            Ok(s) if s < diameters.len() => indices.push(s),
            _ => {
                let expected = format!("0 to {}", diameters.len() as i64 - 1);
                return Err(reader.wrong("species", format!("species[{i}] = {s}"), expected));
            }
        }
    }
    let a = reader.attribute("a")?.unwrap_or(DEFAULT_INVERSE_RANGE);
    let directions = match reader.handle.dataset(DIRECTIONS) {
        Ok(_) => Some(reader.directions()?),
        Err(_) => None,
    };
    Ok(SolidData {
        size_factors: reader.size_factors(particles)?,
        springs: reader.springs(particles)?,
        k: reader.table("k", diameters.len())?,
        depths: reader.table("B", diameters.len())?,
        positions,
        edges,
        species: indices,
        diameters,
        a,
        exponent: reader.attribute(EXPONENT_ATTRIBUTE)?.unwrap_or(HARMONIC),
        tail: reader.tail()?,
        directions,
    })
}
