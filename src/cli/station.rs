//! Arguments of the station itself and of its front ends.

use clap::Args;

/// Where pictures come from.
#[derive(Debug, Clone, Default, Args)]
pub struct CaptureArgs {
    /// Show the bundled people walking past; needs no camera.
    #[arg(long, conflicts_with = "source")]
    pub demo: bool,
    /// none, usb, usb:NUMBER, usb:NAME, usb:bus=SOCKET, usb:serial=NUMBER, demo,
    /// demo:SEED, or the path of a picture, a folder, an MJPEG, AVI or y4m file.
    #[arg(long, value_name = "SOURCE")]
    pub source: Option<String>,
    /// Pictures a second of a replayed source, instead of its own rate.
    #[arg(long, value_name = "FPS")]
    pub rate: Option<f64>,
    /// Play a replayed source once instead of over and over.
    #[arg(long)]
    pub once: bool,
    /// Kilobytes a second that the dashboard may write; its preview gives way. 0 for any.
    #[arg(long, value_name = "KBPS")]
    pub preview_kbps: Option<u32>,
    /// No dashboard but lines of words, for screen readers; commands are typed.
    #[arg(long)]
    pub plain: bool,
}

impl CaptureArgs {
    pub(super) fn is_empty(&self) -> bool {
        !self.demo
            && self.source.is_none()
            && self.rate.is_none()
            && !self.once
            && self.preview_kbps.is_none()
            && !self.plain
    }
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// What to look at.
    #[command(flatten)]
    pub capture: CaptureArgs,
    /// No dashboard: print events as lines.
    #[arg(long)]
    pub headless: bool,
    /// Begin with an empty database after one was lost or damaged; what is there is moved away.
    #[arg(long)]
    pub start_fresh: bool,
}

/// Arguments of `attach`.
#[derive(Debug, Clone, Default, Args)]
pub struct AttachArgs {
    /// For the people at the door: a large picture and who was just recognised; nothing can
    /// be operated but a badge reader.
    #[arg(long)]
    pub kiosk: bool,
    /// No dashboard but lines of words, for screen readers; commands are typed.
    #[arg(long, conflicts_with = "kiosk")]
    pub plain: bool,
    /// Language of this dashboard, e.g. `en` or `es`, instead of the station's.
    #[arg(long, value_name = "LANGUAGE")]
    pub language: Option<String>,
    /// Kilobytes a second that the dashboard may write; its preview gives way. 0 for any.
    #[arg(long, value_name = "KBPS")]
    pub preview_kbps: Option<u32>,
}
