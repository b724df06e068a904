//! Cells side by side, column by column.

use ionic_models::models::FitzHughNagumo;
use ionic_models::{Cell, CellColumns, IonicModel as _, Stimulus};
use ode_solvers::{Method, march_columns};

#[test]
fn a_column_of_parameters_gives_each_cell_its_own_value_or_is_refused_by_name() {
    let count = 5;
    let stimulated = || Cell::<FitzHughNagumo>::new().with_stimulus(Stimulus::constant(0.05).unwrap());
    let march = |cells: &CellColumns<FitzHughNagumo, f64>| {
        let mut y = cells.initial_state();
        let lost = march_columns::<f64, 8, _>(cells, Method::ExplicitEuler, 0.01, (0.0, 2.0), &mut y, |_| {});
        assert!(lost.unwrap().is_empty());
        y
    };
    let name = FitzHughNagumo::PARAMETERS[0].name;
    let value = |m: usize| FitzHughNagumo::PARAMETERS[0].value * (1.0 + 0.1 * m as f64);
    let mut together = CellColumns::<FitzHughNagumo, f64>::new(&stimulated(), count);
    together.set_parameter_column(name, (0..count).map(value).collect()).unwrap();
    let all = march(&together);
    for m in 0..count {
        let mut cell = stimulated();
        cell.set_parameter(name, value(m)).unwrap();
        let alone = march(&CellColumns::new(&cell, 1));
        for (found, alone) in [all[m], all[count + m]].into_iter().zip(alone) {
            assert!((found - alone).abs() < 1e-13, "cell {m}: {found} instead of {alone}");
        }
    }
    assert_ne!(all[0], all[1]);

    let mut refused = |name: &str, column: Vec<f64>| {
        let error = together.set_parameter_column(name, column).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("fitzhugh_nagumo"), "{error}");
        error
    };
    assert!(refused("g_Nothing", vec![1.0; count]).contains("no parameter"));
    assert!(refused(name, vec![1.0; count + 1]).contains("a column of 5 values"));
    assert!(refused(name, vec![f64::NAN; count]).contains("finite"));
    assert_eq!(march(&together), all, "a refused column changes nothing");
}
