//! Those who are slow, silent, many, or send nonsense: others are served meanwhile.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use super::cameras::Camera;
use super::client::Request;
use super::{House, picture};

fn is_served(camera: &Camera<'_>) {
    std::thread::sleep(Duration::from_millis(250));
    let answer = camera.house.ask(camera.request("coffee"));
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[test]
fn connections_that_say_nothing_keep_nobody_out() {
    let house = House::open("connections = 16");
    let camera = Camera {
        house: &house,
        name: "gate",
        token: house.token(&["gate", "--scope", "frames"]),
    };
    let silent: Vec<TcpStream> = (0..100)
        .map(|_| TcpStream::connect(house.address).unwrap())
        .collect();
    is_served(&camera);
    // Heads that never end, bodies that never come, and half of a TLS handshake.
    let mut half: Vec<TcpStream> = Vec::new();
    for begun in [
        "POST /v1/cameras/gate/frames HTTP/1.1\r\nHost: x\r\n".to_owned(),
        "POST /process_frame HTTP/1.1\r\nContent-Length: 100000\r\n\r\n".to_owned(),
        camera.request("coffee").head(),
        "\u{16}\u{3}\u{1}".to_owned(),
    ] {
        let mut stream = TcpStream::connect(house.address).unwrap();
        stream.write_all(begun.as_bytes()).unwrap();
        half.push(stream);
    }
    std::thread::sleep(Duration::from_millis(600));
    is_served(&camera);
    drop((silent, half));
}

#[test]
fn nonsense_is_answered_or_cut_off_and_never_a_500() {
    let house = House::open("compatible_client = true");
    let camera = Camera {
        house: &house,
        name: "gate",
        token: house.token(&["gate", "--scope", "frames"]),
    };
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(5000));
    let nonsense: [&[u8]; 8] = [
        b"\0\0\0\0",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /process_frame HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /process_frame HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /process_frame HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        long.as_bytes(),
        many.as_bytes(),
        b"GET /v1/cameras/%ff%fe/frames HTTP/1.1\r\n\r\n",
    ];
    for bytes in nonsense {
        let mut stream = TcpStream::connect(house.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let shown = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            !shown.contains(" 500 ") && !shown.contains(" 200 "),
            "{shown}"
        );
    }
    // A flood with a wrong token, while a camera goes on.
    for _ in 0..200 {
        let request = Request::post("/v1/cameras/gate/frames", "image/jpeg", picture("obama"));
        let answer = house.ask(request.token("rc_wrong"));
        assert_eq!(answer.status, 401);
    }
    is_served(&camera);
    assert!(house.events().is_empty());
}

#[test]
fn with_tls_only_who_trusts_it_talks_and_a_renewed_certificate_is_taken_up() {
    let folder = tempfile::tempdir().unwrap();
    let made = |name: &str| {
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
            ])
            .args(["-nodes", "-days", "2", "-subj", "/CN=station"])
            .args(["-addext", "subjectAltName=IP:127.0.0.1"])
            .arg("-keyout")
            .arg(folder.path().join(format!("{name}.key")))
            .arg("-out")
            .arg(folder.path().join(format!("{name}.pem")))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        ["pem", "key"].map(|end| folder.path().join(format!("{name}.{end}")))
    };
    let (first, second) = (made("first"), made("second"));
    let live = ["live.pem", "live.key"].map(|name| folder.path().join(name));
    let put = |from: &[std::path::PathBuf; 2]| {
        for (from, to) in from.iter().zip(&live) {
            std::fs::copy(from, to).unwrap();
        }
    };
    put(&first);
    let house = House::open(&format!(
        "certificate = {:?}\nkey = {:?}\ncompatible_client = true",
        live[0], live[1]
    ));
    let ask = |trusted: &std::path::Path| {
        Command::new("curl")
            .args(["--silent", "--show-error", "--cacert"])
            .arg(trusted)
            .arg("--form")
            .arg(format!("image=@{}", super::face("coffee").display()))
            .arg(format!("https://{}/process_frame", house.address))
            .output()
            .unwrap()
    };
    let answer = ask(&first[0]);
    assert!(answer.status.success(), "{answer:?}");
    assert!(String::from_utf8_lossy(&answer.stdout).contains("message"));
    assert!(!ask(&second[0]).status.success(), "another certificate");
    let plain = Request::get("/v1/state").try_send(house.address);
    assert!(plain.is_err() || plain.unwrap().status != 200);

    put(&second);
    let since = std::time::Instant::now();
    while !ask(&second[0]).status.success() {
        assert!(since.elapsed() < super::PATIENCE, "it is not taken up");
        std::thread::sleep(Duration::from_secs(1));
    }
    // What cannot be used changes nothing.
    std::fs::write(&live[0], "nonsense").unwrap();
    std::thread::sleep(Duration::from_secs(12));
    assert!(ask(&second[0]).status.success());
}
