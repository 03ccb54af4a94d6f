//! CSV: RFC 4180 by default, or as the spreadsheets of a country expect it.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Cell, Layout, Rows, SheetError};

/// How a CSV file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CsvStyle {
    /// Between two cells; one byte.
    pub separator: u8,
    /// Before the digits of a fraction.
    pub decimal: char,
    /// Whether the file begins with a mark by which Excel knows that it is UTF-8.
    pub bom: bool,
}

impl Default for CsvStyle {
    /// As RFC 4180 and programs have it.
    fn default() -> Self {
        Self {
            separator: b',',
            decimal: '.',
            bom: false,
        }
    }
}

/// Languages whose numbers have a decimal comma, and the countries where they do not.
const DECIMAL_COMMA: [(&str, &[&str]); 24] = [
    ("bg", &[]),
    ("ca", &[]),
    ("cs", &[]),
    ("da", &[]),
    ("de", &["CH", "LI"]),
    ("el", &[]),
    (
        "es",
        &[
            "CR", "DO", "GT", "HN", "MX", "NI", "PA", "PE", "PR", "SV", "US",
        ],
    ),
    ("et", &[]),
    ("eu", &[]),
    ("fi", &[]),
    ("fr", &[]),
    ("gl", &[]),
    ("hr", &[]),
    ("hu", &[]),
    ("it", &["CH"]),
    ("lt", &[]),
    ("lv", &[]),
    ("nb", &[]),
    ("nl", &[]),
    ("pl", &[]),
    ("pt", &[]),
    ("ro", &[]),
    ("sl", &[]),
    ("sv", &[]),
];

/// Languages whose numbers have a decimal point.
const DECIMAL_POINT: [&str; 5] = ["en", "he", "ja", "ko", "zh"];

/// Countries with a decimal point that separate cells by a semicolon all the same.
const POINT_AND_SEMICOLON: [&str; 2] = ["CH", "LI"];

impl CsvStyle {
    /// What opens right by a double click in the Excel of a language, e.g. `es`, or of a
    /// language and a country, `es-MX`. Windows separates cells by what does not separate
    /// the digits of a number there. `None` if the language is not known.
    pub fn for_excel(locale: &str) -> Option<Self> {
        let locale = locale.split(['.', '@']).next().unwrap_or(locale);
        let mut parts = locale.split(['-', '_']);
        let language = parts.next().unwrap_or_default().to_ascii_lowercase();
        let country = parts.next_back().unwrap_or_default().to_ascii_uppercase();
        let comma = DECIMAL_COMMA.iter().find(|(code, _)| *code == language);
        let has_comma = match comma {
            Some((_, with_point)) => !with_point.contains(&country.as_str()),
            None if DECIMAL_POINT.contains(&language.as_str()) => false,
            None => return None,
        };
        let semicolon = has_comma || POINT_AND_SEMICOLON.contains(&country.as_str());
        Some(Self {
            separator: if semicolon { b';' } else { b',' },
            decimal: if has_comma { ',' } else { '.' },
            bom: true,
        })
    }
}

/// A CSV file that is being written.
pub struct CsvTable<W: Write> {
    layout: Layout,
    style: CsvStyle,
    table: csv::Writer<W>,
}

impl<W: Write> CsvTable<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// If `output` cannot be written.
    pub fn begin(layout: Layout, style: CsvStyle, mut output: W) -> Result<Self, SheetError> {
        if style.bom {
            output.write_all("\u{FEFF}".as_bytes())?;
        }
        let mut table = csv::WriterBuilder::new()
            .terminator(csv::Terminator::CRLF)
            .delimiter(style.separator)
            .from_writer(output);
        let names = layout.columns().iter().map(|column| column.name);
        table.write_record(names).map_err(io::Error::from)?;
        Ok(Self {
            layout,
            style,
            table,
        })
    }

    /// Writes what is left, and gives the output back.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> Result<W, SheetError> {
        Ok(self
            .table
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))?)
    }
}

impl<W: Write> Rows for CsvTable<W> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        for cell in self.layout.pick(cells) {
            let shown = shown(cell, self.style.decimal);
            self.table
                .write_field(shown.as_bytes())
                .map_err(io::Error::from)?;
        }
        let end: Option<&[u8]> = None;
        self.table.write_record(end).map_err(io::Error::from)?;
        Ok(())
    }
}

fn shown(cell: &Cell, decimal: char) -> Cow<'_, str> {
    match cell {
        Cell::Empty => "".into(),
        // Also behind white space: a spreadsheet may trim it before it looks.
        Cell::Text(text) if is_like_a_formula(text) => format!("'{text}").into(),
        Cell::Text(text) | Cell::Made(text) => text.into(),
        Cell::Whole(number) => number.to_string().into(),
        other => match (other.as_time(), other.as_number()) {
            (Some(time), _) => time.into(),
            (None, Some((number, digits))) => {
                let number = format!("{number:.digits$}");
                match decimal {
                    '.' => number.into(),
                    other => number.replace('.', &other.to_string()).into(),
                }
            }
            (None, None) => "".into(),
        },
    }
}

fn is_like_a_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n'])
        || text.trim_start().starts_with([
            '=', '+', '-', '@', '\u{FF1D}', '\u{FF0B}', '\u{FF0D}', '\u{FF20}',
        ])
}

#[cfg(test)]
mod tests {
    use super::super::tests::{COLUMNS, row};
    use super::*;

    fn csv_of(name: &str, style: CsvStyle) -> String {
        let layout = Layout::new("events", &COLUMNS, &[]).unwrap();
        let mut table = CsvTable::begin(layout, style, Vec::new()).unwrap();
        table.row(&row(name)).unwrap();
        String::from_utf8(table.finish().unwrap()).unwrap()
    }

    #[test]
    fn a_table_reads_as_rfc_4180_says() {
        assert_eq!(
            csv_of("O\"Neil, Ana", CsvStyle::default()),
            "event,name,utc_offset,day,time,first_in,hours,similarity,note\r\n\
             7,\"O\"\"Neil, Ana\",-05:00,2026-11-23,08:02:30,2026-11-23 08:02:30,8.5000,0.713,\r\n"
        );
    }

    #[test]
    fn a_spanish_spreadsheet_opens_it_by_a_double_click() {
        let style = CsvStyle::for_excel("es").unwrap();
        assert_eq!(
            csv_of("Ana; Torres", style),
            "\u{FEFF}event;name;utc_offset;day;time;first_in;hours;similarity;note\r\n\
             7;\"Ana; Torres\";-05:00;2026-11-23;08:02:30;2026-11-23 08:02:30;8,5000;0,713;\r\n"
        );
    }

    #[test]
    fn each_country_has_its_own_marks() {
        let marks = |locale| {
            CsvStyle::for_excel(locale).map(|style| (style.separator as char, style.decimal))
        };
        for (locale, expected) in [
            ("es", (';', ',')),
            ("es_ES.UTF-8", (';', ',')),
            ("es-419", (';', ',')),
            ("es-MX", (',', '.')),
            ("DE", (';', ',')),
            ("de-CH", (';', '.')),
            ("en-GB", (',', '.')),
            ("pt_BR", (';', ',')),
            ("zh-Hans-CN", (',', '.')),
        ] {
            assert_eq!(marks(locale), Some(expected), "{locale}");
        }
        assert_eq!(marks("xx"), None);
        assert_eq!(marks(""), None);
    }

    #[test]
    fn a_name_is_never_run_as_a_formula() {
        for name in [
            "=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", " =1+1", "＝1+1",
        ] {
            for style in [CsvStyle::default(), CsvStyle::for_excel("es").unwrap()] {
                let table = csv_of(
                    name,
                    CsvStyle {
                        bom: false,
                        ..style
                    },
                );
                let mut reader = csv::ReaderBuilder::new()
                    .delimiter(style.separator)
                    .from_reader(table.as_bytes());
                let record = reader.records().next().unwrap().unwrap();
                assert_eq!(&record[1], format!("'{name}"));
            }
        }
        assert!(csv_of("محمد علي", CsvStyle::default()).contains(",محمد علي,"));
    }
}
