//! Analysis of variance of a linear model with factors, covariates and interactions.
//!
//! The dissertation's analyses (eqs 4.1–4.3) mix factors such as a network's shape with covariates
//! such as its number of neurons, so a design is a linear model and each row of the table compares
//! two nested fits. A two-way analysis with interaction is the special case of two factors. Least
//! squares are by an orthogonal decomposition with column pivoting (a design has a dozen columns, and heavy
//! packages have no place in this crate), the F distribution is that of `statrs`;
//! `tests/data/statistics.json` holds what statsmodels says.

mod least_squares;
#[cfg(test)]
mod tests;

use least_squares::{Columns, Fit, least_squares};
use statrs::distribution::{ContinuousCDF as _, FisherSnedecor};

use crate::Error;

/// What a sum of squares compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Type I, sequential: a term after all terms in front of it.
    Sequential,
    /// Type II: a term after all terms that do not contain it.
    Hierarchical,
    /// Type III: a term after all others, factors coded by contrasts that sum to zero.
    Marginal,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Kind::Sequential => "type I",
            Kind::Hierarchical => "type II",
            Kind::Marginal => "type III",
        })
    }
}

#[derive(Debug, Clone)]
enum Values {
    /// The levels, and the level of each row.
    Factor(Vec<String>, Vec<usize>),
    Covariate(Vec<f64>),
}

/// A linear model: a response, variables, and the terms that explain it. The mean is always in it.
///
/// ```
/// use benchsuite::stats::anova::{Design, Kind};
///
/// let shape = ["funnel", "funnel", "bowtie", "bowtie", "bowtie", "funnel"];
/// let table = Design::new(vec![1.0, 1.2, 2.1, 2.0, 2.2, 1.1])
///     .factor("shape", &shape)
///     .term(&["shape"])
///     .anova(Kind::Sequential)?;
/// assert_eq!(table.rows[0].degrees, 1.0);
/// assert!(table.rows[0].p.unwrap() < 0.001);
/// # Ok::<(), benchsuite::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Design {
    response: Vec<f64>,
    variables: Vec<(String, Values)>,
    terms: Vec<Vec<String>>,
}

/// A row of the table.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The term, such as `shape:neurons`.
    pub term: String,
    /// Degrees of freedom.
    pub degrees: f64,
    /// The sum of squares that the term explains.
    pub sum_sq: f64,
    /// That, for each degree of freedom.
    pub mean_sq: f64,
    /// The ratio to the residual's mean square; none for the residual.
    pub f: Option<f64>,
    /// The probability of such a ratio or a greater one by chance; none for the residual.
    pub p: Option<f64>,
}

/// An analysis of variance.
#[derive(Debug, Clone, PartialEq)]
pub struct Anova {
    /// What its sums of squares compare.
    pub kind: Kind,
    /// A row for each term, in the order of the design.
    pub rows: Vec<Row>,
    /// What no term explains.
    pub residual: Row,
    /// The coefficients of the full model, factors coded against their first level: `Intercept`,
    /// `shape[funnel]`, `neurons`, `shape[funnel]:neurons`. None where the data do not determine it.
    pub coefficients: Vec<(String, Option<f64>)>,
}

impl Anova {
    /// The row of a term.
    pub fn row(&self, term: &str) -> Option<&Row> {
        self.rows.iter().find(|r| r.term == term)
    }

    /// A coefficient.
    pub fn coefficient(&self, name: &str) -> Option<f64> {
        self.coefficients.iter().find(|(n, _)| n == name).and_then(|(_, value)| *value)
    }
}

impl Design {
    /// A model of this response.
    pub fn new(response: Vec<f64>) -> Self {
        Design { response, variables: Vec::new(), terms: Vec::new() }
    }

    /// With a factor: the level of each row. Levels are sorted; the first is the reference.
    #[must_use]
    pub fn factor(mut self, name: &str, levels: &[impl AsRef<str>]) -> Self {
        let mut all: Vec<String> = levels.iter().map(|l| l.as_ref().to_owned()).collect();
        all.sort();
        all.dedup();
        let place = |l: &str| all.binary_search_by(|a| a.as_str().cmp(l)).unwrap_or(0);
        let rows = levels.iter().map(|l| place(l.as_ref())).collect();
        self.variables.push((name.to_owned(), Values::Factor(all, rows)));
        self
    }

    /// With a covariate: a number for each row.
    #[must_use]
    pub fn covariate(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.variables.push((name.to_owned(), Values::Covariate(values.into_iter().collect())));
        self
    }

    /// With a term: one variable, or several for their interaction.
    #[must_use]
    pub fn term(mut self, variables: &[&str]) -> Self {
        self.terms.push(variables.iter().map(|v| (*v).to_owned()).collect());
        self
    }

    /// The analysis.
    ///
    /// # Errors
    /// [`Error::Statistics`] for columns of unequal length, values that are not finite, factors of
    /// one level, unknown or repeated terms, a model that leaves no degree of freedom, or a term
    /// that others determine.
    pub fn anova(&self, kind: Kind) -> Result<Anova, Error> {
        self.check()?;
        let full = self.fit(&self.terms, false)?;
        let n = self.response.len();
        let (rank, rss) = (full.rank, full.rss);
        if rank >= n {
            let why = format!("{n} rows for a model of {rank} parameters leave nothing to judge by");
            return Err(Error::Statistics(why));
        }
        let degrees = (n - rank) as f64;
        let mean_sq = rss / degrees;
        let mut rows = Vec::new();
        for (i, term) in self.terms.iter().enumerate() {
            let (without, with) = self.compared(kind, i);
            let sums = kind == Kind::Marginal;
            let (less, more) = match kind {
                Kind::Marginal => (self.fit_without(i)?, self.fit(&with, sums)?),
                _ => (self.fit(&without, sums)?, self.fit(&with, sums)?),
            };
            let df = more.rank.saturating_sub(less.rank) as f64;
            if df == 0.0 {
                let why = format!(
                    "the other terms determine `{}` already: there are too few combinations of levels",
                    term.join(":")
                );
                return Err(Error::Statistics(why));
            }
            let sum_sq = (less.rss - more.rss).max(0.0);
            let f = sum_sq / df / mean_sq;
            rows.push(Row {
                term: term.join(":"),
                degrees: df,
                sum_sq,
                mean_sq: sum_sq / df,
                f: Some(f),
                p: Some(upper_tail(f, df, degrees)?),
            });
        }
        let columns = self.columns(&self.terms, false);
        Ok(Anova {
            kind,
            rows,
            residual: Row { term: "Residual".into(), degrees, sum_sq: rss, mean_sq, f: None, p: None },
            coefficients: columns.into_iter().map(|(name, _)| name).zip(full.coefficients).collect(),
        })
    }

    fn check(&self) -> Result<(), Error> {
        let bad = |why: String| Err(Error::Statistics(why));
        let n = self.response.len();
        if self.response.iter().any(|y| !y.is_finite()) {
            return bad("the response has values that are not finite; leave those rows out".into());
        }
        for (name, values) in &self.variables {
            let (len, sound) = match values {
                Values::Factor(levels, rows) => {
                    if levels.len() < 2 {
                        return bad(format!("factor `{name}` has one level only; leave it out"));
                    }
                    (rows.len(), true)
                }
                Values::Covariate(x) => (x.len(), x.iter().all(|x| x.is_finite())),
            };
            if len != n {
                return bad(format!("`{name}` has {len} values for {n} rows"));
            }
            if !sound {
                return bad(format!("`{name}` has values that are not finite; leave those rows out"));
            }
        }
        for (i, term) in self.terms.iter().enumerate() {
            if let Some(name) = term.iter().find(|v| self.variable(v).is_none()) {
                return bad(format!("no variable is called `{name}`"));
            }
            let same = |other: &Vec<String>| other.len() == term.len() && contains(other, term);
            if self.terms[..i].iter().any(same) {
                return bad(format!("the term `{}` occurs twice", term.join(":")));
            }
        }
        Ok(())
    }

    fn variable(&self, name: &str) -> Option<&Values> {
        self.variables.iter().find(|(n, _)| n == name).map(|(_, values)| values)
    }

    /// The terms of the smaller and of the larger model that a sum of squares compares.
    fn compared(&self, kind: Kind, i: usize) -> (Vec<Vec<String>>, Vec<Vec<String>>) {
        let mut without: Vec<Vec<String>> = match kind {
            Kind::Sequential => self.terms[..i].to_vec(),
            Kind::Hierarchical => {
                self.terms.iter().filter(|t| !contains(t, &self.terms[i])).cloned().collect()
            }
            Kind::Marginal => Vec::new(),
        };
        if kind == Kind::Marginal {
            return (without, self.terms.clone());
        }
        let smaller = without.clone();
        without.push(self.terms[i].clone());
        (smaller, without)
    }

    /// The columns of some terms, the mean first. Factors are coded against their first level, or by
    /// contrasts that sum to zero.
    fn columns(&self, terms: &[Vec<String>], sums: bool) -> Columns {
        let mut columns = vec![("Intercept".to_owned(), vec![1.0; self.response.len()])];
        for term in terms {
            columns.extend(self.term_columns(term, sums));
        }
        columns
    }

    fn term_columns(&self, term: &[String], sums: bool) -> Columns {
        let mut product: Columns = vec![(String::new(), vec![1.0; self.response.len()])];
        for name in term {
            let own: Columns = match self.variable(name) {
                None => Vec::new(),
                Some(Values::Covariate(x)) => vec![(name.clone(), x.clone())],
                Some(Values::Factor(levels, rows)) => (0..levels.len() - 1)
                    .map(|k| {
                        let last = levels.len() - 1;
                        let code = |level: usize| match (sums, level) {
                            (true, l) if l == last => -1.0,
                            (true, l) => f64::from(u8::from(l == k)),
                            (false, l) => f64::from(u8::from(l == k + 1)),
                        };
                        let shown = &levels[if sums { k } else { k + 1 }];
                        (format!("{name}[{shown}]"), rows.iter().map(|l| code(*l)).collect())
                    })
                    .collect(),
            };
            let joined = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { format!("{a}:{b}") };
            product = own
                .iter()
                .flat_map(|(b, y)| {
                    product.iter().map(move |(a, x)| {
                        (joined(a, b), x.iter().zip(y).map(|(x, y)| x * y).collect::<Vec<f64>>())
                    })
                })
                .collect();
        }
        product
    }

    fn fit(&self, terms: &[Vec<String>], sums: bool) -> Result<Fit, Error> {
        least_squares(&self.columns(terms, sums), &self.response)
    }

    /// The full model, coded by sums, without the columns of one term.
    fn fit_without(&self, i: usize) -> Result<Fit, Error> {
        let mut columns = self.columns(&[], true);
        for (k, term) in self.terms.iter().enumerate() {
            if k != i {
                columns.extend(self.term_columns(term, true));
            }
        }
        least_squares(&columns, &self.response)
    }
}

/// Whether a term holds all variables of another.
fn contains(term: &[String], other: &[String]) -> bool {
    other.iter().all(|v| term.contains(v))
}

/// The probability of an F ratio of at least `f`.
///
/// # Errors
/// [`Error::Statistics`] for a ratio that is no number, and for degrees of freedom that are not positive.
pub fn upper_tail(f: f64, degrees: f64, residual: f64) -> Result<f64, Error> {
    if f.is_nan() {
        return Err(Error::Statistics("the response is constant: there is no variance to explain".into()));
    }
    let law = FisherSnedecor::new(degrees, residual)
        .map_err(|e| Error::Statistics(format!("F({degrees}, {residual}): {e}")))?;
    Ok(if f.is_infinite() { 0.0 } else { law.sf(f) })
}
