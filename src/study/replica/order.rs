//! Looks again at what is stored of a solid between order and disorder.

use super::error::ReplicaError;
use crate::analysis::quantities::{self, SOLIDS};
use crate::analysis::values::Row;
use crate::solid::Solid;
use crate::solid::order::bond_order;
use crate::solid::random::StreamKey;
use crate::study::config::Scenario;

/// Rounding of quantities that are computed again from the same positions.
const AGAIN: f64 = 1e-9;

/// Sizes, healed sites, coordination and bond order of a solid between order and disorder; `key` is that of
/// the attempt that made it. What differs, a line each.
pub(super) fn examine<const D: usize>(
    solid: &Solid<D>,
    config: &Scenario,
    key: &StreamKey,
    row: &Row,
) -> Result<Vec<String>, ReplicaError> {
    let Some(disorder) = &config.solid.recipe.disorder else { return Ok(Vec::new()) };
    let mut wrong = Vec::new();
    let mut contacts = quantities::CONTACTS.counts(row, SOLIDS, 1)?[0] as f64;
    let rattlers = quantities::RATTLERS.flags(row, SOLIDS, solid.len())?;
    contacts *= 2.0 / rattlers.iter().filter(|&&rattles| rattles == 0).count() as f64;
    let bonds = bond_order(solid);
    let expected = [
        (&quantities::SIZE_FACTOR, disorder.size_factors(solid.len(), key)),
        (&quantities::COORDINATION, vec![contacts]),
        (&quantities::BOND_ORDER, vec![bonds.global]),
        (&quantities::LOCAL_BOND_ORDER, vec![bonds.local]),
    ];
    for (quantity, values) in expected {
        let stored = quantity.floats(row, SOLIDS, values.len())?;
        let off = |(a, b): (&f64, &f64)| (a - b).abs();
        if let Some(off) = stored.iter().zip(&values).map(off).find(|off| !(*off <= AGAIN)) {
            wrong.push(format!("{} is off by {off:.1e}", quantity.name));
        }
    }
    if quantities::HEALED_SITES.counts(row, SOLIDS, 1)? != [disorder.healed(solid, key)] {
        wrong.push("another number of healed sites is stored".to_owned());
    }
    Ok(wrong)
}
