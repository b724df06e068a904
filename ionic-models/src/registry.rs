//! All models by name, with their tables.
//!
//! ```
//! use ionic_models::{registry, Stimulus};
//!
//! let entry = registry::find("hodgkin_huxley_1952", Some("modern"))?;
//! let mut axon = entry.cell();
//! axon.set_stimulus(Stimulus::constant(10.0)?);
//! axon.set_parameter("g_Na", 100.0)?;
//! assert_eq!(axon.initial_state()[0], -65.0);
//!
//! let error = registry::find("hodgkin_huxly", None).unwrap_err();
//! assert!(error.to_string().contains("did you mean `hodgkin_huxley_1952`?"));
//! # Ok::<(), ionic_models::Error>(())
//! ```

use std::any::TypeId;
use std::sync::{LazyLock, PoisonError, RwLock};

use serde::Serialize;

use crate::cell::with_values;
use crate::models::{
    BeelerReuter1977, FitzHughNagumo, FitzHughNagumoPavia, HodgkinHuxley1952, LuoRudy1991, OHaraRudy2011,
    OHaraRudyCipa2017, ShermanRinzelKeizer1988, TenTusscherPanfilov2006, ToROrd2020,
};
use crate::names::near_misses;
use crate::{AnyCell, Cell, Current, Error, IonicModel, StimulusConvention, Variable};

/// A model with the values of one variant.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The identifier: `ohara_rudy_2011`.
    pub id: &'static str,
    /// The variant: `endo`; empty for a model with only one set of values.
    pub variant: &'static str,
    /// The variant in a few words.
    pub description: &'static str,
    /// The publication, with its DOI.
    pub citation: &'static str,
    /// The unit of time.
    pub time_unit: &'static str,
    /// Unit and sign of the stimulus.
    pub stimulus: StimulusConvention,
    /// The states in order, with the variant's initial values.
    pub states: Vec<Variable>,
    /// The parameters in order, with the variant's values.
    pub parameters: Vec<Variable>,
    /// The currents that the model returns.
    pub currents: &'static [Current],
    #[serde(skip)]
    make: fn(usize) -> Box<dyn AnyCell>,
    #[serde(skip)]
    index: usize,
    #[serde(skip)]
    model: TypeId,
}

impl Entry {
    /// A cell with the variant's values, without a stimulus.
    #[must_use]
    pub fn cell(&self) -> Box<dyn AnyCell> {
        (self.make)(self.index)
    }
}

/// The entries of one model: one for each variant.
fn entries<M: IonicModel>() -> impl Iterator<Item = Entry> {
    M::VARIANTS.iter().enumerate().map(|(index, variant)| Entry {
        id: M::NAME,
        variant: variant.name,
        description: variant.description,
        citation: M::CITATION,
        time_unit: M::TIME_UNIT,
        stimulus: M::STIMULUS,
        states: with_values(M::STATES, variant.states),
        parameters: with_values(M::PARAMETERS, variant.parameters),
        currents: M::CURRENTS,
        make: |index| Box::new(Cell::<M>::of(&M::VARIANTS[index])),
        index,
        model: TypeId::of::<M>(),
    })
}

static MODELS: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    entries::<FitzHughNagumo>()
        .chain(entries::<FitzHughNagumoPavia>())
        .chain(entries::<HodgkinHuxley1952>())
        .chain(entries::<ShermanRinzelKeizer1988>())
        .chain(entries::<LuoRudy1991>())
        .chain(entries::<BeelerReuter1977>())
        .chain(entries::<TenTusscherPanfilov2006>())
        .chain(entries::<OHaraRudy2011>())
        .chain(entries::<OHaraRudyCipa2017>())
        .chain(entries::<ToROrd2020>())
        .collect()
});

/// All models and variants. The first entry with an identifier is that model's default variant.
#[must_use]
pub fn models() -> &'static [Entry] {
    &MODELS
}

/// Models that the program brought itself: kept until it ends.
static ADDED: RwLock<Vec<&'static Entry>> = RwLock::new(Vec::new());

/// Lets this process find a model of your own by its name, in recipes and files as well. Adding a model
/// again changes nothing.
///
/// # Errors
///
/// [`Error::ModelExists`] if another model has the identifier.
pub fn add<M: IonicModel>() -> Result<(), Error> {
    let mut added = ADDED.write().unwrap_or_else(PoisonError::into_inner);
    let mut known = models().iter().chain(added.iter().copied()).filter(|e| e.id == M::NAME).peekable();
    if known.peek().is_none() {
        drop(known);
        added.extend(entries::<M>().map(|entry| &*Box::leak(Box::new(entry))));
        return Ok(());
    }
    if known.any(|e| e.model == TypeId::of::<M>()) { Ok(()) } else { Err(Error::ModelExists { id: M::NAME }) }
}

/// The entry of a model and variant, of those [added](add) too; without a variant, the model's default.
///
/// # Errors
///
/// [`Error::UnknownModel`] with identifiers that look like it, [`Error::UnknownVariant`] with the
/// variants that there are.
pub fn find(id: &str, variant: Option<&str>) -> Result<&'static Entry, Error> {
    let added = ADDED.read().unwrap_or_else(PoisonError::into_inner);
    let all = || models().iter().chain(added.iter().copied());
    let mut same_id = all().filter(|e| e.id == id).peekable();
    let Some(first) = same_id.peek().copied() else {
        let mut known: Vec<_> = all().map(|e| e.id).collect();
        known.dedup();
        return Err(Error::UnknownModel {
            id: id.to_owned(),
            near: near_misses(id, known.iter().copied()),
            known,
        });
    };
    match variant {
        None => Ok(first),
        Some(variant) => {
            let known: Vec<_> = same_id.collect();
            known.iter().copied().find(|e| e.variant == variant).ok_or_else(|| Error::UnknownVariant {
                model: first.id,
                variant: variant.to_owned(),
                known: known.iter().map(|e| e.variant).collect(),
            })
        }
    }
}

/// All models with their tables as JSON: for every state and parameter name, unit, value, range,
/// description and CellML name.
///
/// # Errors
///
/// Never for the tables as they are; the error is serde's.
pub fn to_json() -> serde_json::Result<String> {
    serde_json::to_string_pretty(models())
}
