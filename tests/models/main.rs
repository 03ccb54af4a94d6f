//! Models that an operator brings: what they are, how they are installed, and what
//! becomes of the people that another embedder knew.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "the helpers of a test say what they expect by unwrapping it"
)]

mod install;
mod packs;
mod re_embed;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

/// The exit code for "no".
const NO: i32 = 3;

fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A network made by `script/packs.py`.
fn pack(file: &str) -> Vec<u8> {
    fs::read(in_repository("tests/fixtures/packs").join(file)).unwrap()
}

/// A data folder and a place for files beside it.
struct Station {
    dir: TempDir,
}

impl Station {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("rollcall").unwrap();
        command
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env_remove("RUST_LOG")
            .arg("--data-dir")
            .arg(self.data())
            .args(arguments);
        command
    }

    fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let output = self.command(arguments).output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Writes a file beside the data folder and gives its path.
    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The files in the folder of installed models.
    fn installed_files(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.data().join("models")) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "install.lock")
            .collect();
        names.sort();
        names
    }
}
