use super::*;
use crate::analysis::values::Values;
use crate::linearity::cause::Cause;

/// A small study; its sweeps have no directions, so that only the solid part is computed.
fn study(solid: &str, more: &str) -> Arc<Study> {
    let text = format!(
        "version = 1\n[study]\nname = \"s\"\nreplicas = 3\nfirst_replica = 2\n[solid]\n{solid}\n{more}\n"
    );
    Arc::new(Study::parse("s.toml", &text).expect("valid"))
}

const SOFT: &str = "dimension = 2\nparticles = 48\npressure = 0.05";
const FEATURES: &str = "[features]\nmodes = 4\nsets = [[\"stress\", \"elastic\"], [\"stress\", \
                        \"modes\", \"derived\"]]\n[parameters]\nkinds = [\"D\", \"Dk\"]\n\
                        species = [4, 7]";

fn values<'r>(row: &'r Row, path: &str) -> &'r Values {
    &row.iter().find(|(name, _)| name == path).unwrap_or_else(|| panic!("{path}")).1
}

#[test]
fn a_solids_row_has_the_shape_of_the_schema_and_restores_the_same_bytes() {
    for (solid, features) in [
        (SOFT, FEATURES),
        ("dimension = 3\nparticles = 100\npressure = 0.1", FEATURES),
        (
            "dimension = 2\nparticles = 48\npressure = 0.05\nB = 0.02",
            "[parameters]\nkinds = [\"DkBa\"]\nspecies = [4]",
        ),
        ("dimension = 2\nparticles = 48\npressure = 0.05\nstructure = \"network\"", FEATURES),
        ("dimension = 2\nparticles = 80\npressure = 0.05\nstructure = \"triangular\"", FEATURES),
        (
            "dimension = 2\nparticles = 48\npressure = 0.05\nsize_ratio = 1.0",
            "[parameters]\nspecies = [1, 3]",
        ),
        (SOFT, "[parameters]\nlevel = \"particle\""),
    ] {
        let study = study(solid, features);
        let mut replica = Worker::new(Arc::clone(&study));
        let (row, bytes) =
            replica.solid(0, 3).unwrap_or_else(|failure| panic!("{solid}: {failure}"));
        replica.schemas[0].check_row(&Part::Solid, 1, &row).expect("the schema's shape");
        assert_eq!(replica.restore(0, &row).expect("restorable"), bytes);
        // A second rank, which has computed something else before.
        let mut other = Worker::new(study);
        other.solid(0, 4).expect("solvable");
        let again = other.solid(0, 3).expect("solvable");
        assert_eq!(format!("{:?}", again.0), format!("{row:?}"), "{solid}");
        assert_eq!(again.1, bytes);
    }
}

#[test]
fn every_feature_is_independent_of_the_others_in_a_disordered_solid() {
    let mut replica = Worker::new(study(SOFT, "[parameters]\nspecies = [20]"));
    let (row, _) = replica.solid(0, 2).expect("solvable");
    assert_eq!(values(&row, "D_n20/stress+elastic/rank"), &Values::I32(vec![9]));
    assert_eq!(values(&row, "solids/c_positive_definite").len(), 1);
}

#[test]
fn the_solid_does_not_depend_on_the_scenario_that_asks_for_it() {
    let text = "version = 1\n[study]\nname = \"s\"\n[solid]\ndimension = 2\nparticles = 48\n\
                pressure = 0.05\n[[scenario]]\nname = \"a\"\n[scenario.parameters]\nspecies = [4]\n\
                [[scenario]]\nname = \"b\"\n[scenario.parameters]\nspecies = [5]\n";
    let mut replica = Worker::new(Arc::new(Study::parse("s.toml", text).expect("valid")));
    let first = replica.solid(0, 1).expect("solvable").1;
    assert_eq!(replica.solid(1, 1).expect("solvable").1, first);
    assert_ne!(replica.solid(0, 2).expect("solvable").1, first);
}

#[test]
fn a_solid_that_cannot_be_prepared_is_a_failure_with_one_line() {
    let solid = "dimension = 2\nparticles = 48\npacking_fraction = 0.3\nmax_attempts = 1";
    let failure = Worker::new(study(solid, "")).solid(0, 2).expect_err("unjammed");
    assert!(!failure.reason.contains('\n') && !failure.reason.is_empty(), "{failure}");
    let solid = "dimension = 2\nparticles = 48\nstructure = \"file\"\nfiles = [\"a\", \"b\", \"c\", \"d\", \"e\"]";
    let failure = Worker::new(study(solid, "")).solid(0, 2).expect_err("missing file");
    assert!(failure.reason.contains("c: no such file"), "{failure}");
}

#[test]
fn directions_have_the_shape_of_the_schema_and_the_same_bits_on_any_rank() {
    for (sweep, with_irrelevant) in [
        ("set = [\"stress\", \"elastic\"]\ndirections = 2\nsigns = \"both\"", false),
        ("set = [\"stress\", \"elastic\"]\ndirections = { random = 2 }", false),
        ("set = [\"stress\", \"derived\"]", true),
    ] {
        let more = format!(
            "[features]\nsets = [[\"stress\", \"derived\"], [\"stress\", \"elastic\"]]\n\
             [parameters]\nspecies = [6]\n[sweep]\npoints = 4\ngamma_min = 1e-5\n\
             gamma_max = 1e-3\n{sweep}\n[output]\ncurves = 2"
        );
        let study = study(SOFT, &more);
        let mut replica = Worker::new(Arc::clone(&study));
        let schema = replica.schemas[0].clone();
        for index in [2, 4] {
            let (_, bytes) = replica.solid(0, index).expect("solvable");
            for part in &schema.parts[1..] {
                let row = replica.directions(0, index, &bytes, part).expect("swept");
                schema.check_row(part, index - 2, &row).expect("the schema's shape");
                let mut other = Worker::new(Arc::clone(&study));
                let again = other.directions(0, index, &bytes, part).expect("swept");
                assert_eq!(format!("{again:?}"), format!("{row:?}"));
            }
        }
        let (_, bytes) = replica.solid(0, 2).expect("solvable");
        let causes: Vec<Values> = schema.parts[1..]
            .iter()
            .map(|part| {
                let row = replica.directions(0, 2, &bytes, part).expect("swept");
                values(&row, "D_n6/sweeps/gamma_star_cause").clone()
            })
            .collect();
        let not_applicable = Cause::NotApplicable.code();
        let irrelevant = causes.iter().any(|cause| cause.codes().contains(&not_applicable));
        // Pressure is a combination of the stresses: one of the seven directions moves nothing.
        assert_eq!(irrelevant, with_irrelevant, "{sweep}: {causes:?}");
    }
}
