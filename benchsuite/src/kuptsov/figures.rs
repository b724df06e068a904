//! The figures of the report, by their numbers in the publication.

use super::analysis::Analysis;
use super::config::{Method, STEPS, Variant};
use super::data::Separation;
use super::equilibria::Equilibria;
use super::findings::{Findings, MapResult};
use super::series::Series as States;
use crate::Error;
use crate::figures::{Axis, Colour, Mark, Panel, Series, draw};
use crate::report::Block;
use crate::shades::{self, Shades};

/// The colours of several maps.
const COLOURS: [Colour; 3] = [Colour::Red, Colour::Green, Colour::Grey];

/// Figs 1 and 7, or 4 and 8: V over time at V_S = −36 and −33, ODE above map.
pub(crate) fn series(f: &Findings, variant: Variant) -> Result<Option<Block>, Error> {
    let (name, numbers) = match variant {
        Variant::Original => ("fig1-7-series", "Figs 1 and 7"),
        Variant::Bistable => ("fig4-8-series", "Figs 4 and 8"),
    };
    let Some(ode) = f.ode(variant).filter(|a| !a.series.is_empty()) else { return Ok(None) };
    let Some(map) = f.main(variant).next() else { return Ok(None) };
    let mut panels = Vec::new();
    for (who, all, colour) in [("ODE", &ode.series, Colour::Blue), ("map", &map.analysis.series, Colour::Red)]
    {
        for s in all {
            let points = s.states.iter().enumerate().map(|(i, u)| (i as f64 * s.dt, u[0]));
            panels.push(Panel {
                title: format!("{who}, V_S = {}", s.v_s),
                x: Axis::linear("time, s"),
                y: Axis::linear("V, mV"),
                series: vec![Series::new("", Mark::Line, colour, points)],
            });
        }
    }
    let svg = draw(name, &panels, (1400, 340))?;
    let caption = format!(
        "{numbers}: V of the {variant} system and of its neural map (seed 1), bursting at V_S = -36 and spiking \
         at -33, after transients."
    );
    Ok(Some(Block::figure(name, svg, caption)))
}

/// Fig. 2: the bursting attractor in space, seen from the side.
pub(crate) fn attractor(f: &Findings) -> Result<Option<Block>, Error> {
    let Some(ode) = f.ode(Variant::Original).and_then(|a| a.series.first()) else { return Ok(None) };
    let Some(map) = f.main(Variant::Original).next().and_then(|m| m.analysis.series.first()) else {
        return Ok(None);
    };
    // n comes out of the page, to the lower left.
    let seen = |s: &States| -> Vec<(f64, f64)> {
        s.states.iter().map(|u| (u[2] - 0.08 * u[1], u[0] - 120.0 * u[1])).collect()
    };
    let panel = |title: &str, s: &States, colour| Panel {
        title: title.to_owned(),
        x: Axis::linear("S − 0.08 n"),
        y: Axis::linear("V − 120 n, mV"),
        series: vec![Series::new("", Mark::Line, colour, seen(s))],
    };
    let panels = [panel("ODE", ode, Colour::Blue), panel("map", map, Colour::Red)];
    Ok(Some(Block::figure(
        "fig2-attractor",
        draw("fig2-attractor", &panels, (1000, 400))?,
        "Fig. 2: the bursting attractor of the original system at V_S = -36 in (V, n, S), projected \
                  along n; left the ODE, right the map.",
    )))
}

/// Fig. 3, Figs 5a and 9a, Figs 5b and 9b: diagrams of ODE and map.
pub(crate) fn diagrams(f: &Findings, which: &str) -> Option<Block> {
    let (variant, name, caption) = match which {
        "rising" => (
            Variant::Original,
            "fig3-diagram",
            "Fig. 3: V over time (darker is higher) for each V_S of the original system, from left to right, \
             in phase with the neighbours; left the ODE, right the map. Two stripes are bursts, the texture is \
             spiking.",
        ),
        "far" => (
            Variant::Bistable,
            "fig5a-9a-diagram",
            "Figs 5a and 9a: the oscillating branch of the bistable system, from V_S = -36 to both sides; left \
             the ODE, right the map.",
        ),
        _ => (
            Variant::Bistable,
            "fig5b-9b-diagram",
            "Figs 5b and 9b: the branch that begins at the fixed point at V_S = -36; left the ODE, right the \
             map, which was trained on oscillations alone. The smooth area is silence.",
        ),
    };
    let pick = |a: &Analysis| match which {
        "rising" => a.rising.clone(),
        "far" => a.far.clone(),
        _ => a.near.clone(),
    };
    let ode = f.ode(variant).and_then(pick)?;
    let map = f.main(variant).next().and_then(|m| pick(&m.analysis))?;
    let panel = |title: &str, d: super::diagrams::Diagram| Shades {
        title: title.into(),
        x: "V_S, mV".into(),
        y: "time, s".into(),
        height: 15.0,
        columns: d.columns,
    };
    let svg = shades::draw(&[panel("ODE", ode), panel("map", map)], (1100, 400));
    Some(Block::figure(name, svg, caption))
}

/// Fig. 6: how far the data are from the fixed point.
pub(crate) fn separation(sets: &[(Variant, &Separation)]) -> Result<Option<Block>, Error> {
    if sets.is_empty() {
        return Ok(None);
    }
    let panels: Vec<Panel> = sets
        .iter()
        .map(|(variant, s)| Panel {
            title: format!("{variant}"),
            x: Axis::linear("V_S, mV"),
            y: Axis::log("smallest distance"),
            series: vec![Series::new("", Mark::Dot, Colour::Blue, s.by_trajectory.iter().copied())],
        })
        .collect();
    Ok(Some(Block::figure(
        "fig6-separation",
        draw("fig6-separation", &panels, (1000, 380))?,
        "Fig. 6b, c: the smallest Euclidean distance of each trajectory of the data sets from the \
                  fixed point at its V_S (V in mV).",
    )))
}

/// Fig. 10: the distance between the fixed points of map and ODE.
pub(crate) fn distances(f: &Findings) -> Result<Option<Block>, Error> {
    let mut panels = Vec::new();
    for variant in Variant::ALL {
        let Some(ode) = f.ode(variant).and_then(|a| a.equilibria.as_ref()) else { continue };
        let mut series = Vec::new();
        for (map, colour) in f.main(variant).zip(COLOURS) {
            let Some(found) = &map.analysis.equilibria else { continue };
            let points = found.distances(ode).into_iter().filter_map(|(v, d)| Some((v, d?)));
            series.push(Series::new(format!("seed {}", map.trained.map.repeat), Mark::Line, colour, points));
        }
        if !series.is_empty() {
            let y = Axis::log("distance");
            panels.push(Panel { title: variant.to_string(), x: Axis::linear("V_S, mV"), y, series });
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    Ok(Some(Block::figure(
        "fig10-distance",
        draw("fig10-distance", &panels, (1000, 380))?,
        "Fig. 10: Euclidean distance between the fixed points of map and ODE (V in mV), for each seed.",
    )))
}

/// What is drawn of three growth rates.
type Picked<'a> = &'a dyn Fn(&[(f64, f64); 3]) -> Vec<f64>;

/// Figs 11 and 12: growth rates of ODE and maps.
pub(crate) fn rates(f: &Findings, variant: Variant) -> Result<Option<Block>, Error> {
    let Some(ode) = f.ode(variant).and_then(|a| a.equilibria.as_ref()) else { return Ok(None) };
    let maps: Vec<&MapResult> = STEPS.iter().filter_map(|dt| f.maps(variant, *dt).next()).collect();
    let lines_over = |(low, high): (f64, f64), which: Picked<'_>| -> Vec<Series> {
        let mut all = Vec::new();
        let mut add = |label: String, mark, colour, e: &Equilibria| {
            let count = e.rests.iter().flatten().map(|r| which(&r.rates).len()).max().unwrap_or(0);
            for k in 0..count {
                let inside = e.rests.iter().flatten().filter(|r| low <= r.v_s && r.v_s <= high);
                let points = inside.filter_map(|r| Some((r.v_s, *which(&r.rates).get(k)?)));
                all.push(Series::new(
                    if k == 0 { label.clone() } else { String::new() },
                    mark,
                    colour,
                    points,
                ));
            }
        };
        add("ODE".into(), Mark::Line, Colour::Blue, ode);
        for (map, colour) in maps.iter().zip(COLOURS) {
            if let Some(e) = &map.analysis.equilibria {
                add(format!("map, Δt = {}", map.trained.map.dt), Mark::Dashed, colour, e);
            }
        }
        all
    };
    let lines = |which: Picked<'_>| lines_over((-40.0, -30.0), which);
    let panel = |title: &str, y: &str, series| Panel {
        title: title.into(),
        x: Axis::linear("V_S, mV"),
        y: Axis::linear(y),
        series,
    };
    let real = |k: usize| move |z: &[(f64, f64); 3]| vec![z[k].0];
    let (name, panels, caption) = match variant {
        Variant::Original => (
            "fig11-rates",
            vec![
                panel("(a) μ₁", "μ₁, 1/s", lines(&real(0))),
                panel("(b) μ₂", "μ₂, 1/s", lines(&real(1))),
                panel("(c) μ₃", "μ₃, 1/s", lines(&real(2))),
            ],
            "Fig. 11: growth rates at the fixed point of the original system, ODE and maps of three time steps \
             (seed 1), real parts.",
        ),
        Variant::Bistable => (
            "fig12-rates",
            vec![
                panel("(a) real parts", "Re μ, 1/s", lines(&|z| z.iter().map(|z| z.0).collect())),
                panel("(b) imaginary parts", "Im μ, 1/s", lines(&|z| z.iter().map(|z| z.1).collect())),
                panel(
                    "(c) the leading ones, enlarged",
                    "Re μ, 1/s, cut at ±3",
                    lines_over((-38.0, -34.5), &|z| z[..2].iter().map(|z| z.0.clamp(-3.0, 3.0)).collect()),
                ),
            ],
            "Fig. 12: growth rates at the fixed point of the bistable system, ODE and maps (seed 1). In (c) the \
             stretch below zero is the window of stability; where two curves lie on each other they are complex.",
        ),
    };
    Ok(Some(Block::figure(name, draw(name, &panels, (1400, 420))?, caption)))
}

/// Figs 5c and 9c: the largest growth rate, and how many random starts arrive.
pub(crate) fn reach(f: &Findings) -> Result<Option<Block>, Error> {
    let Some(ode) = f.ode(Variant::Bistable) else { return Ok(None) };
    let (Some(truth), Some(shares)) = (&ode.equilibria, &ode.reach) else { return Ok(None) };
    // As the publication scales it: positive values as log10(x + 1).
    let scaled = |x: f64| if x > 0.0 { (x + 1.0).log10() } else { x };
    let largest = |e: &Equilibria| -> Vec<(f64, f64)> {
        e.rests.iter().flatten().map(|r| (r.v_s, scaled(r.rates[0].0))).collect()
    };
    let mut rates = vec![Series::new("ODE", Mark::Line, Colour::Blue, largest(truth))];
    let mut arrivals = vec![Series::new("ODE", Mark::Line, Colour::Blue, shares.shares.iter().copied())];
    for (map, colour) in f.main(Variant::Bistable).zip(COLOURS) {
        let label = format!("map, seed {}", map.trained.map.repeat);
        if let Some(e) = &map.analysis.equilibria {
            rates.push(Series::new(label.clone(), Mark::Dashed, colour, largest(e)));
        }
        if let Some(r) = &map.analysis.reach {
            arrivals.push(Series::new(label, Mark::Dashed, colour, r.shares.iter().copied()));
        }
    }
    let panel = |title: &str, y: &str, series| Panel {
        title: title.into(),
        x: Axis::linear("V_S, mV"),
        y: Axis::linear(y),
        series,
    };
    let panels = [
        panel("largest real part", "Re μ₁, or log₁₀(Re μ₁ + 1) above 0", rates),
        panel("random starts that arrive", "share", arrivals),
    ];
    Ok(Some(Block::figure(
        "fig5c-9c-reach",
        draw("fig5c-9c-reach", &panels, (1100, 400))?,
        "Figs 5c and 9c: the largest real part of the growth rates of the bistable system's fixed point, \
                  and the share of random starts that reach it; ODE and maps.",
    )))
}

/// The courses of the trainings.
pub(crate) fn courses(f: &Findings) -> Result<Option<Block>, Error> {
    let mut panels = Vec::new();
    for variant in Variant::ALL {
        let mut series = Vec::new();
        for map in f.maps.iter().filter(|m| m.trained.map.variant == variant) {
            let id = map.trained.map;
            let main = id.dt == STEPS[0];
            let adam = id.method == Method::Adam;
            let label = match (adam, main) {
                (true, _) => "Adam".into(),
                (_, true) => format!("seed {}", id.repeat),
                _ => format!("Δt = {}", id.dt),
            };
            let colour = match (adam, main) {
                (true, _) => Colour::Blue,
                (_, true) => COLOURS[(id.repeat as usize - 1) % 3],
                _ => Colour::Ink,
            };
            let mark = if main && !adam { Mark::Line } else { Mark::Dashed };
            let all = map.trained.iterations.max(1) as f64;
            let points = map.trained.history.iter().map(|r| (r.iteration as f64 / all, r.validation));
            series.push(Series::new(label, mark, colour, points));
        }
        if !series.is_empty() {
            let y = Axis::log("mean squared error, validation");
            panels.push(Panel {
                title: variant.to_string(),
                x: Axis::linear("part of the training"),
                y,
                series,
            });
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    Ok(Some(Block::figure(
        "courses",
        draw("courses", &panels, (1100, 400))?,
        "The error over validation pairs during training, standardised. Maps by least squares begin again \
                  when they have found out what the inputs matter.",
    )))
}
