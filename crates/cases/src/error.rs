//! Why something is not done, in words for people and with a code for programs.

use std::path::PathBuf;

use rollcall_camera::CameraError;
use rollcall_config::ConfigError;
use rollcall_core::consent::ConsentError;
use rollcall_core::embedding::Cosine;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_messages::{Message, Said};
use rollcall_protocol::{Refusal, RefusalCode};
use rollcall_recognition::load::LoadError;
use rollcall_recognition::manifest::ModelsError;
use rollcall_sheet::SheetError;
use rollcall_store::StoreError;

use crate::say;

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum CaseError {
    /// The records say no, or cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// One row of several is refused, and so are all.
    #[error("{error}")]
    Row {
        /// Which, from 0.
        row: usize,
        /// Why.
        error: StoreError,
    },
    /// The configuration is not valid, or cannot be read or written.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The list of networks is not right, or lacks one.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// A network cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A camera is not there, or its name makes no sense.
    #[error(transparent)]
    Camera(#[from] CameraError),
    /// A table cannot be written.
    #[error(transparent)]
    Sheet(#[from] SheetError),
    /// The day of a consent makes no sense.
    #[error(transparent)]
    Consent(#[from] ConsentError),
    /// A file or folder cannot be used.
    #[error("{doing} {}: {source}", path.display())]
    File {
        /// What was being done.
        doing: &'static str,
        /// With which one.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The program does not find its networks.
    #[error("the networks were not found in {tried}; say where they are with --models-dir")]
    NoNetworks {
        /// Where they were looked for.
        tried: String,
    },
    /// The configuration names a network that is not there.
    #[error("the configured embedder is not there")]
    NoEmbedder,
    /// A demonstration and a real station never share a folder.
    #[error("the demonstration has a folder of its own: end the station and start it again")]
    OtherFolder,
    /// There is no such catalogue.
    #[error("{0}")]
    Language(String),
    /// A setting that does not exist.
    #[error("there is no setting {section}.{key}")]
    NoSuchSetting {
        /// Its section.
        section: String,
        /// Its key.
        key: String,
    },
    /// No pictures can come from there.
    #[error("there is no camera, file or folder {source_text:?}; the choices are {choices}")]
    NoSource {
        /// What was named, without a password.
        source_text: String,
        /// What there is.
        choices: String,
    },
    /// The camera is not there.
    #[error("{error}; the choices are {choices}")]
    NoCamera {
        /// What the search for it said.
        error: String,
        /// What there is.
        choices: String,
    },
    /// The file of the passphrase is not there.
    #[error(
        "there is no file {}; name one whose first line is the passphrase, or leave it empty",
        path.display()
    )]
    NoPassphraseFile {
        /// Where it should be.
        path: PathBuf,
    },
    /// A rate of errors that cannot be had.
    #[error("no threshold is high enough for that rate; nothing was written")]
    NoThreshold,
    /// Somebody wants to write what is not proposed any more.
    #[error("the calibration has changed since it was shown; check it and write it again")]
    CalibrationChanged,
    /// Nobody has the code.
    #[error("nobody has the code {0}")]
    NoSuchCode(PersonCode),
    /// No sighting has the number.
    #[error("there is no sighting {0}")]
    NoSuchSighting(i64),
    /// Nothing was named.
    #[error("name at least one sighting")]
    NoSighting,
    /// A punch was added for it, perhaps.
    #[error("sighting {0} was assigned before; a punch that is still missing is added by hand")]
    AssignedBefore(i64),
    /// The face is not the person's.
    #[error(
        "sighting {sighting}: this face is unlike all samples of {name}, similarity \
         {similarity}; a punch can still be added by hand"
    )]
    Unlike {
        /// The sighting.
        sighting: i64,
        /// Whose it was said to be.
        name: PersonName,
        /// How similar it is.
        similarity: Cosine,
    },
    /// Nobody has the code to which faces are to be added.
    #[error("nobody has the code {0}; enrol the person without --add")]
    NobodyToAddTo(PersonCode),
    /// The code is another person's.
    #[error("{}", taken(.code, .holder, .name, .is_adding))]
    CodeIsTaken {
        /// The code.
        code: PersonCode,
        /// Whose it is.
        holder: PersonName,
        /// Who was to have it.
        name: PersonName,
        /// Whether faces are to be added.
        is_adding: bool,
    },
    /// Nobody has said that the person agreed.
    #[error(
        "{0} has to agree before a face is kept: say when with --consent today or \
         --consent 2026-11-23"
    )]
    NobodyAgreed(PersonName),
    /// A face is taken for another person's.
    #[error("this face is already enrolled as {whose}, similarity {similarity}")]
    AnotherPersons {
        /// Who that is.
        whose: String,
        /// How similar they are.
        similarity: Cosine,
    },
    /// A face is not that of the person.
    #[error("this face is unlike all samples of the person, similarity {0}")]
    UnlikeSamples(Cosine),
    /// A face is not that of the others.
    #[error("it shows somebody else than the first picture, similarity {0}")]
    UnlikeTheFirst(Cosine),
    /// A face that cannot become a sample any more.
    #[error("the face of sighting {0} is not kept any more")]
    FaceNotKept(i64),
    /// A face that cannot be compared.
    #[error("sighting {0} was made with another embedder than the one in use")]
    OtherEmbedder(i64),
    /// Nobody has asked the person.
    #[error("{name} has to agree before a face is kept: `rollcall people consent {code}`")]
    NeedsConsent {
        /// Whom.
        name: PersonName,
        /// The code.
        code: PersonCode,
    },
}

impl CaseError {
    /// For programs.
    pub fn code(&self) -> RefusalCode {
        match self {
            Self::Store(error) | Self::Row { error, .. } => of_store(error),
            Self::NoSuchCode(_)
            | Self::NobodyToAddTo(_)
            | Self::NoSuchSighting(_)
            | Self::NoSuchSetting { .. } => RefusalCode::NotFound,
            Self::NeedsConsent { .. } | Self::NobodyAgreed(_) => RefusalCode::NeedsConsent,
            Self::CodeIsTaken { .. } => RefusalCode::Taken,
            Self::AnotherPersons { .. } => RefusalCode::AnotherPerson,
            Self::CalibrationChanged | Self::AssignedBefore(_) => RefusalCode::Changed,
            Self::Unlike { .. }
            | Self::UnlikeSamples(_)
            | Self::UnlikeTheFirst(_)
            | Self::OtherEmbedder(_)
            | Self::FaceNotKept(_) => RefusalCode::Refused,
            Self::Config(ConfigError::Read { .. } | ConfigError::Write { .. })
            | Self::File { .. }
            | Self::Load(_)
            | Self::Sheet(SheetError::Write(_) | SheetError::NoRoom { .. }) => RefusalCode::Failed,
            Self::Config(_)
            | Self::Models(_)
            | Self::Camera(_)
            | Self::Consent(_)
            | Self::NoNetworks { .. }
            | Self::NoEmbedder
            | Self::OtherFolder
            | Self::Language(_)
            | Self::NoSource { .. }
            | Self::NoCamera { .. }
            | Self::NoPassphraseFile { .. }
            | Self::NoThreshold
            | Self::Sheet(_)
            | Self::NoSighting => RefusalCode::Invalid,
        }
    }

    /// What a front end is told.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(self.code(), self.said())
    }
}

impl Said for CaseError {
    /// By the code of what has happened, where it has one; else in the words that it has.
    fn said(&self) -> Message {
        match self {
            Self::Store(error) | Self::Row { error, .. } => error.said(),
            Self::Camera(error) => error.said(),
            Self::NoSuchCode(code) | Self::NobodyToAddTo(code) => StoreError::NoSuchCode {
                code: code.to_string(),
            }
            .said(),
            Self::NoNetworks { tried } => say::networks_not_found(tried.as_str()),
            Self::NoEmbedder => say::EMBEDDER_MISSING.into(),
            Self::OtherFolder => say::DEMO_OWN_FOLDER.into(),
            Self::NoSuchSetting { .. } => say::NO_SUCH_SETTING.into(),
            Self::NoSource {
                source_text,
                choices,
            } => say::no_source(source_text.as_str(), choices.as_str()),
            Self::NoCamera { error, choices } => say::choices_are(error.as_str(), choices.as_str()),
            Self::NoPassphraseFile { path } => {
                say::no_file_of_passphrase(path.display().to_string())
            }
            Self::NoThreshold => say::NO_THRESHOLD_HIGH_ENOUGH.into(),
            Self::CalibrationChanged => say::CALIBRATION_CHANGED.into(),
            Self::NoSuchSighting(number) => say::no_sighting(*number),
            Self::NoSighting => say::NAME_A_SIGHTING.into(),
            Self::AssignedBefore(number) => say::sighting_assigned_before(*number),
            Self::Unlike {
                sighting,
                name,
                similarity,
            } => say::sighting_unlike(*sighting, name, *similarity),
            Self::FaceNotKept(number) => say::face_not_kept(*number),
            Self::OtherEmbedder(number) => say::other_embedder(*number),
            Self::NeedsConsent { name, code } => say::agrees_first(name, code),
            Self::AnotherPersons { whose, similarity } => {
                say::face_taken_for(whose.as_str(), *similarity)
            }
            // What only the command line asks for, and what other rooms have no codes for.
            Self::Config(_)
            | Self::Models(_)
            | Self::Load(_)
            | Self::Sheet(_)
            | Self::Consent(_)
            | Self::File { .. }
            | Self::Language(_)
            | Self::CodeIsTaken { .. }
            | Self::NobodyAgreed(_)
            | Self::UnlikeSamples(_)
            | Self::UnlikeTheFirst(_) => Message::verbatim(self.to_string()),
        }
    }
}

fn taken(code: &PersonCode, holder: &PersonName, name: &PersonName, is_adding: &bool) -> String {
    if *is_adding {
        format!("the code {code} belongs to {holder}, not to {name}; nothing was added")
    } else {
        format!("the code {code} belongs to {holder}; to add pictures to that person, say --add")
    }
}

fn of_store(error: &StoreError) -> RefusalCode {
    match error {
        StoreError::NoSuchCode { .. }
        | StoreError::NoSuchPerson(_)
        | StoreError::NoSuchSighting(_)
        | StoreError::NoSuchEvent(_)
        | StoreError::NoSuchTemplate { .. } => RefusalCode::NotFound,
        StoreError::CodeTaken { .. }
        | StoreError::CodeRetired { .. }
        | StoreError::PinTaken
        | StoreError::AlreadyVoided { .. }
        | StoreError::SameEvent { .. } => RefusalCode::Taken,
        StoreError::NothingChanges { .. }
        | StoreError::ShiftOutOfRange { .. }
        | StoreError::Implausible(_)
        | StoreError::DayToCome { .. }
        | StoreError::Wording(_)
        | StoreError::NoTemplates { .. } => RefusalCode::Invalid,
        StoreError::DeactivatedFace { .. } => RefusalCode::Refused,
        _ => RefusalCode::Failed,
    }
}
