//! Every file of `tests/config/good` is accepted; every one of `tests/config/bad` is refused with
//! exit code 2 and the fragments of its `# error:` lines.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn check(path: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_amorph"))
        .args(["config", "check"])
        .arg(path)
        .output()
        .expect("the binary runs")
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder exists")
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no configurations", folder.display());
    files
}

#[test]
fn good_configurations_are_accepted() {
    for path in files("tests/config/good").into_iter().chain(files("configs")) {
        let output = check(&path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {message}", path.display());
    }
}

#[test]
fn bad_configurations_are_refused_with_their_message() {
    for path in files("tests/config/bad") {
        let text = std::fs::read_to_string(&path).expect("readable");
        let expected: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# error: ")).collect();
        assert!(!expected.is_empty(), "{} has no `# error:` line", path.display());
        let output = check(&path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{}: {message}", path.display());
        assert!(
            message.contains(&path.display().to_string()),
            "{}: the message does not name the file: {message}",
            path.display()
        );
        for fragment in expected {
            assert!(
                message.contains(fragment),
                "{}: no `{fragment}` in: {message}",
                path.display()
            );
        }
    }
}

#[test]
fn directions_from_a_file_become_rows_of_the_resolved_configuration() {
    let show = |path: &Path| {
        let output = Command::new(env!("CARGO_BIN_EXE_amorph"))
            .args(["config", "show"])
            .arg(path)
            .output()
            .expect("the binary runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/sweep-directions-file.toml");
    let resolved = show(&path);
    assert!(resolved.contains("directions = { rows = [[1.0, 0.0, 0.0, 0.0], [0.377"), "{resolved}");
    // It stands on its own, away from the file.
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("alone.toml");
    std::fs::write(&alone, &resolved).expect("written");
    assert_eq!(show(&alone), resolved);
}

#[test]
fn one_mistake_makes_one_message_and_several_are_said_at_once() {
    // A missing table misses three keys.
    let several = |path: &Path| if path.ends_with("solid-missing.toml") { 3 } else { 1 };
    for path in files("tests/config/bad") {
        let output = check(&path);
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(message.matches(".toml:").count(), several(&path), "{message}");
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/several.toml");
    let message = String::from_utf8_lossy(&check(&path).stderr).into_owned();
    let lines: Vec<&str> = message.lines().collect();
    let text = std::fs::read_to_string(&path).expect("readable");
    let expected: Vec<(usize, &str)> = text
        .lines()
        .enumerate()
        .filter_map(|(at, line)| Some((at + 1, line.split_once("# error: ")?.1)))
        .collect();
    assert_eq!(lines.len(), expected.len(), "{message}");
    for (at, fragment) in expected {
        let place = format!("several.toml:{at}: ");
        let found = lines.iter().any(|line| line.contains(&place) && line.contains(fragment));
        assert!(found, "no `{place}…{fragment}` in: {message}");
    }
}

#[test]
fn a_direction_and_a_kind_are_spelt_as_on_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let show = |directions: &str| {
        let path = folder.path().join("s.toml");
        let text = format!(
            "version = 1\nstudy.name = \"s\"\nparameters = {{ kinds = [\"D\"], species = [2] }}\n\
             solid = {{ dimension = 2, particles = 64, pressure = 0.1 }}\n\
             sweep.directions = {directions}\n"
        );
        std::fs::write(&path, text).expect("writable");
        let mut command = Command::new(env!("CARGO_BIN_EXE_amorph"));
        let output = command.args(["config", "show"]).arg(&path).output().expect("runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    // The canonical text, and with it the hash of a study, stays.
    assert!(show("\"random:3\"").contains("directions = { random = 3 }"));
    assert_eq!(show("\"random:3\""), show("{ random = 3 }"));
    assert_eq!(show("\"2\""), show("2"));
    for bad in ["\"random:0\"", "\"random\"", "\"random:x\"", "\"file:\""] {
        assert!(show(bad).contains("allowed is \"all\", a number of directions, \"random:n\""));
    }
    let missing = show("\"file:nowhere.h5\"");
    assert!(missing.contains("nowhere.h5: no such file"), "{missing}");
}

/// What the program prints.
fn printed(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_amorph")).args(arguments).output();
    String::from_utf8(output.expect("the binary runs").stdout).expect("text")
}

fn shipped(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn the_documentation_and_the_schema_are_what_the_program_prints() {
    let renew = "renew it: `make docs`";
    assert_eq!(printed(&["config", "keys"]), shipped("docs/configuration.md"), "{renew}");
    assert_eq!(
        printed(&["config", "keys", "--schema"]),
        shipped("docs/amorph.schema.json"),
        "{renew}"
    );
}

/// Whether a value follows a schema of the kind that the program prints.
fn follows(value: &Value, schema: &Value, root: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str().and_then(|link| link.rsplit('/').next()) {
        return follows(value, &root["definitions"][name], root);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().any(|schema| follows(value, schema, root));
    }
    let typed = match schema["type"].as_str() {
        Some("integer") => value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("string") => value.is_string(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    let among = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    let equal = schema["const"].is_null() || schema["const"] == *value;
    let within = value.as_f64().is_none_or(|number| {
        let (least, most) = (schema["minimum"].as_f64(), schema["maximum"].as_f64());
        least.is_none_or(|least| number >= least) && most.is_none_or(|most| number <= most)
    });
    let items = value.as_array().is_none_or(|items| {
        schema["items"].is_null() || items.iter().all(|item| follows(item, &schema["items"], root))
    });
    let members = value.as_object().is_none_or(|members| {
        let known = |key: &String| schema["properties"].get(key);
        let mut required = schema["required"].as_array().into_iter().flatten();
        required.all(|key| key.as_str().is_some_and(|key| members.contains_key(key)))
            && members
                .iter()
                .all(|(key, value)| known(key).is_some_and(|schema| follows(value, schema, root)))
    });
    typed && among && equal && within && items && members
}

#[test]
fn every_good_study_follows_the_schema_and_misspelt_ones_do_not() {
    let schema: Value = serde_json::from_str(&shipped("docs/amorph.schema.json")).expect("JSON");
    let value = |path: &Path| {
        let text = std::fs::read_to_string(path).expect("readable");
        let table: toml::Table = text.parse().expect("TOML");
        serde_json::to_value(table).expect("JSON")
    };
    for path in files("tests/config/good").into_iter().chain(files("configs")) {
        assert!(follows(&value(&path), &schema, &schema), "{}", path.display());
        // With every default written out.
        let resolved = printed(&["config", "show", &path.display().to_string()]);
        let table: toml::Table = resolved.parse().expect("TOML");
        let resolved = serde_json::to_value(table).expect("JSON");
        assert!(follows(&resolved, &schema, &schema), "{} resolved", path.display());
    }
    for bad in ["unknown-key", "unknown-table", "dimension-four", "structure-unknown", "wrong-case"]
    {
        let path = Path::new("tests/config/bad").join(format!("{bad}.toml"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        assert!(!follows(&value(&path), &schema, &schema), "{bad}");
    }
}

#[test]
fn a_list_in_place_of_a_value_makes_a_scenario_of_each_combination() {
    let good = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/good/scans.toml");
    let resolved = printed(&["config", "show", &good.display().to_string()]);
    let study: toml::Table = resolved.parse().expect("TOML");
    let scenarios = study["scenario"].as_array().expect("scenarios");
    let of = |scenario: &toml::Value, key: &str| scenario["solid"][key].to_string();
    let found: Vec<String> = scenarios
        .iter()
        .map(|it| {
            let name = it["name"].as_str().expect("a name");
            let [d, p, b, structure] =
                ["dimension", "pressure", "B", "structure"].map(|key| of(it, key));
            format!("{name} {d} {p} {b} {structure}")
        })
        .collect();
    let expected = [
        "soft_2d_p1e-1 2 0.1 0.0 \"disordered\"",
        "soft_2d_p1e-2 2 0.01 0.0 \"disordered\"",
        "soft_3d_p1e-1 3 0.1 0.0 \"disordered\"",
        "soft_3d_p1e-2 3 0.01 0.0 \"disordered\"",
        "attractive_p1e-1_B0 2 0.1 0.0 \"disordered\"",
        "attractive_p1e-1_B25e-3 2 0.1 0.025 \"disordered\"",
        "attractive_p1e-2_B0 2 0.01 0.0 \"disordered\"",
        "attractive_p1e-2_B25e-3 2 0.01 0.025 \"disordered\"",
        "one_3d_disordered 3 0.1 0.0 \"disordered\"",
        "one_3d_network 3 0.1 0.0 \"network\"",
    ];
    assert_eq!(found, expected);
    assert_eq!(of(&scenarios[4], "k"), "[[1.0, 2.0], [2.0, 1.0]]");
    // What comes out stands alone: every scenario with its values, the same study again.
    let folder = tempfile::tempdir().expect("a folder");
    let alone = folder.path().join("alone.toml");
    std::fs::write(&alone, &resolved).expect("written");
    assert_eq!(printed(&["config", "show", &alone.display().to_string()]), resolved);
}
