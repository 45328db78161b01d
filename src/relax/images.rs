//! The periodic images that occur in a list of pairs: few, so that a pair names its own by a place.

use crate::solid::Vector;

/// Periodic images that have places.
pub struct Images<const D: usize> {
    /// In numbers of edges.
    pub all: Vec<Vector<D>>,
    /// The places of those that are no more than two boxes away.
    near: [u32; 125],
}

impl<const D: usize> Images<D> {
    /// None yet, in memory that is there.
    pub fn new(mut all: Vec<Vector<D>>) -> Self {
        all.clear();
        Self { all, near: [u32::MAX; 125] }
    }

    #[inline(always)]
    fn code(image: &Vector<D>) -> Option<usize> {
        /// 1.5 · 2^52 + 2: added to a whole number x it leaves x + 2 in the lowest bits.
        const SHIFT: f64 = 6_755_399_441_055_746.0;
        let shifted = image.map(|x| (x + SHIFT).to_bits() as u32);
        let near = shifted.iter().all(|&x| x < 5);
        near.then(|| shifted.iter().fold(0, |code, &x| 5 * code + x as usize))
    }

    /// The place of an image; it gets one where it has none.
    #[inline(always)]
    pub fn place(&mut self, image: Vector<D>) -> u32 {
        let code = Self::code(&image);
        let known = match code {
            Some(code) => Some(self.near[code]).filter(|&place| place != u32::MAX),
            None => self.all.iter().position(|known| *known == image).map(|place| place as u32),
        };
        known.unwrap_or_else(|| {
            let place = self.all.len() as u32;
            self.all.push(image);
            code.into_iter().for_each(|code| self.near[code] = place);
            place
        })
    }
}
