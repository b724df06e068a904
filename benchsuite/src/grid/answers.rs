//! What the networks of an experiment say to its question: sentences computed from their results, each with
//! the number of networks that it is over.

use std::collections::BTreeMap;

use super::findings::architectures;
use super::select::{self, LARGE, depth, error, shape};
use super::tables::layers;
use crate::claims::Publication;
use crate::report::{Cell, Table, header, scientific};
use crate::stats::{self, Shape};
use crate::trial::{self, Class, TrialResult, TrialSpec};

/// The answer of an experiment's results, all of one protocol ([`select::of`]), in sentences; none where they say
/// nothing.
pub fn answer(publication: &Publication, experiment: &str, of: &[&TrialResult]) -> Vec<String> {
    match experiment {
        "W-BS1" => classes(of),
        "W-BS2" => architecture(publication, of),
        "W-BC1" => domains(publication, of),
        "W-BC2" => {
            let once = select::first_seed(of);
            notable(publication, "W-BC2/DDNN/Sin16,Tanh32,Sin16/mean_error", &once)
        }
        "W-IT" => iterators(of),
        "W-C" => extra_data(publication, of),
        "W-WIN" => windows(of),
        _ => Vec::new(),
    }
}

/// `0.72`, `1.6`, `25`: two digits.
fn two(ratio: f64) -> String {
    match ratio.abs() {
        0.01..0.1 => format!("{ratio:.3}"),
        0.1..1.0 => format!("{ratio:.2}"),
        1.0..10.0 => format!("{ratio:.1}"),
        10.0..1e5 => format!("{ratio:.0}"),
        _ => format!("{ratio:.1e}"),
    }
}

/// Median and range of ratios in words: `1.8 times (median; 0.72 to 2.4)`.
fn times(ratios: &[f64]) -> String {
    let (low, high) = stats::range(ratios.iter().copied());
    let median = two(stats::median(ratios).unwrap_or(f64::NAN));
    if ratios.len() > 1 {
        format!("{median} times (median; {} to {})", two(low), two(high))
    } else {
        format!("{median} times")
    }
}

/// Ours beside a published number: `, 0.70 of the published 3.88e-4`.
fn beside(publication: &Publication, id: &str, ours: f64) -> String {
    publication.claim(id).map_or(String::new(), |claim| {
        let ratio = ours / claim.value;
        let of = if ratio < 1.0 { "of" } else { "times" };
        format!(", {} {of} the published {}", two(ratio), scientific(claim.value))
    })
}

/// W-BS1: do the equations help where data are dense?
fn classes(of: &[&TrialResult]) -> Vec<String> {
    let mut sentences = Vec::new();
    let against_data = |class: Class, value: fn(&TrialResult) -> f64| -> Vec<f64> {
        let informed = of.iter().filter(|r| r.spec.class == class);
        informed
            .filter_map(|r| {
                let same = TrialSpec { class: Class::Ddnn, physics_batch: None, ..r.spec.clone() };
                let data = of.iter().find(|d| d.spec == same)?;
                Some(value(r) / value(data))
            })
            .collect()
    };
    for (class, what) in [
        (Class::Pinn, "with the equations in its loss"),
        (Class::DdnnA, "with the equations near the unstable equilibrium"),
        (Class::PinnA, "with both"),
    ] {
        let errors = against_data(class, error);
        if errors.is_empty() {
            continue;
        }
        let better = errors.iter().filter(|r| **r < 1.0).count();
        let helps = match better {
            0 => "do not help",
            n if n == errors.len() => "help",
            _ => "help some and not others",
        };
        sentences.push(format!(
            "A {class}, {what}, errs less than the DDNN of the same layers and batch in {better} of {} pairs, and {} \
             as much: where the data are 5,000 solutions, equations {helps}. An iteration takes {} as long.",
            errors.len(),
            times(&errors),
            times(&against_data(class, |r| r.iteration_us)),
        ));
    }
    let over = trial::over_batches(of);
    if !over.is_empty() {
        sentences.push(format!(
            "Batches of 128 give {} the error of the best of five batch sizes, over {} architectures.",
            times(&over),
            over.len()
        ));
    }
    sentences
}

/// W-BS2: which architectures are best?
fn architecture(publication: &Publication, of: &[&TrialResult]) -> Vec<String> {
    let once = architectures(of);
    let mut sentences = notable(publication, "W-BS2/best", &once);
    let best = |layers: usize| select::best(&once, |r| depth(r) == layers);
    if let (Some(two_layers), Some(three)) = (best(2), best(3)) {
        let count = |layers: usize| once.iter().filter(|r| depth(r) == layers).count();
        sentences.push(format!(
            "The best of {} networks of two layers errs {} times as much as the best of {} of three.",
            count(2),
            two(error(two_layers) / error(three)),
            count(3)
        ));
    }
    let small = once.iter().filter(|r| r.neurons < LARGE).count();
    for (name, shape) in [
        ("bowties (three layers, the middle one the smallest)", Shape::Bowtie),
        ("diamonds (the middle one the largest; Tables 4 and 17 call (8, 32, 8) a bowtie)", Shape::Diamond),
    ] {
        let Wins { won, of, networks } = wins(&once, shape);
        if of > 0 {
            sentences.push(format!(
                "Among the {small} networks of fewer than {LARGE} neurons, {name} err less on the average than other \
                 shapes of as many neurons at {won} of {of} numbers of neurons that have both ({networks} of them)."
            ));
        }
    }
    sentences
}

/// How a shape does against others of as many neurons.
#[derive(Debug, Default, PartialEq)]
struct Wins {
    /// Numbers of neurons at which it errs least on the average,
    won: usize,
    /// of so many that have it and others.
    of: usize,
    /// Networks of that shape there.
    networks: usize,
}

fn wins(of: &[&TrialResult], wanted: Shape) -> Wins {
    let small: Vec<&TrialResult> = of
        .iter()
        .copied()
        .filter(|r| r.neurons < LARGE && select::is_sound(r) && shape(r).is_some())
        .collect();
    let mut wins = Wins::default();
    for same in select::by(&small, |r| r.neurons).values() {
        let mut by_shape: BTreeMap<bool, Vec<f64>> = BTreeMap::new();
        same.iter().for_each(|r| by_shape.entry(shape(r) == Some(wanted)).or_default().push(error(r)));
        if let (Some(own), Some(others)) = (by_shape.get(&true), by_shape.get(&false)) {
            wins.of += 1;
            wins.networks += own.len();
            wins.won += usize::from(stats::mean(own) < stats::mean(others));
        }
    }
    wins
}

/// The best network beside a published one, and the smallest that errs less than a hundredth.
fn notable(publication: &Publication, id: &str, of: &[&TrialResult]) -> Vec<String> {
    let Some(best) = select::best(of, |_| true) else { return Vec::new() };
    let mut sentences = vec![format!(
        "The best of {} networks is {} with {} neurons, mean error {}{}.",
        of.len(),
        layers(&best.spec.layers),
        best.neurons,
        scientific(error(best)),
        beside(publication, id, error(best))
    )];
    if let Some(small) = select::smallest(of, 0.01) {
        sentences.push(format!(
            "The smallest below 0.01 is {} with {} neurons, {}.",
            layers(&small.spec.layers),
            small.neurons,
            scientific(error(small))
        ));
    }
    sentences
}

/// W-BC1: how much does a short time domain gain?
fn domains(publication: &Publication, of: &[&TrialResult]) -> Vec<String> {
    let errors = |t_end: f64| -> Vec<f64> {
        of.iter().filter(|r| r.spec.t_end() == t_end && select::is_sound(r)).map(|r| error(r)).collect()
    };
    let (long, short) = (errors(50.0), errors(5.0));
    if long.is_empty() || short.is_empty() {
        return Vec::new();
    }
    let ratio = stats::mean(&long) / stats::mean(&short);
    let pairs: Vec<f64> = of
        .iter()
        .filter(|r| r.spec.t_end() == 5.0)
        .filter_map(|r| {
            let same = TrialSpec { t_end: Some(50.0), ..r.spec.clone() };
            let mut long = of.iter().filter(|w| w.spec.t_end() == 50.0);
            let whole = long.find(|w| TrialSpec { t_end: Some(50.0), ..w.spec.clone() } == same)?;
            Some(error(whole) / error(r))
        })
        .collect();
    let better = pairs.iter().filter(|r| **r > 1.0).count();
    vec![format!(
        "Up to t = 5 networks err {} times less than up to t = 50: {} on the average of {} networks, and {} of {} \
         (printed: {} times). With the same layers the short domain is better in {better} of {} pairs, and the error of \
         the long one is {} its own.",
        two(ratio),
        scientific(stats::mean(&short)),
        short.len(),
        scientific(stats::mean(&long)),
        long.len(),
        publication.claim("W-BC1/ratio").map_or("–".into(), |c| two(c.value)),
        pairs.len(),
        times(&pairs)
    )]
}

/// With extra points against without, of networks that differ in nothing else.
fn with_extra(of: &[&TrialResult]) -> Option<String> {
    let pairs = trial::pairs(of);
    if pairs.is_empty() {
        return None;
    }
    let columns =
        |error: fn(&TrialResult) -> f64| [0, 1].map(|k| pairs.iter().map(|pair| error(pair[k])).collect());
    let better = |[without, with]: &[Vec<f64>; 2]| {
        without.iter().zip(with).filter(|(without, with)| with < without).count()
    };
    let mean: [Vec<f64>; 2] = columns(error);
    let greatest: [Vec<f64>; 2] = columns(|r| r.scores.euler.max);
    let ratios: Vec<f64> = mean[0].iter().zip(&mean[1]).map(|(without, with)| with / without).collect();
    let [least_without, least_with] = mean.each_ref().map(|errors| stats::range(errors.iter().copied()).0);
    let [without, with] = mean.each_ref().map(|errors| errors.iter().map(|e| e.ln()).collect::<Vec<_>>());
    let test = stats::paired(&with, &without).map_or(String::new(), |test| {
        format!(
            " A paired t test of the logarithms of mean errors gives t({:.0}) = {:.2}, p = {}.",
            test.degrees,
            test.t,
            two(test.p)
        )
    });
    Some(format!(
        "Extra data where a scout errs most make the error smaller in {} of {} pairs of networks that differ in \
         nothing else (with them it is {} that without), and the greatest error in {}; the best of those with them errs \
         {} times as much as the best without.{test}",
        better(&mean),
        pairs.len(),
        times(&ratios),
        better(&greatest),
        two(least_with / least_without)
    ))
}

/// W-IT: do extra points help an iterator, and does the error of a step tell that of the whole?
fn iterators(of: &[&TrialResult]) -> Vec<String> {
    let mut sentences: Vec<String> = with_extra(of).into_iter().collect();
    let both: Vec<(f64, f64)> = of.iter().filter_map(|r| Some((r.judged_step()?, error(r)))).collect();
    if both.len() > 2 {
        let (low, high) = stats::range(both.iter().map(|b| b.1));
        let (least, most) = stats::range(both.iter().map(|b| b.0));
        sentences.push(format!(
            "Over the whole time domain {} networks err by {} to {}, over one step by {} to {}; the rank correlation of \
             the two is {:.2}.",
            both.len(),
            scientific(low),
            scientific(high),
            scientific(least),
            scientific(most),
            trial::rank_correlation(&both)
        ));
    }
    for (layers, seeds) in seeds(of) {
        let (least, most) = stats::range(seeds.iter().copied());
        sentences.push(format!(
            "{} seeds of {} give {} to {}, in the middle {}: a factor of {} by chance.",
            seeds.len(),
            super::tables::layers(layers),
            scientific(least),
            scientific(most),
            scientific(stats::median(&seeds).unwrap_or(f64::NAN)),
            two(most / least)
        ));
    }
    sentences
}

/// Errors of networks that were trained with several seeds, by their layers.
fn seeds<'a>(of: &[&'a TrialResult]) -> BTreeMap<&'a str, Vec<f64>> {
    let mut by_layers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for r in of.iter().filter(|r| r.spec.extra.is_some()) {
        by_layers.entry(&r.spec.layers).or_default().push(error(r));
    }
    by_layers.retain(|_, errors| errors.len() > 1);
    by_layers
}

/// W-C: do extra data help, and how good is the best?
fn extra_data(publication: &Publication, of: &[&TrialResult]) -> Vec<String> {
    let mut sentences = notable(publication, "W-C/extra/ELU16,Tanh16,Sin16/mean_error", of);
    let best = |layers: usize| select::best(of, |r| depth(r) == layers && r.spec.extra.is_some());
    if let (Some(two_layers), Some(three)) = (best(2), best(3)) {
        sentences.push(format!(
            "With extra data the best network of two layers errs {} times as much as the best of three.",
            two(error(two_layers) / error(three))
        ));
    }
    let nothing = || "No architecture is kept both with and without extra data.".into();
    sentences.push(with_extra(of).unwrap_or_else(nothing));
    sentences
}

/// W-WIN: what do windows gain, and may one be used again?
fn windows(of: &[&TrialResult]) -> Vec<String> {
    let all = trial::windows(of);
    let ratios = |to: fn(&trial::Windows) -> Option<f64>| -> Vec<f64> {
        all.iter().filter_map(|w| Some(to(w)? / w.whole)).collect()
    };
    let mut sentences = Vec::new();
    let (ten, reused) = (ratios(|w| w.ten), ratios(|w| w.reused));
    if !ten.is_empty() {
        sentences.push(format!(
            "Ten networks for a tenth of the time domain each err {} as much as one network for the whole of it, over \
             {} architectures.",
            times(&ten),
            ten.len()
        ));
    }
    if !reused.is_empty() {
        let better = reused.iter().filter(|r| **r < 1.0).count();
        let agrees = if 2 * better > reused.len() {
            "as the text expects"
        } else {
            "where the text expects greater accuracy: errors at the end of a window are the next one's initial state, and grow"
        };
        sentences.push(format!(
            "One network for the first tenth, used ten times through its initial state, errs {} as much as one \
             for the whole, over {} architectures, {agrees}.",
            times(&reused),
            reused.len()
        ));
    }
    sentences
}

/// One network, ten windows, one window used ten times, beside each other; none without such networks.
pub fn windows_table(of: &[&TrialResult]) -> Option<Table> {
    let all = trial::windows(of);
    let row = |w: &trial::Windows| {
        vec![
            Cell::text(layers(&w.layers)),
            Cell::digits(w.neurons.to_string()),
            Cell::number(Some(w.whole)),
            Cell::number(w.ten),
            Cell::number(w.short),
            Cell::number(w.reused),
        ]
    };
    (!all.is_empty()).then(|| Table {
        caption: format!(
            "Time windows (section 3.4.1, no table is printed): mean error of {} architectures up to t = 50, but for \
             the column that ends at 5",
            all.len()
        ),
        groups: vec![(String::new(), 2), ("up to t = 50".into(), 2), ("one window of 5".into(), 2)],
        header: header([
            "Layers",
            "Neurons",
            "one network",
            "ten windows",
            "over its own t ≤ 5",
            "used ten times, up to 50",
        ]),
        rows: all.iter().map(row).collect(),
    })
}

#[cfg(test)]
mod tests;
