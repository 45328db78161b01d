//! Whether the box can hold the interaction: the minimum image needs an edge longer than twice
//! the range.

use std::f64::consts::PI;

use super::error::ConfigError;
use super::section::Section;
use super::solid::SolidConfig;
use crate::relax::disorder::CUT;
use crate::relax::prepare::Target;
use crate::relax::pressure::start_packing_fraction;
use crate::solid::overlap::harmonic_pressure;

/// The packing fraction of a packing of harmonic spheres at this pressure [largest k/length^d].
fn packing_fraction(dimension: usize, pressure: f64) -> f64 {
    if dimension == 2 {
        start_packing_fraction::<2>(pressure)
    } else {
        start_packing_fraction::<3>(pressure)
    }
}

/// The largest distance at which two particles interact [small diameters].
pub fn range(solid: &SolidConfig) -> f64 {
    let potential = &solid.recipe.potential;
    let tail = if solid.is_attractive() { potential.tail.end() / potential.a } else { 0.0 };
    let spread = solid.recipe.disorder.map_or(0.0, |disorder| CUT * disorder.polydispersity);
    solid.recipe.size_ratio * (1.0 + spread) + tail
}

/// The edge of a cubic box that holds the particles at the target [small diameters]; none for
/// solids from files.
pub fn edge(solid: &SolidConfig) -> Option<f64> {
    if solid.is_from_files() {
        return None;
    }
    let fraction = match solid.recipe.target {
        Target::PackingFraction(fraction) => fraction,
        Target::Pressure(pressure) => {
            let exponent = solid.recipe.potential.exponent;
            packing_fraction(
                solid.dimension,
                harmonic_pressure(exponent, pressure / solid.energy_unit()),
            )
        }
    };
    let (small, large) = solid.class_sizes();
    let d = solid.dimension as i32;
    let unit_ball = if d == 2 { PI / 4.0 } else { PI / 6.0 };
    let volume =
        unit_ball * (small as f64 + large as f64 * solid.recipe.size_ratio.powi(d)) / fraction;
    Some(volume.powf(1.0 / f64::from(d)))
}

/// Refuses a box that is too small for the minimum image.
pub(super) fn check_box(solid: &SolidConfig, section: &Section<'_>) -> Result<(), ConfigError> {
    let (range, particles) = (range(solid), solid.recipe.particles);
    let Some(edge) = edge(solid).filter(|edge| !(*edge > 2.0 * range)) else { return Ok(()) };
    let enough = (particles as f64 * (2.0 * range / edge).powi(solid.dimension as i32)).ceil();
    Err(section.refuse(
        "particles",
        particles,
        format!(
            "a box edge above twice the interaction range ({range:.3}), but the edge is about \
             {edge:.3}: take more than {enough:.0} particles or a smaller range"
        ),
    ))
}
