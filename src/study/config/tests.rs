//! One study resolved: canonical text, hashes, parts, scenarios, scans.

use super::*;
use crate::relax::prepare::Target;

const MINIMAL: &str =
    "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 64\npressure = 0.1\n";

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
    let sweep = format!("[sweep]\nparameters = [\"D_n2\"]\ndirections = {{ rows = [{rows}] }}\n");
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

#[test]
fn a_scan_is_the_study_that_names_its_scenarios_one_by_one() {
    let scan = MINIMAL.replace("pressure = 0.1", "pressure = [0.1, 1e-3]");
    let scan = Study::parse("s.toml", &scan).expect("valid");
    let entry = |name: &str, pressure: &str| {
        format!("[[scenario]]\nname = \"{name}\"\nsolid.pressure = {pressure}\n")
    };
    let text = [MINIMAL, &entry("main_p1e-1", "0.1"), &entry("main_p1e-3", "0.001")].concat();
    let entries = Study::parse("s.toml", &text).expect("valid");
    assert_eq!(scan, entries);
    assert_eq!(scan.hash(), entries.hash());
}
