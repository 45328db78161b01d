//! The thresholds of a γ-sweep and what it cost to find them.

use super::cause::Cause;

/// Where something happens first along a direction, as a bracket, with its cause.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// It has not happened yet at this γ. NaN only where nothing was looked for.
    pub lo: f64,
    /// It has happened at this γ; NaN where it was not reached (see `cause`).
    pub hi: f64,
    pub cause: Cause,
}

impl Threshold {
    /// Nothing was looked for.
    pub const NOT_APPLICABLE: Threshold =
        Threshold { lo: f64::NAN, hi: f64::NAN, cause: Cause::NotApplicable };

    /// Not reached up to `lo`, where the sweep ended for this cause.
    pub fn beyond(lo: f64, cause: Cause) -> Self {
        Self { lo, hi: f64::NAN, cause }
    }

    /// Was it reached?
    pub fn found(&self) -> bool {
        self.hi.is_finite()
    }

    /// √(lo·hi), the best estimate; NaN where it was not reached.
    pub fn centre(&self) -> f64 {
        (self.lo * self.hi).sqrt()
    }
}

/// What a direction cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Accepted states along the path.
    pub steps: u64,
    /// Relaxations by FIRE.
    pub relaxations: u64,
    /// Numeric Cholesky factorisations.
    pub factorisations: u64,
    /// Force evaluations, those of FIRE included.
    pub force_evaluations: u64,
}

/// One point of the curve of Fig. 3.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    pub gamma: f64,
    /// Δy, shape (n_y of the set,).
    pub delta_y: Vec<f64>,
    /// |Δy|.
    pub norm: f64,
    /// |J Δθ̂ γ|.
    pub linear_norm: f64,
    /// |Δy − J Δθ̂ γ|.
    pub difference: f64,
    /// |½ y'' γ²|.
    pub quadratic: f64,
    /// Contacts made plus contacts broken since γ = 0.
    pub contacts_changed: usize,
    /// Largest displacement of a backbone particle since γ = 0, modulo translation [length].
    pub largest_displacement: f64,
    /// Lowest non-zero eigenvalue of H [energy/length²].
    pub lowest_eigenvalue: f64,
}

/// The solid on either side of a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshots {
    /// Positions at `lo`, row-major (N, d) [length].
    pub before: Vec<f64>,
    /// Positions at `hi`.
    pub after: Vec<f64>,
}

/// The outcome of a sweep along one direction.
#[derive(Clone, Debug, PartialEq)]
pub struct SweepResult {
    pub gamma_star: Threshold,
    pub gamma_contact: Threshold,
    pub gamma_rearrangement: Threshold,
    /// Where the γ² term alone predicts γ*.
    pub gamma_tilde: f64,
    /// J Δθ̂, shape (n_y of the set,).
    pub linear: Vec<f64>,
    /// d²y/dγ², shape (n_y of the set,).
    pub curvature: Vec<f64>,
    pub counters: Counters,
    /// Positions just before and after γ_c and γ_r, flat (N·d), where these were reached.
    pub contact_snapshots: Option<Snapshots>,
    pub rearrangement_snapshots: Option<Snapshots>,
    /// One entry per point of the grid; `None` where the solid no longer exists. Empty where no
    /// curve was asked for.
    pub curve: Vec<Option<CurvePoint>>,
}

impl SweepResult {
    /// A direction that was not swept, with its linear prediction (zero within rounding).
    pub fn not_applicable(linear: Vec<f64>) -> Self {
        SweepResult {
            gamma_star: Threshold::NOT_APPLICABLE,
            gamma_contact: Threshold::NOT_APPLICABLE,
            gamma_rearrangement: Threshold::NOT_APPLICABLE,
            gamma_tilde: f64::NAN,
            curvature: vec![f64::NAN; linear.len()],
            linear,
            counters: Counters::default(),
            contact_snapshots: None,
            rearrangement_snapshots: None,
            curve: Vec::new(),
        }
    }
}
