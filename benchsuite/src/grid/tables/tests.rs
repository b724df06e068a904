//! Every published cell is there, and ours beside it.

use super::*;
use crate::grid::select::tests::{architectures, made};
use crate::trial::Class;

fn publication() -> Publication {
    Publication::werneck2024().unwrap()
}

#[test]
fn every_published_cell_is_there_and_ours_beside_it() {
    let all = architectures();
    let refs: Vec<&TrialResult> = all.iter().collect();
    let publication = publication();
    for (size, f) in [(Size::Small, "19.6"), (Size::Large, "4.00")] {
        let table = shapes(&publication, &refs, size).unwrap();
        // The residual is printed by neither table.
        for row in &table.rows[..3] {
            assert!(row[1..].iter().all(|c| c.number && c.text != "–"), "{row:?}");
        }
        assert_eq!(table.rows[0][3].text, f);
    }
    let groups = variances(&publication, &refs).unwrap();
    assert!(groups.rows.iter().flatten().all(|c| c.text != "–"));
    assert_eq!(groups.rows[0][1].text, "1.46e-5");
}

#[test]
fn tables_2_and_3() {
    let mut all = Vec::new();
    for (i, class) in [Class::Ddnn, Class::Pinn, Class::DdnnA, Class::PinnA].into_iter().enumerate() {
        for (j, batch) in [32, 64, 128, 512, 1536].into_iter().enumerate() {
            let noise = 1e-5 * ((i * 5 + j * 3) % 7) as f64;
            all.push(made("W-BS1", class, "SiLU32,SiLU32", batch, 1e-3 + 4e-4 * i as f64 + noise));
        }
    }
    let refs: Vec<&TrialResult> = all.iter().collect();
    for response in [Response::Error, Response::IterationTime] {
        let table = classes(&publication(), &refs, response).unwrap();
        assert_eq!(table.rows.len(), 6);
        for row in &table.rows[..5] {
            assert!(row[1..].iter().all(|c| c.number && c.text != "–"), "{row:?}");
        }
        // The residual has a sum of squares and nothing else.
        assert!(table.rows[5][2].text != "–" && table.rows[5][3].text == "–");
    }
}

#[test]
fn notable_networks() {
    let all = architectures();
    let refs: Vec<&TrialResult> = all.iter().collect();
    let table = notable(&publication(), "W-BS2", &refs).unwrap();
    assert_eq!(table.rows.len(), 6);
    assert!(table.rows.iter().flatten().all(|c| c.text != "–"), "{table:?}");
    let printed: Vec<&str> = table.rows[0][1..4].iter().map(|c| c.text.as_str()).collect();
    assert_eq!(printed, ["(ELU-8, SiLU-8)", "6.42e-3", "16"]);
    // Ours hold what their notes say.
    let best = select::best(&refs, |_| true).unwrap();
    assert_eq!(table.rows[5][4].text, layers(&best.spec.layers));
    assert!(table.rows[2][6].text.parse::<usize>().unwrap() < 64);
    assert_eq!(notable(&publication(), "W-A", &refs), None);
}

#[test]
fn rankings_have_the_published_rows_in_their_order() {
    let all = architectures();
    let refs: Vec<&TrialResult> = all.iter().collect();
    let sixteen = ranking(&publication(), &refs, 16);
    assert_eq!(sixteen.rows.len(), 20);
    assert_eq!(sixteen.rows[0][1].text, "(SiLU-32, Tanh-32, SiLU-32)");
    assert_eq!(sixteen.rows[19][1].text, "(SiLU-8, Tanh-32, SiLU-8)");
    // All architectures that are printed are among the 252.
    assert!(sixteen.rows.iter().all(|r| r[3].text != "–"));
    let seventeen = ranking(&publication(), &refs, 17);
    assert_eq!(seventeen.rows.len(), 21);
    assert!(seventeen.rows.iter().all(|r| r[7].text == "48"));
    let none = ranking(&publication(), &[], 16);
    assert_eq!(none.rows[3][6].text, "–");
}

#[test]
fn time_domains() {
    let mut all = [
        made("W-BC1", Class::Ddnn, "SiLU8,SiLU8", 128, 2e-2),
        made("W-BC1", Class::Ddnn, "SiLU32,SiLU8", 128, 4e-2),
        made("W-BC1", Class::Ddnn, "SiLU8,SiLU8", 128, 1e-3),
    ];
    all[2].spec.t_end = Some(5.0);
    let refs: Vec<&TrialResult> = all.iter().collect();
    let table = domains(&publication(), &refs);
    assert_eq!(table.rows.len(), 2);
    assert_eq!((table.rows[0][0].text.as_str(), table.rows[0][6].text.as_str()), ("50", "0.0300"));
    assert_eq!((table.rows[1][0].text.as_str(), table.rows[1][7].text.as_str()), ("5", "–"));
}
