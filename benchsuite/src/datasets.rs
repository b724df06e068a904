//! Data sets of a run, in a folder: opened if they are there, generated if not.

use std::path::Path;

use datagen::{Dataset, Recipe};

use crate::Error;

/// The data set of a recipe, from `name.safetensors` in the folder; generated and written there if it is
/// missing.
///
/// # Errors
/// [`Error::Data`] for a file that is damaged or a recipe that fails; [`Error::Damaged`] for a file that holds
/// another data set.
pub(crate) fn open_or_generate(folder: &Path, name: &str, recipe: Recipe) -> Result<Dataset, Error> {
    let failed = |source: datagen::Error| Error::Data { name: name.to_owned(), source: Box::new(source) };
    let path = folder.join(format!("{name}.safetensors"));
    if !path.exists() {
        let data = recipe.generate().map_err(failed)?;
        data.save(&path).map_err(failed)?;
        return Ok(data);
    }
    let data = Dataset::open(&path).map_err(failed)?;
    if *data.recipe() != recipe {
        return Err(Error::Damaged {
            path,
            why: "it holds another data set than the experiment's".into(),
            remedy: "delete it: it is generated again".into(),
        });
    }
    Ok(data)
}
