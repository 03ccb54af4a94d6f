//! Cameras in the network, played by a server in this process: what they send, and the
//! ways in which they fail. The station's own threads look at them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests too")]

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use image::RgbImage;
use image::codecs::jpeg::JpegEncoder;
use rollcall::camera::{
    self, CameraPatience, CameraSettings, CameraState, CameraWorker, Capture, PictureLayout,
    SourceOptions, SourceSpec, Wiring,
};
use rollcall::clock::Clock;
use rollcall::core::frame::Frame;
use rollcall::latest::Latest;
use rollcall::mailbox::{Mailbox, Received};
use rollcall::stop::StopFlag;

#[path = "network_camera/odd.rs"]
mod odd;

/// Long enough for the slowest machine; nothing waits for it that works.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that plays one script for each connection, then the last one again and again.
struct Server {
    port: u16,
    stop: Arc<AtomicBool>,
    requests: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

type Script = Box<dyn Fn(&mut TcpStream, &AtomicBool) -> std::io::Result<()> + Send>;

impl Server {
    fn start(scripts: Vec<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let port = listener.local_addr().unwrap().port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let (sender, requests) = bounded(1000);
        let thread = thread::spawn(move || {
            let mut turn = 0;
            while !stopped.load(Ordering::SeqCst) {
                match listener.accept() {
                    Ok((mut stream, _)) => {
                        stream.set_nonblocking(false).unwrap();
                        let _ = sender.try_send(request_of(&mut stream));
                        let script = &scripts[turn.min(scripts.len() - 1)];
                        turn += 1;
                        // A station that has seen enough closes the connection.
                        let _ = script(&mut stream, &stopped);
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        thread::sleep(Duration::from_millis(5));
                    }
                    Err(error) => panic!("{error}"),
                }
            }
        });
        Self {
            port,
            stop,
            requests,
            thread: Some(thread),
        }
    }

    /// A server that says the same to everybody and hangs up.
    fn saying(words: impl Into<Vec<u8>>) -> Self {
        let words = words.into();
        Self::start(vec![Box::new(move |stream, _| stream.write_all(&words))])
    }

    fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn request_of(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") && matches!(stream.read(&mut byte), Ok(1)) {
        request.push(byte[0]);
    }
    String::from_utf8(request).unwrap()
}

/// The station's end of it.
struct Watcher {
    worker: CameraWorker,
    stop: StopFlag,
    frames: Mailbox<Arc<Frame>>,
    states: Receiver<CameraState>,
}

impl Watcher {
    fn of(address: &str) -> Self {
        let spec: SourceSpec = address.parse().unwrap();
        let settings = CameraSettings::default();
        let (sender, states) = bounded(100);
        let (stop, frames) = (StopFlag::new(), Mailbox::new());
        let capture = Capture {
            opener: camera::opener(&spec, SourceOptions::default(), &settings).unwrap(),
            layout: PictureLayout::default(),
            patience: CameraPatience {
                opening: Duration::from_secs(20),
                first_picture: Duration::from_millis(700),
                next_picture: Duration::from_millis(700),
                release: Duration::from_secs(5),
            },
        };
        let wiring = Wiring {
            clock: Clock::start(),
            stop: stop.clone(),
            frames: frames.clone(),
            preview: Latest::new(),
            states: sender,
        };
        let worker = camera::worker::spawn_with(capture, wiring).unwrap();
        Self {
            worker,
            stop,
            frames,
            states,
        }
    }

    fn next_state(&self) -> CameraState {
        self.states.recv_timeout(PATIENCE).unwrap()
    }

    /// Waits for a picture of that width.
    fn await_width(&self, width: u32) {
        loop {
            match self.frames.take_timeout(PATIENCE) {
                Received::Value(frame) if frame.image.width() == width => return,
                Received::Value(_) => {}
                other => panic!("no picture of width {width}: {other:?}"),
            }
        }
    }

    /// Ends it, and proves that no thread was left behind.
    fn finish(self) {
        self.stop.request();
        assert_eq!(self.worker.stats().abandoned, 0);
        assert!(self.worker.finish(PATIENCE));
    }
}

/// A picture that shows something, and of which no two rows are alike.
fn jpeg(width: u32) -> Vec<u8> {
    let image = RgbImage::from_fn(width, 64, |x, y| {
        image::Rgb([(x * 7) as u8, (y * 5) as u8, (x * y) as u8])
    });
    let mut bytes = Vec::new();
    JpegEncoder::new(&mut bytes).encode_image(&image).unwrap();
    bytes
}

const STREAM_HEAD: &str =
    "HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace;boundary=frame\r\n\r\n";

fn part(picture: &[u8], with_length: bool) -> Vec<u8> {
    let length = if with_length {
        format!("Content-Length: {}\r\n", picture.len())
    } else {
        String::new()
    };
    let head = format!("--frame\r\nContent-Type: image/jpeg\r\n{length}\r\n");
    [head.as_bytes(), picture, b"\r\n"].concat()
}

/// Sends parts, a picture of each width in turn, until nobody listens any more.
fn stream_of(widths: Vec<u32>, with_length: bool) -> Script {
    Box::new(move |stream, stop| {
        stream.write_all(STREAM_HEAD.as_bytes())?;
        for width in widths.iter().cycle() {
            stream.write_all(&part(&jpeg(*width), with_length))?;
            thread::sleep(Duration::from_millis(20));
            if stop.load(Ordering::SeqCst) {
                break;
            }
        }
        Ok(())
    })
}

/// Sends nothing more, but stays on the line.
fn stall(stream: &mut TcpStream, stop: &AtomicBool) {
    stream
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    while !stop.load(Ordering::SeqCst) {
        if let Ok(0) = stream.read(&mut [0]) {
            return;
        }
    }
}

#[test]
fn a_stream_is_shown_with_and_without_lengths() {
    for with_length in [true, false] {
        let server = Server::start(vec![stream_of(vec![96, 64], with_length)]);
        let watcher = Watcher::of(&server.address("/video"));
        assert_eq!(watcher.next_state().word().english(), "live");
        for width in [64, 96, 64] {
            watcher.await_width(width);
        }
        assert_eq!(watcher.worker.stats().damaged, 0);
        watcher.finish();
    }
}

#[test]
fn a_stream_in_chunks_is_shown() {
    let script: Script = Box::new(|stream, stop| {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\
                    Content-Type: multipart/x-mixed-replace; boundary=\"other\"\r\n\r\n";
        stream.write_all(head.as_bytes())?;
        while !stop.load(Ordering::SeqCst) {
            for piece in part(&jpeg(96), true).chunks(700) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    let server = Server::start(vec![script]);
    let watcher = Watcher::of(&server.address("/"));
    watcher.await_width(96);
    assert_eq!(watcher.worker.stats().damaged, 0);
    watcher.finish();
}

#[test]
fn a_single_picture_is_asked_for_again_and_again() {
    let snapshot = |width| -> Script {
        Box::new(move |stream, _| {
            let picture = jpeg(width);
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
                picture.len()
            );
            stream.write_all(head.as_bytes())?;
            stream.write_all(&picture)
        })
    };
    let server = Server::start(vec![snapshot(64), snapshot(96), snapshot(128)]);
    let watcher = Watcher::of(&server.address("/snap.jpg"));
    watcher.await_width(128);
    let stats = watcher.worker.stats();
    assert_eq!((stats.damaged, stats.reconnects), (0, 0));
    watcher.finish();
}

#[test]
fn name_and_password_are_sent_where_a_redirection_leads_on_the_same_host() {
    let redirection: Script = Box::new(|stream, _| {
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: /live?channel=1\r\n\r\n")
    });
    let server = Server::start(vec![redirection, stream_of(vec![96], true)]);
    let address = server.address("/").replace("//", "//olga:secret@");
    let watcher = Watcher::of(&address);
    let state = watcher.next_state();
    assert_eq!(state.word().english(), "live");
    assert!(!state.to_string().contains("secret"), "{state}");
    for line in ["GET / HTTP/1.1", "GET /live?channel=1 HTTP/1.1"] {
        let request = server.requests.recv_timeout(PATIENCE).unwrap();
        assert!(request.starts_with(line), "{request}");
        assert!(
            request.contains("Authorization: Basic b2xnYTpzZWNyZXQ=\r\n"),
            "{request}"
        );
    }
    watcher.finish();
}

#[test]
fn a_stream_that_is_cut_is_lost_and_comes_back() {
    let cut: Script = Box::new(|stream, _| {
        let picture = jpeg(96);
        stream.write_all(STREAM_HEAD.as_bytes())?;
        stream.write_all(&part(&picture, true))?;
        stream.write_all(&part(&picture, true)[..picture.len() / 2])
    });
    let server = Server::start(vec![cut, stream_of(vec![64], false)]);
    let watcher = Watcher::of(&server.address("/"));
    for word in ["live", "lost", "live"] {
        assert_eq!(watcher.next_state().word().english(), word);
    }
    watcher.await_width(64);
    watcher.finish();
}

#[test]
fn a_stream_that_stalls_is_silent_and_opened_again() {
    let stalling: Script = Box::new(|stream, stop| {
        stream.write_all(STREAM_HEAD.as_bytes())?;
        stream.write_all(&part(&jpeg(96), true))?;
        stall(stream, stop);
        Ok(())
    });
    let server = Server::start(vec![stalling, stream_of(vec![64], true)]);
    let watcher = Watcher::of(&server.address("/"));
    for word in ["live", "silent", "live"] {
        assert_eq!(watcher.next_state().word().english(), word);
    }
    watcher.finish();
}

#[test]
fn a_stream_that_drips_is_silent() {
    let dripping: Script = Box::new(|stream, stop| {
        stream.write_all(STREAM_HEAD.as_bytes())?;
        for byte in jpeg(96) {
            stream.write_all(&[byte])?;
            thread::sleep(Duration::from_millis(10));
            if stop.load(Ordering::SeqCst) {
                break;
            }
        }
        Ok(())
    });
    let server = Server::start(vec![dripping]);
    let watcher = Watcher::of(&server.address("/"));
    assert_eq!(watcher.next_state().word().english(), "silent");
    watcher.finish();
}

#[test]
fn broken_pictures_are_counted_and_never_shown() {
    let script: Script = Box::new(|stream, stop| {
        stream.write_all(STREAM_HEAD.as_bytes())?;
        let (whole, mut half) = (jpeg(96), jpeg(128));
        half.truncate(half.len() / 2);
        half.extend([0xff, 0xd9]);
        while !stop.load(Ordering::SeqCst) {
            for picture in [&half, &whole] {
                stream.write_all(&part(picture, true))?;
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    });
    let server = Server::start(vec![script]);
    let watcher = Watcher::of(&server.address("/"));
    for _ in 0..5 {
        let Received::Value(frame) = watcher.frames.take_timeout(PATIENCE) else {
            panic!("no picture");
        };
        assert_eq!(frame.image.width(), 96);
    }
    assert!(watcher.worker.stats().damaged > 0);
    watcher.finish();
}

#[test]
fn each_refusal_is_a_sentence_that_says_what_to_do() {
    let head = |text: &str| format!("HTTP/1.1 {text}\r\n\r\n");
    for (words, word, advice) in [
        (
            head("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\""),
            "forbidden",
            "http://NAME:PASSWORD@HOST",
        ),
        (
            head("401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\""),
            "forbidden",
            "allow Basic",
        ),
        (head("403 Forbidden"), "forbidden", "user's rights"),
        (head("404 Not Found"), "unsupported", "check the address"),
        (head("503 Busy"), "trouble", "answers 503 Busy"),
        (
            head("200 OK\r\nContent-Type: text/html") + "<html>",
            "unsupported",
            "text/html",
        ),
        (
            head("302 Found\r\nLocation: /again"),
            "trouble",
            "too often",
        ),
        (
            head("302 Found\r\nLocation: https://cam/"),
            "trouble",
            "https is not supported",
        ),
        (
            head(&format!("200 OK\r\nX: {}", "x".repeat(40_000))),
            "trouble",
            "endless",
        ),
        (
            head("401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"basic, cam\", nonce=\"y\""),
            "forbidden",
            "allow Basic",
        ),
        (
            head("200 OK\r\nContent-Type: image/jpeg\r\nContent-Encoding: br"),
            "unsupported",
            "compressed as br",
        ),
        (
            head("200 OK\r\nContent-Type: multipart/x-mixed-replace") + "<html>log in",
            "unsupported",
            "begins with \"<html>log in\"",
        ),
        ("SSH-2.0-OpenSSH\r\n".to_owned(), "trouble", "no sense"),
        (String::new(), "trouble", "says nothing"),
    ] {
        let server = Server::saying(words);
        let watcher = Watcher::of(&server.address("/video?password=secret"));
        let state = watcher.next_state();
        assert_eq!(state.word().english(), word, "{state}");
        let sentence = state.to_string();
        assert!(sentence.contains(advice), "{sentence}");
        assert!(sentence.starts_with("The camera at http://127.0.0.1"));
        assert!(!sentence.contains("secret"), "{sentence}");
        watcher.finish();
    }
}

#[test]
fn a_wrong_password_is_told_from_a_missing_one() {
    let server = Server::saying("HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\n\r\n");
    let watcher = Watcher::of(&server.address("/").replace("//", "//olga:wrong@"));
    let sentence = watcher.next_state().to_string();
    assert!(sentence.contains("does not take"), "{sentence}");
    assert!(!sentence.contains("wrong@"), "{sentence}");
    watcher.finish();
}

#[test]
fn a_camera_that_is_not_there_is_absent_until_it_is() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let watcher = Watcher::of(&format!("http://127.0.0.1:{port}/"));
    let state = watcher.next_state();
    assert_eq!(state.word().english(), "absent");
    assert!(
        state.to_string().contains("refuses the connection"),
        "{state}"
    );
    watcher.finish();
    let watcher = Watcher::of("http://no-such-host.invalid/");
    let state = watcher.next_state();
    assert!(
        state.to_string().contains("not known by that name"),
        "{state}"
    );
    watcher.finish();
}

#[test]
fn garbage_for_a_stream_is_told_and_does_no_harm() {
    let script: Script = Box::new(|stream, stop| {
        stream.write_all(STREAM_HEAD.as_bytes())?;
        let mut noise = 1_u32;
        while !stop.load(Ordering::SeqCst) {
            let block = (0..5000).map(|_| {
                noise ^= noise << 13;
                noise ^= noise >> 17;
                noise ^= noise << 5;
                noise as u8
            });
            stream.write_all(&block.collect::<Vec<_>>())?;
        }
        Ok(())
    });
    let server = Server::start(vec![script]);
    let watcher = Watcher::of(&server.address("/"));
    let state = watcher.next_state();
    assert_eq!(state.word().english(), "unreadable");
    let sentence = state.to_string();
    assert!(sentence.contains("none can be read"), "{sentence}");
    let stats = watcher.worker.stats();
    assert_eq!(stats.frames, 0);
    // It is not read faster than it makes sense to.
    assert!(stats.damaged < 200, "{}", stats.damaged);
    watcher.finish();
}

fn rollcall(data: &std::path::Path) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("rollcall").unwrap();
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("RUST_LOG")
        .arg("--data-dir")
        .arg(data);
    command
}

#[test]
fn the_password_of_the_configuration_is_not_printed() {
    let data = tempfile::tempdir().unwrap();
    let secret = "http://olga:geheim@127.0.0.1:9/video?pwd=geheim";
    for arguments in [
        &["config"][..],
        &["doctor"],
        &["camera", "test", "--seconds", "1"],
    ] {
        let output = rollcall(data.path())
            .args(arguments)
            .env("ROLLCALL_CAMERA_SOURCE", secret)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("http://127.0.0.1:9/video"), "{said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}

#[test]
fn a_source_that_cannot_be_used_is_a_failure_without_a_dashboard() {
    let data = tempfile::tempdir().unwrap();
    let film = data.path().join("film.mjpg");
    std::fs::write(&film, "no picture at all").unwrap();
    rollcall(data.path())
        .args(["run", "--headless", "--once", "--source"])
        .arg(&film)
        .assert()
        .code(1)
        .stderr(predicates::str::contains("holds no picture"));
}
