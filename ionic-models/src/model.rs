//! What a model is: two tables and one generic function.

use ode_solvers::{Over, Scalar};

use crate::{Current, StimulusConvention, Variable, Variant};

/// The largest number of states that a model may have.
///
/// Scratch space of this size lives on the stack, so that right-hand sides allocate nothing.
pub const MAX_STATES: usize = 64;

/// The largest number of parameters that a model may have.
pub const MAX_PARAMETERS: usize = 64;

/// A published model of an excitable cell.
///
/// A model is two tables (states and parameters) and one function, written once over the number
/// types of `ode_solvers`: it gives values (`f64`), exact Jacobians ([`Dual`](ode_solvers::Dual)),
/// many cells at once ([`Lanes`](ode_solvers::Lanes)) and derivatives with respect to parameters.
/// Most users want a [`Cell`](crate::Cell), which owns parameter values and a stimulus.
pub trait IonicModel: Send + Sync + 'static {
    /// The identifier: `luo_rudy_1991`. Types that are variants of one model share it.
    const NAME: &'static str;
    /// The publication, with its DOI.
    const CITATION: &'static str;
    /// The unit of time.
    const TIME_UNIT: &'static str;
    /// Unit and sign of the stimulus.
    const STIMULUS: StimulusConvention;
    /// The states, in the order of `y`.
    const STATES: &'static [Variable];
    /// The parameters, in the order of `p`.
    const PARAMETERS: &'static [Variable];
    /// The currents, in the order in which [`evaluate`](IonicModel::evaluate) hands them out.
    const CURRENTS: &'static [Current];
    /// The published sets of values; the first is the default.
    const VARIANTS: &'static [Variant] = Variant::ONLY;

    /// The equations.
    ///
    /// Reads the parameters `p`, the stimulus `i_stim` and the state `y`; writes the derivatives
    /// into `dy`, the rate of each linear relaxation into `b` (−1/τ for a gate, 0 for all other
    /// states), and hands each current to `current` by name, in the order of
    /// [`CURRENTS`](IonicModel::CURRENTS).
    ///
    /// Allocates nothing; a NaN in the state, in a parameter or in the stimulus gives NaN
    /// derivatives.
    ///
    /// # Panics
    ///
    /// If the slices have other lengths than the tables: `p` as [`PARAMETERS`](Self::PARAMETERS);
    /// `y`, `dy` and `b` as [`STATES`](Self::STATES). A [`Cell`](crate::Cell) sees to it.
    fn evaluate<P: Scalar, T: Scalar + Over<P>>(
        p: &[P],
        i_stim: T,
        y: &[T],
        dy: &mut [T],
        b: &mut [T],
        current: impl FnMut(&'static str, T),
    );

    /// The right-hand side alone: [`evaluate`](IonicModel::evaluate) without the currents, which
    /// costs nothing for what is left out.
    ///
    /// # Panics
    ///
    /// As [`evaluate`](IonicModel::evaluate).
    #[inline(always)]
    fn rhs<P: Scalar, T: Scalar + Over<P>>(p: &[P], i_stim: T, y: &[T], dy: &mut [T], b: &mut [T]) {
        Self::evaluate(p, i_stim, y, dy, b, |_, _| {});
    }
}

/// The `N` numbers of a slice: one length check for all that follows.
#[inline(always)]
pub(crate) fn exactly<const N: usize, T>(slice: &[T]) -> &[T; N] {
    slice.try_into().expect("invariant: slices are as long as the model's tables")
}

/// As [`exactly`], to write into.
#[inline(always)]
pub(crate) fn exactly_mut<const N: usize, T>(slice: &mut [T]) -> &mut [T; N] {
    slice.try_into().expect("invariant: slices are as long as the model's tables")
}
