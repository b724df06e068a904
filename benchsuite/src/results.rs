//! What came out, claim by claim.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Tier;
use crate::claims::{Analysed, Claim};

/// Whether a claim was reproduced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Measured under the paper's protocol, and the rule holds.
    Pass,
    /// Measured under the paper's protocol, and the rule does not hold.
    Differs,
    /// Not measured under the paper's protocol; the reason says why.
    NotRun,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Pass => "PASS",
            Verdict::Differs => "DIFFERS",
            Verdict::NotRun => "NOT_RUN",
        })
    }
}

/// One object of `results.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimResult {
    /// The claim's id.
    pub id: String,
    /// Where the published number stands.
    pub source: String,
    /// The published number.
    pub published: f64,
    /// The number found here, if any.
    pub measured: Option<f64>,
    /// Its spread over seeds or rows, if there are several.
    pub spread: Option<f64>,
    /// The unit of all three.
    pub unit: String,
    /// When the two agree, in words.
    pub tolerance: String,
    /// Whether they do.
    pub verdict: Verdict,
    /// Why there is no verdict.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The command that measured it.
    pub command: String,
    /// The tier that it ran at.
    pub tier: Tier,
    /// The seeds that it used.
    pub seeds: Vec<u64>,
}

/// What a run found for one claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// A value under the paper's protocol.
    Measured(f64),
    /// A cell of a table of variance under the paper's protocol.
    Analysed(Analysed),
    /// No such value, and why; perhaps a value under another protocol.
    NotRun {
        /// The value under the other protocol.
        measured: Option<f64>,
        /// Why it does not count.
        reason: String,
    },
}

impl Finding {
    /// A value, if there is one and no `doubt` about it; else why it has no verdict: that it is `missing`, or the
    /// doubt.
    pub(crate) fn of(value: Option<f64>, doubt: Option<&str>, missing: impl FnOnce() -> String) -> Self {
        match (value, doubt) {
            (Some(value), None) => Finding::Measured(value),
            (None, _) => Finding::NotRun { measured: None, reason: missing() },
            (measured, Some(doubt)) => Finding::NotRun { measured, reason: doubt.to_owned() },
        }
    }
}

impl ClaimResult {
    /// Applies a claim's rule to what was found.
    pub fn judge(claim: &Claim, finding: Finding, command: &str, tier: Tier, seeds: &[u64]) -> Self {
        let verdict = |agrees| if agrees { Verdict::Pass } else { Verdict::Differs };
        let mut tolerance = claim.rule.to_string();
        let (measured, verdict, reason) = match finding {
            Finding::Measured(value) => (Some(value), verdict(claim.rule.holds(claim.value, value)), None),
            Finding::Analysed(cell) => {
                if let Some(compared) = claim.rule.compared(claim.value, &cell) {
                    tolerance += &format!("; {compared}");
                }
                (Some(cell.value), verdict(claim.rule.holds_in(claim.value, &cell)), None)
            }
            Finding::NotRun { measured, reason } => (measured, Verdict::NotRun, Some(reason)),
        };
        ClaimResult {
            id: claim.id.clone(),
            source: claim.source.clone(),
            published: claim.value,
            // JSON has no NaN; a value that is not finite already failed its rule.
            measured: measured.filter(|m| m.is_finite()),
            spread: None,
            unit: claim.unit.clone(),
            tolerance,
            verdict,
            reason,
            command: command.to_owned(),
            tier,
            seeds: seeds.to_vec(),
        }
    }

    /// Why a result that is kept has no verdict: its run is not the reader's.
    pub(crate) fn reason_kept(&self) -> Option<String> {
        self.reason.as_ref().map(|reason| reason.replace("not part of this run", "nothing is kept"))
    }

    /// With the spread of the values that it was taken from, if they are several.
    #[must_use]
    pub(crate) fn over(mut self, values: &[f64]) -> Self {
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let (low, high) = crate::stats::range(finite.iter().copied());
        self.spread = (finite.len() > 1).then_some(high - low);
        self
    }
}

/// A command of a result as a person types it: results name the program by what started it.
pub(crate) fn typed(command: &str) -> String {
    command
        .strip_prefix("benchsuite ")
        .map_or_else(|| command.to_owned(), |rest| format!("cargo xtask {rest}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::Rule;

    #[test]
    fn verdicts() {
        let claim = Claim {
            id: "W-A/x".into(),
            source: "Table 1".into(),
            description: "x".into(),
            value: 1.0,
            unit: "1".into(),
            rule: Rule::WithinFactor { factor: 2.0 },
        };
        let judge = |finding| ClaimResult::judge(&claim, finding, "cmd", Tier::Paper, &[1]);
        assert_eq!(judge(Finding::Measured(1.5)).verdict, Verdict::Pass);
        assert_eq!(judge(Finding::Measured(2.5)).verdict, Verdict::Differs);
        let share = Claim { rule: Rule::ShareOfTotal { total: 4.0, tolerance: 0.1 }, ..claim.clone() };
        let cell = Analysed { value: 3.0, p: Some(0.2), terms: 7.0, residual: 3.0 };
        let judged = ClaimResult::judge(&share, Finding::Analysed(cell), "cmd", Tier::Paper, &[1]);
        assert_eq!((judged.verdict, judged.measured), (Verdict::Pass, Some(3.0)));
        assert!(judged.tolerance.ends_with("; printed 25.0 %, here 30.0 %"), "{}", judged.tolerance);
        let nan = judge(Finding::Measured(f64::NAN));
        assert_eq!((nan.verdict, nan.measured), (Verdict::Differs, None));
        let skipped = judge(Finding::NotRun { measured: Some(1.0), reason: "tier smoke".into() });
        assert_eq!(skipped.verdict, Verdict::NotRun);
        let json = serde_json::to_value(&skipped).unwrap();
        assert_eq!(json["verdict"], "NOT_RUN");
        assert_eq!(json["tier"], "paper");
        assert_eq!(json["reason"], "tier smoke");
    }
}
