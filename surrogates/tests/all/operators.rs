//! Operators that PyTorch ran: their `state_dict` is read, and gives what it gave there.
//! The files are written by `data/operators/operators.py`.

use std::path::Path;

use safetensors::SafeTensors;
use surrogates::Activation;
use surrogates::fno::state_dict::{self, Unwritten};
use surrogates::fno::{Fno, PointScale, Variant};

fn numbers(file: &SafeTensors<'_>, name: &str) -> Vec<f64> {
    let (numbers, rest) = file.tensor(name).unwrap().data().as_chunks();
    assert!(rest.is_empty());
    numbers.iter().map(|b| f64::from(f32::from_le_bytes(*b))).collect()
}

#[test]
fn imported_operators_give_what_pytorch_gives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/operators");
    for (kind, variant, activation) in [
        ("classic", Variant::Classic, Activation::Tanh),
        ("mlp", Variant::Mlp, Activation::GELU),
        // The publication's code passes the last layer by.
        ("residual", Variant::Residual, Activation::LeakyReLU),
    ] {
        let path = folder.join(format!("{kind}.safetensors"));
        let unwritten = Unwritten { activation, padding: 3, residual: variant == Variant::Residual };
        let (spec, parameters) = state_dict::import(&path, unwritten).unwrap();
        assert_eq!((spec.variant, spec.width, spec.modes, spec.layers), (variant, 6, 4, 3), "{kind}");
        let points = 25;
        let scale = |columns| PointScale::identity(points, columns);
        let operator = Fno::new(spec, scale(1), scale(spec.outputs), parameters).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let wanted = numbers(&file, "example.states");
        let mut states = vec![0.0; wanted.len()];
        operator.predictor(2, 1).unwrap().predict(&numbers(&file, "example.current"), &mut states).unwrap();
        let largest = wanted.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        for (own, torch) in states.iter().zip(&wanted) {
            assert!((own - torch).abs() < 2e-6 * largest.max(1.0), "{kind}: {own} and {torch}");
        }
        // It is no constant: a wrong transform would show.
        assert!(wanted.iter().any(|x| (x - wanted[0]).abs() > 0.05), "{kind}: {wanted:?}");
    }
}
