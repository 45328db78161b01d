//! One replica of Scenario 1 (N = 256, p = 0.1, 40 diameters, nine directions, all thresholds) on
//! one core, against LAMMPS minimising the same kind of system with FIRE in the same run:
//! `cargo bench --bench replica`. Every solid is timed several times, alternating with LAMMPS from
//! the same start, and the shortest times count, because machines are noisy. Without `lmp`
//! (Debian's package lammps, which `make bench` installs) only our own times are printed.

#[path = "../tests/common/solids.rs"]
mod solids;

use std::fmt::Write as _;
use std::process::Command;
use std::time::Instant;

use amorph::linearity::origin::Origin;
use amorph::linearity::problem::SweepProblem;
use amorph::linearity::sweep::sweep_from;
use amorph::solid::Solid;

/// Solids.
const SOLIDS: u64 = 8;

/// Alternating runs of both programs per solid, of which the shortest count.
const RUNS: usize = 3;

/// Directions per replica.
const DIRECTIONS: usize = 9;

/// The ratio to LAMMPS that must not be exceeded, in 2d and 3d.
const ALLOWED: [f64; 2] = [20.0, 36.0];

/// Seconds for one replica: preparation, features, Jacobian, nine sweeps.
fn replica<const D: usize>(index: u64) -> f64 {
    let start = Instant::now();
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
        let result = sweep_from(&origin, &problem, &solids::SETTINGS, false);
        assert!(result.gamma_star.found());
    }
    start.elapsed().as_secs_f64()
}

/// The pair energy of Eq. (1), B = 0, as a LAMMPS table.
fn table(text: &mut String, name: &str, sigma: f64) {
    const POINTS: usize = 2000;
    let first = 1e-3;
    let _ = writeln!(text, "{name}\nN {POINTS} R {first} {sigma}\n");
    for i in 0..POINTS {
        let r = first + (sigma - first) * i as f64 / (POINTS - 1) as f64;
        let overlap = 1.0 - r / sigma;
        let _ = writeln!(text, "{} {r} {} {}", i + 1, 0.5 * overlap * overlap, overlap / sigma);
    }
    text.push('\n');
}

fn lammps_input<const D: usize>(
    directory: &std::path::Path,
    solid: &Solid<D>,
) -> std::io::Result<()> {
    let edges = solid.cell.edges();
    let (n, z) = (solid.len(), if D == 3 { edges[D - 1] } else { 0.5 });
    let mut data = format!(
        "start\n\n{n} atoms\n2 atom types\n\n0 {} xlo xhi\n0 {} ylo yhi\n{} {z} zlo zhi\n\nMasses\n\n1 1\n2 1\n\nAtoms\n\n",
        edges[0],
        edges[1],
        if D == 3 { 0.0 } else { -0.5 },
    );
    for (i, r) in solid.positions.iter().enumerate() {
        let z = if D == 3 { r[D - 1] } else { 0.0 };
        let _ = writeln!(data, "{} {} {} {} {z}", i + 1, solid.species[i] + 1, r[0], r[1]);
    }
    let mut tables = String::new();
    for (name, sigma) in [("AA", 1.0), ("AB", 1.2), ("BB", 1.4)] {
        table(&mut tables, name, sigma);
    }
    let input = format!(
        "units lj\ndimension {D}\nboundary p p p\natom_style atomic\nread_data data\n\
         pair_style table linear 2000\npair_coeff 1 1 tables AA 1.0\npair_coeff 1 2 tables AB 1.2\n\
         pair_coeff 2 2 tables BB 1.4\nneighbor 0.3 bin\nneigh_modify every 1 delay 0 check yes\n\
         timestep 0.1\nmin_style fire\nmin_modify integrator eulerimplicit tmax 3.5 delaystep 20 \
         dtgrow 1.1 dtshrink 0.5 alpha0 0.25 alphashrink 0.99\n{}thermo 100000\n\
         minimize 0 1e-10 100000 100000\n",
        if D == 2 { "fix plane all enforce2d\n" } else { "" }
    );
    std::fs::write(directory.join("data"), data)?;
    std::fs::write(directory.join("tables"), tables)?;
    std::fs::write(directory.join("in"), input)
}

/// LAMMPS' own loop time for one FIRE minimisation from a random start.
fn lammps<const D: usize>(index: u64) -> Option<f64> {
    let directory = tempfile::tempdir().ok()?;
    let start = solids::recipe(256).start::<D>(&solids::key(index)).ok()?;
    lammps_input(directory.path(), &start).ok()?;
    let output = Command::new("lmp")
        .args(["-in", "in", "-log", "none"])
        .env("OMP_NUM_THREADS", "1")
        .current_dir(directory.path())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.starts_with("Loop time of"))?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// Mean over the solids of the shortest run [s], ours and theirs; NaN without LAMMPS.
fn shortest<const D: usize>() -> (f64, f64) {
    let (mut ours, mut theirs) = (0.0, 0.0);
    for index in 0..SOLIDS {
        let (mut own, mut other) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..RUNS {
            own = own.min(replica::<D>(index));
            other = other.min(lammps::<D>(index).unwrap_or(f64::NAN));
        }
        ours += own / SOLIDS as f64;
        theirs += if other.is_finite() { other } else { f64::NAN } / SOLIDS as f64;
    }
    (ours, theirs)
}

fn compare<const D: usize>(allowed: f64) -> bool {
    let (ours, theirs) = shortest::<D>();
    println!("{D}d replica, {DIRECTIONS} directions: {ours:.3} s");
    if theirs.is_nan() {
        println!("{D}d LAMMPS: no `lmp` here, no ratio");
        return true;
    }
    let ratio = ours / theirs;
    println!(
        "{D}d LAMMPS FIRE minimisation: {:.1} ms; ratio {ratio:.1} (at most {allowed})",
        1e3 * theirs,
    );
    ratio <= allowed
}

fn main() {
    let fast = [compare::<2>(ALLOWED[0]), compare::<3>(ALLOWED[1])];
    if fast.contains(&false) {
        eprintln!("slower than allowed");
        std::process::exit(1);
    }
}
