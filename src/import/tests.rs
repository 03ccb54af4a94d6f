//! Files as other systems write them, each made here, through the whole reader.

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use encoding_rs::WINDOWS_1252;
use proptest::prelude::*;

use super::embeddings::{DIM, Whose};
use super::*;
use crate::core::day::AttendanceMode;
use crate::core::person::{PersonCode, PersonName};

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
    Roster::new(people.to_vec(), &PEOPLE.map(|(code, _)| code.to_owned()))
}

/// A station one hour east of Greenwich all year.
fn with_calendar<T>(read: impl FnOnce(&Calendar<'_>) -> T) -> T {
    let parse_time = |text: &str| {
        let text = match text.len() > 19 || text.ends_with(":00") && text.matches(':').count() > 2 {
            true => text.to_owned(),
            false => format!("{text}+01:00"),
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

/// A direction that is no other's.
fn vector(seed: usize, scale: f32) -> Vec<f32> {
    (0..DIM)
        .map(|place| scale * ((place * 31 + seed * 17) % 97) as f32 / 97.0 - scale / 2.0)
        .collect()
}

fn joined(numbers: &[f32], between: &str) -> String {
    numbers
        .iter()
        .map(f32::to_string)
        .collect::<Vec<_>>()
        .join(between)
}

/// Whose the faces of a file are, if they are those of [`vector`] by number.
fn owners(bytes: &[u8], hints: &Hints, seeds: &[usize]) -> Result<Vec<String>, String> {
    let read = embeddings::read(bytes, hints).map_err(|error| error.to_string())?;
    assert_eq!(read.rows.rows.len(), seeds.len());
    for (row, seed) in read.rows.rows.iter().zip(seeds) {
        let expected = crate::core::embedding::Embedding::from_raw(vector(*seed, 1.0)).unwrap();
        let similarity = row.embedding.similarity(&expected).0;
        assert!(similarity > 0.9999, "{similarity}");
    }
    let owner = |whose: &Whose| match whose {
        Whose::Name(name) => name.to_string(),
        Whose::Code(code, name) => {
            format!("{code}:{}", name.as_ref().map_or("", |name| name.as_str()))
        }
    };
    Ok(read.rows.rows.iter().map(|row| owner(&row.whose)).collect())
}

#[test]
fn faces_are_read_in_the_layouts_of_similar_systems() {
    let raw = |seed| vector(seed, 20.0);
    let list = |seed| format!("\"[{}]\"", joined(&raw(seed), ", "));
    let header = |prefix: &str| {
        (0..DIM)
            .map(|n| format!("{prefix}{n}"))
            .collect::<Vec<_>>()
            .join(",")
    };
    let columns = |seed| joined(&raw(seed), ",");
    let comma = |seed| joined(&raw(seed), ";").replace('.', ",");
    let backwards: Vec<String> = (0..DIM).rev().map(|n| format!("f{n}")).collect();
    let mut turned = raw(1);
    turned.reverse();
    for text in [
        format!(
            "name,embedding\nAna,{}\nEva,{}\n",
            joined(&raw(1), ";"),
            joined(&raw(2), ";")
        ),
        format!("nombre,embedding\nAna,{}\nEva,{}\n", list(1), list(2)),
        format!(",name,embedding\n0,Ana,{}\n1,Eva,{}\n", list(1), list(2)),
        format!(
            "name,image,encoding\nAna,a.jpg,{}\nEva,b.jpg,{}\n",
            list(1),
            list(2)
        ),
        format!("Ana,{}\nEva,{}\n", list(1), list(2)),
        format!("Ana,{}\nEva,{}\n", columns(1), columns(2)),
        format!(
            "name,{}\nAna,{}\nEva,{}\n",
            header("f"),
            columns(1),
            columns(2)
        ),
        format!(
            "{},name\n{},Ana\n{},Eva\n",
            header(""),
            columns(1),
            columns(2)
        ),
        format!(
            ",name,{}\n0,Ana,{}\n1,Eva,{}\n",
            header(""),
            columns(1),
            columns(2)
        ),
        format!(
            "id,name,{}\nx0,Ana,{}\nx1,Eva,{}\n",
            header("emb_"),
            columns(1),
            columns(2)
        ),
        format!(
            "name;{}\nAna;{}\nEva;{}\n",
            header("").replace(',', ";"),
            comma(1),
            comma(2)
        ),
        format!("Ana;{}\nEva;{}\n", comma(1), comma(2)),
        format!(
            "{}\nAna;{}\nEva;{}\n",
            (0..=DIM)
                .map(|n| n.to_string())
                .collect::<Vec<_>>()
                .join(";"),
            comma(1),
            comma(2)
        ),
        format!(
            "name,{}\nAna,{}\nEva,{}\n",
            backwards.join(","),
            joined(&turned, ","),
            {
                let mut turned = raw(2);
                turned.reverse();
                joined(&turned, ",")
            }
        ),
        format!("{{\"Ana\": [{}], \"Eva\": [[{}]]}}", columns(1), columns(2)),
        format!(
            "[{{\"name\": \"Ana\", \"embedding\": [{}]}}, {{\"name\": \"Eva\", \"embedding\": [{}]}}]",
            columns(1),
            columns(2)
        ),
        format!(
            "{{\"names\": [\"Ana\", \"Eva\"], \"encodings\": [[{}], [{}]]}}",
            columns(1),
            columns(2)
        ),
        format!(
            "{{\"name\": \"Ana\", \"vector\": [{}]}}\n{{\"name\": \"Eva\", \"vector\": [{}]}}\n",
            columns(1),
            columns(2)
        ),
    ] {
        let found = owners(text.as_bytes(), &hints(), &[1, 2]);
        assert_eq!(
            found.unwrap(),
            ["Ana", "Eva"],
            "{}",
            &text[..60.min(text.len())]
        );
    }
}

#[test]
fn whose_a_face_is_comes_from_a_code_the_files_name_or_the_operator() {
    let line = |seed| joined(&vector(seed, 20.0), ";");
    let called = |name: &str| Hints {
        file_name: name.into(),
        ..hints()
    };
    let codes = format!("student_id,embedding\n2021,{}\n", line(1));
    assert_eq!(owners(codes.as_bytes(), &hints(), &[1]).unwrap(), ["2021:"]);
    let both = format!("codigo,nombre,embedding\nE-1,Ana,{}\n", line(1));
    assert_eq!(
        owners(both.as_bytes(), &hints(), &[1]).unwrap(),
        ["E-1:Ana"]
    );
    let numbered = format!("image_number,embedding\n1,{}\n2,{}\n", line(1), line(2));
    assert_eq!(
        owners(numbered.as_bytes(), &called("Ana Torres.csv"), &[1, 2]).unwrap(),
        ["Ana Torres", "Ana Torres"]
    );
    for generic in ["embeddings.csv", "face_data.csv", "2024.csv", ""] {
        let error = owners(numbered.as_bytes(), &called(generic), &[]).unwrap_err();
        assert!(error.contains("--name"), "{error}");
    }
    let stated = Hints {
        name: Some("Ana".into()),
        ..hints()
    };
    assert_eq!(
        owners(numbered.as_bytes(), &stated, &[1, 2]).unwrap(),
        ["Ana", "Ana"]
    );
    let listed = Hints {
        names: Some(vec!["Ana".into(), "Eva".into()]),
        ..hints()
    };
    assert_eq!(
        owners(numbered.as_bytes(), &listed, &[1, 2]).unwrap(),
        ["Ana", "Eva"]
    );
    let clash = format!(
        "code,name,embedding\nE-1,Ana,{}\nE-1,Eva,{}\n",
        line(1),
        line(2)
    );
    assert!(
        owners(clash.as_bytes(), &hints(), &[])
            .unwrap_err()
            .contains("line 3")
    );
}

#[test]
fn faces_that_cannot_be_used_are_told_by_line() {
    let good = joined(&vector(1, 1.0), ";");
    let short = joined(&vector(1, 1.0)[..511], ";");
    let dlib = joined(&vector(1, 1.0)[..128], ";");
    let text = format!(
        "name,embedding\nAna,{good}\nB,{short}\nC,{dlib}\nD,[0.1 ... 0.2]\nE,{good};x\n,{good}\nF,\nG,{}\n",
        vec!["0"; DIM].join(";")
    );
    let error = embeddings::read(text.as_bytes(), &hints())
        .unwrap_err()
        .to_string();
    for (line, words) in [
        (3, "511 numbers"),
        (4, "another model"),
        (5, "shortened"),
        (6, "number 513"),
        (7, "name is empty"),
        (8, "no numbers"),
        (9, "length zero"),
    ] {
        let found = error
            .lines()
            .find(|text| text.contains(&format!("line {line}:")));
        assert!(
            found.is_some_and(|found| found.contains(words)),
            "line {line}: {error}"
        );
    }
    assert!(!error.contains("line 2:"), "{error}");
    for (bytes, word) in [
        (&b"\x80\x04\x95}"[..], "runs the code"),
        (b"name,embedding\n", "no rows"),
        (b"{\"Ana\": [1, 2]}", "2 numbers"),
        (b"{\"Ana\": ", "no JSON"),
        (b"{\"Ana\": true}", "no list"),
        (b"f0,f1\n1,2\n", "--map embedding="),
    ] {
        let error = embeddings::read(bytes, &hints()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn arrays_come_with_names_or_ask_for_them() {
    use std::io::Write as _;
    let values: Vec<u8> = [vector(1, 20.0), vector(2, 20.0)]
        .concat()
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let names: Vec<u8> = "AnaEva"
        .chars()
        .flat_map(|c| u32::from(c).to_le_bytes())
        .collect();
    let faces = npy("<f4", "(2, 512)", &values);
    let archive = |files: &[(&str, &[u8])]| {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, bytes) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default())
                .unwrap();
            zip.write_all(bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    };
    let list = npy("<U3", "(2,)", &names);
    let together = archive(&[("embeddings.npy", &faces), ("names.npy", &list)]);
    assert_eq!(
        owners(&together, &hints(), &[1, 2]).unwrap(),
        ["Ana", "Eva"]
    );
    let each = archive(&[
        ("Ana.npy", &npy("<f4", "(1, 512)", &values[..2048])),
        ("Eva.npy", &npy("<f4", "(512,)", &values[2048..])),
    ]);
    assert_eq!(owners(&each, &hints(), &[1, 2]).unwrap(), ["Ana", "Eva"]);
    for (bytes, word) in [
        (faces.clone(), "--names"),
        (archive(&[("arr_0.npy", &faces)]), "--names"),
        (archive(&[("a.txt", b"x")]), "NumPy"),
        (
            archive(&[
                ("embeddings.npy", &faces),
                ("names.npy", &npy("|O", "(2,)", b"\x80\x04")),
            ]),
            "runs the code",
        ),
        (together[..together.len() - 9].to_vec(), "no archive"),
    ] {
        let error = embeddings::read(&bytes, &hints()).unwrap_err().to_string();
        assert!(error.contains(word), "{error}");
    }
    let listed = Hints {
        names: Some(vec!["Ana".into(), "Eva".into()]),
        ..hints()
    };
    assert_eq!(owners(&faces, &listed, &[1, 2]).unwrap(), ["Ana", "Eva"]);
}

/// An array as `numpy.save` writes it.
fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), values].concat()
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
