//! Sentences follow from the results, and say over how many.

use super::*;
use crate::grid::select::tests::{architectures as all_architectures, made};
use crate::trial::{Extra, ExtraRule, Scores};

fn say(experiment: &str, trials: &[TrialResult]) -> String {
    let publication = Publication::werneck2024().unwrap();
    answer(&publication, experiment, &trials.iter().collect::<Vec<_>>()).join(" ")
}

fn extra() -> Extra {
    Extra {
        rule: ExtraRule::ErrorAbove(0.1),
        scout: "Tanh16".into(),
        scout_iterations: 1,
        samples: 1,
        radius: 0.1,
        batch: 64,
        weight: 1.0,
    }
}

#[test]
fn equations_are_held_against_data_of_the_same_layers_and_batch() {
    let trials = [
        made("W-BS1", Class::Ddnn, "SiLU8,SiLU8", 128, 1e-3),
        made("W-BS1", Class::Pinn, "SiLU8,SiLU8", 128, 2e-3),
        made("W-BS1", Class::Ddnn, "SiLU32,SiLU8", 128, 1e-3),
        made("W-BS1", Class::Pinn, "SiLU32,SiLU8", 128, 3e-3),
        made("W-BS1", Class::DdnnA, "SiLU8,SiLU8", 128, 0.9e-3),
        made("W-BS1", Class::DdnnA, "SiLU32,SiLU8", 128, 1.1e-3),
        // Alone with its batch: no pair.
        made("W-BS1", Class::Pinn, "SiLU32,SiLU8", 512, 1e-9),
    ];
    let text = say("W-BS1", &trials);
    assert!(text.contains("equations do not help") && text.contains("in 0 of 2 pairs"), "{text}");
    assert!(text.contains("2.5 times (median; 2.0 to 3.0) as much"), "{text}");
    assert!(text.contains("in 1 of 2 pairs") && text.contains("help some and not others"), "{text}");
    assert!(!text.contains("PINNa") && !text.contains("Batches"), "{text}");
    assert_eq!(say("W-BS1", &[]), "");
}

#[test]
fn bowties_are_counted_by_both_names() {
    let trials = [
        made("W-BS2", Class::Ddnn, "SiLU8,SiLU32,SiLU8", 128, 1e-3),
        made("W-BS2", Class::Ddnn, "SiLU32,SiLU8,SiLU8", 128, 2e-3),
        made("W-BS2", Class::Ddnn, "SiLU32,SiLU8,SiLU32", 128, 3e-3),
        made("W-BS2", Class::Ddnn, "SiLU8,SiLU32,SiLU32", 128, 2e-3),
        // Alone with its neurons.
        made("W-BS2", Class::Ddnn, "SiLU64,SiLU8,SiLU32", 128, 1e-9),
    ];
    let refs: Vec<&TrialResult> = trials.iter().collect();
    assert_eq!(wins(&refs, Shape::Bowtie), Wins { won: 0, of: 1, networks: 1 });
    assert_eq!(wins(&refs, Shape::Diamond), Wins { won: 1, of: 1, networks: 1 });
    let text = say("W-BS2", &all_architectures());
    assert!(
        text.starts_with("The best of 252 networks is (") && text.contains("the published 3.88e-4"),
        "{text}"
    );
    assert!(text.contains("36 networks of two layers") && text.contains("Among the 168 networks"), "{text}");
}

#[test]
fn a_short_domain_is_held_against_the_long_one() {
    let mut trials = vec![
        made("W-BC1", Class::Ddnn, "SiLU8,SiLU8", 128, 2e-2),
        made("W-BC1", Class::Ddnn, "SiLU8,SiLU8", 128, 4e-3),
        made("W-BC1", Class::Ddnn, "SiLU32,SiLU8", 128, 6e-2),
    ];
    assert_eq!(say("W-BC1", &trials), "");
    trials[1].spec.t_end = Some(5.0);
    let text = say("W-BC1", &trials);
    assert!(text.contains("err 10 times less") && text.contains("(printed: 4.9 times)"), "{text}");
    assert!(
        text.contains("better in 1 of 1 pairs, and the error of the long one is 5.0 times its own"),
        "{text}"
    );
}

#[test]
fn extra_data_are_judged_by_pairs() {
    let with = |layers: &str, error: f64| {
        let mut trial = made("W-C", Class::Ddnn, layers, 128, error);
        trial.spec.extra = Some(extra());
        trial
    };
    let mut trials = vec![
        made("W-C", Class::Ddnn, "SiLU8,SiLU8", 128, 1e-2),
        with("SiLU8,SiLU8", 2e-2),
        made("W-C", Class::Ddnn, "Tanh8,SiLU8", 128, 4e-2),
        with("Tanh8,SiLU8", 3e-2),
        // Deeper, without a partner: it makes nothing better.
        with("Tanh8,SiLU8,SiLU8", 1e-5),
    ];
    let text = say("W-C", &trials);
    assert!(text.contains("smaller in 1 of 2 pairs") && text.contains("errs 2.0 times as much"), "{text}");
    assert!(text.contains("greatest error in 1;"), "{text}");
    // Differences ln 2 and ln ¾: their mean, .2027, over half of what they differ by, .4904.
    assert!(text.contains("t(1) = 0.41, p = 0.75."), "{text}");
    trials[1].scores.euler.max = 1e-9;
    assert!(say("W-C", &trials).contains("smaller in 1 of 2 pairs"));
    assert!(say("W-C", &trials).contains("greatest error in 2;"));
    trials.iter_mut().for_each(|t| t.one_step = Some(t.scores));
    let text = say("W-IT", &trials);
    assert!(
        text.contains("5 networks err by 1.00e-5 to 0.0400")
            && text.contains("correlation of the two is 1.00"),
        "{text}"
    );
    // Three seeds of one architecture, whatever their order.
    let seed = |seed: u64, error: f64| {
        let mut trial = with("ELU16,SiLU8", error);
        trial.spec.seed = seed;
        trial
    };
    let seeds = [seed(1, 0.03), seed(2, 0.01), seed(3, 0.04)];
    let text = say("W-IT", &seeds);
    assert!(
        text.contains("give 0.0100 to 0.0400, in the middle 0.0300: a factor of 4.0 by chance"),
        "{text}"
    );
}

#[test]
fn windows_and_their_reuse_stand_in_a_table() {
    let mut trials = vec![
        made("W-WIN", Class::Ddnn, "SiLU8,ELU8", 128, 1e-2),
        made("W-WIN", Class::Ddnn, "SiLU8,ELU8", 128, 4e-3),
        made("W-WIN", Class::Ddnn, "SiLU8,ELU8", 128, 2e-3),
    ];
    trials[1].spec.windows = Some(10);
    trials[2].spec.t_end = Some(5.0);
    let scores = trials[2].scores;
    trials[2].reused = Some(Scores { euler: crate::trial::Errors { mean: 3e-2, max: 1.0 }, ..scores });
    let refs: Vec<&TrialResult> = trials.iter().collect();
    let text = say("W-WIN", &trials);
    assert!(
        text.contains("each err 0.40 times as much") && text.contains("errs 3.0 times as much"),
        "{text}"
    );
    assert!(text.contains("where the text expects greater accuracy"), "{text}");
    let table = windows_table(&refs).unwrap();
    let cells: Vec<&str> = table.rows[0].iter().map(|c| c.text.as_str()).collect();
    assert_eq!(cells, ["(SiLU-8, ELU-8)", "16", "0.0100", "4.00e-3", "2.00e-3", "0.0300"]);
    assert_eq!(windows_table(&[]), None);
}
