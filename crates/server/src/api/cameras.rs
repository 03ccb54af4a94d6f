//! Cameras and what they see.

use std::sync::{Arc, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, FixedOffset};
use rollcall_core::camera_name::CameraName;
use rollcall_core::frame::Frame;
use rollcall_core::token::Scope;
use rollcall_picture as picture;
use serde::Serialize;
use utoipa::ToSchema;

use super::view;
use crate::auth::Caller;
use crate::extract::Named;
use crate::frames::OWN;
use crate::house::House;
use crate::problem::Problem;

/// Quality of a snapshot.
const QUALITY: u8 = 85;

/// A camera.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CameraBody {
    /// `own` is the station's own camera.
    name: String,
    /// In a sentence, with what to do about it, if it is the own one.
    state: Option<String>,
    /// When the latest picture was taken, if it is one elsewhere.
    latest: Option<DateTime<FixedOffset>>,
    /// Width and height.
    size: Option<(u32, u32)>,
    /// Pictures that it has sent, if it is one elsewhere.
    frames: Option<u64>,
    /// Pictures that were replaced by newer ones before they were looked at.
    replaced: u64,
}

/// The station's own camera, and those elsewhere that have sent pictures in the last minute.
#[utoipa::path(get, path = "/v1/cameras", tag = "cameras", responses((status = 200, body = [CameraBody])))]
pub(super) async fn list(
    State(house): State<Arc<House>>,
    caller: Caller,
) -> Result<Json<Vec<CameraBody>>, Problem> {
    caller.needs(Scope::Read)?;
    let health = Arc::clone(&view(&house).health);
    let own = CameraBody {
        name: OWN.to_owned(),
        state: Some(health.camera.sentence.to_string()),
        latest: None,
        size: health.camera.size,
        frames: None,
        replaced: health.dropped_frames,
    };
    let elsewhere = health.elsewhere.iter().map(|camera| CameraBody {
        name: camera.name.to_string(),
        state: None,
        latest: Some(camera.latest),
        size: Some(camera.size),
        frames: Some(camera.frames),
        replaced: camera.replaced,
    });
    Ok(Json(std::iter::once(own).chain(elsewhere).collect()))
}

/// The newest picture of a camera, JPEG.
#[utoipa::path(get, path = "/v1/cameras/{name}/snapshot", tag = "cameras", params(("name" = String, Path)),
    responses((status = 200, content_type = "image/jpeg", body = Vec<u8>), (status = 400), (status = 404)))]
pub(super) async fn snapshot(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(name): Named<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Read)?;
    let frame = newest(&house, &name)?;
    let permit = house.decoding.acquire().await;
    let _permit = permit.map_err(|_| Problem::ended())?;
    let encode = move || picture::encode_jpeg(&frame.image, QUALITY);
    match tokio::task::spawn_blocking(encode).await {
        Ok(Ok(jpeg)) => {
            let head = [
                (header::CONTENT_TYPE, "image/jpeg"),
                (header::CACHE_CONTROL, "no-store"),
            ];
            Ok((head, jpeg).into_response())
        }
        Ok(Err(error)) => Err(Problem::failed(error.to_string())),
        Err(error) => Err(Problem::failed(error.to_string())),
    }
}

fn newest(house: &House, name: &str) -> Result<Arc<Frame>, Problem> {
    let camera = CameraName::parse(name)
        .map_err(|error| Problem::bad_request("camera-name", error.to_string()))?;
    if let Some(frame) = house.frames.newest(&camera) {
        return Ok(frame);
    }
    let own = || {
        let watcher = house.watcher.lock();
        watcher.unwrap_or_else(PoisonError::into_inner).picture(0)
    };
    let own = (name == OWN).then(own).flatten();
    own.map(|(_, frame)| frame)
        .ok_or_else(|| Problem::not_found(format!("the camera {name} has sent no picture")))
}
