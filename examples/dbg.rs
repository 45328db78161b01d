use amorph::relax::prepare::*;
use amorph::relax::{fire, forces::*, newton::*};
use amorph::solid::contacts::*;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::potential::*;
use amorph::solid::random::StreamKey;
fn main() {
    let recipe = Recipe {
        particles: 256,
        structure: Structure::Disordered,
        size_ratio: 1.4,
        target: Target::Pressure { value: 1e-3, tolerance: 1e-6 },
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT },
        max_attempts: 5,
    };
    for (replica, attempt) in [(0, 0), (1, 0), (3, 0), (3, 1)] {
        let mut solid =
            recipe.start::<3>(&StreamKey { seed: 1, solid: 2, replica, attempt }).unwrap();
        let mut forces = Forces::new(&solid);
        println!(
            "{:?}",
            fire::minimise(&mut solid, &mut forces, 1e-12, &fire::FireSettings::DEFAULT)
        );
        let contacts = Contacts::find(&solid, forces.candidates());
        println!(
            "p {} rattlers {:?}",
            virial_pressure(&solid, &contacts.bonds),
            contacts.rattler_count()
        );
        let all = interacting_pairs(&solid, forces.candidates());
        for b in all.iter().filter(|b| contacts.rattler[b.i] || contacts.rattler[b.j]) {
            println!(
                "rattler bond {} {} overlap {:e} {} {}",
                b.i,
                b.j,
                1.0 - b.distance / b.pair.sigma,
                contacts.rattler[b.i],
                contacts.rattler[b.j]
            );
        }
        let mut small: Vec<f64> =
            contacts.bonds.iter().map(|b| 1.0 - b.distance / b.pair.sigma).collect();
        small.sort_by(f64::total_cmp);
        println!("smallest overlaps {:?}", &small[..5]);
        println!("{:?}", polish(&mut solid, &mut forces).map(|e| (e.max_force, e.pressure)));
        let all = interacting_pairs(&solid, forces.candidates());
        let contacts = Contacts::find(&solid, forces.candidates());
        for b in all.iter().filter(|b| contacts.rattler[b.i] || contacts.rattler[b.j]) {
            println!(
                "after: rattler bond {} {} overlap {:e} {} {}",
                b.i,
                b.j,
                1.0 - b.distance / b.pair.sigma,
                contacts.rattler[b.i],
                contacts.rattler[b.j]
            );
        }
    }
}
