//! In which order the particles of a backbone are eliminated, so that little is filled in.
//!
//! By approximate minimum degree on the particle graph; where that is much work for the factorisation, by
//! nested dissection if it is less.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::sparse::SymbolicSparseColMatRef;
use faer::sparse::linalg::amd;

use super::dissection::Graph;
use crate::solid::grouped::grouped;

/// Operations of a factorisation from which on nested dissection is tried: below, it costs more than it
/// saves.
const TRIED_FROM: f64 = 2e8;

/// The fill-reducing order of particles at these places, every coordinate from 0 to 1, with these bonds
/// (i < j, each once): which one is eliminated first, second, …; none where memory does not suffice.
pub(super) fn elimination_order<const D: usize>(
    places: impl FnOnce() -> Vec<[f64; D]>,
    blocks: usize,
    edges: &[(usize, usize)],
) -> Option<Vec<usize>> {
    let order = minimum_degree(blocks, edges)?;
    let mut neighbors = vec![Vec::new(); blocks];
    for &(a, b) in edges {
        neighbors[a].push(b);
        neighbors[b].push(a);
    }
    let work = Elimination::new(&neighbors, &order).work(D);
    if work < TRIED_FROM {
        return Some(order);
    }
    let dissected = nested_dissection(places(), &neighbors)?;
    let elimination = Elimination::new(&neighbors, &dissected);
    Some(if elimination.work(D) < work { elimination.postordered(&dissected) } else { order })
}

/// Approximate minimum degree.
fn minimum_degree(blocks: usize, edges: &[(usize, usize)]) -> Option<Vec<usize>> {
    let (column_starts, rows) = grouped(blocks, edges.iter().map(|&(row, column)| (column, row)));
    let graph = SymbolicSparseColMatRef::new_checked(blocks, blocks, &column_starts, None, &rows);
    let mut memory =
        MemBuffer::try_new(amd::order_maybe_unsorted_scratch::<usize>(blocks, edges.len())).ok()?;
    let (mut order, mut inverse) = (vec![0; blocks], vec![0; blocks]);
    amd::order_maybe_unsorted(
        &mut order,
        &mut inverse,
        graph,
        amd::Control::default(),
        MemStack::new(&mut memory),
    )
    .ok()?;
    Some(order)
}

/// Nested dissection, with minimum degree in its smallest parts.
fn nested_dissection<const D: usize>(
    places: Vec<[f64; D]>,
    neighbors: &[Vec<usize>],
) -> Option<Vec<usize>> {
    let mut enough_memory = true;
    let mut rank = vec![usize::MAX; neighbors.len()];
    let mut leaf = |part: &[usize]| {
        part.iter().enumerate().for_each(|(new, &i)| rank[i] = new);
        let edges: Vec<(usize, usize)> = part
            .iter()
            .flat_map(|&i| neighbors[i].iter().map(move |&j| (i, j)))
            .map(|(i, j)| (rank[i], rank[j]))
            .filter(|&(a, b)| a < b && b != usize::MAX)
            .collect();
        part.iter().for_each(|&i| rank[i] = usize::MAX);
        match minimum_degree(part.len(), &edges) {
            Some(order) => order.into_iter().map(|new| part[new]).collect(),
            None => {
                enough_memory = false;
                part.to_vec()
            }
        }
    };
    let order = Graph { places, neighbors }.order(&mut leaf);
    enough_memory.then_some(order)
}

/// What an order of elimination comes to.
struct Elimination {
    /// In the order of elimination: the first of the later ones that is coupled to each, or `ROOT`.
    parents: Vec<usize>,
    /// Blocks below the diagonal of every column of the factor.
    below: Vec<usize>,
}

const ROOT: usize = usize::MAX;

impl Elimination {
    /// By the elimination tree (J. Liu, SIAM J. Matrix Anal. Appl. 11, 134 (1990)).
    fn new(neighbors: &[Vec<usize>], order: &[usize]) -> Self {
        let n = order.len();
        let mut place = vec![0; n];
        order.iter().enumerate().for_each(|(row, &i)| place[i] = row);
        let (mut parents, mut below, mut seen) = (vec![ROOT; n], vec![0; n], vec![ROOT; n]);
        for (row, &i) in order.iter().enumerate() {
            seen[row] = row;
            for &j in &neighbors[i] {
                let mut column = place[j];
                while column < row && seen[column] != row {
                    seen[column] = row;
                    below[column] += 1;
                    if parents[column] == ROOT {
                        parents[column] = row;
                    }
                    column = parents[column];
                }
            }
        }
        Self { parents, below }
    }

    /// Multiplications and additions of a numeric factorisation with blocks of d × d.
    fn work(&self, d: usize) -> f64 {
        self.below.iter().map(|&below| ((below + 1) * d).pow(2) as f64).sum::<f64>() * d as f64
    }

    /// The same elimination with every subtree in one piece: columns of the same structure become neighbours.
    fn postordered(&self, order: &[usize]) -> Vec<usize> {
        let n = order.len();
        let mut children = vec![Vec::new(); n];
        let mut stack = Vec::new();
        for column in (0..n).rev() {
            match self.parents[column] {
                ROOT => stack.push(column),
                parent => children[parent].push(column),
            }
        }
        // From the roots down, then turned around.
        let mut reversed = Vec::with_capacity(n);
        stack.reverse();
        while let Some(column) = stack.pop() {
            reversed.push(order[column]);
            stack.extend(children[column].iter().rev());
        }
        reversed.reverse();
        reversed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relax::hessian::{Hessian, apply};
    use crate::solid::Vector;
    use crate::solid::contacts::Contacts;
    use crate::solid::neighbors::pairs_within;
    use crate::solid::perfect::perfect;

    #[test]
    fn nested_dissection_is_less_work_in_3d_and_solves_the_same_equations() {
        // The particles overlap by a tenth.
        let solid = perfect::<3>(4 * 9 * 9 * 9, 1.1);
        let n = solid.len();
        let mut near = Vec::new();
        pairs_within(&solid, 0.0, &mut near);
        let edges: Vec<_> = near.iter().map(|pair| (pair.i as usize, pair.j as usize)).collect();
        assert_eq!(edges.len(), 6 * n);
        let mut neighbors = vec![Vec::new(); n];
        for &(i, j) in &edges {
            neighbors[i].push(j);
            neighbors[j].push(i);
        }
        let side = solid.cell.edges();
        let places = || solid.positions.iter().map(|r| r.component_div(&side).into()).collect();
        let dissected = nested_dissection::<3>(places(), &neighbors).expect("memory");
        let elimination = Elimination::new(&neighbors, &dissected);
        let least = minimum_degree(n, &edges).expect("memory");
        let works = [&elimination, &Elimination::new(&neighbors, &least)].map(|it| it.work(3));
        println!("work: {works:?}");
        assert!(works[0] < 0.8 * works[1] && works[1] > TRIED_FROM, "{works:?}");

        let chosen = elimination_order::<3>(places, n, &edges).expect("memory");
        assert_eq!(chosen, elimination.postordered(&dissected));
        assert_eq!(Elimination::new(&neighbors, &chosen).work(3), works[0]);
        let mut sorted = chosen;
        sorted.sort_unstable();
        assert!(sorted.iter().enumerate().all(|(i, &j)| i == j));

        let contacts = Contacts::find(&solid, &near);
        let hessian = Hessian::factorised(&solid, &contacts).expect("a rigid crystal");
        let mut x: Vec<Vector<3>> =
            (0..n).map(|i| Vector::from_fn(|axis, _| ((7 * i + axis) as f64).sin())).collect();
        hessian.remove_translation(&mut x);
        let mut b = vec![Vector::zeros(); n];
        apply(&solid.interactions.potential, &contacts.bonds, &x, &mut b);
        hessian.solve_one(&mut b);
        let error = x.iter().zip(&b).map(|(x, y)| (x - y).norm()).fold(0.0, f64::max);
        assert!(error < 1e-10, "{error:e}");
    }
}
