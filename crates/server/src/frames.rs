//! Pictures of cameras elsewhere: from the body of a request to the answer of the station.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest as _, Multipart, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use image::RgbImage;
use rollcall_core::camera_name::CameraName;
use rollcall_core::frame::Moment;
use rollcall_picture as picture;
use rollcall_protocol::{FrameAnswer, FrameReport, OfferedFrame};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::auth::Caller;
use crate::extract::Named;
use crate::house::House;
use crate::problem::Problem;

mod answer;

pub(crate) use answer::FrameBody;

/// For a body to arrive.
const BODY: Duration = Duration::from_secs(15);

/// For the station to look and to record. Clients of the service that Rollcall replaces give up
/// after five seconds.
const LOOK: Duration = Duration::from_secs(4);

/// Longer side of a picture as it is looked at.
const LONGEST_SIDE: u32 = 1920;

/// When a picture was taken, in RFC 3339; without it, when it came.
const CAPTURE_TIME: &str = "capture-time";

/// Older pictures are no attendance, they are history.
const OLDEST: Duration = Duration::from_secs(10);

/// What clocks may differ by.
const AHEAD: Duration = Duration::from_secs(2);

/// The name of the station's own camera in an address.
pub(crate) const OWN: &str = "own";

/// Name of the field of a form that holds the picture.
pub(crate) const FIELD: &str = "image";

/// A picture of a camera elsewhere, as the body or as the field `image` of a form.
#[utoipa::path(post, path = "/v1/cameras/{name}/frames", tag = "cameras",
    params(("name" = String, Path), ("Capture-Time" = Option<String>, Header)),
    request_body(content = Vec<u8>, content_type = "image/jpeg"),
    responses((status = 200, body = FrameBody), (status = 400), (status = 403), (status = 408), (status = 409),
        (status = 413), (status = 422), (status = 429), (status = 503)))]
pub(crate) async fn post(
    State(house): State<Arc<House>>,
    caller: Caller,
    Named(name): Named<String>,
    request: Request,
) -> Result<Json<FrameBody>, Problem> {
    let camera = CameraName::parse(&name)
        .map_err(|error| Problem::bad_request("camera-name", error.to_string()))?;
    if camera.as_str() == OWN {
        let taken = "this is the station's own camera: choose another name";
        return Err(Problem::bad_request("camera-name", taken).ending_the_connection());
    }
    caller.needs_camera(&camera)?;
    keep_pace(&house, &camera)?;
    let captured_at = capture_time(request.headers(), house.frames.now())?;
    let bytes = picture_of(&house, request).await?;
    let image = decode(&house, bytes).await?;
    let (camera_name, size) = (camera.clone(), image.dimensions());
    let report = look(&house, camera, captured_at, image).await?;
    tracing::trace!(camera = %camera_name, ?size, faces = report.faces.len(), "looked at");
    Ok(Json(FrameBody::of(&camera_name, captured_at, &report)))
}

/// Refuses a camera that sends too often.
pub(crate) fn keep_pace(house: &House, camera: &CameraName) -> Result<(), Problem> {
    house.paces.count(camera, Instant::now()).map_err(|wait| {
        let rate = house.settings.frames_per_second;
        let code = "too-many-pictures";
        let detail = format!("a camera may send {rate} pictures a second");
        Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail)
            .retry_after(u32::try_from(wait.as_secs() + 1).unwrap_or(1))
            .ending_the_connection()
    })
}

/// When the picture was taken, by the station's clocks.
fn capture_time(headers: &HeaderMap, now: Moment) -> Result<Moment, Problem> {
    let Some(value) = headers.get(CAPTURE_TIME) else {
        return Ok(now);
    };
    let refused = |detail: String| {
        let code = "capture-time";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail).ending_the_connection()
    };
    let text = value.to_str().unwrap_or_default();
    let at = chrono::DateTime::parse_from_rfc3339(text)
        .map_err(|_| refused("Capture-Time is not a time in RFC 3339".to_owned()))?;
    let age = now.wall.signed_duration_since(at);
    let is_plausible = age.num_milliseconds() >= -(AHEAD.as_millis() as i64)
        && age.num_milliseconds() <= OLDEST.as_millis() as i64;
    if !is_plausible {
        return Err(refused(format!(
            "Capture-Time differs from the station's clock by {:.1} s; set the camera's clock by \
             a time server, or leave the header out",
            age.as_seconds_f64()
        )));
    }
    // A camera whose clock is a little ahead sends pictures of now.
    let age = age.to_std().unwrap_or_default();
    Ok(Moment {
        monotonic: now.monotonic.saturating_sub(age),
        wall: now.wall - age,
    })
}

/// The bytes of the picture: the body, or a field of a form.
pub(crate) async fn picture_of(house: &House, request: Request) -> Result<Vec<u8>, Problem> {
    let read = async {
        if is_form(request.headers()) {
            from_form(request).await
        } else {
            from_body(house, request).await
        }
    };
    timeout(BODY, read)
        .await
        .unwrap_or_else(|_| Err(Problem::too_slow()))
}

fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        value
            .trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/form-data")
    })
}

async fn from_form(request: Request) -> Result<Vec<u8>, Problem> {
    let broken = |status: StatusCode, detail: String| {
        let problem = Problem::new(status, "form", detail);
        problem.ending_the_connection()
    };
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| broken(error.status(), error.body_text()))?;
    loop {
        let field = form
            .next_field()
            .await
            .map_err(|error| broken(error.status(), error.body_text()))?;
        let Some(field) = field else {
            let missing = format!("the form has no field {FIELD:?} with a picture");
            return Err(Problem::bad_request("no-picture", missing));
        };
        if field.name() == Some(FIELD) {
            let bytes = field.bytes().await;
            return bytes
                .map(|bytes| bytes.to_vec())
                .map_err(|error| broken(error.status(), error.body_text()));
        }
    }
}

async fn from_body(house: &House, request: Request) -> Result<Vec<u8>, Problem> {
    let most = house.settings.picture_bytes;
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > most) {
        return Err(too_large(most));
    }
    read_up_to(request.into_body(), most).await
}

/// The whole of a body that is not longer than that.
pub(crate) async fn read_up_to(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    match axum::body::to_bytes(body, most).await {
        Ok(bytes) => Ok(bytes.to_vec()),
        Err(error) => {
            let inner = error.into_inner();
            if inner.is::<http_body_util::LengthLimitError>() {
                return Err(too_large(most));
            }
            let broken = format!("the body could not be read: {inner}");
            Err(Problem::bad_request("body", broken).ending_the_connection())
        }
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!("a body may have {most} bytes; see [server] picture_kilobytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", detail).ending_the_connection()
}

/// Decodes a picture, not larger than it is looked at.
pub(crate) async fn decode(house: &House, bytes: Vec<u8>) -> Result<RgbImage, Problem> {
    let unreadable = |why: String| {
        let code = "unreadable-picture";
        Problem::bad_request(code, format!("the picture cannot be read: {why}"))
    };
    if bytes.is_empty() {
        return Err(Problem::bad_request(
            "no-picture",
            "there is no picture in it",
        ));
    }
    let permit = house.decoding.acquire().await;
    let _permit = permit.map_err(|_| Problem::ended())?;
    let decoded = tokio::task::spawn_blocking(move || decode_now(&bytes)).await;
    decoded
        .unwrap_or_else(|error| Err(error.to_string()))
        .map_err(unreadable)
}

fn decode_now(bytes: &[u8]) -> Result<RgbImage, String> {
    let image = if bytes.starts_with(&[0xff, 0xd8]) {
        picture::jpeg::decode(bytes).map_err(|error| error.to_string())?
    } else {
        let name = std::path::Path::new("what was sent");
        picture::decode(bytes, name).map_err(|error| error.to_string())?
    };
    let (width, height) = image.dimensions();
    let longest = width.max(height);
    if longest <= LONGEST_SIDE {
        return Ok(image);
    }
    let scaled = |side: u32| (side * LONGEST_SIDE / longest).max(1);
    let (width, height) = (scaled(width), scaled(height));
    Ok(image::imageops::thumbnail(&image, width, height))
}

/// Has the station look at a picture, and waits for what it says.
pub(crate) async fn look(
    house: &House,
    camera: CameraName,
    captured_at: Moment,
    image: RgbImage,
) -> Result<FrameReport, Problem> {
    let (told, answer) = oneshot::channel();
    let offered = OfferedFrame {
        camera,
        captured_at,
        image,
    };
    house.frames.offer(
        offered,
        Box::new(move |answer| {
            // Whoever waited may be gone.
            let _ = told.send(answer);
        }),
    )?;
    match timeout(LOOK, answer).await {
        Ok(Ok(FrameAnswer::Seen(report))) => Ok(*report),
        Ok(Ok(FrameAnswer::Replaced)) => Err(Problem::new(
            StatusCode::CONFLICT,
            "replaced",
            "a newer picture of this camera came before this one was looked at",
        )),
        Ok(Ok(FrameAnswer::Failed(why))) => Err(Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "look-failed",
            why,
        )),
        Ok(Err(_)) => Err(Problem::ended()),
        Err(_) => Err(Problem::busy("the station has not looked at it in time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn now() -> Moment {
        Moment {
            monotonic: Duration::from_secs(100),
            wall: "2026-11-25T08:00:00+01:00".parse().unwrap(),
        }
    }

    fn at(text: &str) -> Result<Moment, Problem> {
        let mut headers = HeaderMap::new();
        headers.insert(CAPTURE_TIME, HeaderValue::from_str(text).unwrap());
        capture_time(&headers, now())
    }

    #[test]
    fn a_capture_time_is_of_the_last_seconds_or_refused() {
        assert_eq!(capture_time(&HeaderMap::new(), now()).unwrap(), now());
        let earlier = at("2026-11-25T06:59:58.500Z").unwrap();
        assert_eq!(earlier.monotonic, Duration::from_millis(98_500));
        assert_eq!(earlier.wall.to_rfc3339(), "2026-11-25T07:59:58.500+01:00");
        assert_eq!(at("2026-11-25T07:00:01Z").unwrap(), now(), "a little ahead");
        for bad in [
            "2026-11-25T07:00:03Z",
            "2026-11-25T06:59:40Z",
            "2025-11-25T07:00:00Z",
            "yesterday",
            "",
        ] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_large_picture_is_scaled_down_and_what_is_none_is_refused() {
        let mut png = std::io::Cursor::new(Vec::new());
        RgbImage::new(4000, 10)
            .write_to(&mut png, image::ImageFormat::Png)
            .unwrap();
        assert_eq!(decode_now(png.get_ref()).unwrap().dimensions(), (1920, 4));
        for garbage in [&b"\xff\xd8\xff"[..], b"GIF89a", b"<html>", &[0; 100]] {
            assert!(decode_now(garbage).is_err());
        }
    }
}
