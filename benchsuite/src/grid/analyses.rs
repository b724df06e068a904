//! The dissertation's analyses of variance (eqs 4.1, 4.2, 4.3) and variances of groups.

use super::select::{self, LARGE, error, shape};
use crate::Error;
use crate::stats::anova::{Anova, Design, Kind};
use crate::stats::{Variances, variances};
use crate::trial::TrialResult;

/// What eq. 4.1 explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response {
    /// The mean error: Table 2.
    Error,
    /// The time of an iteration in seconds: Table 3.
    IterationTime,
}

/// Eq. 4.1, C(iccs)·bs + C(pinn)·bs: mean error or iteration time by the two physics terms and the
/// batch size. Type II; the published design is balanced, where type I gives the same.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn classes(results: &[&TrialResult], response: Response) -> Result<Anova, Error> {
    let sound: Vec<&TrialResult> = results.iter().copied().filter(select::is_sound).collect();
    let of = |r: &TrialResult| match response {
        Response::Error => error(r),
        Response::IterationTime => r.iteration_us * 1e-6,
    };
    let yes = |wanted: fn(crate::trial::Class) -> bool| -> Vec<&str> {
        sound.iter().map(|r| if wanted(r.spec.class) { "yes" } else { "no" }).collect()
    };
    Design::new(sound.iter().map(|r| of(r)).collect())
        .factor("iccs", &yes(crate::trial::Class::is_denser))
        .factor("pinn", &yes(crate::trial::Class::is_informed))
        .covariate("bs", sound.iter().map(|r| r.spec.batch as f64))
        .term(&["iccs"])
        .term(&["pinn"])
        .term(&["bs"])
        .term(&["iccs", "bs"])
        .term(&["bs", "pinn"])
        .anova(Kind::Hierarchical)
}

/// Small or large networks, as section 4.2.1 divides them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// Fewer than 120 neurons: Table 5.
    Small,
    /// 120 or more: Table 6.
    Large,
}

impl Size {
    /// Both.
    pub const ALL: [Size; 2] = [Size::Small, Size::Large];

    /// The results of that size whose error is a number and whose architecture has a shape.
    pub fn of<'a>(self, results: &[&'a TrialResult]) -> Vec<&'a TrialResult> {
        let small = |r: &TrialResult| r.neurons < LARGE;
        results
            .iter()
            .copied()
            .filter(|r| small(r) == (self == Size::Small) && error(r).is_finite() && shape(r).is_some())
            .collect()
    }
}

/// Eq. 4.2, C(shape)·neuron: the mean error by shape and number of neurons. Type I, shape first.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn shapes(results: &[&TrialResult], size: Size) -> Result<Anova, Error> {
    let chosen = size.of(results);
    let names: Vec<String> =
        chosen.iter().map(|r| shape(r).map_or(String::new(), |s| s.to_string())).collect();
    Design::new(chosen.iter().map(|r| error(r)).collect())
        .factor("class", &names)
        .covariate("neuron", chosen.iter().map(|r| r.neurons as f64))
        .term(&["class"])
        .term(&["neuron"])
        .term(&["class", "neuron"])
        .anova(Kind::Sequential)
}

/// The variance of the mean error within shapes and between them.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn shape_variances(results: &[&TrialResult], size: Size) -> Result<Variances, Error> {
    let groups = select::by(&size.of(results), shape);
    let errors: Vec<Vec<f64>> = groups.values().map(|g| g.iter().map(|r| error(r)).collect()).collect();
    variances(errors.iter().map(Vec::as_slice))
}

/// One measurement of inference: what eq. 4.3 explains.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inference {
    /// Hidden layers.
    pub layers: usize,
    /// Neurons in them.
    pub neurons: usize,
    /// Seconds for the reference set, or a speed-up.
    pub value: f64,
}

/// Eq. 4.3, neurons · layers: the time of inference (Table 12) or the speed-up (Table 13). Both are
/// covariates: the published F, p and residual have one degree of freedom for the layers. Type II.
///
/// # Errors
/// [`Error::Statistics`] for too few results.
pub fn inference(all: &[Inference]) -> Result<Anova, Error> {
    Design::new(all.iter().map(|i| i.value).collect())
        .covariate("layers", all.iter().map(|i| i.layers as f64))
        .covariate("neuron", all.iter().map(|i| i.neurons as f64))
        .term(&["layers"])
        .term(&["neuron"])
        .term(&["layers", "neuron"])
        .anova(Kind::Hierarchical)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::select::tests::{architectures, made};
    use crate::trial::Class;

    #[test]
    fn twenty_networks_leave_the_published_degrees_of_freedom() {
        let mut all = Vec::new();
        for (i, class) in [Class::Ddnn, Class::Pinn, Class::DdnnA, Class::PinnA].into_iter().enumerate() {
            for (j, batch) in [32, 64, 128, 512, 1536].into_iter().enumerate() {
                let error = 1e-3 + 4e-4 * i as f64 + 1e-5 * ((i * 5 + j * 3) % 7) as f64;
                all.push(made("W-BS1", class, "SiLU32,SiLU32", batch, error));
            }
        }
        let refs: Vec<&TrialResult> = all.iter().collect();
        let table = classes(&refs, Response::Error).unwrap();
        assert_eq!(table.residual.degrees, 14.0);
        assert!(table.coefficient("iccs[yes]").unwrap() > 0.0);
        let time = classes(&refs, Response::IterationTime).unwrap();
        assert!(time.row("pinn").unwrap().p.unwrap() < 1e-6);
        assert!((time.coefficient("pinn[yes]").unwrap() - 1e-4).abs() < 1e-9);
    }

    #[test]
    fn shapes_of_both_sizes() {
        let all = architectures();
        let refs: Vec<&TrialResult> = all.iter().collect();
        // All large diamonds have 128 neurons, (32, 64, 32): no slope of theirs can be fitted, and the
        // interaction has one degree of freedom less.
        for (size, residual, interaction) in [(Size::Small, 158.0, 4.0), (Size::Large, 75.0, 3.0)] {
            let table = shapes(&refs, size).unwrap();
            assert_eq!(table.residual.degrees, residual);
            assert_eq!((table.rows[0].degrees, table.rows[2].degrees), (4.0, interaction));
            // The first row of type I is the one-way analysis.
            let groups = shape_variances(&refs, size).unwrap();
            assert!((groups.extra / table.rows[0].mean_sq - 1.0).abs() < 1e-9);
        }
        assert!(matches!(shapes(&refs[..3], Size::Small), Err(Error::Statistics(_))));
    }

    #[test]
    fn layers_have_one_degree_of_freedom() {
        let all: Vec<Inference> = (1..=5)
            .flat_map(|layers| {
                (1..=8).map(move |k| {
                    let neurons = 16 * k * layers;
                    let value =
                        0.01 * layers as f64 + 0.0015 * neurons as f64 + 1e-4 * ((k * layers) % 3) as f64;
                    Inference { layers, neurons, value }
                })
            })
            .collect();
        let table = inference(&all).unwrap();
        assert_eq!(table.row("layers").unwrap().degrees, 1.0);
        assert!((table.coefficient("neuron").unwrap() - 0.0015).abs() < 1e-4);
        assert!(table.row("neuron").unwrap().f > table.row("layers").unwrap().f);
    }
}
