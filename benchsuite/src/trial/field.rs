//! The equations at a row of the network's inputs, whose current may be an input.

use ionic_models::models::FitzHughNagumo;
use ionic_models::{Cell, IonicModel as _};
use ode_solvers::Dual;
use surrogates::VectorField;

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

    #[inline]
    fn evaluate(&self, x: &[f64], u: &[f64], f: &mut [f64], jacobian: &mut [f64]) {
        let current = match self.problem {
            Problem::BS => 0.0,
            Problem::BC => 0.1,
            // A row without its last column sees NaN, and training stops at the loss.
            Problem::C => x.get(3).copied().unwrap_or(f64::NAN),
        };
        let y = [Dual::<2>::variable(u[0], 0), Dual::variable(u[1], 1)];
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
}
