//! A short pilot: a few solids of every scenario, to say what the whole study will take.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::format::row::Part;
use crate::study::config::Study;
use crate::study::schema::schemas;
use crate::study::work::Work;
use crate::system::text::{tell, two_digits};

/// Spread of the time per replica that is assumed at least, relative to its mean: few samples
/// would otherwise claim too much. Measured spreads are 0.2 to 0.5.
const LEAST_SPREAD: f64 = 0.4;
/// Standard errors on either side of the mean: an interval that holds in 19 of 20 studies.
const STANDARD_ERRORS: f64 = 2.0;
/// The pilot is given up after so many times the time that it was given, but not before
/// [`LEAST_PATIENCE`].
const GIVEN_UP: u32 = 5;
const LEAST_PATIENCE: Duration = Duration::from_secs(60);
/// Replicas that the pilot takes at most from a scenario.
const MOST_REPLICAS: u64 = 50;

/// What the pilot measured in one scenario.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Sample {
    /// The scenario.
    pub name: String,
    /// Replicas that were computed, wholly or in part.
    pub replicas: u64,
    /// Those that failed.
    pub failed: u64,
    /// Why the first of them did.
    pub reason: Option<String>,
    /// Mean time of a replica on one core [s].
    pub seconds: f64,
    /// The longest item [s].
    pub longest: f64,
    /// Half the width of the interval, relative to the mean.
    pub uncertainty: f64,
}

/// Time of the whole study on one core, with an interval [s].
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct CoreTime {
    /// Lower end.
    pub low: f64,
    /// Best estimate.
    pub mean: f64,
    /// Upper end.
    pub high: f64,
}

/// When a pilot of this patience is given up.
pub fn given_up(patience: Duration) -> Duration {
    (patience * GIVEN_UP).max(LEAST_PATIENCE)
}

/// The same on a thread of its own, given up after some times `patience`; none where even the first
/// solids take longer.
pub fn measure_within<W: Work>(
    study: &Study,
    patience: Duration,
    make: impl FnMut(Arc<Study>) -> W + Send + 'static,
) -> Option<Vec<Sample>> {
    let (sender, samples) = std::sync::mpsc::channel();
    let begin =
        |name: &str| tell(&format!("pilot: scenario {name} (--pilot 0 leaves the pilot out)"));
    let study = study.clone();
    // Nobody listens any more where it was given up.
    std::thread::spawn(move || sender.send(measure(&study, patience, make, begin)));
    samples.recv_timeout(given_up(patience)).ok()
}

/// Measures every scenario for an equal share of `patience`; at least one solid, one block of
/// directions of each parameterisation and each design, however long these take. `begin` is told each scenario.
pub fn measure<W: Work>(
    study: &Study,
    patience: Duration,
    mut make: impl FnMut(Arc<Study>) -> W,
    mut begin: impl FnMut(&str),
) -> Vec<Sample> {
    let shared = Arc::new(study.clone());
    let share = patience / u32::try_from(study.scenarios.len()).unwrap_or(u32::MAX).max(1);
    let mut work = make(Arc::clone(&shared));
    schemas(study)
        .iter()
        .enumerate()
        .map(|(scenario, schema)| {
            begin(&schema.name);
            sample(study, scenario, &schema.name, &schema.parts, share, &mut work)
        })
        .collect()
}

fn sample<W: Work>(
    study: &Study,
    scenario: usize,
    name: &str,
    parts: &[Part],
    share: Duration,
    work: &mut W,
) -> Sample {
    let started = Instant::now();
    let mut times: Vec<f64> = Vec::new();
    let (mut failed, mut reason, mut longest) = (0, None, 0.0_f64);
    let mut timed = |began: Instant| {
        let seconds = began.elapsed().as_secs_f64();
        longest = longest.max(seconds);
        seconds
    };
    for slot in 0..study.replicas.min(MOST_REPLICAS) {
        if slot > 0 && started.elapsed() >= share {
            break;
        }
        let replica = study.first_replica + slot;
        let began = Instant::now();
        let solid = work.solid(scenario, replica);
        let mut total = timed(began);
        let bytes = match solid {
            Ok((_, bytes)) => bytes,
            Err(failure) => {
                failed += 1;
                reason.get_or_insert(failure.reason);
                times.push(total);
                continue;
            }
        };
        // The blocks of one sweep stand together.
        for blocks in parts[1..].chunk_by(|a, b| a.stage() == b.stage()) {
            let (mut computed, mut seconds) = (0, 0.0);
            for block in blocks {
                if computed > 0 && started.elapsed() >= share {
                    break;
                }
                let began = Instant::now();
                // A block that fails has taken its time as well.
                let _ = work.directions(scenario, replica, &bytes, block);
                seconds += timed(began);
                computed += 1;
            }
            total += seconds * blocks.len() as f64 / f64::from(computed);
        }
        times.push(total);
    }
    let count = times.len().max(1) as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance =
        times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let spread = (variance.sqrt() / mean.max(f64::MIN_POSITIVE)).max(LEAST_SPREAD);
    Sample {
        name: name.to_owned(),
        replicas: times.len() as u64,
        failed,
        reason,
        seconds: mean,
        longest,
        uncertainty: STANDARD_ERRORS * spread / count.sqrt(),
    }
}

/// The time of the whole study on one core.
pub fn core_time(study: &Study, samples: &[Sample]) -> CoreTime {
    let replicas = study.replicas as f64;
    let sum = |of: fn(&Sample) -> f64| replicas * samples.iter().map(of).sum::<f64>();
    CoreTime {
        low: sum(|sample| sample.seconds / (1.0 + sample.uncertainty)),
        mean: sum(|sample| sample.seconds),
        high: sum(|sample| sample.seconds * (1.0 + sample.uncertainty)),
    }
}

/// A job for SLURM that computes the study.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Geometry {
    /// MPI ranks.
    pub ranks: u64,
    /// Time limit [min].
    pub minutes: u64,
    /// Memory of a rank [MiB].
    pub memory: u64,
    /// Time before the limit at which the job is told [s].
    pub notice: u64,
}

/// Time that a job should take [s]: short enough to be scheduled soon.
const JOB_TIME: f64 = 2.0 * 3600.0;
/// Solids per rank from which on all ranks are busy to the end, also without dividing solids.
const SOLIDS_PER_RANK: u64 = 8;
/// Time limits are longer than expected by this factor, and by [`STARTING`].
const MARGIN: f64 = 1.3;
/// MPI's start, the file, the statistics [s].
pub const STARTING: f64 = 120.0;
/// Time limits come in steps of these minutes.
const LIMIT_STEP: u64 = 5;
/// Memory comes in steps [MiB], with this much room.
const MEMORY_STEP: u64 = 128;
const MEMORY_ROOM: u64 = 2;
/// The shortest notice that schedulers keep (they look about every 30 s) [s].
const LEAST_NOTICE: u64 = 60;

/// A geometry for this study, on so many ranks where that is given.
pub fn geometry(
    solids: u64,
    core_time: &CoreTime,
    samples: &[Sample],
    memory_per_rank: u64,
    ranks: Option<u64>,
) -> Geometry {
    let wanted = (core_time.high / JOB_TIME).ceil() as u64;
    let ranks = ranks.unwrap_or_else(|| wanted.clamp(1, (solids / SOLIDS_PER_RANK).max(1)));
    let longest = samples.iter().map(|sample| sample.longest).fold(0.0, f64::max);
    let seconds = MARGIN * (core_time.high / ranks as f64 + longest) + STARTING;
    let minutes = (seconds / 60.0).ceil() as u64;
    Geometry {
        ranks,
        minutes: minutes.div_ceil(LIMIT_STEP) * LIMIT_STEP,
        memory: ((MEMORY_ROOM * memory_per_rank) >> 20).div_ceil(MEMORY_STEP) * MEMORY_STEP,
        notice: LEAST_NOTICE.max((2.0 * longest).ceil() as u64),
    }
}

/// How often a job runs until the study is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Rounds {
    /// Core-hours of the study: lower end, best estimate, upper end.
    pub core_hours: [f64; 3],
    /// The most rounds.
    pub count: u64,
}

impl Rounds {
    /// With these limits; none where a round has no time for any work before it is told to stop.
    pub fn new(core_time: &CoreTime, geometry: &Geometry) -> Option<Self> {
        let CoreTime { low, mean, high } = *core_time;
        let useful = 60.0 * geometry.minutes as f64 - geometry.notice as f64 - STARTING;
        let count = (high / (geometry.ranks as f64 * useful)).ceil().max(1.0) as u64;
        let core_hours = [low, mean, high].map(|seconds| seconds / 3600.0);
        (useful > 0.0).then_some(Rounds { core_hours, count })
    }
}

impl std::fmt::Display for Rounds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [low, mean, high] = self.core_hours.map(two_digits);
        let count = self.count;
        let rounds =
            if count == 1 { "one round".to_owned() } else { format!("up to {count} rounds") };
        write!(
            f,
            "About {mean} core-hours ({low} to {high}) on a core like that of `amorph plan`: {rounds}."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::synthetic::Synthetic;

    const TEXT: &str = "version = 1\n[study]\nname = \"s\"\nreplicas = 400\n[solid]\n\
        dimension = 2\nparticles = 64\npressure = 0.1\n[parameters]\nspecies = [2, 10]\n";

    fn slow(study: Arc<Study>) -> Synthetic {
        let mut work = Synthetic::new(study);
        work.delay = Duration::from_millis(10);
        work
    }

    #[test]
    fn the_pilot_finds_the_time_of_a_replica() {
        let study = Study::parse("s.toml", TEXT).expect("valid");
        let parts = schemas(&study)[0].parts.len() as f64;
        // Enough for some replicas, and for no whole one.
        for patience in [Duration::from_millis(400), Duration::ZERO] {
            let samples = measure(&study, patience, slow, |_| {});
            let expected = 10e-3 * parts;
            assert!(samples[0].seconds > 0.9 * expected, "{samples:?}");
            // The rest is the machine's: other work may run on it.
            assert!(samples[0].seconds < 10.0 * expected, "{samples:?}");
            let time = core_time(&study, &samples);
            assert!(time.low < time.mean && time.mean < time.high);
        }
    }

    #[test]
    fn the_job_fits_the_work() {
        let sample = |seconds| Sample {
            name: "s".to_owned(),
            replicas: 10,
            failed: 0,
            reason: None,
            seconds,
            longest: seconds,
            uncertainty: 0.1,
        };
        let of = |seconds: f64, solids: u64| {
            let total = seconds * solids as f64;
            let time = CoreTime { low: total / 1.1, mean: total, high: total * 1.1 };
            geometry(solids, &time, &[sample(seconds)], 40 << 20, None)
        };
        assert_eq!(of(0.3, 100).ranks, 1);
        let large = of(10.0, 100_000);
        assert!(large.ranks > 100 && large.minutes >= 120, "{large:?}");
        let long = of(3600.0, 16);
        assert_eq!(long.ranks, 2);
        assert!(long.minutes > 8 * 60 && long.notice == 7200, "{long:?}");
        assert_eq!(large.memory, 128);
    }
}
