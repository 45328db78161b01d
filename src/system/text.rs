//! Sizes, times and messages for people.

use std::io::Write as _;

/// Writes a line to standard error. Nobody may be there to read it, which stops no computation.
pub fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Bytes for people.
pub fn human_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    const STEP: f64 = 1024.0;
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= STEP && unit + 1 < UNITS.len() {
        value /= STEP;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", UNITS[unit]) }
}

/// A number with the two digits that an estimate has.
pub fn two_digits(value: f64) -> String {
    if value <= 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let decimals = 1 - value.log10().floor() as i32;
    let step = 10_f64.powi(-decimals);
    let decimals = usize::try_from(decimals).unwrap_or(0);
    format!("{:.decimals$}", (value / step).round() * step)
}

/// A time for people.
pub fn human_time(seconds: f64) -> String {
    const MINUTE: f64 = 60.0;
    const HOUR: f64 = 3600.0;
    const DAY: f64 = 86_400.0;
    if seconds < 0.1 {
        format!("{:.1} ms", seconds * 1e3)
    } else if seconds < 2.0 * MINUTE {
        format!("{seconds:.1} s")
    } else if seconds < 2.0 * HOUR {
        format!("{:.1} min", seconds / MINUTE)
    } else if seconds < 2.0 * DAY {
        format!("{:.1} h", seconds / HOUR)
    } else {
        format!("{:.1} days", seconds / DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_have_two_digits() {
        for (value, text) in [
            (0.003_12, "0.0031"),
            (0.97, "0.97"),
            (1.0, "1.0"),
            (12.34, "12"),
            (1_263.0, "1300"),
            (0.0, "0"),
        ] {
            assert_eq!(two_digits(value), text);
        }
    }

    #[test]
    fn bytes_are_readable() {
        assert_eq!(human_bytes(999), "999 B");
        assert_eq!(human_bytes(1536), "1.5 KiB");
    }
}
