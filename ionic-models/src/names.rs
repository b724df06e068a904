//! Names that look like a misspelt one.

/// Up to three of `known` that resemble `name`, best first.
pub(crate) fn near_misses<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<String> {
    // A name from a terminal or a file may be of any length; nothing that long is a near miss.
    let wanted: String = name.chars().take(64).collect::<String>().to_lowercase();
    let mut scored: Vec<(usize, &str)> = known
        .filter(|k| !k.is_empty())
        .map(|k| (score(&wanted, &k.to_lowercase()), k))
        .filter(|&(s, k)| s <= 1 + k.chars().count() / 3)
        .collect();
    scored.sort();
    scored.dedup();
    scored.into_iter().take(3).map(|(_, k)| k.to_owned()).collect()
}

/// Edit distance, where separators and a part of the whole cost little.
fn score(wanted: &str, known: &str) -> usize {
    let squeeze = |s: &str| s.chars().filter(|c| c.is_alphanumeric()).collect::<Vec<_>>();
    let (a, b) = (squeeze(wanted), squeeze(known));
    if a == b {
        return 0;
    }
    let last = known.rsplit('.').next().unwrap_or(known);
    if wanted.len() > 1 && (last == wanted || (wanted.len() > 2 && known.contains(wanted))) {
        return 1;
    }
    distance(&a, &b).max(1)
}

/// Edits (insert, delete, replace, swap neighbours) that turn `a` into `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let replace = above[j] + usize::from(a[i] != b[j]);
            let mut best = replace.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

/// "did you mean …?" for a message; empty without candidates.
pub(crate) fn hint(near: &[String]) -> String {
    match near {
        [] => String::new(),
        [one] => format!("; did you mean `{one}`?"),
        many => format!("; did you mean one of `{}`?", many.join("`, `")),
    }
}
