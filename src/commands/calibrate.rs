//! `rollcall calibrate`: what the threshold costs at this station.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::table::print_json;
use super::{Context, KnownPeople, embedder_id};
use crate::cli::{CalibrateArgs, Outcome};
use crate::config::ConfigFile;
use crate::core::calibration::{Likenesses, at_most, rounded, setting_for};
use crate::protocol::PageLine;
use crate::store::{SightingState, Store};
use crate::ui::Charset;

/// Days over which visits are counted.
const DAYS_COUNTED: u64 = 30;

/// Least and most similar that the chart shows, and the height of one row.
const CHART: (f32, f32, f32) = (-0.2, 1.0, 0.05);

/// Cells of the longest bar.
const BAR: usize = 28;

#[derive(Serialize)]
struct Report {
    people: usize,
    templates: usize,
    /// Looks of a day, and the days they were counted on.
    looks_a_day: Option<f64>,
    days_counted: usize,
    /// Similarity asked for now.
    threshold: f32,
    genuine: Vec<f32>,
    impostor: Vec<f32>,
    strangers: Vec<f32>,
    /// Of one look of a stranger.
    false_match_rate: f64,
    /// Whether the station's own people are in that rate, or only the reference.
    from_own_people: bool,
    strangers_above_threshold: usize,
    days_to_a_false_match: Option<f64>,
    /// Of one look of somebody enrolled.
    refused_share: Option<f64>,
    lookalikes: Vec<Lookalikes>,
    wished_rate: f64,
    proposed_threshold: Option<f32>,
    /// What `recognition.threshold` has to be for that.
    proposed_setting: Option<f32>,
    refused_share_then: Option<f64>,
}

#[derive(Serialize)]
struct Lookalikes {
    one: String,
    other: String,
    similarity: f32,
}

/// Runs the command.
pub(super) fn run(args: &CalibrateArgs, context: &Context) -> Result<Outcome> {
    if !(args.target > 0.0 && args.target < 1.0) {
        bail!(
            "--target {}: a probability between 0 and 1, e.g. 0.0001",
            args.target
        );
    }
    let report = measure(args.target, context)?;
    if args.json {
        print_json(&report)?;
    } else {
        for line in lines(&report) {
            match line.term.as_str() {
                "" => println!("{}", line.words),
                term => println!("{term:>10} {}", line.words),
            }
        }
    }
    if args.write {
        let setting = report
            .proposed_setting
            .context("no threshold is high enough for that rate; nothing was written")?;
        println!("{}", write(setting, context)?);
    }
    Ok(Outcome::Done)
}

/// The rate that is aimed at where nobody says another.
pub(super) const TARGET: f64 = 1e-4;

/// Measures what the threshold costs; `target` is the rate of false names that is wished for.
fn measure(target: f64, context: &Context) -> Result<Report> {
    let store = context.store_to_read()?;
    let model = embedder_id(context).context("the configured embedder is not there")?;
    let known = KnownPeople::of(&store, &model)?;
    let sightings = store.sightings(false)?;
    let strangers = sightings
        .iter()
        .filter(|row| row.reason == "unknown" && row.state != SightingState::Assigned)
        .filter_map(|row| row.face.as_ref())
        .filter(|(_, made_by)| *made_by == model)
        .map(|(face, _)| face);
    let found = Likenesses::measure(&known.gallery, strangers);
    report(found, &known, &store, target, context)
}

/// The same for the dashboard.
pub(super) fn page(context: &Context) -> Result<Vec<PageLine>> {
    Ok(lines(&measure(TARGET, context)?))
}

/// Writes the threshold that [`page`] proposes, and says so.
pub(super) fn write_proposed(context: &Context) -> Result<String> {
    let report = measure(TARGET, context)?;
    let setting = report
        .proposed_setting
        .context("no threshold is high enough for that rate; nothing was written")?;
    write(setting, context)
}

fn report(
    found: Likenesses,
    known: &KnownPeople,
    store: &Store,
    target: f64,
    context: &Context,
) -> Result<Report> {
    let policy = context.config.policies().matching;
    let threshold = policy.threshold_among(found.people).0;
    let (looks_a_day, days_counted) = looks_a_day(store, context)?;
    let false_match_rate = found.false_match_rate(threshold);
    let proposed = found.threshold_for(target);
    let name = |id| {
        known
            .person(id)
            .map_or_else(|| "somebody".into(), |p| format!("{} ({})", p.name, p.code))
    };
    Ok(Report {
        people: found.people,
        templates: known.gallery.len(),
        looks_a_day,
        days_counted,
        threshold,
        false_match_rate,
        from_own_people: found.has_own_people(),
        strangers_above_threshold: found.strangers.iter().filter(|s| **s >= threshold).count(),
        days_to_a_false_match: looks_a_day.map(|looks| 1.0 / (looks * false_match_rate)),
        refused_share: found.false_non_match_rate(threshold),
        lookalikes: found
            .lookalikes
            .iter()
            .map(|(one, other, similarity)| Lookalikes {
                one: name(*one),
                other: name(*other),
                similarity: similarity.0,
            })
            .collect(),
        wished_rate: target,
        proposed_threshold: proposed,
        proposed_setting: proposed.map(|t| setting_for(&policy, t, found.people)),
        refused_share_then: proposed.and_then(|t| found.false_non_match_rate(t)),
        genuine: found.genuine,
        impostor: found.impostor,
        strangers: found.strangers,
    })
}

/// Punches by face and faces without a name of a day, of the latest days on which there
/// were any.
fn looks_a_day(store: &Store, context: &Context) -> Result<(Option<f64>, usize)> {
    let today = super::workdays::today(context);
    let from = today.checked_sub_days(chrono::Days::new(DAYS_COUNTED));
    let filter = crate::store::EventFilter {
        from,
        to: today.pred_opt(),
        code: None,
    };
    let events = store.events(&filter)?.into_iter();
    let faces = events.filter(|event| event.similarity.is_some());
    let mut days: Vec<chrono::NaiveDate> = faces.map(|event| event.local_day).collect();
    let policy = context.config.policies().attendance;
    let sightings = store.sightings(false)?.into_iter();
    let seen = sightings.map(|row| policy.local_day(&row.at));
    days.extend(seen.filter(|day| from.is_none_or(|from| *day >= from) && *day < today));
    let looks = days.len();
    days.sort();
    days.dedup();
    let average = (!days.is_empty()).then(|| looks as f64 / days.len() as f64);
    Ok((average, days.len()))
}

/// The report in lines, as it is printed and as the dashboard shows it.
fn lines(report: &Report) -> Vec<PageLine> {
    let mut lines = vec![words(format!(
        "{} people, {} templates; similarity asked for: {:.3}",
        report.people, report.templates, report.threshold
    ))];
    lines.push(words(String::new()));
    lines.extend(chart(report));
    lines.push(words(String::new()));
    lines.extend(false_matches(report).into_iter().map(words));
    lines.push(words(match report.refused_share {
        Some(share) => format!(
            "Of looks at people who are enrolled about {:.1} % are refused; the next look may do.",
            share * 100.0
        ),
        None => {
            "How many looks at enrolled people are refused is not known: nobody has two samples."
                .to_owned()
        }
    }));
    for pair in &report.lookalikes {
        lines.push(words(format!(
            "Look alike: {} and {}, {:.2}. They need twice the margin.",
            pair.one, pair.other, pair.similarity
        )));
    }
    lines.push(words(
        match (report.proposed_threshold, report.proposed_setting) {
            (Some(threshold), Some(setting)) => {
                let rate = 1.0 / report.wished_rate;
                let refused = report.refused_share_then.unwrap_or_default() * 100.0;
                match report.refused_share_then {
                    Some(_) => format!(
                        "For one false name in {rate:.0} looks of strangers: similarity {threshold:.3} \
                         (recognition.threshold = {setting}), at which {refused:.1} % of looks would be refused."
                    ),
                    None => format!(
                        "For one false name in {rate:.0} looks of strangers: similarity {threshold:.3} \
                         (recognition.threshold = {setting})."
                    ),
                }
            }
            _ => "No similarity is high enough for the wished rate.".to_owned(),
        },
    ));
    lines
}

fn words(words: String) -> PageLine {
    PageLine {
        health: None,
        term: String::new(),
        words,
        is_drawn: false,
    }
}

/// The expected false names in a sentence, and where it comes from.
fn false_matches(report: &Report) -> Vec<String> {
    let people = report.people;
    let mut said = vec![match (report.days_to_a_false_match, report.looks_a_day) {
        (Some(days), Some(looks)) => format!(
            "Expected false names: one per {} with your {people} people, if all of {looks:.0} looks a day \
             (counted on {} days) were strangers'.",
            period(days),
            report.days_counted
        ),
        _ => format!(
            "Expected false names: one in {:.0} looks of strangers with your {people} people; no looks \
             were counted yet.",
            rounded(1.0 / report.false_match_rate),
        ),
    }];
    said.push(
        if report.from_own_people {
            "That is from how alike your own people are, and never better than strangers' pictures in general; it is for a single look, and a name needs several that agree."
                .to_owned()
        } else {
            "That is from strangers' pictures in general; ten people are needed to tell how alike yours are; it is for a single look, and a name needs several that agree."
                .to_owned()
        },
    );
    match (report.strangers.len(), report.strangers_above_threshold) {
        (0, _) => {}
        (all, 0) => said.push(format!(
            "Of {all} faces without a name that are kept none reaches it, which by itself only \
             says: at most {:.1} %.",
            at_most(all) * 100.0
        )),
        (all, some) => said.push(format!(
            "{some} of {all} faces without a name that are kept reach it now: see `rollcall \
             review list`."
        )),
    }
    said
}

fn period(days: f64) -> String {
    if days >= 3650.0 {
        format!("{:.0} years", rounded(days / 365.0))
    } else {
        format!("{:.0} days", rounded(days))
    }
}

/// Both distributions side by side, and where the threshold lies.
fn chart(report: &Report) -> Vec<PageLine> {
    let environment = |name: &str| std::env::var(name).ok();
    let marks = match Charset::detect(environment) {
        Charset::Unicode => ("█", "░", "─"),
        Charset::Ascii => ("#", ".", "-"),
    };
    let (low, high, step) = CHART;
    let rows = ((high - low) / step).round() as usize;
    let bins = |values: &[f32]| -> Vec<usize> {
        let mut bins = vec![0; rows];
        for value in values {
            let bin = ((value - low) / step).max(0.0) as usize;
            bins[bin.min(rows - 1)] += 1;
        }
        bins
    };
    let (genuine, impostor) = (bins(&report.genuine), bins(&report.impostor));
    let most = |bins: &[usize]| bins.iter().copied().max().unwrap_or(0).max(1);
    let bar = |count: usize, most: usize, mark: &str| mark.repeat((count * BAR).div_ceil(most));
    let drawn = |term: String, words: String| PageLine {
        health: None,
        term,
        words,
        is_drawn: true,
    };
    let mut lines = vec![drawn(
        "similarity".to_owned(),
        format!(
            "two people ({} pairs), one person ({} pictures)",
            report.impostor.len(),
            report.genuine.len()
        ),
    )];
    for row in 0..rows {
        let from = low + row as f32 * step;
        if (from..from + step).contains(&report.threshold) {
            let rule = marks.2.repeat(2 * BAR);
            lines.push(drawn(format!("{:.3}", report.threshold), rule));
        }
        if genuine[row] + impostor[row] == 0 {
            continue;
        }
        let left = bar(impostor[row], most(&impostor), marks.1);
        let right = bar(genuine[row], most(&genuine), marks.0);
        lines.push(drawn(format!("{from:.2}"), format!("{left:<BAR$} {right}")));
    }
    lines
}

/// Puts the setting into the configuration file and leaves everything else as it is.
fn write(setting: f32, context: &Context) -> Result<String> {
    let path = context.config_file();
    let file = ConfigFile { path: path.clone() };
    file.set("recognition", "threshold", Some(&format!("{setting:.3}")))?;
    Ok(format!(
        "recognition.threshold = {setting} is in {}",
        path.display()
    ))
}
