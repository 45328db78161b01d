//! What is drawn where: a thin layer over the SVG backend.

use plotters::backend::SVGBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea as _};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color as _, IntoFont as _, RGBAColor, RGBColor, ShapeStyle};

use super::super::markup::Html;
use super::style::Style;
use super::{ChartError, FINE};

/// The backend writes text in sizes that are smaller than those that it is told by this factor.
const TEXT_FACTOR: f64 = 1.24;

/// Pixels in units of the backend.
pub(super) fn units(pixels: f64) -> u32 {
    (pixels * FINE).round() as u32
}

/// The size of text [units of the backend] of so many pixels.
pub(super) fn text_size(pixels: f64) -> f64 {
    pixels * FINE * TEXT_FACTOR
}

/// A colour with its opacity.
#[derive(Clone, Copy, Debug)]
pub struct Paint(RGBAColor);

impl Paint {
    pub(super) fn of(style: Style) -> Paint {
        Paint(style.colour().mix(1.0))
    }

    /// A grey, from 0 (black) to 255 (white).
    pub fn grey(level: u8) -> Paint {
        Paint(RGBColor(level, level, level).mix(1.0))
    }

    /// Of a contact that pushes.
    pub fn compression() -> Paint {
        Paint::of(Style::nth(0))
    }

    /// Of a contact that pulls.
    pub fn tension() -> Paint {
        Paint::of(Style::nth(4))
    }

    /// The same, more or less transparent.
    pub fn opacity(self, opacity: f64) -> Paint {
        Paint(self.0.mix(opacity))
    }

    fn filled(self) -> ShapeStyle {
        self.0.filled()
    }

    fn stroke(self, width: f64) -> ShapeStyle {
        self.0.stroke_width(units(width).max(1))
    }
}

fn whole([x, y]: [f64; 2]) -> (i32, i32) {
    (x.round() as i32, y.round() as i32)
}

/// A drawing in the making; places are in units of the backend.
pub struct Canvas<'a>(DrawingArea<SVGBackend<'a>, Shift>);

impl<'a> Canvas<'a> {
    /// A drawing of this size [pixels]; `label` says what it shows to those who cannot see it.
    pub fn svg(
        (width, height): (f64, f64),
        label: &str,
        draw: impl FnOnce(&Canvas<'_>) -> Result<(), ChartError>,
    ) -> Result<Html, ChartError> {
        let mut svg = String::new();
        {
            let size = (units(width), units(height));
            let canvas = Canvas(SVGBackend::with_string(&mut svg, size).into_drawing_area());
            draw(&canvas)?;
            canvas.0.present().map_err(ChartError::of)?;
        }
        // The size on the page, instead of the one in units of the backend.
        let rest = svg.split_once("viewBox").map_or("", |(_, rest)| rest);
        let label = Html::with("svg", &[("role", "img"), ("aria-label", label)], Html::default());
        let open = label.as_str().split_once('>').map_or("", |(open, _)| open);
        Ok(Html::drawn(format!("{open} width=\"{width}\" height=\"{height}\" viewBox{rest}")))
    }

    pub(super) fn area(&self) -> &DrawingArea<SVGBackend<'a>, Shift> {
        &self.0
    }

    /// A line of this width [pixels].
    pub fn line(&self, at: &[[f64; 2]], paint: Paint, width: f64) -> Result<(), ChartError> {
        let points: Vec<_> = at.iter().copied().map(whole).collect();
        self.0.draw(&PathElement::new(points, paint.stroke(width))).map_err(ChartError::of)
    }

    /// A circle, filled or as a line.
    pub fn circle(
        &self,
        at: [f64; 2],
        radius: f64,
        paint: Paint,
        filled: bool,
    ) -> Result<(), ChartError> {
        let style = if filled { paint.filled() } else { paint.stroke(1.0) };
        self.0.draw(&Circle::new(whole(at), radius.round() as u32, style)).map_err(ChartError::of)
    }

    /// A filled rectangle between two corners.
    pub fn rectangle(&self, corners: [[f64; 2]; 2], paint: Paint) -> Result<(), ChartError> {
        let rectangle = Rectangle::new(corners.map(whole), paint.filled());
        self.0.draw(&rectangle).map_err(ChartError::of)
    }

    /// The marker of a series.
    pub(super) fn marker(
        &self,
        at: [f64; 2],
        style: Style,
        radius: f64,
        filled: bool,
        paint: Paint,
    ) -> Result<(), ChartError> {
        let corners = style.outline(radius);
        if corners.is_empty() {
            return self.circle(at, radius, paint, filled);
        }
        let mut points: Vec<_> =
            corners.iter().map(|(x, y)| whole([at[0] + x, at[1] + y])).collect();
        if filled {
            return self.0.draw(&Polygon::new(points, paint.filled())).map_err(ChartError::of);
        }
        points.push(points[0]);
        self.0.draw(&PathElement::new(points, paint.stroke(1.0))).map_err(ChartError::of)
    }

    /// Text that begins at a place, of this size [pixels].
    pub fn text(&self, at: [f64; 2], text: &str, size: f64) -> Result<(), ChartError> {
        let style = ("sans-serif", text_size(size)).into_font().color(&RGBColor(60, 60, 60));
        let style = style.pos(Pos::new(HPos::Left, VPos::Center));
        self.0.draw(&Text::new(text.to_owned(), whole(at), style)).map_err(ChartError::of)
    }
}
