//! What a check found.

/// Findings of one kind that are kept as text.
pub const FINDINGS_KEPT: usize = 20;

/// One kind of check with what it found.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How many.
    pub looked_at: u64,
    /// How many of them are wrong.
    pub wrong: u64,
    /// A figure for people: the worst case.
    pub note: String,
    /// The first findings, one line each.
    pub findings: Vec<String>,
    /// What could not be decided, and why: not wrong.
    pub undecided: Vec<String>,
}

impl Check {
    pub(super) fn new(name: &'static str) -> Self {
        Check { name, ..Check::default() }
    }

    /// One thing was looked at; where `lines` says something it is wrong.
    pub(super) fn add(&mut self, place: &str, lines: Vec<String>) {
        self.looked_at += 1;
        self.wrong += u64::from(!lines.is_empty());
        for line in lines {
            if self.findings.len() < FINDINGS_KEPT {
                self.findings.push(format!("{place}: {line}"));
            }
        }
    }

    /// Something could not be looked at.
    pub(super) fn skip(&mut self, place: &str, reason: &str) {
        if self.undecided.len() < FINDINGS_KEPT {
            self.undecided.push(format!("{place}: {reason}"));
        }
    }
}

/// How often a flag is raised, and what it means.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Flag {
    /// The scenario.
    pub scenario: String,
    /// The column, or `/items/reason`.
    pub path: String,
    /// What the column says.
    pub meaning: String,
    /// Values by their names, those that occur.
    pub counts: Vec<(String, u64)>,
}

/// Everything that a check found.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Report {
    /// The checks.
    pub sections: Vec<Check>,
    /// The flags that are raised: not wrong, but to be known.
    pub flags: Vec<Flag>,
    /// Items that are not computed yet.
    pub pending: u64,
    /// Items that have failed.
    pub failed: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.sections.iter().all(|section| section.wrong == 0)
    }
}
