//! Output that nobody reads: attendance goes on, and the station still ends when it is told to.

use std::fs::File;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::PtySize;

use super::{Line, PATIENCE, rollcall};

/// How long the end may take on a busy machine; the station's own limits add up to less
/// than two seconds.
const END: Duration = Duration::from_secs(20);

const FACE: &str = "tests/fixtures/faces/astronaut.jpg";

/// A folder in which somebody is enrolled.
fn with_somebody() -> tempfile::TempDir {
    let data = tempfile::tempdir().unwrap();
    let enrolled = rollcall(data.path())
        .args([
            "enrol",
            "--name",
            "Ana",
            "--code",
            "E-1",
            "--consent",
            "today",
            FACE,
        ])
        .output()
        .unwrap();
    assert!(enrolled.status.success(), "{enrolled:?}");
    data
}

/// Pictures that leave no cell of a screen as it was, and then a face.
fn noise_and_a_face(folder: &Path) {
    for number in 0..24_u32 {
        let mut state = number + 1;
        let noise = image::RgbImage::from_fn(320, 240, |_, _| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [_, red, green, blue] = state.to_be_bytes();
            image::Rgb([red, green, blue])
        });
        noise.save(folder.join(format!("{number:02}.png"))).unwrap();
    }
    for number in 24..60 {
        std::fs::copy(FACE, folder.join(format!("{number:02}.jpg"))).unwrap();
    }
}

fn punches(data: &Path) -> usize {
    let listed = rollcall(data)
        .args(["attendance", "list", "--json"])
        .output()
        .unwrap();
    let events: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap_or_default();
    events.as_array().map_or(0, Vec::len)
}

fn wait_for_a_punch(data: &Path) {
    let started = Instant::now();
    while punches(data) == 0 {
        assert!(started.elapsed() < PATIENCE, "nobody was checked in");
        std::thread::sleep(Duration::from_millis(300));
    }
}

/// Full pipes block whoever writes to them.
fn fill(pipe: &mut File) {
    fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while pipe.write(&[b'.'; 4096]).is_ok() {}
    while pipe.write(b".").is_ok() {}
    fcntl(pipe.as_fd(), FcntlArg::F_SETFL(OFlag::empty())).unwrap();
}

fn ends(child: &mut Child) -> bool {
    let started = Instant::now();
    while started.elapsed() < END {
        if child.try_wait().unwrap().is_some() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    false
}

#[test]
fn a_dashboard_that_is_not_read_takes_attendance_and_can_be_ended() {
    let data = with_somebody();
    let pictures = tempfile::tempdir().unwrap();
    noise_and_a_face(pictures.path());
    let size = PtySize {
        rows: 60,
        cols: 200,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pictures = pictures.path().to_str().unwrap();
    let mut line = Line::start(
        size,
        data.path(),
        &[
            ("COLORTERM", "truecolor"),
            ("ROLLCALL_DASHBOARD_PREVIEW", "half-blocks"),
        ],
        &["--source", pictures, "--rate", "4"],
    );
    // Nobody reads from it.
    wait_for_a_punch(data.path());

    let pid = Pid::from_raw(line.child.process_id().unwrap().try_into().unwrap());
    kill(pid, Signal::SIGTERM).unwrap();
    let started = Instant::now();
    let has_ended = loop {
        if line.child.try_wait().unwrap().is_some() {
            break true;
        }
        if started.elapsed() > END {
            line.child.kill().unwrap();
            break false;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(has_ended, "it did not end");
}

#[test]
fn lines_that_nobody_reads_hold_nothing_up() {
    for mode in ["--headless", "--plain"] {
        let data = with_somebody();
        let (_reader, writer) = std::io::pipe().unwrap();
        let mut writer = File::from(std::os::fd::OwnedFd::from(writer));
        fill(&mut writer);
        let mut station = rollcall(data.path())
            .args(["run", mode, "--source", FACE, "--rate", "5"])
            .stdin(Stdio::null())
            .stdout(Stdio::from(writer))
            .spawn()
            .unwrap();
        wait_for_a_punch(data.path());
        let pid = Pid::from_raw(station.id().try_into().unwrap());
        kill(pid, Signal::SIGTERM).unwrap();
        assert!(ends(&mut station), "{mode} did not end");
        assert_eq!(punches(data.path()), 1, "{mode}");
    }
}
