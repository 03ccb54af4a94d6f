//! Rollcall's side of the comparison with ONNX Runtime: runs a network on
//! request, so that the script can let both take turns.
//!
//! One request per line on standard input, one answer per line on standard output:
//!
//! - `load MODEL THREADS HEIGHT WIDTH INPUT`: the input is raw little-endian floats;
//! - `run`: answers with the milliseconds one inference took;
//! - `outputs FILE`: writes all outputs of the last inference, one after the other;
//! - `station THREADS GALLERY JPEG`: the gallery is raw embeddings of 512 floats, one
//!   person each;
//! - `look`: from the camera's JPEG to names; answers with the milliseconds;
//! - `seen`: per face its left, top, right, bottom, the best person and the similarity.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use candle_core::{Device, Tensor};
use rollcall::camera::jpeg;
use rollcall::core::embedding::Embedding;
use rollcall::core::gallery::{Candidate, Gallery, Template};
use rollcall::core::person::{PersonId, TemplateId};
use rollcall::core::quality::QualityGate;
use rollcall::engine::Network;
use rollcall::engine::{Backend, EngineOptions, load, simd_name};
use rollcall::inference::detector::{DetectorKind, DetectorOptions};
use rollcall::inference::load::{load_detector, load_embedder};
use rollcall::inference::manifest::Manifest;
use rollcall::inference::recogniser::Recogniser;

/// A loaded network and what it runs on.
struct Session {
    network: Box<dyn Network>,
    picture: Tensor,
    outputs: Vec<Tensor>,
}

/// Everything between a camera's frame and names.
struct Station {
    recogniser: Recogniser,
    gallery: Gallery,
    frame: Vec<u8>,
    seen: Vec<String>,
}

fn main() -> Result<()> {
    // `cargo bench` runs every bench; this one has nothing to do on its own.
    if std::env::args().nth(1).as_deref() != Some("--serve") {
        println!("benches/peer/compare.py runs this bench");
        return Ok(());
    }
    println!("{}", simd_name());
    let mut session = None;
    let mut station = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("reading a request")?;
        let words: Vec<&str> = line.split('\t').collect();
        match (words.as_slice(), &mut session, &mut station) {
            (["load", model, threads, height, width, input], ..) => {
                let options = EngineOptions {
                    threads: threads.parse()?,
                    backend: Backend::Fused,
                };
                let shape = (1, 3, height.parse()?, width.parse()?);
                session = Some(open(Path::new(model), &options, shape, Path::new(input))?);
                println!("ok");
            }
            (["run"], Some(session), _) => {
                let start = Instant::now();
                session.outputs = session.network.run(&session.picture)?;
                println!("{}", start.elapsed().as_secs_f64() * 1000.0);
            }
            (["outputs", file], Some(session), _) => {
                write_outputs(&session.outputs, Path::new(file))?;
                println!("ok");
            }
            (["station", threads, gallery, frame], ..) => {
                station = Some(Station::open(
                    threads.parse()?,
                    Path::new(gallery),
                    Path::new(frame),
                )?);
                println!("ok");
            }
            (["look"], _, Some(station)) => {
                let start = Instant::now();
                station.look()?;
                println!("{}", start.elapsed().as_secs_f64() * 1000.0);
            }
            (["seen"], _, Some(station)) => println!("{}", station.seen.join(";")),
            _ => bail!("no such request, or nothing is loaded: {line}"),
        }
    }
    Ok(())
}

fn open(
    model: &Path,
    options: &EngineOptions,
    shape: (usize, usize, usize, usize),
    input: &Path,
) -> Result<Session> {
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    let network = load(&name, &read(model)?, options)?;
    let picture = Tensor::from_vec(read_floats(input)?, shape, &Device::Cpu)?;
    Ok(Session {
        network,
        picture,
        outputs: Vec::new(),
    })
}

impl Station {
    fn open(threads: usize, gallery: &Path, frame: &Path) -> Result<Self> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let manifest = Manifest::load(&models)?;
        let engine = EngineOptions {
            threads,
            backend: Backend::Fused,
        };
        let kind = DetectorKind::Scrfd;
        let options = DetectorOptions {
            input_side: 320,
            ..DetectorOptions::recommended(kind)
        };
        let embeddings = read_floats(gallery)?;
        let templates = embeddings.chunks(512).zip(1..).map(|(values, number)| {
            Ok(Template {
                id: TemplateId(number),
                person: PersonId(number),
                embedding: Embedding::from_raw(values.to_vec())?,
            })
        });
        Ok(Self {
            recogniser: Recogniser {
                detector: load_detector(&manifest, kind, options, &engine)?,
                embedder: load_embedder(&manifest, &engine)?,
                liveness: None,
            },
            gallery: Gallery::new(templates.collect::<Result<Vec<_>>>()?),
            frame: read(frame)?,
            seen: Vec::new(),
        })
    }

    fn look(&mut self) -> Result<()> {
        let image = jpeg::decode(&self.frame)?;
        let detections = self.recogniser.detector.detect(&image)?;
        let gate = &QualityGate::RECOGNITION;
        let (faces, _) = self.recogniser.examine(&image, &detections, gate)?;
        self.seen.clear();
        for face in faces {
            let found = face
                .embedding
                .and_then(|probe| self.gallery.search(&probe))
                .context("a face found nobody in the gallery")?;
            let Candidate {
                person, similarity, ..
            } = found;
            let b = face.detection.bounding_box;
            self.seen.push(format!(
                "{} {} {} {} {} {}",
                b.left, b.top, b.right, b.bottom, person.0, similarity.0
            ));
        }
        Ok(())
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

fn read_floats(path: &Path) -> Result<Vec<f32>> {
    let bytes = read(path)?;
    let floats = bytes.as_chunks::<4>().0.iter();
    Ok(floats.copied().map(f32::from_le_bytes).collect())
}

fn write_outputs(outputs: &[Tensor], file: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    for output in outputs {
        let numbers = output.flatten_all()?.to_vec1::<f32>()?;
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    }
    std::fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
}
