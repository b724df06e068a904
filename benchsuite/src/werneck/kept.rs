//! Results of paper-scale runs that are kept with the sources: one small file for each network, so
//! that runs over different architectures add up.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::config::Config;
use super::findings::{Sample, Samples, judge};
use super::network::{Class, Network, Set, architectures};
use super::train::{Trained, metrics_path, places};
use crate::claims::Publication;
use crate::figures::rounded;
use crate::kept::{Outcome, Provenance, Source, read_all, write};
use crate::metrics::{self, Progressed};
use crate::{Error, Tier, files};

/// How many points of a training's course are kept.
const COURSE: usize = 100;

/// `networks/*.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Where it comes from.
    pub provenance: Provenance,
    /// The network with its errors.
    pub trained: Trained,
    /// The course of its training: `[iteration, loss, data, physics, initial, learning rate, mean
    /// error, greatest error]`.
    pub course: Vec<[f64; 8]>,
}

/// All kept networks, in the order of their file names; none if the folder is not there.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for a file that is there and cannot be used.
pub(crate) fn load(folder: &Path) -> Result<Vec<Kept>, Error> {
    read_all(&folder.join("networks"))
}

/// The claims' results over all kept networks.
pub(crate) fn samples(kept: &[Kept]) -> Samples<'_> {
    Samples {
        all: kept
            .iter()
            .map(|k| Sample {
                trained: &k.trained,
                command: &k.provenance.command,
                tier: k.provenance.tier,
                seed: k.provenance.seed,
            })
            .collect(),
    }
}

/// Takes the finished networks of a paper-scale run over into `folder`, beside those that are kept
/// already, and writes `results.json` and `table14.csv`, `table15.csv` over all of them. A network
/// that is kept already is replaced.
///
/// # Errors
/// [`Error::BadOption`] if the run is not of the tier `paper` with the paper's iterations or has no
/// finished network; [`Error::Damaged`] or [`Error::Io`] for its files.
pub fn keep(run: &Path, folder: &Path) -> Result<Outcome, Error> {
    let source = Source::open(run, "W-A", |config: &Config| {
        format!(
            "only runs of tier paper are kept; this one is of tier {} with {} iterations",
            config.tier, config.iterations
        )
    })?;
    let provenance = source.provenance()?;
    let (from, mut taken) = (places(run), 0);
    for network in &source.config.networks {
        let name = network.file_name();
        if !from.is_finished(&name) {
            continue;
        }
        let mut trained: Trained = files::read_json(&from.result(&name), "delete it and resume the run")?;
        round_solution(&mut trained);
        let kept = Kept {
            provenance: provenance.clone(),
            course: course(&metrics::read::<Progressed>(&metrics_path(&from, network))?),
            trained,
        };
        let to = folder.join("networks").join(format!("{name}.json"));
        write(&to, &kept)?;
        taken += 1;
    }
    if taken == 0 {
        return Err(source.refused("no network of the run is finished; go on with it by --resume"));
    }
    let total = judge_again(folder)?;
    Ok(Outcome { taken, total, folder: folder.to_owned() })
}

/// Writes `results.json`, `table14.csv` and `table15.csv` anew, from the kept networks and the claims as they are
/// now. Returns how many networks are kept.
///
/// # Errors
/// [`Error::Damaged`] or [`Error::Io`] for kept files.
pub fn judge_again(folder: &Path) -> Result<usize, Error> {
    let publication = Publication::werneck2024()?;
    let kept = load(folder)?;
    let samples = samples(&kept);
    files::write_json(&folder.join("results.json"), &judge(&publication, &samples, Tier::Paper, None))?;
    for set in Set::ALL {
        files::write(&folder.join(format!("table{}.csv", set.table())), csv(&publication, &samples, set))?;
    }
    Ok(kept.len())
}

fn round_solution(trained: &mut Trained) {
    for value in trained.evaluation.solution.iter_mut().flatten() {
        *value = rounded(*value);
    }
}

/// At most [`COURSE`] lines of a log, spread evenly, the last among them.
fn course(lines: &[Progressed]) -> Vec<[f64; 8]> {
    let n = lines.len();
    let take = n.min(COURSE);
    (1..=take)
        .map(|i| &lines[i * n / take - 1])
        .map(|l| {
            let row = [l.loss, l.data, l.physics, l.initial, l.lr, l.mean_error, l.max_error].map(rounded);
            [l.iteration as f64, row[0], row[1], row[2], row[3], row[4], row[5], row[6]]
        })
        .collect()
}

/// A table of the publication with both columns, for other programs. Errors are those of eq. 3.3, but for
/// `mean_error_as_printed` ([`Errors::mean_as_printed`](super::Errors::mean_as_printed)).
fn csv(publication: &Publication, samples: &Samples<'_>, set: Set) -> String {
    let mut out = String::from(
        "layers,class,published_mean_error,published_max_error,mean_error_as_printed,mean_error,max_error,\
         mean_error_accurate,max_error_accurate,iterations,seed\n",
    );
    for layers in architectures(publication, set) {
        for class in Class::ALL {
            let network = Network { set, class, layers: layers.clone() };
            let published = |q| publication.claim(&network.claim(q)).map_or(f64::NAN, |c| c.value);
            let Some(sample) = samples.find(set, class, &layers) else { continue };
            let (e, a) = (sample.trained.evaluation.euler, sample.trained.evaluation.accurate);
            out.push_str(&format!(
                "\"{layers}\",{class},{:e},{:e},{:e},{:e},{:e},{:e},{:e},{},{}\n",
                published("mean_error"),
                published("max_error"),
                e.mean_as_printed(),
                e.mean,
                e.max,
                a.mean,
                a.max,
                sample.trained.iterations,
                sample.trained.seed,
            ));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kept::{hold, networks, try_damage};

    #[test]
    fn what_is_not_there_is_no_error_and_what_is_damaged_is() {
        let folder = tempfile::tempdir().unwrap();
        assert!(load(&folder.path().join("absent")).unwrap().is_empty());
        std::fs::create_dir(folder.path().join("networks")).unwrap();
        std::fs::write(folder.path().join("networks/a.json"), "{}").unwrap();
        assert!(matches!(load(folder.path()), Err(Error::Damaged { .. })));
    }

    /// The results that are kept with the sources can be read, belong to the paper's protocol, and
    /// their `results.json` is what the claims say now.
    #[test]
    fn the_kept_results_are_whole() {
        let publication = Publication::werneck2024().unwrap();
        let folder = crate::kept::folder(&publication);
        let kept = load(&folder).unwrap();
        for k in &kept {
            assert_eq!(k.provenance.tier, Tier::Paper);
            assert_eq!(k.trained.iterations, super::super::config::PAPER_ITERATIONS);
        }
        if !kept.is_empty() {
            hold(&folder.join("results.json"), &judge(&publication, &samples(&kept), Tier::Paper, None));
        }
    }

    #[test]
    fn a_course_is_thinned_evenly_and_keeps_its_end() {
        let line = |iteration| Progressed {
            iteration,
            loss: 1.0 / 3.0,
            data: 0.0,
            physics: 0.0,
            initial: 0.0,
            lr: 1e-3,
            mean_error: 0.1,
            max_error: 0.2,
        };
        let lines: Vec<_> = (1..=250).map(|i| line(10 * i)).collect();
        let thin = course(&lines);
        assert_eq!((thin.len(), thin[99][0], thin[0][1]), (COURSE, 2500.0, 0.333333));
        assert_eq!(course(&lines[..7]).len(), 7);
        assert!(course(&[]).is_empty());
    }

    /// Judged, or refused: what is broken in a kept file never ends a report.
    #[test]
    fn damaged_results_are_read_or_refused() {
        let publication = Publication::werneck2024().unwrap();
        try_damage(&networks(&publication), "networks/a.json", |folder| {
            let kept = load(folder)?;
            let samples = super::samples(&kept);
            judge(&publication, &samples, Tier::Paper, None);
            assert!(Set::ALL.iter().all(|set| !csv(&publication, &samples, *set).is_empty()));
            Ok(())
        });
    }
}
