//! Why items failed, grouped by kind: reasons that differ in their numbers only are one kind.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::Serialize;

use crate::format::archive::{Archive, ArchiveError, State};

/// Different kinds that are told apart; further ones are counted as [`OTHER`].
const KINDS: usize = 256;
/// The kind of what is not told apart.
pub const OTHER: &str = "other reasons";
/// Stands for a number.
const NUMBER: char = '#';

/// Failures of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason with every number replaced by `#`.
    pub kind: String,
    /// How many items.
    pub count: u64,
    /// The first of these reasons, whole.
    pub example: String,
    /// Whether others of the kind have other numbers.
    pub varied: bool,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.varied {
            write!(f, "{}; one of them: {}", self.kind, self.example)
        } else {
            write!(f, "{}", self.example)
        }
    }
}

/// Counts reasons.
#[derive(Clone, Debug, Default)]
pub struct Reasons(BTreeMap<String, Reason>);

impl Reasons {
    /// One more failure.
    pub fn add(&mut self, reason: &str) {
        let kind = kind_of(reason);
        let known = self.0.len() < KINDS || self.0.contains_key(&kind);
        let (kind, example) = if known { (kind, reason) } else { (OTHER.to_owned(), OTHER) };
        let entry = self.0.entry(kind).or_insert_with_key(|kind| Reason {
            kind: kind.clone(),
            count: 0,
            example: example.to_owned(),
            varied: false,
        });
        entry.count += 1;
        entry.varied |= entry.example != example;
    }

    /// The reasons of the failed ones among some rows of `/items`.
    pub fn add_failed<S>(
        &mut self,
        archive: &Archive<S>,
        rows: &Range<u64>,
        states: &[State],
    ) -> Result<(), ArchiveError> {
        if states.contains(&State::Failed) {
            let failed = states.iter().map(|&state| state == State::Failed);
            let reasons = archive.reasons(rows)?.into_iter().zip(failed);
            reasons.filter(|(_, failed)| *failed).for_each(|(reason, _)| self.add(&reason));
        }
        Ok(())
    }

    /// The kinds, the most frequent first; those beyond `most` are put together.
    pub fn into_kinds(self, most: usize) -> Vec<Reason> {
        let mut kinds: Vec<Reason> = self.0.into_values().collect();
        kinds.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        if kinds.len() > most {
            let rest = kinds.split_off(most.saturating_sub(1));
            let count = rest.iter().map(|reason| reason.count).sum();
            let other = || OTHER.to_owned();
            kinds.push(Reason { kind: other(), count, example: other(), varied: false });
        }
        kinds
    }
}

/// The reason without its numbers. A digit within a name (`D_n6`, `C_xx1`) is no number.
fn kind_of(reason: &str) -> String {
    let mut kind = String::with_capacity(reason.len());
    let mut rest = reason.chars().peekable();
    let mut before = ' ';
    while let Some(c) = rest.next() {
        let begins = c.is_ascii_digit() && !(before.is_alphanumeric() || before == '_');
        before = c;
        if !begins {
            kind.push(c);
            continue;
        }
        // A sign belongs to the number; one after a letter or digit is a hyphen.
        if kind.ends_with('-') && !kind.trim_end_matches('-').ends_with(char::is_alphanumeric) {
            kind.pop();
        }
        kind.push(NUMBER);
        while let Some(&next) = rest.peek() {
            let exponent_sign = matches!(next, '-' | '+') && matches!(before, 'e' | 'E');
            let point = next == '.' && {
                let mut ahead = rest.clone();
                ahead.next();
                ahead.next().is_some_and(|after| after.is_ascii_digit())
            };
            if !(next.is_ascii_alphanumeric() || exponent_sign || point) {
                break;
            }
            before = next;
            rest.next();
        }
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_that_differ_in_numbers_are_one_kind() {
        let kinds = [
            ("max|F| = 1.30e-11, accepted 1.00e-11", "max|F| = #, accepted #"),
            ("no solid after 10 attempts.", "no solid after # attempts."),
            ("pressure -2.5e-1 not reached", "pressure # not reached"),
            ("D_n6: B_0_1 = 0 has no column", "D_n6: B_0_1 = # has no column"),
            ("c-3: no such file", "c-#: no such file"),
        ];
        for (reason, kind) in kinds {
            assert_eq!(kind_of(reason), kind);
        }
        let mut reasons = Reasons::default();
        for reason in ["f = 2e-3", "unjammed", "f = 1", "f = -1e5"] {
            reasons.add(reason);
        }
        let found = reasons.clone().into_kinds(9);
        assert_eq!((found[0].kind.as_str(), found[0].count), ("f = #", 3));
        assert_eq!(found[0].to_string(), "f = #; one of them: f = 2e-3");
        assert_eq!(found[1].to_string(), "unjammed");
        let together = &reasons.into_kinds(1)[0];
        assert_eq!((together.kind.as_str(), together.count), (OTHER, 4));
    }
}
