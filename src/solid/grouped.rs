//! Numbers put into groups, in order.

/// The second numbers of these pairs grouped by the first one, below n: where each group begins, and all.
pub fn grouped(
    n: usize,
    pairs: impl Iterator<Item = (usize, usize)> + Clone,
) -> (Vec<usize>, Vec<usize>) {
    let mut starts = vec![0; n + 1];
    pairs.clone().for_each(|(group, _)| starts[group + 1] += 1);
    for group in 0..n {
        starts[group + 1] += starts[group];
    }
    let mut fill = starts.clone();
    let mut members = vec![0; starts[n]];
    for (group, member) in pairs {
        members[fill[group]] = member;
        fill[group] += 1;
    }
    (starts, members)
}
