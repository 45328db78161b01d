//! The dispatcher in virtual time: the same code that hands out the work under MPI, with item times
//! that are measured here, at up to 10 000 ranks.
//!
//! What a message costs rank 0 is measured, too (the dispatcher's own time) or stated below.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use amorph::format::row::Part;
use amorph::study::config::Study;
use amorph::study::dispatcher::{Dispatcher, Task};
use amorph::study::replica::Worker;
use amorph::study::schema::schemas;
use amorph::study::work::Work;

/// Scenario 1 of the paper in 2d: stress and elastic constants under 40 diameters.
const STUDY: &str = "version = 1\n[study]\nname = \"bench\"\nreplicas = 6\n[solid]\n\
    dimension = 2\nparticles = 256\npressure = 0.1\n[parameters]\nspecies = [40]\n";
/// Faster processors and better sweeps make messages more frequent: items this much shorter are
/// simulated, too.
const FASTER: f64 = 20.0;
/// Longest wait until a rank looks at its messages [s]; see `runner::POLL`.
const POLL: f64 = 1e-3;
/// Network, one way [s].
const LATENCY: f64 = 5e-6;
/// Receiving, decoding, encoding and sending, apart from the dispatcher [s]; measured 3 to 6 µs.
const MESSAGE: f64 = 8e-6;
/// Looking at one rank's flags in a turn of rank 0 [s].
const SCAN: f64 = 2e-9;

/// The measured times of one replica [s].
struct Times {
    solid: f64,
    parts: Vec<f64>,
}

fn measure() -> Vec<Times> {
    let study = Arc::new(Study::parse("bench", STUDY).expect("valid"));
    let parts = schemas(&study)[0].parts.clone();
    let mut work = Worker::new(Arc::clone(&study));
    let mut all = Vec::new();
    for replica in 0..study.replicas {
        let started = Instant::now();
        let Ok((_, bytes)) = work.solid(0, replica) else { continue };
        let solid = started.elapsed().as_secs_f64();
        let time = |part: &Part| {
            let started = Instant::now();
            work.directions(0, replica, &bytes, part).map(|_| started.elapsed().as_secs_f64())
        };
        let parts = parts[1..].iter().map(time).filter_map(Result::ok).collect();
        all.push(Times { solid, parts });
    }
    all
}

/// SplitMix64: which measured replica a unit is.
fn hash(value: u64) -> u64 {
    let mut x = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

enum Event {
    /// A message for rank 0 arrives.
    Arrives(Message),
    /// Rank 0 looks at its messages.
    Turn,
    /// A rank takes its next task.
    Task(usize, Task),
    /// A rank has finished what it computed.
    Done(usize),
}

enum Message {
    Request(usize),
    Solid(usize, u64),
}

#[derive(Default)]
struct Rank {
    units: Range<u64>,
    next: Option<Task>,
    running: Option<Task>,
    computing: bool,
}

struct Simulation<'t> {
    times: &'t [Times],
    dispatcher: Dispatcher,
    ranks: Vec<Rank>,
    events: BinaryHeap<Reverse<(u64, u64)>>,
    bodies: std::collections::HashMap<u64, Event>,
    inbox: VecDeque<Message>,
    waiting: std::collections::BTreeSet<usize>,
    turn_planned: bool,
    now: f64,
    sequence: u64,
    busy: f64,
    last: f64,
    messages: u64,
    rank0: f64,
}

impl Simulation<'_> {
    fn at(&mut self, time: f64, event: Event) {
        self.sequence += 1;
        self.bodies.insert(self.sequence, event);
        self.events.push(Reverse(((time * 1e9) as u64, self.sequence)));
    }

    fn unit(&self, unit: u64) -> &Times {
        &self.times[(hash(unit) % self.times.len() as u64) as usize]
    }

    fn send(&mut self, message: Message) {
        self.at(self.now + LATENCY, Event::Arrives(message));
    }

    fn compute(&mut self, rank: usize, seconds: f64) {
        self.ranks[rank].computing = true;
        self.busy += seconds;
        self.at(self.now + seconds, Event::Done(rank));
    }

    /// As `runner::local` does.
    fn start_next(&mut self, rank: usize) {
        if self.ranks[rank].units.is_empty() {
            match self.ranks[rank].next.take() {
                Some(Task::Replicas(range)) => self.ranks[rank].units = range,
                Some(task) => {
                    let seconds = match task {
                        Task::Solid { unit } => self.unit(unit).solid,
                        Task::Directions { unit, part } => self.unit(unit).parts[part - 1],
                        Task::Replicas(_) => 0.0,
                    };
                    self.ranks[rank].running = Some(task);
                    self.compute(rank, seconds);
                    return;
                }
                None => return,
            }
        }
        let unit = self.ranks[rank].units.start;
        self.ranks[rank].units.start += 1;
        let times = self.unit(unit);
        let seconds = times.solid + times.parts.iter().sum::<f64>();
        self.compute(rank, seconds);
        if self.ranks[rank].units.is_empty() {
            self.send(Message::Request(rank));
        }
    }

    fn done(&mut self, rank: usize) {
        self.ranks[rank].computing = false;
        self.last = self.now;
        match self.ranks[rank].running.take() {
            Some(Task::Solid { unit }) => {
                self.send(Message::Solid(rank, unit));
                self.send(Message::Request(rank));
            }
            Some(_) => self.send(Message::Request(rank)),
            None => {}
        }
        self.start_next(rank);
    }

    /// As `runner::coordinator` does.
    fn turn(&mut self) {
        self.turn_planned = false;
        let mut cost = self.ranks.len() as f64 * SCAN;
        while let Some(message) = self.inbox.pop_front() {
            self.messages += 1;
            cost += MESSAGE;
            match message {
                Message::Request(rank) => drop(self.waiting.insert(rank)),
                Message::Solid(rank, unit) => {
                    let parts = (1..=self.unit(unit).parts.len()).collect();
                    self.dispatcher.solid(rank, unit, parts);
                }
            }
        }
        let started = Instant::now();
        let waiting: Vec<usize> = self.waiting.iter().copied().collect();
        let mut replies = Vec::new();
        for rank in waiting {
            if let Some(task) = self.dispatcher.next(rank) {
                self.waiting.remove(&rank);
                replies.push((rank, task));
            }
        }
        cost += started.elapsed().as_secs_f64() + replies.len() as f64 * MESSAGE;
        self.messages += replies.len() as u64;
        self.rank0 += cost;
        let end = self.now + cost;
        for (rank, task) in replies {
            let poll = POLL * (hash(self.sequence) % 1000) as f64 / 1000.0;
            self.at(end + LATENCY + poll, Event::Task(rank, task));
        }
        if !self.inbox.is_empty() {
            self.plan_turn(cost);
        }
    }

    fn plan_turn(&mut self, delay: f64) {
        if !self.turn_planned {
            self.turn_planned = true;
            self.at(self.now + delay + POLL, Event::Turn);
        }
    }

    fn run(&mut self) {
        for rank in 0..self.ranks.len() {
            self.send(Message::Request(rank));
        }
        while let Some(Reverse((time, sequence))) = self.events.pop() {
            self.now = time as f64 * 1e-9;
            match self.bodies.remove(&sequence) {
                Some(Event::Arrives(message)) => {
                    self.inbox.push_back(message);
                    self.plan_turn(0.0);
                }
                Some(Event::Turn) => self.turn(),
                Some(Event::Task(rank, task)) => {
                    self.ranks[rank].next = Some(task);
                    if !self.ranks[rank].computing {
                        self.start_next(rank);
                    }
                }
                Some(Event::Done(rank)) => self.done(rank),
                None => {}
            }
        }
    }
}

/// Efficiency, span, messages, and the share of rank 0's time that they take.
fn simulate(times: &[Times], ranks: usize, units: u64) -> (f64, f64, f64, f64) {
    let mut simulation = Simulation {
        times,
        dispatcher: Dispatcher::new(std::iter::once(0..units).collect(), ranks, true),
        ranks: (0..ranks).map(|_| Rank::default()).collect(),
        events: BinaryHeap::new(),
        bodies: std::collections::HashMap::new(),
        inbox: VecDeque::new(),
        waiting: std::collections::BTreeSet::new(),
        turn_planned: false,
        now: 0.0,
        sequence: 0,
        busy: 0.0,
        last: 0.0,
        messages: 0,
        rank0: 0.0,
    };
    simulation.run();
    assert!(simulation.dispatcher.is_finished());
    let span = simulation.last;
    let efficiency = simulation.busy / (ranks as f64 * span);
    (efficiency, span, simulation.messages as f64 / span, simulation.rank0 / span)
}

fn main() {
    let times = measure();
    let mean = |of: fn(&Times) -> f64| times.iter().map(of).sum::<f64>() / times.len() as f64;
    let part = times.iter().flat_map(|t| &t.parts).fold(0.0, |max: f64, &t| max.max(t));
    println!(
        "measured: solid {:.1} ms, directions {:.1} ms per replica in {} blocks, longest block {:.1} ms",
        1e3 * mean(|t| t.solid),
        1e3 * mean(|t| t.parts.iter().sum()),
        times[0].parts.len(),
        1e3 * part
    );
    for shorter in [1.0, FASTER] {
        let times: Vec<Times> = times
            .iter()
            .map(|t| Times {
                solid: t.solid / shorter,
                parts: t.parts.iter().map(|part| part / shorter).collect(),
            })
            .collect();
        println!("\nitems {shorter} times shorter than measured");
        table(&times);
    }
}

fn table(times: &[Times]) {
    println!(
        "{:>7} {:>12} {:>11} {:>10} {:>11} {:>12}",
        "ranks", "solids/rank", "efficiency", "span", "messages/s", "rank 0 busy"
    );
    for per_rank in [200, 20] {
        for ranks in [10, 100, 1000, 10_000] {
            let (efficiency, span, messages, busy) =
                simulate(times, ranks, ranks as u64 * per_rank);
            println!(
                "{ranks:>7} {per_rank:>12} {efficiency:>11.3} {span:>8.1} s {messages:>11.0} {:>11.2}%",
                100.0 * busy
            );
        }
    }
    let (efficiency, ..) = simulate(times, 4, 3);
    println!("3 solids on 4 ranks: efficiency {efficiency:.3}");
}
