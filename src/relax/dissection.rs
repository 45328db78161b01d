//! An order of elimination by nested dissection (A. George, SIAM J. Numer. Anal. 10, 345 (1973)) of
//! particles in the periodic box: a thin sheet of them that separates the others in two halves is
//! eliminated last, and each half likewise.
//!
//! The halves lie on both sides of a plane, or of two where the part still reaches around the box; which axis
//! and where is tried. The separator is the smallest set of particles that touches every bond across (D. Kőnig:
//! as large as the largest matching of these bonds).

/// Parts of at most this many particles are left to `leaf`.
const LEAF: usize = 100;

/// Planes are tried at these shares of a part's particles, and where it reaches around the box so many
/// times as many.
const SHARES: [f64; 7] = [0.41, 0.44, 0.47, 0.5, 0.53, 0.56, 0.59];

/// Not yet in a part that is cut, on its two sides, or eliminated later.
#[derive(Clone, Copy, PartialEq)]
enum Side {
    Outside,
    Left,
    Right,
}

/// The bonds of each particle of the graph, and where it is in the box: every coordinate from 0 to 1.
pub(super) struct Graph<'a, const D: usize> {
    pub places: Vec<[f64; D]>,
    pub neighbors: &'a [Vec<usize>],
}

impl<const D: usize> Graph<'_, D> {
    /// The order of elimination; `leaf` puts a small part into order.
    pub fn order(mut self, leaf: &mut impl FnMut(&[usize]) -> Vec<usize>) -> Vec<usize> {
        let all: Vec<usize> = (0..self.places.len()).collect();
        let mut sides = vec![Side::Outside; all.len()];
        let mut order = Vec::with_capacity(all.len());
        self.dissect(all, [true; D], &mut sides, leaf, &mut order);
        order
    }

    /// Appends the order of a part, which reaches around the box along these axes.
    fn dissect(
        &mut self,
        part: Vec<usize>,
        around: [bool; D],
        sides: &mut [Side],
        leaf: &mut impl FnMut(&[usize]) -> Vec<usize>,
        order: &mut Vec<usize>,
    ) {
        if part.len() <= LEAF {
            order.extend(leaf(&part));
            return;
        }
        let Cut { axis, from, middle, .. } = self.best_cut(&part, around, sides);
        for &i in &part {
            let place = &mut self.places[i][axis];
            if around[axis] {
                *place = (*place - from).rem_euclid(1.0);
            }
        }
        let mut sorted = part;
        self.sort(&mut sorted, axis);
        sorted[..middle].iter().for_each(|&i| sides[i] = Side::Left);
        sorted[middle..].iter().for_each(|&i| sides[i] = Side::Right);
        let separator = self.separator(&sorted[..middle], sides);
        separator.iter().for_each(|&i| sides[i] = Side::Outside);
        let halves = [Side::Left, Side::Right]
            .map(|side| sorted.iter().copied().filter(|&i| sides[i] == side).collect::<Vec<_>>());
        sorted.iter().for_each(|&i| sides[i] = Side::Outside);
        let mut reaches = around;
        reaches[axis] = false;
        for half in halves {
            self.dissect(half, reaches, sides, leaf, order);
        }
        order.extend(separator);
    }

    fn sort(&self, part: &mut [usize], axis: usize) {
        part.sort_unstable_by(|&a, &b| {
            self.places[a][axis].total_cmp(&self.places[b][axis]).then(a.cmp(&b))
        });
    }

    /// The plane (or the two planes) that the fewest particles touch.
    fn best_cut(&self, part: &[usize], around: [bool; D], sides: &mut [Side]) -> Cut {
        let mut best = Cut { axis: 0, from: 0.0, middle: part.len() / 2, touching: usize::MAX };
        for (axis, &reaches_around) in around.iter().enumerate() {
            let mut sorted = part.to_vec();
            self.sort(&mut sorted, axis);
            let n = sorted.len();
            for (attempt, share) in SHARES.iter().enumerate() {
                // Two planes: half of the particles lie between them, wherever they are.
                let (first, middle) = match reaches_around {
                    true => (attempt * n / (2 * SHARES.len()), n / 2),
                    false => (0, (share * n as f64) as usize),
                };
                let left = |rank: usize| (rank + n - first) % n < middle;
                for (rank, &i) in sorted.iter().enumerate() {
                    sides[i] = if left(rank) { Side::Left } else { Side::Right };
                }
                let touching = [Side::Left, Side::Right].map(|side| {
                    let across = |i: usize| {
                        let other = if side == Side::Left { Side::Right } else { Side::Left };
                        self.neighbors[i].iter().any(|&j| sides[j] == other)
                    };
                    sorted.iter().filter(|&&i| sides[i] == side && across(i)).count()
                });
                let touching = touching[0].min(touching[1]);
                if touching < best.touching {
                    let from = self.places[sorted[first]][axis];
                    best = Cut { axis, from, middle, touching };
                }
            }
        }
        part.iter().for_each(|&i| sides[i] = Side::Outside);
        best
    }

    /// The smallest set of particles that touches every bond from the left to the right.
    fn separator(&self, left: &[usize], sides: &[Side]) -> Vec<usize> {
        let across =
            |i: usize| self.neighbors[i].iter().copied().filter(move |&j| sides[j] == Side::Right);
        let edge: Vec<usize> =
            left.iter().copied().filter(|&i| across(i).next().is_some()).collect();
        let mut matched = Matching { partner: vec![FREE; sides.len()], seen: vec![0; sides.len()] };
        for (attempt, &i) in edge.iter().enumerate() {
            matched.augment(i, attempt + 1, &across);
        }
        // Kőnig: what is reached from the free ones on the left by alternating paths.
        let mut reached = vec![false; sides.len()];
        let mut stack: Vec<usize> =
            edge.iter().copied().filter(|&i| matched.partner[i] == FREE).collect();
        stack.iter().for_each(|&i| reached[i] = true);
        while let Some(i) = stack.pop() {
            for j in across(i) {
                let back = matched.partner[j];
                if !std::mem::replace(&mut reached[j], true) && back != FREE && !reached[back] {
                    reached[back] = true;
                    stack.push(back);
                }
            }
        }
        let right = edge.iter().map(|&i| matched.partner[i]).filter(|&j| j != FREE && reached[j]);
        edge.iter().copied().filter(|&i| !reached[i]).chain(right).collect()
    }
}

/// Where a part is cut: along an axis, from this coordinate on, behind so many particles.
struct Cut {
    axis: usize,
    from: f64,
    middle: usize,
    /// Particles on one side that have a bond to the other.
    touching: usize,
}

const FREE: usize = usize::MAX;

/// A matching of particles on both sides.
struct Matching {
    partner: Vec<usize>,
    /// The last attempt that has come by a particle on the right.
    seen: Vec<usize>,
}

impl Matching {
    /// Matches `i` too, by an alternating path, where one exists.
    fn augment<I: Iterator<Item = usize>>(
        &mut self,
        i: usize,
        attempt: usize,
        across: &impl Fn(usize) -> I,
    ) -> bool {
        for j in across(i) {
            if std::mem::replace(&mut self.seen[j], attempt) == attempt {
                continue;
            }
            let back = self.partner[j];
            if back == FREE || self.augment(back, attempt, across) {
                (self.partner[i], self.partner[j]) = (j, i);
                return true;
            }
        }
        false
    }
}
