//! The canonical text of a study, and what is made of it to tell studies apart.

use super::lines::Lines;
use super::{DESIGN, Scenario, Study, VERSION};

impl Study {
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
        let design = self.ensemble_design.as_deref();
        let table = design.map(|it| format!("\n[{DESIGN}]\n{}", it.canonical()));
        let scenarios: Vec<&Scenario> = match design {
            Some(design) => vec![&design.scenario],
            None => self.scenarios.iter().collect(),
        };
        let scenarios: String = scenarios
            .into_iter()
            .map(|scenario| {
                format!(
                    "\n[[scenario]]\nname = \"{}\"\n\n[scenario.solid]\n{}\n[scenario.features]\n{}\n\
                     [scenario.parameters]\n{}\n[scenario.sweep]\n{}\n{}[scenario.output]\n{}",
                    scenario.name,
                    scenario.solid.canonical(),
                    scenario.features.canonical(),
                    scenario.parameters.canonical(),
                    scenario.sweep.canonical(),
                    scenario.canonical_design(),
                    scenario.output.canonical()
                )
            })
            .collect();
        table.unwrap_or_default() + &scenarios
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

impl Scenario {
    /// The text of `[design]`; none where there are no designs, as in studies before there was the table.
    fn canonical_design(&self) -> String {
        match self.design.designs.is_empty() {
            true => String::new(),
            false => format!("[scenario.design]\n{}\n", self.design.canonical()),
        }
    }
}

fn hash_of(text: &str) -> String {
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}
