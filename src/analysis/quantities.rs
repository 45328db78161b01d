//! Every output quantity, in the order of the columns of the results file.
//!
//! A quantity is added here, with its value; the columns and rows of `run` and the datasets of
//! `measure` follow. In the results file they stand in groups of a scenario: `solids/`, `features/`,
//! `D_n40/` (θ), `D_n40/stress+elastic/` (its feature sets), `D_n40/sweeps/` (its directions) with
//! `snapshots/` and `curve/`; in the file of one solid beside each other.

use faer::Mat;

use super::directions::DirectionResult;
use super::quantity::{Along, Quantity, Value, quantities};
use super::solid::Analysis;
use super::theta::{SetResult, Theta};
use crate::response::allosteric::AllostericPair;
use crate::response::features::Absence;
use crate::response::stability::Stability;
use crate::solid::order::{BondOrder, bond_order};

/// The groups.
pub const SOLIDS: &str = "solids";
pub const FEATURES_GROUP: &str = "features";
pub const SWEEPS: &str = "sweeps";
/// Within [`SWEEPS`], and in the file of one solid.
pub const SNAPSHOTS_GROUP: &str = "snapshots";
pub const CURVE_GROUP: &str = "curve";

/// What is stored of a solid.
#[derive(Clone, Debug)]
pub struct SolidResult {
    /// Row-major (N, d) [length].
    pub positions: Vec<f64>,
    pub edges: Vec<f64>,
    pub species: Vec<usize>,
    pub energy: f64,
    pub pressure: f64,
    pub packing_fraction: f64,
    pub max_force: f64,
    pub contacts: usize,
    pub rattlers: Vec<bool>,
    /// Random starts that it took.
    pub attempts: u64,
    pub stability: Stability,
    pub features: Vec<f64>,
    pub degenerate: Vec<bool>,
    /// Why a feature has no value, where it has none.
    pub absent: Vec<Option<Absence>>,
    /// The pairs of the allosteric features.
    pub pairs: Vec<AllostericPair>,
}

impl SolidResult {
    /// Of an analysed solid that took so many random starts.
    pub fn new<const D: usize>(analysis: &Analysis<D>, attempts: u64) -> Self {
        let (solid, origin) = (&analysis.solid, &analysis.origin);
        let (equilibrium, features) = (&origin.equilibrium, &origin.features);
        Self {
            positions: solid.positions.iter().flatten().copied().collect(),
            edges: solid.cell.edges().iter().copied().collect(),
            species: solid.species.clone(),
            energy: analysis.energy,
            pressure: equilibrium.pressure,
            packing_fraction: solid.packing_fraction(),
            max_force: equilibrium.max_force,
            contacts: equilibrium.contacts.contact_count(),
            rattlers: equilibrium.contacts.rattler.clone(),
            attempts,
            stability: analysis.stability,
            features: features.values.clone(),
            degenerate: features.degenerate.clone(),
            absent: features.absent.clone(),
            pairs: origin.request.pairs.clone(),
        }
    }

    /// The number of rattlers.
    pub fn rattler_count(&self) -> usize {
        self.rattlers.iter().filter(|&&rattles| rattles).count()
    }
}

quantities! {
    /// Of a solid.
    SOLID of SolidResult:
    POSITIONS = "positions", Floats[Particle, Cartesian], "length", "positions of the relaxed solid"
        ("positions" "positions at the energy minimum"): |s| s.positions.clone();
    BOX = "box", Floats[Cartesian], "length", "edges of the periodic box": |s| s.edges.clone();
    SPECIES0 = "species0", Counts[Particle], "1", "class of the particle: 0 small, 1 large"
        (ensemble): |s| s.species.clone();
    ENERGY = "energy", Floats[], "energy", "potential energy": |s| vec![s.energy];
    PRESSURE = "pressure", Floats[], "energy/length^d", "pressure, minus the mean diagonal stress":
        |s| vec![s.pressure];
    PACKING_FRACTION = "packing_fraction", Floats[], "1", "volume of the particles over that of the box":
        |s| vec![s.packing_fraction];
    MAX_FORCE = "max_force", Floats[], "energy/length", "largest residual force on a particle of the backbone"
        ("max_force" "largest residual force on a particle"): |s| vec![s.max_force];
    LOWEST_EIGENVALUE = "lowest_eigenvalue", Floats[], "energy/length^2",
        "lowest eigenvalue of the Hessian without translations and rattlers":
        |s| vec![s.stability.lowest_eigenvalue];
    CONTACTS = "contacts", Counts[], "1", "backbone pairs closer than sigma": |s| vec![s.contacts];
    RATTLERS = "rattlers", Flags[Particle], "1", "the particle is a rattler": |s| s.rattlers.clone();
    RATTLER_COUNT = "rattler_count", Counts[], "1", "number of rattlers"
        (ensemble): |s| vec![s.rattler_count()];
    ATTEMPTS = "attempts", Counts[], "1", "random starts that this solid took"
        (ensemble): |s| vec![s.attempts as usize];
    C_POSITIVE_DEFINITE = "c_positive_definite", Flags[], "1", "the matrix of elastic constants is positive definite"
        ("c_positive_definite" "the matrix of elastic constants over the strain components is positive definite"):
        |s| vec![s.stability.elastic_positive_definite];
    ZERO_MODES = "zero_modes", Counts[], "1", "zero modes beyond the translations": |s| vec![s.stability.zero_modes];
    NEAR_CONTACT = "near_contact", Flags[], "1", "a bond is within rounding of a contact change"
        ("near_contact" "a pair is within rounding of a contact change"): |s| vec![s.stability.near_contact.is_some()];
}

/// What is stored of a solid between order and disorder.
#[derive(Clone, Debug)]
pub struct OrderResult {
    /// Shape (N,).
    pub size_factors: Vec<f64>,
    /// Left sites of the crystal that are occupied again.
    pub healed: usize,
    /// Contacts per particle of the backbone.
    pub coordination: f64,
    pub bonds: BondOrder,
}

impl OrderResult {
    /// Of an analysed solid of which so many sites have healed.
    pub fn new<const D: usize>(analysis: &Analysis<D>, healed: usize) -> Self {
        let (solid, contacts) = (&analysis.solid, &analysis.origin.equilibrium.contacts);
        Self {
            size_factors: (0..solid.len()).map(|i| solid.sizes(i, i)[0]).collect(),
            healed,
            coordination: 2.0 * contacts.contact_count() as f64 / contacts.backbone_count() as f64,
            bonds: bond_order(solid),
        }
    }
}

quantities! {
    /// Of a solid between order and disorder.
    ORDER of OrderResult:
    SIZE_FACTOR = "size_factor", Floats[Particle], "1", "diameter of the particle over that of its species"
        (ensemble): |o| o.size_factors.clone();
    HEALED_SITES = "healed_sites", Counts[], "1",
        "sites of the crystal that their particles had left (solid.defects) and that are occupied again"
        (ensemble): |o| vec![o.healed];
    COORDINATION = "coordination", Floats[], "1", "mean number of contacts of a particle of the backbone"
        (ensemble): |o| vec![o.coordination];
    BOND_ORDER = "bond_order", Floats[], "1",
        "bond-orientational order of all bonds together to the 6 (2d) or 12 (3d) nearest particles: psi_6 or Q_6"
        (ensemble): |o| vec![o.bonds.global];
    LOCAL_BOND_ORDER = "local_bond_order", Floats[], "1",
        "the same of the bonds of one particle, mean over the particles"
        (ensemble): |o| vec![o.bonds.local];
}

quantities! {
    /// Of a solid's features.
    FEATURES of SolidResult:
    FEATURE_VALUES = "values", Floats[Feature], "y",
        "features y: stress and elastic constants [energy/length^d], frequencies [sqrt(energy)/length], nu [1]"
        ("features" "features y: stress (tension positive) and elastic constants [energy/length^d], frequencies [sqrt(energy)/length], nu [1]"):
        |s| s.features.clone();
    DEGENERATE = "degenerate", Flags[Feature], "1",
        "the frequency belongs to a degenerate cluster: its row of J is the cluster's mean derivative":
        |s| s.degenerate.clone();
}

quantities! {
    /// Of features that a solid may lack: modes beyond those of its backbone, strains of rattlers.
    ABSENCES of SolidResult:
    ABSENT = "absent", Absences[Feature], "1", "why the feature has no value (NaN), and no row of J, in this solid":
        |s| s.absent.clone();
}

quantities! {
    /// Of allosteric features.
    ALLOSTERIC of SolidResult:
    ALLOSTERIC_PAIRS = "allosteric_pairs", Counts[Pair, Role, End], "1",
        "particles of the source and of the target of every allosteric feature":
        |s| s.pairs.iter().flat_map(|pair| pair.particles()).collect();
}

quantities! {
    /// Of a parameterisation.
    THETA of Theta:
    SPECIES = "species", Counts[Particle], "1", "species of the particle in this parameterisation"
        (ensemble): |t| t.space().map_or(Vec::new(), |(assignment, _)| assignment.species.clone());
    THETA0 = "theta0", Floats[Parameter], "theta",
        "parameters of the solid as prepared: D [length], k and B [energy], a [1/length]"
        ("theta0" "parameters as they stand: D, sigma [length], k and B [energy], a [1/length]"):
        |t| t.values.clone();
    JACOBIAN = "jacobian", Floats[Feature, Parameter], "y/theta", "J = dy/dtheta through the energy minimisation (Eq. 2)"
        ("jacobian" "J = dy/dtheta through the energy minimisation at fixed box (Eq. 2)"): |t| row_major(&t.jacobian);
    INERT = "inert", Flags[Parameter], "1",
        "no bond depends on the parameter (rattlers, or species that never meet): its column of J is zero":
        |t| t.inert.clone();
}

quantities! {
    /// Of a feature set.
    SET of SetResult:
    SINGULAR_VALUES = "singular_values", Floats[Mode], "y/theta", "singular values s of J: susceptibilities (Eq. 3)":
        |s| s.svd.singular_values.clone();
    LEFT = "left", Floats[FeatureOfSet, Mode], "1", "left singular vectors, as columns": |s| row_major(&s.svd.left);
    RIGHT = "right", Floats[Mode, Parameter], "1", "right singular vectors, as rows; the largest component is positive":
        |s| row_major(&s.svd.right);
    RANK = "rank", Counts[], "1", "number of independent features": |s| vec![s.svd.rank];
    RANK_WITHOUT_MODES = "rank_without_modes", Counts[], "1", "rank of the rows that are not frequencies":
        |s| s.rank_without_modes.into_iter().collect();
    GAP = "gap", Floats[], "1", "s_rank / s_rank+1, how clear the rank is"
        ("gap" "s_rank / s_rank+1, how clear the rank is; infinite where it is full"): |s| vec![s.svd.gap];
}

quantities! {
    /// Of a direction; the first axis is the direction.
    DIRECTION of DirectionResult:
    SIGN = "sign", Integers[], "1", "orientation of the direction, +1 or -1"
        ("sign" "orientation of the direction, +1 or -1; with both signs +, - alternate"): |d| vec![d.direction.sign];
    SUSCEPTIBILITY = "susceptibility", Floats[], "y/theta", "|J dtheta_hat|; the singular value for a singular direction"
        ("susceptibility" "|J dtheta_hat| over the features of the attribute sweep_set"):
        |d| vec![d.direction.susceptibility];
    GAMMA_STAR = "gamma_star", Floats[Bracket], "theta", "end of the linear regime, as a bracket of |delta theta|"
        ("gamma_star" "end of the linear regime, as a bracket [lo, hi] of |delta theta|; hi is NaN where it was not reached"):
        |d| vec![d.sweep.gamma_star.lo, d.sweep.gamma_star.hi];
    GAMMA_STAR_CAUSE = "gamma_star_cause", Causes[], "1", "why gamma_star stands where it stands"
        ("gamma_star_cause" "why the threshold stands where it stands"): |d| vec![d.sweep.gamma_star.cause];
    GAMMA_CONTACT = "gamma_contact", Floats[Bracket], "theta", "first change of the contact set, as a bracket of |delta theta|"
        ("gamma_contact" "first change of the contact set, as a bracket [lo, hi] of |delta theta|; hi is NaN where it was not reached"):
        |d| vec![d.sweep.gamma_contact.lo, d.sweep.gamma_contact.hi];
    GAMMA_CONTACT_CAUSE = "gamma_contact_cause", Causes[], "1", "why gamma_contact stands where it stands"
        ("gamma_contact_cause" "why the threshold stands where it stands"): |d| vec![d.sweep.gamma_contact.cause];
    GAMMA_REARRANGEMENT = "gamma_rearrangement", Floats[Bracket], "theta",
        "first structural rearrangement, as a bracket of |delta theta|"
        ("gamma_rearrangement" "first structural rearrangement, as a bracket [lo, hi] of |delta theta|; hi is NaN where it was not reached"):
        |d| vec![d.sweep.gamma_rearrangement.lo, d.sweep.gamma_rearrangement.hi];
    GAMMA_REARRANGEMENT_CAUSE = "gamma_rearrangement_cause", Causes[], "1",
        "why gamma_rearrangement stands where it stands"
        ("gamma_rearrangement_cause" "why the threshold stands where it stands"):
        |d| vec![d.sweep.gamma_rearrangement.cause];
    GAMMA_TILDE = "gamma_tilde", Floats[], "theta", "where the second-order term alone predicts gamma_star"
        ("gamma_tilde" "where the second-order term alone predicts gamma_star, over the features of the attribute sweep_set; NaN for a direction that is not relevant, or with a degenerate frequency"):
        |d| vec![d.gamma_tilde];
    ZETA = "zeta", Floats[], "y", "maximum linear tunability gamma_star times susceptibility":
        |d| vec![d.direction.susceptibility * d.sweep.gamma_star.centre()];
    STEPS = "steps", Counts[], "1", "accepted steps that the sweep took": |d| vec![d.sweep.counters.steps as usize];
    RELAXATIONS = "relaxations", Counts[], "1", "relaxations that the sweep took"
        ("relaxations" "relaxations by FIRE"): |d| vec![d.sweep.counters.relaxations as usize];
    FACTORISATIONS = "factorisations", Counts[], "1", "factorisations of the Hessian that the sweep took"
        ("factorisations" "factorisations of the Hessian"): |d| vec![d.sweep.counters.factorisations as usize];
    FORCE_EVALUATIONS = "force_evaluations", Counts[], "1", "force evaluations that the sweep took"
        ("force_evaluations" "force evaluations"): |d| vec![d.sweep.counters.force_evaluations as usize];
    LINEAR = "linear", Floats[FeatureOfSet], "y/theta", "linear prediction J dtheta_hat, per unit of gamma":
        |d| d.linear.clone();
    CURVATURE = "curvature", Floats[FeatureOfSet], "y/theta^2", "second derivative of y along the direction"
        ("curvature" "second derivative of y along the direction; NaN for a degenerate frequency"):
        |d| d.curvature.clone();
    DIRECTION_VECTOR = "direction_vector", Floats[Parameter], "1", "unit vector dtheta_hat"
        ("directions" "unit vectors dtheta_hat, as rows"): |d| d.direction.vector.clone();
    WEIGHTS = "weights", Floats[FeatureOfSet], "|y|/y", "weight of each feature in |delta y| (sweep.scale)"
        ("weights" "weight of each feature of the attribute sweep_set in |delta y| (attribute scale)"):
        |d| d.weights.clone();
}

quantities! {
    /// Of a direction that a single solid has, whether it is swept or not.
    ALONE of DirectionResult:
    RELEVANT = "relevant", Flags[], "1", "the direction changes the features of the sweep at all":
        |d| vec![d.direction.relevant];
}

/// Those that need no sweep.
pub const WITHOUT_SWEEP: [&str; 6] = [
    SIGN.name,
    SUSCEPTIBILITY.name,
    GAMMA_TILDE.name,
    LINEAR.name,
    CURVATURE.name,
    DIRECTION_VECTOR.name,
];

/// The thresholds with their causes.
pub const THRESHOLDS: [(&Quantity<DirectionResult>, &Quantity<DirectionResult>); 3] = [
    (&GAMMA_STAR, &GAMMA_STAR_CAUSE),
    (&GAMMA_CONTACT, &GAMMA_CONTACT_CAUSE),
    (&GAMMA_REARRANGEMENT, &GAMMA_REARRANGEMENT_CAUSE),
];

quantities! {
    /// Positions on either side of the thresholds of a direction.
    SNAPSHOTS of DirectionResult:
    CONTACT_BEFORE = "contact_before", Floats[Particle, Cartesian], "length",
        "positions at the lower end of gamma_contact; NaN where it was not reached (see its cause)"
        ("contact_before" "positions at the lower end of gamma_contact; NaN where it was not reached (see gamma_contact_cause)"):
        |d| d.snapshot(|s| &s.contact_snapshots, |both| &both.before);
    CONTACT_AFTER = "contact_after", Floats[Particle, Cartesian], "length",
        "positions at the upper end of gamma_contact; NaN where it was not reached (see its cause)"
        ("contact_after" "positions at the upper end of gamma_contact; NaN where it was not reached (see gamma_contact_cause)"):
        |d| d.snapshot(|s| &s.contact_snapshots, |both| &both.after);
    REARRANGEMENT_BEFORE = "rearrangement_before", Floats[Particle, Cartesian], "length",
        "positions at the lower end of gamma_rearrangement; NaN where it was not reached (see its cause)"
        ("rearrangement_before" "positions at the lower end of gamma_rearrangement; NaN where it was not reached (see gamma_rearrangement_cause)"):
        |d| d.snapshot(|s| &s.rearrangement_snapshots, |both| &both.before);
    REARRANGEMENT_AFTER = "rearrangement_after", Floats[Particle, Cartesian], "length",
        "positions at the upper end of gamma_rearrangement; NaN where it was not reached (see its cause)"
        ("rearrangement_after" "positions at the upper end of gamma_rearrangement; NaN where it was not reached (see gamma_rearrangement_cause)"):
        |d| d.snapshot(|s| &s.rearrangement_snapshots, |both| &both.after);
}

/// The end of a bracket at which a snapshot was taken: (snapshot, threshold, 0 or 1).
pub type SnapshotEnd =
    (&'static Quantity<DirectionResult>, &'static Quantity<DirectionResult>, usize);

/// Where the snapshots were taken.
pub const SNAPSHOT_ENDS: [SnapshotEnd; 4] = [
    (&CONTACT_BEFORE, &GAMMA_CONTACT, 0),
    (&CONTACT_AFTER, &GAMMA_CONTACT, 1),
    (&REARRANGEMENT_BEFORE, &GAMMA_REARRANGEMENT, 0),
    (&REARRANGEMENT_AFTER, &GAMMA_REARRANGEMENT, 1),
];

quantities! {
    /// Of the curve along a direction.
    CURVE of DirectionResult:
    DELTA_Y = "delta_y", Floats[Gamma, FeatureOfSet], "y", "measured change of the features":
        |d| d.curve(|p| p.delta_y.clone(), vec![f64::NAN; d.weights.len()]).concat();
    NORM = "norm", Floats[Gamma], "|y|", "|delta y|": |d| d.curve(|p| p.norm, f64::NAN);
    LINEAR_NORM = "linear_norm", Floats[Gamma], "|y|", "|J delta theta|": |d| d.curve(|p| p.linear_norm, f64::NAN);
    DIFFERENCE = "difference", Floats[Gamma], "|y|", "|delta y - J delta theta|": |d| d.curve(|p| p.difference, f64::NAN);
    QUADRATIC = "quadratic", Floats[Gamma], "|y|", "norm of the second-order term": |d| d.curve(|p| p.quadratic, f64::NAN);
    CONTACTS_CHANGED = "contacts_changed", Counts[Gamma], "1", "pairs that entered or left the contact set":
        |d| d.curve(|p| p.contacts_changed, 0);
    LARGEST_DISPLACEMENT = "largest_displacement", Floats[Gamma], "length", "largest displacement of a particle"
        ("largest_displacement" "largest displacement of a backbone particle, modulo translation"):
        |d| d.curve(|p| p.largest_displacement, f64::NAN);
    CURVE_EIGENVALUE = "lowest_eigenvalue", Floats[Gamma], "energy/length^2", "lowest eigenvalue of the Hessian":
        |d| d.curve(|p| p.lowest_eigenvalue, f64::NAN);
    VALID = "valid", Flags[Gamma], "1", "the point was reached; where it is 0 the others are NaN":
        |d| d.curve(|_| true, false);
}

/// The description of the grid of γ.
pub const GAMMA: &str = "size of the parameter change |delta theta|";

/// The elements of a matrix, row after row.
fn row_major(matrix: &Mat<f64>) -> Vec<f64> {
    (0..matrix.nrows())
        .flat_map(|row| (0..matrix.ncols()).map(move |column| matrix[(row, column)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::quantity::CAUSE_SUFFIX;
    use super::*;

    fn names<T>(group: &str, list: &[Quantity<T>]) -> Vec<String> {
        let alone = list.iter().filter_map(|quantity| quantity.alone);
        alone.map(|(name, _)| format!("{group}{name}")).collect()
    }

    #[test]
    fn every_quantity_of_one_solid_has_a_name_of_its_own() {
        let mut all = [
            names("", SOLID),
            names("", FEATURES),
            names("", ABSENCES),
            names("", ALLOSTERIC),
            names("", THETA),
            names("", SET),
            names("", DIRECTION),
            names("", ALONE),
            names(SNAPSHOTS_GROUP, SNAPSHOTS),
            names(CURVE_GROUP, CURVE),
        ]
        .concat();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn the_causes_of_thresholds_are_named_after_them() {
        for (threshold, cause) in THRESHOLDS {
            assert_eq!(format!("{}{CAUSE_SUFFIX}", threshold.name), cause.name);
        }
    }
}
