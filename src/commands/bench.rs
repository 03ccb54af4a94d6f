//! `rollcall bench`: how long each stage of recognition takes on this machine.
//!
//! Times are of this machine at this moment; they compare stages, settings and
//! machines, and say nothing absolute about the program.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use image::RgbImage;
use serde::Serialize;

use super::table::{Table, print_json};
use super::{Context, Look, ModelsInUse};
use crate::camera::demo;
use crate::cli::{BenchArgs, Outcome};
use crate::core::align::align;
use crate::core::detection::Detection;
use crate::core::embedding::Embedding;
use crate::core::gallery::{Gallery, Template};
use crate::core::person::{PersonId, TemplateId};
use crate::core::quality::FaceQuality;
use crate::engine::simd_name;
use crate::inference::load::load_liveness;

#[derive(Serialize)]
struct Report {
    version: &'static str,
    architecture: &'static str,
    cpu: Option<String>,
    simd: &'static str,
    cores: usize,
    threads_setting: usize,
    detector: String,
    detector_size: u32,
    runs: u32,
    peak_memory_mb: Option<f64>,
    gallery_memory_mb: f64,
    models: Vec<ModelUsed>,
    stages: Vec<Stage>,
}

#[derive(Serialize)]
struct ModelUsed {
    file: String,
    sha256: String,
}

#[derive(Serialize)]
struct Stage {
    name: &'static str,
    median_ms: f64,
    p95_ms: f64,
}

/// Templates of the gallery that is searched: those of a large station.
const GALLERY_TEMPLATES: usize = 50_000;

/// Runs the command.
pub(super) fn run(args: &BenchArgs, context: &Context) -> Result<Outcome> {
    let started = Instant::now();
    let mut recogniser = context.recogniser(Look::Frame)?;
    let mut liveness = load_liveness(&context.manifest()?, &context.engine_options())?;
    let load = started.elapsed();

    let picture = bench_picture()?;
    let jpeg = crate::picture::encode_jpeg(&picture, 85)?;
    let detection = largest(&recogniser.detector.detect(&picture)?)?;
    let aligned = align(&picture, &detection.landmarks).context("aligning the bench's face")?;
    let faces = [aligned];
    let probe = recogniser.embedder.embed(&faces)?.swap_remove(0);
    let mut stages = vec![Stage {
        name: "load all models",
        median_ms: millis(load),
        p95_ms: millis(load),
    }];
    let mut measure = |name, work: &mut dyn FnMut() -> Result<()>| -> Result<()> {
        stages.push(time(name, args.runs, work)?);
        Ok(())
    };
    measure("decode JPEG 640x480", &mut || {
        crate::camera::jpeg::decode(&jpeg)?;
        Ok(())
    })?;
    measure("detect", &mut || {
        recogniser.detector.detect(&picture)?;
        Ok(())
    })?;
    measure("align and measure", &mut || {
        let face = align(&picture, &detection.landmarks).context("aligning")?;
        std::hint::black_box(FaceQuality::measure(&detection, &face));
        Ok(())
    })?;
    measure("embed", &mut || {
        recogniser.embedder.embed(&faces)?;
        Ok(())
    })?;
    measure("liveness", &mut || {
        liveness.score(&picture, &detection.bounding_box)?;
        Ok(())
    })?;
    // The gallery is far larger than a usual one, so it is not counted in.
    let peak = peak_memory_mb();
    let gallery = bench_gallery(&probe);
    measure("search 50,000 templates", &mut || {
        std::hint::black_box(gallery.search(&probe));
        Ok(())
    })?;
    let report = Report {
        version: env!("CARGO_PKG_VERSION"),
        architecture: std::env::consts::ARCH,
        cpu: cpu_name(),
        simd: simd_name(),
        cores: std::thread::available_parallelism().map_or(1, usize::from),
        threads_setting: context.config.recognition.threads,
        detector: context.config.recognition.detector.to_string(),
        detector_size: context.config.recognition.detector_size,
        runs: args.runs,
        peak_memory_mb: peak,
        gallery_memory_mb: gallery.bytes() as f64 / f64::from(1 << 20),
        models: models_used(context)?,
        stages,
    };
    if args.json {
        print_json(&report)?;
    } else {
        print(&report)?;
    }
    Ok(Outcome::Done)
}

fn print(report: &Report) -> Result<()> {
    println!(
        "rollcall {} on {} ({}, {}), {} cores, {} at {}, {} runs",
        report.version,
        report.cpu.as_deref().unwrap_or("an unnamed CPU"),
        report.architecture,
        report.simd,
        report.cores,
        report.detector,
        report.detector_size,
        report.runs
    );
    let mut table = Table::new(&["Stage", "Median ms", "95 % ms"]);
    for stage in &report.stages {
        table.row([
            stage.name.to_owned(),
            format!("{:.2}", stage.median_ms),
            format!("{:.2}", stage.p95_ms),
        ]);
    }
    table.print()?;
    for model in &report.models {
        println!(
            "{} {}",
            &model.sha256[..12.min(model.sha256.len())],
            model.file
        );
    }
    if let Some(peak) = report.peak_memory_mb {
        println!("peak memory {peak:.0} MB without the gallery");
    }
    println!(
        "gallery of {GALLERY_TEMPLATES} templates {:.1} MB",
        report.gallery_memory_mb
    );
    Ok(())
}

/// A bundled portrait in the middle of a picture of a usual camera's size.
fn bench_picture() -> Result<RgbImage> {
    let person = demo::cast()
        .first()
        .context("the demonstration has no people")?;
    let portrait = image::load_from_memory(person.portrait)?.to_rgb8();
    let portrait =
        image::imageops::thumbnail(&portrait, 300, 300 * portrait.height() / portrait.width());
    let mut picture = RgbImage::from_pixel(640, 480, image::Rgb([120, 125, 130]));
    image::imageops::replace(&mut picture, &portrait, 170, 40);
    Ok(picture)
}

fn largest(detections: &[Detection]) -> Result<Detection> {
    let area = |d: &&Detection| d.bounding_box.area();
    let largest = detections.iter().max_by(|a, b| area(a).total_cmp(&area(b)));
    largest
        .copied()
        .context("no face was found in the bench's picture")
}

/// Templates of nobody: the probe's components turned round by the template's
/// number, each round of them with the signs of some turned over.
fn bench_gallery(probe: &Embedding) -> Gallery {
    let dim = probe.dim().max(1);
    let template = |number: usize| {
        let mut values = probe.as_slice().to_vec();
        values.rotate_left(number % dim);
        for value in values.iter_mut().step_by(2 + number / dim) {
            *value = -*value;
        }
        let id = i64::try_from(number).ok()?;
        Some(Template {
            id: TemplateId(id),
            person: PersonId(id),
            embedding: Embedding::from_raw(values).ok()?,
        })
    };
    (1..=GALLERY_TEMPLATES).filter_map(template).collect()
}

/// Times `work` after one run that is not counted, in which plans are made and pages touched.
fn time(name: &'static str, runs: u32, work: &mut dyn FnMut() -> Result<()>) -> Result<Stage> {
    work()?;
    let mut times = Vec::with_capacity(runs as usize);
    for _ in 0..runs {
        let started = Instant::now();
        work()?;
        times.push(started.elapsed());
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize];
    Ok(Stage {
        name,
        median_ms: millis(at(0.5)),
        p95_ms: millis(at(0.95)),
    })
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What the kernel calls the CPU, or, on a Pi, the board; absent where there is no procfs.
fn cpu_name() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    ["model name", "Model"].iter().find_map(|key| {
        let line = info.lines().find(|line| line.starts_with(key))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    })
}

/// The kernel's high-water mark of this process; absent where there is no procfs.
fn peak_memory_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn models_used(context: &Context) -> Result<Vec<ModelUsed>> {
    let manifest = context.manifest()?;
    let used = ModelsInUse::of(&context.config, &manifest)?;
    Ok(manifest
        .models()
        .iter()
        .filter(|model| used.contains(model))
        .map(|model| ModelUsed {
            file: model.file.clone(),
            sha256: model.sha256.clone(),
        })
        .collect())
}
