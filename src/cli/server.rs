//! Arguments of what is about the network: tokens.

use clap::{Args, Subcommand};

use super::JsonArgs;
use crate::core::camera_name::CameraName;
use crate::core::token::Scope;

/// What can be done with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token and print it, once: only its hash is kept.
    Create(TokenCreateArgs),
    /// Every token: what it is good for, and whether it still is.
    List(JsonArgs),
    /// Revoke a token, for good. It is refused within a second.
    Revoke {
        /// Its name.
        name: String,
    },
}

/// Arguments of `token create`.
#[derive(Debug, Args)]
pub struct TokenCreateArgs {
    /// Its name, which stands in the audit trail beside every change made with it.
    pub name: String,
    /// What it is good for: frames, read, write, templates, admin; several with commas.
    #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
    pub scope: Vec<Scope>,
    /// The only camera whose pictures may be sent with it.
    #[arg(long, value_name = "NAME")]
    pub camera: Option<CameraName>,
    /// Days after which it is no longer good for anything.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub days: Option<u32>,
    /// Print JSON.
    #[arg(long)]
    pub json: bool,
}
