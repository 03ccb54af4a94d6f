//! One drawing of the live screen with its preview, into cells and on to bytes.
//!
//! `cargo bench --bench dashboard`

#![expect(
    clippy::unwrap_used,
    reason = "a bench that cannot run should stop and say so"
)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;
use std::io::{self, Write};

use common::{Face, World};
use divan::{AllocProfiler, Bencher};
use image::{Rgb, RgbImage};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rollcall::config::Config;
use rollcall::core::frame::{Frame, FrameId};
use rollcall::messages::Message;
use rollcall::protocol::Health;
use rollcall::ui::{
    App, CameraFigures, CameraStatus, ColourDepth, Input, Key, Language, Status, UiOptions, draw,
};

/// Somebody's own words, for as long as the program runs.
fn verbatim(words: &str) -> &'static Message {
    Box::leak(Box::new(Message::verbatim(words)))
}

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// People in today's table.
const PEOPLE: usize = 60;

fn main() {
    divan::main();
}

/// A writer that counts, as a link would take the bytes.
struct Sink(u64);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Two pictures of a busy door, which differ everywhere by some noise and in one place by
/// somebody who walks.
fn pictures() -> [RgbImage; 2] {
    [0u32, 1].map(|turn| {
        RgbImage::from_fn(640, 480, |x, y| {
            let noise = (x * 7 + y * 13 + turn * 5) % 9;
            let is_walker = (200 + turn * 40..300 + turn * 40).contains(&x) && y > 100;
            let base = if is_walker { 60 } else { x / 4 + y / 6 };
            let value = |shift: u32| ((base + noise + shift) % 256) as u8;
            Rgb([value(0), value(20), value(40)])
        })
    })
}

#[divan::bench(args = ["half-blocks", "quadrants", "braille", "ascii", "half-blocks, 256 colours", "in Spanish"])]
fn at_120x40(bencher: Bencher, mode: &str) {
    let mut world = World::new(Config::default().policies(), "2026-11-23T07:55:02+01:00");
    for number in 0..PEOPLE {
        world.add_person(&format!("Person {number}"), &format!("P-{number:03}"));
    }
    world.see_for(&[Face::of(1, 0.71), Face::stranger().at_x(400.0)], 3.0);
    let spanish = Language::load("es", std::path::Path::new("."), |_| None).unwrap();
    let mut app = App::new(UiOptions {
        colours: match mode {
            "half-blocks, 256 colours" => ColourDepth::Palette256,
            _ => ColourDepth::True,
        },
        language: match mode {
            "in Spanish" => spanish,
            _ => Language::english(),
        },
        ..UiOptions::default()
    });
    let turns = match mode {
        "quadrants" => 1,
        "braille" => 2,
        "ascii" => 3,
        _ => 0,
    };
    let now = world.now();
    let view = world.view();
    for _ in 0..turns {
        app.handle(Input::Key(Key::Char('v')), &view, &now);
    }
    app.set_tolerance(6);
    app.follow(&view);
    let frames = pictures().map(|image| Frame {
        camera: None,
        id: FrameId(1),
        captured_at: now,
        image,
    });
    let size = Viewport::Fixed(Rect::new(0, 0, 120, 40));
    let options = TerminalOptions { viewport: size };
    let mut terminal = Terminal::with_options(CrosstermBackend::new(Sink(0)), options).unwrap();
    let mut turn = 0;
    bencher.bench_local(move || {
        turn += 1;
        let status = Status {
            now,
            source: "usb",
            camera: CameraStatus {
                health: Health::Good,
                label: verbatim("live"),
                advice: None,
                size: Some((640, 480)),
                frames_per_second: Some(15.0),
            },
            camera_figures: CameraFigures {
                sentence: verbatim(""),
                damaged: 0,
                lost: 0,
                latency: None,
                reconnects: 0,
                abandoned: 0,
            },
            frame_time: None,
            looks_per_second: None,
            bytes_per_second: None,
            dropped: 0,
            frame: Some(&frames[turn % 2]),
            models: "",
        };
        terminal
            .draw(|frame| draw(frame, &app, &view, &status))
            .unwrap();
    });
}
