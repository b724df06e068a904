//! Members that take adaptive steps, each its own.

use std::marker::PhantomData;

use cudarc::driver::{DeviceRepr, PushKernelArg as _, ValidAsZeroBits};

use super::{Kernel, Resources, failed, grid, now};
use crate::InferError;

/// The numbers of a kernel: `f32` for `float`, `f64` for `double`.
pub trait Real: DeviceRepr + ValidAsZeroBits + Copy + Into<f64> + sealed::Sealed {}

impl Real for f32 {}
impl Real for f64 {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// How members get from the first edge to the last.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Course<'a, R> {
    /// Times at which every member ends a step, in the model's unit: the start, wherever a drive jumps,
    /// the end.
    pub edges: &'a [f64],
    /// For each stretch between two edges the factor of members' own drives.
    pub levels: &'a [R],
    /// The tolerance relative to a state.
    pub rtol: R,
    /// What is added to it, for each state in its unit.
    pub atol: &'a [R],
    /// The largest number of tries of a member, at most 2³¹ − 1.
    pub most: u32,
}

/// How a member ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// At the last edge.
    Arrived,
    /// After as many tries as it was given.
    TooManySteps,
    /// The tolerance needs steps that are too short for numbers.
    StepTooShort,
    /// A state, a slope or an error is not finite however short the step.
    NotFinite,
}

/// What became of a member.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// How it ended.
    pub ending: Ending,
    /// The time of its state: the last edge if it arrived, else the end of its last good step.
    pub reached: f64,
    /// Steps that it took.
    pub accepted: u32,
    /// Tries that were thrown away.
    pub rejected: u32,
}

/// What a kernel did.
#[derive(Debug, Clone, PartialEq)]
pub struct Integrated {
    /// The seconds that it took, without copies.
    pub seconds: f64,
    /// What became of each member.
    pub members: Vec<Member>,
}

impl Integrated {
    /// Members that did not arrive.
    pub fn lost(&self) -> usize {
        self.members.iter().filter(|m| m.ending != Ending::Arrived).count()
    }

    /// Tries of all members, those that were thrown away included.
    pub fn tries(&self) -> u64 {
        self.members.iter().map(|m| u64::from(m.accepted) + u64::from(m.rejected)).sum()
    }
}

impl<R: Real> Course<'_, R> {
    /// Whether a kernel for so many states can follow it.
    fn check(&self, states: usize) -> Result<(), InferError> {
        let refused = |option, value: String, reason: &str| {
            Err(InferError::Option { option, value, reason: reason.to_owned() })
        };
        let positive = |x: &R| (*x).into() > 0.0 && (*x).into().is_finite();
        if let Some(t) = self.edges.iter().find(|t| !t.is_finite()) {
            return refused("edges", t.to_string(), "times must be finite");
        }
        if let Some(pair) = self.edges.windows(2).find(|pair| pair[0] >= pair[1]) {
            return refused("edges", format!("{pair:?}"), "times must rise");
        }
        if self.edges.len() < 2 || self.levels.len() + 1 != self.edges.len() {
            let lengths = format!("{} and {} levels", self.edges.len(), self.levels.len());
            return refused(
                "edges",
                lengths,
                "give a start and an end, and a level for each stretch between two",
            );
        }
        if !positive(&self.rtol) {
            return refused("rtol", self.rtol.into().to_string(), "it must be positive and finite");
        }
        if self.atol.len() != states {
            return refused("atol", format!("{} numbers", self.atol.len()), "give one for each state");
        }
        if let Some(a) = self.atol.iter().find(|a| !positive(a)) {
            return refused("atol", (*a).into().to_string(), "it must be positive and finite");
        }
        if !(1..=i32::MAX as u32).contains(&self.most) {
            return refused("most", self.most.to_string(), "give 1 to 2147483647 tries");
        }
        Ok(())
    }
}

/// A kernel that takes adaptive steps with numbers `R`, compiled and loaded.
pub struct AdaptiveKernel<R> {
    kernel: Kernel,
    real: PhantomData<fn(R) -> R>,
}

impl<R: Real> AdaptiveKernel<R> {
    pub(super) fn of(kernel: Kernel) -> Self {
        Self { kernel, real: PhantomData }
    }

    /// What a thread takes.
    ///
    /// # Errors
    /// [`InferError::Cuda`] with what the driver says.
    pub fn resources(&self) -> Result<Resources, InferError> {
        self.kernel.resources()
    }

    /// Takes all members along a course: `y` holds their states, column by column, and `each` their
    /// own numbers; see the [module](super). A member that does not arrive is no error: it says so, and
    /// `y` holds the state of its last good step.
    ///
    /// # Errors
    /// [`InferError::OutputLength`] and [`InferError::InputLength`] as [`march`](Kernel::march),
    /// [`InferError::Option`] for a course that makes no sense, [`InferError::Cuda`].
    #[allow(unsafe_code, reason = "a kernel is started with pointers")]
    pub fn integrate(
        &self,
        course: &Course<'_, R>,
        each: &[R],
        y: &mut [R],
    ) -> Result<Integrated, InferError> {
        let Kernel { function, stream, columns } = &self.kernel;
        let members = columns.members(each.len(), y.len())?;
        course.check(columns.states)?;
        if members == 0 {
            return Ok(Integrated { seconds: 0.0, members: Vec::new() });
        }
        let there = failed("copy to the device");
        let edges = stream.clone_htod(course.edges).map_err(&there)?;
        let levels = stream.clone_htod(course.levels).map_err(&there)?;
        let atol = stream.clone_htod(course.atol).map_err(&there)?;
        // A column of nothing has an address too.
        let each = stream.clone_htod(if each.is_empty() { &y[..1] } else { each }).map_err(&there)?;
        let mut state = stream.clone_htod(y).map_err(&there)?;
        let room = failed("take memory of the device");
        let mut reached = stream.alloc_zeros::<f64>(members).map_err(&room)?;
        let mut report = stream.alloc_zeros::<i32>(3 * members).map_err(&room)?;
        let (n, stretches, most) = (members as i64, course.levels.len() as i64, course.most as i32);
        let begin = now(stream)?;
        let mut launch = stream.launch_builder(function);
        launch.arg(&n).arg(&stretches).arg(&edges).arg(&levels).arg(&course.rtol).arg(&atol).arg(&most);
        launch.arg(&each).arg(&mut state).arg(&mut reached).arg(&mut report);
        // SAFETY: whoever made the kernel vouched for its signature and columns; the arguments have its
        // types, columns and course were just held against each other, and the rest is as long as members ask.
        unsafe { launch.launch(grid(members)) }.map_err(failed("start a kernel"))?;
        let end = now(stream)?;
        let back = failed("copy from the device");
        stream.memcpy_dtoh(&state, y).map_err(&back)?;
        let reached = stream.clone_dtoh(&reached).map_err(&back)?;
        let report = stream.clone_dtoh(&report).map_err(&back)?;
        stream.synchronize().map_err(failed("run a kernel"))?;
        let ms = begin.elapsed_ms(&end).map_err(failed("take the time"))?;
        Ok(Integrated { seconds: f64::from(ms) * 1e-3, members: read(&reached, &report)? })
    }
}

/// The columns that a kernel left.
fn read(reached: &[f64], report: &[i32]) -> Result<Vec<Member>, InferError> {
    let n = reached.len();
    let member = |m: usize| {
        let ending = match report[m] {
            0 => Ending::Arrived,
            1 => Ending::TooManySteps,
            2 => Ending::StepTooShort,
            3 => Ending::NotFinite,
            other => {
                let message = format!("member {m} says {other}: the kernel is of another signature");
                return Err(InferError::Cuda { action: "read what members report", message });
            }
        };
        let count = |k: usize| report[k * n + m].unsigned_abs();
        Ok(Member { ending, reached: reached[m], accepted: count(1), rejected: count(2) })
    };
    (0..n).map(member).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: Course<'static, f32> =
        Course { edges: &[0.0, 1.0, 3.0], levels: &[1.0, 0.0], rtol: 1e-4, atol: &[1e-6, 1e-9], most: 100 };

    #[test]
    fn courses_that_make_no_sense_are_refused_by_name() {
        COURSE.check(2).unwrap();
        for (course, states, says) in [
            (Course { edges: &[0.0, 0.0, 1.0], ..COURSE }, 2, "edges = [0.0, 0.0]"),
            (Course { edges: &[0.0, f64::NAN, 1.0], ..COURSE }, 2, "edges"),
            (Course { edges: &[0.0, 1.0, f64::INFINITY], ..COURSE }, 2, "finite"),
            (Course { edges: &[0.0, 1.0], ..COURSE }, 2, "2 and 2 levels"),
            (Course { edges: &[], levels: &[], ..COURSE }, 2, "a start and an end"),
            (Course { rtol: 0.0, ..COURSE }, 2, "rtol = 0"),
            (Course { rtol: f32::NAN, ..COURSE }, 2, "rtol = NaN"),
            (COURSE, 3, "atol = 2 numbers"),
            (Course { atol: &[1e-6, -1.0], ..COURSE }, 2, "atol = -1"),
            (Course { most: 0, ..COURSE }, 2, "most = 0"),
            (Course { most: u32::MAX, ..COURSE }, 2, "most"),
        ] {
            let error = course.check(states).unwrap_err().to_string();
            assert!(error.contains(says), "{says}: {error}");
        }
    }

    #[test]
    fn every_member_is_read_and_none_is_guessed() {
        let members = read(&[1.0, 0.5, 0.25, 0.125], &[0, 1, 2, 3, 7, 8, 9, 10, 4, 3, 2, 1]).unwrap();
        let endings = [Ending::Arrived, Ending::TooManySteps, Ending::StepTooShort, Ending::NotFinite];
        assert_eq!(members.iter().map(|m| m.ending).collect::<Vec<_>>(), endings);
        assert_eq!(
            members[2],
            Member { ending: Ending::StepTooShort, reached: 0.25, accepted: 9, rejected: 2 }
        );
        let all = Integrated { seconds: 1.0, members };
        assert_eq!((all.lost(), all.tries()), (3, 44));
        assert!(read(&[1.0], &[4, 0, 0]).unwrap_err().to_string().contains("another signature"));
    }
}
