//! Whether an item would be finished before the deadline: as long as the longest of its kind so
//! far, on this rank or in the file.

use std::time::{Duration, Instant};

use crate::format::row::Part;

/// The longest item of a scenario [s]: a solid, a block of directions, a design.
pub type Longest = [f64; 3];

fn kind(part: &Part) -> usize {
    match part {
        Part::Solid => 0,
        Part::Directions { .. } => 1,
        Part::Design { .. } => 2,
    }
}

/// Adds an item that took `seconds`.
pub fn observe(longest: &mut Longest, part: &Part, seconds: f64) {
    let entry = &mut longest[kind(part)];
    *entry = entry.max(seconds);
}

/// What one rank expects.
#[derive(Clone, Debug)]
pub struct Forecast {
    deadline: Option<Instant>,
    longest: Vec<Longest>,
}

impl Forecast {
    /// With what is known at the start, one entry per scenario.
    pub fn new(deadline: Option<Instant>, longest: Vec<Longest>) -> Self {
        Forecast { deadline, longest }
    }

    /// Learns from an item.
    pub fn observe(&mut self, scenario: usize, part: &Part, time: Duration) {
        observe(&mut self.longest[scenario], part, time.as_secs_f64());
    }

    /// Whether an item that begins at `now` is expected to end in time. One whose kind has not
    /// been seen yet is, as long as there is any time left.
    pub fn fits(&self, scenario: usize, part: &Part, now: Instant) -> bool {
        let Some(deadline) = self.deadline else { return true };
        let left = deadline.saturating_duration_since(now).as_secs_f64();
        left > self.longest[scenario][kind(part)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_longer_than_the_time_left_does_not_fit() {
        let now = Instant::now();
        let directions = Part::Directions { parameterisation: 0, directions: 0..1 };
        let mut forecast =
            Forecast::new(Some(now + Duration::from_secs(10)), vec![[0.0; 3], [0.0, 30.0, 0.0]]);
        assert!(forecast.fits(0, &Part::Solid, now));
        assert!(!forecast.fits(1, &directions, now));
        forecast.observe(0, &Part::Solid, Duration::from_secs(4));
        assert!(forecast.fits(0, &Part::Solid, now + Duration::from_secs(5)));
        assert!(!forecast.fits(0, &Part::Solid, now + Duration::from_secs(7)));
        assert!(forecast.fits(0, &directions, now + Duration::from_secs(7)));
        assert!(!forecast.fits(0, &directions, now + Duration::from_secs(11)));
        assert!(Forecast::new(None, vec![[1e9; 3]]).fits(0, &directions, now));
    }
}
