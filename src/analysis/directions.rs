//! Directions Δθ̂ of one solid, and what is found along them.

use super::solid::{Analysis, AnalysisError};
use super::theta::Theta;
use crate::linearity::problem::SweepProblem;
use crate::linearity::settings::SweepSettings;
use crate::linearity::sweep::sweep_from;
use crate::linearity::thresholds::{CurvePoint, Snapshots, SweepResult};
use crate::response::features::{FeatureKind, FeatureRequest};
use crate::response::susceptibility::Susceptibility;
use crate::solid::Solid;
use crate::solid::parameters::ParameterSpace;
use crate::system::words::Word;

/// Which directions are looked at; `G` says which ones are given: their rows, or where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Directions<G> {
    /// All relevant right singular vectors.
    All,
    /// The first n of them.
    First(usize),
    /// n random unit vectors.
    Random(usize),
    /// Given ones.
    Given(G),
}

impl Directions<String> {
    /// What a text says, in a configuration or on the command line: `all`, `N`, `random:N` (at most
    /// `most`), or `file:FILE[:/group]`.
    pub fn from_text(text: &str, most: usize) -> Option<Self> {
        let count = |text: &str| text.parse().ok().filter(|n| (1..=most).contains(n));
        match text.split_once(':') {
            None if text == "all" => Some(Directions::All),
            None => count(text).map(Directions::First),
            Some(("random", n)) => count(n).map(Directions::Random),
            Some(("file", address)) if !address.is_empty() => {
                Some(Directions::Given(address.to_owned()))
            }
            Some(_) => None,
        }
    }
}

/// Which orientations of a direction are swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// As the singular vector is signed.
    Plus,
    /// Both; the sweep axis alternates +, −.
    Both,
}

impl Word for Signs {
    const WORDS: &'static [(&'static str, Self)] = &[("+", Signs::Plus), ("both", Signs::Both)];
}

impl Signs {
    /// The orientations.
    pub fn orientations(self) -> &'static [i32] {
        match self {
            Signs::Plus => &[1],
            Signs::Both => &[1, -1],
        }
    }
}

/// The weights of the features in |Δy|.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// The features as they are.
    None,
    /// 1/|y₀| of each solid.
    Initial,
    /// One weight per feature of the set.
    Table(Vec<f64>),
}

impl Scale {
    /// The name in the configuration, on the command line and in files.
    pub fn name(&self) -> &'static str {
        match self {
            Scale::None => "none",
            Scale::Initial => "initial",
            Scale::Table(_) => "given",
        }
    }

    /// The scale that a word names.
    pub fn from_name(name: &str) -> Option<Self> {
        [Scale::None, Scale::Initial].into_iter().find(|scale| scale.name() == name)
    }
}

/// A feature this small beside the largest one is rounding, and no scale: the shear stress of a
/// crystal is 1e-17.
const NEGLIGIBLE: f64 = 1e-12;

/// What the directions are judged by.
pub struct SweepSet {
    /// The rows of the sweep's features, of those that have a value.
    pub rows: Vec<usize>,
    /// Their places among the rows of the set, and how many rows it has.
    places: Vec<usize>,
    length: usize,
    /// These features alone.
    pub request: FeatureRequest,
    /// Of these features in |Δy|; `None`: all 1.
    weights: Option<Vec<f64>>,
}

impl SweepSet {
    /// For the features of a set.
    ///
    /// # Errors
    /// [`AnalysisError::NoScale`].
    pub fn new<const D: usize>(
        analysis: &Analysis<D>,
        set: &[FeatureKind],
        scale: &Scale,
    ) -> Result<Self, AnalysisError> {
        let (all, places) = (analysis.rows(set), analysis.present(set));
        let rows: Vec<usize> = places.iter().map(|&place| all[place]).collect();
        let request = analysis.present_request(set);
        let weights = match scale {
            Scale::None => None,
            Scale::Table(weights) => Some(places.iter().map(|&place| weights[place]).collect()),
            Scale::Initial => {
                let names = analysis.origin.request.labels(D, set);
                let labels = places.iter().map(|&place| names[place].clone());
                Some(inverse_magnitudes(&analysis.values(&rows), labels)?)
            }
        };
        Ok(Self { rows, length: all.len(), places, request, weights })
    }

    /// Weight of each feature, shape (n_y of the set,).
    pub fn weights(&self) -> Vec<f64> {
        match &self.weights {
            Some(weights) => self.spread(weights),
            None => self.spread(&vec![1.0; self.rows.len()]),
        }
    }

    /// The places of the features that have a value among the rows of the set.
    pub fn places(&self) -> impl Iterator<Item = usize> {
        self.places.iter().copied()
    }

    /// A value of every row of the set, from those of the features that have one; NaN for the others.
    fn spread(&self, values: &[f64]) -> Vec<f64> {
        let mut all = vec![f64::NAN; self.length];
        self.places.iter().zip(values).for_each(|(&place, &value)| all[place] = value);
        all
    }

    /// These features with their weights, of all.
    pub fn weighted(&self, all: &[f64]) -> Vec<f64> {
        let of_set = self.rows.iter().map(|&row| all[row]);
        match &self.weights {
            None => of_set.collect(),
            Some(weights) => of_set.zip(weights).map(|(x, w)| x * w).collect(),
        }
    }

    /// An oriented direction; relevant where it changes the features of the set at all.
    pub fn direction(
        &self,
        theta: &Theta,
        svd: &Susceptibility,
        (vector, sign): (&[f64], i32),
    ) -> Direction {
        let vector: Vec<f64> = vector.iter().map(|x| f64::from(sign) * x).collect();
        let jacobian = &theta.jacobian;
        let linear: Vec<f64> = (0..jacobian.nrows())
            .map(|row| (0..vector.len()).map(|q| jacobian[(row, q)] * vector[q]).sum())
            .collect();
        let squares = self.rows.iter().map(|&row| linear[row] * linear[row]);
        let susceptibility = squares.sum::<f64>().sqrt();
        let relevant = susceptibility > svd.threshold;
        Direction { vector, sign, linear, susceptibility, relevant }
    }

    /// Sweeps along a direction of the solid with the species of θ, where it is relevant. What is found
    /// of every feature has the shape (n_y of the set,).
    pub fn sweep<const D: usize>(
        &self,
        analysis: &Analysis<D>,
        (solid, space): (&Solid<D>, &ParameterSpace),
        direction: &Direction,
        settings: &SweepSettings,
        with_curve: bool,
    ) -> SweepResult {
        if !direction.relevant {
            let linear: Vec<f64> = self.rows.iter().map(|&row| direction.linear[row]).collect();
            return SweepResult::not_applicable(self.spread(&linear));
        }
        let problem = SweepProblem {
            solid,
            space,
            direction: &direction.vector,
            request: self.request.clone(),
            weights: self.weights.as_deref(),
        };
        let mut found = sweep_from(&analysis.origin, &problem, settings, with_curve);
        found.linear = self.spread(&found.linear);
        found.curvature = self.spread(&found.curvature);
        for point in found.curve.iter_mut().flatten() {
            point.delta_y = self.spread(&point.delta_y);
        }
        found
    }
}

/// 1/|y₀| of every feature.
fn inverse_magnitudes(
    start: &[f64],
    labels: impl Iterator<Item = String>,
) -> Result<Vec<f64>, AnalysisError> {
    let largest = start.iter().fold(0.0, |max: f64, value| max.max(value.abs()));
    start
        .iter()
        .zip(labels)
        .map(|(value, label)| {
            let usable = value.abs() > NEGLIGIBLE * largest;
            if usable { Ok(1.0 / value.abs()) } else { Err(AnalysisError::NoScale(label)) }
        })
        .collect()
}

/// An oriented direction Δθ̂ with its linear response.
#[derive(Debug)]
pub struct Direction {
    /// Δθ̂, of unit length, shape (n_θ,).
    pub vector: Vec<f64>,
    pub sign: i32,
    /// J Δθ̂ by the Jacobian, shape (n_y,).
    pub linear: Vec<f64>,
    /// |J Δθ̂| over the features of the sweep.
    pub susceptibility: f64,
    /// Does it change these features at all?
    pub relevant: bool,
}

/// What was found along a direction.
#[derive(Debug)]
pub struct DirectionResult {
    pub direction: Direction,
    /// J Δθ̂ of the features that are stored.
    pub linear: Vec<f64>,
    /// d²y/dγ² of the same.
    pub curvature: Vec<f64>,
    pub gamma_tilde: f64,
    /// Weight of each feature of the sweep in |Δy|.
    pub weights: Vec<f64>,
    pub sweep: SweepResult,
    /// N·d, the length of a snapshot.
    pub coordinates: usize,
    /// Points of the curve's grid.
    pub points: usize,
}

impl DirectionResult {
    /// Positions of a snapshot; NaN where there is none.
    pub fn snapshot(
        &self,
        of: fn(&SweepResult) -> &Option<Snapshots>,
        side: fn(&Snapshots) -> &Vec<f64>,
    ) -> Vec<f64> {
        match of(&self.sweep) {
            Some(both) => side(both).clone(),
            None => vec![f64::NAN; self.coordinates],
        }
    }

    /// Something of every point of the curve; `missing` where the solid no longer exists.
    pub fn curve<T: Clone>(&self, of: fn(&CurvePoint) -> T, missing: T) -> Vec<T> {
        (0..self.points)
            .map(|point| {
                let point = self.sweep.curve.get(point).and_then(Option::as_ref);
                point.map_or_else(|| missing.clone(), of)
            })
            .collect()
    }
}
