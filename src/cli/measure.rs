//! `amorph measure`: features, Jacobian and sweeps of one solid.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::ValueEnum;

use super::{CommandError, Outcome};
use crate::linearity::sweep::{Protocol, Start, SweepSettings};
use crate::study::config::{BRACKET, DEVIATION, Feature, GAMMA, Kinds, MAX_POINTS, SWITCH, Switch};
use crate::study::measure::{self, DirectionSummary, Level, Options, Source, Summary, measure};

/// Modes where `--features modes` names no number.
const DEFAULT_MODES: usize = 10;
/// The default end of the attraction's tail, in units of 1/a.
const DEFAULT_SWITCH: Switch = Switch::Smooth { from: 5.0, to: 9.9 };

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
    /// Features, of: stress, elastic, modes[:N], derived
    #[arg(long, default_value = "stress,elastic", value_parser = features)]
    features: FeatureList,
    /// Parameters, of: D, k, B, a; their order is always this one
    #[arg(long, default_value = "D", value_parser = kinds)]
    parameters: Kinds,
    /// What owns a parameter
    #[arg(long, value_enum, default_value = "species")]
    level: LevelName,
    /// Take the stored positions as the minimum; refused where max|F| is above 1e-10 of the
    /// largest pair curvature
    #[arg(long)]
    no_relax: bool,
    /// End of the attraction's tail: FROM,TO in units of 1/a beyond sigma, or "none" with --cutoff
    /// [default: 5,9.9]
    #[arg(long, value_parser = switch, conflicts_with = "scenario")]
    switch: Option<SwitchName>,
    /// With --switch none: the attraction ends at sigma + CUTOFF/a
    #[arg(long, value_parser = within(SWITCH), requires = "switch")]
    cutoff: Option<f64>,
    /// Scenario of a results file
    #[arg(long, requires = "replica")]
    scenario: Option<String>,
    /// Index of the solid in the ensemble
    #[arg(long, requires = "scenario")]
    replica: Option<u64>,
    /// Use the species of this parameterisation of the results file, such as D_n40
    #[arg(long, requires = "scenario")]
    parameterisation: Option<String>,
    /// Sweep along `directions`, or along all right singular vectors where the input has none
    #[arg(long)]
    sweep: bool,
    /// Features of the sweep and of gamma_tilde, a subset of --features [default: all of them]
    #[arg(long, value_parser = features)]
    sweep_features: Option<FeatureList>,
    /// First |delta theta| of the curve's geometric grid
    #[arg(long, default_value_t = 1e-6, value_parser = within(GAMMA))]
    gamma_min: f64,
    /// Last |delta theta|
    #[arg(long, default_value_t = 1e-1, value_parser = within(GAMMA))]
    gamma_max: f64,
    /// Points of the grid
    #[arg(long, default_value_t = 26, value_parser = clap::value_parser!(u64).range(2..=MAX_POINTS as u64))]
    points: u64,
    /// |dy - J dtheta| over |J dtheta| that ends the linear regime
    #[arg(long, default_value_t = 0.1, value_parser = within(DEVIATION))]
    deviation: f64,
    /// Relative width of the brackets
    #[arg(long, default_value_t = 0.01, value_parser = within(BRACKET))]
    bracket: f64,
    /// How the solid follows the parameters
    #[arg(long, value_enum, default_value = "continuation")]
    protocol: ProtocolName,
    /// Where the referee's relaxations start
    #[arg(long, value_enum, default_value = "warm")]
    start: StartName,
}

/// Families of features with the number of modes, if it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct FeatureList {
    families: Vec<Feature>,
    modes: Option<usize>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LevelName {
    Species,
    Particle,
    Bond,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ProtocolName {
    Continuation,
    Referee,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StartName {
    Warm,
    Zero,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum SwitchName {
    Smooth { from: f64, to: f64 },
    None,
}

fn features(text: &str) -> Result<FeatureList, String> {
    const ALLOWED: &str = "stress, elastic, modes, modes:N (N at least 1), derived, each once";
    let mut list = FeatureList { families: Vec::new(), modes: None };
    for word in text.split(',').map(str::trim) {
        let (name, count) = match word.split_once(':') {
            Some((name, count)) => (name, Some(count)),
            None => (word, None),
        };
        let Some(family) = Feature::ALL.into_iter().find(|family| family.name() == name) else {
            let nearest = Feature::ALL
                .into_iter()
                .map(Feature::name)
                .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
            let nearest = nearest.unwrap_or_default();
            return Err(format!(
                "unknown feature \"{name}\"; did you mean {nearest}? (allowed: {ALLOWED})"
            ));
        };
        if let Some(count) = count {
            match count.parse::<usize>() {
                Ok(count) if count >= 1 && family == Feature::Modes => list.modes = Some(count),
                _ => return Err(format!("\"{word}\" (allowed: {ALLOWED})")),
            }
        }
        if list.families.contains(&family) {
            return Err(format!("\"{name}\" twice (allowed: {ALLOWED})"));
        }
        list.families.push(family);
    }
    list.families.sort();
    Ok(list)
}

fn kinds(text: &str) -> Result<Kinds, String> {
    let mut kinds = Kinds::default();
    for word in text.split(',').map(str::trim) {
        let kind = match word {
            "D" => &mut kinds.diameters,
            "k" => &mut kinds.repulsions,
            "B" => &mut kinds.attractions,
            "a" => &mut kinds.inverse_range,
            _ => {
                return Err(format!(
                    "unknown parameter \"{word}\" (allowed: D, k, B, a, such as D,k)"
                ));
            }
        };
        if std::mem::replace(kind, true) {
            return Err(format!("\"{word}\" twice (allowed: D, k, B, a, each once)"));
        }
    }
    Ok(kinds)
}

fn switch(text: &str) -> Result<SwitchName, String> {
    if text == "none" {
        return Ok(SwitchName::None);
    }
    let ends: Option<Vec<f64>> = text.split(',').map(|end| end.trim().parse().ok()).collect();
    match ends.as_deref() {
        Some(&[from, to]) if SWITCH.contains(&from) && SWITCH.contains(&to) && from < to => {
            Ok(SwitchName::Smooth { from, to })
        }
        _ => Err(format!(
            "allowed: FROM,TO with {} <= FROM < TO <= {}, such as 5,9.9; or none with --cutoff",
            SWITCH.start(),
            SWITCH.end()
        )),
    }
}

/// A parser of numbers within a range.
fn within(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse::<f64>() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!("allowed: {:e} to {:e}", range.start(), range.end())),
    }
}

/// Runs the command.
pub fn run(arguments: &Arguments) -> Result<Outcome, CommandError> {
    let options = options(arguments)?;
    let summary = measure(&options).map_err(|error| {
        if error.is_usage() { CommandError::usage(error) } else { CommandError::failure(error) }
    })?;
    print(&summary, &options);
    Ok(Outcome::Done)
}

fn options(arguments: &Arguments) -> Result<Options, CommandError> {
    if arguments.gamma_min >= arguments.gamma_max {
        return Err(CommandError::usage(format!(
            "--gamma-max {:e} (allowed: more than --gamma-min {:e})",
            arguments.gamma_max, arguments.gamma_min
        )));
    }
    let source = match (&arguments.scenario, arguments.replica) {
        (Some(scenario), Some(replica)) => Source::Row {
            file: PathBuf::from(&arguments.file),
            scenario: scenario.clone(),
            replica,
            parameterisation: arguments.parameterisation.clone(),
        },
        _ => Source::File { address: arguments.file.clone(), switch: chosen_switch(arguments)? },
    };
    let list = &arguments.features;
    let modes = list.modes.unwrap_or(DEFAULT_MODES);
    let sweep_features = match &arguments.sweep_features {
        None => list.families.clone(),
        Some(subset) => {
            if let Some(found) = subset.modes.filter(|&found| found != modes) {
                return Err(CommandError::usage(format!(
                    "--sweep-features modes:{found} (allowed: modes, with the number of --features, {modes})"
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
        kinds: arguments.parameters,
        level: match arguments.level {
            LevelName::Species => Level::Species,
            LevelName::Particle => Level::Particle,
            LevelName::Bond => Level::Bond,
        },
        relax: !arguments.no_relax,
        sweep_features,
        settings: SweepSettings {
            gamma_min: arguments.gamma_min,
            gamma_max: arguments.gamma_max,
            points: arguments.points as usize,
            deviation: arguments.deviation,
            bracket: arguments.bracket,
            protocol: match arguments.protocol {
                ProtocolName::Continuation => Protocol::Continuation,
                ProtocolName::Referee => Protocol::Referee,
            },
            start: match arguments.start {
                StartName::Warm => Start::Warm,
                StartName::Zero => Start::Zero,
            },
        },
        sweep: arguments.sweep,
    })
}

fn chosen_switch(arguments: &Arguments) -> Result<Switch, CommandError> {
    match (arguments.switch, arguments.cutoff) {
        (None, _) => Ok(DEFAULT_SWITCH),
        (Some(SwitchName::Smooth { from, to }), None) => Ok(Switch::Smooth { from, to }),
        (Some(SwitchName::None), Some(cutoff)) => Ok(Switch::None { cutoff }),
        (Some(SwitchName::None), None) => Err(CommandError::usage(
            "--switch none needs --cutoff, the end of the attraction in units of 1/a",
        )),
        (Some(SwitchName::Smooth { .. }), Some(_)) => {
            Err(CommandError::usage("--cutoff only with --switch none"))
        }
    }
}

fn print(summary: &Summary, options: &Options) {
    println!(
        "{}: {} particles in {}d, {} contacts, {} rattlers",
        summary.name, summary.particles, summary.dimension, summary.contacts, summary.rattlers
    );
    println!(
        "pressure {:.6e}   energy {:.6e}   max|F| {:.1e}{}",
        summary.pressure,
        summary.energy,
        summary.max_force,
        if options.relax { "" } else { "   (not relaxed)" }
    );
    println!(
        "{} features, {} parameters ({}, level {}): rank {} of {}, gap {:.1e}{}",
        summary.features,
        summary.parameters,
        options.kinds.name(),
        measure::level_name(options.level),
        summary.rank,
        summary.singular_values.len(),
        summary.gap,
        match summary.rank_without_modes {
            Some(rank) => format!("; {rank} without the modes"),
            None => String::new(),
        }
    );
    let values: Vec<String> = summary.singular_values.iter().map(|s| format!("{s:.4e}")).collect();
    println!("singular values  {}", values.join("  "));
    for flag in flags(summary) {
        println!("note: {flag}");
    }
    if !summary.directions.is_empty() {
        directions(&summary.directions);
    }
    println!("written to {}", options.output.display());
}

/// What a reader of the numbers should know.
fn flags(summary: &Summary) -> Vec<String> {
    let stability = &summary.stability;
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
    if summary.degenerate > 0 {
        notes.push(format!(
            "{} frequencies are degenerate: their rows of J are their clusters' means",
            summary.degenerate
        ));
    }
    for row in &summary.normalised {
        notes.push(format!("row {row} of `directions` was not of unit length and was normalised"));
    }
    notes
}

fn directions(directions: &[DirectionSummary]) {
    println!(
        "direction  susceptibility  gamma_tilde  gamma_star (cause)  gamma_contact  gamma_rearrangement"
    );
    for (index, direction) in directions.iter().enumerate() {
        let thresholds = match &direction.thresholds {
            None => String::new(),
            Some(thresholds) => thresholds
                .iter()
                .map(|threshold| {
                    if threshold.found() {
                        format!("  {:.4e} ({})", threshold.centre(), threshold.cause.name())
                    } else {
                        format!("  - ({})", threshold.cause.name())
                    }
                })
                .collect(),
        };
        println!(
            "{index:>9}  {:>14.4e}  {:>11.4e}{thresholds}",
            direction.susceptibility, direction.gamma_tilde
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_come_in_the_order_of_rows_and_misspelt_ones_are_refused_with_the_nearest() {
        let list = features("modes:3,stress").expect("valid");
        assert_eq!(list.families, [Feature::Stress, Feature::Modes]);
        assert_eq!(list.modes, Some(3));
        assert!(features("elastik").is_err_and(|m| m.contains("did you mean elastic?")));
        for bad in ["", "stress,stress", "modes:0", "stress:2", "modes:x"] {
            assert!(features(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_come_in_one_order_whatever_the_flags() {
        assert_eq!(kinds("a,k,D").expect("valid").name(), "Dka");
        for bad in ["", "d", "D,D", "Dk"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_switch_has_two_ends_in_order() {
        assert_eq!(switch("5,9.9"), Ok(SwitchName::Smooth { from: 5.0, to: 9.9 }));
        for bad in ["9,5", "5", "x,y", "0,5", "5,nan"] {
            assert!(switch(bad).is_err(), "{bad}");
        }
    }
}
