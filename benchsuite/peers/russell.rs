//! Radau IIA, Dormand-Prince 5(4) and 8(5,3) of russell_ode on one of our models. What is asked and
//! answered: README.md.

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};

use libloading::Library;
use russell_lab::Vector;
use russell_ode::prelude::*;
use russell_sparse::Sym;

type Function = unsafe extern "C" fn(f64, *const f64, *mut f64, f64);

/// The model: functions of the library, which is never unloaded.
#[derive(Clone, Copy)]
struct Model {
    n: usize,
    potential: usize,
    initial: unsafe extern "C" fn(*mut f64),
    rhs: Function,
    entries: Function,
    columns: &'static [i32],
    rows: &'static [i32],
}

impl Model {
    fn load(path: &str) -> Result<Self, String> {
        let text = |e: libloading::Error| e.to_string();
        // SAFETY: the library was generated for this interface, which `ionic_model.h` describes.
        unsafe {
            let library: &'static Library = Box::leak(Box::new(Library::new(path).map_err(text)?));
            let count = |name: &[u8]| {
                library.get::<unsafe extern "C" fn() -> i32>(name).map(|f| f() as usize).map_err(text)
            };
            let list = |name: &[u8], length: usize| {
                let f = library.get::<unsafe extern "C" fn() -> *const i32>(name).map_err(text)?;
                Ok::<_, String>(std::slice::from_raw_parts(f(), length))
            };
            let function = |name: &[u8]| library.get::<Function>(name).map(|f| *f).map_err(text);
            let (n, entries) = (count(b"model_n")?, count(b"model_csc_nnz")?);
            Ok(Self {
                n,
                potential: count(b"model_v")?,
                initial: *library.get(b"model_y0").map_err(text)?,
                rhs: function(b"model_rhs")?,
                entries: function(b"model_jac_csc")?,
                columns: list(b"model_csc_colptr", n + 1)?,
                rows: list(b"model_csc_rowind", entries)?,
            })
        }
    }
}

thread_local! {
    static EVALUATIONS: Cell<u64> = const { Cell::new(0) };
    static JACOBIANS: Cell<u64> = const { Cell::new(0) };
}

struct Segment {
    from: f64,
    to: f64,
    pace: f64,
}

struct Grid {
    step: f64,
    count: usize,
    values: Vec<f64>,
}

impl Grid {
    /// The times of the grid within a segment that are still to come.
    fn within(&self, segment: &Segment) -> Vec<f64> {
        let inside = |t: &f64| *t < segment.to * (1.0 - 1e-14);
        (self.values.len()..=self.count).map(|k| k as f64 * self.step).take_while(inside).collect()
    }
}

/// The scratch that a Jacobian is written to.
type Scratch = Vec<f64>;

fn integrate(
    model: Model,
    segments: &[Segment],
    method: &str,
    (rtol, atol): (f64, f64),
    mut grid: Option<&mut Grid>,
) -> Result<u64, String> {
    let method = match method {
        "radau5" => Method::Radau5,
        "dopri5" => Method::DoPri5,
        "dopri8" => Method::DoPri8,
        _ => return Err("no method of that name".into()),
    };
    let mut start = vec![0.0; model.n];
    // SAFETY: the library writes as many numbers as it has states.
    unsafe { (model.initial)(start.as_mut_ptr()) };
    let mut y = Vector::from(&start);
    if let Some(grid) = grid.as_deref_mut() {
        grid.values = vec![y[model.potential]];
    }
    EVALUATIONS.set(0);
    JACOBIANS.set(0);
    let mut steps = 0;
    for segment in segments {
        let pace = segment.pace;
        let mut system: System<'_, Scratch> = System::new(model.n, move |dy: &mut Vector, t, y: &Vector, _| {
            EVALUATIONS.set(EVALUATIONS.get() + 1);
            // SAFETY: both hold as many numbers as the model has states.
            unsafe { (model.rhs)(t, y.as_data().as_ptr(), dy.as_mut_data().as_mut_ptr(), pace) };
            Ok(())
        });
        let jacobian = move |matrix: &mut russell_sparse::CooMatrix, scale: f64, t, y: &Vector, entries: &mut Scratch| {
            JACOBIANS.set(JACOBIANS.get() + 1);
            // SAFETY: as above, and `entries` has room for all entries.
            unsafe { (model.entries)(t, y.as_data().as_ptr(), entries.as_mut_ptr(), pace) };
            matrix.reset();
            for (column, ends) in model.columns.windows(2).enumerate() {
                for k in ends[0] as usize..ends[1] as usize {
                    matrix.put(model.rows[k] as usize, column, scale * entries[k])?;
                }
            }
            Ok(())
        };
        system.set_jacobian(Some(model.rows.len()), Sym::No, jacobian)?;
        let mut parameters = Params::new(method);
        parameters.step.h_ini = 1e-4_f64.min(segment.to - segment.from);
        parameters.step.n_step_max = 10_000_000;
        parameters.set_tolerances(atol, rtol, None)?;
        let mut solver = OdeSolver::new(parameters, system)?;
        let mut output = Output::new();
        let times = grid.as_deref().map(|grid| grid.within(segment)).unwrap_or_default();
        let watched = !times.is_empty();
        if watched {
            output.set_dense_x_out(&times)?;
            output.set_dense_recording(&[model.potential]);
        }
        let mut scratch = vec![0.0; model.rows.len()];
        let recorded = watched.then_some(&mut output);
        solver.solve(&mut y, segment.from, segment.to, None, &mut scratch, recorded)?;
        steps += solver.stats().n_steps as u64;
        if let Some(grid) = grid.as_deref_mut() {
            // Both ends of the segment are among them.
            let found = output.dense_y(model.potential);
            if watched && found.len() != times.len() + 2 {
                return Err(format!("{} values at {} times", found.len(), times.len() + 2));
            }
            grid.values.extend(found.iter().skip(1).take(times.len()));
            let next = grid.values.len();
            if next <= grid.count && next as f64 * grid.step <= segment.to * (1.0 + 1e-14) {
                grid.values.push(y[model.potential]);
            }
        }
    }
    Ok(steps)
}

/// CPU time of this thread in seconds.
fn cpu() -> f64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is a valid place to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut now) };
    now.tv_sec as f64 + 1e-9 * now.tv_nsec as f64
}

fn answer(model: Model, segments: &[Segment], grid: &mut Grid, request: &str) -> Result<String, String> {
    let words: Vec<&str> = request.split_whitespace().collect();
    let [task, method, rtol, atol, last] = words[..] else { return Err("request not understood".into()) };
    let number = |text: &str| text.parse::<f64>().map_err(|e| format!("{text}: {e}"));
    let tolerance = (number(rtol)?, number(atol)?);
    if task == "grid" {
        integrate(model, segments, method, tolerance, Some(grid))?;
        let bytes: Vec<u8> = grid.values.iter().flat_map(|v| v.to_le_bytes()).collect();
        std::fs::write(last, bytes).map_err(|e| format!("cannot write the grid: {e}"))?;
        return Ok(r#"{"ok": true}"#.into());
    }
    let (begin, budget) = (cpu(), number(last)?);
    let (mut times, mut steps) = (String::new(), 0);
    for repeat in 0..4096 {
        let start = cpu();
        steps = integrate(model, segments, method, tolerance, None)?;
        let comma = if repeat == 0 { "" } else { ", " };
        let _ = write!(times, "{comma}{:.2}", (cpu() - start) * 1e6);
        if cpu() - begin >= budget {
            break;
        }
    }
    Ok(format!(
        r#"{{"ok": true, "steps": {steps}, "rhs": {}, "jacobians": {}, "us": [{times}]}}"#,
        EVALUATIONS.get(),
        JACOBIANS.get()
    ))
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [library, segments, step, count] = &arguments[..] else {
        return Err("usage: russell LIBRARY SEGMENTS GRID_STEP GRID_COUNT".into());
    };
    let model = Model::load(library)?;
    let segment = |text: &str| {
        let numbers: Vec<f64> = text.split(':').filter_map(|x| x.parse().ok()).collect();
        let [from, to, pace] = numbers[..] else { return Err(format!("segment {text}")) };
        Ok(Segment { from, to, pace })
    };
    let segments = segments.split(',').map(segment).collect::<Result<Vec<_>, _>>()?;
    let step = step.parse().map_err(|e| format!("{step}: {e}"))?;
    let count = count.parse().map_err(|e| format!("{count}: {e}"))?;
    let mut grid = Grid { step, count, values: Vec::new() };
    let mut out = std::io::stdout();
    let mut say = |line: &str| writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|e| e.to_string());
    say(r#"{"ok": true, "name": "russell_ode", "version": "5.0.0"}"#)?;
    for request in std::io::stdin().lock().lines() {
        let request = request.map_err(|e| e.to_string())?;
        match answer(model, &segments, &mut grid, &request) {
            Ok(line) => say(&line)?,
            Err(why) => say(&format!(r#"{{"ok": false, "error": "{}"}}"#, why.replace(['"', '\\', '\n'], " ")))?,
        }
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            std::process::ExitCode::from(2)
        }
    }
}
