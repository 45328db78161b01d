//! How long the steps are where nothing is closed in.

/// The largest stride of the free run, with which it begins, in units of γ.
pub(super) const LARGEST_STRIDE: f64 = 0.25;

/// The share of a step that is tried after it was not believed.
pub(super) const STRIDE_SHRINK: f64 = 0.4;

/// The stride after a step by FIRE, in units of γ.
pub(super) const STRIDE_AFTER_FIRE: f64 = 0.05;

/// Growth of the stride, and the correction below which it grows.
pub(super) const STRIDE_GROWTH: f64 = 1.6;
pub(super) const SMALL_CORRECTION: f64 = 0.15;
