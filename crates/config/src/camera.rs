//! What the section `[camera]` means.

use super::{CameraConfig, ConfigError};
use rollcall_camera::{
    CameraSettings, CaptureRequest, Crop, FrameRate, PictureLayout, PixelFormat, Rotation, limits,
};

impl CameraConfig {
    /// Checks every value that its type does not.
    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let out_of_range = |key, value: &dyn std::fmt::Debug, expected| ConfigError::OutOfRange {
            key,
            value: format!("{value:?}"),
            expected,
        };
        if self.parsed_resolution().is_none() {
            return Err(out_of_range(
                "camera.resolution",
                &self.resolution,
                "WIDTHxHEIGHT, such as \"640x480\", at least 64x64",
            ));
        }
        if FrameRate::new(self.frames_per_second).is_none() {
            return Err(out_of_range(
                "camera.frames_per_second",
                &self.frames_per_second,
                "from 0.01 to 240",
            ));
        }
        if self.parsed_format().is_err() {
            return Err(out_of_range(
                "camera.format",
                &self.format,
                "\"auto\", \"mjpeg\", \"yuyv\", \"nv12\" or \"grey\"",
            ));
        }
        if Rotation::from_degrees(self.rotate).is_none() {
            return Err(out_of_range(
                "camera.rotate",
                &self.rotate,
                "0, 90, 180 or 270",
            ));
        }
        if !self.crop.is_empty() && Crop::parse(&self.crop).is_none() {
            return Err(out_of_range(
                "camera.crop",
                &self.crop,
                "\"X,Y,WIDTH,HEIGHT\" in pixels with sides of at least 64, or \"\" for all",
            ));
        }
        Ok(())
    }

    /// The settings for a live camera. What [`Self::validate`] refuses counts as not set.
    pub fn settings(&self) -> CameraSettings {
        let default = CaptureRequest::default();
        CameraSettings {
            capture: CaptureRequest {
                resolution: self.parsed_resolution().unwrap_or(default.resolution),
                rate: FrameRate::new(self.frames_per_second).unwrap_or(default.rate),
                format: self.parsed_format().unwrap_or(default.format),
            },
            layout: PictureLayout {
                crop: Crop::parse(&self.crop),
                rotation: Rotation::from_degrees(self.rotate).unwrap_or_default(),
                mirrored: self.mirror,
            },
            controls: self.controls.clone(),
            controls_file: None,
        }
    }

    fn parsed_resolution(&self) -> Option<(u32, u32)> {
        let (width, height) = self.resolution.split_once('x')?;
        let (width, height): (u32, u32) = (width.trim().parse().ok()?, height.trim().parse().ok()?);
        let is_sensible = width.min(height) >= Crop::LEAST_SIDE
            && limits::allows(width as usize, height as usize);
        is_sensible.then_some((width, height))
    }

    fn parsed_format(&self) -> Result<Option<PixelFormat>, String> {
        match self.format.as_str() {
            "auto" => Ok(None),
            format => format.parse().map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_that_hangs_upside_down_at_another_size() {
        let config = CameraConfig {
            resolution: "1280x720".into(),
            format: "yuyv".into(),
            rotate: 180,
            mirror: true,
            crop: "320,0,640,720".into(),
            ..CameraConfig::default()
        };
        config.validate().unwrap();
        let settings = config.settings();
        assert_eq!(settings.capture.resolution, (1280, 720));
        assert_eq!(settings.capture.format, Some(PixelFormat::Yuyv));
        assert_eq!(settings.layout.rotation, Rotation::Half);
        assert_eq!(settings.layout.crop, Crop::parse("320,0,640,720"));
        assert_eq!(
            CameraConfig::default().settings(),
            CameraSettings::default()
        );
    }

    #[test]
    fn nonsense_is_refused_by_its_key() {
        let with = |change: fn(&mut CameraConfig)| {
            let mut config = CameraConfig::default();
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        for (message, key) in [
            (with(|c| c.resolution = "640".into()), "resolution"),
            (with(|c| c.resolution = "10x10".into()), "resolution"),
            (with(|c| c.resolution = "99999x99999".into()), "resolution"),
            (
                with(|c| c.frames_per_second = f64::NAN),
                "frames_per_second",
            ),
            (with(|c| c.format = "h264".into()), "format"),
            (with(|c| c.rotate = 45), "rotate"),
            (with(|c| c.crop = "1,2,3".into()), "crop"),
        ] {
            assert!(
                message.starts_with(&format!("camera.{key} = ")),
                "{message}"
            );
        }
    }
}
