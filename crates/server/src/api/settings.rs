//! The settings of the configuration file.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use rollcall_core::token::Scope;
use rollcall_protocol::{Answer, Question, SettingChange, SettingRow};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Changed, changed, matches, question, tagged};
use crate::auth::Caller;
use crate::extract::{Named, Parsed};
use crate::house::House;
use crate::problem::Problem;

/// A setting.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SettingBody {
    section: String,
    key: String,
    value: String,
    default: String,
    help: String,
    /// The environment variable that overrides it.
    overridden_by: Option<String>,
}

impl From<SettingRow> for SettingBody {
    fn from(row: SettingRow) -> Self {
        Self {
            section: row.section,
            key: row.key,
            value: row.value,
            default: row.default,
            help: row.help.to_string(),
            overridden_by: row.overridden_by,
        }
    }
}

/// Another value.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewValue {
    /// As in the configuration file; none for the default.
    value: Option<String>,
    /// Whether it was agreed that days which have passed are altered.
    #[serde(default)]
    is_agreed: bool,
}

async fn settings(house: &Arc<House>, caller: &Caller) -> Result<Vec<SettingBody>, Problem> {
    match question(house, caller, Question::Settings).await? {
        Answer::Settings(Ok(rows)) => Ok(rows.into_iter().map(SettingBody::from).collect()),
        Answer::Settings(Err(why)) => Err(Problem::failed(why.to_string())),
        _ => Err(Problem::failed("the station has answered something else")),
    }
}

/// All settings. The ETag is for a change of any of them.
#[utoipa::path(get, path = "/v1/settings", tag = "settings",
    responses((status = 200, body = [SettingBody]), (status = 304)))]
pub(super) async fn list(
    State(house): State<Arc<House>>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Admin)?;
    Ok(tagged(&headers, &settings(&house, &caller).await?))
}

/// Settings by which a token that was lost would become a login: what is run, what is read,
/// where backups go, and who is let in.
fn is_changed_at_the_station_only(section: &str, key: &str) -> bool {
    matches!(
        (section, key),
        ("server" | "backup", _) | ("welcome", "command") | ("camera", "source")
    )
}

/// Changes a setting.
#[utoipa::path(put, path = "/v1/settings/{section}/{key}", tag = "settings",
    params(("section" = String, Path), ("key" = String, Path), ("If-Match" = String, Header)), request_body = NewValue,
    responses((status = 200, body = Changed), (status = 400), (status = 403), (status = 404), (status = 409), (status = 412), (status = 428)))]
pub(super) async fn set(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named((section, key)): Named<(String, String)>,
    headers: HeaderMap,
    Parsed(new): Parsed<NewValue>,
) -> Result<Json<Changed>, Problem> {
    caller.needs(Scope::Admin)?;
    let present = settings(&house, &caller).await?;
    let mut known = present.iter();
    if !known.any(|row| row.section == section && row.key == key) {
        return Err(Problem::not_found(format!(
            "there is no setting {section}.{key}"
        )));
    }
    if is_changed_at_the_station_only(&section, &key) {
        let code = "station-only";
        let detail = format!("{section}.{key} is changed at the station itself");
        return Err(Problem::new(StatusCode::FORBIDDEN, code, detail));
    }
    matches(&headers, &present)?;
    let change = SettingChange {
        section,
        key,
        value: new.value,
        by: caller.signature(),
        is_agreed: new.is_agreed,
    };
    let answer = question(&house, &caller, Question::ChangeSetting(change)).await?;
    Ok(Json(changed(answer)?))
}
