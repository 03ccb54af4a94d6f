//! What odd cameras send, and is shown all the same.

use std::io::Write;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use image::RgbImage;

use super::{STREAM_HEAD, Script, Server, Watcher, jpeg, part};

fn png(width: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let image = RgbImage::from_fn(width, 64, |x, y| image::Rgb([(x * 7) as u8, y as u8, 9]));
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Says `head`, then the body again and again for as long as somebody listens.
fn repeating(head: &str, body: Vec<u8>) -> Script {
    let head = head.to_owned();
    Box::new(move |stream, stop| {
        stream.write_all(head.as_bytes())?;
        while !stop.load(Ordering::SeqCst) {
            stream.write_all(&body)?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    })
}

#[test]
fn whatever_odd_cameras_send_is_shown() {
    let png_part = [
        &b"--frame\r\nContent-Type: image/png\r\n\r\n"[..],
        &png(96),
        b"\r\n",
    ]
    .concat();
    let open = &jpeg(96)[..jpeg(96).len() - 2];
    let many = "X-Filling: none\r\n".repeat(80);
    for (kind, head, body) in [
        ("PNG parts", STREAM_HEAD.to_owned(), png_part),
        ("no end markers", STREAM_HEAD.to_owned(), part(open, true)),
        ("no head", String::new(), part(&jpeg(96), true)),
        (
            "as Shoutcast",
            STREAM_HEAD.replace("HTTP/1.0", "ICY"),
            part(&jpeg(96), true),
        ),
        (
            "announced",
            format!("HTTP/1.1 100 Continue\r\n\r\n{STREAM_HEAD}"),
            part(&jpeg(96), true),
        ),
        (
            "a folded header",
            STREAM_HEAD.replace(";boundary", ";\r\n boundary"),
            part(&jpeg(96), true),
        ),
        (
            "many headers",
            STREAM_HEAD.replace("Content-Type", &format!("{many}Content-Type")),
            part(&jpeg(96), true),
        ),
        (
            "as plain text",
            STREAM_HEAD.replace("multipart/x-mixed-replace;boundary=frame", "text/plain"),
            part(&jpeg(96), true),
        ),
        (
            "one picture on an open line",
            "HTTP/1.1 200 OK\r\nContent-Type: image/pjpeg\r\n\r\n".to_owned(),
            jpeg(96),
        ),
        (
            "one PNG picture",
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n",
                png(96).len()
            ),
            png(96),
        ),
        (
            "one of no kind",
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\
                 Content-Length: {}\r\n\r\n",
                jpeg(96).len()
            ),
            jpeg(96),
        ),
    ] {
        let server = Server::start(vec![repeating(&head, body)]);
        let watcher = Watcher::of(&server.address("/"));
        let state = watcher.next_state();
        assert_eq!(state.word().english(), "live", "{kind}: {state}");
        watcher.await_width(96);
        assert_eq!(watcher.worker.stats().damaged, 0, "{kind}");
        watcher.finish();
    }
}

#[test]
fn pictures_behind_gzip_are_shown() {
    let script: Script = Box::new(|stream, stop| {
        let head = STREAM_HEAD.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        while !stop.load(Ordering::SeqCst) {
            gzip.write_all(&part(&jpeg(96), true))?;
            gzip.flush()?;
            stream.write_all(&std::mem::take(gzip.get_mut()))?;
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    let server = Server::start(vec![script]);
    let watcher = Watcher::of(&server.address("/"));
    assert_eq!(watcher.next_state().word().english(), "live");
    watcher.await_width(96);
    assert_eq!(watcher.worker.stats().damaged, 0);
    watcher.finish();
}
