//! Scans: scenarios of one study that differ in one key alone, and the power laws along them.

use serde::Serialize;

use super::distribution::{Estimate, number, numbers};
use super::scenario::{ScenarioStatistics, ThetaStatistics};
use crate::relax::prepare::Target;
use crate::study::config::{Scenario, Study};

/// A key that scenarios may scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanKey {
    Particles,
    Pressure,
}

impl ScanKey {
    /// Every one.
    pub const ALL: [ScanKey; 2] = [ScanKey::Particles, ScanKey::Pressure];

    /// The key's name in the configuration.
    pub fn name(self) -> &'static str {
        match self {
            ScanKey::Particles => "particles",
            ScanKey::Pressure => "pressure",
        }
    }

    /// Its symbol.
    pub fn symbol(self) -> &'static str {
        match self {
            ScanKey::Particles => "N",
            ScanKey::Pressure => "p",
        }
    }

    fn unit(self, dimension: usize) -> String {
        match self {
            ScanKey::Particles => "1".to_owned(),
            ScanKey::Pressure => format!("energy/length^{dimension}"),
        }
    }

    /// Its value in a scenario whose solids are made.
    fn value(self, scenario: &Scenario) -> Option<f64> {
        match (self, scenario.solid.recipe.target) {
            _ if scenario.solid.is_from_files() => None,
            (ScanKey::Particles, _) => Some(scenario.solid.recipe.particles as f64),
            (ScanKey::Pressure, Target::Pressure(pressure)) => Some(pressure),
            (ScanKey::Pressure, Target::PackingFraction(_)) => None,
        }
    }

    /// The scenario without its name, its value of the key, and what it keeps.
    fn rest(self, scenario: &Scenario, like: &Scenario) -> Scenario {
        let mut rest = scenario.clone();
        rest.name = String::new();
        rest.output = like.output;
        match self {
            ScanKey::Particles => rest.solid.recipe.particles = 0,
            ScanKey::Pressure => rest.solid.recipe.target = Target::Pressure(0.0),
        }
        rest
    }
}

/// Scenarios that differ in one key alone, in ascending order of its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The key.
    pub key: ScanKey,
    /// Indices of the scenarios.
    pub scenarios: Vec<usize>,
    /// Their values of the key.
    pub values: Vec<f64>,
}

/// Every scan of a study: of each key, two or more values with all other keys equal, but for names
/// and `[output]`.
pub fn scans(study: &Study) -> Vec<Scan> {
    let of_key = |key: ScanKey| {
        let mut found: Vec<(Scenario, Vec<(usize, f64)>)> = Vec::new();
        for (index, scenario) in study.scenarios.iter().enumerate() {
            let Some(value) = key.value(scenario) else { continue };
            let rest = key.rest(scenario, &study.scenarios[0]);
            match found.iter_mut().find(|(known, _)| *known == rest) {
                // The same solids again.
                Some((_, points)) if points.iter().any(|point| point.1 == value) => {}
                Some((_, points)) => points.push((index, value)),
                None => found.push((rest, vec![(index, value)])),
            }
        }
        found.into_iter().filter(|(_, points)| points.len() > 1).map(move |(_, mut points)| {
            points.sort_by(|a, b| a.1.total_cmp(&b.1));
            let (scenarios, values) = points.into_iter().unzip();
            Scan { key, scenarios, values }
        })
    };
    ScanKey::ALL.into_iter().flat_map(of_key).collect()
}

/// The power laws of the medians along one scan.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScanStatistics {
    /// `particles` or `pressure`.
    pub key: &'static str,
    /// N or p.
    pub symbol: &'static str,
    /// Unit of the values.
    pub unit: String,
    /// Names of the scenarios.
    pub scenarios: Vec<String>,
    /// Their values of the key, ascending.
    #[serde(serialize_with = "numbers")]
    pub values: Vec<f64>,
    /// One entry per parameterisation.
    pub parameterisations: Vec<ScanTheta>,
}

/// The power laws of one parameterisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScanTheta {
    /// Its name.
    pub name: String,
    /// One entry per feature set.
    pub sets: Vec<ScanSet>,
    /// Those of [`SCAN_QUANTITIES`], where there are sweeps.
    pub sweeps: Option<Vec<PowerLaw>>,
}

/// The quantities of a sweep whose medians are fitted, by the names of the file.
pub const SCAN_QUANTITIES: [&str; 5] =
    ["gamma_star", "gamma_contact", "gamma_rearrangement", "gamma_tilde", "zeta"];

/// The power laws of one feature set.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScanSet {
    /// Its name.
    pub name: String,
    /// Of every singular value by its index, as many as all scenarios have.
    pub singular_values: Vec<PowerLaw>,
}

/// A power law through medians.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// Number of scenarios with a median.
    pub points: u64,
    /// The exponent: of least squares in logarithms, every point counting the same.
    pub exponent: Estimate,
    /// Root mean square of the logarithms about the line; not a number with fewer than three points.
    #[serde(serialize_with = "number")]
    pub residual: f64,
}

impl Default for PowerLaw {
    fn default() -> Self {
        PowerLaw { points: 0, exponent: Estimate::default(), residual: f64::NAN }
    }
}

impl ScanStatistics {
    /// Before there is anything to fit.
    pub fn none(study: &Study, scan: &Scan) -> Self {
        let scenarios: Vec<&Scenario> =
            scan.scenarios.iter().map(|&index| &study.scenarios[index]).collect();
        let thetas: Vec<Vec<ThetaStatistics>> =
            scenarios.iter().map(|s| ScenarioStatistics::none(s).parameterisations).collect();
        let first = thetas.first().map_or(&[][..], Vec::as_slice);
        let parameterisations = first.iter().enumerate().map(|(index, theta)| ScanTheta {
            name: theta.name.clone(),
            sets: (0..theta.sets.len())
                .map(|set| ScanSet {
                    name: theta.sets[set].name.clone(),
                    singular_values: vec![
                        PowerLaw::default();
                        thetas
                            .iter()
                            .map(|t| t[index].sets[set].largest_rank)
                            .min()
                            .unwrap_or(0)
                    ],
                })
                .collect(),
            sweeps: theta.sweeps.as_ref().map(|_| vec![PowerLaw::default(); SCAN_QUANTITIES.len()]),
        });
        ScanStatistics {
            key: scan.key.name(),
            symbol: scan.key.symbol(),
            unit: scan.key.unit(scenarios.first().map_or(0, |s| s.solid.dimension)),
            scenarios: scenarios.iter().map(|scenario| scenario.name.clone()).collect(),
            values: scan.values.clone(),
            parameterisations: parameterisations.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenarios_that_differ_in_one_key_alone_are_a_scan() {
        let text = "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 64\n\
            pressure = 0.1\n[parameters]\nspecies = [20]\n\
            [[scenario]]\nname = \"a\"\n\
            [[scenario]]\nname = \"p2\"\nsolid = { pressure = 1e-2 }\noutput = { curves = 0 }\n\
            [[scenario]]\nname = \"p3\"\nsolid = { pressure = 1e-3 }\n\
            [[scenario]]\nname = \"again\"\nsolid = { pressure = 1e-3 }\noutput = { curves = 1 }\n\
            [[scenario]]\nname = \"N32\"\nsolid = { particles = 32 }\n\
            [[scenario]]\nname = \"both\"\nsolid = { particles = 128, pressure = 1e-2 }\n\
            [[scenario]]\nname = \"species\"\nparameters = { species = [10] }\n";
        let study = Study::parse("s.toml", text).expect("valid");
        let found = scans(&study);
        let named = |scan: &Scan| {
            let names = scan.scenarios.iter().map(|&index| study.scenarios[index].name.as_str());
            (scan.key.name(), names.collect::<Vec<_>>().join(" "))
        };
        let found: Vec<_> = found.iter().map(named).collect();
        let expected = [("particles", "N32 a"), ("particles", "p2 both"), ("pressure", "p3 p2 a")];
        assert_eq!(found, expected.map(|(key, names)| (key, names.to_owned())));
    }
}
