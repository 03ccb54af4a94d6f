//! Which address leads where.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::house::House;
use crate::problem::Problem;
use crate::{api, compatible, frames};

/// What a form has besides its picture.
const FORM_BYTES: usize = 16 << 10;

/// All of them.
pub(crate) fn of(house: Arc<House>) -> Router {
    let most = house.settings.picture_bytes + FORM_BYTES;
    Router::new()
        .route("/process_frame", post(compatible::post))
        .route("/v1/cameras/{name}/frames", post(frames::post))
        .route("/metrics", get(api::metrics))
        .merge(api::routes())
        .fallback(nowhere)
        .method_not_allowed_fallback(not_so)
        .layer(DefaultBodyLimit::max(most))
        .with_state(house)
}

async fn nowhere() -> Response {
    let detail = "there is nothing at this address";
    Problem::not_found(detail)
        .ending_the_connection()
        .into_response()
}

async fn not_so() -> Response {
    let status = axum::http::StatusCode::METHOD_NOT_ALLOWED;
    let detail = "this address knows other methods";
    Problem::new(status, "method", detail)
        .ending_the_connection()
        .into_response()
}
