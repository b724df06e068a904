//! Everything that is found out about an ODE or a map, piece by piece, each kept in its own file.

use std::path::{Path, PathBuf};

use ode_solvers::dynamics::{DynamicsError, Map};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use surrogates::NeuralMap;

use super::config::{Config, MapId, Method, Part, STEPS, Variant};
use super::diagrams::{self, Diagram};
use super::equilibria::{self, Equilibria};
use super::reach::{self, Reach};
use super::series::{self, START, Series};
use crate::interrupt::Stop;
use crate::{Error, files};

/// What was found out about one system or map. What the parts of a run do not need is absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Analysis {
    /// Time series at V_S = −36 and −33 (Figs 1, 4, 7, 8).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
    /// The smallest distance of the attractor at V_S = −36 from the fixed point (Fig. 6a): ODE only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub separation: Option<f64>,
    /// Where bursting becomes spiking: original system only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition: Option<f64>,
    /// The diagram of Fig. 3: original system only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rising: Option<Diagram>,
    /// The oscillating branch of Figs 5a and 9a: bistable system only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub far: Option<Diagram>,
    /// The silent branch of Figs 5b and 9b: bistable system only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub near: Option<Diagram>,
    /// Fixed points and eigenvalues.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub equilibria: Option<Equilibria>,
    /// How many random starts arrive: bistable system only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reach: Option<Reach>,
}

/// The values of V_S of the time series: bursting and spiking.
pub(crate) const SHOWN: [f64; 2] = [-36.0, -33.0];

/// What analyses need.
pub(crate) struct Work<'a> {
    pub(crate) folder: PathBuf,
    pub(crate) config: &'a Config,
    pub(crate) stop: Stop,
    pub(crate) resume: &'a str,
}

impl Work<'_> {
    /// A piece from its file, or computed and written to it.
    fn piece<T: Serialize + DeserializeOwned>(
        &self,
        subject: &str,
        name: &str,
        compute: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let path = self.folder.join(format!("{subject}-{name}.json"));
        if path.exists() {
            return files::read_json(&path, "delete it: it is computed again");
        }
        if self.stop.requested() {
            return Err(Error::Interrupted { resume: self.resume.to_owned() });
        }
        let value = compute()?;
        files::write_json(&path, &value)?;
        Ok(value)
    }

    fn wants(&self, part: Part) -> bool {
        self.config.parts.contains(&part)
    }

    /// The ODE of a variant.
    pub(crate) fn ode(&self, variant: Variant) -> Result<Analysis, Error> {
        let subject = format!("ode-{variant}");
        let grid = self.config.grid;
        let fine =
            |v_s: f64| -> Result<Box<dyn Map>, Error> { Ok(Box::new(series::flow(variant, v_s, STEPS[0])?)) };
        let coarse = |v_s: f64| series::flow(variant, v_s, diagrams::EVERY).map_err(unexpected);
        // Every other analysis of a map begins at, or is held against, the ODE's fixed points.
        let equilibria =
            self.piece(&subject, "equilibria", || equilibria::of_ode(variant, grid.equilibria))?;
        let mut found = self.common(&subject, variant, &fine, &coarse, &equilibria)?;
        if self.wants(Part::Series) {
            found.separation = Some(self.piece(&subject, "separation", || {
                let rest = near_36(&equilibria);
                let states = series::record(&*fine(-36.0)?, &START, grid.transient, 30.0)?;
                let of = |u: &[f64; 3]| (0..3).map(|i| (u[i] - rest[i]).powi(2)).sum::<f64>().sqrt();
                Ok(states.iter().map(of).fold(f64::INFINITY, f64::min))
            })?);
        }
        found.equilibria = Some(equilibria);
        Ok(found)
    }

    /// A map, held against its ODE.
    pub(crate) fn map(&self, id: &MapId, map: &NeuralMap<f64>, ode: &Analysis) -> Result<Analysis, Error> {
        let subject = format!("map-{}", id.file_name());
        let truth = ode.equilibria.as_ref().expect("invariant: the ODE's fixed points are always computed");
        let equilibria = self.piece(&subject, "equilibria", || equilibria::of_map(map, truth))?;
        let mut found = Analysis::default();
        // Of the others, fixed points and eigenvalues alone are asked for.
        if id.dt == STEPS[0] && id.method == Method::LeastSquares {
            let at = |v_s: f64| {
                map.at(&[v_s]).map_err(|_| DynamicsError::Setting {
                    name: "control parameters",
                    value: 1.0,
                    rule: "the map has another number",
                })
            };
            let fine = |v_s: f64| -> Result<Box<dyn Map>, Error> {
                Ok(Box::new(at(v_s).map_err(super::model::failed("the map"))?))
            };
            found = self.common(&subject, id.variant, &fine, &at, &equilibria)?;
        }
        found.equilibria = Some(equilibria);
        Ok(found)
    }

    /// What is looked at in the same way on both sides. `fine` gives a map with the time step of the
    /// networks, `family` the one that diagrams are made with.
    fn common<M: Map>(
        &self,
        subject: &str,
        variant: Variant,
        fine: &dyn Fn(f64) -> Result<Box<dyn Map>, Error>,
        family: &dyn Fn(f64) -> Result<M, DynamicsError>,
        equilibria: &Equilibria,
    ) -> Result<Analysis, Error> {
        let grid = self.config.grid;
        let mut found = Analysis::default();
        if self.wants(Part::Series) {
            found.series = self.piece(subject, "series", || {
                SHOWN.into_iter().map(|v_s| series::series(&*fine(v_s)?, v_s, grid.transient)).collect()
            })?;
        }
        if self.wants(Part::Diagrams) && variant == Variant::Original {
            let transient = grid.transient.max(60.0);
            found.transition = self.piece(subject, "transition", || series::transition(transient, fine))?;
            found.rising = Some(
                self.piece(subject, "rising", || diagrams::rising(family, grid.columns, grid.transient))?,
            );
        }
        if self.wants(Part::Diagrams) && variant == Variant::Bistable {
            found.far = Some(self.piece(subject, "far", || {
                diagrams::both_ways(family, grid.columns, grid.transient, &START)
            })?);
        }
        if self.wants(Part::Bistability) && variant == Variant::Bistable {
            let start = near_36(equilibria);
            found.near = Some(self.piece(subject, "near", || {
                diagrams::both_ways(family, grid.columns, grid.transient, &start)
            })?);
        }
        if self.wants(Part::Reach) && variant == Variant::Bistable {
            found.reach = Some(self.piece(subject, "reach", || {
                let mut shares = Vec::new();
                for (k, v_s) in reach::grid(&grid).into_iter().enumerate() {
                    if self.stop.requested() {
                        return Err(Error::Interrupted { resume: self.resume.to_owned() });
                    }
                    let target = nearest(equilibria, v_s);
                    let starts = reach::starts(self.config.seed, k, grid.starts);
                    let map: &dyn Map = &family(v_s).map_err(super::model::failed("random starts"))?;
                    shares.push((v_s, reach::share(map, &target, &starts, grid.patience)?));
                }
                Ok(Reach { shares })
            })?);
        }
        Ok(found)
    }
}

/// The fixed point at the value of the grid nearest to V_S = −36; the ODE's own, in round numbers, if
/// there is none.
fn near_36(equilibria: &Equilibria) -> [f64; 3] {
    nearest(equilibria, -36.0)
}

fn nearest(equilibria: &Equilibria, v_s: f64) -> [f64; 3] {
    let distance = |p: f64| (p - v_s).abs();
    let found = equilibria.rests.iter().flatten().min_by(|a, b| distance(a.v_s).total_cmp(&distance(b.v_s)));
    found.map_or([-50.6, 2.06e-3, 0.188], |r| r.state)
}

fn unexpected(e: Error) -> DynamicsError {
    DynamicsError::NotFinite { what: "the ODE's flow", place: e.to_string() }
}

/// The folder of analyses of a run.
pub(crate) fn folder(run: &Path) -> PathBuf {
    run.join("analysis")
}
