//! Templates and pictures encrypted at rest.

use rollcall::store::{DATABASE_FILE, StationLock, Store, StoreError};
use tempfile::TempDir;

use super::{code, enrolled, model, operator, person, station};

const PICTURE: &[u8] = b"\xff\xd8 a picture \xff\xd9";

/// The bytes of one dimension that is 1, as a template holds them.
const ONE: [u8; 8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0];

fn files_hold(folder: &TempDir, needle: &[u8]) -> bool {
    let mut folders = vec![folder.path().to_path_buf()];
    while let Some(path) = folders.pop() {
        for entry in std::fs::read_dir(path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if std::fs::read(&path)
                .unwrap()
                .windows(needle.len())
                .any(|bytes| bytes == needle)
            {
                return true;
            }
        }
    }
    false
}

#[test]
fn nothing_of_a_face_is_readable_without_the_key() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    assert!(files_hold(&folder, PICTURE) && files_hold(&folder, &ONE));
    let elsewhere = TempDir::new().unwrap();
    let key = elsewhere.path().join("key");
    let lock = StationLock::take(folder.path()).unwrap();
    let inside = folder.path().join("key");
    assert!(matches!(
        store.seal(&inside, &lock, operator()),
        Err(StoreError::KeyInside { .. })
    ));
    let done = store.seal(&key, &lock, operator()).unwrap();
    assert_eq!((done.templates, done.pictures), (2, 2));
    assert!(!files_hold(&folder, PICTURE) && !files_hold(&folder, &ONE));
    // It works as before, for those enrolled before and after.
    store
        .add_person(&person("E-2", "Bruno"), operator())
        .unwrap();
    assert!(!files_hold(&folder, PICTURE) && !files_hold(&folder, &ONE));
    let gallery = store.load_gallery(&model()).unwrap();
    assert_eq!((gallery.templates.len(), gallery.skipped.len()), (4, 0));
    assert_eq!(store.picture_problems().unwrap(), Vec::<String>::new());
    let data = store.person_data(&code("E-2")).unwrap();
    assert_eq!(data.templates[0].vector, [1.0, 0.0]);
    assert_eq!(
        store
            .picture(data.templates[0].picture.as_ref().unwrap())
            .unwrap(),
        PICTURE
    );
    assert!(matches!(
        store.seal(&key, &lock, operator()),
        Err(StoreError::AlreadySealed)
    ));
    drop(store);
    let reader = Store::open_read_only(folder.path()).unwrap();
    assert_eq!(reader.load_gallery(&model()).unwrap().templates.len(), 4);
    drop(reader);
    let mut store = Store::open(folder.path()).unwrap();
    store.unseal(&lock, operator()).unwrap();
    assert!(files_hold(&folder, PICTURE) && files_hold(&folder, &ONE));
    assert_eq!(store.load_gallery(&model()).unwrap().templates.len(), 4);
    assert!(store.verify_chain().unwrap().broken.is_none());
}

#[test]
fn a_missing_or_wrong_key_is_said_and_changes_nothing() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let elsewhere = TempDir::new().unwrap();
    let key = elsewhere.path().join("key");
    let lock = StationLock::take(folder.path()).unwrap();
    store.seal(&key, &lock, operator()).unwrap();
    drop(store);
    let text = std::fs::read_to_string(&key).unwrap();
    let opened = |text: Option<&str>| {
        match text {
            Some(text) => std::fs::write(&key, text).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        Store::open(folder.path()).map(|_| ())
    };
    let wrong = text.replace(char::is_numeric, "7");
    assert!(matches!(
        opened(Some(&wrong)),
        Err(StoreError::WrongKey { .. })
    ));
    assert!(matches!(
        opened(Some("1234")),
        Err(StoreError::BadKey { .. })
    ));
    assert!(matches!(opened(None), Err(StoreError::NoKey { .. })));
    opened(Some(&text)).unwrap();
}

#[test]
fn a_template_moved_or_changed_behind_the_seal_is_no_template() {
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let elsewhere = TempDir::new().unwrap();
    let lock = StationLock::take(folder.path()).unwrap();
    store
        .seal(&elsewhere.path().join("key"), &lock, operator())
        .unwrap();
    let raw = rusqlite::Connection::open(folder.path().join(DATABASE_FILE)).unwrap();
    raw.execute(
        "UPDATE template SET embedding = CAST(substr(embedding, 1, 40) || x'7f' || substr(embedding, 42) AS BLOB)
         WHERE id = 1",
        [],
    )
    .unwrap();
    let gallery = store.load_gallery(&model()).unwrap();
    assert_eq!((gallery.templates.len(), gallery.skipped.len()), (1, 1));
}
