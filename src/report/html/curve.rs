//! The change of the features along one direction (Fig. 3).

use super::chart::{Axis, Chart, Key, Mark, Sign, Style};
use super::table::number;
use crate::linearity::cause::Cause;

/// A curve with its thresholds.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// Which direction of which solid this is.
    pub title: String,
    /// The grid of γ, those of its points that were reached.
    pub gamma: Vec<f64>,
    /// Along it: |Δy|, |J Δθ|, |Δy − J Δθ|, the norm of the second-order term.
    pub norm: Vec<f64>,
    pub linear_norm: Vec<f64>,
    pub difference: Vec<f64>,
    pub quadratic: Vec<f64>,
    /// γ*, γ_c, γ_r: the ends of the brackets and the code of the cause.
    pub thresholds: [([f64; 2], u8); 3],
    pub gamma_tilde: f64,
}

/// Signs of the thresholds.
pub const THRESHOLD_SIGNS: [&str; 3] = ["γ*", "γ_c", "γ_r"];
/// Share of the smallest value below which second orders are not drawn.
const FLOOR: f64 = 1e-2;

impl Curve {
    /// The curve of those points of the grid that were reached.
    pub fn reached(mut self, grid: &[f64], valid: &[u8]) -> Curve {
        let keep = |values: &[f64]| -> Vec<f64> {
            let kept = values.iter().zip(valid).filter(|(_, valid)| **valid == 1);
            kept.map(|(value, _)| *value).collect()
        };
        self.gamma = keep(grid);
        for values in
            [&mut self.norm, &mut self.linear_norm, &mut self.difference, &mut self.quadratic]
        {
            *values = keep(values);
        }
        self
    }

    /// Its chart.
    pub fn chart(&self) -> Chart {
        let along = |values: &[f64]| -> Vec<[f64; 2]> {
            let above = values.iter().zip(&self.gamma);
            above.map(|(y, x)| [*x, *y]).collect()
        };
        let smallest =
            self.difference.iter().filter(|x| **x > 0.0).fold(f64::INFINITY, |a, b| a.min(*b));
        let mut quadratic = along(&self.quadratic);
        quadratic.retain(|at| !(at[1] < FLOOR * smallest));
        let [total, deviation] = [Style::nth(0), Style::nth(1)];
        let points = |style, values| Mark::Points { style, filled: true, at: along(values) };
        let mut marks = Vec::new();
        let mut key = vec![
            Key::new(Sign::Marker, total, "|Δy|, measured"),
            Key::new(Sign::Line, total, "|J Δθ|, predicted"),
            Key::new(Sign::Marker, deviation, "|Δy − J Δθ|, measured"),
            Key::new(Sign::Line, deviation, "second-order term"),
        ];
        for (index, (ends, code)) in self.thresholds.into_iter().enumerate() {
            let style = Style::nth(2 + index);
            let cause = Cause::from_code(code).map_or("unknown", Cause::name).replace('_', " ");
            let sign = THRESHOLD_SIGNS[index];
            let said = match ends {
                [lo, hi] if hi.is_finite() => {
                    marks.push(Mark::Band { style, ends });
                    format!("{sign} = {} ({cause})", number((lo * hi).sqrt()))
                }
                [lo, _] if lo.is_finite() => format!("{sign} > {} ({cause})", number(lo)),
                _ => continue,
            };
            key.push(Key::new(Sign::Band, style, said));
        }
        if self.gamma_tilde.is_finite() {
            let (style, at) = (Style::BLACK, self.gamma_tilde);
            marks.push(Mark::Band { style, ends: [at, at] });
            key.push(Key::new(Sign::Band, style, format!("γ̃ = {}", number(at))));
        }
        marks.extend([
            Mark::Line { style: total, at: along(&self.linear_norm) },
            Mark::Line { style: deviation, at: quadratic },
            points(total, &self.norm),
            points(deviation, &self.difference),
        ]);
        Chart {
            x: Axis::log("γ = |Δθ|  [unit of θ]"),
            y: Axis::log("change of the features  [their units]"),
            marks,
            key,
            caption: format!(
                "Fig. 3: {}. Brackets are shaded; γ̃ is where the second order alone ends the linear \
                 regime.",
                self.title
            ),
        }
    }
}
