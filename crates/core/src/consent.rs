//! The day on which somebody agreed to be recognised.
//!
//! A day, not its midnight: where the clocks are set forward at midnight, some days have none.

use chrono::NaiveDate;

/// Nobody was asked before; an earlier year is a slip of the pen.
const FIRST_YEAR: i32 = 2000;

/// Why a text is no day of consent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsentError {
    /// Not a day at all.
    #[error("the consent {0:?} is no day: write today, or a day as 2026-11-23")]
    NoDay(String),
    /// A day after this one.
    #[error("the consent of {0} is still to come: write today, or an earlier day")]
    ToCome(NaiveDate),
    /// A day long before anybody could be recognised.
    #[error("the consent of {0} is too long ago: check its year")]
    LongAgo(NaiveDate),
}

/// Reads a day of consent: `today`, or a day that is not to come. Of a time its date counts.
///
/// # Errors
/// If it is no such day.
pub fn parse(text: &str, today: NaiveDate) -> Result<NaiveDate, ConsentError> {
    let text = text.trim();
    if text.eq_ignore_ascii_case("today") {
        return Ok(today);
    }
    let no_day = || ConsentError::NoDay(text.to_owned());
    let (date, rest) = text.split_at_checked(10).ok_or_else(no_day)?;
    // What stands behind the date is a time, which does not matter.
    if !rest.is_empty() && !rest.starts_with([' ', 'T', 't']) {
        return Err(no_day());
    }
    let day = NaiveDate::parse_from_str(date, "%Y-%m-%d").map_err(|_| no_day())?;
    check(day, today)
}

/// Checks a day that was read elsewhere.
///
/// # Errors
/// If it is to come, or too long ago.
pub fn check(day: NaiveDate, today: NaiveDate) -> Result<NaiveDate, ConsentError> {
    if day > today {
        return Err(ConsentError::ToCome(day));
    }
    if chrono::Datelike::year(&day) < FIRST_YEAR {
        return Err(ConsentError::LongAgo(day));
    }
    Ok(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_is_a_day_wherever_it_is() {
        let today = day("2026-11-25");
        for (text, expected) in [
            ("today", "2026-11-25"),
            (" 2026-11-01 ", "2026-11-01"),
            // No clock in Beirut showed its midnight.
            ("2026-03-29", "2026-03-29"),
            ("2026-11-01T09:30:00+01:00", "2026-11-01"),
            ("2026-11-01 00:00", "2026-11-01"),
        ] {
            assert_eq!(parse(text, today), Ok(day(expected)), "{text}");
        }
    }

    #[test]
    fn what_is_no_day_of_consent_is_told() {
        let today = day("2026-11-25");
        for (text, word) in [
            ("", "no day"),
            ("yes", "no day"),
            ("2026-13-01", "no day"),
            ("2026-11-011", "no day"),
            ("01/11/2026", "no day"),
            ("2026-11-26", "to come"),
            ("1899-12-30", "too long ago"),
            ("ñññññññññññ", "no day"),
        ] {
            let error = parse(text, today).unwrap_err().to_string();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
