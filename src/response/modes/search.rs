//! The lowest modes by a Krylov space of H⁺, and the proof that none is missing.

use super::cluster::close;
use super::krylov::{Krylov, Ritz};
use crate::relax::hessian::{Field, Hessian};
use crate::solid::contacts::Bond;
use crate::solid::potential::Potential;

/// Residual of a Ritz pair of H⁺, relative to its value, at which it has converged.
const CONVERGED: f64 = 1e-13;

/// Relative error of an eigenvalue where only that is wanted, by a bound of second order in the residual.
const VALUE_CONVERGED: f64 = 1e-14;

/// Residual at which it is known whatever the gap to the next one.
const VALUE_CERTAIN: f64 = 1e-11;

/// The gap above the wanted modes is seen where the residual of the pair above it is below this share of it.
const GAP_SEEN: f64 = 0.1;

/// Columns of a block: a solve of four takes 1.5 (2d) to 2.2 (3d) times as long as one of a single column
/// (benchmark `kernels`).
const BLOCK: usize = 4;

/// The same where only the lowest eigenvalue is wanted.
const VALUE_BLOCK: usize = 1;

/// The same where more copies of an eigenvalue are missing.
const MOST_COLUMNS: usize = 16;

/// The space is restarted at this many times the wanted modes and this many more.
const CAPACITY: [usize; 2] = [4, 60];

/// Blocks beyond the wanted modes at which the pairs are first looked at.
const FIRST_BLOCKS: usize = 4;

/// Restarts before the dense solver takes over.
const RESTARTS: usize = 40;

/// The `wanted` lowest modes with those that complete the last cluster, shape (modes, N); none where they
/// are not found.
///
/// A space has no more vectors of an eigenspace than its first block has columns, so the eigenvalues below
/// a threshold in the gap above are counted by the inertia of H. Where some are missing the search goes on
/// with random columns until it has as many.
pub(super) fn lowest<const D: usize>(
    hessian: &Hessian<D>,
    potential: &Potential,
    bonds: &[Bond<D>],
    wanted: usize,
) -> Option<Vec<Field<D>>> {
    let mut search = Search::new(hessian, BLOCK, CONVERGED);
    let (mut ritz, mut kept) = search.until(hessian, wanted, |ritz| ritz.complete(wanted))?;
    let above = 0.5 * (ritz.eigenvalues[kept - 1] + ritz.eigenvalues[kept]);
    let below = hessian.eigenvalues_below(potential, bonds, above)?.checked_sub(D)?;
    if below != kept {
        let missing = below.checked_sub(kept)?;
        let block = missing.clamp(BLOCK, MOST_COLUMNS);
        search.krylov.restart_at_random(hessian, &ritz, kept, block);
        (ritz, kept) = search.until(hessian, below, |ritz| ritz.all_below(above, below))?;
    }
    let columns = search.krylov.vectors(&ritz, kept);
    Some(columns.chunks_exact(hessian.size()).map(|column| hessian.field(column)).collect())
}

/// A vector of the lowest mode, good enough for its eigenvalue.
pub(super) fn lowest_vector<const D: usize>(hessian: &Hessian<D>) -> Option<Field<D>> {
    let mut search = Search::new(hessian, VALUE_BLOCK, VALUE_CONVERGED.sqrt());
    let (ritz, _) = search.until(hessian, 1, |ritz| ritz.value_known().then_some(1))?;
    Some(hessian.field(&search.krylov.vectors(&ritz, 1)))
}

impl Ritz {
    /// Is the lowest eigenvalue known? Its error is at most residual²/gap, and at most the residual.
    fn value_known(&self) -> bool {
        let residual = self.residuals[0];
        let gap = self.eigenvalues.get(1).map_or(0.0, |next| 1.0 - self.eigenvalues[0] / next);
        residual <= VALUE_CERTAIN || residual * residual <= VALUE_CONVERGED * gap
    }

    fn converged(&self, count: usize) -> bool {
        self.residuals.iter().take(count).filter(|&&residual| residual <= CONVERGED).count()
            == count
    }

    /// How many of the lowest pairs have converged and end with a cluster, at least so many.
    fn complete(&self, wanted: usize) -> Option<usize> {
        let lambda = &self.eigenvalues;
        let last = (wanted..lambda.len()).find(|&m| {
            let gap = 1.0 - lambda[m - 1] / lambda[m];
            !close(lambda[m - 1], lambda[m]) && self.residuals[m] <= GAP_SEEN * gap
        })?;
        self.converged(last).then_some(last)
    }

    /// How many of the lowest pairs are below this eigenvalue, where they have converged and are so many.
    fn all_below(&self, eigenvalue: f64, count: usize) -> Option<usize> {
        (self.converged(count) && self.eigenvalues[count - 1] < eigenvalue).then_some(count)
    }
}

/// A space that grows until something is found.
struct Search<const D: usize> {
    krylov: Krylov<D>,
    /// Dimension of the space that it lives in.
    room: usize,
    restarts: usize,
    /// The residual that is expected to be needed.
    aim: f64,
}

impl<const D: usize> Search<D> {
    fn new(hessian: &Hessian<D>, block: usize, aim: f64) -> Self {
        let n = hessian.size();
        Self { krylov: Krylov::new(n, block), room: n - D, restarts: 0, aim }
    }

    /// Grows until `goal` is met, for which so many pairs have to converge; what it says, with the pairs.
    fn until(
        &mut self,
        hessian: &Hessian<D>,
        needed: usize,
        goal: impl Fn(&Ritz) -> Option<usize>,
    ) -> Option<(Ritz, usize)> {
        let block = self.krylov.block;
        let capacity = (CAPACITY[0] * needed + CAPACITY[1]).min(self.room.checked_sub(2 * block)?);
        let mut inspect = Inspections::new(self.krylov.size + needed + FIRST_BLOCKS * block);
        loop {
            while self.krylov.size + block <= inspect.next.min(capacity) {
                self.krylov.grow(hessian);
            }
            let ritz = self.krylov.ritz()?;
            if let Some(count) = goal(&ritz) {
                return Some((ritz, count));
            }
            let residual = ritz.residuals.get(needed - 1).copied().unwrap_or(1.0);
            inspect.expect(self.krylov.size, block, residual / self.aim);
            if self.krylov.size + block > capacity {
                self.restarts += 1;
                let keep = (needed + capacity) / 2;
                if self.restarts > RESTARTS || keep + 2 * block > capacity {
                    return None;
                }
                self.krylov.restart(hessian, &ritz, keep);
                inspect = Inspections::new(self.krylov.size + block);
            }
        }
    }
}

/// At which size the Ritz pairs are looked at next: their eigenvalue problem costs as much as many solves.
struct Inspections {
    next: usize,
    last: Option<(usize, f64)>,
}

impl Inspections {
    fn new(first: usize) -> Self {
        Self { next: first, last: None }
    }

    /// After the pairs at this size, the last of which needed has this residual in units of the aim: residuals
    /// fall exponentially.
    fn expect(&mut self, size: usize, block: usize, residual: f64) {
        let residual = residual.ln();
        let steps = match self.last {
            Some((before, higher)) if residual < higher => {
                residual / (higher - residual) * (size - before) as f64
            }
            _ => 0.0,
        };
        self.last = Some((size, residual));
        self.next = size + (steps as usize).clamp(block, (size / 2).max(block));
    }
}
