//! Errors as RFC 9457 problems: for programs a code, for people what to do.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rollcall_messages::Message;
use rollcall_protocol::{Refusal, RefusalCode};
use rollcall_store::StoreError;
use serde::Serialize;

/// Why something was not done.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Problem {
    /// No page describes these problems: `code` is what tells them apart.
    #[serde(rename = "type")]
    kind: &'static str,
    title: &'static str,
    status: u16,
    /// For programs; never changes.
    code: &'static str,
    /// For people, with what to do.
    detail: String,
    /// The code of the message that `detail` is the English of, where the station has said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(skip)]
    retry_after: Option<u32>,
    #[serde(skip)]
    ends_connection: bool,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            message: None,
            retry_after: None,
            ends_connection: false,
        }
    }

    /// Says what the station has said.
    fn saying(mut self, said: &Message) -> Self {
        self.detail = said.to_string();
        self.message = Some(said.id().to_owned()).filter(|id| !id.is_empty());
        self
    }

    /// Says after how many seconds it is worth another try.
    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Closes the connection: what comes on it is not read.
    pub(crate) fn ending_the_connection(mut self) -> Self {
        self.ends_connection = true;
        self
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, detail)
    }

    /// The station's rules or records forbid it.
    pub(crate) fn refused(said: &Message) -> Self {
        Self::new(StatusCode::CONFLICT, "refused", "").saying(said)
    }

    /// Something is wrong here, and not with the request.
    pub(crate) fn failed(detail: impl Into<String>) -> Self {
        let detail = detail.into();
        tracing::error!(%detail, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", detail)
    }

    pub(crate) fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    pub(crate) fn too_slow() -> Self {
        let slow = "the request took too long to arrive";
        Self::new(StatusCode::REQUEST_TIMEOUT, "too-slow", slow).ending_the_connection()
    }

    pub(crate) fn busy(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail).retry_after(1)
    }

    pub(crate) fn ended() -> Self {
        let code = "unavailable";
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            code,
            "the station has ended",
        )
        .retry_after(5)
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchCode { .. }
            | StoreError::NoSuchEvent(_)
            | StoreError::NoSuchSighting(_) => Self::not_found(error.to_string()),
            error => Self::failed(error.to_string()),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(Refusal { code, said, .. }: Refusal) -> Self {
        let unavailable = StatusCode::SERVICE_UNAVAILABLE;
        let problem = match code {
            RefusalCode::Busy => Self::busy(""),
            RefusalCode::Unavailable => Self::new(unavailable, "unavailable", ""),
            RefusalCode::ConnectionLost => Self::new(unavailable, "outcome-unknown", ""),
            RefusalCode::WatchOnly => Self::new(StatusCode::FORBIDDEN, "watch-only", ""),
            RefusalCode::NotFound => Self::not_found(""),
            RefusalCode::Invalid => Self::bad_request("invalid", ""),
            RefusalCode::Taken => Self::new(StatusCode::CONFLICT, "taken", ""),
            RefusalCode::Changed => Self::new(StatusCode::CONFLICT, "changed", ""),
            RefusalCode::AnotherPerson => Self::new(StatusCode::CONFLICT, "another-person", ""),
            RefusalCode::NeedsConsent => Self::new(StatusCode::CONFLICT, "needs-consent", ""),
            RefusalCode::Failed => Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", ""),
            RefusalCode::Refused | RefusalCode::Unknown => {
                Self::new(StatusCode::CONFLICT, "refused", "")
            }
        };
        problem.saying(&said)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            headers.insert(header::WWW_AUTHENTICATE, scheme);
        }
        if self.ends_connection {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
