//! The stages of an ensemble design: what a scenario is within it, and its solids' parameters.

use std::sync::Arc;

use super::{EnsembleDesign, Scenario, Study};
use crate::design::ensemble::plan::{Plan, VERIFICATIONS};
use crate::relax::prepare::{Target, Tuning};
use crate::solid::random::StreamKey;

/// What a scenario is within an ensemble design.
#[derive(Clone, Debug, PartialEq)]
pub struct Round {
    /// The design.
    pub design: Arc<EnsembleDesign>,
    /// The stage of its search; none where the box is measured.
    pub stage: Option<usize>,
    /// How the solids are scattered, and the search's numbers.
    pub plan: Plan,
    /// The centre in units of the search, once the rounds before have decided it.
    pub centre: Option<Vec<f64>>,
    /// Whether half of the solids are scattered around it, once it is known.
    pub scattered: bool,
    /// The packing fraction at θ₀ of the box that all solids share, once it is known.
    pub packing_fraction: Option<f64>,
}

impl EnsembleDesign {
    fn plan(&self, study: &Study) -> Plan {
        let bounds = self.bounds_of().into_iter().zip(self.scales());
        let bounds = bounds.map(|([low, high], scale)| low.ln() / scale..=high.ln() / scale);
        Plan {
            wanted: self.wishes.iter().map(|wish| wish.wanted).collect(),
            bounds: bounds.collect(),
            rounds: self.rounds,
            solids: study.replicas as usize,
            verification: self.verification,
            key: StreamKey { seed: study.seed, solid: 0, replica: 0, attempt: 0 },
        }
    }

    /// Whether the box of the solids is measured first.
    fn measures_box(&self) -> bool {
        matches!(self.scenario.solid.recipe.target, Target::Pressure(_))
    }

    /// The scenarios of the stages, in their order.
    fn stages(self: &Arc<Self>, study: &Study) -> Vec<Scenario> {
        let plan = self.plan(study);
        let width = self.rounds.to_string().len();
        let first = self.measures_box().then_some(("box".to_owned(), None));
        let rounds = (1..=self.rounds).map(|round| (format!("round_{round:0width$}"), Some(round)));
        // Those that disagree are followed by others.
        let parts = 0..self.verification;
        let name = |attempt: usize, part: usize| match self.verification {
            1 => format!("verification_{attempt}"),
            _ => format!("verification_{attempt}_{part}"),
        };
        let verifications = (1..=VERIFICATIONS)
            .flat_map(|attempt| parts.clone().map(move |part| (attempt, part + 1)))
            .map(|(attempt, part)| name(attempt, part));
        let last = plan.verifications().zip(verifications).map(|(stage, name)| (name, Some(stage)));
        let all = first.into_iter().chain([("start".to_owned(), Some(0))]).chain(rounds);
        let fraction = match self.scenario.solid.recipe.target {
            Target::PackingFraction(fraction) => Some(fraction),
            Target::Pressure(_) => None,
        };
        let mut scenarios = Vec::new();
        for (index, (name, stage)) in all.chain(last).enumerate() {
            let mut scenario = (*self.scenario).clone();
            scenario.name = name;
            scenario.solid.stage = Some(index);
            scenario.features.sets = vec![self.kinds()];
            scenario.round = Some(Round {
                design: Arc::clone(self),
                stage,
                plan: plan.clone(),
                centre: None,
                scattered: false,
                packing_fraction: fraction,
            });
            scenarios.push(scenario);
        }
        scenarios
    }
}

impl Study {
    /// Makes the scenarios of an ensemble design of the study's only one.
    pub(super) fn expand(&mut self, design: EnsembleDesign) {
        let design = Arc::new(design);
        self.scenarios = design.stages(self);
        self.ensemble_design = Some(design);
    }
}

impl Round {
    /// ln(θ/θ₀) of a solid, shape (n_θ,); none where the centre is not known.
    pub fn logarithms(&self, slot: usize) -> Option<Vec<f64>> {
        let offset = self.plan.offset(self.stage?, slot).filter(|_| self.scattered);
        self.beside_centre(offset.as_deref())
    }

    /// The same at the centre.
    pub fn centre_logarithms(&self) -> Option<Vec<f64>> {
        self.beside_centre(None)
    }

    fn beside_centre(&self, offset: Option<&[f64]>) -> Option<Vec<f64>> {
        let centre = self.centre.as_ref()?;
        let at = |q: usize| centre[q] + offset.map_or(0.0, |offset| offset[q]);
        Some(self.design.scales().iter().enumerate().map(|(q, scale)| at(q) * scale).collect())
    }

    /// Gives the solid of a slot its parameters and its box, as far as they are known.
    pub(super) fn tune(&self, scenario: &mut Scenario, slot: usize) {
        if let (Some(fraction), Some(_)) = (self.packing_fraction, self.stage) {
            scenario.solid.recipe.target = Target::PackingFraction(fraction);
        }
        if let Some(logarithms) = self.logarithms(slot) {
            let space = self.design.theta().space;
            scenario.solid.tuning = Some(Arc::new(Tuning { space, logarithms }));
        }
    }
}
