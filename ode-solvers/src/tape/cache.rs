//! Programs that were derived already.

use std::sync::{Arc, Mutex, PoisonError};

use crate::Scalar;
use crate::tape::{Bound, Entries, Program, Trace};

/// As many programs are kept: a computation uses few models, and a program takes about 100 kB.
const KEPT: usize = 32;

/// The latest programs, the one used last at the end.
static PROGRAMS: Mutex<Vec<Arc<Program>>> = Mutex::new(Vec::new());

/// The program of a trace with the trace's numbers. Nothing if the system is too large, or if its
/// parameters are not numbers that `T` computes with.
///
/// Programs are kept for systems that follow. A program depends on its trace alone: numbers do not
/// depend on what was kept.
pub fn program<T: Scalar>(trace: &Trace, entries: Entries) -> Option<Bound<T>> {
    let first = trace.first_equals();
    let known = {
        let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
        let place = programs.iter().rposition(|p| p.fits(trace, &first, entries));
        place.map(|k| {
            let program = programs.remove(k);
            programs.push(program.clone());
            program
        })
    };
    let program = match known {
        Some(program) => program,
        None => {
            // Derived without the lock: another thread may do the same, and get the same.
            let program = Arc::new(Program::new(trace, &first, entries)?);
            let mut programs = PROGRAMS.lock().unwrap_or_else(PoisonError::into_inner);
            if programs.len() >= KEPT {
                programs.remove(0);
            }
            programs.push(program.clone());
            program
        }
    };
    Bound::new(program, trace)
}
