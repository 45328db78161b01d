//! Charts as SVG.
//!
//! The backend places everything at whole numbers of its own unit, so there are [`FINE`] of them in a
//! pixel.

mod canvas;
mod scale;
mod style;
mod swatch;

use plotters::chart::ChartBuilder;
use plotters::style::{Color as _, IntoFont as _, RGBColor};

use super::markup::Html;
pub use canvas::{Canvas, Paint};
pub use scale::{Axis, Scale};
pub use style::{STYLES, Style};

/// Units of the backend in a pixel.
pub(super) const FINE: f64 = 8.0;
/// Size of text [pixels].
const TEXT: f64 = 13.0;
/// Mean width of a character, as a share of the text's size.
const CHARACTER: f64 = 0.58;
/// Width and height of a chart [pixels].
const SIZE: (f64, f64) = (510.0, 375.0);
/// Width of a chart with rows of names [pixels].
const WIDE: f64 = 1040.0;
/// Height of a row of names [pixels].
const ROW: f64 = 20.0;
/// Radius of a marker, and where they are many [pixels].
const RADIUS: f64 = 3.5;
const SMALL_RADIUS: f64 = 2.0;
/// So many points are many.
const MANY: usize = 400;
/// Opacity of markers where they are many, and of bands.
const FAINT: f64 = 0.45;
const BAND: f64 = 0.35;
const NARROW_BAND: f64 = 0.8;
/// Width of lines [pixels].
const LINE: f64 = 1.6;
/// Half the height of a stroke in a row of names, as a share of the row.
const STROKE: f64 = 0.33;

const GRID: RGBColor = RGBColor(215, 215, 215);
const LIGHT_GRID: RGBColor = RGBColor(240, 240, 240);
const FRAME: RGBColor = RGBColor(80, 80, 80);

/// A chart that could not be drawn.
#[derive(Debug, thiserror::Error)]
#[error("internal error, please report it: a chart cannot be drawn: {0}")]
pub struct ChartError(String);

impl ChartError {
    fn of(error: impl std::fmt::Display) -> Self {
        ChartError(error.to_string())
    }
}

/// What is drawn at some (x, y).
#[derive(Clone, Debug, PartialEq)]
pub enum Mark {
    /// Markers, filled or open.
    Points { style: Style, filled: bool, at: Vec<[f64; 2]> },
    /// A line through them.
    Line { style: Style, at: Vec<[f64; 2]> },
    /// A vertical bar at x from one y to another.
    Bar { style: Style, x: f64, ends: [f64; 2] },
    /// Upright strokes across their rows, on an axis of names.
    Strokes { style: Style, at: Vec<[f64; 2]> },
    /// A range of x over the whole height.
    Band { style: Style, ends: [f64; 2] },
    /// Text to the right of a place.
    Note { at: [f64; 2], text: String },
}

impl Mark {
    fn places(&self) -> &[[f64; 2]] {
        match self {
            Mark::Points { at, .. } | Mark::Line { at, .. } | Mark::Strokes { at, .. } => at,
            Mark::Note { at, .. } => std::slice::from_ref(at),
            Mark::Bar { .. } | Mark::Band { .. } => &[],
        }
    }
}

/// What a key explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Marker,
    OpenMarker,
    Line,
    Band,
}

/// A line of the key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub sign: Sign,
    pub style: Style,
    pub text: String,
}

impl Key {
    /// A line of the key.
    pub fn new(sign: Sign, style: Style, text: impl Into<String>) -> Key {
        Key { sign, style, text: text.into() }
    }
}

/// A chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    pub x: Axis,
    pub y: Axis,
    pub marks: Vec<Mark>,
    /// What the signs stand for.
    pub key: Vec<Key>,
    /// What is seen.
    pub caption: String,
}

impl Chart {
    /// Whether nothing can be drawn.
    pub fn is_empty(&self) -> bool {
        let (mut xs, mut ys) = (self.xs(), self.ys());
        xs.next().is_none() || ys.next().is_none()
    }

    fn xs(&self) -> impl Iterator<Item = f64> {
        let own = |mark: &Mark| match mark {
            Mark::Bar { x, .. } => vec![*x],
            Mark::Band { ends, .. } => ends.to_vec(),
            other => other.places().iter().map(|at| at[0]).collect(),
        };
        self.marks.iter().flat_map(own).filter_map(|x| self.x.place(x))
    }

    fn ys(&self) -> impl Iterator<Item = f64> {
        let own = |mark: &Mark| match mark {
            Mark::Bar { ends, .. } => ends.to_vec(),
            other => other.places().iter().map(|at| at[1]).collect(),
        };
        self.marks.iter().flat_map(own).filter_map(|y| self.y.place(y))
    }

    /// The chart with its key and its caption; nothing where there is nothing to see.
    ///
    /// # Errors
    /// [`ChartError`] where the drawing library refuses.
    pub fn html(&self) -> Result<Html, ChartError> {
        if self.is_empty() {
            return Ok(Html::default());
        }
        let entry = |key: &Key| {
            Html::element("li", swatch::swatch(key.sign, key.style).and(Html::text(&key.text)))
        };
        let key: Html = self.key.iter().map(entry).collect();
        let key = Html::with("ul", &[("class", "key")], key);
        let key = if self.key.is_empty() { Html::default() } else { key };
        let figure = self.draw()?.and(key).and(Html::of_text("figcaption", &self.caption));
        let class = if matches!(self.y.scale, Scale::Names(_)) { "whole" } else { "half" };
        Ok(Html::with("figure", &[("class", class)], figure))
    }

    fn draw(&self) -> Result<Html, ChartError> {
        let (x, y) = (self.x.layout(self.xs()), self.y.layout(self.ys()));
        let (width, height) = match &self.y.scale {
            Scale::Names(names) => (WIDE, names.len() as f64 * ROW + 4.0 * TEXT),
            _ => SIZE,
        };
        let longest = y.ticks.iter().map(|(_, label)| label.chars().count()).max().unwrap_or(0);
        let left = longest as f64 * TEXT * CHARACTER + 1.0 * TEXT;
        let left = if self.y.label.is_empty() { left } else { left + 1.6 * TEXT };
        Canvas::svg((width, height), &self.caption, |canvas| {
            let text =
                |size: f64| ("sans-serif", canvas::text_size(size)).into_font().color(&FRAME);
            let mut chart = ChartBuilder::on(canvas.area())
                .margin(canvas::units(6.0))
                .margin_right(canvas::units(16.0))
                .x_label_area_size(canvas::units(3.2 * TEXT))
                .y_label_area_size(canvas::units(left))
                .build_cartesian_2d(x.clone(), y.clone())
                .map_err(ChartError::of)?;
            chart
                .configure_mesh()
                .bold_line_style(GRID.stroke_width(canvas::units(0.8)))
                .light_line_style(LIGHT_GRID.stroke_width(canvas::units(0.6)))
                .axis_style(FRAME.stroke_width(canvas::units(1.0)))
                .set_all_tick_mark_size(canvas::units(4.0))
                .x_desc(&self.x.label)
                .y_desc(&self.y.label)
                .label_style(text(TEXT))
                .axis_desc_style(text(TEXT))
                .draw()
                .map_err(ChartError::of)?;
            let area = chart.plotting_area();
            let spot = |at: [f64; 2]| -> Option<[f64; 2]> {
                let place = (self.x.place(at[0])?, self.y.place(at[1])?);
                let (x, y) = area.map_coordinate(&place);
                Some([f64::from(x), f64::from(y)])
            };
            let row = f64::from(
                area.map_coordinate(&(x.lo, 0.0)).1 - area.map_coordinate(&(x.lo, 1.0)).1,
            );
            let (top, bottom) =
                (area.map_coordinate(&(x.lo, y.hi)).1, area.map_coordinate(&(x.lo, y.lo)).1);
            let frame = Frame { top: f64::from(top), bottom: f64::from(bottom), row };
            let level = self.y.scale.middle(&y);
            for mark in &self.marks {
                draw(canvas, mark, &frame, level, &spot)?;
            }
            Ok(())
        })
    }
}

/// Where the plot stands on the canvas [units of the backend].
struct Frame {
    top: f64,
    bottom: f64,
    /// Height of a row of names.
    row: f64,
}

impl Scale {
    /// Some value within the axis.
    fn middle(&self, places: &scale::Layout) -> f64 {
        let place = (places.lo + places.hi) / 2.0;
        if *self == Scale::Log { 10_f64.powf(place) } else { place }
    }
}

fn draw(
    canvas: &Canvas<'_>,
    mark: &Mark,
    frame: &Frame,
    level: f64,
    spot: &dyn Fn([f64; 2]) -> Option<[f64; 2]>,
) -> Result<(), ChartError> {
    let spots =
        |at: &[[f64; 2]]| -> Vec<[f64; 2]> { at.iter().filter_map(|at| spot(*at)).collect() };
    match mark {
        Mark::Points { style, filled, at } => {
            let many = at.len() > MANY;
            let radius = if many { SMALL_RADIUS } else { RADIUS } * FINE;
            let paint = Paint::of(*style).opacity(if many { FAINT } else { 0.85 });
            for at in spots(at) {
                canvas.marker(at, *style, radius, *filled, paint)?;
            }
            Ok(())
        }
        Mark::Line { style, at } => canvas.line(&spots(at), Paint::of(*style), LINE),
        Mark::Bar { style, x, ends } => {
            canvas.line(&spots(&ends.map(|y| [*x, y])), Paint::of(*style), LINE)
        }
        Mark::Strokes { style, at } => {
            let half = STROKE * frame.row;
            for [x, y] in spots(at) {
                canvas.line(&[[x, y - half], [x, y + half]], Paint::of(*style), LINE)?;
            }
            Ok(())
        }
        Mark::Band { style, ends } => {
            let [Some(from), Some(to)] = ends.map(|x| spot([x, level])) else { return Ok(()) };
            // A narrow one must be seen, too.
            let least = from[0] + LINE * FINE;
            let opacity = if to[0] < 2.0 * least - from[0] { NARROW_BAND } else { BAND };
            let corners = [[from[0], frame.top], [to[0].max(least), frame.bottom]];
            canvas.rectangle(corners, Paint::of(*style).opacity(opacity))
        }
        Mark::Note { at, text } => match spot(*at) {
            Some([x, y]) => canvas.text([x + 1.6 * RADIUS * FINE, y], text, 0.85 * TEXT),
            None => Ok(()),
        },
    }
}
