//! Which column of a table is what.
//!
//! A column is found by the words that systems really call it, in English, Spanish and some
//! neighbours, compared without case, accents and punctuation. Words are ranked: this
//! program's own, then those that mean one thing, then those that may mean another (`id`).
//! Two columns of the same rank are a question.

use unicode_normalization::UnicodeNormalization;

use super::grid::{Grid, Record};
use super::hints::Hints;
use super::problem::ImportError;

/// What a column can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// A person's code.
    Code,
    /// A person's whole name.
    Name,
    /// A person's first name.
    FirstName,
    /// A person's last name.
    LastName,
    /// The group that schedules are chosen by.
    Team,
    /// When the person agreed.
    Consent,
    /// The first day on which the person is expected.
    ExpectedFrom,
    /// In or out.
    Direction,
    /// A moment, or a time of day.
    Time,
    /// A day.
    Date,
    /// The distance from UTC.
    UtcOffset,
    /// The day a punch counts for.
    Day,
    /// Whether an event was taken back.
    Voided,
    /// When the person came.
    In,
    /// When the person went.
    Out,
    /// A face as a list of numbers.
    Embedding,
}

/// A field, what `--map` calls it, and the words for it by rank.
type Words = (Field, &'static str, [&'static str; 2]);

/// The name that `--map` gives a field is the word of the first rank.
const WORDS: [Words; 16] = [
    (Field::Code, "code", [CODES, "id"]),
    (
        Field::Name,
        "name",
        [NAMES, "label labels identity subject username user usuario"],
    ),
    (
        Field::FirstName,
        "first_name",
        [
            "first givenname forename nombres primernombre vorname prenom",
            "",
        ],
    ),
    (
        Field::LastName,
        "last_name",
        [
            "last surname familyname apellido apellidos nachname cognome sobrenome",
            "",
        ],
    ),
    (
        Field::Team,
        "team",
        ["equipo department departamento dept depto group grupo", ""],
    ),
    (
        Field::Consent,
        "consent",
        [
            "consentat consentdate consentimiento fechaconsentimiento \
             fechadeconsentimiento",
            "",
        ],
    ),
    (
        Field::ExpectedFrom,
        "expected_from",
        [
            "hiredate dateofhire employedfrom fechaingreso fechadeingreso fechaalta \
             fechadealta eintrittsdatum datedentree",
            "",
        ],
    ),
    (
        Field::Direction,
        "direction",
        [DIRECTIONS, "status state estado event evento action accion"],
    ),
    (
        Field::Time,
        "time",
        [
            "timestamp datetime dateandtime fechahora fechayhora hora punchtime \
             checktime logtime eventtime recordtime clocktime attendancetime uhrzeit \
             zeit",
            "",
        ],
    ),
    (
        Field::Date,
        "date",
        [
            "fecha attendancedate punchdate workdate logdate recorddate dia datum",
            "",
        ],
    ),
    (Field::UtcOffset, "utc_offset", ["offset tzoffset", ""]),
    (Field::Day, "day", ["", ""]),
    (Field::Voided, "voided", ["anulado anulada", ""]),
    (
        Field::In,
        "in",
        [
            "checkin checkintime timein intime clockin clockintime entrada \
             horaentrada horadeentrada ingreso horaingreso horadeingreso arrival \
             arrivaltime entrytime llegada horallegada firstin",
            "",
        ],
    ),
    (
        Field::Out,
        "out",
        [
            "checkout checkouttime timeout outtime clockout clockouttime salida \
             horasalida horadesalida egreso horaegreso departure departuretime \
             exittime lastout",
            "",
        ],
    ),
    (
        Field::Embedding,
        "embedding",
        [
            "embeddings encoding encodings vector vectors descriptor descriptors \
             feature features faceembedding faceencoding facedescriptor \
             representation emb",
            "",
        ],
    ),
];

const CODES: &str = "codigo cod employeeid employeeno employeenumber employeecode empid empno empcode \
     staffid staffno personid personcode personnelid personnelno userid usercode \
     userno studentid studentno studentcode studentnumber rollno rollnumber regno \
     registrationnumber enrollnumber enrollno enrollmentno acno badge badgenumber \
     badgeno matricula legajo idempleado numeroempleado numempleado codigoempleado \
     codempleado codigodeempleado idestudiante codigoestudiante idusuario idalumno \
     codigoalumno cui dni cedula nif rut expediente personalnummer personalnr \
     matricule matricola";

const NAMES: &str = "nombre nombrecompleto nombreyapellido nombreyapellidos nombresyapellidos \
     apellidosynombres fullname displayname personname employeename empname staffname \
     studentname person persona employee empleado student estudiante alumno nom nome \
     nomecompleto mitarbeiter trabajador";

const DIRECTIONS: &str = "inout io inoutmode punchtype punchdirection punchstate checktype entryexit \
     entradasalida movimiento sentido direccion tipomarcacion tipodemarcacion \
     tipomarca marcacion mode modo tipo type punch attendancestate";

impl Field {
    /// What `--map` calls it.
    pub fn name(self) -> &'static str {
        WORDS
            .iter()
            .find(|words| words.0 == self)
            .map_or("", |words| words.1)
    }

    /// The field that `--map` calls so.
    pub fn parse(text: &str) -> Option<Self> {
        let text = plain(text);
        WORDS
            .iter()
            .find(|words| plain(words.1) == text)
            .map(|words| words.0)
    }

    /// All names, for a message.
    pub fn names() -> String {
        WORDS.map(|words| words.1).join(", ")
    }

    /// Rank of a header as this field, 0 first.
    pub(super) fn rank(self, header: &str) -> Option<usize> {
        let (_, own, ranks) = WORDS.iter().find(|words| words.0 == self)?;
        if header.is_empty() {
            return None;
        }
        if header == plain(own) {
            return Some(0);
        }
        ranks
            .iter()
            .position(|words| words.split(' ').any(|word| word == header))
            .map(|rank| rank + 1)
    }
}

/// A column as an operator names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// By its header.
    Header(String),
    /// By its place, from 0.
    Place(usize),
}

impl Column {
    /// `Nombre` or `#2`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.strip_prefix('#').map(str::parse::<usize>) {
            Some(Ok(place @ 1..)) => Some(Self::Place(place - 1)),
            Some(_) => None,
            None if text.trim().is_empty() => None,
            None => Some(Self::Header(text.to_owned())),
        }
    }
}

/// Small letters and digits without accents: how words are compared.
pub(super) fn plain(text: &str) -> String {
    text.nfd()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The columns of a table.
#[derive(Debug, Clone)]
pub(super) struct Columns {
    /// The headers; empty if the table has none.
    pub(super) headers: Vec<String>,
    /// Which columns were found to be what.
    pub(super) found: Vec<(Field, usize)>,
}

impl Columns {
    /// Finds the `wanted` fields. A first row is a header if a column of it is known by its
    /// words or was named by the operator.
    pub(super) fn find(grid: &Grid, wanted: &[Field], hints: &Hints) -> Result<Self, ImportError> {
        let first = grid.records.first().ok_or(ImportError::Empty)?;
        let headers: Vec<String> = first.cells().map(str::to_owned).collect();
        let words: Vec<String> = headers.iter().map(|header| plain(header)).collect();
        let is_named = |header: &String| {
            hints
                .map
                .iter()
                .any(|(_, column)| matches!(column, Column::Header(h) if plain(h) == *header))
        };
        let is_known = |header: &String| wanted.iter().any(|field| field.rank(header).is_some());
        let has_header = words.iter().any(|word| is_named(word) || is_known(word));
        let mut columns = Self {
            headers: if has_header { headers } else { Vec::new() },
            found: Vec::new(),
        };
        for &field in wanted {
            if let Some(column) = columns.place_of(field, &words, grid.width(), hints)? {
                columns.found.push((field, column));
            }
        }
        Ok(columns)
    }

    fn place_of(
        &self,
        field: Field,
        words: &[String],
        width: usize,
        hints: &Hints,
    ) -> Result<Option<usize>, ImportError> {
        let mut mapped = hints.map.iter().filter(|(mapped, _)| *mapped == field);
        match mapped.next() {
            Some((_, Column::Place(place))) if *place < width => return Ok(Some(*place)),
            Some((_, Column::Place(place))) => {
                return Err(ImportError::question(
                    format!(
                        "there is no column {} to be the {}; it has {width}",
                        place + 1,
                        field.name()
                    ),
                    "correct --map",
                ));
            }
            Some((_, Column::Header(header))) => {
                let word = plain(header);
                let places: Vec<usize> = places(words, |w| *w == word);
                return self.only(field, &places).and_then(|place| {
                    place.map(Some).ok_or_else(|| {
                        ImportError::question(
                            format!("no column is called {header:?}; it has {}", self.listed()),
                            format!("correct --map {}=…", field.name()),
                        )
                    })
                });
            }
            None => {}
        }
        if !self.has_header() {
            return Ok(None);
        }
        for rank in 0..=2 {
            let places = places(words, |word| field.rank(word) == Some(rank));
            if !places.is_empty() {
                return self.only(field, &places);
            }
        }
        Ok(None)
    }

    /// The columns whose headers may mean the field, by rank.
    pub(super) fn candidates(&self, field: Field) -> [Vec<usize>; 3] {
        let words: Vec<String> = self.headers.iter().map(|header| plain(header)).collect();
        [0, 1, 2].map(|rank| places(&words, |word| field.rank(word) == Some(rank)))
    }

    pub(super) fn only(
        &self,
        field: Field,
        places: &[usize],
    ) -> Result<Option<usize>, ImportError> {
        match *places {
            [] => Ok(None),
            [place] => Ok(Some(place)),
            [first, ..] => {
                let named: Vec<String> = places
                    .iter()
                    .map(|place| format!("#{} {:?}", place + 1, self.headers[*place]))
                    .collect();
                Err(ImportError::question(
                    format!(
                        "several columns could be the {}: {}",
                        field.name(),
                        named.join(", ")
                    ),
                    format!("say which, e.g. --map {}=#{}", field.name(), first + 1),
                ))
            }
        }
    }

    pub(super) fn has_header(&self) -> bool {
        !self.headers.is_empty()
    }

    /// Where a field is.
    pub(super) fn get(&self, field: Field) -> Option<usize> {
        self.found
            .iter()
            .find(|(found, _)| *found == field)
            .map(|(_, place)| *place)
    }

    /// Where a field is that must be there.
    pub(super) fn require(&self, field: Field) -> Result<usize, ImportError> {
        self.get(field).ok_or_else(|| ImportError::NoColumn {
            column: field.name(),
            found: self.listed(),
        })
    }

    /// The headers, for a message.
    pub(super) fn listed(&self) -> String {
        let known: Vec<&str> = self
            .headers
            .iter()
            .map(String::as_str)
            .filter(|h| !h.is_empty())
            .collect();
        match known.as_slice() {
            [] => "no header".into(),
            few if few.len() <= 12 => few.join(", "),
            many => format!("{}, … ({} columns)", many[..6].join(", "), many.len()),
        }
    }

    /// What a column is called in messages: its header, else its number.
    pub(super) fn title(&self, place: usize) -> String {
        match self.headers.get(place).filter(|header| !header.is_empty()) {
            Some(header) => format!("{header:?}"),
            None => format!("#{}", place + 1),
        }
    }

    /// The rows below the header.
    pub(super) fn rows<'g>(&self, grid: &'g Grid) -> &'g [Record] {
        let above = usize::from(self.has_header());
        grid.records.get(above..).unwrap_or_default()
    }

    /// What is wrong with the number of cells of a row.
    pub(super) fn uneven(&self, record: &Record) -> Option<String> {
        let expected = self.headers.len();
        let is_uneven = self.has_header() && (record.used() > expected || record.len() < expected);
        is_uneven.then(|| format!("it has {} cells; {expected} were expected", record.len()))
    }
}

fn places(words: &[String], is_it: impl Fn(&String) -> bool) -> Vec<usize> {
    let found = words.iter().enumerate().filter(|(_, word)| is_it(word));
    found.map(|(place, _)| place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::grid;

    fn find(text: &str, hints: &Hints) -> Result<Columns, ImportError> {
        let grid = grid::read(text, hints, |_| Ok(())).unwrap();
        Columns::find(&grid, &[Field::Code, Field::Name, Field::Team], hints)
    }

    #[test]
    fn words_are_compared_without_case_accents_and_punctuation() {
        let columns = find(
            "Nº;CÓDIGO ;Nombre completo;Depto.\n1;E-1;Ana;x\n",
            &Hints {
                separator: Some(b';'),
                ..Hints::default()
            },
        )
        .unwrap();
        assert_eq!(
            columns.found,
            [(Field::Code, 1), (Field::Name, 2), (Field::Team, 3)]
        );
    }

    #[test]
    fn own_words_come_first_and_equal_ones_are_a_question() {
        let columns = find("id,code,student_id,name\n", &Hints::default()).unwrap();
        assert_eq!(columns.get(Field::Code), Some(1));
        let columns = find("id,student_id,name\n", &Hints::default()).unwrap();
        assert_eq!(columns.get(Field::Code), Some(1));
        let error = find("badge,dni,name\n", &Hints::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("--map code=#1"), "{error}");
        let error = find("code,name,name\n", &Hints::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains("--map name=#2"), "{error}");
    }

    #[test]
    fn the_operator_says_what_cannot_be_guessed() {
        let hints = |map: &[(Field, &str)]| Hints {
            map: map
                .iter()
                .map(|(f, c)| (*f, Column::parse(c).unwrap()))
                .collect(),
            ..Hints::default()
        };
        let columns = find("Wer,code\nAna,E-1\n", &hints(&[(Field::Name, "wer")])).unwrap();
        assert_eq!(columns.get(Field::Name), Some(0));
        let columns = find(
            "E-1,Ana\n",
            &hints(&[(Field::Code, "#1"), (Field::Name, "#2")]),
        )
        .unwrap();
        assert!(!columns.has_header());
        assert_eq!(columns.get(Field::Name), Some(1));
        assert!(find("code\n", &hints(&[(Field::Name, "#9")])).is_err());
        assert!(find("code\n", &hints(&[(Field::Name, "Nombre")])).is_err());
        assert_eq!(Column::parse("#0"), None);
        assert_eq!(Field::parse("First Name"), Some(Field::FirstName));
    }
}
