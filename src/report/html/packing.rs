//! A picture of a solid in two dimensions.

use super::chart::{Canvas, ChartError, Paint};
use super::markup::Html;
use crate::relax::forces::Forces;
use crate::solid::Solid;
use crate::solid::contacts::{Bond, Contacts, LOAD_BEARING_OVERLAP};

/// More particles are not drawn.
pub const MOST_PARTICLES: usize = 5000;
/// Width of the picture, and its largest height [pixels].
const SIZE: f64 = 480.0;
/// The units of the canvas in a pixel.
const FINE: f64 = super::chart::FINE;
/// Widths of the lines of contacts [pixels].
const THINNEST: f64 = 0.5;
const THICKEST: f64 = 4.5;

/// The picture: particles as circles (rattlers white), force-bearing contacts as lines.
///
/// # Errors
/// [`ChartError`] where the drawing library refuses.
pub fn picture(solid: &Solid<2>, contacts: &Contacts<2>, title: &str) -> Result<Html, ChartError> {
    let edges = solid.cell.edges();
    if solid.len() > MOST_PARTICLES {
        return Ok(Html::default());
    }
    let scale = SIZE / edges.max();
    let bearing: Vec<&Bond<2>> = contacts.bonds.iter().filter(|bond| bears(bond)).collect();
    let largest = bearing.iter().fold(0.0, |max: f64, bond| max.max(bond.slope.abs()));
    let attractive = bearing.iter().any(|bond| bond.slope > 0.0);
    let rattlers = contacts.rattler_count();
    let caption = format!(
        "{title}: {} particles{}, and {} contacts that bear a force, as wide as it is large \
         (the largest: {largest:.2e} energy/length){}. Periodic images of what reaches over an edge \
         are drawn on both sides.",
        solid.len(),
        match rattlers {
            0 => ", no rattlers".to_owned(),
            1 => ", 1 rattler (white)".to_owned(),
            many => format!(", {many} rattlers (white)"),
        },
        bearing.len(),
        if attractive { "; orange: in tension" } else { "" },
    );
    let size = (edges[0] * scale, edges[1] * scale);
    let drawing = Canvas::svg(size, &caption, |canvas| {
        let spot = |x: f64, y: f64| [x * scale * FINE, (edges[1] - y) * scale * FINE];
        for (i, position) in solid.positions.iter().enumerate() {
            let radius = 0.5 * solid.diameter(i);
            let at = [0, 1].map(|axis| position[axis].rem_euclid(edges[axis]));
            let fill = Paint::grey(if contacts.rattler[i] { 255 } else { 222 });
            for [x, y] in images(at, at, radius, &[edges[0], edges[1]]) {
                let [x, y] = [at[0] + x, at[1] + y];
                canvas.circle(spot(x, y), radius * scale * FINE, fill, true)?;
                canvas.circle(spot(x, y), radius * scale * FINE, Paint::grey(150), false)?;
            }
        }
        for bond in &bearing {
            let from = [0, 1].map(|axis| solid.positions[bond.i][axis].rem_euclid(edges[axis]));
            let to = [0, 1].map(|axis| from[axis] - bond.separation[axis]);
            let share = bond.slope.abs() / largest.max(f64::MIN_POSITIVE);
            let paint = if bond.slope > 0.0 { Paint::tension() } else { Paint::compression() };
            for [x, y] in images(from, to, 0.0, &[edges[0], edges[1]]) {
                let line = [spot(from[0] + x, from[1] + y), spot(to[0] + x, to[1] + y)];
                canvas.line(&line, paint, THINNEST + (THICKEST - THINNEST) * share)?;
            }
        }
        Ok(())
    })?;
    Ok(Html::element("figure", drawing.and(Html::of_text("figcaption", caption))))
}

/// The contacts of a solid as it stands.
pub fn contacts(solid: &Solid<2>) -> Contacts<2> {
    Contacts::find(solid, Forces::new(solid).candidates())
}

/// Whether a bond carries a force.
fn bears(bond: &Bond<2>) -> bool {
    (bond.slope * bond.pair.sigma / bond.pair.k).abs() > LOAD_BEARING_OVERLAP
}

/// The shifts by edges after which something that reaches from one place to another, and so far
/// around them, is seen in the box.
fn images(from: [f64; 2], to: [f64; 2], around: f64, edges: &[f64; 2]) -> Vec<[f64; 2]> {
    let shifts = |axis: usize| {
        let (lo, hi) = (from[axis].min(to[axis]) - around, from[axis].max(to[axis]) + around);
        let edge = edges[axis];
        [-edge, 0.0, edge].into_iter().filter(move |shift| lo + shift < edge && hi + shift > 0.0)
    };
    shifts(0).flat_map(|x| shifts(1).map(move |y| [x, y])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_over_an_edge_is_drawn_on_both_sides() {
        let edges = [10.0, 10.0];
        assert_eq!(images([5.0, 5.0], [6.0, 5.0], 0.5, &edges), [[0.0, 0.0]]);
        assert_eq!(images([0.2, 5.0], [0.2, 5.0], 0.5, &edges), [[0.0, 0.0], [10.0, 0.0]]);
        assert_eq!(images([9.9, 0.1], [9.9, 0.1], 0.5, &edges).len(), 4);
    }
}
