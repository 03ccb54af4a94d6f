//! Rollcall's side of the comparison with ONNX Runtime: runs a network on
//! request, so that the script can let both take turns.
//!
//! One request per line on standard input, one answer per line on standard output:
//!
//! - `load MODEL THREADS HEIGHT WIDTH INPUT`: the input is raw little-endian floats;
//! - `run`: answers with the milliseconds one inference took;
//! - `outputs FILE`: writes all outputs of the last inference, one after the other.

use std::io::BufRead;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use candle_core::{Device, Tensor};
use rollcall::inference::Network;
use rollcall::inference::engine::{Backend, EngineOptions, load, simd_name};

/// A loaded network and what it runs on.
struct Session {
    network: Box<dyn Network>,
    picture: Tensor,
    outputs: Vec<Tensor>,
}

fn main() -> Result<()> {
    // `cargo bench` runs every bench; this one has nothing to do on its own.
    if std::env::args().nth(1).as_deref() != Some("--serve") {
        println!("benches/peer/compare.py runs this bench");
        return Ok(());
    }
    println!("{}", simd_name());
    let mut session = None;
    for line in std::io::stdin().lock().lines() {
        let line = line.context("reading a request")?;
        let words: Vec<&str> = line.split('\t').collect();
        match (words.as_slice(), &mut session) {
            (["load", model, threads, height, width, input], _) => {
                let options = EngineOptions {
                    threads: threads.parse()?,
                    backend: Backend::Fused,
                };
                let shape = (1, 3, height.parse()?, width.parse()?);
                session = Some(open(Path::new(model), &options, shape, Path::new(input))?);
                println!("ok");
            }
            (["run"], Some(session)) => {
                let start = Instant::now();
                session.outputs = session.network.run(&session.picture)?;
                println!("{}", start.elapsed().as_secs_f64() * 1000.0);
            }
            (["outputs", file], Some(session)) => {
                write_outputs(&session.outputs, Path::new(file))?;
                println!("ok");
            }
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
    let read =
        |path: &Path| std::fs::read(path).with_context(|| format!("reading {}", path.display()));
    let name = model.file_name().unwrap_or_default().to_string_lossy();
    let network = load(&name, &read(model)?, options)?;
    let bytes = read(input)?;
    let numbers = bytes
        .as_chunks::<4>()
        .0
        .iter()
        .copied()
        .map(f32::from_le_bytes);
    let picture = Tensor::from_iter(numbers, &Device::Cpu)?.reshape(shape)?;
    Ok(Session {
        network,
        picture,
        outputs: Vec::new(),
    })
}

fn write_outputs(outputs: &[Tensor], file: &Path) -> Result<()> {
    let mut bytes = Vec::new();
    for output in outputs {
        let numbers = output.flatten_all()?.to_vec1::<f32>()?;
        bytes.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
    }
    std::fs::write(file, bytes).with_context(|| format!("writing {}", file.display()))
}
