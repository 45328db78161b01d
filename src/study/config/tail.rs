//! How the attraction ends: the keys `switch` and `cutoff` of `[solid]`.

use std::ops::RangeInclusive;

use super::error::ConfigError;
use super::section::Section;
use crate::solid::potential::Tail;

/// Ends of the switch in units of 1/a.
pub const SWITCH: RangeInclusive<f64> = 0.1..=50.0;

/// Reads `switch` and `cutoff`.
pub(super) fn read(section: &Section<'_>) -> Result<Tail, ConfigError> {
    const ALLOWED: &str = "{ from = 5.0, to = 9.9 } with from < to, or \"none\"";
    const ONLY: &str = "this key only with switch = \"none\"";
    let cutoff = section.find("cutoff");
    let Some(entry) = section.find("switch") else {
        return cutoff.map_or(Ok(Tail::DEFAULT), |cutoff| Err(cutoff.refuse(ONLY)));
    };
    if entry.value.as_str() == Some("none") {
        let cutoff = section.require(
            "cutoff",
            "with switch = \"none\": the end of the attraction in units of 1/a",
        )?;
        return Ok(Tail::Truncated { cutoff: cutoff.f64(SWITCH)? });
    }
    if let Some(cutoff) = cutoff.filter(|cutoff| cutoff.layer <= entry.layer) {
        return Err(cutoff.refuse(ONLY));
    }
    let [Some(from), Some(to)] = entry.members(["from", "to"], ALLOWED)? else {
        return Err(entry.refuse(ALLOWED));
    };
    let (from, to) = (from.f64(SWITCH)?, to.f64(SWITCH)?);
    if from >= to {
        return Err(entry.refuse(ALLOWED));
    }
    Ok(Tail::Switched { from, to })
}
