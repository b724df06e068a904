//! Files: what is written is read back, and nothing else is accepted.

#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod common;
#[path = "common/sealed.rs"]
mod sealed;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use common::{initial, small};
use datagen::*;

/// A data set and its file.
static SAVED: LazyLock<(Dataset, Vec<u8>)> = LazyLock::new(|| {
    let data = small().generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    data.save(&path).unwrap();
    (data, fs::read(path).unwrap())
});

fn open_bytes(bytes: &[u8]) -> Result<Dataset, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.safetensors");
    fs::write(&path, bytes).unwrap();
    Dataset::open(&path)
}

fn problem(bytes: &[u8]) -> FileProblem {
    match open_bytes(bytes) {
        Err(Error::File { problem, path }) => {
            assert!(path.ends_with("data.safetensors"));
            problem
        }
        other => panic!("not refused as it should be: {other:?}"),
    }
}

/// The file with other metadata and values, all hashes made right again: what only a faulty
/// program would write.
fn forged(change: impl FnOnce(&mut serde_json::Value, &mut Vec<f64>)) -> Vec<u8> {
    let (mut header, data) = sealed::parts(&SAVED.1).unwrap();
    let mut values: Vec<f64> =
        data.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect();
    change(&mut header, &mut values);
    let data: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    sealed::seal(header, &data).unwrap()
}

#[test]
fn round_trip() {
    let (data, bytes) = &*SAVED;
    let again = open_bytes(bytes).unwrap();
    assert_eq!(&again, data);
    assert_eq!(again.content_sha256(), data.content_sha256());
    assert_eq!(again.recipe_sha256(), small().sha256());
    assert_eq!(again.producer(), concat!("datagen ", env!("CARGO_PKG_VERSION")));
    assert_eq!(again.columns()[1].name, "U_0");
    assert_eq!(again.names(Role::Target).collect::<Vec<_>>(), ["U", "W"]);
    // The forger of these tests can write a good file.
    assert_eq!(&forged(|_, _| {}), bytes);
}

#[test]
fn generating_again_gives_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("again");
    small().generate().unwrap().save(&path).unwrap();
    assert_eq!(fs::read(path).unwrap(), SAVED.1);
}

#[test]
fn other_readers_of_safetensors_can_read_it() {
    let (data, bytes) = &*SAVED;
    let tensors = safetensors::SafeTensors::deserialize(bytes).unwrap();
    let values = tensors.tensor("values").unwrap();
    assert_eq!(values.dtype(), safetensors::Dtype::F64);
    assert_eq!(values.shape(), [48, 5]);
    let first = f64::from_le_bytes(values.data()[..8].try_into().unwrap());
    assert_eq!(first, data.values()[(0, 0)]);
    let (_, meta) = safetensors::SafeTensors::read_metadata(bytes).unwrap();
    assert_eq!(meta.metadata().as_ref().unwrap()["recipe"], small().to_json());
}

#[test]
fn cut_short_or_too_long_or_a_flipped_bit() {
    let bytes = &SAVED.1;
    for length in [0, 1, 7, 8, 9, 100, bytes.len() - 8, bytes.len() - 1] {
        assert!(matches!(problem(&bytes[..length]), FileProblem::CutShort { .. }), "{length}");
    }
    let longer = [bytes.as_slice(), b"\n"].concat();
    assert!(matches!(problem(&longer), FileProblem::TooLong { .. }));
    let mut flipped = bytes.clone();
    flipped[bytes.len() - 3] ^= 1;
    assert!(matches!(problem(&flipped), FileProblem::ContentHash { .. }));
}

#[test]
fn not_a_data_set() {
    for bytes in [&b"t,U,W\n0,0.5,0\n1,0.7,0.01\n"[..], &[0; 8], &[0; 64], &[0xff; 4096]] {
        assert!(matches!(problem(bytes), FileProblem::NotADataset(_)), "{bytes:?}");
    }
    // A file of safetensors that somebody else wrote.
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).unwrap();
    let foreign = safetensors::serialize([("weights", view)], None).unwrap();
    assert!(matches!(problem(&foreign), FileProblem::NotADataset(_)));
    assert!(matches!(Dataset::open("/nowhere/at/all"), Err(Error::Io { action: "open", .. })));
    assert!(matches!(Dataset::open(tempfile::tempdir().unwrap().path()), Err(Error::Io { .. })));
}

#[test]
fn another_format_version() {
    let newer = forged(|header, _| header["__metadata__"]["format_version"] = "2".into());
    let FileProblem::FormatVersion { found, supported } = problem(&newer) else { panic!() };
    assert_eq!((found.as_str(), supported), ("2", 1));
}

#[test]
fn values_that_are_not_finite() {
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let file = forged(|_, values| values[5 * 7 + 3] = bad);
        let FileProblem::NotFinite { row, column, .. } = problem(&file) else { panic!() };
        assert_eq!((row, column.as_str()), (7, "U"));
    }
}

#[test]
fn columns_that_do_not_fit() {
    let renamed = forged(|header, _| {
        let meta = &mut header["__metadata__"];
        meta["columns"] = meta["columns"].as_str().unwrap().replace("U_0", "W_9").into();
    });
    let FileProblem::Columns(text) = problem(&renamed) else { panic!() };
    assert!(text.contains("W_9 (input)") && text.contains("U_0 (input)"), "{text}");
    let fewer = forged(|header, values| {
        header["values"]["shape"] = serde_json::json!([60, 4]);
        assert_eq!(values.len(), 240);
    });
    assert!(matches!(problem(&fewer), FileProblem::Columns(_)));
    let rows = forged(|header, values| {
        values.truncate(200);
        header["values"]["shape"] = serde_json::json!([40, 5]);
        header["values"]["data_offsets"] = serde_json::json!([0, 1600]);
    });
    assert!(matches!(problem(&rows), FileProblem::Columns(_)));
    for text in ["0", "3", "48"] {
        let chopped = forged(|header, _| header["__metadata__"]["rows_per_trajectory"] = text.into());
        assert!(matches!(problem(&chopped), FileProblem::Columns(_)), "{text}");
    }
}

#[test]
fn a_recipe_in_the_file_that_is_none() {
    let file = forged(|header, _| header["__metadata__"]["recipe"] = "{}".into());
    assert!(matches!(open_bytes(&file), Err(Error::RecipeJson(_))));
    // Right in content, but not the canonical spelling.
    let file = forged(|header, _| {
        let meta = &mut header["__metadata__"];
        meta["recipe"] = meta["recipe"].as_str().unwrap().replace("\"t_start\":0.0", "\"t_start\": 0").into();
    });
    assert_eq!(problem(&file), FileProblem::Spelling);
}

#[test]
fn sizes_that_overflow() {
    for (shape, end) in [([u64::MAX, u64::MAX], 0), ([1 << 61, 1 << 3], 0), ([1 << 40, 1 << 20], 1u64 << 63)]
    {
        let file = forged(|header, _| {
            header["values"]["shape"] = serde_json::json!(shape);
            header["values"]["data_offsets"] = serde_json::json!([0, end]);
        });
        assert!(matches!(problem(&file), FileProblem::NotADataset(_)), "{shape:?}");
    }
}

#[test]
fn a_failed_save_keeps_the_old_file_and_leaves_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    // A folder stands where the file should go.
    let path = folder.path().join("taken");
    fs::create_dir(&path).unwrap();
    fs::write(path.join("inside"), "kept").unwrap();
    for result in [SAVED.0.save(&path), SAVED.0.export_csv(&path), SAVED.0.export_npz(&path)] {
        assert!(matches!(result, Err(Error::Io { .. })), "{result:?}");
    }
    assert_eq!(fs::read_to_string(path.join("inside")).unwrap(), "kept");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = SAVED.0.save(Path::new("/nowhere/at/all/data"));
    assert!(matches!(nowhere, Err(Error::Io { .. })), "{nowhere:?}");
}

#[test]
fn csv_reads_back_bit_for_bit() {
    let data = &SAVED.0;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.csv");
    data.export_csv(&path).unwrap();
    let mut reader = csv::Reader::from_path(&path).unwrap();
    assert_eq!(
        reader.headers().unwrap().iter().collect::<Vec<_>>(),
        ["trajectory", "t", "U_0", "W_0", "U", "W"]
    );
    let mut rows = 0;
    for (i, record) in reader.records().enumerate() {
        let record = record.unwrap();
        assert_eq!(record[0].parse::<usize>().unwrap(), i / 4);
        for (k, text) in record.iter().skip(1).enumerate() {
            assert_eq!(text.parse::<f64>().unwrap().to_bits(), data.values()[(i, k)].to_bits());
        }
        rows += 1;
    }
    assert_eq!(rows, 48);
}

#[test]
fn npz_reads_back_bit_for_bit() {
    let data = &SAVED.0;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.npz");
    data.export_npz(&path).unwrap();
    let mut npz = ndarray_npy::NpzReader::new(fs::File::open(&path).unwrap()).unwrap();
    for (k, column) in data.columns().iter().enumerate() {
        let values: ndarray::Array1<f64> = npz.by_name(&column.name).unwrap();
        assert_eq!(values, data.values().column(k));
    }
    let index: ndarray::Array1<u64> = npz.by_name("trajectory").unwrap();
    assert_eq!((index[3], index[4], index[47]), (0, 1, 11));
    let recipe: ndarray::Array1<u8> = npz.by_name("recipe_json").unwrap();
    assert_eq!(Recipe::from_json(std::str::from_utf8(recipe.as_slice().unwrap()).unwrap()).unwrap(), small());
    // Equal data sets give equal files, whenever they are written.
    data.export_npz(folder.path().join("again")).unwrap();
    assert_eq!(fs::read(&path).unwrap(), fs::read(folder.path().join("again")).unwrap());
}

#[test]
fn odd_values_survive() {
    let mut recipe = small();
    recipe.times = TimeGrid::Listed { times: vec![0.0] };
    let odd = [-0.0, 5e-324, 0.1 + 0.2, 1.0 - f64::EPSILON / 2.0];
    recipe.sampling =
        Sampling::Listed { of: vec![initial("U")], points: odd.iter().map(|&v| vec![v]).collect() };
    let data = recipe.generate().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd");
    data.save(&path).unwrap();
    let again = Dataset::open(&path).unwrap();
    for (i, v) in odd.iter().enumerate() {
        assert_eq!(again.values()[(i, 3)].to_bits(), v.to_bits());
    }
    assert_eq!(again.recipe().to_json(), recipe.to_json());
}
