//! JSON: a list of objects named like the columns.

use std::io::Write;

use serde::Serializer as _;
use serde::ser::SerializeSeq as _;
use serde_json::ser::{Compound, PrettyFormatter};

use super::{Cell, Layout, Rows, SheetError};

type Serializer<W> = serde_json::Serializer<W, PrettyFormatter<'static>>;

/// A list that is being written.
pub struct JsonTable<'s, W: Write> {
    layout: Layout,
    list: Compound<'s, W, PrettyFormatter<'static>>,
}

impl<'s, W: Write> JsonTable<'s, W> {
    /// A serialiser for [`Self::begin`].
    pub fn serializer(output: W) -> Serializer<W> {
        Serializer::pretty(output)
    }

    /// Begins the list.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn begin(layout: Layout, serializer: &'s mut Serializer<W>) -> Result<Self, SheetError> {
        let list = serializer
            .serialize_seq(None)
            .map_err(std::io::Error::from)?;
        Ok(Self { layout, list })
    }

    /// Ends the list.
    ///
    /// # Errors
    /// If the output cannot be written.
    pub fn finish(self) -> Result<(), SheetError> {
        Ok(self.list.end().map_err(std::io::Error::from)?)
    }
}

impl<W: Write> Rows for JsonTable<'_, W> {
    fn row(&mut self, cells: &[Cell]) -> Result<(), SheetError> {
        let columns = self.layout.columns().iter();
        let fields = columns.zip(self.layout.pick(cells));
        let row: serde_json::Map<String, serde_json::Value> = fields
            .map(|(column, cell)| (column.name.to_owned(), value(cell)))
            .collect();
        Ok(self
            .list
            .serialize_element(&row)
            .map_err(std::io::Error::from)?)
    }
}

fn value(cell: &Cell) -> serde_json::Value {
    match cell {
        Cell::Empty => serde_json::Value::Null,
        Cell::Text(text) | Cell::Made(text) => text.as_str().into(),
        Cell::Whole(number) => (*number).into(),
        other => match (other.as_time(), other.as_number()) {
            (Some(time), _) => time.into(),
            (None, Some((number, digits))) => {
                let scale = 10f64.powi(digits as i32);
                ((number * scale).round() / scale).into()
            }
            (None, None) => serde_json::Value::Null,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{COLUMNS, row};
    use super::*;

    fn json_of(rows: usize) -> String {
        let chosen = ["name", "hours", "day", "note"].map(str::to_owned);
        let layout = Layout::new("events", &COLUMNS, &chosen).unwrap();
        let mut serializer = JsonTable::serializer(Vec::new());
        let mut table = JsonTable::begin(layout, &mut serializer).unwrap();
        for _ in 0..rows {
            table.row(&row("Ana")).unwrap();
        }
        table.finish().unwrap();
        String::from_utf8(serializer.into_inner()).unwrap()
    }

    #[test]
    fn rows_that_come_one_by_one_read_like_a_list_that_was_written_at_once() {
        for rows in 0..3 {
            let element = serde_json::json!({
                "name": "Ana", "hours": 8.5, "day": "2026-11-23", "note": null
            });
            let whole = vec![element; rows];
            assert_eq!(json_of(rows), serde_json::to_string_pretty(&whole).unwrap());
        }
    }
}
