//! The report's tables.

use super::config::{Method, Variant};
use super::equilibria::Equilibria;
use super::findings::Findings;
use super::series::Series;
use crate::report::{Cell, Table, header};
use crate::stats::median;

pub(super) fn trainings(f: &Findings) -> Table {
    let rows = f.maps.iter().map(|m| {
        let t = &m.trained;
        vec![
            Cell::text(t.map.variant.to_string()),
            Cell::text(t.map.dt.to_string()),
            Cell::text(t.map.repeat.to_string()),
            Cell::text(t.map.method.to_string()),
            Cell::text(t.pairs.to_string()),
            Cell::text(t.iterations.to_string()),
            Cell::finite(t.validation),
            Cell::time(t.microseconds_per_iteration),
        ]
    });
    Table {
        caption: "The maps. Times are wall times of the last start, on a machine with other work.".into(),
        header: header([
            "system",
            "Δt, s",
            "seed",
            "by",
            "pairs",
            "iterations or steps",
            "validation error",
            "µs each",
        ]),
        rows: rows.collect(),
        ..Table::default()
    }
}

pub(super) fn rhythms(f: &Findings) -> Table {
    let mut rows = Vec::new();
    for variant in Variant::ALL {
        let mut add = |who: String, all: &[Series]| {
            for s in all {
                let r = s.rhythm;
                rows.push(vec![
                    Cell::text(variant.to_string()),
                    Cell::text(s.v_s.to_string()),
                    Cell::text(who.clone()),
                    Cell::text(if r.bursting {
                        "bursts"
                    } else if r.spikes > 0 {
                        "spikes"
                    } else {
                        "silent"
                    }),
                    // What is silent has none.
                    match r.spikes {
                        0 => Cell::number(None),
                        _ => Cell::digits(format!("{:.4}", r.period)),
                    },
                    Cell::text(r.per_burst.to_string()),
                    Cell::digits(format!("{:.2}", r.lowest)),
                    Cell::digits(format!("{:.2}", r.highest)),
                ]);
            }
        };
        if let Some(ode) = f.ode(variant) {
            add("ODE".into(), &ode.series);
        }
        for map in f.main(variant) {
            add(format!("map, seed {}", map.trained.map.repeat), &map.analysis.series);
        }
    }
    Table {
        caption: "Rhythms. The period is that of bursts or of single spikes.".into(),
        header: header([
            "system",
            "V_S",
            "of",
            "rhythm",
            "period, s",
            "spikes in a burst",
            "lowest V",
            "highest V",
        ]),
        rows,
        ..Table::default()
    }
}

/// From this V_S on the equations spike (K-BIF).
const SPIKES: f64 = -33.78;

pub(super) fn distances(f: &Findings) -> Table {
    let mut rows = Vec::new();
    for variant in Variant::ALL {
        let Some(ode) = f.ode(variant).and_then(|a| a.equilibria.as_ref()) else { continue };
        for map in f.main(variant).chain(f.by(Method::Adam, variant)) {
            let Some(found) = &map.analysis.equilibria else { continue };
            let all = found.distances(ode);
            let over = |low: f64, high: f64| {
                let part: Vec<f64> = all
                    .iter()
                    .filter(|(v, _)| low <= *v && *v <= high)
                    .map(|(_, d)| d.unwrap_or(f64::INFINITY))
                    .collect();
                median(&part).unwrap_or(f64::NAN)
            };
            let largest = all.iter().filter_map(|(_, d)| *d).fold(0.0, f64::max);
            let missing = all.iter().filter(|(_, d)| d.is_none()).count();
            rows.push(vec![
                Cell::text(variant.to_string()),
                Cell::text(map.trained.map.repeat.to_string()),
                Cell::text(map.trained.map.method.to_string()),
                Cell::finite(over(-40.0, -30.0)),
                Cell::finite(over(-40.0, SPIKES)),
                Cell::finite(over(SPIKES, -30.0)),
                Cell::finite(largest),
                Cell::text(format!("{missing} of {}", all.len())),
            ]);
        }
    }
    Table {
        caption: "Distance between the fixed points of map and ODE (V in mV): medians over values of V_S."
            .into(),
        header: header([
            "system",
            "seed",
            "by",
            "all",
            "where it bursts",
            "where it spikes",
            "largest",
            "none found",
        ]),
        rows,
        ..Table::default()
    }
}

pub(super) fn windows(f: &Findings) -> Table {
    let mut rows = Vec::new();
    let mut add = |who: String, e: Option<&Equilibria>| {
        let Some(e) = e else { return };
        let cells = match &e.window {
            None => vec![Cell::text("–"); 4],
            Some((l, r)) => {
                [l.v_s, r.v_s, l.omega, r.omega].iter().map(|v| Cell::digits(format!("{v:.4}"))).collect()
            }
        };
        rows.push([vec![Cell::text(who)], cells].concat());
    };
    add("ODE".into(), f.ode(Variant::Bistable).and_then(|a| a.equilibria.as_ref()));
    for map in f.maps.iter().filter(|m| m.trained.map.variant == Variant::Bistable) {
        let id = map.trained.map;
        add(
            format!("map, Δt = {}, seed {}, {}", id.dt, id.repeat, id.method),
            map.analysis.equilibria.as_ref(),
        );
    }
    Table {
        caption: "The window in which the fixed point is stable: its ends, and the imaginary parts there."
            .into(),
        header: header(["", "left, mV", "right, mV", "ω left, 1/s", "ω right, 1/s"]),
        rows,
        ..Table::default()
    }
}
