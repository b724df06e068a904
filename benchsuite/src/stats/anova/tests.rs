//! Against statsmodels, and against what the published tables say of themselves.

use serde_json::Value;

use super::*;

pub(super) fn reference() -> Value {
    serde_json::from_str(include_str!("../../../tests/data/statistics.json")).unwrap()
}

fn strings(v: &Value) -> Vec<String> {
    v.as_array().unwrap().iter().map(|s| s.as_str().unwrap().to_owned()).collect()
}

fn numbers(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|s| s.as_f64().unwrap()).collect()
}

fn design(case: &Value, terms: &[&[&str]]) -> Design {
    let mut design = Design::new(numbers(&case["data"]["y"]));
    for (name, values) in case["data"].as_object().unwrap() {
        design = match values[0] {
            _ if name == "y" => design,
            Value::String(_) => design.factor(name, &strings(values)),
            _ => design.covariate(name, numbers(values)),
        };
    }
    terms.iter().fold(design, |d, t| d.term(t))
}

fn close(a: f64, b: f64, what: &str) {
    assert!((a - b).abs() <= 1e-8 * b.abs().max(1e-300), "{what}: {a} against {b}");
}

/// Every sum of squares, F, p and coefficient, of all three types, balanced and not.
#[test]
fn every_number_agrees_with_statsmodels() {
    let all = reference();
    let two: &[&[&str]] = &[&["a"], &["b"], &["a", "b"]];
    let batches: &[&[&str]] = &[&["iccs"], &["pinn"], &["bs"], &["iccs", "bs"], &["pinn", "bs"]];
    let shapes: &[&[&str]] = &[&["shape"], &["neuron"], &["shape", "neuron"]];
    let mut compared = 0;
    for (name, terms) in [("balanced", two), ("unbalanced", two), ("batches", batches), ("shapes", shapes)] {
        let case = &all[name];
        let design = design(case, terms);
        for (number, kind) in [("1", Kind::Sequential), ("2", Kind::Hierarchical), ("3", Kind::Marginal)] {
            let ours = design.anova(kind).unwrap();
            for theirs in case["anova"][number].as_array().unwrap() {
                let term = theirs["term"].as_str().unwrap();
                let row = if term == "Residual" { &ours.residual } else { ours.row(term).unwrap() };
                let what = format!("{name}, {kind}, {term}");
                assert_eq!(row.degrees, theirs["df"].as_f64().unwrap(), "{what}");
                close(row.sum_sq, theirs["sum_sq"].as_f64().unwrap(), &what);
                if let Some(f) = row.f {
                    close(f, theirs["f"].as_f64().unwrap(), &what);
                    close(row.p.unwrap(), theirs["p"].as_f64().unwrap(), &what);
                }
                compared += 1;
            }
        }
        let ours = design.anova(Kind::Sequential).unwrap();
        for (coefficient, value) in case["coefficients"].as_object().unwrap() {
            close(ours.coefficient(coefficient).unwrap(), value.as_f64().unwrap(), coefficient);
        }
    }
    assert_eq!(compared, 3 * (4 + 4 + 6 + 4));
}

/// In a balanced design of factors all three types agree.
#[test]
fn types_agree_where_they_must() {
    let all = reference();
    let design = design(&all["balanced"], &[&["a"], &["b"], &["a", "b"]]);
    let tables = [Kind::Sequential, Kind::Hierarchical, Kind::Marginal].map(|k| design.anova(k).unwrap());
    for table in &tables[1..] {
        for (row, first) in table.rows.iter().zip(&tables[0].rows) {
            close(row.sum_sq, first.sum_sq, &row.term);
        }
    }
}

/// A response in other units, or shifted, has the same F and p.
#[test]
fn f_does_not_depend_on_units() {
    let case = &reference()["shapes"];
    let base = design(case, &[&["shape"], &["neuron"], &["shape", "neuron"]]);
    let table = base.anova(Kind::Hierarchical).unwrap();
    let mut other = base.clone();
    other.response.iter_mut().for_each(|y| *y = 1e6 * *y + 3e4);
    let scaled = other.anova(Kind::Hierarchical).unwrap();
    for (row, first) in scaled.rows.iter().zip(&table.rows) {
        assert!((row.f.unwrap() / first.f.unwrap() - 1.0).abs() < 1e-6, "{row:?} {first:?}");
    }
}

#[test]
fn what_cannot_be_analysed_says_why() {
    let y = || vec![1.0, 2.0, 3.0, 4.5];
    let ab = ["a", "a", "b", "b"];
    for (design, part) in [
        (Design::new(y()).factor("f", &ab[..3]).term(&["f"]), "3 values for 4 rows"),
        (Design::new(y()).factor("f", &["a"; 4]).term(&["f"]), "one level"),
        (Design::new(y()).term(&["g"]), "no variable is called `g`"),
        (Design::new(y()).factor("f", &ab).term(&["f"]).term(&["f"]), "occurs twice"),
        (Design::new(vec![1.0, f64::NAN, 2.0, 3.0]).factor("f", &ab).term(&["f"]), "not finite"),
        (Design::new(y()).covariate("x", [1.0, 2.0, 3.0, f64::INFINITY]).term(&["x"]), "not finite"),
        (Design::new(y()).factor("f", &["a", "b", "c", "d"]).term(&["f"]), "leave nothing"),
        (Design::new(y()).factor("f", &ab).factor("g", &ab).term(&["f"]).term(&["g"]), "determine `g`"),
        (Design::new(vec![2.0; 4]).factor("f", &ab).term(&["f"]), "constant"),
    ] {
        let error = design.anova(Kind::Sequential).unwrap_err();
        assert!(matches!(error, Error::Statistics(_)) && error.to_string().contains(part), "{error}");
    }
}

/// What the published tables say about themselves: F is the ratio of mean squares, and p follows
/// from it and the degrees of freedom.
#[test]
fn the_degrees_of_freedom_behind_the_published_tables() {
    // Table 2: 20 networks, 6 parameters. 7.61e-7 / (1.39e-6 / 14) is its F of 7.68.
    assert!((7.61e-7_f64 / (1.39e-6 / 14.0) - 7.68).abs() < 0.03);
    assert!((upper_tail(7.68, 1.0, 14.0).unwrap() - 1.50e-2).abs() < 5e-5);
    // Table 12: `layers` has one degree of freedom, though the text calls it categorical.
    assert!((3.14e-2_f64 / (1.66e-1 / 905.0) - 171.0).abs() < 1.0);
    assert!(upper_tail(171.0, 1.0, 905.0).unwrap() > 1e-36);
    assert!(upper_tail(171.0, 4.0, 905.0).unwrap() < 1e-100);
    // Tables 5 and 6: the printed p values want about 170 and 67 degrees of freedom for the
    // residual; the 252 architectures that fit the text would leave 158 and 75.
    for (f, p, fits, not) in [(42.8, 6.88e-10, 170.0, 158.0), (34.5, 1.49e-7, 67.0, 75.0)] {
        let off = |residual| (upper_tail(f, 1.0, residual).unwrap() / p).ln().abs();
        assert!(off(fits) < 0.02 && off(not) > 0.1);
    }
}
