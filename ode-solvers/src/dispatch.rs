//! Work that is compiled for several instruction sets, of which the machine's best is taken when the
//! program runs.

use crate::Scalar;

/// Work on numbers of type `T` that can be done on any of its twins.
///
/// [`Scalar::dispatch`] runs it: for [`Lanes`](crate::Lanes), alone or within duals, on the widest
/// registers that the machine has. The slices of `T` that the work holds become slices of its twin
/// through [`Twin::view`] and [`Twin::view_mut`].
///
/// All functions that the work calls in its inner loops must be `#[inline(always)]`: what is not
/// inlined is compiled for the least machine of the target and is slow.
///
/// ```
/// use ode_solvers::{Kernel, Lanes, Scalar, Twin};
///
/// struct Logistic<'a, T> { x: &'a mut [T] }
///
/// impl<T: Scalar> Kernel<T> for Logistic<'_, T> {
///     type Output = ();
///     fn run<U: Twin<T>>(self) {
///         for x in U::view_mut(self.x) {
///             *x = ((-*x).exp() + 1.0).recip();
///         }
///     }
/// }
///
/// let mut x = [Lanes::<f64, 8>::from(0.0); 3];
/// Lanes::dispatch(Logistic { x: &mut x });
/// assert_eq!(x[0], Lanes::from(0.5));
/// ```
pub trait Kernel<T: Copy> {
    /// What the work gives.
    type Output;

    /// Whether operations are to be functions of their own. Duals of lanes are: inlined, one of their
    /// operations is a dozen instructions, and a model's equations over them would take minutes to
    /// compile.
    #[doc(hidden)]
    const APART: bool = false;

    /// Whether plain numbers are worth a copy of the work for each instruction set: the equations of a
    /// cell are, which take several exponentials at once.
    #[doc(hidden)]
    const PLAIN_TOO: bool = false;

    /// Does the work on twins of `T`.
    fn run<U: Twin<T>>(self) -> Self::Output;
}

/// A number that lies in memory as `T` does and means the same.
///
/// # Safety
/// Size, alignment and the meaning of every bit pattern are those of `T`.
#[allow(unsafe_code, reason = "views are casts of slices")]
pub unsafe trait Twin<T: Copy>: Scalar {
    /// Whether the two are twins after all: known where views are compiled, which panic otherwise.
    #[doc(hidden)]
    const FITS: bool = true;

    /// The same numbers.
    #[inline(always)]
    fn view(x: &[T]) -> &[Self] {
        assert!(Self::FITS, "invariant: a register stands for as many lanes as it has");
        // SAFETY: the trait promises one layout and one meaning.
        unsafe { core::slice::from_raw_parts(x.as_ptr().cast(), x.len()) }
    }

    /// The same numbers, to change.
    #[inline(always)]
    fn view_mut(x: &mut [T]) -> &mut [Self] {
        assert!(Self::FITS, "invariant: a register stands for as many lanes as it has");
        // SAFETY: as above; the borrow stays exclusive.
        unsafe { core::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), x.len()) }
    }

    /// The same number.
    #[inline(always)]
    fn of(x: T) -> Self {
        assert!(Self::FITS, "invariant: a register stands for as many lanes as it has");
        let mut twin = Self::default();
        // SAFETY: as above: `Self` has the size of `T`.
        unsafe { core::ptr::copy_nonoverlapping((&raw const x).cast(), &raw mut twin, 1) };
        twin
    }

    /// The number that this one is the twin of.
    #[inline(always)]
    fn back(self) -> T {
        assert!(Self::FITS, "invariant: a register stands for as many lanes as it has");
        let mut original = core::mem::MaybeUninit::<T>::uninit();
        // SAFETY: as above: `T` has the size of `Self`, and every bit pattern of the one is one of the other.
        unsafe {
            core::ptr::copy_nonoverlapping((&raw const self).cast(), original.as_mut_ptr(), 1);
            original.assume_init()
        }
    }
}
