//! The text of the unit: how systemd starts the station, and what it keeps it away from.
//!
//! Left out of the sandbox, each because a station needs what it takes away:
//! - `PrivateDevices=`: hides cameras; `DevicePolicy=` and `DeviceAllow=` stand for it.
//! - `ProtectClock=`: forbids to ask the kernel whether a time server keeps the clock, too.
//!   Setting the clock needs a capability, and none is left.
//! - `PrivateUsers=`: whoever connects to the socket would be nobody in the audit trail.
//! - `PrivateNetwork=`, `IPAddressDeny=`: network cameras, wherever they are.
//! - `RootDirectory=`, `DynamicUser=`: records belong to one user for years.
//! - `NoExecPaths=`: `[welcome] command` names any program.
//!
//! `Type=notify-reload` needs systemd 253, and Debian 12 has 252.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use super::NAME;

/// How each unit of ours begins.
pub(super) const MARK: &str = "# Written by `rollcall service install`";

/// systemd leaves sections of this kind to others.
pub(super) const OWN_SECTION: &str = "[X-Rollcall]\n";

/// Keys of [`OWN_SECTION`].
pub(super) const NOTED_DATA_FOLDER: &str = "DataFolder";
pub(super) const NOTED_PROGRAM: &str = "Program";

/// Everything that differs between one unit and another. All paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unit {
    pub(super) program: PathBuf,
    pub(super) data_folder: PathBuf,
    pub(super) models: PathBuf,
    pub(super) config: Option<PathBuf>,
    /// Files in people's home folders that are shown to the service; the rest of them is not.
    pub(super) shown: Vec<PathBuf>,
    /// Folders outside of the data folder that the service writes to.
    pub(super) written: Vec<PathBuf>,
    /// Groups besides its own.
    pub(super) groups: Vec<String>,
    /// Whether a program announces punches: then it may switch a pin or play a sound.
    pub(super) announces: bool,
}

impl Unit {
    /// The unit file.
    ///
    /// # Errors
    /// If a path cannot be written in one.
    pub(super) fn text(&self) -> Result<String> {
        Ok([
            Self::head(),
            self.service()?,
            self.rights()?,
            SANDBOX.to_owned(),
            self.own_section()?,
            "[Install]\nWantedBy=multi-user.target\n".to_owned(),
        ]
        .join("\n"))
    }

    fn head() -> String {
        format!(
            "{MARK}, which replaces this file when it is run again.\n\
             # Settings of your own: systemctl edit {NAME}\n\
             \n\
             [Unit]\n\
             Description=Rollcall attendance station\n\
             After=network.target\n\
             # A station is started again however often it has failed.\n\
             StartLimitIntervalSec=0\n"
        )
    }

    fn service(&self) -> Result<String> {
        Ok(format!(
            "[Service]\n\
             Type=notify\n\
             # What root has put into the folder with a command is the station's, too.\n\
             ExecStartPre=-+/bin/chown -RhP --from=root {NAME}:{NAME} {folder}\n\
             ExecStart=:{command}\n\
             ExecReload=/bin/sh -c \"kill -HUP $$MAINPID\"\n\
             WorkingDirectory={working}\n\
             Restart=always\n\
             RestartSec=3\n\
             # Opening a large database on a slow card takes its time.\n\
             TimeoutStartSec=300\n\
             KillSignal=SIGTERM\n\
             TimeoutStopSec=15\n\
             WatchdogSec=30\n\
             # A core would hold faces.\n\
             LimitCORE=0\n",
            folder = word(&self.data_folder)?,
            command = self.command()?,
            working = line(&self.data_folder)?.replace('%', "%%"),
        ))
    }

    fn command(&self) -> Result<String> {
        let program = word(&self.program)?;
        let mut words = Vec::new();
        if text(&self.program)?.contains(['"', '\'', '\\']) {
            // systemd starts no program whose name has these.
            words.push("/bin/sh -c \"exec \\\"$0\\\" \\\"$@\\\"\"".to_owned());
        }
        words.push(program);
        words.push(format!("--data-dir {}", word(&self.data_folder)?));
        words.push(format!("--models-dir {}", word(&self.models)?));
        if let Some(config) = &self.config {
            words.push(format!("--config {}", word(config)?));
        }
        words.push("run --headless".to_owned());
        Ok(words.join(" "))
    }

    /// Whom the service runs as, and what it may touch.
    fn rights(&self) -> Result<String> {
        let mut lines = vec![format!("User={NAME}"), format!("Group={NAME}")];
        if !self.groups.is_empty() {
            lines.push(format!("SupplementaryGroups={}", self.groups.join(" ")));
        }
        lines.push("UMask=0077".to_owned());
        lines.push(format!(
            "RuntimeDirectory={NAME}\nRuntimeDirectoryMode=0750"
        ));
        lines.push("# For keys, passphrases and the like.".to_owned());
        lines.push(format!("ConfigurationDirectory={NAME}"));
        match state_directory(&self.data_folder) {
            Some(name) => lines.push(format!("StateDirectory={name}\nStateDirectoryMode=0700")),
            None if is_in_home(&self.data_folder) => {
                lines.push(format!("BindPaths={}", word(&self.data_folder)?));
            }
            None => lines.push(format!("ReadWritePaths={}", word(&self.data_folder)?)),
        }
        for folder in &self.written {
            let kind = if is_in_home(folder) {
                "BindPaths"
            } else {
                "ReadWritePaths"
            };
            // With the hyphen it need not be there.
            lines.push(format!("{kind}={}", optional(folder)?));
        }
        let needs_home = !self.shown.is_empty()
            || is_in_home(&self.data_folder)
            || self.written.iter().any(|folder| is_in_home(folder));
        lines.push(format!(
            "ProtectHome={}",
            if needs_home { "tmpfs" } else { "yes" }
        ));
        for path in &self.shown {
            lines.push(format!("BindReadOnlyPaths={}", optional(path)?));
        }
        lines.push("DevicePolicy=closed\nDeviceAllow=char-video4linux rw".to_owned());
        // systemd looks the name up once, when the service starts.
        lines.push("# The same by number, for a camera that is first plugged in later.".to_owned());
        lines.push("DeviceAllow=char-81 rw".to_owned());
        if self.announces {
            lines.push("# For the command of [welcome]: pins and sound.".to_owned());
            lines.push("DeviceAllow=char-gpiochip rw\nDeviceAllow=char-alsa rw".to_owned());
        }
        lines.push(String::new());
        Ok(lines.join("\n"))
    }

    fn own_section(&self) -> Result<String> {
        Ok(format!(
            "{OWN_SECTION}{NOTED_DATA_FOLDER}={}\n{NOTED_PROGRAM}={}\n",
            line(&self.data_folder)?,
            line(&self.program)?
        ))
    }
}

/// What holds for every station.
const SANDBOX: &str = "\
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
PrivateMounts=yes
ProtectProc=invisible
ProcSubset=pid
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectHostname=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
# Names of network cameras are looked up, and a command of [welcome] may send something.
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
# To ask whether a time server keeps the clock; to set it, a capability is lacking.
SystemCallFilter=adjtimex clock_adjtime
SystemCallErrorNumber=EPERM
";

/// Whether systemd hides the path from services that may not see people's homes.
pub(super) fn is_in_home(path: &Path) -> bool {
    ["/home", "/root", "/run/user"]
        .iter()
        .any(|home| path.starts_with(home))
}

/// The folder as systemd calls it that makes it, if it is one that systemd makes.
pub(super) fn state_directory(folder: &Path) -> Option<&str> {
    let name = folder.strip_prefix("/var/lib").ok()?.to_str()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    (!name.is_empty() && name.chars().all(is_plain)).then_some(name)
}

/// A path as text that stays on its line.
fn text(path: &Path) -> Result<&str> {
    let Some(text) = path.to_str() else {
        bail!(
            "{} is not UTF-8, which a unit of systemd must be; rename it",
            path.display()
        );
    };
    if text.chars().any(char::is_control) {
        bail!("{text:?} has a control character in its name, which no unit can hold; rename it");
    }
    Ok(text)
}

/// A path for the rest of a line, where nothing is quoted.
fn line(path: &Path) -> Result<&str> {
    let text = text(path)?;
    if text.trim() != text || text.ends_with('\\') {
        bail!("{text:?} ends with a space or a backslash, which a unit cannot hold; rename it");
    }
    Ok(text)
}

/// A path as one word of a line.
fn word(path: &Path) -> Result<String> {
    let text = text(path)?;
    let escaped = text
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('%', "%%");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,@%".contains(c);
    Ok(if text.chars().all(is_plain) {
        escaped
    } else {
        format!("\"{escaped}\"")
    })
}

/// A path that need not be there, as one word.
fn optional(path: &Path) -> Result<String> {
    let word = word(path)?;
    Ok(match word.strip_prefix('"') {
        Some(rest) => format!("\"-{rest}"),
        None => format!("-{word}"),
    })
}
