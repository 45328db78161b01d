//! Which directions of a single solid are measured.

use super::Options;
use super::error::MeasureError;
use crate::analysis::directions::Directions;
use crate::format::solid_file;
use crate::response::susceptibility::Susceptibility;
use crate::solid::parameters::{symbols, unit_direction};
use crate::solid::random::StreamKey;
use crate::system::words::Word;

/// Unit vectors Δθ̂, each of shape (n_θ,).
pub(super) struct Chosen {
    pub vectors: Vec<Vec<f64>>,
    /// Rows of a dataset `directions` that were not of unit length.
    pub normalised: Vec<usize>,
    /// Where they come from, for the output.
    pub origin: String,
}

/// The directions that the options name; `given` stands beside the solid. Where nothing is named:
/// those, with a sweep all right singular vectors, or none.
pub(super) fn choose(
    name: &str,
    n_theta: usize,
    svd: &Susceptibility,
    given: Option<(Vec<f64>, usize)>,
    options: &Options,
) -> Result<Option<Chosen>, MeasureError> {
    let singular = |count: usize, origin: String| {
        let vectors = (0..svd.right.nrows().min(count))
            .map(|row| (0..n_theta).map(|q| svd.right[(row, q)]).collect())
            .collect();
        Chosen { vectors, normalised: Vec::new(), origin }
    };
    let from_file = |name: &str, (values, columns): (Vec<f64>, usize)| -> Result<_, MeasureError> {
        let (vectors, normalised) = checked(name, &values, columns, n_theta, options)?;
        Ok(Chosen { vectors, normalised, origin: format!("dataset directions of {name}") })
    };
    let seed = options.seed;
    let chosen = match (&options.directions, given) {
        (None, Some(given)) => from_file(name, given)?,
        (None, None) if !options.sweep => return Ok(None),
        (None | Some(Directions::All), _) => {
            singular(usize::MAX, "all right singular vectors".to_owned())
        }
        (Some(Directions::First(count)), _) => {
            singular(*count, format!("the first {count} right singular vectors"))
        }
        (Some(Directions::Random(count)), _) => Chosen {
            vectors: StreamKey { seed, solid: 0, replica: 0, attempt: 0 }
                .directions(n_theta, *count),
            normalised: Vec::new(),
            origin: format!("{count} random ones, seed {seed}"),
        },
        (Some(Directions::Given(address)), _) => {
            from_file(address, solid_file::read_directions(address)?)?
        }
    };
    Ok(Some(chosen))
}

/// The directions of the file as unit vectors, and which of them were not.
fn checked(
    name: &str,
    values: &[f64],
    columns: usize,
    expected: usize,
    options: &Options,
) -> Result<(Vec<Vec<f64>>, Vec<usize>), MeasureError> {
    // The root's group is not part of the name.
    let place = if name.contains(":/") { name.to_owned() } else { format!("{name}:") };
    if columns != expected {
        return Err(MeasureError::DirectionsShape {
            name: place,
            found: columns,
            expected,
            kinds: format!(
                "--parameters {} at --level {}",
                symbols(&options.kinds),
                options.level.word()
            ),
        });
    }
    let (mut vectors, mut normalised) = (Vec::new(), Vec::new());
    for (row, vector) in values.chunks_exact(columns.max(1)).enumerate() {
        let unit = unit_direction(vector.to_vec()).map_err(|found| MeasureError::Direction {
            name: place.clone(),
            row,
            found,
        })?;
        if unit != vector {
            normalised.push(row);
        }
        vectors.push(unit);
    }
    Ok((vectors, normalised))
}
