//! What is asked of the records, and what comes back.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate};
use image::RgbImage;

use crate::jpeg;
use crate::view::Health;
use rollcall_core::embedding::Cosine;
use rollcall_core::person::{PersonCode, PersonName};
use rollcall_core::pin::Pin;
use rollcall_core::review::{ReviewDeed, Visitor};
use rollcall_core::worktime::alteration::Alteration;
use rollcall_core::worktime::period::PersonDays;
use rollcall_messages::Message;
use serde::{Deserialize, Serialize};

/// Something to read, or to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// Everybody's days.
    Report(ReportQuery),
    /// Faces without a name.
    Visitors,
    /// A report in lines.
    Page(PageKind),
    /// All about one person.
    Person(PersonCode),
    /// The settings of the configuration file.
    Settings,
    /// Do this about faces without a name.
    Review(ReviewDeed),
    /// Change something about a person.
    ChangePerson(PersonDeed),
    /// Change a setting.
    ChangeSetting(SettingChange),
    /// Write the threshold that the calibration proposes, as long as it still says these lines.
    WriteThreshold(Vec<PageLine>),
    /// Write these days into a file.
    Export(ReportQuery),
}

impl Question {
    /// Whether the answer is a [`Done`], which may be undone.
    pub fn is_change(&self) -> bool {
        match self {
            Self::ChangePerson(_)
            | Self::ChangeSetting(_)
            | Self::WriteThreshold(_)
            | Self::Export(_) => true,
            Self::Report(_)
            | Self::Visitors
            | Self::Page(_)
            | Self::Person(_)
            | Self::Settings
            | Self::Review(_) => false,
        }
    }
}

impl Question {
    /// The same with what it asks for agreed to, whatever that is.
    #[must_use]
    pub fn agreed(mut self) -> Self {
        match &mut self {
            Self::ChangePerson(deed) => deed.is_agreed = true,
            Self::ChangeSetting(change) => change.is_agreed = true,
            Self::Review(ReviewDeed::Assign(assignment)) => assignment.another_person = true,
            _ => {}
        }
        self
    }

    /// Who asks for it, where that is written down.
    pub fn signature_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::ChangePerson(deed) => Some(&mut deed.by),
            Self::ChangeSetting(change) => Some(&mut change.by),
            Self::Review(ReviewDeed::Ignore { by, .. } | ReviewDeed::Delete { by, .. }) => Some(by),
            Self::Review(ReviewDeed::Assign(assignment)) => Some(&mut assignment.by),
            Self::Report(_)
            | Self::Visitors
            | Self::Page(_)
            | Self::Person(_)
            | Self::Settings
            | Self::WriteThreshold(_)
            | Self::Export(_) => None,
        }
    }

    /// The answer to a question that was not looked at, for this reason.
    pub fn refused(&self, why: impl Into<Message>) -> Answer {
        let why = why.into();
        match self {
            Self::Report(query) => Answer::Report(*query, Err(why)),
            Self::Visitors => Answer::Visitors(Err(why)),
            Self::Page(kind) => Answer::Page(*kind, Err(why)),
            Self::Person(_) => Answer::Person(Box::new(Err(why))),
            Self::Settings => Answer::Settings(Err(why)),
            Self::Review(_) => Answer::Reviewed(Err(why)),
            Self::ChangePerson(_)
            | Self::ChangeSetting(_)
            | Self::WriteThreshold(_)
            | Self::Export(_) => Answer::Done(Err(why)),
        }
    }
}

/// What was read or done, or why not.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Everybody's days.
    Report(ReportQuery, Result<Vec<PersonDays>, Message>),
    /// Faces without a name.
    Visitors(#[serde(with = "jpeg::visitors")] Result<Vec<Visitor>, Message>),
    /// A report in lines.
    Page(PageKind, Result<Vec<PageLine>, Message>),
    /// All about one person.
    Person(Box<Result<PersonFile, Message>>),
    /// The settings of the configuration file.
    Settings(Result<Vec<SettingRow>, Message>),
    /// What came of a [`ReviewDeed`].
    Reviewed(Result<Message, Message>),
    /// What came of any other deed.
    Done(Result<Done, Message>),
    /// Nothing has changed yet: something has to be agreed to first.
    Asks(Box<Asked>),
}

/// What has to be agreed to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// What.
    pub agreement: Agreement,
    /// The question that says so; asking it does what was asked for.
    pub agreed: Question,
}

/// Something that has to be agreed to before it is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Days that have passed come out otherwise.
    AltersThePast(Alteration),
    /// A person is erased for good.
    Erases {
        /// Whom.
        name: String,
        /// The code, under which the attendance stays.
        code: PersonCode,
        /// What goes with when the person was expected.
        alteration: Alteration,
    },
    /// A face is taken for somebody else's.
    AnotherPerson {
        /// Which sighting.
        sighting: i64,
        /// Who that is, in words.
        whose: String,
        /// How similar the two are.
        similarity: Cosine,
    },
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AltersThePast(alteration) => write!(f, "{alteration}"),
            Self::Erases {
                name,
                code,
                alteration,
            } => {
                write!(
                    f,
                    "this erases the name, pictures and templates of {name} ({code}) for good; \
                     attendance stays under the code"
                )?;
                if alteration.is_none() {
                    return Ok(());
                }
                write!(
                    f,
                    ". When the person was expected is erased too: {alteration}. If people are \
                     paid by these days, export them first"
                )
            }
            Self::AnotherPerson {
                sighting,
                whose,
                similarity,
            } => write!(
                f,
                "sighting {sighting}: this face is already enrolled as {whose}, similarity \
                 {similarity}"
            ),
        }
    }
}

/// A deed that is done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Done {
    /// What was done.
    pub said: Message,
    /// What takes it back, if anything does.
    pub undo: Option<Question>,
    /// Whether it only holds when the station is started again.
    #[serde(default)]
    pub needs_restart: bool,
}

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PageKind {
    /// What the threshold costs.
    Calibration,
    /// Who did what.
    Audit,
    /// What works and what does not.
    Doctor,
}

/// A line of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageLine {
    /// Whether it is as it should be, where that is a question.
    pub health: Option<Health>,
    /// What it is about, in a column of its own; may be empty.
    pub term: Message,
    /// What there is to say.
    pub words: Message,
    /// Whether the characters make a picture, so that none may be moved.
    pub is_drawn: bool,
}

/// All about one person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PersonFile {
    /// Code.
    pub code: PersonCode,
    /// Name.
    pub name: PersonName,
    /// Whether the person is recognised.
    pub active: bool,
    /// Whose schedule the person has.
    pub team: Option<String>,
    /// When the person agreed.
    pub consent_at: Option<NaiveDate>,
    /// Whether a PIN or badge is set.
    pub has_pin: bool,
    /// When the person was enrolled.
    pub enrolled_at: DateTime<FixedOffset>,
    /// The latest punch.
    pub last_seen: Option<DateTime<FixedOffset>>,
    /// What the person is recognised by.
    pub templates: Vec<TemplateFacts>,
    /// Pictures that the person was enrolled with, the first ones.
    #[serde(with = "jpeg::list")]
    pub pictures: Vec<Arc<RgbImage>>,
    /// Pictures there are altogether.
    pub picture_count: usize,
    /// The days of the last weeks.
    pub days: Option<PersonDays>,
}

/// A template without its numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateFacts {
    /// `enrolled`, `adaptive` or `not this person`.
    pub kind: Message,
    /// Day it was made.
    pub made: Option<NaiveDate>,
}

/// Something about a person that is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonDeed {
    /// Whose.
    pub code: PersonCode,
    /// What.
    pub change: PersonChange,
    /// Who asked for it.
    pub by: String,
    /// Whether it was agreed to what it brings along.
    #[serde(default)]
    pub is_agreed: bool,
}

/// What is changed about a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonChange {
    /// The name.
    Rename(#[serde(deserialize_with = "rollcall_core::written::typed")] PersonName),
    /// Whether the person is recognised.
    Active(bool),
    /// The person is no longer recognised, and expected until the day before this one.
    InactiveFrom(NaiveDate),
    /// The person has agreed today.
    Consent,
    /// The person has agreed on this day.
    ConsentOn(NaiveDate),
    /// The person is expected from this day on.
    ExpectedFrom(NaiveDate),
    /// Whose schedule the person has; none for nobody's.
    Team(Option<String>),
    /// The PIN or badge; none takes it away.
    Pin(Option<Pin>),
    /// The templates that the station made itself go.
    ForgetAdaptive,
    /// Everything about the person goes but the punches under the code.
    Erase,
    /// The same, and the punches stay under a code that says nothing.
    Anonymise,
}

/// A setting as the screen shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingRow {
    /// Its section.
    pub section: String,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Its value where nothing is set.
    pub default: String,
    /// What it means.
    pub help: Message,
    /// The environment variable that overrides it.
    pub overridden_by: Option<String>,
}

/// A setting that is changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingChange {
    /// Its section.
    pub section: String,
    /// Its key.
    pub key: String,
    /// Its new value; none for the default.
    pub value: Option<String>,
    /// Who asked for it.
    pub by: String,
    /// Whether it was agreed that days which have passed are altered.
    pub is_agreed: bool,
}

/// The days of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportQuery {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}
