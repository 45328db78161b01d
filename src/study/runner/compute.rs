//! The thread that computes: one question at a time, while the main thread talks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::abort::guarded;
use crate::analysis::values::Row;
use crate::format::row::{Failure, Part};
use crate::study::work::Work;

/// What the thread is asked.
pub(super) enum Question {
    Solid { scenario: usize, replica: u64 },
    Restore { scenario: usize, row: Row },
    Directions { scenario: usize, replica: u64, solid: Arc<Vec<u8>>, part: Part },
}

/// What came of it.
pub(super) enum Answer {
    Solid(Result<(Row, Vec<u8>), Failure>),
    Restored(Result<Vec<u8>, Failure>),
    Directions(Result<Row, Failure>),
}

/// The thread.
pub(super) struct Compute {
    questions: Option<Sender<Question>>,
    answers: Receiver<(Answer, Duration)>,
    thread: Option<JoinHandle<()>>,
}

impl Compute {
    /// Starts the thread; `make` makes the physics, again after a panic inside it.
    pub fn start<W: Work>(make: impl Fn() -> W + Send + 'static) -> std::io::Result<Self> {
        let (questions, inbox) = channel::<Question>();
        let (outbox, answers) = channel();
        let body = move || {
            let mut work = None;
            for question in inbox {
                let started = Instant::now();
                let answer = answer(&mut work, &make, &question);
                if outbox.send((answer, started.elapsed())).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("compute".to_owned()).spawn(body)?;
        Ok(Compute { questions: Some(questions), answers, thread: Some(thread) })
    }

    /// Hands over a question.
    pub fn submit(&self, question: Question) {
        // The thread outlives the sender: it ends only when the sender is dropped.
        let _ = self.questions.as_ref().map(|questions| questions.send(question));
    }

    /// The answer to the question, or none after `patience`.
    pub fn answer(&self, patience: Duration) -> Option<(Answer, Duration)> {
        match self.answers.recv_timeout(patience) {
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => super::abort::abort(
                "internal error, please report it: the computing thread ended",
                1,
            ),
        }
    }
}

impl Drop for Compute {
    fn drop(&mut self) {
        self.questions = None;
        if let Some(thread) = self.thread.take() {
            // Its panics have ended the job already.
            let _ = thread.join();
        }
    }
}

fn answer<W: Work>(work: &mut Option<W>, make: &impl Fn() -> W, question: &Question) -> Answer {
    match question {
        Question::Solid { scenario, replica } => {
            Answer::Solid(attempt(work, make, |work| work.solid(*scenario, *replica)))
        }
        Question::Restore { scenario, row } => {
            Answer::Restored(attempt(work, make, |work| work.restore(*scenario, row)))
        }
        Question::Directions { scenario, replica, solid, part } => {
            Answer::Directions(attempt(work, make, |work| {
                work.directions(*scenario, *replica, solid, part)
            }))
        }
    }
}

/// Calls the physics; a panic in it is a failure of the item, and the physics is made anew.
fn attempt<W: Work, T>(
    slot: &mut Option<W>,
    make: impl Fn() -> W,
    body: impl FnOnce(&mut W) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let mut work = slot.take().unwrap_or_else(make);
    let result = guarded(|| body(&mut work)).map_err(|reason| Failure { reason })?;
    *slot = Some(work);
    result
}
