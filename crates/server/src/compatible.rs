//! `POST /process_frame`: the one route of the service that Rollcall replaces, for clients that
//! are not to be changed.
//!
//! They send a form with a field `image` and no password, wait five seconds, and print the JSON
//! that comes: 200 with a `message`, or 400 with an `error`. So the route is off unless it is
//! configured, and answers this machine and the addresses that are named, nobody else.
//!
//! A client is a camera elsewhere, named after its address. It sends a picture a second, which
//! is enough for a name ([`rollcall_core::consensus::ConsensusPolicy::at_pace`]). Nobody is
//! enrolled by being looked at.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use rollcall_core::camera_name::CameraName;
use serde_json::json;

use crate::auth::peer_of;
use crate::frames::{decode, keep_pace, look, picture_of};
use crate::house::House;
use crate::problem::Problem;

/// A picture in the field `image` of a form, from a client of the service that Rollcall replaces.
#[utoipa::path(post, path = "/process_frame", tag = "cameras", security(()),
    request_body(content = Vec<u8>, content_type = "multipart/form-data"),
    responses((status = 200, body = Object), (status = 400, body = Object), (status = 403, body = Object), (status = 404)))]
pub(crate) async fn post(State(house): State<Arc<House>>, request: Request) -> Response {
    let Some(trusted) = &house.settings.compatible else {
        let off = "it is switched off; set [server] compatible_client = true";
        return Problem::not_found(off)
            .ending_the_connection()
            .into_response();
    };
    let (parts, body) = request.into_parts();
    let peer = peer_of(&parts).0.to_canonical();
    // A page in a browser of a machine that is let in is somebody else's program.
    let is_page = parts.headers.contains_key(header::ORIGIN);
    if is_page || (!peer.is_loopback() && !trusted.contains(&peer)) {
        tracing::warn!(address = %peer, is_page, "a client without a token was refused");
        let error = house.words.not_from_there();
        return (StatusCode::FORBIDDEN, Json(json!({ "error": error }))).into_response();
    }
    match answer(&house, peer, Request::from_parts(parts, body)).await {
        Ok(message) => Json(json!({ "message": message })).into_response(),
        Err(error) => (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response(),
    }
}

/// What is said, or what was wrong with the picture: the client knows nothing else.
async fn answer(house: &House, peer: IpAddr, request: Request) -> Result<String, String> {
    let words = &house.words;
    let camera = camera_of(peer).ok_or_else(|| words.no_picture())?;
    if keep_pace(house, &camera).is_err() {
        return Ok(words.too_often());
    }
    let captured_at = house.frames.now();
    let bytes = match picture_of(house, request).await {
        Ok(bytes) => bytes,
        Err(problem) => {
            tracing::debug!(why = problem.detail(), "no picture came");
            return Err(words.no_picture());
        }
    };
    let image = match decode(house, bytes).await {
        Ok(image) => image,
        Err(problem) => {
            tracing::debug!(why = problem.detail(), "a picture was refused");
            return Err(words.unreadable());
        }
    };
    Ok(match look(house, camera, captured_at, image).await {
        Ok(report) => words.seen(&report),
        Err(problem) => {
            tracing::debug!(why = problem.detail(), "a picture was not looked at");
            words.not_looked_at()
        }
    })
}

/// The name of the camera at an address.
fn camera_of(peer: IpAddr) -> Option<CameraName> {
    if peer.is_loopback() {
        return CameraName::parse("client").ok();
    }
    let address = peer.to_string().replace(':', "-");
    let name = CameraName::parse(&format!("client-{address}"));
    // An address that is too long for a name is one as its 32 digits.
    name.or_else(|too_long| match peer {
        IpAddr::V6(address) => CameraName::parse(&format!("{:032x}", address.to_bits())),
        IpAddr::V4(_) => Err(too_long),
    })
    .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_a_camera_of_its_own() {
        let name = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            camera_of(address).unwrap().to_string()
        };
        assert_eq!(name("127.0.0.1"), "client");
        assert_eq!(name("::1"), "client");
        assert_eq!(name("192.0.2.7"), "client-192.0.2.7");
        assert_eq!(name("2001:db8::7"), "client-2001-db8--7");
        let long = name("2001:db8:1111:2222:3333:4444:5555:6666");
        assert_ne!(long, name("2001:db8:1111:2222:3333:4444:5555:7777"));
    }
}
