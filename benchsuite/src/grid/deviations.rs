//! What the dissertation leaves open or says in two ways about problems B and C, and what was taken.

use crate::report::Block;
use crate::trial::{Extra, ExtraRule, TrialResult};

/// The list for a page, with what the trials themselves say of their extra data.
pub(super) fn blocks(all: &[TrialResult]) -> Vec<Block> {
    let mut list: Vec<String> = GENERAL.iter().map(|s| (*s).to_owned()).collect();
    list.extend(extras(all));
    vec![Block::heading("What the dissertation leaves open, and what was chosen"), Block::List(list)]
}

const GENERAL: &[&str] = &[
    "Text and program: the program that the author published differs from the text in the measure of errors, the \
     loss, the domain of initial states and, for problem C, the end of the time domain (20 and not 50). Sections say \
     which their networks follow. Those that follow the text are judged by eq. 3.3 as printed, the sum of |ΔU| and |ΔW|; \
     those that follow the program, and problem A's, by its mean, half of that.",
    "Weights of the loss's terms (eqs 3.8, 3.16) are not printed: 1.",
    "The schedule (factor 0.999999, patience 1000, eps 1e-8) never changes a learning rate of 1e-3, and is followed.",
    "How many times a solution is sampled at is not printed: 50 of its own, drawn uniformly, by the text's protocol; \
     every 0.1 by the program's. Validation is at 50 random times of each solution in both.",
    "Section 3.1 prints 10,000 solutions, half to learn from and half to validate with; they share none. So networks of \
     problem B_C learn from 5,000, where section 4.2.2 can be read as 10,000 for each time domain.",
    "Batches of iterators are not printed: 128 rows, and as many more of the extra data as stand below. The author's program \
     takes 1024 of each, and puts the extra data near a line, W = 0.19 U + 0.01.",
    "Inputs are not scaled; for problem C the network sees K, from 0 to 1.",
    "The region near the unstable equilibrium (DDNNa, PINNa): U₀ from 0.3 to 0.5.",
    "The validated network that is reported is the last one, not the best.",
    "Five layers are named for the search on problem B_S. They give 150 networks and lack the tables' best: six, which \
     hold every row, give 252.",
    "Problems B_C and C, and batch sizes and classes of problem B_S, are searched over samples of the architectures, the \
     same on every machine. Means of samples are held against printed means. The best of a sample is no better and its \
     worst no worse than those of all: a best that agrees stands for all, a worst that agrees does not. Verdicts name the \
     numbers.",
    "A number that is printed for one network is held against the median over seeds where several were trained. The \
     dissertation's are one training each.",
    "Table 7 does not fit itself: with a worst error of 0.118 and a mean of 2.96e-3 over 1548 networks, the deviation \
     is at least 2.9e-3; 1.93e-3 is printed.",
    "Tables 4 and 17 call (8, 32, 8) a bowtie; the text and Table 16 call it a diamond, and so do the tables here.",
    "Cells of tables of variance are judged by what does not depend on the machine and the noise of training: sums of \
     squares by their share of those of the table, F and p by significance at 5 %, coefficients by their sign, and where \
     they are errors by a factor of 3.",
];

/// How points of high error are found and added, in each way that the trials have.
fn extras(all: &[TrialResult]) -> Vec<String> {
    let mut ways: Vec<(&str, &Extra)> = Vec::new();
    for r in all {
        let way = r.spec.extra.as_ref().map(|extra| (r.spec.experiment.as_str(), extra));
        ways.extend(way.filter(|way| !ways.contains(way)));
    }
    let words = |(experiment, extra): (&str, &Extra)| {
        let rule = match extra.rule {
            ExtraRule::TopShare(share) => format!("the {} % with the greatest errors", 100.0 * share),
            ExtraRule::ErrorAbove(error) => format!("those with a mean error above {error}"),
        };
        format!(
            "Extra data of {experiment}: the text says which points count, {rule}, but not of which network, nor how near \
             new ones lie and how many they are. Here a scout, {}, learns for {} iterations; boxes around its points reach \
             {} of the side of the domain to each side; {} samples start in them, {} rows of a batch, with a weight \
             of {}.",
            super::tables::layers(&extra.scout),
            extra.scout_iterations,
            extra.radius,
            extra.samples,
            extra.batch,
            extra.weight
        )
    };
    ways.into_iter().map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::select::tests::made;
    use crate::trial::Class;

    #[test]
    fn each_way_to_add_data_is_told_once() {
        let mut trials = vec![made("W-C", Class::Ddnn, "SiLU8", 128, 1e-2); 3];
        let extra = Extra {
            rule: ExtraRule::TopShare(0.05),
            scout: "Tanh16,Tanh16".into(),
            scout_iterations: 100_000,
            samples: 5_000,
            radius: 0.02,
            batch: 64,
            weight: 1.0,
        };
        trials[1].spec.extra = Some(extra.clone());
        trials[2].spec.extra = Some(extra);
        let told = extras(&trials);
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("the 5 % with") && told[0].contains("(Tanh-16, Tanh-16)"), "{}", told[0]);
        assert!(extras(&trials[..1]).is_empty());
    }
}
