//! What is asked of a design, whatever the solid: how the command line and a study write it, and what of
//! it is wrong before there is a solid.

use std::ops::RangeInclusive;

use super::feature::Feature;
use super::parameters::{Norm, Parameters};
use super::search::Settings;
use super::target::{Need, Target, TargetError, Wanted, Wish};
use crate::response::allosteric::AllostericPair;
use crate::response::features::{FeatureKind, FeatureRequest, derived};
use crate::solid::parameters::ParameterKind;
use crate::system::words::Word;

/// The terms of a design.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    pub wishes: Vec<Wish>,
    /// Smallest and largest value of the parameters of a kind.
    pub bounds: Vec<(ParameterKind, RangeInclusive<f64>)>,
    pub norm: Norm,
    /// What a kind counts in the norm, beside 1 of the others.
    pub weights: Vec<(ParameterKind, f64)>,
    pub settings: Settings,
}

/// A bound or a weight of a kind of parameters that may not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotFree(pub ParameterKind);

impl Terms {
    /// Whether all kinds with bounds or weights are among these.
    ///
    /// # Errors
    /// [`NotFree`] with the first one that is not.
    pub fn check_kinds(&self, kinds: &[ParameterKind]) -> Result<(), NotFree> {
        let bounded = self.bounds.iter().map(|(kind, _)| *kind);
        let mut named = bounded.chain(self.weights.iter().map(|(kind, _)| *kind));
        named.find(|kind| !kinds.contains(kind)).map_or(Ok(()), |kind| Err(NotFree(kind)))
    }

    /// Gives parameters these bounds, norm and weights.
    pub fn apply(&self, parameters: &mut Parameters) {
        for (kind, range) in &self.bounds {
            parameters.bound(*kind, range);
        }
        parameters.norm = self.norm;
        parameters.weights.clone_from(&self.weights);
    }
}

/// Whether these wishes can be granted in any solid with so many modes and pairs.
///
/// # Errors
/// [`TargetError`] for an unknown feature, one that is named twice, a number that is not finite, or wishes
/// that contradict each other in every solid. Whether a value agrees with a share or a change depends on
/// the solid.
pub fn check_wishes<const D: usize>(
    wishes: &[Wish],
    modes: usize,
    pairs: usize,
) -> Result<(), TargetError> {
    let need = Need::of(D, wishes)?;
    need.check(D, modes, pairs)?;
    // Any will do: only how many there are counts here.
    let any = AllostericPair { source: [0, 1], target: [2, 3] };
    let request = need.request(&vec![any; need.pairs]);
    let values = some_features::<D>(&request);
    let granted = |wishes: &[Wish]| Target::all::<D>(wishes, &request, &values, 1.0).map(|_| ());
    match granted(wishes) {
        Err(TargetError::Contradiction { .. }) => {
            let is_value = |wish: &&Wish| matches!(wish.wanted, Wanted::Value(_));
            let (values, others): (Vec<&Wish>, Vec<&Wish>) = wishes.iter().partition(is_value);
            for part in [values, others] {
                let part: Vec<Wish> = part.into_iter().cloned().collect();
                if !part.is_empty() {
                    granted(&part)?;
                }
            }
            Ok(())
        }
        other => other,
    }
}

/// Labels and kinds of the features of wishes that were checked, in this dimension.
pub fn wished(dimension: usize, wishes: &[Wish]) -> Vec<(String, Option<FeatureKind>)> {
    let features = wishes.iter().filter_map(|wish| Feature::from_name(dimension, &wish.name).ok());
    features.map(|feature| (feature.label(dimension), feature.kind())).collect()
}

/// The features of a solid without any symmetry.
fn some_features<const D: usize>(request: &FeatureRequest) -> Vec<f64> {
    let count = request.labels(D, &FeatureKind::ALL).len();
    // Multiples of the golden ratio: no two differ by what a third one is.
    let mut values: Vec<f64> =
        (1..=count).map(|n| 1.0 + (n as f64 * 0.618_033_988_749_895).fract()).collect();
    let part = |values: &[f64], kind| -> Vec<f64> {
        request.rows(D, &[kind]).into_iter().map(|row| values[row]).collect()
    };
    let (stress, elastic) =
        (part(&values, FeatureKind::Stress), part(&values, FeatureKind::Elastic));
    let rows = request.rows(D, &[FeatureKind::Derived]);
    rows.into_iter().zip(derived::<D>(&stress, &elastic)).for_each(|(row, x)| values[row] = x);
    values
}

/// `KIND=…`: the kind, and what stands behind it.
fn kind_and<'a>(text: &'a str, allowed: &str) -> Result<(ParameterKind, &'a str), String> {
    let split = text.split_once('=');
    let found = split.and_then(|(kind, rest)| Some((ParameterKind::from_word(kind.trim())?, rest)));
    found.ok_or_else(|| format!("allowed: {allowed}"))
}

/// Bounds of a kind, such as `D=0.8:1.6`.
///
/// # Errors
/// What is allowed, where the text is something else.
pub fn bounds(text: &str) -> Result<(ParameterKind, RangeInclusive<f64>), String> {
    const ALLOWED: &str =
        "KIND=LOW:HIGH with 0 <= LOW < HIGH, such as D=0.8:1.6; no LOW or no HIGH is no bound";
    let (kind, range) = kind_and(text, ALLOWED)?;
    let end = |text: &str, none: f64| match text.trim() {
        "" => Some(none),
        text => text.parse::<f64>().ok(),
    };
    let ends = range.split_once(':');
    match ends.and_then(|(low, high)| Some((end(low, 0.0)?, end(high, f64::INFINITY)?))) {
        Some((low, high)) if 0.0 <= low && low < high => Ok((kind, low..=high)),
        _ => Err(format!("allowed: {ALLOWED}")),
    }
}

/// The weight of a kind, such as `k=0.1`.
///
/// # Errors
/// What is allowed, where the text is something else.
pub fn weight(text: &str) -> Result<(ParameterKind, f64), String> {
    const ALLOWED: &str = "KIND=WEIGHT, a finite number > 0, such as k=0.1";
    let (kind, number) = kind_and(text, ALLOWED)?;
    match number.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok((kind, number)),
        _ => Err(format!("allowed: {ALLOWED}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(text: &str) -> Vec<Wish> {
        Wish::list(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn what_no_solid_can_grant_is_refused_without_one() {
        for (text, said) in [
            ("K=+5%,bulk=1", "unknown feature \"bulk\""),
            ("K=+5%,K=2", "K twice"),
            ("p=+5%,pressure+=0.1", "pressure twice"),
            ("K=NaN", "K: NaN is not finite"),
            ("K=+inf%", "K: inf is not finite"),
            ("K=1,G=0.5,nu=0.9", "nu = 0.9 cannot be with K, G"),
            ("stress_xx=+5%,stress_yy=+5%,p=-5%", "contradict each other"),
            ("omega_10=+1%", "omega_10: there are at most 10 modes"),
            ("omega_18446744073709551615=1", "there are at most 10 modes"),
            ("eta_1=0.1,eta_2=0.1", "eta_2: there are 2 pairs"),
            ("eta_0=0.1,eta_0=+1%", "eta_0 twice"),
            ("eta_x=0.1", "unknown feature \"eta_x\"; did you mean eta_0, eta_1, …?"),
        ] {
            let error = check_wishes::<2>(&wishes(text), 10, 2).expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn what_some_solid_can_grant_is_not_refused() {
        for text in [
            "K=+5%,G=-20%",
            "nu=-0.1,omega_9=+1%,volume+=0,eta_1=-0.2",
            "stress_xx=+5%,stress_yy=+5%,p=+5%",
            "stress_xx+=0.1,stress_yy-=0.1,p+=0",
            // True in the solids whose pressure is 0.1.
            "stress_xx+=0.1,stress_yy-=0.1,p=0.1",
        ] {
            assert_eq!(check_wishes::<2>(&wishes(text), 10, 2), Ok(()), "{text}");
        }
        assert_eq!(check_wishes::<3>(&wishes("C_xzxy=+5%,K=+1%"), 0, 0), Ok(()));
        assert!(check_wishes::<2>(&wishes("C_xzxy=+5%"), 0, 0).is_err());
    }
}
