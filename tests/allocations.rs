//! What happens most often takes no memory: forces, steps of FIRE, solves, corrections along a sweep.

#[path = "common/solids.rs"]
mod solids;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use amorph::linearity::path::Path;
use amorph::linearity::problem::SweepProblem;
use amorph::relax::fire::{Ending, FireSettings, minimise};
use amorph::relax::forces::Forces;
use amorph::relax::hessian::Field;
use amorph::relax::prepare::{Prepared, Recipe, Target};
use amorph::solid::Vector;
use amorph::solid::interactions::SymmetricTable;
use amorph::solid::parameters::{ParameterKind, ParameterSpace};
use amorph::solid::potential::{Potential, Tail};
use solids::{FEATURES, key, recipe};

/// Counts what a thread asks for.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

fn count() {
    // A thread that ends has no counter any more.
    let _ = ALLOCATIONS.try_with(|counter| counter.set(counter.get() + 1));
}

// SAFETY: everything is the system's; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often memory is asked for by this.
fn allocations(body: impl FnOnce()) -> u64 {
    let before = ALLOCATIONS.get();
    body();
    ALLOCATIONS.get() - before
}

fn soft() -> Recipe {
    recipe(64)
}

fn attractive() -> Recipe {
    Recipe { depths: SymmetricTable::uniform(2, 0.01), ..recipe(64) }
}

fn power() -> Recipe {
    let potential = Potential { a: 50.0, tail: Tail::DEFAULT, exponent: 2.5 };
    Recipe { potential, ..recipe(64) }
}

const RECIPES: [fn() -> Recipe; 3] = [soft, attractive, power];

fn prepared<const D: usize>(recipe: fn() -> Recipe) -> Prepared<D> {
    recipe().prepare(&key(0)).expect("a solid")
}

fn with_rattlers<const D: usize>() -> Prepared<D> {
    let recipe = Recipe { target: Target::Pressure(1e-3), ..recipe(64) };
    let mut solids = (0..20).map(|replica| recipe.prepare(&key(replica)).expect("a solid"));
    solids.find(|solid| solid.equilibrium.contacts.rattler_count() > 1).expect("rattlers")
}

/// Moves every particle a little, each otherwise.
fn shaken<const D: usize>(positions: &Field<D>, by: f64) -> Field<D> {
    let shift = |i: usize, axis: usize| by * ((7 * i + 3 * axis) as f64).sin();
    let mut moved = positions.clone();
    for (i, position) in moved.iter_mut().enumerate() {
        (0..D).for_each(|axis| position[axis] += shift(i, axis));
    }
    moved
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(vec![1.0; 8]))), 1);
    assert_eq!(allocations(|| drop(std::hint::black_box(Vec::<f64>::new()))), 0);
}

fn forces_and_steps<const D: usize>() {
    for recipe in RECIPES {
        let mut solid = prepared::<D>(recipe).solid;
        let rest = solid.positions.clone();
        let mut forces = Forces::new(&solid);
        forces.evaluate(&solid);
        let evaluations = || (0..10).for_each(|_| forces.evaluate(&solid));
        assert_eq!(allocations(evaluations), 0, "forces");

        // The same number of times in few steps as in many.
        let mut steps = |max_evaluations: u64| {
            solid.positions = shaken(&rest, 1e-3);
            let settings = FireSettings { max_evaluations, ..FireSettings::DEFAULT };
            allocations(|| {
                let ending = minimise(&mut solid, &mut forces, 1e-30, &settings, None);
                assert_eq!(ending, Ending::Exhausted);
            })
        };
        steps(10);
        assert_eq!(steps(10), steps(200), "steps of FIRE");
    }
}

#[test]
fn forces_and_steps_of_fire_take_no_memory() {
    forces_and_steps::<2>();
    forces_and_steps::<3>();
}

fn solves<const D: usize>() {
    let hessian = prepared::<D>(soft).equilibrium.hessian;
    let mut field = shaken(&vec![Vector::zeros(); 64], 1.0);
    hessian.solve_one(&mut field);
    assert_eq!(allocations(|| hessian.solve_one(&mut field)), 0);
}

#[test]
fn a_solve_takes_no_memory() {
    solves::<2>();
    solves::<3>();
}

/// A correction asks for memory for the state that it finds, and for nothing on the way there: from further off it
/// takes more steps, and no more memory.
fn corrections<const D: usize>(Prepared { solid, .. }: Prepared<D>) {
    let space = ParameterSpace::new(&[ParameterKind::Diameter], solid.interactions.species());
    let direction = vec![1.0, 0.0];
    let problem = SweepProblem {
        solid: &solid,
        space: &space,
        direction: &direction,
        request: FEATURES,
        weights: None,
    };
    let mut path = Path::new(&problem).expect("at its minimum");
    let rest = solid.positions.clone();
    let mut correct = |by: f64| {
        path.work.place(0.0, shaken(&rest, by));
        let before = path.work.counters;
        let mut found = None;
        let count = allocations(|| found = path.work.correct(&path.here, 1.0).ok());
        assert!(found.is_some(), "a correction from {by}");
        let after = path.work.counters;
        assert_eq!(after.factorisations, before.factorisations, "with the factor that is there");
        (after.force_evaluations - before.force_evaluations, count)
    };
    correct(1e-8);
    let (few, near) = correct(1e-13);
    let (more, far) = correct(1e-7);
    assert!(few < more, "{few} {more}");
    assert_eq!(near, far, "in {few} and {more} corrections");
}

#[test]
fn corrections_take_no_memory() {
    corrections(prepared::<2>(soft));
    corrections(prepared::<3>(soft));
    corrections(prepared::<3>(power));
    corrections(with_rattlers::<2>());
    corrections(with_rattlers::<3>());
}
