//! Whose the pictures of a folder are, for `rollcall enrol --dir`.
//!
//! A folder for each person, and the flat folder of systems that save every face they see as
//! `NAME_UNIXTIME_NUMBER.jpg`; both may be there for one person.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Endings of pictures that people have.
const ENDINGS: [&str; 8] = ["jpg", "jpeg", "png", "bmp", "gif", "tif", "tiff", "webp"];

/// Digits of a time since 1970, from 2001 on, in seconds to microseconds.
const TIME_DIGITS: std::ops::RangeInclusive<usize> = 10..=16;

/// The pictures of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// What the folder is called, or the name in the names of the files.
    pub(super) label: String,
    /// The pictures, by name.
    pub(super) pictures: Vec<PathBuf>,
}

/// The groups of a folder, and the pictures in it that are nobody's.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    /// One for each person, in the order of their names.
    pub(super) groups: Vec<Group>,
    /// Pictures whose names name nobody.
    pub(super) nobodys: Vec<PathBuf>,
}

/// Finds whose the pictures are.
pub(super) fn groups_in(people: &Path) -> Result<Groups> {
    let mut groups: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    let mut nobodys = Vec::new();
    for path in visible_in(people)? {
        if path.is_dir() {
            let pictures = visible_in(&path)?.into_iter().filter(|path| path.is_file());
            groups
                .entry(display_name(&path))
                .or_default()
                .extend(pictures);
        } else if let Some(name) = owner(&path) {
            groups.entry(name).or_default().push(path);
        } else if is_picture(&path) {
            nobodys.push(path);
        }
    }
    let groups = groups
        .into_iter()
        .map(|(label, pictures)| Group { label, pictures });
    Ok(Groups {
        groups: groups.collect(),
        nobodys,
    })
}

/// What is in a folder, by name; hidden things are nobody's.
fn visible_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let reading = || format!("reading the folder {}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(reading)? {
        let path = entry.with_context(reading)?.path();
        if !display_name(&path).starts_with('.') {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The last part of a path.
pub(super) fn display_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn is_picture(path: &Path) -> bool {
    let ending = path
        .extension()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    ENDINGS.contains(&ending.as_str()) && path.is_file()
}

/// The name before the last two underscores; it may have underscores itself.
fn owner(path: &Path) -> Option<String> {
    let stem = path.file_stem()?.to_str().filter(|_| is_picture(path))?;
    let (rest, number) = stem.rsplit_once('_')?;
    let (name, time) = rest.rsplit_once('_')?;
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let is_time = is_digits(seconds) && is_digits(fraction) && TIME_DIGITS.contains(&seconds.len());
    (is_digits(number) && is_time && !name.trim().is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_belong_to_their_folder_or_to_the_name_in_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, b"").unwrap();
        };
        for name in [
            "Ana Torres/front.jpg",
            "Ana Torres/.hidden",
            "Ana Torres_1730538082_0.jpg",
            "Bruno_de_la_Cruz_1730538082_0.jpg",
            "Bruno_de_la_Cruz_1730538083_11.JPG",
            "Eva_1730538082.55_1.png",
            "portrait.jpg",
            "Carla_7_0.jpg",
            "_1730538082_0.jpg",
            "Dora_1730538082_0.txt",
            ".cache/x.jpg",
        ] {
            put(name);
        }
        let Groups { groups, nobodys } = groups_in(folder.path()).unwrap();
        let found: Vec<_> = groups
            .iter()
            .map(|g| (g.label.as_str(), g.pictures.len()))
            .collect();
        assert_eq!(
            found,
            [("Ana Torres", 2), ("Bruno_de_la_Cruz", 2), ("Eva", 1)]
        );
        let nobodys: Vec<_> = nobodys.iter().map(|path| display_name(path)).collect();
        assert_eq!(
            nobodys,
            ["Carla_7_0.jpg", "_1730538082_0.jpg", "portrait.jpg"]
        );
    }
}
