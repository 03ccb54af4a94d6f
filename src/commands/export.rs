//! `rollcall attendance export`: tables for payroll, written as they are read.

use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Context;
use super::attendance::filter;
use super::workdays::{parse_month, parse_week};
use crate::cases::export::{Export, Form, View};
use crate::cli::{CsvArgs, ExportArgs, ExportFormat, ExportView};
use crate::print::Printable;
use crate::sheet::CsvStyle;
use crate::store::EventFilter;
use crate::whole_file::Output;

/// Runs the command.
pub(super) fn run(args: &ExportArgs, context: &Context) -> Result<()> {
    let store = context.store_to_read()?;
    let export = Export {
        store: &store,
        context,
        filter: period(args)?,
        columns: &args.columns,
    };
    let form = form(args, context)?;
    let Some(path) = &args.output else {
        let mut out: Box<dyn Write + Send> = Box::new(BufWriter::new(io::stdout()));
        if io::stdout().is_terminal() {
            // Data is written as it is, but a terminal is no place for all of it.
            out = Box::new(Printable::new(out));
        }
        export.write(&form, &mut out, &std::env::temp_dir())?;
        return out.flush().context("writing to standard output");
    };
    let writing = || format!("writing {}", path.display());
    let mut output = Output::create(path).with_context(writing)?;
    // Beside the output: the system's folder for temporary files may be in memory.
    let folder = output
        .folder()
        .map_or_else(std::env::temp_dir, Path::to_path_buf);
    let rows = export.write(&form, &mut output, &folder)?;
    output.finish().with_context(writing)?;
    eprintln!("{rows} rows written to {}", path.display());
    Ok(())
}

/// What is written, and how.
fn form(args: &ExportArgs, context: &Context) -> Result<Form> {
    let asked = args.view.map(View::from);
    let view = asked.unwrap_or(View::Events);
    Ok(match args.format() {
        ExportFormat::Csv => Form::Csv(view, style(&args.style, context)?),
        ExportFormat::Json => Form::Json(view),
        ExportFormat::Xlsx => Form::Workbook(asked),
    })
}

impl From<ExportView> for View {
    fn from(view: ExportView) -> Self {
        match view {
            ExportView::Events => Self::Events,
            ExportView::Days => Self::Days,
            ExportView::People => Self::People,
        }
    }
}

/// The days that were asked for, and the person.
fn period(args: &ExportArgs) -> Result<EventFilter> {
    let mut filter = filter(&args.range)?;
    if let Some(month) = &args.month {
        let (first, last) = parse_month(month)?;
        (filter.from, filter.to) = (Some(first), Some(last));
    }
    if let Some(week) = &args.week {
        let (monday, sunday) = parse_week(week)?;
        (filter.from, filter.to) = (Some(monday), Some(sunday));
    }
    Ok(filter)
}

/// How the CSV is written: as asked, else as the spreadsheets of a country have it.
fn style(args: &CsvArgs, context: &Context) -> Result<CsvStyle> {
    let style = match &args.for_excel {
        None => CsvStyle::default(),
        Some(asked) => {
            let locale = match asked.as_str() {
                "auto" => own_locale(context),
                asked => asked.to_owned(),
            };
            CsvStyle::for_excel(&locale).with_context(|| {
                format!(
                    "--for-excel does not know how {locale:?} writes numbers; \
                     say it with --separator, --decimal and --bom"
                )
            })?
        }
    };
    Ok(CsvStyle {
        separator: args.separator.unwrap_or(style.separator),
        decimal: args.decimal.unwrap_or(style.decimal),
        bom: args.bom || style.bom,
    })
}

/// The language of the dashboard, with the country of the environment if that has the same.
fn own_locale(context: &Context) -> String {
    let environment = ["LC_ALL", "LC_NUMERIC", "LANG"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.is_empty())
        .unwrap_or_default();
    let setting = &context.config.dashboard.language;
    match setting.as_str() {
        "auto" if matches!(environment.as_str(), "" | "C" | "POSIX" | "C.UTF-8") => "en".into(),
        setting if setting == "auto" || environment.starts_with(setting) => environment,
        setting => setting.to_owned(),
    }
}
