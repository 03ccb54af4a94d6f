//! Files as other systems write them, each made here, through the whole reader.

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::*;
use crate::core::day::AttendanceMode;
use crate::core::person::{PersonCode, PersonName};

mod faces;

const PEOPLE: [(&str, &str); 4] = [
    ("E-1", "Ana Torres"),
    ("E-2", "Bruno Díaz"),
    ("E-3", "Eva Gil"),
    ("7", "Iñaki Núñez"),
];

fn roster() -> Roster {
    let people = PEOPLE.map(|(code, name)| {
        (
            PersonCode::parse(code).unwrap(),
            PersonName::parse(name).unwrap(),
        )
    });
    Roster::new(
        people.to_vec(),
        &PEOPLE.map(|(code, _)| PersonCode::parse(code).unwrap()),
    )
}

/// A station one hour east of Greenwich all year.
fn with_calendar<T>(read: impl FnOnce(&Calendar<'_>) -> T) -> T {
    let parse_time = |text: &str| {
        let text = if text.len() > 19 || text.ends_with(":00") && text.matches(':').count() > 2 {
            text.to_owned()
        } else {
            format!("{text}+01:00")
        };
        ["%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M%:z"]
            .iter()
            .find_map(|format| DateTime::parse_from_str(&text, format).ok())
            .map(|at| at.with_timezone(&FixedOffset::east_opt(3600).unwrap()))
            .ok_or_else(|| format!("{text:?} is no time"))
    };
    let rule = AttendancePolicy {
        mode: AttendanceMode::Toggle,
        cooldown: Duration::from_secs(300),
        day_starts_at: NaiveTime::MIN,
    };
    read(&Calendar {
        parse_time: &parse_time,
        today: NaiveDate::from_ymd_opt(2026, 11, 25).unwrap(),
        local_day: &|at| at.date_naive(),
        rule: &rule,
        zone: "Europe/Madrid",
    })
}

fn punches_of(bytes: &[u8], hints: &Hints) -> Result<Vec<String>, String> {
    let read = with_calendar(|calendar| attendance(bytes, calendar, &roster(), hints));
    let read = read.map_err(|error| error.to_string())?;
    let line = |event: &crate::store::ImportedEvent| {
        format!(
            "{} {} {}",
            event.code,
            event.when.at.format("%m-%d %H:%M:%S%.f"),
            event.direction
        )
    };
    Ok(read.rows.rows.iter().map(line).collect())
}

fn punches(text: &str) -> Result<Vec<String>, String> {
    punches_of(text.as_bytes(), &Hints::default())
}

fn people_of(bytes: &[u8], hints: &Hints) -> Result<Vec<String>, String> {
    let read = with_calendar(|calendar| people(bytes, calendar, &roster(), hints));
    let read = read.map_err(|error| error.to_string())?;
    let line = |person: &crate::store::ImportedPerson| format!("{} {}", person.code, person.name);
    Ok(read.rows.rows.iter().map(line).collect())
}

fn hints() -> Hints {
    Hints {
        code_prefix: "P-".into(),
        ..Hints::default()
    }
}

#[test]
fn people_are_read_whatever_the_columns_are_called() {
    for (text, expected) in [
        (
            "\u{FEFF}Name,Room,CODE,team\r\n\"Gil, Eva\",7,X-1,Night\r\n",
            "X-1 Gil, Eva",
        ),
        (
            "Código;Nombre;Equipo\nX-1;Gil, Eva;noche\n;;\n;;\n",
            "X-1 Gil, Eva",
        ),
        (
            "SERIAL NO.,,ID,,NAME\n1,,X-1,,\"Gil, Eva\"\n",
            "X-1 Gil, Eva",
        ),
        (
            "dni,nombres,apellidos\n20,María,Paz Soldán\n",
            "20 María Paz Soldán",
        ),
        ("emp_id\tfull_name\n20\tMaría Paz\n", "20 María Paz"),
        ("Vorname;Name;Personalnummer\nEva;Gil;20\n", "20 Eva Gil"),
        // Without codes: the one there is, or the next free one.
        ("name\nEva Gil\n", "E-3 Eva Gil"),
        ("nombre\nCarla Ruiz\n", "P-001 Carla Ruiz"),
    ] {
        assert_eq!(
            people_of(text.as_bytes(), &hints()).unwrap(),
            [expected],
            "{text}"
        );
    }
}

#[test]
fn people_that_are_not_certain_are_a_question() {
    for (text, word) in [
        ("code,name,name\nX-1,Eva,Gil\n", "--map name=#2"),
        ("Kennung,Mensch\nX-1,Eva\n", "--map name="),
        ("name\nCarla\nCarla\n", "cannot be told apart"),
        ("name\neva gil\n", "may be Eva Gil (E-3)"),
        (
            "code,name\nX-1,Eva\nx-1,Carla\n",
            "line 3: its code belongs to Eva in line 2",
        ),
        (
            "code,name\nE-3,\n../x,Bruno\nE-4,Dora,more\n",
            "line 4: it has 3 cells",
        ),
        ("code,name,consent\nX-1,Eva,02/11/2026\n", "--dates dmy"),
        ("{\"code\": 1}", "JSON"),
        ("", "no rows"),
    ] {
        let error = people_of(text.as_bytes(), &hints()).unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
    let mapped = Hints {
        map: vec![
            (Field::Code, Column::parse("Kennung").unwrap()),
            (Field::Name, Column::parse("#2").unwrap()),
        ],
        ..hints()
    };
    assert_eq!(
        people_of(b"Kennung,Mensch\nX-1,Eva\n", &mapped).unwrap(),
        ["X-1 Eva"]
    );
}

#[test]
fn punches_are_read_whatever_the_columns_and_words_are() {
    let both = ["E-1 11-23 08:01:22 in", "E-1 11-23 17:05:00 out"];
    for text in [
        "code,direction,time\nE-1,in,2026-11-23 08:01:22\nE-1,out,2026-11-23 17:05\n",
        "Código;Tipo;Fecha;Hora\ne-1;Entrada;23/11/2026;8:01:22\ne-1;Salida;23/11/2026;17:05:00\n",
        "Name\tIn/Out\tTimestamp\nANA TORRES\tC/In\t2026-11-23T07:01:22Z\nana torres\tC/Out\t2026-11-23T16:05:00.000Z\n",
        "employee_id,employee_name,mode,datetime\nE-1,Ana Torres,checkin,23 Nov 2026 8:01:22 AM\nE-1,Ana Torres,checkout,23 Nov 2026 5:05 PM\n",
        "Name,Date,In,Out\nAna Torres,2026-11-23,08:01:22,17:05:00\nEva Gil,2026-11-23,-,-\n",
        "Id,Name,Date,Time\n99,Ana Torres,2026-11-23,08:01:22\n99,Ana Torres,2026-11-23,17:05:00\n",
        "E-1\t2026-11-23 08:01:22\t1\t0\t1\t0\nE-1\t2026-11-23 17:05:00\t1\t1\t1\t0\n",
        "\n\nAna Torres,23/11/2026,08:01:22\nAna Torres,23/11/2026,08:02:00\nAna Torres,23/11/2026,17:05:00\n",
        "code,estado,time\nE-1,E,1795417282\nE-1,S,1795449900000\n",
    ] {
        assert_eq!(punches(text).unwrap(), both, "{text}");
    }
}

#[test]
fn punches_without_a_direction_alternate_and_the_absent_have_none() {
    let text = "id,student_id,course_id,attendance_date,status,check_in_time\n\
        u1,E-1,c1,2026-11-23,presente,2026-11-23 08:01:22.5\n\
        u2,E-2,c1,2026-11-23,tarde,2026-11-23 08:20:00\n\
        u3,E-3,c1,2026-11-23,ausente,\n";
    let expected = ["E-1 11-23 08:01:22.500 in", "E-2 11-23 08:20:00 in"];
    assert_eq!(punches(text).unwrap(), expected);
    let text = "Name,Date,Time,Status\nEva Gil,2026-11-23,17:00,Present\nEva Gil,2026-11-23,08:00,Present\n";
    assert_eq!(
        punches(text).unwrap(),
        ["E-3 11-23 17:00:00 out", "E-3 11-23 08:00:00 in"]
    );
    let night = "Name,Date,In,Out\nEva Gil,2026-11-23,22:00,06:00\n";
    assert_eq!(
        punches(night).unwrap(),
        ["E-3 11-23 22:00:00 in", "E-3 11-24 06:00:00 out"]
    );
}

#[test]
fn what_this_program_exports_is_read_again() {
    let text = "event,day,code,name,date,time,utc_offset,direction,voided\r\n\
        1,2026-11-23,E-1,Ana Torres,2026-11-24,01:30:00,+01:00,out,no\r\n";
    let read = with_calendar(|calendar| attendance(text.as_bytes(), calendar, &roster(), &hints()))
        .unwrap();
    let when = read.rows.rows[0].when;
    assert_eq!(when.at.to_rfc3339(), "2026-11-24T01:30:00+01:00");
    assert_eq!(when.local_day.to_string(), "2026-11-23");
    assert_eq!(when.at.date_naive() - when.local_day, TimeDelta::days(1));
    let voided = text.replace(",no\r", ",yes\r");
    assert!(punches(&voided).unwrap_err().contains("voided"));
}

#[test]
fn punches_that_are_not_certain_are_a_question() {
    for (text, word) in [
        (
            "code,direction,time\nE-1,in,02/11/2026 08:01\n",
            "--dates dmy",
        ),
        ("Name,Time\nAna Torres,08:01:22\n", "--day"),
        ("code,mode,time\nE-1,0,2026-11-23 08:00\n", "--in WORD"),
        (
            "code,time\nE-9,2026-11-23 08:00\n",
            "nobody has the code E-9",
        ),
        (
            "Name,timestamp\nCarla,2026-11-23 08:00\n",
            "nobody is called Carla",
        ),
        (
            "code,name,timestamp\nE-1,Eva Gil,2026-11-23 08:00\n",
            "--by code or --by name",
        ),
        (
            "code,direction,time\nE-1,in,2026-11-23 08:00\nE-1,up,2026-11-23 09:00\n",
            "line 3: \"up\"",
        ),
        (
            "code,direction,time\nE-1,in,2026-11-23 08:00\nE-1,in,yesterday\n",
            "line 3",
        ),
        (
            "code,direction,date,time\nE-1,in,2026-11-23,8:00 AM\nE-1,out,2026-11-23,5:00\n",
            "no AM or PM",
        ),
        (
            "E-1\t2026-11-23 08:00:00\t1\t0\nE-1\t2026-11-23 17:00:00\t1\t0\n",
            "--directions alternate",
        ),
        (
            "E-1\t2026-11-23 08:00:00\t0\t1\nE-1\t2026-11-23 17:00:00\t1\t1\n",
            "--map direction=#3",
        ),
        ("Name,Date,In,Out\nEva Gil,2026-11-23,8h,17:00\n", "line 2"),
        ("wer,wann\nAna,gestern\n", "--map name="),
        (
            "code,code,time\nE-1,E-1,2026-11-23 08:00\n",
            "--map code=#1",
        ),
    ] {
        let error = punches(text).unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn the_options_answer_the_questions() {
    let stated = |change: &dyn Fn(&mut Hints), text: &str| {
        let mut hints = hints();
        change(&mut hints);
        punches_of(text.as_bytes(), &hints).unwrap()
    };
    let one = ["E-1 11-02 08:01:22 in"];
    let dmy = |hints: &mut Hints| hints.dates = DateForm::parse("dmy");
    assert_eq!(stated(&dmy, "Ana Torres,02/11/2026,08:01:22\n"), one);
    let day = |hints: &mut Hints| {
        hints.day = "2026-11-02".parse().ok();
        hints.times = Some("%H:%M-%S".into());
    };
    assert_eq!(stated(&day, "NAME,TIME\nAna Torres,08:01-22\n"), one);
    let words = |hints: &mut Hints| {
        hints.words_in = vec!["0".into()];
        hints.words_out = vec!["1".into()];
    };
    assert_eq!(
        stated(&words, "code,mode,time\nE-1,0,2026-11-02 08:01:22\n"),
        one
    );
    let alternate = |hints: &mut Hints| hints.directions = Some(Directions::Alternate);
    let log = "E-1\t2026-11-02 08:01:22\t1\t0\nE-1\t2026-11-02 17:00:00\t1\t0\n";
    assert_eq!(
        stated(&alternate, log),
        ["E-1 11-02 08:01:22 in", "E-1 11-02 17:00:00 out"]
    );
    let pushed = |hints: &mut Hints| hints.map = vec![(Field::Direction, Column::Place(2))];
    let log = "E-1\t2026-11-02 08:01:22\t0\t1\nE-1\t2026-11-02 17:00:00\t1\t1\n";
    assert_eq!(
        stated(&pushed, log),
        ["E-1 11-02 08:01:22 in", "E-1 11-02 17:00:00 out"]
    );
    let by_name = |hints: &mut Hints| hints.by = Some(By::Name);
    assert_eq!(
        stated(
            &by_name,
            "code,name,timestamp\n7,Ana Torres,2026-11-02 08:01:22\n"
        ),
        one
    );
    let semicolons = |hints: &mut Hints| hints.separator = Some(b';');
    assert_eq!(
        stated(&semicolons, "code;time;note\nE-1;2026-11-02 08:01:22;a,b\n"),
        one
    );
}

#[test]
fn what_was_understood_is_said() {
    let text = "Nombre;Fecha;Hora;Foto\nAna Torres;23/11/2026;08:00;x.jpg\n;;;\n";
    let read = with_calendar(|calendar| attendance(text.as_bytes(), calendar, &roster(), &hints()))
        .unwrap();
    let Understood {
        facts,
        remarks,
        first_rows,
    } = read.understood;
    let fact = |name: &str| facts.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(fact("separator"), "semicolon");
    assert_eq!(fact("encoding"), "UTF-8");
    assert_eq!(fact("days"), "day/month/year");
    assert_eq!(fact("not used"), "\"Foto\"");
    assert_eq!(fact("people"), "by name");
    assert!(fact("columns").contains("date = \"Fecha\""));
    assert!(fact("zone").contains("Europe/Madrid"));
    assert_eq!(remarks, ["1 row held nothing"]);
    assert!(first_rows[0].starts_with("E-1"), "{first_rows:?}");
}

/// The ways in which one text becomes a file.
fn encoded(text: &str, encoding: usize) -> Vec<u8> {
    let wide =
        |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
    match encoding {
        0 => text.as_bytes().to_vec(),
        1 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        2 => [&[0xff, 0xfe][..], &wide(u16::to_le_bytes)].concat(),
        3 => [&[0xfe, 0xff][..], &wide(u16::to_be_bytes)].concat(),
        _ => WINDOWS_1252.encode(text).0.into_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_separator_encoding_and_line_end_give_the_same_rows(
        rows in prop::collection::vec((0usize..4, 1u32..28, 0u32..24, 0u32..60, any::<bool>()), 1..12),
        separator in 0usize..4,
        encoding in 0usize..5,
        is_dos in any::<bool>(),
        is_quoted in any::<bool>(),
        blank in 0usize..3,
    ) {
        let (separator, end) = ([",", ";", "\t", "|"][separator], if is_dos { "\r\n" } else { "\n" });
        let quoted = |cell: &str| if is_quoted { format!("\"{cell}\"") } else { cell.to_owned() };
        let line = |cells: &[&str]| cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(separator) + end;
        let mut text = line(&["Código", "Nombre", "Sentido", "Fecha", "Hora"]);
        // One day that can be read in one way only.
        let mut expected = vec!["E-1 11-30 08:00:00 in".to_owned(), "E-1 11-30 09:00:00 out".to_owned()];
        text += &line(&["E-1", "Ana Torres", "entrada", "30/11/2026", "08:00"]);
        text += &line(&["E-1", "Ana Torres", "salida", "30/11/2026", "09:00"]);
        for (who, day, hour, minute, is_in) in rows {
            let (code, name) = PEOPLE[who];
            let direction = if is_in { "entrada" } else { "salida" };
            text += &line(&[code, name, direction, &format!("{day:02}/11/2026"), &format!("{hour:02}:{minute:02}")]);
            let way = if is_in { "in" } else { "out" };
            expected.push(format!("{code} 11-{day:02} {hour:02}:{minute:02}:00 {way}"));
        }
        text += &format!("{}{end}", separator.repeat(4)).repeat(blank);
        prop_assert_eq!(punches_of(&encoded(&text, encoding), &hints()).unwrap(), expected);
    }

    #[test]
    fn bytes_of_any_kind_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300), start in 0usize..5) {
        let starts: [&[u8]; 5] = [b"", b"\x93NUMPY\x01\x00\x40\x00", b"{\"Ana\": [", b"PK\x03\x04", b"name,time\n"];
        let bytes = [starts[start], &bytes].concat();
        let _ = embeddings::read(&bytes, &hints());
        let _ = punches_of(&bytes, &hints());
        let _ = people_of(&bytes, &hints());
    }
}
