//! `amorph design`: parameters that give a solid the features that are asked for.

use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::measure::words::{Kinds, kinds, word};
use super::selection::Selection;
use super::{CommandError, Outcome};
use crate::analysis::theta::Level;
use crate::design::outcome;
use crate::design::parameters::Norm;
use crate::design::search::Settings;
use crate::design::target::Wish;
use crate::design::terms::{Terms, bounds, weight};
use crate::report::design::{Options, Summary, run as design};
use crate::solid::parameters::ParameterKind;
use crate::system::words::Word;

const DEFAULT: Settings = Settings::DEFAULT;

/// Design one solid: find parameters that give its features the values that are asked for
///
/// The solid is followed at fixed box from where it stands. The output is a solid file itself, that
/// `measure` and `check` read, with the way to it in the group `path` and how it ended in the attribute
/// `outcome`. Exits with 0 where the targets are reached, and with 3 where they are not.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Solid file, FILE[:/group]; with --scenario and --replica a results file of `amorph run`
    file: String,
    /// Output file (HDF5); an existing one is refused
    #[arg(short, long)]
    output: PathBuf,
    /// Targets, such as K=+5%,G=-20%,nu=0.1,stress_xy=0,C_xxxy+=0.01: a value, a share of what the
    /// feature is now, or a change. Features: pressure (p), K, G, nu, stress_xx …, C_xxxx …, omega_0 …,
    /// eta_0 … (of the pairs in a dataset `allosteric_pairs` beside the solid, or of a results file), and
    /// volume, that of all particles
    #[arg(long)]
    target: String,
    /// Features that must not change, such as G,volume
    #[arg(long, value_delimiter = ',')]
    hold: Vec<String>,
    /// Parameters that may change, of D, k, B, a, such as D or Dk
    #[arg(long, default_value = "D", value_parser = kinds)]
    parameters: Kinds,
    /// What owns a parameter
    #[arg(long, value_parser = word::<Level>(), default_value = "species")]
    level: Level,
    /// Smallest and largest value of a kind of parameters, such as D=0.8:1.6
    #[arg(long, value_delimiter = ',', value_parser = bounds, value_name = "KIND=LOW:HIGH")]
    bounds: Vec<(ParameterKind, RangeInclusive<f64>)>,
    /// Norm of the change of the parameters that is kept small: |dtheta|, or |d ln theta|
    #[arg(long, value_parser = word::<Norm>(), default_value = "absolute")]
    norm: Norm,
    /// What a kind of parameters counts in the norm, such as k=0.1 [default: 1]
    #[arg(long, value_delimiter = ',', value_parser = weight, value_name = "KIND=WEIGHT")]
    weights: Vec<(ParameterKind, f64)>,
    /// Largest error of a target that counts as reached, relative to the target
    #[arg(long, default_value_t = DEFAULT.tolerance, value_parser = tolerance)]
    tolerance: f64,
    /// Re-linearisations before the design ends
    #[arg(long, default_value_t = DEFAULT.relinearisations)]
    limit: usize,
    /// Let the solid rearrange on the way
    #[arg(long)]
    rearrange: bool,
    /// Seed of the noise that is tried where no step leads nearer
    #[arg(long, default_value_t = DEFAULT.seed)]
    seed: u64,
    #[command(flatten)]
    selection: Selection,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let options = options(arguments)?;
    let summary = design(&options).map_err(|error| CommandError::of(error.is_usage(), error))?;
    super::say(|out| print(&summary, &options, out))?;
    Ok(match summary.outcome {
        outcome::Outcome::Reached => Outcome::Done,
        _ => Outcome::Failed,
    })
}

fn options(arguments: &Arguments) -> Result<Options, CommandError> {
    let wrong = |error| CommandError::usage(format!("--target: {error}"));
    let mut wishes = Wish::list(&arguments.target).map_err(wrong)?;
    wishes.extend(arguments.hold.iter().map(|name| Wish::hold(name)));
    let source = arguments.selection.source(&arguments.file, || Ok(None))?;
    Ok(Options {
        source,
        output: arguments.output.clone(),
        kinds: arguments.parameters.clone(),
        level: arguments.level,
        terms: Terms {
            wishes,
            bounds: arguments.bounds.clone(),
            norm: arguments.norm,
            weights: arguments.weights.clone(),
            settings: Settings {
                tolerance: arguments.tolerance,
                relinearisations: arguments.limit,
                rearrange: arguments.rearrange,
                seed: arguments.seed,
                ..DEFAULT
            },
        },
    })
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value > 0.0 && value < 1.0 => Ok(value),
        _ => Err("allowed: more than 0, less than 1".to_owned()),
    }
}

fn print(summary: &Summary, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}: {} parameters", summary.name, summary.parameters)?;
    if let Some((gamma, star, contact)) = summary.one_step {
        let below = |threshold: Option<f64>| {
            threshold.map_or("beyond it".to_owned(), |threshold| format!("{threshold:.3e}"))
        };
        writeln!(
            out,
            "one step (Eq. 4): |dtheta| {gamma:.3e}; gamma_star {}, gamma_contact {}",
            below(star),
            below(contact)
        )?;
    }
    writeln!(out, "feature          before        wanted         after  after a fresh relaxation")?;
    for (index, (label, before, wanted, after)) in summary.targets.iter().enumerate() {
        let fresh = match &summary.fresh {
            Some(fresh) => format!("{:.6e}", fresh[index]),
            None => "no minimum".to_owned(),
        };
        writeln!(out, "{label:<10} {before:>12.6e}  {wanted:>12.6e}  {after:>12.6e}  {fresh}")?;
    }
    writeln!(
        out,
        "{} steps, {} linearisations, |theta - theta_0| {:.3e}, {} contact changes, {} rearrangements ({} avoided)",
        summary.steps,
        summary.relinearisations,
        summary.distance,
        summary.contacts_changed,
        summary.rearrangements,
        summary.refused_rearrangements
    )?;
    if let Some(combination) = &summary.incompatible {
        writeln!(out, "no parameter moves this combination of relative changes: {combination}")?;
    }
    writeln!(
        out,
        "outcome: {}, largest relative error {:.1e}",
        summary.outcome.word(),
        summary.residual
    )?;
    writeln!(out, "written to {}", options.output.display())
}
