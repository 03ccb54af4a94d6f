//! The text of the unit, and what systemd says of it.

use super::*;
use crate::commands::service::unit::Unit;

fn unit() -> Unit {
    Unit {
        program: PathBuf::from("/usr/local/bin/rollcall"),
        data_folder: PathBuf::from(DATA_FOLDER),
        models: PathBuf::from("/usr/local/bin/models"),
        config: None,
        shown: Vec::new(),
        written: Vec::new(),
        groups: vec!["video".to_owned()],
        announces: false,
    }
}

#[test]
fn odd_paths_are_escaped() {
    let text = Unit {
        program: PathBuf::from("/srv/100% a \"b\"/$HOME\\x"),
        data_folder: PathBuf::from("/srv/it's %h;$x"),
        shown: vec![PathBuf::from("/home/a:b/c d")],
        ..unit()
    }
    .text()
    .unwrap();
    for line in [
        "ExecStart=:/bin/sh -c \"exec \\\"$0\\\" \\\"$@\\\"\" \
         \"/srv/100%% a \\\"b\\\"/$HOME\\\\x\" --data-dir \"/srv/it's %%h;$x\" \
         --models-dir /usr/local/bin/models run --headless",
        "ReadWritePaths=\"/srv/it's %%h;$x\"",
        "WorkingDirectory=/srv/it's %%h;$x",
        "BindReadOnlyPaths=\"-/home/a:b/c d\"",
    ] {
        assert!(
            text.lines().any(|found| found == line),
            "{line} is not in\n{text}"
        );
    }
    let plain = Unit {
        program: PathBuf::from("/srv/50% $off/rollcall"),
        ..unit()
    };
    let text = plain.text().unwrap();
    assert!(
        text.contains("\nExecStart=:\"/srv/50%% $off/rollcall\" "),
        "{text}"
    );
}

/// Until the first camera is plugged in the kernel does not know the name of their kind, and
/// systemd lets nothing through that it cannot look up when the service starts.
#[test]
fn a_camera_that_is_plugged_in_later_is_let_through() {
    let text = unit().text().unwrap();
    // The number that is reserved for them, in linux/v4l2-dev.h and Documentation/admin-guide.
    assert!(text.contains("\nDeviceAllow=char-81 rw\n"), "{text}");
}

#[test]
fn what_a_unit_cannot_hold_is_refused() {
    use std::os::unix::ffi::OsStrExt as _;
    let not_text = Path::new(std::ffi::OsStr::from_bytes(b"/srv/\xff")).to_path_buf();
    for folder in [
        PathBuf::from("/srv/a\nUser=root"),
        PathBuf::from("/srv/a "),
        not_text,
    ] {
        let unit = Unit {
            data_folder: folder,
            ..unit()
        };
        let words = unit.text().unwrap_err().to_string();
        assert!(words.ends_with("rename it"), "{words}");
    }
}

/// systemd's own judgement of a unit, with the given arguments; none where it is not installed.
fn analyze(arguments: &[&str], text: &str) -> Option<(bool, String)> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(UNIT);
    fs::write(&path, text).unwrap();
    let output = std::process::Command::new("systemd-analyze")
        .args(arguments)
        .arg(&path)
        .env("SYSTEMD_PAGER", "")
        .output();
    let Ok(output) = output else {
        eprintln!("SKIPPED: systemd-analyze is not installed (script/setup --tests does)");
        return None;
    };
    let said = [output.stdout, output.stderr].concat();
    Some((
        output.status.success(),
        String::from_utf8_lossy(&said).into_owned(),
    ))
}

#[test]
fn systemd_finds_the_service_well_protected() {
    let most_open = Unit {
        shown: vec![PathBuf::from("/home/pi/rollcall")],
        written: vec![PathBuf::from("/mnt/stick")],
        groups: ["video", "gpio", "audio"].map(str::to_owned).to_vec(),
        announces: true,
        ..unit()
    };
    for unit in [unit(), most_open] {
        let arguments = ["security", "--offline=true", "--no-pager", "--threshold=20"];
        let text = unit.text().unwrap();
        let Some((is_protected, said)) = analyze(&arguments, &text) else {
            return;
        };
        let score = said.lines().find(|line| line.contains("Overall exposure"));
        eprintln!("{}", score.unwrap_or_default());
        assert!(score.is_some() && is_protected, "{said}");
    }
}

#[test]
fn systemd_understands_every_line() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("100% $a b");
    fs::write(&program, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let odd = Unit {
        program,
        data_folder: PathBuf::from("/srv/it's %h;$x"),
        shown: vec![PathBuf::from("/home/a:b/\"c\" d")],
        written: vec![PathBuf::from("/home/x y")],
        announces: true,
        ..unit()
    };
    let plain = Unit {
        program: PathBuf::from("/bin/true"),
        ..unit()
    };
    for unit in [plain, odd] {
        let text = unit.text().unwrap();
        // What the machine's other units lack is not ours.
        let arguments = ["verify", "--recursive-errors=no"];
        let Some((is_valid, said)) = analyze(&arguments, &text) else {
            return;
        };
        let is_silent = !said.contains("rollcall");
        assert!(is_valid && is_silent, "{said}\n{text}");
    }
}
