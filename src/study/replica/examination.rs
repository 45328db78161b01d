//! Looks at one stored solid again, by other ways than those that computed it.
//!
//! Forces, pressure, contacts and rattlers come from the stored positions; the identities of the
//! singular values from the stored J; and J itself is compared with differences of relaxed solids.

use super::Worker;
use super::analysis::{Replicate, request_of};
use super::error::ReplicaError;
use super::order;
use super::preparation::{decode, stream_key, used};
use crate::analysis::quantities::{
    self, ABSENT, FEATURES_GROUP, JACOBIAN, LEFT, RIGHT, SINGULAR_VALUES, SOLIDS, THETA0,
};
use crate::analysis::quantity::Quantity;
use crate::analysis::solid::Analysis;
use crate::analysis::theta::Theta;
use crate::analysis::values::{Row, Values};
use crate::format::row::Failure;
use crate::relax::RelaxError;
use crate::relax::forces::{Forces, max_norm};
use crate::relax::newton::{Equilibrium, accepted_force, bond_forces, polish, relax};
use crate::relax::prepare::Target;
use crate::response::allosteric::AllostericPair;
use crate::response::features::{FeatureKind, FeatureRequest, compute};
use crate::solid::Solid;
use crate::solid::contacts::{Contacts, virial_pressure};
use crate::solid::overlap::HARMONIC;
use crate::solid::parameters::ParameterKind;
use crate::study::config::{FeaturesConfig, Parameterisation, Scenario, set_name};
use crate::study::work::Work as _;

/// Residual forces that are accepted, in units of what the preparation accepts.
const RESIDUAL: f64 = 5.0;
/// Rounding of quantities that are computed again from the same positions.
const AGAIN: f64 = 1e-9;
/// Rounding of identities between stored arrays, in units of the largest singular value.
const IDENTITY: f64 = 1e-9;
/// Rounding of the sum of a feature's derivatives with respect to all k, relative to that of their sizes.
const SCALING: f64 = 1e-8;
/// Steps in θ for differences: the first one that changes no contact is used.
const STEPS: [f64; 3] = [1e-6, 1e-7, 1e-8];
/// |ΔJ Δθ̂| that is accepted, relative to |J| at a step of 1e-6: rounding of the features (1e-13) over
/// the step, and the second order. |J Δθ̂| itself may be zero by symmetry (crystals).
const DIFFERENCE: f64 = 1e-5;
/// What is due to the step falls to this share or less in the next, smaller one; an error of J does not.
const FALLS: f64 = 1.0 / 3.0;

/// What was found wrong with a stored solid, and what the spot check of J came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Examination {
    /// max|F| over the backbone, in units of what is accepted.
    pub residual: f64,
    /// Largest violation of an identity between the stored arrays, in units of what is accepted.
    pub identities: f64,
    /// Difference of J Δθ̂ from finite differences over |J|; none where it was not asked for, or
    /// every step changed a contact.
    pub difference: Option<f64>,
    /// What is wrong with forces, pressure and contacts, one line each.
    pub mechanics: Vec<String>,
    /// What is wrong with J, singular values and vectors.
    pub algebra: Vec<String>,
    /// What is wrong with J against differences.
    pub derivative: Vec<String>,
}

impl Examination {
    /// An identity is violated by this much, in units of what is accepted.
    fn identity(&mut self, violation: f64, wrong: impl FnOnce() -> String) {
        self.identities = larger(violation, self.identities);
        if !(violation <= 1.0) {
            self.algebra.push(wrong());
        }
    }
}

impl Worker {
    /// Examines a stored solid; `differences` also compares J with finite differences.
    ///
    /// # Errors
    /// Where the stored row cannot even be read as a solid of this study, in one line.
    pub fn examine(
        &self,
        scenario: usize,
        replica: u64,
        row: &Row,
        differences: bool,
    ) -> Result<Examination, Failure> {
        match self.study.scenarios[scenario].solid.dimension {
            2 => self.examine_in::<2>(scenario, replica, row, differences),
            _ => self.examine_in::<3>(scenario, replica, row, differences),
        }
    }

    fn examine_in<const D: usize>(
        &self,
        scenario: usize,
        replica: u64,
        row: &Row,
        differences: bool,
    ) -> Result<Examination, Failure> {
        let bytes = self.restore(scenario, row)?;
        let config = &*self.study.scenarios[scenario].of(replica);
        let key = stream_key(&self.study, &config.solid, replica);
        let (solid, attempts) = decode::<D>(&config.solid, &key, &bytes)?;
        let mut found = Examination::default();
        mechanics(&solid, config, row, &mut found)?;
        let used = used(key, attempts);
        found.mechanics.extend(order::examine(&solid, config, &used, row)?);
        let pairs = stored_pairs(&config.features, row)?;
        let drawn = request_of(&config.features, &solid, &used);
        if pairs != drawn.map_err(ReplicaError::from)?.pairs {
            let line = "other pairs of allosteric features are stored than the seed draws";
            found.algebra.push(line.to_owned());
        }
        identities::<D>(config, &pairs, row, &mut found)?;
        // A solid that is not at its minimum has no J to compare with.
        if differences && found.mechanics.is_empty() {
            let replicate = Replicate::<D>::new(config, key, &bytes)?;
            if let Some(first) = config.parameterisations().first() {
                let theta = replicate.theta(first)?;
                let jacobian = JACOBIAN.find(row, &first.name).map(Values::floats);
                spot_check(&replicate.analysis, &theta, jacobian, &mut found);
            }
        }
        Ok(found)
    }
}

/// Forces, pressure, contacts and rattlers at the stored positions.
fn mechanics<const D: usize>(
    solid: &Solid<D>,
    config: &Scenario,
    row: &Row,
    found: &mut Examination,
) -> Result<(), ReplicaError> {
    let mut forces = Forces::new(solid);
    forces.evaluate(solid);
    let contacts = Contacts::find(solid, forces.candidates());
    let mut on_backbone = Vec::new();
    bond_forces(solid, &contacts.bonds, &mut on_backbone);
    let pressure = virial_pressure(solid, &contacts.bonds);
    // Both ways: every pair in reach, and the bonds of the backbone.
    let largest = forces.max_norm().max(max_norm(&on_backbone));
    found.residual = largest / (RESIDUAL * accepted_force(solid, &contacts.bonds));
    let mut say = |line: String| found.mechanics.push(line);
    if !(found.residual <= 1.0) || !forces.max_norm().is_finite() {
        say(format!("residual force {largest:.2e} at the stored positions"));
    }
    let stored_pressure = quantities::PRESSURE.floats(row, SOLIDS, 1)?[0];
    let close = |a: f64, b: f64, tolerance: f64| (a - b).abs() <= tolerance * b.abs().max(AGAIN);
    if !close(stored_pressure, pressure, AGAIN) {
        say(format!("pressure {stored_pressure:e} is stored, the positions give {pressure:e}"));
    }
    let recipe = &config.solid.recipe;
    if let Target::Pressure(target) = recipe.target
        && solid.springs.is_none()
        && !close(pressure, target, recipe.pressure_tolerance)
    {
        say(format!("pressure {pressure:e} is not the configuration's {target:e}"));
    }
    let energy = quantities::ENERGY.floats(row, SOLIDS, 1)?[0];
    if !close(energy, forces.energy(solid), AGAIN) {
        say(format!("energy {energy:e} is stored, the positions give {:e}", forces.energy(solid)));
    }
    let rattlers: Vec<u8> = contacts.rattler.iter().map(|&rattles| u8::from(rattles)).collect();
    if quantities::RATTLERS.flags(row, SOLIDS, rattlers.len())? != rattlers {
        say("other rattlers are stored than the positions give".to_owned());
    }
    if quantities::CONTACTS.counts(row, SOLIDS, 1)? != [contacts.contact_count()] {
        say("another number of contacts is stored than the positions give".to_owned());
    }
    Ok(())
}

/// The pairs of the allosteric features of a stored row; none where the study has no such features.
pub(super) fn stored_pairs(
    features: &FeaturesConfig,
    row: &Row,
) -> Result<Vec<AllostericPair>, ReplicaError> {
    if !features.has(FeatureKind::Allosteric) {
        return Ok(Vec::new());
    }
    let count = 4 * features.pairs();
    let particles = quantities::ALLOSTERIC_PAIRS.counts(row, FEATURES_GROUP, count)?;
    let (fours, _) = particles.as_chunks::<4>();
    let pair = |&[i, j, k, l]: &[usize; 4]| AllostericPair { source: [i, j], target: [k, l] };
    Ok(fours.iter().map(pair).collect())
}

/// The larger one; NaN where `a` is, because `f64::max` would hide it.
fn larger(a: f64, b: f64) -> f64 {
    if a <= b || b.is_nan() { b } else { a }
}

/// J w = s u and orthonormal vectors for every stored feature set; and the change of all particles
/// of the solid together, which no parameterisation can alter.
fn identities<const D: usize>(
    config: &Scenario,
    pairs: &[AllostericPair],
    row: &Row,
    found: &mut Examination,
) -> Result<(), ReplicaError> {
    let features = &config.features;
    let request = FeatureRequest::new(&features.families(), features.modes, pairs);
    let absent = ABSENT.find(row, FEATURES_GROUP).map(Values::codes).unwrap_or_default();
    let has_value = |row: &usize| absent.get(*row).is_none_or(|&code| code == 0);
    let mut uniform: Option<(String, Vec<f64>)> = None;
    for theta in config.parameterisations() {
        let columns = theta.parameters();
        let Some(jacobian) = JACOBIAN.find(row, &theta.name).map(Values::floats) else { continue };
        if theta.space.kinds().contains(&ParameterKind::Diameter) {
            let of_diameters = |row: &[f64]| row[..theta.space.species()].iter().sum::<f64>();
            let sums: Vec<f64> = jacobian.chunks_exact(columns).map(of_diameters).collect();
            let (first, expected) =
                uniform.get_or_insert_with(|| (theta.name.clone(), sums.clone()));
            let unit = expected.iter().fold(AGAIN, |max: f64, x| max.max(x.abs()));
            let rows = (0..sums.len()).filter(has_value);
            let differences = rows.map(|row| (sums[row] - expected[row]).abs());
            let worst = differences.fold(0.0, |max, difference| larger(difference, max));
            let line = || {
                let names = format!("J of {} and of {first} disagree", theta.name);
                format!("growing all particles alike: {names} by {worst:.2e}")
            };
            found.identity(worst / (IDENTITY * unit), line);
        }
        if !config.solid.is_attractive() {
            scaling::<D>(&request, &theta, row, jacobian, found);
        }
        for set in &config.features.sets {
            let group = format!("{}/{}", theta.name, set_name(set));
            let find = |quantity: &Quantity<_>| quantity.find(row, &group).map(Values::floats);
            let rows: Vec<Option<usize>> = (request.rows(D, set).into_iter())
                .map(|row| has_value(&row).then_some(row))
                .collect();
            let (Some(values), Some(left), Some(right)) =
                (find(&SINGULAR_VALUES), find(&LEFT), find(&RIGHT))
            else {
                continue;
            };
            let violation = decomposition(jacobian, columns, &rows, values, left, right);
            found.identity(violation, || {
                format!("{group}/: J, singular values and vectors do not belong together")
            });
        }
    }
    Ok(())
}

/// Σ k dη/dk = 0 where nothing attracts: strains stay when all k grow by one factor.
fn scaling<const D: usize>(
    request: &FeatureRequest,
    theta: &Parameterisation,
    row: &Row,
    jacobian: &[f64],
    found: &mut Examination,
) {
    let Some(offset) = theta.space.offset(ParameterKind::Stiffness) else { return };
    let values = THETA0.find(row, &theta.name).map(Values::floats).unwrap_or_default();
    let k = offset..offset + ParameterKind::Stiffness.count(theta.space.species());
    for eta in request.rows(D, &[FeatureKind::Allosteric]) {
        let slopes = &jacobian[eta * theta.parameters()..(eta + 1) * theta.parameters()];
        let terms = k.clone().map(|q| values.get(q).copied().unwrap_or(f64::NAN) * slopes[q]);
        let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), x| (sum + x, size + x.abs()));
        found.identity(sum.abs() / (SCALING * f64::max(size, AGAIN)), || {
            format!(
                "{}: growing all k alike changes row {eta}, a ratio of strains, by {sum:.2e}",
                theta.name
            )
        });
    }
}

/// Largest violation of J w_m = s_m u_m and of |w_m| = |u_m| = 1, in units of what is accepted; of the
/// features that have a value, and of the singular values that these have.
fn decomposition(
    jacobian: &[f64],
    columns: usize,
    rows: &[Option<usize>],
    values: &[f64],
    left: &[f64],
    right: &[f64],
) -> f64 {
    let modes = values.len();
    let unit = values.first().copied().unwrap_or(0.0).max(f64::MIN_POSITIVE);
    let mut worst = 0.0_f64;
    let known = columns.min(rows.iter().flatten().count());
    for (mode, &value) in values.iter().enumerate().take(known) {
        let direction = &right[mode * columns..(mode + 1) * columns];
        let norm: f64 = direction.iter().map(|x| x * x).sum();
        worst = larger((norm - 1.0).abs(), worst);
        for (place, row) in rows.iter().enumerate() {
            let Some(row) = *row else { continue };
            let product: f64 = jacobian[row * columns..(row + 1) * columns]
                .iter()
                .zip(direction)
                .map(|(a, b)| a * b)
                .sum();
            let error = (product - value * left[place * modes + mode]).abs() / unit;
            worst = larger(error, worst);
        }
    }
    worst / IDENTITY
}

/// Compares J Δθ̂, for Δθ̂ alternating in sign over the parameters, with relaxed solids on both
/// sides.
fn spot_check<const D: usize>(
    analysis: &Analysis<D>,
    theta: &Theta,
    stored: Option<&[f64]>,
    found: &mut Examination,
) {
    let parameters = theta.values.len();
    let component = 1.0 / (parameters as f64).sqrt();
    let direction: Vec<f64> =
        (0..parameters).map(|q| if q % 2 == 0 { component } else { -component }).collect();
    let element = |row: usize, q: usize| match stored {
        Some(values) => values[row * parameters + q],
        None => theta.jacobian[(row, q)],
    };
    let linear: Vec<f64> = (0..theta.jacobian.nrows())
        .map(|row| (0..parameters).map(|q| element(row, q) * direction[q]).sum())
        .collect();
    let interactions = &analysis.solid.interactions;
    let curved = interactions.potential.exponent != HARMONIC
        || interactions.attractive()
        || analysis.origin.request.modes > 0;
    let mut last = f64::INFINITY;
    for step in STEPS {
        let side = |sign: f64| displaced(analysis, theta, &direction, sign * step);
        let (Some(plus), Some(minus)) = (side(1.0), side(-1.0)) else { continue };
        // A degenerate frequency has no derivative of its own.
        let features = &analysis.origin.features;
        let usable = |row: &usize| !features.degenerate[*row] && features.absent[*row].is_none();
        let (mut error, mut size) = (0.0, 0.0);
        for row in (0..theta.jacobian.nrows()).filter(usable) {
            let slope = (plus[row] - minus[row]) / (2.0 * step);
            error += (slope - linear[row]).powi(2);
            size += (0..parameters).map(|q| element(row, q).powi(2)).sum::<f64>();
        }
        let difference = (error / f64::max(size, f64::MIN_POSITIVE)).sqrt();
        found.difference = Some(difference);
        let agrees = difference <= (DIFFERENCE * STEPS[0] / step).min(FALLS * last);
        // With α > 2 a step may be long against the smallest overlap, in the curved tails of a soft solid
        // against the second order, and against the distance of two frequencies that are close.
        if !agrees && curved && step != STEPS[STEPS.len() - 1] {
            last = difference;
            continue;
        }
        if !agrees {
            found
                .derivative
                .push(format!("J differs from finite differences by {difference:.1e} of |J|"));
        }
        return;
    }
}

/// The features after a step in θ; none where a contact has changed or the solid does not relax.
fn displaced<const D: usize>(
    analysis: &Analysis<D>,
    theta: &Theta,
    direction: &[f64],
    step: f64,
) -> Option<Vec<f64>> {
    let mut solid = theta.solid(analysis);
    let pairs = theta.values.iter().zip(direction);
    let moved: Vec<f64> = pairs.map(|(value, component)| value + step * component).collect();
    theta.space()?.1.apply(&mut solid.interactions, &moved);
    let mut equilibrium = settle(&mut solid).ok()?;
    let same = bonds(&equilibrium.contacts) == bonds(&analysis.origin.equilibrium.contacts);
    same.then(|| compute(&solid, &mut equilibrium, &analysis.origin.request, false).values)
}

/// Relaxes a solid that is close to its minimum. The tolerance of FIRE follows the pressure, which says
/// nothing in a network: there Newton's method begins.
pub(super) fn settle<const D: usize>(solid: &mut Solid<D>) -> Result<Equilibrium<D>, RelaxError> {
    let mut forces = Forces::new(solid);
    if solid.springs.is_some() {
        let start = solid.positions.clone();
        match polish(solid, &mut forces, None) {
            Ok(equilibrium) => return Ok(equilibrium),
            Err(_) => solid.positions = start,
        }
    }
    relax(solid, &mut forces)
}

/// Every bond, (i, j, whether it is a contact), in ascending order.
fn bonds<const D: usize>(contacts: &Contacts<D>) -> Vec<(usize, usize, bool)> {
    let mut bonds: Vec<_> =
        contacts.bonds.iter().map(|bond| (bond.i, bond.j, bond.in_contact())).collect();
    bonds.sort_unstable();
    bonds
}
