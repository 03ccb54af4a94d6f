//! Attendance as a table, for payroll and for `--json`.

use std::borrow::Cow;
use std::io::Write;

use rusqlite::params;
use serde::Serialize;

use super::attendance::{event, event_columns};
use super::error::StoreError;
use super::sql::Day;
use super::{EventFilter, Store};

/// One event, in words.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttendanceRow {
    /// Number of the event, e.g. to void it.
    pub event: i64,
    /// The day it counts for, `YYYY-MM-DD`.
    pub day: String,
    /// Code of the person.
    pub code: String,
    /// Name of the person.
    pub name: String,
    /// Date the clock showed, `YYYY-MM-DD`; after midnight it may differ from `day`.
    pub date: String,
    /// Time the clock showed, `HH:MM:SS`.
    pub time: String,
    /// Its offset from UTC, `+HH:MM`.
    pub utc_offset: String,
    /// `in` or `out`.
    pub direction: String,
    /// `camera`, `manual`, `pin` or `import`.
    pub source: String,
    /// Similarity of the face, if a face decided.
    pub similarity: Option<f32>,
    /// Liveness of the face, if judged.
    pub liveness: Option<f32>,
    /// Whether the event was taken back.
    pub voided: bool,
    /// By whom.
    pub voided_by: Option<String>,
    /// Why.
    pub void_reason: Option<String>,
    /// `synchronised`, `unsynchronised` or `jumped`, if the clock was noted.
    pub clock: Option<String>,
    /// Batch of events that share one error of the clock.
    pub clock_batch: Option<i64>,
    /// The voided event in whose place this one stands.
    pub replaces: Option<i64>,
    /// Who made the event by hand.
    pub operator: Option<String>,
    /// Why it was made by hand.
    pub reason: Option<String>,
}

impl AttendanceRow {
    /// What there is to say of the event beyond its columns, in a few words.
    pub fn remark(&self) -> String {
        let mut words = Vec::new();
        if self.voided {
            words.push("voided".to_owned());
        }
        if let Some(event) = self.replaces {
            words.push(format!("replaces {event}"));
        }
        if let (Some(state), Some(batch)) = (&self.clock, self.clock_batch)
            && state != "synchronised"
        {
            words.push(format!("clock {state}, batch {batch}"));
        }
        words.join("; ")
    }
}

const HEADER: [&str; 19] = [
    "event",
    "day",
    "code",
    "name",
    "date",
    "time",
    "utc_offset",
    "direction",
    "source",
    "similarity",
    "liveness",
    "voided",
    "voided_by",
    "void_reason",
    "clock",
    "clock_batch",
    "replaces",
    "operator",
    "reason",
];

impl Store {
    /// The events that pass the filter, voided ones too, by day and time.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn attendance(&self, filter: &EventFilter) -> Result<Vec<AttendanceRow>, StoreError> {
        self.read("listing attendance", |tx| {
            let rows = tx
                .prepare_cached(concat!(
                    "SELECT p.code, p.name, ",
                    event_columns!(),
                    " FROM attendance_event e JOIN person p ON p.id = e.person_id
                     WHERE (?1 IS NULL OR e.local_day >= ?1) AND (?2 IS NULL OR e.local_day <= ?2)
                       AND (?3 IS NULL OR p.code = ?3)
                     ORDER BY e.local_day, e.at_utc_us, e.person_id, e.sequence"
                ))?
                .query_map(
                    params![filter.from.map(Day), filter.to.map(Day), filter.code],
                    |row| {
                        let (code, name) = (row.get("code")?, row.get("name")?);
                        let event = event(row)?;
                        let provenance = event.provenance;
                        let (voided_by, void_reason) = event.void.map(|v| (v.by, v.reason)).unzip();
                        Ok(AttendanceRow {
                            event: event.id.0,
                            day: event.local_day.to_string(),
                            code,
                            name,
                            date: event.at.format("%Y-%m-%d").to_string(),
                            time: event.at.format("%H:%M:%S").to_string(),
                            utc_offset: event.at.format("%:z").to_string(),
                            direction: event.direction.to_string(),
                            source: event.source.to_string(),
                            similarity: event.similarity.map(|s| s.0),
                            liveness: event.liveness,
                            voided: voided_by.is_some(),
                            voided_by,
                            void_reason,
                            clock: provenance.clock.map(|c| c.state.to_string()),
                            clock_batch: provenance.clock.map(|c| c.batch),
                            replaces: provenance.replaces.map(|e| e.0),
                            operator: provenance.operator,
                            reason: provenance.reason,
                        })
                    },
                )?
                .collect::<Result<_, _>>()?;
            Ok(rows)
        })
    }
}

/// Writes the rows as CSV (RFC 4180, UTF-8) with a header.
///
/// Text that a spreadsheet would run as a formula gets a leading apostrophe:
/// people choose their names, and payroll opens this file.
///
/// # Errors
/// If `output` cannot be written.
pub fn write_csv(rows: &[AttendanceRow], output: impl Write) -> Result<(), StoreError> {
    let mut table = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(output);
    table.write_record(HEADER)?;
    let figure = |value: Option<f32>| value.map(|v| format!("{v:.3}")).unwrap_or_default();
    let number = |value: Option<i64>| value.map(|v| v.to_string()).unwrap_or_default();
    for row in rows {
        let optional = |text: &Option<String>| harmless(text.as_deref().unwrap_or("")).into_owned();
        table.write_record([
            row.event.to_string(),
            row.day.clone(),
            harmless(&row.code).into_owned(),
            harmless(&row.name).into_owned(),
            row.date.clone(),
            row.time.clone(),
            // Made here, of digits only: the sign in front is no formula.
            row.utc_offset.clone(),
            row.direction.clone(),
            row.source.clone(),
            figure(row.similarity),
            figure(row.liveness),
            if row.voided { "yes" } else { "no" }.to_owned(),
            optional(&row.voided_by),
            optional(&row.void_reason),
            optional(&row.clock),
            number(row.clock_batch),
            number(row.replaces),
            optional(&row.operator),
            optional(&row.reason),
        ])?;
    }
    table.flush().map_err(|e| StoreError::Export(e.into()))
}

fn harmless(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str) -> AttendanceRow {
        AttendanceRow {
            event: 7,
            day: "2026-11-23".into(),
            code: "E-1".into(),
            name: name.into(),
            date: "2026-11-24".into(),
            time: "01:30:00".into(),
            utc_offset: "-05:00".into(),
            direction: "out".into(),
            source: "camera".into(),
            similarity: Some(0.7123),
            liveness: None,
            voided: false,
            voided_by: None,
            void_reason: None,
            clock: Some("jumped".into()),
            clock_batch: Some(3),
            replaces: None,
            operator: None,
            reason: None,
        }
    }

    fn csv_of(name: &str) -> String {
        let mut bytes = vec![];
        write_csv(&[row(name)], &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_table_reads_as_rfc_4180_says() {
        assert_eq!(
            csv_of("O\"Neil, Ana"),
            "event,day,code,name,date,time,utc_offset,direction,source,similarity,liveness,voided,voided_by,void_reason,clock,clock_batch,replaces,operator,reason\r\n\
             7,2026-11-23,E-1,\"O\"\"Neil, Ana\",2026-11-24,01:30:00,-05:00,out,camera,0.712,,no,,,jumped,3,,,\r\n"
        );
    }

    #[test]
    fn a_name_is_never_run_as_a_formula() {
        for name in ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"] {
            let table = csv_of(name);
            let mut reader = csv::Reader::from_reader(table.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[3], format!("'{name}"));
        }
        assert!(csv_of("محمد علي").contains(",محمد علي,"));
    }

    #[test]
    fn the_header_names_the_fields_of_the_json() {
        let json = serde_json::to_value(row("Ana")).unwrap();
        let fields: std::collections::BTreeSet<&str> = json
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert_eq!(fields, HEADER.into_iter().collect());
    }
}
