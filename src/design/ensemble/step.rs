//! One step: from the residuals at a centre and the fitted means around it to the next centre.
//!
//! Residuals r are in units of the error that the verification will have, SE. The step minimises the
//! squared residual that is to be *expected*, Σ_i (r_i − Δ_i(d))² + Var Δ_i(d): Δ is the fitted change of the
//! means, with slopes and curvature, so what is badly known is not relied on. A combination of features is left
//! alone where its slopes cannot be told from noise, and could not bring what is asked for if they were as large
//! as they may be.

use std::ops::RangeInclusive;

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use super::regression::Fit;

/// A combination asks for something, or is asked for in vain, beyond this many standard errors.
pub const SIGNIFICANT: f64 = 3.0;

/// A share of the squared length of d beside the expected residual: of steps that are equally good the
/// shortest.
const SHORTEST: f64 = 1e-6;

/// Linearisations of the fitted means on the way to a step, by how much the last one gains of the squared
/// residual, and halvings of each until it gains.
const ITERATIONS: usize = 50;
const CONVERGED: f64 = 1e-6;
const SHORTENINGS: i32 = 10;
/// Halvings of the interval of λ: to the last bit.
const HALVINGS: usize = 60;

/// What the step is made of.
pub struct Question<'a> {
    pub fit: &'a Fit,
    /// (y* − ȳ)/SE, shape (n_y,).
    pub residual: &'a [f64],
    /// SE, shape (n_y,).
    pub errors: &'a [f64],
    /// Solids of the verification.
    pub solids: usize,
    pub centre: &'a [f64],
    /// Where every parameter may be.
    pub bounds: &'a [RangeInclusive<f64>],
    /// The longest step.
    pub radius: f64,
    /// How many steps a design may take.
    pub steps: usize,
}

/// The step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// d, shape (n_x,).
    pub change: Vec<f64>,
    /// The squared residual that is expected after it, over that before.
    pub left: f64,
    /// The same where there were no bounds.
    pub free_left: f64,
    /// Coefficients over y/SE of the combination that is asked for most and that no parameter moves,
    /// shape (n_y,).
    pub unmoved: Option<Vec<f64>>,
}

/// Bounds are in the way where a step gains so many times as much without them.
const IN_THE_WAY: f64 = 2.0;

impl Step {
    /// Whether bounds are in the way.
    pub fn is_bounded(&self) -> bool {
        1.0 - self.free_left > IN_THE_WAY * (1.0 - self.left)
    }

    pub fn new(question: &Question<'_>) -> Self {
        let Question { fit, errors, solids, .. } = *question;
        let features = errors.len();
        let scaled = DMatrix::from_fn(features, question.centre.len(), |i, q| {
            fit.slopes[(i, q)] / errors[i]
        });
        // In these units the variance of a single solid is the number of solids.
        let covariance: DMatrix<f64> =
            fit.slope_covariance.iter().sum::<DMatrix<f64>>() * solids as f64;
        let (wanted, unmoved) = separate(question, &scaled, &(&covariance / features as f64));
        let free = minimise(question, &wanted, false);
        let change = minimise(question, &wanted, true);
        let left = |change: &DVector<f64>| {
            let [before, after] = [&(change * 0.0), change]
                .map(|change| Expected::new(question, &wanted, change).value);
            if before > 0.0 { after / before } else { 1.0 }
        };
        Step {
            left: left(&change),
            free_left: left(&free),
            change: change.iter().copied().collect(),
            unmoved,
        }
    }
}

/// The squared residual that is to be expected beside the centre, to second order around there.
struct Expected {
    value: f64,
    /// Half of minus its slopes, shape (n_x,).
    descent: DVector<f64>,
    /// Half of its curvature (Gauss and Newton's), shape (n_x, n_x).
    normal: DMatrix<f64>,
}

impl Expected {
    fn new(question: &Question<'_>, wanted: &DVector<f64>, change: &DVector<f64>) -> Self {
        let Question { fit, errors, solids, .. } = *question;
        let count = change.len();
        let (mut value, mut descent) = (0.0, DVector::zeros(count));
        let mut normal = DMatrix::zeros(count, count);
        // In units of SE the variance of a single solid is the number of solids.
        let single = solids as f64;
        for (i, error) in errors.iter().enumerate() {
            let shift = fit.shift(i, change.as_slice());
            let (slopes, residual) = (shift.slopes / *error, wanted[i] - shift.change / error);
            value += residual * residual + single * shift.variance;
            descent += &slopes * residual - shift.variance_slopes * single;
            normal += &slopes * slopes.transpose() + shift.slope_covariance * single;
        }
        let shortest = SHORTEST * normal.diagonal().max();
        value += shortest * change.norm_squared();
        descent -= change * shortest;
        normal += DMatrix::identity(count, count) * shortest;
        Expected { value, descent, normal }
    }
}

/// The step to the least squared residual that is to be expected.
fn minimise(question: &Question<'_>, wanted: &DVector<f64>, within: bool) -> DVector<f64> {
    let mut change = DVector::zeros(question.centre.len());
    let mut expected = Expected::new(question, wanted, &change);
    for _ in 0..ITERATIONS {
        let right = &expected.normal * &change + &expected.descent;
        let whole = bounded(&expected.normal, &right, question, within) - &change;
        let shares = (0..SHORTENINGS).map(|power| 0.5_f64.powi(power));
        let lower = shares.map(|share| &change + &whole * share).find_map(|other| {
            let there = Expected::new(question, wanted, &other);
            (there.value < expected.value).then_some((other, there))
        });
        let Some((other, there)) = lower else { break };
        let ends = expected.value - there.value <= CONVERGED * expected.value;
        (change, expected) = (other, there);
        if ends {
            break;
        }
    }
    change
}

/// The residual without the combinations that are asked for in vain, and of these the one that is asked
/// for most: its slopes are noise, and it is wanted beyond all doubt and beyond what all steps might reach.
fn separate(
    question: &Question<'_>,
    scaled: &DMatrix<f64>,
    covariance: &DMatrix<f64>,
) -> (DVector<f64>, Option<Vec<f64>>) {
    let residual = DVector::from_column_slice(question.residual);
    let (features, parameters) = scaled.shape();
    let Some(root) = covariance.clone().cholesky() else { return (residual * 0.0, None) };
    // Slopes with errors of one: L⁻¹ Bᵀ with Σ = L Lᵀ.
    let Some(white) = root.l().solve_lower_triangular(&scaled.transpose()) else {
        return (residual * 0.0, None);
    };
    let eigen = SymmetricEigen::new(white.transpose() * &white);
    // The largest singular value of noise alone.
    let noise = (parameters as f64).sqrt() + (features as f64).sqrt() + 1.0;
    let longest = question.radius * covariance.symmetric_eigenvalues().max().sqrt();
    let mut wanted = residual.clone();
    let mut unmoved: Option<(f64, Vec<f64>)> = None;
    for (index, square) in eigen.eigenvalues.iter().enumerate() {
        let direction = eigen.eigenvectors.column(index);
        let variance = (direction.transpose() * &question.fit.correlation * direction)[(0, 0)];
        let deviation = variance.max(0.0).sqrt();
        let (response, asked) = (square.max(0.0).sqrt(), direction.dot(&residual));
        let variances = question.fit.mean_variance.iter().zip(direction.iter());
        let variance: f64 = variances.map(|(variance, u)| variance * u * u).sum();
        let error = (question.solids as f64 * variance).sqrt();
        let possible = (response + 2.0 * deviation) * longest * question.steps as f64;
        let is_noise = response <= noise * deviation;
        if !is_noise || asked.abs() <= (SIGNIFICANT * error).max(possible) {
            continue;
        }
        wanted -= direction * asked;
        if unmoved.as_ref().is_none_or(|(most, _)| asked.abs() > *most) {
            let toward = direction * asked.signum();
            unmoved = Some((asked.abs(), toward.iter().copied().collect()));
        }
    }
    (wanted, unmoved.map(|(_, combination)| combination))
}

/// The step of N d = g within radius and bounds: what would leave them stays there, and the others go on.
fn bounded(
    normal: &DMatrix<f64>,
    right: &DVector<f64>,
    question: &Question<'_>,
    within: bool,
) -> DVector<f64> {
    let count = right.len();
    let mut change = DVector::zeros(count);
    let mut free: Vec<usize> = (0..count).collect();
    while !free.is_empty() {
        let block = normal.select_rows(&free).select_columns(&free);
        // What is held moves the features, too.
        let mut held = change.clone();
        free.iter().for_each(|&q| held[q] = 0.0);
        let rest = (right - normal * &held).select_rows(&free);
        // The radius is left to those that are free.
        let room = (question.radius.powi(2) - held.norm_squared()).max(0.0).sqrt();
        let solved = within_radius(block, &rest, room);
        change = held;
        free.iter().zip(solved.iter()).for_each(|(&q, &value)| change[q] = value);
        if !within {
            break;
        }
        let mut outside = false;
        for q in 0..count {
            let (low, high) = (question.bounds[q].start(), question.bounds[q].end());
            let allowed = (low - question.centre[q])..=(high - question.centre[q]);
            if !allowed.contains(&change[q]) {
                change[q] = change[q].clamp(*allowed.start(), *allowed.end());
                free.retain(|&other| other != q);
                outside = true;
            }
        }
        if !outside {
            break;
        }
    }
    change
}

/// The solution of (N + λ) d = g with the smallest λ ≥ 0 for which |d| ≤ radius: what is known well goes on
/// where the way along what is known badly is too long.
fn within_radius(normal: DMatrix<f64>, right: &DVector<f64>, radius: f64) -> DVector<f64> {
    let eigen = SymmetricEigen::new(normal);
    let along = eigen.eigenvectors.tr_mul(right);
    let least = eigen.eigenvalues.max() * f64::EPSILON;
    let solve = |shift: f64| {
        DVector::from_iterator(
            along.len(),
            along.iter().zip(eigen.eigenvalues.iter()).map(|(g, n)| g / (n.max(least) + shift)),
        )
    };
    let mut found = solve(0.0);
    if found.norm() > radius {
        // At the upper end |d| ≤ |g|/λ = radius.
        let (mut low, mut high) = (0.0, right.norm() / radius.max(f64::MIN_POSITIVE));
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            let is_long = solve(middle).norm() > radius;
            (if is_long { &mut low } else { &mut high }).clone_from(&middle);
        }
        found = solve(high);
    }
    eigen.eigenvectors * found
}
