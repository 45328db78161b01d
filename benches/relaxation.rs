//! Relaxation from a random start against LAMMPS: `cargo bench --bench relaxation`.
//!
//! Every solid is relaxed by both programs in turn, on one core, at fixed box. *Step*: FIRE to
//! [`lammps::TOLERANCE`], time per force evaluation and particle, lists included. *Relaxation*: from the
//! start to max|F| below the same tolerance, ours as `relax_to_rest` does it, with the polish, and with the
//! factor that the features need where the polish has one (not in 3d from N = 2048 on); LAMMPS' is FIRE.
//! Ratios are LAMMPS over amorph, medians of pairs with their quartiles.
//!
//! Prints Markdown; what it is at goes to the error stream. `-- --quick` does one pair of the small
//! sizes, `-- --only 'B = 0.01'` one system; `-- --inputs` times what was tried for LAMMPS instead, N = 256.

#[path = "common/lammps.rs"]
mod lammps;
#[path = "common/paired.rs"]
mod paired;
#[path = "../tests/common/solids.rs"]
mod solids;

use amorph::relax::fire::{self, Ending, FireSettings};
use amorph::relax::forces::Forces;
use amorph::relax::newton::{Equilibrium, relax_to_rest};
use amorph::relax::prepare::{Recipe, Target};
use amorph::report::power_law::exponent;
use amorph::solid::Solid;
use amorph::solid::contacts::interacting_pairs;
use amorph::solid::interactions::SymmetricTable;
use paired::{Paired, timed};

/// (N, pairs): each pair is another start.
const SIZES: [(usize, usize); 5] = [(64, 15), (256, 15), (1024, 9), (4096, 3), (16384, 1)];

/// The same for the other systems.
const OTHER_SIZES: [(usize, usize); 2] = [(256, 9), (4096, 1)];

/// The largest size of a quick run.
const QUICK: usize = 1024;

/// Exponents are fitted from this size on.
const GROWTH_FROM: usize = 256;

/// Evaluations of the forces alone that are timed together.
const EVALUATIONS: usize = 100;

/// A kind of solid.
struct System {
    name: &'static str,
    /// p that the packing fraction of the start is chosen for.
    pressure: f64,
    /// B.
    depth: f64,
    sizes: &'static [(usize, usize)],
}

const SYSTEMS: [System; 3] = [
    System { name: "p = 0.1", pressure: 0.1, depth: 0.0, sizes: &SIZES },
    System { name: "p = 0.01", pressure: 0.01, depth: 0.0, sizes: &OTHER_SIZES },
    System { name: "B = 0.01", pressure: 0.1, depth: 0.01, sizes: &OTHER_SIZES },
];

impl System {
    fn recipe(&self, particles: usize) -> Recipe {
        Recipe {
            target: Target::Pressure(self.pressure),
            depths: SymmetricTable::uniform(2, self.depth),
            ..solids::recipe(particles)
        }
    }
}

/// One solid by both programs; CPU time in seconds.
struct Pair {
    own: Own,
    relaxation: f64,
    /// Numeric factorisation of the Hessian at the minimum.
    factor: f64,
    lammps: Option<lammps::Minimisation>,
}

/// FIRE alone, and what its list looks like in the end.
struct Own {
    seconds: f64,
    evaluations: f64,
    /// Pairs of the list, and those in range.
    listed: f64,
    in_range: f64,
    /// An evaluation of the forces without a new list.
    forces: f64,
}

impl Pair {
    /// The `index`-th solid; LAMMPS goes first in every second pair.
    fn new<const D: usize>(recipe: &Recipe, index: u64) -> Self {
        let start = recipe.start::<D>(&solids::key(index)).expect("a start");
        let minimise = || lammps::minimise(&start, &lammps::BEST);
        let before = (index % 2 == 1).then(minimise).flatten();
        let own = fire_alone(start.clone());
        let (relaxation, factor) = whole(start.clone());
        Self { own, relaxation, factor, lammps: before.or_else(minimise) }
    }

    /// LAMMPS' time per step over ours.
    fn step_ratio(&self) -> Option<f64> {
        let theirs = self.lammps.as_ref()?;
        Some(theirs.seconds / theirs.steps / (self.own.seconds / self.own.evaluations))
    }
}

fn fire_alone<const D: usize>(mut solid: Solid<D>) -> Own {
    let settings = FireSettings::DEFAULT;
    let ((mut forces, ending), seconds) = timed(|| {
        let mut forces = Forces::new(&solid);
        let ending = fire::minimise(&mut solid, &mut forces, lammps::TOLERANCE, &settings, None);
        (forces, ending)
    });
    assert_eq!(ending, Ending::Converged);
    let evaluations = forces.evaluations as f64;
    let ((), alone) = timed(|| (0..EVALUATIONS).for_each(|_| forces.evaluate(&solid)));
    Own {
        seconds,
        evaluations,
        listed: forces.candidates().len() as f64,
        in_range: interacting_pairs(&solid, forces.candidates()).len() as f64,
        forces: alone / EVALUATIONS as f64,
    }
}

/// Seconds of a whole relaxation, and of a numeric factorisation at its end.
fn whole<const D: usize>(mut solid: Solid<D>) -> (f64, f64) {
    let (rest, seconds) = timed(|| {
        let mut forces = Forces::new(&solid);
        relax_to_rest(&mut solid, &mut forces).expect("a minimum")
    });
    let equilibrium = rest.rigid(&solid).expect("a rigid solid");
    assert!(equilibrium.max_force < lammps::TOLERANCE, "max|F| = {}", equilibrium.max_force);
    let Equilibrium { contacts, mut hessian, .. } = equilibrium;
    let potential = &solid.interactions.potential;
    let (factored, factor) = timed(|| hessian.factorise(potential, &contacts.bonds));
    factored.expect("a rigid solid");
    (seconds, factor)
}

/// The pairs of one system, d and N.
struct Row {
    system: &'static str,
    dimension: usize,
    particles: usize,
    pairs: Vec<Pair>,
}

impl Row {
    fn measure<const D: usize>(system: &System, particles: usize, pairs: usize) -> Self {
        eprintln!("{}, {D}d, N = {particles}", system.name);
        let recipe = system.recipe(particles);
        let pairs = (0..pairs as u64).map(|index| Pair::new::<D>(&recipe, index)).collect();
        Self { system: system.name, dimension: D, particles, pairs }
    }

    /// Of what every pair has.
    fn median(&self, value: impl Fn(&Pair) -> f64) -> f64 {
        Paired::new(self.pairs.iter().map(value)).median()
    }

    /// Of what only pairs with LAMMPS have.
    fn compared(&self, value: impl Fn(&Pair) -> Option<f64>) -> Paired {
        Paired::new(self.pairs.iter().filter_map(value))
    }

    /// What grows with N: step per particle, steps, FIRE, factor, relaxation; LAMMPS' step, steps and
    /// relaxation.
    fn growing(&self) -> [f64; 8] {
        let n = self.particles as f64;
        let theirs = |value: fn(&lammps::Minimisation) -> f64| {
            self.compared(|pair| pair.lammps.as_ref().map(value)).median()
        };
        [
            self.median(|pair| pair.own.seconds / pair.own.evaluations) / n,
            self.median(|pair| pair.own.evaluations),
            self.median(|pair| pair.own.seconds),
            self.median(|pair| pair.factor),
            self.median(|pair| pair.relaxation),
            theirs(|theirs| theirs.seconds / theirs.steps) / n,
            theirs(|theirs| theirs.steps),
            theirs(|theirs| theirs.seconds),
        ]
    }

    fn print(&self) {
        let [step, steps, _, factor, relaxation, their_step, their_steps, theirs] = self.growing();
        println!(
            "| {} | {} | {} | {} | {:.1} | {:.1} | {} | {steps:.0} | {their_steps:.0} | {:.2} | {:.2} | {:.2} | {} |",
            self.system,
            self.dimension,
            self.particles,
            self.pairs.len(),
            1e9 * step,
            1e9 * their_step,
            self.compared(Pair::step_ratio).with_quartiles(),
            1e3 * factor,
            1e3 * relaxation,
            1e3 * theirs,
            self.compared(|pair| pair.lammps.as_ref().map(|run| run.seconds / pair.relaxation))
                .with_quartiles(),
        );
    }

    /// What the step is made of, per particle.
    fn print_step(&self) {
        let n = self.particles as f64;
        println!(
            "| {} | {} | {} | {:.1} | {:.1} | {:.1} | {:.1} |",
            self.system,
            self.dimension,
            self.particles,
            self.median(|pair| pair.own.listed) / n,
            self.median(|pair| pair.own.in_range) / n,
            1e9 / n * self.median(|pair| pair.own.forces),
            1e9 * self.growing()[0],
        );
    }
}

/// In 2d and 3d.
const MEASURES: [fn(&System, usize, usize) -> Row; 2] = [Row::measure::<2>, Row::measure::<3>];

/// The exponents with which the rows grow with N.
fn exponents(rows: &[&Row]) -> [f64; 8] {
    let sizes: Vec<f64> = rows.iter().map(|row| row.particles as f64).collect();
    let values: Vec<[f64; 8]> = rows.iter().map(|row| row.growing()).collect();
    std::array::from_fn(|q| {
        let known: Vec<[f64; 2]> = values.iter().map(|values| [values[q]; 2]).collect();
        exponent(&sizes, &known)[0]
    })
}

/// Rounds over all inputs, each from another start.
const ROUNDS: u64 = 8;

/// The inputs that were tried for LAMMPS, alternating.
fn inputs<const D: usize>() {
    let recipe = SYSTEMS[0].recipe(256);
    let mut times: Vec<Vec<lammps::Minimisation>> = lammps::TRIED.map(|_| Vec::new()).into();
    for index in 0..ROUNDS {
        eprintln!("inputs, {D}d, start {index}");
        let start = recipe.start::<D>(&solids::key(index)).expect("a start");
        for (times, (_, input)) in times.iter_mut().zip(&lammps::TRIED) {
            times.extend(lammps::minimise(&start, input));
        }
    }
    for (times, (name, _)) in times.iter().zip(&lammps::TRIED) {
        let of = |value: fn(&lammps::Minimisation) -> f64| Paired::new(times.iter().map(value));
        println!(
            "| {name} | {D} | {:.1} | {:.0} | {:.1} |",
            1e9 / 256.0 * of(|run| run.seconds / run.steps).median(),
            of(|run| run.steps).median(),
            1e3 * of(|run| run.seconds).median(),
        );
    }
}

fn main() {
    if std::env::args().any(|argument| argument == "--inputs") {
        println!(
            "| input | d | step [ns/particle] | steps | relaxation [ms] |\n|---|---|---|---|---|"
        );
        inputs::<2>();
        inputs::<3>();
        return;
    }
    let quick = std::env::args().any(|argument| argument == "--quick");
    println!(
        "Relaxation from a random start to max|F| < {:.0e}; LAMMPS {}\n",
        lammps::TOLERANCE,
        lammps::version().unwrap_or_else(|| "not found".into())
    );
    println!(
        "| system | d | N | pairs | step [ns/particle] | LAMMPS | ratio | steps | LAMMPS | factor [ms] | relaxation [ms] | LAMMPS | ratio |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|"
    );
    let mut rows = Vec::new();
    let only = std::env::args().skip_while(|argument| argument != "--only").nth(1);
    for system in
        SYSTEMS.iter().filter(|system| only.as_deref().is_none_or(|name| name == system.name))
    {
        for &(particles, pairs) in system.sizes {
            if quick && particles > QUICK {
                continue;
            }
            let pairs = if quick { 1 } else { pairs };
            for measure in MEASURES {
                let row = measure(system, particles, pairs);
                row.print();
                rows.push(row);
            }
        }
    }
    println!(
        "\nThe step, per particle: pairs of the list and pairs in range at the minimum, the forces alone, all of it\n\n\
         | system | d | N | pairs | in range | forces [ns] | step [ns] |\n|---|---|---|---|---|---|---|"
    );
    rows.iter().for_each(Row::print_step);
    println!(
        "\nExponents of N at {}, from N = {GROWTH_FROM}\n\n\
         | d | step per particle | steps | FIRE | factor | relaxation | LAMMPS: step per particle | steps | relaxation |\n\
         |---|---|---|---|---|---|---|---|---|",
        SYSTEMS[0].name
    );
    for d in [2, 3] {
        let large: Vec<&Row> = rows
            .iter()
            .filter(|row| row.dimension == d && row.system == SYSTEMS[0].name)
            .filter(|row| row.particles >= GROWTH_FROM)
            .collect();
        let cells = exponents(&large).map(|exponent| format!(" {exponent:.2} |"));
        println!("| {d} |{}", cells.concat());
    }
}
