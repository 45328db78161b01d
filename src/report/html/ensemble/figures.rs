//! The figures of an ensemble.

use std::collections::BTreeMap;

use super::super::chart::{Axis, Chart, ChartError, Key, Mark, STYLES, Sign, Style};
use super::super::curve::THRESHOLD_SIGNS;
use super::super::markup::{Html, paragraph};
use super::super::sample::BINS;
use super::series::{Series, Spectrum, Tunability};
use crate::report::collect::{ScenarioStatistics, Statistics};
use crate::solid::parameters::symbols;
use crate::study::config::{Scenario, Study, set_name};
use crate::study::statistics::{BINS_PER_DECADE, Histogram, bins};

/// Charts of one kind; the first ones are drawn.
const CHARTS: usize = 12;
/// Rows of the figure of susceptibilities.
const ROWS: usize = 60;
/// From this ratio of the largest to the smallest n_θ on their axis is logarithmic.
const WIDE_RANGE: f64 = 30.0;

/// Every figure that the files allow.
pub(super) fn figures(
    study: &Study,
    statistics: &Statistics,
    series: &[Series],
) -> Result<Html, ChartError> {
    let mut body = Html::default();
    for charts in [ranks(study, statistics), spectra(study, series), tunability(study, series)] {
        body = body.and(group(charts)?);
    }
    for charts in [distributions(study, series), histograms(statistics)] {
        body = body.and(group(charts)?);
    }
    Ok(if body.is_empty() { paragraph("Nothing is done yet that could be drawn.") } else { body })
}

/// Charts beside each other; those beyond [`CHARTS`] are counted only.
fn group(charts: Vec<Chart>) -> Result<Html, ChartError> {
    let charts: Vec<Chart> = charts.into_iter().filter(|chart| !chart.is_empty()).collect();
    let drawn = charts.iter().take(CHARTS).map(Chart::html).collect::<Result<Html, _>>()?;
    let drawn = Html::with("div", &[("class", "figures")], drawn);
    Ok(match charts.len() {
        0 => Html::default(),
        1..=CHARTS => drawn,
        count => drawn.and(paragraph(format!(
            "{} more charts of this kind are not drawn; the tables hold their numbers.",
            count - CHARTS
        ))),
    })
}

/// Fig. 1: the rank of J against n_θ, a chart for each scenario.
fn ranks(study: &Study, statistics: &Statistics) -> Vec<Chart> {
    let scenarios = study.scenarios.iter().zip(&statistics.scenarios);
    scenarios.filter_map(|(config, scenario)| rank(config, scenario)).collect()
}

fn rank(config: &Scenario, scenario: &ScenarioStatistics) -> Option<Chart> {
    // (kinds of parameters, set) with n_y and (n_θ, smallest rank, largest rank).
    type Ranks = (usize, Vec<[f64; 3]>);
    let mut lines: BTreeMap<(String, String), Ranks> = BTreeMap::new();
    for (theta, found) in config.parameterisations().iter().zip(&scenario.parameterisations) {
        for set in &found.sets {
            let Some((low, high)) = set.ranks else { continue };
            let name = (symbols(theta.space.kinds()), set.name.clone());
            let line = lines.entry(name).or_insert((set.features, Vec::new()));
            line.1.push([found.parameters as f64, f64::from(low), f64::from(high)]);
        }
    }
    lines.retain(|_, (_, line)| line.len() > 1);
    if lines.is_empty() {
        return None;
    }
    let numbers = lines.values().flat_map(|(_, line)| line.iter().map(|[n, ..]| *n));
    let (least, most) =
        numbers.fold((f64::INFINITY, 0.0_f64), |(lo, hi), n| (lo.min(n), hi.max(n)));
    let (mut marks, mut key) = (Vec::new(), Vec::new());
    for (index, ((kinds, set), (features, mut line))) in lines.into_iter().take(STYLES).enumerate()
    {
        line.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let style = Style::nth(index);
        let at: Vec<[f64; 2]> = line.iter().map(|[n, _, high]| [*n, *high]).collect();
        let split = line.iter().filter(|[_, low, high]| low < high);
        marks.extend(split.map(|[n, low, high]| Mark::Bar { style, x: *n, ends: [*low, *high] }));
        marks.push(Mark::Line { style, at: at.clone() });
        marks.push(Mark::Points { style, filled: true, at });
        key.push(Key::new(Sign::Marker, style, format!("{kinds}: {set}, n_y = {features}")));
    }
    let label = "number of parameters n_θ";
    let x = if most > WIDE_RANGE * least { Axis::log(label) } else { Axis::from_zero(label) };
    Some(Chart {
        x,
        y: Axis::from_zero("rank of J"),
        marks,
        key,
        caption: format!(
            "Fig. 1 of scenario {}: the largest rank found in {} solids; bars reach down to the \
             smallest. All features are independent where the rank is n_y.",
            scenario.name, scenario.solids.done
        ),
    })
}

/// Fig. 2: the susceptibilities of every scenario, a row each.
fn spectra(study: &Study, series: &[Series]) -> Vec<Chart> {
    let all = series.iter().flat_map(|it| it.spectra.iter().map(move |spectrum| (it, spectrum)));
    let all: Vec<(&Series, &Spectrum)> = all.filter(|(_, spectrum)| spectrum.solids > 0).collect();
    // Where they are too many: the set of the sweeps alone.
    let of_sweep = |(series, spectrum): &&(&Series, &Spectrum)| {
        spectrum.set == set_name(&study.scenarios[series.scenario].sweep.set)
    };
    let (rows, left_out) = match all.len() {
        0..=ROWS => (all, ""),
        _ => {
            let rows: Vec<_> = all.iter().filter(of_sweep).copied().collect();
            match rows.len() {
                0..=ROWS => {
                    (rows, " Only the feature set of the sweeps of every scenario is shown.")
                }
                _ => (
                    rows.into_iter().take(ROWS).collect(),
                    " Only the first rows are shown, with the feature set of the sweeps.",
                ),
            }
        }
    };
    let names = rows.iter().rev().map(|(series, spectrum)| {
        let scenario = &study.scenarios[series.scenario].name;
        format!("{scenario}  {}  {}", series.theta, spectrum.set)
    });
    let means = rows.iter().flat_map(|(_, spectrum)| &spectrum.means).filter(|s| s.is_finite());
    let floor = means.fold(f64::INFINITY, |least, s| least.min(*s)) / 10.0;
    // A colour for each set of features; where there is only one, for each scenario.
    let one_set = rows.windows(2).all(|pair| pair[0].1.set == pair[1].1.set);
    let mut named: Vec<&str> = Vec::new();
    let mut marks = Vec::new();
    let mut key = Vec::new();
    for (index, (series, spectrum)) in rows.iter().enumerate() {
        let scenario = &study.scenarios[series.scenario].name;
        let name = if one_set { scenario } else { &spectrum.set };
        let known = named.iter().position(|known| known == name);
        let style = Style::nth(known.unwrap_or(named.len()));
        if known.is_none() {
            named.push(name);
            key.push(Key::new(Sign::Line, style, name));
        }
        let y = (rows.len() - 1 - index) as f64;
        let at = spectrum.means.iter().filter(|s| s.is_finite()).map(|s| [*s, y]).collect();
        marks.push(Mark::Strokes { style, at });
        if spectrum.irrelevant > 0.0 && floor.is_finite() {
            marks.push(Mark::Points { style: Style::BLACK, filled: false, at: vec![[floor, y]] });
            let text = format!("{:.2}", spectrum.irrelevant);
            marks.push(Mark::Note { at: [floor, y], text });
        }
    }
    if rows.iter().any(|(_, spectrum)| spectrum.irrelevant > 0.0) {
        let text = "directions beyond the rank of J, per solid";
        key.push(Key::new(Sign::OpenMarker, Style::BLACK, text));
    }
    vec![Chart {
        x: Axis::log("susceptibility s  [unit of y / unit of θ]"),
        y: Axis::names(names.collect()),
        marks,
        key,
        caption: format!(
            "Fig. 2, turned: singular values of J. Every stroke is one singular direction, the geometric \
             mean over the solids in which it is relevant.{left_out}"
        ),
    }]
}

/// Fig. 4: γ* and ζ against s.
fn tunability(study: &Study, series: &[Series]) -> Vec<Chart> {
    let swept = series.iter().filter_map(|it| it.tunability.as_ref().map(|found| (it, found)));
    let swept: Vec<(&Series, &Tunability)> =
        swept.filter(|(_, found)| found.points.seen() > 0).collect();
    let (mut gammas, mut zetas, mut key) = (Vec::new(), Vec::new(), Vec::new());
    let (mut limits, mut sampled) = (false, false);
    for (index, (series, found)) in swept.iter().take(STYLES).enumerate() {
        let (style, seen) = (Style::nth(index), found.points.seen());
        let points = found.points.clone().values();
        sampled |= (points.len() as u64) < seen;
        for filled in [true, false] {
            let own = || points.iter().filter(|point| point.found == filled);
            limits |= !filled && own().next().is_some();
            let at = own().map(|it| [it.susceptibility, it.gamma]).collect();
            gammas.push(Mark::Points { style, filled, at });
            let at = own().map(|it| [it.susceptibility, it.gamma * it.susceptibility]).collect();
            zetas.push(Mark::Points { style, filled, at });
        }
        let name = &study.scenarios[series.scenario].name;
        let shown = match points.len() as u64 == seen {
            true => format!("{name}, {}: {seen}", series.theta),
            false => format!("{name}, {}: {} of {seen}", series.theta, points.len()),
        };
        key.push(Key::new(Sign::Marker, style, shown));
    }
    if limits {
        key.push(Key::new(Sign::OpenMarker, Style::BLACK, "open: a lower limit"));
    }
    let mut note = String::new();
    if sampled {
        note.push_str(" A sample with a fixed seed is drawn; the tables are of all.");
    }
    if swept.len() > STYLES {
        note.push_str(&format!(" {} more series are not drawn.", swept.len() - STYLES));
    }
    let chart = |y: &str, marks, what: &str| Chart {
        x: Axis::log("susceptibility s  [unit of y / unit of θ]"),
        y: Axis::log(y),
        marks,
        key: key.clone(),
        caption: format!("{what} against the susceptibility of its direction.{note}"),
    };
    vec![
        chart("γ*  [unit of θ]", gammas, "Fig. 4a: the end of the linear regime γ*"),
        chart("ζ = s γ*  [unit of y]", zetas, "Fig. 4b: the maximum linear tunability ζ"),
    ]
}

/// The distributions of the thresholds, a chart for each swept parameterisation.
fn distributions(study: &Study, series: &[Series]) -> Vec<Chart> {
    let swept = series.iter().filter_map(|it| it.tunability.as_ref().map(|found| (it, found)));
    let chart = |(series, found): (&Series, &Tunability)| {
        let named = THRESHOLD_SIGNS.into_iter().zip(&found.thresholds);
        let named = named.chain([("γ̃", &found.gamma_tilde)]).enumerate();
        let (mut marks, mut key) = (Vec::new(), Vec::new());
        for (index, (sign, histogram)) in named.filter(|(_, (_, it))| !it.is_empty()) {
            let (style, at) = (Style::nth(index), histogram.points());
            let count: f64 = at.iter().map(|point| point[1]).sum();
            marks.push(Mark::Line { style, at: at.clone() });
            marks.push(Mark::Points { style, filled: true, at });
            key.push(Key::new(Sign::Marker, style, format!("{sign}: {count:.0}")));
        }
        Chart {
            x: Axis::log("γ = |Δθ|  [unit of θ]"),
            y: Axis::from_zero("directions per bin"),
            marks,
            key,
            caption: format!(
                "Scenario {}, {}: where the thresholds lie, in {BINS} bins a decade. Of {} directions those \
                 are counted whose threshold was found; the others lie beyond the γ that was reached.",
                study.scenarios[series.scenario].name, series.theta, found.directions
            ),
        }
    };
    swept.map(chart).collect()
}

/// The distributions of s, a chart for each scenario with a line for each set of each parameterisation, and
/// of ζ.
fn histograms(statistics: &Statistics) -> Vec<Chart> {
    let mut charts = Vec::new();
    for scenario in &statistics.scenarios {
        let thetas = || scenario.parameterisations.iter();
        let sets = thetas().flat_map(|theta| theta.sets.iter().map(move |set| (theta, set)));
        let lines = sets.map(|(theta, set)| {
            (format!("{} {}", theta.name, set.name), &set.singular_values.histogram)
        });
        let strengths = "the singular values of all solids";
        charts.push(counts(
            &scenario.name,
            "susceptibility s  [unit of y / unit of θ]",
            strengths,
            lines,
        ));
        let swept = thetas().filter_map(|theta| theta.sweeps.as_ref().map(|found| (theta, found)));
        let lines = swept.flat_map(|(theta, found)| {
            let (known, censored) = (&found.zeta.histogram, &found.zeta.histogram_censored);
            let name = &theta.name;
            [(name.clone(), known), (format!("{name}, at least"), censored)]
        });
        charts.push(counts(&scenario.name, "ζ = s γ*  [unit of y]", "ζ of all directions", lines));
    }
    charts
}

/// Lines through the numbers of values in logarithmic bins.
fn counts<'a>(
    scenario: &str,
    x: &str,
    what: &str,
    lines: impl Iterator<Item = (String, &'a Histogram)>,
) -> Chart {
    let filled = lines.filter(|(_, histogram)| histogram.filled().next().is_some());
    let (mut marks, mut key) = (Vec::new(), Vec::new());
    for (index, (name, histogram)) in filled.take(STYLES).enumerate() {
        let style = Style::nth(index);
        let at = centred(histogram);
        let count: f64 = at.iter().map(|point| point[1]).sum();
        marks.push(Mark::Line { style, at: at.clone() });
        marks.push(Mark::Points { style, filled: true, at });
        key.push(Key::new(Sign::Marker, style, format!("{name}: {count:.0}")));
    }
    Chart {
        x: Axis::log(x),
        y: Axis::from_zero("values per bin"),
        marks,
        key,
        caption: format!(
            "Scenario {scenario}: {what}, in {BINS_PER_DECADE} bins a decade, and how many they are; \
             at most {STYLES} series."
        ),
    }
}

/// The numbers over the middles of their bins, from the first that is filled to the last.
fn centred(histogram: &Histogram) -> Vec<[f64; 2]> {
    let half = 10_f64.powf(0.5 / f64::from(BINS_PER_DECADE));
    let all: Vec<[f64; 2]> =
        bins().iter().zip(histogram.counts()).map(|(edge, n)| [edge * half, n as f64]).collect();
    let filled = |point: &[f64; 2]| point[1] > 0.0;
    let first = all.iter().position(filled).unwrap_or(0);
    let end = all.iter().rposition(filled).map_or(0, |last| last + 1);
    all[first.min(end)..end].to_vec()
}
