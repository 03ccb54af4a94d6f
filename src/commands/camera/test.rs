//! `rollcall camera test`: looks through the camera for a few seconds and says how well it works.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use crossbeam_channel::bounded;
use serde::Serialize;

use super::super::Context;
use super::super::table::print_json;
use crate::camera::{self, CameraState, CameraStats, SourceOptions, SourceSpec, Wiring};
use crate::cli::{CameraTestArgs, Outcome};
use crate::core::frame::Frame;
use crate::latest::Latest;
use crate::mailbox::{Mailbox, Received};
use crate::picture;
use crate::print;
use crate::stop::StopFlag;
use crate::ui::{self, Charset, ColourDepth};
use crate::whole_file;

/// Lines of the picture in the terminal.
const PICTURE_HEIGHT: u16 = 24;
/// Columns of it.
const PICTURE_WIDTH: u16 = 64;
/// How long a camera may take to let go before it is left behind.
const GRACE: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Report {
    source: String,
    state: &'static str,
    advice: String,
    width: Option<u32>,
    height: Option<u32>,
    seconds: f64,
    pictures: u64,
    pictures_per_second: f64,
    latency_ms: Option<Latency>,
    dropped: u64,
    broken: u64,
    /// Why the last picture was broken, if no whole one came after it.
    cause: Option<String>,
    reconnects: u64,
    threads_left_behind: u64,
}

/// From the driver's stamp to the decoded picture.
#[derive(Serialize)]
struct Latency {
    median: f64,
    worst: f64,
}

/// What was gathered while looking.
struct Looked {
    stats: CameraStats,
    newest: Option<Arc<Frame>>,
    latencies: Vec<Duration>,
    /// From the first picture to the end; zero if none came.
    streamed_for: Duration,
}

pub(super) fn run(args: &CameraTestArgs, context: &Context) -> Result<Outcome> {
    let source = args.source.as_ref();
    let source: SourceSpec = source.unwrap_or(&context.config.camera.source).parse()?;
    let looked = look(&source, Duration::from_secs(args.seconds), context)?;
    let report = report(&source, &looked);
    if let (Some(path), Some(frame)) = (&args.snapshot, &looked.newest) {
        let jpeg = picture::encode_jpeg(&frame.image, picture::PORTRAIT_QUALITY)?;
        whole_file::replace(path, &jpeg).with_context(|| format!("writing {}", path.display()))?;
    }
    if args.json {
        print_json(&report)?;
    } else {
        if let Some(frame) = looked.newest.as_ref().filter(|_| !args.no_picture) {
            print_picture(frame);
        }
        print_report(&report);
    }
    let works = report.pictures > 0 && matches!(looked.stats.state, CameraState::Streaming(_));
    Ok(if works { Outcome::Done } else { Outcome::No })
}

/// Uses the camera as the station does, with the settings of the station.
fn look(source: &SourceSpec, period: Duration, context: &Context) -> Result<Looked> {
    let (states, _unread) = bounded(1);
    let (frames, stop) = (Mailbox::new(), StopFlag::new());
    let wiring = Wiring {
        clock: context.clock,
        stop: stop.clone(),
        frames: frames.clone(),
        preview: Latest::new(),
        states,
    };
    let settings = super::super::station::camera_settings(
        context.config.camera.settings(),
        context.data_dir(),
    );
    let worker = camera::worker::spawn(source, SourceOptions::default(), &settings, wiring)
        .context("starting the camera's thread")?;
    let began = Instant::now();
    let mut first: Option<Instant> = None;
    let (mut newest, mut latencies) = (None, Vec::new());
    while began.elapsed() < period {
        match frames.take_timeout(period.saturating_sub(began.elapsed())) {
            Received::Value(frame) => {
                first.get_or_insert_with(Instant::now);
                latencies.extend(worker.stats().latency);
                newest = Some(frame);
            }
            Received::TimedOut => {}
            Received::Closed => break,
        }
    }
    let stats = worker.stats();
    let streamed_for = first.map_or(Duration::ZERO, |first| first.elapsed());
    stop.request();
    worker.finish(GRACE);
    Ok(Looked {
        stats,
        newest,
        latencies,
        streamed_for,
    })
}

fn report(source: &SourceSpec, looked: &Looked) -> Report {
    let stats = &looked.stats;
    let size = looked.newest.as_ref().map(|f| f.image.dimensions());
    // The first picture opens the first interval.
    let intervals = stats.frames.saturating_sub(1) as f64;
    let seconds = looked.streamed_for.as_secs_f64();
    Report {
        source: source.to_string(),
        state: stats.state.word().english(),
        advice: stats.state.to_string(),
        width: size.map(|(width, _)| width),
        height: size.map(|(_, height)| height),
        seconds,
        pictures: stats.frames,
        pictures_per_second: if seconds > 0.0 {
            intervals / seconds
        } else {
            0.0
        },
        latency_ms: latency(looked.latencies.clone()),
        dropped: stats.dropped,
        broken: stats.damaged,
        cause: stats.damage.clone(),
        reconnects: stats.reconnects,
        threads_left_behind: stats.abandoned,
    }
}

fn latency(mut latencies: Vec<Duration>) -> Option<Latency> {
    latencies.sort();
    let millis = |latency: &Duration| latency.as_secs_f64() * 1000.0;
    Some(Latency {
        median: latencies.get(latencies.len() / 2).map(millis)?,
        worst: latencies.last().map(millis)?,
    })
}

fn print_picture(frame: &Frame) {
    let environment = |name: &str| std::env::var(name).ok();
    let text = ui::picture_as_text(
        &frame.image,
        (PICTURE_WIDTH, PICTURE_HEIGHT),
        ColourDepth::detect(environment),
        Charset::detect(environment),
    );
    print::picture(&text);
}

fn print_report(report: &Report) {
    println!("{}", report.advice);
    println!(
        "{} pictures in {:.1} s, {:.1} a second; {} dropped, {} broken",
        report.pictures, report.seconds, report.pictures_per_second, report.dropped, report.broken
    );
    if let Some(cause) = &report.cause {
        println!("the last picture could not be read: {cause}");
    }
    if let Some(latency) = &report.latency_ms {
        println!(
            "from the camera to the decoded picture: {:.0} ms, at worst {:.0} ms",
            latency.median, latency.worst
        );
    }
    if report.reconnects + report.threads_left_behind > 0 {
        println!(
            "opened again {} times; {} threads stuck in the driver",
            report.reconnects, report.threads_left_behind
        );
    }
}
