//! Why a threshold of a γ-sweep stands where it stands.

/// The cause that is stored beside every threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Cause {
    /// Nobody has looked at this direction yet: no done row holds it.
    NotComputed = 0,
    /// The smooth growth of higher orders, within one contact set.
    Curvature = 1,
    /// The contact set changed.
    ContactChange = 2,
    /// The solid jumped irreversibly to another minimum.
    Rearrangement = 3,
    /// The Hessian stopped being positive definite, or the solid unjammed.
    LostRigidity = 4,
    /// A parameter left its range (D, k ≤ 0; B < 0).
    ParameterOutOfRange = 5,
    /// The minimiser did not converge.
    NotConverged = 6,
    /// γ_max was reached first: the threshold lies beyond it.
    Censored = 7,
    /// No threshold was looked for: the direction is irrelevant (beyond the rank of J).
    NotApplicable = 8,
}

impl Cause {
    /// Every cause, in the order of its code.
    pub const ALL: [Cause; 9] = [
        Cause::NotComputed,
        Cause::Curvature,
        Cause::ContactChange,
        Cause::Rearrangement,
        Cause::LostRigidity,
        Cause::ParameterOutOfRange,
        Cause::NotConverged,
        Cause::Censored,
        Cause::NotApplicable,
    ];

    /// The code that the results file holds.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The cause with this code.
    pub fn from_code(code: u8) -> Option<Cause> {
        Cause::ALL.get(usize::from(code)).copied()
    }

    /// Today's code of a code of format version 1, where not_applicable was 0.
    pub fn from_version_1(code: u8) -> u8 {
        if code == 0 { Cause::NotApplicable.code() } else { code }
    }

    /// The name that tables and the file's `flag_meanings` use.
    pub fn name(self) -> &'static str {
        match self {
            Cause::NotComputed => "not_computed",
            Cause::Curvature => "curvature",
            Cause::ContactChange => "contact_change",
            Cause::Rearrangement => "rearrangement",
            Cause::LostRigidity => "lost_rigidity",
            Cause::ParameterOutOfRange => "parameter_out_of_range",
            Cause::NotConverged => "not_converged",
            Cause::Censored => "censored",
            Cause::NotApplicable => "not_applicable",
        }
    }
}
