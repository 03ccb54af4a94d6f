//! `rollcall calibrate`: what the threshold costs at this station.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::table::print_json;
use super::{Context, KnownPeople, embedder_id};
use crate::cli::{CalibrateArgs, Outcome};
use crate::config::Config;
use crate::core::calibration::{Likenesses, at_most, rounded, setting_for};
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
    let report = report(found, &known, &store, args, context)?;
    if args.json {
        print_json(&report)?;
    } else {
        print(&report);
    }
    if args.write {
        let setting = report
            .proposed_setting
            .context("no threshold is high enough for that rate; nothing was written")?;
        write(setting, context)?;
    }
    Ok(Outcome::Done)
}

fn report(
    found: Likenesses,
    known: &KnownPeople,
    store: &Store,
    args: &CalibrateArgs,
    context: &Context,
) -> Result<Report> {
    let policy = context.config.policies().matching;
    let threshold = policy.threshold_among(found.people).0;
    let (looks_a_day, days_counted) = looks_a_day(store, context)?;
    let false_match_rate = found.false_match_rate(threshold);
    let proposed = found.threshold_for(args.target);
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
        wished_rate: args.target,
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

fn print(report: &Report) {
    println!(
        "{} people, {} templates; similarity asked for: {:.3}\n",
        report.people, report.templates, report.threshold
    );
    print_chart(report);
    println!("{}", false_matches(report));
    match report.refused_share {
        Some(share) => println!(
            "Of looks at people who are enrolled about {:.1} % are refused; the next look may do.",
            share * 100.0
        ),
        None => println!(
            "How many looks at enrolled people are refused is not known: nobody has two samples."
        ),
    }
    for pair in &report.lookalikes {
        println!(
            "Look alike: {} and {}, {:.2}. They need twice the margin.",
            pair.one, pair.other, pair.similarity
        );
    }
    match (report.proposed_threshold, report.proposed_setting) {
        (Some(threshold), Some(setting)) => {
            let refused = report.refused_share_then.map_or_else(String::new, |share| {
                format!(
                    ", at which {:.1} % of looks would be refused",
                    share * 100.0
                )
            });
            println!(
                "For one false name in {:.0} looks of strangers: similarity {threshold:.3} \
                 (recognition.threshold = {setting}){refused}. --write puts it into the configuration.",
                1.0 / report.wished_rate
            );
        }
        _ => println!("No similarity is high enough for the wished rate."),
    }
}

/// The expected false names in a sentence, and where it comes from.
fn false_matches(report: &Report) -> String {
    let source = if report.from_own_people {
        "from how alike your own people are, and never better than strangers' pictures in general"
    } else {
        "from strangers' pictures in general; ten people are needed to tell how alike yours are"
    };
    let rate = match (report.days_to_a_false_match, report.looks_a_day) {
        (Some(days), Some(looks)) => format!(
            "Expected false names: one per {} with your {} people, if all of {looks:.0} looks a day \
             (counted on {} days) were strangers'",
            period(days),
            report.people,
            report.days_counted
        ),
        _ => format!(
            "Expected false names: one in {:.0} looks of strangers with your {} people; no looks \
             were counted yet",
            rounded(1.0 / report.false_match_rate),
            report.people
        ),
    };
    let seen = match (report.strangers.len(), report.strangers_above_threshold) {
        (0, _) => String::new(),
        (all, 0) => format!(
            "\nOf {all} faces without a name that are kept none reaches it, which by itself only \
             says: at most {:.1} %.",
            at_most(all) * 100.0
        ),
        (all, some) => format!(
            "\n{some} of {all} faces without a name that are kept reach it now: see `rollcall \
             review list`."
        ),
    };
    format!(
        "{rate}.\nThat is {source}; it is for a single look, and a name needs several that agree.{seen}"
    )
}

fn period(days: f64) -> String {
    if days >= 3650.0 {
        format!("{:.0} years", rounded(days / 365.0))
    } else {
        format!("{:.0} days", rounded(days))
    }
}

/// Both distributions side by side, and where the threshold lies.
fn print_chart(report: &Report) {
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
    println!(
        "similarity   two people ({} pairs)       one person ({} pictures)",
        report.impostor.len(),
        report.genuine.len()
    );
    for row in 0..rows {
        let from = low + row as f32 * step;
        if (from..from + step).contains(&report.threshold) {
            println!(
                "{:>10} {} asked for",
                format!("{:.3}", report.threshold),
                marks.2.repeat(2 * BAR)
            );
        }
        if genuine[row] + impostor[row] == 0 {
            continue;
        }
        println!(
            "{from:>10.2} {:<width$} {}",
            bar(impostor[row], most(&impostor), marks.1),
            bar(genuine[row], most(&genuine), marks.0),
            width = BAR
        );
    }
    println!();
}

/// Puts the setting into the configuration file and leaves everything else as it is.
fn write(setting: f32, context: &Context) -> Result<()> {
    let path = context.config_file();
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error).with_context(|| format!("reading {}", path.display())),
    };
    let mut document: toml_edit::DocumentMut = text
        .parse()
        .with_context(|| format!("reading {}", path.display()))?;
    // Through the decimal digits, so that no 0.45100000500679016 is written.
    let decimal: f64 = format!("{setting:.3}").parse()?;
    let table = document["recognition"].or_insert(toml_edit::table());
    let table = table
        .as_table_like_mut()
        .with_context(|| format!("recognition is no table in {}", path.display()))?;
    match table
        .get_mut("threshold")
        .and_then(toml_edit::Item::as_value_mut)
    {
        // In its place, so that a comment behind it stays.
        Some(old) => {
            let decor = old.decor().clone();
            *old = toml_edit::Value::from(decimal);
            *old.decor_mut() = decor;
        }
        None => {
            table.insert("threshold", toml_edit::value(decimal));
        }
    }
    let changed = document.to_string();
    Config::check(&changed, &path)?;
    replace(&path, &changed)?;
    println!("recognition.threshold = {setting} is in {}", path.display());
    Ok(())
}

fn replace(path: &Path, text: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)
        .with_context(|| format!("creating a file in {}", folder.display()))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.as_file().sync_all())
        .with_context(|| format!("writing {}", path.display()))?;
    file.persist(path)
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(())
}
