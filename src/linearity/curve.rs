//! The curve of Fig. 3: what the features do on the geometric grid, against the predictions.

use super::path::Path;
use super::run::LARGEST_STRIDE;
use super::settings::SweepSettings;
use super::state::Point;
use super::thresholds::CurvePoint;
use super::yardstick::Yardstick;

/// How often the way to a grid point is halved before FIRE makes the step: down to about the width at
/// which the sweep lets FIRE decide.
const SHORTER: u32 = 9;

/// Follows the grid from γ = 0 up to `limit`; `None` from the first point at which no solid is found.
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
            let measured = go_to(&mut path, gamma.min(limit)).and_then(|mut point| {
                let solid = path.polished(&mut point).ok()?;
                let change = yardstick.change(solid, &mut point.equilibrium).ok()?;
                let entry = entry(&mut path, &point, change, yardstick, &origin, &initial);
                path.advance(point);
                Some(entry)
            });
            lost = measured.is_none();
            measured
        })
        .collect()
}

fn go_to<const D: usize>(path: &mut Path<'_, D>, gamma: f64) -> Option<Point<D>> {
    let mut shortenings: u32 = 0;
    loop {
        let here = path.here.gamma;
        let mut target = match shortenings {
            0 => gamma,
            _ => here + (gamma - here) * 0.5_f64.powi(shortenings as i32),
        };
        let mut prediction = path.predict(target);
        let farthest = here * (1.0 + LARGEST_STRIDE);
        // Contact changes are passed in strides that the sweep would make.
        if prediction.changes > 0 && here > 0.0 && target > farthest {
            target = farthest;
            prediction = path.predict(target);
        }
        match path.try_predicted(&prediction) {
            Ok(trial) if target >= gamma => return Some(trial.point),
            Ok(trial) => {
                path.advance(trial.point);
                shortenings = shortenings.saturating_sub(1);
            }
            Err(_) if shortenings < SHORTER => shortenings += 1,
            Err(_) => {
                let point = path.relax_to(target).ok()?;
                if target >= gamma {
                    return Some(point);
                }
                path.advance(point);
                shortenings = shortenings.saturating_sub(1);
            }
        }
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
