//! Times a model on a provider: `throughput MODEL [PROVIDER] [THREADS] [ROWS]`.
//!
//! Prints the shortest and the median time of a batch over about three seconds; inputs are spread
//! evenly over −1 to 1.

use std::time::Instant;

use infer_trt::{Provider, SessionOptions, open};

fn main() {
    if let Err(e) = time(&std::env::args().skip(1).collect::<Vec<_>>()) {
        eprintln!("error: {e}");
        std::process::exit(1);
    }
}

fn time(args: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let Some(model) = args.first() else {
        return Err("usage: throughput MODEL [PROVIDER] [THREADS] [ROWS]".into());
    };
    let number = |k: usize, default| args.get(k).map_or(Ok(default), |s| s.parse::<usize>());
    let provider: Provider = args.get(1).map_or(Ok(Provider::Native), |s| s.parse())?;
    let threads = number(2, 1)?;
    let rows = number(3, 1_000_000)?;

    let mut session = open(model, &provider, &SessionOptions::default().with_threads(threads))?;
    let x: Vec<f32> =
        (0..rows * session.n_inputs()).map(|k| (k as f32 * 0.618_034).fract() * 2.0 - 1.0).collect();
    let mut y = vec![0.0; rows * session.n_outputs()];
    let mut times = Vec::new();
    let start = Instant::now();
    while times.len() < 5 || start.elapsed().as_secs_f64() < 3.0 {
        let begin = Instant::now();
        session.run(&x, &mut y)?;
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    println!(
        "{model} {provider} threads {threads} rows {rows}: {:.3} ms shortest, {:.3} ms median of {}",
        times[0] * 1e3,
        times[times.len() / 2] * 1e3,
        times.len()
    );
    Ok(())
}
