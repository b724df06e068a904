//! The paragraphs that answer the question.

use super::super::findings::fastest_trained;
use super::super::gpu::{GpuRow, Kind};
use super::super::ord::KeptLanes;
use super::super::race::{LANES, ONE_BY_ONE};
use super::super::{Measurements, REFERENCE, ROWS_A_CELL};
use super::{Published, than};
use crate::compare_gpu::answers::{Answer, Measured};

/// An error of the potential that is small beside an action potential of a hundred mV.
pub(super) const SMALL_MV: f64 = 0.1;

fn solver_seconds(m: &Measurements, name: &str) -> f64 {
    m.solvers.iter().find(|r| r.name == name).map_or(f64::NAN, |r| r.seconds)
}

/// ns of a row of the SiLU network with so many neurons in all.
fn network(m: &Measurements, neurons: usize) -> f64 {
    let silu = m.activations.iter().filter(|a| a.activation == "SiLU");
    let seconds = silu.filter(|a| a.neurons == neurons).map(|a| a.seconds).next().unwrap_or(f64::NAN);
    seconds / REFERENCE * 1e9
}

/// The neurons of (8, 8), (32, 32, 32) and (128, 128, 128).
const SMALL_TO_LARGE: [usize; 3] = [16, 96, 384];

/// FitzHugh–Nagumo's equations on one thread.
pub(super) fn on_a_thread(m: &Measurements) -> String {
    let ns = |seconds: f64| seconds / REFERENCE * 1e9;
    let [slow, fast] = [ONE_BY_ONE, LANES].map(|name| ns(solver_seconds(m, name)));
    let step = fast / 100.0;
    // What no program on this machine can be faster than.
    let limit = ns(100.0 * crate::compare_infer::euler::FLOPS * REFERENCE / m.limits.flops);
    let [small, middle, large] = SMALL_TO_LARGE.map(|neurons| network(m, neurons));
    format!(
        "On one thread of this machine, for FitzHugh–Nagumo's equations and one state at t = 10: Euler's method as \
         published, one cell after the other, takes {slow:.0} ns a cell, and {fast:.1} ns with cells in the lanes of \
         registers, a step {step:.2} ns; at the limit of the machine's arithmetic it would take {limit:.1} ns. The (8, 8) \
         network takes {small:.1} ns and is {} than the first, {} than the second, {} than the limit; (32, 32, 32) takes \
         {middle:.0} ns and is {} than the second; (128, 128, 128) takes {large:.0} ns and is {}. In other words, a \
         network of these sizes pays if the solver would need more than {:.0}, {:.0} or {:.0} steps for the one state that \
         is asked for; where the states at t = 1, 2, …, 10 are asked for, as the dissertation samples them, a network is \
         run for each while the solver passes them all, and needs ten times as many: the (8, 8) network is then {} than \
         the solver with cells in lanes.",
        than(small, slow),
        than(small, fast),
        than(small, limit),
        than(middle, fast),
        than(large, fast),
        small / step,
        middle / step,
        large / step,
        than(ROWS_A_CELL * small, fast),
    )
}

/// O'Hara–Rudy's model on one thread: the better of the solver's two ways, and the operator that was made for it.
pub(super) fn ohara_rudy(m: &Measurements, kept: Option<KeptLanes>, errors: &Published) -> String {
    let one = m.ord_beat;
    let solver = m.ord_solver.as_ref();
    let lanes = solver.and_then(|s| s.lanes);
    // Of a comparison on another machine the ratio is taken over, not the time.
    let taken_over = kept.map(|k| one * k.lanes / k.one_by_one);
    let best = lanes.map(|l| l.seconds).or(taken_over).map_or(one, |s| s.min(one));
    let accuracy = solver.map_or_else(String::new, |s| {
        format!(
            " (greatest error of the potential {:.1e} mV, its relative L² error {:.1e})",
            s.error_mv, s.error_l2
        )
    });
    let in_lanes = match (lanes, kept) {
        (Some(l), _) => format!(
            "With {} cells whose conductances differ in lanes of single precision it takes {:.0} µs a cell (greatest error \
             {:.1e} mV).",
            l.cells,
            l.seconds * 1e6,
            l.error_mv
        ),
        (None, Some(k)) => format!(
            "Cells in lanes were not timed here ({}). A comparison that is kept has {:.0} µs a cell for ten thousand cells \
             in lanes of single precision (greatest error {:.1e} mV) beside {:.0} µs one by one, {:.1} times less: that would \
             be {:.0} µs here.",
            solver.and_then(|s| s.without_lanes.as_deref()).unwrap_or("this race knows none"),
            k.lanes * 1e6,
            k.error_mv,
            k.one_by_one * 1e6,
            k.one_by_one / k.lanes,
            best * 1e6
        ),
        (None, None) => "Cells in lanes were not timed.".into(),
    };
    let [small, middle, large] = SMALL_TO_LARGE.map(|neurons| network(m, neurons));
    let beat = best * 1e9;
    let error = match (errors.kept, errors.printed) {
        (Some(kept), _) => format!(
            "the one that is kept has a relative L² error of {:.1} %, over all variables in normal units",
            100.0 * kept
        ),
        (None, Some(printed)) => format!(
            "published with a relative L² error of about {:.0} %, over all variables in normal units; none is trained and \
             kept here, only its time is ours",
            100.0 * printed
        ),
        (None, None) => "its error is not known".into(),
    };
    let length = solver.map_or_else(String::new, |s| format!(" of {:.0} ms", s.end));
    // What an operator for a shorter interval would take for one as long as the beat.
    let operator = m.ord_operator.seconds * solver.map_or(1.0, |s| s.end / m.ord_operator.end);
    let as_long = match operator == m.ord_operator.seconds {
        true => String::new(),
        false => format!(" ({:.2} ms for the length of the beat)", operator * 1e3),
    };
    format!(
        "For O'Hara–Rudy's model a beat{length} by an adaptive stiff method at rtol 1e-4{accuracy} takes {:.2} ms here, one \
         cell at a time. {in_lanes} The faster way takes as long as {:.0} rows of the (8, 8) network, {:.0} rows of \
         (32, 32, 32), {:.0} rows of (128, 128, 128). The network that was made for the model, the constrained Fourier \
         neural operator of Pellegrini et al. (41 variables at {} times of {:.0} ms, from a stimulus; in batches of 32), \
         takes {:.2} ms a trajectory{as_long}{} and is {} than the faster way of the solver, {} than one cell at a time; {error}. A \
         network for a single number of each beat, such as the duration of the action potential, would be another matter: \
         one row of (32, 32, 32) is {:.0} times faster than the beat it stands for.",
        one * 1e3,
        beat / small,
        beat / middle,
        beat / large,
        m.ord_operator.points,
        m.ord_operator.end,
        m.ord_operator.seconds * 1e3,
        m.ord_operator
            .reached
            .of_limit
            .map_or_else(String::new, |l| format!(", {:.0} % of what the thread could do,", 100.0 * l)),
        than(operator, best),
        than(operator, one),
        beat / middle,
    )
}

/// The same of a GPU, where there was one: kernels, with their numbers on the device.
pub(super) fn on_a_gpu(m: &Measurements) -> Option<String> {
    let of_kind = |kind| m.gpu.iter().filter(move |r| r.kind == kind && r.seconds.is_some());
    let solver = of_kind(Kind::Solver).min_by(|a, b| {
        let ns = |r: &GpuRow| r.ns().unwrap_or(f64::INFINITY);
        ns(a).total_cmp(&ns(b))
    })?;
    let euler = solver.ns()?;
    let networks: Vec<String> = of_kind(Kind::Kernel)
        .filter_map(|r| {
            let (layers, time) = (r.layers()?, r.ns()?);
            Some(format!("({layers}) takes {time:.4} ns and is {}", than(time, euler)))
        })
        .collect();
    let fastest = fastest_trained(m).map_or_else(String::new, |race| {
        format!(
            " The fastest network of a trained shape, ({}), is {} where the state at t = 10 alone is asked for, and {} \
             where it is run for each unit of time, as the dissertation does: by the latter its claim is judged.",
            race.layers,
            than(race.row, race.euler),
            than(ROWS_A_CELL * race.row, race.euler)
        )
    });
    Some(format!(
        "On the GPU ({}), with all numbers in its memory: Euler's method as a kernel takes {euler:.4} ns a cell for \
         100 steps{}. As one kernel each, {}.{fastest} Where rows come from the machine's memory and go back to it, copies \
         are what takes time, of both.",
        solver.device.as_deref().unwrap_or("unknown"),
        solver
            .reached
            .of_limit
            .map_or_else(String::new, |l| format!(", {:.0} % of the device's limit", 100.0 * l)),
        networks.join("; ")
    ))
}

/// O'Hara–Rudy's model on a GPU, from a comparison that is kept.
pub(super) fn kept_on_a_gpu((device, answer, measured): &(String, Answer, Measured)) -> String {
    let setting = if answer.fixed { "Δt" } else { "rtol" };
    format!(
        "On a GPU ({device}) a comparison that is kept has the solver's responses of O'Hara–Rudy's model ({}, {} cells): {} at \
         {setting} {} takes {:.2} µs a cell, with a greatest error of {:.1e} {}.",
        answer.what,
        answer.cells,
        answer.who,
        answer.setting,
        measured.seconds / answer.cells as f64 * 1e6,
        measured.error,
        answer.unit
    )
}

#[cfg(test)]
mod tests {
    use super::super::super::{OrdLanes, OrdSolver};
    use super::super::tests::empty;
    use super::*;

    #[test]
    fn the_better_way_of_the_solver_is_what_the_operator_is_held_against() {
        let errors = |kept| Published { printed: Some(0.02), kept };
        let kept = KeptLanes { one_by_one: 2e-3, lanes: 5e-4, error_mv: 0.02 };
        // One cell takes 1 ms, the operator 1 ms.
        let mut m = empty();
        let text = ohara_rudy(&m, None, &errors(None));
        assert!(
            text.contains("Cells in lanes were not timed.")
                && text.contains("about 2 %, over all variables in normal units; none is trained"),
            "{text}"
        );
        let text = ohara_rudy(&m, Some(kept), &errors(None));
        assert!(text.contains("4.0 times less: that would be 250 µs here"), "{text}");
        assert!(text.contains("is 4.0 times slower than the faster way of the solver"), "{text}");
        m.ord_solver = Some(OrdSolver {
            rtol: 1e-4,
            end: 1000.0,
            error_mv: 0.03,
            error_l2: 1e-5,
            lanes: Some(OrdLanes { cells: 64, seconds: 2e-4, error_mv: 0.01 }),
            without_lanes: None,
        });
        let text = ohara_rudy(&m, Some(kept), &errors(Some(0.03)));
        assert!(text.contains("With 64 cells") && !text.contains("comparison that is kept"), "{text}");
        assert!(
            text.contains("is 5.0 times slower than the faster way") && text.contains("error of 3.0 %"),
            "{text}"
        );
        assert!(
            text.contains("a beat of 1000 ms") && text.contains("3.0e-2 mV, its relative L² error 1.0e-5"),
            "{text}"
        );
    }
}
