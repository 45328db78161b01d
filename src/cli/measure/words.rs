//! The values of `measure`'s options.

use std::ops::RangeInclusive;

use crate::study::config::{Feature, Kinds, MAX_DIRECTIONS, SWITCH, Scale};

/// Families of features with the number of modes, if it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FeatureList {
    pub families: Vec<Feature>,
    pub modes: Option<usize>,
}

/// `--directions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Directions {
    All,
    First(usize),
    Random(usize),
    /// FILE[:/group]
    File(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum SwitchName {
    Smooth { from: f64, to: f64 },
    None,
}

pub(super) fn features(text: &str) -> Result<FeatureList, String> {
    const ALLOWED: &str = "stress, elastic, modes, modes:N (N at least 1), derived, each once";
    let mut list = FeatureList { families: Vec::new(), modes: None };
    for word in text.split(',').map(str::trim) {
        let (name, count) = match word.split_once(':') {
            Some((name, count)) => (name, Some(count)),
            None => (word, None),
        };
        let Some(family) = Feature::ALL.into_iter().find(|family| family.name() == name) else {
            let nearest = Feature::ALL
                .into_iter()
                .map(Feature::name)
                .max_by(|a, b| strsim::jaro(a, name).total_cmp(&strsim::jaro(b, name)));
            let nearest = nearest.unwrap_or_default();
            return Err(format!(
                "unknown feature \"{name}\"; did you mean {nearest}? (allowed: {ALLOWED})"
            ));
        };
        if let Some(count) = count {
            match count.parse::<usize>() {
                Ok(count) if count >= 1 && family == Feature::Modes => list.modes = Some(count),
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

pub(super) fn kinds(text: &str) -> Result<Kinds, String> {
    let mut kinds = Kinds::default();
    for word in text.split(',').map(str::trim) {
        let kind = match word {
            "D" => &mut kinds.diameters,
            "k" => &mut kinds.repulsions,
            "B" => &mut kinds.attractions,
            "a" => &mut kinds.inverse_range,
            _ => {
                return Err(format!(
                    "unknown parameter \"{word}\" (allowed: D, k, B, a, such as D,k)"
                ));
            }
        };
        if std::mem::replace(kind, true) {
            return Err(format!("\"{word}\" twice (allowed: D, k, B, a, each once)"));
        }
    }
    Ok(kinds)
}

pub(super) fn switch(text: &str) -> Result<SwitchName, String> {
    if text == "none" {
        return Ok(SwitchName::None);
    }
    let ends: Option<Vec<f64>> = text.split(',').map(|end| end.trim().parse().ok()).collect();
    match ends.as_deref() {
        Some(&[from, to]) if SWITCH.contains(&from) && SWITCH.contains(&to) && from < to => {
            Ok(SwitchName::Smooth { from, to })
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

pub(super) fn directions(text: &str) -> Result<Directions, String> {
    let count = |text: &str| {
        text.parse::<usize>().ok().filter(|n| (1..=MAX_DIRECTIONS as usize).contains(n))
    };
    let parsed = match text.split_once(':') {
        None if text == "all" => Some(Directions::All),
        None => count(text).map(Directions::First),
        Some(("random", n)) => count(n).map(Directions::Random),
        Some(("file", address)) if !address.is_empty() => {
            Some(Directions::File(address.to_owned()))
        }
        Some(_) => None,
    };
    parsed.ok_or_else(|| {
        format!("allowed: all, N, random:N (N from 1 to {MAX_DIRECTIONS}), or file:FILE[:/group]")
    })
}

pub(super) fn scale(text: &str) -> Result<Scale, String> {
    match text {
        "none" => return Ok(Scale::None),
        "initial" => return Ok(Scale::Initial),
        _ => {}
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

    #[test]
    fn features_come_in_the_order_of_rows_and_misspelt_ones_are_refused_with_the_nearest() {
        let list = features("modes:3,stress").expect("valid");
        assert_eq!(list.families, [Feature::Stress, Feature::Modes]);
        assert_eq!(list.modes, Some(3));
        assert!(features("elastik").is_err_and(|m| m.contains("did you mean elastic?")));
        for bad in ["", "stress,stress", "modes:0", "stress:2", "modes:x"] {
            assert!(features(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn parameters_come_in_one_order_whatever_the_flags() {
        assert_eq!(kinds("a,k,D").expect("valid").name(), "Dka");
        for bad in ["", "d", "D,D", "Dk"] {
            assert!(kinds(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_switch_has_two_ends_in_order() {
        assert_eq!(switch("5,9.9"), Ok(SwitchName::Smooth { from: 5.0, to: 9.9 }));
        for bad in ["9,5", "5", "x,y", "0,5", "5,nan"] {
            assert!(switch(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn directions_and_scales_are_words_or_numbers() {
        assert_eq!(directions("all"), Ok(Directions::All));
        assert_eq!(directions("3"), Ok(Directions::First(3)));
        assert_eq!(directions("random:2"), Ok(Directions::Random(2)));
        assert_eq!(directions("file:a.h5:/g"), Ok(Directions::File("a.h5:/g".to_owned())));
        for bad in ["", "0", "-1", "random", "random:0", "rnd:3", "file:", "every"] {
            assert!(directions(bad).is_err_and(|m| m.contains("random:N")), "{bad}");
        }
        assert_eq!(scale("1, 0,2.5"), Ok(Scale::Table(vec![1.0, 0.0, 2.5])));
        for bad in ["", "0,0", "1,-1", "1,nan", "1,inf", "y0"] {
            assert!(scale(bad).is_err_and(|m| m.contains("initial")), "{bad}");
        }
    }
}
