//! How quantities go with each other, as tables: correlations with s, and power laws along scans.

use super::super::markup::Html;
use super::super::table::{Cell, Column, table};
use crate::report::collect::{
    Correlations, Estimate, Statistics, SweepStatistics, ThetaStatistics,
};
use crate::study::statistics::{PowerLaw, SCAN_QUANTITIES};

/// The sweeps of a parameterisation of a scenario.
pub(super) type SweepRow<'a> = (&'a str, &'a ThetaStatistics, &'a SweepStatistics);

/// A correlation with s.
struct Correlated<'a> {
    row: &'a SweepRow<'a>,
    of: &'a Correlations,
    name: &'static str,
    spearman: &'a Estimate,
    pearson: &'a Estimate,
}

/// The correlations of γ* and ζ with s.
pub(super) fn correlations(rows: &[SweepRow<'_>]) -> Html {
    let mut all = Vec::new();
    for row in rows {
        let of = &row.2.correlations;
        for (name, found) in [
            ("γ*", &of.gamma_star),
            ("ζ", &of.zeta),
            ("ζ, γ* shuffled", &of.zeta_shuffled),
            ("ζ − shuffled", &of.zeta_minus_shuffled),
        ] {
            let (spearman, pearson) = (&found.spearman, &found.pearson);
            all.push(Correlated { row, of, name, spearman, pearson });
        }
    }
    let meaning = "ζ contains s: with the γ* of another direction of the scenario it has the coefficient of \
        the third row, and the fourth is what is left";
    let mut columns = vec![
        Column::new("scenario", "", |it: &Correlated<'_>| Cell::text(it.row.0)),
        Column::new("θ", "", |it: &Correlated<'_>| Cell::text(&it.row.1.name)),
        Column::new("with s", meaning, |it: &Correlated<'_>| Cell::text(it.name)),
        Column::new("directions", "", |it: &Correlated<'_>| Cell::Count(it.of.directions)),
        Column::new("censored", "of them, γ* not found", |it: &Correlated<'_>| {
            Cell::Count(it.of.censored)
        }),
    ];
    columns.extend(estimate("Spearman", "of ranks", |it: &Correlated<'_>| it.spearman));
    columns.extend(estimate("Pearson", "of logarithms", |it: &Correlated<'_>| it.pearson));
    table("correlations-table", "Correlations with the susceptibility s", &columns, &all)
}

/// A number, its bounds, and its interval.
fn estimate<'a, T: 'a>(
    name: &'a str,
    what: &'a str,
    of: impl Fn(&T) -> &Estimate + Copy + 'a,
) -> impl Iterator<Item = Column<'a, T>> + 'a {
    let bounds = "lower and upper bound over all values that censored ones may have; from, to: 95% interval \
        by bootstrap over solids";
    let ends = [("lower", format!("{what}; {bounds}")), ("upper", String::new())];
    let ends = ends.into_iter().chain([("from", String::new()), ("to", String::new())]);
    ends.enumerate().map(move |(n, (end, legend))| {
        Column::new(format!("{name} {end}"), legend, move |it: &T| {
            Cell::Number(of(it).numbers()[n])
        })
    })
}

/// A fit along a scan.
struct Fit<'a> {
    symbol: &'static str,
    scenarios: String,
    theta: &'a str,
    set: &'a str,
    quantity: String,
    law: &'a PowerLaw,
}

/// The power laws of the medians along every scan; nothing where scenarios do not differ in one key alone.
pub(super) fn power_laws(statistics: &Statistics) -> Html {
    let mut all = Vec::new();
    for scan in &statistics.power_laws {
        let scenarios = scan.scenarios.join(", ");
        for theta in &scan.parameterisations {
            let fit = |set, quantity, law| Fit {
                symbol: scan.symbol,
                scenarios: scenarios.clone(),
                theta: &theta.name,
                set,
                quantity,
                law,
            };
            for set in &theta.sets {
                let laws = set.singular_values.iter().enumerate();
                all.extend(laws.map(|(n, law)| fit(&set.name, format!("s_{n}"), law)));
            }
            let laws = SCAN_QUANTITIES.iter().zip(theta.sweeps.iter().flatten());
            all.extend(laws.map(|(name, law)| fit("", (*name).to_owned(), law)));
        }
    }
    let mut columns = vec![
        Column::new("against", "the key in which the scenarios differ", |it: &Fit<'_>| {
            Cell::text(it.symbol)
        }),
        Column::new("scenarios", "", |it: &Fit<'_>| Cell::text(&it.scenarios)),
        Column::new("θ", "", |it: &Fit<'_>| Cell::text(it.theta)),
        Column::new("features", "", |it: &Fit<'_>| Cell::text(it.set)),
        Column::new("median of", "", |it: &Fit<'_>| Cell::text(&it.quantity)),
        Column::new("points", "scenarios with a median", |it: &Fit<'_>| Cell::Count(it.law.points)),
    ];
    let what = "of the power law, by least squares in logarithms";
    columns.extend(estimate("exponent", what, |it: &Fit<'_>| &it.law.exponent));
    columns.push(Column::new(
        "residual",
        "root mean square of the natural logarithms about the line",
        |it: &Fit<'_>| Cell::Number(it.law.residual),
    ));
    table("power-laws-table", "Exponents", &columns, &all)
}
