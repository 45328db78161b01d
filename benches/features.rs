//! Features with their Jacobian, for the comparison with automatic differentiation:
//! `cargo bench --bench features` prints one line of JSON per solid, which `benches/autodiff.py` reads.
//!
//! What is timed: numeric factorisation of the Hessian, stress and elastic constants, J with respect to
//! the diameters of 40 species, SVD. The line holds the solid as well, as backbone and bonds.

#[path = "../tests/common/solids.rs"]
mod solids;

use std::time::Instant;

use amorph::response::features::compute;
use amorph::response::jacobian::BondJacobians;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use serde_json::json;

const SIZES: [usize; 2] = [64, 256];

/// Repetitions, of which the median counts.
const REPEATS: usize = 101;

fn line<const D: usize>(particles: usize) {
    let prepared = solids::recipe(particles).prepare::<D>(&solids::key(0)).expect("a solid");
    let (solid, mut equilibrium) = (prepared.solid, prepared.equilibrium);
    let potential = solid.interactions.potential;
    let bonds = equilibrium.contacts.bonds.clone();
    let assignment = Assignment::random(&solid, solids::SPECIES, &solids::key(0)).expect("species");
    let space = ParameterSpace::new(&[ParameterKind::Diameter], solids::SPECIES);
    let mut compute_all = || {
        equilibrium.hessian.factorise(&potential, &bonds).expect("a rigid solid");
        let features = compute(&solid, &mut equilibrium, &solids::FEATURES, true);
        let jacobian = BondJacobians::new(&solid, &bonds, &features.sensitivities, space.kinds())
            .projected(&bonds, &assignment.species, &space)
            .matrix;
        let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).expect("finite");
        (features.values, jacobian, svd)
    };
    let mut seconds: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(compute_all());
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    let (values, jacobian, svd) = compute_all();
    let rows: Vec<Vec<f64>> = (0..jacobian.nrows())
        .map(|i| (0..jacobian.ncols()).map(|q| jacobian[(i, q)]).collect())
        .collect();
    println!(
        "{}",
        json!({
            "dimension": D,
            "particles": particles,
            "seconds": seconds[REPEATS / 2],
            "volume": solid.cell.volume(),
            "diameters": assignment.interactions.diameters,
            "species": assignment.species,
            "bonds": bonds.iter().map(|bond| [bond.i, bond.j]).collect::<Vec<_>>(),
            "separations": bonds.iter().map(|bond| bond.separation.as_slice().to_vec()).collect::<Vec<_>>(),
            "features": values,
            "jacobian": rows,
            "singular_values": svd.singular_values,
        })
    );
}

fn main() {
    for particles in SIZES {
        line::<2>(particles);
        line::<3>(particles);
    }
}
