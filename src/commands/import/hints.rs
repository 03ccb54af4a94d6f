//! What the command line says about a file, for its reader.

use std::path::Path;

use anyhow::{Context as _, Result};

use crate::cli::{
    ByArg, DirectionsArg, ImportAttendanceArgs, ImportEmbeddingsArgs, ImportFileArgs,
    ImportPeopleArgs,
};
use crate::import::{By, Column, DateForm, Directions, Field, Hints, encoding_named};

pub(super) fn of_people(args: &ImportPeopleArgs) -> Result<Hints> {
    Ok(Hints {
        dates: dates(args.dates.as_deref())?,
        code_prefix: args.code_prefix.clone(),
        ..of_file(&args.source)?
    })
}

pub(super) fn of_attendance(args: &ImportAttendanceArgs) -> Result<Hints> {
    let directions = args.directions.map(|directions| match directions {
        DirectionsArg::Stated => Directions::Stated,
        DirectionsArg::Alternate => Directions::Alternate,
    });
    let by = args.by.map(|by| match by {
        ByArg::Code => By::Code,
        ByArg::Name => By::Name,
    });
    Ok(Hints {
        dates: dates(args.dates.as_deref())?,
        times: args.times.clone(),
        day: args.day,
        words_in: args.words_in.clone(),
        words_out: args.words_out.clone(),
        directions,
        by,
        ..of_file(&args.source)?
    })
}

/// `names` is the text of the file that `--names` leads to.
pub(super) fn of_embeddings(args: &ImportEmbeddingsArgs, names: Option<&str>) -> Result<Hints> {
    let names = names.map(|text| {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        lines
            .filter(|line| !line.is_empty())
            .map(str::to_owned)
            .collect()
    });
    Ok(Hints {
        name: args.name.clone(),
        names,
        code_prefix: args.code_prefix.clone(),
        ..of_file(&args.source)?
    })
}

fn of_file(args: &ImportFileArgs) -> Result<Hints> {
    Ok(Hints {
        map: args
            .map
            .iter()
            .map(|text| mapping(text))
            .collect::<Result<_>>()?,
        separator: args.separator.as_deref().map(separator).transpose()?,
        encoding: args
            .encoding
            .as_deref()
            .map(|name| {
                encoding_named(name)
                    .with_context(|| format!("--encoding {name:?} is not known; e.g. windows-1252"))
            })
            .transpose()?,
        file_name: file_name(&args.file),
        ..Hints::default()
    })
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn mapping(text: &str) -> Result<(Field, Column)> {
    let (field, column) = text
        .split_once('=')
        .with_context(|| format!("--map {text:?}: write it as name=Nombre or name=#2"))?;
    let field = Field::parse(field)
        .with_context(|| format!("--map {text:?}: {field:?} is none of {}", Field::names()))?;
    let column = Column::parse(column).with_context(|| {
        format!("--map {text:?}: {column:?} is neither a header nor a place as #2")
    })?;
    Ok((field, column))
}

fn separator(text: &str) -> Result<u8> {
    Ok(match (text, text.as_bytes()) {
        ("comma", _) => b',',
        ("semicolon", _) => b';',
        ("tab" | "\\t", _) => b'\t',
        ("bar" | "pipe", _) => b'|',
        (_, [byte]) if !byte.is_ascii_alphanumeric() && *byte != b'"' => *byte,
        _ => anyhow::bail!(
            "--separator {text:?}: say comma, semicolon, tab or bar, or give one character"
        ),
    })
}

fn dates(text: Option<&str>) -> Result<Option<DateForm>> {
    text.map(|text| {
        DateForm::parse(text).with_context(|| {
            format!("--dates {text:?}: say ymd, dmy or mdy, or give a pattern as %d.%m.%Y")
        })
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_say_what_they_mean_or_why_not() {
        assert_eq!(
            mapping("name=Nombre").unwrap(),
            (Field::Name, Column::Header("Nombre".into()))
        );
        assert_eq!(mapping("time=#3").unwrap(), (Field::Time, Column::Place(2)));
        for wrong in ["name", "nickname=x", "name=#0", "name="] {
            assert!(mapping(wrong).is_err(), "{wrong}");
        }
        assert_eq!(separator("tab").unwrap(), b'\t');
        assert_eq!(separator(":").unwrap(), b':');
        assert!(separator("a").is_err() && separator(",,").is_err());
        assert_eq!(dates(Some("DMY")).unwrap(), Some(DateForm::Dmy));
        assert!(dates(Some("european")).is_err());
    }
}
