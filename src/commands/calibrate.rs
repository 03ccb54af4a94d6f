//! `rollcall calibrate`: what the threshold costs at this station.

use crate::say;
use anyhow::{Result, bail};
use rollcall_messages::{Message, decimal};
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
            match line.term.to_string().as_str() {
                "" => println!("{}", line.words),
                term => println!("{term:>10} {}", line.words),
            }
        }
    }
    if args.write {
        let setting = report
            .proposed_setting
            .ok_or_else(|| Message::from(say::NO_THRESHOLD_HIGH_ENOUGH))?;
        println!("{}", write(setting, context)?);
    }
    Ok(Outcome::Done)
}

/// The rate that is aimed at where nobody says another.
pub(super) const TARGET: f64 = 1e-4;

/// Measures what the threshold costs; `target` is the rate of false names that is wished for.
fn measure(target: f64, context: &Context) -> Result<Report> {
    let store = context.store_to_read()?;
    let model = embedder_id(context).ok_or_else(|| Message::from(say::EMBEDDER_MISSING))?;
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
pub(super) fn write_proposed(context: &Context) -> Result<Message> {
    let report = measure(TARGET, context)?;
    let setting = report
        .proposed_setting
        .ok_or_else(|| Message::from(say::NO_THRESHOLD_HIGH_ENOUGH))?;
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
    let mut lines = vec![words(say::calibration_head(
        report.people,
        report.templates,
        decimal(report.threshold, 3),
    ))];
    lines.push(words(Message::default()));
    lines.extend(chart(report));
    lines.push(words(Message::default()));
    lines.extend(false_matches(report).into_iter().map(words));
    lines.push(words(match report.refused_share {
        Some(share) => say::calibration_refused(decimal(share * 100.0, 1)),
        None => say::REFUSALS_NOT_KNOWN.into(),
    }));
    for pair in &report.lookalikes {
        lines.push(words(say::calibration_look_alike(
            &pair.one,
            &pair.other,
            decimal(pair.similarity, 2),
        )));
    }
    lines.push(words(
        match (report.proposed_threshold, report.proposed_setting) {
            (Some(threshold), Some(setting)) => {
                let looks = decimal(1.0 / report.wished_rate, 0);
                let (similarity, setting) = (decimal(threshold, 3), setting.to_string());
                let refused = report.refused_share_then.unwrap_or_default() * 100.0;
                match report.refused_share_then {
                    Some(_) => {
                        say::proposed_with_refusals(looks, similarity, setting, decimal(refused, 1))
                    }
                    None => say::proposed(looks, similarity, setting),
                }
            }
            _ => say::NONE_SIMILAR_ENOUGH.into(),
        },
    ));
    lines
}

fn words(words: Message) -> PageLine {
    PageLine {
        health: None,
        term: Message::default(),
        words,
        is_drawn: false,
    }
}

/// The expected false names in a sentence, and where it comes from.
fn false_matches(report: &Report) -> Vec<Message> {
    let people = report.people;
    let mut said = vec![match (report.days_to_a_false_match, report.looks_a_day) {
        (Some(days), Some(looks)) => {
            say::expected_false_names(period(days), people, decimal(looks, 0), report.days_counted)
        }
        _ => say::expected_false_names_uncounted(
            decimal(rounded(1.0 / report.false_match_rate), 0),
            people,
        ),
    }];
    said.push(if report.from_own_people {
        say::FROM_OWN_PEOPLE.into()
    } else {
        say::FROM_STRANGERS.into()
    });
    match (report.strangers.len(), report.strangers_above_threshold) {
        (0, _) => {}
        (all, 0) => said.push(say::strangers_none_reach(
            all,
            decimal(at_most(all) * 100.0, 1),
        )),
        (all, some) => said.push(say::strangers_reach(some, all)),
    }
    said
}

fn period(days: f64) -> Message {
    if days >= 3650.0 {
        say::period_years(rounded(days / 365.0) as u64)
    } else {
        say::period_days(rounded(days) as u64)
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
    let drawn = |term: Message, words: Message| PageLine {
        health: None,
        term,
        words,
        is_drawn: true,
    };
    let mut lines = vec![drawn(
        say::SIMILARITY_LABEL.into(),
        say::chart_legend(report.impostor.len(), report.genuine.len()),
    )];
    for row in 0..rows {
        let from = low + row as f32 * step;
        if (from..from + step).contains(&report.threshold) {
            let rule = marks.2.repeat(2 * BAR);
            let threshold = format!("{:.3}", report.threshold);
            lines.push(drawn(Message::verbatim(threshold), Message::verbatim(rule)));
        }
        if genuine[row] + impostor[row] == 0 {
            continue;
        }
        let left = bar(impostor[row], most(&impostor), marks.1);
        let right = bar(genuine[row], most(&genuine), marks.0);
        let bars = format!("{left:<BAR$} {right}");
        let from = Message::verbatim(format!("{from:.2}"));
        lines.push(drawn(from, Message::verbatim(bars)));
    }
    lines
}

/// Puts the setting into the configuration file and leaves everything else as it is.
fn write(setting: f32, context: &Context) -> Result<Message> {
    let path = context.config_file();
    let file = ConfigFile { path: path.clone() };
    file.set("recognition", "threshold", Some(&format!("{setting:.3}")))?;
    Ok(say::threshold_written(
        setting.to_string(),
        path.display().to_string(),
    ))
}
