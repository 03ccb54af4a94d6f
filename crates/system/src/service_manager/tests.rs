use std::path::Path;

use tempfile::TempDir;

use super::*;

/// A service manager's socket.
struct Manager {
    folder: TempDir,
    socket: UnixDatagram,
}

impl Manager {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = listen(&folder.path().join("notify"));
        Self { folder, socket }
    }

    fn service(&self, watchdog_usec: Option<&str>) -> ServiceManager {
        let path = self.folder.path().join("notify");
        service(path.as_os_str(), watchdog_usec, None)
    }

    /// The next message, if there is one.
    fn heard(&self) -> Option<String> {
        heard(&self.socket)
    }

    fn heard_all(&self) -> Vec<String> {
        std::iter::from_fn(|| self.heard()).collect()
    }
}

fn listen(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

fn heard(socket: &UnixDatagram) -> Option<String> {
    let mut bytes = [0; 1024];
    let length = socket.recv(&mut bytes).ok()?;
    Some(String::from_utf8(bytes[..length].to_vec()).unwrap())
}

fn service(
    name: &OsStr,
    watchdog_usec: Option<&str>,
    watchdog_pid: Option<&str>,
) -> ServiceManager {
    ServiceManager::named_by(|variable| match variable {
        "NOTIFY_SOCKET" => Some(name.to_owned()),
        "WATCHDOG_USEC" => watchdog_usec.map(OsString::from),
        "WATCHDOG_PID" => watchdog_pid.map(OsString::from),
        _ => None,
    })
}

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn a_life_is_told_in_order() {
    let manager = Manager::new();
    let mut service = manager.service(None);
    assert!(service.is_there());
    service.status("opening the camera");
    service.ready();
    service.reloading();
    service.ready();
    service.stopping();
    let heard = manager.heard_all();
    assert_eq!(heard[0], "READY=1\nSTATUS=opening the camera\n");
    let (reloading, time) = heard[1].split_once('\n').unwrap();
    assert_eq!(reloading, "RELOADING=1");
    let usec: u128 = time
        .strip_prefix("MONOTONIC_USEC=")
        .and_then(|usec| usec.trim_end().parse().ok())
        .unwrap();
    let now = monotonic_usec();
    assert!((now - 60_000_000..=now).contains(&usec), "{usec} of {now}");
    assert_eq!(heard[2..], ["READY=1\n", "STOPPING=1\n"]);
}

#[test]
fn the_watchdog_hears_a_beat_in_each_half_of_its_time() {
    let manager = Manager::new();
    let mut service = manager.service(Some("30000000"));
    let start = Instant::now();
    let mut beats = Vec::new();
    for tenth in 0..=600 {
        service.beat(start + Duration::from_millis(100) * tenth);
        for message in manager.heard_all() {
            assert_eq!(message, "WATCHDOG=1\n");
            beats.push(tenth / 10);
        }
    }
    assert_eq!(beats, [0, 15, 30, 45, 60]);
}

#[test]
fn who_is_not_watched_does_not_beat() {
    let manager = Manager::new();
    let path = manager.folder.path().join("notify");
    let own = std::process::id().to_string();
    for (usec, pid, beats) in [
        (None, None, false),
        (Some("0"), None, false),
        (Some("soon"), None, false),
        (Some("30000000"), Some("1"), false),
        (Some("30000000"), Some("nobody"), false),
        (Some("30000000"), Some(own.as_str()), true),
    ] {
        service(path.as_os_str(), usec, pid).beat(Instant::now());
        assert_eq!(manager.heard().is_some(), beats, "{usec:?} {pid:?}");
    }
}

#[test]
fn of_many_status_texts_the_newest_is_sent_once_a_second() {
    let manager = Manager::new();
    let mut service = manager.service(None);
    let start = Instant::now();
    for hundredth in 0..=250 {
        service.status(&format!("{hundredth} frames"));
        service.beat(start + Duration::from_millis(10) * hundredth);
    }
    let expected = [
        "STATUS=0 frames\n",
        "STATUS=100 frames\n",
        "STATUS=200 frames\n",
    ];
    assert_eq!(manager.heard_all(), expected);
    // What has not changed is not said again.
    service.beat(start + secs(10));
    assert_eq!(manager.heard_all(), ["STATUS=250 frames\n"]);
    service.status("250 frames");
    service.beat(start + secs(20));
    assert_eq!(manager.heard(), None);
}

#[test]
fn a_status_cannot_pass_for_another_message() {
    let manager = Manager::new();
    let mut service = manager.service(None);
    service.status(&format!("camera\nREADY=1\r{}", "é".repeat(1000)));
    service.beat(Instant::now());
    let heard = manager.heard().unwrap();
    assert!(heard.starts_with("STATUS=camera READY=1 éé"), "{heard}");
    assert_eq!(heard.lines().count(), 1);
    assert_eq!(heard.chars().count(), "STATUS=\n".len() + LONGEST_STATUS);
}

#[test]
fn a_full_socket_costs_no_time_and_what_is_owed_arrives_later() {
    let manager = Manager::new();
    let mut service = manager.service(Some("2000000"));
    let start = Instant::now();
    // The kernel queues some ten or some hundred messages for one who does not read.
    let mut now = start;
    for _ in 0..2000 {
        now += secs(1);
        service.beat(now);
    }
    service.status("three dashboards");
    service.stopping();
    assert!(start.elapsed() < secs(5), "it took {:?}", start.elapsed());
    let waiting = manager.heard_all();
    assert!(waiting.len() < 2000, "the socket was never full");
    assert!(waiting.iter().all(|message| message == "WATCHDOG=1\n"));

    service.beat(now + TRY_AGAIN_AFTER);
    let owed = "STOPPING=1\nSTATUS=three dashboards\nWATCHDOG=1\n";
    assert_eq!(manager.heard_all(), [owed]);
}

#[test]
fn a_socket_that_is_gone_is_asked_now_and_then_and_found_again() {
    let manager = Manager::new();
    let path = manager.folder.path().join("notify");
    let mut service = manager.service(Some("30000000"));
    std::fs::remove_file(&path).unwrap();
    service.ready();
    let start = Instant::now();
    service.beat(start);
    // A service manager that was restarted.
    let again = listen(&path);
    service.beat(start + TRY_AGAIN_AFTER / 2);
    assert_eq!(heard(&again), None);
    service.beat(start + TRY_AGAIN_AFTER);
    assert_eq!(heard(&again).unwrap(), "READY=1\nWATCHDOG=1\n");
    // Nothing is owed now, and the next beat is half a minute away.
    service.beat(start + secs(2));
    assert_eq!(heard(&again), None);
}

#[test]
fn an_abstract_socket_is_reached() {
    let name = format!("rollcall-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let socket = UnixDatagram::bind_addr(&address).unwrap();
    socket.set_nonblocking(true).unwrap();
    service(OsStr::new(&format!("@{name}")), None, None).ready();
    assert_eq!(heard(&socket).unwrap(), "READY=1\n");
}

#[test]
fn without_a_manager_there_is_nobody_to_tell() {
    for name in ["", "vsock:2:1234", "relative/socket"] {
        assert!(!service(OsStr::new(name), None, None).is_there(), "{name}");
    }
    let mut nobody = ServiceManager::named_by(|_| None);
    assert!(!nobody.is_there());
    nobody.ready();
    nobody.status("well");
    nobody.beat(Instant::now());
    assert!(!ServiceManager::absent().is_there());
}
