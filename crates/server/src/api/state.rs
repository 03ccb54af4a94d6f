//! How the station does.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, FixedOffset, NaiveDate};
use rollcall_core::attendance::{Direction, EventSource};
use rollcall_core::token::Scope;
use rollcall_protocol::{Health, StationView};
use serde::Serialize;
use utoipa::ToSchema;

use super::view;
use crate::auth::Caller;
use crate::house::House;
use crate::problem::Problem;

/// Whether the station works, for whoever watches machines.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthBody {
    /// `ok`, or `trouble` where somebody has to look.
    status: &'static str,
}

/// How the station does.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StateBody {
    station: String,
    version: String,
    /// The station's time.
    now: DateTime<FixedOffset>,
    /// The day that is being written.
    local_day: NaiveDate,
    people: usize,
    /// What is wrong with the database, if anything is.
    trouble: Option<String>,
    /// Punches that are decided and not yet on disk.
    unconfirmed: usize,
    /// Similarity that a name needs.
    threshold: f32,
    camera: CameraState,
    /// What the person who is being enrolled is called.
    enrolling: Option<String>,
    /// The number of the latest event; see `/v1/events`.
    latest_event: u64,
}

/// How the station's own camera does.
#[derive(Debug, Serialize, ToSchema)]
struct CameraState {
    /// In one or two words.
    label: String,
    /// In a sentence, with what to do about it.
    sentence: String,
    frames_per_second: f32,
    damaged: u64,
    lost: u64,
}

fn works(view: &StationView) -> bool {
    view.health.trouble.is_none() && view.health.camera.health != Health::Bad
}

/// Whether the station works. Needs no token and tells nothing else.
#[utoipa::path(get, path = "/v1/health", tag = "state", responses((status = 200, body = HealthBody)))]
pub(super) async fn health(State(house): State<Arc<House>>) -> Json<HealthBody> {
    let status = if works(&view(&house)) {
        "ok"
    } else {
        "trouble"
    };
    Json(HealthBody { status })
}

/// How the station does.
#[utoipa::path(get, path = "/v1/state", tag = "state", responses((status = 200, body = StateBody)))]
pub(super) async fn get(
    State(house): State<Arc<House>>,
    caller: Caller,
) -> Result<Json<StateBody>, Problem> {
    caller.needs(Scope::Read)?;
    let view = view(&house);
    let camera = &view.health.camera;
    Ok(Json(StateBody {
        station: view.facts.station_name.clone(),
        version: view.facts.version.clone(),
        now: house.frames.now().wall,
        local_day: view.local_day(),
        people: view.roster.people.len(),
        trouble: view.health.trouble.as_ref().map(ToString::to_string),
        unconfirmed: view.health.unconfirmed,
        threshold: view.health.threshold.0,
        camera: CameraState {
            label: camera.label.to_string(),
            sentence: camera.sentence.to_string(),
            frames_per_second: camera.frames_per_second,
            damaged: camera.damaged,
            lost: camera.lost,
        },
        enrolling: view.mode().name().map(ToString::to_string),
        latest_event: view.log().written(),
    }))
}

/// Figures in OpenMetrics.
#[utoipa::path(get, path = "/metrics", tag = "state", responses((status = 200, content_type = "application/openmetrics-text", body = String)))]
pub(crate) async fn metrics(
    State(house): State<Arc<House>>,
    caller: Caller,
) -> Result<Response, Problem> {
    caller.needs(Scope::Read)?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let text = figures(&house, &view(&house));
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Writes one family of figures.
struct Figures(String);

impl Figures {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# TYPE {name} {kind}\n# HELP {name} {help}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        let _ = writeln!(self.0, "{name}_total {value}");
    }
}

fn figures(house: &House, view: &StationView) -> String {
    let (health, camera) = (&view.health, &view.health.camera);
    let mut text = Figures(String::new());
    let yes = |is: bool| f64::from(u8::from(is));
    text.gauge(
        "rollcall_up",
        "Whether the station works.",
        yes(works(view)),
    );
    text.gauge(
        "rollcall_writing_fails",
        "Whether the database cannot be written.",
        yes(health.writing_fails),
    );
    text.gauge(
        "rollcall_unconfirmed_punches",
        "Punches that are decided and not yet on disk.",
        health.unconfirmed as f64,
    );
    text.gauge(
        "rollcall_people",
        "People.",
        view.roster.people.len() as f64,
    );
    text.gauge(
        "rollcall_templates",
        "Templates.",
        health.template_count as f64,
    );
    text.gauge(
        "rollcall_camera_streaming",
        "Whether the own camera sends pictures.",
        yes(camera.is_streaming),
    );
    let rate = f64::from(camera.frames_per_second);
    text.gauge(
        "rollcall_camera_frames_per_second",
        "Of the own camera.",
        rate,
    );
    text.counter(
        "rollcall_camera_damaged_frames",
        "Unreadable.",
        camera.damaged,
    );
    text.counter(
        "rollcall_camera_lost_frames",
        "Lost by camera or driver.",
        camera.lost,
    );
    text.counter(
        "rollcall_camera_reconnects",
        "Opened again.",
        camera.reconnects,
    );
    text.counter(
        "rollcall_dropped_frames",
        "Frames of the own camera that were replaced before they were looked at.",
        health.dropped_frames,
    );
    let look = health.frame_time.map_or(0.0, |time| time.as_secs_f64());
    text.gauge(
        "rollcall_look_seconds",
        "Mean time of the networks for a frame.",
        look,
    );
    let connected = house.guests.count() as f64;
    text.gauge("rollcall_http_connections", "Connections.", connected);
    cameras(&mut text, view);
    punches(&mut text, view);
    text.0.push_str("# EOF\n");
    text.0
}

fn cameras(text: &mut Figures, view: &StationView) {
    let elsewhere = &view.health.elsewhere;
    for (name, help, value) in [
        (
            "rollcall_elsewhere_frames",
            "Pictures of cameras elsewhere.",
            0,
        ),
        (
            "rollcall_elsewhere_replaced",
            "Those replaced by newer ones.",
            1,
        ),
    ] {
        text.family(name, "counter", help);
        for camera in elsewhere {
            // A name of a camera has no character that would have to be escaped.
            let figure = [camera.frames, camera.replaced][value];
            let _ = writeln!(
                text.0,
                "{name}_total{{camera=\"{}\"}} {figure}",
                camera.name
            );
        }
    }
}

fn punches(text: &mut Figures, view: &StationView) {
    let name = "rollcall_punches_today";
    text.family(
        name,
        "gauge",
        "Standing events of the day by source and direction.",
    );
    for source in [
        EventSource::Camera,
        EventSource::Manual,
        EventSource::Pin,
        EventSource::Import,
        EventSource::Rule,
    ] {
        for direction in [Direction::In, Direction::Out] {
            let events = view.day.events.values().flat_map(|events| events.iter());
            let count = events
                .filter(|event| event.void.is_none())
                .filter(|event| event.source == source && event.direction == direction)
                .count();
            let _ = writeln!(
                text.0,
                "{name}{{source=\"{source}\",direction=\"{direction}\"}} {count}"
            );
        }
    }
}
