//! The statistics as tables. A statistic that is added is a column here, or a table of its own.

use super::super::ReportError;
use super::super::markup::{Html, paragraph};
use super::super::table::{Cell, Column, table};
use super::relations::{SweepRow, correlations};
use crate::analysis::quantities as q;
use crate::linearity::cause::Cause;
use crate::report::collect::{Bounds, Distribution, SetStatistics, Statistics, ThetaStatistics};
use crate::study::statistics::{interval_of, quantile};

/// Quantiles of susceptibilities.
const OF_S: [(f64, &str); 5] =
    [(0.0, "s min"), (0.05, "s 5%"), (0.5, "s 50%"), (0.95, "s 95%"), (1.0, "s max")];
/// Quantiles of thresholds.
const OF_GAMMA: [f64; 3] = [0.05, 0.5, 0.95];

/// A feature set of a parameterisation of a scenario.
type RankRow<'a> = (&'a str, &'a ThetaStatistics, &'a SetStatistics);

/// Ranks and singular values.
pub(super) fn ranks(statistics: &Statistics) -> Result<Html, ReportError> {
    let rows: Vec<RankRow<'_>> = statistics
        .scenarios
        .iter()
        .flat_map(|it| it.parameterisations.iter().map(|theta| (it.name.as_str(), theta)))
        .flat_map(|(name, theta)| theta.sets.iter().map(move |set| (name, theta, set)))
        .collect();
    let unit = common(rows.iter().map(|row| row.2.unit.as_str()), "unit of y / unit of θ");
    let mut columns: Vec<Column<'_, RankRow<'_>>> = vec![
        Column::new("scenario", "", |row: &RankRow<'_>| Cell::text(row.0)),
        Column::new(
            "θ",
            "parameterisation: kinds of parameters and number of species",
            |row: &RankRow<'_>| Cell::text(&row.1.name),
        ),
        Column::new("features", "", |row: &RankRow<'_>| Cell::text(&row.2.name)),
        Column::new("n_y", "number of features", |row: &RankRow<'_>| {
            Cell::Count(row.2.features as u64)
        }),
        Column::new("n_θ", "number of parameters", |row: &RankRow<'_>| {
            Cell::Count(row.1.parameters as u64)
        }),
        Column::new(
            "rank",
            format!("{}: smallest to largest", q::RANK.description),
            |row: &RankRow<'_>| {
                Cell::Text(match row.2.ranks {
                    None => "–".to_owned(),
                    Some((low, high)) if low == high => low.to_string(),
                    Some((low, high)) => format!("{low} to {high}"),
                })
            },
        ),
        Column::new(
            "full rank",
            "solids whose rank is the smaller one of the numbers of features and parameters that they have: \
             some may lack modes, or have parameters that no bond depends on",
            |row: &RankRow<'_>| Cell::Count(row.2.full_rank),
        ),
        Column::new(
            "values",
            "singular values of all solids, behind the quantiles",
            |row: &RankRow<'_>| Cell::Count(row.2.singular_values.count),
        ),
    ];
    for (probability, head) in OF_S {
        let legend = match head {
            "s min" => format!("quantiles of the {} [{unit}]", q::SINGULAR_VALUES.description),
            _ => String::new(),
        };
        columns.push(Column::new(head, legend, move |row: &RankRow<'_>| {
            Cell::Number(quantile(&row.2.singular_values.quantiles, probability))
        }));
    }
    columns.push(Column::new(
        "min/max",
        "smallest s_min/s_max of a solid; quantiles of each singular value below",
        |row: &RankRow<'_>| Cell::Number(quantile(&row.2.condition.quantiles, 0.0)),
    ));
    let ranks = table("ranks-table", "Ranks and singular values", &columns, &rows);
    Ok(ranks.and(modes(&rows, unit)))
}

/// A singular value of a feature set.
type ModeRow<'a> = (&'a RankRow<'a>, usize, &'a Distribution);

/// The distribution of every singular value by itself.
fn modes(rows: &[RankRow<'_>], unit: &str) -> Html {
    let of_set = |row| {
        let (_, _, set): &RankRow<'_> = row;
        set.by_mode.iter().enumerate().map(move |(mode, of)| (row, mode, of))
    };
    let all: Vec<ModeRow<'_>> = rows.iter().flat_map(of_set).collect();
    let mut columns = vec![
        Column::new("scenario", "", |it: &ModeRow<'_>| Cell::text(it.0.0)),
        Column::new("θ", "", |it: &ModeRow<'_>| Cell::text(&it.0.1.name)),
        Column::new("features", "", |it: &ModeRow<'_>| Cell::text(&it.0.2.name)),
        Column::new("mode", "0: the largest singular value", |it: &ModeRow<'_>| {
            Cell::Count(it.1 as u64)
        }),
        Column::new("solids", "that have it", |it: &ModeRow<'_>| Cell::Count(it.2.count)),
    ];
    for (probability, head) in OF_S {
        let legend = match head {
            "s min" => format!("quantiles over solids [{unit}]"),
            _ => String::new(),
        };
        columns.push(Column::new(head, legend, move |it: &ModeRow<'_>| {
            Cell::Number(quantile(&it.2.quantiles, probability))
        }));
    }
    columns.extend(interval(|it: &ModeRow<'_>| &it.2.intervals));
    table("modes-table", "Singular values by index", &columns, &all)
}

/// The interval of a median.
fn interval<'a, T: 'a>(
    of: impl Fn(&T) -> &Vec<[f64; 2]> + Copy + 'a,
) -> impl Iterator<Item = Column<'a, T>> + 'a {
    let legend = "95% interval of the median, by bootstrap over solids (both bounds of it)";
    [("50% from", legend), ("50% to", "")].into_iter().enumerate().map(
        move |(end, (head, text))| {
            Column::new(head, text, move |it: &T| Cell::Number(interval_of(of(it), 0.5)[end]))
        },
    )
}

/// Thresholds, their causes, and the work.
pub(super) fn sweeps(statistics: &Statistics) -> Result<Html, ReportError> {
    let rows: Vec<SweepRow<'_>> = statistics
        .scenarios
        .iter()
        .flat_map(|it| it.parameterisations.iter().map(|theta| (it.name.as_str(), theta)))
        .filter_map(|(name, theta)| theta.sweeps.as_ref().map(|sweeps| (name, theta, sweeps)))
        .collect();
    if rows.is_empty() {
        return Ok(paragraph("The study has no γ-sweeps."));
    }
    let counts = table("causes-table", "What ends the linear regime (γ*)", &causes(), &rows);
    Ok(thresholds(&rows).and(correlations(&rows)).and(counts).and(table(
        "cost-table",
        "Mean work per direction",
        &costs(),
        &rows,
    )))
}

/// A threshold of a row: where it stands in the statistics.
struct Threshold<'a> {
    row: &'a SweepRow<'a>,
    sign: &'static str,
    bounds: &'a Bounds,
}

fn thresholds(rows: &[SweepRow<'_>]) -> Html {
    let gamma = common(rows.iter().map(|row| row.2.unit_of_gamma.as_str()), "unit of θ");
    let zeta = common(rows.iter().map(|row| row.2.unit_of_zeta.as_str()), "unit of y");
    let mut all = Vec::new();
    for row in rows {
        let sweeps = row.2;
        all.extend([
            Threshold { row, sign: "γ*", bounds: &sweeps.gamma_star },
            Threshold { row, sign: "γ_c", bounds: &sweeps.gamma_contact },
            Threshold { row, sign: "γ_r", bounds: &sweeps.gamma_rearrangement },
            Threshold { row, sign: "ζ", bounds: &sweeps.zeta },
        ]);
    }
    let signs = [
        ("γ*", q::GAMMA_STAR.description, gamma),
        ("γ_c", q::GAMMA_CONTACT.description, gamma),
        ("γ_r", q::GAMMA_REARRANGEMENT.description, gamma),
        ("ζ", q::ZETA.description, zeta),
        ("γ̃", q::GAMMA_TILDE.description, gamma),
    ];
    let meaning = signs.map(|(sign, text, unit)| format!("{sign}: {text} [{unit}]")).join("; ");
    let mut columns = vec![
        Column::new("scenario", "", |it: &Threshold<'_>| Cell::text(it.row.0)),
        Column::new("θ", "", |it: &Threshold<'_>| Cell::text(&it.row.1.name)),
        Column::new("features", "", |it: &Threshold<'_>| Cell::text(&it.row.2.set)),
        Column::new("threshold", meaning, |it: &Threshold<'_>| Cell::text(it.sign)),
        Column::new("directions", "of all solids", |it: &Threshold<'_>| {
            Cell::Count(it.bounds.count)
        }),
        Column::new(
            "censored",
            "those not found: they lie beyond the γ that was reached",
            |it: &Threshold<'_>| Cell::Count(it.bounds.censored.iter().sum()),
        ),
    ];
    for (end, of) in [("lower", lower as fn(&Bounds) -> &[f64]), ("upper", upper)] {
        for probability in OF_GAMMA {
            let legend = match (end, probability == OF_GAMMA[0]) {
                ("lower", true) => "quantiles with every censored value where its sweep ended",
                ("upper", true) => {
                    "quantiles with every censored value at infinity: the true ones lie between"
                }
                _ => "",
            };
            let head = format!("{end} {:.0}%", 100.0 * probability);
            columns.push(Column::new(head, legend, move |it: &Threshold<'_>| {
                Cell::Number(quantile(of(it.bounds), probability))
            }));
        }
    }
    columns.extend(interval(|it: &Threshold<'_>| &it.bounds.intervals));
    table("thresholds-table", "Thresholds", &columns, &all).and(tilde(rows))
}

fn lower(bounds: &Bounds) -> &[f64] {
    &bounds.lower
}

fn upper(bounds: &Bounds) -> &[f64] {
    &bounds.upper
}

/// γ̃, which is never censored.
fn tilde(rows: &[SweepRow<'_>]) -> Html {
    let mut columns: Vec<Column<'_, SweepRow<'_>>> = vec![
        Column::new("scenario", "", |row: &SweepRow<'_>| Cell::text(row.0)),
        Column::new("θ", "", |row: &SweepRow<'_>| Cell::text(&row.1.name)),
        Column::new("directions", "", |row: &SweepRow<'_>| Cell::Count(row.2.gamma_tilde.count)),
    ];
    for probability in OF_GAMMA {
        let head = format!("γ̃ {:.0}%", 100.0 * probability);
        columns.push(Column::new(head, "", move |row: &SweepRow<'_>| {
            Cell::Number(quantile(&row.2.gamma_tilde.quantiles, probability))
        }));
    }
    columns.extend(interval(|row: &SweepRow<'_>| &row.2.gamma_tilde.intervals));
    table("tilde-table", "Where the second order alone ends the linear regime (γ̃)", &columns, rows)
}

fn causes<'a>() -> Vec<Column<'a, SweepRow<'a>>> {
    let mut columns: Vec<Column<'_, SweepRow<'_>>> = vec![
        Column::new("scenario", "", |row: &SweepRow<'_>| Cell::text(row.0)),
        Column::new("θ", "", |row: &SweepRow<'_>| Cell::text(&row.1.name)),
        Column::new("directions", "", |row: &SweepRow<'_>| Cell::Count(row.2.directions)),
    ];
    for (index, cause) in Cause::ALL.into_iter().enumerate().skip(1) {
        let head = cause.name().replace('_', " ");
        columns.push(Column::new(head, meaning(cause), move |row: &SweepRow<'_>| {
            Cell::Count(row.2.causes.gamma_star.get(index).copied().unwrap_or(0))
        }));
    }
    columns
}

fn meaning(cause: Cause) -> &'static str {
    match cause {
        Cause::NotComputed => "nobody has looked yet",
        Cause::Curvature => "the smooth growth of higher orders, within one contact set",
        Cause::ContactChange => "the contact set changed",
        Cause::Rearrangement => "the solid jumped irreversibly to another minimum",
        Cause::LostRigidity => "the Hessian stopped being positive definite, or the solid unjammed",
        Cause::ParameterOutOfRange => "a parameter left its range",
        Cause::NotConverged => "the minimiser did not converge",
        Cause::Censored => "γ_max was reached first",
        Cause::NotApplicable => "the direction is beyond the rank of J, and was not swept",
    }
}

fn costs<'a>() -> Vec<Column<'a, SweepRow<'a>>> {
    vec![
        Column::new("scenario", "", |row: &SweepRow<'_>| Cell::text(row.0)),
        Column::new("θ", "", |row: &SweepRow<'_>| Cell::text(&row.1.name)),
        Column::new("steps", q::STEPS.description, |row: &SweepRow<'_>| {
            Cell::Number(row.2.cost.steps)
        }),
        Column::new("relaxations", q::RELAXATIONS.description, |row: &SweepRow<'_>| {
            Cell::Number(row.2.cost.relaxations)
        }),
        Column::new("factorisations", q::FACTORISATIONS.description, |row: &SweepRow<'_>| {
            Cell::Number(row.2.cost.factorisations)
        }),
        Column::new("force evaluations", q::FORCE_EVALUATIONS.description, |row: &SweepRow<'_>| {
            Cell::Number(row.2.cost.force_evaluations)
        }),
    ]
}

/// The unit that all rows share, or what to call theirs.
fn common<'a>(mut units: impl Iterator<Item = &'a str>, mixed: &'a str) -> &'a str {
    let first = units.next().unwrap_or(mixed);
    if first != "mixed" && units.all(|unit| unit == first) { first } else { mixed }
}
