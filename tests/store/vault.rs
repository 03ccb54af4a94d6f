//! Templates and pictures encrypted at rest.

use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

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

fn write_key(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_key_that_protects_nothing_is_refused() {
    let keys = TempDir::new().unwrap();
    let key = keys.path().join("key");
    let good = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n";
    let (folder, mut store) = station();
    enrolled(&mut store, "E-1");
    let lock = StationLock::take(folder.path()).unwrap();
    let mut sealed_with = |path: &Path| store.seal(path, &lock, operator()).unwrap_err();
    for mode in [0o644, 0o640, 0o602] {
        write_key(&key, good, mode);
        let error = sealed_with(&key);
        assert!(matches!(error, StoreError::KeyReadable { .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    for byte in ["00", "ff", "7a"] {
        write_key(&key, &byte.repeat(32), 0o600);
        let error = sealed_with(&key);
        assert!(matches!(error, StoreError::WeakKey { .. }), "{error}");
    }
    // A link outside whose key is inside, and a folder that is a link.
    write_key(&folder.path().join("inner"), good, 0o600);
    let link = keys.path().join("link");
    symlink(folder.path().join("inner"), &link).unwrap();
    let error = sealed_with(&link);
    assert!(matches!(error, StoreError::KeyInside { .. }), "{error}");
    symlink(folder.path(), keys.path().join("usb")).unwrap();
    let error = sealed_with(&keys.path().join("usb/new"));
    assert!(matches!(error, StoreError::KeyInside { .. }), "{error}");
    for endless in ["/dev/zero", "/dev/urandom"] {
        sealed_with(Path::new(endless));
    }
    let pipe = keys.path().join("pipe");
    assert!(
        Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    sealed_with(&pipe);
    assert!(store.key_place().unwrap().is_none());
    // A link to a key outside is as good as the key.
    write_key(&key, good, 0o600);
    let link = keys.path().join("good");
    symlink(&key, &link).unwrap();
    store.seal(&link, &lock, operator()).unwrap();
    drop(store);
    write_key(&key, good, 0o644);
    let error = Store::open(folder.path()).unwrap_err();
    assert!(matches!(error, StoreError::KeyReadable { .. }), "{error}");
    write_key(&key, good, 0o600);
    Store::open(folder.path()).unwrap();
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
            Some(text) => write_key(&key, text, 0o600),
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
        "UPDATE template SET embedding = CAST(substr(embedding, 1, 40) || x'7f7f7f7f7f7f7f7f' || substr(embedding, 49) AS BLOB)
         WHERE id = 1",
        [],
    )
    .unwrap();
    let gallery = store.load_gallery(&model()).unwrap();
    assert_eq!((gallery.templates.len(), gallery.skipped.len()), (1, 1));
}
