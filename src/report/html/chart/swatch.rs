//! The signs of a key, as they stand beside text.

use plotters::style::RGBColor;

use super::super::markup::Html;
use super::style::Style;
use super::{BAND, RADIUS, Sign};

/// Height of a sign and half its width [pixels].
const SIZE: f64 = 11.0;

/// The sign of a series.
pub(super) fn swatch(sign: Sign, style: Style) -> Html {
    let RGBColor(red, green, blue) = style.colour();
    let colour = format!("#{red:02x}{green:02x}{blue:02x}");
    let (corners, radius) = (style.outline(RADIUS + 0.5), (RADIUS + 0.5).to_string());
    let points: Vec<String> = corners.iter().map(|(x, y)| format!("{x:.2},{y:.2}")).collect();
    let points = points.join(" ");
    let band = BAND.to_string();
    let (name, mut attributes) = match sign {
        Sign::Line => {
            ("path", vec![("d", "M-10 0H10"), ("stroke", &colour), ("stroke-width", "1.6")])
        }
        Sign::Band => {
            ("path", vec![("d", "M-8 -5H8V5H-8Z"), ("fill", &colour), ("opacity", &band)])
        }
        Sign::Marker | Sign::OpenMarker if corners.is_empty() => {
            ("circle", vec![("r", radius.as_str())])
        }
        Sign::Marker | Sign::OpenMarker => ("polygon", vec![("points", points.as_str())]),
    };
    match sign {
        Sign::Marker => attributes.push(("fill", &colour)),
        Sign::OpenMarker => attributes.extend([("fill", "none"), ("stroke", colour.as_str())]),
        Sign::Line | Sign::Band => {}
    }
    let (width, height) = ((2.0 * SIZE).to_string(), SIZE.to_string());
    let view = format!("{} {} {width} {height}", -SIZE, -SIZE / 2.0);
    let size = [("width", width.as_str()), ("height", &height), ("viewBox", &view)];
    let attributes = Html::with(name, &attributes, Html::default());
    Html::with("svg", &[&size[..], &[("aria-hidden", "true")]].concat(), attributes)
}
