//! `amorph plan`: what a study will take.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use super::{CommandError, Outcome};
use crate::report::pilot::{self, CoreTime, Geometry, Sample};
use crate::report::plan::Plan;
use crate::study::config::Study;
use crate::study::load::load;
use crate::study::replica::Worker;
use crate::system::text::{human_bytes, human_time, tell};

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

fn estimate(study: &Study, plan: &Plan, patience: Duration) -> Option<Estimate> {
    if patience.is_zero() || study.replicas == 0 {
        return None;
    }
    let begin =
        |name: &str| tell(&format!("pilot: scenario {name} (--pilot 0 leaves the pilot out)"));
    let samples = pilot::measure(study, patience, Worker::new, begin);
    let core_seconds = pilot::core_time(study, &samples);
    let solids = plan.scenarios.iter().map(|scenario| scenario.solids).sum();
    let job = pilot::geometry(solids, &core_seconds, &samples, plan.memory_per_rank);
    Some(Estimate { samples, core_seconds, job })
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let study = load(&arguments.study).map_err(CommandError::usage)?;
    let plan = Plan::new(&study);
    if arguments.json {
        let estimate = estimate(&study, &plan, arguments.pilot);
        super::print(&Printed { plan: &plan, estimate }, true, |_, _| Ok(()))?;
        return Ok(Outcome::Done);
    }
    super::say(|out| print_plan(&study, &plan, out))?;
    if let Some(estimate) = estimate(&study, &plan, arguments.pilot) {
        super::say(|out| print_estimate(&study, &estimate, out))?;
    }
    Ok(Outcome::Done)
}

fn print_plan(study: &Study, plan: &Plan, out: &mut dyn Write) -> io::Result<()> {
    let width = plan.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let width = width.max("scenario".len());
    writeln!(
        out,
        "study {}, replicas {} to {}",
        study.name,
        study.first_replica,
        study.first_replica + study.replicas
    )?;
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

fn print_estimate(study: &Study, estimate: &Estimate, out: &mut dyn Write) -> io::Result<()> {
    const HOUR: f64 = 3600.0;
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
        "core-hours       {:.3} ({:.3} to {:.3}) on a core like this one",
        mean / HOUR,
        low / HOUR,
        high / HOUR
    )?;
    let Geometry { ranks, minutes, memory, notice } = estimate.job;
    let (hours, minutes) = (minutes / 60, minutes % 60);
    writeln!(out, "\nlines for a job script (see jobscripts/amorph.slurm)\n")?;
    writeln!(out, "#SBATCH --job-name={}", study.name)?;
    writeln!(out, "#SBATCH --ntasks={ranks}")?;
    writeln!(out, "#SBATCH --cpus-per-task=1")?;
    writeln!(out, "#SBATCH --mem-per-cpu={memory}M")?;
    writeln!(out, "#SBATCH --time={hours:02}:{minutes:02}:00")?;
    writeln!(out, "#SBATCH --signal=B:USR1@{notice}")
}
