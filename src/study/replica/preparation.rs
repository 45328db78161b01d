//! The solid of a replica: made by the configuration's recipe or read from a file, and its bytes.
//!
//! The bytes hold what cannot be computed again from the configuration: the number of attempts,
//! the box and the positions, and with polydispersity the size factors, as exact little-endian values.
//! Species and interactions follow from the configuration (or the file), the springs of a network from the
//! contacts at these positions.

use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::error::ReplicaError;
use crate::format::solid_file;
use crate::relax::forces::Forces;
use crate::relax::newton::relax;
use crate::relax::prepare::{Structure, springs};
use crate::solid::assignment::classes;
use crate::solid::cell::Cell;
use crate::solid::contacts::Contacts;
use crate::solid::random::StreamKey;
use crate::solid::{Solid, Vector};
use crate::study::config::{SolidConfig, Study};

/// Bytes of one value.
const WORD: usize = 8;

/// The key of a replica's random streams.
pub(super) fn stream_key(study: &Study, config: &SolidConfig, replica: u64) -> StreamKey {
    let solid = xxh3_64(config.identity().as_bytes());
    StreamKey { seed: study.seed, solid, replica, attempt: 0 }
}

/// The key of the attempt that made the solid.
pub(super) fn used(key: StreamKey, attempts: u64) -> StreamKey {
    StreamKey { attempt: attempts.saturating_sub(1), ..key }
}

/// The solid of the replica's file as it is stored there.
fn from_file<const D: usize>(config: &SolidConfig, replica: u64) -> Result<Solid<D>, ReplicaError> {
    let index = usize::try_from(replica).unwrap_or(usize::MAX);
    let file = &config
        .files
        .get(index)
        .ok_or(ReplicaError::Shape {
            what: "list solid.files",
            found: config.files.len(),
            expected: index.saturating_add(1),
        })?
        .address;
    let data = solid_file::read(file)?;
    for (key, found, expected) in [
        ("dimension", data.dimension(), D),
        ("particles", data.species.len(), config.recipe.particles),
    ] {
        if found != expected {
            return Err(ReplicaError::Mismatch { file: file.clone(), key, found, expected });
        }
    }
    Ok(data.solid::<D>(config.recipe.potential.tail)?)
}

/// Makes the solid of a replica and returns its bytes.
pub(super) fn prepare<const D: usize>(
    config: &SolidConfig,
    key: &StreamKey,
) -> Result<Vec<u8>, ReplicaError> {
    let sized = config.recipe.disorder.is_some();
    let (solid, attempts) = if config.is_from_files() {
        let mut solid = from_file::<D>(config, key.replica)?;
        let mut forces = Forces::new(&solid);
        relax(&mut solid, &mut forces)?;
        (solid, 1)
    } else {
        let prepared = config.recipe.prepare_tuned::<D>(config.tuning.as_deref(), key)?;
        (prepared.solid, prepared.attempts)
    };
    let edges = solid.cell.edges();
    let positions: Vec<f64> = solid.positions.iter().flatten().copied().collect();
    let sizes = solid.size_factors.filter(|_| sized);
    Ok(encode(attempts, edges.as_slice(), &positions, sizes.as_ref().map_or(&[], |sizes| sizes)))
}

/// The bytes of a solid; `sizes` are empty without polydispersity.
pub(super) fn encode(attempts: u64, edges: &[f64], positions: &[f64], sizes: &[f64]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(WORD * (1 + edges.len() + positions.len() + sizes.len()));
    bytes.extend(attempts.to_le_bytes());
    for value in edges.iter().chain(positions).chain(sizes) {
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// The solid, its species merged into classes, and the attempts that it took.
pub(super) fn decode<const D: usize>(
    config: &SolidConfig,
    key: &StreamKey,
    bytes: &[u8],
) -> Result<(Solid<D>, u64), ReplicaError> {
    let particles = config.recipe.particles;
    let sizes = if config.recipe.disorder.is_some() { particles } else { 0 };
    let expected = WORD * (1 + D + particles * D + sizes);
    if bytes.len() != expected {
        return Err(ReplicaError::Shape { what: "byte string", found: bytes.len(), expected });
    }
    let (words, _) = bytes.as_chunks::<WORD>();
    let attempts = u64::from_le_bytes(words[0]);
    let values: Vec<f64> = words[1..].iter().map(|word| f64::from_le_bytes(*word)).collect();
    let mut solid = if config.is_from_files() {
        from_file::<D>(config, key.replica)?
    } else {
        config.recipe.start_tuned::<D>(config.tuning.as_deref(), key)?
    };
    solid.cell = Cell::new(Vector::from_column_slice(&values[..D]));
    let (positions, sizes) = values[D..].split_at(particles * D);
    solid.positions = positions.chunks_exact(D).map(Vector::from_column_slice).collect();
    if config.recipe.disorder.is_some() {
        solid.size_factors = Some(Arc::new(sizes.to_vec()));
    }
    solid.check()?;
    let mut solid = classes(&solid);
    if config.recipe.structure == Structure::Network {
        let forces = Forces::new(&solid);
        solid.springs = Some(Arc::new(springs(&Contacts::find(&solid, forces.candidates()))));
    }
    Ok((solid, attempts))
}
