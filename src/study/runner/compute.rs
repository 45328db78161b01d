//! The thread that computes: one job at a time, while the main thread talks.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::abort::guarded;
use crate::analysis::values::Row;
use crate::format::row::{Failure, Part};
use crate::study::work::Work;

/// What the thread is asked to do.
pub(super) enum Job {
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
    jobs: Option<Sender<Job>>,
    answers: Receiver<(Answer, Duration)>,
    thread: Option<JoinHandle<()>>,
}

impl Compute {
    /// Starts the thread; `make` makes the physics, again after a panic inside it.
    pub fn start<W: Work>(make: impl Fn() -> W + Send + 'static) -> std::io::Result<Self> {
        let (jobs, inbox) = channel::<Job>();
        let (outbox, answers) = channel();
        let body = move || {
            let mut work = None;
            for job in inbox {
                let started = Instant::now();
                let answer = perform(&mut work, &make, job);
                if outbox.send((answer, started.elapsed())).is_err() {
                    break;
                }
            }
        };
        let thread = std::thread::Builder::new().name("compute".to_owned()).spawn(body)?;
        Ok(Compute { jobs: Some(jobs), answers, thread: Some(thread) })
    }

    /// Hands over a job.
    pub fn submit(&self, job: Job) {
        // The thread outlives the sender: it ends only when the sender is dropped.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// The answer to the job, or none after `patience`.
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
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // Its panics have ended the job already.
            let _ = thread.join();
        }
    }
}

/// Does a job; a panic in the physics is a failure of the item, and the physics is made anew.
fn perform<W: Work>(slot: &mut Option<W>, make: &impl Fn() -> W, job: Job) -> Answer {
    let mut work = slot.take().unwrap_or_else(make);
    let result = guarded(|| match &job {
        Job::Solid { scenario, replica } => Answer::Solid(work.solid(*scenario, *replica)),
        Job::Restore { scenario, row } => Answer::Restored(work.restore(*scenario, row)),
        Job::Directions { scenario, replica, solid, part } => {
            Answer::Directions(work.directions(*scenario, *replica, solid, part))
        }
    });
    match result {
        Ok(answer) => {
            *slot = Some(work);
            answer
        }
        Err(reason) => {
            let failure = Failure { reason };
            match job {
                Job::Solid { .. } => Answer::Solid(Err(failure)),
                Job::Restore { .. } => Answer::Restored(Err(failure)),
                Job::Directions { .. } => Answer::Directions(Err(failure)),
            }
        }
    }
}
