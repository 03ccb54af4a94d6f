//! Workbooks: one page for each table.

use std::io::Write;

use rust_xlsxwriter::{Format, Workbook};

use super::{Cell, Sheet, SheetError};

/// Rows of a page, the header not counted; Excel has no more.
const MOST_ROWS: usize = 1_048_575;

/// Writes a workbook with one page for each table.
///
/// # Errors
/// If a table is too long for a page, or `output` cannot be written.
pub fn write_xlsx(sheets: &[Sheet], output: &mut (impl Write + ?Sized)) -> Result<(), SheetError> {
    let mut workbook = Workbook::new();
    let bold = Format::new().set_bold();
    for sheet in sheets {
        if sheet.rows.len() > MOST_ROWS {
            let problem = format!(
                "{} has {} rows, and a page of a workbook holds {MOST_ROWS}: take fewer days, or CSV",
                sheet.name,
                sheet.rows.len()
            );
            return Err(std::io::Error::other(problem).into());
        }
        let page = workbook.add_worksheet();
        page.set_name(sheet.name)?;
        page.set_freeze_panes(1, 0)?;
        for (column, name) in (0u16..).zip(&sheet.columns) {
            page.write_string_with_format(0, column, *name, &bold)?;
        }
        for (row, cells) in (1u32..).zip(&sheet.rows) {
            for (column, cell) in (0u16..).zip(cells) {
                match cell {
                    Cell::Empty => {}
                    // As a string, whatever it begins with.
                    Cell::Text(text) | Cell::Made(text) => {
                        page.write_string(row, column, text)?;
                    }
                    Cell::Whole(number) => {
                        page.write_number(row, column, *number as f64)?;
                    }
                    Cell::Number(number, _) => {
                        page.write_number(row, column, *number)?;
                    }
                }
            }
        }
        page.autofit();
    }
    output.write_all(&workbook.save_to_buffer()?)?;
    Ok(())
}
