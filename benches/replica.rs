//! One replica of Scenario 1 (N = 256, p = 0.1, 40 diameters, nine directions, all thresholds; and with
//! all curves) on one core, in units of the time in which LAMMPS minimises one such solid with FIRE:
//! `cargo bench --bench replica`. The programs alternate on the same starts; ratios are medians of
//! pairs with their quartiles. Without LAMMPS only our own times are printed. Prints Markdown.

#[path = "common/lammps.rs"]
mod lammps;
#[path = "common/paired.rs"]
mod paired;
#[path = "../tests/common/solids.rs"]
mod solids;

use amorph::linearity::origin::Origin;
use amorph::linearity::problem::SweepProblem;
use amorph::linearity::sweep::sweep_from;
use paired::{Paired, cpu_seconds};

/// Solids.
const SOLIDS: u64 = 12;

/// Directions per replica.
const DIRECTIONS: usize = 9;

/// What must not be exceeded in 2d and 3d, in units of LAMMPS' minimisation by [`lammps::UNIT`].
const ALLOWED: [f64; 2] = [20.0, 36.0];

/// Seconds for one replica: preparation, features, Jacobian, nine sweeps.
fn replica<const D: usize>(index: u64, with_curves: bool) -> f64 {
    let start = cpu_seconds();
    let (solid, space, svd) = solids::scenario_1::<D>(index);
    let origin = Origin::new(&solid, &solids::FEATURES).expect("a relaxed solid");
    for i in 0..DIRECTIONS {
        let direction = solids::direction(&svd, i);
        let problem = SweepProblem {
            solid: &solid,
            space: &space,
            direction: &direction,
            request: solids::FEATURES,
            weights: None,
        };
        let result = sweep_from(&origin, &problem, &solids::SETTINGS, with_curves);
        assert!(result.gamma_star.found());
    }
    cpu_seconds() - start
}

/// Seconds of LAMMPS' minimisation from the replica's random start.
fn minimisation<const D: usize>(index: u64, input: &lammps::Input) -> Option<f64> {
    let start = solids::recipe(256).start::<D>(&solids::key(index)).ok()?;
    lammps::minimise(&start, input).map(|minimisation| minimisation.seconds)
}

/// Is it as fast as it must be?
fn compare<const D: usize>(allowed: f64) -> bool {
    eprintln!("replica, {D}d");
    let mut units = Vec::new();
    let times: Vec<(f64, f64, Option<f64>)> = (0..SOLIDS)
        .map(|index| {
            let plain = replica::<D>(index, false);
            let theirs = minimisation::<D>(index, &lammps::BEST);
            let unit = minimisation::<D>(index, &lammps::UNIT);
            units.extend(unit.map(|unit| plain / unit));
            (plain, replica::<D>(index, true), theirs)
        })
        .collect();
    let ratios = |own: fn(&(f64, f64, Option<f64>)) -> f64| {
        Paired::new(times.iter().filter_map(|pair| pair.2.map(|theirs| own(pair) / theirs)))
    };
    let ratio = ratios(|pair| pair.0);
    println!(
        "| {D} | {:.0} | {:.0} | {:.1} | {} | {} | {} |",
        1e3 * Paired::new(times.iter().map(|pair| pair.0)).median(),
        1e3 * Paired::new(times.iter().map(|pair| pair.1)).median(),
        1e3 * Paired::new(times.iter().filter_map(|pair| pair.2)).median(),
        ratio.with_quartiles(),
        ratios(|pair| pair.1).with_quartiles(),
        Paired::new(times.iter().map(|pair| pair.1 / pair.0)).with_quartiles(),
    );
    let units = Paired::new(units);
    eprintln!("{} of what {allowed} are allowed", units.with_quartiles());
    !(units.median() > allowed)
}

fn main() {
    println!(
        "A replica of Scenario 1 (N = 256, {DIRECTIONS} directions) in LAMMPS minimisations, {SOLIDS} solids\n"
    );
    println!(
        "| d | replica [ms] | with curves [ms] | LAMMPS [ms] | replica / LAMMPS | with curves / LAMMPS | with curves / replica |\n\
         |---|---|---|---|---|---|---|"
    );
    let fast = [compare::<2>(ALLOWED[0]), compare::<3>(ALLOWED[1])];
    if fast.contains(&false) {
        eprintln!("slower than allowed ({ALLOWED:?} LAMMPS minimisations)");
        std::process::exit(1);
    }
}
