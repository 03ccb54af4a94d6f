//! `rollcall eval`: how well this configuration tells people apart.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::RgbImage;
use indicatif::{ProgressBar, ProgressStyle};

use super::table::{Table, print_json};
use super::{Context, Look};
use crate::cli::{EvalArgs, Outcome};
use crate::eval::{self, Networks, Report, attacks, open_set};
use crate::picture;

/// Runs the command.
pub(super) fn run(args: &EvalArgs, context: &Context) -> Result<Outcome> {
    match &args.pairs {
        Some(pairs) => tell_pairs_apart(pairs, args, context)?,
        None if args.strangers => let_strangers_come(args, context)?,
        None => hold_pictures_up(args, context)?,
    }
    Ok(Outcome::Done)
}

fn progress_bar(unit: &str) -> Result<ProgressBar> {
    let style = format!("{{bar:40}} {{pos}} of {{len}} {unit}, {{eta}} left");
    Ok(ProgressBar::new(0).with_style(ProgressStyle::with_template(&style)?))
}

/// All pictures of a folder of folders, each with the name of its folder.
fn pictures_of(images: &Path) -> Result<Vec<(String, RgbImage)>> {
    let mut files = Vec::new();
    let reading = |path: &Path| format!("reading the folder {}", path.display());
    for person in std::fs::read_dir(images).with_context(|| reading(images))? {
        let person = person.with_context(|| reading(images))?.path();
        if !person.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&person).with_context(|| reading(&person))? {
            files.push(file.with_context(|| reading(&person))?.path());
        }
    }
    files.sort();
    let name = |file: &Path| {
        let folder = file.parent().and_then(Path::file_name);
        folder.unwrap_or_default().to_string_lossy().into_owned()
    };
    files
        .iter()
        .map(|file| Ok((name(file), picture::open(file)?)))
        .collect()
}

fn let_strangers_come(args: &EvalArgs, context: &Context) -> Result<()> {
    let people = open_set::by_name(pictures_of(&args.images)?);
    let mut recogniser = context.recogniser(Look::Frame)?;
    recogniser.liveness = None;
    let policies = context.config.policies();
    let bar = progress_bar("visits")?;
    let report = open_set::strangers(
        &people,
        args.visits,
        &mut recogniser,
        (&policies.matching, policies.consensus),
        |done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        },
    )?;
    bar.finish_and_clear();
    if args.json {
        return Ok(print_json(&report)?);
    }
    println!(
        "enrolled                {} people; similarity asked for {:.3}",
        report.enrolled, report.threshold
    );
    println!(
        "looks of strangers      {}, {} would have been given a name by themselves; the most \
         similar was {:.3}",
        report.looks, report.looks_named, report.highest_similarity
    );
    println!(
        "visits of strangers     {}, {} were given a name by the vote",
        report.visits,
        report.visits_named.len()
    );
    for wrong in &report.visits_named {
        println!("                        {wrong}");
    }
    Ok(())
}

fn hold_pictures_up(args: &EvalArgs, context: &Context) -> Result<()> {
    let pictures: Vec<RgbImage> = pictures_of(&args.images)?
        .into_iter()
        .map(|(_, picture)| picture)
        .collect();
    let mut recogniser = context.recogniser(Look::Frame)?;
    anyhow::ensure!(
        recogniser.liveness.is_some(),
        "recognition.liveness is \"off\": there is nothing to measure"
    );
    let bar = progress_bar("presentations")?;
    let threshold = context.config.recognition.liveness_threshold;
    let reports = attacks::attack(&pictures, &mut recogniser, threshold, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if args.json {
        return Ok(print_json(&reports)?);
    }
    let mut table = Table::new(&[
        "Shown",
        "Times",
        "Passed",
        "Looked flat",
        "Moved flat",
        "Error",
    ]);
    for report in &reports {
        let rate = if report.attack { "APCER" } else { "BPCER" };
        table.row([
            report.kind.to_owned(),
            report.presentations.to_string(),
            report.passed.to_string(),
            report.looked_flat.to_string(),
            report.moved_flat.to_string(),
            format!("{rate} {:.1} %", report.error_rate * 100.0),
        ]);
    }
    Ok(table.print()?)
}

fn tell_pairs_apart(pairs: &Path, args: &EvalArgs, context: &Context) -> Result<()> {
    let list = eval::read_pairs(pairs)?;
    // As pictures are looked at that people bring.
    let mut recogniser = context.recogniser(Look::Still)?;
    let bar = progress_bar("pictures")?;
    let mut networks = Networks {
        detector: recogniser.detector.as_mut(),
        embedder: recogniser.embedder.as_mut(),
    };
    let report = eval::evaluate(&list, &args.images, &mut networks, |done, total| {
        bar.set_length(total as u64);
        bar.set_position(done as u64);
    })?;
    bar.finish_and_clear();
    if args.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    Ok(())
}

fn print(report: &Report) {
    let s = &report.statistics;
    let pairs = s.genuine_pairs + s.impostor_pairs;
    println!("model                   {}", report.model_id);
    println!(
        "pictures                {}, {} without a face",
        report.pictures,
        report.pictures_without_face.len()
    );
    println!(
        "pairs                   {pairs}, {} of one person and {} of two",
        s.genuine_pairs, s.impostor_pairs
    );
    println!(
        "at the best threshold   {} of {pairs} right ({:.2} %), threshold {:.3}",
        s.best.correct_pairs,
        100.0 * s.best.accuracy,
        s.best.threshold
    );
    if let Some(folds) = &s.folds {
        println!(
            "over {} folds           {:.2} % +- {:.2}",
            folds.accuracies.len(),
            100.0 * folds.mean,
            100.0 * folds.standard_deviation
        );
    }
    for (label, distribution) in [
        ("one person", s.genuine_similarity),
        ("two people", s.impostor_similarity),
    ] {
        if let Some(d) = distribution {
            println!(
                "similarity, {label}  {:.3} +- {:.3}",
                d.mean, d.standard_deviation
            );
        }
    }
    for point in &s.roc {
        match &point.measured {
            Some(m) => println!(
                "TAR at FMR {:.0e}         {:.2} % (threshold {:.3}, {} false matches)",
                point.false_match_rate,
                100.0 * m.true_accept_rate,
                m.threshold,
                m.false_matches
            ),
            None => println!(
                "TAR at FMR {:.0e}         needs at least {} pairs of two people",
                point.false_match_rate, point.impostor_pairs_needed
            ),
        }
    }
    if !report.pictures_without_face.is_empty() {
        println!(
            "without a face          {}",
            report.pictures_without_face.join(", ")
        );
        println!(
            "note                    {}",
            report.treatment_of_pictures_without_face
        );
    }
}
