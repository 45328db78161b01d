//! LAMMPS on one core: the same solid from the same start, with the fastest of the inputs that were
//! tried (`cargo bench --bench relaxation -- --inputs` times them).
//!
//! The program is `$AMORPH_LMP`, or `lmp` on the path. The CPU time of its loop counts: neither its
//! start nor the reading of its input. Without it there is nothing to compare with.

#![allow(dead_code)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use amorph::relax::forces::stiffness;
use amorph::solid::Solid;

/// Both programs relax to this max|F| [k/length].
pub const TOLERANCE: f64 = 1e-12;

/// Points of a table.
const POINTS: usize = 2000;

/// The first distance of a table; nothing comes closer near a minimum.
const FIRST: f64 = 1e-3;

/// The first time step, in units of the inverse square root of the largest pair curvature.
const STEP: f64 = 0.1;

/// How LAMMPS is asked.
#[derive(Clone, Copy)]
pub struct Input {
    /// Soft spheres from a table, as attractive particles always are; else `pair_style harmonic/cut`.
    pub table: bool,
    /// Reach of the list beyond the range.
    pub skin: f64,
    /// Of FIRE: how it integrates, what its time step of [`STEP`] may grow by, the steps before it does.
    pub integrator: &'static str,
    pub growth: f64,
    pub delay: u32,
    /// The norm of the force that ends it, and its bound [k/length].
    pub until: (&'static str, f64),
    /// Further commands before the solid is read, and arguments.
    pub commands: &'static str,
    pub arguments: &'static [&'static str],
}

/// The fastest of [`TRIED`].
pub const BEST: Input = Input {
    table: false,
    skin: 0.5,
    integrator: "verlet",
    growth: 6.5,
    delay: 5,
    until: ("max", TOLERANCE),
    commands: "",
    arguments: &[],
};

/// The input that the limits of the replica's benchmark are multiples of: FIRE as amorph's, from tables.
pub const UNIT: Input = Input {
    table: true,
    skin: 0.3,
    integrator: "eulerimplicit",
    growth: 3.5,
    delay: 20,
    until: ("two", 1e-10),
    ..BEST
};

const OPENMP: &[&str] = &["-sf", "omp", "-pk", "omp", "1"];

/// What was tried.
pub const TRIED: [(&str, Input); 15] = [
    ("the input used", BEST),
    ("`table linear`", Input { table: true, ..BEST }),
    ("skin 0.2", Input { skin: 0.2, ..BEST }),
    ("skin 0.3", Input { skin: 0.3, ..BEST }),
    ("skin 0.4", Input { skin: 0.4, ..BEST }),
    ("skin 0.6", Input { skin: 0.6, ..BEST }),
    ("`-sf opt`", Input { arguments: &["-sf", "opt"], ..BEST }),
    ("`-sf omp`, one thread", Input { arguments: OPENMP, ..BEST }),
    ("`newton off`", Input { commands: "newton off\n", ..BEST }),
    ("`atom_modify sort 0 0`", Input { commands: "atom_modify sort 0 0\n", ..BEST }),
    ("`comm_style tiled`", Input { commands: "comm_style tiled\n", ..BEST }),
    ("`eulerimplicit`, tmax 5.5", Input { integrator: "eulerimplicit", growth: 5.5, ..BEST }),
    ("`leapfrog`, tmax 5.5", Input { integrator: "leapfrog", growth: 5.5, ..BEST }),
    ("`verlet`, tmax 5.5", Input { growth: 5.5, ..BEST }),
    (
        "`eulerimplicit`, tmax 3.5, delaystep 20, as amorph's FIRE",
        Input { integrator: "eulerimplicit", growth: 3.5, delay: 20, ..BEST },
    ),
];

/// What a minimisation took.
pub struct Minimisation {
    /// CPU time of the loop [s].
    pub seconds: f64,
    pub steps: f64,
}

/// The program that is called.
fn program() -> String {
    std::env::var("AMORPH_LMP").unwrap_or_else(|_| "lmp".into())
}

/// The first line of `lmp -help` that names a version.
pub fn version() -> Option<String> {
    let output = Command::new(program()).arg("-help").output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("Massively Parallel Simulator"))?;
    line.split_once(" - ").map(|(_, version)| version.trim().to_owned())
}

/// The pairs of types (small, large).
fn pairs<const D: usize>(solid: &Solid<D>) -> impl Iterator<Item = (usize, usize)> {
    let count = solid.interactions.diameters.len();
    (0..count).flat_map(move |s| (s..count).map(move |t| (s, t)))
}

fn interactions<const D: usize>(solid: &Solid<D>, table: bool) -> (String, String) {
    let (interactions, potential) = (&solid.interactions, &solid.interactions.potential);
    let table = table || interactions.attractive();
    let (mut input, mut tables) = (String::new(), String::new());
    let style = if table { format!("table linear {POINTS}") } else { "harmonic/cut".into() };
    let _ = writeln!(input, "pair_style {style}");
    for (s, t) in pairs(solid) {
        let pair = interactions.pair_of_sizes([s, t], [1.0; 2]);
        let range = potential.range(pair.sigma, pair.depth);
        let types = format!("{} {}", s + 1, t + 1);
        if !table {
            let k = 0.5 * pair.k / (pair.sigma * pair.sigma);
            let _ = writeln!(input, "pair_coeff {types} {k} {range}");
            continue;
        }
        let _ = writeln!(input, "pair_coeff {types} tables P{s}{t} {range}");
        let _ = writeln!(tables, "P{s}{t}\nN {POINTS} R {FIRST} {range}\n");
        for i in 0..POINTS {
            let r = FIRST + (range - FIRST) * i as f64 / (POINTS - 1) as f64;
            let (energy, slope) = potential.energy_and_slope(&pair, r);
            let _ = writeln!(tables, "{} {r} {energy} {}", i + 1, -slope);
        }
        tables.push('\n');
    }
    (input, tables)
}

fn data<const D: usize>(solid: &Solid<D>) -> String {
    let (edges, types) = (solid.cell.edges(), solid.interactions.diameters.len());
    let z = if D == 3 { format!("0 {}", edges[D - 1]) } else { "-0.5 0.5".into() };
    let mut text = format!(
        "start\n\n{} atoms\n{types} atom types\n\n0 {} xlo xhi\n0 {} ylo yhi\n{z} zlo zhi\n\nMasses\n\n",
        solid.len(),
        edges[0],
        edges[1],
    );
    (1..=types).for_each(|species| text.push_str(&format!("{species} 1\n")));
    text.push_str("\nAtoms\n\n");
    for (i, r) in solid.positions.iter().enumerate() {
        let z = if D == 3 { r[D - 1] } else { 0.0 };
        let _ = writeln!(text, "{} {} {} {} {z}", i + 1, solid.species[i] + 1, r[0], r[1]);
    }
    text
}

fn write<const D: usize>(directory: &Path, solid: &Solid<D>, asked: &Input) -> std::io::Result<()> {
    let Input { table, skin, integrator, growth, delay, until, commands, .. } = asked;
    let (norm, tolerance) = until;
    let (interactions, tables) = interactions(solid, *table);
    let step = STEP / stiffness(solid).sqrt();
    let plane = if D == 2 { "fix plane all enforce2d\n" } else { "" };
    let input = format!(
        "units lj\ndimension {D}\nboundary p p p\natom_style atomic\n{commands}read_data data\n\
         {interactions}neighbor {skin} bin\nneigh_modify every 1 delay 0 check yes\n\
         timestep {step}\nmin_style fire\nmin_modify norm {norm} integrator {integrator} tmax {growth} \
         delaystep {delay} dtgrow 1.1 dtshrink 0.5 alpha0 0.25 alphashrink 0.99\n{plane}\
         thermo 1000000\nminimize 0 {tolerance} 400000 400000\n"
    );
    std::fs::write(directory.join("data"), data(solid))?;
    std::fs::write(directory.join("tables"), tables)?;
    std::fs::write(directory.join("in"), input)
}

/// LAMMPS' minimisation of this solid; none where LAMMPS is missing or does not converge.
pub fn minimise<const D: usize>(start: &Solid<D>, asked: &Input) -> Option<Minimisation> {
    let directory = tempfile::tempdir().ok()?;
    write(directory.path(), start, asked).ok()?;
    let output = Command::new(program())
        .args(["-in", "in", "-log", "none"])
        .args(asked.arguments)
        .env("OMP_NUM_THREADS", "1")
        .current_dir(directory.path())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !text.contains("Stopping criterion = force tolerance") {
        eprintln!("LAMMPS did not converge: {}", text.lines().last().unwrap_or("no output"));
        return None;
    }
    let number = |start: &str, word: usize| -> Option<f64> {
        let line = text.lines().find(|line| line.contains(start))?;
        line.split_whitespace().nth(word)?.trim_end_matches('%').parse().ok()
    };
    let share = number("% CPU use", 0)? / 100.0;
    Some(Minimisation {
        seconds: share * number("Loop time of", 3)?,
        steps: number("Loop time of", 8)?,
    })
}
