//! `amorph plan`: what a study will take.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::{CommandError, Outcome};
use crate::format::solid_file::split_address;
use crate::report::cost::UNCERTAINTY;
use crate::report::job_script::{self, Task};
use crate::report::pilot::{self, CoreTime, Geometry, Rounds, Sample};
use crate::report::plan::Plan;
use crate::study::config::Study;
use crate::study::load::load;
use crate::study::preflight;
use crate::study::replica::Worker;
use crate::system::text::{human_bytes, human_time, tell, two_digits};

const SECONDS_PER_MINUTE: u64 = 60;
const HOUR: f64 = 3600.0;

/// Print what a study will run, its memory, its file's size, its core-hours, and a SLURM job
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The study's TOML file
    study: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
    /// Compute a few solids for this long to estimate the core-hours: seconds, or
    /// [[DD-]HH:]MM:SS; 0 leaves the pilot out
    #[arg(long, value_parser = super::duration, default_value = "20")]
    pilot: Duration,
    /// Print nothing but a complete job script, and refuse what cannot run
    #[arg(long, conflicts_with = "json")]
    slurm: bool,
    /// MPI ranks of the script [default: so many that a study takes about two hours]
    #[arg(long, requires = "slurm", value_parser = clap::value_parser!(u64).range(1..))]
    ranks: Option<u64>,
    /// Time limit of the script, which requeues itself where that is not enough: seconds, or
    /// [[DD-]HH:]MM:SS [default: enough for the whole study]
    #[arg(long, requires = "slurm", value_parser = super::duration)]
    time: Option<Duration>,
}

/// What the pilot says.
#[derive(serde::Serialize)]
struct Estimate {
    samples: Vec<Sample>,
    core_seconds: CoreTime,
    job: Geometry,
}

/// The plan as JSON.
#[derive(serde::Serialize)]
struct Printed<'p> {
    #[serde(flatten)]
    plan: &'p Plan,
    estimate: Option<Estimate>,
}

fn estimate(study: &Study, plan: &Plan, arguments: &Arguments) -> Option<Estimate> {
    let patience = arguments.pilot;
    if patience.is_zero() || study.replicas == 0 {
        return None;
    }
    let Some(samples) = pilot::measure_within(study, patience, Worker::new) else {
        let waited = human_time(pilot::given_up(patience).as_secs_f64());
        tell(&format!("pilot: given up after {waited}: a solid takes longer; give --pilot more"));
        return None;
    };
    let core_seconds = pilot::core_time(study, &samples);
    let solids = plan.scenarios.iter().map(|scenario| scenario.solids).sum();
    let memory = plan.memory_per_rank;
    let job = pilot::geometry(solids, &core_seconds, &samples, memory, arguments.ranks);
    Some(Estimate { samples, core_seconds, job })
}

/// The complete job script of a study that can run.
fn job_script(study: &Study, plan: &Plan, arguments: &Arguments) -> Result<String, CommandError> {
    let output = PathBuf::from(format!("{}.h5", study.name));
    preflight::output(&output, plan.file_bytes).map_err(CommandError::usage)?;
    if let Some(file) = missing_file(study) {
        return Err(CommandError::usage(format!("{file}: there is no such solid file")));
    }
    let Some(estimate) = estimate(study, plan, arguments) else {
        return Err(CommandError::usage("--slurm needs replicas, and what the pilot finds"));
    };
    if let Some(message) = failed_pilot(&estimate.samples) {
        return Err(CommandError::usage(message));
    }
    let mut geometry = estimate.job;
    if let Some(time) = arguments.time {
        geometry.minutes = time.as_secs() / SECONDS_PER_MINUTE;
    }
    let Some(rounds) = Rounds::new(&estimate.core_seconds, &geometry) else {
        return Err(CommandError::usage(format!(
            "--time is too short: a job is told to stop {} s before its limit, and needs {} s to start",
            geometry.notice,
            pilot::STARTING
        )));
    };
    let program = std::env::current_exe().map_err(CommandError::failure)?;
    let (name, study) = (study.name.as_str(), arguments.study.as_path());
    let task = Task { name, study, output: &output, program: &program };
    Ok(job_script::fill(&task, &geometry, &rounds))
}

/// A scenario that the pilot could make no solid of.
fn failed_pilot(samples: &[Sample]) -> Option<String> {
    let Sample { name, failed, reason, .. } =
        samples.iter().find(|sample| sample.failed == sample.replicas)?;
    let reason = reason.as_deref().unwrap_or_default();
    Some(format!("scenario {name}: all of the pilot's {failed} solids failed: {reason}"))
}

/// A solid file of the study that is not there.
fn missing_file(study: &Study) -> Option<&str> {
    let replicas = study.first_replica as usize..(study.first_replica + study.replicas) as usize;
    let files = study.scenarios.iter().filter_map(|it| it.solid.files.get(replicas.clone()));
    let addresses = files.flatten().map(|file| file.address.as_str());
    let mut missing = addresses.filter(|address| !split_address(address).0.exists());
    missing.next()
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let study = load(&arguments.study).map_err(CommandError::usage)?;
    let plan = Plan::new(&study);
    if arguments.slurm {
        let script = job_script(&study, &plan, arguments)?;
        super::say(|out| write!(out, "{script}"))?;
        return Ok(Outcome::Done);
    }
    if arguments.json {
        let estimate = estimate(&study, &plan, arguments);
        super::print(&Printed { plan: &plan, estimate }, true, |_, _| Ok(()))?;
        return Ok(Outcome::Done);
    }
    super::say(|out| print_plan(&study, &plan, out))?;
    match estimate(&study, &plan, arguments) {
        Some(estimate) => super::say(|out| print_estimate(&study, &estimate, out))?,
        None => super::say(|out| print_model(&plan, out))?,
    }
    Ok(Outcome::Done)
}

fn print_plan(study: &Study, plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let width = plan.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let width = width.max("scenario".len());
    let replicas = study.replicas();
    writeln!(out, "study {}, replicas {}:{}", study.name, replicas.start, replicas.end)?;
    writeln!(
        out,
        "\n  {:width$} {:>10} {:>8} {:>12} {:>10} {:>14}",
        "scenario", "solids", "thetas", "directions", "items", "bytes/solid"
    )?;
    for scenario in &plan.scenarios {
        writeln!(
            out,
            "  {:width$} {:>10} {:>8} {:>12} {:>10} {:>14}",
            scenario.name,
            scenario.solids,
            scenario.parameterisations,
            scenario.directions,
            scenario.solids * scenario.parts as u64,
            human_bytes(scenario.row_bytes)
        )?;
    }
    writeln!(out, "\nwork items       {}", plan.items)?;
    writeln!(out, "file size        about {}", human_bytes(plan.file_bytes))?;
    writeln!(out, "memory per rank  about {}", human_bytes(plan.memory_per_rank))
}

/// What the cost model says, where nothing was measured.
fn print_model(plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let seconds = plan.model_core_seconds;
    let hours = |times: f64| two_digits(times * seconds / HOUR);
    writeln!(
        out,
        "core-hours       about {} ({} to {}) by a model of another machine, nothing measured here",
        hours(1.0),
        hours(1.0 / UNCERTAINTY),
        hours(UNCERTAINTY)
    )
}

fn print_estimate(study: &Study, estimate: &Estimate, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out)?;
    for sample in &estimate.samples {
        writeln!(
            out,
            "pilot            {}: {} per solid (+-{:.0}%, {} solids, {} failed), longest item {}",
            sample.name,
            human_time(sample.seconds),
            100.0 * sample.uncertainty,
            sample.replicas,
            sample.failed,
            human_time(sample.longest)
        )?;
    }
    let CoreTime { low, mean, high } = estimate.core_seconds;
    writeln!(
        out,
        "core-hours       {} ({} to {}) on a core like this one",
        two_digits(mean / HOUR),
        two_digits(low / HOUR),
        two_digits(high / HOUR)
    )?;
    let Geometry { ranks, minutes, memory, notice } = estimate.job;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    writeln!(out, "\nlines for a job script (the whole of it: amorph plan --slurm)\n")?;
    writeln!(out, "#SBATCH --job-name={}", study.name)?;
    writeln!(out, "#SBATCH --ntasks={ranks}")?;
    writeln!(out, "#SBATCH --cpus-per-task=1")?;
    writeln!(out, "#SBATCH --mem-per-cpu={memory}M")?;
    writeln!(out, "#SBATCH --time={hours:02}:{minutes:02}:00")?;
    writeln!(out, "#SBATCH --signal=B:USR1@{notice}")
}
