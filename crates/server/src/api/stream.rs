//! What happens, as it happens: server-sent events (WHATWG HTML, section 9.2).
//!
//! An event has a number within one run of the station; its `id` is `RUN-NUMBER`. Who comes back
//! with `Last-Event-ID` gets what was missed, as far as it is kept; what is not kept any more,
//! or belongs to another run, is said by an event `missed`. Who does not read is cut off by the
//! connection, and nothing is kept for it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::{Channel, Sender};
use rollcall_core::notice::{LogEntry, Notice};
use rollcall_core::token::Scope;
use rollcall_messages::Said as _;
use serde_json::json;
use tokio::time::{Instant, sleep};

use super::view;
use crate::auth::Caller;
use crate::house::House;
use crate::problem::Problem;

/// How often it is looked whether there is something new.
const GLANCE: Duration = Duration::from_millis(200);

/// How often something is sent, so that a connection that is dead is noticed.
const BREATH: Duration = Duration::from_secs(15);

/// Writes that may wait for the connection.
const WAITING: usize = 4;

/// What happens, from now on or from `Last-Event-ID` on.
#[utoipa::path(get, path = "/v1/events", tag = "state",
    params(("Last-Event-ID" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 503)))]
pub(super) async fn get(
    State(house): State<Arc<House>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Read)?;
    let Ok(place) = Arc::clone(&house.streams).try_acquire_owned() else {
        return Err(Problem::busy("too many follow the events already"));
    };
    let (sender, body) = Channel::<Bytes, Infallible>::new(WAITING);
    let last = headers.get("last-event-id");
    let last = last
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    tokio::spawn(async move {
        follow(&house, last, sender).await;
        drop(place);
    });
    let head = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((head, Body::new(body)).into_response())
}

async fn follow(house: &House, last: Option<String>, mut to: Sender<Bytes>) {
    let first = view(house);
    let run = first.facts.process;
    let mut told = match last.as_deref().map(|id| number_in(id, run)) {
        None => first.log().written(),
        Some(Some(number)) => number.min(first.log().written()),
        // Of another run: all that is kept of this one.
        Some(None) => {
            if to.send_data(missed()).await.is_err() {
                return;
            }
            0
        }
    };
    let mut spoke = Instant::now();
    loop {
        let view = view(house);
        if told + 1 < view.log().first_kept() {
            told = view.log().first_kept() - 1;
            if to.send_data(missed()).await.is_err() {
                return;
            }
        }
        let mut text = String::new();
        for entry in view.log().since(told) {
            told += 1;
            text.push_str(&event(run, told, entry));
        }
        if text.is_empty() && spoke.elapsed() >= BREATH {
            text.push_str(":\n\n");
        }
        if !text.is_empty() {
            if to.send_data(text.into()).await.is_err() {
                return;
            }
            spoke = Instant::now();
        }
        sleep(GLANCE).await;
    }
}

fn missed() -> Bytes {
    Bytes::from_static(b"event: missed\ndata: {}\n\n")
}

/// The number of an event of this run.
fn number_in(id: &str, run: u32) -> Option<u64> {
    let (of, number) = id.split_once('-')?;
    (of.parse::<u32>() == Ok(run))
        .then(|| number.parse().ok())
        .flatten()
}

fn event(run: u32, number: u64, entry: &LogEntry) -> String {
    let data = json!({
        "at": entry.at.wall,
        "kind": kind(&entry.notice),
        "said": entry.notice.said().to_string(),
        "message": entry.notice.said().id(),
        "facts": facts(&entry.notice),
    });
    format!(
        "id: {run}-{number}\nevent: {}\ndata: {data}\n\n",
        kind(&entry.notice)
    )
}

fn kind(notice: &Notice) -> &'static str {
    match notice {
        Notice::Punched { .. } => "punched",
        Notice::PunchRefused { .. } => "punch-refused",
        Notice::NotRecognised { .. } => "not-recognised",
        Notice::Enrolled { .. } => "enrolled",
        Notice::EnrolmentRefused { .. }
        | Notice::EnrolmentCancelled { .. }
        | Notice::EnrolmentTimedOut { .. } => "not-enrolled",
        Notice::Corrected(_) => "corrected",
        Notice::CorrectionRefused(_) => "correction-refused",
        Notice::StoreTrouble(_) | Notice::StoreUnreadable(_) => "store-trouble",
        Notice::StoreRecovered => "store-recovered",
        Notice::NewDay(_) => "new-day",
        Notice::ClockSet { .. } => "clock-set",
        Notice::Camera(_) => "camera",
        Notice::Warning(_) => "warning",
        Notice::PinRefused(_) => "pin-refused",
        Notice::Lookalikes { .. } | Notice::Info(_) => "information",
    }
}

/// What a program needs to know of it.
fn facts(notice: &Notice) -> serde_json::Value {
    match notice {
        Notice::Punched {
            person,
            name,
            direction,
            at,
            similarity,
            camera,
            ..
        } => json!({
            "person": person.0,
            "name": name.as_str(),
            "direction": direction.to_string(),
            "at": at,
            "similarity": similarity.map(|similarity| similarity.0),
            "camera": camera,
        }),
        Notice::Enrolled { name, code, .. } => json!({
            "name": name.as_str(),
            "code": code.as_str(),
        }),
        Notice::NewDay(day) => json!({ "day": day }),
        _ => json!({}),
    }
}
