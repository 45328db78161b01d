//! Runs a study under MPI, or alone.
//!
//! On every rank the main thread talks to MPI and HDF5 and a second thread computes, so rank 0
//! computes too. All messages go through rank 0, are two-sided and never block. Whatever cannot
//! be recorded as the failure of an item ends the whole job at once.

pub mod abort;
mod compute;
mod coordinator;
mod launcher;
mod local;
mod message;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::de::DeserializeOwned;

pub use message::Progress;

use crate::format::archive::{Access, HOST_LENGTH, Writer};
use crate::study::config::Study;
use crate::study::dispatcher::Dispatcher;
use crate::study::forecast::Forecast;
use crate::study::request::Request;
use crate::study::resume::Pending;
use crate::study::schema::shape;
use crate::study::work::Work;
use crate::system::world::{self, Mailbox, World};
use abort::{FAILURE, abort};
use compute::Compute;
use coordinator::{Coordinator, Letter};
use local::Local;
use message::Down;

/// The longest time between two looks at the messages: short against any item, long against a
/// look.
const POLL: Duration = Duration::from_millis(1);

/// This process as a rank of the job.
pub struct Job(World);

impl Job {
    /// Starts MPI. A panic or an MPI error on any rank ends the job from here on.
    pub fn start() -> Self {
        abort::install_panic_hook(FAILURE);
        launcher::die_with_launcher();
        Job(World::start().unwrap_or_else(|error| abort(error, FAILURE)))
    }

    /// This process's rank.
    pub fn rank(&self) -> usize {
        self.0.rank()
    }

    /// Number of ranks.
    pub fn ranks(&self) -> usize {
        self.0.size()
    }

    /// Gives rank 0's bytes to all ranks.
    pub fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.0.broadcast(bytes)
    }

    /// The host of every rank, on rank 0; nothing elsewhere. Every rank must call it.
    pub fn hosts(&self) -> Vec<String> {
        let mut own = [0_u8; HOST_LENGTH];
        own.iter_mut().zip(world::host().bytes()).for_each(|(cell, byte)| *cell = byte);
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim_end_matches('\0').to_owned();
        self.0.gather(&own).chunks_exact(HOST_LENGTH).map(text).collect()
    }

    /// Ends MPI; every rank must call it.
    pub fn finish(self) {
        self.0.finish();
    }

    /// Computes what is pending; `make` makes the physics of a rank, on the computing thread.
    /// Every rank must call it; rank 0 gives `pending`. Ends the job on any failure of I/O.
    pub fn compute<W, F>(
        &self,
        study: &Arc<Study>,
        pending: Pending,
        request: &Request,
        make: F,
        mut watch: impl FnMut(&Progress),
    ) -> Progress
    where
        W: Work,
        F: Fn(Arc<Study>) -> W + Send + 'static,
    {
        let shape = shape(study);
        let divisible = shape.schemas.iter().any(|schema| schema.parts.len() > 1);
        let writer =
            Writer::open(&request.output, Access::Together(&self.0), shape, &world::host())
                .unwrap_or_else(|error| abort(&error.to_string(), FAILURE));
        let physics = Arc::clone(study);
        let compute = Compute::start(move || make(Arc::clone(&physics)))
            .unwrap_or_else(|error| abort(&format!("cannot start a thread: {error}"), FAILURE));
        let forecast = Forecast::new(request.deadline, pending.longest);
        let local = Local::new(writer, compute, request.interval(self.ranks()), forecast);
        let coordinator = (self.rank() == 0).then(|| {
            let dispatcher = Dispatcher::new(pending.units, self.ranks(), divisible);
            Coordinator::new(dispatcher, self.ranks())
        });
        let mut rank = Rank { local, coordinator, mailbox: Mailbox::new(&self.0), closing: false };
        while !rank.closing {
            if request.stop.load(Ordering::Relaxed) || rank.has_failed_too_often(request) {
                rank.stop();
            }
            rank.turn();
            if let Some(coordinator) = &rank.coordinator {
                watch(&coordinator.progress);
            }
        }
        rank.close()
    }
}

/// One rank at work.
struct Rank<'m> {
    local: Local,
    coordinator: Option<Coordinator>,
    mailbox: Mailbox<'m>,
    closing: bool,
}

impl Rank<'_> {
    /// Every rank at once: a launcher that is terminated gives its ranks a second.
    fn stop(&mut self) {
        self.local.stop();
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.stop();
        }
    }

    fn has_failed_too_often(&self, request: &Request) -> bool {
        let failures = self.coordinator.as_ref().map_or(0, |it| it.progress.failures);
        request.max_failures.is_some_and(|limit| failures > limit)
    }

    fn turn(&mut self) {
        if let Err(error) = self.local.turn(POLL) {
            abort(&error.to_string(), FAILURE);
        }
        for (message, payload) in std::mem::take(&mut self.local.outbox) {
            match &mut self.coordinator {
                Some(coordinator) => coordinator.take(0, message, payload),
                None => self.mailbox.send(0, message::encode(&message, &payload)),
            }
        }
        while let Some((sender, bytes)) = self.mailbox.receive() {
            match &mut self.coordinator {
                Some(coordinator) => {
                    let (message, payload) = decoded(&bytes);
                    coordinator.take(sender, message, payload);
                }
                None => {
                    let (message, payload) = decoded(&bytes);
                    self.obey(message, payload);
                }
            }
        }
        let letters: Vec<Letter> =
            self.coordinator.as_mut().map(Coordinator::serve).unwrap_or_default();
        for (rank, message, payload) in letters {
            if rank == 0 {
                self.obey(message, payload);
            } else {
                self.mailbox.send(rank, message::encode(&message, &payload));
            }
        }
    }

    fn obey(&mut self, message: Down, payload: Vec<u8>) {
        match message {
            Down::Task(task) => self.local.accept(task, payload),
            Down::Drain { discard } => self.local.drain(discard),
            Down::Close => self.closing = true,
        }
    }

    /// Closes the file, together with all ranks.
    fn close(mut self) -> Progress {
        self.mailbox.flush();
        if let Err(error) = self.local.writer.close() {
            abort(&error.to_string(), FAILURE);
        }
        self.coordinator.map(|coordinator| coordinator.progress).unwrap_or_default()
    }
}

fn decoded<M: DeserializeOwned>(bytes: &[u8]) -> (M, Vec<u8>) {
    message::decode(bytes).unwrap_or_else(|| {
        abort("internal error, please report it: a message cannot be read", FAILURE)
    })
}
