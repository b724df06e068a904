//! What a trained network says along solutions and cuts of its domain, beside an accurate solution.

use std::path::Path;

use infer_trt::{Provider, Session, SessionOptions};
use ionic_models::models::FitzHughNagumo;
use ionic_models::{Cell, Stimulus};
use ode_solvers::{Method, Options, StepSize, Tolerance, solve};

use crate::Error;
use crate::trial::{Class, Problem, TrialSpec};

/// One solution, and what a network makes of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// U and W at t = 0.
    pub start: [f64; 2],
    /// The times.
    pub times: Vec<f64>,
    /// U and W, accurate.
    pub truth: Vec<[f64; 2]>,
    /// U and W, of the network.
    pub network: Vec<[f64; 2]>,
}

impl Prediction {
    /// |ΔU| + |ΔW| at each time (eq. 3.3).
    pub fn errors(&self) -> impl Iterator<Item = f64> {
        self.truth.iter().zip(&self.network).map(|(t, n)| (t[0] - n[0]).abs() + (t[1] - n[1]).abs())
    }

    /// Its mean over the times.
    pub fn mean_error(&self) -> f64 {
        self.errors().sum::<f64>() / self.times.len().max(1) as f64
    }

    /// Its greatest value; NaN if one is.
    pub fn max_error(&self) -> f64 {
        self.errors().fold(0.0, |m: f64, e| if m.is_nan() || e <= m { m } else { e })
    }
}

/// A trained network of a trial.
pub struct Network {
    spec: TrialSpec,
    sessions: Vec<Box<dyn Session>>,
}

impl Network {
    /// Opens what a trial left in its folder.
    ///
    /// # Errors
    /// [`Error::Inference`] for a file that is not there or not sound.
    pub fn open(folder: &Path, spec: &TrialSpec) -> Result<Self, Error> {
        let windows = spec.windows();
        let names = (0..windows).map(|k| match windows {
            1 => "model.onnx".to_owned(),
            _ => format!("window-{k}/model.onnx"),
        });
        let options = SessionOptions::default().with_threads(1);
        let open = |name: String| Ok(infer_trt::open(folder.join(name), &Provider::Native, &options)?);
        Ok(Network { spec: spec.clone(), sessions: names.map(open).collect::<Result<_, Error>>()? })
    }

    /// Where its time domain ends; an iterator's is that of the publication.
    pub fn t_end(&self) -> f64 {
        self.spec.t_end()
    }

    /// Times spread over the domain: an iterator's steps, else so many.
    pub fn times(&self, count: usize) -> Vec<f64> {
        let t_end = self.t_end();
        if self.spec.class == Class::Itnn {
            let dt = self.spec.delta_t();
            return (0..=(t_end / dt + 1e-9) as usize).map(|k| k as f64 * dt).collect();
        }
        (0..count).map(|k| t_end * k as f64 / (count.max(2) - 1) as f64).collect()
    }

    /// Solutions from `starts` with the problem's current (for problem C: this one) at `times`, which
    /// rise; those of an iterator are its own ([`Network::times`]).
    ///
    /// # Errors
    /// [`Error::Inference`], [`Error::Solve`].
    pub fn predict(
        &mut self,
        starts: &[[f64; 2]],
        current: f64,
        times: &[f64],
    ) -> Result<Vec<Prediction>, Error> {
        starts
            .iter()
            .map(|&start| {
                Ok(Prediction {
                    start,
                    times: times.to_vec(),
                    truth: accurate(start, self.current(current), times)?,
                    network: self.along(start, current, times)?,
                })
            })
            .collect()
    }

    fn current(&self, given: f64) -> f64 {
        match self.spec.problem {
            Problem::BS => 0.0,
            Problem::BC => 0.1,
            Problem::C => given,
        }
    }

    fn along(&mut self, start: [f64; 2], current: f64, times: &[f64]) -> Result<Vec<[f64; 2]>, Error> {
        let last = (self.spec.problem == Problem::C).then_some(current as f32);
        let mut state = start.map(|v| v as f32);
        if self.spec.class == Class::Itnn {
            let mut all = vec![start];
            while all.len() < times.len() {
                let x: Vec<f32> = state.into_iter().chain(last).collect();
                let mut y = [0.0; 2];
                self.sessions[0].run(&x, &mut y)?;
                state = y;
                all.push(y.map(f64::from));
            }
            return Ok(all);
        }
        let n = self.sessions.len();
        let end = |k: usize| self.spec.t_end() * (k + 1) as f64 / n as f64;
        let window = |t: f64| (0..n).find(|k| t <= end(*k)).unwrap_or(n - 1);
        let windows: Vec<usize> = times.iter().map(|t| window(*t)).collect();
        let mut all = Vec::with_capacity(times.len());
        for (t, k) in times.iter().zip(windows) {
            let x: Vec<f32> = std::iter::once(*t as f32).chain(state).chain(last).collect();
            let mut y = [0.0; 2];
            self.sessions[k].run(&x, &mut y)?;
            all.push(y.map(f64::from));
        }
        Ok(all)
    }
}

/// An accurate solution of FitzHugh–Nagumo with a constant current, at rising times from 0 on.
///
/// # Errors
/// [`Error::Solve`], [`Error::Model`].
pub fn accurate(start: [f64; 2], current: f64, times: &[f64]) -> Result<Vec<[f64; 2]>, Error> {
    let cell = Cell::<FitzHughNagumo>::new().with_stimulus(Stimulus::constant(current)?);
    let step = StepSize::Adaptive(Tolerance::new(1e-9, 1e-11));
    let end = times.last().copied().unwrap_or(0.0).max(1e-9);
    let solution = solve(&cell, Method::Tsit5, step, (0.0, end), &start, &Options::save_at(times))
        .map_err(|e| Error::Solve { model: "fitzhugh_nagumo", partial: None, source: Box::new(e) })?;
    Ok(solution.y.chunks_exact(2).map(|y| [y[0], y[1]]).collect())
}

/// A grid of starts over a domain of U₀ and W₀ ([`TrialSpec::initial_domain`]): `across` values of U₀ by `up` of
/// W₀, ends included, U₀ fastest.
pub fn starts([u, w]: [(f64, f64); 2], across: usize, up: usize) -> Vec<[f64; 2]> {
    let at = |k: usize, n: usize, (low, high): (f64, f64)| {
        let share = k as f64 / (n.max(2) - 1) as f64;
        low * (1.0 - share) + high * share
    };
    (0..up).flat_map(|j| (0..across).map(move |i| [at(i, across, u), at(j, up, w)])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_accurate_solution_starts_where_it_should_and_rests_without_a_current() {
        let times: Vec<f64> = (0..=100).map(|k| f64::from(k) * 0.5).collect();
        let solution = accurate([0.5, 0.0], 0.0, &times).unwrap();
        assert_eq!(solution.len(), 101);
        assert_eq!(solution[0], [0.5, 0.0]);
        assert!(solution.iter().any(|y| y[0] > 0.8), "no action potential");
        let end = solution[100];
        assert!(end[0].abs() + end[1].abs() < 0.02, "{end:?}");
        // With a current it never rests.
        let cycle = accurate([0.5, 0.0], 0.1, &times).unwrap();
        assert!(cycle[60..].iter().any(|y| y[0] > 0.7));
    }

    #[test]
    fn starts_fill_the_domain() {
        let all = starts([(0.0, 1.0), (0.0, 0.18)], 3, 2);
        assert_eq!(all, [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, 0.18], [0.5, 0.18], [1.0, 0.18]]);
        let all = starts([(-0.1, 0.81), (0.0, 0.12)], 41, 19);
        assert_eq!((all[0], all[41 * 19 - 1]), ([-0.1, 0.0], [0.81, 0.12]));
    }
}
