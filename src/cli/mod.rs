//! The command line: one file per subcommand, nothing but arguments and printing.

pub mod config;

/// How a command ended; its value is the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Outcome {
    /// Everything was done.
    Done = 0,
    /// Some items failed, or a check found something.
    Failed = 3,
    /// Stopped by the clock or a signal; `run --resume` continues (EX_TEMPFAIL).
    Interrupted = 75,
}

/// What a command that cannot do its work returns: a message and the exit code that fits it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    message: String,
    code: u8,
}

/// Exit code of a usage or configuration error.
pub const USAGE: u8 = 2;
/// Exit code of an I/O failure or a broken invariant.
pub const FAILURE: u8 = 1;

impl CommandError {
    /// A usage or configuration error.
    pub fn usage(error: impl ToString) -> Self {
        CommandError { message: error.to_string(), code: USAGE }
    }

    /// An I/O failure or a broken invariant.
    pub fn failure(error: impl ToString) -> Self {
        CommandError { message: error.to_string(), code: FAILURE }
    }

    /// The exit code.
    pub fn code(&self) -> u8 {
        self.code
    }
}
