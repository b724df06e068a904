//! One network of a sweep: from a few words in a plan to a judged ONNX file.
//!
//! A [`TrialSpec`] says what to train; [`run`] trains it in a folder of its own and returns a
//! [`TrialResult`]. A sweep is many of these, one to a thread, in one process or in several: they
//! share nothing but a cache of data sets.
//!
//! What the dissertation does not print, and what is taken here:
//!
//! * how many times each solution is sampled at, and which: 50, drawn uniformly for each solution, unless
//!   the spec says otherwise ([`Times`]);
//! * whether inputs are scaled: they are not, unless the spec says so ([`Scaling`]);
//! * whether the two halves of the data share solutions: they do not;
//! * weights of the loss's terms: 1;
//! * the region near the unstable equilibrium: U₀ from 0.3 to 0.5;
//! * which network finds the region of high error, how near to its points new ones lie, how many they
//!   are and how large their share of a batch is: the plan says it ([`Extra`]);
//! * which of the validated networks is reported: the last.
//!
//! The schedule of section 3.2 (factor 0.999999, eps 1e-8) never changes a learning rate of 1e-3, and the
//! errors of the last validations scatter by a factor of up to two. [`Schedule::Acting`] is a schedule that
//! acts.
//!
//! Trained as the text says, networks err more than printed. The program that the dissertation's author
//! published differs from the text in four things, and each makes the number smaller: it takes the mean of
//! |ΔU| and |ΔW| where eq. 3.3 prints their sum, which halves it; its loss is the mean length of the error
//! vector where eqs 3.5 to 3.7 print half its square; its initial states lie in a smaller domain than that of
//! Table 1 (for iterators in a larger one); and it learns problem C up to t = 20, where the text has 50. It samples
//! solutions every 0.1; the text does not say how often. [`Protocol`] names both, and a spec says which with
//! `loss`, `times`, `domain` and `t_end`. Numbers of networks that were trained by the program's protocol are held
//! against printed ones in its measure ([`TrialResult::judged`]); what is kept of a trial is eq. 3.3 in any case.

pub(crate) mod baseline;
mod cache;
mod cost;
mod evaluate;
mod extra;
mod field;
mod findings;
pub mod kept;
mod many;
mod recipes;
mod result;
mod sets;
mod settings;
mod spec;
mod terms;
mod train;

use std::path::Path;
use std::sync::Arc;

use infer_trt::{Provider, Session, SessionOptions};
use surrogates::onnx::{self, Label};
use surrogates::{Mlp, TrainingSet};

#[cfg(test)]
pub(crate) use cost::planned;
pub(crate) use findings::judge_all;
pub use findings::{judge, one_protocol};
pub(crate) use many::{Windows, over_batches, pairs, rank_correlation, windows};
pub use result::{Course, Errors, Progress, Scores, TrialResult};
pub(crate) use result::{IN_PROGRAMS_MEASURE, PROGRAMS_MEASURE};
pub use spec::TrialSpec;
pub use terms::{Class, Domain, Extra, ExtraRule, Problem, Protocol, Scaling, Schedule, Times};

use self::sets::Sets;
use crate::interrupt::Stop;
use crate::manifest::{Code, Machine, now};
use crate::{Error, files};

/// Trains one network to its end, or goes on where an earlier call was stopped, exports it, and
/// judges the exported file.
///
/// `folder` belongs to this trial alone: it receives `checkpoint.safetensors` while training goes
/// on, and in the end `model.onnx` and `result.json`. If `result.json` is there, it is returned and
/// nothing is computed. A call that goes on from a checkpoint ends with the same bits as one that
/// was never stopped (but for the times).
///
/// `data_cache` holds data sets by the hash of their recipe. Any number of processes may share it:
/// the first to need a set generates it while the others wait.
///
/// `beat` is called at least every second or so, also while data sets are generated.
///
/// # Errors
/// [`Error::BadTrial`] for a spec that makes no sense, [`Error::TrialStopped`] after `stop` was
/// requested and the state was saved, and those of data, training and inference.
pub fn run(
    spec: &TrialSpec,
    folder: &Path,
    data_cache: &Path,
    stop: Stop,
    beat: &mut dyn FnMut(Progress),
) -> Result<TrialResult, Error> {
    spec.check()?;
    let result_path = folder.join("result.json");
    if result_path.exists() {
        return finished(spec, folder, &result_path);
    }
    files::create_folder(folder)?;
    let total = spec.iterations * u64::from(spec.windows());
    let progress =
        |iteration, mean_error, stage| Progress { iteration, iterations: total, mean_error, stage };

    let sets = cache::watched(|| Sets::prepare(spec, data_cache, stop), || beat(progress(0, None, "data")))?;
    let network = spec.network()?;
    let edges = sets::edges(spec);
    let (mut sessions, mut courses, mut hashes) = (Vec::new(), Vec::new(), Vec::new());
    let (mut microseconds, mut latest) = (0.0, None);
    let mut previous: Option<Mlp> = None;
    for (k, edge) in edges.iter().enumerate() {
        let done = k as u64 * spec.iterations;
        let part = Part { spec, folder, index: k, window: (if k == 0 { 0.0 } else { edges[k - 1] }, *edge) };
        let mut tell = |iteration, mean| {
            latest = mean;
            beat(progress(done + iteration, mean, "training"));
        };
        let trained = part.train(&sets, previous.take(), stop, &mut tell)?;
        microseconds += trained.iteration_us / edges.len() as f64;
        courses.push(train::course(&trained.trainer));
        let (session, hash) = part.export(trained.trainer.network())?;
        sessions.push(session);
        hashes.push(hash);
        previous = Some(trained.trainer.network().clone());
    }
    let mut tell = || beat(progress(total, latest, "evaluation"));
    let (scores, one_step) = match sets.domain() {
        Some(domain) => {
            let one_step = evaluate::at_rows(&mut *sessions[0], sets.validation(), &mut tell)?;
            (evaluate::iterated(&mut *sessions[0], domain, &mut tell)?, Some(one_step))
        }
        None => (evaluate::in_windows(&mut sessions, &edges, sets.validation(), &mut tell)?, None),
    };
    let reused = match sets.long() {
        Some(long) => Some(evaluate::reused(&mut *sessions[0], spec.t_end(), long, &mut tell)?),
        None => None,
    };
    let result = TrialResult {
        format: TrialResult::FORMAT,
        id: spec.id(),
        parameters: network.parameters(),
        neurons: network.neurons(),
        iterations: spec.iterations,
        iteration_us: microseconds,
        scores,
        one_step,
        reused,
        courses,
        onnx_sha256: hashes,
        datasets: sets.hashes(),
        code: Code::current(),
        machine: Machine::current(),
        finished: now(),
        spec: spec.clone(),
    };
    files::write_json(&result_path, &result)?;
    Ok(result)
}

/// The result of an earlier call, if it is this trial's and its networks are still those judged.
fn finished(spec: &TrialSpec, folder: &Path, path: &Path) -> Result<TrialResult, Error> {
    let remedy = format!("delete {} to train it again", folder.display());
    let result: TrialResult = files::read_json(path, &remedy)?;
    let damaged = |path: &Path, why: &str| Error::Damaged {
        path: path.to_owned(),
        why: why.to_owned(),
        remedy: remedy.clone(),
    };
    if result.spec != *spec {
        return Err(damaged(path, "it belongs to another trial"));
    }
    for (k, hash) in result.onnx_sha256.iter().enumerate() {
        let model = folder.join(model_name(spec, k));
        if files::sha256_of(&model, "delete the trial's folder to train it again")? != *hash {
            return Err(damaged(&model, "its SHA-256 is not the one in result.json"));
        }
    }
    Ok(result)
}

/// The exported file of a network of a trial, in the trial's folder: the only one, or that of a window.
pub(crate) fn model_name(spec: &TrialSpec, index: usize) -> String {
    if spec.windows() == 1 { "model.onnx".into() } else { format!("window-{index}/model.onnx") }
}

/// One network of a trial: the only one, or that of a window.
struct Part<'a> {
    spec: &'a TrialSpec,
    folder: &'a Path,
    index: usize,
    window: (f64, f64),
}

impl Part<'_> {
    fn train(
        &self,
        sets: &Sets,
        previous: Option<Mlp>,
        stop: Stop,
        beat: &mut dyn FnMut(u64, Option<f64>),
    ) -> Result<train::Trained, Error> {
        let model = self.folder.join(model_name(self.spec, self.index));
        let folder = model.parent().unwrap_or(self.folder);
        files::create_folder(folder)?;
        let name = if self.spec.windows() == 1 { String::new() } else { format!("window {}", self.index) };
        let config = settings::settings(self.spec, self.window, &name)?;
        let (train, extra, validation) = sets.of_window(self.spec, self.index)?;
        let field: Arc<dyn surrogates::VectorField> = Arc::new(field::Field::new(self.spec.problem));
        let set = TrainingSet {
            train: Some(train),
            validation: Some(validation),
            field: (!config.physics.is_empty()).then_some(field),
            extra,
            previous,
        };
        train::train(&self.spec.id(), folder, config, set, self.spec.iterations, stop, beat)
    }

    fn export(&self, network: &Mlp) -> Result<(Box<dyn Session>, String), Error> {
        let spec = self.spec;
        let path = self.folder.join(model_name(spec, self.index));
        let pure = |names: &[&str]| names.iter().map(|n| Label::new(*n, "1")).collect::<Vec<_>>();
        let mut inputs =
            if spec.class == Class::Itnn { pure(&["U", "W"]) } else { pure(&["t", "U_0", "W_0"]) };
        if spec.problem == Problem::C {
            inputs.extend(pure(&["I_stim"]));
        }
        let text = format!(
            "Werneck 2024, problem {}, {} {}; t from {} to {}",
            spec.problem, spec.class, spec.layers, self.window.0, self.window.1
        );
        let description = onnx::Description {
            text,
            inputs,
            targets: pure(&["U", "W"]),
            recipe_sha256: String::new(),
            properties: vec![
                ("iterations".into(), spec.iterations.to_string()),
                ("seed".into(), spec.seed.to_string()),
            ],
        };
        onnx::export(network, &description, &path)
            .map_err(|e| Error::Training { network: spec.id(), source: Box::new(e) })?;
        let bytes = std::fs::read(&path).map_err(Error::io(&path, "run the trial again"))?;
        let options = SessionOptions::default().with_threads(1);
        Ok((infer_trt::open(&path, &Provider::Native, &options)?, files::sha256(&bytes)))
    }
}
