//! Days as they are paid, and faces without a name.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use chrono::{DateTime, FixedOffset, NaiveDate};
use rollcall_core::review::ReviewDeed;
use rollcall_core::token::Scope;
use rollcall_protocol::{Answer, Question, ReportQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Changed, changed, question};
use crate::auth::Caller;
use crate::extract::{Asked, Parsed};
use crate::house::House;
use crate::problem::Problem;

/// Days of one answer.
const MOST_DAYS: i64 = 92;

/// Which days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Days {
    /// First day.
    from: NaiveDate,
    /// Last day, at most 92 days later.
    to: NaiveDate,
}

/// The days of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonDaysBody {
    code: String,
    name: String,
    days: Vec<DayBody>,
}

/// A day of a person.
#[derive(Debug, Serialize, ToSchema)]
struct DayBody {
    day: NaiveDate,
    shift: Option<String>,
    /// Minutes, days of absence and what else the day adds up to.
    #[schema(value_type = Object)]
    report: serde_json::Value,
    /// Numbers of the events it was counted from.
    events: Vec<i64>,
}

/// What days add up to, by the shifts of the configuration.
#[utoipa::path(get, path = "/v1/days", tag = "attendance", params(Days),
    responses((status = 200, body = [PersonDaysBody]), (status = 400)))]
pub(super) async fn days(
    State(house): State<Arc<House>>,
    caller: Caller,
    Asked(days): Asked<Days>,
) -> Result<Json<Vec<PersonDaysBody>>, Problem> {
    caller.needs(Scope::Read)?;
    let count = days.to.signed_duration_since(days.from).num_days();
    if !(0..MOST_DAYS).contains(&count) {
        let detail = format!("from is not after to, and at most {MOST_DAYS} days are asked for");
        return Err(Problem::bad_request("days", detail));
    }
    let query = ReportQuery {
        from: days.from,
        to: days.to,
    };
    let people = match question(&house, &caller, Question::Report(query)).await? {
        Answer::Report(_, Ok(people)) => people,
        Answer::Report(_, Err(why)) => return Err(Problem::failed(why.to_string())),
        _ => return Err(Problem::failed("the station has answered something else")),
    };
    let body = people.into_iter().map(|person| PersonDaysBody {
        code: person.person.code.to_string(),
        name: person.person.name.to_string(),
        days: person
            .days
            .into_iter()
            .map(|day| DayBody {
                day: day.day,
                shift: day.shift.map(|shift| shift.to_string()),
                report: serde_json::to_value(&day.report).unwrap_or_default(),
                events: day.events.iter().map(|event| event.id.0).collect(),
            })
            .collect(),
    });
    Ok(Json(body.collect()))
}

/// Somebody without a name, seen once or more.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct VisitorBody {
    /// Numbers of the sightings.
    sightings: Vec<i64>,
    first: DateTime<FixedOffset>,
    last: DateTime<FixedOffset>,
    reason: String,
    /// Name of the most similar person.
    nearest: Option<String>,
    similarity: Option<f32>,
}

/// Faces without a name, those that look alike together.
#[utoipa::path(get, path = "/v1/review", tag = "review", responses((status = 200, body = [VisitorBody])))]
pub(super) async fn visitors(
    State(house): State<Arc<House>>,
    caller: Caller,
) -> Result<Json<Vec<VisitorBody>>, Problem> {
    caller.needs(Scope::Read)?;
    let visitors = match question(&house, &caller, Question::Visitors).await? {
        Answer::Visitors(Ok(visitors)) => visitors,
        Answer::Visitors(Err(why)) => return Err(Problem::failed(why.to_string())),
        _ => return Err(Problem::failed("the station has answered something else")),
    };
    let body = visitors.into_iter().map(|visitor| {
        let (nearest, similarity) = visitor.nearest.unzip();
        VisitorBody {
            sightings: visitor.sightings,
            first: visitor.first,
            last: visitor.last,
            reason: visitor.reason,
            nearest,
            similarity: similarity.map(|similarity| similarity.0),
        }
    });
    Ok(Json(body.collect()))
}

/// Sightings that do not matter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Sightings {
    sightings: Vec<i64>,
}

/// Says that faces without a name do not matter, which erases them.
#[utoipa::path(post, path = "/v1/review/ignore", tag = "review", request_body = Sightings,
    responses((status = 200, body = Changed), (status = 400), (status = 409)))]
pub(super) async fn ignore(
    State(house): State<Arc<House>>,
    caller: Caller,
    Parsed(asked): Parsed<Sightings>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Write)?;
    let deed = ReviewDeed::Ignore {
        sightings: asked.sightings,
        by: caller.signature(),
    };
    let answer = question(&house, &caller, Question::Review(deed)).await?;
    Ok(Json(changed(answer)?))
}
