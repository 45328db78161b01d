//! The values of `measure`'s options.

use std::ops::RangeInclusive;

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::analysis::directions::{Directions, Scale};
use crate::report::measure::ModeCount;
use crate::response::features::FeatureKind;
use crate::solid::parameters::{ParameterKind, read_symbols};
use crate::study::config::{MAX_DIRECTIONS, SWITCH};
use crate::system::words::Word;

/// Families of features with the number of modes, if it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FeatureList {
    pub families: Vec<FeatureKind>,
    pub modes: Option<ModeCount>,
}

/// Kinds of parameters, in the order of θ.
pub(in crate::cli) type Kinds = Vec<ParameterKind>;

/// Both ends of a tail's switch; none where it is not switched.
pub(super) type Ends = Option<(f64, f64)>;

/// A parser of the words of T.
pub(in crate::cli) fn word<T: Word>() -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(T::WORDS.iter().map(|(word, _)| *word))
        .try_map(|word| T::from_word(&word).ok_or("no such word"))
}

pub(super) fn features(text: &str) -> Result<FeatureList, String> {
    const ALLOWED: &str =
        "stress, elastic, modes, modes:N (N at least 1), modes:all, derived, allosteric, each once";
    let mut list = FeatureList { families: Vec::new(), modes: None };
    for word in text.split(',').map(str::trim) {
        let (name, count) = match word.split_once(':') {
            Some((name, count)) => (name, Some(count)),
            None => (word, None),
        };
        let Some(family) = FeatureKind::from_word(name) else {
            let words = FeatureKind::WORDS.iter().map(|(word, _)| *word);
            let similarity = |word: &str| strsim::jaro(word, name);
            let nearest = words.max_by(|a, b| similarity(a).total_cmp(&similarity(b)));
            let nearest = nearest.unwrap_or_default();
            return Err(format!(
                "unknown feature \"{name}\"; did you mean {nearest}? (allowed: {ALLOWED})"
            ));
        };
        if let Some(count) = count {
            let given = match count {
                "all" => Some(ModeCount::All),
                number => number.parse().ok().filter(|&n| n >= 1).map(ModeCount::Lowest),
            };
            match given {
                Some(_) if family == FeatureKind::Modes => list.modes = given,
                _ => return Err(format!("\"{word}\" (allowed: {ALLOWED})")),
            }
        }
        if list.families.contains(&family) {
            return Err(format!("\"{name}\" twice (allowed: {ALLOWED})"));
        }
        list.families.push(family);
    }
    list.families.sort();
    Ok(list)
}

pub(in crate::cli) fn kinds(text: &str) -> Result<Kinds, String> {
    let mut kinds = read_symbols(text)
        .map_err(|wrong| format!("{wrong} (allowed: D, k, B, a, each once, such as D or Dk)"))?;
    kinds.sort();
    Ok(kinds)
}

pub(super) fn switch(text: &str) -> Result<Ends, String> {
    if text == "none" {
        return Ok(None);
    }
    let ends: Option<Vec<f64>> = text.split(',').map(|end| end.trim().parse().ok()).collect();
    match ends.as_deref() {
        Some(&[from, to]) if SWITCH.contains(&from) && SWITCH.contains(&to) && from < to => {
            Ok(Some((from, to)))
        }
        _ => Err(format!(
            "allowed: FROM,TO with {} <= FROM < TO <= {}, such as 5,9.9; or none with --cutoff",
            SWITCH.start(),
            SWITCH.end()
        )),
    }
}

/// A parser of numbers within a range.
pub(super) fn within(range: RangeInclusive<f64>) -> impl Fn(&str) -> Result<f64, String> + Clone {
    move |text| match text.parse::<f64>() {
        Ok(value) if range.contains(&value) => Ok(value),
        _ => Err(format!("allowed: {:e} to {:e}", range.start(), range.end())),
    }
}

pub(super) fn directions(text: &str) -> Result<Directions<String>, String> {
    Directions::from_text(text, MAX_DIRECTIONS as usize).ok_or_else(|| {
        format!("allowed: all, N, random:N (N from 1 to {MAX_DIRECTIONS}), or file:FILE[:/group]")
    })
}

pub(super) fn scale(text: &str) -> Result<Scale, String> {
    if let Some(scale) = Scale::from_name(text) {
        return Ok(scale);
    }
    let weight = |word: &str| {
        word.trim().parse::<f64>().ok().filter(|weight| weight.is_finite() && *weight >= 0.0)
    };
    match text.split(',').map(weight).collect::<Option<Vec<f64>>>() {
        Some(weights) if weights.iter().any(|&weight| weight > 0.0) => Ok(Scale::Table(weights)),
        _ => {
            Err("allowed: none, initial, or numbers >= 0, one per feature of the sweep, not all 0"
                .to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::solid::parameters::symbols;

    #[test]
    fn features_come_in_the_order_of_rows_and_misspelt_ones_are_refused_with_the_nearest() {
        let list = features("modes:3,stress").expect("valid");
        assert_eq!(list.families, [FeatureKind::Stress, FeatureKind::Modes]);
        assert_eq!(list.modes, Some(ModeCount::Lowest(3)));
        let all = features("allosteric,modes:all").expect("valid");
        assert_eq!(all.modes, Some(ModeCount::All));
        assert_eq!(all.families, [FeatureKind::Modes, FeatureKind::Allosteric]);
        assert!(features("elastik").is_err_and(|m| m.contains("did you mean elastic?")));
        for bad in ["", "stress,stress", "modes:0", "stress:2", "modes:x"] {
            assert!(features(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_come_in_one_order_whatever_the_flags() {
        assert_eq!(symbols(&kinds("a,k,D").expect("valid")), "Dka");
        assert_eq!(kinds("aDk"), kinds("D, k,a"));
        for bad in ["", "d", "D,D", "DD", "D,", "D,kk", "Dx"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_switch_has_two_ends_in_order() {
        assert_eq!(switch("5,9.9"), Ok(Some((5.0, 9.9))));
        for bad in ["9,5", "5", "x,y", "0,5", "5,nan"] {
            assert!(switch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn directions_and_scales_are_words_or_numbers() {
        assert_eq!(directions("all"), Ok(Directions::All));
        assert_eq!(directions("3"), Ok(Directions::First(3)));
        assert_eq!(directions("random:2"), Ok(Directions::Random(2)));
        assert_eq!(directions("file:a.h5:/g"), Ok(Directions::Given("a.h5:/g".to_owned())));
        for bad in ["", "0", "-1", "random", "random:0", "rnd:3", "file:", "every"] {
            assert!(directions(bad).is_err_and(|m| m.contains("random:N")), "{bad}");
        }
        assert_eq!(scale("1, 0,2.5"), Ok(Scale::Table(vec![1.0, 0.0, 2.5])));
        for bad in ["", "0,0", "1,-1", "1,nan", "1,inf", "y0"] {
            assert!(scale(bad).is_err_and(|m| m.contains("initial")), "{bad}");
        }
    }
}
