//! What a station takes from its configuration: at its start, and when it is read again.

use rollcall_camera::SourceSpec;
use rollcall_cases::{CaseError, Context};
use rollcall_core::station::Policies;
use rollcall_core::worktime::plan::WorkPlan;
use rollcall_protocol::Facts;

use super::Consent;

/// What a running station can take on of a configuration.
pub struct Configured {
    /// The rules.
    pub policies: Policies,
    /// How hours are counted.
    pub work_plan: WorkPlan,
    /// What front ends are told.
    pub facts: Facts,
    /// Whether whoever is enrolled at the camera is asked.
    pub consent: Consent,
    /// Whether the faces of people without a name are kept.
    pub keeps_strangers: bool,
}

impl Configured {
    /// What the configuration of this station says.
    ///
    /// # Errors
    /// If shifts, schedules or holidays make no sense.
    pub fn of(context: &Context, source: &SourceSpec) -> Result<Self, CaseError> {
        let config = &context.config;
        let consent = Consent::of(context, source);
        Ok(Self {
            policies: config.policies(),
            work_plan: context.work_plan()?,
            facts: facts(context, source, consent),
            consent,
            keeps_strangers: config.review.keep_days > 0,
        })
    }
}

impl Consent {
    /// Whether whoever is enrolled at the camera is asked; the demonstration's people are not.
    fn of(context: &Context, source: &SourceSpec) -> Self {
        let is_demo = matches!(source, SourceSpec::Demo { .. });
        if context.config.privacy.consent_required && !is_demo {
            Self::Asked
        } else {
            Self::NotAsked
        }
    }
}

/// What front ends are told.
fn facts(context: &Context, source: &SourceSpec, consent: Consent) -> Facts {
    let config = &context.config;
    Facts {
        station_name: config.station.name.clone(),
        source: source.to_string(),
        models: format!(
            "{} at {}",
            config.recognition.detector, config.recognition.detector_size
        ),
        zone: config.attendance.time_zone.clone(),
        asks_consent: consent == Consent::Asked,
        data_dir: context.data_dir().display().to_string(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        process: std::process::id(),
        screen: config.screen(),
    }
}
