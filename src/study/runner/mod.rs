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
mod mailbox;
mod message;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use mpi::environment::Universe;
use mpi::raw::AsRaw;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, Root};
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
use abort::{FAILURE, abort};
use compute::Compute;
use coordinator::{Coordinator, Letter};
use local::Local;
use mailbox::{Mailbox, POLL};
use message::Down;

/// This process as a rank of the job.
pub struct Job {
    universe: Universe,
    world: SimpleCommunicator,
}

impl Job {
    /// Starts MPI. A panic or an MPI error on any rank ends the job from here on.
    pub fn start() -> Self {
        abort::install_panic_hook(FAILURE);
        launcher::die_with_launcher();
        // MPI calls come from the main thread only, but there is a second thread.
        match mpi::initialize_with_threading(mpi::Threading::Funneled) {
            Some((universe, threading)) if threading >= mpi::Threading::Funneled => {
                let world = universe.world();
                Job { universe, world }
            }
            Some(_) => abort(
                "this MPI library does not allow a second thread (MPI_THREAD_FUNNELED); use another one",
                FAILURE,
            ),
            None => abort("MPI does not start", FAILURE),
        }
    }

    /// This process's rank.
    pub fn rank(&self) -> usize {
        self.world.rank() as usize
    }

    /// Number of ranks.
    pub fn ranks(&self) -> usize {
        self.world.size() as usize
    }

    /// Gives rank 0's bytes to all ranks.
    pub fn broadcast(&self, bytes: Vec<u8>) -> Vec<u8> {
        let root = self.world.process_at_rank(0);
        let mut length = bytes.len() as u64;
        root.broadcast_into(&mut length);
        let mut bytes = bytes;
        bytes.resize(length as usize, 0);
        // MPI refuses the address of an empty buffer.
        if !bytes.is_empty() {
            root.broadcast_into(&mut bytes[..]);
        }
        bytes
    }

    /// The host of every rank, on rank 0; nothing elsewhere. Every rank must call it.
    pub fn hosts(&self) -> Vec<String> {
        let name = mpi::environment::processor_name().unwrap_or_default();
        let mut own = [0_u8; HOST_LENGTH];
        own.iter_mut().zip(name.bytes()).for_each(|(cell, byte)| *cell = byte);
        let root = self.world.process_at_rank(0);
        if self.rank() != 0 {
            root.gather_into(&own[..]);
            return Vec::new();
        }
        let mut all = vec![0_u8; HOST_LENGTH * self.ranks()];
        root.gather_into_root(&own[..], &mut all[..]);
        let text = |cell: &[u8]| String::from_utf8_lossy(cell).trim_end_matches('\0').to_owned();
        all.chunks_exact(HOST_LENGTH).map(text).collect()
    }

    /// Ends MPI; every rank must call it.
    pub fn finish(self) {
        drop(self.world);
        drop(self.universe);
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
        let host = mpi::environment::processor_name().unwrap_or_default();
        let access = Access::Parallel(self.world.as_raw());
        let writer = Writer::open(&request.output, access, shape, &host)
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
        let mut rank =
            Rank { local, coordinator, mailbox: Mailbox::new(&self.world), closing: false };
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
