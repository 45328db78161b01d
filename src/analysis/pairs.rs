//! Which pairs of particles the allosteric features of a solid are made of: drawn at random from its
//! contacts.
//!
//! Source and target are contacts of the backbone (springs of a network) without a common particle,
//! their midpoints at least a given distance apart. The first n pairs of more are the same.

use std::collections::HashSet;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::response::allosteric::AllostericPair;
use crate::solid::contacts::Contacts;
use crate::solid::random::{Purpose, StreamKey};
use crate::solid::{Solid, Vector};
use crate::system::words::Word;

/// Who has which source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// Every feature its own: no contact is a source twice before every one has been it once.
    Own,
    /// All features have one source, and targets of their own.
    One,
}

impl Word for Sources {
    const WORDS: &'static [(&'static str, Self)] = &[("own", Sources::Own), ("one", Sources::One)];
}

/// How pairs are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairDraw {
    /// The number of pairs, of source and target each.
    pub pairs: usize,
    pub sources: Sources,
    /// The least distance of the midpoints of source and target [shortest edge of the box].
    pub distance: f64,
}

/// A solid does not have so many pairs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{found} of the {wanted} pairs of contacts for allosteric features can be drawn in this solid"
)]
pub struct TooFewPairs {
    pub wanted: usize,
    pub found: usize,
}

/// Draws the pairs of a solid with these contacts.
///
/// # Errors
/// [`TooFewPairs`].
pub fn draw<const D: usize>(
    solid: &Solid<D>,
    contacts: &Contacts<D>,
    wanted: &PairDraw,
    key: &StreamKey,
) -> Result<Vec<AllostericPair>, TooFewPairs> {
    let set = contacts.contact_set();
    let mut random = key.stream(Purpose::Pairs);
    let urn = Urn { solid, least: wanted.distance * solid.cell.edges().min(), set: &set };
    let pairs = match wanted.sources {
        Sources::Own => urn.with_own_sources(wanted.pairs, &mut random),
        Sources::One => urn.with_one_source(wanted.pairs, &mut random),
    };
    match pairs.len() == wanted.pairs {
        true => Ok(pairs),
        false => Err(TooFewPairs { wanted: wanted.pairs, found: pairs.len() }),
    }
}

/// What is drawn from.
struct Urn<'a, const D: usize> {
    solid: &'a Solid<D>,
    /// The least distance of midpoints [length].
    least: f64,
    set: &'a [(usize, usize)],
}

impl<const D: usize> Urn<'_, D> {
    /// The places of the targets that a source may have.
    fn targets(&self, source: usize) -> Vec<usize> {
        let (i, j) = self.set[source];
        let from = self.midpoint(source);
        let far = |place: &usize| {
            let (k, l) = self.set[*place];
            let apart = self.solid.cell.minimum_image(self.midpoint(*place) - from).norm();
            ![k, l].contains(&i) && ![k, l].contains(&j) && apart >= self.least
        };
        (0..self.set.len()).filter(far).collect()
    }

    fn midpoint(&self, place: usize) -> Vector<D> {
        let (i, j) = self.set[place];
        self.solid.positions[i] - self.solid.separation(i, j) * 0.5
    }

    fn pair(&self, source: usize, target: usize) -> AllostericPair {
        let ends = |place: usize| [self.set[place].0, self.set[place].1];
        AllostericPair { source: ends(source), target: ends(target) }
    }

    /// At most so many pairs, in rounds in which every contact is a source once.
    fn with_own_sources(&self, count: usize, random: &mut ChaCha8Rng) -> Vec<AllostericPair> {
        let mut drawn = HashSet::new();
        let mut pairs = Vec::new();
        loop {
            let before = pairs.len();
            let mut round: Vec<usize> = (0..self.set.len()).collect();
            round.shuffle(random);
            for source in round {
                if pairs.len() == count {
                    return pairs;
                }
                let mut targets = self.targets(source);
                targets.retain(|&target| !drawn.contains(&(source, target)));
                if !targets.is_empty() {
                    let target = targets[random.random_range(0..targets.len())];
                    drawn.insert((source, target));
                    pairs.push(self.pair(source, target));
                }
            }
            if pairs.len() == before {
                return pairs;
            }
        }
    }

    /// At most so many pairs of one source.
    fn with_one_source(&self, count: usize, random: &mut ChaCha8Rng) -> Vec<AllostericPair> {
        if self.set.is_empty() {
            return Vec::new();
        }
        let source = random.random_range(0..self.set.len());
        let mut targets = self.targets(source);
        targets.shuffle(random);
        targets.into_iter().take(count).map(|target| self.pair(source, target)).collect()
    }
}
