//! The end of the report: what was chosen, verdicts, how to run it again, where the numbers come from.

use super::document::Parts;
use super::figures::thousands;
use super::findings::judge;
use super::kept;
use crate::Tier;
use crate::report::{Again, Block, Cell, Table, header, verdicts};

pub(crate) fn write(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    deviations(parts, blocks);
    judged(parts, blocks);
    blocks.extend(
        Again {
            what: "networks",
            more: ", all architectures; the kept runs took half an hour in all, one network at a time",
            command: parts.command,
            resume: parts.resume,
            experiment: "W-A",
        }
        .blocks(),
    );
    provenance(parts, blocks);
}

fn deviations(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    let p = &parts.config.protocol;
    blocks.push(Block::heading("What the dissertation leaves open, and what was chosen"));
    blocks.push(Block::List(vec![
        format!(
            "Weights of the loss terms (eq. 3.16) are not printed: λ_D = {}, λ_P = {}, λ_B = {}.",
            p.data_weight, p.physics_weight, p.initial_weight
        ),
        format!(
            "How t enters the network is not printed: here t = 0…20 enters as {}…{}, U and W leave unscaled. In a \
             trial with 600 000 iterations and two seeds, mapping t to −1…1 made the PINN's error more than five times \
             as large.",
            p.time_normal[0], p.time_normal[1]
        ),
        "First weights are not printed: uniform in ±1/√(inputs of the layer), what PyTorch's linear layer does."
            .into(),
        "Where the points of the training sets lie is not printed: equal distances with both ends included, \
         20/9 and 20/999; between Euler steps the solution is interpolated linearly."
            .into(),
        "The validation set is described as common to all networks and not printed: see Method.".into(),
        "The model's equation is printed as K U (U − α)(1 − U) − W, which gives no action potential; with K in \
         front of the whole bracket the printed figures come out."
            .into(),
        format!(
            "The schedule (factor {}, patience {}, threshold {:e}, least rate {:e}, eps {:e}) is the printed one. \
             With PyTorch's rule it never acts: it would change the rate by {:.0e}, less than eps. The learning \
             rate is in effect constant.",
            p.plateau.factor,
            p.plateau.patience,
            p.plateau.threshold,
            p.plateau.min_learning_rate,
            p.plateau.eps,
            p.adam.learning_rate * (1.0 - p.plateau.factor)
        ),
        "Eq. 3.3 adds the errors of U and W. The validator of the author's program (github.com/ybwerneck/Pinn-Torch, \
         commit 7cd578e), which all problems share, takes the mean over both: means are held against the tables in \
         its measure."
            .into(),
        "The text names 1e6 iterations, the captions of Tables 14 and 15 name 2e6: tier paper does 2e6.".into(),
        "Training is done in 32-bit floating point, as is inference.".into(),
        "Each row of the tables is one training, there and here: chance alone moves such errors by a factor of \
         a few. The rules that judge single rows allow for it."
            .into(),
    ]));
}

fn judged(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Verdicts"));
    blocks.push(Block::Paragraph(
        "One line for each published number. PASS and DIFFERS are given only to numbers measured under the \
         paper's protocol; everything else is NOT_RUN, with its reason. The same list is in `results.json`."
            .into(),
    ));
    if !parts.config.is_comparable() && !parts.kept.is_empty() {
        let results = judge(parts.publication, &kept::samples(parts.kept), Tier::Paper, None);
        blocks.push(Block::Details(
            format!("Kept results at paper scale: {}", verdicts::counts(&results)),
            vec![verdicts::table(parts.publication, &results, false)],
        ));
    }
    blocks.push(Block::Details(
        format!("This run: {}", verdicts::counts(parts.results)),
        vec![verdicts::table(parts.publication, parts.results, false)],
    ));
}

fn provenance(parts: &Parts<'_>, blocks: &mut Vec<Block>) {
    blocks.push(Block::heading("Where the numbers come from"));
    let mut table = crate::provenance::table(parts.manifest, parts.config.seed);
    let inference = "native provider, 32-bit, one thread";
    table.rows.push(vec![Cell::text("inference"), Cell::text(inference)]);
    blocks.push(Block::Table(table));
    blocks.push(Block::Details("Networks of this run".into(), vec![Block::Table(networks(parts))]));
    if !parts.config.is_comparable() && !parts.kept.is_empty() {
        blocks.push(Block::Details(
            "Kept networks at paper scale".into(),
            vec![Block::Table(kept_networks(parts))],
        ));
    }
}

fn networks(parts: &Parts<'_>) -> Table {
    let rows = parts
        .courses
        .iter()
        .map(|c| {
            let t = &c.trained;
            vec![
                Cell::text(format!("`{}`", t.network.id())),
                Cell::digits(t.parameters.to_string()),
                Cell::digits(t.seed.to_string()),
                Cell::time(t.microseconds_per_iteration),
                Cell::number(Some(t.evaluation.euler.mean)),
                Cell::number(Some(t.evaluation.accurate.mean)),
                Cell::text(format!("`models/{}.onnx`", t.network.file_name())),
            ]
        })
        .collect();
    Table {
        caption: "Mean error of eq. 3.3 against the Euler validation set, and against the accurate solution"
            .into(),
        groups: Vec::new(),
        header: header([
            "network",
            "parameters",
            "seed",
            "µs per iteration",
            "error, Euler",
            "error, accurate",
            "file",
        ]),
        rows,
    }
}

fn kept_networks(parts: &Parts<'_>) -> Table {
    let rows = parts
        .kept
        .iter()
        .map(|k| {
            vec![
                Cell::text(format!("`{}`", k.trained.network.id())),
                Cell::digits(thousands(k.trained.iterations)),
                Cell::number(Some(k.trained.evaluation.euler.mean)),
                Cell::number(Some(k.trained.evaluation.accurate.mean)),
                Cell::text(k.provenance.code.short_commit()),
                Cell::text(format!("{}, {} threads", k.provenance.machine.cpu, k.provenance.machine.threads)),
                Cell::text(k.provenance.started.clone()),
            ]
        })
        .collect();
    Table {
        caption: "Mean error of eq. 3.3 against the Euler validation set, and against the accurate solution"
            .into(),
        groups: Vec::new(),
        header: header([
            "network",
            "iterations",
            "error, Euler",
            "error, accurate",
            "commit",
            "machine",
            "started",
        ]),
        rows,
    }
}
