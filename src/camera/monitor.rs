//! What the camera is doing and how well, decided without a clock or a thread.
//!
//! Both the capturing thread and its watcher tell the [`Monitor`] what happens
//! and when; it answers with the new state where the state changed.

use std::collections::VecDeque;
use std::time::Duration;

use super::{CameraState, FrameRate, SourceDescription};

/// Frames per second are measured over this long.
const RATE_WINDOW: Duration = Duration::from_secs(2);
/// A source is silent after this long without a whole picture.
const SILENT_AFTER: Duration = Duration::from_secs(2);
/// A slow source is silent after this many of its own periods.
const SILENT_AFTER_PERIODS: u32 = 3;

/// Figures for the status bar and the log.
#[derive(Debug, Clone, PartialEq)]
pub struct CameraStats {
    /// What the camera is doing.
    pub state: CameraState,
    /// Whole pictures since the start.
    pub frames: u64,
    /// Pictures that could not be decoded since the start.
    pub damaged: u64,
    /// How often the source was opened again.
    pub reconnects: u64,
    /// Pictures per second over the last two seconds.
    pub frames_per_second: f64,
}

/// Knows the state and counts.
#[derive(Debug)]
pub(super) struct Monitor {
    state: CameraState,
    source: Option<SourceDescription>,
    silent_after: Duration,
    /// When a picture or the opening last gave a sign of life; `None` while not open.
    last_sign: Option<Duration>,
    recent: VecDeque<Duration>,
    frames: u64,
    damaged: u64,
    openings: u64,
}

impl Monitor {
    pub(super) fn new() -> Self {
        Self {
            state: CameraState::Starting,
            source: None,
            silent_after: SILENT_AFTER,
            last_sign: None,
            recent: VecDeque::new(),
            frames: 0,
            damaged: 0,
            openings: 0,
        }
    }

    /// The source is open; its first picture is awaited.
    pub(super) fn opened(&mut self, source: SourceDescription, now: Duration) {
        let period = source.rate.map_or(Duration::ZERO, FrameRate::period);
        self.silent_after = SILENT_AFTER.max(period * SILENT_AFTER_PERIODS);
        self.source = Some(source);
        self.last_sign = Some(now);
        self.openings += 1;
    }

    /// A whole picture of this size came.
    pub(super) fn picture(&mut self, size: (u32, u32), now: Duration) -> Option<CameraState> {
        self.frames += 1;
        self.last_sign = Some(now);
        self.recent.push_back(now);
        self.forget_before(now.saturating_sub(RATE_WINDOW));
        // What arrives counts, whatever was promised.
        let source = self.source.as_mut()?;
        if self.state.is_streaming() && source.resolution == Some(size) {
            return None;
        }
        source.resolution = Some(size);
        let streaming = CameraState::Streaming(source.clone());
        self.enter(streaming)
    }

    /// A picture came that could not be decoded. It is no sign of life.
    pub(super) fn damaged(&mut self) {
        self.damaged += 1;
    }

    /// The source is not open any more.
    pub(super) fn closed(&mut self, state: CameraState) -> Option<CameraState> {
        self.last_sign = None;
        self.recent.clear();
        self.enter(state)
    }

    /// Time has passed.
    pub(super) fn tick(&mut self, now: Duration) -> Option<CameraState> {
        let quiet_for = now.saturating_sub(self.last_sign?);
        if quiet_for < self.silent_after {
            return None;
        }
        self.enter(CameraState::Silent)
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
            reconnects: self.openings.saturating_sub(1),
            frames_per_second: recent as f64 / window.as_secs_f64(),
        }
    }

    fn enter(&mut self, state: CameraState) -> Option<CameraState> {
        if self.state == state || self.state.is_final() {
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let mut monitor = Monitor::new();
        monitor.opened(source(None), at(0));
        let state = monitor.picture((4, 3), at(10)).unwrap();
        assert_eq!(state.to_string(), "test delivers 4x3 pictures.");
        assert_eq!(monitor.picture((4, 3), at(20)), None);
        assert!(monitor.picture((8, 6), at(30)).is_some());
        assert_eq!(monitor.tick(at(2029)), None);
        assert_eq!(monitor.tick(at(2030)), Some(CameraState::Silent));
        assert_eq!(monitor.tick(at(3000)), None);
        assert!(monitor.picture((8, 6), at(3001)).unwrap().is_streaming());
        assert_eq!(monitor.closed(CameraState::Lost), Some(CameraState::Lost));
        assert_eq!(monitor.closed(CameraState::Lost), None);
        assert_eq!(
            monitor.tick(at(60_000)),
            None,
            "a lost camera is not silent"
        );
    }

    #[test]
    fn a_slow_source_may_take_its_time() {
        let mut monitor = Monitor::new();
        monitor.opened(source(Some(0.2)), at(0));
        assert_eq!(monitor.tick(at(14_999)), None);
        assert_eq!(monitor.tick(at(15_000)), Some(CameraState::Silent));
    }

    #[test]
    fn a_source_that_opens_but_never_delivers_is_silent() {
        let mut monitor = Monitor::new();
        monitor.opened(source(None), at(500));
        monitor.damaged();
        assert_eq!(monitor.tick(at(2500)), Some(CameraState::Silent));
        assert_eq!(monitor.stats(at(2500)).damaged, 1);
    }

    #[test]
    fn the_rate_is_that_of_the_last_two_seconds() {
        let mut monitor = Monitor::new();
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
        let mut monitor = Monitor::new();
        assert!(monitor.closed(CameraState::Ended).is_some());
        assert_eq!(monitor.closed(CameraState::Lost), None);
    }
}
