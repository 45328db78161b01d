//! Polydispersity and defects: keys of `[solid]` that every structure but a network and a file may have, and
//! crystals alone.

use super::error::ConfigError;
use super::section::Section;
use crate::relax::disorder::Disorder;
use crate::relax::prepare::Structure;

/// What the two keys ask for; none where neither is there. A key of the shared table is ignored where it
/// does not fit the structure of a scenario.
pub(super) fn read(
    section: &Section<'_>,
    structure: Option<Structure>,
) -> Result<Option<Disorder>, ConfigError> {
    let of = |key: &str, structures: &[Structure], words: &str| match section.find(key) {
        Some(entry) if structure.is_some_and(|structure| structures.contains(&structure)) => {
            entry.f64(section.form(key).numbers()).map(Some)
        }
        Some(entry) if entry.layer == 0 => {
            Err(entry.refuse(format!("this key only with structure = {words}")))
        }
        _ => Ok(None),
    };
    let crystal = Structure::Crystal;
    let words = r#""disordered", "triangular" or "fcc""#;
    let polydispersity = of("polydispersity", &[Structure::Disordered, crystal], words)?;
    let defects = of("defects", &[crystal], r#""triangular" or "fcc""#)?;
    let asked = polydispersity.is_some() || defects.is_some();
    Ok(asked.then(|| Disorder {
        polydispersity: polydispersity.unwrap_or(0.0),
        defects: defects.unwrap_or(0.0),
    }))
}
