//! How a design ends, and the way that it has gone.

use crate::system::words::Word;

/// How a design ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every target is met; in an ensemble design the verification agrees with every one.
    Reached,
    /// No step leads nearer, and noise does not help.
    Stationary,
    /// To first order the targets exclude each other.
    Infeasible,
    /// Every step nearer leads where there is no solid, or too few of an ensemble.
    LostRigidity,
    /// A bound of a parameter holds the design back.
    Bound,
    /// The re-linearisations, or rounds, are used up.
    Limit,
    /// The rounds of an ensemble design show nothing to correct, but the verification disagrees.
    StatisticalLimit,
}

impl Word for Outcome {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("reached", Outcome::Reached),
        ("stationary", Outcome::Stationary),
        ("infeasible", Outcome::Infeasible),
        ("lost_rigidity", Outcome::LostRigidity),
        ("bound", Outcome::Bound),
        ("limit", Outcome::Limit),
        ("statistical_limit", Outcome::StatisticalLimit),
    ];
}

impl Outcome {
    /// The codes that the results file holds, with their names.
    pub const CODES: &'static [(u8, &'static str)] = &[
        (0, "not_computed"),
        (1, "reached"),
        (2, "stationary"),
        (3, "infeasible"),
        (4, "lost_rigidity"),
        (5, "bound"),
        (6, "limit"),
        (7, "statistical_limit"),
    ];

    /// Its code.
    pub fn code(self) -> u8 {
        let found = Self::CODES.iter().find(|(_, name)| *name == self.word());
        found.map_or(0, |(code, _)| *code)
    }
}

/// A combination of targeted features that no parameter moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Incompatible {
    /// Coefficients of the relative changes of the targets, a left singular vector of J, shape (targets,).
    pub combination: Vec<f64>,
    /// By how much the wishes ask for it to change.
    pub asked: f64,
    /// Its singular value in units of the largest one.
    pub response: f64,
}

/// One state of the way.
#[derive(Clone, Debug)]
pub struct Stop {
    /// θ, shape (n_θ,).
    pub theta: Vec<f64>,
    /// The targeted features, shape (targets,).
    pub values: Vec<f64>,
    /// The largest error of a target in units of its scale.
    pub residual: f64,
    /// |Δθ| since the stop before, in the norm of the design.
    pub length: f64,
    /// Contacts made plus contacts broken since the stop before.
    pub contacts_changed: usize,
    /// Rearrangements since the stop before.
    pub rearrangements: usize,
    /// Noise, and not a step towards the targets, led here.
    pub noise: bool,
}
