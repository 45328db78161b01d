//! Paired timings: two programs alternate, so that what slows the machine down slows both. Time is that
//! of a core, not of the clock on the wall: waiting for another program's turn does not count.

#![allow(dead_code)]

/// CPU time of this thread [s].
pub fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `time`, which outlives it.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    assert_eq!(code, 0, "no clock of this thread");
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// What `work` returns, and its CPU time [s].
pub fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = cpu_seconds();
    let result = work();
    (result, cpu_seconds() - start)
}

/// Paired values; their median and how far they spread.
pub struct Paired(Vec<f64>);

impl Paired {
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    /// The value below which this share of all lies, interpolated; NaN without values.
    fn quantile(&self, share: f64) -> f64 {
        let Some(last) = self.0.len().checked_sub(1) else { return f64::NAN };
        let place = share * last as f64;
        let below = self.0[place as usize];
        let above = self.0[(place as usize + 1).min(last)];
        below + (above - below) * place.fract()
    }

    pub fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    /// Median, and in brackets the quartiles; a dash without values.
    pub fn with_quartiles(&self) -> String {
        match self.0.len() {
            0 => "–".into(),
            1 => format!("{:.2}", self.median()),
            _ => format!(
                "{:.2} [{:.2}, {:.2}]",
                self.median(),
                self.quantile(0.25),
                self.quantile(0.75)
            ),
        }
    }
}
