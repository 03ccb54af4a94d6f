//! `rollcall eval`: how well this configuration tells people apart.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::table::print_json;
use super::{Context, Look};
use crate::cli::{EvalArgs, Outcome};
use crate::eval::{self, Networks, Report};

/// Runs the command.
pub(super) fn run(args: &EvalArgs, context: &Context) -> Result<Outcome> {
    let list = eval::read_pairs(&args.pairs)?;
    // As pictures are looked at that people bring.
    let mut recogniser = context.recogniser(Look::Still)?;
    let bar = ProgressBar::new(0).with_style(ProgressStyle::with_template(
        "{bar:40} {pos} of {len} pictures, {eta} left",
    )?);
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
    Ok(Outcome::Done)
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
