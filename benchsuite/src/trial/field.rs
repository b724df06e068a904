//! The equations at a row of the network's inputs, whose current may be an input.

use ionic_models::models::FitzHughNagumo;
use ionic_models::{Cell, IonicModel as _};
use ode_solvers::{Dual, Scalar};
use surrogates::{VectorField, eight_rows};

use super::Problem;

/// FitzHugh–Nagumo with the current of a problem.
#[derive(Debug)]
pub(super) struct Field {
    problem: Problem,
    parameters: Vec<f64>,
}

impl Field {
    pub(super) fn new(problem: Problem) -> Self {
        Field { problem, parameters: Cell::<FitzHughNagumo>::new().parameters().to_vec() }
    }
}

impl VectorField for Field {
    fn dim(&self) -> usize {
        2
    }

    fn identity(&self) -> String {
        format!("fitzhugh_nagumo/werneck/{}", self.problem)
    }

    fn evaluate(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        // A row without its last column sees NaN, and training stops at the loss.
        let current = self.current(|| x.get(CURRENT).copied().unwrap_or(f64::NAN));
        self.rates(current, u, f, jacobian);
    }

    fn evaluate_rows(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        eight_rows(2, x, u, (f, jacobian), |x, u, f, jacobian| {
            self.rates(self.current(|| x.column(CURRENT)), u, f, jacobian);
        });
    }
}

/// The column of the inputs that has the current of problem C.
const CURRENT: usize = 3;

impl Field {
    fn current<T: Scalar>(&self, input: impl FnOnce() -> T) -> T {
        match self.problem {
            Problem::BS => T::from(0.0),
            Problem::BC => T::from(0.1),
            Problem::C => input(),
        }
    }

    fn rates<T: Scalar>(&self, current: T, u: &[T], f: &mut [T], jacobian: &mut [T]) {
        let y = [Dual::<2, T>::variable(u[0], 0), Dual::variable(u[1], 1)];
        let (mut dy, mut rates) = ([Dual::default(); 2], [Dual::default(); 2]);
        FitzHughNagumo::rhs(&self.parameters, Dual::constant(current), &y, &mut dy, &mut rates);
        for i in 0..2 {
            f[i] = dy[i].v;
            for j in 0..2 {
                jacobian[i + 2 * j] = dy[i].d[j];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ionic_models::Stimulus;
    use ode_solvers::{Linearize as _, System as _};

    use super::*;

    #[test]
    fn the_field_is_the_cell_with_its_current() {
        for (problem, current) in [(Problem::BS, 0.0), (Problem::BC, 0.1), (Problem::C, 0.093)] {
            let cell = Cell::<FitzHughNagumo>::new().with_stimulus(Stimulus::constant(current).unwrap());
            let u = [0.37, 0.08];
            let (mut f, mut jacobian) = ([0.0; 2], [0.0; 4]);
            Field::new(problem).evaluate(&[1.0, 0.2, 0.1, current], &u, &mut f, &mut jacobian);
            let (mut expected, mut matrix) = ([0.0; 2], [0.0; 4]);
            cell.rhs(1.0, &u, &mut expected);
            cell.jacobian(1.0, &u, &mut matrix);
            for (a, b) in f.iter().chain(&jacobian).zip(expected.iter().chain(&matrix)) {
                assert!((a - b).abs() < 1e-14, "{problem}: {a} instead of {b}");
            }
        }
    }

    #[test]
    fn many_rows_are_one_row_many_times() {
        let rows = 11;
        let x: Vec<f64> = (0..4 * rows).map(|k| 0.01 * k as f64).collect();
        let u: Vec<f64> = (0..2 * rows).map(|k| (k as f64).sin()).collect();
        for problem in [Problem::BS, Problem::BC, Problem::C] {
            let field = Field::new(problem);
            let (mut f, mut jacobian) = (vec![0.0; 2 * rows], vec![0.0; 4 * rows]);
            field.evaluate_rows(&x, &u, &mut f, &mut jacobian);
            for k in 0..rows {
                let (mut one, mut matrix) = ([0.0; 2], [0.0; 4]);
                field.evaluate(&x[4 * k..][..4], &u[2 * k..][..2], &mut one, &mut matrix);
                assert_eq!((&f[2 * k..][..2], &jacobian[4 * k..][..4]), (&one[..], &matrix[..]), "{problem}");
            }
        }
    }
}
