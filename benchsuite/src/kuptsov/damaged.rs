//! Judged, or refused: what is broken in a kept file never ends a report.

use std::path::PathBuf;

use super::findings::{OdeResult, judge};
use super::kept::load;
use crate::claims::Publication;
use crate::kept::{Kept, folder, list, read_all, try_damage};
use crate::{Tier, files};

/// The two smallest of the kept maps: seeds without pictures.
fn maps(publication: &Publication) -> Vec<PathBuf> {
    let mut all = list(&folder(publication).join("maps")).unwrap();
    all.sort_by_key(|path| std::fs::metadata(path).unwrap().len());
    all.truncate(2);
    all
}

/// The kept ODEs with the first of each column alone: what pictures take decides no claim.
fn odes(publication: &Publication) -> Vec<Kept<OdeResult>> {
    let mut all: Vec<Kept<OdeResult>> = read_all(&folder(publication).join("odes")).unwrap();
    for kept in &mut all {
        let a = &mut kept.result.analysis;
        a.series.iter_mut().for_each(|s| s.states.truncate(3));
        for diagram in [&mut a.rising, &mut a.far, &mut a.near].into_iter().flatten() {
            diagram.columns.iter_mut().for_each(|(_, column)| column.truncate(3));
        }
    }
    all
}

#[test]
fn damaged_maps_are_read_or_refused() {
    let publication = Publication::kuptsov2022().unwrap();
    let whole = odes(&publication);
    try_damage(&maps(&publication), "maps/a.json", |folder| {
        let mut found = load(folder)?;
        // Maps are held against equations.
        found.odes = whole.iter().map(|kept| kept.result.clone()).collect();
        judge(&publication, &found, Tier::Paper, None);
        Ok(())
    });
}

#[test]
fn damaged_equations_are_read_or_refused() {
    let publication = Publication::kuptsov2022().unwrap();
    let whole = load(&folder(&publication)).unwrap().maps;
    let samples = tempfile::tempdir().unwrap();
    let small = |(k, kept): (usize, Kept<OdeResult>)| {
        let path = samples.path().join(format!("{k}.json"));
        files::write_json(&path, &kept).unwrap();
        path
    };
    let paths: Vec<PathBuf> = odes(&publication).into_iter().enumerate().map(small).collect();
    try_damage(&paths, "odes/a.json", |folder| {
        let mut found = load(folder)?;
        found.maps.clone_from(&whole);
        judge(&publication, &found, Tier::Paper, None);
        Ok(())
    });
}
