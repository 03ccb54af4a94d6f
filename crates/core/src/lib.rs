//! Everything Rollcall decides, and nothing it does.
//!
//! This room is pure: no clock, thread, file, tensor or terminal. Time is an
//! argument ([`frame::Moment`]), randomness does not occur, and the only crates used
//! are for pictures (`image`), dates (`chrono`) and text. It can therefore not
//! fail for a reason outside it, and is tested as tables.
//!
//! Spaces: a box or a point is in *frame* pixels (origin at the top-left corner
//! of the frame, x to the right, y down, pixel centres at half-integers) unless
//! its name says otherwise, e.g. `point_in_crop`, `crop_from_frame`.

pub mod adaptation;
pub mod align;
pub mod attendance;
pub mod attention;
pub mod calibration;
pub mod camera_name;
pub mod clock_repair;
pub mod clock_trust;
#[cfg(feature = "sqlite")]
mod column;
pub mod consensus;
pub mod consent;
pub mod correction;
pub mod day;
pub mod day_order;
pub mod detection;
pub mod embedding;
pub mod enrolment;
pub mod event;
pub mod frame;
pub mod gallery;
pub mod geometry;
pub mod liveness;
pub mod notice;
pub mod observation;
pub mod person;
pub mod picture_condition;
pub mod pin;
pub mod plausible;
pub mod printable;
pub mod quality;
pub mod review;
pub mod say;
pub mod sighted;
pub mod station;
pub mod today;
pub mod token;
pub mod worktime;
pub mod written;
