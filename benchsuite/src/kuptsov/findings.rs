//! From trained maps and analyses to verdicts on claims.

use serde::{Deserialize, Serialize};

use super::analysis::Analysis;
use super::config::{Method, STEPS, Variant};
use super::train::Trained;
use crate::Tier;
use crate::claims::{Claim, Publication};
use crate::results::{ClaimResult, Finding};
use crate::stats::median;

/// An ODE with what was found out about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OdeResult {
    /// Which.
    pub variant: Variant,
    /// What was found.
    pub analysis: Analysis,
}

/// A map with what was found out about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MapResult {
    /// The map and its training.
    pub trained: Trained,
    /// What was found.
    pub analysis: Analysis,
}

/// All of a run, or all that is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Findings {
    /// The ODEs.
    pub odes: Vec<OdeResult>,
    /// The maps.
    pub maps: Vec<MapResult>,
    /// The command that found them.
    pub command: String,
    /// The seed of the run.
    pub seed: u64,
}

impl Findings {
    /// The ODE of a variant.
    pub fn ode(&self, variant: Variant) -> Option<&Analysis> {
        self.odes.iter().find(|o| o.variant == variant).map(|o| &o.analysis)
    }

    /// The maps of a variant that a method trained.
    pub fn by(&self, method: Method, variant: Variant) -> impl Iterator<Item = &MapResult> {
        self.maps.iter().filter(move |m| m.trained.map.variant == variant && m.trained.map.method == method)
    }

    /// The maps of a variant with a time step, by their repeat: those that claims are judged by.
    pub fn maps(&self, variant: Variant, dt: f64) -> impl Iterator<Item = &MapResult> {
        self.by(Method::LeastSquares, variant).filter(move |m| m.trained.map.dt == dt)
    }

    /// The maps of a variant with the publication's main time step.
    pub fn main(&self, variant: Variant) -> impl Iterator<Item = &MapResult> {
        self.maps(variant, STEPS[0])
    }

    /// Ends of the stable window, less the ODE's, for every main map: (left, right); none where the map
    /// has none.
    pub(crate) fn window_errors(&self) -> Vec<Option<(f64, f64)>> {
        let ode = self.ode(Variant::Bistable).and_then(|a| a.equilibria.as_ref()?.window.as_ref());
        let Some((left, right)) = ode else { return Vec::new() };
        self.main(Variant::Bistable)
            .map(|m| {
                let (l, r) = m.analysis.equilibria.as_ref()?.window.as_ref()?;
                Some((l.v_s - left.v_s, r.v_s - right.v_s))
            })
            .collect()
    }

    /// All distances between the fixed points of main maps and ODE; infinite where a map has none.
    pub(crate) fn distances(&self, variant: Variant) -> Vec<f64> {
        let Some(ode) = self.ode(variant).and_then(|a| a.equilibria.as_ref()) else { return Vec::new() };
        self.main(variant)
            .filter_map(|m| m.analysis.equilibria.as_ref())
            .flat_map(|e| e.distances(ode))
            .map(|(_, d)| d.unwrap_or(f64::INFINITY))
            .collect()
    }

    /// The share of V_S at which a map's eigenvalues are of the ODE's kind.
    fn kinds(&self, variant: Variant, range: (f64, f64), all_steps: bool) -> Option<f64> {
        let ode = self.ode(variant)?.equilibria.as_ref()?;
        let (mut same, mut all) = (0, 0);
        for map in self.by(Method::LeastSquares, variant) {
            if !all_steps && map.trained.map.dt != STEPS[0] {
                continue;
            }
            let Some(found) = &map.analysis.equilibria else { continue };
            for (truth, rest) in ode.rests.iter().flatten().zip(&found.rests) {
                if range.0 <= truth.v_s && truth.v_s <= range.1 {
                    all += 1;
                    same += usize::from(rest.as_ref().is_some_and(|r| kind(&r.rates) == kind(&truth.rates)));
                }
            }
        }
        (all > 0).then(|| f64::from(same as u32) / f64::from(all))
    }

    /// The share of main maps whose silent branch is there at V_S = −36 and not at the ends of the range.
    fn silent(&self) -> Option<f64> {
        let mut shares = Vec::new();
        for map in self.main(Variant::Bistable) {
            let diagram = map.analysis.near.as_ref()?;
            let silent = diagram.silent();
            let covers = |v: f64| silent.iter().any(|(a, b)| *a <= v && v <= *b);
            let (first, last) = (diagram.columns.first()?.0, diagram.columns.last()?.0);
            shares.push(f64::from(u8::from(covers(-36.0) && !covers(first) && !covers(last))));
        }
        (!shares.is_empty()).then(|| shares.iter().sum::<f64>() / shares.len() as f64)
    }

    /// Periods of map and ODE: (V_S, ODE, map, repeat).
    pub(crate) fn periods(&self, variant: Variant) -> Vec<(f64, f64, f64, u64)> {
        let mut all = Vec::new();
        let Some(ode) = self.ode(variant) else { return all };
        for map in self.main(variant) {
            for (truth, found) in ode.series.iter().zip(&map.analysis.series) {
                // Another rhythm has no period to compare.
                let same = truth.rhythm.bursting == found.rhythm.bursting;
                let period = if same { found.rhythm.period } else { 0.0 };
                all.push((truth.v_s, truth.rhythm.period, period, map.trained.map.repeat));
            }
        }
        all
    }
}

/// How many rates grow, and which are complex.
fn kind(rates: &[(f64, f64); 3]) -> (usize, usize) {
    let growing = rates.iter().filter(|z| z.0 > 0.0).count();
    let complex = rates.iter().filter(|z| z.1 != 0.0).count();
    (growing, complex)
}

/// The value that is farthest from `of`; NaN for something that was not found counts as farthest.
fn farthest(values: impl IntoIterator<Item = f64>, of: f64) -> Option<f64> {
    let size = |v: &f64| if v.is_nan() { f64::INFINITY } else { (v - of).abs() };
    values.into_iter().max_by(|a, b| size(a).total_cmp(&size(b)))
}

/// One result for each claim. `doubt` says why the numbers may not be held against the paper's; none if
/// they may.
pub(crate) fn judge(
    publication: &Publication,
    findings: &Findings,
    tier: Tier,
    doubt: Option<&str>,
) -> Vec<ClaimResult> {
    publication.claims.iter().map(|claim| one(findings, tier, doubt, claim)).collect()
}

fn one(f: &Findings, tier: Tier, doubt: Option<&str>, claim: &Claim) -> ClaimResult {
    let (values, value) = measured(f, claim);
    // What is true of the ODE is true at any tier that computed it.
    let own = claim.id.contains("/ode");
    let exact = own && !claim.id.starts_with("K-PFXP") && !claim.id.ends_with("transition");
    let finding = Finding::of(value, doubt.filter(|_| !exact), || "not part of this run".into());
    ClaimResult::judge(claim, finding, &f.command, tier, &[f.seed]).over(&values)
}

/// The values over seeds, if there are several, and the one that the claim is about.
fn measured(f: &Findings, claim: &Claim) -> (Vec<f64>, Option<f64>) {
    let parts: Vec<&str> = claim.id.split('/').collect();
    let variant = |name: &str| if name == "original" { Variant::Original } else { Variant::Bistable };
    let at_36 = |v: &str| {
        let all = f.ode(variant(v))?.equilibria.as_ref()?;
        all.rests.iter().flatten().find(|r| (r.v_s + 36.0).abs() < 1e-9)
    };
    let single = |value: Option<f64>| (Vec::new(), value);
    match parts.as_slice() {
        ["K-FP", "ode", v, state] => {
            let i = ["V", "n", "S"].iter().position(|s| s == state);
            single(i.and_then(|i| Some(at_36(v)?.state[i])))
        }
        ["K-EIG", "ode", v, mu] => {
            let i = ["mu1", "mu2", "mu3"].iter().position(|s| s == mu);
            single(i.and_then(|i| Some(at_36(v)?.rates[i].0)))
        }
        ["K-TS", "ode", "separation"] => single(f.ode(Variant::Original).and_then(|a| a.separation)),
        ["K-TS", "map", "period"] => {
            let ratios: Vec<f64> = Variant::ALL
                .into_iter()
                .flat_map(|v| f.periods(v))
                .map(|(_, ode, map, _)| if map > 0.0 { map / ode } else { f64::NAN })
                .collect();
            (ratios.clone(), farthest(ratios, 1.0))
        }
        ["K-BIF", "ode", "transition"] => single(f.ode(Variant::Original).and_then(|a| a.transition)),
        ["K-BIF", "map", "transition"] => {
            let computed = f.main(Variant::Original).filter(|m| m.analysis.rising.is_some());
            let all: Vec<f64> = computed.map(|m| m.analysis.transition.unwrap_or(f64::NAN)).collect();
            (all.clone(), farthest(all, claim.value))
        }
        ["K-FP", "map", v, "validation"] => {
            let all: Vec<f64> = f.main(variant(v)).map(|m| m.trained.validation).collect();
            (all.clone(), farthest(all, 0.0))
        }
        ["K-FP", "map", v, "distance"] => {
            let ode = f.ode(variant(v)).and_then(|a| a.equilibria.as_ref());
            let of = |m: &super::findings::MapResult| {
                let all = m.analysis.equilibria.as_ref()?.distances(ode?);
                let all: Vec<f64> = all.into_iter().map(|(_, d)| d.unwrap_or(f64::INFINITY)).collect();
                median(&all)
            };
            (f.main(variant(v)).filter_map(of).collect(), median(&f.distances(variant(v))))
        }
        ["K-EIG", "map", "original", "kind"] => single(f.kinds(Variant::Original, (-40.0, -30.0), true)),
        ["K-EIG", "map", "bistable", "leading"] => {
            single(f.kinds(Variant::Bistable, (-37.55, -34.65), false))
        }
        ["K-BIST", "map", "silent"] => single(f.silent()),
        ["K-BIST", "map", side] => {
            let errors = f.window_errors();
            let pick =
                |e: Option<(f64, f64)>| e.map_or(f64::NAN, |(l, r)| if *side == "left" { l } else { r });
            let all: Vec<f64> = errors.into_iter().map(pick).collect();
            (all.clone(), farthest(all, 0.0))
        }
        ["K-PFXP", who] => {
            let window = |a: &Analysis| {
                let (l, r) = a.equilibria.as_ref()?.window.as_ref()?;
                Some((l.v_s, r.v_s))
            };
            let mean = |a: &Analysis| Some(a.reach.as_ref()?.mean(window(a)?));
            if *who == "ode" {
                return single(f.ode(Variant::Bistable).and_then(mean));
            }
            let computed = f.main(Variant::Bistable).filter(|m| m.analysis.reach.is_some());
            let all: Vec<f64> = computed.map(|m| mean(&m.analysis).unwrap_or(f64::NAN)).collect();
            let total = all.iter().sum::<f64>() / all.len() as f64;
            (all.clone(), (!all.is_empty()).then_some(total))
        }
        _ => (Vec::new(), None),
    }
}
