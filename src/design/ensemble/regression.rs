//! Least squares: the mean of every feature around a centre, its slopes and its curvature, with their errors.
//!
//! y = ȳ + b·δ + ½ δᵀQδ + noise with δ = x − c, one fit for every feature; where there are too few solids
//! for Q, an offset of all scattered solids in its place. Half of the solids of a round stand at the centre,
//! the others are scattered around it in opposite pairs, so the slopes b are free of even orders. Noise is
//! independent from solid to solid.

use nalgebra::{DMatrix, DVector};

/// Solids per coefficient from which on the curvature is fitted.
const SOLIDS_PER_COEFFICIENT: usize = 4;

/// The features of one solid and where it was prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Parameters, shape (n_x,).
    pub x: Vec<f64>,
    /// Targeted features, shape (n_y,).
    pub y: Vec<f64>,
    /// Whether it stands beside the centre of its round.
    pub scattered: bool,
}

/// Sums over solids, of which fits are made: of the products of 1, δ, every product of two δ, whether the
/// solid is scattered, and y − origin.
#[derive(Clone, Debug)]
pub struct Sums {
    parameters: usize,
    /// What is taken off y before it is squared, shape (n_y,).
    origin: Vec<f64>,
    count: usize,
    /// Shape (columns, columns).
    normal: DMatrix<f64>,
    /// Shape (columns, n_y).
    projected: DMatrix<f64>,
    /// Shape (n_y, n_y).
    squares: DMatrix<f64>,
}

impl Sums {
    /// Over these solids, around a centre.
    pub fn new(observations: &[Observation], centre: &[f64], origin: &[f64]) -> Self {
        let (parameters, features) = (centre.len(), origin.len());
        let columns = quadratic(parameters) + 1;
        let mut sums = Self {
            parameters,
            origin: origin.to_vec(),
            count: observations.len(),
            normal: DMatrix::zeros(columns, columns),
            projected: DMatrix::zeros(columns, features),
            squares: DMatrix::zeros(features, features),
        };
        for Observation { x, y, scattered } in observations {
            let offset: Vec<f64> = x.iter().zip(centre).map(|(x, c)| x - c).collect();
            let mut row = products(&offset);
            row.push(f64::from(u8::from(*scattered)));
            let row = DVector::from_vec(row);
            let y = DVector::from_iterator(features, y.iter().zip(origin).map(|(y, o)| y - o));
            sums.normal.ger(1.0, &row, &row, 1.0);
            sums.projected.ger(1.0, &row, &y, 1.0);
            sums.squares.ger(1.0, &y, &y, 1.0);
        }
        sums
    }

    /// With the solids of others around the same centre and origin.
    pub fn add(&mut self, other: &Sums) {
        self.count += other.count;
        self.normal += &other.normal;
        self.projected += &other.projected;
        self.squares += &other.squares;
    }
}

/// Coefficients of a quadratic function.
fn quadratic(parameters: usize) -> usize {
    (parameters + 1) * (parameters + 2) / 2
}

/// 1, δ, and every product of two δ.
fn products(offset: &[f64]) -> Vec<f64> {
    let mut row = vec![1.0];
    row.extend(offset);
    for (q, x) in offset.iter().enumerate() {
        row.extend(offset[q..].iter().map(|y| x * y));
    }
    row
}

/// What the observations say about a centre.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// ȳ at the centre, shape (n_y,).
    pub mean: Vec<f64>,
    /// b = dȳ/dx, shape (n_y, n_x).
    pub slopes: DMatrix<f64>,
    /// Standard deviation of a single solid, shape (n_y,).
    pub deviation: Vec<f64>,
    /// Correlation of the features from solid to solid, shape (n_y, n_y).
    pub correlation: DMatrix<f64>,
    /// Variance of ȳ over that of a single solid, shape (n_y,).
    pub mean_variance: Vec<f64>,
    /// Covariance of the slopes of each feature over the variance of a single solid, shapes (n_x, n_x).
    pub slope_covariance: Vec<DMatrix<f64>>,
    surfaces: Vec<Surface>,
}

/// The mean of a feature beside the centre, less that at the centre; variances over that of a single solid.
pub struct Shift {
    pub change: f64,
    /// Its slopes there, shape (n_x,).
    pub slopes: DVector<f64>,
    /// The variance of the change, and half of its slopes, shape (n_x,).
    pub variance: f64,
    pub variance_slopes: DVector<f64>,
    /// The covariance of the slopes, shape (n_x, n_x).
    pub slope_covariance: DMatrix<f64>,
}

/// The fitted function of one feature: coefficients of 1, δ and, where it is curved, of their products.
#[derive(Clone, Debug, PartialEq)]
struct Surface {
    coefficients: DVector<f64>,
    /// Their covariance over the variance of a single solid.
    covariance: DMatrix<f64>,
}

impl Surface {
    /// The functions' values, shape (columns,).
    fn row(&self, offset: &[f64]) -> DVector<f64> {
        let mut row = products(offset);
        row.truncate(self.coefficients.len());
        DVector::from_vec(row)
    }
}

impl Fit {
    /// Fits solids by their sums; none where they do not determine every slope.
    pub fn new(sums: &Sums) -> Option<Self> {
        let curved = quadratic(sums.parameters);
        let enough = sums.count >= SOLIDS_PER_COEFFICIENT * curved;
        let all = enough.then(|| Self::with(sums, &(0..curved).collect::<Vec<_>>()));
        let plain = || (0..=sums.parameters).chain([curved]).collect::<Vec<_>>();
        all.flatten().or_else(|| Self::with(sums, &plain()))
    }

    /// Fits these of the columns.
    fn with(sums: &Sums, chosen: &[usize]) -> Option<Self> {
        let (parameters, features) = (sums.parameters, sums.origin.len());
        let freedom = sums.count.checked_sub(chosen.len()).filter(|&left| left > 0)?;
        let normal = sums.normal.select_rows(chosen).select_columns(chosen);
        let projected = sums.projected.select_rows(chosen);
        let scale = normal.diagonal().max();
        let inverse = normal.cholesky()?;
        if inverse.l_dirty().diagonal().min().powi(2) <= f64::EPSILON * scale {
            return None;
        }
        let coefficients = inverse.solve(&projected);
        let covariance = inverse.inverse();
        let residuals = &sums.squares - coefficients.tr_mul(&projected);
        let deviation: Vec<f64> =
            (0..features).map(|i| (residuals[(i, i)].max(0.0) / freedom as f64).sqrt()).collect();
        let correlation = DMatrix::from_fn(features, features, |i, j| {
            let scale = (residuals[(i, i)] * residuals[(j, j)]).max(0.0).sqrt();
            if i == j || scale == 0.0 {
                f64::from(u8::from(i == j))
            } else {
                residuals[(i, j)] / scale
            }
        });
        // An offset of the scattered solids is no function of δ.
        let functions = chosen.iter().filter(|&&column| column < quadratic(parameters)).count();
        let mean = |i: usize| coefficients[(0, i)] + sums.origin[i];
        let surface = |i: usize| {
            let mut coefficients = coefficients.column(i).rows(0, functions).into_owned();
            coefficients[0] = mean(i);
            let covariance = covariance.view((0, 0), (functions, functions)).into_owned();
            Surface { coefficients, covariance }
        };
        Some(Fit {
            mean: (0..features).map(mean).collect(),
            slopes: coefficients.rows(1, parameters).transpose(),
            deviation,
            correlation,
            mean_variance: vec![covariance[(0, 0)]; features],
            slope_covariance: vec![
                covariance.view((1, 1), (parameters, parameters)).into_owned();
                features
            ],
            surfaces: (0..features).map(surface).collect(),
        })
    }

    /// Takes what another fit says of a feature; the correlations stay.
    pub fn take(&mut self, feature: usize, other: &Fit) {
        self.mean[feature] = other.mean[feature];
        self.slopes.set_row(feature, &other.slopes.row(feature));
        self.deviation[feature] = other.deviation[feature];
        self.mean_variance[feature] = other.mean_variance[feature];
        self.slope_covariance[feature].clone_from(&other.slope_covariance[feature]);
        self.surfaces[feature].clone_from(&other.surfaces[feature]);
    }

    /// The mean of a feature beside the centre, and its variance over that of a single solid.
    pub fn at(&self, feature: usize, offset: &[f64]) -> (f64, f64) {
        let surface = &self.surfaces[feature];
        let row = surface.row(offset);
        (row.dot(&surface.coefficients), row.dot(&(&surface.covariance * &row)))
    }

    /// How the mean of a feature differs beside the centre.
    pub fn shift(&self, feature: usize, offset: &[f64]) -> Shift {
        let surface = &self.surfaces[feature];
        let (parameters, columns) = (offset.len(), surface.coefficients.len());
        let mut row = surface.row(offset);
        row[0] = 0.0;
        // What the functions change by with δ, shape (columns, n_x).
        let mut gradient = DMatrix::zeros(columns, parameters);
        for q in 0..parameters {
            gradient[(1 + q, q)] = 1.0;
        }
        let mut column = 1 + parameters;
        for (p, q) in (0..parameters).flat_map(|p| (p..parameters).map(move |q| (p, q))) {
            if column < columns {
                gradient[(column, p)] += offset[q];
                gradient[(column, q)] += offset[p];
                column += 1;
            }
        }
        let spread = &surface.covariance * &row;
        Shift {
            change: row.dot(&surface.coefficients),
            slopes: gradient.tr_mul(&surface.coefficients),
            variance: row.dot(&spread),
            variance_slopes: gradient.tr_mul(&spread),
            slope_covariance: gradient.tr_mul(&(&surface.covariance * &gradient)),
        }
    }

    /// Means of a feature at several offsets, each of so many solids, brought to one offset by the fitted
    /// function and averaged: the mean and its variance over that of a single solid.
    pub fn gather(
        &self,
        feature: usize,
        means: &[(Vec<f64>, f64, usize)],
        to: &[f64],
    ) -> (f64, f64) {
        let surface = &self.surfaces[feature];
        let solids: f64 = means.iter().map(|(.., solids)| *solids as f64).sum();
        let (mut mean, mut shift) = (0.0, surface.row(to));
        for (offset, value, count) in means {
            let weight = *count as f64 / solids;
            mean += weight * value;
            shift.axpy(-weight, &surface.row(offset), 1.0);
        }
        let uncertain = shift.dot(&(&surface.covariance * &shift));
        (mean + shift.dot(&surface.coefficients), 1.0 / solids + uncertain)
    }

    /// The standard error of the mean of a feature.
    pub fn mean_error(&self, feature: usize) -> f64 {
        self.deviation[feature] * self.mean_variance[feature].sqrt()
    }

    /// The standard error of a slope.
    pub fn slope_error(&self, feature: usize, parameter: usize) -> f64 {
        self.deviation[feature] * self.slope_covariance[feature][(parameter, parameter)].sqrt()
    }
}

/// Mean and its standard error of every feature, shapes (n_y,); none of fewer than two solids.
pub fn mean_of(values: &[&[f64]]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (count, features) = (values.len() as f64, values.first()?.len());
    if values.len() < 2 {
        return None;
    }
    let mean: Vec<f64> =
        (0..features).map(|i| values.iter().map(|y| y[i]).sum::<f64>() / count).collect();
    let error = |i: usize| {
        let squares = values.iter().map(|y| (y[i] - mean[i]).powi(2)).sum::<f64>();
        (squares / (count - 1.0) / count).sqrt()
    };
    let errors = (0..features).map(error).collect();
    Some((mean, errors))
}
