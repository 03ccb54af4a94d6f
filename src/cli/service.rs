//! Arguments of `service`.

use clap::{Args, Subcommand};

use super::JsonArgs;

/// What can be done with the service.
#[derive(Debug, Subcommand)]
pub enum ServiceCommand {
    /// Have systemd start this program with the machine, watch it and restart it; again
    /// after an update. Records go to /var/lib/rollcall, unless --data-dir names a folder.
    Install(ServiceChangeArgs),
    /// End the service and remove it; its records are kept.
    Uninstall(ServiceChangeArgs),
    /// Say whether it runs, since when, and where its records are.
    Status(JsonArgs),
}

/// Arguments of `service install` and `service uninstall`.
#[derive(Debug, Clone, Copy, Args)]
pub struct ServiceChangeArgs {
    /// Print what would be written and run, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
}
