//! Axes: ranges and ticks.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};

/// Decades with a tick at every power of ten; beyond, at every second, third … one.
const DECADES: usize = 8;
/// Ticks of a linear axis, about.
const TICKS: f64 = 6.0;
/// Free space beyond the data, as a share of their range.
const MARGIN: f64 = 0.05;

/// How an axis is divided.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    Linear,
    /// Linear, with 0 in sight.
    FromZero,
    Log,
    /// One place for each name: the first one is at 0.
    Names(Vec<String>),
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it is, with its unit.
    pub label: String,
    pub scale: Scale,
}

impl Axis {
    /// A logarithmic axis.
    pub fn log(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), scale: Scale::Log }
    }

    /// A linear axis.
    pub fn linear(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), scale: Scale::Linear }
    }

    /// A linear axis with 0 in sight.
    pub fn from_zero(label: impl Into<String>) -> Axis {
        Axis { label: label.into(), scale: Scale::FromZero }
    }

    /// A place for each name, the first one at 0.
    pub fn names(names: Vec<String>) -> Axis {
        Axis { label: String::new(), scale: Scale::Names(names) }
    }

    /// The place of a value along the axis; none where it has none.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let place = if self.scale == Scale::Log { value.log10() } else { value };
        place.is_finite().then_some(place)
    }

    /// The axis of data at these places.
    pub(super) fn layout(&self, places: impl Iterator<Item = f64>) -> Layout {
        let (lo, hi) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(lo, hi), place| {
            (lo.min(place), hi.max(place))
        });
        let (lo, hi) = if lo > hi { (0.0, 1.0) } else { (lo, hi) };
        match &self.scale {
            Scale::Names(names) => {
                let ticks = names.iter().enumerate().map(|(at, name)| (at as f64, name.clone()));
                let (lo, hi) = (-0.6, names.len() as f64 - 0.4);
                Layout { lo, hi, ticks: ticks.collect(), light: Vec::new() }
            }
            Scale::Linear => linear(lo, hi),
            Scale::FromZero => linear(lo.min(0.0), hi.max(0.0)),
            Scale::Log => logarithmic(lo, hi),
        }
    }
}

/// The places of an axis: from, to, its ticks with their labels, and lines between them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Layout {
    pub lo: f64,
    pub hi: f64,
    pub ticks: Vec<(f64, String)>,
    pub light: Vec<f64>,
}

impl Ranged for Layout {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.lo) / (self.hi - self.lo);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight().allow_light_points() {
            true => self.light.clone(),
            false => self.ticks.iter().map(|(place, _)| *place).collect(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.lo..self.hi
    }
}

impl ValueFormatter<f64> for Layout {
    fn format_ext(&self, value: &f64) -> String {
        let tick = self.ticks.iter().find(|(place, _)| place == value);
        tick.map_or(String::new(), |(_, label)| label.clone())
    }
}

/// The range with some space, also where it is empty.
fn widened(lo: f64, hi: f64, least: f64) -> (f64, f64) {
    let middle = (lo + hi) / 2.0;
    let half = ((hi - lo) / 2.0).max(least / 2.0) * (1.0 + 2.0 * MARGIN);
    (middle - half, middle + half)
}

fn linear(lo: f64, hi: f64) -> Layout {
    let (lo, hi) = widened(lo, hi, f64::max(lo.abs(), hi.abs()).max(1.0) * 1e-3);
    let rough = (hi - lo) / TICKS;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough);
    let step = step.unwrap_or(rough);
    let decimals = usize::try_from(-(step.log10().floor() as i32)).unwrap_or(0);
    let numbers = (lo / step).ceil() as i64..=(hi / step).floor() as i64;
    let ticks = numbers.map(|n| n as f64 * step).map(|x| (x, format!("{x:.decimals$}")));
    Layout { lo, hi, ticks: ticks.collect(), light: Vec::new() }
}

/// Places are decimal logarithms.
fn logarithmic(lo: f64, hi: f64) -> Layout {
    let (lo, hi) = widened(lo, hi, 0.5);
    let decades = lo.floor() as i32..=hi.ceil() as i32;
    let within = |place: &f64| (lo..=hi).contains(place);
    let powers = decades.clone().filter(|power| within(&f64::from(*power))).count();
    let step = powers.div_ceil(DECADES).max(1) as i32;
    // Where there is hardly a power of ten, others stand between them.
    let digits: &[u8] = match powers {
        0 => &[1, 2, 3, 4, 5, 6, 7, 8, 9],
        1 | 2 if hi - lo < 2.0 => &[1, 2, 5],
        _ => &[1],
    };
    let ticks = decades.clone().filter(|power| power.rem_euclid(step) == 0).flat_map(|power| {
        let at = move |digit: &u8| (f64::from(power) + f64::from(*digit).log10(), *digit, power);
        digits.iter().map(at)
    });
    let ticks = ticks.filter(|(place, ..)| within(place));
    let ticks = ticks.map(|(place, digit, power)| (place, power_of_ten(digit, power))).collect();
    let light =
        decades.flat_map(|power| (2..10).map(move |n| f64::from(power) + f64::from(n).log10()));
    let light = if step == 1 { light.filter(within).collect() } else { Vec::new() };
    Layout { lo, hi, ticks, light }
}

/// `2·10⁻³`.
fn power_of_ten(digit: u8, power: i32) -> String {
    const RAISED: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let raised = |c: char| c.to_digit(10).map_or('⁻', |digit| RAISED[digit as usize]);
    match (digit, power) {
        (_, 0) => digit.to_string(),
        (_, 1) => format!("{digit}0"),
        (1, _) => format!("10{}", power.to_string().chars().map(raised).collect::<String>()),
        _ => format!("{digit}·{}", power_of_ten(1, power)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(layout: &Layout) -> Vec<&str> {
        layout.ticks.iter().map(|(_, label)| label.as_str()).collect()
    }

    #[test]
    fn ticks_are_round_numbers_and_few() {
        assert_eq!(labels(&linear(0.0, 40.0)), ["0", "10", "20", "30", "40"]);
        assert_eq!(labels(&linear(0.1, 0.35)), ["0.10", "0.15", "0.20", "0.25", "0.30", "0.35"]);
        assert_eq!(labels(&logarithmic(-3.0, 1.0)), ["10⁻³", "10⁻²", "10⁻¹", "1", "10"]);
        assert_eq!(labels(&logarithmic(0.25, 0.65)), ["2", "3", "4", "5"]);
        assert_eq!(labels(&logarithmic(-0.2, 0.9)), ["1", "2", "5"]);
        let many = logarithmic(-30.0, 3.0);
        assert!(many.ticks.len() <= DECADES && many.light.is_empty(), "{many:?}");
        // One value, or none.
        for layout in [linear(3.0, 3.0), logarithmic(-4.0, -4.0)] {
            assert!(layout.lo < layout.hi && !layout.ticks.is_empty(), "{layout:?}");
        }
    }

    #[test]
    fn what_has_no_place_is_left_out() {
        let axis = Axis::log("s");
        assert_eq!(axis.place(100.0), Some(2.0));
        assert_eq!([0.0, -1.0, f64::NAN, f64::INFINITY].map(|x| axis.place(x)), [None; 4]);
    }
}
