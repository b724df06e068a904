//! The tables: names, values, ranges, variants, metadata.

use std::collections::HashSet;

use ionic_models::{MAX_STATES, Variable, registry};

fn check(kind: &str, table: &[Variable]) {
    let mut names = HashSet::new();
    for v in table {
        assert!(names.insert(v.name), "{kind}: two are called {}", v.name);
        assert!(v.range.0 < v.range.1, "{kind} {}: empty range", v.name);
        assert!(v.admits(v.value), "{kind} {}: {} outside {:?}", v.name, v.value, v.range);
        assert!(v.value.is_finite() && !v.unit.is_empty() && !v.description.is_empty(), "{kind} {}", v.name);
    }
    for v in table.iter().filter(|v| !v.cellml.is_empty()) {
        assert!(names.insert(v.cellml) || v.cellml == v.name, "{kind}: {} twice", v.cellml);
    }
}

#[test]
fn names_are_unique_and_values_in_range() {
    let mut identities = HashSet::new();
    for entry in registry::models() {
        let name = format!("{} {}", entry.id, entry.variant);
        assert!(identities.insert(name.clone()), "{name} twice");
        check(&format!("{name} state"), &entry.states);
        check(&format!("{name} parameter"), &entry.parameters);
        assert!(entry.states.len() <= MAX_STATES);
        assert!(entry.citation.contains("doi:"), "{name}");
        let cell = entry.cell();
        assert_eq!((cell.id(), cell.variant_name()), (entry.id, entry.variant));
        let values = |table: &[Variable]| table.iter().map(|v| v.value).collect::<Vec<_>>();
        assert_eq!(cell.initial_state(), values(&entry.states), "{name}");
        assert_eq!(cell.parameters(), values(&entry.parameters), "{name}");
        for current in entry.currents {
            assert!(entry.parameters.iter().any(|p| p.name == current.scale), "{name} {}", current.name);
        }
    }
}

#[test]
fn variants_change_values_that_exist() {
    use ionic_models::IonicModel;
    use ionic_models::models::*;
    fn check<M: IonicModel>() {
        assert!(!M::VARIANTS.is_empty());
        for variant in M::VARIANTS {
            for (table, overrides) in [(M::PARAMETERS, variant.parameters), (M::STATES, variant.states)] {
                for (name, value) in overrides {
                    let found = table.iter().find(|v| v.name == *name);
                    let v = found.unwrap_or_else(|| panic!("{} {}: {name}", M::NAME, variant.name));
                    assert!(v.admits(*value), "{} {}: {name} = {value}", M::NAME, variant.name);
                    assert_ne!(v.value, *value, "{} {}: {name} is no change", M::NAME, variant.name);
                }
            }
        }
    }
    check::<FitzHughNagumo>();
    check::<FitzHughNagumoPavia>();
    check::<HodgkinHuxley1952>();
    check::<ShermanRinzelKeizer1988>();
    check::<LuoRudy1991>();
    check::<BeelerReuter1977>();
    check::<TenTusscherPanfilov2006>();
    check::<OHaraRudy2011>();
}

#[test]
fn metadata_are_complete_json() {
    let json: serde_json::Value = serde_json::from_str(&registry::to_json().unwrap()).unwrap();
    let models = json.as_array().unwrap();
    assert_eq!(models.len(), registry::models().len());
    for (json, entry) in models.iter().zip(registry::models()) {
        assert_eq!(json["id"], entry.id);
        assert_eq!(json["variant"], entry.variant);
        for (kind, table) in [("states", &entry.states), ("parameters", &entry.parameters)] {
            let rows = json[kind].as_array().unwrap();
            assert_eq!(rows.len(), table.len());
            for (row, v) in rows.iter().zip(table) {
                assert_eq!(row["name"], v.name);
                assert_eq!(row["unit"], v.unit);
                assert_eq!(row["value"], v.value);
                assert_eq!(row["range"][1], v.range.1);
                assert_eq!(row["description"], v.description);
                assert_eq!(row["cellml"], v.cellml);
            }
        }
    }
}

#[test]
fn unknown_names_list_what_there_is() {
    let text = |id, variant| registry::find(id, variant).unwrap_err().to_string();
    assert!(text("ohara_rudy", None).contains("ohara_rudy_2011"));
    assert!(text("", None).contains("fitzhugh_nagumo"));
    assert!(text("ohara_rudy_2011", Some("mid")).contains("endo, epi, M"));
    assert!(text("luo_rudy_1991", Some("endo")).contains("leave the variant out"));
    assert_eq!(registry::find("ohara_rudy_2011", None).unwrap().variant, "endo");
    assert_eq!(registry::find("luo_rudy_1991", Some("")).unwrap().id, "luo_rudy_1991");
}

#[test]
fn a_model_that_a_program_brings_is_found_by_name_and_takes_no_other_models_name() {
    use ionic_models::models::{FitzHughNagumo, FitzHughNagumoPavia, LuoRudy1991};
    use ionic_models::{Error, IonicModel, registry};
    use ode_solvers::{Over, Scalar};

    /// An axon's equations under another name.
    struct Renamed<const TAKEN: bool>;
    impl<const TAKEN: bool> IonicModel for Renamed<TAKEN> {
        const NAME: &'static str = if TAKEN { LuoRudy1991::NAME } else { "renamed" };
        const CITATION: &'static str = FitzHughNagumo::CITATION;
        const TIME_UNIT: &'static str = FitzHughNagumo::TIME_UNIT;
        const STIMULUS: ionic_models::StimulusConvention = FitzHughNagumo::STIMULUS;
        const STATES: &'static [ionic_models::Variable] = FitzHughNagumo::STATES;
        const PARAMETERS: &'static [ionic_models::Variable] = FitzHughNagumo::PARAMETERS;
        const CURRENTS: &'static [ionic_models::Current] = FitzHughNagumo::CURRENTS;
        fn evaluate<P: Scalar, T: Scalar + Over<P>>(
            p: &[P],
            i_stim: T,
            y: &[T],
            dy: &mut [T],
            b: &mut [T],
            current: impl FnMut(&'static str, T),
        ) {
            FitzHughNagumo::evaluate(p, i_stim, y, dy, b, current);
        }
    }

    let count = registry::models().len();
    assert!(registry::find("renamed", None).is_err());
    registry::add::<Renamed<false>>().unwrap();
    registry::add::<Renamed<false>>().unwrap();
    let cell = registry::find("renamed", None).unwrap().cell();
    assert_eq!(cell.initial_state(), [0.5, 0.0]);
    assert!(matches!(registry::add::<Renamed<true>>(), Err(Error::ModelExists { id: "luo_rudy_1991" })));
    // Two published types that share a name are both there.
    registry::add::<FitzHughNagumo>().unwrap();
    registry::add::<FitzHughNagumoPavia>().unwrap();
    assert_eq!(registry::models().len(), count, "the published models stay what they are");
}
