//! The dashboard's languages: what is said has a code, and a language has words for codes.
//!
//! Invariant: only the screen is translated. The log file, the database and the command
//! line speak English whatever the operator reads, so that records can be compared and
//! messages looked up.
//!
//! A language is looked up in an operator's own catalogue first, then in the one that the
//! program brings, and what neither has is said in English: own catalogues may be partial.

use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use rollcall_messages::{Catalogue, CatalogueError, DECIMAL_MARK, Message, Said, Text};

use super::say;

/// Longest catalogue that is read.
const MOST_BYTES: u64 = 1 << 20;

/// Files of a language that the program brings: their names and contents.
macro_rules! files {
    ($language:literal: $($room:literal),+) => {
        [$((
            concat!($language, "/", $room, ".ftl"),
            include_str!(concat!("../../../languages/", $language, "/", $room, ".ftl")),
        )),+]
    };
}

static SPANISH: LazyLock<Catalogue> = LazyLock::new(|| {
    let files = files!("es": "camera", "config", "core", "dashboard", "link", "program",
        "protocol", "station", "store");
    Catalogue::built_in("es", &files)
});

/// Languages that the program brings besides English.
pub const BUILT_IN: [(&str, &LazyLock<Catalogue>); 1] = [("es", &SPANISH)];

/// What a language calls itself, in its catalogue.
const NAME: &str = "language-name";

/// Why a language cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// There is no catalogue of it.
    #[error("there is no catalogue of the language {code:?}; {known} are here")]
    Unknown {
        /// What was asked for.
        code: String,
        /// What there is.
        known: String,
    },
    /// The catalogue cannot be read.
    #[error("cannot read the catalogue {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The catalogue is not valid.
    #[error("the catalogue {path} is not valid: {source}")]
    Invalid {
        /// The file.
        path: String,
        /// What is wrong with it.
        source: CatalogueError,
    },
}

/// A language of the dashboard.
#[derive(Debug)]
pub struct Language {
    name: String,
    /// The one that is asked first comes first.
    catalogues: Vec<&'static Catalogue>,
}

/// Which parts of a date are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DateForm {
    DayMonth,
    DayMonthYear,
    MonthYear,
    WeekdayDay,
    WeekdayDayMonth,
    WeekdayDayMonthYear,
    /// With a zero before days of one digit, for lines below each other.
    AlignedDayMonth,
    /// The same with the weekday.
    AlignedWeekdayDay,
}

impl Language {
    /// English.
    pub fn english() -> &'static Self {
        static ENGLISH: LazyLock<Language> = LazyLock::new(|| Language::of("en", Vec::new()));
        &ENGLISH
    }

    fn of(code: &str, catalogues: Vec<&'static Catalogue>) -> Self {
        let name = catalogues.iter().find_map(|catalogue| catalogue.text(NAME));
        let name = match (name, code) {
            (Some(name), _) => name,
            (None, "en") => "English",
            (None, code) => code,
        };
        Self {
            name: name.to_owned(),
            catalogues,
        }
    }

    /// What the language calls itself.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The language of a setting: `auto` for that of the environment, or a code such as
    /// `es`. A file `<code>.ftl` in `folder` goes before the one that the program brings.
    ///
    /// # Errors
    /// If a language that was named has no catalogue, or that is not valid.
    pub fn load(
        setting: &str,
        folder: &Path,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<&'static Self, LanguageError> {
        let is_asked = setting != "auto";
        let code = if is_asked {
            setting.to_owned()
        } else {
            of_environment(environment)
        };
        let own = own_catalogue(&code, folder)?;
        let built_in = BUILT_IN.iter().find(|(known, _)| *known == code);
        let built_in = built_in.map(|(_, catalogue)| &***catalogue);
        let catalogues: Vec<_> = own.into_iter().chain(built_in).collect();
        if !catalogues.is_empty() {
            // The program has one language for as long as it runs.
            return Ok(Box::leak(Box::new(Self::of(&code, catalogues))));
        }
        if !is_asked || code == "en" {
            return Ok(Self::english());
        }
        Err(LanguageError::Unknown {
            code,
            known: known(folder).join(", "),
        })
    }

    /// Something that is said in always the same words.
    pub fn text(&self, text: Text) -> &str {
        let mut catalogues = self.catalogues.iter();
        catalogues
            .find_map(|catalogue| catalogue.text(text.id()))
            .unwrap_or_else(|| text.english())
    }

    /// A message, and the messages in it.
    pub fn say(&self, message: &Message) -> String {
        let nested = |message: &Message| self.say(message);
        let mut catalogues = self.catalogues.iter();
        catalogues
            .find_map(|catalogue| catalogue.say(message, &nested))
            .unwrap_or_else(|| message.english())
    }

    /// What something says.
    pub fn said(&self, what: &impl Said) -> String {
        self.say(&what.said())
    }

    /// A number that stands alone, with so many decimals.
    pub(crate) fn number(&self, number: f32, decimals: usize) -> String {
        let written = format!("{number:.decimals$}");
        let mark = self.catalogues.iter().find_map(|c| c.text(DECIMAL_MARK));
        match mark {
            Some(mark) => written.replace('.', mark),
            None => written,
        }
    }

    /// A day as this language writes it.
    pub(crate) fn day(&self, day: NaiveDate, form: DateForm) -> String {
        let number = match form {
            DateForm::AlignedDayMonth | DateForm::AlignedWeekdayDay => format!("{:02}", day.day()),
            _ => day.day().to_string(),
        };
        let month = || say::month_short(day.month());
        let weekday = || say::weekday_short(day.weekday().number_from_monday());
        let year = || day.year().to_string();
        self.say(&match form {
            DateForm::DayMonth | DateForm::AlignedDayMonth => say::date_day_month(number, month()),
            DateForm::DayMonthYear => say::date_day_month_year(number, month(), year()),
            DateForm::MonthYear => say::date_month_year(say::month_name(day.month()), year()),
            DateForm::WeekdayDay | DateForm::AlignedWeekdayDay => {
                say::date_weekday_day(weekday(), number)
            }
            DateForm::WeekdayDayMonth => say::date_weekday_day_month(weekday(), number, month()),
            DateForm::WeekdayDayMonthYear => {
                say::date_weekday_day_month_year(weekday(), number, month(), year())
            }
        })
    }

    /// A day and the time of day by chrono's `pattern`, which is digits everywhere.
    pub(crate) fn moment(
        &self,
        at: &DateTime<FixedOffset>,
        form: DateForm,
        pattern: &'static str,
    ) -> String {
        let date = self.day(at.date_naive(), form);
        self.say(&say::date_and_time(date, at.format(pattern).to_string()))
    }
}

/// The catalogue that an operator wrote, if there is one.
fn own_catalogue(code: &str, folder: &Path) -> Result<Option<&'static Catalogue>, LanguageError> {
    // It becomes part of a path.
    let is_code = !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric());
    let file = folder.join(format!("{code}.ftl"));
    if !is_code || !file.is_file() {
        return Ok(None);
    }
    let path = file.display().to_string();
    let text = read(&file).map_err(|source| LanguageError::Read {
        path: path.clone(),
        source,
    })?;
    match Catalogue::parse(code, &text) {
        Ok(catalogue) => Ok(Some(Box::leak(Box::new(catalogue)))),
        Err(source) => Err(LanguageError::Invalid { path, source }),
    }
}

/// As the C library: `LC_ALL` over `LC_MESSAGES` over `LANG`; the part before the country.
fn of_environment(environment: impl Fn(&str) -> Option<String>) -> String {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .filter_map(environment)
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let end = locale.find(['_', '.', '@']).unwrap_or(locale.len());
    locale[..end].to_lowercase()
}

fn read(file: &Path) -> std::io::Result<String> {
    rollcall_system::read_bounded::text(file, MOST_BYTES)
}

/// What a setting may say: what the program brings, and the catalogues in `folder`.
fn known(folder: &Path) -> Vec<String> {
    let own = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let own = own.filter_map(|entry| {
        let path = entry.path();
        let is_catalogue = path.extension().is_some_and(|extension| extension == "ftl");
        is_catalogue.then(|| path.file_stem()?.to_str().map(str::to_owned))?
    });
    let mut known: Vec<String> = own
        .chain(BUILT_IN.iter().map(|(code, _)| (*code).to_owned()))
        .collect();
    known.sort();
    known.dedup();
    ["auto", "en"]
        .into_iter()
        .map(str::to_owned)
        .chain(known.into_iter().filter(|code| code != "en"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rollcall_messages::decimal;

    fn spanish() -> &'static Language {
        Language::load("es", Path::new("/nowhere"), |_| None).unwrap()
    }

    #[test]
    fn dates_have_the_language_s_names_and_order() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 4).unwrap();
        for (form, english, in_spanish) in [
            (DateForm::DayMonth, "4 Nov", "4 nov"),
            (DateForm::DayMonthYear, "4 Nov 2026", "4 nov 2026"),
            (DateForm::MonthYear, "November 2026", "noviembre de 2026"),
            (DateForm::WeekdayDay, "Wed 4", "mié 4"),
            (DateForm::WeekdayDayMonth, "Wed 4 Nov", "mié 4 nov"),
            (
                DateForm::WeekdayDayMonthYear,
                "Wed 4 Nov 2026",
                "mié 4 nov 2026",
            ),
            (DateForm::AlignedDayMonth, "04 Nov", "04 nov"),
            (DateForm::AlignedWeekdayDay, "Wed 04", "mié 04"),
        ] {
            assert_eq!(Language::english().day(day, form), english);
            assert_eq!(spanish().day(day, form), in_spanish);
        }
        let at = DateTime::parse_from_rfc3339("2026-11-04T08:05:09+01:00").unwrap();
        let said = spanish().moment(&at, DateForm::DayMonth, "%H:%M:%S");
        assert_eq!(said, "4 nov 08:05:09");
    }

    #[test]
    fn numbers_are_written_as_the_language_does() {
        let score = say::event_live(decimal(0.5, 2));
        assert_eq!(Language::english().say(&score), "live 0.50");
        assert_eq!(spanish().say(&score), "vivo 0,50");
        assert_eq!(spanish().number(0.5, 2), "0,50");
        assert_eq!(Language::english().number(0.5, 2), "0.50");
        assert_eq!(spanish().say(&say::template_count(1)), "1 plantilla");
        assert_eq!(spanish().say(&say::template_count(2)), "2 plantillas");
    }

    #[test]
    fn the_setting_or_the_environment_chooses() {
        let folder = tempfile::tempdir().unwrap();
        let load = |setting: &str, lang: &str| {
            let lang = lang.to_owned();
            Language::load(setting, folder.path(), move |name| {
                (name == "LANG").then(|| lang.clone())
            })
            .map(|language| language.name().to_owned())
        };
        assert_eq!(load("auto", "es_MX.UTF-8").unwrap(), "Español");
        assert_eq!(load("auto", "tlh_QO.UTF-8").unwrap(), "English");
        assert_eq!(load("auto", "").unwrap(), "English");
        assert_eq!(load("en", "es_ES.UTF-8").unwrap(), "English");
        std::fs::write(folder.path().join("ca.ftl"), "language-name = Català\n").unwrap();
        assert_eq!(load("ca", "").unwrap(), "Català");
        let refused = load("tlh", "").unwrap_err().to_string();
        assert!(refused.ends_with("auto, en, ca, es are here"), "{refused}");
        assert!(load("../es", "").is_err());
        std::fs::write(folder.path().join("es.ftl"), "quit\n").unwrap();
        let error = load("es", "").unwrap_err();
        assert!(matches!(error, LanguageError::Invalid { .. }), "{error}");
        assert!(error.to_string().contains("line 1"), "{error}");
    }

    #[test]
    fn a_partial_catalogue_of_an_operator_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
        // One entry is changed, one speaks of something that the message does not have, and
        // one belongs to a version that is gone.
        write(
            "es.ftl",
            "quit = cerrar\ntemplate-count = { $number } moldes\nno-longer-said = x\n",
        )
        .unwrap();
        let own = Language::load("es", folder.path(), |_| None).unwrap();
        assert_eq!(own.text(say::QUIT), "cerrar");
        assert_eq!(own.text(say::NOBODY), spanish().text(say::NOBODY));
        assert_eq!(own.say(&say::template_count(2)), "2 plantillas");
        write("ca.ftl", "quit = surt\n").unwrap();
        let catalan = Language::load("ca", folder.path(), |_| None).unwrap();
        assert_eq!(catalan.text(say::QUIT), "surt");
        assert_eq!(catalan.text(say::NOBODY), say::NOBODY.english());
        assert_eq!(catalan.say(&say::template_count(2)), "2 templates");
    }
}
