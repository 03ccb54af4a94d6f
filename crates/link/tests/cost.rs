//! What attached dashboards cost the station's process. Not run every day:
//!
//! ```text
//! cargo test -p rollcall-link --test cost -- --ignored --nocapture
//! ```

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Fake, Room, attach, person, resident, roster};
use image::RgbImage;
use rollcall_protocol::{HealthView, PreviewWish};

const SECONDS: u64 = 10;

/// Processor time of the server's threads; those of the clients have other names.
fn server_time() -> Duration {
    let mut ticks = 0;
    for task in std::fs::read_dir("/proc/self/task").unwrap() {
        let task = task.unwrap().path();
        let name = std::fs::read_to_string(task.join("comm")).unwrap_or_default();
        if !matches!(name.trim(), "link-door" | "link-guest" | "link-tell") {
            continue;
        }
        let stat = std::fs::read_to_string(task.join("stat")).unwrap_or_default();
        let fields = stat.rsplit(')').next().unwrap_or_default();
        let times = fields.split_whitespace().skip(11).take(2);
        ticks += times
            .filter_map(|time| time.parse::<u64>().ok())
            .sum::<u64>();
    }
    // Linux counts hundredths of a second wherever this runs.
    Duration::from_millis(ticks * 10)
}

#[test]
#[ignore = "takes ten seconds and says something only on a quiet machine"]
fn three_dashboards_at_ten_pictures_a_second() {
    let (room, fake) = (Room::new(), Fake::new());
    fake.show(|view| view.roster = roster((0..5000).map(|id| person(id, "Ana Torres"))));
    let server = room.serve(&fake);
    let memory = resident();
    let clients: Vec<_> = [160, 160, 240]
        .map(|width| {
            let client = attach(server.socket());
            client.wish(PreviewWish { width, rate: 10.0 });
            client
        })
        .into();
    let (began, before) = (Instant::now(), server_time());
    let mut frame = 0_u32;
    while began.elapsed() < Duration::from_secs(SECONDS) {
        frame += 1;
        // 15 pictures a second, and figures that change with each.
        let wave = |x: u32, y: u32| [(x + frame) as u8 / 2, (y ^ x) as u8, (x * y / 99) as u8];
        fake.show_picture(RgbImage::from_fn(640, 480, |x, y| image::Rgb(wave(x, y))));
        fake.show(|view| {
            let mut health = HealthView::default();
            health.camera.lost = u64::from(frame);
            view.health = Arc::new(health);
        });
        std::thread::sleep(Duration::from_millis(66));
    }
    let cost = server_time().saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
    let grown = resident().saturating_sub(memory);
    println!(
        "three dashboards: {:.1} % of a core, {} kB with the clients",
        cost * 100.0,
        grown >> 10
    );
    assert!(clients.iter().all(|client| client.picture(0).is_some()));
    assert!(cost < 0.25, "{cost}");
}
