//! Colours and markers that differ for every eye, and in print.

use plotters::style::RGBColor;

/// Okabe and Ito's colours, which the colour-blind can tell apart, without the yellow.
const COLOURS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Colours and markers repeat themselves together only after so many styles.
pub const STYLES: usize = COLOURS.len() * MARKERS.len();

/// The corners of the markers within a circle of radius 1; the first one is a circle.
const MARKERS: [&[(f64, f64)]; 5] = [
    &[],
    &[(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)],
    &[(0.0, -1.1), (0.95, 0.7), (-0.95, 0.7)],
    &[(0.0, -1.15), (1.0, 0.0), (0.0, 1.15), (-1.0, 0.0)],
    &[(0.0, 1.1), (0.95, -0.7), (-0.95, -0.7)],
];

/// The look of one series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    colour: usize,
    marker: usize,
}

impl Style {
    /// Black circles.
    pub const BLACK: Style = Style { colour: 6, marker: 0 };

    /// The look of series number `index`: neighbours differ in colour and in marker.
    pub fn nth(index: usize) -> Style {
        Style { colour: index % COLOURS.len(), marker: index % MARKERS.len() }
    }

    pub(super) fn colour(self) -> RGBColor {
        COLOURS[self.colour]
    }

    /// The corners of its marker around the origin; none of a circle.
    pub(super) fn outline(self, radius: f64) -> Vec<(f64, f64)> {
        MARKERS[self.marker].iter().map(|(x, y)| (x * radius, y * radius)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_series_look_alike() {
        let styles: Vec<Style> = (0..STYLES).map(Style::nth).collect();
        for (index, style) in styles.iter().enumerate() {
            assert!(!styles[..index].contains(style));
        }
    }
}
