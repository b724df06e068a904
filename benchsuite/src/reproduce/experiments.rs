//! The experiments by name.

use super::{Job, Summary};
use crate::error::near_misses;
use crate::{Error, inference, kainth, kuptsov, pellegrini, werneck};

/// An experiment.
pub struct Experiment {
    /// Its id, as claims name it.
    pub id: &'static str,
    /// What it asks, in a line.
    pub about: &'static str,
    /// The publication.
    pub of: &'static str,
    /// The experiment that this one is a part of: that one is run unless the part is asked for.
    pub part_of: Option<&'static str>,
    pub(super) run: fn(&Job<'_>) -> Result<Summary, Error>,
}

/// All experiments.
pub const EXPERIMENTS: &[Experiment] = &[
    Experiment {
        id: "W-A",
        about: "one FitzHugh–Nagumo action potential: networks with and without the equations in their loss, \
                from 10 and from 1000 points",
        of: "Werneck 2024, section 4.1",
        part_of: None,
        run: werneck::run,
    },
    Experiment {
        id: "W-INF",
        about: "are networks faster than a numerical solver? Euler's method as published, in lanes and at the \
                limit of the machine, and networks",
        of: "Werneck 2024, section 4.4",
        part_of: None,
        run: inference::run,
    },
    Experiment {
        id: "K",
        about: "neural maps of a bursting β-cell: what they learn of an oscillation, and that they find the \
                fixed point, its eigenvalues and the silent branch, which they never saw",
        of: "Kuptsov, Stankevich, Bagautdinova 2022",
        part_of: None,
        run: kuptsov::run,
    },
    Experiment {
        id: "P",
        about: "physics-informed neural ODEs of the axon with scale-aware residuals: what one oscillation \
                tells about the next hundred milliseconds, against neural ODEs and PINNs",
        of: "Kainth, Joshi, Dandekar, Dandekar, Panat 2025",
        part_of: None,
        run: kainth::run,
    },
    Experiment {
        id: "K-TS",
        about: "time series and attractor of ODE and map",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Figs 1, 2, 4, 7, 8",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::Series, job),
    },
    Experiment {
        id: "K-BIF",
        about: "bifurcation diagrams of ODE and map, where bursting becomes spiking",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Figs 3, 5a, 9a",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::Diagrams, job),
    },
    Experiment {
        id: "K-FP",
        about: "the map's fixed point against the ODE's",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Fig. 10",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::FixedPoint, job),
    },
    Experiment {
        id: "K-EIG",
        about: "the fixed point's eigenvalues, for three time steps",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Figs 11, 12",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::Eigenvalues, job),
    },
    Experiment {
        id: "K-BIST",
        about: "the silent branch of a map that saw oscillations alone",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Figs 5b, 9b",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::Bistability, job),
    },
    Experiment {
        id: "K-PFXP",
        about: "how many random starts reach the fixed point",
        of: "Kuptsov, Stankevich, Bagautdinova 2022, Figs 5c, 9c",
        part_of: Some("K"),
        run: |job| kuptsov::run_part(kuptsov::Part::Reach, job),
    },
    Experiment {
        id: "F",
        about: "Fourier neural operators from the applied current to every state of three cells, of 2, 4 and 41 \
                variables",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: None,
        run: pellegrini::run,
    },
    Experiment {
        id: "F-FHN",
        about: "an operator for FitzHugh–Nagumo, 2 variables",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Fhn, job),
    },
    Experiment {
        id: "F-HH",
        about: "an operator for Hodgkin–Huxley, 4 variables",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Hh, job),
    },
    Experiment {
        id: "F-ORD",
        about: "an operator for O'Hara–Rudy, 41 variables",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Ord, job),
    },
    Experiment {
        id: "F-TUNE",
        about: "a search for a network by successive halving",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Tune, job),
    },
    Experiment {
        id: "F-EPOCHS",
        about: "how many epochs constrained and unconstrained networks need",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Epochs, job),
    },
    Experiment {
        id: "F-RES",
        about: "an operator on a finer grid than it learned at",
        of: "Pellegrini, Ghiotto, Centofanti, Pavarino 2025",
        part_of: Some("F"),
        run: |job| pellegrini::run_part(pellegrini::Part::Resolution, job),
    },
];

/// The experiments with these ids; if there are none, all that are not part of another.
///
/// # Errors
/// [`Error::UnknownExperiment`], which lists the known ids and names a near one.
pub fn find(ids: &[String]) -> Result<Vec<&'static Experiment>, Error> {
    if ids.is_empty() {
        return Ok(EXPERIMENTS.iter().filter(|e| e.part_of.is_none()).collect());
    }
    ids.iter()
        .map(|id| {
            EXPERIMENTS.iter().find(|e| e.id.eq_ignore_ascii_case(id)).ok_or_else(|| {
                let known: Vec<&str> = EXPERIMENTS.iter().map(|e| e.id).collect();
                Error::UnknownExperiment {
                    id: id.clone(),
                    near: near_misses(id, known.iter().copied()),
                    known: known.join(", "),
                }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn experiments_are_found_in_any_case_and_near_misses_are_named() {
        assert_eq!(find(&["w-a".into()]).unwrap()[0].id, "W-A");
        let all = find(&[]).unwrap();
        assert!(all.iter().any(|e| e.id == "K") && all.iter().all(|e| e.id != "K-FP"));
        assert_eq!(find(&["k-fp".into()]).unwrap()[0].id, "K-FP");
        let error = find(&["WA1".into()]).err().unwrap().to_string();
        assert!(error.contains("`WA1`") && error.contains("did you mean `W-A`?"), "{error}");
    }
}
