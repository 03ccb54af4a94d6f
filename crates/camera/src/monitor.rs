//! What the camera is doing and how well, decided without a clock or a thread.
//!
//! Both the capturing thread and its watcher tell the [`Monitor`] what happens
//! and when; it answers with the new state where the state changed.

use std::collections::VecDeque;
use std::time::Duration;

use super::{CameraError, CameraState, FrameRate, SourceDescription, SourceMeter};
use rollcall_core::picture_condition::{ConditionWatch, PictureCondition, PictureMeasures};

/// Frames per second are measured over this long.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// A slow source is silent after this many of its own periods.
const SILENT_AFTER_PERIODS: u32 = 3;

/// How long a camera may take for what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CameraPatience {
    /// For being opened.
    pub opening: Duration,
    /// From being open to the first whole picture: sensors take a while to wake.
    pub first_picture: Duration,
    /// From one whole picture to the next.
    pub next_picture: Duration,
    /// For being let go of, before the thread is left behind.
    pub release: Duration,
}

impl Default for CameraPatience {
    fn default() -> Self {
        Self {
            opening: Duration::from_secs(10),
            first_picture: Duration::from_secs(4),
            next_picture: Duration::from_secs(2),
            release: Duration::from_secs(1),
        }
    }
}

/// Figures for the status bar and the log.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraStats {
    /// What the camera is doing.
    pub state: CameraState,
    /// Whole pictures since the start.
    pub frames: u64,
    /// Pictures that could not be decoded since the start.
    pub damaged: u64,
    /// Why, if none could be since the last whole one.
    pub damage: Option<String>,
    /// Pictures that camera, driver or a slow decoder lost since the start.
    pub dropped: u64,
    /// Time from the driver's stamp to the decoded picture, of the latest one.
    pub latency: Option<Duration>,
    /// How often the source was opened again.
    pub reconnects: u64,
    /// Threads that were stuck in a driver and left behind since the start.
    pub abandoned: u64,
    /// Pictures per second over the last two seconds.
    pub frames_per_second: f64,
}

/// Knows the state and counts.
#[derive(Debug)]
pub(super) struct Monitor {
    patience: CameraPatience,
    state: CameraState,
    source: Option<SourceDescription>,
    /// When there was the last sign of life and how long the next may take; `None`
    /// while nothing is expected.
    expected: Option<(Duration, Duration)>,
    condition: ConditionWatch,
    recent: VecDeque<Duration>,
    frames: u64,
    damaged: u64,
    damage: Option<String>,
    dropped_before: u64,
    meter: SourceMeter,
    openings: u64,
    abandoned: u64,
}

impl Monitor {
    pub(super) fn new(patience: CameraPatience) -> Self {
        Self {
            patience,
            state: CameraState::Starting,
            source: None,
            expected: None,
            condition: ConditionWatch::default(),
            recent: VecDeque::new(),
            frames: 0,
            damaged: 0,
            damage: None,
            dropped_before: 0,
            meter: SourceMeter::default(),
            openings: 0,
            abandoned: 0,
        }
    }

    /// The source is about to be opened.
    pub(super) fn opening(&mut self, now: Duration) {
        self.expected = Some((now, self.patience.opening));
    }

    /// The source is open; its first picture is awaited.
    pub(super) fn opened(&mut self, source: SourceDescription, now: Duration) {
        let limit = self.patience.first_picture.max(slow_limit(&source));
        self.expected = Some((now, limit));
        self.source = Some(source);
        self.condition = ConditionWatch::default();
        self.damage = None;
        self.openings += 1;
    }

    /// A whole picture of this size came.
    pub(super) fn picture(&mut self, size: (u32, u32), now: Duration) -> Option<CameraState> {
        self.frames += 1;
        self.damage = None;
        self.recent.push_back(now);
        self.forget_before(now.saturating_sub(RATE_WINDOW));
        let source = self.source.as_mut()?;
        // What arrives counts, whatever was promised.
        source.resolution = Some(size);
        let source = source.clone();
        let limit = self.patience.next_picture.max(slow_limit(&source));
        self.expected = Some((now, limit));
        self.enter(match self.condition.condition() {
            Some(condition) => CameraState::Impaired(source, condition),
            None => CameraState::Streaming(source),
        })
    }

    /// What the picture that is coming looks like; to be told before [`Monitor::picture`].
    pub(super) fn look(&mut self, measures: &PictureMeasures, now: Duration) {
        self.condition.observe(measures, now);
    }

    /// Whether the picture is the same as for a long time before.
    pub(super) fn is_frozen(&self) -> bool {
        self.condition.condition() == Some(PictureCondition::Frozen)
    }

    /// A picture came that could not be decoded. It is no sign of life.
    pub(super) fn damaged(&mut self, reason: &str) {
        self.damaged += 1;
        if self.damage.as_deref() != Some(reason) {
            self.damage = Some(reason.to_owned());
        }
    }

    /// Why no whole picture has come for so long.
    pub(super) fn silence(&self) -> CameraError {
        match &self.damage {
            Some(reason) => CameraError::Unreadable {
                reason: reason.clone(),
            },
            None => CameraError::Silent,
        }
    }

    /// The figures that the open source keeps of itself.
    pub(super) fn meter(&mut self, meter: SourceMeter) {
        self.meter = meter;
    }

    /// A thread was left behind.
    pub(super) fn abandoned(&mut self) {
        self.abandoned += 1;
    }

    /// The source is not open any more.
    pub(super) fn closed(&mut self, state: CameraState) -> Option<CameraState> {
        self.expected = None;
        self.recent.clear();
        self.dropped_before += self.meter.dropped;
        self.meter = SourceMeter::default();
        // That a camera which was lost is not there says less than that it was lost.
        let says_less =
            matches!(state, CameraState::Absent(_)) && matches!(self.state, CameraState::Lost(_));
        if says_less {
            return None;
        }
        self.enter(state)
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Duration) -> Option<CameraState> {
        if self.is_overdue(now) {
            self.enter(CameraState::retrying_after(&self.silence()))
        } else {
            None
        }
    }

    /// Whether the source has taken longer than it may.
    pub(super) fn is_overdue(&self, now: Duration) -> bool {
        self.expected
            .is_some_and(|(last_sign, limit)| now.saturating_sub(last_sign) >= limit)
    }

    pub(super) fn stats(&self, now: Duration) -> CameraStats {
        let window_start = now.saturating_sub(RATE_WINDOW);
        let recent = self.recent.iter().filter(|at| **at > window_start).count();
        // A station younger than the window has had less time to receive pictures.
        let window = self
            .recent
            .front()
            .map_or(RATE_WINDOW, |first| now.saturating_sub(*first))
            .clamp(Duration::from_millis(500), RATE_WINDOW);
        CameraStats {
            state: self.state.clone(),
            frames: self.frames,
            damaged: self.damaged,
            damage: self.damage.clone(),
            dropped: self.dropped_before + self.meter.dropped,
            latency: self.meter.latency,
            reconnects: self.openings.saturating_sub(1),
            abandoned: self.abandoned,
            frames_per_second: recent as f64 / window.as_secs_f64(),
        }
    }

    fn enter(&mut self, state: CameraState) -> Option<CameraState> {
        if self.state.says_the_same(&state) || self.state.is_final() {
            return None;
        }
        self.state = state.clone();
        Some(state)
    }

    fn forget_before(&mut self, oldest: Duration) {
        while self.recent.front().is_some_and(|at| *at < oldest) {
            self.recent.pop_front();
        }
    }
}

/// How long a source that means to be slow may take for a picture.
fn slow_limit(source: &SourceDescription) -> Duration {
    source.rate.map_or(Duration::ZERO, FrameRate::period) * SILENT_AFTER_PERIODS
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_messages::Message;

    fn at(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn source(rate: Option<f64>) -> SourceDescription {
        SourceDescription {
            name: "test".to_owned(),
            resolution: None,
            rate: rate.and_then(FrameRate::new),
        }
    }

    #[test]
    fn each_change_is_told_once() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opened(source(None), at(0));
        let state = monitor.picture((4, 3), at(10)).unwrap();
        assert_eq!(state.to_string(), "test delivers 4x3 pictures.");
        assert_eq!(monitor.picture((4, 3), at(20)), None);
        assert!(monitor.picture((8, 6), at(30)).is_some());
        assert_eq!(monitor.tick(at(2029)), None);
        assert_eq!(monitor.tick(at(2030)), Some(CameraState::Silent));
        assert_eq!(monitor.tick(at(3000)), None);
        assert!(monitor.picture((8, 6), at(3001)).unwrap().is_streaming());
        let lost = CameraState::Lost(Message::verbatim("unplugged"));
        assert_eq!(monitor.closed(lost.clone()), Some(lost.clone()));
        assert_eq!(monitor.closed(lost), None);
        let absent = CameraState::Absent(Message::verbatim("not there"));
        assert_eq!(monitor.closed(absent), None, "lost says more");
        assert_eq!(
            monitor.tick(at(60_000)),
            None,
            "a lost camera is not silent"
        );
    }

    #[test]
    fn a_slow_source_may_take_its_time() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opened(source(Some(0.2)), at(0));
        monitor.picture((4, 3), at(0));
        assert_eq!(monitor.tick(at(14_999)), None);
        assert_eq!(monitor.tick(at(15_000)), Some(CameraState::Silent));
    }

    #[test]
    fn a_source_that_opens_but_never_delivers_is_silent() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opened(source(None), at(500));
        monitor.damaged("cut off");
        assert_eq!(monitor.tick(at(4499)), None, "sensors take a while to wake");
        let said = monitor.tick(at(4500)).unwrap().to_string();
        assert!(said.contains("none can be read: cut off"), "{said}");
        assert_eq!(monitor.stats(at(4500)).damage.as_deref(), Some("cut off"));
        assert_eq!(monitor.stats(at(4500)).damaged, 1);
        // What is wrong with the next picture is nothing new.
        monitor.damaged("cut off elsewhere");
        assert_eq!(monitor.tick(at(4600)), None);
        assert_eq!(
            monitor.closed(CameraState::retrying_after(&monitor.silence())),
            None
        );
        // The next try begins without it.
        monitor.opened(source(None), at(5000));
        assert_eq!(monitor.tick(at(9000)), Some(CameraState::Silent));
    }

    #[test]
    fn a_driver_that_hangs_while_opening_is_silent() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opening(at(0));
        assert!(!monitor.is_overdue(at(9_999)));
        assert!(monitor.is_overdue(at(10_000)));
    }

    #[test]
    fn dropped_pictures_of_all_openings_are_added_up() {
        let mut monitor = Monitor::new(CameraPatience::default());
        for dropped in [3, 4] {
            monitor.opened(source(None), at(0));
            monitor.meter(SourceMeter {
                dropped,
                latency: None,
            });
            monitor.closed(CameraState::Silent);
        }
        assert_eq!(monitor.stats(at(0)).dropped, 7);
    }

    #[test]
    fn a_frozen_picture_is_told_and_ends() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opened(source(None), at(0));
        let mut see = |fingerprint, millis| {
            let measures = PictureMeasures {
                brightness: 90.0,
                contrast: 40.0,
                white_share: 0.0,
                edge_steepness: None,
                fingerprint,
            };
            monitor.look(&measures, at(millis));
            let change = monitor.picture((4, 3), at(millis));
            (
                change.map(|state| state.word().english()),
                monitor.is_frozen(),
            )
        };
        assert_eq!(see(1, 0), (Some("live"), false));
        assert_eq!(see(1, 9_000), (None, false));
        assert_eq!(see(1, 10_000), (Some("frozen"), true));
        assert_eq!(see(2, 11_000), (Some("live"), false));
    }

    #[test]
    fn the_rate_is_that_of_the_last_two_seconds() {
        let mut monitor = Monitor::new(CameraPatience::default());
        monitor.opened(source(None), at(0));
        for i in 0..100 {
            monitor.picture((4, 3), at(i * 50));
        }
        let rate = |now| monitor.stats(at(now)).frames_per_second;
        assert!((rate(5000) - 20.0).abs() < 1.0, "{}", rate(5000));
        assert!((rate(6000) - 10.0).abs() < 1.0, "{}", rate(6000));
        assert_eq!(rate(9000), 0.0);
        assert_eq!(monitor.stats(at(9000)).frames, 100);
    }

    #[test]
    fn nothing_follows_a_final_state() {
        let mut monitor = Monitor::new(CameraPatience::default());
        assert!(monitor.closed(CameraState::Ended).is_some());
        assert_eq!(monitor.closed(CameraState::Silent), None);
    }
}
