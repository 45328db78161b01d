use amorph::linearity::referee::agree;
use amorph::linearity::sweep::*;
use amorph::linearity::thresholds::*;
use amorph::relax::prepare::{self, *};
use amorph::response::features::*;
use amorph::response::jacobian::BondJacobians;
use amorph::response::susceptibility::*;
use amorph::solid::assignment::Assignment;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::*;
use amorph::solid::potential::*;
use amorph::solid::random::StreamKey;
use std::time::Instant;
fn go<const D: usize>(replicas: std::ops::Range<u64>, with_referee: bool) {
    let recipe = Recipe {
        particles: 256,
        structure: Structure::Disordered,
        size_ratio: 1.4,
        target: prepare::Target::Pressure { value: 0.1, tolerance: 1e-6 },
        start_packing_fraction: None,
        k: SymmetricTable::uniform(2, 1.0),
        depths: SymmetricTable::uniform(2, 0.0),
        potential: Potential { a: 50.0, tail: Tail::DEFAULT },
        max_attempts: 5,
    };
    let mut tally = [[0usize; 2]; 3];
    for replica in replicas {
        let key = StreamKey { seed: 1, solid: 2, replica, attempt: 0 };
        let t = Instant::now();
        let mut p = recipe.prepare::<D>(&key).unwrap();
        let t_prep = t.elapsed().as_secs_f64();
        let t = Instant::now();
        let request = FeatureRequest { stress: true, elastic: true, modes: 0, derived: false };
        let f = compute(&p.solid, &mut p.equilibrium, &request, true);
        let asg = Assignment::random(&p.solid, 40, &key).unwrap();
        let space = ParameterSpace::new(&[ParameterKind::Diameter], 40);
        let b = &p.equilibrium.contacts.bonds;
        let j = BondJacobians::new(&p.solid, b, &f.sensitivities, space.kinds())
            .projected(b, &asg.species, &space)
            .matrix;
        let svd = decompose(j.as_ref(), RANK_TOLERANCE).unwrap();
        let solid = p.solid.reassigned(asg.species.clone(), asg.interactions.clone());
        println!(
            "replica {replica} prep {:.1} ms, J+svd {:.2} ms rank {}",
            t_prep * 1e3,
            t.elapsed().as_secs_f64() * 1e3,
            svd.rank
        );
        let mut total = 0.0;
        for d in 0..9 {
            let w: Vec<f64> = (0..40).map(|q| svd.right[(d, q)]).collect();
            let problem = SweepProblem {
                solid: &solid,
                space: &space,
                direction: &w,
                request,
                weights: None,
            };
            let mut settings = SweepSettings {
                gamma_min: 1e-6,
                gamma_max: 0.1,
                points: 26,
                deviation: 0.1,
                bracket: 0.01,
                protocol: Protocol::Continuation,
                start: Start::Warm,
            };
            let t = Instant::now();
            let ours = sweep(&problem, &settings, false).unwrap();
            let dt = t.elapsed().as_secs_f64();
            total += dt;
            let show = |t: &Threshold| format!("[{:.5e},{:.5e}] {:12}", t.lo, t.hi, t.cause.name());
            println!(
                " w{d} s {:.3} * {} c {} r {} ~ {:.3e} {:?} {:.1} ms",
                svd.singular_values[d],
                show(&ours.gamma_star),
                show(&ours.gamma_contact),
                show(&ours.gamma_rearrangement),
                ours.gamma_tilde,
                ours.counters,
                dt * 1e3
            );
            if with_referee {
                settings.protocol = Protocol::Referee;
                let t = Instant::now();
                let theirs = sweep(&problem, &settings, false).unwrap();
                let ok = [
                    agree(&ours.gamma_star, &theirs.gamma_star, 0.01),
                    agree(&ours.gamma_contact, &theirs.gamma_contact, 0.01),
                    agree(&ours.gamma_rearrangement, &theirs.gamma_rearrangement, 0.02),
                ];
                for k in 0..3 {
                    tally[k][ok[k] as usize] += 1;
                }
                println!(
                    "     referee * {} c {} r {} {:?} {:.1} s  {:?}",
                    show(&theirs.gamma_star),
                    show(&theirs.gamma_contact),
                    show(&theirs.gamma_rearrangement),
                    theirs.counters,
                    t.elapsed().as_secs_f64(),
                    ok
                );
            }
        }
        println!(" total sweep {:.1} ms", total * 1e3);
    }
    println!(
        "{D}d disagree/agree: star {:?} contact {:?} rearr {:?}",
        tally[0], tally[1], tally[2]
    );
}
fn main() {
    let a: Vec<String> = std::env::args().collect();
    let n: u64 = a[2].parse().unwrap();
    let r = a.len() > 3;
    if a[1] == "2" { go::<2>(0..n, r) } else { go::<3>(0..n, r) }
}
