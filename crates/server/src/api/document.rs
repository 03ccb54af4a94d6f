//! What this server offers, as OpenAPI: made from the code, and held true by a test that calls
//! every operation.

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{attendance, cameras, people, records, settings, state, stream};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Rollcall",
        description = "A face-recognition attendance station. Errors are problems (RFC 9457) with a `code`."
    ),
    paths(
        state::health,
        state::get,
        state::metrics,
        stream::get,
        people::list,
        people::get,
        people::change,
        attendance::list,
        attendance::get,
        attendance::add,
        attendance::change,
        attendance::void,
        records::days,
        records::visitors,
        records::ignore,
        settings::list,
        settings::set,
        cameras::list,
        cameras::snapshot,
        crate::frames::post,
        crate::compatible::post,
    ),
    modifiers(&Tokens),
    security(("token" = []))
)]
struct Document;

/// How tokens are shown.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The document. Needs no token.
pub(super) async fn get() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
