//! Days and times as other systems write them.
//!
//! Invariant: a form is taken for a whole column or not at all. `02/11/2026` alone is a
//! question; beside `23/11/2026` it is the second of November.

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike as _};

use super::columns::plain;
use super::problem::ImportError;

/// How the days of a column are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DateForm {
    /// 2026-11-23.
    Ymd,
    /// 23/11/2026.
    Dmy,
    /// 11/23/2026.
    Mdy,
    /// As `strftime` has it.
    Pattern(String),
}

impl DateForm {
    /// `dmy`, `mdy`, `ymd` or a `strftime` pattern.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "ymd" | "iso" => Some(Self::Ymd),
            "dmy" => Some(Self::Dmy),
            "mdy" => Some(Self::Mdy),
            _ if text.contains('%') => Some(Self::Pattern(text.to_owned())),
            _ => None,
        }
    }

    /// For whoever reads what was understood.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Ymd => "year-month-day".into(),
            Self::Dmy => "day/month/year".into(),
            Self::Mdy => "month/day/year".into(),
            Self::Pattern(pattern) => pattern.clone(),
        }
    }

    /// The day of a cell. `may_shorten` allows years of two digits, which somebody must have
    /// stated.
    fn day(&self, text: &str, may_shorten: bool) -> Option<NaiveDate> {
        if let Self::Pattern(pattern) = self {
            return NaiveDate::parse_from_str(text, pattern).ok();
        }
        if text.chars().any(char::is_alphabetic) {
            return in_words(text);
        }
        let parts = split(text)?;
        let [year, month, day] = match self {
            Self::Ymd => [0, 1, 2],
            Self::Dmy => [2, 1, 0],
            Self::Mdy => [2, 0, 1],
            Self::Pattern(_) => return None,
        }
        .map(|place| parts[place]);
        let short = month.len() <= 2 && day.len() <= 2;
        let year = match year.len() {
            4 => year.parse().ok()?,
            2 if may_shorten => 2000 + year.parse::<i32>().ok()?,
            _ => return None,
        };
        let date = NaiveDate::from_ymd_opt(year, month.parse().ok()?, day.parse().ok()?);
        date.filter(|_| short)
    }
}

/// The three numbers of a day.
fn split(text: &str) -> Option<[&str; 3]> {
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if text.len() == 8 && is_digits(text) {
        // Compact, as ISO 8601 allows: the year comes first.
        return Some([&text[..4], &text[4..6], &text[6..]]);
    }
    let separator = text
        .find(['-', '/', '.'])
        .and_then(|at| text[at..].chars().next())?;
    let mut parts = text.split(separator).map(str::trim);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    (parts.next().is_none() && three.iter().all(|part| is_digits(part))).then_some(three)
}

/// First letters of the months, in English, Spanish, Portuguese and German.
const MONTHS: [&[&str]; 12] = [
    &["jan", "ene"],
    &["feb", "fev"],
    &["mar"],
    &["apr", "abr"],
    &["may", "mai"],
    &["jun"],
    &["jul"],
    &["aug", "ago"],
    &["sep", "set"],
    &["oct", "out", "okt"],
    &["nov"],
    &["dec", "dic", "dez"],
];

/// "23 Nov 2026", "Nov 23, 2026", "23-nov-2026": whatever the order, one number can be the
/// year and one the day.
fn in_words(text: &str) -> Option<NaiveDate> {
    let (mut day, mut month, mut year) = (None, None, None);
    let parts = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| !part.is_empty());
    for part in parts {
        let word = plain(part);
        let place = if word.bytes().all(|b| b.is_ascii_digit()) {
            let number: u32 = word.parse().ok()?;
            if word.len() == 4 {
                (&mut year, number)
            } else {
                (&mut day, number)
            }
        } else if matches!(word.as_str(), "de" | "of") {
            continue;
        } else {
            let first: String = word.chars().take(3).collect();
            let index = MONTHS
                .iter()
                .position(|names| names.contains(&first.as_str()))?;
            (&mut month, index as u32 + 1)
        };
        if place.0.replace(place.1).is_some() {
            return None;
        }
    }
    NaiveDate::from_ymd_opt(year? as i32, month?, day?)
}

/// How the days of a column are to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dates {
    form: DateForm,
    is_stated: bool,
}

impl Dates {
    /// Finds the one form in which every cell of the column is a day. If none fits all, the
    /// one that fits most is taken, so that the others are told line by line.
    pub(super) fn of<'t>(
        texts: &(impl Iterator<Item = &'t str> + Clone),
        stated: Option<&DateForm>,
        title: &str,
    ) -> Result<Self, ImportError> {
        if let Some(form) = stated {
            return Ok(Self::stated(form));
        }
        let forms = [DateForm::Ymd, DateForm::Dmy, DateForm::Mdy];
        let fitting = |short| {
            forms.clone().map(|form| {
                texts
                    .clone()
                    .filter(|text| form.day(text, short).is_some())
                    .count()
            })
        };
        let count = texts.clone().count();
        let fits = fitting(false);
        let best = fits.iter().copied().max().unwrap_or(0);
        if best == 0 && count > 0 && fitting(true).contains(&count) {
            return Err(question(title, texts.clone().next(), "year of two digits"));
        }
        let mut candidates = forms
            .iter()
            .zip(fits)
            .filter(|(_, fit)| *fit == best)
            .map(|(form, _)| form);
        let Some(first) = candidates.next() else {
            return Err(ImportError::Empty);
        };
        let differing = candidates.find_map(|other| {
            texts
                .clone()
                .find(|text| first.day(text, false) != other.day(text, false))
        });
        match differing {
            Some(text) if best > 0 => Err(question(
                title,
                Some(text),
                "day and a month in either order",
            )),
            _ => Ok(Self {
                form: first.clone(),
                is_stated: false,
            }),
        }
    }

    /// Those of a form that somebody has stated.
    pub(super) fn stated(form: &DateForm) -> Self {
        Self {
            form: form.clone(),
            is_stated: true,
        }
    }

    /// The day of a cell.
    pub(super) fn day(&self, text: &str) -> Option<NaiveDate> {
        self.form.day(text, self.is_stated)
    }

    pub(super) fn describe(&self) -> String {
        self.form.describe()
    }
}

fn question(title: &str, text: Option<&str>, what: &str) -> ImportError {
    ImportError::question(
        format!(
            "the days in the column {title}, e.g. {:?}, have a {what}",
            text.unwrap_or_default()
        ),
        "say how they are written with --dates dmy, --dates mdy or --dates ymd",
    )
}

/// A cell that says when: a day, a time of day, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp<'t> {
    /// The day, not yet read.
    pub(super) date: &'t str,
    /// The time of day, not yet read.
    pub(super) time: &'t str,
}

impl<'t> Stamp<'t> {
    /// Takes a cell apart at its time of day.
    pub(super) fn split(text: &'t str) -> Self {
        let text = text.trim();
        let Some(colon) = text.find(':') else {
            return match text.find('T') {
                // Compact: 20261123T080000.
                Some(8) if text[..8].bytes().all(|b| b.is_ascii_digit()) => Self {
                    date: &text[..8],
                    time: &text[9..],
                },
                _ if split(text).is_some() || text.chars().any(char::is_alphabetic) => Self {
                    date: text,
                    time: "",
                },
                _ => Self {
                    date: "",
                    time: text,
                },
            };
        };
        let digits = text[..colon]
            .bytes()
            .rev()
            .take_while(u8::is_ascii_digit)
            .count();
        let (date, time) = text.split_at(colon - digits);
        let date = date
            .trim_end_matches(|c: char| c.is_whitespace() || matches!(c, 'T' | 't' | ',' | '-'));
        Self {
            date: date.trim(),
            time,
        }
    }

    /// Seconds since 1970, as some systems write a moment.
    pub(super) fn epoch(text: &str) -> Option<DateTime<chrono::Utc>> {
        let (whole, _) = text.split_once('.').unwrap_or((text, ""));
        let number: i64 = whole
            .parse()
            .ok()
            .filter(|_| whole.bytes().all(|b| b.is_ascii_digit()))?;
        match whole.len() {
            10 => DateTime::from_timestamp(number, 0),
            13 => DateTime::from_timestamp_millis(number),
            _ => None,
        }
    }
}

/// A time of day and, if it is said, its distance from UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    /// To the microsecond.
    pub(super) time: NaiveTime,
    /// As `+01:00`; empty if it is not said.
    pub(super) offset: String,
    /// Whether it was said to be before or after noon.
    pub(super) has_half: bool,
}

impl TimeOfDay {
    /// Reads a time of day, by a `strftime` pattern if there is one.
    pub(super) fn parse(text: &str, pattern: Option<&str>) -> Option<Self> {
        let text = text.trim();
        if let Some(pattern) = pattern {
            let time = NaiveTime::parse_from_str(text, pattern).ok()?;
            return Some(Self {
                time,
                offset: String::new(),
                has_half: pattern.contains("%p")
                    || pattern.contains("%P")
                    || pattern.contains("%r"),
            });
        }
        if let Some(time) = compact(text) {
            return Some(time);
        }
        let (hour, rest) = number(text, 1..=2)?;
        let (minute, rest) = number(rest.strip_prefix(':')?, 2..=2)?;
        let (second, nanos, rest) = seconds(rest)?;
        let (half, rest) = half_of_day(rest);
        let hour = match half {
            None => hour,
            // Past 12 the mark is an ornament of a 24-hour clock, as `%H:%M %p` prints.
            Some(Half::Before) => match hour {
                12 => 0,
                0..12 => hour,
                _ => return None,
            },
            Some(Half::After) => match hour {
                0 => return None,
                1..12 => hour + 12,
                _ => hour,
            },
        };
        Some(Self {
            time: NaiveTime::from_hms_nano_opt(hour, minute, second.unwrap_or(0), nanos)?,
            offset: offset(rest, second.is_some())?,
            has_half: half.is_some(),
        })
    }

    /// The microseconds of its second, which the station's own reader of times does not take.
    pub(super) fn micros(&self) -> i64 {
        i64::from(self.time.nanosecond() / 1000)
    }
}

/// A number of so many digits, and what follows it.
fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<(u32, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    digits.contains(&length).then_some(())?;
    Some((text[..length].parse().ok()?, &text[length..]))
}

/// Seconds with their fraction, if there are any.
fn seconds(text: &str) -> Option<(Option<u32>, u32, &str)> {
    let Some(rest) = text.strip_prefix(':') else {
        return Some((None, 0, text));
    };
    let (second, rest) = number(rest, 2..=2)?;
    let Some(fraction) = rest.strip_prefix(['.', ',']) else {
        return Some((Some(second), 0, rest));
    };
    let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 {
        return None;
    }
    let digits: String = fraction[..length]
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    Some((Some(second), digits.parse().ok()?, &fraction[length..]))
}

/// Six digits: 080000.
fn compact(text: &str) -> Option<TimeOfDay> {
    let (_, rest) = number(text, 6..=6)?;
    let digits = &text[..6];
    Some(TimeOfDay {
        time: NaiveTime::parse_from_str(digits, "%H%M%S").ok()?,
        offset: offset(rest, true)?,
        has_half: false,
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Half {
    Before,
    After,
}

/// "AM", "p.m.", "a. m.", and what follows.
fn half_of_day(text: &str) -> (Option<Half>, &str) {
    let mut letters = text
        .char_indices()
        .filter(|(_, c)| !c.is_whitespace() && *c != '.');
    let half = match letters.next() {
        Some((_, 'a' | 'A')) => Half::Before,
        Some((_, 'p' | 'P')) => Half::After,
        _ => return (None, text),
    };
    match letters.next() {
        Some((at, 'm' | 'M')) => (Some(half), text[at + 1..].trim_start_matches('.')),
        _ => (None, text),
    }
}

/// `Z`, `UTC`, `+01:00`, `+0100`, and after seconds `+01`, as `+01:00`.
pub(super) fn offset(text: &str, may_be_hours: bool) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some(String::new());
    }
    if ["z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some("+00:00".into());
    }
    let (sign, digits) = match text.as_bytes()[0] {
        b'+' => ('+', &text[1..]),
        b'-' => ('-', &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.as_bytes() {
        [_, _, b':', _, _] => (&digits[..2], &digits[3..]),
        [_, _, _, _] => digits.split_at_checked(2)?,
        [_, _] if may_be_hours => (digits, "00"),
        _ => return None,
    };
    let (hours, minutes) = (number(hours, 2..=2)?.0, number(minutes, 2..=2)?.0);
    (hours <= 14 && minutes < 60).then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(texts: &[&str]) -> Result<String, String> {
        let dates =
            Dates::of(&texts.iter().copied(), None, "\"date\"").map_err(|e| e.to_string())?;
        let days: Vec<_> = texts.iter().map(|text| dates.day(text)).collect();
        assert!(days.iter().any(Option::is_some));
        Ok(dates.describe())
    }

    #[test]
    fn a_column_of_days_is_read_in_the_one_form_that_fits_all_of_it() {
        for (texts, expected) in [
            (&["2026-11-02", "2026-11-23"][..], "year-month-day"),
            (&["20261102"], "year-month-day"),
            (&["02/11/2026", "23/11/2026"], "day/month/year"),
            (&["11-02-2026", "11-23-2026"], "month/day/year"),
            (&["23.11.2026"], "day/month/year"),
            // Both readings are the same days.
            (&["11/11/2026", "12/12/2026"], "day/month/year"),
            (
                &["02-Nov-2026", "3 de noviembre de 2026", "Nov 4, 2026"],
                "year-month-day",
            ),
        ] {
            assert_eq!(form(texts).unwrap(), expected, "{texts:?}");
        }
        for texts in [
            &["02/11/2026", "03/11/2026"][..],
            &["02.11.2026"],
            &["23/11/26"],
        ] {
            let error = form(texts).unwrap_err();
            assert!(error.contains("--dates dmy"), "{error}");
        }
        let stated = Dates::of(&["02/11/26"].into_iter(), Some(&DateForm::Dmy), "").unwrap();
        assert_eq!(stated.day("02/11/26"), NaiveDate::from_ymd_opt(2026, 11, 2));
        assert_eq!(stated.day("31/02/2026"), None);
        let pattern = DateForm::parse("%d_%m_%Y").unwrap();
        assert_eq!(
            pattern.day("02_11_2026", false),
            NaiveDate::from_ymd_opt(2026, 11, 2)
        );
    }

    #[test]
    fn a_cell_is_taken_apart_at_its_time() {
        for (text, date, time) in [
            ("2026-11-02 08:01:22", "2026-11-02", "08:01:22"),
            ("2026-11-02T07:01:22Z", "2026-11-02", "07:01:22Z"),
            ("02/11/2026, 8:01 AM", "02/11/2026", "8:01 AM"),
            ("Nov 2, 2026 08:01", "Nov 2, 2026", "08:01"),
            ("20261102T080122", "20261102", "080122"),
            ("2026-11-02", "2026-11-02", ""),
            ("08:01", "", "08:01"),
        ] {
            assert_eq!(Stamp::split(text), Stamp { date, time }, "{text}");
        }
        assert_eq!(
            Stamp::epoch("1793606400").unwrap().to_rfc3339(),
            "2026-11-02T08:00:00+00:00"
        );
        assert_eq!(Stamp::epoch("20261102"), None);
    }

    #[test]
    fn times_of_day_are_read_to_the_microsecond() {
        let read = |text: &str| {
            let time = TimeOfDay::parse(text, None)?;
            Some(format!(
                "{}{}",
                time.time.format("%H:%M:%S%.f"),
                time.offset
            ))
        };
        for (text, expected) in [
            ("8:01", "08:01:00"),
            ("08:01:22.5", "08:01:22.500"),
            ("08:01:22,123456789+0530", "08:01:22.123456789+05:30"),
            ("07:01:22Z", "07:01:22+00:00"),
            ("07:01:22 UTC", "07:01:22+00:00"),
            ("07:01:22-05", "07:01:22-05:00"),
            ("8:01 AM", "08:01:00"),
            ("12:10 a. m.", "00:10:00"),
            ("12:10 PM", "12:10:00"),
            ("5:05 p.m.", "17:05:00"),
            ("17:05:00 PM", "17:05:00"),
            ("080122", "08:01:22"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "24:00",
            "13:00 AM",
            "0:10 PM",
            "08:01-22",
            "08:01-05",
            "8",
            "08:1",
            "08:01:22.",
            "08:01 foo",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        let stated = TimeOfDay::parse("08:01-22", Some("%H:%M-%S")).unwrap();
        assert_eq!(stated.time.to_string(), "08:01:22");
    }
}
