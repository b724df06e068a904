//! scratch
use ionic_models::models::HodgkinHuxley1952;
use ionic_models::{Cell, Stimulus};
use ode_solvers::{Method, Options, StepSize, System, Tolerance, solve};
use std::ops::ControlFlow;
use std::sync::Arc;
use surrogates::neural_map::Decay;
use surrogates::neural_ode::*;
use surrogates::{AdamConfig, Normalization, SystemField, VectorField};

fn arg(name: &str, default: &str) -> String {
    let all: Vec<String> = std::env::args().collect();
    all.iter()
        .find_map(|a| a.strip_prefix(&format!("--{name}=")).map(str::to_owned))
        .unwrap_or(default.to_owned())
}
fn num(name: &str, default: f64) -> f64 {
    arg(name, &default.to_string()).parse().unwrap()
}

fn spikes(v: &[f64], dt: f64) -> Vec<(f64, f64)> {
    let mut out = Vec::new();
    let mut i = 1;
    while i + 1 < v.len() {
        if v[i] > -10.0 && v[i] >= v[i - 1] && v[i] > v[i + 1] {
            out.push((i as f64 * dt, v[i]));
            i += 100;
        }
        i += 1;
    }
    out
}

fn main() {
    let mut cell = Cell::<HodgkinHuxley1952>::variant("modern").unwrap();
    cell.set_stimulus(Stimulus::constant(10.0).unwrap());
    let tight = StepSize::Adaptive(Tolerance::new(1e-10, 1e-12));
    // settle on the cycle? start: after transient
    let transient = num("transient", 100.0);
    let y0 = if transient > 0.0 {
        solve(&cell, Method::Rodas5P, tight.clone(), (0.0, transient), cell.initial_state(), &Options::end())
            .unwrap()
            .last()
            .to_vec()
    } else {
        cell.initial_state().to_vec()
    };
    let end = num("window", 14.7);
    let dt = 0.01;
    let rows = (end / dt).round() as usize + 1;
    let long = 1000.0f64;
    let times: Vec<f64> = (0..=(long / dt).round() as usize).map(|i| i as f64 * dt).collect();
    let truth = solve(
        &cell,
        Method::Rodas5P,
        tight,
        (0.0, times[times.len() - 1]),
        &y0,
        &Options::save_at(times.clone()),
    )
    .unwrap();
    let v: Vec<f64> = truth.y.iter().step_by(4).copied().collect();
    let ts = spikes(&v, dt);
    println!("truth spikes {:?} ... {}", &ts[..3], ts.len());
    let window = Window::new(4, 0.0, dt, truth.y[..rows * 4].to_vec())
        .unwrap()
        .with_noise(num("noise", 0.0), 7)
        .unwrap();
    let field: Arc<dyn VectorField> = Arc::new(SystemField::wide(cell.clone(), 0, "hh"));
    let dev = ResidualScale::Deviation.of(&*field, &window).unwrap();
    println!("rate dev {dev:?}");
    let iters = num("iters", 5000.0) as u64;
    let curriculum = arg("phases", "whole");
    let whole = Phase::whole(iters);
    let phases = match curriculum.as_str() {
        "whole" => vec![whole],
        "grow" => vec![0.1, 0.2, 0.3, 0.5, 0.75]
            .into_iter()
            .map(|w| Phase { window: w, ..Phase::whole(iters / 10) })
            .chain([Phase::whole(iters / 2)])
            .collect(),
        "shoot" => vec![
            Phase { segments: 30, ..Phase::whole(iters / 4) },
            Phase { segments: 8, ..Phase::whole(iters / 4) },
            Phase { segments: 3, ..Phase::whole(iters / 4) },
            Phase::whole(iters / 4),
        ],
        "shootlong" => vec![
            Phase { segments: 100, ..Phase::whole(iters / 4) },
            Phase { segments: 30, ..Phase::whole(iters / 4) },
            Phase { segments: 5, ..Phase::whole(iters / 4) },
            Phase::whole(iters / 4),
        ],
        other => other
            .split(',')
            .map(|p| {
                let f: Vec<&str> = p.split('x').collect();
                let share: f64 = f[0].parse().unwrap();
                let learn = f.get(3).is_some();
                Phase {
                    segments: f[1].parse().unwrap(),
                    window: f.get(2).map_or(1.0, |w| w.parse().unwrap()),
                    learn_starts: learn,
                    continuity: if learn { 1.0 } else { 0.0 },
                    ..Phase::whole((share * iters as f64) as u64)
                }
            })
            .collect(),
    };
    let scale = match arg("scale", "dev").as_str() {
        "unit" => ResidualScale::Unit,
        "max" => ResidualScale::Largest,
        "iqr" => ResidualScale::Quartiles,
        "state" => ResidualScale::StateDeviation,
        _ => ResidualScale::Deviation,
    };
    let w = num("weight", 1.0);
    let rate_kind = arg("rate", "dev");
    let rs: Vec<f32> = if rate_kind == "dev" {
        dev.iter().map(|d| *d as f32).collect()
    } else {
        window.moments().iter().map(|m| m.1 as f32).collect()
    };
    for seed in (num("seed", 1.0) as u64)..(num("seed", 1.0) as u64 + num("seeds", 1.0) as u64) {
        let config = OdeConfig {
            network: OdeSpec::parse(4, &arg("hidden", "Tanh64,Tanh64")).unwrap(),
            input: window.normalization(false).unwrap(),
            rate: Normalization::new(vec![0.0; 4], rs.clone()).unwrap(),
            gain: num("gain", 1.0),
            seed,
            method: OdeMethod::Heun,
            pace: Pace::Steps(1),
            adjoint: Adjoint::Discrete,
            phases: phases.clone(),
            physics: (w > 0.0).then(|| PhysicsLoss {
                weight: w,
                decay: Decay::Constant,
                warm_up: num("warm", 0.0),
                scale,
                at: if arg("at", "obs") == "obs" { ResidualAt::Observations } else { ResidualAt::Trajectory },
            }),
            adam: AdamConfig { learning_rate: num("lr", 3e-3), ..AdamConfig::default() },
            decay: if num("exp", 0.0) > 0.0 {
                Decay::Exponential(num("exp", 0.0))
            } else {
                Decay::Cosine(num("end", 0.01))
            },
            clip: Some(num("clip", 1.0)),
            divergence: OnDivergence::MaskLoss,
            record_every: iters / 10,
        };
        let mut t = OdeTrainer::new(config, window.clone(), Some(field.clone())).unwrap();
        let started = std::time::Instant::now();
        let r = t.run(iters, |_, r| {
            if let Some(r) = r {
                if arg("quiet", "0") == "0" {
                    println!(
                        "  {} data {:.3e} phys {:.3e} norm {:.2e} div {}",
                        r.iteration, r.losses.data, r.losses.physics, r.gradient_norm, r.diverged
                    );
                }
            }
            ControlFlow::Continue(())
        });
        if let Err(e) = r {
            println!("ERR {e}");
        }
        let per = started.elapsed().as_secs_f64() / iters as f64;
        let f = t.network().field();
        // Heun to 1000 ms
        let (mut y, mut vs) = (y0.clone(), vec![y0[0]]);
        let (mut k1, mut k2, mut s) = ([0.0; 4], [0.0; 4], [0.0; 4]);
        for _ in 1..times.len() {
            f.rhs(0.0, &y, &mut k1);
            for i in 0..4 {
                s[i] = y[i] + dt * k1[i];
            }
            f.rhs(0.0, &s, &mut k2);
            for i in 0..4 {
                y[i] += 0.5 * dt * (k1[i] + k2[i]);
            }
            vs.push(y[0]);
        }
        let report = |end: f64| {
            let n = (end / dt) as usize;
            let (a, b) = (spikes(&v[..n], dt), spikes(&vs[..n], dt));
            if b.len() < 2 {
                return format!("{end}: {} spikes of {}", b.len(), a.len());
            }
            let per = |x: &[(f64, f64)]| (x[x.len() - 1].0 - x[0].0) / (x.len() - 1) as f64;
            let fe = (per(&a) / per(&b) - 1.0) * 100.0;
            let base = v.iter().fold(f64::INFINITY, |m, x| m.min(*x));
            let ae =
                a.iter().zip(&b).map(|(x, y)| ((y.1 - x.1) / (x.1 - base)).abs()).fold(0.0, f64::max) * 100.0;
            let drift = a.iter().zip(&b).last().map(|(x, y)| y.0 - x.0).unwrap();
            let rmse = (v[..n].iter().zip(&vs).map(|(a, b)| (a - b).powi(2)).sum::<f64>() / n as f64).sqrt();
            format!(
                "{end}: {}/{} freq {fe:.3}% amp {ae:.2}% drift {drift:.2} rmse {rmse:.2}",
                b.len(),
                a.len()
            )
        };
        println!("seed {seed} {:.2} ms/it; {}; {}", per * 1e3, report(100.0), report(1000.0));
    }
}
