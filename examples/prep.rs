use amorph::relax::prepare::*;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::potential::*;
use amorph::solid::random::StreamKey;
use std::time::Instant;
fn go<const D: usize>(p: f64, b: f64, structure: Structure, n: usize) {
    let recipe = Recipe {
        particles: n,
        structure,
        size_ratio: 1.4,
        target: Target::Pressure { value: p, tolerance: 1e-6 },
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, b),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT },
        max_attempts: 5,
    };
    for replica in 0..5 {
        let t = Instant::now();
        match recipe.prepare::<D>(&StreamKey { seed: 1, solid: 2, replica, attempt: 0 }) {
            Ok(x) => println!(
                "{D} p={p} B={b} n={n} {:?} p/p0-1 {:.1e} maxF {:.1e} rattlers {} contacts {} attempts {} phi {:.4} t {:.1} ms {:?}",
                structure,
                x.equilibrium.pressure / p - 1.0,
                x.equilibrium.max_force,
                x.equilibrium.contacts.rattler_count(),
                x.equilibrium.contacts.contact_count(),
                x.attempts,
                x.solid.packing_fraction(),
                t.elapsed().as_secs_f64() * 1e3,
                x.discarded
            ),
            Err(e) => println!("{D} {p} {b} {e} {:.1}", t.elapsed().as_secs_f64() * 1e3),
        }
    }
}
fn main() {
    for p in [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] {
        go::<2>(p, 0.0, Structure::Disordered, 256);
        go::<3>(p, 0.0, Structure::Disordered, 256);
    }
    for b in [0.01, 0.1] {
        go::<2>(0.1, b, Structure::Disordered, 256);
        go::<3>(0.1, b, Structure::Disordered, 256);
    }
    go::<2>(0.1, 0.0, Structure::Crystal, 256);
    go::<3>(0.1, 0.0, Structure::Crystal, 256);
    go::<2>(0.1, 0.0, Structure::Network, 256);
    go::<3>(0.1, 0.0, Structure::Network, 256);
}
