//! Entries of a Jacobian in the order of a plan, the quickest way that there is.

use crate::sparse::Compression;
use crate::tape::{Bound, Entries, program};
use crate::{Linearize, Scalar};

/// Gives the entries of a system's Jacobian in the order of a [`Compression`]: from the equations
/// written down, where the system can be and nothing depends on time, else by dual numbers.
///
/// For those who drive other solvers with a system of this crate: ours do the same within.
///
/// ```
/// use ode_solvers::problems::{Hires, Problem};
/// use ode_solvers::sparse::{Compression, Depends, SparsityPattern};
/// use ode_solvers::tape::Planned;
/// use ode_solvers::Linearize;
///
/// let y = Hires.describe().y0;
/// let mut rows = vec![Depends::default(); y.len()];
/// assert!(Linearize::<f64>::sparsity(&Hires, 0.0, &mut rows));
/// let entries = rows.iter().enumerate().flat_map(|(i, row)| row.states().map(move |j| (i, j)));
/// let plan = Compression::new(&SparsityPattern::from_entries(y.len(), entries)?);
/// let mut values = vec![0.0; plan.entries().count()];
/// Planned::new(&Hires, 0.0, &plan).entries(&Hires, 0.0, &y, &plan, &mut values);
/// let k = plan.entries().position(|entry| entry == (0, 1)).expect("an entry of HIRES");
/// assert_eq!(values[k], 0.43);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Planned<T> {
    tape: Option<Tape<T>>,
}

#[derive(Debug)]
struct Tape<T> {
    bound: Bound<T>,
    found: Vec<T>,
    /// For each entry of the plan its place in `found`; what the tape lacks is zero.
    places: Vec<Option<usize>>,
}

impl<T: Scalar> Planned<T> {
    /// For the stretch between two stops that holds `t`.
    pub fn new<S: Linearize<T> + ?Sized>(system: &S, t: f64, plan: &Compression) -> Self {
        let trace = if system.is_autonomous() { system.trace(t) } else { None };
        let bound = trace.and_then(|trace| program::<T>(&trace, Entries::All));
        let tape = bound.map(|bound| {
            let positions = bound.program().positions();
            let places = plan.entries().map(|entry| positions.iter().position(|p| *p == entry)).collect();
            Tape { found: vec![T::default(); positions.len()], places, bound }
        });
        Self { tape }
    }

    /// Writes the entries at `(t, y)`; system and plan are those of [`Planned::new`]. With a tape it
    /// allocates nothing.
    pub fn entries<S: Linearize<T> + ?Sized>(
        &mut self,
        system: &S,
        t: f64,
        y: &[T],
        plan: &Compression,
        values: &mut [T],
    ) {
        let Some(Tape { bound, found, places }) = &mut self.tape else {
            return system.jacobian_entries(t, y, plan, values);
        };
        bound.jacobian(y, found);
        for (value, place) in values.iter_mut().zip(places) {
            *value = place.map_or(T::from(0.0), |k| found[k]);
        }
    }
}
