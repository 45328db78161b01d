//! Least squares: the mean of every feature at a centre and its slopes, with their errors.
//!
//! y = ȳ + b·(x − c) + q·\[scattered\] + noise, one fit for every feature. Half of the solids of a round
//! stand at the centre, the others are scattered around it in opposite pairs, so the slopes b are free
//! of even orders; what these add to the scattered solids goes into q, and ȳ is the mean at the centre
//! itself. Noise is independent from solid to solid.

use nalgebra::{DMatrix, DVector};

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
}

impl Fit {
    /// Fits the observations; none where they do not determine every slope.
    pub fn new(observations: &[&Observation], centre: &[f64]) -> Option<Self> {
        let (parameters, features) = (centre.len(), observations.first()?.y.len());
        let columns = parameters + 2;
        let freedom = observations.len().checked_sub(columns).filter(|&left| left > 0)?;
        let row = |observation: &Observation| {
            let offsets = observation.x.iter().zip(centre).map(|(x, c)| x - c);
            let scattered = f64::from(u8::from(observation.scattered));
            DVector::from_iterator(columns, std::iter::once(1.0).chain(offsets).chain([scattered]))
        };
        let mut normal = DMatrix::zeros(columns, columns);
        let mut projected = DMatrix::zeros(columns, features);
        for observation in observations {
            let row = row(observation);
            let y = DVector::from_column_slice(&observation.y);
            normal += &row * row.transpose();
            projected += row * y.transpose();
        }
        let scale = normal.diagonal().max();
        let inverse = normal.cholesky()?;
        if inverse.l_dirty().diagonal().min().powi(2) <= f64::EPSILON * scale {
            return None;
        }
        let coefficients = inverse.solve(&projected);
        let covariance = inverse.inverse();
        let mut residuals = DMatrix::zeros(features, features);
        for observation in observations {
            let y = DVector::from_column_slice(&observation.y);
            let residual = y - coefficients.transpose() * row(observation);
            residuals += &residual * residual.transpose();
        }
        let deviation: Vec<f64> =
            (0..features).map(|i| (residuals[(i, i)] / freedom as f64).sqrt()).collect();
        let correlation = DMatrix::from_fn(features, features, |i, j| {
            let scale = (residuals[(i, i)] * residuals[(j, j)]).sqrt();
            if i == j || scale == 0.0 {
                f64::from(u8::from(i == j))
            } else {
                residuals[(i, j)] / scale
            }
        });
        Some(Fit {
            mean: coefficients.row(0).iter().copied().collect(),
            slopes: coefficients.rows(1, parameters).transpose(),
            deviation,
            correlation,
            mean_variance: vec![covariance[(0, 0)]; features],
            slope_covariance: vec![
                covariance.view((1, 1), (parameters, parameters)).into_owned();
                features
            ],
        })
    }

    /// Takes what another fit says of a feature; the correlations stay.
    pub fn take(&mut self, feature: usize, other: &Fit) {
        self.mean[feature] = other.mean[feature];
        self.slopes.set_row(feature, &other.slopes.row(feature));
        self.deviation[feature] = other.deviation[feature];
        self.mean_variance[feature] = other.mean_variance[feature];
        self.slope_covariance[feature].clone_from(&other.slope_covariance[feature]);
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
