//! Features with their Jacobian, for the comparison with automatic differentiation:
//! `cargo bench --bench features` prints one line of JSON per solid, which `benches/autodiff.py` reads.
//!
//! What is timed: numeric factorisation of the Hessian, stress and elastic constants, J with respect to
//! the diameters of 40 species, SVD. The line holds the solid as well, as backbone and bonds.

#[path = "common/paired.rs"]
mod paired;
#[path = "../tests/common/solids.rs"]
mod solids;

use amorph::response::features::compute;
use amorph::response::jacobian::BondJacobians;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::assignment::Assignment;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use paired::{Paired, timed};
use serde_json::json;

const SIZES: [usize; 2] = [64, 256];

/// Repetitions, of which the median CPU time counts.
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
    let seconds = Paired::new((0..REPEATS).map(|_| timed(&mut compute_all).1)).median();
    let (values, jacobian, svd) = compute_all();
    let rows: Vec<Vec<f64>> = (0..jacobian.nrows())
        .map(|i| (0..jacobian.ncols()).map(|q| jacobian[(i, q)]).collect())
        .collect();
    println!(
        "{}",
        json!({
            "dimension": D,
            "particles": particles,
            "seconds": seconds,
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
