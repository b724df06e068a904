//! Graphs of operators.

use prost::Message;
use surrogates::fno::{self, Fno, FnoSpec, PointScale, Variant};
use surrogates::onnx::proto::Model;
use surrogates::onnx::{Description, Label};
use surrogates::{Activation, Error};

use super::evaluate::evaluate;

pub(crate) const POINTS: usize = 30;
pub(crate) const OPERATORS: [(Variant, Activation); 4] = [
    (Variant::Classic, Activation::GELU),
    (Variant::Mlp, Activation::LeakyReLU),
    (Variant::Residual, Activation::Tanh),
    (Variant::Mlp, Activation::ReLU),
];

/// An operator of 30 points with scales that differ from point to point; the residual one without padding.
pub(crate) fn operator(variant: Variant, activation: Activation) -> Fno {
    let spec = FnoSpec {
        inputs: 2,
        outputs: 3,
        width: 10,
        modes: 6,
        layers: 2,
        padding: if variant == Variant::Residual { 0 } else { 4 },
        hidden: 12,
        variant,
        activation,
    };
    let scale = |columns: usize, size: f64| {
        let numbers = 0..POINTS * columns;
        let mean = numbers.clone().map(|i| size * (i as f64).sin()).collect();
        let scale = numbers.map(|i| size * (1.1 + (i as f64).cos())).collect();
        PointScale::new(columns, mean, scale).unwrap()
    };
    let mut fno = Fno::random(spec, scale(1, 2.0), scale(3, 30.0), 7).unwrap();
    assert_eq!((fno.input_scale(), fno.output_scale()), (&scale(1, 2.0), &scale(3, 30.0)));
    // Larger than fresh ones, so that the modes count.
    let spectral = spec.layer(0).spectral.start;
    fno.parameters_mut()[spectral..].iter_mut().for_each(|w| *w = 20.0 * *w - 0.05);
    fno
}

pub(crate) fn currents(batch: usize) -> Vec<f32> {
    (0..batch * POINTS).map(|i| if i % 37 < 11 { 1.5 } else { (i as f32 * 0.37).sin() }).collect()
}

/// That numbers are those of the operator, up to a share of the largest.
pub(crate) fn assert_near(fno: &Fno, x: &[f32], found: &[f64], tolerance: f64) {
    let mut y = vec![0.0; 3 * x.len()];
    let x: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
    fno.predictor(8, 1).unwrap().predict(&x, &mut y).unwrap();
    let size = y.iter().fold(0.0f64, |m, y| m.max(y.abs()));
    assert_eq!(y.len(), found.len());
    for (y, found) in y.iter().zip(found) {
        assert!((y - found).abs() < tolerance * size, "{}: {found}, not {y}", fno.spec());
    }
}

#[test]
fn the_graph_of_an_operator_computes_the_operator() {
    for (variant, activation) in OPERATORS {
        let fno = operator(variant, activation);
        let model = fno::to_model(&fno, &Description::default()).unwrap();
        let model = Model::decode(model.encode_to_vec().as_slice()).unwrap();
        let x = currents(3);
        let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
        let found = evaluate(model.graph.as_ref().unwrap(), &wide, &[POINTS, 1]);
        assert_near(&fno, &x, &found, 1e-5);
    }
    let mut broken = operator(Variant::Classic, Activation::GELU);
    broken.parameters_mut()[3] = f32::INFINITY;
    let error = fno::to_model(&broken, &Description::default()).unwrap_err();
    assert!(matches!(error, Error::NotFiniteData { row: 3, .. }), "{error}");
    let labels = Description { targets: vec![Label::new("V", "mV")], ..Description::default() };
    let fno = operator(Variant::Classic, Activation::GELU);
    assert!(matches!(fno::to_model(&fno, &labels), Err(Error::BadLength { .. })));
}
