#![allow(dead_code)]
#[path = "../tests/common/solids.rs"]
mod solids;
use std::time::Instant;
use amorph::relax::fire::{FireSettings, minimise};
use amorph::relax::forces::Forces;
fn run<const D: usize>(n: usize) {
    let prepared = solids::recipe(n).prepare::<D>(&solids::key(0)).expect("a solid");
    let mut solid = prepared.solid;
    let mut state = 1u64;
    for r in &mut solid.positions { for a in 0..D { state = state.wrapping_mul(6364136223846793005).wrapping_add(1); r[a] += 0.3 * ((state >> 33) as f64 / 2f64.powi(31) - 0.5); } }
    let start = solid.positions.clone();
    let (mut best, mut f) = (f64::INFINITY, f64::INFINITY);
    let mut ev = 0;
    for _ in 0..15 {
        solid.positions = start.clone();
        let mut forces = Forces::new(&solid);
        let t = Instant::now();
        let e = minimise(&mut solid, &mut forces, 1e-10, &FireSettings::DEFAULT, None);
        let dt = t.elapsed().as_secs_f64() / forces.evaluations as f64 / n as f64;
        ev = forces.evaluations;
        best = best.min(dt);
        let t = Instant::now();
        for _ in 0..200 { forces.evaluate(&solid); }
        f = f.min(t.elapsed().as_secs_f64() / 200.0 / n as f64);
        assert!(format!("{e:?}") == "Converged");
    }
    println!("{D}d N={n}: {:.1} ns per step and particle, forces {:.1}; {ev} evaluations", 1e9 * best, 1e9 * f);
}
fn main() { for n in [256, 1024] { run::<2>(n); run::<3>(n); } }
