//! What a study costs by a model, for where no pilot has measured it: power laws, fitted to the times of the
//! sizes, pressures and depths that docs/performance.md names.

use crate::relax::prepare::Target;
use crate::response::features::FeatureKind;
use crate::response::modes::{most_modes, takes_dense_solver};
use crate::study::config::Scenario;

/// The model is off by less than this factor (86 of the 96 times that it is fitted to by less than 2, the worst by 4.5).
pub const UNCERTAINTY: f64 = 5.0;

/// N, pressure [largest k/length^d] and depth [k] at which a law's time is that of its factor alone.
const SIZE: f64 = 256.0;
const PRESSURE: f64 = 0.1;
const DEPTH: f64 = 0.01;

/// Sweeps that a design takes the time of.
const SWEEPS_PER_DESIGN: f64 = 20.0;

/// All modes by the dense solver, per cube of the degrees of freedom [s].
const DENSE: f64 = 6e-10;

/// A time that grows by powers.
struct Law {
    /// At N = 256, p = 0.1 and, where there is attraction, B = 0.01 [s].
    seconds: f64,
    /// Exponents of N, of 1/p and of B.
    size: f64,
    softness: f64,
    depth: f64,
}

/// The times of one dimension, with or without attraction.
struct Laws {
    /// A solid, prepared, with its features and their Jacobian.
    solid: Law,
    /// A direction with all thresholds.
    direction: Law,
    /// How much longer one with a curve takes.
    curve: f64,
}

const SOFT: [Laws; 2] = [
    Laws { solid: law(0.015, 1.34, 0.28, 0.0), direction: law(0.024, 1.17, 0.13, 0.0), curve: 3.8 },
    Laws { solid: law(0.048, 1.53, 0.19, 0.0), direction: law(0.102, 1.52, 0.03, 0.0), curve: 3.7 },
];

const ATTRACTIVE: [Laws; 2] = [
    Laws {
        solid: law(0.049, 1.68, 0.15, 0.65),
        direction: law(0.096, 1.65, 0.28, 0.51),
        curve: 1.9,
    },
    Laws {
        solid: law(0.148, 1.83, -0.07, 0.59),
        direction: law(0.249, 1.56, 0.02, 0.33),
        curve: 2.8,
    },
];

const fn law(seconds: f64, size: f64, softness: f64, depth: f64) -> Law {
    Law { seconds, size, softness, depth }
}

impl Law {
    fn at(&self, scenario: &Scenario) -> f64 {
        let recipe = &scenario.solid.recipe;
        let pressure = match recipe.target {
            Target::Pressure(pressure) => pressure / recipe.k.largest(),
            Target::PackingFraction(_) => PRESSURE,
        };
        let depth = recipe.depths.largest() / recipe.k.largest();
        let depth = if depth > 0.0 { (depth / DEPTH).powf(self.depth) } else { 1.0 };
        self.seconds
            * (recipe.particles as f64 / SIZE).powf(self.size)
            * (PRESSURE / pressure).powf(self.softness)
            * depth
    }
}

/// Seconds of one core for a scenario with so many solids, and so many swept directions and designs of each.
pub fn core_seconds(scenario: &Scenario, solids: u64, directions: usize, designs: usize) -> f64 {
    let (dimension, features) = (scenario.solid.dimension, &scenario.features);
    let laws = match scenario.solid.is_attractive() {
        true => &ATTRACTIVE,
        false => &SOFT,
    };
    let laws = &laws[dimension - 2];
    let degrees = most_modes(dimension, scenario.solid.recipe.particles);
    let dense = features.has(FeatureKind::Modes) && takes_dense_solver(degrees, features.modes);
    let modes = if dense { DENSE * (degrees as f64).powi(3) } else { 0.0 };
    let direction = laws.direction.at(scenario);
    let sweeps = directions as f64 + SWEEPS_PER_DESIGN * designs as f64;
    let curves = scenario.output.curves.min(solids) as f64 * directions as f64;
    solids as f64 * (laws.solid.at(scenario) + modes + sweeps * direction)
        + curves * (laws.curve - 1.0) * direction
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::plan::Plan;
    use crate::study::config::Study;

    fn seconds(replicas: u64, lines: &str) -> f64 {
        let text = format!(
            "version = 1\n[study]\nname = \"s\"\nreplicas = {replicas}\n[features]\nsets = [[\"stress\", \"elastic\"]]\n{lines}"
        );
        Plan::new(&Study::parse("s.toml", &text).expect("valid")).model_core_seconds
    }

    #[test]
    fn a_study_costs_its_solids_their_directions_and_their_curves() {
        let solid = "[solid]\ndimension = 2\nparticles = 256\npressure = 0.1\n[parameters]\nspecies = [10]\n";
        let solids = seconds(100, &format!("{solid}[sweep]\nparameters = []\n"));
        assert!((solids / (100.0 * SOFT[0].solid.seconds) - 1.0).abs() < 1e-12, "{solids}");
        let swept = |replicas: u64, curves: u64| {
            seconds(
                replicas,
                &format!("{solid}[sweep]\ndirections = 4\n[output]\ncurves = {curves}\n"),
            )
        };
        let direction = SOFT[0].direction.seconds;
        assert!(((swept(100, 0) - solids) / (400.0 * direction) - 1.0).abs() < 1e-9);
        let curves = (swept(100, 10) - swept(100, 0)) / (40.0 * direction);
        assert!((curves / (SOFT[0].curve - 1.0) - 1.0).abs() < 1e-9, "{curves}");
        assert_eq!(swept(5, 10), swept(5, 5));
        let designed = |targets: &str| {
            let design =
                format!("{solid}[sweep]\nparameters = []\n[design]\ntargets = [{targets}]\n");
            seconds(100, &design) - solids
        };
        let one = designed(r#""G=-5%""#);
        assert!(one > 0.0 && (designed(r#""G=-5%", "K=+5%""#) / one - 2.0).abs() < 1e-9);
    }

    #[test]
    fn every_size_pressure_and_depth_costs_a_finite_time_and_larger_solids_more() {
        for dimension in [2, 3] {
            for depth in [0.0, 1e-3, 0.1, 10.0] {
                for pressure in [1e-7, 1e-3, 1.0] {
                    let of = |particles: usize| {
                        seconds(
                            1,
                            &format!(
                                "[solid]\ndimension = {dimension}\nparticles = {particles}\npressure = {pressure:e}\nB = {depth:e}\n"
                            ),
                        )
                    };
                    assert!(
                        of(216) > 0.0 && of(216) < of(1000) && of(1000) < 1e9,
                        "{dimension} {depth} {pressure}"
                    );
                }
            }
        }
    }
}
