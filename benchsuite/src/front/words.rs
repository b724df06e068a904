//! What the page calls things, in words: experiments, and the terms of each work.

use crate::reproduce::EXPERIMENTS;

/// What an experiment asks. Those that are not in [`EXPERIMENTS`] are sweeps, or parts of one that are not run alone.
pub(super) fn about(id: &str) -> &'static str {
    let known = EXPERIMENTS.iter().find(|e| e.id == id).map(|e| e.about);
    known.unwrap_or(match id {
        "W-BS1" => {
            "do equations in the loss help where data are dense, and which batch size? (a sweep, problem B_S)"
        }
        "W-BS2" => "which number, width and order of layers errs least? (a sweep, problem B_S)",
        "W-BC1" => "what does a short time domain gain? (a sweep, problem B_C)",
        "W-BC2" => "how small can a network be? (a sweep, problem B_C)",
        "W-IT" => "networks that are applied step after step (a sweep, problem B_C)",
        "W-C" => "networks that take the current, too (a sweep, problem C)",
        "W-WIN" => {
            "one network for the whole time, or windows of time, or one window again and again? (a sweep)"
        }
        "W-GRID" => "a search over architectures that many processes share",
        "P-EXT" => "frequency and amplitude up to 100 ms and 1000 ms, learned from one oscillation",
        "P-BASE" => "the same beside neural ODEs and PINNs",
        "P-MORPH" => "the shape of the gates over an oscillation",
        "P-ABL" => "how much scaling of residuals, adjoint, weight and solver matter",
        "P-NOISE" => "data with noise",
        "P-SEED" => "how much the seed matters",
        _ => "",
    })
}

/// The words that a work's rows take for granted, by the folder of its results.
pub(super) fn terms(folder: &str) -> &'static str {
    match folder {
        "werneck2024" => {
            "Problem A is one action potential of FitzHugh and Nagumo's model; B_S and B_C take the initial state as \
             an input, without a current and with one that makes the cell oscillate; C takes the current, too. A DDNN \
             learns from data alone, a PINN from data and the model's equations; DDNNa and PINNa learn the equations \
             near the unstable equilibrium (iccs), too; an iterator gives the state one step later. (SiLU32, Tanh8) is \
             a network with two hidden layers of 32 and 8 neurons. Errors are |ΔU| + |ΔW| (eq. 3.3) unless the rule \
             says otherwise."
        }
        "kuptsov2022" => {
            "A map is a network that gives the state of Sherman, Rinzel and Keizer's β-cell one time step later. The \
             original system bursts; in the modified, bistable one a silent state lies beside the bursting."
        }
        "kainth2025" => {
            "Only abstract and summary are public, in words: a number stands for them, 0 for an error that is not \
             there, 1 for a ratio of equals, and the rule says what is taken for agreement. PI-NODE-SR is the work's \
             method: a neural ODE with the equations in its loss, scaled for each state. The experiments' names are ours."
        }
        "pellegrini2025" => {
            "A constrained network has about half a million parameters, an unconstrained one what a search without that \
             limit found. L1, L2 and H1 are norms of the error over that of the solution, both normalised; H1 counts \
             derivatives with respect to time, too."
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Publication;

    #[test]
    fn every_experiment_and_every_work_has_words() {
        for publication in [
            Publication::werneck2024(),
            Publication::kuptsov2022(),
            Publication::kainth2025(),
            Publication::pellegrini2025(),
        ] {
            let publication = publication.unwrap();
            assert!(!terms(&publication.folder).is_empty(), "{}", publication.folder);
            for claim in &publication.claims {
                let id = claim.id.split('/').next().unwrap_or_default();
                assert!(!about(id).is_empty(), "{id}");
            }
        }
    }
}
