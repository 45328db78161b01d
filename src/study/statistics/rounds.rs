//! What `/rounds` holds: an ensemble design stage by stage, and what came of it.

use serde::Serialize;

use super::list::Arrays;
use crate::analysis::axis::{counted, labelled};
use crate::analysis::values::Kind;
use crate::design::ensemble::search::{Search, Stage};
use crate::design::outcome::Outcome;
use crate::format::schema::Column;
use crate::study::config::{EnsembleDesign, Round, Scenario, Study};
use crate::system::words::Word;

/// The numbers of an ensemble design. What is not known (yet) is not a number.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct RoundsStatistics {
    /// The stages: start, rounds, verification.
    pub stages: Vec<String>,
    /// Labels of the targeted features.
    pub targets: Vec<String>,
    /// Labels of θ.
    pub parameters: Vec<String>,
    /// How it has ended; none before.
    pub outcome: Option<String>,
    /// Solids of a stage, whether they could be made or not.
    pub slots: usize,
    /// The packing fraction at θ₀ of the box of all solids.
    pub packing_fraction: f64,
    /// y*, shape (target).
    pub wanted: Vec<f64>,
    /// Its standard errors, which the start leaves, shape (target).
    pub wanted_error: Vec<f64>,
    /// Verifications that were made; those that disagreed count among the rounds.
    pub verifications: usize,
    /// Means of all solids of the last one and their standard errors, shape (target).
    pub verified: Vec<f64>,
    pub verified_error: Vec<f64>,
    /// Place of every stage in time, from 1; 0: it was not needed, shape (stage).
    pub order: Vec<u64>,
    /// θ at the centre, shape (stage, parameter).
    pub theta: Vec<f64>,
    /// θ of every solid, shape (stage, replica, parameter).
    pub theta_of_solids: Vec<f64>,
    /// Solids that could be made, shape (stage).
    pub solids: Vec<f64>,
    /// Means of the solids at the centre and their standard errors, shape (stage, target).
    pub mean: Vec<f64>,
    pub mean_error: Vec<f64>,
    /// Means at the centre by the regression, with rounds that stand near, shape (stage, target).
    pub fitted: Vec<f64>,
    pub fitted_error: Vec<f64>,
    /// dȳ/d ln θ by the regression, shape (stage, target, parameter).
    pub slope: Vec<f64>,
    pub slope_error: Vec<f64>,
    /// (y* − ȳ) in units of the verification's errors, shape (stage, target).
    pub residual: Vec<f64>,
    /// Coefficients of the relative changes that no parameter moves; zeros: there is no such
    /// combination, shape (target).
    pub unmoved: Vec<f64>,
    /// Whether a parameter has ended at a bound, shape (parameter).
    pub at_bound: Vec<bool>,
}

/// Fills the values of a stage where they are known.
struct Table<'a> {
    values: &'a mut Vec<f64>,
    width: usize,
}

impl Table<'_> {
    fn set(&mut self, stage: usize, values: impl IntoIterator<Item = f64>) {
        let row = &mut self.values[stage * self.width..(stage + 1) * self.width];
        row.iter_mut().zip(values).for_each(|(cell, value)| *cell = value);
    }
}

impl RoundsStatistics {
    /// Of a study in which nothing is known yet; none where it is no ensemble design.
    pub fn none(study: &Study) -> Option<Self> {
        let design = study.ensemble_design.as_ref()?;
        let (targets, parameters) = (design.labels(), design.theta().labels());
        let named = study.scenarios.iter().filter(|scenario| stage_of(scenario).is_some());
        let stages: Vec<String> = named.map(|scenario| scenario.name.clone()).collect();
        let missing = |width: usize| vec![f64::NAN; stages.len() * width];
        let (y, theta, slots) = (targets.len(), parameters.len(), study.replicas as usize);
        Some(Self {
            outcome: None,
            slots,
            packing_fraction: f64::NAN,
            wanted: vec![f64::NAN; y],
            wanted_error: vec![f64::NAN; y],
            verifications: 0,
            verified: vec![f64::NAN; y],
            verified_error: vec![f64::NAN; y],
            order: vec![0; stages.len()],
            theta: missing(theta),
            theta_of_solids: missing(slots * theta),
            solids: missing(1),
            mean: missing(y),
            mean_error: missing(y),
            fitted: missing(y),
            fitted_error: missing(y),
            slope: missing(y * theta),
            slope_error: missing(y * theta),
            residual: missing(y),
            unmoved: vec![0.0; y],
            at_bound: vec![false; theta],
            stages,
            targets,
            parameters,
        })
    }

    /// Of a study that knows what its rounds have decided, with the search that has.
    pub fn of(study: &Study, search: &Search) -> Option<Self> {
        let mut of = Self::none(study)?;
        let design = study.ensemble_design.as_ref()?;
        let rounds: Vec<&Round> = study.scenarios.iter().filter_map(stage_of).collect();
        of.packing_fraction = rounds.first()?.packing_fraction.unwrap_or(f64::NAN);
        of.outcome =
            search.ending.filter(|_| search.next().is_none()).map(|it| it.word().to_owned());
        if !search.targets.is_empty() {
            of.wanted.clone_from(&search.targets);
            of.wanted_error.clone_from(&search.target_errors);
        }
        if let Some(unmoved) = &search.unmoved {
            of.unmoved.clone_from(unmoved);
        }
        of.at_bound = search.at_bound();
        of.fill_theta(design, &rounds);
        of.verifications = search.verifications;
        if let Some((mean, error)) = search.verified() {
            (of.verified, of.verified_error) = (mean, error);
        }
        for (index, stage) in search.stages.iter().enumerate() {
            of.order[stage.place] = index as u64 + 1;
            of.fill_stage(stage.place, stage, &design.scales());
        }
        Some(of)
    }

    fn fill_theta(&mut self, design: &EnsembleDesign, rounds: &[&Round]) {
        let start = design.start();
        let of = |ln: &[f64]| -> Vec<f64> {
            start.iter().zip(ln).map(|(theta, ln)| theta * ln.exp()).collect()
        };
        let (slots, width) = (self.slots, self.parameters.len());
        for (stage, round) in rounds.iter().enumerate() {
            let Some(centre) = round.centre_logarithms() else { continue };
            Table { values: &mut self.theta, width }.set(stage, of(&centre));
            let all = (0..slots).filter_map(|slot| round.logarithms(slot)).flat_map(|ln| of(&ln));
            Table { values: &mut self.theta_of_solids, width: slots * width }.set(stage, all);
        }
    }

    fn fill_stage(&mut self, place: usize, stage: &Stage, scales: &[f64]) {
        let (y, theta) = (self.targets.len(), self.parameters.len());
        self.solids[place] = stage.observations.len() as f64;
        if let Some((mean, error)) = &stage.mean {
            Table { values: &mut self.mean, width: y }.set(place, mean.iter().copied());
            Table { values: &mut self.mean_error, width: y }.set(place, error.iter().copied());
        }
        if let Some(residual) = &stage.residual {
            Table { values: &mut self.residual, width: y }.set(place, residual.iter().copied());
        }
        let Some(fit) = &stage.fit else { return };
        Table { values: &mut self.fitted, width: y }.set(place, fit.mean.iter().copied());
        let errors = (0..y).map(|i| fit.mean_error(i));
        Table { values: &mut self.fitted_error, width: y }.set(place, errors);
        let each = || (0..y).flat_map(|i| (0..theta).map(move |q| (i, q)));
        let slopes = each().map(|(i, q)| fit.slopes[(i, q)] / scales[q]);
        Table { values: &mut self.slope, width: y * theta }.set(place, slopes);
        let errors = each().map(|(i, q)| fit.slope_error(i, q) / scales[q]);
        Table { values: &mut self.slope_error, width: y * theta }.set(place, errors);
    }

    /// Every array with its bytes.
    pub(super) fn arrays(&self) -> Vec<(Column, Vec<u8>)> {
        let of = self;
        let mut arrays = Arrays::default();
        let stage = labelled("stage", of.stages.clone(), "start, rounds, verifications");
        let target = labelled("target", of.targets.clone(), "targeted and held features");
        let text = "parameters theta, of species that split the sizes";
        let parameter = labelled("parameter", of.parameters.clone(), text);
        let replica = counted("replica", of.slots, "index of the solid");
        arrays.add("outcome", Kind::U8, &[], "1", "how the design has ended", vec![of.code()]);
        arrays.arrays.iter_mut().for_each(|(column, _)| column.flags = Outcome::CODES.to_vec());
        let text = "packing fraction at theta_0 of the box that all solids share";
        arrays.floats("packing_fraction", &[], "1", text, &[of.packing_fraction]);
        let text = "what the means shall be";
        arrays.floats("wanted", &[&target], "mixed", text, &of.wanted);
        let text = "standard error of what is wanted, from the solids of the start";
        arrays.floats("wanted_error", &[&target], "mixed", text, &of.wanted_error);
        let text = "verifications that were made; those that disagreed count among the rounds";
        arrays.numbers("verifications", &[], text, &[of.verifications as u64]);
        let text = "mean over all solids of the last verification";
        arrays.floats("verified", &[&target], "mixed", text, &of.verified);
        let text = "standard error of verified";
        arrays.floats("verified_error", &[&target], "mixed", text, &of.verified_error);
        let text = "place of the stage in time, from 1; 0: it was not needed";
        arrays.numbers("order", &[&stage], text, &of.order);
        let text = "theta at the centre of the stage";
        arrays.floats("theta", &[&stage, &parameter], "mixed", text, &of.theta);
        let (text, axes) = ("theta of every solid", [&stage, &replica, &parameter]);
        arrays.floats("theta_of_solids", &axes, "mixed", text, &of.theta_of_solids);
        let text = "number of solids that could be made";
        arrays.floats("solids", &[&stage], "1", text, &of.solids);
        let of_targets = [&stage, &target];
        for (name, text, values) in [
            ("mean", "mean over the solids at the centre", &of.mean),
            ("mean_error", "standard error of mean", &of.mean_error),
            ("fitted", "mean at the centre by the regression, with rounds near it", &of.fitted),
            ("fitted_error", "standard error of fitted", &of.fitted_error),
        ] {
            arrays.floats(name, &of_targets, "mixed", text, values);
        }
        let text = "(wanted - fitted), of the verification (wanted - mean), over the standard error of the \
                verification, expected or found";
        arrays.floats("residual", &of_targets, "1", text, &of.residual);
        let axes = [&stage, &target, &parameter];
        let text = "slope of the mean by the regression, d mean / d ln theta";
        arrays.floats("slope", &axes, "mixed", text, &of.slope);
        arrays.floats("slope_error", &axes, "mixed", "standard error of slope", &of.slope_error);
        let text = "coefficients of the relative changes of the features in the combination that no \
                parameter moves; zeros: there is none";
        arrays.floats("unmoved", &[&target], "1", text, &of.unmoved);
        let at_bound: Vec<u64> = of.at_bound.iter().map(|&at| u64::from(at)).collect();
        arrays.numbers(
            "at_bound",
            &[&parameter],
            "1: the parameter has ended at a bound",
            &at_bound,
        );
        arrays.arrays
    }

    /// The outcome's code: 0 before the end.
    pub fn code(&self) -> u8 {
        let outcome = self.outcome.as_deref().and_then(Outcome::from_word);
        outcome.map_or(0, Outcome::code)
    }

    /// Whether it was reached.
    pub fn is_reached(&self) -> bool {
        self.outcome.as_deref() == Some(Outcome::Reached.word())
    }
}

fn stage_of(scenario: &Scenario) -> Option<&Round> {
    scenario.round.as_ref().filter(|round| round.stage.is_some())
}
