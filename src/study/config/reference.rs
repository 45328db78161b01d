//! Every key for readers and for editors: a page of documentation, and a JSON schema.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::difference::entries;
use super::key::{Form, Key};
use super::{
    DESIGN, KEYS, ONLY_SCENARIO, SCENARIO_TABLES, Study, VERSION, design, ensemble_design,
    features, output, parameters, solid, sweep,
};

/// The tables of a study: name, what it says, and its keys.
pub(super) const TABLES: [(&str, &str, &[Key]); 8] = [
    ("study", "How many solids, and of which seed.", KEYS),
    ("solid", "What the solids are, and how they are prepared.", solid::KEYS),
    ("features", "What is measured of every solid.", features::KEYS),
    ("parameters", "With respect to what the features are differentiated.", parameters::KEYS),
    ("sweep", "How far the linear prediction is followed.", sweep::KEYS),
    ("design", "What every solid is designed for.", design::KEYS),
    ("output", "What the results file keeps.", output::KEYS),
    (
        DESIGN,
        "One set of parameters for which the means of freshly prepared solids are as asked for: see \
      [Ensemble design](ensemble-design.md).",
        ensemble_design::KEYS,
    ),
];

/// What a study has to say; all else has a default.
const REQUIRED: &str = "version = 1\nstudy.name = \"main\"\n\
                        [solid]\ndimension = 2\nparticles = 256\npressure = 0.1\n";

/// What an ensemble design has to say.
const REQUIRED_DESIGN: &str = "version = 1\nstudy = { name = \"main\", replicas = 100 }\n\
                               [solid]\ndimension = 2\nparticles = 256\npressure = 0.1\n\
                               [parameters]\nspecies = [2]\n\
                               [ensemble_design]\ntargets = [\"K=+5%\"]\n";

const HEAD: &str = "# Configuration

Written by `amorph config keys`. `amorph init` writes a study to begin with, `amorph config show` prints
a study with every default, and `amorph config keys --schema` is [amorph.schema.json](amorph.schema.json),
by which editors complete and check a study: let its first line be

    #:schema PATH/TO/amorph.schema.json

A study is one TOML file. `version = 1` stands first. The tables below are shared by all scenarios; an
entry `[[scenario]]` has a `name` of its own and overrides them key by key, as `[scenario.solid]` and so
on. Without an entry there is one scenario, `main`. All that is wrong with a file is said at once, each
with its line.

A list where a key holds one value makes a scan, for the keys below that say *scan*: `pressure = [1e-1,
1e-2]` is a scenario of each, and several lists are one of each combination, in the shared tables and in
an entry alike. A scenario's name then ends with its values in the order of the keys below, the last
one changing fastest: `main_2d_N64_p1e-1`. Numbers stand there without a point: 0.025 is `25e-3`.
Replicas of a scenario are numbered as always. `amorph config show` prints the scenarios that come out,
and the results file knows only these.
";

/// The page: every table with its keys.
pub fn page() -> String {
    let entries_of = |text| Study::parse("", text).map(|study| defaults(&study));
    let defaults = entries_of(REQUIRED).unwrap_or_default();
    let of_design = entries_of(REQUIRED_DESIGN).unwrap_or_default();
    let mut page = HEAD.to_owned();
    // Writing to a string cannot fail.
    for (table, meaning, keys) in TABLES {
        let _ =
            write!(page, "\n## [{table}]\n\n{meaning}\n\n| key | meaning | allowed | default |\n");
        let _ = writeln!(page, "|---|---|---|---|");
        for key in keys {
            let scenario = format!("scenario {ONLY_SCENARIO} ");
            let place =
                if SCENARIO_TABLES.iter().any(|(of, _)| *of == table) { &scenario } else { "" };
            let defaults = if table == DESIGN { &of_design } else { &defaults };
            let required = REQUIRED.contains(&format!("{} = ", key.name))
                || (table == DESIGN && key.name == "targets");
            let default = match defaults.get(&format!("{place}{table}.{}", key.name)) {
                _ if required => "required".to_owned(),
                Some(value) => format!("`{value}`"),
                None => String::new(),
            };
            let (doc, allowed) = (key.doc.trim().replace('|', "\\|"), allowed(key));
            let _ = writeln!(page, "| `{}` | {doc} | {allowed} | {default} |", key.name);
        }
    }
    page
}

/// Every key with its default; the canonical text leaves `[design]` out where nothing is designed.
fn defaults(study: &Study) -> BTreeMap<String, String> {
    let design = study.scenarios.iter().map(|scenario| scenario.design.canonical());
    let design: String = design.collect();
    entries(&format!("{}\n[scenario.design]\n{design}", study.canonical()))
}

/// What a key allows, in words; its form where the meaning does not say it.
fn allowed(key: &Key) -> String {
    let form = match &key.form {
        Form::Integer(range) => format!("an integer from {} to {}", range.start(), range.end()),
        Form::Number(range) => format!("a number from {:?} to {:?}", range.start(), range.end()),
        Form::Table(range) => format!("numbers from {:?} to {:?}", range.start(), range.end()),
        Form::Boolean => "`true` or `false`".to_owned(),
        Form::Words(words) => {
            let words: Vec<String> = words().iter().map(|word| format!("`\"{word}\"`")).collect();
            words.join(", ")
        }
        Form::Schema(_) => String::new(),
    };
    let scan = key.scan.map(|label| format!("scan, `_{}`", label.replace("{}", "…")));
    let said = [form, scan.unwrap_or_default()];
    said.iter().filter(|text| !text.is_empty()).cloned().collect::<Vec<_>>().join("; ")
}

/// The JSON schema of a study's file.
pub fn schema() -> Value {
    let tables = TABLES.map(|(name, meaning, keys)| {
        let members = keys.iter().map(|key| (key.name.to_owned(), schema_of(key)));
        (name.to_owned(), object(meaning, members.collect(), &[]))
    });
    let link = |name: &str| json!({ "$ref": format!("#/definitions/{name}") });
    let mut scenario: Map<String, Value> =
        SCENARIO_TABLES.iter().map(|(name, ..)| ((*name).to_owned(), link(name))).collect();
    let mut study = scenario.clone();
    study.insert(DESIGN.to_owned(), link(DESIGN));
    scenario.insert("name".to_owned(), schema_of(&KEYS[0]));
    study.insert("version".to_owned(), json!({ "const": VERSION }));
    study.insert("study".to_owned(), link("study"));
    let entry = object("One scenario; it overrides the shared tables.", scenario, &["name"]);
    study.insert("scenario".to_owned(), json!({ "type": "array", "minItems": 1, "items": entry }));
    let mut schema = object("A study of amorph", study, &["version", "study"]);
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["definitions"] = Value::Object(tables.into_iter().collect());
    schema["definitions"]["study"]["required"] = json!(["name"]);
    schema
}

fn object(meaning: &str, members: Map<String, Value>, required: &[&str]) -> Value {
    json!({
        "description": meaning,
        "type": "object",
        "additionalProperties": false,
        "properties": members,
        "required": required,
    })
}

fn schema_of(key: &Key) -> Value {
    let form = schema_of_form(&key.form);
    let mut schema = match (key.scan, &key.form) {
        (None, _) => form,
        (Some(_), Form::Table(range)) => json!({ "anyOf": [form, list(&number(range))] }),
        (Some(_), _) => json!({ "anyOf": [form, list(&form)] }),
    };
    schema["description"] = json!(key.doc.trim());
    schema
}

/// A list in place of a value.
fn list(item: &Value) -> Value {
    json!({ "type": "array", "minItems": 1, "uniqueItems": true, "items": item })
}

fn schema_of_form(form: &Form) -> Value {
    match form {
        Form::Integer(range) => {
            json!({ "type": "integer", "minimum": range.start(), "maximum": range.end() })
        }
        Form::Number(range) => number(range),
        Form::Table(range) => {
            let row =
                json!({ "type": "array", "minItems": 2, "maxItems": 2, "items": number(range) });
            json!({ "anyOf": [number(range),
                { "type": "array", "minItems": 2, "maxItems": 2, "items": row }] })
        }
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Words(words) => json!({ "enum": words() }),
        Form::Schema(text) => serde_json::from_str(text).unwrap_or_default(),
    }
}

fn number(range: &std::ops::RangeInclusive<f64>) -> Value {
    json!({ "type": "number", "minimum": range.start(), "maximum": range.end() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_schema_and_every_default_is_known() {
        for (table, _, keys) in TABLES {
            for key in keys {
                let schema = schema_of(key);
                assert!(
                    schema.as_object().is_some_and(|schema| schema.len() > 1),
                    "{table} {key:?}"
                );
            }
        }
        assert!(page().contains("| `1e-6` |") && page().contains("| `[\"D\"]` |"), "{}", page());
    }
}
