//! What programs can read and change: the protocol's commands and questions, over HTTP.
//!
//! Nothing is decided here. A change is given to the station as a command of a front end whose
//! name is that of the token and its address; what is refused there is refused here, with the
//! same words.

mod attendance;
mod cameras;
mod document;
mod people;
mod records;
mod settings;
mod state;
mod stream;

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};
use rollcall_protocol::{
    Agreement, Answer, Client, Command, Done, Guest, Question, Reply, StationView,
};
use rollcall_store::{Store, StoreError};
use serde::Serialize;

use crate::auth::Caller;
use crate::house::House;
use crate::problem::Problem;

pub(crate) use state::metrics;

/// How long the station may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// The routes of this room.
pub(crate) fn routes() -> Router<Arc<House>> {
    Router::new()
        .route("/v1/openapi.json", get(document::get))
        .route("/v1/health", get(state::health))
        .route("/v1/state", get(state::get))
        .route("/v1/events", get(stream::get))
        .route("/v1/people", get(people::list))
        .route("/v1/people/{code}", get(people::get).patch(people::change))
        .route(
            "/v1/attendance",
            get(attendance::list).post(attendance::add),
        )
        .route("/v1/attendance/{event}", get(attendance::get))
        .route("/v1/attendance/{event}/void", post(attendance::void))
        .route("/v1/attendance/{event}", patch(attendance::change))
        .route("/v1/days", get(records::days))
        .route("/v1/review", get(records::visitors))
        .route("/v1/review/ignore", post(records::ignore))
        .route("/v1/settings", get(settings::list))
        .route("/v1/settings/{section}/{key}", put(settings::set))
        .route("/v1/cameras", get(cameras::list))
        .route("/v1/cameras/{name}/snapshot", get(cameras::snapshot))
}

/// The newest view of the station.
pub(crate) fn view(house: &House) -> StationView {
    let watcher = house.watcher.lock();
    watcher
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .view()
}

/// Gives the station a command in the caller's name, and waits for its reply.
async fn command(house: &Arc<House>, caller: &Caller, command: Command) -> Result<Reply, Problem> {
    let permit = house.asking.acquire().await;
    let _permit = permit.map_err(|_| Problem::ended())?;
    let guest = Guest {
        operator: caller.signature(),
        watches_only: false,
        peer: None,
    };
    let host = Arc::clone(&house.host);
    let asked = tokio::task::spawn_blocking(move || reply_to(host.join(guest), command));
    asked
        .await
        .unwrap_or_else(|error| Err(Problem::failed(error.to_string())))
}

fn reply_to(mut client: Client, command: Command) -> Result<Reply, Problem> {
    let number = client.send(command);
    let since = Instant::now();
    loop {
        let mut replies = client.replies().into_iter();
        match replies.find(|told| told.number == number) {
            Some(told) => match told.reply {
                Reply::Refused(refusal) => return Err(refusal.into()),
                reply => return Ok(reply),
            },
            None if since.elapsed() < PATIENCE => {
                // Closed with the station, which then answers nothing any more.
                let _ = client.news().recv_timeout(Duration::from_millis(100));
            }
            None => {
                let code = "outcome-unknown";
                let slow = "the station has not answered in time: it may be done or not";
                return Err(Problem::new(StatusCode::GATEWAY_TIMEOUT, code, slow));
            }
        }
    }
}

/// Asks the records in the caller's name.
async fn question(
    house: &Arc<House>,
    caller: &Caller,
    question: Question,
) -> Result<Answer, Problem> {
    match command(house, caller, Command::Ask(question)).await? {
        Reply::Answer(answer) => Ok(answer),
        _ => Err(Problem::failed("the station has answered something else")),
    }
}

/// What is said of a change.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct Changed {
    /// What was done, in English.
    said: String,
}

/// The answer to a change.
fn changed(answer: Answer) -> Result<Changed, Problem> {
    match answer {
        Answer::Done(Ok(Done { said, .. })) | Answer::Reviewed(Ok(said)) => Ok(Changed {
            said: said.to_string(),
        }),
        Answer::Done(Err(why)) | Answer::Reviewed(Err(why)) => Err(Problem::refused(&why)),
        Answer::Asks(asked) => {
            let code = match asked.agreement {
                Agreement::AltersThePast(_) => "alters-the-past",
                Agreement::Erases { .. } => "erases",
                Agreement::AnotherPerson { .. } => "another-person",
            };
            let detail = format!("this has to be agreed to: {}", asked.agreement);
            Err(Problem::new(StatusCode::CONFLICT, code, detail))
        }
        _ => Err(Problem::failed("the station has answered something else")),
    }
}

/// Reads the records.
async fn read<T: Send + 'static>(
    house: &Arc<House>,
    work: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Problem> {
    let permit = house.asking.acquire().await;
    let _permit = permit.map_err(|_| Problem::ended())?;
    let data_dir = house.settings.data_dir.clone();
    let read = tokio::task::spawn_blocking(move || work(&Store::open_read_only(&data_dir)?));
    match read.await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => Err(Problem::failed(error.to_string())),
    }
}

/// A strong tag of what is shown, for editors that want to know whether it has changed.
fn tag_of(shown: &impl Serialize) -> String {
    use std::hash::{Hash as _, Hasher as _};
    // Two states of one thing that fall together by chance are one in 2^64.
    let mut hasher = std::hash::DefaultHasher::new();
    serde_json::to_vec(shown)
        .unwrap_or_default()
        .hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// Something with its tag; 304 where the caller has it already.
fn tagged(headers: &HeaderMap, shown: &impl Serialize) -> Response {
    let tag = tag_of(shown);
    let known = headers.get(header::IF_NONE_MATCH);
    let is_known = known.is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        axum::Json(shown).into_response()
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// Refuses a change of what the caller has not seen as it is now.
fn matches(headers: &HeaderMap, shown: &impl Serialize) -> Result<(), Problem> {
    let Some(wanted) = headers.get(header::IF_MATCH) else {
        return Err(Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "if-match-needed",
            "say with If-Match which state is to be changed: the ETag of a GET",
        ));
    };
    let wanted = wanted.as_bytes();
    if wanted == b"*" || wanted == tag_of(shown).as_bytes() {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::PRECONDITION_FAILED,
        "changed-meanwhile",
        "somebody has changed it meanwhile: read it again",
    ))
}
