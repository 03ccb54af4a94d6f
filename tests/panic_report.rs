//! What a panic leaves behind. In a process of its own, because panic hooks are the
//! whole process's.

#![allow(clippy::unwrap_used, clippy::panic, reason = "it is about panics")]

use rollcall::clock::Clock;
use rollcall::logging;

#[test]
fn a_panic_leaves_a_report_that_only_its_owner_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join(logging::FOLDER);
    std::fs::create_dir(&folder).unwrap();
    logging::report_panics(data.path(), Clock::start());
    let thread = std::thread::Builder::new().name("camera".into());
    let failing = thread.spawn(|| panic!("the lens fell off")).unwrap();
    failing.join().unwrap_err();
    let reports: Vec<_> = std::fs::read_dir(&folder).unwrap().collect();
    assert_eq!(reports.len(), 1);
    let path = reports[0].as_ref().unwrap().path();
    let text = std::fs::read_to_string(&path).unwrap();
    for words in [
        "the lens fell off",
        "thread camera",
        "rollcall 0.",
        "panic_report.rs",
    ] {
        assert!(text.contains(words), "{words:?} is missing in {text}");
    }
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
