//! Where particles start: at random, or on a crystal lattice in a commensurate box.

use nalgebra::SVector;
use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::cell::Cell;
use super::{SolidError, Vector};

/// N uniformly random positions in the box.
pub fn random_positions<const D: usize>(
    cell: &Cell<D>,
    particles: usize,
    random: &mut ChaCha8Rng,
) -> Vec<Vector<D>> {
    let edges = cell.edges();
    (0..particles).map(|_| edges.map(|edge| edge * random.random::<f64>())).collect()
}

/// The triangular (2d) or fcc (3d) lattice of N particles with unit nearest-neighbour distance, in
/// the commensurate box nearest to a square or cube.
///
/// # Errors
/// Where N particles do not fill such a box: 2d N = n·m with m even, 3d N = 4·n·m·l.
pub fn crystal<const D: usize>(particles: usize) -> Result<(Cell<D>, Vec<Vector<D>>), SolidError> {
    let (unit_edges, basis): (Vec<f64>, Vec<Vec<f64>>) = match D {
        2 => (vec![1.0, 3.0_f64.sqrt()], vec![vec![0.0, 0.0], vec![0.5, 0.5]]),
        _ => (
            vec![2.0_f64.sqrt(); 3],
            vec![
                vec![0.0, 0.0, 0.0],
                vec![0.0, 0.5, 0.5],
                vec![0.5, 0.0, 0.5],
                vec![0.5, 0.5, 0.0],
            ],
        ),
    };
    let impossible = || {
        SolidError::Invalid(format!(
            "{particles} particles do not fill a commensurate {} crystal (allowed: {})",
            if D == 2 { "triangular" } else { "fcc" },
            if D == 2 { "N = 2·n·m, e.g. 80 or 256" } else { "N = 4·n·m·l, e.g. 108 or 256" },
        ))
    };
    if particles == 0 || !particles.is_multiple_of(basis.len()) {
        return Err(impossible());
    }
    let cells = particles / basis.len();
    let repeats = factorisations::<D>(cells)
        .into_iter()
        .min_by(|a, b| elongation(a, &unit_edges).total_cmp(&elongation(b, &unit_edges)))
        .ok_or_else(impossible)?;
    let edges = SVector::from_fn(|axis, _| unit_edges[axis] * repeats[axis] as f64);
    let mut positions = Vec::with_capacity(particles);
    for index in 0..cells {
        let mut code = index;
        let corner: [usize; D] = std::array::from_fn(|axis| {
            let place = code % repeats[axis];
            code /= repeats[axis];
            place
        });
        for site in &basis {
            positions.push(SVector::from_fn(|axis, _| {
                unit_edges[axis] * (corner[axis] as f64 + site[axis])
            }));
        }
    }
    Ok((Cell::new(edges), positions))
}

/// Every way to write n as an ordered product of D factors.
fn factorisations<const D: usize>(n: usize) -> Vec<[usize; D]> {
    // The last axis takes what the others leave.
    let mut found = vec![std::array::from_fn(|axis| if axis == D - 1 { n } else { 1 })];
    for axis in 0..D - 1 {
        let split = |mut factors: [usize; D]| {
            let rest = factors[D - 1];
            (1..=rest).filter(move |factor| rest.is_multiple_of(*factor)).map(move |factor| {
                (factors[axis], factors[D - 1]) = (factor, rest / factor);
                factors
            })
        };
        found = found.into_iter().flat_map(split).collect();
    }
    found
}

/// Longest over shortest edge.
fn elongation<const D: usize>(repeats: &[usize; D], unit_edges: &[f64]) -> f64 {
    let edges = (0..D).map(|axis| unit_edges[axis] * repeats[axis] as f64);
    let (shortest, longest) =
        edges.fold((f64::INFINITY, 0.0_f64), |(low, high), edge| (low.min(edge), high.max(edge)));
    longest / shortest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn neighbours<const D: usize>(particles: usize) -> Vec<usize> {
        let (cell, positions) = crystal::<D>(particles).unwrap();
        assert_eq!(positions.len(), particles);
        (0..particles)
            .map(|i| {
                (0..particles)
                    .filter(|&j| {
                        let r = cell.minimum_image(positions[i] - positions[j]).norm();
                        i != j && (r - 1.0).abs() < 1e-9
                    })
                    .count()
            })
            .collect()
    }

    #[test]
    fn every_particle_of_a_crystal_has_its_coordination_number() {
        assert!(neighbours::<2>(80).iter().all(|&z| z == 6));
        assert!(neighbours::<3>(256).iter().all(|&z| z == 12));
    }

    #[test]
    fn an_odd_number_of_particles_is_no_crystal() {
        assert!(crystal::<2>(81).is_err());
        assert!(crystal::<3>(255).is_err());
    }
}
