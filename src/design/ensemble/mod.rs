//! Ensemble design: one θ for which the *mean* features of freshly prepared solids are what is asked for.
//!
//! The mean of J over an ensemble is not the gradient of the ensemble's mean: it leaves out the jumps of
//! y where contacts change. So the slopes are measured: solids are prepared at values of θ around a
//! centre, and their features are regressed on θ. A step follows, then the next round, until what is
//! left to correct is within the errors. Fresh solids at the final θ tell what was reached.
//!
//! Everything here is a pure function of the features of the solids so far: no MPI, no file, no clock,
//! no solids.

pub mod plan;
pub mod regression;
pub mod search;
pub mod step;
#[cfg(test)]
mod tests;
