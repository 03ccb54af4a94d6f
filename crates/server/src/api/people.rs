//! People.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::token::Scope;
use rollcall_protocol::{PersonChange, PersonDeed, Question};
use rollcall_store::PersonRow;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Changed, changed, matches, question, read, tagged};
use crate::auth::Caller;
use crate::extract::{Named, Parsed};
use crate::house::House;
use crate::problem::Problem;

/// A person, without what the person is recognised by.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PersonBody {
    code: String,
    name: String,
    active: bool,
    team: Option<String>,
    consent_at: Option<NaiveDate>,
    expected_from: Option<NaiveDate>,
    has_pin: bool,
    templates: usize,
    created_at: DateTime<FixedOffset>,
    /// When the person was last seen, which is not part of the ETag.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<DateTime<FixedOffset>>,
}

impl From<PersonRow> for PersonBody {
    fn from(row: PersonRow) -> Self {
        Self {
            code: row.code.to_string(),
            name: row.name,
            active: row.active,
            team: row.team,
            consent_at: row.consent_at,
            expected_from: row.expected_from,
            has_pin: row.has_pin,
            templates: row.templates,
            created_at: row.created_at,
            last_seen: row.last_seen,
        }
    }
}

/// What is changed about a person: one thing at a time.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonPatch {
    /// Another name.
    name: Option<String>,
    /// Whether the person is recognised and expected.
    active: Option<bool>,
}

/// Everybody, in the order of enrolment.
#[utoipa::path(get, path = "/v1/people", tag = "people", responses((status = 200, body = [PersonBody])))]
pub(super) async fn list(
    State(house): State<Arc<House>>,
    caller: Caller,
) -> Result<Json<Vec<PersonBody>>, Problem> {
    caller.needs(Scope::Read)?;
    let rows = read(&house, rollcall_store::Store::people).await?;
    Ok(Json(rows.into_iter().map(PersonBody::from).collect()))
}

async fn person(house: &Arc<House>, code: &str) -> Result<(PersonCode, PersonBody), Problem> {
    let code = PersonCode::parse(code).map_err(|error| Problem::not_found(error.to_string()))?;
    let wanted = code.clone();
    let row = read(house, move |store| store.person_row(&wanted)).await?;
    // When somebody was seen is no change that an editor must know of.
    let row = PersonRow {
        last_seen: None,
        ..row
    };
    Ok((code, row.into()))
}

/// One person. The ETag is for a change.
#[utoipa::path(get, path = "/v1/people/{code}", tag = "people", params(("code" = String, Path)),
    responses((status = 200, body = PersonBody), (status = 304), (status = 404)))]
pub(super) async fn get(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(code): Named<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Read)?;
    let (_, person) = person(&house, &code).await?;
    Ok(tagged(&headers, &person))
}

/// Renames a person, or says whether the person is recognised.
#[utoipa::path(patch, path = "/v1/people/{code}", tag = "people",
    params(("code" = String, Path), ("If-Match" = String, Header)), request_body = PersonPatch,
    responses((status = 200, body = Changed), (status = 400), (status = 404), (status = 409), (status = 412), (status = 428)))]
pub(super) async fn change(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(code): Named<String>,
    headers: HeaderMap,
    Parsed(patch): Parsed<PersonPatch>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Write)?;
    let (code, person) = person(&house, &code).await?;
    matches(&headers, &person)?;
    let change = match (patch.name, patch.active) {
        (Some(name), None) => PersonName::parse(&name)
            .map(PersonChange::Rename)
            .map_err(|error| Problem::bad_request("name", error.to_string()))?,
        (None, Some(active)) => PersonChange::Active(active),
        _ => {
            let one = "change one thing at a time: name or active";
            return Err(Problem::bad_request("patch", one));
        }
    };
    let deed = PersonDeed {
        code,
        change,
        by: caller.signature(),
        is_agreed: false,
    };
    let answer = question(&house, &caller, Question::ChangePerson(deed)).await?;
    Ok(Json(changed(answer)?))
}
