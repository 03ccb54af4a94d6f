use std::os::unix::fs::symlink;

use super::*;

struct Root(tempfile::TempDir);

impl Root {
    fn new(folders: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for folder in folders {
            fs::create_dir_all(root.path().join(folder)).unwrap();
        }
        Self(root)
    }

    fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn places(&self) -> Places {
        Places::below(self.0.path())
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.at(path), Permissions::from_mode(mode)).unwrap();
    }
}

fn mode_of(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_service_has_a_folder_of_its_own_and_others_theirs() {
    let root = Root::new(&["run", "session", "tmp", "data"]);
    root.mode("run", 0o750);
    let serve = || root.places().to_serve(&root.at("data")).unwrap();
    assert_eq!(serve().socket().parent(), Some(&*root.at("run")));
    let listening = serve().listen().unwrap();
    assert_eq!(mode_of(serve().socket()), 0o660);
    drop(listening);

    fs::remove_dir_all(root.at("run")).unwrap();
    assert_eq!(
        serve().socket().parent(),
        Some(&*root.at("session/rollcall"))
    );
    let listening = serve().listen().unwrap();
    assert_eq!(mode_of(serve().socket()), 0o600);
    assert_eq!(mode_of(&root.at("session/rollcall")), 0o700);
    drop(listening);

    fs::remove_dir_all(root.at("session")).unwrap();
    let user = geteuid().as_raw();
    let own = root.at(&format!("tmp/rollcall-{user}"));
    assert_eq!(serve().socket().parent(), Some(&*own));
    assert_eq!(mode_of(&own), 0o700);
}

#[test]
fn a_folder_that_others_can_write_into_is_not_used() {
    let root = Root::new(&["run", "tmp", "data"]);
    root.mode("run", 0o777);
    let place = root.places().to_serve(&root.at("data")).unwrap();
    assert_ne!(place.socket().parent(), Some(&*root.at("run")));

    // A service has none but this one.
    let mut places = root.places();
    places.is_service = true;
    let error = places.to_serve(&root.at("data")).unwrap_err();
    assert!(
        error.to_string().contains("others may write into it"),
        "{error}"
    );

    // One that is ours is closed, a link never followed.
    let own = format!("tmp/rollcall-{}", geteuid().as_raw());
    root.mode(&own, 0o777);
    root.places().to_serve(&root.at("data")).unwrap();
    assert_eq!(mode_of(&root.at(&own)), 0o700);
    fs::remove_dir(root.at(&own)).unwrap();
    fs::create_dir(root.at("trap")).unwrap();
    symlink(root.at("trap"), root.at(&own)).unwrap();
    let error = root.places().to_serve(&root.at("data")).unwrap_err();
    assert!(error.to_string().contains("a link"), "{error}");
}

#[test]
fn the_same_folder_has_one_socket_however_it_is_written() {
    let root = Root::new(&["session", "data/inner", "other"]);
    symlink(root.at("data"), root.at("link")).unwrap();
    let name = |path: &str| {
        let place = root.places().to_serve(&root.at(path)).unwrap();
        place.socket().file_name().unwrap().to_owned()
    };
    let expected = name("data");
    for same in ["link", "data/", "data/inner/..", "./data"] {
        assert_eq!(name(same), expected, "{same}");
    }
    assert_ne!(name("other"), expected);
    // One that is not there yet has the name that it will have.
    let before = name("link/new");
    fs::create_dir(root.at("data/new")).unwrap();
    assert_eq!(name("data/new"), before);
    assert!(expected.to_string_lossy().starts_with("data-"));
}

#[test]
fn names_hold_only_letters_that_are_harmless() {
    let name = |path: &str| name_of(Path::new(path)).into_string().unwrap();
    for path in [
        "/",
        "/data/\u{1b}[31m",
        "/ü ñ",
        "/a b/../c",
        &format!("/{}", "x".repeat(255)),
    ] {
        let name = name(path);
        assert!(name.len() <= STEM + 1 + 16 + 5, "{name}");
        assert!(
            name.bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)),
            "{name}"
        );
    }
    assert_ne!(name("/a/data"), name("/b/data"));
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_never() {
    let root = Root::new(&["session", "data"]);
    let place = root.places().to_serve(&root.at("data")).unwrap();
    let first = place.listen().unwrap();
    let error = place.listen().unwrap_err();
    let (process, user) = (std::process::id(), geteuid());
    let expected = format!("runs already (process {process} of user {user})");
    assert!(error.to_string().contains(&expected), "{error}");

    // Also one whose lock is gone.
    fs::remove_file(place.socket().with_extension("lock")).unwrap();
    let error = place.listen().unwrap_err();
    assert!(error.to_string().contains(&expected), "{error}");

    // As after kill -9: the socket is there and nobody listens.
    let path = place.socket().to_owned();
    drop(first);
    assert!(!path.exists());
    drop(UnixListener::bind(&path).unwrap());
    assert!(path.exists());
    let again = place.listen().unwrap();
    connect(&path, PATIENCE).unwrap();
    drop(again);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let root = Root::new(&["session", "data"]);
    let place = root.places().to_serve(&root.at("data")).unwrap();
    fs::write(place.socket(), "mine").unwrap();
    let error = place.listen().unwrap_err();
    assert!(error.to_string().contains("it is no socket"), "{error}");
    assert_eq!(fs::read_to_string(place.socket()).unwrap(), "mine");
}

#[test]
fn a_socket_of_somebody_else_is_left_at_the_end() {
    let root = Root::new(&["session", "data"]);
    let place = root.places().to_serve(&root.at("data")).unwrap();
    let listening = place.listen().unwrap();
    // Made before the old one goes, so that it cannot get its number.
    let other = root.at("session/other");
    let _other = UnixListener::bind(&other).unwrap();
    fs::rename(&other, place.socket()).unwrap();
    drop(listening);
    assert!(place.socket().exists());
}

#[test]
fn a_path_may_be_longer_than_a_socket_address() {
    let long = format!("{0}/{0}", "x".repeat(100));
    let root = Root::new(&[&format!("{long}/session"), &format!("{long}/data")]);
    let places = Places::below(&root.at(&long));
    let place = places.to_serve(&root.at(&format!("{long}/data"))).unwrap();
    assert!(place.socket().as_os_str().len() > 200);
    let _listening = place.listen().unwrap();
    connect(place.socket(), PATIENCE).unwrap();
    assert!(matches!(place.listen(), Err(LinkError::StationRuns { .. })));
}

#[test]
fn nobody_is_found_where_nobody_is() {
    let root = Root::new(&["run", "session", "tmp", "data"]);
    let find = || root.places().find(&root.at("data"));
    assert_eq!(find(), Found::None);
    let place = root.places().to_serve(&root.at("data")).unwrap();
    drop(UnixListener::bind(place.socket()).unwrap());
    assert_eq!(find(), Found::None, "it is stale");
    assert_eq!(root.places().find(&root.at("nowhere")), Found::None);
}
