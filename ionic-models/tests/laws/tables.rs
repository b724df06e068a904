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
