//! What is integrated.

use ionic_models::{AnyCell, Pulse, Stimulus, registry};

use crate::Error;

/// A cell, a stimulus, a time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Task {
    /// Its name on the command line.
    pub id: &'static str,
    /// What it is.
    pub title: &'static str,
    /// The model.
    pub model: &'static str,
    /// The variant.
    pub variant: &'static str,
    /// The stimulus in the model's unit and sign: (start, duration, amplitude).
    pub pulse: (f64, f64, f64),
    /// The end, in ms.
    pub end: f64,
    /// The distance of the times at which the potential is compared, in ms.
    pub grid: f64,
    /// Whether explicit methods are in their element.
    pub explicit: bool,
}

/// All tasks. Stimuli are those with which the models' reference trajectories were computed: as
/// published for the heart cells (one beat), a step and a pulse for the axon.
pub const TASKS: [Task; 5] = [
    Task {
        id: "hh_step",
        title: "Hodgkin-Huxley 1952, 10 uA/cm2 for 100 ms",
        model: "hodgkin_huxley_1952",
        variant: "modern",
        pulse: (0.0, 100.0, 10.0),
        end: 100.0,
        grid: 0.1,
        explicit: true,
    },
    Task {
        id: "hh_pulse",
        title: "Hodgkin-Huxley 1952, a pulse in 100 ms",
        model: "hodgkin_huxley_1952",
        variant: "modern",
        pulse: (5.0, 0.5, 20.0),
        end: 100.0,
        grid: 0.1,
        explicit: true,
    },
    Task {
        id: "lr91",
        title: "Luo-Rudy 1991, one beat of 1000 ms",
        model: "luo_rudy_1991",
        variant: "",
        pulse: (0.0, 2.0, -25.5),
        end: 1000.0,
        grid: 0.1,
        explicit: false,
    },
    Task {
        id: "tp06",
        title: "ten Tusscher-Panfilov 2006 epi, one beat of 1000 ms",
        model: "ten_tusscher_panfilov_2006",
        variant: "epi",
        pulse: (0.0, 1.0, -52.0),
        end: 1000.0,
        grid: 0.1,
        explicit: false,
    },
    Task {
        id: "ord",
        title: "O'Hara-Rudy 2011 endo, one beat of 1000 ms",
        model: "ohara_rudy_2011",
        variant: "endo",
        pulse: (0.0, 0.5, -80.0),
        end: 1000.0,
        grid: 0.1,
        explicit: false,
    },
];

impl Task {
    /// Whether `name` means this task, or its family: `hh` means both protocols of the axon.
    pub fn is_called(&self, name: &str) -> bool {
        self.id == name || self.id.split('_').next() == Some(name)
    }

    /// The cell with its stimulus.
    ///
    /// # Errors
    /// If the registry has no such model.
    pub fn cell(&self) -> Result<Box<dyn AnyCell>, Error> {
        let variant = Some(self.variant).filter(|v| !v.is_empty());
        let mut cell = registry::find(self.model, variant)?.cell();
        let (start, duration, amplitude) = self.pulse;
        cell.set_stimulus(Stimulus::pulses(vec![Pulse { start, duration, amplitude }])?);
        Ok(cell)
    }

    /// The stretches of constant stimulus: (start, end, whether it is on).
    pub fn segments(&self) -> Vec<(f64, f64, bool)> {
        let (start, duration, _) = self.pulse;
        let off = (start + duration).min(self.end);
        [(0.0, start, false), (start, off, true), (off, self.end, false)]
            .into_iter()
            .filter(|(a, b, _)| a < b)
            .collect()
    }

    /// The number of intervals of the grid.
    pub fn intervals(&self) -> usize {
        (self.end / self.grid).round() as usize
    }

    /// The times at which the potential is compared, start and end included.
    pub fn times(&self) -> Vec<f64> {
        // The product of the last one may exceed the end by rounding.
        (0..=self.intervals()).map(|k| (k as f64 * self.grid).min(self.end)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_end_at_the_edges_of_the_cells_own_stimulus() {
        for task in &TASKS {
            let cell = task.cell().unwrap();
            let segments = task.segments();
            let mut stops = Vec::new();
            cell.stops(0.0, task.end, &mut stops);
            let inner: Vec<f64> = segments[1..].iter().map(|s| s.0).collect();
            assert_eq!(inner, stops, "{}", task.id);
            for (a, b, on) in segments {
                let expected = if on { task.pulse.2 } else { 0.0 };
                assert_eq!([cell.stimulus().value(a), cell.stimulus().value((a + b) / 2.0)], [expected; 2]);
            }
            let times = task.times();
            assert_eq!((times[0], times.last().copied()), (0.0, Some(task.end)));
        }
    }
}
