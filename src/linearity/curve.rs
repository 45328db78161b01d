//! The curve of Fig. 3: what the features do on the geometric grid, against the predictions.

use super::jump::JUDGED_WIDTH;
use super::path::Path;
use super::run::{
    LARGEST_STRIDE, SMALL_CORRECTION, STRIDE_AFTER_FIRE, STRIDE_GROWTH, STRIDE_SHRINK,
};
use super::settings::SweepSettings;
use super::state::Point;
use super::thresholds::CurvePoint;
use super::yardstick::Yardstick;

/// Follows the grid from γ = 0 up to `limit`; `None` from the first point at which no solid is found, or
/// a feature has no value any more.
pub(super) fn curve<const D: usize>(
    mut path: Path<'_, D>,
    settings: &SweepSettings,
    yardstick: &Yardstick,
    limit: f64,
) -> Vec<Option<CurvePoint>> {
    let origin = path.here.positions.clone();
    let initial = path.here.equilibrium.contacts.contact_set();
    let mut lost = false;
    settings
        .grid()
        .into_iter()
        .map(|gamma| {
            lost = lost || gamma > limit * (1.0 + 1e-12);
            if lost {
                return None;
            }
            let measured =
                go_to(&mut path, gamma.min(limit), settings.gamma_min).and_then(|mut point| {
                    let solid = path.polished(&mut point).ok()?;
                    let change = yardstick.change(solid, &mut point.equilibrium).ok()??;
                    let entry = entry(&mut path, &point, change, yardstick, &origin, &initial);
                    path.advance(point);
                    Some(entry)
                });
            lost = measured.is_none();
            measured
        })
        .collect()
}

/// Follows the solid to γ as the sweep does that looks for rearrangements, but straight away at first.
fn go_to<const D: usize>(path: &mut Path<'_, D>, gamma: f64, gamma_min: f64) -> Option<Point<D>> {
    let mut stride = f64::INFINITY;
    loop {
        let here = path.here.gamma;
        let smallest = JUDGED_WIDTH * here.max(gamma_min);
        let target = gamma.min(here + stride);
        let prediction = match target < gamma && target - here <= smallest {
            true => None,
            false => path.predict_stable(target, smallest),
        };
        // Contact changes are passed in strides that the sweep would make.
        let farthest = here * (1.0 + LARGEST_STRIDE);
        let prediction = match prediction {
            Some(far) if far.changes > 0 && here > 0.0 && far.gamma > farthest => {
                path.predict_stable(farthest, smallest)
            }
            near => near,
        };
        let point = match prediction {
            None => {
                stride = STRIDE_AFTER_FIRE * here;
                path.relax_to(gamma.min(here + smallest)).ok()?
            }
            Some(prediction) => match path.try_predicted(&prediction) {
                Ok(trial) => {
                    if trial.correction < SMALL_CORRECTION {
                        stride *= STRIDE_GROWTH;
                    }
                    trial.point
                }
                Err(_) => {
                    stride = STRIDE_SHRINK * (prediction.gamma - here);
                    continue;
                }
            },
        };
        if point.gamma >= gamma {
            return Some(point);
        }
        path.advance(point);
    }
}

fn entry<const D: usize>(
    path: &mut Path<'_, D>,
    point: &Point<D>,
    delta_y: Vec<f64>,
    yardstick: &Yardstick,
    origin: &crate::relax::hessian::Field<D>,
    initial: &[(usize, usize)],
) -> CurvePoint {
    let gamma = point.gamma;
    let now = point.equilibrium.contacts.contact_set();
    let common = now.iter().filter(|pair| initial.binary_search(pair).is_ok()).count();
    CurvePoint {
        gamma,
        norm: yardstick.norm(delta_y.iter().copied()),
        linear_norm: yardstick.norm(yardstick.linear.iter().map(|j| j * gamma)),
        difference: yardstick
            .norm(delta_y.iter().zip(&yardstick.linear).map(|(dy, j)| dy - j * gamma)),
        quadratic: yardstick.norm(yardstick.curvature.iter().map(|c| 0.5 * c * gamma * gamma)),
        contacts_changed: now.len() + initial.len() - 2 * common,
        largest_displacement: path.distance(&point.positions, origin, point.rattler()),
        lowest_eigenvalue: path.work.lowest_eigenvalue(point),
        delta_y,
    }
}
