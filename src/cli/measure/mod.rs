//! `amorph measure`: features, Jacobian and sweeps of one solid.

pub(super) mod words;

use std::io::{self, Write};
use std::path::PathBuf;

use super::selection::Selection;
use super::{CommandError, Outcome};
use crate::analysis::directions::{DirectionResult, Directions, Scale, Signs};
use crate::analysis::theta::Level;
use crate::linearity::settings::{Protocol, Start, SweepSettings};
use crate::report::measure::{ModeCount, Options, Summary, measure};
use crate::solid::parameters::symbols;
use crate::solid::potential::Tail;
use crate::study::config::{BRACKET, DEVIATION, GAMMA, MAX_POINTS, SWITCH};
use crate::system::words::Word;
use words::{Ends, FeatureList, Kinds, word};

const DEFAULT: SweepSettings = SweepSettings::DEFAULT;

/// Singular values that are printed; of more, the largest and the smallest.
const SHOWN: usize = 40;

/// Modes where `--features modes` names no number.
const DEFAULT_MODES: usize = 10;

/// Measure one solid: features, Jacobian, singular values, and along directions curvature and sweeps
///
/// Reads `positions`, `box`, `species`, `diameters`, `k`, `B` (and the attribute `a`) from an HDF5
/// group, and a dataset `directions` (n_dir, n_theta) where there is one. The input is never
/// written. The output is a solid file itself, at the minimum.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Solid file, FILE[:/group]; with --scenario and --replica a results file of `amorph run`
    file: String,
    /// Output file (HDF5); an existing one is refused
    #[arg(short, long)]
    output: PathBuf,
    /// Features, of: stress, elastic, modes[:N|:all], derived, allosteric (with a dataset `allosteric_pairs`
    /// (n, 2, 2) beside the solid, or the pairs of the scenario)
    #[arg(long, default_value = "stress,elastic", value_parser = words::features)]
    features: FeatureList,
    /// Parameters, of D, k, B, a, such as D or Dk; their order is always this one
    #[arg(long, default_value = "D", value_parser = words::kinds)]
    parameters: Kinds,
    /// What owns a parameter
    #[arg(long, value_parser = word::<Level>(), default_value = "species")]
    level: Level,
    /// Take the stored positions as the minimum; refused where max|F| is above what a relaxed
    /// solid may have
    #[arg(long)]
    no_relax: bool,
    /// End of the attraction's tail: FROM,TO in units of 1/a beyond sigma, or "none" with --cutoff
    /// [default: as the file states, or 5,9.9]
    #[arg(long, value_parser = words::switch, conflicts_with = "scenario")]
    switch: Option<Ends>,
    /// With --switch none: the attraction ends at sigma + CUTOFF/a
    #[arg(long, value_parser = words::within(SWITCH), requires = "switch")]
    cutoff: Option<f64>,
    #[command(flatten)]
    selection: Selection,
    /// Sweep along the directions
    #[arg(long)]
    sweep: bool,
    /// Directions: all right singular vectors, the first N of them, random:N, or
    /// file:FILE[:/group] with a dataset `directions` [default: that of the input; with --sweep
    /// `all` where it has none]
    #[arg(long, value_parser = words::directions, value_name = "all|N|random:N|file:FILE")]
    directions: Option<Directions<String>>,
    /// Seed of --directions random:N
    #[arg(long, default_value_t = 0, requires = "directions")]
    seed: u64,
    /// Orientations of every direction; with both, + and - alternate
    #[arg(long, value_parser = word::<Signs>(), default_value = "+")]
    signs: Signs,
    /// Weights of the features of the sweep in |dy|: none, initial (1/|y0|), or one number per
    /// feature, such as 1,1,0.5
    #[arg(long, value_parser = words::scale, default_value = "none")]
    scale: Scale,
    /// Keep the positions just before and after gamma_contact and gamma_rearrangement
    #[arg(long, requires = "sweep")]
    snapshots: bool,
    /// Features of the sweep and of gamma_tilde, a subset of --features [default: all of them]
    #[arg(long, value_parser = words::features)]
    sweep_features: Option<FeatureList>,
    /// First |delta theta| of the curve's geometric grid
    #[arg(long, default_value_t = DEFAULT.gamma_min, value_parser = words::within(GAMMA))]
    gamma_min: f64,
    /// Last |delta theta|
    #[arg(long, default_value_t = DEFAULT.gamma_max, value_parser = words::within(GAMMA))]
    gamma_max: f64,
    /// Points of the grid
    #[arg(long, default_value_t = DEFAULT.points as u64, value_parser = clap::value_parser!(u64).range(2..=MAX_POINTS as u64))]
    points: u64,
    /// |dy - J dtheta| over |J dtheta| that ends the linear regime
    #[arg(long, default_value_t = DEFAULT.deviation, value_parser = words::within(DEVIATION))]
    deviation: f64,
    /// Relative width of the brackets
    #[arg(long, default_value_t = DEFAULT.bracket, value_parser = words::within(BRACKET))]
    bracket: f64,
    /// How the solid follows the parameters
    #[arg(long, value_parser = word::<Protocol>(), default_value = "continuation")]
    protocol: Protocol,
    /// Where the referee's relaxations start
    #[arg(long, value_parser = word::<Start>(), default_value = "warm")]
    start: Start,
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let options = options(arguments)?;
    let summary = measure(&options).map_err(|error| CommandError::of(error.is_usage(), error))?;
    super::say(|out| print(&summary, &options, out))?;
    Ok(Outcome::Done)
}

fn options(arguments: &Arguments) -> Result<Options, CommandError> {
    if arguments.gamma_min >= arguments.gamma_max {
        return Err(CommandError::usage(format!(
            "--gamma-max {:e} (allowed: more than --gamma-min {:e})",
            arguments.gamma_max, arguments.gamma_min
        )));
    }
    let source = arguments.selection.source(&arguments.file, || chosen_tail(arguments))?;
    let list = &arguments.features;
    let modes = list.modes.unwrap_or(ModeCount::Lowest(DEFAULT_MODES));
    let sweep_features = match &arguments.sweep_features {
        None => list.families.clone(),
        Some(subset) => {
            if let Some(found) = subset.modes.filter(|&found| found != modes) {
                return Err(CommandError::usage(format!(
                    "--sweep-features modes:{} (allowed: modes, with the number of --features, {})",
                    found.text(),
                    modes.text()
                )));
            }
            subset.families.clone()
        }
    };
    Ok(Options {
        source,
        output: arguments.output.clone(),
        features: list.families.clone(),
        modes,
        kinds: arguments.parameters.clone(),
        level: arguments.level,
        relax: !arguments.no_relax,
        sweep_features,
        directions: arguments.directions.clone(),
        seed: arguments.seed,
        signs: arguments.signs,
        scale: arguments.scale.clone(),
        settings: SweepSettings {
            gamma_min: arguments.gamma_min,
            gamma_max: arguments.gamma_max,
            points: arguments.points as usize,
            deviation: arguments.deviation,
            bracket: arguments.bracket,
            protocol: arguments.protocol,
            start: arguments.start,
        },
        sweep: arguments.sweep,
        snapshots: arguments.snapshots,
    })
}

fn chosen_tail(arguments: &Arguments) -> Result<Option<Tail>, CommandError> {
    match (arguments.switch, arguments.cutoff) {
        (None, _) => Ok(None),
        (Some(Some((from, to))), None) => Ok(Some(Tail::Switched { from, to })),
        (Some(None), Some(cutoff)) => Ok(Some(Tail::Truncated { cutoff })),
        (Some(None), None) => Err(CommandError::usage(
            "--switch none needs --cutoff, the end of the attraction in units of 1/a",
        )),
        (Some(Some(_)), Some(_)) => Err(CommandError::usage("--cutoff only with --switch none")),
    }
}

fn print(summary: &Summary, options: &Options, out: &mut dyn Write) -> io::Result<()> {
    let (solid, set) = (&summary.solid, &summary.set);
    writeln!(
        out,
        "{}: {} particles in {}d, {} contacts, {} rattlers",
        summary.name,
        solid.species.len(),
        summary.dimension,
        solid.contacts,
        solid.rattler_count()
    )?;
    writeln!(
        out,
        "pressure {:.6e}   energy {:.6e}   max|F| {:.1e}{}",
        solid.pressure,
        solid.energy,
        solid.max_force,
        if options.relax { "" } else { "   (not relaxed)" }
    )?;
    writeln!(
        out,
        "{} features, {} parameters ({}, level {}): rank {} of {}, gap {:.1e}{}",
        solid.features.len(),
        summary.parameters,
        symbols(&options.kinds),
        options.level.word(),
        set.svd.rank,
        set.svd.singular_values.len(),
        set.svd.gap,
        match set.rank_without_modes {
            Some(rank) => format!("; {rank} without the modes"),
            None => String::new(),
        }
    )?;
    let mut values: Vec<String> =
        set.svd.singular_values.iter().map(|s| format!("{s:.4e}")).collect();
    if values.len() > SHOWN {
        values.splice(SHOWN / 2..values.len() - SHOWN / 2, ["...".to_owned()]);
    }
    writeln!(out, "singular values  {}", values.join("  "))?;
    for flag in flags(summary) {
        writeln!(out, "note: {flag}")?;
    }
    if !summary.directions.is_empty() {
        directions(&summary.directions, options.sweep, out)?;
    }
    writeln!(out, "written to {}", options.output.display())
}

/// What a reader of the numbers should know.
fn flags(summary: &Summary) -> Vec<String> {
    let stability = &summary.solid.stability;
    let mut notes = Vec::new();
    if !stability.elastic_positive_definite {
        notes.push("the elastic constants are not positive definite: at this box the solid is unstable to strain".to_owned());
    }
    if stability.zero_modes > 0 {
        notes.push(format!("{} zero modes beyond the translations", stability.zero_modes));
    }
    if let Some((i, j)) = stability.near_contact {
        notes.push(format!("particles {i} and {j} are within rounding of a contact change"));
    }
    if summary.inert > 0 {
        notes.push(format!(
            "no bond depends on {} parameters (rattlers, or species that never meet): their columns of J are zero",
            summary.inert
        ));
    }
    let degenerate = summary.solid.degenerate.iter().filter(|&&degenerate| degenerate).count();
    if degenerate > 0 {
        notes.push(format!(
            "{degenerate} frequencies are degenerate: their rows of J are their clusters' means"
        ));
    }
    for (pair, at) in summary.solid.pairs.iter().zip(0..) {
        let rattles = |particle: &usize| summary.solid.rattlers[*particle];
        if let Some(particle) = pair.particles().into_iter().find(rattles) {
            notes.push(format!("eta_{at} has no value: particle {particle} is a rattler"));
        }
    }
    for row in &summary.normalised {
        notes.push(format!("row {row} of `directions` was not of unit length and was normalised"));
    }
    notes
}

fn directions(results: &[DirectionResult], swept: bool, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "direction  susceptibility  gamma_tilde  gamma_star (cause)  gamma_contact  gamma_rearrangement"
    )?;
    for (index, DirectionResult { direction, gamma_tilde, sweep, .. }) in results.iter().enumerate()
    {
        let thresholds: String = [sweep.gamma_star, sweep.gamma_contact, sweep.gamma_rearrangement]
            .iter()
            .filter(|_| swept)
            .map(|threshold| match threshold.found() {
                true => format!("  {:.4e} ({})", threshold.centre(), threshold.cause.name()),
                false => format!("  - ({})", threshold.cause.name()),
            })
            .collect();
        writeln!(
            out,
            "{index:>7} {}  {:>14.4e}  {gamma_tilde:>11.4e}{thresholds}",
            if direction.sign < 0 { '-' } else { '+' },
            direction.susceptibility
        )?;
    }
    Ok(())
}
