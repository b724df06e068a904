//! The β-cell as a family of systems over V_S.

use ionic_models::models::ShermanRinzelKeizer1988;
use ionic_models::{Cell, Stimulus};
use ode_solvers::Tolerance;
use ode_solvers::dynamics::{
    Branch, ContinuationSettings, DynamicsError, FixedPoint, Newton, SystemFamily, continue_equilibrium,
    fixed_point,
};

use super::config::Variant;
use crate::Error;

/// The range of the control parameter (section 2).
pub(crate) const RANGE: (f64, f64) = (-40.0, -30.0);

/// A typical size of V in mV, n and S, for the continuation's steps.
pub(crate) const SCALES: [f64; 3] = [10.0, 0.01, 0.01];

/// Where Newton's method begins: near the fixed point in the middle of the range.
const GUESS: [f64; 3] = [-50.0, 2e-3, 0.19];

pub(crate) type BetaCell = Cell<ShermanRinzelKeizer1988>;

/// The cell at a value of V_S.
pub(crate) fn cell(variant: Variant, v_s: f64) -> BetaCell {
    let name = variant.to_string();
    let cell =
        Cell::<ShermanRinzelKeizer1988>::variant(&name).expect("invariant: the model has both variants");
    let mut cell = cell.with_stimulus(Stimulus::none());
    cell.set_parameter("V_S", v_s).expect("invariant: the model has this parameter, and any finite value");
    cell
}

/// How accurately the ODE is integrated for everything but the data.
pub(crate) fn tolerance() -> Tolerance {
    Tolerance::per_state(1e-8, [1e-7, 1e-10, 1e-10])
}

/// `count` values over a range, both ends among them.
pub(crate) fn values((low, high): (f64, f64), count: usize) -> Vec<f64> {
    let last = count.saturating_sub(1).max(1) as f64;
    (0..count).map(|i| low + (high - low) * i as f64 / last).collect()
}

/// The fixed points of the ODE over the whole range, and where their stability changes.
pub(crate) fn branch(variant: Variant) -> Result<Branch, Error> {
    let family = SystemFamily::new(3, |v_s| Ok(cell(variant, v_s)));
    continue_equilibrium(&family, -36.0, &GUESS, &settings()).map_err(failed("the ODE's fixed points"))
}

/// How branches are followed over V_S.
pub(crate) fn settings() -> ContinuationSettings {
    ContinuationSettings::over(RANGE, SCALES)
}

/// The ODE's fixed point at one value, from the nearest of the branch.
pub(crate) fn rest(variant: Variant, branch: &Branch, v_s: f64) -> Result<FixedPoint, Error> {
    let distance = |p: f64| (p - v_s).abs();
    let nearest = branch.points.iter().min_by(|a, b| distance(a.p).total_cmp(&distance(b.p)));
    let guess = nearest.map_or(&GUESS[..], |p| &p.state);
    fixed_point(&cell(variant, v_s), guess, &Newton::default()).map_err(failed("the ODE's fixed point"))
}

/// Names what an analysis was of.
pub(crate) fn failed(what: &str) -> impl Fn(DynamicsError) -> Error + use<> {
    let what = what.to_owned();
    move |source| Error::Analysis { what: what.clone(), source: Box::new(source) }
}
