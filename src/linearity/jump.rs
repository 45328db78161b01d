//! What counts as a jump: one definition for the judge of rearrangements and for the steps of the
//! path, which must not pass over what the judge would call one.

/// The relative width of the bracket at which a rearrangement is judged.
pub const JUDGED_WIDTH: f64 = 1e-3;

/// A jump is more than this many predicted steps of the judged width.
pub const JUMP: f64 = 10.0;

/// Displacements that are never a jump [smallest diameter]: rounding of directions that move little.
pub const NO_JUMP: f64 = 1e-8;

/// Share of the smallest jump inside a step that may stay unexplained by the step's two ends. Half:
/// what the responses leave of a smooth path may hide as much again. On 108 directions of soft spheres
/// (N = 64) the criterion costs 37.3 factorisations per direction instead of 31.7; twice as much room
/// costs 35.3, half as much 42.2.
const UNEXPLAINED: f64 = 0.5;

/// The first step starts at γ = 0, where every displacement is many predicted steps; a jump is looked
/// for from this share of its end on.
const FIRST_STEP: f64 = 0.1;

/// The smallest jump at γ [length]; `response` is the smaller one of max|dr/dγ| on both sides.
pub fn smallest(gamma: f64, response: f64, smallest_diameter: f64) -> f64 {
    JUMP * JUDGED_WIDTH * gamma * response + NO_JUMP * smallest_diameter
}

/// How far a solid may move within a step from γ to γ' beyond what the responses at both ends explain
/// [length]: half of the smallest jump. `response` is the smaller one of both max|dr/dγ|.
///
/// It does not depend on the step's length: a long step is held to what would be a jump inside it.
pub fn allowed(from: f64, to: f64, response: f64, smallest_diameter: f64) -> f64 {
    let gamma = from.max(FIRST_STEP * to);
    UNEXPLAINED * smallest(gamma, response, smallest_diameter)
}
