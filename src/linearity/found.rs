//! The thresholds of a sweep while they are being found.

use super::cause::Cause;
use super::thresholds::{Snapshots, Threshold};

/// The thresholds while they are being found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) star: Option<Threshold>,
    pub(super) contact: Option<Threshold>,
    pub(super) rearrangement: Option<Threshold>,
    pub(super) contact_snapshots: Option<Snapshots>,
    pub(super) rearrangement_snapshots: Option<Snapshots>,
}

impl Found {
    pub(super) fn complete(&self) -> bool {
        self.star.is_some() && self.contact.is_some() && self.rearrangement.is_some()
    }

    pub(super) fn resolving(&self) -> bool {
        self.star.is_none() || self.contact.is_none()
    }

    /// The sweep ends here: what is open lies beyond `gamma`.
    pub(super) fn end(&mut self, gamma: f64, cause: Cause) {
        for threshold in [&mut self.star, &mut self.contact, &mut self.rearrangement] {
            threshold.get_or_insert(Threshold::beyond(gamma, cause));
        }
    }

    /// The solid is lost between `lo` and `hi`: that ends the linear regime and the contact set.
    pub(super) fn lose(&mut self, lo: f64, hi: f64, cause: Cause) {
        if cause == Cause::LostRigidity {
            for threshold in [&mut self.star, &mut self.contact] {
                threshold.get_or_insert(Threshold { lo, hi, cause });
            }
        }
        self.end(lo, cause);
    }
}
