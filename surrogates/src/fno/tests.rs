//! What only the crate itself can see of the training and the files of operators.

#[path = "../../tests/common/operators.rs"]
mod small;

use safetensors::tensor::{Dtype, TensorView};

use small::{ON, config, signals, tiny};

use super::state_dict::{self, Unwritten};
use super::*;
use crate::{Activation, Backend, EpochRecord, Error, Training as _};

/// Nothing is left of the epochs at fewer points: after them losses and parameters are those of a training that had
/// none, and was given the same parameters and the same state of the optimiser.
#[test]
fn back_at_all_points_a_training_is_as_if_it_had_never_left_them() {
    let (config, train) = tiny();
    for backend in [Backend::Fused, Backend::Tape] {
        let config = FnoConfig { backend, ..config.clone() };
        let mut plain = FnoTrainer::new(config.clone(), &train, None, 1).unwrap();
        let coarse = Some(Coarse { every: 3, epochs: 2 });
        let mut coarse = FnoTrainer::new(FnoConfig { coarse, ..config }, &train, None, 1).unwrap();
        let switch = 2 * coarse.iterations_per_epoch();
        for trainer in [&mut plain, &mut coarse] {
            let _ = trainer.run(switch, ON).unwrap();
        }
        assert_ne!(plain.network(), coarse.network(), "{backend:?}: fewer points give other numbers");
        plain.fno = coarse.network();
        plain.engine.set_parameters(&plain.fno.parameters);
        plain.adam = coarse.adam.clone();
        for k in 0..3 {
            let [a, b] = [&mut plain, &mut coarse].map(|trainer| trainer.step().unwrap().0);
            assert_eq!(a, b, "{backend:?}, {k} iterations later");
        }
        assert_eq!(plain.network(), coarse.network(), "{backend:?}");
    }
}

/// At fewer and at more points than it learned at: padding and places are still those of what it learned at.
#[test]
fn an_operator_at_other_points_survives_its_file() {
    let (config, train) = tiny();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("f.safetensors");
    let fno = FnoTrainer::new(config.clone(), &train, None, 1).unwrap().network();
    for (points, padding) in [(7, 1), (56, 8)] {
        let other = fno.at_points(points).unwrap();
        other.save(&path).unwrap();
        let read = Fno::open(&path).unwrap();
        assert_eq!((read.points(), read.padding(), read.place(3)), (points, padding, other.place(3)));
        assert_eq!(read, other);
    }
    // Nine modes are those of 14 points with padding for two; learned at a thousand, 14 would have no padding.
    let network = FnoSpec { modes: 9, ..config.network };
    let fno = FnoTrainer::new(FnoConfig { network, ..config }, &train, None, 1).unwrap().network();
    for (learned, word) in [(1, "fewer than two points"), (1000, "modes")] {
        Fno { learned, ..fno.clone() }.save(&path).unwrap();
        let error = Fno::open(&path).unwrap_err();
        assert!(matches!(&error, Error::BadCheckpoint { reason, .. } if reason.contains(word)), "{error}");
    }
}

/// What is written of a network that was built, and what the tape has a gradient for: all but the imaginary parts of
/// mode 0, since a mean has none.
#[test]
fn a_network_has_as_many_parameters_as_its_shape_says() {
    for (variant, maps) in [(Variant::Classic, 1), (Variant::Mlp, 3), (Variant::Residual, 1)] {
        let activation = Activation::Tanh;
        let spec = FnoSpec {
            inputs: 3,
            outputs: 2,
            width: 4,
            modes: 3,
            layers: 2,
            padding: 1,
            hidden: 5,
            variant,
            activation,
        };
        // Both maps of P and of Q with biases; two layers of point-wise maps and of three complex matrices.
        let [p, q] = [(3 + 1) * 5 + (5 + 1) * 4, (4 + 1) * 5 + (5 + 1) * 2];
        let layer = maps * (4 + 1) * 4 + 3 * 2 * 4 * 4;
        assert_eq!(spec.parameters(), p + 2 * layer + q, "{spec}");
        let points = 12;
        let scale = |columns| PointScale::identity(points, columns);
        let fno = Fno::random(spec, scale(2), scale(2), 3).unwrap();
        assert_eq!(fno.parameters().len(), spec.parameters());
        let columns = state_dict::columns(&spec, fno.parameters());
        let written: usize = columns.iter().map(|(_, _, shape, _)| shape.iter().product::<usize>()).sum();
        assert_eq!(written, spec.parameters(), "{spec}");

        let numbers = |n: usize, f: fn(f64) -> f64| (0..n).map(|k| f(0.7 * k as f64)).collect::<Vec<f64>>();
        let (x, t) = (numbers(2 * points * 3, f64::sin), numbers(2 * points * 2, f64::cos));
        let parameters: Vec<f64> = fno.parameters().iter().map(|p| f64::from(*p)).collect();
        let mut gradient = vec![0.0; parameters.len()];
        tape::learn(spec, (points, spec.padding), &parameters, &x, &t, &mut gradient).unwrap();
        let still: Vec<usize> = (0..gradient.len()).filter(|k| gradient[*k] == 0.0).collect();
        let mode_0 =
            |l: usize| spec.layer(l).spectral.start + 4 * 4..spec.layer(l).spectral.start + 2 * 4 * 4;
        assert_eq!(still, mode_0(0).chain(mode_0(1)).collect::<Vec<_>>(), "{spec}");
    }
}

#[test]
fn an_iteration_whose_loss_is_nan_is_not_made() {
    let (config, train) = tiny();
    for backend in [Backend::Fused, Backend::Tape] {
        let config = FnoConfig { backend, ..config.clone() };
        let mut trainer = FnoTrainer::new(config.clone(), &train, None, 1).unwrap();
        let last_bias = config.network.projection()[1].range().end - 1;
        trainer.fno.parameters[last_bias] = f32::NAN;
        trainer.engine.set_parameters(&trainer.fno.parameters);
        let (parameters, adam) = (trainer.network().parameters, trainer.adam.clone());
        let error = trainer.step().unwrap_err();
        let named = matches!(&error, Error::NotFinite { iteration: 1, what, .. } if what == "the loss");
        assert!(named, "{backend:?}: {error}");
        assert_eq!(
            (trainer.iteration(), trainer.epochs.state().since, trainer.history()),
            (0, (0.0, 0), &[][..])
        );
        let after = trainer.network().parameters;
        assert!(after.iter().zip(&parameters).all(|(a, b)| a.to_bits() == b.to_bits()), "{backend:?}");
        assert_eq!(trainer.adam, adam, "{backend:?}");
    }
}

/// A file as PyTorch's: the names of the publication's code, of Li's, with a prefix, complex or in pairs.
#[test]
fn parameters_of_others_are_read() {
    let train = signals(4, 30, 2);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("torch.safetensors");
    for variant in [Variant::Classic, Variant::Mlp, Variant::Residual] {
        let fno = FnoTrainer::new(config(variant), &train, None, 1).unwrap().network();
        let spec = fno.spec();
        let columns = state_dict::columns(&spec, fno.parameters());
        // W[o, i] of the file is W[i, o] of the list.
        let (_, _, _, bytes) = columns.iter().find(|c| c.0 == "ws.1.weight").unwrap();
        let at = |o: usize, i: usize| {
            f32::from_le_bytes(bytes[4 * (o * spec.width + i)..][..4].try_into().unwrap())
        };
        let (w, _) = spec.layer(1).pointwise.split(fno.parameters());
        assert_eq!(at(3, 5), w[5 * spec.width + 3]);
        // And weights[i, o, m] of the file is that of the mode in the list.
        let (_, _, _, bytes) = columns.iter().find(|c| c.0 == "integrals.0.weights").unwrap();
        let (i, o, m) = (4, 7, 2);
        let place = 4 * 2 * ((i * spec.width + o) * spec.modes + m);
        let pair = |k: usize| f32::from_le_bytes(bytes[place + 4 * k..][..4].try_into().unwrap());
        let mode = &fno.parameters()[spec.layer(0).spectral][2 * m * spec.width * spec.width..];
        let part = |k: usize| mode[(k * spec.width + i) * spec.width + o];
        assert_eq!([pair(0), pair(1)], [part(0), part(1)]);

        let li = |name: &str| {
            let name = name.replace("mlps.", "mlp").replace("ws.", "w");
            match name.strip_prefix("integrals.") {
                Some(rest) => format!("conv{rest}1"),
                None => name,
            }
        };
        for style in 0..3 {
            let tensors: Vec<_> = columns
                .iter()
                .map(|(name, dtype, shape, bytes)| {
                    let complex = style == 1 && shape.last() == Some(&2) && shape.len() == 4;
                    let (dtype, shape) =
                        if complex { (Dtype::C64, shape[..3].to_vec()) } else { (*dtype, shape.clone()) };
                    let name = match style {
                        0 => name.clone(),
                        1 => format!("_orig_mod.{name}"),
                        _ => li(name),
                    };
                    (name, TensorView::new(dtype, shape, bytes).unwrap())
                })
                .collect();
            std::fs::write(&path, safetensors::serialize(tensors, None).unwrap()).unwrap();
            let residual = variant == Variant::Residual;
            let unwritten = Unwritten { activation: Activation::GELU, padding: 3, residual };
            let (found, parameters) = state_dict::import(&path, unwritten).unwrap();
            assert_eq!(found, spec, "style {style}");
            let mut expected = fno.parameters().to_vec();
            if residual {
                // Passed by: v + 0.
                let last = spec.layer(spec.layers - 1);
                let (w, b) = last.pointwise.split_mut(&mut expected);
                w.fill(0.0);
                b.fill(0.0);
                expected[last.spectral].fill(0.0);
            }
            assert_eq!(parameters, expected);
        }
    }
    std::fs::write(&path, safetensors::serialize(Vec::<(String, TensorView)>::new(), None).unwrap()).unwrap();
    let unwritten = Unwritten { activation: Activation::GELU, padding: 3, residual: false };
    let error = state_dict::import(&path, unwritten).unwrap_err();
    assert!(error.to_string().contains("p.mlp1.weight"), "{error}");
}
