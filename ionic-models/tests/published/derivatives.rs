//! Derivatives at random states, against Myokit's evaluation of the CellML encodings.

use ionic_models::registry;

use crate::table;

#[test]
fn derivatives_equal_those_of_the_cellml_encodings() {
    let mut compared = 0;
    for entry in registry::models() {
        let suffix = if entry.variant.is_empty() { String::new() } else { format!("_{}", entry.variant) };
        let file = format!("{}{suffix}_derivatives.csv", entry.id);
        if !table::path(&file).exists() {
            continue;
        }
        compared += 1;
        let table = table::read(&file);
        let cellml: Vec<_> = entry.states.iter().map(|s| s.cellml).collect();
        assert_eq!(cellml, table.names, "{file}");
        let cell = entry.cell();
        // Two terms of opposite sign lose digits that either side may round differently: compare
        // with the largest derivative of the same state over all rows.
        let pairs: Vec<_> = table.rows.chunks_exact(2).collect();
        for i in 0..cellml.len() {
            let scale = pairs.iter().map(|p| p[1][i].abs()).fold(0.0, f64::max);
            for (k, pair) in pairs.iter().enumerate() {
                let mut dy = vec![0.0; pair[0].len()];
                cell.rhs(0.0, &pair[0], &mut dy);
                let error = (dy[i] - pair[1][i]).abs();
                assert!(
                    error <= 1e-11 * pair[1][i].abs() + 1e-13 * scale,
                    "{file}, row {k}, {}: {} but {} there ({:.1e} of the largest)",
                    cellml[i],
                    dy[i],
                    pair[1][i],
                    error / scale,
                );
            }
        }
    }
    assert!(compared >= 8, "only {compared} models compared");
}
