//! The machine that a service is installed on. Tests bring one of their own: a folder that
//! stands for `/`, and a folder of programs.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::read_bounded;

/// How often a program that runs is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// What a program may answer: a few lines.
const MOST_ANSWER_BYTES: u64 = 64 << 10;

/// Where files, programs and rights are.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    root: PathBuf,
    programs: Option<PathBuf>,
    is_root: bool,
}

/// A user and a group of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct User {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// What a program has answered.
#[derive(Debug)]
pub(super) struct Answer {
    status: ExitStatus,
    /// Its standard output.
    pub(super) output: String,
    complaint: String,
}

impl Machine {
    /// This one.
    pub(super) fn here() -> Self {
        Self {
            root: PathBuf::from("/"),
            programs: None,
            // What belongs to this process shows whose rights it has.
            is_root: std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0),
        }
    }

    /// A made-up one, with root's rights.
    #[cfg(test)]
    pub(super) fn made_up(root: &Path, programs: &Path) -> Self {
        Self {
            root: root.to_path_buf(),
            programs: Some(programs.to_path_buf()),
            is_root: true,
        }
    }

    /// The same without root's rights.
    #[cfg(test)]
    pub(super) fn without_rights(self) -> Self {
        Self {
            is_root: false,
            ..self
        }
    }

    /// Where an absolute path of the machine is.
    pub(super) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    pub(super) fn is_root(&self) -> bool {
        self.is_root
    }

    /// As `sd_booted(3)` finds out.
    pub(super) fn has_systemd(&self) -> bool {
        self.at("/run/systemd/system").is_dir()
    }

    /// A user, if there is one of that name.
    pub(super) fn user(&self, name: &str) -> Option<User> {
        let fields = self.entry("/etc/passwd", name)?;
        Some(User {
            uid: fields.get(2)?.parse().ok()?,
            gid: fields.get(3)?.parse().ok()?,
        })
    }

    pub(super) fn has_group(&self, name: &str) -> bool {
        self.entry("/etc/group", name).is_some()
    }

    fn entry(&self, file: &str, name: &str) -> Option<Vec<String>> {
        let text = read_bounded::text(&self.at(file), read_bounded::TEXT_BYTES).ok()?;
        let mut entries = text
            .lines()
            .map(|line| line.split(':').map(str::to_owned).collect::<Vec<_>>());
        entries.find(|fields| fields.first().is_some_and(|found| found == name))
    }

    /// Runs a program to its end.
    ///
    /// # Errors
    /// If it cannot be started, fails, or does not end in time; with what it complained of.
    pub(super) fn run(&self, command: &[String], patience: Duration) -> Result<Answer> {
        let answer = self.ask(command, patience)?;
        if !answer.status.success() {
            let complaint = answer.complaint.trim();
            let silence = "it said nothing";
            bail!(
                "`{}` failed ({}): {}",
                command.join(" "),
                answer.status,
                if complaint.is_empty() {
                    silence
                } else {
                    complaint
                }
            );
        }
        Ok(answer)
    }

    /// Runs a program to its end, whatever its exit code says.
    ///
    /// # Errors
    /// If it cannot be started or does not end in time.
    pub(super) fn ask(&self, command: &[String], patience: Duration) -> Result<Answer> {
        let Some((name, arguments)) = command.split_first() else {
            bail!("no program is named");
        };
        let program = match &self.programs {
            Some(folder) => folder.join(name),
            None => PathBuf::from(name),
        };
        // Into files: a pipe that nobody empties would block it.
        let (mut output, mut complaint) = (tempfile::tempfile()?, tempfile::tempfile()?);
        let mut child = Command::new(&program)
            .args(arguments)
            .env("SYSTEMD_PAGER", "")
            .env("SYSTEMD_COLORS", "0")
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(complaint.try_clone()?)
            .spawn()
            .with_context(|| format!("starting {}", program.display()))?;
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if Instant::now() >= deadline {
                child.kill()?;
                child.wait()?;
                bail!(
                    "`{}` did not end within {} s and was ended; it said: {}",
                    command.join(" "),
                    patience.as_secs(),
                    written(&mut complaint)?.trim()
                );
            }
            std::thread::sleep(GLANCE);
        };
        Ok(Answer {
            status,
            output: written(&mut output)?,
            complaint: written(&mut complaint)?,
        })
    }
}

impl Answer {
    pub(super) fn is_yes(&self) -> bool {
        self.status.success()
    }
}

fn written(file: &mut File) -> Result<String> {
    file.rewind()?;
    let mut bytes = Vec::new();
    file.take(MOST_ANSWER_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
