use super::*;
use chrono::{Datelike, Utc, Weekday};
use chrono_tz::Tz;
use proptest::prelude::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn calendar(events: &str) -> String {
    format!("BEGIN:VCALENDAR\nVERSION:2.0\n{events}\nEND:VCALENDAR\n")
}

fn read_at(station: Tz, events: &str) -> Result<Holidays, HolidayError> {
    let text = calendar(events).replace('\n', "\r\n");
    Holidays::parse(text.as_bytes(), &station)
}

fn event(lines: &str) -> Result<Holidays, HolidayError> {
    event_at(Tz::Europe__Madrid, lines)
}

fn event_at(station: Tz, lines: &str) -> Result<Holidays, HolidayError> {
    read_at(station, &format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT"))
}

/// All days of a calendar up to a year.
fn days_until(holidays: &Holidays, year: i32) -> Vec<String> {
    holidays
        .days
        .keys()
        .filter(|day| day.year() <= year)
        .map(ToString::to_string)
        .collect()
}

#[test]
fn a_single_day_and_several() {
    let one = event("DTSTART;VALUE=DATE:20261226\nSUMMARY:St. Stephen\\, again").unwrap();
    assert_eq!(one.name_of(day("2026-12-26")), Some("St. Stephen, again"));
    assert_eq!(one.name_of(day("2027-12-26")), None);
    for (end, last) in [
        ("DTEND;VALUE=DATE:20270104", "2027-01-03"),
        ("DURATION:P1W", "2027-01-03"),
        ("DURATION:P2D", "2026-12-29"),
        ("DURATION:PT48H", "2026-12-29"),
        ("DTEND;VALUE=DATE:20261228", "2026-12-28"),
    ] {
        let several = event(&format!("DTSTART;VALUE=DATE:20261228\n{end}")).unwrap();
        assert_eq!(
            days_until(&several, 9999).last().map(String::as_str),
            Some(last),
            "{end}"
        );
    }
}

#[test]
fn every_year() {
    let newyear = event("DTSTART:20200101\nRRULE:FREQ=YEARLY").unwrap();
    assert!(newyear.name_of(day("2031-01-01")).is_some());
    assert!(newyear.name_of(day("2019-01-01")).is_none());
    let until = event("DTSTART:20200101\nRRULE:FREQ=YEARLY;UNTIL=20211231").unwrap();
    assert_eq!(days_until(&until, 9999), ["2020-01-01", "2021-01-01"]);
    let twice = event("DTSTART:20200101\nRRULE:FREQ=YEARLY;INTERVAL=2;COUNT=2").unwrap();
    assert_eq!(days_until(&twice, 9999), ["2020-01-01", "2022-01-01"]);
    let turn = event("DTSTART:20201231\nDTEND:20210102\nRRULE:FREQ=YEARLY").unwrap();
    assert!(turn.name_of(day("2030-01-01")).is_some());
    let leap = event("DTSTART:20240229\nRRULE:FREQ=YEARLY").unwrap();
    assert_eq!(
        days_until(&leap, 2033),
        ["2024-02-29", "2028-02-29", "2032-02-29"]
    );
}

#[test]
fn the_holidays_of_the_united_states() {
    let rules = [
        ("20240115", "FREQ=YEARLY;BYMONTH=1;BYDAY=3MO"),
        ("20240527", "FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"),
        ("20240902", "FREQ=YEARLY;BYMONTH=9;BYDAY=+1MO"),
        ("20241128", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"),
        (
            "20241128",
            "FREQ=YEARLY;BYMONTH=11;BYDAY=TH;BYSETPOS=4;WKST=SU",
        ),
        // The day after the first Monday of November.
        (
            "20241105",
            "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
        ),
    ];
    let expected: [&[&str]; 6] = [
        &[
            "2024-01-15",
            "2025-01-20",
            "2026-01-19",
            "2027-01-18",
            "2028-01-17",
        ],
        &[
            "2024-05-27",
            "2025-05-26",
            "2026-05-25",
            "2027-05-31",
            "2028-05-29",
        ],
        &[
            "2024-09-02",
            "2025-09-01",
            "2026-09-07",
            "2027-09-06",
            "2028-09-04",
        ],
        &[
            "2024-11-28",
            "2025-11-27",
            "2026-11-26",
            "2027-11-25",
            "2028-11-23",
        ],
        &[
            "2024-11-28",
            "2025-11-27",
            "2026-11-26",
            "2027-11-25",
            "2028-11-23",
        ],
        &["2024-11-05", "2028-11-07"],
    ];
    for ((first, rule), expected) in rules.iter().zip(expected) {
        let text = format!("DTSTART;VALUE=DATE:{first}\nRRULE:{rule}");
        let found = event_at(Tz::America__New_York, &text).unwrap();
        assert_eq!(days_until(&found, 2028), expected, "{rule}");
    }
}

#[test]
fn rules_within_a_year() {
    for (rule, expected) in [
        (
            "FREQ=MONTHLY;BYDAY=-1FR;COUNT=3",
            ["2026-01-30", "2026-02-27", "2026-03-27"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;COUNT=3",
            ["2026-01-30", "2026-02-13", "2026-02-27"],
        ),
        (
            "FREQ=DAILY;COUNT=3",
            ["2026-01-30", "2026-01-31", "2026-02-01"],
        ),
        (
            "FREQ=WEEKLY;BYDAY=FR,SA;COUNT=3",
            ["2026-01-30", "2026-01-31", "2026-02-06"],
        ),
        (
            "FREQ=YEARLY;BYYEARDAY=30;COUNT=3",
            ["2026-01-30", "2027-01-30", "2028-01-30"],
        ),
        (
            "FREQ=YEARLY;BYWEEKNO=5;BYDAY=FR;COUNT=3",
            ["2026-01-30", "2027-02-05", "2028-02-04"],
        ),
    ] {
        let found = event(&format!("DTSTART;VALUE=DATE:20260130\nRRULE:{rule}")).unwrap();
        assert_eq!(days_until(&found, 9999), expected, "{rule}");
    }
}

#[test]
fn days_that_are_added_and_left_out() {
    let found = event(
        "DTSTART;VALUE=DATE:20200601\nRRULE:FREQ=YEARLY;COUNT=4\n\
         RDATE;VALUE=DATE:20200701,20200801\nEXDATE;VALUE=DATE:20210601\n\
         EXDATE:20220601T000000Z",
    );
    assert_eq!(
        days_until(&found.unwrap(), 9999),
        ["2020-06-01", "2020-07-01", "2020-08-01", "2023-06-01"]
    );
}

#[test]
fn one_of_a_series_is_moved_or_cancelled() {
    let series = "BEGIN:VEVENT\nUID:a\nSEQUENCE:1\nDTSTART;VALUE=DATE:20260101\n\
        SUMMARY:Inventory\nRRULE:FREQ=MONTHLY;COUNT=4\nEND:VEVENT\n";
    let moved = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260201\n\
        DTSTART;VALUE=DATE:20260203\nSUMMARY:Inventory\\, later\nEND:VEVENT\n";
    let cancelled = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260301\n\
        DTSTART;VALUE=DATE:20260301\nSTATUS:CANCELLED\nEND:VEVENT\n";
    let shortened = "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;VALUE=DATE:20260401\n\
        DTSTART:20260401T080000\nDTEND:20260401T090000\nEND:VEVENT";
    // Its order does not matter.
    let found = [moved, series, cancelled, shortened].concat();
    let found = read_at(Tz::Europe__Madrid, &found).unwrap();
    assert_eq!(days_until(&found, 9999), ["2026-01-01", "2026-02-03"]);
    assert_eq!(found.name_of(day("2026-02-03")), Some("Inventory, later"));
    let older = series
        .replace("SEQUENCE:1", "SEQUENCE:0")
        .replace("20260101", "20250101");
    let found = read_at(Tz::Europe__Madrid, &[&older, series].concat()).unwrap();
    assert_eq!(days_until(&found, 9999)[0], "2026-01-01");
    let off = series.replace("SUMMARY", "STATUS:CANCELLED\nSUMMARY");
    let found = read_at(Tz::Europe__Madrid, &off).unwrap();
    assert!(days_until(&found, 9999).is_empty());
}

#[test]
fn an_event_with_times_is_no_holiday() {
    for lines in [
        "DTSTART;TZID=Europe/Madrid:20261123T160000\nDTEND;TZID=Europe/Madrid:20261123T170000",
        "DTSTART:20261123T160000\nDURATION:PT26H",
        "DTSTART:20261123T000000\nDTEND:20261123T120000",
        "DTSTART:20261123T160000Z\nDTEND:20261125T160000Z\nRRULE:FREQ=WEEKLY\nEXDATE:20261130T160000Z",
        "DTSTART:20261123T160000",
    ] {
        assert!(
            days_until(&event(lines).unwrap(), 9999).is_empty(),
            "{lines}"
        );
    }
}

#[test]
fn whole_days_may_be_written_as_midnights() {
    let vienna = "TZID=\"(UTC+01:00) Amsterdam, Berlin, Vienna\"";
    let far = "TZID=/example.org/2026/Europe/Madrid";
    for lines in [
        "DTSTART:20261123T000000\nDTEND:20261124T000000".to_owned(),
        "DTSTART:20261123T000000\nDTEND:20261123T235959".to_owned(),
        "DTSTART:20261123T000000\nDURATION:PT24H".to_owned(),
        "DTSTART:20261122T230000Z\nDTEND:20261123T230000Z".to_owned(),
        "DTSTART;TZID=Europe/London:20261122T230000\nDTEND;TZID=Europe/London:20261123T230000"
            .to_owned(),
        format!("DTSTART;{vienna}:20261123T000000\nDTEND;{vienna}:20261124T000000"),
        format!("DTSTART;{far}:20261123T000000\nDTEND;{far}:20261124T000000"),
    ] {
        let found = event(&lines).unwrap();
        assert_eq!(days_until(&found, 9999), ["2026-11-23"], "{lines}");
    }
    // In Beirut no clock showed 00:00 on this day.
    let beirut = "DTSTART;TZID=Asia/Beirut:20260329T000000\nDTEND;TZID=Asia/Beirut:20260330T000000";
    let found = event_at(Tz::Asia__Beirut, beirut).unwrap();
    assert_eq!(days_until(&found, 9999), ["2026-03-29"]);
}

#[test]
fn a_zone_that_the_calendar_describes() {
    let zone = "BEGIN:VTIMEZONE\nTZID:Our Zone\nBEGIN:STANDARD\nDTSTART:16010101T030000\n\
        TZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n\
        END:STANDARD\nBEGIN:DAYLIGHT\nDTSTART:16010101T020000\nTZOFFSETFROM:+0100\n\
        TZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\n\
        END:VTIMEZONE\n";
    let event = "BEGIN:VEVENT\nDTSTART;TZID=Our Zone:20261123T000000\n\
        DTEND;TZID=Our Zone:20261124T000000\nRRULE:FREQ=MONTHLY;COUNT=6\nEND:VEVENT";
    let found = read_at(Tz::Europe__Madrid, &[zone, event].concat()).unwrap();
    assert_eq!(days_until(&found, 9999)[5], "2027-04-23");
    let error = read_at(Tz::America__Lima, &[zone, event].concat()).unwrap_err();
    assert!(error.reason.contains("midnight here"), "{error}");
    let error = read_at(Tz::Europe__Madrid, event).unwrap_err();
    assert!(error.reason.contains("\"Our Zone\""), "{error}");
    let lic = zone
        .replace(
            "BEGIN:STANDARD",
            "X-LIC-LOCATION:America/Lima\nBEGIN:STANDARD",
        )
        .replace("RRULE:FREQ=MONTHLY;COUNT=6\n", "");
    let event = event.replace("RRULE:FREQ=MONTHLY;COUNT=6\n", "");
    let found = read_at(Tz::America__Lima, &[lic, event].concat()).unwrap();
    assert_eq!(days_until(&found, 9999), ["2026-11-23"]);
}

#[test]
fn what_does_not_decide_is_stepped_over() {
    let found = event(
        "UID:1\nDTSTAMP:20260101T000000Z\nDTSTART;VALUE=DATE:20261123\nTRANSP:TRANSPARENT\n\
         CLASS:PUBLIC\nCATEGORIES:Holidays\nX-ANYTHING;X-A=\"b;c:d\":e\nSTATUS:CONFIRMED\n\
         BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15H\nREPEAT:2\nDURATION:PT15M\n\
         DTSTART:nonsense\nEND:VALARM",
    );
    assert_eq!(days_until(&found.unwrap(), 9999), ["2026-11-23"]);
    let tasks = "BEGIN:VTODO\nDUE:20261224T000000Z\nRRULE:FREQ=HOURLY\nEND:VTODO\n\
        BEGIN:VEVENT\nDTSTART:20261123\nEND:VEVENT";
    assert!(read_at(Tz::UTC, tasks).is_ok());
}

#[test]
fn any_line_ending_and_any_folding() {
    let text = calendar("BEGIN:VEVENT\nDTSTART:2026\n 1225\nSUMMARY:Christ\n\tmas\nEND:VEVENT");
    for ending in ["\n", "\r\n", "\r"] {
        let file = format!("\u{feff}{}", text.replace('\n', ending));
        let found = Holidays::parse(file.as_bytes(), &Utc).unwrap();
        assert_eq!(found.name_of(day("2026-12-25")), Some("Christmas"));
    }
    // Folded inside of a character, as the standard allows.
    let (head, tail) = text.split_once("Christ\n\tmas").unwrap();
    let file = [head.as_bytes(), b"Ni\xc3\r\n \xb1o", tail.as_bytes()].concat();
    let found = Holidays::parse(&file, &Utc).unwrap();
    assert_eq!(found.name_of(day("2026-12-25")), Some("Niño"));
}

#[test]
fn what_is_not_understood_names_its_line_and_property() {
    let at = "DTSTART;VALUE=DATE:20261225\n";
    for (lines, line, word) in [
        ("SUMMARY:nothing".to_owned(), 3, "DTSTART"),
        ("DTSTART:2026-12-25".to_owned(), 4, "no date"),
        ("DTSTART;VALUE=DATE:2026122".to_owned(), 4, "no date"),
        (
            "DTSTART;VALUE=PERIOD:20261225/P1D".to_owned(),
            4,
            "VALUE=PERIOD",
        ),
        (format!("{at}RRULE:FREQ=HOURLY"), 5, "FREQ=HOURLY"),
        (format!("{at}RRULE:FREQ=YEARLY;BYDAY=4XX"), 5, "BYDAY=4XX"),
        (format!("{at}RRULE:FREQ=YEARLY;BYDAY=XTH"), 5, "BYDAY=XTH"),
        (
            format!("{at}RRULE:FREQ=WEEKLY;BYDAY=2FR"),
            5,
            "numbered weekday",
        ),
        (format!("{at}RRULE:FREQ=YEARLY;BYHOUR=9"), 5, "BYHOUR=9"),
        (format!("{at}RRULE:FREQ=YEARLY;RSCALE=CHINESE"), 5, "RSCALE"),
        (
            format!("{at}RRULE:FREQ=YEARLY;COUNT=2;UNTIL=20300101"),
            5,
            "both",
        ),
        (format!("{at}RRULE:FREQ=YEARLY;FREQ=DAILY"), 5, "twice"),
        (
            format!("{at}RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
            5,
            "RRULE",
        ),
        (
            format!("{at}RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"),
            5,
            "first day of this rule",
        ),
        (format!("{at}RRULE:FREQ=DAILY"), 5, "give it an UNTIL"),
        (format!("{at}RRULE:BYDAY=MO"), 5, "FREQ is missing"),
        (
            format!("{at}RRULE:FREQ=DAILY;UNTIL=20261230T230000Z"),
            5,
            "give it as a date",
        ),
        (format!("{at}EXRULE:FREQ=YEARLY"), 5, "EXRULE"),
        (format!("{at}RULE:FREQ=YEARLY"), 5, "RULE"),
        (
            format!("{at}RDATE;VALUE=PERIOD:20261225T000000/P1D"),
            5,
            "PERIOD",
        ),
        (format!("{at}EXDATE:20271225T090000Z"), 5, "EXDATE"),
        (format!("{at}STATUS:TENTATIVE"), 5, "TENTATIVE"),
        (format!("{at}DTEND;VALUE=DATE:20261220"), 5, "before"),
        (format!("{at}DTEND;VALUE=DATE:20291220"), 5, "no holiday"),
        (format!("{at}DTEND:20261226T000000"), 5, "one kind"),
        (format!("{at}DTEND:20261226\nDURATION:P1D"), 6, "DTEND too"),
        (format!("{at}DURATION:PT5H"), 5, "whole days"),
        (format!("{at}DURATION:-P1D"), 5, "no duration"),
        (format!("{at}DTSTART:20261226"), 5, "twice"),
        (
            format!("{at}RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261225"),
            5,
            "RANGE",
        ),
        (format!("{at}BEGIN:VEVENT\nEND:VEVENT"), 5, "in an event"),
        (format!("{at}of a long day"), 5, "colon"),
        (
            "DTSTART;TZID=America/New_York:20261123T000000\n\
             DTEND;TZID=America/New_York:20261124T000000"
                .to_owned(),
            4,
            "America/New_York",
        ),
        (
            "DTSTART:20261123T000000Z\nDTEND:20261124T000000Z".to_owned(),
            4,
            "UTC",
        ),
        (
            "DTSTART:20261122T230000Z\nDTEND:20261123T230000Z\nRRULE:FREQ=MONTHLY".to_owned(),
            6,
            "clocks differ",
        ),
    ] {
        let error = event(&lines).unwrap_err();
        assert!(error.reason.contains(word), "{lines}: {error}");
        assert_eq!(error.line, line, "{lines}: {error}");
    }
}

#[test]
fn what_is_no_calendar_is_refused() {
    for (file, word) in [
        ("a,b,c\n1,2,3\n", "colon"),
        ("", "no event"),
        ("BEGIN:VCALENDAR\nEND:VCALENDAR\n", "no event"),
        (
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20261225\n",
            "incomplete",
        ),
        ("BEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\n", "outside"),
        (
            "BEGIN:VCALENDAR\nVERSION:1.0\nEND:VCALENDAR\n",
            "version 2.0",
        ),
        ("BEGIN:VCALENDAR\nMETHOD:CANCEL\nEND:VCALENDAR\n", "METHOD"),
        (
            "BEGIN:VCALENDAR\nCALSCALE:JULIAN\nEND:VCALENDAR\n",
            "CALSCALE",
        ),
        (
            "BEGIN:VCALENDAR\nBEGIN:VAVAILABILITY\nEND:VAVAILABILITY\nEND:VCALENDAR\n",
            "VAVAIL",
        ),
        ("BEGIN:VCALENDAR\nEND:VEVENT\n", "not begun"),
    ] {
        let error = Holidays::parse(file.as_bytes(), &Utc).unwrap_err();
        assert!(error.to_string().contains(word), "{file}: {error}");
    }
    assert!(
        Holidays::parse(b"\xff\xfeB\0", &Utc)
            .unwrap_err()
            .reason
            .contains("UTF-16")
    );
    let deep = "BEGIN:VCALENDAR\n".repeat(1000);
    assert!(Holidays::parse(deep.as_bytes(), &Utc).is_err());
}

#[test]
fn a_hostile_calendar_is_cut_off() {
    let weekly = "BEGIN:VEVENT\nDTSTART:19000101\nDURATION:P366D\n\
        RRULE:FREQ=WEEKLY;COUNT=9999\nEND:VEVENT\n";
    let error = read_at(Tz::UTC, weekly).err().unwrap();
    assert!(error.reason.contains("days off"), "{error}");
    let long = weekly.replace("P366D", "P1D").repeat(500);
    let error = read_at(Tz::UTC, &long).err().unwrap();
    assert!(error.reason.contains("days off"), "{error}");
    let many = "BEGIN:VEVENT\nDTSTART:20261225\nEND:VEVENT\n".repeat(MOST_EVENTS + 2);
    assert!(read_at(Tz::UTC, &many).is_err());
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[A-Z:;=0-9 \\n\\\\é\"]{0,300}") {
        let _ = Holidays::parse(text.as_bytes(), &Utc);
        let _ = event(&text);
    }

    #[test]
    fn any_rule_is_read_or_refused(
        parts in proptest::collection::vec((0..12_usize, "[-+A-Z0-9,]{0,6}"), 0..5),
    ) {
        let keys = ["FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYYEARDAY",
            "BYWEEKNO", "BYMONTH", "BYSETPOS", "WKST", "BYEASTER"];
        let rule: Vec<String> =
            parts.iter().map(|(key, value)| format!("{}={value}", keys[*key])).collect();
        let _ = event(&format!("DTSTART:20260101\nRRULE:FREQ=YEARLY;{}", rule.join(";")));
        let _ = event(&format!("DTSTART:20260101\nRRULE:{}", rule.join(";")));
    }

    /// Counted by hand, day by day.
    #[test]
    fn numbered_weekdays_are_those_of_the_month(
        month in 1..=12_u32, number in 1..=4_u32, weekday in 0..7_u8, from_the_end in any::<bool>(),
    ) {
        let weekday = Weekday::try_from(weekday).unwrap();
        let matching = |year: i32| -> NaiveDate {
            let days = (1..=31).filter_map(|d| NaiveDate::from_ymd_opt(year, month, d));
            let mut days: Vec<_> = days.filter(|day| day.weekday() == weekday).collect();
            if from_the_end {
                days.reverse();
            }
            days[number as usize - 1]
        };
        let expected: Vec<String> = (2020..=2030).map(|y| matching(y).to_string()).collect();
        let name = weekday.to_string()[..2].to_uppercase();
        let sign = if from_the_end { "-" } else { "" };
        let first = matching(2020).format("%Y%m%d");
        let found = event(&format!(
            "DTSTART:{first}\nRRULE:FREQ=YEARLY;BYMONTH={month};BYDAY={sign}{number}{name}"
        ));
        prop_assert_eq!(days_until(&found.unwrap(), 2030), expected);
    }
}
