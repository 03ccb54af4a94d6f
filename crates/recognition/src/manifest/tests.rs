use super::*;

const ONE_MODEL: &str = r#"
    [[model]]
    file = "a.onnx"
    title = "A"
    kind = "embedder"
    family = "arcface"
    sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    size_bytes = 5
    output = "values"
    source = { registry = "none", package = "a", version = "1", member = "a" }
    licence = { declared = "MIT" }
    input = { side = 112, colour_order = "bgr", mean = 127.5, scale = 0.0078125 }
"#;

fn folder(manifest: &str, weights: Option<&[u8]>) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(MANIFEST_FILE), manifest).unwrap();
    if let Some(weights) = weights {
        fs::write(dir.path().join("a.onnx"), weights).unwrap();
    }
    dir
}

fn read_error(weights: Option<&[u8]>) -> ModelsError {
    let dir = folder(ONE_MODEL, weights);
    let manifest = Manifest::load(dir.path()).unwrap();
    let error = manifest.read(&manifest.models()[0]).unwrap_err();
    assert!(error.to_string().contains("a.onnx"), "{error}");
    assert!(error.to_string().contains("README.md"), "{error}");
    let row = &manifest.verify()[0];
    assert!(!row.ok);
    assert_eq!(row.problem.as_deref(), Some(error.to_string().as_str()));
    error
}

#[test]
fn the_right_file_is_read() {
    let dir = folder(ONE_MODEL, Some(b"hello"));
    let manifest = Manifest::load(dir.path()).unwrap();
    assert_eq!(manifest.read(&manifest.models()[0]).unwrap(), b"hello");
    assert!(manifest.verify().iter().all(|row| row.ok));
    assert_eq!(manifest.models()[0].model_id().as_str(), "2cf24dba5fb0a30e");
}

#[test]
fn a_bad_file_is_named_with_what_to_do() {
    assert!(matches!(read_error(None), ModelsError::Missing { .. }));
    let truncated = read_error(Some(b"hell"));
    assert!(truncated.to_string().contains("truncated"), "{truncated}");
    assert!(
        read_error(Some(b"hello!"))
            .to_string()
            .contains("another file")
    );
    assert!(matches!(
        read_error(Some(b"hellO")),
        ModelsError::WrongHash { .. }
    ));
}

#[test]
fn a_manifest_that_makes_no_sense_is_refused() {
    for (from, to, word) in [
        ("a.onnx", "../a.onnx", "plain file name"),
        ("2cf24d", "2CF24D", "hexadecimal"),
        ("\"embedder\"", "\"detector\"", "family"),
        ("0.0078125", "0.0", "scale"),
        ("side = 112", "side = 0", "0 pixels"),
        ("title", "titel", "unknown field"),
    ] {
        let dir = folder(&ONE_MODEL.replace(from, to), None);
        let error = Manifest::load(dir.path()).unwrap_err().to_string();
        assert!(
            error.contains(word) && error.contains(MANIFEST_FILE),
            "{error}"
        );
    }
    let twice = folder(&ONE_MODEL.repeat(2), None);
    let error = Manifest::load(twice.path()).unwrap_err().to_string();
    assert!(error.contains("twice"), "{error}");
}

#[test]
fn a_missing_manifest_or_family_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let error = Manifest::load(empty.path()).unwrap_err().to_string();
    assert!(error.contains(MANIFEST_FILE), "{error}");
    let dir = folder(ONE_MODEL, None);
    let manifest = Manifest::load(dir.path()).unwrap();
    let error = manifest.find(ModelFamily::Scrfd).unwrap_err().to_string();
    assert!(error.contains("scrfd"), "{error}");
}

#[test]
fn the_shipped_weights_are_those_of_the_shipped_manifest() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let manifest = Manifest::load(&dir).unwrap();
    assert_eq!(manifest.models().len(), 4);
    for row in manifest.verify() {
        assert!(row.ok, "{row:?}");
    }
    let scrfd = manifest.find(ModelFamily::Scrfd).unwrap();
    let note = scrfd.licence.note.as_deref().unwrap();
    assert!(note.contains("non-commercial"), "{note}");
}
