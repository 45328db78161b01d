//! The study's configuration: one TOML file, resolved to plain values.
//!
//! Shared tables at the top are overridden key by key by `[[scenario]]` entries. Unknown keys are
//! refused; every refusal names the file, the key, the value and what is allowed. All that is wrong
//! is said at once, but for what depends on a value that is wrong itself.

mod canonical;
mod design;
mod difference;
mod disorder;
mod ensemble_design;
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
mod scan;
mod section;
mod show;
mod solid;
mod stage;
mod sweep;
mod table;
mod tail;

use std::borrow::Cow;
use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;

pub use design::{DesignConfig, Wanted};
pub use ensemble_design::EnsembleDesign;
pub use entry::ReadRows;
pub use error::ConfigError;
pub use features::{FeaturesConfig, set_name};
pub use interaction::{edge, range};
pub use output::OutputConfig;
pub use parameters::{Parameterisation, ParametersConfig};
pub use reference::{page, schema};
pub use solid::{SolidConfig, SolidFile};
pub use stage::Round;
pub use sweep::{BRACKET, DEVIATION, GAMMA, MAX_DIRECTIONS, MAX_POINTS, SweepConfig};
pub use tail::SWITCH;

use entry::{Entry, Source};
use key::{Form, Key, keys};
use scan::{Choice, Scan};
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
const RESERVED_NAMES: [&str; 5] = ["items", "statistics", "checksum", "power_laws", "rounds"];
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

/// The table of an ensemble design.
const DESIGN: &str = "ensemble_design";
const TOP_KEYS: [&str; 10] = [
    "version",
    "study",
    "solid",
    "features",
    "parameters",
    "sweep",
    "design",
    "output",
    "scenario",
    DESIGN,
];
const SCENARIO_KEYS: [&str; 7] =
    ["name", "solid", "features", "parameters", "sweep", "design", "output"];
/// The tables of a scenario.
const SCENARIO_TABLES: [(&str, &[Key]); 6] = [
    ("solid", solid::KEYS),
    ("features", features::KEYS),
    ("parameters", parameters::KEYS),
    ("sweep", sweep::KEYS),
    ("design", design::KEYS),
    ("output", output::KEYS),
];

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
    /// The scenarios, in the order of the file; of an ensemble design its stages.
    pub scenarios: Vec<Scenario>,
    /// Where one θ for the means of the ensemble is searched for.
    pub ensemble_design: Option<Arc<EnsembleDesign>>,
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
    /// What the solids are designed for.
    pub design: DesignConfig,
    /// What is kept.
    pub output: OutputConfig,
    /// What it is within an ensemble design.
    pub round: Option<Round>,
}

impl Scenario {
    /// The scenario as it is for one replica: each solid of an ensemble design has parameters of its own.
    pub fn of(&self, replica: u64) -> Cow<'_, Scenario> {
        let Some(round) = &self.round else { return Cow::Borrowed(self) };
        let mut own = self.clone();
        round.tune(&mut own, replica as usize);
        Cow::Owned(own)
    }

    /// Every θ of the scenario; none in an ensemble design, where the solids have it already.
    pub fn parameterisations(&self) -> Vec<Parameterisation> {
        if self.round.is_some() {
            return Vec::new();
        }
        self.parameters.parameterisations(self.solid.recipe.particles)
    }

    /// Indices of the parameterisations that are swept.
    pub fn swept(&self) -> Vec<usize> {
        self.places(&self.sweep.parameters)
    }

    /// Indices of the parameterisations over which solids are designed.
    pub fn designed(&self) -> Vec<usize> {
        match self.design.designs.is_empty() {
            true => Vec::new(),
            false => self.places(&self.design.parameters),
        }
    }

    /// Indices of the parameterisations of these names.
    fn places(&self, names: &[String]) -> Vec<usize> {
        let thetas = self.parameterisations().into_iter().enumerate();
        thetas.filter(|(_, theta)| names.contains(&theta.name)).map(|(index, _)| index).collect()
    }

    /// Whether both are the same but for their names.
    fn is_like(&self, other: &Scenario) -> bool {
        let unnamed = |scenario: &Scenario| Scenario { name: String::new(), ..scenario.clone() };
        unnamed(self) == unnamed(other)
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
        let none = Choice::default();
        let section = Section::new(std::slice::from_ref(&root), "study", KEYS, &none, 0);
        source.errors.borrow_mut().extend(root.unknown(&TOP_KEYS, "a table"));
        section.need("name", "the name of the study, a string");
        let mut study = Study {
            name: section.read("name", String::new(), check_name),
            seed: section.integer("seed", 1) as u64,
            replicas: section.integer("replicas", 10) as u64,
            first_replica: section.integer("first_replica", 0) as u64,
            scenarios: Vec::new(),
            ensemble_design: None,
        };
        let read = match root.find("scenario") {
            None => {
                let place = Entry { path: "scenario".to_owned(), ..root.clone() };
                study.read_entry(std::slice::from_ref(&root), ONLY_SCENARIO, &place, 0)
            }
            Some(scenarios) => study.read_scenarios(&root, &scenarios),
        };
        source.keep(read, ());
        study.read_design(&root);
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

    /// An ensemble design replaces the only scenario by its stages.
    fn read_design(&mut self, root: &Entry<'_>) {
        let Some(entry) = root.find(DESIGN) else { return };
        let source = root.source;
        let known = source.found();
        let parents = std::slice::from_ref(root);
        let section = Section::new(parents, DESIGN, ensemble_design::KEYS, &Choice::default(), 0);
        match self.scenarios.len() {
            // What is wrong with the study is said already.
            _ if known > 0 => {}
            1 => {
                let design = EnsembleDesign::read(&section, self);
                if source.found() == known {
                    self.expand(design);
                }
            }
            count => {
                let error = entry.refuse_as(format!("with {count} scenarios"), "one scenario");
                source.errors.borrow_mut().push(error);
            }
        }
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
            let known = source.found();
            source.errors.borrow_mut().extend(table.unknown(&SCENARIO_KEYS, ALLOWED));
            let entry = table.require("name", "the name of the scenario, a string");
            let entry = source.keep(entry.map(Some), None);
            let name = entry.as_ref().map_or(Ok(String::new()), check_name);
            let name = source.keep(name, String::new());
            let own = if study_is_right { source.found() - known } else { source.found() };
            let place = entry.unwrap_or_else(|| table.clone());
            let read = self.read_entry(&[table, root.clone()], &name, &place, own);
            source.keep(read, ());
        }
        Ok(())
    }

    /// The scenarios of one entry, or of a file without entries: one of each combination of its
    /// scans. `place`: who is to blame for the name; `own`: how many of the known errors are this
    /// entry's.
    fn read_entry(
        &mut self,
        parents: &[Entry<'_>],
        name: &str,
        place: &Entry<'_>,
        own: usize,
    ) -> Result<(), ConfigError> {
        let source = place.source;
        let scan = Scan::new(parents, &SCENARIO_TABLES);
        scan.check(MAX_SCENARIOS - self.scenarios.len())?;
        let combinations = scan.combinations();
        let (known, first) = (source.found(), self.scenarios.len());
        for (ending, choice) in &combinations {
            let before = source.found() - own;
            let name = format!("{name}{ending}");
            source.keep(self.check_scenario_name(&name, place), ());
            self.scenarios.push(read_scenario(parents, name, choice, self, before));
        }
        if own > 0 || source.found() > known {
            return Ok(());
        }
        let read = self.scenarios[first..].iter().zip(&combinations);
        for (at, (scenario, (_, choice))) in read.clone().enumerate() {
            let equal = read.clone().take(at).find(|(other, _)| scenario.is_like(other));
            let error = equal.and_then(|(_, (_, other))| scan.refuse_equal(other, choice));
            error.map_or(Ok(()), Err)?;
        }
        Ok(())
    }

    fn check_scenario_name(&self, name: &str, place: &Entry<'_>) -> Result<(), ConfigError> {
        let allowed = if name.is_empty() {
            return Ok(());
        } else if RESERVED_NAMES.contains(&name) {
            format!("any name but {}, which the results file uses", RESERVED_NAMES.join(", "))
        } else if self.scenarios.iter().any(|scenario| scenario.name == name) {
            "a name that no other scenario has".to_owned()
        } else if name.len() > MAX_NAME {
            format!("a name of at most {MAX_NAME} letters, with the values of its scan")
        } else {
            return Ok(());
        };
        Err(place.refuse_as(format!("{name:?}"), allowed))
    }
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
fn read_scenario(
    parents: &[Entry<'_>],
    name: String,
    choice: &Choice,
    study: &Study,
    before: usize,
) -> Scenario {
    let section = |name, keys| Section::new(parents, name, keys, choice, before);
    let of_solid = section("solid", solid::KEYS);
    let solid = SolidConfig::read(&of_solid);
    let solid_is_right = of_solid.is_right();
    if solid_is_right {
        of_solid.keep(interaction::check_box(&solid, &of_solid), ());
        of_solid.keep(check_files(&solid, &of_solid, study), ());
    }
    let features = FeaturesConfig::read(&section("features", features::KEYS), &solid);
    let parameters = ParametersConfig::read(&section("parameters", parameters::KEYS), &solid);
    let thetas = parameters.parameterisations(solid.recipe.particles);
    let section_of_sweep = section("sweep", sweep::KEYS);
    let sweep = SweepConfig::read(&section_of_sweep, &features, &thetas, solid.dimension);
    let design = DesignConfig::read(
        &section("design", design::KEYS),
        solid_is_right.then_some(&solid),
        &features,
        &thetas,
    );
    let output = OutputConfig::read(&section("output", output::KEYS));
    Scenario { name, solid, features, parameters, sweep, design, output, round: None }
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
mod tests;
