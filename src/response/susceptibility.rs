//! Susceptibilities: J = U S Wᵀ, Eq. (3), and the rank of J.

use faer::{Mat, MatRef};

/// Singular values above this fraction of the largest count towards the rank.
pub const RANK_TOLERANCE: f64 = 1e-9;

/// The singular value decomposition of a Jacobian.
#[derive(Clone, Debug)]
pub struct Susceptibility {
    /// s_i, descending, shape (min(n_y, n_θ),).
    pub singular_values: Vec<f64>,
    /// u_i as columns, shape (n_y, min(n_y, n_θ)).
    pub left: Mat<f64>,
    /// w_i as rows, shape (min(n_y, n_θ), n_θ), each signed so that its component of largest
    /// magnitude (the first on a tie) is positive; u_i goes with it.
    pub right: Mat<f64>,
    /// The value above which an s_i is more than rounding: tolerance · s_0, and no less than `rounding`.
    pub threshold: f64,
    /// The number of s_i > threshold.
    pub rank: usize,
    /// s_rank / s_rank+1; infinite where the rank is full or the next value is zero.
    pub gap: f64,
}

impl Susceptibility {
    /// The same where the decomposed features stand at `places` among so many: NaN where those stand
    /// that have no value, and for the singular values that they would add.
    pub fn among(self, places: &[usize], rows: usize) -> Self {
        if places.len() == rows {
            return self;
        }
        let (known, columns) = (self.singular_values.len(), self.right.ncols());
        let count = rows.min(columns);
        let mut singular_values = self.singular_values;
        singular_values.resize(count, f64::NAN);
        let mut left = Mat::from_fn(rows, count, |_, _| f64::NAN);
        let mut right = Mat::from_fn(count, columns, |_, _| f64::NAN);
        for mode in 0..known {
            for (row, &place) in places.iter().enumerate() {
                left[(place, mode)] = self.left[(row, mode)];
            }
            (0..columns).for_each(|q| right[(mode, q)] = self.right[(mode, q)]);
        }
        Self { singular_values, left, right, ..self }
    }
}

/// The decomposition did not converge (a value that is not finite).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the singular value decomposition of the Jacobian did not converge")]
pub struct SvdError;

/// Decomposes a Jacobian. Singular values count above `tolerance` times the largest, and above `rounding`,
/// the size that entries have which should be zero: a Jacobian that is zero has rank 0.
///
/// # Errors
/// [`SvdError`] where J holds a value that is not finite.
pub fn decompose(
    jacobian: MatRef<'_, f64>,
    tolerance: f64,
    rounding: f64,
) -> Result<Susceptibility, SvdError> {
    let (rows, columns) = (jacobian.nrows(), jacobian.ncols());
    let finite = (0..columns).all(|c| (0..rows).all(|r| jacobian[(r, c)].is_finite()));
    if !finite {
        return Err(SvdError);
    }
    let count = rows.min(columns);
    if count == 0 {
        let (left, right) = (Mat::zeros(rows, 0), Mat::zeros(0, columns));
        let (singular_values, threshold, gap) = (Vec::new(), rounding, f64::INFINITY);
        return Ok(Susceptibility { singular_values, left, right, threshold, rank: 0, gap });
    }
    let svd = jacobian.thin_svd().map_err(|_| SvdError)?;
    let singular_values: Vec<f64> = (0..count).map(|i| svd.S().column_vector()[i]).collect();
    let mut left = svd.U().to_owned();
    let mut right = Mat::from_fn(count, columns, |i, q| svd.V()[(q, i)]);
    for i in 0..count {
        let mut largest = 0;
        for q in 1..columns {
            // A tie within rounding goes to the first, whatever the rounding.
            if right[(i, q)].abs() > right[(i, largest)].abs() * (1.0 + 8.0 * f64::EPSILON) {
                largest = q;
            }
        }
        if right[(i, largest)] < 0.0 {
            (0..columns).for_each(|q| right[(i, q)] = -right[(i, q)]);
            (0..rows).for_each(|r| left[(r, i)] = -left[(r, i)]);
        }
    }
    let largest = singular_values.first().copied().unwrap_or(0.0);
    let threshold = rounding.max(tolerance * largest);
    let rank = singular_values.iter().filter(|&&s| s > threshold).count();
    let gap = match (rank.checked_sub(1), singular_values.get(rank)) {
        (Some(last), Some(&next)) if next > 0.0 => singular_values[last] / next,
        _ => f64::INFINITY,
    };
    Ok(Susceptibility { singular_values, left, right, threshold, rank, gap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factors_give_back_the_matrix_with_the_signs_of_the_convention() {
        let matrix = Mat::from_fn(3, 5, |r, c| ((r * 7 + c * 3) % 5) as f64 - 2.0);
        let svd = decompose(matrix.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
        for r in 0..3 {
            for c in 0..5 {
                let sum: f64 = (0..3)
                    .map(|i| svd.left[(r, i)] * svd.singular_values[i] * svd.right[(i, c)])
                    .sum();
                assert!((sum - matrix[(r, c)]).abs() < 1e-13);
            }
        }
        for i in 0..3 {
            let row: Vec<f64> = (0..5).map(|c| svd.right[(i, c)]).collect();
            let largest = row.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
            assert!(row.iter().any(|&x| (x - largest).abs() < 1e-12));
        }
    }

    #[test]
    fn a_matrix_of_rank_one_has_rank_one_with_a_wide_gap() {
        let matrix = Mat::from_fn(4, 6, |r, c| (r + 1) as f64 * (c as f64 - 2.2));
        let svd = decompose(matrix.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
        assert_eq!(svd.rank, 1);
        assert!(svd.gap > 1e12);
    }

    #[test]
    fn a_matrix_of_rounding_has_rank_zero() {
        let matrix = Mat::from_fn(3, 5, |r, c| 1e-17 * (((r * 7 + c * 3) % 5) as f64 - 2.0));
        assert_eq!(decompose(matrix.as_ref(), RANK_TOLERANCE, 0.0).unwrap().rank, 3);
        assert_eq!(decompose(matrix.as_ref(), RANK_TOLERANCE, 1e-15).unwrap().rank, 0);
    }

    #[test]
    fn features_without_a_value_leave_the_others_where_they_are() {
        let matrix = Mat::from_fn(2, 3, |r, c| ((r * 2 + c * c) % 5) as f64 - 1.0);
        let alone = decompose(matrix.as_ref(), RANK_TOLERANCE, 0.0).unwrap();
        let among = alone.clone().among(&[0, 2], 3);
        assert_eq!(among.singular_values[..2], alone.singular_values[..]);
        assert!(among.singular_values[2].is_nan());
        assert_eq!((among.left.nrows(), among.left.ncols()), (3, 3));
        for mode in 0..2 {
            assert_eq!(among.left[(2, mode)], alone.left[(1, mode)]);
            assert!(among.left[(1, mode)].is_nan() && among.right[(2, mode)].is_nan());
            assert_eq!(among.right[(mode, 1)], alone.right[(mode, 1)]);
        }
        assert_eq!(among.rank, 2);
        let none = decompose(Mat::zeros(0, 3).as_ref(), RANK_TOLERANCE, 0.0).unwrap().among(&[], 2);
        assert!(none.rank == 0 && none.singular_values.iter().all(|s| s.is_nan()));
    }

    #[test]
    fn a_jacobian_that_is_not_finite_is_an_error() {
        let matrix = Mat::from_fn(2, 2, |_, _| f64::NAN);
        assert!(decompose(matrix.as_ref(), RANK_TOLERANCE, 0.0).is_err());
    }
}
