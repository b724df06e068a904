//! Branches of equilibria over a parameter, by pseudo-arclength, and where their stability changes.
//!
//! H. B. Keller, *Numerical solution of bifurcation and nonlinear eigenvalue problems*, in Applications of
//! Bifurcation Theory (Academic Press, 1977): the branch is followed by its length, so that it goes around
//! folds.

use super::fixed_point::newton_iterate;
use super::{DynamicsError, Eigenvalue, Equilibria, Newton};
use crate::linear::Lu;

/// How a branch is followed. Lengths are measured in states divided by their scales and the parameter
/// divided by the length of its range.
#[derive(Debug, Clone, PartialEq)]
pub struct ContinuationSettings {
    /// The parameter's range; the branch is followed to both ends.
    pub range: (f64, f64),
    /// The size of each state; a single number counts for all.
    pub scale: Vec<f64>,
    /// The first step.
    pub step: f64,
    /// The longest step.
    pub max_step: f64,
    /// Points in each direction at most.
    pub max_points: usize,
    /// How the points are solved for.
    pub newton: Newton,
}

impl ContinuationSettings {
    /// Over a range: steps of 0.01 that may grow to 0.02, up to 10 000 points.
    pub fn over(range: (f64, f64), scale: impl Into<Vec<f64>>) -> Self {
        Self {
            range,
            scale: scale.into(),
            step: 0.01,
            max_step: 0.02,
            max_points: 10_000,
            newton: Newton::default(),
        }
    }

    fn check(&self, n: usize) -> Result<(), DynamicsError> {
        let (low, high) = self.range;
        DynamicsError::positive("range (its length)", high - low)?;
        if self.scale.len() != 1 {
            DynamicsError::length("scale", self.scale.len(), n)?;
        }
        self.scale.iter().try_for_each(|s| DynamicsError::positive("scale", *s))?;
        DynamicsError::positive("step", self.step)?;
        DynamicsError::positive("max_step", self.max_step)?;
        self.newton.check(n)
    }

    /// The scales of the states and of the parameter.
    fn scales(&self, n: usize) -> Vec<f64> {
        let one = |i: usize| self.scale[if self.scale.len() == 1 { 0 } else { i }];
        (0..n).map(one).chain([self.range.1 - self.range.0]).collect()
    }
}

/// A point of a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct BranchPoint {
    /// The parameter.
    pub p: f64,
    /// The equilibrium.
    pub state: Vec<f64>,
    /// The growth rates of small deviations, by falling real part.
    pub rates: Vec<Eigenvalue>,
}

impl BranchPoint {
    /// The number of growing directions: 0 for a stable equilibrium.
    pub fn unstable(&self) -> usize {
        self.rates.iter().filter(|z| z.re > 0.0).count()
    }
}

/// What crosses the imaginary axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    /// A real growth rate: a fold, usually.
    Real,
    /// A complex pair: a Hopf bifurcation, or Neimark–Sacker of a map.
    Pair {
        /// The imaginary part.
        omega: f64,
    },
}

/// A place where a growth rate changes its sign.
#[derive(Debug, Clone, PartialEq)]
pub struct Crossing {
    /// The equilibrium there.
    pub at: BranchPoint,
    /// What crosses.
    pub change: Change,
    /// The number of growing directions before and after, in the order of the branch.
    pub unstable: (usize, usize),
}

/// A branch of equilibria, in the order of its length, beginning at the end that is reached with a
/// falling parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// Its points.
    pub points: Vec<BranchPoint>,
    /// The changes of stability between them.
    pub crossings: Vec<Crossing>,
}

/// The branch of equilibria through the one near `state` at parameter `p`, to both ends of the range.
///
/// # Errors
/// [`DynamicsError::BranchLost`] where steps become too short; those of Newton's method at the start.
pub fn continue_equilibrium(
    family: &impl Equilibria,
    p: f64,
    state: &[f64],
    settings: &ContinuationSettings,
) -> Result<Branch, DynamicsError> {
    let n = family.dim();
    settings.check(n)?;
    if !(settings.range.0 <= p && p <= settings.range.1) {
        let rule = "it must lie in the range";
        return Err(DynamicsError::Setting { name: "p", value: p, rule });
    }
    let solver = Solver { family, settings, scales: settings.scales(n), n };
    let start = solver.at_parameter(p, state)?;
    let mut points: Vec<Vec<f64>> = solver.follow(&start, -1.0)?;
    points.reverse();
    points.push(start.clone());
    points.extend(solver.follow(&start, 1.0)?);
    let points = points.iter().map(|x| solver.point(x)).collect::<Result<Vec<_>, _>>()?;
    let mut crossings = Vec::new();
    for pair in points.windows(2) {
        solver.crossings(&pair[0], &pair[1], &mut crossings)?;
    }
    Ok(Branch { points, crossings })
}

struct Solver<'a, F> {
    family: &'a F,
    settings: &'a ContinuationSettings,
    scales: Vec<f64>,
    n: usize,
}

impl<F: Equilibria> Solver<'_, F> {
    /// State and parameter of the equilibrium near `state` at parameter `p`.
    fn at_parameter(&self, p: f64, state: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let evaluate = |u: &[f64], f: &mut [f64], j: &mut [f64]| self.family.residual(p, u, f, j);
        let (mut x, _) = newton_iterate(self.n, state, &self.settings.newton, evaluate)?;
        x.push(p);
        Ok(x)
    }

    /// ∂f/∂p, by a central difference.
    fn by_parameter(&self, x: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let (n, p) = (self.n, x[self.n]);
        let h = 1e-6 * self.scales[n];
        let (mut up, mut down, mut j) = (vec![0.0; n], vec![0.0; n], vec![0.0; n * n]);
        self.family.residual(p + h, &x[..n], &mut up, &mut j)?;
        self.family.residual(p - h, &x[..n], &mut down, &mut j)?;
        Ok(up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * h)).collect())
    }

    /// The matrix of residual and plane, in scaled coordinates, column by column.
    fn matrix(&self, jacobian: &[f64], by_parameter: &[f64], normal: &[f64]) -> Vec<f64> {
        let n = self.n;
        let mut m = vec![0.0; (n + 1) * (n + 1)];
        for j in 0..=n {
            let column = &mut m[j * (n + 1)..][..=n];
            for i in 0..n {
                let derivative = if j < n { jacobian[i + j * n] } else { by_parameter[i] };
                column[i] = derivative * self.scales[j];
            }
            column[n] = normal[j];
        }
        m
    }

    /// The direction of the branch at `x`, of length 1, on the side of `towards`.
    fn tangent(&self, x: &[f64], towards: &[f64]) -> Result<Vec<f64>, DynamicsError> {
        let n = self.n;
        let (mut f, mut j) = (vec![0.0; n], vec![0.0; n * n]);
        self.family.residual(x[n], &x[..n], &mut f, &mut j)?;
        let m = self.matrix(&j, &self.by_parameter(x)?, towards);
        let mut lu = Lu::new(n + 1);
        lu.factorise(0.0, &m).map_err(|_| DynamicsError::Singular { state: x.to_vec() })?;
        // −M·t = −(0, …, 0, 1): along the branch, with a positive part along `towards`.
        let mut t = vec![0.0; n + 1];
        t[n] = -1.0;
        lu.solve(&mut t);
        let length = t.iter().map(|x| x * x).sum::<f64>().sqrt();
        Ok(t.iter().map(|x| x / length).collect())
    }

    /// The point of the branch in the plane through `guess` with this normal, and how many corrections
    /// it took; `None` if they do not converge quickly.
    fn correct(&self, guess: &[f64], normal: &[f64]) -> Option<(Vec<f64>, usize)> {
        let n = self.n;
        let (mut f, mut j) = (vec![0.0; n], vec![0.0; n * n]);
        let mut lu = Lu::new(n + 1);
        let mut x = guess.to_vec();
        let mut last = f64::INFINITY;
        for iteration in 1..=10 {
            self.family.residual(x[n], &x[..n], &mut f, &mut j).ok()?;
            let m = self.matrix(&j, &self.by_parameter(&x).ok()?, normal);
            lu.factorise(0.0, &m).ok()?;
            let plane = (0..=n).map(|i| normal[i] * (x[i] - guess[i]) / self.scales[i]).sum();
            let mut delta: Vec<f64> = f.iter().copied().chain([plane]).collect();
            lu.solve(&mut delta);
            for ((x, d), s) in x.iter_mut().zip(&delta).zip(&self.scales) {
                *x += d * s;
            }
            let size = delta.iter().fold(0.0f64, |a, d| if d.abs() <= a { a } else { d.abs() });
            if !size.is_finite() || size > 2.0 * last {
                return None;
            }
            // A difference quotient in the matrix makes convergence linear, but fast.
            if size <= self.settings.newton.tolerance.max(1e-13) {
                return Some((x, iteration));
            }
            last = size;
        }
        None
    }

    /// The points after `start`, to the end of the range.
    fn follow(&self, start: &[f64], direction: f64) -> Result<Vec<Vec<f64>>, DynamicsError> {
        let (n, (low, high)) = (self.n, self.settings.range);
        let mut towards = vec![0.0; n + 1];
        towards[n] = direction;
        let mut points: Vec<Vec<f64>> = Vec::new();
        let mut x = start.to_vec();
        let mut t = self.tangent(&x, &towards)?;
        let mut step = self.settings.step;
        while points.len() < self.settings.max_points {
            if (x[n] <= low && t[n] < 0.0) || (x[n] >= high && t[n] > 0.0) {
                break;
            }
            let predicted: Vec<f64> = (0..=n).map(|i| x[i] + step * t[i] * self.scales[i]).collect();
            let next = self.correct(&predicted, &t).and_then(|(next, iterations)| {
                let turned = self.tangent(&next, &t).ok()?;
                let cosine: f64 = turned.iter().zip(&t).map(|(a, b)| a * b).sum();
                (cosine > 0.95).then_some((next, turned, iterations))
            });
            let Some((next, turned, iterations)) = next else {
                step *= 0.5;
                if step < 1e-9 {
                    return Err(DynamicsError::BranchLost { parameter: x[n], steps: points.len(), step });
                }
                continue;
            };
            if next[n] < low || next[n] > high {
                let end = if next[n] < low { low } else { high };
                let part = (end - x[n]) / (next[n] - x[n]);
                let guess: Vec<f64> = (0..n).map(|i| x[i] + part * (next[i] - x[i])).collect();
                if part > 1e-12 {
                    points.push(self.at_parameter(end, &guess)?);
                }
                break;
            }
            points.push(next.clone());
            (x, t) = (next, turned);
            step = if iterations <= 4 { (1.5 * step).min(self.settings.max_step) } else { step };
        }
        Ok(points)
    }

    fn point(&self, x: &[f64]) -> Result<BranchPoint, DynamicsError> {
        let n = self.n;
        let (mut f, mut j) = (vec![0.0; n], vec![0.0; n * n]);
        self.family.residual(x[n], &x[..n], &mut f, &mut j)?;
        let rates = self.family.growth_rates(x[n], &j)?;
        Ok(BranchPoint { p: x[n], state: x[..n].to_vec(), rates })
    }

    /// The changes of stability between two neighbours.
    fn crossings(
        &self,
        a: &BranchPoint,
        b: &BranchPoint,
        found: &mut Vec<Crossing>,
    ) -> Result<(), DynamicsError> {
        let (first, last) = (a.unstable(), b.unstable());
        let (few, many) = (first.min(last), first.max(last));
        let full = |point: &BranchPoint| [&point.state[..], &[point.p]].concat();
        let (xa, xb) = (full(a), full(b));
        let mut normal: Vec<f64> = (0..=self.n).map(|i| (xb[i] - xa[i]) / self.scales[i]).collect();
        let length = normal.iter().map(|x| x * x).sum::<f64>().sqrt();
        normal.iter_mut().for_each(|x| *x /= length);
        let mut k = few;
        let mut between = Vec::new();
        while k < many {
            // The k-th largest real part has different signs at both ends.
            let (mut low, mut high) = (0.0, 1.0);
            let sign = a.rates[k].re > 0.0;
            let mut at = a.clone();
            while high - low > 1e-13 {
                let mid = 0.5 * (low + high);
                let guess: Vec<f64> = (0..=self.n).map(|i| xa[i] + mid * (xb[i] - xa[i])).collect();
                let lost = || DynamicsError::BranchLost { parameter: guess[self.n], steps: 0, step: mid };
                at = self.point(&self.correct(&guess, &normal).ok_or_else(lost)?.0)?;
                if (at.rates[k].re > 0.0) == sign { low = mid } else { high = mid }
            }
            let z = at.rates[k];
            let size = at.rates.iter().fold(0.0f64, |a, z| a.max(z.abs()));
            let pair = z.im.abs() > 1e-9 * size && k + 1 < many;
            let change = if pair { Change::Pair { omega: z.im.abs() } } else { Change::Real };
            let grown = if pair { 2 } else { 1 };
            between.push((low, Crossing { at, change, unstable: (k, k + grown) }));
            k += grown;
        }
        between.sort_by(|a, b| a.0.total_cmp(&b.0));
        for (_, mut crossing) in between {
            if last < first {
                crossing.unstable = (crossing.unstable.1, crossing.unstable.0);
            }
            found.push(crossing);
        }
        Ok(())
    }
}
