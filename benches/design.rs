//! Success rates of inverse design, over solids of a seed without selection; docs/design.md has what it
//! printed:
//!
//! ```text
//! cargo bench --bench design -- [STUDY…] [--solids 0:50] [--csv FILE] [--rearrange]
//! ```
//!
//! Without names, every study; a name stands for all that begin with it. One line of the table for each;
//! with `--csv`, one line for each design. Seconds are those of the processor. Fails where an unstressed
//! network misses its targets.

#[path = "../tests/common/independent.rs"]
mod independent;
#[path = "common/paired.rs"]
mod paired;

use std::fmt::Write as _;

use amorph::design::feature::BASE;
use amorph::design::linearisation::Linearisation;
use amorph::design::outcome::Outcome;
use amorph::design::parameters::{Norm, Parameters};
use amorph::design::problem::{Problem, length};
use amorph::design::run::{Design, design};
use amorph::design::search::Settings;
use amorph::design::state::State;
use amorph::design::target::{Target, Wanted, Wish};
use amorph::relax::prepare::{Recipe, Structure, Target as PressureTarget};
use amorph::response::features::FeatureKind;
use amorph::response::susceptibility::{RANK_TOLERANCE, decompose};
use amorph::solid::Solid;
use amorph::solid::assignment::Assignment;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind as Kind, ParameterSpace};
use amorph::solid::potential::{Potential, Tail};
use amorph::solid::random::StreamKey;
use faer::Mat;
use paired::timed;

/// What is asked of a solid.
#[derive(Clone, Copy)]
enum Ask {
    /// The targets of this text.
    Text(&'static str),
    /// Stress and all elastic constants by this share, signs at random.
    All(f64),
    /// Every elastic constant by this share of K (C_xxxx …) or of G (the others), signs at random.
    Elastic(f64),
    /// Stress and all elastic constants together along the left singular vector u_i of J, by this
    /// |Δy| (true) or this ζ_i |Δθ| (false).
    Along(usize, f64, bool),
}

/// Solids and parameters.
#[derive(Clone, Copy)]
struct System {
    three: bool,
    structure: Structure,
    particles: usize,
    pressure: f64,
    depth: f64,
    kinds: &'static [Kind],
    /// Of the parameters; 0 for one k per bond.
    species: usize,
}

const PACKING: System = System {
    three: false,
    structure: Structure::Disordered,
    particles: 256,
    pressure: 0.1,
    depth: 0.0,
    kinds: &[Kind::Diameter],
    species: 40,
};

const NETWORK: System =
    System { structure: Structure::Network, kinds: &[Kind::Stiffness], species: 0, ..PACKING };

struct Study {
    name: String,
    system: System,
    ask: Ask,
    solids: u64,
    /// Every solid must reach it, in so many steps at most.
    within: Option<usize>,
}

fn studies() -> Vec<Study> {
    let mut all = Vec::new();
    let mut add = |name: &str, system: System, ask: Ask, solids: u64| {
        let within = match (system.structure, ask) {
            (Structure::Network, Ask::Text(text)) if !text.starts_with("nu") => Some(6),
            (Structure::Network, _) => Some(usize::MAX),
            _ => None,
        };
        all.push(Study { name: name.to_owned(), system, ask, solids, within });
    };
    let solid = System { three: true, ..PACKING };
    let low = System { pressure: 1e-2, ..PACKING };
    let attractive = System { depth: 0.05, ..PACKING };
    // With 40 species there would be 820 k, and a design takes minutes.
    let with_k = System { kinds: &[Kind::Diameter, Kind::Stiffness], species: 8, ..PACKING };
    let with_all =
        System { kinds: &[Kind::Diameter, Kind::Stiffness, Kind::Depth], species: 8, ..attractive };
    let sets: [(&str, System, u64); 6] = [
        ("2d", PACKING, 50),
        ("low", low, 50),
        ("attractive", attractive, 50),
        ("Dk", with_k, 20),
        ("DkB", with_all, 20),
        ("3d", solid, 20),
    ];
    let asks = [
        ("G-5", Ask::Text("G=-5%")),
        ("G-20", Ask::Text("G=-20%")),
        ("K+5", Ask::Text("K=+5%")),
        ("all1", Ask::All(0.01)),
        ("all5", Ask::All(0.05)),
        ("nu<0", Ask::Text("nu=-0.01")),
    ];
    for (set, system, solids) in sets {
        for (name, ask) in asks {
            add(&format!("{set}/{name}"), system, ask, solids);
        }
    }
    for (set, three) in [("network2", false), ("network3", true)] {
        let system = System { three, ..NETWORK };
        for text in ["K=+20%", "K=-20%", "G=+20%", "G=-20%", "nu=-0.5"] {
            add(&format!("{set}/{text}"), system, Ask::Text(text), 20);
        }
        add(&format!("{set}/allC"), system, Ask::Elastic(0.2), 20);
    }
    for i in 0..9 {
        add(&format!("along_y/{i}"), PACKING, Ask::Along(i, 0.005, true), 20);
        add(&format!("along_theta/{i}"), PACKING, Ask::Along(i, 0.01, false), 20);
    }
    all
}

fn key(replica: u64) -> StreamKey {
    StreamKey { seed: 7, solid: 2, replica, attempt: 0 }
}

fn prepare<const D: usize>(system: &System, replica: u64) -> (Solid<D>, Parameters) {
    let recipe = Recipe {
        disorder: None,
        particles: system.particles,
        structure: system.structure,
        size_ratio: 1.4,
        target: PressureTarget::Pressure(system.pressure),
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, system.depth),
        potential: Potential { exponent: 2.0, a: 50.0, tail: Tail::DEFAULT },
        pressure_tolerance: 1e-6,
        max_attempts: 10,
    };
    let prepared = recipe.prepare::<D>(&key(replica)).expect("a solid");
    if system.species == 0 {
        let own = Assignment::particles(&prepared.solid);
        let solid = prepared.solid.reassigned(own.species, own.interactions);
        let space = ParameterSpace::new(system.kinds, system.particles);
        let bonds = &prepared.equilibrium.contacts.bonds;
        let mut parameters = Parameters::of_bonds(&solid, space, bonds);
        parameters.norm = Norm::Relative;
        return (solid, parameters);
    }
    let species = system.species;
    let own = Assignment::random(&prepared.solid, species, &key(replica)).expect("species");
    let solid = prepared.solid.reassigned(own.species, own.interactions);
    let space = ParameterSpace::new(system.kinds, species);
    let parameters = Parameters::new(&solid, space, None);
    (solid, parameters)
}

/// The wishes for a solid, and ζ_i where they go along u_i (NaN otherwise).
fn wishes<const D: usize>(
    ask: Ask,
    solid: &Solid<D>,
    parameters: &Parameters,
    replica: u64,
) -> (Vec<Wish>, f64) {
    let names: Vec<String> = [FeatureKind::Stress, FeatureKind::Elastic]
        .iter()
        .flat_map(|kind| kind.labels(D, 0, 0))
        .collect();
    let together = |names: Vec<String>, wanted: Vec<Wanted>| -> Vec<Wish> {
        names.into_iter().zip(wanted).map(|(name, wanted)| Wish { name, wanted }).collect()
    };
    match ask {
        Ask::Text(text) => (Wish::list(text).expect("targets"), f64::NAN),
        Ask::All(share) => {
            let signs = independent::signs(names.len(), &key(replica));
            let wanted = signs.iter().map(|sign| Wanted::Share(share * sign)).collect();
            (together(names, wanted), f64::NAN)
        }
        Ask::Elastic(share) => {
            (independent::elastic(solid, parameters, share, &key(replica)), f64::NAN)
        }
        Ask::Along(i, size, of_y) => {
            let mut problem =
                Problem { parameters: parameters.clone(), targets: Vec::new(), request: BASE };
            let state = State::new(&problem, solid.clone()).expect("a minimum");
            let hold: Vec<Wish> = names.iter().map(|name| Wish::hold(name)).collect();
            problem.targets = Target::all::<D>(&hold, &BASE, &state.values, 1.0).expect("targets");
            problem.targets.iter_mut().for_each(|target| target.unit = 1.0);
            let jacobian = Linearisation::new(&problem, &state, 0.0).jacobian;
            let jacobian = Mat::from_fn(names.len(), parameters.len(), |r, q| jacobian[r][q]);
            let svd = decompose(jacobian.as_ref(), RANK_TOLERANCE, 0.0).expect("a finite J");
            let zeta = svd.singular_values[i];
            let size = if of_y { size } else { size * zeta };
            let wanted = (0..names.len()).map(|r| Wanted::Change(size * svd.left[(r, i)]));
            let wanted = wanted.collect();
            (together(names, wanted), zeta)
        }
    }
}

/// What is kept of one design.
struct Row {
    result: Outcome,
    linearisations: usize,
    steps: usize,
    seconds: f64,
    line: String,
}

fn one<const D: usize>(study: &Study, replica: u64, settings: &Settings) -> Row {
    let (solid, parameters) = prepare::<D>(&study.system, replica);
    let (wishes, zeta) = wishes(study.ask, &solid, &parameters, replica);
    let (design, seconds) = timed(|| design(solid, parameters, &wishes, &[], settings));
    let design: Design<D> = design.expect("a design");
    let found = &design.found;
    let (first, last) = (&found.path[0], &found.path[found.path.len() - 1]);
    let moved: Vec<f64> = last.theta.iter().zip(&first.theta).map(|(b, a)| b - a).collect();
    let sum = |of: &dyn Fn(&amorph::design::outcome::Stop) -> f64| -> f64 {
        found.path.iter().map(of).sum()
    };
    let (one_step, contact) = design
        .one_step
        .as_ref()
        .map_or((f64::NAN, f64::NAN), |step| (step.gamma, step.gamma_contact.hi));
    let outcome = amorph::system::words::Word::word(design.outcome);
    let line = format!(
        "{},{replica},{outcome},{},{},{},{},{:e},{},{},{:e},{one_step:e},{contact:e},{zeta:e},{seconds:.3},{},{:e}",
        study.name,
        found.relinearisations,
        found.walks,
        found.refused_rearrangements,
        found.path.len() - 1,
        length(&moved),
        sum(&|stop| stop.contacts_changed as f64),
        sum(&|stop| stop.rearrangements as f64),
        last.residual,
        found.factorisations,
        last.values[0],
    );
    Row {
        result: design.outcome,
        linearisations: found.relinearisations,
        steps: found.path.len() - 1,
        seconds,
        line,
    }
}

/// The 95 % interval of Wilson [%].
fn wilson(reached: usize, of: usize) -> (f64, f64) {
    const Z: f64 = 1.959_964;
    let (n, p) = (of as f64, reached as f64 / of as f64);
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let whole = 1.0 + Z * Z / n;
    (100.0 * (centre - half) / whole, 100.0 * (centre + half) / whole)
}

fn main() {
    let mut names = Vec::new();
    let (mut solids, mut csv) = (None, None);
    let mut settings = Settings::DEFAULT;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--solids" => {
                let range = arguments.next().expect("FIRST:END");
                let (first, end) = range.split_once(':').expect("FIRST:END");
                let number = |text: &str| text.parse::<u64>().expect("a number");
                solids = Some(number(first)..number(end));
            }
            "--csv" => csv = Some(arguments.next().expect("a file")),
            "--rearrange" => settings.rearrange = true,
            name => names.push(name.to_owned()),
        }
    }
    let mut rows = "study,replica,outcome,linearisations,walks,refused,steps,dtheta,contacts,\
                    rearrangements,residual,one_step,gamma_c,zeta,seconds,factorised,first\n"
        .to_owned();
    println!("study: reached, 95 %, linearisations, steps (most), seconds: mean, median, most");
    for study in studies() {
        if !names.is_empty() && !names.iter().any(|name| study.name.starts_with(name)) {
            continue;
        }
        let mut all: Vec<Row> = Vec::new();
        for replica in solids.clone().unwrap_or(0..study.solids) {
            let row = match study.system.three {
                false => one::<2>(&study, replica, &settings),
                true => one::<3>(&study, replica, &settings),
            };
            let _ = writeln!(rows, "{}", row.line);
            all.push(row);
            if let Some(csv) = &csv {
                std::fs::write(csv, &rows).expect("the file");
            }
        }
        let count = all.len();
        let reached = all.iter().filter(|row| row.result == Outcome::Reached).count();
        let mean = |of: &dyn Fn(&Row) -> f64| all.iter().map(of).sum::<f64>() / count as f64;
        let mut seconds: Vec<f64> = all.iter().map(|row| row.seconds).collect();
        seconds.sort_by(f64::total_cmp);
        let (low, high) = wilson(reached, count);
        println!(
            "{}: {reached} of {count}, {low:.0} to {high:.0} %, {:.1}, {}, {:.2}, {:.2}, {:.1}",
            study.name,
            mean(&|row| row.linearisations as f64),
            all.iter().map(|row| row.steps).max().unwrap_or(0),
            mean(&|row| row.seconds),
            seconds[count / 2],
            seconds[count - 1],
        );
        if let Some(most) = study.within {
            let met = all.iter().all(|row| row.result == Outcome::Reached && row.steps <= most);
            assert!(met, "{}: every solid within {most} steps", study.name);
        }
    }
}
