//! The study's configuration: one TOML file, resolved to plain values.
//!
//! Shared tables at the top are overridden key by key by `[[scenario]]` entries. Unknown keys are
//! refused; every refusal names the file, the key, the value and what is allowed. All that is wrong
//! is said at once, but for what depends on a value that is wrong itself.

mod difference;
mod disorder;
mod entry;
mod error;
mod features;
mod interaction;
mod key;
mod lines;
mod output;
mod parameters;
mod part;
mod reference;
mod section;
mod show;
mod solid;
mod sweep;
mod table;
mod tail;

use std::cell::RefCell;
use std::path::Path;

pub use entry::ReadRows;
pub use error::ConfigError;
pub use features::{FeaturesConfig, set_name};
pub use interaction::{edge, range};
pub use output::OutputConfig;
pub use parameters::{Parameterisation, ParametersConfig};
pub use reference::{page, schema};
pub use solid::{SolidConfig, SolidFile};
pub use sweep::{BRACKET, DEVIATION, GAMMA, MAX_DIRECTIONS, MAX_POINTS, SweepConfig};
pub use tail::SWITCH;

use entry::{Entry, Source};
use key::{Form, Key, keys};
use lines::Lines;
use section::Section;

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

keys! {
    /// name of the study
    "name": Form::Schema(r#"{"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}"#),
    /// seed of every random number
    "seed": Form::Integer(0..=i64::MAX),
    /// solids per scenario in this file
    "replicas": Form::Integer(0..=MAX_REPLICAS),
    /// index of the first one; a larger ensemble is several files
    "first_replica": Form::Integer(0..=MAX_REPLICAS),
}

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
        self.parameters.parameterisations(self.solid.recipe.particles)
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
    /// Resolves a study's text that names no other files; `file` names it in messages.
    pub fn parse(file: &str, text: &str) -> Result<Study, ConfigError> {
        Study::parse_in(Path::new(""), file, text)
    }

    /// The same of a text that names no files of directions, such as a canonical one, and solid
    /// files from `folder` on.
    pub fn parse_in(folder: &Path, file: &str, text: &str) -> Result<Study, ConfigError> {
        let none = |_: &str| Err("only the file of a study may name one".into());
        Study::parse_with(folder, file, text, &none)
    }

    /// Resolves a study's text; `read_rows` reads the files of directions that it names. All files
    /// stand from `folder` on.
    pub fn parse_with(
        folder: &Path,
        file: &str,
        text: &str,
        read_rows: ReadRows<'_>,
    ) -> Result<Study, ConfigError> {
        let source = Source { file, folder, text, read_rows, errors: RefCell::default() };
        let root = source.parse()?;
        let root = Entry::root(&source, &root);
        root.require("version", &format!("version = {VERSION}"))?.integer(VERSION..=VERSION)?;
        let section = Section::new(std::slice::from_ref(&root), "study", KEYS, 0);
        source.errors.borrow_mut().extend(root.unknown(&TOP_KEYS, "a table"));
        section.need("name", "the name of the study, a string");
        let mut study = Study {
            name: section.read("name", String::new(), check_name),
            seed: section.integer("seed", 1) as u64,
            replicas: section.integer("replicas", 10) as u64,
            first_replica: section.integer("first_replica", 0) as u64,
            scenarios: Vec::new(),
        };
        match root.find("scenario") {
            None => {
                let name = ONLY_SCENARIO.to_owned();
                study.scenarios.push(read_scenario(std::slice::from_ref(&root), name, &study, 0));
            }
            Some(scenarios) => {
                let read = study.read_scenarios(&root, &scenarios);
                source.keep(read, ());
            }
        }
        source.verdict()?;
        let length = study.canonical().len();
        if length > MAX_CANONICAL_BYTES {
            return Err(Section::whole(&root).refuse(
                "scenario",
                format!("{} scenarios, {length} bytes when resolved", study.scenarios.len()),
                format!("at most {MAX_CANONICAL_BYTES} bytes: split the study into several files"),
            ));
        }
        Ok(study)
    }

    fn read_scenarios(
        &mut self,
        root: &Entry<'_>,
        scenarios: &Entry<'_>,
    ) -> Result<(), ConfigError> {
        const ALLOWED: &str = "one or more [[scenario]] tables";
        let tables = scenarios.array(ALLOWED)?;
        if tables.is_empty() || tables.len() > MAX_SCENARIOS {
            return Err(scenarios.refuse(format!("1 to {MAX_SCENARIOS} [[scenario]] tables")));
        }
        // What is wrong with the study itself concerns every scenario.
        let source = root.source;
        let study_is_right = source.found() == 0;
        for table in tables {
            let before = if study_is_right { source.found() } else { 0 };
            source.errors.borrow_mut().extend(table.unknown(&SCENARIO_KEYS, ALLOWED));
            let name = source.keep(self.scenario_name(&table), String::new());
            let scenario = read_scenario(&[table, root.clone()], name, self, before);
            self.scenarios.push(scenario);
        }
        Ok(())
    }

    fn scenario_name(&self, table: &Entry<'_>) -> Result<String, ConfigError> {
        let entry = table.require("name", "the name of the scenario, a string")?;
        let name = check_name(&entry)?;
        if RESERVED_NAMES.contains(&name.as_str()) {
            return Err(entry.refuse(format!(
                "any name but {}, which the results file uses",
                RESERVED_NAMES.join(", ")
            )));
        }
        if self.scenarios.iter().any(|scenario| scenario.name == name) {
            return Err(entry.refuse("a name that no other scenario has"));
        }
        Ok(name)
    }

    /// The resolved study as TOML with every key in a fixed order. It parses to the same study.
    pub fn canonical(&self) -> String {
        let keys = Lines::default()
            .add("name", &self.name)
            .add("seed", self.seed)
            .add("replicas", self.replicas)
            .add("first_replica", self.first_replica)
            .text();
        format!("version = {VERSION}\n\n[study]\n{keys}{}", self.canonical_scenarios())
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

fn check_name(entry: &Entry<'_>) -> Result<String, ConfigError> {
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

/// A scenario from its own table, where it has one, and the whole file. `before`: errors that were
/// found in other scenarios.
fn read_scenario(parents: &[Entry<'_>], name: String, study: &Study, before: usize) -> Scenario {
    let section = |name, keys| Section::new(parents, name, keys, before);
    let of_solid = section("solid", solid::KEYS);
    let solid = SolidConfig::read(&of_solid);
    if of_solid.is_right() {
        of_solid.keep(interaction::check_box(&solid, &of_solid), ());
        of_solid.keep(check_files(&solid, &of_solid, study), ());
    }
    let features = FeaturesConfig::read(&section("features", features::KEYS), &solid);
    let parameters = ParametersConfig::read(&section("parameters", parameters::KEYS), &solid);
    let thetas = parameters.parameterisations(solid.recipe.particles);
    let section_of_sweep = section("sweep", sweep::KEYS);
    let sweep = SweepConfig::read(&section_of_sweep, &features, &thetas, solid.dimension);
    let output = OutputConfig::read(&section("output", output::KEYS));
    Scenario { name, solid, features, parameters, sweep, output }
}

/// Every replica needs its file.
fn check_files(
    solid: &SolidConfig,
    section: &Section<'_>,
    study: &Study,
) -> Result<(), ConfigError> {
    let (files, needed) = (solid.files.len(), study.first_replica + study.replicas);
    if solid.is_from_files() && (files as u64) < needed {
        return Err(section.refuse(
            "files",
            format!("{files} files"),
            format!(
                "at least {needed} files, one for each replica up to study.first_replica + study.replicas"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::prepare::Target;

    const MINIMAL: &str = "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n";

    #[test]
    fn canonical_text_parses_to_the_same_study() {
        let study = Study::parse("s.toml", MINIMAL).expect("valid");
        let again = Study::parse("c.toml", &study.canonical()).expect("canonical is valid");
        assert_eq!(study, again);
        assert_eq!(study.hash(), again.hash());
    }

    #[test]
    fn a_study_that_does_not_fit_into_an_attribute_is_refused_with_and_without_scenarios() {
        let rows = vec!["[1.0, 0.25]"; MAX_CANONICAL_BYTES / 10].join(", ");
        let sweep =
            format!("[sweep]\nparameters = [\"D_n2\"]\ndirections = {{ rows = [{rows}] }}\n");
        for (scenarios, key) in
            [("", "scenario (default)"), ("[[scenario]]\nname = \"a\"\n", "scenario")]
        {
            let error = Study::parse("s.toml", &format!("{MINIMAL}{sweep}{scenarios}"));
            let message = error.expect_err("too long").to_string();
            assert!(message.contains(&format!("{key} = 1 scenarios, ")), "{message}");
            assert!(message.contains("at most 60000 bytes"), "{message}");
        }
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
    fn a_part_is_the_study_with_other_replicas() {
        let text = |first: u64, count: u64| {
            let keys = format!("name = \"s\"\nfirst_replica = {first}\nreplicas = {count}");
            Study::parse("s.toml", &MINIMAL.replace("name = \"s\"", &keys)).expect("valid")
        };
        let study = text(100, 10);
        assert_eq!(study.clone().part(&(100..110)), Ok(study.clone()));
        assert_eq!(study.clone().part(&(104..110)), Ok(text(104, 6)));
        for wrong in [99..103, 104..111, 104..104, 0..4] {
            assert_eq!(study.clone().part(&wrong), Err("100:110".to_owned()), "{wrong:?}");
        }
    }

    #[test]
    fn scenarios_override_key_by_key() {
        let text = format!(
            "{MINIMAL}size_ratio = 1.2\n[[scenario]]\nname = \"a\"\n[[scenario]]\nname = \"b\"\n[scenario.solid]\npacking_fraction = 0.9\n"
        );
        let study = Study::parse("s.toml", &text).expect("valid");
        assert_eq!(study.scenarios[0].solid.recipe.target, Target::Pressure(0.1));
        assert_eq!(study.scenarios[1].solid.recipe.target, Target::PackingFraction(0.9));
        assert_eq!(study.scenarios[1].solid.recipe.size_ratio, 1.2);
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
