//! What a trial trains, as a plan says it.

use serde::{Deserialize, Serialize};
use surrogates::{DataNorm, MlpSpec};

use super::terms::{Class, Domain, Extra, ExtraRule, Problem, Protocol, Scaling, Schedule, Times};
use crate::{Error, files};

/// One network to train, with everything that decides its numbers.
///
/// ```
/// use benchsuite::trial::TrialSpec;
///
/// let spec: TrialSpec = toml::from_str(
///     r#"
///     experiment = "W-BS2"
///     problem = "B_S"
///     class = "DDNN"
///     layers = "SiLU32,Tanh32,SiLU32"
///     batch = 128
///     iterations = 1_000_000
///     seed = 1
///     "#,
/// )?;
/// spec.check()?;
/// assert!(spec.id().starts_with("W-BS2-B_S-DDNN-SiLU32-Tanh32-SiLU32-b128-s1-"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialSpec {
    /// The experiment that it belongs to: `W-BS2`. It decides no number.
    pub experiment: String,
    /// The problem.
    pub problem: Problem,
    /// The terms of the loss.
    pub class: Class,
    /// The hidden layers: `SiLU32,Tanh32,SiLU32`.
    pub layers: String,
    /// Rows of data in a batch.
    pub batch: usize,
    /// Points in a batch for each other term of the loss; as many as rows of data unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub physics_batch: Option<usize>,
    /// Iterations.
    pub iterations: u64,
    /// The seed of weights, batches and collocation points. Data sets do not depend on it.
    pub seed: u64,
    /// The end of the time domain; 50 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub t_end: Option<f64>,
    /// Trajectories (half of them to learn from, half to validate with), 10 000 unless set; for an
    /// iterator steps to learn from, 5 000 000 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// An iterator's Δt; 2 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delta_t: Option<f64>,
    /// Windows of equal length that the time domain is divided into, with a network for each and a
    /// continuity term between them (eq. 3.20); one unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<u32>,
    /// Iterations between validations; 10 000 unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validate_every: Option<u64>,
    /// What the network sees for its inputs.
    #[serde(default)]
    pub scaling: Scaling,
    /// How the learning rate falls.
    #[serde(default, skip_serializing_if = "is_default")]
    pub schedule: Schedule,
    /// How data terms count the errors of a row: squared as eqs 3.5 to 3.7 print it, or the length of the
    /// vector, as the author's published program does.
    #[serde(default, skip_serializing_if = "is_default")]
    pub loss: DataNorm,
    /// When the solutions to learn from are sampled.
    #[serde(default, skip_serializing_if = "is_default")]
    pub times: Times,
    /// Where initial states lie.
    #[serde(default, skip_serializing_if = "is_default")]
    pub domain: Domain,
    /// A second data set where a scout errs; none unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extra: Option<Extra>,
}

/// Where the (longer) time domain of a problem ends: at 50 in the text, and in the program for problem C at 20.
pub(super) fn until(problem: Problem, protocol: Protocol) -> f64 {
    if problem == Problem::C && protocol == Protocol::Program { 20.0 } else { 50.0 }
}

/// Specs from before there was a choice keep their names.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

impl TrialSpec {
    /// The trial's name, fit for a folder: what a person looks for, and eight digits of a hash over
    /// everything that decides its numbers. It does not change as long as the spec does not.
    pub fn id(&self) -> String {
        let json = serde_json::to_string(self).expect("invariant: a spec has string keys");
        let hash = files::sha256(json.as_bytes());
        format!(
            "{}-{}-{}-{}-b{}-s{}-{}",
            self.experiment,
            self.problem,
            self.class,
            self.layers.replace(',', "-").replace(' ', ""),
            self.batch,
            self.seed,
            &hash[..8]
        )
    }

    /// The end of the time domain.
    pub fn t_end(&self) -> f64 {
        self.t_end.unwrap_or(50.0)
    }

    /// An iterator's step.
    pub fn delta_t(&self) -> f64 {
        self.delta_t.unwrap_or(2.0)
    }

    /// Trajectories, or an iterator's steps to learn from.
    pub fn samples(&self) -> u64 {
        self.samples.unwrap_or(if self.class == Class::Itnn { 5_000_000 } else { 10_000 })
    }

    /// Points in a batch for terms other than data.
    pub fn physics_batch(&self) -> usize {
        self.physics_batch.unwrap_or(self.batch)
    }

    /// Windows of the time domain.
    pub fn windows(&self) -> u32 {
        self.windows.unwrap_or(1)
    }

    /// Whether it is of the publication's size: a million iterations, and as much data.
    pub fn is_full(&self) -> bool {
        self.iterations == 1_000_000 && self.samples.is_none()
    }

    /// Whether its numbers may be held against the publication's: of its size, with its protocol.
    pub fn is_paper(&self) -> bool {
        self.is_full() && self.protocol().is_some()
    }

    /// The publication's protocol that it follows; none if it is of our own making.
    pub fn protocol(&self) -> Option<Protocol> {
        let times = if self.class == Class::Itnn { Times::Random } else { Times::Grid };
        let until = self.problem != Problem::C || self.t_end() == until(self.problem, Protocol::Program);
        match (self.schedule, self.loss, self.domain) {
            (Schedule::Printed, DataNorm::Squared, Domain::Printed) if self.times == Times::Random => {
                Some(Protocol::Text)
            }
            (Schedule::Printed, DataNorm::Euclidean, Domain::Program) if self.times == times && until => {
                Some(Protocol::Program)
            }
            _ => None,
        }
    }

    /// Iterations between validations.
    pub fn validate_every(&self) -> u64 {
        self.validate_every.unwrap_or(10_000)
    }

    /// The network: inputs t, U₀, W₀ (and K), or for an iterator U, W (and K); outputs U and W.
    ///
    /// # Errors
    /// [`Error::BadTrial`] for layers that are none.
    pub fn network(&self) -> Result<MlpSpec, Error> {
        let time = usize::from(self.class != Class::Itnn);
        let parameter = usize::from(self.problem == Problem::C);
        MlpSpec::parse(2 + time + parameter, &self.layers, 2)
            .map_err(|e| Error::bad_trial("layers", &self.layers, e.to_string()))
    }

    /// Checks everything that can be checked without training.
    ///
    /// # Errors
    /// [`Error::BadTrial`] naming the field, its value and what is allowed.
    pub fn check(&self) -> Result<(), Error> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.experiment.is_empty() || !self.experiment.chars().all(plain) {
            let why = "it must be an id such as W-BS2, of letters, digits, `-` and `_`";
            return Err(Error::bad_trial("experiment", &self.experiment, why));
        }
        // One spelling: results are found by it.
        let spelled = self.network()?.to_string();
        if spelled != self.layers {
            return Err(Error::bad_trial("layers", &self.layers, format!("write it as `{spelled}`")));
        }
        batch("batch", self.batch)?;
        batch("physics_batch", self.physics_batch())?;
        let iterator = self.class == Class::Itnn;
        if self.physics_batch.is_some() && matches!(self.class, Class::Ddnn | Class::Itnn) {
            let why = format!("a {} has no term besides data; leave it out", self.class);
            return Err(Error::bad_trial("physics_batch", self.physics_batch(), why));
        }
        whole("iterations", self.iterations, 1, 1 << 40)?;
        // Every reader of JSON keeps integers below 2⁵³ exactly.
        whole("seed", self.seed, 0, (1 << 53) - 1)?;
        whole("validate_every", self.validate_every(), 1, 1 << 40)?;
        whole("samples", self.samples(), 2, 1 << 26)?;
        whole("windows", u64::from(self.windows()), 1, 1000)?;
        number("t_end", self.t_end(), 1e-3, 1e4)?;
        number("delta_t", self.delta_t(), 1e-3, self.t_end())?;
        if self.delta_t.is_some() && !iterator {
            let why = "only an ITNN takes steps; leave it out";
            return Err(Error::bad_trial("delta_t", self.delta_t(), why));
        }
        if iterator && self.windows() > 1 {
            let why = "an ITNN has no time domain to divide; leave it out";
            return Err(Error::bad_trial("windows", self.windows(), why));
        }
        if iterator && self.times == Times::Grid {
            let why = "an ITNN learns steps, not solutions; leave it out";
            return Err(Error::bad_trial("times", "grid", why));
        }
        if let Some(extra) = &self.extra {
            extra.check(self)?;
        }
        Ok(())
    }
}

impl Extra {
    fn check(&self, spec: &TrialSpec) -> Result<(), Error> {
        TrialSpec { layers: self.scout.clone(), extra: None, ..spec.clone() }
            .network()
            .map_err(|_| Error::bad_trial("extra.scout", &self.scout, "it is no list of layers"))?;
        match self.rule {
            ExtraRule::TopShare(share) => number("extra.rule.top_share", share, 1e-6, 1.0)?,
            ExtraRule::ErrorAbove(error) => number("extra.rule.error_above", error, 0.0, 100.0)?,
        }
        whole("extra.scout_iterations", self.scout_iterations, 1, 1 << 40)?;
        whole("extra.samples", self.samples, 1, 1 << 26)?;
        number("extra.radius", self.radius, 0.0, 1.0)?;
        number("extra.weight", self.weight, 0.0, 1e6)?;
        batch("extra.batch", self.batch)
    }
}

fn batch(field: &str, value: usize) -> Result<(), Error> {
    whole(field, value as u64, 1, 1 << 20)
}

fn whole(field: &str, value: u64, low: u64, high: u64) -> Result<(), Error> {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(Error::bad_trial(field, value, format!("it must be from {low} to {high}")))
}

fn number(field: &str, value: f64, low: f64, high: f64) -> Result<(), Error> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::bad_trial(field, value, format!("it must be a number from {low} to {high}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec() -> TrialSpec {
        TrialSpec {
            experiment: "W-BS2".into(),
            problem: Problem::BS,
            class: Class::Ddnn,
            layers: "SiLU32,Tanh32,SiLU32".into(),
            batch: 128,
            physics_batch: None,
            iterations: 1_000_000,
            seed: 1,
            t_end: None,
            samples: None,
            delta_t: None,
            windows: None,
            validate_every: None,
            scaling: Scaling::Physical,
            schedule: Schedule::Printed,
            loss: DataNorm::Squared,
            times: Times::Random,
            domain: Domain::Printed,
            extra: None,
        }
    }

    fn extra() -> Extra {
        Extra {
            rule: ExtraRule::TopShare(0.05),
            scout: "SiLU16,Tanh16".into(),
            scout_iterations: 1000,
            samples: 1000,
            radius: 0.02,
            batch: 64,
            weight: 1.0,
        }
    }

    #[test]
    fn the_name_changes_with_everything_that_decides_a_number() {
        let base = spec();
        base.check().unwrap();
        let mut names = vec![base.id()];
        for change in [
            (|s| s.iterations = 7) as fn(&mut TrialSpec),
            |s| s.t_end = Some(5.0),
            |s| s.samples = Some(100),
            |s| s.windows = Some(10),
            |s| s.scaling = Scaling::Domain,
            |s| s.extra = Some(extra()),
            |s| s.schedule = Schedule::Acting,
            |s| s.loss = DataNorm::Euclidean,
            |s| s.times = Times::Grid,
            |s| s.domain = Domain::Program,
            |s| s.seed = 2,
            |s| s.class = Class::Pinn,
            |s| s.problem = Problem::BC,
        ] {
            let mut other = base.clone();
            change(&mut other);
            other.check().unwrap();
            names.push(other.id());
            // What is written is read.
            let json = serde_json::to_string(&other).unwrap();
            assert_eq!(serde_json::from_str::<TrialSpec>(&json).unwrap(), other);
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_field() {
        for (field, change) in [
            ("experiment", (|s| s.experiment = "a/b".into()) as fn(&mut TrialSpec)),
            ("layers", |s| s.layers = "Gelu32".into()),
            ("batch", |s| s.batch = 0),
            ("physics_batch", |s| s.physics_batch = Some(128)),
            ("iterations", |s| s.iterations = 0),
            ("seed", |s| s.seed = u64::MAX),
            ("t_end", |s| s.t_end = Some(f64::NAN)),
            ("t_end", |s| s.t_end = Some(-1.0)),
            ("samples", |s| s.samples = Some(1)),
            ("delta_t", |s| s.delta_t = Some(2.0)),
            ("windows", |s| (s.class, s.windows) = (Class::Itnn, Some(2))),
            ("windows", |s| s.windows = Some(0)),
            ("times", |s| (s.class, s.times) = (Class::Itnn, Times::Grid)),
            ("validate_every", |s| s.validate_every = Some(0)),
            ("extra.rule.top_share", |s| {
                s.extra = Some(Extra { rule: ExtraRule::TopShare(0.0), ..extra() });
            }),
            ("extra.scout", |s| s.extra = Some(Extra { scout: "Foo8".into(), ..extra() })),
            ("extra.radius", |s| s.extra = Some(Extra { radius: f64::INFINITY, ..extra() })),
        ] {
            let mut bad = spec();
            change(&mut bad);
            match bad.check() {
                Err(Error::BadTrial { field: found, .. }) => assert_eq!(found, field),
                other => panic!("{field}: {other:?}"),
            }
        }
        assert!(serde_json::from_str::<TrialSpec>(r#"{"experiment": "W-BS2", "lr": 1}"#).is_err());
    }
}
