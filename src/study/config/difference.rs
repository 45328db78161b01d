//! How two studies differ, key by key.

use std::collections::BTreeMap;

use super::Study;

impl Study {
    /// The value of a key of the `[study]` table.
    pub fn value(&self, key: &str) -> Option<String> {
        let value = entries(&self.canonical()).remove(&format!("study.{key}"))?;
        Some(value.trim_matches('"').to_owned())
    }

    /// The keys whose values differ between this study and a file's, with both values.
    pub fn differences(&self, file: &Study) -> Vec<String> {
        let (mine, other) = (entries(&self.canonical()), entries(&file.canonical()));
        let missing = "nothing".to_owned();
        let mut keys: Vec<&String> = mine.keys().chain(other.keys()).collect();
        keys.sort();
        keys.dedup();
        keys.into_iter()
            .map(|key| (key, mine.get(key), other.get(key)))
            .filter(|(_, mine, other)| mine != other)
            .map(|(key, mine, other)| {
                let (mine, other) = (mine.unwrap_or(&missing), other.unwrap_or(&missing));
                format!("{key} is {other} in the file and {mine} in the study")
            })
            .collect()
    }
}

/// Key and value of every line of a canonical text; scenarios by their name.
pub(super) fn entries(canonical: &str) -> BTreeMap<String, String> {
    let mut entries = BTreeMap::new();
    let (mut scenario, mut section) = (String::new(), String::new());
    let mut order = 0;
    for line in canonical.lines() {
        if line.starts_with('[') {
            line.trim_matches(['[', ']']).trim_start_matches("scenario.").clone_into(&mut section);
        } else if let Some((key, value)) = line.split_once(" = ") {
            if section == "scenario" {
                scenario = format!("scenario {} ", value.trim_matches('"'));
                entries.insert(format!("{scenario}(place)"), order.to_string());
                order += 1;
            } else {
                entries.insert(format!("{scenario}{section}.{key}"), value.to_owned());
            }
        }
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_keys_and_both_values() {
        let text = |pressure: &str| {
            let text = format!(
                "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 64\npressure = {pressure}\n[[scenario]]\nname = \"a\"\n"
            );
            Study::parse("s.toml", &text).expect("valid")
        };
        assert_eq!(
            text("0.1").differences(&text("0.2")),
            ["scenario a solid.pressure is 0.2 in the file and 0.1 in the study"]
        );
        assert!(text("0.1").differences(&text("1e-1")).is_empty());
    }
}
