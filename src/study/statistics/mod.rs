//! What the statistics of a study hold.

pub mod arrays;
mod designs;
mod distribution;
mod list;
mod rounds;
mod scan;
mod scenario;

use serde::Serialize;

pub use designs::{DISTRIBUTIONS, DesignStatistics, PARTS, Part, SORTED_BY, Success};
pub use distribution::{
    BINS, BINS_PER_DECADE, Bounds, Distribution, Estimate, Histogram, PROBABILITIES, bins,
    interval_of, quantile,
};
pub use rounds::RoundsStatistics;
pub use scan::{PowerLaw, SCAN_QUANTITIES, Scan, ScanSet, ScanStatistics, ScanTheta, scans};
pub use scenario::{
    Causes, Correlation, Correlations, Cost, Counts, ScenarioStatistics, SetStatistics,
    SweepStatistics, ThetaStatistics,
};

/// The statistics of a study.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Statistics {
    /// Name of the study.
    pub study: String,
    /// The probabilities of all quantiles.
    pub probabilities: Vec<f64>,
    /// The probability with which an interval holds the truth.
    pub confidence: f64,
    /// Resamples of the solids behind every interval.
    pub resamples: usize,
    /// Items whose checksum does not hold; they count as pending.
    pub corrupt: u64,
    /// One entry per scenario.
    pub scenarios: Vec<ScenarioStatistics>,
    /// One entry per scan.
    pub power_laws: Vec<ScanStatistics>,
    /// Of an ensemble design.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<RoundsStatistics>,
}

impl Statistics {
    /// Items of all scenarios.
    pub fn items(&self) -> Counts {
        self.scenarios.iter().map(|scenario| scenario.items).sum()
    }
}
