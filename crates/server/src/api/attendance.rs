//! Attendance events: read page by page, added, changed and voided as an operator does.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};
use rollcall_core::attendance::{Direction, EventId};
use rollcall_core::correction::{Change, Correction, Deed};
use rollcall_core::event::Intent;
use rollcall_core::person::PersonCode;
use rollcall_core::token::Scope;
use rollcall_protocol::{Command, Reply};
use rollcall_store::{EventFilter, NamedEvent, StoreError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Changed, command, matches, read, tagged};
use crate::auth::Caller;
use crate::extract::{Asked, Named, Parsed};
use crate::house::House;
use crate::problem::Problem;

/// Events of one page, and of one that does not say how many.
const MOST: u32 = 1000;
const USUAL: u32 = 100;

/// Which events.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Page {
    /// First day.
    from: Option<NaiveDate>,
    /// Last day.
    to: Option<NaiveDate>,
    /// Only of this person.
    code: Option<String>,
    /// The `next` of the page before.
    after: Option<i64>,
    /// Most events of a page, up to 1000.
    limit: Option<u32>,
}

/// A page of events, in the order in which they were written down.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EventPage {
    events: Vec<EventBody>,
    /// For `after`: the next page begins behind it. None if nothing is there now; then the same
    /// `after` finds what comes later.
    next: Option<i64>,
}

/// An event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct EventBody {
    event: i64,
    code: String,
    name: String,
    at: DateTime<FixedOffset>,
    /// The day it counts for.
    day: NaiveDate,
    /// Place in the person's day.
    sequence: u32,
    /// `in` or `out`.
    direction: String,
    /// `camera`, `manual`, `pin`, `import` or `rule`.
    source: String,
    /// The camera elsewhere that saw the person.
    camera: Option<String>,
    similarity: Option<f32>,
    liveness: Option<f32>,
    /// Who made it by hand, and why.
    operator: Option<String>,
    reason: Option<String>,
    replaces: Option<i64>,
    void: Option<VoidBody>,
}

/// Who took an event back.
#[derive(Debug, Clone, Serialize, ToSchema)]
struct VoidBody {
    at: DateTime<FixedOffset>,
    by: String,
    reason: String,
}

impl From<NamedEvent> for EventBody {
    fn from(NamedEvent { code, name, event }: NamedEvent) -> Self {
        Self {
            event: event.id.0,
            code,
            name,
            at: event.at,
            day: event.local_day,
            sequence: event.sequence,
            direction: event.direction.to_string(),
            source: event.source.to_string(),
            camera: event.provenance.camera.map(|camera| camera.to_string()),
            similarity: event.similarity.map(|similarity| similarity.0),
            liveness: event.liveness,
            operator: event.provenance.operator,
            reason: event.provenance.reason,
            replaces: event.provenance.replaces.map(|event| event.0),
            void: event.void.map(|void| VoidBody {
                at: void.at,
                by: void.by,
                reason: void.reason,
            }),
        }
    }
}

/// Events, page by page.
#[utoipa::path(get, path = "/v1/attendance", tag = "attendance", params(Page),
    responses((status = 200, body = EventPage), (status = 400)))]
pub(super) async fn list(
    State(house): State<Arc<House>>,
    caller: Caller,
    Asked(page): Asked<Page>,
) -> Result<Json<EventPage>, Problem> {
    caller.needs(Scope::Read)?;
    let filter = EventFilter {
        from: page.from,
        to: page.to,
        code: page.code.as_deref().map(parsed_code).transpose()?,
    };
    let limit = page.limit.unwrap_or(USUAL).clamp(1, MOST);
    let after = EventId(page.after.unwrap_or(0));
    let events = read(&house, move |store| {
        store.events_page(&filter, after, limit)
    })
    .await?;
    let next = events.last().map(|last| last.event.id.0);
    let events = events.into_iter().map(EventBody::from).collect();
    Ok(Json(EventPage { events, next }))
}

fn parsed_code(text: &str) -> Result<PersonCode, Problem> {
    PersonCode::parse(text).map_err(|error| Problem::bad_request("code", error.to_string()))
}

async fn event(house: &Arc<House>, number: i64) -> Result<EventBody, Problem> {
    let id = EventId(number);
    let missing = StoreError::NoSuchEvent(id);
    let before = EventId(number.saturating_sub(1));
    let found = read(house, move |store| {
        store.events_page(&EventFilter::default(), before, 1)
    });
    let found = found.await?.pop().filter(|found| found.event.id == id);
    found.map(EventBody::from).ok_or_else(|| missing.into())
}

/// One event. The ETag is for a change.
#[utoipa::path(get, path = "/v1/attendance/{event}", tag = "attendance", params(("event" = i64, Path)),
    responses((status = 200, body = EventBody), (status = 304), (status = 400), (status = 404)))]
pub(super) async fn get(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(number): Named<i64>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Read)?;
    Ok(tagged(&headers, &event(&house, number).await?))
}

/// A punch that was never made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewEventBody {
    code: String,
    /// By the station's clock on the wall, `2026-11-25T08:00:00`.
    at: NaiveDateTime,
    direction: Way,
    /// For whoever reads it later.
    reason: String,
}

/// Whether a person came or went.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    In,
    Out,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::In => Self::In,
            Way::Out => Self::Out,
        }
    }
}

/// Why an event is voided.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VoidRequest {
    reason: String,
}

/// What is put right about an event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventPatch {
    /// Whose it was instead.
    code: Option<String>,
    /// When it was instead.
    at: Option<NaiveDateTime>,
    direction: Option<Way>,
    reason: String,
}

async fn correct(
    house: &Arc<House>,
    caller: &Caller,
    deed: Deed<NaiveDateTime>,
    reason: String,
) -> Result<Json<Changed>, Problem> {
    let correction = Correction {
        deed,
        operator: caller.signature(),
        reason,
        face: None,
    };
    let intent = Intent::Correct(Box::new(correction));
    match command(house, caller, Command::Intent(intent)).await? {
        Reply::Done(said) => Ok(Json(Changed {
            said: said.to_string(),
        })),
        _ => Err(Problem::failed("the station has answered something else")),
    }
}

/// Adds a punch that was never made.
#[utoipa::path(post, path = "/v1/attendance", tag = "attendance", request_body = NewEventBody,
    responses((status = 200, body = Changed), (status = 400), (status = 409)))]
pub(super) async fn add(
    State(house): State<Arc<House>>,
    caller: Caller,
    Parsed(new): Parsed<NewEventBody>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Write)?;
    let deed = Deed::Add {
        code: parsed_code(&new.code)?,
        when: new.at,
        direction: new.direction.into(),
    };
    correct(&house, &caller, deed, new.reason).await
}

/// Takes an event back.
#[utoipa::path(post, path = "/v1/attendance/{event}/void", tag = "attendance",
    params(("event" = i64, Path), ("If-Match" = String, Header)), request_body = VoidRequest,
    responses((status = 200, body = Changed), (status = 400), (status = 404), (status = 409), (status = 412), (status = 428)))]
pub(super) async fn void(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(number): Named<i64>,
    headers: HeaderMap,
    Parsed(request): Parsed<VoidRequest>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Write)?;
    matches(&headers, &event(&house, number).await?)?;
    let deed = Deed::Void {
        event: EventId(number),
    };
    correct(&house, &caller, deed, request.reason).await
}

/// Takes an event back and puts another in its place.
#[utoipa::path(patch, path = "/v1/attendance/{event}", tag = "attendance",
    params(("event" = i64, Path), ("If-Match" = String, Header)), request_body = EventPatch,
    responses((status = 200, body = Changed), (status = 400), (status = 404), (status = 409), (status = 412), (status = 428)))]
pub(super) async fn change(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(number): Named<i64>,
    headers: HeaderMap,
    Parsed(patch): Parsed<EventPatch>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Write)?;
    matches(&headers, &event(&house, number).await?)?;
    let deed = Deed::Change {
        event: EventId(number),
        change: Change {
            when: patch.at,
            code: patch.code.as_deref().map(parsed_code).transpose()?,
            direction: patch.direction.map(Direction::from),
        },
    };
    correct(&house, &caller, deed, patch.reason).await
}
