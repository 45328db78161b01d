//! Collects the statistics of one scenario.

use super::stream::Stream;
use super::{
    Bounds, Causes, Cost, Counts, Distribution, ScenarioStatistics, SetStatistics, SweepStatistics,
    ThetaStatistics,
};
use crate::analysis::directions::DirectionResult;
use crate::analysis::quantities::{self, SWEEPS, THRESHOLDS};
use crate::analysis::quantity::Quantity;
use crate::analysis::values::Values;
use crate::format::archive::ArchiveError;
use crate::linearity::cause::Cause;
use crate::report::quantile::Quantiles;
use crate::study::config::{Parameterisation, Scenario, set_name};
use crate::study::reasons::{Reason, Reasons};
use crate::study::results::Results;
use crate::study::statistics::PROBABILITIES;
use crate::study::statistics::arrays::REASONS;

/// The statistics of a scenario, and the number of items whose checksum does not hold.
pub(super) fn scenario(
    archives: &[Results],
    index: usize,
    config: &Scenario,
) -> Result<(ScenarioStatistics, u64), ArchiveError> {
    let collector = Collector { stream: Stream::new(archives, index)?, index, config };
    let (items, solids, reasons) = collector.count()?;
    let thetas = config.parameterisations();
    let statistics = ScenarioStatistics {
        name: config.name.clone(),
        items,
        solids,
        reasons,
        parameterisations: thetas
            .iter()
            .enumerate()
            .map(|(index, theta)| collector.theta(index, theta))
            .collect::<Result<_, _>>()?,
    };
    Ok((statistics, collector.stream.corrupt))
}

struct Collector<'a> {
    stream: Stream<'a>,
    index: usize,
    config: &'a Scenario,
}

/// Counts codes: the order of `Cause::ALL`.
fn count_causes(counts: &mut [u64], codes: impl IntoIterator<Item = u8>) {
    for code in codes {
        if let Some(count) = counts.get_mut(usize::from(code)) {
            *count += 1;
        }
    }
}

impl Collector<'_> {
    /// Items, solids, and reasons of failures.
    fn count(&self) -> Result<(Counts, Counts, Vec<Reason>), ArchiveError> {
        let (mut items, mut solids) = (Counts::default(), Counts::default());
        let mut reasons = Reasons::default();
        self.stream.blocks(|archive, slots, states| {
            let layout = archive.layout();
            states.iter().for_each(|&state| items.add(state));
            let first_parts = states.iter().step_by(layout.parts(self.index));
            first_parts.for_each(|&state| solids.add(state));
            reasons.add_failed(archive, &layout.rows(self.index, slots), states)
        })?;
        Ok((items, solids, reasons.into_kinds(REASONS)))
    }

    fn theta(
        &self,
        index: usize,
        theta: &Parameterisation,
    ) -> Result<ThetaStatistics, ArchiveError> {
        let mut sets = Vec::new();
        for set in &self.config.features.sets {
            let path = format!("{}/{}", theta.name, set_name(set));
            let features = self.config.features.set_labels(set, self.config.solid.dimension).len();
            let largest_rank = features.min(theta.parameters());
            let (full_rank, ranks) = self.ranks(&quantities::RANK.path(&path), largest_rank)?;
            sets.push(SetStatistics {
                name: set_name(set),
                features,
                largest_rank,
                full_rank,
                ranks,
                singular_values: self.distribution(&quantities::SINGULAR_VALUES.path(&path))?,
            });
        }
        let swept = self.config.swept().contains(&index);
        Ok(ThetaStatistics {
            name: theta.name.clone(),
            parameters: theta.parameters(),
            sets,
            sweeps: if swept { Some(self.sweeps(&theta.name)?) } else { None },
        })
    }

    fn sweeps(&self, theta: &str) -> Result<SweepStatistics, ArchiveError> {
        let group = format!("{theta}/{SWEEPS}");
        let path = |quantity: &Quantity<DirectionResult>| quantity.path(&group);
        let bounds = |(bracket, cause): (&Quantity<_>, &Quantity<_>)| {
            self.bounds([&path(bracket), &path(cause)])
        };
        let [star, contact, rearrangement] = THRESHOLDS;
        let causes = |cause: &Quantity<_>| -> Result<Vec<u64>, ArchiveError> {
            let mut counts = vec![0; Cause::ALL.len()];
            self.stream.visit([&path(cause)], |[codes]| {
                count_causes(&mut counts, codes.codes().iter().copied());
            })?;
            Ok(counts)
        };
        let causes = Causes {
            gamma_star: causes(star.1)?,
            gamma_contact: causes(contact.1)?,
            gamma_rearrangement: causes(rearrangement.1)?,
        };
        let directions: u64 = causes.gamma_star.iter().sum();
        let mean = |count: &Quantity<_>| -> Result<f64, ArchiveError> {
            let mut sum = 0_i64;
            self.stream.visit([&path(count)], |[counts]| {
                sum += counts.integers().iter().map(|&count| i64::from(count)).sum::<i64>();
            })?;
            Ok(if directions == 0 { 0.0 } else { sum as f64 / directions as f64 })
        };
        let strength = path(&quantities::SUSCEPTIBILITY);
        Ok(SweepStatistics {
            set: set_name(&self.config.sweep.set),
            directions,
            gamma_star: bounds(star)?,
            gamma_contact: bounds(contact)?,
            gamma_rearrangement: bounds(rearrangement)?,
            gamma_tilde: self.distribution(&path(&quantities::GAMMA_TILDE))?,
            zeta: self.bounds([&path(star.0), &path(star.1), &strength])?,
            causes,
            cost: Cost {
                steps: mean(&quantities::STEPS)?,
                relaxations: mean(&quantities::RELAXATIONS)?,
                factorisations: mean(&quantities::FACTORISATIONS)?,
                force_evaluations: mean(&quantities::FORCE_EVALUATIONS)?,
            },
        })
    }

    fn ranks(&self, path: &str, largest: usize) -> Result<(u64, Option<(i32, i32)>), ArchiveError> {
        let mut full = 0;
        let mut ranks: Option<(i32, i32)> = None;
        self.stream.visit([path], |[found]| {
            for &rank in found.integers() {
                full += u64::from(rank as usize == largest);
                let (low, high) = ranks.unwrap_or((rank, rank));
                ranks = Some((low.min(rank), high.max(rank)));
            }
        })?;
        Ok((full, ranks))
    }

    /// The quantiles of a column.
    fn distribution(&self, path: &str) -> Result<Distribution, ArchiveError> {
        let mut quantiles = Quantiles::new(&PROBABILITIES);
        while !quantiles.is_done() {
            self.stream.visit([path], |[values]| {
                values.floats().iter().for_each(|&value| quantiles.add(value));
            })?;
            quantiles.end_pass();
        }
        Ok(Distribution { count: quantiles.count(), quantiles: quantiles.values() })
    }

    /// The bounds of the quantiles of a threshold, or of its product with another column: bracket,
    /// cause, and that column. Brackets count by the geometric mean of their ends; one without an
    /// upper end is censored.
    fn bounds<const N: usize>(&self, paths: [&str; N]) -> Result<Bounds, ArchiveError> {
        let (mut lower, mut upper) =
            (Quantiles::new(&PROBABILITIES), Quantiles::new(&PROBABILITIES));
        let mut censored = vec![0; Cause::ALL.len()];
        let mut first = true;
        while !(lower.is_done() && upper.is_done()) {
            self.stream.visit(paths, |columns| {
                let factors = columns.get(2).map(Values::floats);
                let brackets = columns[0].floats().chunks_exact(2);
                for (place, (bracket, &cause)) in brackets.zip(columns[1].codes()).enumerate() {
                    let (lo, hi) = (bracket[0], bracket[1]);
                    // Nothing was looked for.
                    if lo.is_nan() {
                        continue;
                    }
                    let factor = factors.map_or(1.0, |factors| factors[place]);
                    let found = !hi.is_nan();
                    let centre = factor * (lo * hi).sqrt();
                    lower.add(if found { centre } else { factor * lo });
                    upper.add(if found { centre } else { f64::INFINITY });
                    if first && !found {
                        count_causes(&mut censored, [cause]);
                    }
                }
            })?;
            lower.end_pass();
            upper.end_pass();
            first = false;
        }
        Ok(Bounds { count: lower.count(), censored, lower: lower.values(), upper: upper.values() })
    }
}
