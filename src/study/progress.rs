//! How far a run is: a bar on a terminal, plain lines in a log.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::study::runner::Progress;
use crate::system::text::tell;

/// Time until the first line of a log: just after the first commits.
const FIRST_LINE: Duration = Duration::from_secs(6);
/// Time between two lines of a log.
const LOG_INTERVAL: Duration = Duration::from_secs(30);
/// Time between two looks at the bar.
const BAR_INTERVAL: Duration = Duration::from_millis(200);
const BAR: &str = "{bar:30} {pos}/{len} items  {elapsed} elapsed  {eta} left{msg}";

/// Shows the progress of a run on standard error.
pub struct Reporter {
    bar: Option<ProgressBar>,
    total: u64,
    started: Instant,
    shown: Instant,
    interval: Duration,
    last: u64,
}

impl Reporter {
    /// For a run with `total` pending items.
    pub fn new(total: u64) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(total);
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                bar.set_style(style);
            }
            bar
        });
        let now = Instant::now();
        let interval = if bar.is_some() { BAR_INTERVAL } else { FIRST_LINE };
        Reporter { bar, total, started: now, shown: now, interval, last: 0 }
    }

    /// Shows the state, if it is time to.
    pub fn update(&mut self, progress: &Progress) {
        if self.shown.elapsed() >= self.interval {
            self.shown = Instant::now();
            self.interval = if self.bar.is_some() { BAR_INTERVAL } else { LOG_INTERVAL };
            self.show(progress);
        }
    }

    /// Shows the last state.
    pub fn finish(&mut self, progress: &Progress) {
        if progress.done + progress.failed != self.last || self.bar.is_some() {
            self.show(progress);
        }
        if let Some(bar) = &self.bar {
            bar.abandon();
        }
    }

    fn show(&mut self, progress: &Progress) {
        let finished = progress.done + progress.failed;
        self.last = finished;
        if let Some(bar) = &self.bar {
            bar.set_position(finished);
            if progress.failed > 0 {
                bar.set_message(format!("  {} failed", progress.failed));
            }
            return;
        }
        let elapsed = self.started.elapsed().as_secs_f64();
        let rest = self.total.saturating_sub(finished) as f64;
        let left = match finished {
            0 => "unknown".to_owned(),
            _ => format!("{:.0} s", elapsed / finished as f64 * rest),
        };
        tell(&format!(
            "amorph: {finished} of {} items, {} failed, {elapsed:.0} s elapsed, {left} left",
            self.total, progress.failed
        ));
    }
}
