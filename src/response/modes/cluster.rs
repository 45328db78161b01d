//! Clusters of degenerate modes.

/// Eigenvalues nearer than this, relative to the larger one, are degenerate: the frequencies of
/// such a cluster have no derivatives of their own.
pub const DEGENERATE: f64 = 1e-7;

/// Are these eigenvalues degenerate?
pub(super) fn close(low: f64, high: f64) -> bool {
    high - low <= DEGENERATE * high.abs()
}

/// The number of modes that completes the cluster which `wanted` cuts, if its end is in sight.
pub(super) fn end_of_cluster(eigenvalues: &[f64], wanted: usize) -> Option<usize> {
    (wanted..eigenvalues.len()).find(|&m| !close(eigenvalues[m - 1], eigenvalues[m]))
}
