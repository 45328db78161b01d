//! The shortest vector within linear constraints: min ½|x|² under equalities, inequalities and bounds.
//!
//! The dual active-set method of Goldfarb and Idnani (1983) for a Hessian that is the identity: it
//! begins at the unconstrained minimum x = 0 and takes in the constraint that is violated most, until
//! none is. The normals of the active constraints are kept as N = Q R with orthonormal columns of Q; a
//! step is z = (1 − Q Qᵀ) n, and R⁻¹ Qᵀ n says how the multipliers change.

/// a · x = b, or a · x ≥ b.
#[derive(Clone, Debug)]
pub struct Constraint {
    /// a, shape (n,).
    pub normal: Vec<f64>,
    pub bound: f64,
}

/// What x must obey.
#[derive(Clone, Debug, Default)]
pub struct Constraints {
    /// a · x = b.
    pub equal: Vec<Constraint>,
    /// a · x ≥ b.
    pub at_least: Vec<Constraint>,
    /// Bounds of the single components, shape (n,); infinite where there is none.
    pub lower: Vec<f64>,
    pub upper: Vec<f64>,
}

impl Constraints {
    /// The same for x − `centre`, whose missing components are zero.
    pub fn shift(&mut self, centre: &[f64]) {
        for Constraint { normal, bound } in self.equal.iter_mut().chain(&mut self.at_least) {
            *bound -= dot(&normal[..centre.len()], centre);
        }
        for ((lower, upper), x) in self.lower.iter_mut().zip(&mut self.upper).zip(centre) {
            (*lower, *upper) = (*lower - x, *upper - x);
        }
    }
}

/// The shortest x within the constraints.
#[derive(Clone, Debug)]
pub struct Shortest {
    pub x: Vec<f64>,
    /// The multiplier of every inequality, positive where it holds x back, shape as `at_least`.
    pub multipliers: Vec<f64>,
    /// Components that stand at one of their bounds, shape (n,).
    pub at_bound: Vec<bool>,
}

/// A violation below this share of the normal's length is rounding.
const FEASIBLE: f64 = 1e-12;

/// A normal whose part across the active ones is below this share of it depends on them.
const DEPENDENT: f64 = 1e-10;

/// Constraints that are taken in, per unknown, before the search ends as if there were no solution:
/// rounding can make the method return to a set that it has left.
const MOST_CHANGES: usize = 20;

/// Which constraint is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Active {
    Equal,
    AtLeast(usize),
    Lower(usize),
    Upper(usize),
}

/// The active constraints with their normals N = Q R.
struct ActiveSet {
    kinds: Vec<Active>,
    /// Columns of Q, each of shape (n,).
    basis: Vec<Vec<f64>>,
    /// Columns of R, the c-th of length c + 1.
    triangle: Vec<Vec<f64>>,
    multipliers: Vec<f64>,
}

/// How the active set sees another normal.
struct View {
    /// The part of the normal across the active ones.
    across: Vec<f64>,
    /// Qᵀ n.
    along: Vec<f64>,
    /// R⁻¹ Qᵀ n.
    rates: Vec<f64>,
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums side by side: one alone waits for every addition.
    let (mut sums, chunks) = ([0.0; 4], a.len() / 4 * 4);
    for (x, y) in a[..chunks].chunks_exact(4).zip(b[..chunks].chunks_exact(4)) {
        for lane in 0..4 {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f64 = a[chunks..].iter().zip(&b[chunks..]).map(|(x, y)| x * y).sum();
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add(a: &mut [f64], factor: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(x, y)| *x += factor * y);
}

impl ActiveSet {
    fn view(&self, normal: &[f64]) -> View {
        let mut across = normal.to_vec();
        let mut along = vec![0.0; self.basis.len()];
        // Twice is enough: the second pass removes the rounding of the first one.
        for _ in 0..2 {
            for (column, total) in self.basis.iter().zip(&mut along) {
                let overlap = dot(column, &across);
                *total += overlap;
                add(&mut across, -overlap, column);
            }
        }
        let mut rates = along.clone();
        for row in (0..rates.len()).rev() {
            rates[row] /= self.triangle[row][row];
            let value = rates[row];
            for (above, entry) in rates[..row].iter_mut().zip(&self.triangle[row]) {
                *above -= entry * value;
            }
        }
        View { across, along, rates }
    }

    fn push(&mut self, kind: Active, view: View, multiplier: f64) {
        let length = norm(&view.across);
        self.basis.push(view.across.iter().map(|x| x / length).collect());
        let mut column = view.along;
        column.push(length);
        self.triangle.push(column);
        self.kinds.push(kind);
        self.multipliers.push(multiplier);
    }

    fn remove(&mut self, place: usize) {
        self.kinds.remove(place);
        self.multipliers.remove(place);
        self.triangle.remove(place);
        // What stands below the diagonal now is rotated away, row by row.
        for row in place..self.triangle.len() {
            let (a, b) = (self.triangle[row][row], self.triangle[row][row + 1]);
            let length = a.hypot(b);
            let (c, s) = (a / length, b / length);
            for column in &mut self.triangle[row..] {
                let (x, y) = (column[row], column[row + 1]);
                column[row] = c * x + s * y;
                column[row + 1] = c * y - s * x;
            }
            self.triangle[row].truncate(row + 1);
            let (upper, lower) = self.basis.split_at_mut(row + 1);
            for (x, y) in upper[row].iter_mut().zip(&mut lower[0]) {
                (*x, *y) = (c * *x + s * *y, c * *y - s * *x);
            }
        }
        self.basis.pop();
    }

    /// The active inequality whose multiplier reaches zero first, and how far away that is.
    fn first_to_leave(&self, rates: &[f64]) -> Option<(usize, f64)> {
        let leaving = (0..self.kinds.len())
            .filter(|&place| self.kinds[place] != Active::Equal && rates[place] > 0.0)
            .map(|place| (place, self.multipliers[place] / rates[place]));
        leaving.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

/// The shortest vector of `n` components within the constraints; none where they exclude each other.
pub fn shortest(n: usize, constraints: &Constraints) -> Option<Shortest> {
    let mut x = vec![0.0; n];
    let mut active = ActiveSet {
        kinds: Vec::new(),
        basis: Vec::new(),
        triangle: Vec::new(),
        multipliers: Vec::new(),
    };
    for Constraint { normal, bound } in &constraints.equal {
        let view = active.view(normal);
        let missing = bound - dot(normal, &x);
        let length = norm(normal);
        if norm(&view.across) <= DEPENDENT * length {
            if missing.abs() > DEPENDENT * (bound.abs() + length) {
                return None;
            }
            continue;
        }
        let step = missing / dot(&view.across, normal);
        add(&mut x, step, &view.across);
        for (multiplier, rate) in active.multipliers.iter_mut().zip(&view.rates) {
            *multiplier -= step * rate;
        }
        active.push(Active::Equal, view, step);
    }
    let lengths: Vec<f64> = constraints.at_least.iter().map(|c| norm(&c.normal)).collect();
    let mut unit = vec![0.0; n];
    for _ in 0..MOST_CHANGES * n.max(10) {
        let Some((kind, mut violation)) = most_violated(constraints, &lengths, &x, &active) else {
            return Some(found(constraints, x, &active));
        };
        let (normal, sign): (&[f64], f64) = match kind {
            Active::AtLeast(index) => (&constraints.at_least[index].normal, 1.0),
            Active::Lower(q) | Active::Upper(q) => {
                unit.fill(0.0);
                unit[q] = if matches!(kind, Active::Lower(_)) { 1.0 } else { -1.0 };
                (&unit, 1.0)
            }
            Active::Equal => unreachable!("equalities stay active"),
        };
        let length = norm(normal) * sign;
        let mut own = 0.0;
        loop {
            let view = active.view(normal);
            let across = norm(&view.across);
            let full = match across > DEPENDENT * length {
                true => violation / dot(&view.across, normal),
                false => f64::INFINITY,
            };
            let leaving = active.first_to_leave(&view.rates);
            let step = leaving.map_or(full, |(_, at)| at.min(full));
            if !step.is_finite() {
                return None;
            }
            if full.is_finite() {
                add(&mut x, step, &view.across);
                violation -= step * dot(&view.across, normal);
            }
            for (multiplier, rate) in active.multipliers.iter_mut().zip(&view.rates) {
                *multiplier -= step * rate;
            }
            own += step;
            match leaving {
                Some((place, at)) if at < full => active.remove(place),
                _ => {
                    active.push(kind, view, own);
                    break;
                }
            }
        }
    }
    None
}

/// The constraint that is violated most, with b − a · x.
fn most_violated(
    constraints: &Constraints,
    lengths: &[f64],
    x: &[f64],
    active: &ActiveSet,
) -> Option<(Active, f64)> {
    let mut worst = FEASIBLE;
    let mut found = None;
    let mut consider = |kind: Active, missing: f64, length: f64| {
        if missing > worst * length && !active.kinds.contains(&kind) {
            worst = missing / length;
            found = Some((kind, missing));
        }
    };
    for (index, (constraint, &length)) in constraints.at_least.iter().zip(lengths).enumerate() {
        let missing = constraint.bound - dot(&constraint.normal, x);
        if length > 0.0 || missing > 0.0 {
            consider(Active::AtLeast(index), missing, length);
        }
    }
    for (q, &value) in x.iter().enumerate() {
        consider(Active::Lower(q), constraints.lower[q] - value, 1.0);
        consider(Active::Upper(q), value - constraints.upper[q], 1.0);
    }
    found
}

fn found(constraints: &Constraints, x: Vec<f64>, active: &ActiveSet) -> Shortest {
    let mut multipliers = vec![0.0; constraints.at_least.len()];
    let mut at_bound = vec![false; x.len()];
    for (&kind, &multiplier) in active.kinds.iter().zip(&active.multipliers) {
        match kind {
            Active::AtLeast(index) => multipliers[index] = multiplier,
            Active::Lower(q) | Active::Upper(q) => at_bound[q] = true,
            Active::Equal => {}
        }
    }
    Shortest { x, multipliers, at_bound }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Repeatable numbers in (−1, 1).
    fn numbers(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        }
    }

    fn random(seed: u64, n: usize, equal: usize, at_least: usize) -> Constraints {
        let mut next = numbers(seed);
        let mut row = |shift: f64| Constraint {
            normal: (0..n).map(|_| next()).collect(),
            bound: next() + shift,
        };
        Constraints {
            equal: (0..equal).map(|_| row(0.0)).collect(),
            at_least: (0..at_least).map(|_| row(-0.7)).collect(),
            lower: vec![-0.6; n],
            upper: vec![0.6; n],
        }
    }

    /// The conditions of Karush, Kuhn and Tucker are what makes x the shortest vector.
    #[test]
    fn the_solution_is_feasible_and_a_positive_combination_of_what_holds_it() {
        let mut solved = 0;
        for seed in 1..60 {
            let (n, equal) = (12, 3);
            let constraints = random(seed, n, equal, 40);
            let Some(Shortest { x, multipliers, at_bound }) = shortest(n, &constraints) else {
                continue;
            };
            solved += 1;
            for c in &constraints.equal {
                assert!((dot(&c.normal, &x) - c.bound).abs() < 1e-10);
            }
            for (c, &multiplier) in constraints.at_least.iter().zip(&multipliers) {
                let room = dot(&c.normal, &x) - c.bound;
                assert!(room > -1e-10 && multiplier >= 0.0 && multiplier * room.abs() < 1e-9);
            }
            assert!(x.iter().all(|value| value.abs() <= 0.6 + 1e-10));
            // x − Σ u g lies in the span of the equalities, but for the components at bounds: these are
            // pushed towards zero.
            let mut rest = x.clone();
            for (c, &multiplier) in constraints.at_least.iter().zip(&multipliers) {
                add(&mut rest, -multiplier, &c.normal);
            }
            let span = constraints.equal.iter().map(|c| c.normal.clone());
            let free = |v: Vec<f64>| -> Vec<f64> {
                v.iter().zip(&at_bound).map(|(x, at)| if *at { 0.0 } else { *x }).collect()
            };
            let mut basis = ActiveSet {
                kinds: Vec::new(),
                basis: Vec::new(),
                triangle: Vec::new(),
                multipliers: Vec::new(),
            };
            for normal in span {
                let view = basis.view(&free(normal));
                basis.push(Active::Equal, view, 0.0);
            }
            assert!(norm(&basis.view(&free(rest)).across) < 1e-9, "seed {seed}");
        }
        assert!(solved > 20, "{solved}");
    }

    #[test]
    fn constraints_that_exclude_each_other_have_no_solution() {
        let row = |normal: [f64; 2], bound| Constraint { normal: normal.to_vec(), bound };
        let free = || (vec![f64::NEG_INFINITY; 2], vec![f64::INFINITY; 2]);
        let (lower, upper) = free();
        let at_least = vec![row([1.0, 0.0], 1.0), row([-1.0, 0.0], 0.0)];
        let none = Constraints { equal: Vec::new(), at_least, lower, upper };
        assert!(shortest(2, &none).is_none());
        let (lower, upper) = free();
        let equal = vec![row([1.0, 1.0], 1.0), row([2.0, 2.0], 3.0)];
        let none = Constraints { equal, at_least: Vec::new(), lower, upper };
        assert!(shortest(2, &none).is_none());
        let (lower, _) = free();
        let equal = vec![row([1.0, 0.0], 1.0)];
        let none = Constraints { equal, at_least: Vec::new(), lower, upper: vec![0.5; 2] };
        assert!(shortest(2, &none).is_none());
    }

    #[test]
    fn a_plane_and_a_wall_give_the_point_that_geometry_says() {
        // Nearest to 0 on x + y = 1 with y ≥ 0.8.
        let constraints = Constraints {
            equal: vec![Constraint { normal: vec![1.0, 1.0], bound: 1.0 }],
            at_least: vec![Constraint { normal: vec![0.0, 1.0], bound: 0.8 }],
            lower: vec![f64::NEG_INFINITY; 2],
            upper: vec![f64::INFINITY; 2],
        };
        let Shortest { x, multipliers, .. } = shortest(2, &constraints).unwrap();
        assert!((x[0] - 0.2).abs() < 1e-14 && (x[1] - 0.8).abs() < 1e-14);
        assert!((multipliers[0] - 0.6).abs() < 1e-14);
    }
}
