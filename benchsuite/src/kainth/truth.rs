//! The cells' own trajectories: what is observed, and what an extrapolation is held against.

use std::sync::Arc;

use ionic_models::models::{HodgkinHuxley1952, LuoRudy1991};
use ionic_models::{Cell, IonicModel, Stimulus};
use ode_solvers::{Linearize, Method, Options, StateSpace as _, StepSize, Tolerance, solve};
use surrogates::neural_ode::{ResidualScale, Window};
use surrogates::{Normalization, SystemField, VectorField};

use super::arm::Subject;
use crate::{Error, files};

/// The time between observations, in ms.
pub(crate) const SAMPLE: f64 = 0.01;
/// The same for the other cell, whose action potential is long.
const SAMPLE_LONG: f64 = 0.05;
/// How accurately a cell is integrated.
const TOLERANCE: (f64, f64) = (1e-10, 1e-12);
/// The applied current of the axon, in µA/cm².
pub(crate) const CURRENT: f64 = 10.0;

/// What is left out before the first observation, in ms.
pub(crate) const TRANSIENT: f64 = 100.0;

/// A cell's trajectory at the times of observation.
pub(crate) struct Truth {
    pub(crate) subject: Subject,
    /// States row by row.
    pub(crate) rows: Vec<f64>,
    /// The time between rows.
    pub(crate) dt: f64,
    /// The length of one oscillation, or of the action potential that is learned, in ms.
    pub(crate) period: f64,
    /// Names of the states.
    pub(crate) names: Vec<String>,
    field: Arc<dyn VectorField>,
}

fn failed(what: &str) -> impl Fn(Box<dyn std::error::Error + Send + Sync>) -> Error + use<> {
    let what = what.to_owned();
    move |source| Error::Data { name: what.clone(), source }
}

impl Truth {
    /// Integrates a cell by Rodas5P over `length` ms, or at least over what is learned of it.
    pub(crate) fn compute(subject: Subject, length: f64) -> Result<Self, Error> {
        match subject {
            Subject::HodgkinHuxley => {
                let current = Stimulus::constant(CURRENT).map_err(|e| failed("the axon")(Box::new(e)))?;
                let cell = Cell::<HodgkinHuxley1952>::variant("modern")
                    .map_err(|e| failed("the axon")(Box::new(e)))?;
                let cell = cell.with_stimulus(current);
                // On the limit cycle: what the initial state leaves behind has died out.
                let step = StepSize::Adaptive(Tolerance::new(TOLERANCE.0, TOLERANCE.1));
                let span = (0.0, TRANSIENT);
                let settled =
                    solve(&cell, Method::Rodas5P, step, span, cell.initial_state(), &Options::end())
                        .map_err(|e| failed("the axon")(Box::new(e)))?;
                let start = settled.last().to_vec();
                let mut truth = Self::of(subject, cell, &start, (SAMPLE, length.max(60.0)))?;
                truth.period = truth.oscillation()?;
                Ok(truth)
            }
            Subject::LuoRudy => {
                // What a stimulus leaves behind: the upstroke is the cell's own.
                let cell = Cell::<LuoRudy1991>::new();
                let mut start = cell.initial_state().to_vec();
                start[0] = -20.0;
                let mut truth = Self::of(subject, cell, &start, (SAMPLE_LONG, 450.0))?;
                truth.period = 450.0;
                Ok(truth)
            }
        }
    }

    fn of<M: IonicModel>(
        subject: Subject,
        cell: Cell<M>,
        start: &[f64],
        (dt, length): (f64, f64),
    ) -> Result<Self, Error>
    where
        Cell<M>: Linearize + Linearize<ode_solvers::Lanes<f64, 8>>,
    {
        let count = (length / dt).round() as usize;
        let times: Vec<f64> = (0..=count).map(|i| i as f64 * dt).collect();
        let step = StepSize::Adaptive(Tolerance::new(TOLERANCE.0, TOLERANCE.1));
        let end = times[count];
        let solution = solve(&cell, Method::Rodas5P, step, (0.0, end), start, &Options::save_at(times))
            .map_err(|e| failed(M::NAME)(Box::new(e)))?;
        let names = (0..cell.dim()).map(|i| cell.state_name(i)).collect();
        let field = Arc::new(SystemField::wide(cell, 0, M::NAME));
        Ok(Truth { subject, rows: solution.y, dt, period: f64::NAN, names, field })
    }

    /// The time from the first spike's peak to the second one's.
    fn oscillation(&self) -> Result<f64, Error> {
        let spikes = super::evaluate::spikes(&self.rows, self.states(), self.dt)?;
        match spikes.as_slice() {
            [first, second, ..] => Ok(second.t_peak - first.t_peak),
            _ => Err(failed("the axon")("it does not fire twice".into())),
        }
    }

    /// The cell's name, and SHA-256 of its states.
    pub(crate) fn hash(&self) -> (String, String) {
        let bytes: Vec<u8> = self.rows.iter().flat_map(|x| x.to_le_bytes()).collect();
        (self.field.identity(), files::sha256(&bytes))
    }

    pub(crate) fn states(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn field(&self) -> &Arc<dyn VectorField> {
        &self.field
    }

    /// The state at the first observation.
    pub(crate) fn start(&self) -> &[f64] {
        &self.rows[..self.states()]
    }

    /// Observations over so many oscillations, from the start, without noise.
    pub(crate) fn window(&self, oscillations: f64) -> Result<Window, surrogates::Error> {
        let count = ((oscillations * self.period / self.dt).round() as usize)
            .min(self.rows.len() / self.states() - 1);
        Window::new(self.states(), 0.0, self.dt, self.rows[..(count + 1) * self.states()].to_vec())
    }

    /// Rates in units of their standard deviation over the observations.
    pub(crate) fn rate_normalization(&self, window: &Window) -> Result<Normalization, surrogates::Error> {
        let scales = ResidualScale::Deviation.of(&*self.field, window)?;
        Normalization::new(vec![0.0; scales.len()], scales.into_iter().map(|s| s as f32).collect())
    }
}
