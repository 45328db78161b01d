//! The study's configuration: one TOML file, resolved to plain values.
//!
//! Shared tables at the top are overridden key by key by `[[scenario]]` entries. Unknown keys are
//! refused; every refusal names the file, the key, the value and what is allowed.

mod difference;
mod document;
mod error;
mod features;
mod interaction;
mod output;
mod parameters;
mod show;
mod solid;
mod sweep;
mod table;

use std::path::Path;

use toml::de::DeTable;

pub use document::Key;
pub use error::ConfigError;
pub use features::{Feature, FeaturesConfig, set_name};
pub use interaction::{edge, range};
pub use output::OutputConfig;
pub use parameters::{Kinds, Level, Parameterisation, ParametersConfig};
pub use solid::{SWITCH, SolidConfig, Structure, Target};
pub use sweep::{
    BRACKET, DEVIATION, Directions, GAMMA, MAX_DIRECTIONS, MAX_POINTS, Scale, Signs, SweepConfig,
};
pub use table::Table;

use document::{Document, Section};

/// The version of the configuration's format.
pub const VERSION: i64 = 1;

/// The most replicas of one file.
pub const MAX_REPLICAS: i64 = 100_000_000;
const MAX_SCENARIOS: usize = 1000;
const MAX_NAME: usize = 64;
/// The name of the scenario of a study without `[[scenario]]`.
const ONLY_SCENARIO: &str = "main";
/// Groups of the results file that a scenario cannot be called.
const RESERVED_NAMES: [&str; 2] = ["items", "statistics"];
/// The configuration is an attribute of the results file, and HDF5 attributes end at 64 KiB.
pub const MAX_CANONICAL_BYTES: usize = 60_000;

/// The keys of `[study]`.
pub const STUDY_KEYS: &[Key] = &[
    Key { name: "name", doc: "name of the study" },
    Key { name: "seed", doc: "seed of every random number" },
    Key { name: "replicas", doc: "solids per scenario in this file" },
    Key {
        name: "first_replica",
        doc: "index of the first one; a larger ensemble is several files",
    },
];

const TOP_KEYS: [&str; 8] =
    ["version", "study", "solid", "features", "parameters", "sweep", "output", "scenario"];
const SCENARIO_KEYS: [&str; 6] = ["name", "solid", "features", "parameters", "sweep", "output"];

/// A resolved study.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// Its name.
    pub name: String,
    /// Seed of every random number.
    pub seed: u64,
    /// Solids per scenario in this file.
    pub replicas: u64,
    /// Index of the first solid.
    pub first_replica: u64,
    /// The scenarios, in the order of the file.
    pub scenarios: Vec<Scenario>,
}

/// One scenario with all its keys resolved.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Its name, and its group's in the results file.
    pub name: String,
    /// What the solids are.
    pub solid: SolidConfig,
    /// What is measured.
    pub features: FeaturesConfig,
    /// With respect to what.
    pub parameters: ParametersConfig,
    /// How far the linear prediction is followed.
    pub sweep: SweepConfig,
    /// What is kept.
    pub output: OutputConfig,
}

impl Scenario {
    /// Every θ of the scenario.
    pub fn parameterisations(&self) -> Vec<Parameterisation> {
        self.parameters.parameterisations(self.solid.particles)
    }

    /// Indices of the parameterisations that are swept.
    pub fn swept(&self) -> Vec<usize> {
        self.parameterisations()
            .iter()
            .enumerate()
            .filter(|(_, theta)| self.sweep.parameters.contains(&theta.name))
            .map(|(index, _)| index)
            .collect()
    }

    /// Number of features of the swept set.
    pub fn sweep_features(&self) -> usize {
        self.features.set_labels(&self.sweep.set, self.solid.dimension).len()
    }
}

impl Study {
    /// Reads a study's file.
    pub fn load(path: &Path) -> Result<Study, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        Study::parse(&path.display().to_string(), &text)
    }

    /// Resolves a study's text; `file` names it in messages.
    pub fn parse(file: &str, text: &str) -> Result<Study, ConfigError> {
        let document = Document::parse(file, text)?;
        let root = &document.root;
        document.refuse_unknown(root, "", &TOP_KEYS)?;
        let top = Section::root(&document);
        top.require("version", &format!("version = {VERSION}"))?.integer(VERSION..=VERSION)?;
        let section = Section::new(&document, &[(String::new(), root)], "study", STUDY_KEYS)?;
        let name = section.require("name", "the name of the study, a string")?;
        let mut study = Study {
            name: check_name(&name)?,
            seed: section.integer("seed", 0..=i64::MAX, 1)? as u64,
            replicas: section.integer("replicas", 0..=MAX_REPLICAS, 10)? as u64,
            first_replica: section.integer("first_replica", 0..=MAX_REPLICAS, 0)? as u64,
            scenarios: Vec::new(),
        };
        match top.find("scenario") {
            None => study.scenarios.push(read_scenario(
                &document,
                ONLY_SCENARIO.to_owned(),
                &[(String::new(), root)],
                &study,
            )?),
            Some(entry) => {
                const ALLOWED: &str = "one or more [[scenario]] tables";
                let items = entry.array(ALLOWED)?;
                if items.is_empty() || items.len() > MAX_SCENARIOS {
                    return Err(entry.refuse(format!("1 to {MAX_SCENARIOS} [[scenario]] tables")));
                }
                for item in items {
                    let table = item.table(ALLOWED)?;
                    document.refuse_unknown(table, &item.path, &SCENARIO_KEYS)?;
                    let name_entry = item.require("name", "the name of the scenario, a string")?;
                    let name = check_name(&name_entry)?;
                    if RESERVED_NAMES.contains(&name.as_str()) {
                        return Err(name_entry.refuse(format!(
                            "any name but {}, which the results file uses",
                            RESERVED_NAMES.join(", ")
                        )));
                    }
                    if study.scenarios.iter().any(|scenario| scenario.name == name) {
                        return Err(name_entry.refuse("a name that no other scenario has"));
                    }
                    let layers = [(item.path.clone(), table), (String::new(), root)];
                    study.scenarios.push(read_scenario(&document, name, &layers, &study)?);
                }
            }
        }
        let length = study.canonical().len();
        if length > MAX_CANONICAL_BYTES {
            return Err(top.refuse(
                "scenario",
                format!("{} scenarios, {length} bytes when resolved", study.scenarios.len()),
                format!("at most {MAX_CANONICAL_BYTES} bytes: split the study into several files"),
            ));
        }
        Ok(study)
    }

    /// The resolved study as TOML with every key in a fixed order. It parses to the same study.
    pub fn canonical(&self) -> String {
        format!(
            "version = {VERSION}\n\n[study]\nname = \"{}\"\nseed = {}\nreplicas = {}\nfirst_replica = {}\n{}",
            self.name,
            self.seed,
            self.replicas,
            self.first_replica,
            self.canonical_scenarios()
        )
    }

    fn canonical_scenarios(&self) -> String {
        self.scenarios
            .iter()
            .map(|scenario| {
                format!(
                    "\n[[scenario]]\nname = \"{}\"\n\n[scenario.solid]\n{}\n[scenario.features]\n{}\n\
                     [scenario.parameters]\n{}\n[scenario.sweep]\n{}\n[scenario.output]\n{}",
                    scenario.name,
                    scenario.solid.canonical(),
                    scenario.features.canonical(),
                    scenario.parameters.canonical(),
                    scenario.sweep.canonical(),
                    scenario.output.canonical()
                )
            })
            .collect()
    }

    /// Hash of the whole resolved study: two files with the same hash hold the same items.
    pub fn hash(&self) -> String {
        hash_of(&self.canonical())
    }

    /// Hash without `replicas` and `first_replica`: files of one study share it.
    pub fn ensemble_hash(&self) -> String {
        hash_of(&format!("{:?} {}{}", self.name, self.seed, self.canonical_scenarios()))
    }
}

fn hash_of(text: &str) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

/// A TOML array of strings.
fn string_array(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| toml_string(item)).collect();
    format!("[{}]", items.join(", "))
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn check_name(entry: &document::Entry<'_, '_>) -> Result<String, ConfigError> {
    let allowed = format!(
        "a name of 1 to {MAX_NAME} letters, digits, `-`, `_` (it becomes a group of the results file)"
    );
    let name = entry.string(&allowed)?;
    let valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(valid) {
        return Err(entry.refuse(allowed));
    }
    Ok(name.to_owned())
}

fn read_scenario<'d, 't>(
    document: &'d Document<'t>,
    name: String,
    layers: &[(String, &'d DeTable<'t>)],
    study: &Study,
) -> Result<Scenario, ConfigError> {
    let section = Section::new(document, layers, "solid", solid::KEYS)?;
    let solid = SolidConfig::read(&section)?;
    interaction::check_box(&solid, &section)?;
    if solid.structure == Structure::File
        && (solid.files.len() as u64) < study.first_replica + study.replicas
    {
        return Err(section.refuse(
            "files",
            format!("{} files", solid.files.len()),
            format!(
                "at least {} files, one for each replica up to study.first_replica + study.replicas",
                study.first_replica + study.replicas
            ),
        ));
    }
    let section = Section::new(document, layers, "features", features::KEYS)?;
    let features = FeaturesConfig::read(&section, &solid)?;
    let section = Section::new(document, layers, "parameters", parameters::KEYS)?;
    let parameters = ParametersConfig::read(&section, &solid)?;
    let section = Section::new(document, layers, "sweep", sweep::KEYS)?;
    let parameterisations = parameters.parameterisations(solid.particles);
    let sweep = SweepConfig::read(&section, &features, &parameterisations, solid.dimension)?;
    let section = Section::new(document, layers, "output", output::KEYS)?;
    let output = OutputConfig::read(&section)?;
    Ok(Scenario { name, solid, features, parameters, sweep, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n";

    #[test]
    fn canonical_text_parses_to_the_same_study() {
        let study = Study::parse("s.toml", MINIMAL).expect("valid");
        let again = Study::parse("c.toml", &study.canonical()).expect("canonical is valid");
        assert_eq!(study, again);
        assert_eq!(study.hash(), again.hash());
    }

    #[test]
    fn files_of_one_study_share_the_ensemble_hash() {
        let first = Study::parse("a.toml", MINIMAL).expect("valid");
        let text = MINIMAL.replace("name = \"s\"", "name = \"s\"\nfirst_replica = 10");
        let second = Study::parse("b.toml", &text).expect("valid");
        assert_eq!(first.ensemble_hash(), second.ensemble_hash());
        assert_ne!(first.hash(), second.hash());
    }

    #[test]
    fn scenarios_override_key_by_key() {
        let text = format!(
            "{MINIMAL}size_ratio = 1.2\n[[scenario]]\nname = \"a\"\n[[scenario]]\nname = \"b\"\n[scenario.solid]\npacking_fraction = 0.9\n"
        );
        let study = Study::parse("s.toml", &text).expect("valid");
        assert_eq!(study.scenarios[0].solid.target, Some(Target::Pressure(0.1)));
        assert_eq!(study.scenarios[1].solid.target, Some(Target::PackingFraction(0.9)));
        assert_eq!(study.scenarios[1].solid.size_ratio, 1.2);
    }

    #[test]
    fn equal_solid_tables_have_equal_canonical_text_whatever_the_scenario() {
        let text = format!(
            "{MINIMAL}[[scenario]]\nname = \"a\"\n[[scenario]]\nname = \"b\"\n[scenario.features]\nmodes = 3\n"
        );
        let study = Study::parse("s.toml", &text).expect("valid");
        assert_eq!(study.scenarios[0].solid.canonical(), study.scenarios[1].solid.canonical());
    }
}
