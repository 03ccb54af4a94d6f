//! What the threshold costs at a station, and which one is proposed.

mod lines;

use serde::Serialize;

use rollcall_core::calibration::{Likenesses, setting_for};
use rollcall_protocol::PageLine;
use rollcall_store::{EventFilter, SightingState, Store};

use crate::context::Context;
use crate::error::CaseError;
use crate::networks::{KnownPeople, embedder_id};

pub use lines::{in_ascii, lines};

/// Days over which visits are counted.
const DAYS_COUNTED: u64 = 30;

/// What a threshold costs.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// People who are enrolled.
    pub people: usize,
    /// Their templates.
    pub templates: usize,
    /// Looks of a day, and the days they were counted on.
    pub looks_a_day: Option<f64>,
    /// Days on which they were counted.
    pub days_counted: usize,
    /// Similarity asked for now.
    pub threshold: f32,
    /// Similarities of two templates of one person.
    pub genuine: Vec<f32>,
    /// And of two people.
    pub impostor: Vec<f32>,
    /// And of faces without a name to the nearest person.
    pub strangers: Vec<f32>,
    /// Of one look of a stranger.
    pub false_match_rate: f64,
    /// Whether the station's own people are in that rate, or only the reference.
    pub from_own_people: bool,
    /// Of them, those that reach the threshold.
    pub strangers_above_threshold: usize,
    /// Days to the next false name, if all looks were strangers'.
    pub days_to_a_false_match: Option<f64>,
    /// Of one look of somebody enrolled.
    pub refused_share: Option<f64>,
    /// People who look alike.
    pub lookalikes: Vec<Lookalikes>,
    /// The rate of false names that is wished for.
    pub wished_rate: f64,
    /// The similarity for that.
    pub proposed_threshold: Option<f32>,
    /// What `recognition.threshold` has to be for that.
    pub proposed_setting: Option<f32>,
    /// Of one look of somebody enrolled, then.
    pub refused_share_then: Option<f64>,
}

/// Two people who look alike.
#[derive(Debug, Clone, Serialize)]
pub struct Lookalikes {
    /// One.
    pub one: String,
    /// The other.
    pub other: String,
    /// How much.
    pub similarity: f32,
}

/// The rate that is aimed at where nobody says another.
pub const TARGET: f64 = 1e-4;

/// Measures what the threshold costs; `target` is the rate of false names that is wished for.
///
/// # Errors
/// If the records cannot be read, or the configured embedder is not there.
pub fn measure(target: f64, context: &Context) -> Result<Report, CaseError> {
    let store = context.store_to_read()?;
    let model = embedder_id(context).ok_or(CaseError::NoEmbedder)?;
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

fn report(
    found: Likenesses,
    known: &KnownPeople,
    store: &Store,
    target: f64,
    context: &Context,
) -> Result<Report, CaseError> {
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
fn looks_a_day(store: &Store, context: &Context) -> Result<(Option<f64>, usize), CaseError> {
    let today = context.today();
    let from = today.checked_sub_days(chrono::Days::new(DAYS_COUNTED));
    let filter = EventFilter {
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

/// Writes the threshold that a report proposes, and gives it.
///
/// # Errors
/// If it proposes none, or the configuration cannot be written.
pub fn write(context: &Context, report: &Report) -> Result<f32, CaseError> {
    let setting = report.proposed_setting.ok_or(CaseError::NoThreshold)?;
    let value = format!("{setting:.3}");
    context
        .config_file()
        .set("recognition", "threshold", Some(&value))?;
    Ok(setting)
}

/// Writes the threshold that is proposed to whoever has read these lines, and not what has come
/// out of it since; gives it.
///
/// # Errors
/// If something else is proposed by now, or it cannot be written.
pub fn write_shown(context: &Context, shown: &[PageLine]) -> Result<f32, CaseError> {
    let report = measure(TARGET, context)?;
    if lines(&report) != shown {
        return Err(CaseError::CalibrationChanged);
    }
    write(context, &report)
}
