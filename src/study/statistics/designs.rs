//! How the designs of an ensemble end, and what that depends on.

use serde::Serialize;

use super::distribution::{Distribution, numbers};
use super::list::{Arrays, bin_axis, confidence_axis, names, quantile_axis, quantiles};
use crate::analysis::axis::counted;
use crate::analysis::quantity::Quantity;
use crate::design::outcome::Outcome;
use crate::design::quantities::{self as q, DesignResult};

/// Solids are sorted by a quantity and counted in so many parts of equal size.
pub const PARTS: usize = 4;

/// The quantile of the normal distribution that bounds 95% of it.
const NORMAL: f64 = 1.959_963_984_540_054;

/// How many of some designs have reached their targets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Success {
    /// Designs.
    pub solids: u64,
    /// Those that have reached their targets.
    pub reached: u64,
}

impl Success {
    /// One more.
    pub fn add(&mut self, reached: bool) {
        self.solids += 1;
        self.reached += u64::from(reached);
    }

    /// The share that was reached; NaN of none.
    pub fn share(self) -> f64 {
        self.reached as f64 / self.solids as f64
    }

    /// Wilson's 95% interval of the probability to reach the targets; from 0 to 1 where there are none.
    pub fn interval(self) -> [f64; 2] {
        if self.solids == 0 {
            return [0.0, 1.0];
        }
        let (n, p, z) = (self.solids as f64, self.share(), NORMAL);
        let centre = p + z * z / (2.0 * n);
        let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z * z / n;
        [((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)]
    }
}

/// The success within one of [`PARTS`] parts of the solids, sorted by a quantity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Part {
    /// Its smallest and largest value; not a number without solids.
    #[serde(serialize_with = "numbers")]
    pub range: Vec<f64>,
    pub success: Success,
}

/// One design of all solids.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct DesignStatistics {
    /// What it asks for.
    pub name: String,
    pub success: Success,
    /// Ends of the 95% interval of the probability of success.
    pub interval: [f64; 2],
    /// Numbers of solids by outcome: the order of `Outcome::CODES`.
    pub outcomes: Vec<u64>,
    /// Over all solids: the order of [`DISTRIBUTIONS`].
    pub distributions: Vec<Distribution>,
    /// Success in parts of the solids: the order of [`SORTED_BY`].
    pub parts: Vec<Vec<Part>>,
}

/// What [`DesignStatistics::distributions`] are of.
pub const DISTRIBUTIONS: [&Quantity<DesignResult>; 6] = [
    &q::RELINEARISATIONS,
    &q::DISTANCE,
    &q::STEP_LENGTH,
    &q::STEP_IN_STAR,
    &q::CONTACTS_CHANGED,
    &q::REARRANGEMENTS,
];

/// By what [`DesignStatistics::parts`] are sorted; places among [`DISTRIBUTIONS`].
pub const SORTED_BY: [usize; 2] = [2, 3];

impl DesignStatistics {
    /// Before there is anything to count.
    pub fn none(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Its arrays.
    pub(super) fn add_to(&self, arrays: &mut Arrays) {
        let (quantile, confidence, bin) = (quantile_axis(), confidence_axis(), bin_axis("mixed"));
        let labels: Vec<&str> = Outcome::CODES.iter().map(|(_, name)| *name).collect();
        let outcome = names("outcome", &labels, "how a design ended");
        let counts: Vec<u64> =
            (0..labels.len()).map(|n| self.outcomes.get(n).copied().unwrap_or(0)).collect();
        arrays.numbers("outcomes", &[&outcome], "number of solids by outcome", &counts);
        let text = "number of solids that were designed";
        arrays.numbers("solids", &[], text, &[self.success.solids]);
        let text = "number of them that reached the targets";
        arrays.numbers("reached", &[], text, &[self.success.reached]);
        let text = "Wilson's 95% interval of the probability to reach the targets";
        let interval = self.success.interval();
        arrays.floats("reached_interval", &[&confidence], "1", text, &interval);
        let none = Distribution::default();
        for (place, quantity) in DISTRIBUTIONS.iter().enumerate() {
            let (name, of) = (quantity.name, self.distributions.get(place).unwrap_or(&none));
            let text = format!("quantiles over solids: {}", quantity.description);
            arrays.floats(name, &[&quantile], "mixed", &text, &quantiles(of));
            arrays.intervals((name, "mixed"), &of.intervals);
            let text = "number of values in logarithmic bins";
            let counts: Vec<u64> = of.histogram.counts().collect();
            arrays.numbers(&format!("{name}_histogram"), &[&bin], text, &counts);
        }
        let part = counted("part", PARTS, "part of the solids, in ascending order of the quantity");
        let labels = ["from", "to", "solids", "reached", "low", "high"];
        let entry = names(
            "entry",
            &labels,
            "range of the quantity, number of solids, those that reached the targets, 95% interval",
        );
        for (index, place) in SORTED_BY.into_iter().enumerate() {
            let parts = self.parts.get(index);
            let values = (0..PARTS).flat_map(|n| match parts.and_then(|parts| parts.get(n)) {
                Some(part) => part.entries(),
                None => Part { range: vec![f64::NAN; 2], ..Part::default() }.entries(),
            });
            let name = format!("reached_by_{}", DISTRIBUTIONS[place].name);
            let text = format!("success against: {}", DISTRIBUTIONS[place].description);
            let values: Vec<f64> = values.collect();
            arrays.floats(&name, &[&part, &entry], "mixed", &text, &values);
        }
    }
}

impl Part {
    fn entries(&self) -> [f64; 6] {
        let (success, [low, high]) = (self.success, self.success.interval());
        let counts = [success.solids as f64, success.reached as f64];
        [self.range[0], self.range[1], counts[0], counts[1], low, high]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brown, Cai and DasGupta, Stat. Sci. 16, 101 (2001); values of `statsmodels`' proportion_confint.
    #[test]
    fn wilsons_interval_is_that_of_the_literature() {
        for (reached, solids, low, high) in
            [(19, 20, 0.763_870, 0.991_119), (0, 10, 0.0, 0.277_533), (50, 50, 0.928_652, 1.0)]
        {
            let [a, b] = Success { solids, reached }.interval();
            assert!((a - low).abs() < 2e-5 && (b - high).abs() < 2e-5, "{reached} {a} {b}");
        }
    }
}
