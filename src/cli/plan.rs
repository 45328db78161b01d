//! `amorph plan`: what a study will take.

use std::path::PathBuf;

use super::{CommandError, Outcome};
use crate::study::config::Study;
use crate::study::plan::{Plan, human_bytes};

/// Print what a study will run, its memory and its file's size
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The study's TOML file
    study: PathBuf,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let study = Study::load(&arguments.study).map_err(CommandError::usage)?;
    let plan = Plan::new(&study);
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&plan).map_err(CommandError::failure)?);
        return Ok(Outcome::Done);
    }
    let width = plan.scenarios.iter().map(|scenario| scenario.name.len()).max().unwrap_or(0);
    let width = width.max("scenario".len());
    println!(
        "study {}, replicas {} to {}",
        study.name,
        study.first_replica,
        study.first_replica + study.replicas
    );
    println!(
        "\n  {:width$} {:>10} {:>8} {:>12} {:>10} {:>14}",
        "scenario", "solids", "thetas", "directions", "items", "bytes/solid"
    );
    for scenario in &plan.scenarios {
        println!(
            "  {:width$} {:>10} {:>8} {:>12} {:>10} {:>14}",
            scenario.name,
            scenario.solids,
            scenario.parameterisations,
            scenario.directions,
            scenario.solids * scenario.parts as u64,
            human_bytes(scenario.row_bytes)
        );
    }
    println!("\nwork items       {}", plan.items);
    println!("file size        about {}", human_bytes(plan.file_bytes));
    println!("memory per rank  about {}", human_bytes(plan.memory_per_rank));
    Ok(Outcome::Done)
}
